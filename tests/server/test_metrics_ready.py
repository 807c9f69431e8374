"""/readyz: each part away for real, told in one word; /healthz: the process lives all the while."""

import asyncio
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
import redis
from server_people import Service

from server import keys

pytestmark = pytest.mark.row("OPS-02")


async def readiness(service: Service) -> tuple[int, str]:
    """What a balancer sees; the process is alive whatever it is."""
    browser = service.browser()
    answer, alive = await browser.get("/readyz"), await browser.get("/healthz")
    assert (alive.status, alive.raw) == (200, b"ok\n")
    return answer.status, answer.raw.decode()


READY = (200, "ok\n")


def store(service: Service) -> Path:
    return service.data / "telecontrole.db"


async def test_a_server_whose_parts_all_work_is_ready(service: Service) -> None:
    assert await readiness(service) == READY


async def test_a_database_file_that_was_moved_away_is_no_store(service: Service) -> None:
    aside = store(service).with_name("aside.db")
    store(service).rename(aside)

    gone = await readiness(service)
    aside.rename(store(service))

    assert gone == (503, "store\n")
    assert await readiness(service) == READY


async def test_another_file_in_the_place_of_the_database_is_no_store(service: Service) -> None:
    aside = store(service).with_name("aside.db")
    store(service).rename(aside)
    store(service).write_bytes(aside.read_bytes())

    restored = await readiness(service)
    aside.replace(store(service))

    assert restored == (503, "store\n")


async def test_a_locked_database_is_told_and_asked_once_however_many_ask(service: Service) -> None:
    with closing(sqlite3.connect(store(service), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        asked = [asyncio.create_task(readiness(service)) for _ in range(20)]
        told = await asyncio.gather(*asked)
        looks = [task for task in asyncio.all_tasks() if "_looked" in repr(task.get_coro())]
        other.execute("ROLLBACK")

    assert set(told) == {(503, "store\n")}
    assert len(looks) <= 1


async def test_a_database_that_can_be_written_again_is_ready_again(service: Service) -> None:
    with closing(sqlite3.connect(store(service), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert await readiness(service) == (503, "store\n")
        other.execute("ROLLBACK")

    while await readiness(service) != READY:
        pass

    assert await readiness(service) == READY


@pytest.mark.parametrize("revision", ["v0001", "v9999"])
async def test_a_schema_of_another_version_is_told(service: Service, revision: str) -> None:
    with closing(sqlite3.connect(store(service))) as other:
        (right,) = other.execute("SELECT version_num FROM alembic_version").fetchone()
        other.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        other.commit()

        wrong = await readiness(service)
        other.execute("UPDATE alembic_version SET version_num = ?", (right,))
        other.commit()

    assert wrong == (503, "migrations\n")
    assert await readiness(service) == READY


async def test_a_server_that_has_not_written_its_heartbeat_for_long_is_not_ready(
    service: Service,
) -> None:
    service.clock.pass_by(4 * 60)

    silent = await readiness(service)
    await service.beat()

    assert silent == (503, "heartbeat\n")
    assert await readiness(service) == READY


async def test_a_postman_that_has_stopped_is_told(service: Service) -> None:
    (work, *_) = service.app[keys.POSTMAN]._tasks
    work.cancel()
    await asyncio.wait((work,))

    assert await readiness(service) == (503, "postman\n")


async def test_redis_is_asked_where_it_is_configured(serve: Any, tmp_path: Path) -> None:
    async with redis_server(tmp_path) as (url, process):
        service: Service = await serve(redis_url=url)
        there = await readiness(service)
        process.terminate()
        await process.wait()

        gone = await readiness(service)

    assert (there, gone) == (READY, (503, "redis\n"))


@asynccontextmanager
async def redis_server(folder: Path) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """Redis on a free port of this machine, once it answers."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        "redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
        "--dir", str(folder), stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not answers(port):
            await asyncio.sleep(0.02)
        yield f"redis://127.0.0.1:{port}/0", process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def answers(port: int) -> bool:
    with closing(redis.Redis(port=port)) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False
