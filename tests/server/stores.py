"""The stores that tests write to: SQLite files or, with TELECONTROLE_TEST_STORE=postgresql,
databases of a PostgreSQL cluster of one's own, each standing for the file of that name."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from postgresql_server import PostgresqlServer

from server.store.database import Database, beside, lines_beside, migrate, open_database

#: What every test's database is a copy of.
TEMPLATE = "blank"

ON_POSTGRESQL = os.environ.get("TELECONTROLE_TEST_STORE") == "postgresql"
#: Of a test that looks into SQLite's file, or into what only SQLite has.
only_sqlite = pytest.mark.skipif(ON_POSTGRESQL, reason="looks into SQLite's own")

CLUSTER = PostgresqlServer()
_made: dict[str, str] = {}


@contextmanager
def running() -> Iterator[None]:
    """The cluster, where tests write to it."""
    if not ON_POSTGRESQL:
        yield
        return
    CLUSTER.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            # Nothing is sealed yet: any keys will do.
            migrate(CLUSTER.make(TEMPLATE), vault=beside(f"sqlite:///{folder}/keys"))
        yield
    finally:
        CLUSTER.stop()


@contextmanager
def dropped_after() -> Iterator[None]:
    """What is made meanwhile goes: each database is 8 MB."""
    before = set(_made)
    yield
    for name in [*_made.keys() - before]:
        CLUSTER.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        del _made[name]


def address(file: Path, template: str = TEMPLATE) -> str:
    """Of the store that this file is, or stands for."""
    if not ON_POSTGRESQL:
        return f"sqlite+aiosqlite:///{file}"
    name = f"t{sha256(str(file).encode()).hexdigest()[:24]}"
    if name not in _made:
        _made[name] = CLUSTER.make(name, template)
    return _made[name]


async def opened(file: Path, **options: Any) -> Database:
    """That store, with the keys beside the file."""
    if not ON_POSTGRESQL:
        return await open_database(address(file), **options)
    return await opened_at(address(file), file, **options)


async def opened_at(url: str, file: Path, **options: Any) -> Database:
    """A store anywhere, with the keys beside this file, which need not be there."""
    own = f"sqlite:///{file}"
    return await open_database(url, beside(own), lines_beside(own), **options)


def settings(data: Path) -> dict[str, Any]:
    """Of a service whose files are there."""
    if not ON_POSTGRESQL:
        return {}
    return {
        "database_url": address(data / "telecontrole.db"),
        "medical_database_url": address(data / "medical.db", "template1"),
        "journal_database_url": address(data / "journal.db", "template1"),
    }


def toml(data: Path) -> str:
    """The same, as a command reads them."""
    return "".join(f'{name} = "{url}"\n' for name, url in settings(data).items())


# --- as whoever has the store in hand -------------------------------------------------------------


def ask(file: Path, query: str, *values: object) -> list[Any]:
    """What this statement finds or changes in it, from outside of the service."""
    with closing(_hand(file)) as connection:
        found = connection.execute(_written(query), values)
        rows = found.fetchall() if found.description else []
        connection.commit()
        return rows


def dump(file: Path) -> str:
    """Every row of every table, as text."""
    with closing(_hand(file)) as connection:
        if not ON_POSTGRESQL:
            return "\n".join(connection.iterdump())
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchall()
        return "\n".join(
            f'INSERT INTO "{table}" VALUES({",".join(map(repr, row))})'
            for (table,) in tables
            for row in connection.execute(f'SELECT * FROM "{table}"').fetchall()  # noqa: S608
        )


def _hand(file: Path) -> Any:
    if not ON_POSTGRESQL:
        return sqlite3.connect(file)
    return psycopg.connect(address(file).replace("+psycopg", ""))


def _written(query: str) -> str:
    return query.replace("%", "%%").replace("?", "%s") if ON_POSTGRESQL else query
