"""A very light Socket.IO client on one asyncio.Protocol: thousands of them in one process.

It knows the wire (WebSocket, Engine.IO 4, Socket.IO 5) and nothing of what is said over it, so
that it measures any server: `Wire` is a bare WebSocket, `Peer` a Socket.IO one in one namespace.
What comes is handed on as bytes, decoded by whoever wants it. Times are `time.monotonic()`:
uvloop's own clock counts milliseconds.
"""

import asyncio
import ssl
from asyncio import Future
from collections.abc import Callable
from time import monotonic
from typing import Any, Self

import msgspec

from .frames import BINARY, CLOSE, PING, PONG, TEXT, FrameError, Frames, frame

#: Seconds from the first byte to an open door.
OPEN_DEADLINE = 30.0
MAX_HEAD = 16_384
#: The RFC's own example: the answer to a fixed key is fixed, and needs no hash each time.
_KEY, _ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
_NORMAL = (1000).to_bytes(2)
_PONG = frame(b"3")

#: The event's name, its payload as JSON (empty: none), when it arrived.
OnEvent = Callable[[bytes, bytes, float], None]
#: The acknowledgement's arguments as JSON, without their brackets; when it came.
OnAnswer = Callable[[bytes, float], None]
OnText = Callable[[bytes, float], None]


