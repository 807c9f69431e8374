"""A rotation of the vault's key under a running service: nothing fails, nothing is left behind."""

import asyncio
import itertools
import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from command import Command, outcome
from planning_people import MONDAY, SECRET, Office
from sqlalchemy import insert, select, update

from server.assure.documents import Documents
from server.identity.making import totp_of
from server.identity.vault import Unreadable, Vault
from server.identity.vault_keys import VaultKeys
from server.notify import shown
from server.notify.drafts import Drafts
from server.notify.endings import Endings
from server.notify.postman import Postman
from server.notify.senders import spool
from server.store import listed, people
from server.store import schema as t
from server.store.database import Database, open_database
from server.store.resealing import SEALED, Done, Resealing

PAPER = b"%PDF-1.4 une attestation"
#: A day's quarters of an hour, from Thursday on.
HOURS = [
    datetime(2027, 1, 14, 9, tzinfo=ZoneInfo("Europe/Paris")) + timedelta(minutes=30 * n)
    for n in range(8)
]
#: What stands before a value that the service's key has sealed.
UNDER = re.compile(r"k(\d+)\.")


async def filled(office: Office, count: int = 12) -> list[str]:
    """People with a link, messages that have left, and one of each thing that is sealed."""
    made = []
    for number in range(count):
        start = HOURS[number % 8] + timedelta(days=7 * (number // 8))
        un = await office.plan(
            name=f"Zwijnaarde {number}",
            doctor=("mc-1", "mc-2")[number % 2],
            start=start.strftime("%Y-%m-%dT%H:%M"),
            reference=f"D-{number}",
        )
        made.append(un.id)
    await posted(office)
    await office.justify(made[0], document=PAPER)
    async with office.registre.transaction() as unite:
        connection = unite.connection
        await totp_of(office.config, office.vault).enrol(connection, "console", "mc-1")
        for one in SEALED[2:]:
            if one.table is not t.professionnel:
                await connection.execute(insert(one.table).values(_any_row(one, office.vault)))
    return made


async def posted(office: Office) -> None:
    clock: Any = office.clock
    postman = Postman(
        registre=office.registre,
        senders=spool(),
        drafts=Drafts(office.links, "https://controle.test"),
        endings=Endings(office.recorder),
        clock=clock,
        config=office.config,
    )
    await postman.once()


def _any_row(one: Any, vault: Vault) -> dict[str, Any]:
    """Something in every column, and in the sealed one what belongs there."""
    row: dict[str, Any] = {
        column.name: 1 if column.type.python_type is int else f"{column.name}-1"
        for column in one.table.columns
        if not column.foreign_keys
    }
    if one.table is t.requete:
        row["cle_api"] = "cle-1"
    place = "\0".join(row[name] for name in one.bound)
    return row | {one.column: vault.seal_text(one.purpose, place, "scelle")}


def left(file: Path) -> dict[int, int]:
    """How many values of the whole store are under each key of the service."""
    found: dict[int, int] = {}
    with closing(sqlite3.connect(file)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in tables.fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608
                for value in row:
                    if isinstance(value, str) and (under := UNDER.match(value)):
                        found[int(under[1])] = found.get(int(under[1]), 0) + 1
    return found


async def at_once() -> None:
    """Nobody else is at work."""


def resealing(database: Database, rest: Any = at_once, **more: Any) -> Resealing:
    return Resealing(
        database, now=lambda: datetime.now(UTC), told=lambda *_: None, rest=rest, **more
    )


@pytest.fixture(autouse=True)
async def api_key(office: Office) -> None:
    key = {"id": "cle-1", "caisse": "rennes", "nom": "SI", "empreinte": "0" * 64, "portees": "[]"}
    async with office.registre.transaction() as unite:
        await unite.connection.execute(insert(t.cle_api).values(key | {"cree": "2027-01-01"}))


@pytest.mark.row("OP-07")
@pytest.mark.row("SP-13")
async def test_nothing_fails_while_everything_is_sealed_anew_and_nothing_is_left_behind(
    office: Office, tmp_path: Path
) -> None:
    file = tmp_path / "office" / "telecontrole.db"
    ids = await filled(office)
    under = left(file)
    traffic = Traffic(office, ids)
    # As the command does: another process, with its own look at the keys.
    other = await open_database(f"sqlite+aiosqlite:///{file}")

    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(traffic.work()) for _ in range(6)]
        await traffic.more(20)
        done = await resealing(other, rest=lambda: traffic.more(40), batch=2).rotate()
        await traffic.more(100)
        traffic.over = True
    await other.close()

    assert [worker.exception() for worker in workers] == [None] * 6
    assert (traffic.count >= 200, traffic.failed) == (True, [])
    assert (set(under), set(left(file))) == ({2}, {done.key})
    assert (done.retired, done.unreadable, done.resealed >= under[2]) == ([1, 2], {}, True)
    assert sorted(path.name for path in (tmp_path / "office/keys/vault").glob("*.key")) == ["3.key"]
    assert office.vault.keys is not None
    assert office.vault.keys.cipher(2) is None


class Traffic:
    """People who are read, moved and written to, until it is `over`."""

    def __init__(self, office: Office, ids: list[str]) -> None:
        self.office = office
        self.ids = ids
        self.count = 0
        self.failed: list[str] = []
        self.over = False
        self._turns = itertools.count()
        self._news = asyncio.Condition()

    async def work(self) -> None:
        doings = (self.named, self.linked, self.told, self.corrected, self.joined, self.shown)
        while not self.over:
            # Dealt to all workers in turn: by a worker's own number they may fall into step, and
            # one of them is never done.
            turn = next(self._turns)
            doing = doings[turn % len(doings)]
            try:
                await doing(self.ids[turn // len(doings) % len(self.ids)])
            except Unreadable:
                self.failed.append(doing.__name__)
            async with self._news:
                self.count += 1
                self._news.notify_all()

    async def more(self, count: int) -> None:
        """A barrier: so many more were done."""
        wanted = self.count + count
        async with asyncio.timeout(30), self._news:
            await self._news.wait_for(lambda: self.count >= wanted)

    async def named(self, un: str) -> None:
        async with self.office.registre.lecture() as unite:
            whose = (await unite.telecontrole(un)).assure
            assert (await people.assure(unite.connection, whose)).nom.startswith("Zwijnaarde")

    async def linked(self, un: str) -> None:
        async with self.office.registre.lecture() as unite:
            assert await self.office.links.secret_of(unite.connection, un)

    async def told(self, un: str) -> None:
        async with self.office.registre.lecture() as unite:
            rows = await unite.connection.scalars(
                select(t.envoi.c.id).where(t.envoi.c.telecontrole == un)
            )
            for one in rows.all():
                to = (await shown.one(unite.connection, one)).to
                assert "@" in to or to.startswith("+")

    async def corrected(self, un: str) -> None:
        async with self.office.registre.transaction() as unite:
            whose = await people.assure(unite.connection, (await unite.telecontrole(un)).assure)
            await people.save_assure(unite.connection, whose)

    async def joined(self, _: str) -> None:
        """Somebody new, with a key of their own."""
        async with self.office.registre.transaction() as unite:
            name = f"new-{self.count}-{id(unite)}"
            new = people.Assure(name, "rennes", "M.", "Zwijnaarde", "", "")
            await people.add_assure(unite.connection, new)
            await self.office.links.make(unite.connection, self.ids[0], MONDAY)

    async def shown(self, un: str) -> None:
        async with self.office.registre.glance() as unite:
            assert (await listed.one(unite.connection, un)).name.startswith("Mme Zwijnaarde")


@pytest.mark.row("SP-13")
async def test_killed_in_the_middle_it_is_run_again_and_ends(
    office: Office, tmp_path: Path
) -> None:
    file = tmp_path / "office" / "telecontrole.db"
    ids = await filled(office)
    how = {"TELECONTROLE_DATA_DIR": str(tmp_path / "office"), "TELECONTROLE_SECRET": SECRET}
    quick = how | {"TELECONTROLE_VAULT_REST": "0"}

    first = await Command.start("coffre", "rotate", "--lot", "1", **quick)
    await first.says("assure")
    first.process.kill()
    await first.process.wait()
    between = left(file)
    again = await outcome("coffre", "rotate", **quick)

    assert set(between) == {2, 3}
    assert again[0] == 0, again[1]
    assert "Clé 2 détruite." in again[1]
    assert set(left(file)) == {3}
    traffic = Traffic(office, ids)
    for doing in (traffic.named, traffic.linked, traffic.told):
        for un in ids:
            await doing(un)


@pytest.mark.row("SP-13")
async def test_a_value_that_no_key_opens_keeps_the_former_key_until_somebody_decides(
    office: Office, tmp_path: Path
) -> None:
    ids = await filled(office, 3)
    async with office.registre.transaction() as unite:
        scelle = await unite.connection.scalar(select(t.lien.c.scelle).limit(1))
        await unite.connection.execute(
            update(t.lien).where(t.lien.c.telecontrole == ids[1]).values(scelle=scelle)
        )

    kept = await resealing(office.database).rotate()
    ended = await resealing(office.database, abandon=True).rotate()

    assert (kept.unreadable, kept.retired, kept.key) == ({"lien": 1}, [], 3)
    assert (ended.unreadable, ended.retired, ended.key) == ({"lien": 1}, [1, 2], 3)
    assert [path.stem for path in (tmp_path / "office/keys/vault").glob("*.key")] == ["3"]


@pytest.mark.row("OP-07")
async def test_what_the_service_s_own_key_had_sealed_comes_under_the_people_s(
    office: Office, tmp_path: Path
) -> None:
    (un,) = await filled(office, 1)
    older = Vault(SECRET)
    async with office.registre.transaction() as unite:
        connection = unite.connection
        envoi = (await connection.scalars(select(t.envoi.c.id))).all()[0]
        words = older.seal_text("envoi", envoi, json.dumps(WORDS))
        await connection.execute(update(t.envoi).where(t.envoi.c.id == envoi).values(contenu=words))
        given = (await connection.scalars(select(t.piece.c.justification))).one()
        await connection.execute(update(t.piece).values(contenu=older.seal("piece", given, PAPER)))
    vault = Vault(SECRET, VaultKeys.open(tmp_path / "office/keys/vault", MONDAY))
    url = f"sqlite+aiosqlite:///{tmp_path / 'office/telecontrole.db'}"
    database = await open_database(url, vault)

    before = await read(database, envoi)
    done: Done = await resealing(database).rotate()
    after = await read(database, envoi)
    await database.close()

    assert before == after == ("Le texte d'avant.", PAPER)
    assert done.retired == [1, 2]
    async with office.registre.lecture() as unite:
        kept = await unite.connection.scalar(select(t.envoi.c.contenu).where(t.envoi.c.id == envoi))
        document = await unite.connection.scalar(select(t.piece.c.contenu))
    assert (kept[:2], document[:1]) == ("p.", b"\x03")
    assert un


WORDS = {
    "subject": "", "text": "Le texte d'avant.", "html": "", "calendar": "", "calendar_method": "",
    "version": "v",
}  # fmt: skip


async def read(database: Database, envoi: str) -> tuple[str, bytes]:
    async with database.read() as connection:
        row = (await connection.scalars(select(t.piece.c.justification))).one()
        document = await Documents(1_000).open(connection, row)
        assert document is not None
        return (await shown.one(connection, envoi)).text, document.content
