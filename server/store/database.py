"""Opens the database, migrates it, and gives transactions."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Engine, create_engine, event, select
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool, Pool, StaticPool

from server.evidence.line_keys import LineKeys
from server.identity.vault import Unreadable, Vault
from server.identity.vault_keys import VaultKeys

from . import postgresql
from . import schema as t
from .chains import LINE_KEYS
from .glance import Glance, Quick
from .lane import Lane
from .postgresql import ONE_MOMENT
from .sealed import SAFE, Safe

MIGRATIONS = Path(__file__).parent / "migrations"

#: People whose keys are tried at a start.
FEW = 3

Result = TypeVar("Result")


class KeysMissing(Exception):
    """The store is sealed, and its keys are not where they should be."""


class Database:
    """One database. `write()` blocks are all or nothing, one at a time, and durable once left.

    `safe`: the keys of the people who are in it.

    `lane`, `quick`: ways for transactions of plain code and for small readings that cross to no
    thread, where the engine has them.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        safe: Safe,
        lane: Lane | None = None,
        quick: Glance | None = None,
    ) -> None:
        self._engine = engine
        on_postgresql = engine.dialect.name == "postgresql"
        self._reading = engine.execution_options(**ONE_MOMENT) if on_postgresql else engine
        self.safe = safe
        self._lane = lane
        self._quick = quick
        # SQLite has one writer anyway: queueing here keeps the order and spares busy waiting.
        self._writing = asyncio.Lock()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        async with self._writing, self._engine.connect() as connection:
            await connection.execution_options(writes=True)
            async with connection.begin():
                yield connection

    async def write_with(self, work: Callable[[Connection], Result]) -> Result:
        """`write()` for plain code, which must not wait for anything but the store."""
        if self._lane is None:
            async with self.write() as connection:
                return await connection.run_sync(work)
        async with self._writing:
            return await self._lane.run(work)

    @asynccontextmanager
    async def write_quickly(self) -> AsyncIterator[AsyncConnection]:
        """`write()` for small statements, which are done at once where they can be: the one writer
        is held for less. Whoever has many of them lets others have the loop in between."""
        if self._lane is None:
            async with self.write() as connection:
                yield connection
        else:
            async with self._writing, self._lane.transaction() as plain:
                yield cast(AsyncConnection, Quick(plain))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with self._reading.connect() as connection, connection.begin():
            yield connection

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[AsyncConnection]:
        """`read()` for a few rows by their keys."""
        if self._quick is None:
            async with self.read() as connection:
                yield connection
        else:
            with self._quick.look() as connection:
                yield connection

    async def settle(self) -> None:
        """What was erased leaves the -wal file too, as far as nobody is reading: SQLite's own."""
        if self._engine.dialect.name == "sqlite":
            async with self._engine.connect() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    async def close(self) -> None:
        if self._quick is not None:
            self._quick.close()
        if self._lane is not None:
            await self._lane.close()
        await self._engine.dispose()


async def open_database(
    url: str, vault: Vault | None = None, lines: LineKeys | None = None, **options: Any
) -> Database:
    """Create what is missing, bring the schema up to date; `options` are the engine's.

    `vault`: what seals here; `lines`: whose keys mark the lines written here. Without them, the
    keys beside a SQLite file.

    :raises KeysMissing: what is sealed here was sealed with other keys.
    :raises NotDurable: what this PostgreSQL acknowledges may be lost.
    """
    vault = vault or beside(url)
    await asyncio.to_thread(migrate, url, vault=vault)
    if not url.startswith("sqlite"):
        options = {**postgresql.POOL, "connect_args": postgresql.CONNECTING, **options}
    engine = create_async_engine(url, **options)
    safe = Safe(vault)
    held = {SAFE: safe, LINE_KEYS: lines or lines_beside(url)}
    database = _over(engine, held, url, options)
    try:
        async with database.read() as connection:
            await postgresql.check_durable(connection)
        await _check_keys(database)
    except BaseException:
        await database.close()
        raise
    return database