class PeerRefused(Exception):
    """The door stays closed. `code`: the server's own, `http_…`, or what the network says."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def encoded(payload: object) -> bytes:
    """As JSON, unless it is already."""
    return payload if isinstance(payload, bytes) else msgspec.json.encode(payload)


class Wire(asyncio.Protocol):
    """One WebSocket. `closed` says with which word it ended: `closed` (by us), `lost`,
    `ws_<code>`, `frame_<what was wrong>`, or a subclass's own."""

    def __init__(self, request: bytes, on_text: OnText | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._request = request
        self._on_text = on_text
        self._frames = Frames()
        self._head: bytes | None = b""
        self._transport: Any = None
        self._word = ""
        #: When the server took the upgrade, and when the whole door was open.
        self.upgraded_at = 0.0
        self.open_at = 0.0
        self._ready: Future[None] = self._loop.create_future()
        self.closed: Future[str] = self._loop.create_future()

    @classmethod
    async def open(
        cls,
        host: str,
        port: int,
        path: str,
        *,
        tls: ssl.SSLContext | None = None,
        server_name: str = "",
        origin: str = "",
        on_text: OnText | None = None,
        deadline: float = OPEN_DEADLINE,
    ) -> Self:
        """Connected and upgraded. `server_name`: the name behind `host`, when that is an address.

        :raises PeerRefused: whatever is in the way.
        """
        request = upgrade(path, server_name or host, port, origin, tls=tls is not None)
        wire = cls(request, on_text)
        await wire._reach(host, port, tls, server_name, deadline)
        return wire

    async def _reach(
        self, host: str, port: int, tls: ssl.SSLContext | None, name: str, deadline: float
    ) -> None:
        server_name = (name or host) if tls else None
        try:
            async with asyncio.timeout(deadline):
                await self._loop.create_connection(
                    lambda: self, host, port, ssl=tls, server_hostname=server_name
                )
                await self._ready
        except TimeoutError:
            raise self._refused("timeout") from None
        except OSError:
            raise self._refused("unreachable") from None
        except BaseException:
            self.abort()
            raise

    def _refused(self, code: str) -> PeerRefused:
        self.abort()
        return PeerRefused(code)

    # --- what goes out --------------------------------------------------------------------------

    def send(self, *frames: bytes) -> None:
        """Frames made beforehand (`frames.frame`), in one write; nothing once it is closed."""
        if self._transport is not None and not self._word:
            self._transport.write(frames[0] if len(frames) == 1 else b"".join(frames))

    def send_text(self, text: bytes) -> None:
        self.send(frame(text))

    def close(self) -> None:
        """Say goodbye; `closed` comes true when the connection is gone."""
        if not self._word:
            self.send(frame(_NORMAL, CLOSE))
            self._end("closed")

    def abort(self) -> None:
        """Gone without a word, as a page whose network fell away."""
        self._word = self._word or "closed"
        if self._transport is not None:
            self._transport.abort()

    def _end(self, word: str) -> None:
        self._word = self._word or word
        if self._transport is not None:
            self._transport.close()

    # --- what comes in --------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(self._request)
        self._request = b""

    def data_received(self, data: bytes) -> None:
        if self._head is not None:
            data = self._upgraded(data)
        if not data:
            return
        at = monotonic()
        try:
            for opcode, payload in self._frames.feed(data):
                if opcode == TEXT:
                    self.text_received(payload, at)
                else:
                    self._control(opcode, payload)
        except FrameError as wrong:
            self._end(f"frame_{wrong}")

    def _upgraded(self, data: bytes) -> bytes:
        """Take the answer to the upgrade; what is behind it are frames already."""
        head, end, rest = ((self._head or b"") + data).partition(b"\r\n\r\n")
        if not end:
            self._head = head
            if len(head) > MAX_HEAD:
                self._fail("http_head")
            return b""
        self._head = None
        status = head[9:12]
        if status != b"101" or _ACCEPT not in head:
            self._fail(f"http_{status.decode('ascii', 'replace')}")
            return b""
        self.upgraded_at = monotonic()
        self.upgraded()
        return rest

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self.send(frame(payload, PONG))
        elif opcode == CLOSE:
            code = int.from_bytes(payload[:2]) if payload else 1005
            self.send(frame(payload[:2], CLOSE))
            self._end(f"ws_{code}")
        elif opcode == BINARY:
            self._end("binary")

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._word = self._word or "lost"
        self._fail(self._word)
        if not self.closed.done():
            self.closed.set_result(self._word)

    def _opened(self) -> None:
        self.open_at = monotonic()
        if not self._ready.done():
            self._ready.set_result(None)

    def _fail(self, code: str) -> None:
        if not self._ready.done():
            self._ready.set_exception(PeerRefused(code))
            # Whoever opened it may be gone already.
            self._ready.exception()
            self._end(code)

    # --- what a subclass makes of it ------------------------------------------------------------

    def upgraded(self) -> None:
        self._opened()

    def text_received(self, text: bytes, at: float) -> None:
        if self._on_text is not None:
            self._on_text(text, at)


def upgrade(path: str, host: str, port: int, origin: str = "", *, tls: bool = False) -> bytes:
    """The request that asks for a WebSocket; made once for many."""
    name = f"[{host}]" if ":" in host else host
    authority = name if port == (443 if tls else 80) else f"{name}:{port}"
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {authority}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {_KEY}",
        "Sec-WebSocket-Version: 13",
        *([f"Origin: {origin}"] if origin else []),
        "\r\n",
    ]
    return "\r\n".join(lines).encode()


