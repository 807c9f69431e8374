"""A purge that is killed and goes on, and what an audit says afterwards; one person on request."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from command import Command, outcome
from keeping_scenes import PAPER, Keeping, concluded, count, keeping_of, planned, used
from planning_people import MONDAY, SECRET, Office
from register_scenes import Noted, Thief
from sqlalchemy import update

from controle.justification import MotifAbsence
from controle.temoignage import MotifTete
from controle.verification import verifier
from server.apart.key_files import KeyFiles
from server.config import Config
from server.evidence import command as auditing
from server.evidence.audit import Report
from server.evidence.file_place import FilePlace
from server.evidence.heads import Heads
from server.evidence.places import Places
from server.journal.store import Journal
from server.journal.store import Wanted as Asked
from server.keeping import reports
from server.keeping.erase import Erasing, Motif, PersonneAttendue, PersonneInconnue
from server.keeping.terms import Kind
from server.store import people
from server.store import schema as t
from server.store.sealed import ERASED, PersonneEffacee
from server.store.sql import written

DAY = timedelta(days=1)
HOUR = MONDAY + timedelta(days=2, hours=23)
SETTINGS = {"TELECONTROLE_SECRET": SECRET, "TELECONTROLE_KEEP_BATCH": "1"}


@pytest.fixture
async def keeping(office: Office) -> AsyncIterator[Keeping]:
    async with keeping_of(office) as one:
        yield one


class Witness:
    """Heads of the register, which leave for a file elsewhere."""

    def __init__(self, office: Office, folder: Path) -> None:
        folder.mkdir()
        self._office = office
        self.folder = folder
        clock: Any = office.clock
        self._heads = Heads(
            office.database, office.rings.seals, clock,
            every=timedelta(seconds=60), at_rest=timedelta(hours=1),
        )  # fmt: skip
        places = [FilePlace(folder / "tetes.jsonl")]
        self._places = Places(office.database, clock, places, Noted())

    async def head(self) -> None:
        self._office.clock.pass_by(minutes=1)
        while await self._heads.make(MotifTete.FIN):
            pass
        await self._places.tell()

    def audit(self) -> Report:
        config = replace(Config(), data_dir=self._office.config.data_dir)
        return auditing.audited(auditing.Asked(config, heads=[self.folder]))[0]


# --- killed, and again --------------------------------------------------------------------------


async def long_ago(office: Office) -> None:
    """Everything happened six years before this machine's own clock."""
    async with office.database.write() as connection:
        await connection.execute(
            update(t.telecontrole).values(debut="2020-01-14T08:00:00.000000+00:00")
        )


async def as_if_ten_minutes_had_gone_by(office: Office) -> None:
    async with office.database.write() as connection:
        await connection.execute(update(t.purge).values(bail="2020-01-14T08:00:00.000000+00:00"))


@pytest.mark.row("SP-10")
async def test_a_purge_that_is_killed_goes_on_and_counts_each_one_once(office: Office) -> None:
    ids = await planned(office, 12)
    await long_ago(office)
    settings = SETTINGS | {"TELECONTROLE_DATA_DIR": str(office.config.data_dir)}

    first = await Command.start("purge", **settings)
    await first.says("Télécontrôles entiers : 2")
    first.process.kill()
    await first.process.wait()
    some = await count(office, t.telecontrole)
    too_soon, refused = await outcome("purge", **settings)
    await as_if_ten_minutes_had_gone_by(office)
    file = office.config.data_dir / "rapport.json"
    status, printed = await outcome("purge", "--json", str(file), **settings)
    await first.end()

    report = json.loads(file.read_text())
    assert 0 < some < len(ids)
    assert (too_soon, "déjà en cours" in refused) == (2, True)
    assert (status, report["numero"]) == (0, 1), printed
    assert (report["effaces"][Kind.WHOLE], report["effaces"][Kind.PEOPLE]) == (12, 12)
    assert (await count(office, t.telecontrole), await count(office, t.assure)) == (0, 0)
    assert reports.holds(report, office.rings.seals.verify)
    assert file.stat().st_mode & 0o777 == 0o600


