"""What the pusher does for each kind of change: consoles and waiting rooms are told."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from signaling.namespace import ConsoleNamespace
from signaling.protocol import Entry
from signaling.rooms import Rooms

from .assure import standing
from .clock import SystemClock
from .medecin.desk import Desk
from .medecin.entries import Today
from .meters import Meters
from .pusher import Handler, Kind
from .store.receiving import receiving
from .store.sql import RegistreSql
from .witness import RoomWitness


@dataclass(frozen=True, slots=True)
class Pushes:
    """Each takes several ids and gives, for each, the médecin-conseil whom it concerns."""

    clock: SystemClock
    registre: RegistreSql
    witness: RoomWitness
    rooms: Rooms
    desk: Desk
    consoles: ConsoleNamespace
    meters: Meters

    @property
    def handlers(self) -> Mapping[Kind, Handler]:
        return {"entry": self.entries, "doctor": self.doctors, "day": self.days}

    async def entries(self, telecontroles: Sequence[str]) -> Sequence[str]:
        found = await self.desk.entries(telecontroles)
        for telecontrole, (doctor, entry) in found.items():
            await self._entry(telecontrole, doctor, entry)
        return [found[one][0] if one in found else "" for one in telecontroles]

    async def _entry(self, telecontrole: str, doctor: str, entry: Entry) -> None:
        if telecontrole in self.witness.whose.known:
            # It may have become a colleague's.
            self.witness.whose.put(telecontrole, doctor)
        if entry.in_person and self.rooms.get(telecontrole) is not None:
            # Whoever fixed or moved the date, both sides of the room see the one that holds.
            async with self.registre.glance() as unite:
                date = await standing.in_person(unite.connection, telecontrole)
            await self.rooms.meet(telecontrole, date.told() if date else None)
        if datetime.fromisoformat(entry.start) >= Today.of(self.clock(), entry.timezone).last:
            # A console shows no day to come. One that is past it may show: it takes what it knows.
            return
        await self.consoles.push(doctor, entry)
        self.meters.pushes.inc()

    async def doctors(self, identifiers: Sequence[str]) -> Sequence[str]:
        """Whoever waits for them is told what they do now."""
        await self._learn()
        async with self.registre.glance() as unite:
            found = await receiving(unite.connection, identifiers)
        for doctor, by in found.items():
            for room in self.rooms.ids & self.witness.whose.rooms(doctor):
                await self.rooms.receive(room, self.witness.received(room, by))
        return identifiers

    async def _learn(self) -> None:
        """Whose a room is of which all people came by other workers."""
        for room in self.rooms.ids - self.witness.whose.known:
            async with self.registre.glance() as unite:
                un = await unite.telecontrole(room)
            self.witness.whose.put(room, un.medecin_conseil)

    async def days(self, doctors: Sequence[str]) -> Sequence[str]:
        # All at once: what is asked together is read together.
        await asyncio.gather(*map(self.consoles.push_day, doctors))
        return doctors
