"""Who steals the store without its keys reads nobody: a whole day's files, byte by byte."""

import base64
import json
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from caisse_people import wanted
from server_people import VERSION, Browser
from sqlalchemy import select

from server import demo, keys
from server.app import create_app
from server.config import Config
from server.demo_story import COMING, live_through, plan_ahead
from server.identity.api_keys import SCOPES, ApiKeys
from server.identity.making import totp_of
from server.identity.secrets import Keeper
from server.notify import senders, shown
from server.parts import Parts
from server.rings import Rings, vault_of
from server.store import people
from server.store import schema as t
from server.store.database import Database, migrate, open_database

SECRET = "un-secret-de-test-assez-long-pour-servir"
CODE = "915274"
PAPER = (
    b"%PDF-1.4\n1 0 obj << /Type /Catalog >> endobj\ntrailer << /Root 1 0 R >>\n"
    b"Le train est reste en gare\n%%EOF"
)
ADDRESS = "14 bis venelle des Cormorans, 29900 Concarneau"
#: A stretch of a message that is long enough to be nowhere else by chance.
SENTENCE = 24
SIGNS = 7


@dataclass
class Day:
    """A demo's whole day, lived through, with its server still up."""

    data: Path
    database: Database
    #: What must be nowhere.
    known: list[str]


