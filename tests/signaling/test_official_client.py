"""The server against the official socket.io-client, as every browser of ours runs it."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from signaling_doubles import PATIENCE, House, Person, description, people

SCRIPT = Path(__file__).with_name("official_client.mjs")
ROOT = SCRIPT.parents[2]
NODE = shutil.which("node", path=f"{os.environ['PATH']}{os.pathsep}{ROOT / '.venv' / 'bin'}")

pytestmark = [
    pytest.mark.row("WR-01"),
    pytest.mark.skipif(
        NODE is None or not (ROOT / "node_modules" / "socket.io-client").is_dir(),
        reason="needs node and `npm ci`",
    ),
]


class Official:
    """socket.io-client in its own process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def say(self, command: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        await self._process.stdin.drain()

    async def hears(self, what: str) -> dict[str, Any]:
        """The next thing of that name."""
        assert self._process.stdout is not None
        async with asyncio.timeout(2 * PATIENCE):
            while True:
                line = await self._process.stdout.readline()
                assert line, "the client has ended"
                heard: dict[str, Any] = json.loads(line)
                if heard["what"] == what:
                    return heard

    async def ask(self, event: str, payload: object) -> dict[str, Any]:
        await self.say({"emit": event, "payload": payload})
        answer: dict[str, Any] = (await self.hears("answer"))["answer"]
        return answer


@asynccontextmanager
async def official(house: House, *tokens: str) -> AsyncIterator[Official]:
    assert NODE is not None
    process = await asyncio.create_subprocess_exec(
        NODE, str(SCRIPT), house.url, "official-page", cwd=ROOT, limit=1 << 20,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    client = Official(process)
    try:
        await client.say({"tokens": list(tokens)})
        yield client
    finally:
        process.kill()
        await process.communicate()


async def test_it_enters_and_gets_the_room(house: House) -> None:
    async with official(house, house.token("medecin_conseil")) as client:
        snapshot = (await client.hears("snapshot"))["message"]

        assert snapshot["you"] == "medecin_conseil"
        assert snapshot["state"]["medecin_conseil"]["instance"] == "official-page"


async def test_its_events_are_answered_and_relayed(house: House) -> None:
    assure = Person(house, "assure")
    async with people(assure), official(house, house.token("medecin_conseil")) as client:
        await client.hears("snapshot")

        answer = await client.ask("offer", description())
        signal = await assure.hears("signal")

        assert answer["ok"] is True
        assert signal["description"] == description()


async def test_it_hears_what_the_other_side_does(house: House) -> None:
    assure = Person(house, "assure")
    async with official(house, house.token("medecin_conseil")) as client:
        await client.hears("snapshot")
        async with people(assure):
            state = (await client.hears("state"))["message"]

        assert state["assure"]["presence"] == "present"


async def test_a_refusal_is_an_answer_with_a_code(house: House) -> None:
    async with official(house, house.token("assure")) as client:
        await client.hears("snapshot")

        answer = await client.ask("admit", {})

        assert (answer["ok"], answer["code"]) == (False, "wrong_role")


@pytest.mark.row("SP-01")
async def test_a_refused_token_is_an_error_with_a_code(house: House) -> None:
    async with official(house, "a.b.c") as client:
        refused = await client.hears("connect_error")

        assert (refused["code"], bool(refused["message"])) == ("token_invalid", True)
        # The library does not come again by itself: the page asks for a new token first.
        assert refused["active"] is False


async def test_it_comes_back_with_a_new_token_when_it_was_cut(house: House) -> None:
    tokens = [house.token("assure"), house.token("assure")]
    async with official(house, *tokens) as client:
        await client.hears("snapshot")

        house.sio.engine.cut_off(house.session("assure"), "test")
        lost = await client.hears("disconnect")
        snapshot = (await client.hears("snapshot"))["message"]

        assert lost["reason"].startswith("transport")
        assert snapshot["state"]["assure"]["presence"] == "present"
        assert house.witness.kinds() == ["joined", "lost", "returned"]


@pytest.mark.row("ID-07")
async def test_it_hears_that_it_is_replaced(house: House) -> None:
    newer = Person(house, "assure", instance="newer-page")
    async with official(house, house.token("assure")) as client:
        await client.hears("snapshot")
        async with people(newer):
            await client.hears("replaced")
            closed = await client.hears("disconnect")

        assert closed["reason"] == "io server disconnect"