async def test_a_dry_run_counts_and_changes_nothing(office: Office) -> None:
    await planned(office, 2)
    await long_ago(office)
    settings = SETTINGS | {"TELECONTROLE_DATA_DIR": str(office.config.data_dir)}

    status, printed = await outcome("purge", "--dry-run", **settings)
    listed, none = await outcome("purge", "--historique", **settings)

    assert (status, listed) == (0, 0)
    assert "Télécontrôles entiers" in printed
    assert "0 rapport(s)." in none
    assert await count(office, t.telecontrole) == 2


# --- the audit ----------------------------------------------------------------------------------


@pytest.mark.row("SP-10")
@pytest.mark.row("OP-03")
async def test_an_audit_after_a_purge_finds_nothing_but_what_was_dropped_by_hand(
    keeping: Keeping, tmp_path: Path
) -> None:
    office = keeping.office
    witness = Witness(office, tmp_path / "temoin")
    old, dropped, kept = await planned(office, 3)
    for one in (old, dropped, kept):
        await concluded(office, one)
    await witness.head()
    async with office.database.write() as connection:
        await connection.execute(
            update(t.telecontrole)
            .where(t.telecontrole.c.id != old)
            .values(debut=written(HOUR + 700 * DAY))
        )
    office.clock.set(HOUR + 732 * DAY)

    purged = await keeping.purge()
    at_once = witness.audit()
    await witness.head()
    with_a_head = witness.audit()
    thief = Thief(office.config.data_dir / "telecontrole.db")
    for table in ("ligne", "sceau", "issue"):
        thief.store.execute(f"DELETE FROM {table} WHERE telecontrole = ?", (dropped,))  # noqa: S608
    thief.close()
    robbed = witness.audit()

    assert purged[Kind.WHOLE] == 1
    assert (at_once.findings, at_once.erased, at_once.telecontroles) == ([], 1, 2)
    assert (with_a_head.findings, with_a_head.erased) == ([], 1)
    assert [str(one).split(" :")[0] for one in robbed.findings] == [f"Télécontrôle {dropped}"]


async def test_an_erasure_that_a_thief_writes_does_not_pass_for_the_service_s(
    keeping: Keeping, tmp_path: Path
) -> None:
    office = keeping.office
    witness = Witness(office, tmp_path / "temoin")
    (one,) = await planned(office, 1)
    await witness.head()
    thief = Thief(office.config.data_dir / "telecontrole.db")
    last = thief.chain(one)[-1]
    row = (one, last["seq"], last["empreinte"], written(office.clock()), last["marque"])
    thief.store.execute(
        "INSERT INTO efface (telecontrole, longueur, tete, instant, marque) VALUES (?, ?, ?, ?, ?)",
        row,
    )
    thief.replace(one, [])
    thief.close()

    found = [str(one) for one in witness.audit().findings]

    assert any("son effacement n'est pas du service" in one for one in found)
    assert any("il manque" in one for one in found)


# --- one person, on request ---------------------------------------------------------------------

GONE = 7


def erasing(keeping: Keeping) -> Erasing:
    return Erasing(keeping.office.database, keeping.stores.journal, keeping.reports)


@pytest.mark.row("SP-10")
async def test_of_twenty_people_one_is_erased_and_nineteen_are_read(
    keeping: Keeping, tmp_path: Path
) -> None:
    office = keeping.office
    witness = Witness(office, tmp_path / "temoin")
    ids = await planned(office, 20)
    await office.justify(ids[GONE], str(MotifAbsence.TRANSPORT), document=PAPER)
    await used(office, ids[GONE])
    await witness.head()
    office.clock.set(HOUR + 20 * DAY)
    one = (await office.stored(ids[GONE])).assure

    report = await erasing(keeping).erase(one, Motif.OPPOSITION, office.clock())

    names = [await called(office, un) for un in ids]
    assert names.pop(GONE) == ("", ERASED, "")
    assert names == [
        (f"D-{n:02d}", f"Zwijnaarde{n:02d}", f"assure{n:02d}@exemple.fr")
        for n in range(20)
        if n != GONE
    ]
    assert await count(office, t.lien, t.lien.c.telecontrole == ids[GONE]) == 0
    assert await count(office, t.piece) == await count(office, t.session) == 0
    # The record stays whole.
    async with office.registre.lecture() as unite:
        record = await office.recorder.export(unite, ids[GONE])
    assert verifier(record, office.rings.seals.verify).valide
    assert witness.audit().findings == []
    assert (report["genre"], report["motif"]) == ("effacement", "opposition")
    assert report["effaces"][Kind.PEOPLE] == report["effaces"][Kind.DOCUMENTS] == 1
    assert one not in json.dumps(report)
    assert [right for _, right in await keeping.reports.all()] == [True]


