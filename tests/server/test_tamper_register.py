"""Who can write the store, and what the audit names: the tamperings of the threat model (F13)."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from register_scenes import LONG, Kept, Thief, audit, lived

from server.evidence.line_keys import LineKeys

#: Of each kind.
TRIALS = 200 if LONG else 6


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, blank: Path) -> Kept:
    return lived(tmp_path_factory.mktemp("registre"), blank)


Rows = list[dict[str, Any]]
#: What is done to a room's rows at a place (from 1), and the line that must be named.
Tampering = Callable[[Thief, str, Rows, int], int]


def edited(row: dict[str, Any], word: str) -> None:
    content = json.loads(row["contenu"])
    content["fait"]["details"]["cause"] = word
    row["contenu"] = json.dumps(content, ensure_ascii=False)


def edit(thief: Thief, room: str, rows: Rows, place: int) -> int:
    edited(rows[place - 1], "autre")
    thief.replace(room, rows)
    return place


def delete(thief: Thief, room: str, rows: Rows, place: int) -> int:
    del rows[place - 1]
    thief.replace(room, rows)
    return place


def edit_recompute(thief: Thief, room: str, rows: Rows, place: int) -> int:
    edited(rows[place - 1], "autre")
    thief.recompute(room, rows, place)
    return place


def delete_recompute(thief: Thief, room: str, rows: Rows, place: int) -> int:
    del rows[place - 1]
    thief.recompute(room, rows, place)
    return place


def insert_recompute(thief: Thief, room: str, rows: Rows, place: int) -> int:
    rows.insert(place - 1, dict(rows[place - 1]))
    edited(rows[place - 1], "inventé")
    thief.recompute(room, rows, place)
    return place


def swap_recompute(thief: Thief, room: str, rows: Rows, place: int) -> int:
    edited(rows[place], "l'autre")
    rows[place - 1 : place + 1] = [rows[place], rows[place - 1]]
    thief.recompute(room, rows, place)
    return place


def cut(thief: Thief, room: str, rows: Rows, place: int) -> int:
    thief.replace(room, rows[: place - 1])
    thief.store.execute("DELETE FROM sceau WHERE telecontrole = ?", (room,))
    thief.store.execute("DELETE FROM issue WHERE telecontrole = ?", (room,))
    return place


def cut_and_forge(thief: Thief, room: str, rows: Rows, place: int) -> int:
    forged = [dict(row) for row in rows[1:4]]
    for number, row in enumerate(forged):
        edited(row, f"inventé {number}")
    thief.recompute(room, rows[: place - 1] + forged, place)
    thief.store.execute("DELETE FROM issue WHERE telecontrole = ?", (room,))
    return place


KINDS: list[Tampering] = [
    edit, delete, edit_recompute, delete_recompute, insert_recompute, swap_recompute, cut,
    cut_and_forge,
]  # fmt: skip
RECOMPUTED = [
    edit_recompute, delete_recompute, insert_recompute, swap_recompute, cut, cut_and_forge
]  # fmt: skip


def trials(kept: Kept, folder: Path, tamper: Tampering, keys: LineKeys | None = None) -> list[str]:
    """What was not found, or not named: nothing."""
    chance, missed = random.Random(tamper.__name__), []  # noqa: S311
    for trial in range(TRIALS):
        stolen = kept.copy(folder / "copie").file
        thief, room = Thief(stolen, keys), chance.choice(list(kept.rooms))
        rows = thief.chain(room)
        wanted = tamper(thief, room, rows, chance.randint(2, len(rows) - 1))
        thief.close()

        found = audit(kept, stolen).findings

        first = str(found[0]) if found else "rien"
        if f"Télécontrôle {room}, ligne {wanted} :" not in first:
            missed.append(f"{trial}: {room} {wanted}: {first}")
    return missed


def test_what_was_not_touched_is_intact(kept: Kept, tmp_path: Path) -> None:
    report = audit(kept, kept.copy(tmp_path).file)

    assert report.findings == []
    assert (report.telecontroles, report.unattested) == (4, 0)
    assert report.lines > 40


@pytest.mark.row("OP-02")
@pytest.mark.parametrize("tamper", KINDS, ids=lambda kind: kind.__name__)
def test_who_can_only_write_the_store_is_found_and_the_line_named(
    kept: Kept, tmp_path: Path, tamper: Tampering, record_property: Callable[[str, object], None]
) -> None:
    missed = trials(kept, tmp_path, tamper)

    print(f"{tamper.__name__}: {TRIALS - len(missed)}/{TRIALS}")
    record_property("named", f"{TRIALS - len(missed)}/{TRIALS}")
    assert missed == []


@pytest.mark.row("OP-02")
@pytest.mark.parametrize("tamper", RECOMPUTED, ids=lambda kind: kind.__name__)
def test_who_also_holds_the_key_of_lines_is_found_by_the_heads(
    kept: Kept, tmp_path: Path, tamper: Tampering, record_property: Callable[[str, object], None]
) -> None:
    """Every mark is good then: the heads elsewhere say where the chain is no longer theirs, to
    the lines of one of them."""
    chance, missed = random.Random(tamper.__name__), []  # noqa: S311
    keys = LineKeys.read(kept.data / "keys" / "lines")
    for trial in range(TRIALS):
        stolen = kept.copy(tmp_path / "copie").file
        thief, room = Thief(stolen, keys), chance.choice(list(kept.rooms))
        rows = thief.chain(room)
        tamper(thief, room, rows, chance.randint(2, len(rows) - 1))
        thief.close()

        found = audit(kept, stolen).findings

        if not found or f"Télécontrôle {room}, ligne " not in str(found[0]):
            missed.append(f"{trial}: {found[:1]}")

    print(f"{tamper.__name__}, with the key: {TRIALS - len(missed)}/{TRIALS}")
    record_property("named", f"{TRIALS - len(missed)}/{TRIALS}")
    assert missed == []


@pytest.mark.row("OP-02")
@pytest.mark.row("OPS-06")
def test_an_older_copy_put_back_is_named_as_such(
    kept: Kept, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    named = 0
    for _ in range(TRIALS):
        stolen = kept.copy(tmp_path / "copie").file
        shutil.copy(kept.older, stolen)

        found = audit(kept, stolen).findings

        named += bool(found) and "Copie antérieure" in str(found[0])

    print(f"older copy: {named}/{TRIALS}")
    record_property("named", f"{named}/{TRIALS}")
    assert named == TRIALS


@pytest.mark.row("OP-02")
@pytest.mark.parametrize("with_heads", [False, True], ids=["lines", "heads too"])
def test_a_telecontrole_that_is_gone_is_named(
    kept: Kept,
    tmp_path: Path,
    with_heads: bool,
    record_property: Callable[[str, object], None],
) -> None:
    """`with_heads`: its mention is taken out of the store's own heads too."""
    chance, named = random.Random(10), 0  # noqa: S311
    for _ in range(TRIALS):
        stolen = kept.copy(tmp_path / "copie").file
        thief, room = Thief(stolen), chance.choice(list(kept.rooms))
        for table in ("ligne", "sceau", "issue", "session"):
            thief.store.execute(f"DELETE FROM {table} WHERE telecontrole = ?", (room,))  # noqa: S608
        if with_heads:
            thief.store.execute("DELETE FROM tete")
        thief.close()

        found = [str(one) for one in audit(kept, stolen).findings]

        named += any(f"Télécontrôle {room} : il manque" in one for one in found)

    print(f"télécontrôle gone: {named}/{TRIALS}")
    record_property("named", f"{named}/{TRIALS}")
    assert named == TRIALS


