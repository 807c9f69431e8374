"""The days of médecins-conseils are read together, and each is as it would be alone."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from outbox_scenes import FRIDAY, Office
from sqlalchemy import update

from controle.telecontrole import Fenetre
from server.medecin import days as module
from server.medecin.days import Days, NoSuchDoctor
from server.medecin.entries import Entries
from server.store import people
from server.store import schema as t
from server.store.sql import UniteSql
from signaling.protocol import Day

pytestmark = pytest.mark.row("CA-01")
#: Where it is Saturday already when it is Friday evening in Paris.
NOUMEA = "Pacific/Noumea"


@pytest.fixture
async def office(tmp_path: Path, blank: Path) -> AsyncIterator[Office]:
    one = await Office.open(tmp_path, blank)
    yield one
    await one.close()


class Counted(Entries):
    """Entries that say how many were read at once, and fail for whom they are told to."""

    def __init__(self, office: Office) -> None:
        super().__init__(Fenetre(), office.clock, lambda _: None)
        self.groups: list[int] = []
        self.poison = ""

    async def days(self, unite: UniteSql, doctors: Collection[str]) -> Mapping[str, Day]:
        self.groups.append(len(doctors))
        if self.poison in doctors:
            raise ValueError(self.poison)
        return await super().days(unite, doctors)


async def doctors(office: Office, count: int, caisse: str = "caisse-1") -> list[str]:
    names = [f"mc-{caisse}-{number}" for number in range(count)]
    async with office.registre.transaction() as unite:
        for name in names:
            medecin = people.Medecin(name, caisse, "Dr Le Goff", "Médecin-conseil")
            await people.add_medecin(unite.connection, medecin)
    return names


async def given(office: Office, telecontrole: str, doctor: str) -> None:
    async with office.registre.transaction() as unite:
        await unite.connection.execute(
            update(t.telecontrole)
            .where(t.telecontrole.c.id == telecontrole)
            .values(medecin_conseil=doctor)
        )


async def test_those_that_come_together_are_read_together_and_each_gets_its_own(
    office: Office,
) -> None:
    names = await doctors(office, 40)
    mine = [(await office.convoke(FRIDAY + timedelta(minutes=n))).id for n in range(40)]
    for un, name in zip(mine, names, strict=True):
        await given(office, un, name)
    office.clock.wall = FRIDAY
    entries = Counted(office)
    days = Days(office.registre, entries)

    read = await asyncio.gather(*(days.day(name) for name in names))

    assert [[entry.id for entry in day.entries] for day in read] == [[un] for un in mine]
    assert entries.groups == [module.MOST, 40 - module.MOST]


async def test_whoever_asks_for_the_same_day_hears_the_same(office: Office) -> None:
    entries = Counted(office)
    days = Days(office.registre, entries)

    one, other = await asyncio.gather(days.day("mc-1"), days.day("mc-1"))

    assert one is other
    assert entries.groups == [1]


async def test_who_asks_during_a_reading_gets_a_newer_one(office: Office) -> None:
    entries = Counted(office)
    days = Days(office.registre, entries)
    assert not (await days.day("mc-1")).entries
    office.clock.wall = FRIDAY
    un = await office.convoke()

    again = await days.day("mc-1")

    assert [entry.id for entry in again.entries] == [un.id]
    assert entries.groups == [1, 1]


async def test_who_asks_as_the_reader_ends_is_read_too(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its end is told a turn of the loop after its last look: one asks in each of the turns."""
    monkeypatch.setattr(module, "PACE", 0)
    days = Days(office.registre, Counted(office))
    for turns in range(8):
        for asks_first in (True, False):
            asked = asyncio.create_task(days.day("mc-1"))
            if asks_first:
                await asyncio.sleep(0)
            await days.day("mc-1")
            for _ in range(turns):
                await asyncio.sleep(0)

            async with asyncio.timeout(10):
                assert (await days.day("mc-1")).date
            await asked
            await asyncio.sleep(0.01)


async def test_who_goes_away_takes_the_day_from_nobody(office: Office) -> None:
    days = Days(office.registre, Counted(office))
    gone, stays = (asyncio.create_task(days.day("mc-1")) for _ in range(2))
    await asyncio.sleep(0)

    gone.cancel()

    assert (await stays).date
    assert gone.cancelled()


async def test_a_day_that_cannot_be_read_harms_itself_alone(office: Office) -> None:
    names = await doctors(office, 3)
    entries = Counted(office)
    entries.poison = names[1]
    days = Days(office.registre, entries)

    read = await asyncio.gather(*(days.day(name) for name in names), return_exceptions=True)

    assert [type(one) for one in read] == [Day, ValueError, Day]


async def test_nobody_has_no_day(office: Office) -> None:
    days = Days(office.registre, Counted(office))

    read = await asyncio.gather(days.day("mc-1"), days.day("nobody"), return_exceptions=True)

    assert [type(one) for one in read] == [Day, NoSuchDoctor]
    with pytest.raises(NoSuchDoctor):
        await days.day("nobody")


async def test_each_caisse_has_its_own_midnight(office: Office) -> None:
    """Read together over the widest hours, each list shows its own caisse's day alone."""
    async with office.registre.transaction() as unite:
        far = people.Caisse("far", "Cafat", NOUMEA, "3646")
        await people.add_caisse(unite.connection, far)
    near, away = (await doctors(office, 1))[0], (await doctors(office, 1, "far"))[0]
    hours = (-12, 0, 12)
    for doctor in (near, away):
        for hour in hours:
            un = await office.convoke(FRIDAY + timedelta(hours=hour, minutes=len(doctor)))
            await given(office, un.id, doctor)
    office.clock.wall = FRIDAY
    days = Days(office.registre, Counted(office))

    together = await asyncio.gather(days.day(near), days.day(away))

    alone = [await Days(office.registre, Counted(office)).day(one) for one in (near, away)]
    shown = [[entry.id for entry in day.entries] for day in together]
    assert shown == [[entry.id for entry in day.entries] for day in alone]
    assert all(shown)
    assert len(shown[0]) < len(hours) or len(shown[1]) < len(hours)
    assert [day.timezone for day in together] == ["Europe/Paris", NOUMEA]
