"""`telecontrole serve` with two workers, as real processes: meetings, deaths, and the end."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
import stores
from command import Command
from redis_server import RedisServer, until
from server_people import SECRET
from worker_scenes import TOML, Cast, Party, Running, alive, identifier

from certs.tls import LocalTls, ensure_local_tls
from server import offline
from server.config import Config

APPOINTMENTS = 3


@pytest.fixture
def tls(tmp_path: Path) -> LocalTls:
    return ensure_local_tls(tmp_path / "tls", ["localhost"], datetime.now(UTC))


@pytest.fixture
async def running(tmp_path: Path, tls: LocalTls, redis: RedisServer) -> AsyncIterator[Running]:
    data = tmp_path / "data"
    settings = tmp_path / "telecontrole.toml"
    told = TOML.format(data=data, secret=SECRET, tls=tls, count=2, redis=redis.url)
    settings.write_text(told + stores.toml(data))
    database = await stores.opened(data / "telecontrole.db")
    cast = Cast(database)
    links = await cast.settle(APPOINTMENTS)
    command = await Command.start("serve", "--config", str(settings))
    try:
        await command.says("workers_serving")
        yield Running(command, cast, links)
    finally:
        await command.end()
        await database.close()


@pytest.fixture
async def parties(running: Running) -> AsyncIterator[list[Party]]:
    async with AsyncExitStack() as stack:
        all_of_them = [Party(running, number) for number in range(APPOINTMENTS)]
        for party in all_of_them:
            stack.push_async_callback(party.close)
        yield all_of_them


@pytest.mark.row("OPS-04")
async def test_the_owner_is_killed_and_the_call_goes_on_with_the_other_worker(
    running: Running, parties: list[Party], tmp_path: Path
) -> None:
    call, elsewhere, _ = parties
    await call.log_in(0)
    await elsewhere.log_in(1)
    assure = await call.enter("assure", 0)
    doctor = await call.enter("medecin_conseil", 1)
    await doctor.done("admit")
    for one in (assure, doctor):
        await one.flowing()
    spared = await elsewhere.enter("assure", 1)

    await running.kill(0)
    await assure.until(lambda: assure.cut)
    await doctor.until(lambda: doctor.cut)
    assure = await call.enter("assure", 1)
    doctor = await call.enter("medecin_conseil", 1)

    await assure.until(lambda: assure.state["medecin_conseil"]["presence"] == "present")
    assert (assure.state["phase"], doctor.state["phase"]) == ("admitted", "admitted")
    assert not spared.cut
    await running.answers(0)
    again = await call.enter("assure", 0)
    await doctor.until(lambda: doctor.state["assure"]["presence"] == "present")
    await doctor.done("end")
    await again.until(lambda: again.state["phase"] == "ended")
    kinds = await running.cast.kinds(0)
    assert kinds.count("redemarrage_serveur") == 1
    assert kinds.index("redemarrage_serveur") < kinds.index("retour")
    assert "redemarrage_serveur" not in await running.cast.kinds(1)
    file = tmp_path / "releve.json"
    data = tmp_path / "data"
    exporting = replace(Config(), data_dir=data, **stores.settings(data))
    exported = await asyncio.to_thread(offline.export, exporting, identifier(0), file)
    assert exported == 0
    assert offline.verify(file, None) == 0


@pytest.mark.row("OPS-04")
async def test_all_workers_share_the_port_a_dead_one_is_started_again_and_a_stop_stops_all(
    running: Running, tls: LocalTls
) -> None:
    port = running.logged("workers_serving")[0]["port"]
    context = ssl.create_default_context(cafile=str(tls.ca))
    before = running.pid(1)

    await running.kill(1)
    await until(lambda: running.pid(1) not in (None, before))
    await running.answers(1)
    async with aiohttp.ClientSession() as http:
        for _ in range(20):
            url = f"https://localhost:{port}/healthz"
            async with http.get(url, ssl=context, headers={"Connection": "close"}) as answer:
                assert answer.status == 200

    pids = [running.pid(number) for number in (0, 1)]
    status = await running.command.end()

    assert status == 0
    assert not any(alive(pid) for pid in pids)
    assert [one["count"] for one in running.logged("worker_died")] == [1]
    assert len([one for one in running.logged("worker_started") if one["count"] == 1]) == 2


@pytest.mark.row("OPS-04")
async def test_a_parent_that_is_killed_takes_its_workers_along(running: Running) -> None:
    pids = [running.pid(number) for number in (0, 1)]

    running.command.process.kill()

    await until(lambda: not any(alive(pid) for pid in pids))
