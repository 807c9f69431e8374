"""python-socketio's server with its open doors closed (docs/threat-model.md, rows F1 to F6).

WebSocket only, not compressed, handlers in order, no binary packet, reserved event names refused,
a deadline to authenticate, a bucket per socket, slow readers cut. It overrides methods that
python-socketio and python-engineio keep to themselves, so their versions are pinned and
tests/signaling/test_transport.py is the contract.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import engineio
import msgspec
import socketio
import structlog
from aiohttp import web
from engineio.async_drivers.aiohttp import WebSocket

log = structlog.get_logger()

#: What Engine.IO may get from a client: CLOSE, PONG, or a Socket.IO packet without attachments
#: (CONNECT, DISCONNECT, EVENT, ACK). Its own decoder raises outside of any try on anything else.
PACKET = re.compile(r"1|3|4[0-3]", re.ASCII)
#: Where environ says which Engine.IO socket it is of.
EIO_SID = "telecontrole.eio_sid"
#: BINARY_EVENT and BINARY_ACK.
BINARY_PACKETS = ("45", "46")


@dataclass(frozen=True, slots=True)
class Limits:
    """Every bound of the signaling channel; docs/protocol.md prints them for client writers."""

    #: Largest message in bytes, after which the socket is closed (code 1009).
    message_bytes: int = 65_536
    #: Seconds to send CONNECT with a valid token.
    connect_deadline: float = 10.0
    #: Sockets of one address that have not authenticated yet; a hospital shares one address,
    #: so those that have are not counted.
    pending_per_address: int = 64
    #: Sockets in all.
    sockets: int = 20_000
    #: Messages per second a socket may send for long, and at once (trickled candidates burst).
    rate: float = 30.0
    burst: int = 120
    #: Packets that wait for a reader before it is cut.
    queue: int = 256
    #: Seconds that a closed socket may take to say goodbye before its connection is dropped.
    linger: float = 5.0
    ping_interval: float = 10.0
    ping_timeout: float = 10.0


class Codec:
    """JSON by msgspec: bounded depth, no NaN, structs written as they are."""

    @staticmethod
    def dumps(value: object, **_: object) -> str:
        return msgspec.json.encode(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_: object) -> object:
        return msgspec.json.decode(text)


class Bucket:
    """A token bucket: `rate` per second on the long run, `burst` at once."""

    __slots__ = ("_burst", "_level", "_rate", "_then")

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate, self._burst = rate, burst
        self._level, self._then = float(burst), now

    def take(self, now: float) -> bool:
        self._level = min(self._burst, self._level + (now - self._then) * self._rate)
        self._then = now
        if self._level < 1:
            return False
        self._level -= 1
        return True


class GuardedEngine(engineio.AsyncServer):
    """Engine.IO that upgrades to WebSocket at once or not at all."""

    def __init__(self, guard: "GuardedServer", **options: Any) -> None:
        super().__init__(**options)
        self.guard = guard
        self._async: dict[str, Any] = {**self._async, "websocket": Wire}

    async def handle_request(self, request: web.Request) -> web.StreamResponse:
        # A half-made upgrade would leave a session behind and a traceback in the log.
        if request.method != "GET" or not web.WebSocketResponse().can_prepare(request):
            return web.Response(status=400, text="WebSocket only.")
        response: web.StreamResponse = await super().handle_request(request)
        return response

    async def send_packet(self, sid: str, pkt: object) -> None:
        """Queue it. Engine.IO's own also closes a socket whose ping is late, from inside the
        emission: with a room's lock held, its `disconnect` would wait for that lock for ever."""
        socket = self.sockets.get(sid)
        if socket is None or socket.closed:
            return
        if socket.queue.qsize() >= self.guard.limits.queue:
            self.guard.cut_off(sid, "slow_reader")
            return
        socket.queue.put_nowait(pkt)


