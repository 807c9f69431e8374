"""The first protocol of each connection: a WebSocket for the rooms is taken, all else is aiohttp's.

It looks at the first request only, and takes it only when it is word for word the opening of a
WebSocket on the Socket.IO path (RFC 6455, section 4.2.1). Whatever differs in the least is handed
to aiohttp with every byte, which answers it or refuses it. A later request on a connection that
aiohttp keeps (a proxy's) comes to `taken_over`, by the ordinary route.
"""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1
from socket import socket
from ssl import SSLContext
from typing import cast

from aiohttp import web

from .transport import Engine

#: Longest request line and headers that are looked at; a longer one is aiohttp's to refuse.
MAX_HEAD = 8_192
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#: Of 16 random octets in base64.
KEY_LENGTH = 24
#: A request that has one of these is not a plain GET.
BODY = (b"content-length", b"transfer-encoding", b"expect")

#: uvloop takes one new connection of a listening socket in each turn of the loop: when a turn takes
#: 20 ms, fifty a second, while the others wait for seconds to be let in (their SYN is repeated
#: after 1, 3 and 7 s). So many descriptors of one socket take so many in a turn.
LISTENERS = 16
#: Connections that the system holds until we take them; more, and their SYN is dropped (the system
#: has a ceiling of its own, net.core.somaxconn).
BACKLOG = 4_096

#: The client's address, of the connection's own and the values of X-Forwarded-For.
AddressOf = Callable[[str, Sequence[str]], str]


@dataclass(frozen=True, slots=True)
class Entrance:
    """What is asked of a handshake. `path`: « /socket.io/ »; `origins`: each by its name."""

    path: str
    origins: frozenset[str]
    address_of: AddressOf

    def __post_init__(self) -> None:
        if not self.origins or "*" in self.origins:
            raise ValueError("origins are named")

    def wants(self, query: str, headers: Mapping[str, str]) -> bytes | None:
        """The key of a request that is right in everything (names of headers in lower case)."""
        asked = query.split("&")
        key = headers.get("sec-websocket-key", "")
        right = (
            "EIO=4" in asked
            and "transport=websocket" in asked
            and headers.get("upgrade", "").lower() == "websocket"
            and "upgrade" in headers.get("connection", "").lower().replace(",", " ").split()
            and headers.get("sec-websocket-version") == "13"
            and len(key) == KEY_LENGTH
            and key.isascii()
            and headers.get("origin", "") in ("", *self.origins)
        )
        return key.encode() if right else None


def switching(key: bytes) -> bytes:
    """The 101 that this key asks for."""
    accept = b64encode(sha1(key + GUID, usedforsecurity=False).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\n"
        b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n\r\n" % accept
    )


BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\n"
    b"Content-Length: 0\r\n\r\n"
)


class Front(asyncio.Protocol):
    """One new connection, until it is known what it is. `http`: makes aiohttp's protocol."""

    __slots__ = ("_deadline", "_engine", "_entrance", "_head", "_http", "_transport")

    def __init__(
        self, engine: Engine, entrance: Entrance, http: Callable[[], asyncio.Protocol]
    ) -> None:
        self._engine = engine
        self._entrance = entrance
        self._http = http
        self._head = b""
        self._transport: asyncio.Transport
        self._deadline: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._deadline = self._engine.loop.call_later(
            self._engine.limits.connect_deadline, self._transport.abort
        )

    def connection_lost(self, _: BaseException | None) -> None:
        self._deadline.cancel()

    def data_received(self, data: bytes) -> None:
        head = self._head = self._head + data if self._head else data
        start = b"GET " + self._entrance.path.encode() + b"?"
        if not head.startswith(start[: len(head)]):
            self._hand_over()
        elif head.endswith(b"\r\n\r\n"):
            self._look(head)
        elif len(head) > MAX_HEAD or b"\r\n\r\n" in head:
            # Something follows before it was answered: no client of ours does that.
            self._hand_over()

    def _look(self, head: bytes) -> None:
        lines = head[:-4].split(b"\r\n")
        request, headers = lines[0].split(b" "), read_headers(lines[1:])
        key = None
        if headers is not None and len(request) == 3 and request[2] == b"HTTP/1.1":
            query = request[1].decode("latin-1").partition("?")[2]
            key = self._entrance.wants(query, headers)
        if key is None or headers is None:
            self._hand_over()
            return
        self._deadline.cancel()
        peer = self._transport.get_extra_info("peername") or ("",)
        forwarded = headers.get("x-forwarded-for", "")
        address = self._entrance.address_of(str(peer[0]), [forwarded] if forwarded else [])
        if self._engine.full(address):
            self._transport.write(BUSY)
            self._transport.close()
        else:
            self._engine.open(self._transport, address, switching(key))

    def _hand_over(self) -> None:
        self._deadline.cancel()
        http = self._http()
        self._transport.set_protocol(http)
        http.connection_made(self._transport)
        head, self._head = self._head, b""
        http.data_received(head)


