"""kill -9 at each point of a sending: nothing is missing, and at most one more, under one name."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from outbox_scenes import MONDAY, Office

from controle.convocation import Canal
from server.notify.parcel import Outcome, Parcel, Verdict

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0
LEASE = timedelta(minutes=3)
MESSAGES = 4
#: Where the process is killed, and how often the provider may have got a message in the end.
POINTS = {"claimed": (1, 1), "handed": (1, 2), "answered": (2, 2), "noted": (1, 1)}


class Provider:
    """Outlives the servers that speak to it; counts what it got, by key."""

    def __init__(self) -> None:
        self.got: Counter[str] = Counter()

    async def __aenter__(self) -> "Provider":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        key = (await reader.readline()).decode().strip()
        if key:
            self.got[key] += 1
            writer.write(f"ref-{key}\n".encode())
            await writer.drain()
        writer.close()


class Here:
    """The same provider, spoken to from this process."""

    channel = Canal.COURRIEL
    idempotent = False
    capacity = 4

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    async def send(self, parcel: Parcel) -> Outcome:
        self._provider.got[parcel.key] += 1
        return Outcome(Verdict.ACCEPTED, reference=f"ref-{parcel.key}")

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
async def office(tmp_path: Path, blank: Path) -> AsyncIterator[Office]:
    one = await Office.open(tmp_path, blank)
    yield one
    await one.close()


async def start(office: Office, provider: Provider, where: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("outbox_worker.py")),
        str(office.file.parent),
        str(provider.port),
        office.clock().isoformat(),
        where,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert await says(process) == "ready"
    return process


async def says(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        return (await process.stdout.readline()).decode().strip()


def go(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")


@pytest.mark.row("CN-04")
@pytest.mark.parametrize("where", POINTS)
async def test_a_kill_loses_nothing_and_sends_once_more_at_most(office: Office, where: str) -> None:
    convoked = [await office.convoke(telephone="") for _ in range(MESSAGES)]
    async with Provider() as provider:
        process = await start(office, provider, where)
        go(process)
        for _ in range(1 if where == "noted" else MESSAGES):
            assert await says(process) == where
        process.send_signal(signal.SIGKILL)
        await process.wait()
        before = Counter(provider.got)

        office.clock.wall = MONDAY + LEASE - timedelta(seconds=1)
        await office.postman(Here(provider)).once()
        assert provider.got == before, "somebody else's before its lease has ended"
        office.clock.wall = MONDAY + LEASE
        for _ in range(2):
            await office.postman(Here(provider)).once()

    keys = {(await office.row(un)).id for un in convoked}
    assert set(provider.got) == keys
    least, most = POINTS[where]
    assert all(least <= count <= most for count in provider.got.values()), provider.got
    assert {(await office.row(un)).etat for un in convoked} == {"envoye"}


@pytest.mark.row("CN-04")
async def test_a_second_kill_after_the_first_is_where_it_stops(office: Office) -> None:
    un = await office.convoke(telephone="")
    async with Provider() as provider:
        for _ in range(2):
            process = await start(office, provider, "answered")
            go(process)
            assert await says(process) == "answered"
            process.send_signal(signal.SIGKILL)
            await process.wait()
            office.clock.wall += LEASE
        await office.postman(Here(provider)).once()

    row = await office.row(un)
    assert (row.etat, row.motif) == ("echec", "incertain")
    assert provider.got == {row.id: 2}
    assert await office.tasks(un) == {"non_remise"}


@pytest.mark.row("CN-04")
async def test_two_processes_on_one_database_share_the_work(office: Office) -> None:
    convoked = [await office.convoke(telephone="") for _ in range(24)]
    async with Provider() as provider:
        both = [await start(office, provider, "nowhere") for _ in range(2)]
        for process in both:
            go(process)
        async with asyncio.timeout(PATIENCE):
            assert [await process.wait() for process in both] == [0, 0]

    assert provider.got == Counter([(await office.row(un)).id for un in convoked])
    assert {(await office.row(un)).etat for un in convoked} == {"envoye"}
