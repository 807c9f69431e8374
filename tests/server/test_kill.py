"""The real server, killed in the middle of its writing: what was acknowledged is there.

kill -9 tells whether a commit comes before its acknowledgement; it does not tell whether the
commit reached the disk. Power losses are test_power_loss.py's; that every
connection has `synchronous=FULL` is held by test_store.py.
"""

import asyncio
import json
import random
import signal
import ssl
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command import Command, ready
from server_people import Browser, Seat

from server import offline
from server.config import Config

KILLS = 20
CLAIMS = [
    {"state": "ready"},
    {"state": "lost", "cause": "failed"},
    {"state": "lost", "cause": "disconnected"},
]
KINDS = {"ready": "media_pret", "lost": "media_perdu"}

Fact = tuple[str, str, str | None, str | None]


class Couple:
    """An assuré and their doctor, who say things and note what was acknowledged."""

    def __init__(self, base: str, tls: ssl.SSLContext, one: dict[str, Any]) -> None:
        self.id = str(one["id"])
        self.assure, self.doctor = Browser(base, tls), Browser(base, tls)
        self._one = one

    async def log_in(self, login: str) -> None:
        link, code = self._one["lien"].partition("#")[2], self._one["code"]
        await self.doctor.ok("/api/console/session", {"login": login})
        await self.assure.ok("/api/assure/code", {"link": link})
        visit = await self.assure.ok("/api/assure/session", {"link": link, "code": code})
        version = visit["information"]["version"]
        await self.assure.ok("/api/assure/information", {"version": version})

    async def speak(self, noted: "Noted") -> None:
        """Both, until cancelled."""
        salle = f"/api/console/telecontroles/{self.id}/salle"
        async with asyncio.TaskGroup() as together:
            together.create_task(self._claim(noted, "assure", self.assure, "/api/assure/jeton"))
            together.create_task(self._claim(noted, "medecin_conseil", self.doctor, salle))

    async def _claim(self, noted: "Noted", role: str, browser: Browser, path: str) -> None:
        token = (await browser.ok(path))["token"]
        seat = await Seat.enter(browser.base, token, f"page-{role}", http=browser.http)
        noted.put((self.id, "arrival", role, None))
        for turn in range(10_000):
            claim = CLAIMS[turn % len(CLAIMS)]
            answer = await seat.call("media", claim)
            assert answer["ok"], answer
            noted.put((self.id, KINDS[claim["state"]], role, claim.get("cause")))

    async def close(self) -> None:
        await self.assure.close()
        await self.doctor.close()


class Noted:
    """What was acknowledged, over all runs."""

    def __init__(self) -> None:
        self.facts: Counter[Fact] = Counter()
        self._enough = asyncio.Event()
        self._left = 0

    def put(self, fact: Fact) -> None:
        self.facts[fact] += 1
        self._left -= 1
        if self._left <= 0:
            self._enough.set()

    async def more(self, count: int) -> None:
        self._left = count
        self._enough.clear()
        await self._enough.wait()


def on_record(data: Path, identifier: str, file: Path) -> Counter[Fact]:
    """The facts of the chain, which is checked on the way."""
    assert offline.export(replace(Config(), data_dir=data), identifier, file) == 0
    assert offline.verify(file, None) == 0
    lines = [line["fait"] for line in json.loads(file.read_text())["lignes"]]
    arrivals = ("entree", "retour", "reprise")
    return Counter(
        (
            identifier,
            "arrival" if fact["genre"] in arrivals else fact["genre"],
            fact["role"],
            fact["details"].get("cause"),
        )
        for fact in lines
    )


async def demo(data: Path, port: int) -> tuple[Command, dict[str, Any]]:
    file = data.with_suffix(".json")
    file.unlink(missing_ok=True)
    run = await Command.start(
        "demo", "--port", str(port), "--data-dir", str(data), "--ready-file", str(file)
    )
    await run.says("Autorité de certification locale")
    return run, ready(file)


@pytest.mark.row("OP-01")
@pytest.mark.row("OP-02")
async def test_twenty_kills_lose_no_acknowledged_fact(tmp_path: Path) -> None:
    data, noted, chance = tmp_path / "demo", Noted(), random.Random(20)  # noqa: S311
    run, day = await demo(data, 0)
    port = int(day["base"].rpartition(":")[2])
    tls = ssl.create_default_context(cafile=day["ca"])
    couples = [Couple(day["base"], tls, one) for one in day["telecontroles"][:3]]
    logins = {one["id"]: one["connexion"].partition("#")[2] for one in day["medecins"]}
    for couple, one in zip(couples, day["telecontroles"], strict=False):
        await couple.log_in(logins[one["medecin_id"]])

    for kill in range(KILLS):
        if kill:
            run, _ = await demo(data, port)
        speaking = [asyncio.create_task(couple.speak(noted)) for couple in couples]
        async with asyncio.timeout(30):
            await noted.more(chance.randint(10, 120))
        await run.end(signal.SIGKILL)
        for task in speaking:
            task.cancel()
        await asyncio.gather(*speaking, return_exceptions=True)

        kept: Counter[Fact] = Counter()
        file = tmp_path / "releve.json"
        for couple in couples:
            kept += await asyncio.to_thread(on_record, data, couple.id, file)
        assert not noted.facts - kept, f"kill {kill}: {noted.facts - kept}"

    for couple in couples:
        await couple.close()
    assert noted.facts.total() > KILLS * 10
