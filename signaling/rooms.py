"""All rooms of this process: one step at a time in each, on record before it is told."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from .access import Access
from .protocol import EndReason, Message, Phase, Reception, Replaced, Role
from .room import UNKNOWN, NotAllowed, Occurrence, Place, Room, Step, drop, end, join, receive

Clock = Callable[[], datetime]


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
    reception: Reception = UNKNOWN


class Witness(Protocol):
    """Who remembers: signaling tells what happens, the server decides what it means."""

    async def enter(self, access: Access) -> Memory:
        """Take this token's single use and say what is known of its room.

        :raises NotAllowed: the token was used or revoked, or the room is not open now.
        """

    async def record(self, room: str, occurrences: Sequence[Occurrence], by: Access | None) -> None:
        """Put on record; when it returns, the facts survive a crash.

        :raises NotAllowed: the domain does not allow what they say; nothing was recorded.
        """

    def changed(self, room: Room) -> None:
        """The room is now this; must not wait."""


class Voice(Protocol):
    """How a room speaks to sockets."""

    async def say(self, sid: str, event: str, message: Message) -> None: ...

    async def close(self, sid: str) -> None: ...


Verb = Callable[[Room], Step]


class Rooms:
    """Finds a room, applies a verb to it, has it recorded, then tells both sides.

    `grace`: how long a lost assuré may return without being admitted again.
    """

    def __init__(self, witness: Witness, clock: Clock, grace: timedelta) -> None:
        self._witness = witness
        self._clock = clock
        self._grace = grace
        self._rooms: dict[str, Room] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self.voice: Voice | None = None

    def __iter__(self) -> Iterator[Room]:
        return iter(list(self._rooms.values()))

    def get(self, room: str) -> Room | None:
        return self._rooms.get(room)

    def now(self) -> datetime:
        return self._clock()

    async def join(self, access: Access, memory: Memory, sid: str, instance: str) -> None:
        """Seat this socket and give it the snapshot, before anything else reaches it."""
        async with self._lock(access.room):
            if access.room not in self._rooms:
                self._rooms[access.room] = remembered(access.room, memory, self._clock())
            room = self._rooms[access.room]
            if room.phase == "ended":
                await self._say(sid, "snapshot", room.snapshot(access.role, self._clock()))
                return
            now = self._clock()
            step = join(room, access.role, sid, instance, now=now, grace=self._grace)
            await self._apply(step, access, snapshot_for=(sid, access.role))

    async def do(self, access: Access, sid: str, verb: Verb) -> int:
        """Apply a client's verb; the room's version after it.

        :raises NotAllowed: the rules, or the record, refuse it; the room is as before.
        """
        async with self._lock(access.room):
            room = self._rooms.get(access.room)
            if room is None or room.place(access.role).sid != sid:
                raise NotAllowed("not_seated", "Cette page n'occupe plus ce rendez-vous.")
            return await self._apply(verb(room), access)

    async def dropped(self, access: Access, sid: str) -> None:
        """The socket is gone without a word."""
        async with self._lock(access.room):
            room = self._rooms.get(access.room)
            if room is not None and room.phase != "ended":
                await self._apply(drop(room, access.role, sid, self._clock()), access)

    async def close(
        self,
        room_id: str,
        by: Literal["assure", "medecin_conseil", "service"],
        reason: EndReason,
        at: datetime,
    ) -> None:
        """Close the room from outside it; what closed it is on record already."""
        async with self._lock(room_id):
            room = self._rooms.get(room_id)
            if room is not None:
                await self._apply(Step(end(room, by, reason, at).room), None)

    async def receive(self, room_id: str, reception: Reception) -> None:
        """Tell the waiting person about the médecin-conseil."""
        async with self._lock(room_id):
            room = self._rooms.get(room_id)
            if room is not None and room.phase != "ended":
                await self._apply(receive(room, reception), None)

    async def beat(self) -> None:
        """Put on record who is there now; forget rooms that have been empty for long."""
        for room_id in list(self._rooms):
            async with self._lock(room_id):
                room = self._rooms[room_id]
                if room.occupied and room.phase != "ended":
                    await self._witness.record(room_id, (minute(room),), None)
                elif self._forgettable(room):
                    del self._rooms[room_id]
                    del self._locks[room_id]

    def _forgettable(self, room: Room) -> bool:
        moments = [p.since for p in (room.assure, room.medecin_conseil) if p.since]
        return not moments or self._clock() - max(moments) > 2 * self._grace

    def _lock(self, room: str) -> asyncio.Lock:
        return self._locks.setdefault(room, asyncio.Lock())

    async def _apply(
        self, step: Step, by: Access | None, snapshot_for: tuple[str, Role] | None = None
    ) -> int:
        """Record, then become, then tell."""
        room, before = step.room, self._rooms[step.room.id]
        if step.occurrences:
            await self._witness.record(room.id, step.occurrences, by)
        self._rooms[room.id] = room
        if step.replaced_sid:
            await self._say(step.replaced_sid, "replaced", Replaced(at=self._clock().isoformat()))
            await self._close(step.replaced_sid)
        if snapshot_for:
            sid, role = snapshot_for
            await self._say(sid, "snapshot", room.snapshot(role, self._clock()))
        if room.version != before.version:
            await self._tell_all(room, snapshot_for[0] if snapshot_for else None)
            self._witness.changed(room)
        if step.relay:
            await self._to(room.place(step.relay.to), "signal", step.relay.signal)
        return room.version

    async def _tell_all(self, room: Room, but: str | None) -> None:
        state = room.state(self._clock())
        for place in (room.assure, room.medecin_conseil):
            if place.sid != but:
                await self._to(place, "state", state)

    async def pass_on(self, access: Access, event: str, message: Message) -> None:
        """Hand a message that is not kept to the other side, if it is there."""
        room = self._rooms.get(access.room)
        if room is not None:
            await self._to(
                room.medecin_conseil if access.role == "assure" else room.assure, event, message
            )

    async def _to(self, place: Place, event: str, message: Message) -> None:
        if place.sid is not None:
            await self._say(place.sid, event, message)

    async def _say(self, sid: str, event: str, message: Message) -> None:
        if self.voice is not None:
            await self.voice.say(sid, event, message)

    async def _close(self, sid: str) -> None:
        if self.voice is not None:
            await self.voice.close(sid)


def remembered(room_id: str, memory: Memory, now: datetime) -> Room:
    """The room as the record tells it: phase kept, nobody seated, who was there is « lost »."""

    def place(role: Role) -> Place:
        return Place(presence="lost", since=now) if role in memory.lost else Place()

    room = Room(
        id=room_id,
        phase="waiting" if memory.phase == "ended" else memory.phase,
        admitted_at=memory.admitted_at,
        assure=place("assure"),
        medecin_conseil=place("medecin_conseil"),
        reception=memory.reception,
        # Versions go on growing over a restart: a client keeps the highest it has seen.
        version=int(now.timestamp()),
    )
    if memory.phase == "ended":
        return end(room, memory.ended_by, memory.ended_why, memory.ended_at or now).room
    return room


def minute(room: Room) -> Occurrence:
    """The heartbeat of the record."""
    detail: dict[str, str | int | bool] = {
        "assure": room.assure.presence,
        "medecin_conseil": room.medecin_conseil.presence,
        "phase": room.phase,
    }
    return Occurrence("minute", None, detail=detail)
