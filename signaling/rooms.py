"""All rooms of this process: one step at a time in each, on record before it is told."""

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    KeysView,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter
from typing import Literal, NamedTuple, Protocol

import structlog
from msgspec.structs import replace

from . import thirds
from .access import Access
from .frames import encode
from .pace import Pace
from .protocol import (
    Companion,
    EndReason,
    InPerson,
    Message,
    Phase,
    Reception,
    Removed,
    Replaced,
    Role,
    RoomState,
    SeatName,
    Snapshot,
    ThirdKind,
    ThirdRenegotiation,
    ThirdSeat,
    ThirdSignal,
)
from .room import (
    UNKNOWN,
    NotAllowed,
    Occurrence,
    Room,
    Step,
    drop,
    end,
    hand_over,
    join,
    meet,
    other,
    receive,
    wrong_role,
)
from .seats import Place, ThirdPlace
from .tally import Tally
from .verbs import TIMED_VERBS_OF, TIMED_VERBS_OF_THIRDS, VERBS_OF, VERBS_OF_THIRDS

log = structlog.get_logger()

Clock = Callable[[], datetime]

#: Rooms whose minute is put on record together.
BEATEN = 32


@dataclass(frozen=True, slots=True)
class Memory:
    """What the record remembers of a room that this process does not hold yet."""

    phase: Phase
    admitted_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: Literal["assure", "medecin_conseil", "service"] = "service"
    ended_why: EndReason = "ended"
    #: Seats whose holder was there and has not been seen to leave.
    lost: frozenset[Role] = frozenset()
    #: Since when, where it is known: the grace of a return counts from then.
    lost_since: Mapping[Role, datetime] = field(default_factory=dict)
    reception: Reception = UNKNOWN
    in_person: InPerson | None = None
    #: What they last said of who is with them.
    company: Mapping[Role, tuple[Companion, ...]] = field(default_factory=dict)
    #: Whose addresses the other never learns.
    apart: frozenset[SeatName] = frozenset()
    #: Who paused and has not resumed: a restart must not let anybody be seen.
    held: tuple[tuple[Role, datetime], ...] = ()
    #: Third participants who were there, as far as the record says.
    thirds: tuple[ThirdPlace, ...] = ()
    #: Of a third participant on the way in: what they are there for, and the seat they had.
    kind: ThirdKind | None = None
    seat: ThirdSeat | None = None


class Witness(Protocol):
    """Who remembers: signaling tells what happens, the server decides what it means."""

    async def enter(self, access: Access) -> Memory:
        """Take this token's single use and say what is known of its room.

        :raises NotAllowed: the token was used or revoked, or the room is not open now.
        """

    async def arrive(self, access: Access, come: Callable[[Memory], Sequence[Occurrence]]) -> None:
        """`enter`, and put on record what `come` makes of it: both or neither. It may be called
        more than once, changes nothing, and what it raises is raised here.

        :raises NotAllowed: as `enter` and `record` do.
        """

    async def record(self, room: str, occurrences: Sequence[Occurrence], by: Access | None) -> None:
        """Put on record; when it returns, the facts survive a crash.

        :raises NotAllowed: the domain does not allow what they say; nothing was recorded.
        """

    def changed(self, room: Room) -> None:
        """The room is now this; must not wait."""


class Voice(Protocol):
    """How a room speaks to sockets; neither waits."""

    def say(self, sid: str, event: str, body: bytes) -> None:
        """`body`: what is said, encoded: once, for whomever it is said to."""

    def close(self, sid: str) -> None: ...