class Wire(WebSocket):
    """One WebSocket as Engine.IO sees it: what is not a packet of ours, or too much, ends it."""

    def __init__(self, handler: Callable[["Wire"], Awaitable[None]], server: GuardedEngine) -> None:
        super().__init__(handler, server)
        self._guard = server.guard
        limits = self._guard.limits
        self._bucket = Bucket(limits.rate, limits.burst, asyncio.get_running_loop().time())

    async def __call__(self, environ: Mapping[str, Any]) -> web.WebSocketResponse:
        self._sock = web.WebSocketResponse(
            max_msg_size=self._guard.limits.message_bytes, compress=False
        )
        await self._sock.prepare(environ["aiohttp.request"])
        self.environ = environ
        await self.handler(self)
        return self._sock

    async def wait(self) -> str:
        data = await super().wait()
        wrong = self._wrong_with(data)
        if wrong:
            self._guard.cut_off(self.environ[EIO_SID], wrong)
            raise OSError(wrong)
        return str(data)

    def _wrong_with(self, data: object) -> str:
        if not self._bucket.take(asyncio.get_running_loop().time()):
            return "too_fast"
        if not isinstance(data, str) or data.startswith(BINARY_PACKETS):
            return "binary"
        if not PACKET.match(data) or (data[0] != "4" and len(data) > 1):
            return "malformed"
        return ""


@dataclass(slots=True)
class Link:
    """What is known of one Engine.IO socket."""

    environ: Mapping[str, Any]
    address: str
    #: Running as long as it is in no namespace.
    deadline: asyncio.TimerHandle | None = None
    cut: bool = False


