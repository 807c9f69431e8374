"""Who read what: exact lines, before anything is given, and nothing taken away unseen."""

import json
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import stores
from doctor_scenes import justified
from note_scenes import CANARY, bytes_of, journal, note_path, read, rows, write
from server_people import Appointment, Browser, Service
from test_documents import PAPER

from server import keys
from server.journal.lines import Access, operator
from server.journal.store import Wanted
from server.web.journaled import TABLE
from server.web.permissions import TABLE as PERMISSIONS

AWAY = "sqlite+aiosqlite:////nowhere/at/all/journal.db"


def one(appointment: Appointment, rest: str = "") -> str:
    return f"/api/console/telecontroles/{appointment.id}{rest}"


def agents(appointment: Appointment, rest: str = "") -> str:
    return f"/api/agent/telecontroles/{appointment.id}{rest}"


@pytest.mark.row("SP-09")
async def test_each_access_leaves_one_exact_line(service: Service) -> None:
    appointment, doctor, agent = (
        await service.appoint(), await service.doctor(), await service.agent(),
    )  # fmt: skip
    given = await justified(service, appointment, PAPER)

    await write(doctor, appointment)
    await read(doctor, appointment)
    await doctor.ok(note_path(appointment, "/versions/1"), method="GET")
    await doctor.ok(one(appointment), method="GET")
    await doctor.ok(one(appointment, "/releve"), method="GET")
    assert (await doctor.get(one(appointment, f"/justifications/{given}/piece"))).status == 200
    await agent.ok(agents(appointment), method="GET")
    await agent.ok(agents(appointment, "/appels"), {"result": "joint"})

    assert journal(service, appointment) == [
        ("mc-1", "medecin_conseil", "note_ecrite", "1"),
        ("mc-1", "medecin_conseil", "note_lue", "1"),
        ("mc-1", "medecin_conseil", "note_lue", "1"),
        ("mc-1", "medecin_conseil", "telecontrole_ouvert", ""),
        ("mc-1", "medecin_conseil", "releve_exporte", ""),
        ("mc-1", "medecin_conseil", "document_lu", given),
        ("ag-1", "agent", "coordonnees_lues", ""),
    ]


@pytest.mark.row("SP-09")
async def test_lists_and_exports_of_agents_are_on_the_journal(service: Service) -> None:
    agent = await service.agent()

    for path in ("telecontroles", "telecontroles.csv", "envois", "envois.csv"):
        assert (await agent.get(f"/api/agent/{path}")).status == 200

    assert [line[2] for line in journal(service)] == [
        "liste_lue", "liste_exportee", "envois_lus", "envois_exportes",
    ]  # fmt: skip


@pytest.mark.row("SP-09")
async def test_whom_an_absence_names_was_read(service: Service) -> None:
    appointment, agent = await service.appoint(3 * 24 * 60), await service.agent()
    day = (service.clock() + timedelta(days=3)).date()

    away = {"start": f"{day}T00:01", "end": f"{day + timedelta(days=1)}T23:59"}
    told = await agent.ok("/api/agent/medecins/mc-1/absences", away)

    assert [one["assure"] for one in told["items"]] == [f"Mme {appointment.assure.nom}"]
    assert [line[:3] for line in journal(service)] == [("ag-1", "agent", "liste_lue")]


@pytest.mark.row("SP-09")
async def test_a_line_says_who_when_and_from_which_session_and_nothing_else(
    service: Service,
) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    await write(doctor, appointment)
    cookie = next(iter(doctor.cookies.values()))

    [line] = rows(service, "journal.db", "SELECT instant, session FROM acces")
    sessions = rows(service, "telecontrole.db", "SELECT reference FROM session")

    assert line[0] == service.clock().isoformat(timespec="microseconds")
    assert (line[1],) in sessions
    raw = bytes_of(service.data, "journal.db").decode(errors="replace")
    secret = (CANARY, "Zwijnaarde", "Quemeneur", cookie, appointment.assure.telephone)
    assert not [word for word in secret if word in raw]


@pytest.mark.row("SP-09")
async def test_what_is_refused_leaves_no_line(service: Service) -> None:
    appointment = await service.appoint()

    for who in (await service.doctor("mc-2"), service.browser()):
        assert (await who.get(one(appointment))).status in (401, 404)
        assert (await who.get(note_path(appointment))).status in (401, 404)

    assert not (service.data / "journal.db").exists()


