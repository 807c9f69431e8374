"""Sockets <-> room: one door where each event is decoded, checked, asked, and answered.

What comes in becomes a Struct of protocol.py before anything else sees it, and what goes out is
encoded from one: no unchecked byte is relayed.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Protocol

import msgspec
import socketio
import structlog

from .access import Access, AccessRefused, Kind, Tokens
from .frames import Answer
from .protocol import (
    CLIENT_TO_SERVER,
    CONSOLE_TO_SERVER,
    Accepted,
    Auth,
    ConsoleAuth,
    Day,
    Delay,
    Entry,
    Message,
    Refused,
)
from .rights import CONSOLE_EVENTS
from .room import NotAllowed, wrong_role
from .rooms import Rooms
from .tally import Tally
from .transport import Engine

log = structlog.get_logger()

TOKEN_REFUSED = "Cet accès n'est plus valable. Rouvrez votre lien."  # noqa: S105
MALFORMED = Refused(code="malformed", message="Message incompréhensible.")
FAILED = Refused(code="unavailable", message="Le service n'a pas pu enregistrer. Réessayez.")
NOT_SEATED = Refused(code="not_seated", message=TOKEN_REFUSED)

#: Whatever a decoder may say of bytes that a stranger has sent.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_token_of = msgspec.json.Decoder(Auth)
_payload_of = {name: msgspec.json.Decoder(kind).decode for name, kind in CLIENT_TO_SERVER.items()}


def decoded(data: tuple[object, ...], wanted: type[Message]) -> Any:
    """The payload of an event that the library has read; no payload counts as an empty one.

    :raises msgspec.ValidationError: whatever is not as the protocol says.
    """
    if len(data) > 1:
        raise msgspec.ValidationError("one payload")
    return msgspec.convert(data[0] if data else {}, wanted, strict=True)


def refusal(wrong: Exception, namespace: str) -> Refused:
    """What a CONNECT that failed so is answered with."""
    if isinstance(wrong, NotAllowed):
        refused = Refused(code=wrong.code, message=wrong.message)
    elif isinstance(wrong, AccessRefused):
        refused = Refused(code=wrong.code, message=TOKEN_REFUSED)
    elif isinstance(wrong, UNREADABLE):
        refused = Refused(code="token_invalid", message=TOKEN_REFUSED)
    else:
        log.error("connection_failed", namespace=namespace, exc_info=wrong)
        return FAILED
    log.info("connection_refused", code=refused.code, namespace=namespace)
    return refused


def answer_to(wrong: Exception, event: str) -> Refused:
    """What an event that failed so is answered with."""
    if isinstance(wrong, UNREADABLE):
        return MALFORMED
    if isinstance(wrong, NotAllowed):
        return Refused(code=wrong.code, message=wrong.message)
    log.error("event_failed", sio_event=event, exc_info=wrong)
    return FAILED


class _Door:
    """What both namespaces share: a token at CONNECT, and who is behind which socket."""

    kind: ClassVar[Kind]

    def __init__(self, tokens: Tokens, tally: Tally | None) -> None:
        self._tokens = tokens
        self._tally = tally or Tally()
        self._who: dict[str, Access] = {}
        #: Their token is good, the server is still looking whether they may enter.
        self._coming: dict[str, Access] = {}

    @contextmanager
    def _looked_at(self, sid: str, token: str) -> Iterator[Access]:
        """Of a token that is good: whose it is, on their way in meanwhile.

        :raises AccessRefused: it is not.
        """
        access = self._tokens.verify(token, self.kind)
        self._coming[sid] = access
        try:
            yield access
        finally:
            self._coming.pop(sid, None)

    def _closed(self, wrong: Exception, namespace: str) -> Refused:
        refused = refusal(wrong, namespace)
        self._tally.refused(self.kind, refused.code)
        return refused

    def _refused(self, wrong: Exception, event: str) -> Refused:
        refused = answer_to(wrong, event)
        self._tally.answered(refused.code)
        return refused

    @property
    def connected(self) -> int:
        """How many sockets are in, all persons together."""
        return len(self._who)

    @property
    def sessions(self) -> set[str]:
        """The HTTP sessions that sockets were opened for."""
        return {who.session for who in self._who.values()}

    async def close_session(self, session: str) -> None:
        """Cut every socket that was opened for this HTTP session (logout, revocation), and those
        that are on their way in."""
        for sid in [sid for sid, who in self._coming.items() if who.session == session]:
            del self._coming[sid]
        for sid in [sid for sid, who in self._who.items() if who.session == session]:
            await self.cut(sid)

    async def cut(self, sid: str) -> None:
        raise NotImplementedError


class RoomNamespace(_Door):
    """Namespace `/`: one socket, one room, one seat, all three named by the token."""

    kind = "room"
    names: Mapping[bytes, str] = {name.encode(): name for name in CLIENT_TO_SERVER}
    sockets: Engine

    def __init__(self, tokens: Tokens, rooms: Rooms, tally: Tally | None = None) -> None:
        super().__init__(tokens, tally)
        self._rooms = rooms

    def attach(self, sockets: Engine) -> None:
        """Rooms speak to these."""
        self.sockets = sockets
        self._rooms.voice = sockets

    async def cut(self, sid: str) -> None:
        self.sockets.close(sid)

    @property
    def doctors(self) -> set[str]:
        """The HTTP sessions by which médecins-conseils are in a room."""
        return {who.session for who in self._who.values() if who.role == "medecin_conseil"}

    # --- Door, for the sockets ------------------------------------------------------------------

    async def connect(self, sid: str, auth: bytes, welcome: Callable[[], None]) -> Refused | None:
        since = self._tally.clock()
        try:
            given = _token_of.decode(auth)
            with self._looked_at(sid, given.token) as access:
                await self._enter(sid, access, given.instance, welcome)
        except Exception as wrong:
            return self._closed(wrong, "/")
        self._tally.joined(self.kind, since)
        return None

    async def _enter(
        self, sid: str, access: Access, instance: str, welcome: Callable[[], None]
    ) -> None:
        """:raises NotAllowed: the token is good, but the door stays closed."""

        def here() -> bool:
            # Neither signed out nor gone meanwhile.
            return sid in self._coming and sid in self.sockets.sessions

        def let_in() -> None:
            self._who[sid] = access
            welcome()

        if not await self._rooms.enter(access, sid, instance, here=here, welcome=let_in):
            await self._rooms.dropped(access, sid)
            raise NotAllowed("token_revoked", TOKEN_REFUSED)

    async def gone(self, sid: str) -> None:
        access = self._who.pop(sid, None)
        if access is not None:
            await self._rooms.dropped(access, sid)

    def heard(self, sid: str, event: str, payload: bytes) -> int | Answer | Awaitable[Answer]:
        """What is not recorded is answered at once."""
        self._tally.events_in[event] += 1
        access = self._who.get(sid)
        if access is None:
            return NOT_SEATED
        try:
            asked = self._rooms.ask(access, sid, event, _payload_of[event](payload))
        except Exception as wrong:
            return self._refused(wrong, event)
        return asked if isinstance(asked, int) else self._heard_later(event, asked)

    async def _heard_later(self, event: str, asked: Awaitable[int]) -> Answer:
        try:
            return Accepted(version=await asked)
        except Exception as wrong:
            return self._refused(wrong, event)


class Desk(Protocol):
    """What a console asks of the server."""

    async def enter_console(self, access: Access) -> None:
        """:raises NotAllowed: the session was revoked, or the token already used."""

    async def day(self, doctor: str) -> Day: ...

    async def announce_delay(self, doctor: str, minutes: int) -> None: ...

    async def console_opened(self, doctor: str) -> None: ...

    async def console_gone(self, doctor: str) -> None: ...


class ConsoleNamespace(_Door, socketio.AsyncNamespace):
    """Namespace `/console`: the day of one médecin-conseil, pushed as it changes."""

    kind = "console"

    def __init__(self, tokens: Tokens, desk: Desk, tally: Tally | None = None) -> None:
        _Door.__init__(self, tokens, tally)
        socketio.AsyncNamespace.__init__(self, "/console")
        self._desk = desk
        #: When CONNECT came of those who have not been shown their day yet.
        self._since: dict[str, float] = {}
        #: How many consoles each médecin-conseil has open.
        self._open: Counter[str] = Counter()

    async def trigger_event(self, event: str, *args: Any) -> object:
        """python-socketio's single entry. `connect`, `opened` and `disconnect` come from the
        library alone: SocketServer refuses them from a client."""
        sid = args[0]
        if event == "connect":
            await self._connect(sid, args[2] if len(args) > 2 else None)
            return True
        if event == "opened":
            await self._opened(sid)
            return None
        if event == "disconnect":
            self._since.pop(sid, None)
            access = self._who.pop(sid, None)
            if access is not None:
                self._open[access.subject] -= 1
                if not self._open[access.subject]:
                    del self._open[access.subject]
                await self._left(access)
            return None
        return await self._event(event, sid, args[1:])

    async def _connect(self, sid: str, auth: object) -> None:
        try:
            await self._entered(sid, msgspec.convert(auth, ConsoleAuth, strict=True))
        except Exception as wrong:
            refused = self._closed(wrong, "/console")
            raise socketio.exceptions.ConnectionRefusedError(
                refused.message, {"code": refused.code}
            ) from None
        self._open[self._who[sid].subject] += 1

    async def _entered(self, sid: str, given: ConsoleAuth) -> None:
        """:raises AccessRefused, NotAllowed: the door stays closed."""
        since = self._tally.clock()
        with self._looked_at(sid, given.token) as access:
            await self._desk.enter_console(access)
            if sid not in self._coming:
                await self._left(access)
                raise NotAllowed("token_revoked", TOKEN_REFUSED)
        self._who[sid] = access
        self._since[sid] = since

    async def _opened(self, sid: str) -> None:
        access = self._who.get(sid)
        if access is None:
            return
        try:
            await self.opened(sid, access)
        except Exception:
            log.exception("opening_failed", namespace=self.namespace)
            await self.cut(sid)

    async def _event(self, event: str, sid: str, data: tuple[object, ...]) -> Answer:
        self._tally.received(event)
        access = self._who.get(sid)
        if access is None:
            return NOT_SEATED
        try:
            if access.role not in CONSOLE_EVENTS.get(event, ()):
                raise wrong_role()
            return await self.asked(access, decoded(data, CONSOLE_TO_SERVER[event]))
        except Exception as wrong:
            return self._refused(wrong, event)

    async def cut(self, sid: str) -> None:
        await self.disconnect(sid)

    def online(self, doctor: str) -> bool:
        return self._open[doctor] > 0

    async def opened(self, sid: str, access: Access) -> None:
        await self.enter_room(sid, access.subject)
        await self.emit("day", await self._desk.day(access.subject), to=sid)
        self._tally.sent("day")
        since = self._since.pop(sid, None)
        if since is not None:
            self._tally.joined(self.kind, since)
        await self._desk.console_opened(access.subject)

    async def _left(self, access: Access) -> None:
        if not self.online(access.subject):
            await self._desk.console_gone(access.subject)

    async def asked(self, access: Access, payload: Delay) -> Answer:
        await self._desk.announce_delay(access.subject, payload.minutes)
        return Accepted()

    async def push(self, doctor: str, entry: Entry) -> None:
        self._tally.sent("entry")
        await self.emit("entry", entry, room=doctor)

    async def push_day(self, doctor: str) -> None:
        self._tally.sent("day")
        await self.emit("day", await self._desk.day(doctor), room=doctor)