@dataclass(slots=True)
class Turn:
    """Of one room: lives as long as somebody holds it or waits for it, and no longer."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    held: int = 0


class Arrival(NamedTuple):
    """What somebody who comes makes of a room. `before`: the room as it was, or is remembered."""

    before: Room
    step: Step


class Rooms:
    """Finds a room, applies a verb to it, has it recorded, then tells both sides.

    What goes on record takes its turn at the room's lock and waits for the record. What does not
    (all that is relayed) is done at once, unless somebody holds the lock.

    `grace`: how long a lost assuré may return without being admitted again.
    """

    def __init__(
        self,
        witness: Witness,
        clock: Clock,
        grace: timedelta,
        tally: Tally | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._witness = witness
        self._clock = clock
        self._grace = grace
        self._rooms: dict[str, Room] = {}
        self._held: dict[str, Turn] = {}
        #: Losses that the record could not take when they happened: at most one per seat.
        self._owed: dict[str, tuple[Occurrence, ...]] = {}
        self.voice: Voice | None = None
        self._tally = tally or Tally()
        self._pace = pace or Pace()

    def __iter__(self) -> Iterator[Room]:
        return iter(list(self._rooms.values()))

    @property
    def ids(self) -> KeysView[str]:
        """Of the rooms that this process carries."""
        return self._rooms.keys()

    def get(self, room: str) -> Room | None:
        return self._rooms.get(room)

    async def enter(
        self,
        access: Access,
        sid: str,
        instance: str,
        *,
        here: Callable[[], bool],
        welcome: Callable[[], None],
    ) -> bool:
        """Use the token up and seat this socket, on record as one; then `welcome`, and the snapshot
        before anything else reaches it.

        `here`: whether it is still there and wanted; who is not when it would be put on record
        takes no seat. False: it was, and is not any more; it has a seat to be dropped from.

        :raises NotAllowed: the record, or the rules, do not let it in.
        """
        arrivals: list[Arrival] = []

        def come(memory: Memory) -> Sequence[Occurrence]:
            if not here():
                raise NotAllowed("token_revoked", "Cet accès n'est plus attendu.")
            arrivals.append(self._arrival(access, memory, sid, instance))
            return (*self._owed.get(access.room, ()), *arrivals[-1].step.occurrences)

        async with self._turn(access.room):
            await self._witness.arrive(access, come)
            self._owed.pop(access.room, None)
            if still := here():
                welcome()
            self._seated(arrivals[-1], access, sid)
        self._close_former(arrivals[-1].step)
        return still

    async def join(self, access: Access, memory: Memory, sid: str, instance: str) -> None:
        """Seat this socket, whose token is used up already, and give it the snapshot."""
        async with self._turn(access.room):
            arrival = self._arrival(access, memory, sid, instance)
            if arrival.step.occurrences:
                await self._record(access.room, arrival.step.occurrences, access)
            self._seated(arrival, access, sid)
        self._close_former(arrival.step)

    def _arrival(self, access: Access, memory: Memory, sid: str, instance: str) -> Arrival:
        room = self._rooms.get(access.room)
        if room is None:
            room = remembered(access.room, memory, self._clock())
        if room.phase == "ended":
            return Arrival(room, Step(room))
        return Arrival(room, self._joined(room, access, memory, sid, instance))

    def _seated(self, arrival: Arrival, access: Access, sid: str) -> None:
        """It is on record."""
        self._rooms.setdefault(access.room, arrival.before)
        self._become(arrival.step, by=access, snapshot_for=sid)

    def _close_former(self, step: Step) -> None:
        """Not while the room is held: closing a socket comes back as `dropped`."""
        former = step.replaced_sid or step.stale_sid
        if former:
            self._close(former)

    def check_seat(self, access: Access, memory: Memory, instance: str) -> None:
        """While they can still be told why, by what this process knows of the room.

        :raises NotAllowed: there is no seat for them, or not for this page.
        """
        room = self.get(access.room)
        if room is not None and room.phase != "ended":
            self._joined(room, access, memory, "", instance)

    def _comer(self, access: Access, memory: Memory) -> thirds.Comer:
        if memory.kind is None:
            raise wrong_role()
        return thirds.Comer(access.subject, memory.kind, memory.seat)

    def _joined(self, room: Room, access: Access, memory: Memory, sid: str, instance: str) -> Step:
        now, grace, holder = self._clock(), self._grace, access.subject
        if access.role != "tiers":
            return join(room, access.role, sid, instance, now=now, grace=grace, holder=holder)
        comer = self._comer(access, memory)
        return thirds.join(room, comer, sid, instance, now=now, grace=grace)

    def ask(self, access: Access, sid: str, event: str, payload: Message) -> int | Awaitable[int]:
        """Do what a client asks; the room's version after it, at once or once it is on record.

        :raises NotAllowed: the rules, or the record, refuse it; the room is as before.
        """
        if access.room in self._held:
            return self._ask_in_turn(access, sid, event, payload)
        step = self._step(access, sid, event, payload)
        if step.occurrences:
            return self._ask_in_turn(access, sid, event, payload)
        relay = step.relay
        if relay is None:
            return self._become(step, asked=(access, event, payload))
        # The most frequent of all by far, and no new version of the room.
        room = self._rooms[access.room] = step.room
        theirs = room.place(relay.to).sid
        if theirs is not None:
            self._say(theirs, "signal", relay.said)
        if event != "candidate":
            self._tally.done(access.role, payload)
        return room.version

    async def _ask_in_turn(self, access: Access, sid: str, event: str, payload: Message) -> int:
        async with self._turn(access.room):
            step = self._step(access, sid, event, payload)
            if step.occurrences:
                self._pace.check(access.room, access.subject, event)
                await self._record(step.room.id, step.occurrences, access)
            return self._become(step, asked=(access, event, payload))

    def _step(self, access: Access, sid: str, event: str, payload: Message) -> Step:
        room, role = self._rooms.get(access.room), access.role
        if role == "tiers":
            return self._third_step(room, sid, event, payload)
        if room is None or room.place(role).sid != sid:
            raise NotAllowed("not_seated", "Cette page n'occupe plus ce rendez-vous.")
        verb = VERBS_OF[role].get(event)
        if verb is not None:
            return verb(room, role, payload)
        timed = TIMED_VERBS_OF[role].get(event)
        if timed is None:
            raise wrong_role()
        return timed(room, role, payload, self._clock())

    def _third_step(self, room: Room | None, sid: str, event: str, payload: Message) -> Step:
        place = thirds.seated_by(room, sid) if room is not None else None
        if room is None or place is None:
            raise NotAllowed("not_seated", "Cette page n'occupe plus ce rendez-vous.")
        verb = VERBS_OF_THIRDS.get(event)
        if verb is not None:
            return verb(room, place.seat, payload)
        timed = TIMED_VERBS_OF_THIRDS.get(event)
        if timed is None:
            raise wrong_role()
        return timed(room, place.seat, payload, self._clock())

    async def dropped(self, access: Access, sid: str) -> None:
        """The socket is gone without a word; no failure of the record can keep it here."""
        async with self._turn(access.room):
            room = self._rooms.get(access.room)
            if room is None or room.phase == "ended":
                return
            now, role = self._clock(), access.role
            step = thirds.drop(room, sid, now) if role == "tiers" else drop(room, role, sid, now)
            await self._apply_anyway(step, access)

    async def _apply_anyway(self, step: Step, by: Access | None) -> None:
        """What the record does not take now, it takes next."""
        try:
            await self._apply(step, by)
        except Exception:
            log.exception("loss_not_recorded")
            self._owe(step.room.id, step.occurrences)
            await self._apply(replace(step, occurrences=()), by)

    def _owe(self, room_id: str, occurrences: Sequence[Occurrence]) -> None:
        """Keep for the next record of this room; `at` says when the server saw it."""
        at = self._clock().isoformat()
        late = (replace(one, detail={**one.detail, "at": at}) for one in occurrences)
        self._owed[room_id] = (*self._owed.get(room_id, ()), *late)

    async def close(
        self,
        room_id: str,
        by: Literal["assure", "medecin_conseil", "service"],
        reason: EndReason,
        at: datetime,
    ) -> None:
        """Close the room from outside it; what closed it is on record already."""
        async with self._turn(room_id):
            room = self._rooms.get(room_id)
            if room is None:
                # Somebody may be on the way in with what the record said a moment ago.
                memory = Memory("ended", ended_at=at, ended_by=by, ended_why=reason)
                self._rooms[room_id] = remembered(room_id, memory, self._clock())
            else:
                await self._apply(Step(end(room, by, reason, at).room), None)

    async def receive(self, room_id: str, reception: Reception) -> None:
        """Tell the waiting person about the médecin-conseil."""
        async with self._turn(room_id):
            room = self._rooms.get(room_id)
            if room is not None and room.phase != "ended":
                await self._apply(receive(room, reception), None)

    async def meet(self, room_id: str, in_person: InPerson | None) -> None:
        """Tell both where and when they meet in person; it is on record already."""
        async with self._turn(room_id):
            room = self._rooms.get(room_id)
            if room is not None and room.phase != "ended":
                await self._apply(meet(room, in_person), None)

    async def hand_over(self, room_id: str, to: str, reception: Reception) -> None:
        """It is that médecin-conseil's now, which is on record already: no other stays seated."""
        former = None
        async with self._turn(room_id):
            room = self._rooms.get(room_id)
            if room is not None:
                step = hand_over(room, to, reception)
                await self._apply_anyway(step, None)
                former = step.stale_sid
        # Outside the lock, as in `join`.
        if former:
            self._close(former)

    async def dismiss(self, room_id: str, invitation: str) -> None:
        """That third participant's invitation was taken back, which is on record already."""
        async with self._turn(room_id):
            room = self._rooms.get(room_id)
            if room is not None:
                step = thirds.dismiss(room, invitation)
                await self._apply_anyway(replace(step, occurrences=()), None)

    async def beat(self) -> None:
        """Put on record who is there now; forget rooms that have been empty for long.

        Some rooms at a time (the record writes in one transaction what comes together), and a rest
        as long as they took: who comes in meanwhile waits for those, and not for all.
        """
        rooms = list(self._rooms)
        for some in (rooms[first : first + BEATEN] for first in range(0, len(rooms), BEATEN)):
            began = perf_counter()
            await asyncio.gather(*(self._beat(room_id) for room_id in some))
            if some[-1] is not rooms[-1]:
                await asyncio.sleep(perf_counter() - began)

    async def _beat(self, room_id: str) -> None:
        try:
            async with self._turn(room_id):
                room = self._rooms.get(room_id)
                if room is not None:
                    await self._beat_in_turn(room)
        except Exception:
            # One room's record must not stop the heart of the others.
            log.exception("beat_failed")

    async def _beat_in_turn(self, room: Room) -> None:
        alive = room.occupied and room.phase != "ended"
        if alive or room.id in self._owed:
            await self._record(room.id, (minute(room),) if alive else (), None)
        if not alive and self._forgettable(room):
            del self._rooms[room.id]
            self._pace.forget(room.id)

    def _forgettable(self, room: Room) -> bool:
        if any(place.presence == "present" for place in room.thirds):
            return False
        moments = [p.since for p in room.seats if p.since]
        if room.ending:
            moments.append(datetime.fromisoformat(room.ending.at))
        return not moments or self._clock() - max(moments) > 2 * self._grace

    @asynccontextmanager
    async def _turn(self, room: str) -> AsyncIterator[None]:
        """Nobody else does anything to this room meanwhile."""
        turn = self._held.setdefault(room, Turn())
        turn.held += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.held -= 1
            if not turn.held:
                del self._held[room]

    async def _record(
        self, room_id: str, occurrences: Sequence[Occurrence], by: Access | None
    ) -> None:
        await self._witness.record(room_id, (*self._owed.get(room_id, ()), *occurrences), by)
        self._owed.pop(room_id, None)

    async def _apply(self, step: Step, by: Access | None, snapshot_for: str | None = None) -> int:
        """Record, then become, then tell."""
        if step.occurrences:
            await self._record(step.room.id, step.occurrences, by)
        return self._become(step, by=by, snapshot_for=snapshot_for)

    def _become(
        self,
        step: Step,
        *,
        by: Access | None = None,
        snapshot_for: str | None = None,
        asked: tuple[Access, str, Message] | None = None,
    ) -> int:
        """It is on record, or need not be: the room is this now, and whoever is there is told."""
        room = step.room
        before = self._rooms[room.id]
        self._rooms[room.id] = room
        if step.replaced_sid:
            self._say(step.replaced_sid, "replaced", encode(Replaced(at=self._clock().isoformat())))
        if snapshot_for and by:
            whole = snapshot(room, by, snapshot_for, self._clock())
            self._say(snapshot_for, "snapshot", encode(whole))
        if room.version != before.version:
            self._tally.changed(before, room)
            self._tell_all(room, snapshot_for)
            self._witness.changed(room)
        if step.relay:
            self._to(room.place(step.relay.to), "signal", step.relay.said)
        elif step.third:
            self._to_seat(room, *step.third)
        elif asked and asked[1] == "renegotiate" and asked[0].role != "tiers":
            # Not kept: who is not there now makes a whole new offer when they come.
            self._to(room.place(other(asked[0].role)), "renegotiate", encode(asked[2]))
        if step.removed_sid:
            self._say(step.removed_sid, "removed", encode(Removed(at=self._clock().isoformat())))
            self._close(step.removed_sid)
        if asked:
            self._tally.done(asked[0].role, asked[2])
        return room.version

    def _to_seat(
        self, room: Room, seat: SeatName, message: ThirdSignal | ThirdRenegotiation
    ) -> None:
        """Between a third participant and somebody else."""
        sid = thirds.sid_of(room, seat)
        signal = isinstance(message, ThirdSignal)
        if sid is not None:
            self._say(sid, "third_signal" if signal else "third_renegotiate", encode(message))

    def _tell_all(self, room: Room, but: str | None) -> None:
        """Encoded once for both, and once for all others."""
        state = room.state(self._clock())
        both = [place.sid for place in (room.assure, room.medecin_conseil)]
        self._say_all(both, but, state)
        if room.thirds:
            self._say_all([one.sid for one in room.thirds], but, thirds.state_for_third(state))

    def _say_all(self, sids: Sequence[str | None], but: str | None, state: RoomState) -> None:
        to = [sid for sid in sids if sid is not None and sid != but]
        body = encode(state) if to else b""
        for sid in to:
            self._say(sid, "state", body)

    def _to(self, place: Place, event: str, body: bytes) -> None:
        if place.sid is not None:
            self._say(place.sid, event, body)

    def _say(self, sid: str, event: str, body: bytes) -> None:
        self._tally.events_out[event] += 1
        if self.voice is not None:
            self.voice.say(sid, event, body)

    def _close(self, sid: str) -> None:
        if self.voice is not None:
            self.voice.close(sid)