@pytest.mark.row("SP-09")
async def test_a_page_that_asks_again_is_the_same_opening_for_some_minutes(
    service: Service,
) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    for _ in range(5):
        await doctor.ok(one(appointment), method="GET")
    other = await service.doctor()

    await other.ok(one(appointment), method="GET")

    assert len(journal(service, appointment)) == 2


#: What needs the journal, by who asks; and what would have been given.
GIVEN: list[tuple[str, Callable[[Appointment], str]]] = [
    ("doctor", note_path),
    ("doctor", lambda appointment: note_path(appointment, "/versions/1")),
    ("doctor", one),
    ("doctor", lambda appointment: one(appointment, "/releve")),
    ("agent", agents),
    ("agent", lambda _: "/api/agent/telecontroles"),
    ("agent", lambda _: "/api/agent/envois.csv"),
]


@pytest.mark.row("SP-09")
@pytest.mark.parametrize(("who", "path"), GIVEN)
async def test_without_the_journal_nothing_is_given(
    service: Service, who: str, path: Callable[[Appointment], str]
) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    await write(doctor, appointment)
    browser: Browser = doctor if who == "doctor" else await service.agent()

    rows(service, "journal.db", "ALTER TABLE acces RENAME TO parti")
    answer = await browser.get(path(appointment))

    assert (answer.status, answer.error["code"]) == (503, "journal_indisponible")
    assert not [word for word in (CANARY, "Zwijnaarde") if word in answer.raw.decode()]


@pytest.mark.row("SP-09")
async def test_without_the_journal_nothing_is_written_or_done(serve: Any) -> None:
    service: Service = await serve(journal_database_url=AWAY)
    appointment, doctor, agent = (
        await service.appoint(), await service.doctor(), await service.agent(),
    )  # fmt: skip
    before = await service.kinds(appointment.id)

    refused = await write(doctor, appointment)
    act = await agent.post(agents(appointment, "/appels"), {"result": "joint"})

    assert [refused.status, act.status] == [503, 503]
    assert rows(service, "medical.db", "SELECT count(*) FROM note") == [(0,)]
    assert await service.kinds(appointment.id) == before


@pytest.mark.row("SP-09")
def test_each_journaled_route_is_a_route() -> None:
    known = {f"{line.method} {line.path}" for line in PERMISSIONS}

    assert set(TABLE) <= known


#: Routes of professionals about one person that give no more than a name and a state (of third
#: participants: a quality and dates), and those that medecin/notes.py puts on the journal itself.
UNJOURNALED = {
    "salle", "identite", "examen-clinique", "issue", "appels", "transfert", "presentiel",
    "decision", "note", "{version}", "tiers", "{invitation}",
}  # fmt: skip


@pytest.mark.row("SP-09")
def test_a_new_route_about_one_person_is_journaled_or_said_not_to_be() -> None:
    about = {
        f"{line.method} {line.path}"
        for line in PERMISSIONS
        if line.owned == "telecontrole" and line.asker in ("medecin_conseil", "agent")
    }

    bare = {route for route in about - set(TABLE) if route.rpartition("/")[2] not in UNJOURNALED}

    assert bare == set()


# --- what shows ---------------------------------------------------------------------------------


async def kept(service: Service, count: int = 8) -> Appointment:
    """That many lines."""
    appointment, doctor = await service.appoint(), await service.doctor()
    for revision in range(count):
        service.clock.pass_by(1)
        assert (await write(doctor, appointment, f"n {revision}", revision)).status == 200
    return appointment


async def verdict(service: Service) -> list[str]:
    return (await service.app[keys.JOURNAL].verify())[1]


#: Each tampering by its statement, and a word of what must be said.
TAMPERED = [
    ("UPDATE acces SET qui = 'mc-2' WHERE seq = 3", "Ligne 3 : altérée."),
    ("UPDATE acces SET genre = 'rien' WHERE seq = 3", "Ligne 3 : altérée."),
    ("UPDATE acces SET instant = '' WHERE seq = 3", "Ligne 3 : altérée."),
    ("UPDATE acces SET cle = 7 WHERE seq = 3", "Ligne 3 : altérée."),
    ("UPDATE acces SET marque = precedent WHERE seq = 3", "Ligne 3 : altérée."),
    ("DELETE FROM acces WHERE seq = 3", "Lignes 3 à 3 : absentes."),
    ("DELETE FROM acces WHERE seq <= 3", "Lignes 1 à 3 : absentes."),
    ("DELETE FROM acces WHERE seq > 5", "Lignes 6 à 8 : coupées."),
    ("DELETE FROM acces", "Lignes 1 à 8 : coupées."),
    (
        "INSERT INTO acces SELECT 9, instant, 'mc-9', role, session, genre, telecontrole, objet, "
        "marque, cle, precedent FROM acces WHERE seq = 8",
        "Ligne 9 : altérée.",
    ),
    (
        "UPDATE acces SET genre = 'journal_purge', objet = '2:' || precedent WHERE seq = 3",
        "Ligne 3 : altérée.",
    ),
]


