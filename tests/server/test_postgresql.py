"""What PostgreSQL does not give by itself, and the store makes of it (docs/decisions/0038).

That the service works on it is held by the tests of the service: `make postgresql` runs them there.
"""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
import stores
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from command import outcome
from ledger_scenes import CAISSE, Court
from postgresql_server import PostgresqlServer
from register_scenes import Register
from server_people import SECRET
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from controle.telecontrole import Etat
from server.apart.database import Away
from server.apart.key_files import KeyFiles
from server.clock import SystemClock
from server.config import Config
from server.evidence import command
from server.journal.lines import Access, operator
from server.journal.store import Journal
from server.rings import Rings
from server.store import people, postgresql
from server.store.database import Database, beside, migrate
from server.store.postgresql import NotDurable
from server.store.schema import metadata


@pytest.fixture(scope="module")
def cluster() -> Iterator[PostgresqlServer]:
    server = PostgresqlServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def address(cluster: PostgresqlServer) -> str:
    return cluster.make(f"t{uuid4().hex}")


@pytest.fixture
async def courts(address: str, tmp_path: Path) -> AsyncIterator[tuple[Court, Court]]:
    """Two processes over one store."""
    async with AsyncExitStack() as stack:

        async def one() -> Court:
            court = Court(await opened(address, tmp_path), tmp_path, most=64)
            stack.push_async_callback(court.close)
            return court

        first, second = await one(), await one()
        async with first.registre.transaction() as unite:
            await people.add_caisse(unite.connection, CAISSE)
        yield first, second


@pytest.fixture
def court(courts: tuple[Court, Court]) -> Court:
    return courts[0]


async def opened(address: str, keys: Path) -> Database:
    return await stores.opened_at(address, keys / "store")


# --- one writer ---------------------------------------------------------------------------------


@pytest.mark.row("OPS-04")
async def test_two_processes_write_one_chain_and_it_is_whole(courts: tuple[Court, Court]) -> None:
    (room,) = await courts[0].rooms("mc-1", etat=Etat.EN_ATTENTE)

    async def page(court: Court) -> None:
        for _ in range(20):
            await court.record(room, "media_ready")

    await asyncio.gather(*(page(court) for court in courts for _ in range(3)))

    assert await courts[0].kinds(room) == ["media_pret"] * 120
    await courts[1].record(room, "ended")
    assert await courts[0].intact(room)


@pytest.mark.row("SP-01")
async def test_a_token_opens_one_of_two_processes(courts: tuple[Court, Court]) -> None:
    rooms = await courts[0].rooms(*(f"mc-{number}" for number in range(10)))

    for room in rooms:
        access = await courts[0].access(room)
        refusals = await courts[0].together(*(court.witness.enter(access) for court in courts))
        assert sorted(refusals) == ["", "token_used"]


@pytest.mark.row("OPS-04")
async def test_a_doctor_is_in_one_call_whichever_process_admits(
    courts: tuple[Court, Court],
) -> None:
    for _ in range(10):
        rooms = await courts[0].rooms("mc-1", "mc-1", etat=Etat.EN_ATTENTE)

        refusals = await courts[0].together(
            *(
                court.record(room, "admitted", role="medecin_conseil")
                for court, room in zip(courts, rooms, strict=True)
            )
        )

        assert sorted(refusals) == ["", "in_call"]


@pytest.mark.row("SP-09")
async def test_two_processes_write_one_journal_and_it_is_whole(
    address: str, tmp_path: Path
) -> None:
    journals = [Journal(address, KeyFiles(tmp_path / "keys"), SystemClock()) for _ in range(2)]

    async def reader(journal: Journal, number: int) -> None:
        for _ in range(10):
            await journal.write(operator(), Access.RECORD_EXPORTED, f"un-telecontrole-{number}")

    await asyncio.gather(*(reader(one, number) for number in range(3) for one in journals))

    lines, wrong = await journals[0].verify()
    for one in journals:
        await one.close()
    assert (lines, wrong) == (60, [])