def remembered(room_id: str, memory: Memory, now: datetime) -> Room:
    """The room as the record tells it: phase kept, nobody seated, who was there is « lost »."""

    def place(role: Role) -> Place:
        if role not in memory.lost:
            return Place()
        since, company = memory.lost_since.get(role, now), memory.company.get(role)
        return Place(presence="lost", since=since, company=company)

    room = Room(
        id=room_id,
        phase="waiting" if memory.phase == "ended" else memory.phase,
        admitted_at=memory.admitted_at,
        assure=place("assure"),
        medecin_conseil=place("medecin_conseil"),
        reception=memory.reception,
        in_person=memory.in_person,
        apart=memory.apart,
        thirds=memory.thirds,
        held=memory.held if memory.phase == "admitted" else (),
        # Versions go on growing over a restart: a client keeps the highest it has seen.
        # In milliseconds, no room changes faster than that.
        version=int(now.timestamp() * 1000),
    )
    if memory.phase == "ended":
        return end(room, memory.ended_by, memory.ended_why, memory.ended_at or now).room
    return room


def snapshot(room: Room, access: Access, sid: str, now: datetime) -> Snapshot:
    """As who comes in by this socket may know the room."""
    if access.role == "tiers":
        return thirds.snapshot(room, sid, now)
    return room.snapshot(access.role, now)


def minute(room: Room) -> Occurrence:
    """The heartbeat of the record."""
    detail: dict[str, str | int | bool] = {
        "assure": room.assure.presence,
        "medecin_conseil": room.medecin_conseil.presence,
        "phase": room.phase,
        **{third.seat: third.presence for third in room.thirds},
    }
    return Occurrence("minute", None, detail=detail)