class Peer(Wire):
    """One Socket.IO socket in one namespace.

    More words for `closed`: `disconnected` (the server left the namespace), `engine_closed`.
    """

    def __init__(
        self, request: bytes, namespace: str, auth: object, on_event: OnEvent | None
    ) -> None:
        super().__init__(request)
        self.namespace = namespace
        #: Events come from the very first on: some servers speak as soon as the door is open.
        self.on_event = on_event
        self.sid = ""
        self._auth = auth
        self._space = b"" if namespace == "/" else namespace.encode() + b","
        self._event = b"42" + self._space
        self._answers: dict[int, OnAnswer] = {}
        self._last = -1

    @classmethod
    async def open(  # type: ignore[override]
        cls,
        host: str,
        port: int,
        path: str = "/socket.io/",
        *,
        tls: ssl.SSLContext | None = None,
        server_name: str = "",
        origin: str = "",
        namespace: str = "/",
        auth: object = None,
        on_event: OnEvent | None = None,
        deadline: float = OPEN_DEADLINE,
    ) -> Self:
        """In the namespace. `path` may hold a query of its own.

        :raises PeerRefused: with the `code` of CONNECT_ERROR's data, or its message.
        """
        query = "&" if "?" in path else "?"
        whole = f"{path}{query}EIO=4&transport=websocket"
        request = upgrade(whole, server_name or host, port, origin, tls=tls is not None)
        peer = cls(request, namespace, auth, on_event)
        await peer._reach(host, port, tls, server_name, deadline)
        return peer

    def emit(self, event: str, payload: object = None, answered: OnAnswer | None = None) -> None:
        """Send an event; `answered` is called with its acknowledgement (never, when it is lost)."""
        self.send(self.event(event, encoded(payload) if payload is not None else b"", answered))

    def event(self, event: str, payload: bytes, answered: OnAnswer | None = None) -> bytes:
        """The frame of an event, to be sent with others in one write."""
        number = b""
        if answered is not None:
            self._last += 1
            self._answers[self._last] = answered
            number = b"%d" % self._last
        comma = b"," if payload else b""
        return frame(b'%b%b["%b"%b%b]' % (self._event, number, event.encode(), comma, payload))

    async def ask(self, event: str, payload: object = None, deadline: float = OPEN_DEADLINE) -> Any:
        """Send an event and wait for its acknowledgement, decoded.

        :raises PeerRefused: it did not come in time, or the socket is gone.
        """
        answer: Future[bytes] = self._loop.create_future()

        def take(raw: bytes, at: float) -> None:
            if not answer.done():
                answer.set_result(raw)

        self.emit(event, payload, take)
        await asyncio.wait(
            (answer, self.closed), timeout=deadline, return_when=asyncio.FIRST_COMPLETED
        )
        if not answer.done():
            raise PeerRefused(self.closed.result() if self.closed.done() else "timeout")
        raw = answer.result()
        return msgspec.json.decode(raw) if raw else None

    def close(self) -> None:
        """Leave the namespace, then say goodbye."""
        if not self._word:
            self.send(frame(b"41" + self._space))
        super().close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._answers.clear()
        super().connection_lost(exc)

    def upgraded(self) -> None:
        """The door of the namespace opens after Engine.IO's own handshake."""

    def text_received(self, text: bytes, at: float) -> None:
        kind = text[:2]
        if kind == b"42":
            self._come(text, at)
        elif kind == b"43":
            number, arguments = self._numbered(text)
            answered = self._answers.pop(number, None)
            if answered is not None:
                answered(arguments[1:-1], at)
        elif kind == b"2":
            self.send(_PONG)
        else:
            self._handshake(kind, text)

    def _handshake(self, kind: bytes, text: bytes) -> None:
        if kind[:1] == b"0":
            auth = b"" if self._auth is None else encoded(self._auth)
            self.send(frame(b"40" + self._space + auth))
            self._auth = None
        elif kind == b"40":
            self.sid = _object(text, self._space).get("sid", "")
            self._opened()
        elif kind == b"44":
            wrong = _object(text, self._space)
            data = wrong.get("data")
            code = data.get("code") if isinstance(data, dict) else None
            self._fail(str(code or wrong.get("message") or "refused"))
        elif kind == b"41":
            self._end("disconnected")
        elif kind == b"1":
            self._end("engine_closed")
        elif kind != b"6":
            self._end("packet")

    def _come(self, text: bytes, at: float) -> None:
        if self.on_event is None:
            return
        _, arguments = self._numbered(text)
        # ["name"] or ["name",{…}]: names are short and hold no quote.
        end = arguments.find(b'"', 2)
        self.on_event(arguments[2:end], arguments[end + 2 : -1], at)

    def _numbered(self, text: bytes) -> tuple[int, bytes]:
        """The acknowledgement's number (-1: none) and the JSON array behind it."""
        start = 2 + len(self._space)
        bracket = text.find(b"[", start)
        digits = text[start:bracket]
        return (int(digits) if digits.isdigit() else -1), text[bracket:]


def _object(text: bytes, space: bytes) -> dict[str, Any]:
    """The JSON object of CONNECT or CONNECT_ERROR; {} for anything else."""
    try:
        found = msgspec.json.decode(text[2 + len(space) :])
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}
