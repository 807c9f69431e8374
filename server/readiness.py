"""Whether this server may be given people: each part asked, in bounded time, answered by a word.

A look writes nothing that stays, and there is one at a time: whoever asks meanwhile, or asks a
server that hangs, waits for the same one and costs no more.
"""

import asyncio
from contextlib import AbstractAsyncContextManager, suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Protocol

import structlog
from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory
from redis.asyncio import Redis
from sqlalchemy import text, update
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from .clock import SystemClock
from .config import Config
from .store import alive
from .store import schema as t
from .store.database import MIGRATIONS

log = structlog.get_logger()

#: Seconds that all parts together may take.
PATIENCE = 2.0
#: The mark of life is written with each heartbeat; after so many without one, nothing is written.
HEARTBEATS = 3


class NotReady(Exception):
    """This part cannot do its work; the word is all that is told outside."""

    def __init__(self, part: str) -> None:
        super().__init__(part)
        self.part = part


class _TakenBack(Exception):
    """Ends a transaction that was only tried."""


class Store(Protocol):
    """The database, as `server.store.database.Database` is."""

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]: ...

    def write(self) -> AbstractAsyncContextManager[AsyncConnection]: ...


class Holder(Protocol):
    """Who has the store now: the registre."""

    @property
    def database(self) -> Store: ...


class Worker(Protocol):
    """Something that must go on running: the postman."""

    @property
    def running(self) -> bool: ...


class Readiness:
    """`postman`: None where this process has none."""

    def __init__(
        self, *, config: Config, clock: SystemClock, registre: Holder, postman: Worker | None
    ) -> None:
        self._config = config
        self._clock = clock
        self._registre = registre
        self._postman = postman
        self._file = _file_of(config.database)
        self._inode = _inode(self._file)
        self._look: asyncio.Task[str] | None = None
        self._word = ""

    async def missing(self) -> str:
        """The part that cannot do its work, or nothing."""
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._looked())
        # Not cancelled when it is late: the next one who asks waits for the same look.
        done, _ = await asyncio.wait((self._look,), timeout=PATIENCE)
        word = self._look.result() if done else "store"
        if word != self._word:
            log.warning("readiness", reason=word or "ready")
        self._word = word
        return word

    async def close(self) -> None:
        if self._look is not None:
            self._look.cancel()
            await asyncio.wait((self._look,), timeout=PATIENCE)

    async def _looked(self) -> str:
        try:
            await self._redis()
            self._postman_runs()
            await self._store()
        except NotReady as wrong:
            return wrong.part
        except Exception:
            return "store"
        return ""

    def _postman_runs(self) -> None:
        if self._postman is not None and not self._postman.running:
            raise NotReady("postman")

    async def _redis(self) -> None:
        if not self._config.redis_url:
            return
        try:
            async with (
                asyncio.timeout(PATIENCE / 2),
                Redis.from_url(self._config.redis_url) as connection,
            ):
                await connection.ping()
        except Exception as wrong:
            raise NotReady("redis") from wrong

    async def _store(self) -> None:
        # A file that was moved away or put back goes on being written to, and nobody will see it.
        if self._file is not None and _inode(self._file) != self._inode:
            raise NotReady("store")
        async with self._registre.database.read() as connection:
            await self._migrated(connection)
            await self._living(connection)
        await self._writable()

    async def _migrated(self, connection: AsyncConnection) -> None:
        found = set(await connection.scalars(text("SELECT version_num FROM alembic_version")))
        if found != {newest()}:
            raise NotReady("migrations")

    async def _living(self, connection: AsyncConnection) -> None:
        """A full disk still reads, and takes no heartbeat."""
        last: datetime | None = await alive.last(connection)
        if last is None or self._clock() - last > HEARTBEATS * self._config.heartbeat:
            raise NotReady("heartbeat")

    async def _writable(self) -> None:
        """Locked by another, or read only; taken back, so that nothing goes to the disk."""
        with suppress(_TakenBack):
            async with self._registre.database.write() as connection:
                await connection.execute(update(t.marque).values(nom=t.marque.c.nom))
                raise _TakenBack


@cache
def newest() -> str:
    """The revision that this version of the program works with."""
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(settings).get_current_head() or ""


def _file_of(url: str) -> Path | None:
    address = make_url(url)
    if address.get_backend_name() != "sqlite" or not address.database:
        return None
    return Path(address.database)


def _inode(file: Path | None) -> tuple[int, int] | None:
    try:
        seen = file.stat() if file is not None else None
    except OSError:
        return None
    return (seen.st_dev, seen.st_ino) if seen else None
