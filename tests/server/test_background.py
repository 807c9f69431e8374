"""The tasks behind the answers: one that fails once goes on; what changed is pushed once."""

import asyncio
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from importlib.metadata import version
from typing import Any

import pytest
from server_people import HandClock

from server import keys
from server.app import heartbeat
from server.config import Config
from server.pusher import Pusher


class FullDisk:
    """Rooms whose record fails twice."""

    def __init__(self) -> None:
        self.beats = 0
        self.recovered = asyncio.Event()

    async def beat(self) -> None:
        self.beats += 1
        if self.beats < 3:
            raise OSError("no space left")
        self.recovered.set()


class NoStore:
    """A registre with nothing in it."""

    connection = None

    @asynccontextmanager
    async def transaction(self) -> Any:
        yield self

    async def forget_tokens(self, *_: Any) -> None:
        return None


@pytest.mark.row("OP-01")
async def test_a_heartbeat_that_fails_is_not_the_last_one() -> None:
    rooms, store = FullDisk(), NoStore()
    app: Any = {
        keys.CONFIG: replace(Config(), heartbeat=timedelta(0)),
        keys.ROOMS: rooms,
        keys.REGISTRE: store,
        keys.SESSIONS: store,
        keys.CLOCK: HandClock(),
    }

    beating = asyncio.create_task(heartbeat(app))
    async with asyncio.timeout(5):
        await rooms.recovered.wait()
    beating.cancel()

    assert rooms.beats >= 3


@pytest.mark.row("CA-01")
async def test_ten_changes_of_one_thing_are_one_push_and_a_failure_stops_nothing() -> None:
    pusher, pushed, done = Pusher(), [], asyncio.Event()

    async def push(some: Sequence[str]) -> Sequence[str]:
        if "broken" in some:
            raise RuntimeError
        pushed.extend(some)
        if "last" in some:
            done.set()
        return some

    pusher.handlers = {"entry": push, "doctor": push}
    for one in ["a"] * 10 + ["broken", "a", "last"]:
        pusher.entry_changed(one)
    running = asyncio.create_task(pusher.run())
    async with asyncio.timeout(5):
        await done.wait()
    running.cancel()

    # What is wrong with one of several keeps nothing from the others.
    assert pushed == ["a", "last"]


#: The versions below which a known flaw touches us (docs/threat-model.md).
FLOORS = {
    "aiohttp": (3, 14, 4),
    "pyjwt": (2, 13, 0),
    "python-engineio": (4, 13, 2),
    "python-socketio": (5, 16, 2),
}


@pytest.mark.row("SP-02")
@pytest.mark.parametrize("package", sorted(FLOORS))
def test_no_dependency_has_a_known_flaw_that_touches_us(package: str) -> None:
    installed = tuple(int(part) for part in version(package).split(".")[:3])

    assert installed >= FLOORS[package]
