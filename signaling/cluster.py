"""The rooms of a service of several workers: each room is carried by one, whoever's socket asks.

`Cluster` is to everybody what `Rooms` is. A socket may sit in a room that another worker carries:
what it asks then crosses to the room's owner, and what is said to it crosses back. The owner is who
claimed the room first (Redis, atomically) and lives. When the line or a worker breaks, the sockets
that depended on it are closed: they come back within a second or two and find whole truth in a
snapshot, which no replay of half-lost messages would give.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Literal, NamedTuple, Protocol

import structlog
from msgspec import Raw
from msgspec.structs import replace

from .access import Access
from .bus import Bus
from .calls import Calls, Moved, Turns, unavailable
from .claims import SETTLE, Claims
from .crossing import (
    ALL,
    Answered,
    AnyCrossing,
    Ask,
    Call,
    Change,
    Changed,
    Close,
    Cut,
    Dismiss,
    Dropped,
    Forgotten,
    HandOver,
    Hello,
    Join,
    Meet,
    Online,
    Outside,
    Said,
    Shadow,
    SignedOut,
    Unreadable,
    Welcome,
    payload_of,
    written,
)
from .frames import encode
from .pace import Pace
from .peers import Peers
from .protocol import CLIENT_TO_SERVER, SERVER_TO_CLIENT, EndReason, InPerson, Message, Reception
from .room import NotAllowed, Occurrence, Room
from .rooms import Clock, Memory, Rooms, Witness
from .tally import Tally

log = structlog.get_logger()

#: Seconds between two tries to tell what could not be told.
LATER = 1.0
#: How often a room's owner is looked for, when it moves meanwhile.
TRIES = 3


class Server(Protocol):
    """What the server does at the word of another worker."""

    async def interrupted(self, room: str) -> None:
        """On the record of this room: the worker that carried it is gone."""

    def changed(self, kind: Change, identifier: str) -> None:
        """Tell those of this worker's whom it concerns; must not wait."""

    def signed_out(self, session: str) -> None: ...

    def consoles_lost(self, doctors: Collection[str]) -> None:
        """A worker is gone, and with it its rooms and the consoles of these doctors."""


class Guest(NamedTuple):
    """A socket of another worker, in a room of ours."""

    worker: str
    access: Access


class Announcing:
    """The witness of a cluster's own rooms: their changes reach the other workers first."""

    def __init__(self, witness: Witness, announce: Callable[[Room], None]) -> None:
        self._witness = witness
        self._announce = announce

    async def enter(self, access: Access) -> Memory:
        return await self._witness.enter(access)

    async def arrive(self, access: Access, come: Callable[[Memory], Sequence[Occurrence]]) -> None:
        await self._witness.arrive(access, come)

    async def record(self, room: str, occurrences: Sequence[Occurrence], by: Access | None) -> None:
        await self._witness.record(room, occurrences, by)

    def changed(self, room: Room) -> None:
        self._announce(room)
        self._witness.changed(room)


