"""A quick look: reading a few rows by their keys, in the event loop's own thread.

Through aiosqlite each statement crosses to a thread and back: some 0.3 ms of CPU for one that costs
SQLite 10 µs. What consoles are told (server/medecin/desk.py) is made of a handful of such
statements, for each change of each room; here they run at once. Not for lists that may be long:
nobody else is served meanwhile.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import Engine
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection


class Quick:
    """A plain connection behind the face of an asynchronous one: what is awaited is there."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def info(self) -> dict[Any, Any]:
        return self._connection.info

    async def execute(self, *statement: Any) -> Any:
        return self._connection.execute(*statement)

    async def scalar(self, *statement: Any) -> Any:
        return self._connection.scalar(*statement)

    async def scalars(self, *statement: Any) -> Any:
        return self._connection.scalars(*statement)


class Glance:
    """`engine`: plain SQLite, whose connections stay open between two looks."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        #: One for each look that is going on: nearly always one.
        self._free: list[Connection] = []

    @contextmanager
    def look(self) -> Iterator[AsyncConnection]:
        """To read only, of one moment."""
        connection = self._free.pop() if self._free else self._engine.connect()
        try:
            with connection.begin() as transaction:
                yield cast(AsyncConnection, Quick(connection))
                transaction.rollback()
        except BaseException:
            connection.invalidate()
            connection.close()
            raise
        self._free.append(connection)

    def close(self) -> None:
        for connection in self._free:
            connection.close()
        self._engine.dispose()