async def called(office: Office, telecontrole: str) -> tuple[str, str, str]:
    async with office.registre.lecture() as unite:
        un = await unite.telecontrole(telecontrole)
        one = await people.assure(unite.connection, un.assure)
        return one.reference, one.nom, one.courriel


@pytest.mark.row("SP-10")
async def test_who_is_still_expected_is_not_erased(keeping: Keeping) -> None:
    office = keeping.office
    (one,) = await planned(office, 1)
    person = (await office.stored(one)).assure

    with pytest.raises(PersonneAttendue):
        await erasing(keeping).erase(person, Motif.ERREUR, office.clock())

    assert (await called(office, one))[1] == "Zwijnaarde00"
    assert await keeping.reports.all() == []


@pytest.mark.parametrize("days", [10, 40])
async def test_an_appointment_in_person_to_come_keeps_them_too(keeping: Keeping, days: int) -> None:
    office = keeping.office
    (one,) = await planned(office, 1)
    person = (await office.stored(one)).assure
    async with office.database.write() as connection:
        await connection.execute(
            t.rendez_vous.insert().values(
                id="rv-1", telecontrole=one, site="site-1", medecin_conseil="mc-1",
                debut=written(HOUR + 30 * DAY), fuseau="Europe/Paris", duree_minutes=30,
                etat="convoque", sequence=0,
            )
        )  # fmt: skip
    office.clock.set(HOUR + days * DAY)
    erased = True

    try:
        await erasing(keeping).erase(person, Motif.ERREUR, office.clock())
    except PersonneAttendue:
        erased = False

    assert erased is (days > 30)


async def test_nobody_and_who_was_erased_already_are_refused(keeping: Keeping) -> None:
    office = keeping.office
    (one,) = await planned(office, 1)
    person = (await office.stored(one)).assure
    office.clock.set(HOUR + 20 * DAY)
    await erasing(keeping).erase(person, Motif.ILLICITE, office.clock())

    with pytest.raises(PersonneEffacee):
        await erasing(keeping).erase(person, Motif.ILLICITE, office.clock())
    with pytest.raises(PersonneInconnue):
        await erasing(keeping).erase("personne", Motif.ILLICITE, office.clock())

    assert len(await keeping.reports.all()) == 1


@pytest.mark.row("SP-10")
async def test_who_was_erased_goes_whole_at_the_term_like_the_others(keeping: Keeping) -> None:
    office = keeping.office
    (one,) = await planned(office, 1)
    person = (await office.stored(one)).assure
    office.clock.set(HOUR + 20 * DAY)
    await erasing(keeping).erase(person, Motif.INUTILE, office.clock())
    office.clock.set(HOUR + 731 * DAY)

    found = await keeping.purge()

    assert (found[Kind.WHOLE], found[Kind.PEOPLE]) == (1, 1)
    assert await count(office, t.assure) == 0
    assert [right for _, right in await keeping.reports.all()] == [True, True]


@pytest.mark.row("SP-10")
async def test_the_command_erases_whom_nobody_expects_and_nobody_else(office: Office) -> None:
    one, other = await planned(office, 2)
    async with office.database.write() as connection:
        await connection.execute(
            update(t.telecontrole)
            .where(t.telecontrole.c.id == one)
            .values(debut="2020-01-14T08:00:00.000000+00:00")
        )
    settings = SETTINGS | {"TELECONTROLE_DATA_DIR": str(office.config.data_dir)}
    people_of = [(await office.stored(un)).assure for un in (one, other)]

    runs = [
        await outcome("effacer", "--assure", person, "--motif", "opposition", **settings)
        for person in people_of
    ]

    assert [status for status, _ in runs] == [0, 2]
    assert "service médical" in runs[0][1]
    assert "encore attendue" in runs[1][1]
    assert [(await called(office, un))[1] for un in (one, other)] == [ERASED, "Zwijnaarde01"]
    # On the journal before it is done, and not for a refusal.
    journal = Journal(office.config.journal_database, KeyFiles(office.config.journal_keys), _now)
    lines = await journal.find(Asked())
    await journal.close()
    assert [(line.kind, line.target) for line in lines] == [("personne_effacee", people_of[0])]


def _now() -> datetime:
    return datetime.now(UTC)
