"""python-socketio over the fast path's sockets: every namespace but `/`.

It is kept for what it is good at: namespaces, rooms of many sockets, emits from the rest of the
server, several nodes. Its Engine.IO side is our Engine, through the seam that it has for that
(`_engineio_server_class`); what a client may name is checked before it gets to see it
(docs/threat-model.md, rows F1 to F6). The methods overridden here are its own affair, so its
version is pinned and tests/signaling/test_transport.py is the contract.
"""

import secrets
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec
import socketio
import structlog
from aiohttp import web

from .frames import text
from .front import AddressOf, Entrance, FrontSite, taken_over
from .limits import Limits
from .namespace import ConsoleNamespace, RoomNamespace
from .transport import Engine

log = structlog.get_logger()


class Codec:
    """JSON by msgspec: bounded depth, no NaN, structs written as they are."""

    @staticmethod
    def dumps(value: object, **_: object) -> str:
        return msgspec.json.encode(value).decode()

    @staticmethod
    def loads(data: str | bytes, **_: object) -> object:
        return msgspec.json.decode(data)


class Seam:
    """Our Engine, as python-socketio asks things of its Engine.IO server."""

    async_mode = "aiohttp"

    def __init__(self, engine: Engine, **_: object) -> None:
        self._engine = engine

    def on(self, event: str, handler: object) -> None:
        """It is called by name: `Library` below."""

    def generate_id(self) -> str:
        return secrets.token_urlsafe(15)

    async def send(self, eio_sid: str, data: str) -> None:
        session = self._engine.sessions.get(eio_sid)
        if session is not None:
            session.write(text(b"4" + data.encode()))

    async def send_packet(self, eio_sid: str, packet: Any) -> None:
        session = self._engine.sessions.get(eio_sid)
        if session is not None:
            session.write(text(packet.encode().encode()))

    async def disconnect(self, eio_sid: str) -> None:
        session = self._engine.sessions.get(eio_sid)
        if session is not None and not session.cut:
            session.close(1000)


class SocketServer(socketio.AsyncServer):
    """All sockets: `/` on the fast path, the others through the library.

    `events`: per namespace, the event names a client may send. `origins`: of the pages that may
    connect, each by its name. `address_of`: the client's address.
    """

    def __init__(
        self,
        *,
        limits: Limits,
        events: Mapping[str, Collection[str]],
        origins: list[str],
        address_of: AddressOf,
        client_manager: object = None,
    ) -> None:
        self.limits = limits
        self.engine = Engine(limits)
        self.engine.library = self
        self._events = events
        self._entrance = Entrance("/socket.io/", frozenset(origins), address_of)
        self._seam = Seam(self.engine)
        super().__init__(
            client_manager=client_manager,
            async_mode="aiohttp",
            async_handlers=False,
            json=Codec,
            logger=False,
            engineio_logger=False,
        )

    def _engineio_server_class(self) -> Callable[..., Seam]:
        return lambda **_: self._seam

    # --- for the application --------------------------------------------------------------------

    def register_namespace(self, namespace: RoomNamespace | ConsoleNamespace) -> None:
        if isinstance(namespace, RoomNamespace):
            namespace.attach(self.engine)
            self.engine.door = namespace
        else:
            super().register_namespace(namespace)

    def attach(self, app: web.Application) -> None:
        """Answer what aiohttp gets of the path: the rare upgrade, and refusals."""

        async def answer(request: web.Request) -> web.Response:
            return taken_over(request, self.engine, self._entrance)

        app.router.add_route("*", self._entrance.path, answer)

    def site(self, runner: web.AppRunner, bound: Any, **options: Any) -> FrontSite:
        """Where the service listens."""
        return FrontSite(runner, bound, self.engine, self._entrance, **options)

    @property
    def cut(self) -> Mapping[str, int]:
        return self.engine.cut

    async def stopped(self) -> None:
        await self.engine.stop()

    # --- what a socket sends to another namespace -----------------------------------------------

    async def take(self, sid: str, packet: str) -> None:
        if sid not in self.environ:
            await self._handle_eio_connect(sid, {})
        try:
            await self._handle_eio_message(sid, packet)
        except Exception as wrong:
            # A malformed packet raises ValueError, RecursionError, TypeError… ; its text is
            # the client's and does not go to the log.
            log.info("packet_refused", error=type(wrong).__name__)
            self.cut_off(sid, "malformed")

    async def lost(self, sid: str) -> None:
        await self._handle_eio_disconnect(sid, self.reason.TRANSPORT_CLOSE)

    def cut_off(self, sid: str, why: str) -> None:
        session = self.engine.sessions.get(sid)
        if session is not None:
            self.engine.cut_off(session, why)

    # --- python-socketio's own steps ------------------------------------------------------------

    async def _handle_connect(self, eio_sid: str, namespace: str | None, data: object) -> None:
        name = namespace or "/"
        if self.manager.sid_from_eio_sid(eio_sid, name) is not None:
            self.cut_off(eio_sid, "connect_twice")
            return
        await super()._handle_connect(eio_sid, namespace, data)
        sid = self.manager.sid_from_eio_sid(eio_sid, name)
        if sid is None:
            return
        session = self.engine.sessions.get(eio_sid)
        if session is None:
            # Gone while its token was looked at, when python-socketio did not count it yet.
            await super()._handle_disconnect(eio_sid, name, self.reason.TRANSPORT_CLOSE)
            return
        session.elsewhere |= {name}
        self.engine.inside(session)
        # Only now has CONNECT been answered, so that what is emitted here is not lost.
        await self._trigger_event("opened", name, sid)

    async def _handle_disconnect(
        self, eio_sid: str, namespace: str | None, reason: str | None = None
    ) -> None:
        await super()._handle_disconnect(eio_sid, namespace, reason)
        self._left(eio_sid, namespace or "/")

    async def disconnect(self, sid: str, namespace: str | None = None, **options: Any) -> None:
        name = namespace or "/"
        eio_sid = self.manager.eio_sid_from_sid(sid, name)
        await super().disconnect(sid, namespace, **options)
        if eio_sid is not None:
            self._left(eio_sid, name)

    def _left(self, eio_sid: str, name: str) -> None:
        session = self.engine.sessions.get(eio_sid)
        if session is not None:
            session.elsewhere -= {name}
            self.engine.outside(session)

    async def _trigger_event(self, event: str, namespace: str, *args: Any) -> object:
        if event == "disconnect":
            # It may be found out in the middle of anything.
            self.engine.own(self._gone(namespace, *args))
            return None
        return await super()._trigger_event(event, namespace, *args)

    async def _gone(self, namespace: str, *args: Any) -> None:
        try:
            await super()._trigger_event("disconnect", namespace, *args)
        except Exception:
            log.exception("disconnect_failed", namespace=namespace)

    async def _handle_event(
        self, eio_sid: str, namespace: str | None, ack_id: int | None, data: object
    ) -> None:
        allowed = self._events.get(namespace or "/", ())
        if not isinstance(data, list) or not data or data[0] not in allowed:
            self.cut_off(eio_sid, "unknown_event")
            return
        await super()._handle_event(eio_sid, namespace, ack_id, data)
