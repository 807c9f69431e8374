"""A power loss in the middle of the ledger's writing: what it acknowledged is there.

kill -9 cannot tell (F12): the system's own memory survives it. Here what was not synced is lost.
"""

import asyncio
import random
import sqlite3
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import pytest
from ledger_scenes import Court
from power_loss_vfs import Disk, driver, restore
from register_scenes import LONG
from sqlalchemy import create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import StaticPool

from controle.presence import Fait, GenreFait
from controle.telecontrole import Etat
from server.evidence.audit import Audit
from server.evidence.elsewhere import Elsewhere
from server.evidence.line_keys import LineKeys
from server.ledger import Ledger
from server.store.chains import LINE_KEYS
from server.store.database import Database, _hand_over, _prepare_sqlite
from server.store.lane import Lane
from server.store.page import Needs, Page
from server.store.sealed import SAFE

LOSSES = 300 if LONG else 30
#: Enough to see that the model can lose: each loses some ten facts.
WEAKER = 300 if LONG else 8
#: Writers, a room each.
ROOMS = 6
FILE = "/telecontrole.db"


@dataclass
class Lost:
    """What one loss came to."""

    acknowledged: int = 0
    missing: int = 0
    damaged: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Blank:
    """A store with its rooms, before each run."""

    content: bytes
    rooms: list[str]
    keys: LineKeys
    court: Court


@pytest.fixture
async def store(tmp_path: Path, blank: Path) -> Any:
    data = tmp_path / "data"
    court = await Court.open(data, blank)
    rooms = await court.rooms(*(f"mc-{n}" for n in range(ROOMS)), etat=Etat.EN_ATTENTE)
    source, copy = sqlite3.connect(court.file), sqlite3.connect(tmp_path / "depart.db")
    source.backup(copy)
    for one in (source, copy):
        one.close()
    content = (tmp_path / "depart.db").read_bytes()
    yield Blank(content, rooms, LineKeys.read(data / "keys" / "lines"), court)
    await court.close()


def database_on(disk: Disk, store: Blank, synchronous: str, checkpoint: int) -> Database:
    """The product's own lane, its pragmas and its BEGIN, over that disk."""
    module = driver()
    engine = create_engine(
        "sqlite://", module=module, creator=lambda: module.connect(FILE), poolclass=StaticPool
    )

    @event.listens_for(engine, "connect")
    def alone(connection: Any, _: Any) -> None:
        connection.cursor().execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.cursor().execute(f"PRAGMA wal_autocheckpoint={checkpoint}")

    _prepare_sqlite(engine)
    safe = store.court.database.safe
    _hand_over(engine, {SAFE: safe, LINE_KEYS: store.keys})
    if synchronous != "FULL":

        @event.listens_for(engine, "connect")
        def weaken(connection: Any, _: Any) -> None:
            connection.cursor().execute(f"PRAGMA synchronous={synchronous}")

    return Database(create_async_engine("sqlite+aiosqlite://"), safe, Lane(engine))


async def power_loss(
    store: Blank, folder: Path, chance: random.Random, synchronous: str = "FULL"
) -> Lost:
    """Write from all rooms at once until the power goes; then look at what is left."""
    disk, said, kept = Disk(chance, chance.randint(1, 900)), [], []
    disk.load(FILE, store.content)
    disk.lost = lambda: kept.extend(said)
    database = database_on(disk, store, synchronous, chance.choice((1_000, 30)))
    ledger = Ledger(database)
    with pytest.raises(ExceptionGroup) as ended:
        await everybody(speak(ledger, store.court, room, said) for room in store.rooms)
    assert ended.group_contains(OperationalError)
    await ledger.close()
    await database.close()
    disk.unregister()
    assert disk.left is not None
    return examined(restore(disk.left, folder), store, kept)


async def everybody(writers: Iterable[Coroutine[Any, Any, None]]) -> None:
    async with asyncio.TaskGroup() as together:
        for writer in writers:
            together.create_task(writer)


async def speak(ledger: Ledger, court: Court, room: str, said: list[tuple[str, str]]) -> None:
    """Says each fact once it is acknowledged, until the store is away."""
    for turn in range(1_000_000):
        fact = court.recorder.fact(GenreFait.MEDIA_PERDU, details={"cause": f"{turn}"})
        await ledger.write(Needs(room), partial(inscribe, room, fact))
        said.append((room, f"{turn}"))


def inscribe(room: str, fact: Fait, page: Page) -> None:
    draft = page.draft(room)
    draft.inscribe(fact)
    draft.keep()


def examined(file: Path, store: Blank, acknowledged: list[tuple[str, str]]) -> Lost:
    """By the product's own SQLite: is it whole, does the audit find anything, what is missing?"""
    lost = Lost(acknowledged=len(acknowledged))
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        whole = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
        report = Audit(connection, store.court.seals.verify, Elsewhere(), lines=store.keys).run()
        rows = connection.exec_driver_sql(
            "SELECT telecontrole, json_extract(contenu, '$.fait.details.cause') FROM ligne"
        )
        found = {tuple(row) for row in rows}
    engine.dispose()
    if whole != "ok":
        lost.damaged.append(str(whole))
    lost.damaged += [str(one) for one in report.findings]
    lost.missing = len(set(acknowledged) - found)
    return lost


async def losses(store: Blank, tmp_path: Path, count: int, synchronous: str = "FULL") -> list[Lost]:
    chance = random.Random(f"courant {synchronous}")  # noqa: S311
    found = []
    for number in range(count):
        folder = tmp_path / f"{synchronous}-{number}"
        folder.mkdir()
        found.append(await power_loss(store, folder, chance, synchronous))
        for file in folder.iterdir():
            file.unlink()
    return found


def told(found: list[Lost], synchronous: str) -> str:
    missing, said = sum(one.missing for one in found), sum(one.acknowledged for one in found)
    with_loss = sum(one.missing > 0 for one in found)
    return (
        f"{synchronous}: {len(found)} power losses, {said} acknowledged, {missing} missing"
        f" (in {with_loss} of them); SQLite {apsw.sqlite_lib_version()}"
        f" (the product's: {sqlite3.sqlite_version})"
    )


@pytest.mark.row("OP-01")
@pytest.mark.row("OP-02")
@pytest.mark.timeout(900)
async def test_a_power_loss_loses_no_acknowledged_fact(
    store: Blank, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    found = await losses(store, tmp_path, LOSSES)

    print(told(found, "FULL"))
    record_property("power_losses", told(found, "FULL"))
    assert [one.damaged for one in found if one.damaged] == []
    assert sum(one.missing for one in found) == 0
    assert sum(one.acknowledged for one in found) > LOSSES


@pytest.mark.timeout(900)
async def test_what_is_synced_less_often_is_lost_here(
    store: Blank, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """The test above can fail: NORMAL, which passes kill -9, loses facts on this disk."""
    found = await losses(store, tmp_path, WEAKER, "NORMAL")

    print(told(found, "NORMAL"))
    record_property("power_losses", told(found, "NORMAL"))
    assert sum(one.missing for one in found) > 0
