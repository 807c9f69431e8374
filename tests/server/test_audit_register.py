"""What the audit says of who holds every key, of bare marks, of an extract, of a purge."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from register_scenes import Kept, Thief, audit, lived, open_register
from test_tamper_register import edit_recompute

from controle.telecontrole import Etat
from controle.temoignage import TeteRegistre, origine, racine
from server.config import Config
from server.evidence import command, erasure
from server.evidence.elsewhere import changes_of
from server.evidence.file_place import FilePlace
from server.evidence.heads import row_of
from server.evidence.line_keys import LineKeys
from server.rings import Rings
from server.store import schema as t


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, blank: Path) -> Kept:
    return lived(tmp_path_factory.mktemp("registre"), blank)


def forge_heads(thief: Thief, kept: Kept) -> None:
    """All of them anew, over what the lines are now, with the service's own signing key."""
    seals = Rings.open(kept.data, datetime.now(UTC)).seals
    rows = thief.store.execute("SELECT contenu, changements FROM tete ORDER BY numero").fetchall()
    thief.store.execute("DELETE FROM tete")
    before = ""
    for text, changes in rows:
        head = TeteRegistre.depuis_dict(json.loads(text))
        ends = [
            replace(one, tete=thief.chain(one.telecontrole)[one.longueur - 1]["empreinte"])
            for one in changes_of(json.loads(changes))
        ]
        head = replace(head, racine=racine(ends), precedente=before or origine(head.registre))
        head = head.signee(*seals.sign(head.octets()))
        before = head.empreinte
        row = row_of(head, ends)
        thief.store.execute(
            "INSERT INTO tete (numero, empreinte, contenu, changements) VALUES (?, ?, ?, ?)",
            (row["numero"], row["empreinte"], row["contenu"], row["changements"]),
        )


@pytest.mark.row("OP-02")
def test_who_holds_every_key_is_contradicted_by_the_witness_alone(
    kept: Kept, tmp_path: Path
) -> None:
    stolen, room = kept.copy(tmp_path).file, kept.rooms[0]
    thief = Thief(stolen, LineKeys.read(kept.data / "keys" / "lines"))
    rows = thief.chain(room)[:-2]
    edit_recompute(thief, room, rows, 6)
    thief.store.execute("DELETE FROM issue WHERE telecontrole = ?", (room,))
    thief.store.execute("DELETE FROM tete WHERE numero = (SELECT max(numero) FROM tete)")
    forge_heads(thief, kept)
    thief.close()

    alone = audit(kept, stolen, heads=False).findings
    found = [str(one) for one in audit(kept, stolen).findings]

    assert alone == []
    # The second head covers the sixth line.
    assert found[0].startswith(
        "Tête 2 du registre : elle n'est pas celle que le témoin tetes.jsonl a reçue"
    )
    assert any(f"Télécontrôle {room}, ligne " in one for one in found)


def test_a_mark_that_is_taken_away_is_missed(kept: Kept, tmp_path: Path) -> None:
    stolen, room = kept.copy(tmp_path).file, kept.rooms[1]
    thief = Thief(stolen)
    thief.store.execute("UPDATE ligne SET marque = NULL WHERE telecontrole = ?", (room,))
    thief.close()

    assert str(audit(kept, stolen).findings[0]).startswith(f"Télécontrôle {room}, ligne 1 :")


def test_a_mark_of_afterwards_cannot_be_made_of_an_ordinary_one(kept: Kept, tmp_path: Path) -> None:
    stolen, room = kept.copy(tmp_path).file, kept.rooms[1]
    thief = Thief(stolen)
    change = "UPDATE ligne SET marque = 'r.' || marque WHERE telecontrole = ? AND seq = 3"
    thief.store.execute(change, (room,))
    thief.close()

    assert str(audit(kept, stolen).findings[0]).startswith(f"Télécontrôle {room}, ligne 3 :")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE tete SET contenu = replace(contenu, '\"lignes\":', '\"lignes\":1') WHERE numero=2",
        "DELETE FROM tete WHERE numero = 2",
        "UPDATE tete SET changements = '[]' WHERE numero = 2",
        "UPDATE tete SET contenu = 'x' WHERE numero = 2",
    ],
    ids=["edited", "deleted", "changes", "unreadable"],
)
def test_a_head_that_was_touched_in_the_store_is_named(
    kept: Kept, tmp_path: Path, change: str
) -> None:
    stolen = kept.copy(tmp_path).file
    thief = Thief(stolen)
    thief.store.execute(change)
    thief.close()

    first = str(audit(kept, stolen).findings[0])

    assert "du registre" in first
    assert "2" in first


def test_an_extract_since_a_day_reads_what_changed_from_then_on(kept: Kept, tmp_path: Path) -> None:
    stolen, room = kept.copy(tmp_path).file, kept.rooms[2]
    thief = Thief(stolen)
    edit_recompute(thief, room, thief.chain(room), 2)
    thief.close()
    asked = command.Asked(
        replace(Config(), data_dir=kept.data), database=stolen, heads=[kept.witness]
    )
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    recent, _ = command.audited(replace(asked, since=datetime.now(UTC) - timedelta(days=1)))
    later, _ = command.audited(replace(asked, since=tomorrow))

    assert [f"Télécontrôle {room}, ligne 2" in str(one) for one in recent.findings] == [True]
    assert (later.findings, later.telecontroles) == ([], 0)


async def test_a_purge_that_was_said_is_not_taken_for_a_theft(tmp_path: Path, blank: Path) -> None:
    data, witness = tmp_path / "data", tmp_path / "temoin"
    witness.mkdir()
    register = await open_register(data, blank, FilePlace(witness / "tetes.jsonl"))
    court = register.court
    one, other = await court.rooms("mc-1", "mc-2", etat=Etat.EN_ATTENTE)
    await register.head()
    async with court.database.write() as connection:
        await erasure.note(connection, [one], court.clock())
        for room in (one, other):
            await connection.execute(t.ligne.delete().where(t.ligne.c.telecontrole == room))
    await register.head()
    await court.close()

    report, _ = command.audited(command.Asked(replace(Config(), data_dir=data), heads=[witness]))

    assert report.erased == 1
    assert [str(found).split(" :")[0] for found in report.findings] == [f"Télécontrôle {other}"]


def test_without_published_keys_nor_a_ring_nothing_is_made(tmp_path: Path) -> None:
    asked = command.Asked(replace(Config(), data_dir=tmp_path / "vide"))

    assert command.run(asked) == 2
    assert not (tmp_path / "vide" / "keys").exists()
