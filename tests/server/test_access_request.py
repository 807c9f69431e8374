"""A person asks what is held on them: all of it, in words, and nothing of anybody else."""

import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from command import outcome
from keeping_scenes import NOTE, PAPER, Keeping, concluded, keeping_of, planned, used
from planning_people import MONDAY, SECRET, Office
from sqlalchemy import MetaData, update

from controle.justification import MotifAbsence
from controle.presence import GenreFait, Role
from controle.verification import verifier
from server.journal.lines import Access, Who
from server.journal.store import metadata as journal_tables
from server.keeping.held import EXCLUDED, HELD, JOURNAL, NOTES
from server.notes.store import metadata as note_tables
from server.store import schema as t
from server.store.sql import written

HOUR = MONDAY + timedelta(days=2, hours=23)
#: The databases of an installation; each has its own table « version ».
STORES: tuple[MetaData, ...] = (t.metadata, journal_tables, note_tables)


@pytest.fixture
async def keeping(office: Office) -> AsyncIterator[Keeping]:
    async with keeping_of(office) as one:
        yield one


def columns() -> set[str]:
    return {
        f"{table.name}.{column.name}"
        for store in STORES
        for table in store.sorted_tables
        for column in table.columns
    }


# --- nothing is forgotten -----------------------------------------------------------------------


@pytest.mark.row("SP-11")
def test_every_column_is_given_or_is_left_out_for_a_reason() -> None:
    given = {
        f"{held.table.name}.{name}" for held in (*HELD, JOURNAL, NOTES) for name in held.columns
    }
    left_out = {
        name for name in columns() if name in EXCLUDED or name.partition(".")[0] in EXCLUDED
    }

    assert columns() - given - left_out == set()
    assert given & left_out == set()
    # A reason that is about nothing any more would hide the next column of that name.
    tables = {name.partition(".")[0] for name in columns()}
    assert set(EXCLUDED) <= columns() | tables
    assert given <= columns()
    assert all(len(reason) > 10 for reason in EXCLUDED.values())


def test_a_new_column_would_be_missed() -> None:
    """What the test above would say of it."""
    known = {f"{held.table.name}.{name}" for held in HELD for name in held.columns}

    assert "assure.surnom" not in known | set(EXCLUDED)
    assert "assure" not in EXCLUDED
    assert "telecontrole" not in EXCLUDED
    assert "envoi" not in EXCLUDED


# --- the whole of it ----------------------------------------------------------------------------


async def lived(keeping: Keeping) -> tuple[str, str]:
    """Somebody with something in every table, and somebody else."""
    office = keeping.office
    one, other = await planned(office, 2)
    await office.justify(one, str(MotifAbsence.TRANSPORT), document=PAPER)
    async with office.changing(one) as (unite, un):
        un.besoins = ("lsf", "fauteuil")
        await unite.enregistrer(un)
    office.clock.set(HOUR)
    await used(office, one)
    async with office.registre.transaction() as unite:
        details = {"genre": "presence", "empreinte": "0" * 64}
        fact = office.recorder.fact(GenreFait.ATTESTATION_DELIVREE, Role.ASSURE, details=details)
        await unite.inscrire(one, fact)
    async with office.database.write() as connection:
        now = written(office.clock())
        for table, row in (
            (t.demande_presentiel, {"origine": "refus", "instant": now}),
            (t.tache, {
                "genre": "appeler", "caisse": "rennes", "cree": now, "faite_par": "agent-1",
            }),
            (t.rendez_vous, {
                "id": "rv-1", "site": "site-1", "medecin_conseil": "mc-2", "debut": now,
                "fuseau": "Europe/Paris", "duree_minutes": 30, "etat": "honore", "sequence": 0,
            }),
        ):  # fmt: skip
            await connection.execute(table.insert().values(telecontrole=one, **row))
    await concluded(office, one)
    await keeping.note(one)
    who = Who("agent-1", "agent", "session-secrete")
    await keeping.stores.journal.write(who, Access.CONTACTS_READ, one)
    return one, other