def read_headers(lines: Sequence[bytes]) -> dict[str, str] | None:
    """Names in lower case; None: there is something that a plain GET of ours has not."""
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        name = name.lower()
        if not colon or not name.replace(b"-", b"").isalnum() or name in BODY:
            return None
        text = value.strip(b" \t").decode("latin-1")
        if not text.isprintable():
            return None
        key = name.decode()
        if key in headers and key != "x-forwarded-for":
            if key in ("cookie", "via", "forwarded", "accept-language"):
                continue
            return None
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    return headers


class FrontSite(web.SockSite):
    """An aiohttp site whose connections begin with Front."""

    def __init__(
        self,
        runner: web.AppRunner,
        bound: socket,
        engine: Engine,
        entrance: Entrance,
        *,
        ssl_context: SSLContext | None = None,
        backlog: int = BACKLOG,
    ) -> None:
        super().__init__(runner, bound, ssl_context=ssl_context, backlog=backlog)
        self._engine, self._entrance = engine, entrance
        self._servers: list[asyncio.Server] = []

    async def start(self) -> None:
        await web.BaseSite.start(self)
        http = self._runner.server
        if http is None:
            raise RuntimeError("the runner is not set up")

        def front() -> Front:
            return Front(self._engine, self._entrance, http)

        loop = asyncio.get_running_loop()
        for bound in (self._sock, *(self._sock.dup() for _ in range(LISTENERS - 1))):
            server = await loop.create_server(
                front, sock=bound, ssl=self._ssl_context, backlog=self._backlog
            )
            self._servers.append(server)

    async def stop(self) -> None:
        for server in self._servers:
            server.close()
        await super().stop()


# --- by the ordinary route ------------------------------------------------------------------------


class Switched(web.Response):
    """The answer of a request whose connection is no longer aiohttp's: nothing is written."""

    async def prepare(self, _: web.BaseRequest) -> None:
        return None

    async def write_eof(self, _: bytes = b"") -> None:
        return None


def taken_over(request: web.Request, engine: Engine, entrance: Entrance) -> web.Response:
    """A WebSocket on a connection that aiohttp held until now; any other request is refused."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    key = entrance.wants(request.query_string, headers)
    transport, protocol = request.transport, request.protocol
    # What follows before it was answered is no socket of ours (the attribute is aiohttp's own).
    hasty = request.body_exists or protocol._message_tail
    if key is None or request.method != "GET" or hasty or transport is None:
        return web.Response(status=400, text="WebSocket only.")
    peer = transport.get_extra_info("peername") or ("",)
    forwarded = request.headers.getall("X-Forwarded-For", [])
    address = entrance.address_of(str(peer[0]), forwarded)
    if engine.full(address):
        return web.Response(status=503, headers={"Retry-After": "5"})
    engine.open(transport, address, switching(key))
    # To aiohttp this connection has ended: it lets go of it and of the request.
    protocol.transport = None
    protocol.connection_lost(None)
    return Switched()
