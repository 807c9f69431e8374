"""A write transaction of plain code over SQLite: what waits, waits on a thread; the rest is quick.

Through aiosqlite each statement crosses to a thread and back several times: some 0.3 ms of CPU
for a statement that costs SQLite 10 µs. Here two things cross, once each: taking the lock of the
file, which another process may hold, and the commit, which waits for the disk. Between them the
statements run in the event loop's thread, where they read pages that the system has in memory.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.engine import Connection

Result = TypeVar("Result")


class Lane:
    """One connection of its own; `run` is not called twice at the same time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        #: One thread: what is given to it is done in that order, also after a cancellation.
        self._aside = ThreadPoolExecutor(1, "store")

    async def run(self, work: Callable[[Connection], Result]) -> Result:
        """`work` in a transaction: all or nothing, durable when this returns."""
        loop = asyncio.get_running_loop()
        try:
            connection = await loop.run_in_executor(self._aside, self._begin)
            result = work(connection)
            await loop.run_in_executor(self._aside, connection.commit)
        except BaseException:
            # Nobody waits for it: the next transaction does, in the same thread.
            self._aside.submit(self._rollback)
            raise
        return result

    def _begin(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(writes=True)
        self._connection.begin()
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
