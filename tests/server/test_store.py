"""The store: what migrations make, how durable a commit is, who may read the file."""

import asyncio
import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, event, text

from server.store.database import migrate, open_database
from server.store.schema import metadata


def address(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


@pytest.mark.row("OP-02")
def test_the_migrations_lead_to_the_tables_that_the_code_knows(blank: Path) -> None:
    engine = create_engine(f"sqlite:///{blank}")

    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()

    assert differences == []


def test_a_database_of_the_first_version_keeps_its_rows(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    migrate(address(file), "0001")
    with sqlite3.connect(file) as connection:
        connection.execute("INSERT INTO caisse VALUES ('c', 'CPAM', 'Europe/Paris', '3646')")
        connection.execute(
            "INSERT INTO medecin_conseil VALUES ('m', 'c', 'Dr Ancien', 'Médecin-conseil', 5)"
        )
    connection.close()

    migrate(address(file))

    with sqlite3.connect(file) as connection:
        rows = connection.execute("SELECT nom, retard_minutes FROM medecin_conseil").fetchall()
    connection.close()
    assert rows == [("Dr Ancien", 5)]


class DiskFull(Exception):
    """As a statement finds it."""


@contextmanager
def full_after(statements: int) -> Iterator[None]:
    left = iter(range(statements))

    def before(*_: object) -> None:
        if next(left, None) is None:
            raise DiskFull

    event.listen(Engine, "before_cursor_execute", before)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", before)


def dumped(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())


@pytest.mark.row("OPS-06")
@pytest.mark.parametrize("statements", range(10, 170, 20))
def test_a_migration_that_fails_on_the_way_leaves_the_database_as_it_was(
    tmp_path: Path, statements: int
) -> None:
    file = tmp_path / "old.db"
    migrate(address(file), "0001")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO caisse VALUES ('c', 'CPAM', 'Europe/Paris', '3646')")
    before = dumped(file)

    with full_after(statements), pytest.raises(DiskFull):
        migrate(address(file))

    assert dumped(file) == before
    migrate(address(file))
    assert any("'CPAM'" in row for row in dumped(file))


START = "import sys; from server.store.database import migrate; migrate(sys.argv[1])"


async def test_processes_that_start_together_make_the_tables_once(tmp_path: Path) -> None:
    where = address(tmp_path / "new.db")

    starts = [await asyncio.create_subprocess_exec(sys.executable, "-c", START, where)
              for _ in range(3)]  # fmt: skip

    assert [await one.wait() for one in starts] == [0] * 3


@pytest.mark.row("OP-01")
async def test_every_connection_waits_for_the_disk_and_keeps_keys_whole(tmp_path: Path) -> None:
    """FULL, as NORMAL loses acknowledged facts at a power loss.

    That power loss itself (a file system that drops what was not synced, by apsw's VFS) is not
    simulated here; kill -9 is, in test_kill.py.
    """
    database = await open_database(address(tmp_path / "t.db"))
    wanted = {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 5000}

    found = []
    async with database.read() as one, database.write() as other:
        for connection in (one, other):
            found.append(
                {
                    name: (await connection.execute(text(f"PRAGMA {name}"))).scalar()
                    for name in wanted
                }
            )
    await database.close()

    assert found == [wanted, wanted]


@pytest.mark.row("SP-13")
async def test_the_database_is_for_the_service_s_own_account(tmp_path: Path) -> None:
    database = await open_database(address(tmp_path / "t.db"))

    async with database.write() as connection:
        await connection.execute(
            text("INSERT INTO caisse (id, nom, fuseau, telephone) VALUES ('c', 'n', 'f', 't')")
        )
        files = [path for path in tmp_path.iterdir() if path.is_file()]
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in files}
    await database.close()

    assert set(modes) == {"t.db", "t.db-wal", "t.db-shm"}
    assert set(modes.values()) == {0o600}


async def test_a_reading_sees_one_moment_and_waits_for_no_writer(tmp_path: Path) -> None:
    database = await open_database(address(tmp_path / "t.db"))
    count = text("SELECT count(*) FROM caisse")

    async with database.read() as reader:
        before = (await reader.execute(count)).scalar()
        async with database.write() as writer:
            await writer.execute(
                text("INSERT INTO caisse (id, nom, fuseau, telephone) VALUES ('c', 'n', 'f', 't')")
            )
        during = (await reader.execute(count)).scalar()
    async with database.read() as reader:
        after = (await reader.execute(count)).scalar()
    await database.close()

    assert (before, during, after) == (0, 0, 1)