@pytest.mark.row("OPS-04")
async def test_who_waits_too_long_for_the_writer_is_refused_and_may_come_again(
    courts: tuple[Court, Court], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = courts
    (room,) = await first.rooms("mc-1")
    monkeypatch.setattr(postgresql, "TURN", postgresql.TURN.replace("'5s'", "'100ms'"))

    async with first.database.write():
        with pytest.raises(OperationalError):
            await second.join(room)
        async with second.database.read() as reader:
            assert await reader.scalar(text("SELECT 1")) == 1
    await second.join(room)

    assert await first.kinds(room) == ["entree"]


class Groups:
    """Who measures a ledger; keeps how many jobs each group had."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def ledger_group(self, jobs: int, _: float) -> None:
        self.sizes.append(jobs)

    def ledger_wait(self, _: float) -> None:
        return None


@pytest.mark.row("OPS-04")
async def test_while_readings_hold_every_connection_all_who_write_are_told_at_once(
    address: str, tmp_path: Path
) -> None:
    """Readings that somebody's lock on a table keeps waiting; not one after the other, each for as
    long again."""
    held = {"pool_size": 2, "max_overflow": 0, "pool_timeout": 0.2}
    court = Court(await stores.opened_at(address, tmp_path / "store", **held), tmp_path, most=64)
    async with court.registre.transaction() as unite:
        await people.add_caisse(unite.connection, CAISSE)
    rooms = await court.rooms(*(f"mc-{number}" for number in range(6)))
    coming = [await court.access(room) for room in rooms]
    groups = court.ledger._watch = Groups()

    async with court.database.read(), court.database.read():
        told = await asyncio.gather(*map(court.arrive, coming), return_exceptions=True)
    during = list(groups.sizes)
    again = await court.together(*map(court.arrive, coming))
    await court.close()

    assert all(isinstance(one, NoConnection) for one in told)
    assert during == [6]
    assert again == [""] * 6


# --- a reading ----------------------------------------------------------------------------------


async def test_a_reading_sees_one_moment_and_waits_for_no_writer(court: Court) -> None:
    (room,) = await court.rooms("mc-1")
    count = text("SELECT count(*) FROM ligne")

    async with court.database.read() as reader:
        before = await reader.scalar(count)
        await court.join(room)
        during = await reader.scalar(count)
    async with court.database.read() as reader:
        after = await reader.scalar(count)

    assert (during, after) == (before, before + 1)


@pytest.mark.row("OP-02")
async def test_the_whole_register_is_audited_while_it_is_written(
    court: Court, address: str, tmp_path: Path
) -> None:
    register = Register(court, tmp_path, ())
    court.recorder._seals = Rings.open(tmp_path, datetime.now(UTC)).seals
    (room,) = await court.rooms("mc-1", etat=Etat.EN_ATTENTE)
    asked = command.Asked(replace(Config(), data_dir=tmp_path, database_url=address))

    async def live() -> None:
        for _ in range(20):
            await court.record(room, "media_ready")
            await register.head()

    life = asyncio.create_task(live())
    found = [
        found
        for _ in range(10)
        for found in (await asyncio.to_thread(command.audited, asked))[0].findings
    ]
    await life

    assert found == []
    forged = text("UPDATE ligne SET contenu = replace(contenu, 'media_pret', 'fin')")
    async with court.database.write() as connection:
        await connection.execute(forged)
    assert command.audited(asked)[0].findings


async def test_a_reading_changes_nothing(court: Court) -> None:
    with pytest.raises(InternalError, match="read-only"):
        async with court.database.read() as reader:
            await reader.execute(text("DELETE FROM jeton_utilise"))


# --- the disk, and the server -------------------------------------------------------------------


@pytest.mark.row("OP-01")
async def test_a_store_that_does_not_wait_for_the_disk_is_refused(
    cluster: PostgresqlServer, address: str, tmp_path: Path
) -> None:
    await (await opened(address, tmp_path)).close()
    name = make_url(address).database
    cluster.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')

    with pytest.raises(NotDurable, match="synchronous_commit"):
        await opened(address, tmp_path)


@pytest.mark.row("SP-09")
async def test_a_journal_that_does_not_wait_for_the_disk_is_away(
    cluster: PostgresqlServer, address: str, tmp_path: Path
) -> None:
    cluster.execute(f'ALTER DATABASE "{make_url(address).database}" SET synchronous_commit = off')
    journal = Journal(address, KeyFiles(tmp_path / "keys"), SystemClock())

    with pytest.raises(Away):
        await journal.write(operator(), Access.RECORD_EXPORTED, "un-telecontrole")

    await journal.close()


@pytest.mark.row("OP-01")
@pytest.mark.parametrize("there", [True, False])
async def test_a_service_says_in_a_sentence_why_it_does_not_start(
    cluster: PostgresqlServer, address: str, tmp_path: Path, *, there: bool
) -> None:
    name = make_url(address).database
    cluster.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    if not there:
        cluster.execute(f'DROP DATABASE "{name}"')
    told = tmp_path / "telecontrole.toml"
    told.write_text(
        f'data_dir = "{tmp_path}/data"\ndatabase_url = "{address}"\nsecret = "{SECRET}"\n'
        'origin = "https://controle.test"\ntrusted_proxies = ["127.0.0.1/32"]\n'
    )

    status, said = await outcome("serve", "--config", str(told))

    assert status == 2
    words = NotDurable.message if there else "la base de données ne répond pas (database_url)"
    plain = [line for line in said.splitlines() if not line.startswith("{")]
    assert plain == [f"telecontrole: {words}"]


@pytest.mark.row("OP-01")
async def test_a_server_that_is_killed_and_comes_back_has_all_that_was_acknowledged(
    cluster: PostgresqlServer, court: Court
) -> None:
    rooms = await court.rooms(*(f"mc-{number}" for number in range(30)))
    joining = [asyncio.create_task(court.join(room)) for room in rooms]
    await asyncio.wait(joining, return_when=asyncio.FIRST_COMPLETED)

    cluster.kill()
    told = await asyncio.gather(*joining, return_exceptions=True)
    with pytest.raises(OperationalError):
        await court.join(rooms[0])
    cluster.start_again()

    for room, wrong in zip(rooms, told, strict=True):
        if wrong is None:
            assert await court.kinds(room) == ["entree"]
        elif not await court.kinds(room):
            await court.join(room)
    assert [await court.kinds(room) for room in rooms] == [["entree"]] * len(rooms)
    assert any(wrong is None for wrong in told)


async def test_a_machine_that_is_no_more_counts_as_away_within_seconds(
    cluster: PostgresqlServer, address: str, tmp_path: Path
) -> None:
    """What the system was told of the connection; no machine is taken away here."""
    near = make_url(address).set(host="127.0.0.1", port=cluster.port, query={})
    database = await opened(near.render_as_string(hide_password=False), tmp_path)

    async with database.read() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        with socket.socket(fileno=os.dup(driver.fileno())) as line:
            unheard = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            idle = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
    await database.close()

    assert (unheard, idle) == (10_000, 5)


# --- the tables ---------------------------------------------------------------------------------


@pytest.mark.row("OP-02")
def test_the_migrations_lead_to_the_tables_that_the_code_knows(
    address: str, tmp_path: Path
) -> None:
    migrate(address, vault=beside(f"sqlite:///{tmp_path}/store"))
    engine = create_engine(address)

    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()

    assert differences == []


STARTS = """
import sys
from server.store.database import beside, migrate
migrate(sys.argv[1], vault=beside(sys.argv[2]))
"""


async def test_processes_that_start_together_make_the_tables_once(
    address: str, tmp_path: Path
) -> None:
    keys = f"sqlite:///{tmp_path}/store"
    beside(keys)

    starts = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", STARTS, address, keys)
        for _ in range(4)
    ]

    assert [await one.wait() for one in starts] == [0] * 4


@pytest.mark.row("SP-01")
async def test_a_token_may_expire_after_2038(court: Court) -> None:
    """More seconds than PostgreSQL's INTEGER holds."""
    (room,) = await court.rooms("mc-1")
    access = msgspec.structs.replace(await court.access(room), expires=2**31 + 1)

    await court.witness.enter(access)

    assert await court.together(court.witness.enter(access)) == ["token_used"]
