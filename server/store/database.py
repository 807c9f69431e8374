"""Opens the database, migrates it, and gives transactions."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool, Pool, StaticPool

from .glance import Glance
from .lane import Lane

MIGRATIONS = Path(__file__).parent / "migrations"

Result = TypeVar("Result")


class Database:
    """One database. `write()` blocks are all or nothing, one at a time, and durable once left.

    `lane`, `quick`: ways for transactions of plain code and for small readings that cross to no
    thread, where the engine has them.
    """

    def __init__(
        self, engine: AsyncEngine, lane: Lane | None = None, quick: Glance | None = None
    ) -> None:
        self._engine = engine
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
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with self._engine.connect() as connection, connection.begin():
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

    async def close(self) -> None:
        if self._quick is not None:
            self._quick.close()
        if self._lane is not None:
            await self._lane.close()
        await self._engine.dispose()


async def open_database(url: str, **options: Any) -> Database:
    """Create what is missing, bring the schema up to date; `options` are the engine's."""
    await asyncio.to_thread(migrate, url)
    engine = create_async_engine(url, pool_pre_ping=not url.startswith("sqlite"), **options)
    if not url.startswith("sqlite"):
        return Database(engine)
    _prepare_sqlite(engine.sync_engine)
    if options:
        # Ways of our own would go around what a caller has asked for.
        return Database(engine)
    address = make_url(url)
    return Database(
        engine, Lane(_plain_sqlite(address, StaticPool)), Glance(_plain_sqlite(address))
    )


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
        # power loss (docs/threat-model.md, F12).
        for pragma in (
            "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000",
        ):  # fmt: skip
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def migrate(url: str, revision: str = "head") -> None:
    """Bring the schema at `url` to `revision`, over a synchronous driver."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and address.database:
        file = Path(address.database)
        file.parent.mkdir(parents=True, exist_ok=True)
        # Names and phone numbers are in it: for the service's own account only.
        file.touch(mode=0o600)
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(MIGRATIONS))
    settings.set_main_option(
        "sqlalchemy.url", url.replace("+aiosqlite", "").replace("+asyncpg", "").replace("%", "%%")
    )
    settings.attributes["cwd"] = os.curdir
    command.upgrade(settings, revision)
