"""The annuaire and the keys: what a service knows, written by command from a file."""

import re
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command import outcome

from server.caisse import directory, key_commands
from server.config import Config
from server.store.database import migrate

EXAMPLE = Path(__file__).parents[2] / "docs" / "annuaire.exemple.toml"
SECRET = "un-secret-de-test-assez-long-pour-servir"
CAISSE = """
[[caisse]]
id = "c-1"
nom = "CPAM"
fuseau = "Europe/Paris"
telephone = "3646"
responsable = "la caisse"
dpd = "dpd@exemple.invalid"
conservation = "deux ans"
"""
MEDECIN = """
[[medecin]]
id = "m-1"
caisse = "c-1"
nom = "Dr A"
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    config = replace(Config(), data_dir=tmp_path / "data", secret=SECRET)
    migrate(config.database)
    return config


def take(config: Config, text: str) -> int:
    file = config.data_dir / "annuaire.toml"
    file.write_text(text)
    return directory.apply(config, file)


def stored(config: Config, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(config.data_dir / "telecontrole.db")
    found = connection.execute(query).fetchall()
    connection.close()
    return found


def test_the_example_is_taken_and_the_second_time_changes_nothing(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    first = directory.apply(config, EXAMPLE)
    told = capsys.readouterr().out.splitlines()
    second = directory.apply(config, EXAMPLE)
    again = capsys.readouterr().out.splitlines()

    assert (first, second) == (0, 0)
    assert "+ caisse cpam-bretagne" in told
    assert "+ agent agent-le-bihan" in told
    assert "~ disponibilités de mc-quemeneur" in told
    assert again == ["0 ajouts, 0 changements."]
    assert stored(config, "SELECT fuseau, strict_48h FROM caisse ORDER BY id") == [
        ("Indian/Reunion", 0), ("Europe/Paris", 0),
    ]  # fmt: skip
    assert stored(config, "SELECT jour, de, a FROM disponibilite ORDER BY jour") == [
        (0, "09:00", "12:30"), (3, "13:30", "17:00"),
    ]  # fmt: skip


def test_what_changes_is_said_and_nobody_is_deleted(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    take(config, CAISSE + MEDECIN)
    capsys.readouterr()

    status = take(config, CAISSE.replace("3646", "3647").replace("CPAM", "CPAM de Bretagne"))

    assert status == 0
    assert capsys.readouterr().out.splitlines() == [
        "~ caisse c-1 : nom, telephone", "0 ajouts, 1 changements.",
    ]  # fmt: skip
    assert stored(config, "SELECT nom FROM medecin_conseil") == [("Dr A",)]


def test_the_hours_in_the_file_replace_those_before(config: Config) -> None:
    hours = '[[disponibilite]]\nmedecin = "m-1"\njour = "mardi"\nde = "09:00"\na = "12:00"\n'
    take(config, CAISSE + MEDECIN + hours)

    take(config, hours.replace("mardi", "lundi"))
    moved = stored(config, "SELECT jour FROM disponibilite")
    take(config, CAISSE + MEDECIN)

    assert moved == [(0,)]
    assert stored(config, "SELECT jour FROM disponibilite") == []


def test_an_announced_delay_is_not_forgotten(config: Config) -> None:
    take(config, CAISSE + MEDECIN)
    connection = sqlite3.connect(config.data_dir / "telecontrole.db")
    connection.execute("UPDATE medecin_conseil SET retard_minutes = 15")
    connection.commit()
    connection.close()

    take(config, CAISSE + MEDECIN.replace("Dr A", "Dr B"))

    assert stored(config, "SELECT nom, retard_minutes FROM medecin_conseil") == [("Dr B", 15)]


HOURS = '[[disponibilite]]\nmedecin = "m-1"\njour = "lundi"\nde = "09:00"\na = "12:00"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[caisse", "TOML illisible"),
        ('[[patient]]\nid = "p"\n', "« patient »"),
        ("caisse = 3", "s'écrit [[caisse]]"),
        (CAISSE + "couleur = 1\n", "[[caisse]] 1 (c-1), ligne 2, « couleur »"),
        (CAISSE.replace("Paris", "Brest"), "Europe/Brest n'est pas un fuseau"),
        (CAISSE + 'territoire = "999"\n', "« territoire » : 999"),
        (CAISSE + 'strict_48h = "oui"\n', "« strict_48h »"),
        (CAISSE.replace('dpd = "dpd@exemple.invalid"\n', ""), "« dpd »"),
        (CAISSE.replace("deux ans", ""), "« conservation »"),
        (CAISSE + CAISSE, "« c-1 » y est 2 fois"),
        (CAISSE.replace('id = "c-1"', 'id = "c 1"'), "« id »"),
        (CAISSE + MEDECIN.replace('"c-1"', '"c-9"'), "[[medecin]] 1 (m-1), ligne 11, « caisse »"),
        (CAISSE + MEDECIN + HOURS.replace("m-1", "m-9"), "« medecin » : m-9 n'existe pas"),
        (CAISSE + MEDECIN + HOURS.replace("lundi", "lundredi"), "« jour »"),
        (CAISSE + MEDECIN + HOURS.replace("12:00", "08:00"), "finit avant de commencer"),
        (CAISSE + MEDECIN + HOURS.replace("12:00", "24:00"), "« a »"),
        (CAISSE + MEDECIN + HOURS + HOURS.replace("09:00", "11:00"), "chevauche"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(
    config: Config, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    before = stored(config, "SELECT count(*) FROM caisse")

    status = take(config, text)

    assert status == 2
    assert said in capsys.readouterr().err
    assert stored(config, "SELECT count(*) FROM caisse") == before == [(0,)]


def test_all_that_is_wrong_is_said_at_once(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    take(config, CAISSE.replace("Paris", "Brest") + "couleur = 1\n" + MEDECIN + "taille = 2\n")

    told = capsys.readouterr().err

    assert "« couleur »" in told
    assert "« taille »" in told


def test_nobody_is_moved_to_another_caisse(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    other = CAISSE.replace("c-1", "c-2")
    take(config, CAISSE + MEDECIN)

    status = take(config, other + MEDECIN.replace("c-1", "c-2"))

    assert status == 2
    assert "ne change pas" in capsys.readouterr().err
    assert stored(config, "SELECT id FROM caisse") == [("c-1",)]


def test_a_file_that_is_not_there_is_refused(config: Config, tmp_path: Path) -> None:
    assert directory.apply(config, tmp_path / "rien.toml") == 2


# --- keys ---------------------------------------------------------------------------------------


@pytest.mark.row("AI-03")
def test_a_key_is_made_shown_once_listed_and_revoked(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    take(config, CAISSE)
    capsys.readouterr()

    made = key_commands.make(config, "c-1", "SI de la caisse", "telecontroles:lire, issues:lire")
    name, secret = re.search(r"Clé (\S+) .*\n(tlc_\S+)", capsys.readouterr().out).groups()  # type: ignore[union-attr]
    key_commands.show(config)
    listed = capsys.readouterr().out
    revoked = key_commands.revoke(config, name)
    again = key_commands.revoke(config, name)
    key_commands.show(config)

    assert (made, revoked, again) == (0, 0, 2)
    assert f"{name}  c-1  SI de la caisse  issues:lire,telecontroles:lire" in listed
    assert listed.strip().endswith("valable")
    assert secret not in listed
    assert "révoquée le" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("caisse", "name", "scopes", "said"),
    [
        ("c-9", "SI", "issues:lire", "c-9 : pas de caisse"),
        ("c-1", "SI", "tout", "portée inconnue : tout"),
        ("c-1", "SI", "", "donnez une portée"),
        ("c-1", " ", "issues:lire", "donnez un nom"),
    ],
)
def test_a_key_for_nobody_or_for_nothing_is_refused(
    config: Config,
    capsys: pytest.CaptureFixture[str],
    caisse: str,
    name: str,
    scopes: str,
    said: str,
) -> None:
    take(config, CAISSE)

    status = key_commands.make(config, caisse, name, scopes)

    assert status == 2
    assert said in capsys.readouterr().err
    assert stored(config, "SELECT id FROM cle_api") == []


async def test_the_commands_set_up_a_service(tmp_path: Path) -> None:
    settings = tmp_path / "service.toml"
    data = tmp_path / "data"
    settings.write_text(
        f'data_dir = "{data}"\nsecret = "{SECRET}"\norigin = "https://localhost:9"\n'
    )
    by = ("--config", str(settings))

    taken = await outcome("annuaire", str(EXAMPLE), *by)
    made = await outcome(
        "cle-api", "creer", "--caisse", "cpam-bretagne", "--nom", "SI",
        "--portees", "telecontroles:lire", *by,
    )  # fmt: skip
    listed = await outcome("cle-api", "lister", *by)
    agent = await outcome("login", "--agent", "agent-le-bihan", *by)
    nobody = await outcome("login", *by)

    assert [one[0] for one in (taken, made, listed, agent, nobody)] == [0, 0, 0, 0, 2]
    assert "tlc_" in made[1]
    assert "cpam-bretagne" in listed[1]
    assert agent[1].startswith("https://localhost:9/agent#")


IDENTIFIED = CAISSE + MEDECIN + 'rpps = "10001234567"\n'
SECOND = '\n[[medecin]]\nid = "m-2"\ncaisse = "c-1"\nnom = "Dr B"\n'


@pytest.mark.row("ID-01")
def test_a_professional_s_identifier_is_kept_as_a_hash_and_what_changes_is_said(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    take(config, IDENTIFIED)
    first = capsys.readouterr().out.splitlines()
    take(config, IDENTIFIED)
    again = capsys.readouterr().out.splitlines()
    take(config, CAISSE + MEDECIN)

    kept = stored(config, "SELECT genre, sujet, identifiant FROM professionnel")
    assert "~ identifiant de m-1" in first
    assert again == ["0 ajouts, 0 changements."]
    assert kept == [("console", "m-1", None)]
    assert b"10001234567" not in (config.data_dir / "telecontrole.db").read_bytes()


@pytest.mark.row("ID-01")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (IDENTIFIED.replace("10001234567", "1000123456"), "rpps"),
        (IDENTIFIED + 'identifiant = "x"\n', "pas les deux"),
        (IDENTIFIED + SECOND + 'rpps = "10001234567"\n', "même identifiant"),
        (IDENTIFIED + SECOND + 'identifiant = "810001234567"\n', "même identifiant"),
    ],
)
def test_an_identifier_that_is_none_or_of_two_people_is_refused(
    config: Config, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    status = take(config, text)

    assert status == 2
    assert said in capsys.readouterr().err


@pytest.mark.row("ID-01")
def test_an_identifier_of_somebody_else_is_not_taken_and_two_people_may_swap(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    other = SECOND + 'rpps = "10007777777"\n'
    take(config, IDENTIFIED + other)

    taken = take(config, SECOND + 'rpps = "10001234567"\n')
    swapped = take(
        config,
        (IDENTIFIED + other)
        .replace("10001234567", "x")
        .replace("10007777777", "10001234567")
        .replace('"x"', '"10007777777"'),
    )

    assert (taken, swapped) == (2, 0)
    assert "déjà celui d'un autre" in capsys.readouterr().err