async def given(
    keeping: Keeping, folder: Path, *arguments: str
) -> tuple[int, str, dict[str, Any], str]:
    """Exit status, what was printed, the JSON and the page."""
    settings = {
        "TELECONTROLE_SECRET": SECRET,
        "TELECONTROLE_DATA_DIR": str(keeping.office.config.data_dir),
    }
    status, printed = await outcome("acces", "--dossier", str(folder), *arguments, **settings)
    if status:
        return status, printed, {}, ""
    data = json.loads((folder / "donnees.json").read_text())
    return status, printed, data, (folder / "index.html").read_text()


@pytest.mark.row("SP-11")
async def test_a_person_is_given_all_that_is_held_on_them(keeping: Keeping, tmp_path: Path) -> None:
    one, other = await lived(keeping)
    office = keeping.office
    person = (await office.stored(one)).assure

    status, printed, data, page = await given(keeping, tmp_path / "acces", "--assure", person)

    assert status == 0, printed
    found = data["donnees"]
    # Something in every table, and each column that is promised in every row.
    assert [name for name, rows in found.items() if not rows] == []
    for held in HELD:
        assert {frozenset(row) for row in found[held.table.name]} == {frozenset(held.columns)}
    (un,) = found["telecontrole"]
    assert (un["id"], un["besoins"], un["etat"]) == (one, ["lsf", "fauteuil"], "cloture")
    assert found["assure"][0]["nom"] == "Zwijnaarde00"
    assert {row["destinataire"] for row in found["envoi"]} >= {"assure00@exemple.fr"}
    assert all(row["contenu"]["texte"] for row in found["envoi"] if row["etat"] == "envoye")
    for word in (
        "Zwijnaarde00", "assure00@exemple.fr", "00 rue des Glycines", "D-00", "Rennes centre",
        "Dr Claire Quemeneur", "langue des signes", "Attestation délivrée", "14 janvier 2027",
        "Coordonnées lues", "Agent de la caisse", "Un problème de transport",
    ):  # fmt: skip
        assert word in page, word
    assert other not in page + json.dumps(data)


@pytest.mark.row("SP-11")
async def test_nothing_of_anybody_else_and_no_secret_is_in_the_folder(
    keeping: Keeping, tmp_path: Path
) -> None:
    one, other = await lived(keeping)
    office = keeping.office
    person = (await office.stored(one)).assure
    async with office.registre.lecture() as unite:
        secret = await office.links.secret_of(unite.connection, one)
        kept = (await office.rows(t.assure, t.assure.c.id == person))[0].cle
    assert secret

    await given(keeping, tmp_path / "acces", "--assure", person)

    everything = b"".join(
        path.read_bytes() for path in (tmp_path / "acces").rglob("*") if path.is_file()
    ).decode()
    hashes = [
        row.empreinte for table in (t.lien, t.session, t.tiers) for row in await office.rows(table)
    ]
    for word in (
        "Zwijnaarde01", "assure01@exemple.fr", other, secret, kept, *hashes, "session-secrete",
        NOTE, "Agathe",
    ):  # fmt: skip
        assert word not in everything, word


@pytest.mark.row("SP-11")
async def test_documents_and_signed_records_lie_beside_for_this_account_alone(
    keeping: Keeping, tmp_path: Path
) -> None:
    one, _ = await lived(keeping)
    folder = tmp_path / "acces"

    _, _, data, page = await given(keeping, folder, "--reference", "rennes", "D-00")

    (document,) = data["donnees"]["piece"]
    assert (folder / document["contenu"]).read_bytes() == PAPER
    assert f'href="{document["contenu"]}"' in page
    record = json.loads((folder / "releves" / f"{one}.json").read_text())
    assert verifier(record, keeping.office.rings.seals.verify).valide
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.row("SP-11")
@pytest.mark.row("SP-09")
async def test_the_access_is_on_the_journal(keeping: Keeping, tmp_path: Path) -> None:
    one, _ = await lived(keeping)
    person = (await keeping.office.stored(one)).assure

    await given(keeping, tmp_path / "acces", "--assure", person)
    _, _, data, _ = await given(keeping, tmp_path / "encore", "--assure", person)

    kinds = [(row["genre"], row["role"]) for row in data["consultations"]]
    assert kinds == [("coordonnees_lues", "agent"), ("donnees_communiquees", "exploitant")]


