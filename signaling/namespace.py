"""Socket.IO <-> room: one door where each event is decoded, checked, asked, and answered.

The thin skin over python-socketio, which has no types: what comes in becomes a Struct of
protocol.py before anything else sees it, and what goes out is encoded from one.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec
import socketio
import structlog

from .access import Access, AccessRefused, Kind, Tokens
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
from .room import (
    NotAllowed,
    Room,
    Step,
    admit,
    answer,
    candidate,
    devices,
    end,
    leave,
    media,
    offer,
    renegotiate,
    send_back,
)
from .rooms import Memory, Rooms, Witness

log = structlog.get_logger()

Answer = Accepted | Refused

TOKEN_REFUSED = "Cet accès n'est plus valable. Rouvrez votre lien."  # noqa: S105
MALFORMED = Refused(code="malformed", message="Message incompréhensible.")
FAILED = Refused(code="unavailable", message="Le service n'a pas pu enregistrer. Réessayez.")


def decoded(data: tuple[object, ...], wanted: type[Message]) -> Any:
    """The event's payload as its type; no payload counts as an empty one.

    :raises msgspec.ValidationError: whatever is not as the protocol says.
    """
    if len(data) > 1:
        raise msgspec.ValidationError("one payload")
    return msgspec.convert(data[0] if data else {}, wanted, strict=True)


def refusal(wrong: NotAllowed | AccessRefused) -> socketio.exceptions.ConnectionRefusedError:
    """CONNECT_ERROR with a typed code in its data."""
    message = wrong.message if isinstance(wrong, NotAllowed) else TOKEN_REFUSED
    return socketio.exceptions.ConnectionRefusedError(message, {"code": wrong.code})


class _Door(socketio.AsyncNamespace):
    """What both namespaces share: CONNECT with a token, then events with an acknowledgement."""

    kind: Kind
    auth: type[Auth | ConsoleAuth]
    inbound: Mapping[str, type[Message]]

    def __init__(self, name: str, tokens: Tokens) -> None:
        super().__init__(name)
        self._tokens = tokens
        self._who: dict[str, Access] = {}
        #: Their token is good, the server is still looking whether they may enter.
        self._coming: dict[str, Access] = {}

    async def trigger_event(self, event: str, *args: Any) -> object:
        """python-socketio's single entry. `connect`, `opened` and `disconnect` come from the
        library alone: GuardedServer refuses them from a client."""
        if event == "connect":
            await self._connect(args[0], args[2] if len(args) > 2 else None)
            return True
        if event == "opened":
            await self._opened(args[0])
            return None
        if event == "disconnect":
            access = self._who.pop(args[0], None)
            if access is not None:
                await self.gone(args[0], access)
            return None
        return await self._event(event, args[0], args[1:])

    async def _connect(self, sid: str, auth: object) -> None:
        try:
            self._who[sid] = await self._entered(sid, auth)
        except msgspec.ValidationError:
            raise refusal(AccessRefused("token_invalid")) from None
        except (NotAllowed, AccessRefused) as wrong:
            log.info("connection_refused", code=wrong.code, namespace=self.namespace)
            raise refusal(wrong) from None
        except Exception:
            log.exception("connection_failed", namespace=self.namespace)
            raise refusal(NotAllowed(FAILED.code, FAILED.message)) from None

    async def _entered(self, sid: str, auth: object) -> Access:
        given = msgspec.convert(auth, self.auth, strict=True)
        access = self._tokens.verify(given.token, self.kind)
        self._coming[sid] = access
        try:
            await self.enter(sid, access, given)
            if sid not in self._coming:
                await self.gone(sid, access)
                raise NotAllowed("token_revoked", TOKEN_REFUSED)
        finally:
            self._coming.pop(sid, None)
        return access

    async def _opened(self, sid: str) -> None:
        access = self._who.get(sid)
        if access is None:
            return
        try:
            await self.opened(sid, access)
        except Exception:
            # Not on record means not in the room: the client tries again.
            log.exception("opening_failed", namespace=self.namespace)
            await self.disconnect(sid)

    async def _event(self, event: str, sid: str, data: tuple[object, ...]) -> Answer:
        access = self._who.get(sid)
        if access is None:
            return Refused(code="not_seated", message=TOKEN_REFUSED)
        try:
            return await self.asked(event, sid, access, decoded(data, self.inbound[event]))
        except msgspec.ValidationError:
            return MALFORMED
        except NotAllowed as refused:
            return Refused(code=refused.code, message=refused.message)
        except Exception:
            log.exception("event_failed", sio_event=event)
            return FAILED

    async def say(self, sid: str, event: str, message: Message) -> None:
        await self.emit(event, message, to=sid)

    async def close(self, sid: str) -> None:
        await self.disconnect(sid)

    async def close_session(self, session: str) -> None:
        """Cut every socket that was opened for this HTTP session (logout, revocation), and those
        that are on their way in."""
        for sid in [sid for sid, who in self._coming.items() if who.session == session]:
            del self._coming[sid]
        for sid in [sid for sid, who in self._who.items() if who.session == session]:
            await self.disconnect(sid)

    async def enter(self, sid: str, access: Access, given: Any) -> None:
        """:raises NotAllowed: the token is good, but the door stays closed."""
        raise NotImplementedError

    async def opened(self, sid: str, access: Access) -> None:
        raise NotImplementedError

    async def gone(self, sid: str, access: Access) -> None:
        raise NotImplementedError

    async def asked(self, event: str, sid: str, access: Access, payload: Any) -> Answer:
        raise NotImplementedError


class RoomNamespace(_Door):
    """Namespace `/`: one socket, one room, one seat, all three named by the token."""

    kind: Kind = "room"
    auth = Auth
    inbound = CLIENT_TO_SERVER

    def __init__(self, tokens: Tokens, rooms: Rooms, witness: Witness) -> None:
        super().__init__("/", tokens)
        self._rooms = rooms
        self._witness = witness
        self._entering: dict[str, tuple[Memory, str]] = {}
        rooms.voice = self

    async def enter(self, sid: str, access: Access, given: Auth) -> None:
        memory = await self._witness.enter(access)
        self._entering[sid] = (memory, given.instance)

    async def opened(self, sid: str, access: Access) -> None:
        memory, instance = self._entering.pop(sid)
        await self._rooms.join(access, memory, sid, instance)

    async def gone(self, sid: str, access: Access) -> None:
        self._entering.pop(sid, None)
        await self._rooms.dropped(access, sid)

    async def asked(self, event: str, sid: str, access: Access, payload: Any) -> Answer:
        verb = self._verb(event, access, payload)
        version = await self._rooms.do(access, sid, verb)
        if event == "renegotiate":
            await self._rooms.pass_on(access, event, payload)
        return Accepted(version=version)

    def _verb(self, event: str, access: Access, payload: Any) -> Callable[[Room], Step]:
        role, now = access.role, self._rooms.now()
        verbs: dict[str, Callable[[Room], Step]] = {
            "offer": lambda room: offer(room, role, payload),
            "answer": lambda room: answer(room, role, payload),
            "candidate": lambda room: candidate(room, role, payload),
            "renegotiate": lambda room: renegotiate(room, role),
            "admit": lambda room: admit(room, role, now),
            "send_back": lambda room: send_back(room, role),
            "end": lambda room: _ended_by_doctor(room, access, self._rooms),
            "leave": lambda room: leave(room, role, now),
            "devices": lambda room: devices(room, role, payload),
            "media": lambda room: media(room, role, payload),
        }
        return verbs[event]


def _ended_by_doctor(room: Room, access: Access, rooms: Rooms) -> Step:
    if access.role != "medecin_conseil":
        raise NotAllowed("wrong_role", "Seul le médecin-conseil termine le télécontrôle.")
    return end(room, "medecin_conseil", "ended", rooms.now())


class Desk(Protocol):
    """What a console asks of the server."""

    async def enter_console(self, access: Access) -> None:
        """:raises NotAllowed: the session was revoked, or the token already used."""

    async def day(self, doctor: str) -> Day: ...

    async def announce_delay(self, doctor: str, minutes: int) -> None: ...

    async def console_opened(self, doctor: str) -> None: ...

    async def console_gone(self, doctor: str) -> None: ...


class ConsoleNamespace(_Door):
    """Namespace `/console`: the day of one médecin-conseil, pushed as it changes."""

    kind: Kind = "console"
    auth = ConsoleAuth
    inbound = CONSOLE_TO_SERVER

    def __init__(self, tokens: Tokens, desk: Desk) -> None:
        super().__init__("/console", tokens)
        self._desk = desk

    def online(self, doctor: str) -> bool:
        return any(who.subject == doctor for who in self._who.values())

    async def enter(self, sid: str, access: Access, given: ConsoleAuth) -> None:
        await self._desk.enter_console(access)

    async def opened(self, sid: str, access: Access) -> None:
        await self.enter_room(sid, access.subject)
        await self.say(sid, "day", await self._desk.day(access.subject))
        await self._desk.console_opened(access.subject)

    async def gone(self, sid: str, access: Access) -> None:
        if not self.online(access.subject):
            await self._desk.console_gone(access.subject)

    async def asked(self, event: str, sid: str, access: Access, payload: Delay) -> Answer:
        await self._desk.announce_delay(access.subject, payload.minutes)
        return Accepted()

    async def push(self, doctor: str, entry: Entry) -> None:
        await self.emit("entry", entry, room=doctor)

    async def push_day(self, doctor: str) -> None:
        await self.emit("day", await self._desk.day(doctor), room=doctor)
