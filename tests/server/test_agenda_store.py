"""What the store says of a médecin-conseil's time: taken, away, available."""

from datetime import UTC, datetime, time, timedelta

import pytest
from planning_people import Office

from controle.agenda import Disponibilite, Plage
from controle.telecontrole import Etat
from server.caisse.feries import UnknownTerritory, feries
from server.store import agenda, tasks

THURSDAY = datetime(2027, 1, 14, tzinfo=UTC)
DAY = Plage(THURSDAY, THURSDAY + timedelta(days=1))
HALF = timedelta(minutes=30)


async def taken(office: Office, between: Plage = DAY) -> list[datetime]:
    async with office.registre.lecture() as unite:
        held = await agenda.occupied(unite.connection, "mc-1", between)
    return [one.debut for one in held]


@pytest.mark.row("CA-02")
@pytest.mark.parametrize("state", list(Etat))
async def test_an_hour_is_held_by_what_is_planned_or_going_on(office: Office, state: Etat) -> None:
    un = await office.plan()
    async with office.changing(un.id) as (unite, stored):
        stored.etat = state
        await unite.enregistrer(stored)

    holds = state in {
        Etat.BROUILLON, Etat.CONVOQUE, Etat.ACCUSE, Etat.RAPPELE, Etat.EN_ATTENTE, Etat.EN_COURS,
    }  # fmt: skip
    assert await taken(office) == ([un.debut] if holds else [])


async def test_what_began_before_and_still_lasts_is_seen(office: Office) -> None:
    un = await office.plan(minutes=120)
    end = un.debut + timedelta(minutes=120)

    assert await taken(office, Plage(end - HALF, end)) == [un.debut]
    assert await taken(office, Plage(end, end + HALF)) == []
    assert await taken(office, Plage(un.debut - HALF, un.debut)) == []


async def test_absences_and_weekly_hours_come_back_as_they_were_given(office: Office) -> None:
    weekly = [Disponibilite(0, time(9), time(12)), Disponibilite(0, time(14), time(17, 30))]
    async with office.registre.transaction() as unite:
        await agenda.add_absence(unite.connection, "mc-1", DAY)
        for _ in range(2):
            await agenda.set_availabilities(unite.connection, "mc-1", weekly)

    async with office.registre.lecture() as unite:
        inside = Plage(DAY.debut + HALF, DAY.debut + 2 * HALF)
        after = Plage(DAY.fin, DAY.fin + HALF)
        assert await agenda.absences(unite.connection, "mc-1", inside) == [DAY]
        assert await agenda.absences(unite.connection, "mc-1", after) == []
        assert await agenda.availabilities(unite.connection, "mc-1") == weekly
        assert await agenda.availabilities(unite.connection, "mc-2") == []


async def test_a_task_is_opened_once_and_again_when_it_is_due_again(office: Office) -> None:
    un = await office.plan()
    async with office.registre.transaction() as unite:
        for _ in range(2):
            await tasks.open_task(unite.connection, un.id, "rennes", "appeler", office.clock())
        done = await tasks.close_task(unite.connection, un.id, "appeler", "agent-1", office.clock())
        twice = await tasks.close_task(
            unite.connection, un.id, "appeler", "agent-1", office.clock()
        )

    assert (done, twice) == (True, False)
    assert await office.tasks(un.id) == set()
    async with office.registre.transaction() as unite:
        await tasks.open_task(unite.connection, un.id, "rennes", "appeler", office.clock())
    assert await office.tasks(un.id) == {"appeler"}


@pytest.mark.row("CA-02")
def test_a_territory_that_does_not_exist_is_refused_at_once() -> None:
    with pytest.raises(UnknownTerritory):
        feries("Atlantide")