# --- the notes of the service médical -----------------------------------------------------------


@pytest.mark.row("SP-11")
@pytest.mark.row("OP-07")
async def test_notes_are_asked_of_the_service_medical_and_given_with_its_keys(
    keeping: Keeping, tmp_path: Path
) -> None:
    one, _ = await lived(keeping)
    person = (await keeping.office.stored(one)).assure
    keys = str(keeping.office.config.medical_keys)
    (tmp_path / "autres").mkdir()

    _, printed, without, page = await given(keeping, tmp_path / "a", "--assure", person)
    _, _, with_them, full = await given(
        keeping, tmp_path / "b", "--assure", person, "--notes", keys
    )
    status, _, _, _ = await given(
        keeping, tmp_path / "c", "--assure", person, "--notes", str(tmp_path / "autres")
    )

    assert (without["notes_medicales"], "L.1111-7" in page, NOTE in page) == (None, True, False)
    assert f"--assure {person} --dossier DOSSIER --notes" in printed
    assert [note["contenu"] for note in with_them["notes_medicales"]] == [NOTE]
    assert (NOTE in full, "Dr Claire Quemeneur" in full) == (True, True)
    assert (status, (tmp_path / "c").exists()) == (2, False)


# --- refusals -----------------------------------------------------------------------------------


async def test_nobody_is_given_twice_the_same_reference(keeping: Keeping, tmp_path: Path) -> None:
    await planned(keeping.office, 2)
    async with keeping.office.database.write() as connection:
        await connection.execute(update(t.assure).values(reference="D-00"))

    two, printed, _, _ = await given(keeping, tmp_path / "a", "--reference", "rennes", "D-00")
    none, _, _, _ = await given(keeping, tmp_path / "a", "--reference", "lille", "D-00")
    nobody, _, _, _ = await given(keeping, tmp_path / "a", "--assure", "inconnu")

    assert (two, none, nobody) == (2, 2, 2)
    assert "Plusieurs personnes" in printed
    assert not (tmp_path / "a").exists()


async def test_a_folder_that_holds_something_is_left_alone(
    keeping: Keeping, tmp_path: Path
) -> None:
    (tmp_path / "plein").mkdir()
    (tmp_path / "plein" / "autre.html").write_text("à quelqu'un d'autre")

    status, printed, _, _ = await given(keeping, tmp_path / "plein", "--assure", "inconnu")

    assert (status, "dossier vide" in printed) == (2, True)


# --- the page -----------------------------------------------------------------------------------


class Outline(HTMLParser):
    """Headings in their order; of each table, whether it has a caption and scoped headers."""

    def __init__(self) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.count: Counter[str] = Counter()
        self.ids: list[str] = []
        self.lang = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.count[tag] += 1
        self.lang = named.get("lang") or self.lang
        if re.fullmatch(r"h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag == "th":
            self.count["scope"] += "scope" in named
        if named.get("id"):
            self.ids.append(named["id"] or "")


@pytest.mark.row("SP-11")
async def test_the_page_can_be_read_by_everybody(keeping: Keeping, tmp_path: Path) -> None:
    one, _ = await lived(keeping)
    person = (await keeping.office.stored(one)).assure

    _, _, _, page = await given(keeping, tmp_path / "acces", "--assure", person)

    seen = Outline()
    seen.feed(page)
    assert (seen.lang, seen.count["h1"], seen.levels[0]) == ("fr", 1, 1)
    jumps = zip(seen.levels, seen.levels[1:], strict=False)
    assert all(after - before <= 1 for before, after in jumps)
    assert seen.count["table"] == seen.count["caption"] > 10
    assert seen.count["th"] == seen.count["scope"]
    assert len(seen.ids) == len(set(seen.ids))
    assert seen.count["script"] == seen.count["img"] == 0


async def test_what_somebody_wrote_is_text_on_the_page(keeping: Keeping, tmp_path: Path) -> None:
    un = await keeping.office.plan(
        name="<script>alert(1)</script>", doctor="mc-1", start="2027-01-14T09:00"
    )

    _, _, _, page = await given(keeping, tmp_path / "acces", "--assure", un.assure)

    assert "<script" not in page
    assert "&lt;script&gt;" in page
