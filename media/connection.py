"""How every aiortc peer of ours connects: its own servers, its own tasks, our SDP gate's rules."""

import asyncio
from collections.abc import Awaitable, Collection, Iterable, Mapping, Sequence
from typing import Any

from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
)
from aiortc.rtcconfiguration import RTCIceTransportPolicy

from media.ice import Policy


class NegotiationFailed(Exception):
    """A well-formed description or candidate that this peer cannot use, or not now."""


def connection(
    servers: Sequence[Mapping[str, Any]], policy: Policy, tasks: set[asyncio.Task[Any]]
) -> RTCPeerConnection:
    configuration = RTCConfiguration(
        # Never None: aiortc would then ask a third party's STUN server (SP-07).
        iceServers=[RTCIceServer(**server) for server in servers],
        iceTransportPolicy=RTCIceTransportPolicy(policy),
        bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
    )
    return _OwnedConnection(configuration, tasks)


class _OwnedConnection(RTCPeerConnection):
    """aiortc starts its set-up as tasks that nobody holds: here they are noted, to be awaited."""

    def __init__(self, configuration: RTCConfiguration, tasks: set[asyncio.Task[Any]]) -> None:
        super().__init__(configuration)
        mangled: Any = self
        connect = mangled._RTCPeerConnection__connect

        async def noted() -> None:
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - a coroutine of aiortc's ensure_future
            tasks.add(task)
            await connect()

        mangled._RTCPeerConnection__connect = noted


async def or_failed(step: Awaitable[None]) -> None:
    """aiortc raises a dozen types on what it cannot use; there is one thing to say about them."""
    try:
        await step
    except Exception as error:
        raise NegotiationFailed(str(error)) from error


def outgoing(sdp: str) -> str:
    """Keep the SHA-256 fingerprint alone, where aiortc lists three (one identity, one line)."""
    lines = sdp.split("\r\n")
    return "\r\n".join(
        line
        for line in lines
        if not line.startswith("a=fingerprint:") or line.startswith("a=fingerprint:sha-256 ")
    )


def incoming(sdp: str) -> str:
    """Leave out mDNS candidates, and then the claim that the list is complete."""
    lines = sdp.splitlines()
    kept = [line for line in lines if not (line.startswith("a=candidate:") and is_mdns(line))]
    if len(kept) < len(lines):
        kept = [line for line in kept if line != "a=end-of-candidates"]
    return "\r\n".join(kept) + "\r\n"


def is_mdns(candidate: str) -> bool:
    return candidate.split(" ")[4].endswith(".local")


async def hang_up(
    pc: RTCPeerConnection, tracks: Iterable[MediaStreamTrack], tasks: Collection[asyncio.Task[Any]]
) -> None:
    """Close and wait for the end of everything that was begun; may be called twice."""
    for track in tracks:
        track.stop()
    try:
        await pc.close()
    finally:
        # aiortc's own closing may be cut short by a cancellation or a lost transport, and a decoder
        # thread that is left keeps the process from ending.
        for transceiver in pc.getTransceivers():
            transceiver.receiver._handle_disconnect()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
