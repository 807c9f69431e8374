"""Commands whose store is away, or whose keys are: one sentence, and the status of a refusal."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from server_people import CAISSE, MEDECINS

from controle.telecontrole import Contexte, Telecontrole
from server.__main__ import main
from server.config import Config
from server.rings import vault_of
from server.store import people
from server.store.database import open_database
from server.store.sql import RegistreSql

TOML = """
data_dir = "{data}"
origin = "https://localhost:9"
secret = "un-secret-de-test-assez-long-pour-servir"
{more}
"""
#: Nobody listens there; the password must not be told.
AWAY = 'database_url = "postgresql+psycopg://telecontrole:zzq-secret@127.0.0.1:9/telecontrole"'
UN = "4723aa6c-6eed-45df-b6a7-05abd0f6967a"
COMMANDS = (
    ["login", "mc-1"],
    ["session", "revoquer", "mc-1"],
    ["cle-api", "lister"],
    ["technique", "--de", "2026-11-01", "--a", "2026-11-30"],
    ["purge"],
    ["effacer", "--assure", "as-1", "--motif", "opposition"],
    ["acces", "--assure", "as-1", "--dossier", "{folder}"],
    ["export", UN, "{folder}/releve.json"],
)


def refused(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], more: str = ""
) -> str:
    """What is said of it, on one line, by the status of a refusal."""
    config = tmp_path / "telecontrole.toml"
    config.write_text(TOML.format(data=tmp_path / "data", more=more))
    asked = [one.format(folder=tmp_path / "dossier") for one in arguments]

    status = main([*asked, "--config", str(config)])

    said = capsys.readouterr().err
    assert (status, said.count("\n")) == (2, 1), said
    return said


@pytest.mark.row("OPS-06")
@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda one: one[0])
def test_a_database_that_is_away_is_a_refusal_and_names_nobody(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(arguments, tmp_path, capsys, AWAY)

    assert "la base de données ne répond pas (database_url)" in said
    assert "zzq" not in said


@pytest.mark.row("OPS-06")
@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda one: one[0])
def test_a_database_restored_without_its_keys_is_a_refusal(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(seeded(tmp_path / "data"))
    (tmp_path / "data" / "keys").rename(tmp_path / "elsewhere")

    assert "keys/vault" in refused(arguments, tmp_path, capsys)


def test_a_record_that_cannot_be_written_is_not_said_to_be_altered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(seeded(tmp_path / "data"))
    nowhere = tmp_path / "nulle-part" / "releve.json"

    said = refused(["export", UN, str(nowhere)], tmp_path, capsys)

    assert str(nowhere) in said


async def seeded(data: Path) -> None:
    """One person and their télécontrôle, in a service's own database."""
    now = datetime.now(UTC)
    config = Config(data_dir=data, secret="un-secret-de-test-assez-long-pour-servir")
    database = await open_database(config.database, vault_of(config, now))
    try:
        async with RegistreSql(database).transaction() as unite:
            await people.add_caisse(unite.connection, CAISSE)
            await people.add_medecin(unite.connection, MEDECINS[0])
            whose = people.Assure("as-1", CAISSE.id, "Mme", "Zwijnaarde", "z@exemple.fr", "")
            await people.add_assure(unite.connection, whose)
            contexte = Contexte.ARRET_MALADIE
            un = Telecontrole(UN, CAISSE.id, MEDECINS[0].id, "as-1", contexte, now)
            await unite.enregistrer(un)
    finally:
        await database.close()