class GuardedServer(socketio.AsyncServer):
    """`events`: per namespace, the event names a client may send.

    `origins`: of the pages that may connect, each by its name. `address_of`: the client's address
    from Engine.IO's environ (the socket's or, behind a trusted proxy, the forwarded one).
    """

    def __init__(
        self,
        *,
        limits: Limits,
        events: Mapping[str, Collection[str]],
        origins: list[str],
        address_of: Callable[[Mapping[str, Any]], str],
    ) -> None:
        if not origins or "*" in origins:
            # Engine.IO would take either for « everybody ».
            raise ValueError("origins are named")
        self.limits = limits
        self.cut: Counter[str] = Counter()
        self._events = events
        self._address_of = address_of
        self._links: dict[str, Link] = {}
        self._pending: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        super().__init__(
            async_mode="aiohttp",
            async_handlers=False,
            transports=["websocket"],
            cors_allowed_origins=origins,
            cors_credentials=False,
            max_http_buffer_size=limits.message_bytes,
            ping_interval=limits.ping_interval,
            ping_timeout=limits.ping_timeout,
            http_compression=False,
            json=Codec,
            logger=False,
            engineio_logger=False,
        )

    def _engineio_server_class(self) -> Callable[..., GuardedEngine]:
        return partial(GuardedEngine, self)

    # --- a socket's life ------------------------------------------------------------------------

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> bool | None:
        address = self._address_of(environ)
        full = len(self._links) >= self.limits.sockets
        if full or self._pending[address] >= self.limits.pending_per_address:
            self.cut["full" if full else "pending"] += 1
            return False
        environ[EIO_SID] = eio_sid
        self._links[eio_sid] = Link(environ, address)
        self._outside(eio_sid)
        await super()._handle_eio_connect(eio_sid, environ)
        return None

    async def _handle_connect(self, eio_sid: str, namespace: str | None, data: object) -> None:
        name = namespace or "/"
        if self.manager.sid_from_eio_sid(eio_sid, name) is not None:
            self.cut_off(eio_sid, "connect_twice")
            return
        await super()._handle_connect(eio_sid, namespace, data)
        sid = self.manager.sid_from_eio_sid(eio_sid, name)
        if sid is None:
            return
        if eio_sid not in self._links:
            # Gone while its token was looked at, when python-socketio did not count it yet.
            await super()._handle_disconnect(eio_sid, name, self.reason.TRANSPORT_CLOSE)
            return
        self._inside(self._links[eio_sid])
        # Only now has CONNECT been answered, so that what is emitted here is not lost.
        await self._trigger_event("opened", name, sid)

    async def _handle_disconnect(
        self, eio_sid: str, namespace: str | None, reason: str | None = None
    ) -> None:
        await super()._handle_disconnect(eio_sid, namespace, reason)
        self._outside(eio_sid)

    async def disconnect(self, sid: str, namespace: str | None = None, **options: Any) -> None:
        eio_sid = self.manager.eio_sid_from_sid(sid, namespace or "/")
        await super().disconnect(sid, namespace, **options)
        if eio_sid is not None:
            self._outside(eio_sid)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        link = self._links.pop(eio_sid, None)
        if link is not None:
            self._inside(link)
            self._let_go(link)
        await super()._handle_eio_disconnect(eio_sid, reason)

    async def _trigger_event(self, event: str, namespace: str, *args: Any) -> object:
        if event == "disconnect":
            # It may be found out in the middle of anything, and may wait for a room's lock.
            self._own(self._gone(namespace, *args))
            return None
        return await super()._trigger_event(event, namespace, *args)

    async def _gone(self, namespace: str, *args: Any) -> None:
        try:
            await super()._trigger_event("disconnect", namespace, *args)
        except Exception:
            log.exception("disconnect_failed", namespace=namespace)

    def _outside(self, eio_sid: str) -> None:
        """In no namespace: it has so many seconds to enter one."""
        link = self._links.get(eio_sid)
        if link is None or link.deadline is not None:
            return
        if any(self.manager.sid_from_eio_sid(eio_sid, name) for name in self._events):
            return
        self._pending[link.address] += 1
        link.deadline = asyncio.get_running_loop().call_later(
            self.limits.connect_deadline, self.cut_off, eio_sid, "deadline"
        )

    def _inside(self, link: Link) -> None:
        if link.deadline is None:
            return
        link.deadline.cancel()
        link.deadline = None
        self._pending[link.address] -= 1
        if self._pending[link.address] <= 0:
            del self._pending[link.address]

    # --- the end of one -------------------------------------------------------------------------

    def cut_off(self, eio_sid: str, why: str) -> None:
        """Close the socket; why is counted, and logged without what it carried."""
        link = self._links.get(eio_sid)
        if link is None or link.cut:
            return
        link.cut = True
        self.cut[why] += 1
        log.info("socket_cut", reason=why)
        self._own(self._close(eio_sid))

    def _let_go(self, link: Link) -> None:
        """The TCP connection ends in so many seconds, whether or not the other side reads."""
        transport = link.environ["aiohttp.request"].transport
        if transport is not None:
            asyncio.get_running_loop().call_later(self.limits.linger, transport.abort)

    async def _close(self, eio_sid: str) -> None:
        socket = self.eio.sockets.get(eio_sid)
        if socket is not None:
            # abort: no CLOSE packet behind what is not being read.
            await socket.close(wait=False, abort=True, reason=self.reason.SERVER_DISCONNECT)
            socket.queue.put_nowait(None)

    def _own(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stopped(self) -> None:
        """Stop the timers, wait for what is being closed and for Engine.IO's own service task."""
        for link in self._links.values():
            if link.deadline is not None:
                link.deadline.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2)
        if self.eio.service_task_handle is not None:
            await self.shutdown()

    # --- what comes in --------------------------------------------------------------------------

    async def _handle_eio_message(self, eio_sid: str, data: object) -> None:
        link = self._links.get(eio_sid)
        if link is None or link.cut:
            return
        try:
            await super()._handle_eio_message(eio_sid, data)
        except Exception as wrong:
            # A malformed packet raises ValueError, RecursionError, TypeError… ; its text is
            # the client's and does not go to the log.
            log.info("packet_refused", error=type(wrong).__name__)
            self.cut_off(eio_sid, "malformed")

    async def _handle_event(
        self, eio_sid: str, namespace: str | None, ack_id: int | None, data: object
    ) -> None:
        allowed = self._events.get(namespace or "/", ())
        if not isinstance(data, list) or not data or data[0] not in allowed:
            self.cut_off(eio_sid, "unknown_event")
            return
        await super()._handle_event(eio_sid, namespace, ack_id, data)