@pytest.mark.row("OP-02")
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE issue SET qualification = 'non_connecte' WHERE telecontrole = ?",
        "UPDATE issue SET signataire = 'quelqu''un' WHERE telecontrole = ?",
        "UPDATE issue SET conclusion = 'autre chose' WHERE telecontrole = ?",
        "DELETE FROM issue WHERE telecontrole = ?",
        "INSERT INTO issue (telecontrole, version, qualification, conclusion, signataire, instant)"
        " SELECT telecontrole, 2, qualification, conclusion, signataire, instant FROM issue"
        " WHERE telecontrole = ?",
    ],
    ids=["qualification", "signer", "conclusion", "deleted", "added"],
)
def test_an_outcome_that_was_changed_is_named(
    kept: Kept, tmp_path: Path, change: str, record_property: Callable[[str, object], None]
) -> None:
    chance, named = random.Random(11), 0  # noqa: S311
    for _ in range(TRIALS):
        stolen = kept.copy(tmp_path / "copie").file
        thief, room = Thief(stolen), chance.choice(list(kept.rooms))
        thief.store.execute(change, (room,))
        thief.close()

        found = audit(kept, stolen).findings

        version = 2 if change.startswith("INSERT") else 1
        named += bool(found) and f"Télécontrôle {room}, issue {version} :" in str(found[0])

    print(f"outcome changed: {named}/{TRIALS}")
    record_property("named", f"{named}/{TRIALS}")
    assert named == TRIALS


@pytest.mark.row("OP-02")
def test_without_the_witness_a_cut_that_takes_the_heads_along_is_not_seen(
    kept: Kept, tmp_path: Path
) -> None:
    """What a store proves alone: this is why heads must be elsewhere."""
    stolen = kept.copy(tmp_path).file
    shutil.copy(kept.older, stolen)

    report = audit(kept, stolen, heads=False)

    assert report.findings == []
