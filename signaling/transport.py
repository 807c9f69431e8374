"""The fast path: one small session per WebSocket, from the frame parser to the room and back.

Engine.IO 4 and Socket.IO 5 as standard clients speak them, without a task, a queue or a request
object per socket (docs/decisions/0021-a-fast-path.md tells why, with figures):

- frames come pushed from aiohttp's compiled parser, straight out of `data_received`;
- an event is decoded to its type, checked and done before the next byte is read, or waits its
  turn behind the one event of this socket that is being put on record;
- what is said is encoded once, and written when this turn of the loop has heard everybody: one
  write for each who is spoken to, all after another; whoever does not read is cut;
- one timer pings everybody.

The namespace `/` is served from here. Every other one (the consoles) goes through python-socketio
(library.py), which is good at rooms of many and at several nodes.
"""

import asyncio
import secrets
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import cached_property
from struct import pack
from typing import Any, Protocol

import msgspec
import structlog
from aiohttp import WSCloseCode, WSMsgType
from aiohttp._websocket.reader import WebSocketDataQueue, WebSocketReader
from aiohttp.http_websocket import WebSocketError

from .frames import (
    DISCONNECT,
    ENGINE_PING,
    Answer,
    ack_frame,
    encode,
    event_frame,
    goodbye,
    text,
)
from .limits import Bucket, Limits
from .protocol import Accepted, Refused

log = structlog.get_logger()

#: Pings go out in so many groups, one after the other, over the ping interval.
SLOTS = 100
#: Events of one socket that wait behind one that is being recorded, before it is read no further.
BACKLOG = 32
#: Bytes that are put together for one write to one socket: what follows is written as it comes.
TOGETHER = 16_384

TEXT, BINARY, CLOSE, PING = WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CLOSE, WSMsgType.PING


class Door(Protocol):
    """The namespace `/`, as its sockets need it."""

    #: What a client may send, by the name as it stands in the packet.
    names: Mapping[bytes, str]

    async def connect(self, sid: str, auth: bytes, welcome: Callable[[], None]) -> Refused | None:
        """Let this socket in, or say why not. `welcome` answers CONNECT: it is called, of a socket
        that is still there, once it is sure to enter and before anything is said to it."""

    def heard(self, sid: str, event: str, payload: bytes) -> "int | Answer | Awaitable[Answer]":
        """Do what was asked with this JSON. An int: accepted, and the room's version."""

    async def gone(self, sid: str) -> None:
        """The socket has left the namespace, or is no more."""


class Library(Protocol):
    """Every other namespace: python-socketio's."""

    async def take(self, sid: str, packet: str) -> None:
        """A Socket.IO packet of this socket, without Engine.IO's « 4 »."""

    async def lost(self, sid: str) -> None:
        """The socket is no more."""


# --- one socket -----------------------------------------------------------------------------------

_parts = msgspec.json.Decoder(list[msgspec.Raw])


