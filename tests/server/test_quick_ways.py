"""The quick ways beside the store's ordinary ones: a glance, and pushes that keep their breath."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Executable, Insert, insert, select, text
from sqlalchemy.exc import OperationalError

from server.pusher import Pusher
from server.store import schema as t
from server.store.database import Database, open_database

CAISSES = select(t.caisse.c.id).order_by(t.caisse.c.id)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_database(f"sqlite+aiosqlite:///{tmp_path / 'store.db'}")
    try:
        yield opened
    finally:
        await opened.close()


def a_caisse(identifier: str) -> Insert:
    values = {"id": identifier, "nom": "CPAM", "fuseau": "Europe/Paris", "telephone": "3646"}
    return insert(t.caisse).values(values)


async def keep(database: Database, identifier: str) -> None:
    async with database.write() as connection:
        await connection.execute(a_caisse(identifier))


async def looked(database: Database, statement: Executable) -> list[str]:
    async with database.glance() as connection:
        return list(await connection.scalars(statement))


async def seen(database: Database) -> list[str]:
    return await looked(database, CAISSES)


# --- a glance -----------------------------------------------------------------------------------


async def test_a_glance_sees_what_is_kept_and_each_one_its_own_moment(database: Database) -> None:
    await keep(database, "a")

    async with database.glance() as first:
        before = list(await first.scalars(CAISSES))
        await keep(database, "b")
        within = list(await first.scalars(CAISSES))
        another = await seen(database)

    assert (before, within, another) == (["a"], ["a"], ["a", "b"])
    assert await seen(database) == ["a", "b"]


async def test_what_fails_within_a_glance_harms_no_other(database: Database) -> None:
    await keep(database, "a")

    with pytest.raises(OperationalError):
        await looked(database, text("SELECT nothing FROM nowhere"))

    assert await seen(database) == ["a"]


async def test_nothing_is_written_at_a_glance(database: Database) -> None:
    async with database.glance() as connection:
        await connection.execute(a_caisse("a"))

    assert await seen(database) == []


# --- many small writes --------------------------------------------------------------------------


async def write_two(database: Database, failing: BaseException | None = None) -> None:
    async with database.write_quickly() as connection:
        await connection.execute(a_caisse("a"))
        await asyncio.sleep(0.01)
        if failing is not None:
            raise failing
        await connection.execute(a_caisse("b"))


async def test_what_is_written_quickly_is_kept_whole(database: Database) -> None:
    await write_two(database)

    assert await seen(database) == ["a", "b"]


async def test_what_fails_or_is_given_up_keeps_nothing_and_the_next_may_write(
    database: Database,
) -> None:
    with pytest.raises(ValueError, match="no"):
        await write_two(database, ValueError("no"))
    given_up = asyncio.create_task(write_two(database))
    await asyncio.sleep(0.005)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    assert await seen(database) == []

    await keep(database, "c")
    await write_two(database)

    assert await seen(database) == ["a", "b", "c"]


async def test_all_ways_of_writing_take_turns(database: Database) -> None:
    said: list[str] = []

    async def long() -> None:
        async with database.write_quickly() as connection:
            await connection.execute(a_caisse("a"))
            await asyncio.sleep(0.05)
            said.append("long")

    async def other(name: str) -> None:
        if name == "plain":
            await database.write_with(lambda connection: connection.execute(a_caisse(name)))
        else:
            await keep(database, name)
        said.append(name)

    first = asyncio.create_task(long())
    await asyncio.sleep(0.01)
    await asyncio.gather(first, other("plain"), other("ordinary"))

    assert said[0] == "long"
    assert await seen(database) == ["a", "ordinary", "plain"]


# --- pushes -------------------------------------------------------------------------------------


class Told:
    """Who is pushed to; counts."""

    def __init__(self, pusher: Pusher) -> None:
        self.entries: list[str] = []
        self.groups: list[int] = []
        self._news = asyncio.Condition()
        pusher.handlers = {"entry": self._entry}

    async def _entry(self, some: Sequence[str]) -> Sequence[str]:
        async with self._news:
            self.entries.extend(some)
            self.groups.append(len(some))
            self._news.notify_all()
        return ["mc"] * len(some)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5), self._news:
            await self._news.wait_for(lambda: len(self.entries) >= count)


async def test_a_change_is_told_at_once_and_ten_more_of_a_moment_once() -> None:
    pusher = Pusher()
    told, running = Told(pusher), asyncio.create_task(pusher.run())

    pusher.entry_changed("A")
    await told.until(1)
    for _ in range(10):
        pusher.entry_changed("A")
        pusher.entry_changed("B")
    await told.until(4)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert sorted(told.entries) == ["A", "A", "B", "B"]


async def test_what_comes_one_after_the_other_behind_the_first_is_told_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Long enough for the slowest machine to say three words in.
    monkeypatch.setattr("server.pusher.PACE", 0.5)
    pusher = Pusher()
    told, running = Told(pusher), asyncio.create_task(pusher.run())

    pusher.entry_changed("A")
    await told.until(1)
    for one in "BCD":
        pusher.entry_changed(one)
        await asyncio.sleep(0)
    await told.until(4)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert told.groups == [1, 3]


async def test_after_a_breath_a_change_is_told_at_once_again() -> None:
    pusher = Pusher()
    told, running = Told(pusher), asyncio.create_task(pusher.run())

    pusher.entry_changed("A")
    async with asyncio.timeout(5):
        while pusher._breath is not None:
            await asyncio.sleep(0.01)
    pusher.entry_changed("A")
    await told.until(2)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert told.entries == ["A", "A"]
    assert pusher._recent == {("entry", "A", False)}
