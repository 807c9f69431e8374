"""python-socketio's server with its open doors closed (docs/threat-model.md, rows F1 to F6).

WebSocket only, handlers in order, no binary packet, reserved event names refused, a deadline to
authenticate, a bucket per socket, slow readers cut. It overrides methods that python-socketio
keeps to itself, so its version is pinned and tests/signaling/test_transport.py is the contract.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
import socketio
import structlog

log = structlog.get_logger()

#: Socket.IO packet types that carry attachments (BINARY_EVENT, BINARY_ACK).
BINARY_PACKETS = ("5", "6")


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


class GuardedServer(socketio.AsyncServer):
    """`events`: per namespace, the event names a client may send.

    `address_of`: the client's address from Engine.IO's environ (the socket's or, behind a
    trusted proxy, the forwarded one).
    """

    reason_codes: ClassVar[Counter[str]]

    def __init__(
        self,
        *,
        limits: Limits,
        events: Mapping[str, Collection[str]],
        origins: list[str],
        address_of: Callable[[Mapping[str, Any]], str],
    ) -> None:
        self.limits = limits
        self.cut: Counter[str] = Counter()
        self._events = events
        self._address_of = address_of
        self._buckets: dict[str, Bucket] = {}
        self._pending: Counter[str] = Counter()
        self._deadlines: dict[str, tuple[asyncio.TimerHandle, str]] = {}
        self._closing: set[asyncio.Task[None]] = set()
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

    # --- a socket's life ------------------------------------------------------------------------

    async def _handle_eio_connect(self, eio_sid: str, environ: Mapping[str, Any]) -> bool | None:
        address = self._address_of(environ)
        full = len(self._buckets) >= self.limits.sockets
        if full or self._pending[address] >= self.limits.pending_per_address:
            self.cut["full" if full else "pending"] += 1
            return False
        loop = asyncio.get_running_loop()
        self._buckets[eio_sid] = Bucket(self.limits.rate, self.limits.burst, loop.time())
        self._pending[address] += 1
        timer = loop.call_later(self.limits.connect_deadline, self._cut, eio_sid, "deadline")
        self._deadlines[eio_sid] = (timer, address)
        await super()._handle_eio_connect(eio_sid, environ)
        return None

    async def _handle_connect(self, eio_sid: str, namespace: str | None, data: object) -> None:
        name = namespace or "/"
        if self.manager.sid_from_eio_sid(eio_sid, name) is not None:
            self._cut(eio_sid, "connect_twice")
            return
        await super()._handle_connect(eio_sid, namespace, data)
        sid = self.manager.sid_from_eio_sid(eio_sid, name)
        if sid is not None and self.manager.is_connected(sid, name):
            self._authenticated(eio_sid)
            # Only now has CONNECT been answered, so that what is emitted here is not lost.
            await self._trigger_event("opened", name, sid)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        self._authenticated(eio_sid)
        self._buckets.pop(eio_sid, None)
        await super()._handle_eio_disconnect(eio_sid, reason)

    def _authenticated(self, eio_sid: str) -> None:
        timer, address = self._deadlines.pop(eio_sid, (None, ""))
        if timer is None:
            return
        timer.cancel()
        self._pending[address] -= 1
        if self._pending[address] <= 0:
            del self._pending[address]

    def _cut(self, eio_sid: str, why: str) -> None:
        """Close the socket at once; why is counted, and logged without what it carried."""
        self.cut[why] += 1
        log.info("socket_cut", reason=why)
        task = asyncio.create_task(self._close(eio_sid))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close(self, eio_sid: str) -> None:
        socket = self.eio.sockets.get(eio_sid)
        if socket is not None:
            # abort: nothing is written to a reader that does not read.
            await socket.close(wait=False, abort=True, reason=self.reason.SERVER_DISCONNECT)
            socket.queue.put_nowait(None)

    # --- what comes in --------------------------------------------------------------------------

    async def _handle_eio_message(self, eio_sid: str, data: object) -> None:
        bucket = self._buckets.get(eio_sid)
        if bucket is None:
            return
        if not bucket.take(asyncio.get_running_loop().time()):
            self._cut(eio_sid, "too_fast")
        elif not isinstance(data, str) or data.startswith(BINARY_PACKETS):
            self._cut(eio_sid, "binary")
        else:
            await self._text_message(eio_sid, data)

    async def _text_message(self, eio_sid: str, data: str) -> None:
        try:
            await super()._handle_eio_message(eio_sid, data)
        except Exception as wrong:
            # A malformed packet raises ValueError, RecursionError, TypeError… ; its text is
            # the client's and does not go to the log.
            log.info("packet_refused", error=type(wrong).__name__)
            self._cut(eio_sid, "malformed")

    async def _handle_event(
        self, eio_sid: str, namespace: str | None, ack_id: int | None, data: object
    ) -> None:
        allowed = self._events.get(namespace or "/", ())
        if not isinstance(data, list) or not data or data[0] not in allowed:
            self._cut(eio_sid, "unknown_event")
            return
        await super()._handle_event(eio_sid, namespace, ack_id, data)

    # --- what goes out --------------------------------------------------------------------------

    async def _send_eio_packet(self, eio_sid: str, eio_pkt: object) -> None:
        socket = self.eio.sockets.get(eio_sid)
        if socket is not None and socket.queue.qsize() >= self.limits.queue:
            self._cut(eio_sid, "slow_reader")
            return
        await super()._send_eio_packet(eio_sid, eio_pkt)

    async def stopped(self) -> None:
        """Stop the timers, wait for the closings and for Engine.IO's own service task."""
        for timer, _ in self._deadlines.values():
            timer.cancel()
        if self._closing:
            await asyncio.wait(self._closing, timeout=2)
        await self.shutdown()
