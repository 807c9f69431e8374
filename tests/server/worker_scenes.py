"""`telecontrole serve` with several workers, as processes: who is which, and who talks to whom."""

import asyncio
import json
import os
import re
import signal
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pyotp
from command import Command
from server_people import CAISSE, MEDECINS, SECRET, VERSION, Browser, Seat, SeatRefused
from sqlalchemy import select

from controle.telecontrole import Contexte, Telecontrole
from server import workers
from server.identity.links import Links
from server.identity.secrets import Keeper
from server.identity.totp import Totp, TotpRules
from server.notify import shown
from server.store import people, schema
from server.store.database import Database
from server.store.sql import RegistreSql

TOML = """
data_dir = "{data}"
port = 0
origin = "https://localhost:9"
secret = "{secret}"
tls_certificate = "{tls.certificate}"
tls_key = "{tls.key}"
workers = {count}
redis_url = "{redis}"
"""


class Cast:
    """Doctors and assurés of one database, with the secrets that they were given."""

    def __init__(self, database: Database) -> None:
        self._registre = RegistreSql(database)
        self._links = Links(Keeper(SECRET), database.safe.vault)
        self._database = database
        self._totp = Totp(database.safe.vault, TotpRules(5, timedelta(minutes=15)))
        #: Each doctor's authenticator, and how often it was asked.
        self._authenticators: dict[str, pyotp.TOTP] = {}
        self._asked: Counter[str] = Counter()

    async def settle(self, appointments: int) -> list[str]:
        """So many appointments now, of two doctors in turn; their links."""
        now, links = datetime.now(UTC), []
        async with self._registre.transaction() as unite:
            await people.add_caisse(unite.connection, CAISSE)
            for medecin in MEDECINS:
                await people.add_medecin(unite.connection, medecin)
            for number in range(appointments):
                assure = people.Assure(
                    f"as-{number}", CAISSE.id, "Mme", "Zwijnaarde", f"z{number}@exemple.invalid",
                    f"06399801{number:02}",
                )  # fmt: skip
                await people.add_assure(unite.connection, assure)
                un = Telecontrole(
                    identifier(number), CAISSE.id, MEDECINS[number % 2].id, assure.id,
                    Contexte.ARRET_MALADIE, now,
                )  # fmt: skip
                un.convoquer()
                await unite.enregistrer(un)
                links.append(await self._links.make(unite.connection, un.id, now))
        return links

    async def login(self, number: int) -> str:
        """As `telecontrole login` makes it: for one use, soon."""
        expires = datetime.now(UTC) + timedelta(minutes=15)
        async with self._registre.transaction() as unite:
            return await self._links.make_login(
                unite.connection, MEDECINS[number % 2].id, expires=expires, once=True
            )

    async def authenticated(self, number: int) -> str:
        """What this doctor's authenticator shows; each time another of the three that hold."""
        doctor = MEDECINS[number % 2].id
        if doctor not in self._authenticators:
            async with self._registre.transaction() as unite:
                url = await self._totp.enrol(unite.connection, "console", doctor)
            self._authenticators[doctor] = pyotp.TOTP(pyotp.parse_uri(url).secret)
        self._asked[doctor] += 1
        shift = self._asked[doctor] - 2
        return self._authenticators[doctor].at(datetime.now(UTC), counter_offset=shift)

    async def code(self, number: int) -> str:
        """The code that was last prepared for this appointment."""
        c = schema.envoi.c
        async with self._database.read() as connection:
            wanted = select(c.id).where(c.sujet == identifier(number), c.genre == "code")
            last = (await connection.scalars(wanted)).all()[-1]
            found = re.match(r"\d{6}", (await shown.one(connection, last)).text)
        assert found is not None
        return found[0]

    async def kinds(self, number: int) -> list[str]:
        async with self._registre.lecture() as unite:
            lines = await unite.lignes(identifier(number))
        return [str(line.fait.genre) for line in lines]


def identifier(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


class Running:
    """The command, and its workers by number."""

    def __init__(self, command: Command, cast: Cast, links: list[str]) -> None:
        self.command, self.cast, self.links = command, cast, links

    def logged(self, event: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.command.printed if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    def base(self, worker: int) -> str:
        """Its own address on this machine."""
        port = next(one["port"] for one in self.logged("worker_started") if one["count"] == worker)
        return f"http://127.0.0.1:{port}"

    def pid(self, worker: int) -> int | None:
        parent = self.command.process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return next((int(pid) for pid in children if number_of(int(pid)) == worker), None)

    async def kill(self, worker: int) -> None:
        pid = self.pid(worker)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    async def answers(self, worker: int) -> None:
        """Until it does."""
        async with aiohttp.ClientSession() as http, asyncio.timeout(30):
            while True:
                with suppress(aiohttp.ClientError):
                    async with http.get(f"{self.base(worker)}/healthz") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.05)


def number_of(pid: int) -> int | None:
    """Which worker that process is."""
    with suppress(OSError):
        for one in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            name, _, value = one.partition(b"=")
            if name.decode() == workers.ENVIRONMENT:
                return int(json.loads(value)["number"])
    return None


def alive(pid: int | None) -> bool:
    """Not even waiting for somebody to read its status."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


class Party:
    """The two people of one appointment, each with a browser that may ask any worker."""

    def __init__(self, running: Running, number: int) -> None:
        self._running, self._number = running, number
        self._cookies: dict[str, dict[str, str]] = {}
        self._open: list[Any] = []

    async def log_in(self, worker: int) -> None:
        cast, link = self._running.cast, self._running.links[self._number]
        assure, doctor = self._browser("assure", worker), self._browser("medecin_conseil", worker)
        factors = {
            "login": await cast.login(self._number),
            "code": await cast.authenticated(self._number),
        }
        await doctor.ok("/api/console/session", factors)
        await assure.ok("/api/assure/code", {"link": link})
        code = await cast.code(self._number)
        await assure.ok("/api/assure/session", {"link": link, "code": code})
        await assure.ok("/api/assure/information", VERSION)
        self._cookies = {"assure": assure.cookies, "medecin_conseil": doctor.cookies}

    def _browser(self, role: str, worker: int) -> Browser:
        browser = Browser(self._running.base(worker))
        browser.cookies = dict(self._cookies.get(role, {}))
        self._open.append(browser)
        return browser

    async def enter(self, role: str, worker: int) -> Seat:
        """By that worker; tried again while the service is finding itself, as every page does."""
        async with asyncio.timeout(30):
            while True:
                try:
                    return await self._enter(role, worker)
                except (SeatRefused, TimeoutError, aiohttp.ClientError):
                    await asyncio.sleep(0.2)

    async def _enter(self, role: str, worker: int) -> Seat:
        path = "/api/assure/jeton"
        if role == "medecin_conseil":
            path = f"/api/console/telecontroles/{identifier(self._number)}/salle"
        browser = self._browser(role, worker)
        access = await browser.ok(path)
        seat = await Seat.enter(browser.base, access["token"], f"page-of-{role}"[:24])
        self._open.append(seat)
        await seat.until(lambda: bool(seat.state) or seat.cut)
        if not seat.state:
            raise SeatRefused
        return seat

    async def close(self) -> None:
        for one in self._open:
            await one.close()
