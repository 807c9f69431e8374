"""A database of its own, opened at its first use; while it is away, what needs it is refused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

import structlog
from sqlalchemy import Column, Integer, MetaData, Table, event, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from server.store import postgresql

log = structlog.get_logger()

#: Seconds that a database may take before it counts as away.
PATIENCE = 5.0


class Away(Exception):
    """It cannot be read or written now: nothing is given, nothing is lost."""

    code: ClassVar[str] = "indisponible"
    message: ClassVar[str] = "Le service est momentanément indisponible. Réessayez."


class Apart:
    """`version`: of its tables; `away`: what is raised while it is not there."""

    def __init__(self, url: str, metadata: MetaData, version: int, away: type[Away]) -> None:
        self._url = url
        self._metadata = metadata
        self._version = version
        self._away = away
        self._engine: AsyncEngine | None = None
        self._opening = asyncio.Lock()
        self._writing = asyncio.Lock()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """All or nothing, one at a time over all processes, durable once left."""
        async with self._connected() as connection, self._writing:
            await connection.execution_options(writes=True)
            async with connection.begin():
                yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with self._connected() as connection, connection.begin():
            yield connection

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with asyncio.timeout(PATIENCE):
                engine = await self._open()
                async with engine.connect() as connection:
                    yield connection
        except (SQLAlchemyError, OSError, TimeoutError) as wrong:
            raise self._away from wrong
        except postgresql.NotDurable as wrong:
            log.exception("not_durable")
            raise self._away from wrong

    async def _open(self) -> AsyncEngine:
        async with self._opening:
            if self._engine is None:
                engine = _engine(self._url)
                try:
                    await self._prepare(engine)
                except BaseException:
                    await engine.dispose()
                    raise
                self._engine = engine
            return self._engine

    async def _prepare(self, engine: AsyncEngine) -> None:
        """The tables, where there are none.

        :raises Away: a newer version of this software has been here.
        :raises NotDurable: what this PostgreSQL acknowledges may be lost.
        """
        table = versions(self._metadata)
        async with engine.connect() as connection:
            await connection.execution_options(writes=True)
            async with connection.begin():
                await postgresql.check_durable(connection)
                await connection.run_sync(self._metadata.create_all)
                known = await connection.scalar(select(table.c.version))
                if known is None:
                    await connection.execute(insert(table).values(version=self._version))
                elif known != self._version:
                    raise self._away

    async def settle(self) -> None:
        """What was erased leaves SQLite's -wal file too."""
        async with self._connected() as connection:
            if connection.dialect.name == "sqlite":
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    async def close(self) -> None:
        if self._engine is not None:
            await self._engine.dispose()
            self._engine = None


def versions(metadata: MetaData) -> Table:
    """The table whose one row says which version the others are."""
    known = metadata.tables.get("version")
    if known is not None:
        return known
    return Table("version", metadata, Column("version", Integer, primary_key=True))


def _engine(url: str) -> AsyncEngine:
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        server = create_async_engine(url, **postgresql.POOL, connect_args=postgresql.CONNECTING)
        postgresql.prepare(server.sync_engine)
        return server
    if address.database:
        # Its directory is not made: a disk that is not mounted must not look like an empty one.
        Path(address.database).touch(mode=0o600)
    engine = create_async_engine(url)

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: object, _: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]
        cursor = connection.cursor()  # type: ignore[attr-defined]
        for pragma in (
            "journal_mode=WAL", "synchronous=FULL", "busy_timeout=4000", "secure_delete=ON",
        ):  # fmt: skip
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: object) -> None:
        options = connection.get_execution_options()  # type: ignore[attr-defined]
        if options.get("isolation_level") != "AUTOCOMMIT":
            begin = "BEGIN IMMEDIATE" if options.get("writes") else "BEGIN"
            connection.exec_driver_sql(begin)  # type: ignore[attr-defined]

    return engine
