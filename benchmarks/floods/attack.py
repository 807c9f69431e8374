"""The attackers, in a process of their own: `python -m benchmarks.floods.attack KIND COUNT PORT`.

Reads pairs of room accesses (JSON, one line) where the attack needs to be inside, says `ready`
when all of it is under way, goes on until its standard input ends, then says what it saw.
"""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from struct import pack
from typing import Any

import uvloop

from server.loadtest.client import Peer, PeerRefused, upgrade
from server.loadtest.frames import frame

HOST = "127.0.0.1"
#: Opened at once: a listening socket holds some hundred that wait.
BATCH = 50
OFFER = {"sdp": "v=0\r\n" + "a=x:" + "y" * 3_000 + "\r\n", "negotiation": 1, "fresh": True}
CANDIDATE = {
    "negotiation": 1, "sdp_mid": "0", "sdp_m_line_index": 0,
    "candidate": "candidate:1 1 udp 2122260223 192.0.2.2 43210 typ host generation 0",
}  # fmt: skip
#: A message to a room that does not exist yet is refused, and the refusal is what is not read.
FLOOD = b"".join(
    frame(b'42%d["candidate",%b]' % (number, json.dumps(CANDIDATE).encode()))
    for number in range(100)
)


class Silent(asyncio.Protocol):
    """Says `first`, `then` once it is answered, and nothing more."""

    def __init__(
        self, seen: Counter[str], first: bytes, then: bytes = b"", *, pongs: bool = False
    ) -> None:
        self._seen, self._first, self._then, self._pongs = seen, first, then, pongs
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._seen["open"] += 1
        if self._first:
            self._transport.write(self._first)

    def data_received(self, data: bytes) -> None:
        if self._then:
            self._transport.write(self._then)
            self._then = b""
        elif self._pongs and b"\x81\x012" in data:
            self._transport.write(frame(b"3"))

    def connection_lost(self, _: BaseException | None) -> None:
        self._seen["ended"] += 1


def websocket(port: int) -> bytes:
    return upgrade("/socket.io/?EIO=4&transport=websocket", HOST, port)


def halves(port: int) -> dict[str, tuple[bytes, bytes]]:
    """What each half-open kind says first, and what once it was answered."""
    opening = websocket(port)
    return {
        "tcp": (b"", b""),
        "head": (opening[:-40], b""),
        "body": (
            b"POST /api/assure/lien HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
            b"Content-Length: 60000\r\n\r\n{",
            b"",
        ),
        "websocket": (opening, b""),
        "websocket_pongs": (opening, b""),
        # A frame of a megabyte: its head says so, and a part of it comes.
        "oversize": (opening, pack("!BBQ", 0x81, 0x80 | 127, 1_000_000) + bytes(100_004)),
        # As many fragments as fit, of a message that never ends.
        "fragments": (opening, (pack("!BB", 0x01, 0x81) + bytes(5)) + fragments(1_000)),
        # RSV1: compressed, which was not negotiated.
        "bomb": (opening, pack("!BBH", 0xC1, 0x80 | 126, 1_000) + bytes(1_004)),
        # Not waiting for the answer: what follows is no request.
        "pipelined": (opening + bytes(100_000), b""),
    }


def fragments(count: int) -> bytes:
    """Continuations of 60 bytes each, none the last."""
    return (pack("!BB", 0x00, 0x80 | 60) + bytes(64)) * count


async def hold(kind: str, count: int, port: int, seen: Counter[str]) -> None:
    """So many connections that go no further."""
    loop = asyncio.get_running_loop()
    first, then = halves(port)[kind]
    for start in range(0, count, BATCH):
        await asyncio.gather(
            *(
                loop.create_connection(
                    lambda: Silent(seen, first, then, pongs=kind == "websocket_pongs"), HOST, port
                )
                for _ in range(start, min(count, start + BATCH))
            ),
            return_exceptions=True,
        )


async def seat(port: int, access: dict[str, Any], page: str) -> Peer:
    return await Peer.open(
        HOST, port, auth={"token": access["token"], "instance": page}, deadline=30
    )


async def flood(pairs: list[Any], port: int, seen: Counter[str]) -> None:
    """Each sends as fast as the line takes it, and comes no more when it is cut."""

    async def one(number: int, access: dict[str, Any]) -> None:
        try:
            peer = await seat(port, access, f"flooding-page-{number}")
        except PeerRefused as refused:
            seen[refused.code] += 1
            return
        seen["open"] += 1
        while not peer.closed.done():
            peer.send(FLOOD)
            seen["sent"] += 100
            await asyncio.sleep(0)
        seen[peer.closed.result()] += 1

    await asyncio.gather(*(one(n, pair["assure"]) for n, pair in enumerate(pairs)))


async def unread(pairs: list[Any], port: int, seen: Counter[str]) -> None:
    """Two that know each other: one reads nothing, the other makes the server write to it."""

    async def one(number: int, pair: dict[str, Any]) -> None:
        reader = await seat(port, pair["assure"], f"page-that-does-not-read-{number}")
        writer = await seat(port, pair["medecin_conseil"], f"page-that-writes-{number}")
        seen["open"] += 2
        reader._transport.pause_reading()
        on = True
        while not reader.closed.done() and not writer.closed.done():
            # As fast as the server allows for long: each is told to the one who reads nothing.
            on = not on
            writer.emit("devices", {"microphone": on, "camera": True})
            seen["sent"] += 1
            await asyncio.sleep(1 / 25)
        seen["ended"] += 1

    await asyncio.gather(*(one(n, pair) for n, pair in enumerate(pairs)))


INSIDE: dict[str, Callable[[list[Any], int, Counter[str]], Awaitable[None]]] = {
    "flood": flood,
    "unread": unread,
}


async def main(kind: str, count: int, port: int) -> None:
    seen: Counter[str] = Counter()
    loop = asyncio.get_running_loop()
    if kind in INSIDE:
        pairs = json.loads(sys.stdin.readline())
        work = asyncio.ensure_future(INSIDE[kind](pairs, port, seen))
    else:
        work = asyncio.ensure_future(hold(kind, count, port, seen))
        await asyncio.wait([work])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.buffer.read)
    work.cancel()
    sys.stdout.write(json.dumps(seen) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
