"""What a day list is made of: right, in order, as few questions for thirty entries as for one."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from outbox_scenes import FRIDAY, MONDAY, Office
from sqlalchemy import event, insert

from controle.presence import Fait, GenreFait, Role, Source
from controle.registre import TelecontroleInconnu
from server.store import listed
from server.store import schema as t
from server.store.sql import written

pytestmark = pytest.mark.row("CA-01")
DAY = (FRIDAY - timedelta(hours=4), FRIDAY + timedelta(hours=8))


@pytest.fixture
async def office(tmp_path: Path, blank: Path) -> AsyncIterator[Office]:
    one = await Office.open(tmp_path, blank)
    yield one
    await one.close()


async def test_an_entry_has_what_was_said_of_it_last(office: Office) -> None:
    un = await office.convoke()
    async with office.registre.transaction() as unite:
        arrival = Fait(GenreFait.ENTREE, FRIDAY, 1.0, "boot", Role.ASSURE, Source.SERVEUR, {})
        await unite.inscrire(un.id, arrival)
        for state, hour in (("refusee", 1), ("acceptee", 2)):
            await unite.connection.execute(
                insert(t.justification).values(
                    id=f"j{hour}", telecontrole=un.id, motif="autre", etat=state,
                    depose=written(MONDAY + timedelta(hours=hour)),
                )
            )  # fmt: skip
    async with office.registre.glance() as unite:
        one = await listed.one(unite.connection, un.id)
    assert one.un.id == un.id
    assert one.name == "Mme Zwijnaarde"
    assert one.known.first(GenreFait.ENTREE, Role.ASSURE) == FRIDAY.isoformat()
    assert (one.justification, one.equipment, one.outcomes) == ("acceptee", "", 0)
    assert not one.undelivered


async def test_who_is_not_there_is_not_listed(office: Office) -> None:
    async with office.registre.glance() as unite:
        with pytest.raises(TelecontroleInconnu):
            await listed.one(unite.connection, "nobody")
        assert not await listed.of_doctors(unite.connection, ["mc-1"], *DAY)


async def test_thirty_entries_take_as_many_questions_as_one(office: Office) -> None:
    asked: list[str] = []
    first = await office.convoke()

    async def day() -> list[str]:
        asked.clear()
        async with office.registre.lecture() as unite:
            return [one.un.id for one in await listed.of_doctors(unite.connection, ["mc-1"], *DAY)]

    engine = office.database._engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    assert await day() == [first.id]
    alone = len(asked)
    others = [await office.convoke(FRIDAY + timedelta(minutes=number)) for number in range(1, 30)]
    assert await day() == [first.id, *(one.id for one in others)]
    assert len(asked) == alone
