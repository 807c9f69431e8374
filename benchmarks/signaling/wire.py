"""The generator's sockets: a WebSocket client of few bytes' work, in three dialects.

Nothing is decoded that no measure needs: a frame is told by its first characters. Whoever drives a
socket (`Side`) is called straight from `data_received`.
"""

import asyncio
import itertools
import socket
from typing import ClassVar, Protocol, cast

from .payloads import Script, masked, packed

PONG = masked("3")
#: Loopback has more than one address: so many ephemeral ports more.
SOURCES = itertools.cycle([f"127.0.0.{n}" for n in range(2, 10)])
UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Side(Protocol):
    """Who drives a socket. `data[start:stop]` is the payload of a frame."""

    def ready(self) -> None:
        """In the room."""

    def relayed(self, data: bytes, start: int, stop: int) -> None:
        """An offer, an answer or a candidate of the other side."""

    def told(self, data: bytes, start: int, stop: int) -> None:
        """Anything else that came through the room."""

    def acked(self) -> None:
        """The server has answered."""

    def lost(self, why: str) -> None:
        """Refused or closed."""


class Peer(asyncio.Protocol):
    """One client. `token` says which room, and for our own server who."""

    path: ClassVar[str]
    script: ClassVar[Script]
    #: Whether the server answers offers and answers.
    acks: ClassVar[bool] = True

    def __init__(self, port: int, token: str, side: Side) -> None:
        self._port, self._token, self.side = port, token, side
        self._rest = b""
        self.transport: asyncio.BaseTransport | None = None
        self._open = False

    async def connect(self) -> None:
        sock = socket.socket()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.bind((next(SOURCES), 0))
        sock.setblocking(False)  # noqa: FBT003
        loop, address = asyncio.get_running_loop(), ("127.0.0.1", self._port)
        try:
            # On loopback this is over at once, unless the server has too many to accept.
            sock.connect(address)
        except BlockingIOError:
            await loop.sock_connect(sock, address)
        await loop.create_connection(lambda: self, sock=sock)

    def abort(self) -> None:
        if self.transport is not None:
            cast(asyncio.Transport, self.transport).abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.send = cast(asyncio.Transport, transport).write
        self.send(UPGRADE.format(path=self.path, port=self._port).encode())

    def connection_lost(self, exc: Exception | None) -> None:
        self.side.lost("closed")

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data, self._rest = self._rest + data, b""
        at = 0 if self._open else self._after_head(data)
        end = len(data)
        while at + 2 <= end:
            size, start = data[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif size == 127:
                size, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if start > end or start + size > end:
                break
            if data[at] == 0x81:
                self.heard(data, start, start + size)
            elif data[at] == 0x88:
                self.side.lost("closed")
            at = start + size
        self._rest = data[at:]

    def _after_head(self, data: bytes) -> int:
        cut = data.find(b"\r\n\r\n")
        if cut < 0:
            return 0
        if b" 101 " not in data[:16]:
            self.side.lost(data[:40].decode(errors="replace"))
        self._open = True
        self.upgraded()
        return cut + 4

    def upgraded(self) -> None:
        """The WebSocket is open."""

    def heard(self, data: bytes, start: int, stop: int) -> None:
        raise NotImplementedError

    def last_word(self, data: bytes, start: int, stop: int) -> bool:
        """Whether what was told (not relayed) is the last of a rendezvous."""
        return True


class SocketIo(Peer):
    """Engine.IO 4 and Socket.IO 5, against a relay that hands events on as they are."""

    path = "/socket.io/?EIO=4&transport=websocket"
    script = Script("42", "420")
    signal: ClassVar[tuple[bytes, ...]] = (b'["o', b'["a', b'["c')

    def heard(self, data: bytes, start: int, stop: int) -> None:
        kind = data[start : min(start + 2, stop)]
        if kind == b"42":
            if data.startswith(self.signal, start + 2):
                self.side.relayed(data, start, stop)
            else:
                self.side.told(data, start, stop)
        elif kind == b"43":
            if b'"ok":false' in data[start:stop]:
                self.side.lost(data[start:stop].decode())
            self.side.acked()
        elif kind == b"2":
            self.send(PONG)
        elif kind == b"40":
            self.connected()
        elif data[start] == 0x30:
            self.send(masked("40" + packed(self.auth())))
        else:
            self.side.lost(data[start : min(stop, start + 200)].decode())

    def auth(self) -> dict[str, str]:
        return {"token": self._token, "instance": "abcdefgh"}

    def connected(self) -> None:
        self.side.ready()


class Ours(SocketIo):
    """The same, where the snapshot says that one is in the room."""

    signal = (b'["si',)

    def connected(self) -> None:
        """Not yet."""

    def heard(self, data: bytes, start: int, stop: int) -> None:
        if data.startswith(b'42["sn', start):
            self.side.ready()
        else:
            super().heard(data, start, stop)

    def last_word(self, data: bytes, start: int, stop: int) -> bool:
        """The state in which both have said theirs."""
        return data.count(b'"microphone":true', start, stop) == 2


class Bare(Peer):
    """JSON lists, no acknowledgement."""

    path = "/ws"
    script = Script("", "")
    acks = False

    def upgraded(self) -> None:
        self.send(masked(packed(["join", {"token": self._token}])))

    def heard(self, data: bytes, start: int, stop: int) -> None:
        if data.startswith((b'["o', b'["a', b'["c'), start):
            self.side.relayed(data, start, stop)
        elif data.startswith(b'["j', start):
            self.side.ready()
        else:
            self.side.told(data, start, stop)
