"""Heads of the whole register: when one is made, what it covers, what it costs."""

import asyncio
import json
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ledger_scenes import Court
from register_scenes import Register, open_register
from server_people import Service
from sqlalchemy import update

from controle.telecontrole import Etat
from controle.temoignage import MotifTete
from server import keys
from server.evidence import erasure
from server.evidence.file_place import FilePlace, last_of
from server.store import schema as t


@pytest.fixture
async def register(tmp_path: Path, blank: Path) -> Any:
    (tmp_path / "temoin").mkdir()
    one = await open_register(
        tmp_path / "data", blank, FilePlace(tmp_path / "temoin" / "tetes.jsonl")
    )
    yield one
    await one.court.close()


def heads_of(court: Court) -> list[dict[str, Any]]:
    store = sqlite3.connect(court.file)
    rows = store.execute("SELECT contenu, changements FROM tete ORDER BY numero").fetchall()
    store.close()
    return [json.loads(head) | {"changements": json.loads(changes)} for head, changes in rows]


@pytest.mark.row("OP-02")
async def test_a_head_covers_what_changed_since_the_last_one_and_nothing_else(
    register: Register,
) -> None:
    court = register.court
    one, other = await court.rooms("mc-1", "mc-2", etat=Etat.EN_ATTENTE)
    await register.head()

    await court.record(one, "media_lost")
    await court.record(one, "media_lost")
    await register.head()

    first, second = heads_of(court)
    assert {change[0] for change in first["changements"]} == {one, other}
    assert [change[:2] for change in second["changements"]] == [[one, 3]]
    assert (second["telecontroles"], second["lignes"]) == (2, 4)
    assert (first["motif"], second["motif"]) == ("ouverture", "fin")


async def test_where_nothing_changes_a_head_is_made_by_the_hour_only(register: Register) -> None:
    court = register.court
    await court.rooms("mc-1")
    await register.head(MotifTete.MINUTE)

    for _ in range(5):
        await register.head(MotifTete.MINUTE)
    quiet = len(heads_of(court))
    court.clock.pass_by(3_600)
    await register.head(MotifTete.MINUTE)

    assert (quiet, len(heads_of(court))) == (1, 2)
    assert heads_of(court)[-1]["motif"] == "repos"


async def test_another_process_s_head_of_this_minute_is_enough(register: Register) -> None:
    court = register.court
    (room,) = await court.rooms("mc-1", etat=Etat.EN_ATTENTE)
    await register.head()
    await court.record(room, "media_lost")

    court.clock.pass_by(5)
    await register.herald.once(MotifTete.MINUTE)

    assert len(heads_of(court)) == 1


async def test_more_lines_than_a_head_covers_make_several_heads(register: Register) -> None:
    court = register.court
    rooms = await court.rooms(*(f"mc-{n}" for n in range(60)), etat=Etat.EN_ATTENTE)
    for room in rooms:
        for _ in range(20):
            await court.record(room, "media_lost")

    await register.head()

    made = heads_of(court)
    assert [len(made), made[-1]["lignes"], made[-1]["telecontroles"]] == [3, 1_260, 60]
    assert (await register.places.progress())[1][0].behind == 0


@pytest.mark.row("OP-02")
async def test_lines_of_before_the_marks_are_marked_once_and_it_shows(register: Register) -> None:
    court = register.court
    (room,) = await court.rooms("mc-1", etat=Etat.EN_ATTENTE)
    async with court.database.write() as connection:
        await connection.execute(update(t.ligne).values(marque=None))

    await register.head()
    async with court.database.write() as connection:
        await connection.execute(update(t.ligne).values(marque=None))
    await register.head()

    # The second time a head exists: bare lines are not ours to mark.
    store = sqlite3.connect(court.file)
    assert store.execute("SELECT DISTINCT marque FROM ligne").fetchall() == [(None,)]
    store.close()
    await court.record(room, "media_lost")
    store = sqlite3.connect(court.file)
    assert store.execute("SELECT count(marque) FROM ligne").fetchall() == [(1,)]
    store.close()