def _over(engine: AsyncEngine, held: dict[str, Any], url: str, options: dict[str, Any]) -> Database:
    safe: Safe = held[SAFE]
    _hand_over(engine.sync_engine, held)
    if not url.startswith("sqlite"):
        postgresql.prepare(engine.sync_engine)
        return Database(engine, safe)
    _prepare_sqlite(engine.sync_engine)
    if options:
        # Ways of our own would go around what a caller has asked for.
        return Database(engine, safe)
    address = make_url(url)
    lane, quick = _plain_sqlite(address, StaticPool), _plain_sqlite(address)
    for plain in (lane, quick):
        _hand_over(plain, held)
    return Database(engine, safe, Lane(lane), Glance(quick))


def _hand_over(engine: Engine, held: dict[str, Any]) -> None:
    """Each connection knows what opens its rows, and what marks its lines."""

    @event.listens_for(engine, "connect")
    def on_connect(_: Any, record: Any) -> None:
        record.info.update(held)


async def _check_keys(database: Database) -> None:
    """Of a few people: a single row may have been altered, which is no reason not to start."""
    async with database.read() as connection:
        query = select(t.assure.c.id, t.assure.c.cle).where(t.assure.c.cle != "").limit(FEW)
        rows = (await connection.execute(query)).all()
    if rows and not any(_opens(database.safe, row.id, row.cle) for row in rows):
        raise KeysMissing(
            "les clés du coffre (keys/vault, dans data_dir) manquent : rendez-les d'une sauvegarde"
        )


def _opens(safe: Safe, identifier: str, kept: str) -> bool:
    try:
        safe.unwrapped(identifier, kept)
    except Unreadable:
        return False
    return True


def beside(url: str) -> Vault:
    """The keys in the directory of a SQLite file, where a service has its own too."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite" or not address.database:
        raise KeysMissing(f"{address.get_backend_name()}: no directory for the vault's keys")
    directory = Path(address.database).parent / "keys" / "vault"
    return Vault("", VaultKeys.open(directory, datetime.now(UTC)))


def lines_beside(url: str) -> LineKeys | None:
    """As above, for the keys that mark lines; None elsewhere: then no line can be written."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite" or not address.database:
        return None
    directory = Path(address.database).parent / "keys" / "lines"
    return LineKeys.open(directory, datetime.now(UTC))


def _plain_sqlite(url: URL, pool: type[Pool] = NullPool) -> Engine:
    """Connections that are used from one thread at a time, whichever it is."""
    engine = create_engine(
        url.set(drivername="sqlite"),
        poolclass=pool,
        connect_args={"check_same_thread": False},
    )
    _prepare_sqlite(engine)
    return engine


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        # FULL, not NORMAL: in WAL mode NORMAL survives kill -9 but loses acknowledged facts at a
        # power loss (docs/threat-model.md, F12). What is erased is written over: a page of the file
        # must not go on holding a key that was destroyed.
        for pragma in (
            "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000",
            "secure_delete=ON",
        ):  # fmt: skip
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def migrate(url: str, revision: str = "head", vault: Vault | None = None) -> None:
    """Bring the schema at `url` to `revision`, over a synchronous driver; `vault` as above."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and address.database:
        file = Path(address.database)
        file.parent.mkdir(parents=True, exist_ok=True)
        # Names and phone numbers are in it: for the service's own account only.
        file.touch(mode=0o600)
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(MIGRATIONS))
    # The same driver for PostgreSQL (psycopg) serves with and without an event loop.
    settings.set_main_option("sqlalchemy.url", url.replace("+aiosqlite", "").replace("%", "%%"))
    settings.attributes["cwd"] = os.curdir
    settings.attributes["safe"] = lambda: Safe(vault or beside(url))
    command.upgrade(settings, revision)
