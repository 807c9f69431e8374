"""A write transaction over SQLite: what waits, waits on a thread; the rest is quick.

Through aiosqlite each statement crosses to a thread and back several times: some 0.3 ms of CPU
for a statement that costs SQLite 10 µs, and on a busy server each crossing waits for the
interpreter's lock. Here the commit crosses, which waits for the disk. The statements run in the
event loop's thread, where they read pages that the system has in memory; so does the taking of
the file's lock, which crosses only where another process holds it. Plain code takes the connection
(`run`); what awaits each statement takes it behind another face (`Database.write_quickly`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

Result = TypeVar("Result")


#: Milliseconds to wait for another process's transaction.
PATIENCE = 5_000


class Lane:
    """One connection of its own; one transaction at a time (the caller's to see to)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        #: One thread: what is given to it is done in that order, also after a cancellation.
        self._aside = ThreadPoolExecutor(1, "store")
        #: Nothing of a former transaction is left to be done there.
        self._tidy = False

    async def run(self, work: Callable[[Connection], Result]) -> Result:
        """`work` in a transaction: all or nothing, durable when this returns."""
        async with self.transaction() as connection:
            return work(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """All or nothing, durable once left."""
        loop = asyncio.get_running_loop()
        try:
            connection = self._begin_now()
            if connection is None:
                connection = await loop.run_in_executor(self._aside, self._begin)
                self._tidy = True
            yield connection
            await loop.run_in_executor(self._aside, connection.commit)
        except BaseException:
            # Nobody waits for it: the next transaction does, in the same thread.
            self._tidy = False
            self._aside.submit(self._rollback)
            raise

    def _begin_now(self) -> Connection | None:
        """None where it would have to wait."""
        if self._connection is None or not self._tidy:
            return None
        try:
            self._connection.begin()
        except OperationalError:
            return None
        return self._connection

    def _begin(self) -> Connection:
        """In the thread: open what is not open, wait for who has the lock."""
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(writes=True)
        file = self._connection.connection
        file.cursor().execute(f"PRAGMA busy_timeout={PATIENCE}")
        self._connection.begin()
        # From now on the loop's thread tries, and must not wait.
        file.cursor().execute("PRAGMA busy_timeout=0")
        return self._connection

    def _rollback(self) -> None:
        """A connection that cannot even do this is replaced."""
        if self._connection is not None:
            try:
                self._connection.rollback()
            except Exception:
                self._connection.invalidate()
                self._connection = None

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._aside, self._close)
        self._aside.shutdown()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()