async def test_a_chain_that_is_destroyed_in_due_form_is_attested_as_such(
    register: Register,
) -> None:
    court = register.court
    one, _ = await court.rooms("mc-1", "mc-2", etat=Etat.EN_ATTENTE)
    await register.head()

    async with court.database.write() as connection:
        await erasure.note(connection, [one], court.clock())
        await connection.execute(t.ligne.delete().where(t.ligne.c.telecontrole == one))
    await register.head()

    last = heads_of(court)[-1]
    assert [[change[0], *change[3:]] for change in last["changements"]] == [[one, "efface"]]


async def test_the_file_takes_up_where_it_is_after_a_power_loss(
    register: Register, tmp_path: Path
) -> None:
    court, file = register.court, tmp_path / "temoin" / "tetes.jsonl"
    (room,) = await court.rooms("mc-1", etat=Etat.EN_ATTENTE)
    for _ in range(3):
        await court.record(room, "media_lost")
        await register.head()
    whole = file.read_bytes()
    # The last line is half there.
    file.write_bytes(whole[: -len(whole) // 5])

    await court.record(room, "media_lost")
    await register.head()

    lines = file.read_bytes().splitlines()
    numbers = [json.loads(line)["tete"]["numero"] for line in (*lines[:2], *lines[3:])]
    assert numbers == [1, 2, 3, 4]
    found = last_of(file)
    assert found is not None
    assert found.numero == 4


@pytest.mark.row("OPS-06")
async def test_a_file_that_knows_more_than_the_store_is_an_alarm_and_is_left_alone(
    register: Register, tmp_path: Path, blank: Path
) -> None:
    """An older copy was restored: what the file knows is not covered over."""
    court, file = register.court, tmp_path / "temoin" / "tetes.jsonl"
    (room,) = await court.rooms("mc-1", etat=Etat.EN_ATTENTE)
    await register.head()
    older = heads_of(court)
    await court.record(room, "media_lost")
    await register.head()
    before = file.read_bytes()
    async with court.database.write() as connection:
        await connection.execute(t.tete.delete().where(t.tete.c.numero > len(older)))
        await connection.execute(update(t.temoin).values(numero=len(older)))

    await court.record(room, "media_lost")
    await register.head()

    assert register.noted.refused == ["fichier"]
    assert file.read_bytes() == before


async def test_a_disk_that_is_not_there_stops_nothing_and_is_made_up_for(
    register: Register, tmp_path: Path
) -> None:
    court, folder = register.court, tmp_path / "temoin"
    (room,) = await court.rooms("mc-1", etat=Etat.EN_ATTENTE)
    folder.rename(tmp_path / "ailleurs")
    for _ in range(3):
        await court.record(room, "media_lost")
        await register.head()
    assert len(heads_of(court)) == 3
    away = len(register.noted.refused)

    (tmp_path / "ailleurs").rename(folder)
    court.clock.pass_by(3_600)
    await register.places.tell()

    # It was not asked each time: each refusal doubles the pause.
    assert 1 <= away <= 3
    assert (await register.places.progress())[1][0].behind == 0
    assert len((folder / "tetes.jsonl").read_bytes().splitlines()) == 3


@pytest.mark.row("OP-02")
async def test_a_service_makes_a_head_when_it_stops_and_metrics_tell(service: Service) -> None:
    await service.appoint()
    herald = service.app[keys.HERALD]
    await herald.once(MotifTete.FIN)
    async with asyncio.timeout(20):
        # The service's own task may be telling just now.
        while (await herald.progress())[1][0].behind:
            await asyncio.sleep(0)

    text = (await service.browser().get("/metrics")).raw.decode()
    assert 'telecontrole_witness_behind{place="fichier"} 0.0' in text
    await service.server.close()

    head = last_of(service.data / "temoin" / "tetes.jsonl")
    assert head is not None
    assert head.instant - service.clock() < timedelta(minutes=1)
