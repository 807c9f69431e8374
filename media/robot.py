"""An aiortc participant for the demo, the load test and the probe; never between two people.

It follows the product's negotiation: one connection, sound, picture and a negotiated data
channel over one transport, brought up with no media flowing; admission and sending back only
replace tracks. Either side can be a robot, facing a page or another robot.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiortc import MediaStreamError, MediaStreamTrack, RTCSessionDescription
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from aiortc.sdp import candidate_from_sdp

from media.connection import (
    NegotiationFailed,
    connection,
    hang_up,
    incoming,
    is_mdns,
    or_failed,
    outgoing,
)
from media.guard import guard
from media.ice import Policy
from media.pictures import PacedTrack, TestPicture, TestTone
from media.sdp import check_candidate, check_description
from media.spoken_code import PREFIX, CodeFailed, Exchange, Role, fingerprints

__all__ = ["CHANNEL_LABEL", "ConnectionLost", "NegotiationFailed", "RobotPeer", "RobotStats"]

CHANNEL_LABEL = "telecontrole"


class ConnectionLost(Exception):
    """The path to the other side failed or was closed."""


@dataclass(frozen=True)
class RobotStats:
    """What passed, since the beginning. Bytes are RTP payloads: sound and picture alone."""

    connected: bool
    bytes_sent: int
    bytes_received: int
    #: Pictures that were decoded.
    frames_received: int
    #: Frames of sound (20 ms) that were decoded.
    sounds_received: int


class RobotPeer:
    """One participant, for one connection; make it within a running loop, and `close` it.

    `servers` are the entries of `media.ice.ice_servers`. `kinds` are the media that `open_media`
    lets flow; both are negotiated in any case.
    """

    def __init__(
        self,
        *,
        servers: Sequence[Mapping[str, Any]] = (),
        policy: Policy = "all",
        kinds: Sequence[str] = ("audio", "video"),
        on_message: Callable[[str], None] | None = None,
    ) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._progress = asyncio.Event()
        self._settled = asyncio.Event()
        self._bytes_received = 0
        self._received = {"audio": 0, "video": 0}
        self._tracks: dict[str, PacedTrack] = {"audio": TestTone(), "video": TestPicture()}
        self._kinds = tuple(kinds)
        self._on_message = on_message
        #: Only a médecin-conseil offers.
        self._role: Role = "assure"
        self._code: Exchange | None = None
        self._pc = connection(servers, policy, self._tasks)
        self._pc.on("connectionstatechange", self._look)
        self._pc.on("track", self._watch)
        self._senders = {kind: self._add_transceiver(kind) for kind in ("audio", "video")}
        self._channel = self._pc.createDataChannel(CHANNEL_LABEL, negotiated=True, id=0)
        self._channel.on("open", self._look)
        self._channel.on("open", self._begin_code)
        self._channel.on("message", self._hear)

    async def offer(self) -> str:
        """Gather all candidates and return the SDP offer; there is nothing to trickle after it."""
        self._role = "medecin_conseil"
        await self._pc.setLocalDescription(await self._pc.createOffer())
        return outgoing(self._pc.localDescription.sdp)

    async def accept_offer(self, sdp: str) -> str:
        """Take the offer and return the SDP answer, complete. Raises as `accept_answer`."""
        check_description(sdp, "offer")
        await self._set_remote(sdp, "offer")
        await or_failed(self._answer())
        return outgoing(self._pc.localDescription.sdp)

    async def accept_answer(self, sdp: str) -> None:
        """Take the answer to our offer. Raises `SdpRefused`, `NegotiationFailed`."""
        check_description(sdp, "answer")
        await self._set_remote(sdp, "answer")

    async def add_candidate(
        self, candidate: str, sdp_mid: str | None = None, sdp_m_line_index: int | None = None
    ) -> None:
        """Take a trickled candidate. Raises `CandidateRefused`, `NegotiationFailed`.

        The end of candidates (empty) is let go by: a browser says it once per media section,
        maybe before the last candidate of another one. mDNS names are, too: their owner checks
        our addresses and is known by that, without a multicast question.
        """
        check_candidate(candidate)
        if self._pc.remoteDescription is None:
            raise NegotiationFailed("a candidate before its description")
        if not candidate or is_mdns(candidate):
            return
        found = candidate_from_sdp(candidate.removeprefix("candidate:"))
        found.sdpMid = sdp_mid
        found.sdpMLineIndex = (
            0 if sdp_mid is None and sdp_m_line_index is None else sdp_m_line_index
        )
        await or_failed(self._pc.addIceCandidate(found))

    async def connected(self) -> None:
        """Wait until ICE, DTLS and the data channel are up. Raises `ConnectionLost`.

        A browser never says that it has no more candidates, so waiting may have no end: the
        caller sets the time limit.
        """
        await self._settled.wait()
        if not self._is_up():
            raise ConnectionLost(self._pc.connectionState)

    async def open_media(self) -> None:
        """Admission: let sound and picture flow, at once or as soon as the path is up."""
        for kind in self._kinds:
            self._senders[kind].replaceTrack(self._tracks[kind])
            self._tracks[kind].flow()

    async def close_media(self) -> None:
        """Send back: once this returns, no media leaves any more, and the path stays up."""
        for kind in self._kinds:
            await self._tracks[kind].hold()
            self._senders[kind].replaceTrack(None)

    async def received(self, *, frames: int = 0, sounds: int = 0) -> None:
        """Wait for so many decoded pictures and sounds in all. Raises `ConnectionLost`."""
        while self._received["video"] < frames or self._received["audio"] < sounds:
            if self._settled.is_set() and not self._is_up():
                raise ConnectionLost(self._pc.connectionState)
            self._progress.clear()
            await self._progress.wait()

    async def stats(self) -> RobotStats:
        """Count what passed until now."""
        report = await self._pc.getStats()
        sent = [item for item in report.values() if item.type == "outbound-rtp"]
        return RobotStats(
            connected=self._pc.connectionState == "connected",
            bytes_sent=sum(item.bytesSent for item in sent),
            bytes_received=self._bytes_received,
            frames_received=self._received["video"],
            sounds_received=self._received["audio"],
        )

    def send(self, text: str) -> None:
        """Send over the data channel. Raises `ConnectionLost` when it is not open."""
        if self._channel.readyState != "open":
            raise ConnectionLost(self._channel.readyState)
        self._channel.send(text)

    async def close(self) -> None:
        """Hang up and wait for the end of everything that was begun; may be called twice."""
        await hang_up(self._pc, self._tracks.values(), self._tasks)
        self._tasks.clear()
        self._look()

    async def _answer(self) -> None:
        await self._pc.setLocalDescription(await self._pc.createAnswer())

    async def _set_remote(self, sdp: str, kind: str) -> None:
        description = RTCSessionDescription(sdp=incoming(sdp), type=kind)
        await or_failed(self._pc.setRemoteDescription(description))

    def _add_transceiver(self, kind: str) -> Any:
        transceiver = self._pc.addTransceiver(kind, direction="sendrecv")
        if not transceiver._bundled:
            guard(transceiver.receiver.transport.transport._connection)
        self._count_bytes(transceiver.receiver)
        return transceiver.sender

    def _count_bytes(self, receiver: RTCRtpReceiver) -> None:
        """aiortc counts packets; the load test and the tests of silence want bytes."""
        handle = receiver._handle_rtp_packet

        async def counted(packet: Any, arrival_time_ms: int) -> None:
            self._bytes_received += len(packet.payload)
            await handle(packet, arrival_time_ms)

        receiver._handle_rtp_packet = counted  # type: ignore[method-assign]

    def _is_up(self) -> bool:
        return self._pc.connectionState == "connected" and self._channel.readyState == "open"

    def _look(self) -> None:
        if self._is_up() or self._pc.connectionState in ("failed", "closed"):
            self._settled.set()
            self._progress.set()

    def _hear(self, message: str | bytes) -> None:
        if not isinstance(message, str):
            return
        if message.startswith(PREFIX.strip()):
            self._hear_code(message)
        elif self._on_message is not None:
            self._on_message(message)

    @property
    def code(self) -> str:
        """The spoken code; empty while there is none."""
        return self._code.code if self._code else ""

    def _begin_code(self) -> None:
        with suppress(CodeFailed):
            self._code = Exchange(self._role, *fingerprints(self._pc))
            self._say_code(self._code.begin())

    def _hear_code(self, word: str) -> None:
        """Without a code it goes on: a robot has nothing confidential to say."""
        try:
            self._say_code(self._code.take(word) if self._code else None)
        except CodeFailed:
            self._code = None

    def _say_code(self, word: str | None) -> None:
        if word and self._channel.readyState == "open":
            self._channel.send(word)

    def _watch(self, track: MediaStreamTrack) -> None:
        self._tasks.add(asyncio.create_task(self._consume(track)))

    async def _consume(self, track: MediaStreamTrack) -> None:
        """Take every decoded frame: aiortc would keep them all in memory."""
        while True:
            try:
                await track.recv()
            except MediaStreamError:
                return
            self._received[track.kind] += 1
            self._progress.set()
