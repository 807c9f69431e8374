"""A short year: no rule is broken; and with a fault put in on purpose, the broken rule is named."""

import asyncio
import json
import sqlite3
from argparse import Namespace
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server import simulate
from server.simulate.broken import FAULTS, POSTMEN
from server.simulate.ends import Faults
from server.simulate.oracle import VIOLATIONS, Oracle, floor, in_hours
from server.simulate.shares import shares, together
from server.simulate.year import Parameters, Result, Year

TINY = Parameters(telecontroles=40, days=10, seed=5)


@pytest.mark.row("CN-03")
@pytest.mark.row("CN-04")
@pytest.mark.row("CN-05")
@pytest.mark.row("IP-01")
def test_a_short_year_breaks_no_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "simulation.json"
    options = Namespace(telecontroles=150, days=20, seed=3, jobs=0, json=file, broken=None)

    status = simulate.main(options)

    told = json.loads(file.read_text())
    assert (status, told["violations"], told["examples"]) == (0, 0, {})
    assert told["violations_by_kind"] == dict.fromkeys(VIOLATIONS, 0)
    assert told["events"]["planifié"] == 150
    assert {"déplacé", "annulé", "refusé", "serveur tué", "médecin absent"} <= set(told["events"])
    assert "Total : 0 violation(s)" in capsys.readouterr().out


def test_a_large_year_is_played_in_shares_that_add_up() -> None:
    what = Parameters(telecontroles=10_003, days=10, seed=7)
    one = Result(Counter(doublon=1), {"doublon": "a"}, Counter(refus=2), {"sms": {"remis": 3}})

    parts = shares(what)
    whole = together([one, one, Result()])

    assert [part.telecontroles for part in parts] == [2501, 2501, 2501, 2500]
    assert len({part.seed for part in parts} | {p.seed for p in shares(replace(what, seed=8))}) == 8
    assert shares(TINY) == [TINY]
    assert (whole.violations, whole.events) == (Counter(doublon=2), Counter(refus=4))
    assert (whole.examples, whole.messages) == ({"doublon": "a"}, {"sms": {"remis": 6}})


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ("vrai", {"rappel_de_trop"}),
        ("heure", {"convocation_tardive"}),
        ("oubli", {"doublon"}),
    ],
)
def test_a_postman_with_a_fault_is_noticed(tmp_path: Path, fault: str, named: set[str]) -> None:
    what = Parameters(60, 15, 3, faults=FAULTS.get(fault, Faults()))

    result = asyncio.run(Year(what, tmp_path, POSTMEN[fault]).run())

    assert named <= set(result.violations)


def test_the_same_seed_tells_the_same_story(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()

    first, second = (asyncio.run(Year(TINY, tmp_path / n).run()) for n in ("a", "b"))

    assert first.events["planifié"] == 40
    planned = [name for name in first.events if not name.startswith(("accusé", "passages"))]
    assert {name: first.events[name] for name in planned if "serveur" not in name} == {
        name: second.events[name] for name in planned if "serveur" not in name
    }


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a year without a fault."""
    folder = tmp_path_factory.mktemp("year")
    result = asyncio.run(Year(TINY, folder).run())
    assert not result.violations
    return folder / "simulation.db"


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        ("DELETE FROM demande_presentiel", "sans_suite"),
        ("INSERT INTO demande_presentiel SELECT id, 'refus', debut FROM telecontrole"
         " WHERE etat = 'reporte'", "deux_suites"),
        ("DELETE FROM ligne WHERE genre = 'message_echoue'", "echec_muet"),
        ("UPDATE envoi SET etat = 'prepare'", "reste_en_attente"),
        ("UPDATE envoi SET etat = 'echec' WHERE genre = 'convocation'", "convocation_perdue"),
        ("UPDATE telecontrole SET etat = 'convoque', debut = '2026-01-20T10:00:00+00:00'",
         "double_reservation"),
    ],
)  # fmt: skip
def test_every_final_check_can_fail(told: Path, tmp_path: Path, spoil: str, named: str) -> None:
    file = tmp_path / "spoilt.db"
    with sqlite3.connect(told) as source, sqlite3.connect(file) as copy:
        source.backup(copy)
        copy.execute("PRAGMA foreign_keys = OFF")
        copy.execute("DELETE FROM tache")
        copy.execute(spoil)
        doctors = [row[0] for row in copy.execute("SELECT id FROM medecin_conseil")]
        copy.commit()

    oracle = Oracle(file)
    for doctor in doctors:
        oracle.booked(doctor)
    oracle.end(datetime(2027, 1, 1, tzinfo=UTC), Counter())
    oracle.close()

    assert oracle.violations[named] > 0


def test_a_record_that_was_altered_is_noticed(tmp_path: Path) -> None:
    class Altered(Year):
        async def _check_records(self) -> None:
            with sqlite3.connect(self.file) as database:
                database.execute("UPDATE ligne SET contenu = replace(contenu, 'sms', 'smz')")
            await super()._check_records()

    result = asyncio.run(Altered(TINY, tmp_path).run())

    assert result.violations["chaine_rompue"] > 0


def test_a_third_copy_is_never_allowed_and_a_second_one_only_in_doubt(tmp_path: Path) -> None:
    oracle = Oracle(_empty(tmp_path))

    oracle.received(Counter(a=2, b=2, c=3), Counter(a=1, c=5), idempotent=False)
    oracle.received(Counter(d=2), Counter(d=1), idempotent=True)
    oracle.close()

    assert oracle.violations["doublon"] == 3


def test_the_oracle_knows_the_calendar_by_itself() -> None:
    start = datetime(2026, 3, 30, 8, 30, tzinfo=UTC)
    paris, reunion = "Europe/Paris", "Indian/Reunion"

    assert floor(start, paris, 0) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert floor(start, reunion, 0) == datetime(2026, 3, 28, 20, tzinfo=UTC)
    assert floor(start, paris, 1) == start - timedelta(hours=48)
    # The eve is the day when the clocks change: 8 h there is 6 h in UTC, the day before 7 h.
    assert in_hours(datetime(2026, 3, 29, 6, tzinfo=UTC), start, paris)
    assert not in_hours(datetime(2026, 3, 29, 17, tzinfo=UTC), start, paris)


def _empty(folder: Path) -> Path:
    file = folder / "empty.db"
    sqlite3.connect(file).close()
    return file