class Cluster(Rooms):
    """One worker's share of the rooms, and the way to those of the others.

    `first`: a whole service starts with this worker. `server`: set before the line is opened.
    Iterating gives the rooms that this worker carries; `get` knows those of the others too.
    """

    server: Server

    def __init__(
        self,
        witness: Witness,
        clock: Clock,
        grace: timedelta,
        tally: Tally | None = None,
        pace: Pace | None = None,
        *,
        bus: Bus,
        first: bool,
    ) -> None:
        super().__init__(Announcing(witness, self._announce), clock, grace, tally, pace)
        self._bus = bus
        self.first = first
        self._claims = Claims(bus, first=first)
        self._calls = Calls(bus.tell)
        self._turns = Turns()
        self._peers = Peers()
        #: Sockets (ours or a guest's) on their way in, and to which room.
        self._joining: dict[str, str] = {}
        #: Sockets of ours that sit elsewhere, and with which worker.
        self._away: dict[str, str] = {}
        #: Sockets of other workers that sit here.
        self._guests: dict[str, Guest] = {}
        #: Rooms whose change waits to leave: it leaves once, as the room is then.
        self._unsaid: set[str] = set()
        #: Médecins-conseils with a console here.
        self._consoles: set[str] = set()
        #: What the owner of a room could not be told from outside it.
        self._late: dict[tuple[str, type[Call]], Outside] = {}
        bus.listener = self

    @property
    def connected(self) -> bool:
        """New rooms can be carried, and those of other workers reached."""
        return self._claims.ready

    async def run(self) -> None:
        """Until cancelled."""
        try:
            await self._bus.run()
        finally:
            await self._turns.stop()

    # --- what Rooms does, wherever the room is --------------------------------------------------

    def get(self, room: str) -> Room | None:
        return super().get(room) or self._peers.room(room)

    async def enter(
        self,
        access: Access,
        sid: str,
        instance: str,
        *,
        here: Callable[[], bool],
        welcome: Callable[[], None],
    ) -> bool:
        self._joining[sid] = access.room
        try:
            if await self._owner(access.room) == self._bus.id:
                return await super().enter(access, sid, instance, here=here, welcome=welcome)
            # Its owner puts the arrival on record; the token is used up here.
            memory = await self._witness.enter(access)
        finally:
            self._joining.pop(sid, None)
        self.check_seat(access, memory, instance)
        if not here():
            return False
        welcome()
        await self.join(access, memory, sid, instance)
        return True

    async def join(self, access: Access, memory: Memory, sid: str, instance: str) -> None:
        """:raises NotAllowed: « unavailable »: the room is elsewhere, and cannot be reached now."""
        self._joining[sid] = access.room
        call = Join(access=access, memory=memory, sid=sid, instance=instance)
        try:
            for _ in range(TRIES):
                owner = await self._owner(access.room)
                if sid not in self._joining:
                    # Gone while we looked; nobody would ever empty that seat.
                    return
                if owner == self._bus.id:
                    await super().join(access, memory, sid, instance)
                    return
                if await self._sit(owner, call):
                    return
        finally:
            self._joining.pop(sid, None)
        raise unavailable()

    async def _sit(self, owner: str, join: Join) -> bool:
        """Whether that worker carries the room; if so, the socket has its seat there."""
        # From now on, since the snapshot comes before the answer.
        self._away[join.sid] = owner
        try:
            await self._calls.ask(owner, join)
        except Moved:
            self._away.pop(join.sid, None)
            self._peers.not_there(join.access.room, owner)
            return False
        except NotAllowed:
            self._leave(join.sid)
            raise
        return True

    def ask(self, access: Access, sid: str, event: str, payload: Message) -> int | Awaitable[int]:
        owner = self._away.get(sid)
        if owner is None:
            return super().ask(access, sid, event, payload)
        call = Ask(sid=sid, event=event, payload=written(payload))
        return self._asked_far(self._calls.ask(owner, call))

    async def _asked_far(self, answer: Awaitable[int]) -> int:
        try:
            return await answer
        except Moved:
            raise unavailable() from None

    async def dropped(self, access: Access, sid: str) -> None:
        self._joining.pop(sid, None)
        if not self._leave(sid):
            await super().dropped(access, sid)

    def _leave(self, sid: str) -> bool:
        """Whether it sat with another worker, who is told that it is gone."""
        owner = self._away.pop(sid, None)
        if owner is not None:
            self._bus.tell(owner, Dropped(sid=sid))
        return owner is not None

    async def close(
        self,
        room_id: str,
        by: Literal["assure", "medecin_conseil", "service"],
        reason: EndReason,
        at: datetime,
    ) -> None:
        await self._carry(Close(room=room_id, by=by, reason=reason, at=at))

    async def meet(self, room_id: str, in_person: InPerson | None) -> None:
        if self.get(room_id) is not None:
            await self._carry(Meet(room=room_id, in_person=in_person))

    async def hand_over(self, room_id: str, to: str, reception: Reception) -> None:
        await self._carry(HandOver(room=room_id, to=to, reception=reception))

    async def dismiss(self, room_id: str, invitation: str) -> None:
        if self.get(room_id) is not None:
            await self._carry(Dismiss(room=room_id, invitation=invitation))

    async def beat(self) -> None:
        await super().beat()
        for room in self._claims.owned - self._rooms.keys():
            if await self._claims.release(room, partial(self._unused, room)):
                self._bus.tell(ALL, Forgotten(room=room))

    def _unused(self, room: str) -> bool:
        return room not in self._rooms and room not in self._joining.values()

    def _say(self, sid: str, event: str, body: bytes) -> None:
        guest = self._guests.get(sid)
        if guest is None:
            super()._say(sid, event, body)
        else:
            self._bus.tell(guest.worker, Said(sid=sid, event=event, payload=Raw(body)))

    def _close(self, sid: str) -> None:
        guest = self._guests.get(sid)
        if guest is None:
            super()._close(sid)
        else:
            self._bus.tell(guest.worker, Cut(sid=sid))

    # --- whose room it is -----------------------------------------------------------------------

    async def _owner(self, room: str) -> str:
        """The worker that carries it: this one, if nobody did.

        :raises NotAllowed: it cannot be found out now.
        """
        known = self._peers.owner(room)
        if known is not None and room not in self._claims.owned:
            return known
        owner = await self._claims.owner(room)
        if owner == self._bus.id:
            await self._claims.tell_taken(room, self.server.interrupted)
        return owner

    async def _carry(self, message: Outside) -> None:
        """It is on record already: if it cannot be told now, it is told later."""
        try:
            await self._deliver(message)
        except Exception:
            log.warning("told_later", telecontrole=message.room)
            self._late[message.room, type(message)] = message
            if not self._turns.busy("late"):
                self._turns.then("late", self._carry_late())

    async def _carry_late(self) -> None:
        while self._late:
            await asyncio.sleep(LATER)
            for key, message in list(self._late.items()):
                with suppress(Exception):
                    await self._deliver(message)
                    self._late.pop(key, None)

    async def _deliver(self, message: Outside) -> None:
        for _ in range(TRIES):
            owner = await self._owner(message.room)
            if owner == self._bus.id:
                await self._do(message)
                return
            try:
                await self._calls.ask(owner, message)
            except Moved:
                self._peers.not_there(message.room, owner)
            else:
                return
        raise unavailable()

    async def _do(self, message: Outside) -> None:
        if isinstance(message, Close):
            await super().close(message.room, message.by, message.reason, message.at)
        elif isinstance(message, HandOver):
            await super().hand_over(message.room, message.to, message.reception)
        elif isinstance(message, Dismiss):
            await super().dismiss(message.room, message.invitation)
        else:
            await super().meet(message.room, message.in_person)

    # --- a call from another worker -------------------------------------------------------------

    def _join_asked(self, sender: str, join: Join) -> None:
        self._turns.then(join.sid, self._answer(sender, join.call, self._seat(sender, join)))

    async def _seat(self, sender: str, join: Join) -> int:
        room, sid = join.access.room, join.sid
        self._joining[sid] = room
        try:
            if await self._owner(room) != self._bus.id:
                raise Moved
            self._guests[sid] = Guest(sender, join.access)
            await super().join(join.access, join.memory, sid, join.instance)
        except BaseException:
            self._guests.pop(sid, None)
            raise
        finally:
            self._joining.pop(sid, None)
        return 0

    def _asked(self, sender: str, ask: Ask) -> None:
        """What is only relayed is done at once, as for a socket of ours."""
        if self._turns.busy(ask.sid):
            done: int | Awaitable[int] = self._do_asked(sender, ask)
        else:
            try:
                done = self._do_ask(sender, ask)
            except NotAllowed as refused:
                self._refuse(sender, ask.call, refused)
                return
        if isinstance(done, int):
            self._bus.tell(sender, Answered(call=ask.call, version=done))
        else:
            self._turns.then(ask.sid, self._answer(sender, ask.call, done))

    async def _do_asked(self, sender: str, ask: Ask) -> int:
        done = self._do_ask(sender, ask)
        return done if isinstance(done, int) else await done

    def _do_ask(self, sender: str, ask: Ask) -> int | Awaitable[int]:
        guest = self._guests.get(ask.sid)
        if guest is None or guest.worker != sender:
            raise NotAllowed("not_seated", "Cette page n'occupe plus ce rendez-vous.")
        payload = payload_of(ask.payload, ask.event, CLIENT_TO_SERVER)
        return super().ask(guest.access, ask.sid, ask.event, payload)

    def _outside(self, sender: str, message: Outside) -> None:
        work = self._answer(sender, message.call, self._done_here(message))
        self._turns.then(f"outside {message.room}", work)

    async def _done_here(self, message: Outside) -> int:
        if await self._owner(message.room) != self._bus.id:
            raise Moved
        await self._do(message)
        return 0

    async def _answer(self, to: str, call: int, work: Awaitable[int]) -> None:
        try:
            version = await work
        except Moved:
            self._bus.tell(to, Answered(call=call, moved=True))
        except NotAllowed as refused:
            self._refuse(to, call, refused)
        except Exception:
            log.exception("call_failed")
            self._refuse(to, call, unavailable())
        else:
            self._bus.tell(to, Answered(call=call, version=version))

    def _refuse(self, to: str, call: int, refused: NotAllowed) -> None:
        self._bus.tell(to, Answered(call=call, code=refused.code, message=refused.message))

    def _guest_left(self, sender: str, message: Dropped) -> None:
        self._turns.then(message.sid, self._empty(message.sid, sender))

    async def _empty(self, sid: str, worker: str) -> None:
        guest = self._guests.get(sid)
        if guest is not None and guest.worker == worker:
            await super().dropped(guest.access, sid)
            self._guests.pop(sid, None)

    # --- said by the owner of a room to a socket of ours ----------------------------------------

    def _said(self, sender: str, said: Said) -> None:
        if self._away.get(said.sid) == sender:
            message = payload_of(said.payload, said.event, SERVER_TO_CLIENT)
            super()._say(said.sid, said.event, encode(message))

    def _cut(self, sender: str, cut: Cut) -> None:
        if self._away.get(cut.sid) == sender:
            super()._close(cut.sid)

    # --- what all tell all ----------------------------------------------------------------------

    def _announce(self, room: Room) -> None:
        if self._peers and room.id not in self._unsaid:
            self._unsaid.add(room.id)
            if not self._bus.tell(ALL, partial(self._shadow, room.id)):
                self._unsaid.discard(room.id)

    def _shadow(self, room_id: str) -> Shadow | None:
        self._unsaid.discard(room_id)
        room = self._rooms.get(room_id)
        return Shadow(room=replace(room, mail=None, pairs=())) if room else None

    @property
    def consoles(self) -> frozenset[str]:
        """Médecins-conseils with a console of this worker."""
        return frozenset(self._consoles)

    def online(self, doctor: str) -> bool:
        """A console of theirs is connected, here or elsewhere."""
        return doctor in self._consoles or bool(self._peers.with_console_of(doctor))

    def console(self, doctor: str, here: bool) -> None:  # noqa: FBT001 — what is told
        """The first console of theirs came here, or the last one left."""
        if here != (doctor in self._consoles):
            self._consoles.symmetric_difference_update({doctor})
            self._bus.tell(ALL, Online(doctor=doctor, here=here))

    def changed(self, kind: Change, identifier: str, doctor: str) -> None:
        """Tell whoever it concerns on the other workers: their consoles, or (`doctor`) whoever
        waits for this médecin-conseil."""
        to = [ALL] if kind == "doctor" else self._peers.with_console_of(doctor)
        for worker in to:
            self._bus.tell(worker, Changed(kind=kind, id=identifier))

    def sign_out(self, session: str) -> None:
        self._bus.tell(ALL, SignedOut(session=session))

    # --- the line -------------------------------------------------------------------------------

    async def up(self) -> None:
        """:raises BusDown:"""
        if self._claims.broken_before:
            self._show_days_again()
        for lost in await self._claims.again():
            self._lose(lost)
        self._bus.tell(ALL, Hello(doctors=sorted(self._consoles)))
        for room in self:
            self._bus.tell(ALL, partial(self._shadow, room.id))

    def _lose(self, room_id: str) -> None:
        """Another worker took it while we were thought dead; its people go there too."""
        room = self._rooms.pop(room_id, None)
        self._pace.forget(room_id)
        for sid in [place.sid for place in room.seats] if room else ():
            if sid is not None:
                self._close(sid)

    def down(self) -> None:
        """The rooms of ours go on; whoever sits elsewhere has to come back."""
        self._claims.broken()
        self._unsaid.clear()
        self._calls.give_up_all()
        self._part(self._peers.all())

    def _part(self, workers: Sequence[str]) -> None:
        """Nothing that was said between us and them counts any more."""
        for sid, owner in list(self._away.items()):
            # Who is on the way in is looked after there.
            if owner in workers and sid not in self._joining:
                super()._close(sid)
        for sid, guest in list(self._guests.items()):
            if guest.worker in workers:
                self._turns.then(sid, self._empty(sid, guest.worker))

    def others(self) -> Iterable[str]:
        return self._peers.all()

    def dead(self, worker: str) -> None:
        if not self._claims.settled or worker not in self._peers:
            return
        log.warning("worker_gone")
        doctors = self._peers.forget(worker)
        self._calls.give_up(worker)
        self._part([worker])
        self.server.consoles_lost(doctors)

    def undelivered(self, to: str, message: AnyCrossing) -> None:
        self.dead(to)
        self._calls.give_up(to)

    def _show_days_again(self) -> None:
        """What changed meanwhile on other workers was not heard here."""
        if not self._turns.busy("days"):
            self._turns.then("days", self._days_shown())

    async def _days_shown(self) -> None:
        # When whoever comes back has told its rooms.
        await asyncio.sleep(SETTLE)
        for doctor in self.consoles:
            self.server.changed("day", doctor)

    def _hello(self, sender: str, hello: Hello) -> None:
        if sender in self._peers:
            self._show_days_again()
        self._calls.give_up(sender)
        self._part([sender])
        self._met(sender, hello)
        self._bus.tell(sender, Welcome(doctors=sorted(self._consoles)))
        for room in self:
            self._bus.tell(sender, partial(self._shadow, room.id))

    def _met(self, sender: str, told: Hello | Welcome) -> None:
        for doctor in self._peers.met(sender, told.doctors):
            self.server.changed("doctor", doctor)

    def heard(self, sender: str, message: AnyCrossing) -> None:
        if sender not in self._peers and not isinstance(message, (Hello, Welcome)):
            log.warning("bus_message_refused", reason="stranger")
            return
        try:
            self._hear(sender, message)
        except Unreadable as wrong:
            log.warning("bus_message_refused", reason=str(wrong))

    def _hear(self, sender: str, message: AnyCrossing) -> None:  # noqa: C901, PLR0912 — a table
        match message:
            case Hello():
                self._hello(sender, message)
            case Welcome():
                self._met(sender, message)
            case Shadow():
                self._peers.told(sender, message.room)
            case Forgotten():
                self._peers.not_there(message.room, sender)
            case Online():
                self._peers.console(sender, message.doctor, here=message.here)
            case Changed():
                self.server.changed(message.kind, message.id)
            case SignedOut():
                self.server.signed_out(message.session)
            case Join():
                self._join_asked(sender, message)
            case Ask():
                self._asked(sender, message)
            case Dropped():
                self._guest_left(sender, message)
            case Close() | Meet() | HandOver() | Dismiss():
                self._outside(sender, message)
            case Answered():
                self._calls.answered(sender, message)
            case Said():
                self._said(sender, message)
            case Cut():
                self._cut(sender, message)