class Session(WebSocketDataQueue, asyncio.Protocol):
    """One WebSocket: its Engine.IO session, and its seat in the namespace `/`.

    It is also the queue that the parser puts frames in: nothing is queued, they are looked at at
    once.
    """

    __slots__ = (
        "_backlog", "_bucket", "_busy", "_engine", "_transport", "_unsent", "abroad", "address",
        "cut", "data_received", "deadline", "elsewhere", "seated", "sid", "slot", "unanswered",
    )  # fmt: skip

    def __init__(self, engine: "Engine", transport: asyncio.Transport, address: str) -> None:
        # Not the parent's: its deque would be half a kilobyte for nothing.
        self.sid = secrets.token_urlsafe(15)
        self.address = address
        #: In the namespace `/`; and in which others.
        self.seated = False
        self.elsewhere: frozenset[str] = frozenset()
        #: python-socketio has heard of it.
        self.abroad = False
        self.cut = False
        #: Running as long as it is in no namespace.
        self.deadline: asyncio.TimerHandle | None = None
        #: A ping that was not answered yet.
        self.unanswered = False
        self.slot = 0
        self._engine = engine
        self._transport = transport
        #: What this turn of the loop has said to it so far.
        self._unsent = b""
        reader = WebSocketReader(
            self, engine.limits.message_bytes, compress=False, decode_text=False
        )
        # The parser itself hears the connection: nothing of ours stands between.
        self.data_received: Callable[[bytes], object] = reader.feed_data  # type: ignore[assignment]
        self._bucket = Bucket(engine.limits.rate, engine.limits.burst)
        #: One of its packets is being worked on; those behind it wait here.
        self._busy = False
        self._backlog: deque[bytes] | None = None

    # --- the connection -------------------------------------------------------------------------

    def eof_received(self) -> None:
        return None

    def pause_writing(self) -> None:
        self._engine.cut_off(self, "slow_reader")
        self._transport.abort()

    def connection_lost(self, _: BaseException | None) -> None:
        # The parser holds this session: without the parser, both go at once.
        del self.data_received
        self._unsent = b""
        self._engine.lost(self)

    def write(self, frame: bytes) -> None:
        if not self.cut:
            self.send(frame)

    def send(self, frame: bytes) -> None:
        """Once this turn of the loop has heard everybody."""
        if not self._unsent:
            self._unsent = frame
            self._engine.later(self)
        elif len(self._unsent) < TOGETHER:
            self._unsent += frame
        else:
            self.flush()
            self._transport.write(frame)

    def flush(self) -> None:
        """Now, in one write."""
        unsent, self._unsent = self._unsent, b""
        if unsent:
            self._transport.write(unsent)

    def close(self, code: int) -> None:
        """Say goodbye; the connection ends when the other side has heard it, or soon."""
        self.send(goodbye(code))
        self._engine.lost(self)
        self._engine.loop.call_later(self._engine.limits.linger, self._transport.abort)

    def end(self) -> None:
        """The server stops: come again."""
        self.send(goodbye(WSCloseCode.GOING_AWAY))
        self.flush()
        self._engine.lost(self)
        self._transport.close()

    # --- what comes in --------------------------------------------------------------------------

    def feed_data(self, message: Any, _: int) -> None:
        """A whole message, from the parser."""
        kind, data, _ = message
        if kind is not TEXT:
            self._control(kind, data)
        elif self.cut:
            return
        elif not self._bucket.take():
            self._engine.cut_off(self, "too_fast")
        elif self._busy:
            self._wait(data)
        else:
            start, _, rest = data.partition(b",")
            event = self._engine.plain.get(start)
            if event is not None and self.seated and rest[-1:] == b"]":
                # Nothing is to be acknowledged: most by far.
                answer = self._engine.heard(self.sid, event, rest[:-1])
                if not isinstance(answer, int):
                    self._answer(b"", answer)
            else:
                self._packet(data)

    def set_exception(self, wrong: BaseException, _: object = None) -> None:
        """What came is no WebSocket frame of ours; from the parser too."""
        code = int(wrong.code if isinstance(wrong, WebSocketError) else WSCloseCode.PROTOCOL_ERROR)
        self._engine.cut_off(self, "too_big" if code == 1009 else "malformed", code)

    def _control(self, kind: WSMsgType, data: bytes) -> None:
        if kind is CLOSE:
            if not self.cut:
                self.close(WSCloseCode.OK)
            self.flush()
            self._transport.close()
        elif self.cut:
            return
        elif kind is BINARY:
            self._engine.cut_off(self, "binary")
        elif not self._bucket.take():
            self._engine.cut_off(self, "too_fast")
        elif kind is PING:
            self.write(pack("!BB", 0x8A, len(data)) + data)

    def _wait(self, data: bytes) -> None:
        if self._backlog is None:
            self._backlog = deque()
        self._backlog.append(data)
        if len(self._backlog) == BACKLOG:
            self._transport.pause_reading()

    def _packet(self, data: bytes) -> None:
        """One Engine.IO packet: CLOSE, PONG, or a Socket.IO packet."""
        head = data[:2]
        if head == b"42":
            self._event(data)
        elif head == b"3" and len(data) == 1:
            self.unanswered = False
        elif head == b"40":
            self._connect(data)
        elif head == b"41":
            self._disconnect(data)
        elif head == b"1" and len(data) == 1:
            self.close(WSCloseCode.OK)
        elif head in (b"45", b"46"):
            self._engine.cut_off(self, "binary")
        elif head != b"43":
            self._engine.cut_off(self, "malformed")
        elif data[2:3] == b"/":
            self._to_library(data)

    def _connect(self, data: bytes) -> None:
        if data[2:3] == b"/":
            self._to_library(data)
        elif self.seated:
            self._engine.cut_off(self, "connect_twice")
        else:
            self._work(self._enter(data[2:]))

    async def _enter(self, auth: bytes) -> None:
        door = self._engine.door
        refused = await door.connect(self.sid, auth, self._welcome)
        if refused is None:
            return
        if self.seated:
            self.leave()
        else:
            told = {"message": refused.message, "data": {"code": refused.code}}
            self.write(text(b"44" + encode(told)))

    def _welcome(self) -> None:
        self.seated = True
        self._engine.inside(self)
        self.send(text(b'40{"sid":"%b"}' % self.sid.encode()))

    def _disconnect(self, data: bytes) -> None:
        if data[2:3] == b"/":
            self._to_library(data)
        elif len(data) > 2:
            self._engine.cut_off(self, "malformed")
        elif self.seated:
            self._unseat()

    def leave(self) -> None:
        """Out of the namespace `/`, by the server's will."""
        if self.seated:
            self.write(DISCONNECT)
            self._unseat()

    def _unseat(self) -> None:
        self.seated = False
        self._engine.outside(self)
        self._engine.own(self._engine.door.gone(self.sid))

    def _event(self, data: bytes) -> None:
        """`42`, the acknowledgement's number if one is wanted, `["name",{…}]`."""
        start = data.find(b'["', 2, 24)
        stop = data.find(b'"', start + 2, start + 34)
        event = self._engine.door.names.get(data[start + 2 : stop])
        number, behind = data[2:start], data[stop + 1 : stop + 2]
        if event is None or data[-1:] != b"]" or (number and not number.isdigit()):
            self._odd_event(data)
        elif behind == b",":
            self._ask(number, event, data[stop + 2 : -1])
        elif stop + 2 == len(data):
            self._ask(number, event, b"{}")
        else:
            self._odd_event(data)

    def _odd_event(self, data: bytes) -> None:
        """Not as standard clients write it: another namespace's, or one to refuse."""
        if data[2:3] == b"/":
            self._to_library(data)
            return
        number, bracket, rest = data[2:].partition(b"[")
        try:
            parts = _parts.decode(bracket + rest)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            parts = []
        event = self._engine.door.names.get(bytes(parts[0])[1:-1]) if parts else None
        if not parts or (number and not number.isdigit()):
            self._engine.cut_off(self, "malformed")
        elif event is None:
            self._engine.cut_off(self, "unknown_event")
        else:
            # More than one payload is none: whatever wants fields refuses it.
            self._ask(number, event, bytes(parts[1]) if len(parts) == 2 else b"null")

    def _ask(self, number: bytes, event: str, payload: bytes) -> None:
        if self.seated:
            self._answer(number, self._engine.heard(self.sid, event, payload))

    def _answer(self, number: bytes, answer: int | Answer | Awaitable[Answer]) -> None:
        if isinstance(answer, int):
            if number:
                self.write(ack_frame(number, Accepted(version=answer)))
        elif isinstance(answer, Refused | Accepted):
            if number:
                self.write(ack_frame(number, answer))
        else:
            self._work(self._answer_later(number, answer))

    async def _answer_later(self, number: bytes, answer: Awaitable[Answer]) -> None:
        given = await answer
        if number:
            self.write(ack_frame(number, given))

    def _to_library(self, data: bytes) -> None:
        try:
            packet = data[1:].decode()
        except UnicodeDecodeError:
            self._engine.cut_off(self, "malformed")
        else:
            self.abroad = True
            self._work(self._engine.library.take(self.sid, packet))

    # --- one after the other --------------------------------------------------------------------

    def _work(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this; what comes meanwhile waits."""
        self._busy = True
        self._engine.own(self._until_done(work))

    async def _until_done(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:
            log.exception("packet_failed")
            self._engine.cut_off(self, "failed")
        finally:
            self._busy = False
            self._go_on()

    def _go_on(self) -> None:
        waiting = self._backlog
        while waiting and not self._busy and not self.cut:
            self._packet(waiting.popleft())
        if waiting is not None and not waiting and not self.cut:
            self._backlog = None
            self._transport.resume_reading()


# --- all sockets ----------------------------------------------------------------------------------


class Engine:
    """All sessions of this process: their limits, their pings, their ends."""

    library: Library

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.sessions: dict[str, Session] = {}
        #: Sockets cut, or not let in, by reason.
        self.cut: Counter[str] = Counter()
        self._pending: Counter[str] = Counter()
        self._slots: list[dict[Session, None]] = [{} for _ in range(SLOTS)]
        self._slot = 0
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        #: Who is spoken to in this turn of the loop.
        self._spoken_to: list[Session] = []
        self._door: Door
        #: The door's.
        self.heard: Callable[[str, str, bytes], int | Answer | Awaitable[Answer]]
        #: What the door hears, by how its packet begins when no acknowledgement is wanted.
        self.plain: Mapping[bytes, str] = {}
        self._hello = (
            b'{"sid":"%%b","upgrades":[],"pingInterval":%d,"pingTimeout":%d,"maxPayload":%d}'
            % (limits.ping_interval * 1000, limits.ping_timeout * 1000, limits.message_bytes)
        )

    @property
    def door(self) -> Door:
        return self._door

    @door.setter
    def door(self, door: Door) -> None:
        self._door = door
        self.heard = door.heard
        self.plain = {b'42["%b"' % written: name for written, name in door.names.items()}

    @cached_property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Of the first connection, and of all: asked for in each turn of it."""
        return asyncio.get_running_loop()

    # --- coming and going -----------------------------------------------------------------------

    def full(self, address: str) -> bool:
        """Whether one more socket of this address is one too many."""
        reason = ""
        if len(self.sessions) >= self.limits.sockets:
            reason = "full"
        elif self._pending[address] >= self.limits.pending_per_address:
            reason = "pending"
        if reason:
            self.cut[reason] += 1
        return bool(reason)

    def open(self, transport: asyncio.Transport, address: str, answer: bytes) -> Session:
        """A WebSocket from now on; `answer`: the 101, sent with Engine.IO's first packet."""
        session = Session(self, transport, address)
        self.sessions[session.sid] = session
        session.slot = self._slot
        self._slots[session.slot][session] = None
        if self._timer is None:
            self._timer = self.loop.call_later(self.limits.ping_interval / SLOTS, self._ping)
        transport.set_write_buffer_limits(high=self.limits.buffer_bytes)
        transport.set_protocol(session)
        session.send(answer + text(b"0" + self._hello % session.sid.encode()))
        self.outside(session)
        return session

    def lost(self, session: Session) -> None:
        """The connection is no more, or only there to say goodbye."""
        session.cut = True
        if self.sessions.pop(session.sid, None) is None:
            return
        del self._slots[session.slot][session]
        self.inside(session)
        if session.seated:
            session.seated = False
            self.own(self.door.gone(session.sid))
        if session.abroad:
            self.own(self.library.lost(session.sid))

    def outside(self, session: Session) -> None:
        """In no namespace: it has so many seconds to enter one."""
        if session.seated or session.elsewhere or session.deadline or session.cut:
            return
        self._pending[session.address] += 1
        session.deadline = self.loop.call_later(
            self.limits.connect_deadline, self.cut_off, session, "deadline"
        )

    def inside(self, session: Session) -> None:
        if session.deadline is None:
            return
        session.deadline.cancel()
        session.deadline = None
        self._pending[session.address] -= 1
        if self._pending[session.address] <= 0:
            del self._pending[session.address]

    def cut_off(self, session: Session, why: str, code: int = WSCloseCode.POLICY_VIOLATION) -> None:
        """Close the socket; why is counted, and logged without what it carried."""
        if session.cut:
            return
        self.cut[why] += 1
        log.info("socket_cut", reason=why)
        session.close(code)

    def _ping(self) -> None:
        """One group of sockets; each comes round once per interval."""
        self._slot = (self._slot + 1) % SLOTS
        for session in list(self._slots[self._slot]):
            if session.unanswered:
                self.cut_off(session, "ping_timeout")
            else:
                session.unanswered = True
                session.write(ENGINE_PING)
        self._timer = self.loop.call_later(self.limits.ping_interval / SLOTS, self._ping)

    # --- what goes out --------------------------------------------------------------------------

    def say(self, sid: str, event: str, body: bytes) -> None:
        """To the holder of a seat in `/`."""
        session = self.sessions.get(sid)
        if session is not None and session.seated:
            session.send(event_frame(event, body))

    def later(self, session: Session) -> None:
        """Flush it when this turn of the loop has heard everybody.

        A write wakes who reads it: all after another wake fewer than one between two that are heard
        (docs/decisions/0021-a-fast-path.md), and several to one socket are one.
        """
        if not self._spoken_to:
            self.loop.call_soon(self._flush)
        self._spoken_to.append(session)

    def _flush(self) -> None:
        spoken_to, self._spoken_to = self._spoken_to, []
        for session in spoken_to:
            session.flush()

    def close(self, sid: str) -> None:
        """Out of `/`, with Socket.IO's word for it."""
        session = self.sessions.get(sid)
        if session is not None:
            session.leave()

    # --- tasks ----------------------------------------------------------------------------------

    def own(self, work: Coroutine[Any, Any, None]) -> None:
        """A task that ends with this engine at the latest."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Everybody is told to come again; what is being done is finished."""
        if self._timer is not None:
            self._timer.cancel()
        for session in list(self.sessions.values()):
            session.end()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2)