@pytest.fixture
async def day(tmp_path: Path) -> AsyncIterator[Day]:
    now = datetime.now(UTC)
    config = replace(Config(), data_dir=tmp_path, secret=SECRET, origin="https://controle.test")
    database = await open_database(config.database, vault_of(config, now))
    seeded, _ = await demo.day_of(database, config, now, 8)
    rings = Rings.open(tmp_path, now)
    await live_through(database, config, rings, [one.id for one in seeded.appointments])
    parts = Parts(
        config=config,
        database=database,
        rings=rings,
        codes=lambda _: CODE,
        senders=senders.spool(),
        keep_codes=True,
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        app = await create_app(parts)
        await plan_ahead(app, demo.CAISSE, [one.id for one in demo.MEDECINS])
        server = TestServer(app)
        await server.start_server(shutdown_timeout=0.1)
        stack.push_async_callback(server.close)
        browsers = [Browser(str(server.make_url("")).rstrip("/")) for _ in range(2)]
        for one in browsers:
            stack.push_async_callback(one.close)
        lived = await lived_through(app, browsers, seeded)
        yield Day(tmp_path, database, lived + await told(database))


async def lived_through(app: Any, browsers: Sequence[Browser], seeded: demo.DemoDay) -> list[str]:
    """Somebody comes in, needs something, justifies with a document; an agent corrects an address;
    the caisse's system plans; a doctor gets an authenticator. What of it must be nowhere."""
    one = seeded.appointments[0]
    browser, agent = browsers
    await browser.ok("/api/assure/besoins", {"link": one.link, "needs": ["lsf", "fauteuil"]})
    form = aiohttp.MultipartWriter("form-data")
    for name, value in (("link", one.link), ("reason", "transport"), ("document", PAPER)):
        form.append(value).set_content_disposition("form-data", name=name)
    sent = await browser.ask(
        "POST",
        "/api/assure/justification",
        data=await form.as_bytes(),
        headers={"Content-Type": form.headers["Content-Type"]},
    )
    await browser.ok("/api/assure/code", {"link": seeded.appointments[1].link})
    await browser.ok("/api/assure/session", {"link": seeded.appointments[1].link, "code": CODE})
    await browser.ok("/api/assure/information", VERSION)
    await agent.ok("/api/agent/session", {"login": seeded.agents[0].secret})
    contact = {"mail": "corrige@exemple.fr", "phone": "06 39 98 05 55", "address": ADDRESS}
    await agent.ok(f"/api/agent/telecontroles/{one.id}/coordonnees", contact)
    registre, config = app[keys.REGISTRE], app[keys.CONFIG]
    async with registre.transaction() as unite:
        uri = await totp_of(config, app[keys.VAULT]).enrol(unite.connection, "console", "medecin-1")
        _, key = await ApiKeys(Keeper(SECRET)).make(
            unite.connection, demo.CAISSE.id, "essai", SCOPES, app[keys.CLOCK]()
        )
    await planned_by_the_caisse(browser, key)
    await app[keys.POSTMAN].once()
    assert sent.status == 204, sent.raw
    secret = re.findall(r"secret=([A-Z2-7]+)", uri)
    return [
        *secret, CODE, ADDRESS, "corrige@exemple.fr", "+33639980555", "/Catalog",
        "Le train est reste en gare", "Kermarrec-Vuillermoz", key,
        *(one.link for one in seeded.appointments),
        *(login.secret for login in (*seeded.logins, *seeded.agents)),
        *browser.cookies.values(), *agent.cookies.values(),
    ]  # fmt: skip


async def planned_by_the_caisse(browser: Browser, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    free = await browser.get("/api/v1/creneaux?medecin_conseil=medecin-1", headers=headers)
    start = free.json["creneaux"][-1]["debut_local"]
    body = wanted(start, "medecin-1", nom="Kermarrec-Vuillermoz", adresse=ADDRESS)
    answer = await browser.ask(
        "POST", "/api/v1/telecontroles", body, headers=headers | {"Idempotency-Key": "n-1"}
    )
    assert answer.status == 201, (free.raw, answer.raw)


async def told(database: Database) -> list[str]:
    """Every person's words and every message's, as the keys open them."""
    found: list[str] = []
    async with database.read() as connection:
        for row in (await connection.execute(select(t.assure))).mappings().all():
            one = people.opened(database.safe, row)
            found += [one.nom, one.courriel, one.telephone, one.adresse]
        for envoi in (await connection.scalars(select(t.envoi.c.id))).all():
            message = await shown.one(connection, envoi)
            found += [message.to, *sentences(message.text), *sentences(message.subject)]
    return [one for one in found if one]


def sentences(text: str) -> list[str]:
    """What a message says, apart from the caisse's own public words."""
    public = [str(value) for value in vars_of(demo.CAISSE)] + [
        str(value) for site in demo.SITES for value in vars_of(site)
    ]
    lines = (line.strip() for line in text.splitlines())
    return [
        line for line in lines
        if len(line) >= SENTENCE and not any(word and word in line for word in public)
    ]  # fmt: skip


def vars_of(one: Any) -> list[Any]:
    return [getattr(one, name) for name in one.__slots__ if name not in ("genre", "fuseau")]


def files(data: Path) -> dict[str, bytes]:
    """All that lies in the data directory but its keys, and what the demo prints for newcomers."""
    kept = (path for path in data.rglob("*") if path.is_file())
    return {
        str(path.relative_to(data)): path.read_bytes()
        for path in kept
        if path.name != "demo.json" and "keys" not in path.relative_to(data).parts
    }


def spellings(word: str) -> Iterator[bytes]:
    """As it could lie in a file: as it is, as JSON writes it, in two bytes a letter, in base64."""
    plain = word.encode()
    yield plain
    yield json.dumps(word)[1:-1].encode()
    yield word.encode("utf-16-le")
    for before in range(3):
        # The signs that are the word's alone, wherever it begins.
        signs = base64.b64encode(bytes(before) + plain).rstrip(b"=")[(before * 8 + 5) // 6 : -1]
        if len(signs) >= SIGNS:
            yield signs


def seen(word: str, dump: bytes) -> bool:
    if word == CODE:
        # Six digits are found in an instant or a hash by chance; a code stands by itself.
        return re.search(rb"(?<![0-9a-f.])" + CODE.encode() + rb"(?![0-9a-f])", dump) is not None
    return any(spelling in dump for spelling in spellings(word))


@pytest.mark.row("OP-07")
@pytest.mark.row("SP-12")
async def test_the_files_of_a_whole_day_hold_no_name_no_address_no_code_no_word(day: Day) -> None:
    dump = files(day.data)

    found = {(name, word) for word in day.known for name in dump if seen(word, dump[name])}

    assert found == set()
    # Of a write-ahead log that is in use, and of everybody that the day is made of.
    assert len(dump["telecontrole.db-wal"]) > 100_000
    names = {nom for _, nom in demo.ASSURES} | {one.nom for one in COMING}
    assert names <= set(day.known)
    assert len(day.known) > 500


# --- what was there before ----------------------------------------------------------------------


@pytest.mark.row("OP-07")
async def test_a_store_that_was_in_clear_is_sealed_and_its_former_pages_are_written_over(
    tmp_path: Path,
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'telecontrole.db'}"
    migrate(url, "0004")
    with closing(sqlite3.connect(tmp_path / "telecontrole.db")) as connection:
        connection.executescript(OLD)
    before = b"".join(files(tmp_path).values())
    words = ["Zwijnaarde", "zwij@exemple.fr", "+33639980177", "venelle", "lsf", "fauteuil", "K7QF"]
    assert [word for word in words if not seen(word, before)] == []

    database = await open_database(url)
    async with database.read() as connection:
        one = await people.assure(connection, "as-1")
        to = (await shown.one(connection, "e-1")).to
    await database.close()

    assert (one.civilite, one.nom, one.courriel) == ("Mme", "Zwijnaarde", "zwij@exemple.fr")
    assert (one.telephone, one.adresse, one.reference) == ("+33639980177", "1 venelle", "D-1")
    assert to == "zwij@exemple.fr"
    after = b"".join(files(tmp_path).values())
    # The short code of a message is no secret, and is searched for.
    assert [word for word in words if seen(word, after)] == ["K7QF"]


OLD = """
INSERT INTO caisse (id, nom, fuseau, telephone) VALUES ('c', 'CPAM', 'Europe/Paris', '3646');
INSERT INTO medecin_conseil (id, caisse, nom, fonction) VALUES ('m', 'c', 'Dr A', 'Médecin');
INSERT INTO assure (id, caisse, civilite, nom, courriel, telephone, adresse, reference) VALUES
  ('as-1', 'c', 'Mme', 'Zwijnaarde', 'zwij@exemple.fr', '+33639980177', '1 venelle', 'D-1'),
  ('as-2', 'c', '', 'Nu', '', '', '', '');
INSERT INTO telecontrole (id, caisse, medecin_conseil, assure, contexte, debut, fuseau,
  duree_minutes, etat, examen_clinique, serie, code, besoins) VALUES
  ('t-1', 'c', 'm', 'as-1', 'arret_maladie', '2027-01-14T09:00:00.000000+00:00', 'Europe/Paris',
   30, 'convoque', 0, 't-1', 'K7QF-2M9D', '["lsf", "fauteuil"]');
INSERT INTO envoi (id, telecontrole, sujet, genre, canal, rang, destinataire, langue, etat, du,
  prochain, essais, incertains, version, motif, cree) VALUES
  ('e-1', 't-1', 't-1', 'convocation', 'courriel', 0, 'zwij@exemple.fr', 'fr', 'prepare', 'd', 'd',
   0, 0, '', '', 'd');
"""
