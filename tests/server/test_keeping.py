"""Each thing goes when its time is over, and not before; what went is counted, signed and gone."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import stores
from keeping_scenes import (
    NOTE,
    PAPER,
    Keeping,
    concluded,
    count,
    keeping_of,
    planned,
    used,
)
from planning_people import MONDAY, SECRET, Office
from sqlalchemy import update

from controle.convocation import EtatEnvoi
from controle.etats import Etat
from controle.justification import MotifAbsence
from server import app as application
from server import keys
from server.app import task
from server.config import Config, ConfigurationError
from server.config_checks import check_for_service
from server.keeping import daily, reports
from server.keeping.reports import PurgeEnCours, Reports
from server.keeping.terms import LABELS, Kind, Terms, rules
from server.keeping.whole import hanging
from server.store import people
from server.store import schema as t
from server.store.sql import written

DAY = timedelta(days=1)
#: Bytes that are nowhere else by chance.
PIECE = 32
#: When the first of them was expected: Thursday at nine in Rennes.
HOUR = MONDAY + timedelta(days=2, hours=23)


@pytest.fixture
async def keeping(office: Office) -> AsyncIterator[Keeping]:
    async with keeping_of(office) as one:
        yield one


async def lived(keeping: Keeping) -> str:
    """One person who came, justified an absence with a document, and whose outcome is signed."""
    office = keeping.office
    (one,) = await planned(office, 1)
    await office.justify(one, str(MotifAbsence.TRANSPORT), document=PAPER)
    office.clock.set(HOUR)
    await used(office, one)
    await keeping.note(one)
    await keeping.read(one)
    await concluded(office, one)
    return one


async def left(office: Office) -> dict[str, int]:
    """How much of each kind is there."""
    filled = t.envoi.c.destinataire != ""
    return {
        Kind.DOCUMENTS: await count(office, t.piece),
        Kind.MESSAGES: await count(office, t.envoi, filled),
        Kind.LINK_SECRETS: await count(office, t.lien, t.lien.c.scelle != ""),
        Kind.LINKS: await count(office, t.lien) + await count(office, t.tiers),
        Kind.EQUIPMENT: await count(office, t.essai_materiel),
        Kind.CODES: await count(office, t.code_acces),
        Kind.SESSIONS: await count(office, t.session),
        Kind.LOGINS: await count(office, t.connexion),
        Kind.TOKENS: await count(office, t.jeton_utilise),
        Kind.ANSWERS: await count(office, t.requete),
        Kind.WHOLE: await count(office, t.telecontrole),
        Kind.PEOPLE: await count(office, t.assure),
    }


#: After how long from the appointment each kind goes, by the settings' defaults.
TIMES = {
    Kind.DOCUMENTS: 30 * DAY,
    Kind.MESSAGES: 92 * DAY,
    Kind.LINK_SECRETS: 7 * DAY,
    Kind.LINKS: 92 * DAY,
    Kind.EQUIPMENT: 92 * DAY,
    Kind.CODES: 7 * DAY + timedelta(hours=4),
    Kind.SESSIONS: 7 * DAY + timedelta(hours=4),
    Kind.LOGINS: 7 * DAY + timedelta(hours=4),
    Kind.TOKENS: 7 * DAY + timedelta(minutes=5),
    Kind.ANSWERS: 7 * DAY,
    Kind.NOTES: 730 * DAY,
    Kind.WHOLE: 730 * DAY,
    Kind.PEOPLE: 730 * DAY,
    Kind.JOURNAL: 365 * DAY,
}


@pytest.mark.row("SP-10")
@pytest.mark.row("DO-04")
@pytest.mark.parametrize("kind", list(Kind))
async def test_each_kind_goes_at_its_time_and_not_a_minute_before(
    keeping: Keeping, kind: Kind
) -> None:
    one = await lived(keeping)
    office, minute = keeping.office, timedelta(minutes=1)

    office.clock.set(HOUR + TIMES[kind] - minute)
    before = await keeping.purge()
    office.clock.set(HOUR + TIMES[kind] + minute)
    would = await keeping.would()
    after = await keeping.purge()

    assert kind not in before
    assert would[kind] == after[kind] >= 1
    assert (await left(office)).get(kind, 0) == 0
    if kind is Kind.NOTES:
        assert await keeping.stores.notes.history(one) == []


async def test_what_is_still_of_use_stays(keeping: Keeping) -> None:
    office = keeping.office
    (one,) = await planned(office, 1)
    there = await left(office)
    messages = await office.messages(one)

    found = await keeping.purge()

    assert set(found) == {"rapport"}
    assert await left(office) == there
    assert await office.messages(one) == messages


@pytest.mark.row("DO-04")
async def test_a_document_waits_for_who_has_to_decide(keeping: Keeping) -> None:
    office = keeping.office
    (one,) = await planned(office, 1)
    given = await office.justify(one, str(MotifAbsence.TRANSPORT), document=PAPER)
    office.clock.set(HOUR + 200 * DAY)

    waiting = await keeping.purge()
    async with office.database.write() as connection:
        await connection.execute(
            update(t.justification)
            .where(t.justification.c.id == given)
            .values(etat="acceptee", decide=written(HOUR), decide_par="agent-1")
        )
    decided = await keeping.purge()

    assert (waiting.get(Kind.DOCUMENTS), decided.get(Kind.DOCUMENTS)) == (None, 1)
    # That it was given, and that somebody decided, stays on the record.
    assert await count(office, t.justification) == 1


@pytest.mark.row("CN-14")
@pytest.mark.row("DO-04")
async def test_what_explains_an_absence_after_it_was_signed_waits_for_who_has_to_decide(
    keeping: Keeping,
) -> None:
    office = keeping.office
    (one,) = await planned(office, 1)
    office.clock.set(HOUR)
    await concluded(office, one, Etat.ABSENCE_INJUSTIFIEE)
    office.clock.set(HOUR + 40 * DAY)
    given = await office.justify(one, str(MotifAbsence.TRANSPORT), document=PAPER)

    waiting = await keeping.purge()
    office.clock.set(HOUR + 80 * DAY)
    async with office.database.write() as connection:
        await connection.execute(
            update(t.justification)
            .where(t.justification.c.id == given)
            .values(etat="refusee", decide=written(HOUR + 80 * DAY), decide_par="agent-1")
        )
    decided = await keeping.purge()
    office.clock.set(HOUR + 110 * DAY + timedelta(minutes=1))
    later = await keeping.purge()

    found = [report.get(Kind.DOCUMENTS) for report in (waiting, decided, later)]
    assert found == [None, None, 1]


async def test_a_message_that_went_leaves_when_and_by_which_way(keeping: Keeping) -> None:
    one = await lived(keeping)
    office = keeping.office
    async with office.database.write() as connection:
        await connection.execute(
            update(t.envoi).where(t.envoi.c.canal == "sms").values(etat=str(EtatEnvoi.PREPARE))
        )
    before = await office.rows(t.envoi, t.envoi.c.telecontrole == one)
    office.clock.set(HOUR + 93 * DAY)

    await keeping.purge()

    rows = await office.rows(t.envoi, t.envoi.c.telecontrole == one)
    assert {(row.contenu, row.destinataire, row.reference) for row in rows} == {("", "", None)}
    assert sorted((row.id, row.genre, row.canal, str(row.envoye)) for row in rows) == sorted(
        (row.id, row.genre, row.canal, str(row.envoye)) for row in before
    )
    # What had not left by then has no address any more: it never will.
    assert str(EtatEnvoi.PREPARE) not in {row.etat for row in rows}


async def test_what_came_later_keeps_the_whole(keeping: Keeping) -> None:
    one = await lived(keeping)
    office = keeping.office
    later = HOUR + 300 * DAY
    async with office.database.write() as connection:
        await connection.execute(
            t.rendez_vous.insert().values(
                id="rv-1", telecontrole=one, site="site-1", medecin_conseil="mc-1",
                debut=written(later), fuseau="Europe/Paris", duree_minutes=30, etat="honore",
                sequence=0,
            )
        )  # fmt: skip
    office.clock.set(HOUR + 800 * DAY)

    early = await keeping.purge()
    office.clock.set(later + 731 * DAY)
    late = await keeping.purge()

    assert Kind.WHOLE not in early
    assert late[Kind.WHOLE] == 1


async def test_a_series_goes_once_its_last_appointment_is_past(keeping: Keeping) -> None:
    office = keeping.office
    first, second = await planned(office, 2)
    async with office.database.write() as connection:
        await connection.execute(
            update(t.telecontrole)
            .where(t.telecontrole.c.id == second)
            .values(serie=first, suite_de=first, debut=written(HOUR + 300 * DAY))
        )
    office.clock.set(HOUR + 731 * DAY)

    early = await keeping.purge()
    office.clock.set(HOUR + 1_031 * DAY)
    late = await keeping.purge()

    assert (early.get(Kind.WHOLE), late.get(Kind.WHOLE)) == (None, 2)


async def test_who_is_expected_again_is_not_forgotten(keeping: Keeping) -> None:
    office = keeping.office
    first, second = await planned(office, 2)
    one = (await office.stored(first)).assure
    other = (await office.stored(second)).assure
    async with office.database.write() as connection:
        await connection.execute(
            update(t.telecontrole)
            .where(t.telecontrole.c.id == second)
            .values(assure=one, debut=written(HOUR + 700 * DAY), besoins="[]")
        )
    office.clock.set(HOUR + 731 * DAY)

    found = await keeping.purge()

    assert found[Kind.WHOLE] == 1
    async with office.registre.lecture() as unite:
        assert (await people.assure(unite.connection, one)).nom == "Zwijnaarde00"
    assert await count(office, t.assure, t.assure.c.id == other) == 1


# --- nothing is left ----------------------------------------------------------------------------


@stores.only_sqlite
@pytest.mark.row("SP-10")
async def test_nothing_of_a_purged_telecontrole_is_in_the_files_any_more(keeping: Keeping) -> None:
    office, data = keeping.office, keeping.office.config.data_dir
    one, other = (await lived(keeping)), (await planned_beside(keeping))
    theirs = b"\0".join(await values_of(office, other))
    words = [word for word in await everything(office, one) if word not in theirs]
    before = files(data)
    # A long value lies on several pages: the piece at their border is found nowhere.
    assert sum(word in before for word in words) > 0.9 * len(words) > 100
    office.clock.set(HOUR + 731 * DAY)

    found = await keeping.purge()

    after = files(data)
    assert [word for word in words if word in after] == []
    assert found[Kind.WHOLE] == 1
    assert await count(office, t.telecontrole, t.telecontrole.c.id == other) == 1


async def planned_beside(keeping: Keeping) -> str:
    """Somebody whose time is not over."""
    office = keeping.office
    un = await office.plan(
        name="Autre", doctor="mc-2", start="2027-01-20T14:30", mail="autre@exemple.fr"
    )
    async with office.database.write() as connection:
        await connection.execute(
            update(t.telecontrole)
            .where(t.telecontrole.c.id == un.id)
            .values(debut=written(HOUR + 600 * DAY))
        )
    return un.id


async def everything(office: Office, one: str) -> list[bytes]:
    """What lies in the file about them: sealed, hashed or plain, in pieces. Their télécontrôle's id
    and where its chain ended stay, in the heads."""
    heads = await office.rows(t.ligne, t.ligne.c.telecontrole == one)
    known = [one.encode(), *(row.empreinte.encode() for row in heads)]
    # The service's own: the name of the key that has sealed them, and the report.
    known.append(office.rings.seals.current.kid.encode())
    pieces = {
        value[at : at + PIECE]
        for value in await values_of(office, one)
        if value not in known
        for at in range(0, len(value) - PIECE, PIECE)
    }
    return sorted(piece for piece in pieces if not any(piece in head for head in known))


async def values_of(office: Office, one: str) -> list[bytes]:
    """Every text and every document of the rows of one télécontrôle and its person."""
    un = await office.stored(one)
    mine: list[Any] = [*await office.rows(t.assure, t.assure.c.id == un.assure)]
    for table, column in hanging():
        mine += await office.rows(table, column == one)
    given = {
        row.id for row in await office.rows(t.justification, t.justification.c.telecontrole == one)
    }
    mine += await office.rows(t.piece, t.piece.c.justification.in_(given))
    mine += await office.rows(t.session, t.session.c.telecontrole == one)
    found = (value for row in mine for value in row if isinstance(value, (str, bytes)))
    return [value.encode() if isinstance(value, str) else value for value in found]


def files(data: Any) -> bytes:
    """The three databases, and what SQLite keeps beside them."""
    return b"".join(path.read_bytes() for path in sorted(data.glob("*.db*")))


@pytest.mark.row("SP-10")
async def test_a_table_of_a_telecontrole_is_known_to_the_purge() -> None:
    known = {table.name for table, _ in hanging()} | {"piece", "session", "telecontrole", "efface"}

    mentions = {
        table.name
        for table in t.metadata.sorted_tables
        for column in table.columns
        if column.name == "telecontrole" or column.foreign_keys & t.justification.c.id.foreign_keys
    }

    assert mentions <= known
    assert len(hanging()) >= 9


# --- the report ---------------------------------------------------------------------------------


@pytest.mark.row("SP-10")
async def test_the_report_counts_is_signed_and_names_nobody(keeping: Keeping) -> None:
    one = await lived(keeping)
    office = keeping.office
    person = (await office.stored(one)).assure
    office.clock.set(HOUR + 731 * DAY)

    report = (await keeping.purge())["rapport"]

    verify = office.rings.seals.verify
    assert report["effaces"][Kind.WHOLE] == report["effaces"][Kind.PEOPLE] == 1
    assert report["avant"][Kind.WHOLE] == written(HOUR + DAY)
    assert set(report["avant"]) == {str(kind) for kind in Kind} == {str(kind) for kind in LABELS}
    assert reports.holds(report, verify)
    assert not reports.holds(report | {"effaces": {}}, verify)
    text = json.dumps(report)
    assert [word for word in (one, person, "Zwijnaarde", "D-00", NOTE) if word in text] == []


async def test_a_report_that_is_changed_or_taken_away_is_seen(keeping: Keeping) -> None:
    office = keeping.office
    for number in range(3):
        office.clock.set(HOUR + number * DAY)
        await keeping.purge()
    whole = [right for _, right in await keeping.reports.all()]
    async with office.database.write() as connection:
        await connection.execute(t.purge.delete().where(t.purge.c.numero == 2))

    cut = [right for _, right in await keeping.reports.all()]

    assert (whole, cut) == ([True, True, True], [True, False])


async def test_a_purge_beside_another_is_refused(keeping: Keeping) -> None:
    await keeping.reports.begin()

    with pytest.raises(PurgeEnCours):
        await keeping.purge()


async def test_who_was_taken_for_dead_destroys_nothing_more(keeping: Keeping) -> None:
    await lived(keeping)
    office = keeping.office
    office.clock.set(HOUR + 731 * DAY)
    slow = await keeping.reports.begin()
    office.clock.pass_by(seconds=reports.LEASE.total_seconds() + 1)
    await keeping.purge()

    with pytest.raises(PurgeEnCours):
        async with office.database.write() as connection:
            await keeping.reports.count(connection, slow, {Kind.WHOLE: 1})


@stores.only_sqlite
async def test_without_the_notes_the_records_wait_and_the_report_says_so(keeping: Keeping) -> None:
    await lived(keeping)
    office = keeping.office
    file = office.config.data_dir / "medical.db"
    await keeping.stores.notes.close()
    file.rename(file.with_suffix(".away"))
    file.mkdir()
    office.clock.set(HOUR + 731 * DAY)

    without = await keeping.purge()
    file.rmdir()
    file.with_suffix(".away").rename(file)
    again = await keeping.purge()

    assert without["rapport"]["incomplet"] == [Kind.NOTES, Kind.PEOPLE, Kind.WHOLE]
    assert (without.get(Kind.WHOLE), without[Kind.DOCUMENTS]) == (None, 1)
    assert (again[Kind.NOTES], again[Kind.WHOLE], again["rapport"]["incomplet"]) == (1, 1, [])


async def test_notes_of_an_unknown_telecontrole_stay(keeping: Keeping) -> None:
    """The main store may be the wrong one, or an older copy."""
    await keeping.note("inconnu-dans-cette-base")
    keeping.office.clock.set(HOUR + 3_000 * DAY)

    await keeping.purge()

    assert len(await keeping.stores.notes.history("inconnu-dans-cette-base")) == 1


async def test_nothing_is_in_one_transaction_for_long(keeping: Keeping) -> None:
    await planned(keeping.office, 12)
    keeping.office.clock.set(HOUR + 800 * DAY)

    found = await keeping.purge(keep_batch=5)

    whole = [total for kind, total in keeping.told if kind == Kind.WHOLE]
    assert (whole, found[Kind.WHOLE]) == ([5, 10, 12], 12)


# --- once a day ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "last", "is_due"),
    [
        ("2027-01-14T03:29", "2027-01-13T03:31", False),
        ("2027-01-14T03:31", "2027-01-13T03:31", True),
        ("2027-01-14T03:40", "2027-01-14T03:31", False),
        # It was off during the night: it does it when it is back.
        ("2027-01-14T11:00", "2027-01-12T03:31", True),
        ("2027-01-14T01:00", None, True),
    ],
)
def test_it_is_due_once_its_hour_was_struck(now: str, last: str | None, *, is_due: bool) -> None:
    then = datetime.fromisoformat(last + "+01:00") if last else None

    found = daily.due(datetime.fromisoformat(now + "+01:00"), "03:30", then)

    assert found is is_due


@pytest.mark.row("SP-10")
async def test_two_workers_purge_once_a_day(keeping: Keeping) -> None:
    office = keeping.office
    done = []

    for day in range(3):
        for _worker in range(2):
            office.clock.set(datetime.combine(HOUR.date() + day * DAY, time(12), HOUR.tzinfo))
            ran = await daily.once("03:30", office.clock(), keeping.reports, keeping.purge)
            done.append(ran)

    assert done == [True, False] * 3
    assert len(await keeping.reports.all()) == 3


async def test_a_day_that_fails_is_not_the_last_one() -> None:
    days = iter([OSError("no space left"), PurgeEnCours()])
    done = asyncio.Event()

    async def purge() -> None:
        for wrong in days:
            raise wrong
        done.set()

    async with task(daily.every_day(purge, every=timedelta(0))), asyncio.timeout(10):
        await done.wait()


@pytest.mark.row("SP-10")
async def test_a_running_server_purges_once_and_goes_on(serve: Any) -> None:
    service = await serve(purge_hour="03:30")
    never = await serve(service.data.parent / "jamais", purge_hour="")
    for one in (service, never):
        one.clock.pass_by(900 * DAY.total_seconds())

    ran = [await application.keep(one.app) for one in (service, service, never)]

    app = service.app
    kept = Reports(app[keys.REGISTRE].database, app[keys.RINGS].seals, app[keys.CLOCK])
    ((report, right),) = await kept.all()
    assert (ran, right) == ([True, False, False], True)
    assert report["incomplet"] == []
    await service.beat()


async def test_a_rule_looks_at_each_table_that_holds_what_expires() -> None:
    ruled = {rule.table.name for rule in rules(Terms.at(HOUR, Config()))}

    expiring = {
        table.name
        for table in t.metadata.sorted_tables
        if {"expire", "revoque"} & {column.name for column in table.columns}
    }

    assert expiring <= ruled


@stores.only_sqlite
async def test_the_file_can_be_read_by_another_hand(keeping: Keeping) -> None:
    await keeping.purge()

    with closing(sqlite3.connect(keeping.office.config.data_dir / "telecontrole.db")) as file:
        (row,) = file.execute("SELECT numero, genre, fin IS NOT NULL FROM purge").fetchall()

    assert row == (1, "purge", 1)


# --- the settings -------------------------------------------------------------------------------


@pytest.mark.row("SP-10")
@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"keep_record": 60 * DAY, "keep_notes": 60 * DAY}, "keep_"),
        ({"keep_notes": 731 * DAY}, "keep_notes"),
        ({"keep_documents": timedelta(0)}, "keep_documents"),
        ({"keep_spent": -DAY}, "keep_spent"),
        ({"keep_messages": 900 * DAY}, "keep_messages"),
        ({"keep_batch": 0}, "keep_batch"),
        ({"keep_batch": 401}, "keep_batch"),
        ({"purge_hour": "25:00"}, "purge_hour"),
        ({"purge_hour": "midi"}, "purge_hour"),
    ],
)
def test_a_time_that_contradicts_the_others_is_refused(
    tmp_path: Path, change: dict[str, Any], named: str
) -> None:
    good = replace(Config(), data_dir=tmp_path, secret=SECRET, purge_hour="")
    check_for_service(good)

    with pytest.raises(ConfigurationError, match=named):
        check_for_service(replace(good, **change))
