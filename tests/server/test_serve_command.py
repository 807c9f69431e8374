"""`telecontrole serve`, `login` and `demo` as processes: what they refuse, serve and print."""

import re
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command import Command, outcome
from server_people import CAISSE, MEDECINS, SECRET, Browser
from sqlalchemy import select

from certs.tls import LocalTls, ensure_local_tls
from controle.telecontrole import Contexte, Telecontrole
from server import demo
from server.config import Config
from server.identity.links import Links
from server.identity.secrets import Keeper
from server.notify import shown
from server.store import people, schema
from server.store.database import open_database
from server.store.sql import RegistreSql

TOML = """
data_dir = "{data}"
port = 0
origin = "https://localhost:9"
secret = "{secret}"
tls_certificate = "{tls.certificate}"
tls_key = "{tls.key}"
"""


@pytest.fixture
def tls(tmp_path: Path) -> LocalTls:
    return ensure_local_tls(tmp_path / "tls", ["localhost"], datetime.now(UTC))


@pytest.fixture
def settings(tmp_path: Path, tls: LocalTls) -> Path:
    file = tmp_path / "telecontrole.toml"
    file.write_text(TOML.format(data=tmp_path / "data", secret=SECRET, tls=tls))
    return file


async def seeded(data: Path) -> str:
    """One télécontrôle in the service's own database; the secret of its link."""
    database = await open_database(Config(data_dir=data).database)
    now = datetime.now(UTC)
    async with RegistreSql(database).transaction() as unite:
        await people.add_caisse(unite.connection, CAISSE)
        await people.add_medecin(unite.connection, MEDECINS[0])
        await people.add_assure(
            unite.connection,
            people.Assure(
                "as-1", CAISSE.id, "Mme", "Zwijnaarde", "z@exemple.invalid", "0639980142"
            ),
        )
        un = Telecontrole("t-1", CAISSE.id, "mc-1", "as-1", Contexte.ARRET_MALADIE, now)
        un.convoquer()
        await unite.enregistrer(un)
        link = await Links(Keeper(SECRET), database.safe.vault).make(unite.connection, "t-1", now)
    await database.close()
    return link


async def sent(data: Path) -> list[str]:
    """The words of what waits to be sent: sealed, they open with the service's keys alone."""
    database = await open_database(Config(data_dir=data).database)
    async with database.read() as connection:
        found = (await connection.scalars(select(schema.envoi.c.id))).all()
        words = [(await shown.one(connection, envoi)).text for envoi in found]
    await database.close()
    return words


@pytest.mark.row("SP-03")
@pytest.mark.parametrize("command", [["serve"], ["login", "mc-1"]])
async def test_an_unfit_configuration_is_refused_by_a_sentence(command: list[str]) -> None:
    status, printed = await outcome(*command)

    assert status == 2
    assert "configuration refusée : secret" in printed
    assert "Traceback" not in printed


@pytest.mark.row("SP-03")
async def test_an_unknown_setting_of_the_environment_is_refused_too() -> None:
    status, printed = await outcome("serve", TELECONTROLE_PORTE="1")

    assert (status, "porte: no such setting" in printed) == (2, True)


@pytest.mark.row("OPS-05")
@pytest.mark.row("SP-03")
async def test_the_service_serves_over_tls_without_anything_of_the_demo(
    tmp_path: Path, settings: Path, tls: LocalTls
) -> None:
    link = await seeded(tmp_path / "data")
    run = await Command.start("serve", "--config", str(settings))
    port = (await run.says('"serving"')).partition('"port": ')[2].partition(",")[0].strip(" }\n")
    context = ssl.create_default_context(cafile=str(tls.ca))
    browser = Browser(f"https://localhost:{port}", context)

    demo_pages = [
        (await browser.get(path)).status
        for path in ("/demo", "/demo/envois", "/demo/envois.json", "/api/console/connexions")
    ]
    page = await browser.get("/rdv")
    await browser.ok("/api/assure/code", {"link": link})
    kept = await sent(tmp_path / "data")
    await browser.close()
    status = await run.end()

    code = re.match(r"\d{6}", kept[0])
    assert code is not None
    canaries = [link, "Zwijnaarde", "0639980142", "Quemeneur", code[0]]
    assert demo_pages == [404] * 4
    assert (page.status, status) == (200, 0)
    # Until it has left, the code lies sealed; in clear it is nowhere.
    assert code[0].encode() not in (tmp_path / "data" / "telecontrole.db").read_bytes()
    assert [canary for canary in canaries if canary in run.output] == []


@pytest.mark.row("SP-03")
async def test_a_new_service_holds_nobody(tmp_path: Path, settings: Path) -> None:
    run = await Command.start("serve", "--config", str(settings))
    await run.says('"serving"')
    await run.end()

    database = await open_database(Config(data_dir=tmp_path / "data").database)
    async with database.read() as connection:
        rows = [
            (await connection.execute(select(table))).all()
            for table in schema.metadata.sorted_tables
            # That the service was alive, and its register empty, is no person.
            if table not in (schema.marque, schema.tete, schema.temoin)
        ]
    await database.close()

    assert [found for found in rows if found] == []


async def test_a_login_is_made_for_a_doctor_who_exists(tmp_path: Path, settings: Path) -> None:
    await seeded(tmp_path / "data")

    known = await outcome("login", "mc-1", "--config", str(settings))
    unknown = await outcome("login", "mc-9", "--config", str(settings))

    assert known[0] == 0
    assert known[1].startswith("https://localhost:9/console#")
    assert unknown[0] == 2
    assert "mc-9: no such médecin-conseil" in unknown[1]


async def test_a_demo_that_died_while_seeding_starts_again(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    config = replace(Config(), data_dir=tmp_path, secret=SECRET)
    database = await open_database(config.database)

    first, _ = await demo.day_of(database, config, now, 8)
    (tmp_path / "demo.json").unlink()
    again, made = await demo.day_of(database, config, now, 8)
    kept, made_again = await demo.day_of(database, config, now, 8)
    tomorrow, _ = await demo.day_of(database, config, now + timedelta(days=1), 8)
    await database.close()

    assert again == kept
    assert (made, made_again) == (True, False)
    assert len({day.appointments[0].id for day in (first, again, tomorrow)}) == 3
