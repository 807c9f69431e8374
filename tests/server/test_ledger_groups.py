"""However jobs are grouped, the record is what it would be had each come alone, in that order."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from ledger_scenes import ROLES, Court, code
from msgspec.structs import replace

from controle.telecontrole import Etat
from signaling.access import Access
from signaling.protocol import Role
from signaling.room import OccurrenceKind
from signaling.rooms import Memory

KINDS: tuple[OccurrenceKind, ...] = get_args(OccurrenceKind)
#: Two médecins-conseils; the second has one room only.
DOCTORS = ("mc-1", "mc-1", "mc-2")


class Entry(NamedTuple):
    """Somebody comes to a room's door; few tokens, so that they meet again."""

    room: int
    role: Role
    token: int


class Fact(NamedTuple):
    room: int
    kinds: list[OccurrenceKind]
    role: Role


ROOMS = some.integers(0, len(DOCTORS) - 1)
#: What opens and closes rooms often, so that the rules of the domain are met.
GATES: tuple[OccurrenceKind, ...] = ("joined", "admitted", "admitted", "sent_back", "left", "ended")
JOBS = some.one_of(
    some.builds(Entry, ROOMS, some.sampled_from(ROLES), some.integers(0, 5)),
    some.builds(
        Fact,
        ROOMS,
        some.lists(some.sampled_from(GATES + KINDS), min_size=1, max_size=2),
        some.sampled_from(ROLES),
    ),
)
GROUPS = some.lists(some.lists(JOBS, min_size=1, max_size=9), min_size=1, max_size=6)


class World:
    """Some rooms, what jobs make of them, and what those who asked were told."""

    def __init__(self, court: Court, rooms: Sequence[str]) -> None:
        self.court = court
        self.rooms = rooms
        self.accesses: dict[tuple[int, Role], Access] = {}

    @classmethod
    async def make(cls, court: Court, etat: Etat) -> Self:
        world = cls(court, await court.rooms(*DOCTORS, etat=etat))
        for number, room in enumerate(world.rooms):
            for role in ROLES:
                world.accesses[number, role] = await court.access(room, role)
        return world

    async def do(self, group: Sequence[Entry | Fact]) -> list[str]:
        """At once: what each was told."""
        return [
            str(one) if isinstance(one, Memory) else code(one)
            for one in await asyncio.gather(*map(self._job, group), return_exceptions=True)
        ]

    async def _job(self, job: Entry | Fact) -> Memory | None:
        if isinstance(job, Fact):
            await self.court.record(self.rooms[job.room], *job.kinds, role=job.role)
            return None
        token = f"{self.rooms[0]}/{job.token}"
        return await self.court.witness.enter(replace(self.accesses[job.room, job.role], jti=token))

    async def kept(self) -> list[object]:
        """Facts, seals and states; the identifiers of two worlds differ."""
        found: list[object] = []
        for room in self.rooms:
            async with self.court.registre.lecture() as unite:
                found.append([line.fait for line in await unite.lignes(room)])
                found.append([seal.longueur for seal in await unite.sceaux(room)])
                found.append((await unite.telecontrole(room)).etat)
        return found


@pytest.mark.row("OP-02")
@settings(max_examples=40, deadline=None)
@given(some.sampled_from([Etat.CONVOQUE, Etat.EN_ATTENTE]), GROUPS)
def test_groups_leave_what_the_same_jobs_leave_one_by_one(
    blank: Path, etat: Etat, groups: list[list[Entry | Fact]]
) -> None:
    with tempfile.TemporaryDirectory() as data:
        asyncio.run(compared(Path(data), blank, etat, groups))


async def compared(data: Path, blank: Path, etat: Etat, groups: list[list[Entry | Fact]]) -> None:
    court = await Court.open(data, blank)
    try:
        grouped, alone = await World.make(court, etat), await World.make(court, etat)

        together = [told for group in groups for told in await grouped.do(group)]
        one_by_one = [told for group in groups for job in group for told in await alone.do([job])]

        assert together == one_by_one
        assert await grouped.kept() == await alone.kept()
        for room in grouped.rooms:
            assert await court.intact(room)
    finally:
        await court.close()