@pytest.mark.row("SP-09")
@pytest.mark.parametrize(("change", "said"), TAMPERED)
async def test_whoever_writes_the_journal_s_file_is_seen(
    service: Service, change: str, said: str
) -> None:
    await kept(service)
    assert await verdict(service) == []

    rows(service, "journal.db", change)

    assert said in await verdict(service)


@pytest.mark.row("SP-09")
async def test_a_cut_leaves_a_hole_for_good(service: Service) -> None:
    appointment = await kept(service)
    rows(service, "journal.db", "DELETE FROM acces WHERE seq > 5")

    await read(await service.doctor(), appointment)

    assert await verdict(service) == ["Lignes 6 à 8 : absentes."]


@stores.only_sqlite
@pytest.mark.row("SP-09")
async def test_an_older_copy_put_back_is_seen(service: Service, tmp_path: Path) -> None:
    await kept(service, 3)
    with (
        sqlite3.connect(service.data / "journal.db") as now,
        sqlite3.connect(tmp_path / "copy.db") as copy,
    ):
        now.backup(copy)
    doctor, appointment = await service.doctor(), await service.appoint(30)
    await write(doctor, appointment)

    with (
        sqlite3.connect(tmp_path / "copy.db") as copy,
        sqlite3.connect(service.data / "journal.db") as now,
    ):
        copy.backup(now)
    for connection in (now, copy):
        connection.close()

    assert await verdict(service) == ["Lignes 4 à 4 : coupées."]


# --- the auditor --------------------------------------------------------------------------------


@pytest.mark.row("SP-09")
async def test_what_is_too_old_goes_and_a_line_says_so(service: Service) -> None:
    await kept(service, 6)
    cut = service.clock() - timedelta(seconds=2.5)

    gone = await service.app[keys.JOURNAL].purge(cut, operator())
    again = await service.app[keys.JOURNAL].purge(cut, operator())

    assert (gone, again) == (3, 0)
    assert rows(service, "journal.db", "SELECT seq, genre FROM acces ORDER BY seq") == [
        (4, "note_ecrite"), (5, "note_ecrite"), (6, "note_ecrite"), (7, "journal_purge"),
    ]  # fmt: skip
    assert await verdict(service) == []


@pytest.mark.row("SP-09")
async def test_a_purge_of_everything_and_another_one_still_verify(service: Service) -> None:
    appointment = await kept(service, 3)
    book = service.app[keys.JOURNAL]

    for _ in range(2):
        service.clock.pass_by(60)
        await book.purge(service.clock(), operator())
        await read(await service.doctor(), appointment)

    assert await verdict(service) == []
    kinds = [row[0] for row in rows(service, "journal.db", "SELECT genre FROM acces ORDER BY seq")]
    assert kinds == ["journal_purge", "note_lue"]


@pytest.mark.row("SP-09")
async def test_an_auditor_finds_by_telecontrole_by_person_and_by_time(service: Service) -> None:
    appointment = await kept(service, 3)
    other, doctor = await service.appoint(30, medecin="mc-2"), await service.doctor("mc-2")
    await write(doctor, other)
    book = service.app[keys.JOURNAL]

    by_object = await book.find(Wanted(telecontrole=other.id))
    by_person = await book.find(Wanted(who="mc-1"))
    late = await book.find(Wanted(start=service.clock()))

    assert [line.who.id for line in by_object] == ["mc-2"]
    assert {line.telecontrole for line in by_person} == {appointment.id}
    assert [line.seq for line in late] == [3, 4]


@pytest.mark.row("SP-09")
async def test_the_anchor_that_is_gone_is_said(service: Service) -> None:
    await kept(service, 2)
    anchor = service.config.journal_keys / "tete.json"
    assert json.loads(anchor.read_text())["seq"] == 2

    anchor.unlink()

    assert await verdict(service) == [
        "Le fichier de tête manque à côté des clés, ou ne se lit pas."
    ]
    assert str(Access.NOTE_WRITTEN) == "note_ecrite"
