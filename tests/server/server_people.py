"""Who takes part: a service on this machine, browsers, sockets, a clock that is set by hand."""

import asyncio
import json
import secrets
import shutil
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import aiohttp
import socketio
import stores
from aiohttp import web
from aiohttp.test_utils import TestServer

from controle.telecontrole import Contexte, Etat, Telecontrole
from server import app as application
from server import keys
from server.app import create_app
from server.clock import Moment
from server.config import Config
from server.identity.links import Links
from server.identity.secrets import Keeper
from server.identity.vault import Vault
from server.parts import Parts
from server.rings import Rings
from server.store import people
from server.store.sql import RegistreSql
from server.web.permissions import Line
from signaling.protocol import SERVER_TO_CLIENT, SERVER_TO_CONSOLE

ORIGIN = "https://controle.test"
SECRET = "un-secret-de-test-assez-long-pour-servir"
CODE = "424242"
VERSION = {"version": "2026-11"}
CAISSE = people.Caisse("caisse-1", "CPAM de Bretagne", "Europe/Paris", "3646")
MEDECINS = (
    people.Medecin("mc-1", "caisse-1", "Dr Claire Quemeneur", "Médecin-conseil"),
    people.Medecin("mc-2", "caisse-1", "Dr Antoine Mercier", "Médecin-conseil"),
)
WAIT = 10.0


class HandClock:
    """Both clocks, moved by the test alone.

    Starts some minutes ago: PyJWT reads the real clock, and a token must not be of the future.
    """

    def __init__(self, behind: timedelta = timedelta(minutes=4, seconds=30)) -> None:
        self.wall = datetime.now(UTC) - behind
        self.monotonic = 5_000.0
        self.boot = "boot-1"

    def __call__(self) -> datetime:
        return self.wall

    def moment(self) -> Moment:
        return Moment(self.wall, self.monotonic, self.boot)

    def pass_by(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.monotonic += seconds

    def step(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self.wall += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Appointment:
    """One seeded télécontrôle and the secret of its link."""

    id: str
    link: str
    assure: people.Assure
    un: Telecontrole


class Service:
    """One server over one data directory; `image` is what a crash would leave of it."""

    def __init__(
        self,
        data: Path,
        blank: Path,
        *,
        clock: Any = None,
        extra: web.RouteTableDef | None = None,
        lines: tuple[Line, ...] = (),
        **settings: Any,
    ) -> None:
        self.data = data
        self._blank = blank
        self._extra = extra or web.RouteTableDef()
        self._lines = lines
        self.clock = clock or HandClock()
        self.code = CODE
        defaults: dict[str, Any] = {
            "data_dir": data,
            "origin": ORIGIN,
            "secret": SECRET,
            **stores.settings(data),
        }
        self.config = replace(Config(), **(defaults | settings))
        self._open: list[Any] = []

    async def start(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        fresh = not (self.data / "telecontrole.db").exists()
        if fresh:
            shutil.copy(self._blank, self.data / "telecontrole.db")
        self.database = await stores.opened(self.data / "telecontrole.db")
        self.registre = RegistreSql(self.database)
        self.vault = Vault(self.config.secret, self.database.safe.vault.keys)
        self.links = Links(Keeper(self.config.secret), self.vault)
        if fresh:
            async with self.registre.transaction() as unite:
                await people.add_caisse(unite.connection, CAISSE)
                for medecin in MEDECINS:
                    await people.add_medecin(unite.connection, medecin)
        parts = Parts(
            config=self.config,
            database=self.database,
            rings=Rings.open(self.data, datetime.now(UTC)),
            clock=self.clock,
            codes=lambda _: self.code,
            extra=self._extra,
            lines=self._lines,
        )
        self.app = await create_app(parts)
        self.server = TestServer(self.app)
        await self.server.start_server(shutdown_timeout=0.1)
        self.base = str(self.server.make_url("")).rstrip("/")

    async def stop(self) -> None:
        for one in self._open:
            await one.close()
        await self.server.close()
        await self.database.close()

    def image(self, to: Path) -> Path:
        """The files as they are on the disk now: what a crash leaves."""
        shutil.copytree(self.data, to)
        return to

    async def beat(self) -> None:
        """The minute's heartbeat, now."""
        await application.beat(self.app)

    # --- people -----------------------------------------------------------------------------

    async def appoint(
        self,
        minutes: float = 0,
        *,
        medecin: str = "mc-1",
        contexte: Contexte = Contexte.ARRET_MALADIE,
        etat: Etat = Etat.CONVOQUE,
        nom: str = "Zwijnaarde",
    ) -> Appointment:
        """A télécontrôle so many minutes from the clock's now."""
        one = uuid4()
        assure = people.Assure(
            str(uuid4()), "caisse-1", "Mme", nom, f"a{one.hex}@exemple.invalid", "+33639980199"
        )
        un = Telecontrole(
            id=str(one),
            caisse="caisse-1",
            medecin_conseil=medecin,
            assure=assure.id,
            contexte=contexte,
            debut=self.clock() + timedelta(minutes=minutes),
            duree=timedelta(minutes=15),
            etat=etat,
        )
        async with self.registre.transaction() as unite:
            await people.add_assure(unite.connection, assure)
            await unite.enregistrer(un)
            link = await self.links.make(unite.connection, un.id, self.clock())
        return Appointment(un.id, link, assure, un)

    async def login_link(
        self, medecin: str = "mc-1", *, once: bool = False, expires: datetime | None = None
    ) -> str:
        async with self.registre.transaction() as unite:
            return await self.links.make_login(
                unite.connection, medecin, expires=expires, once=once
            )

    def browser(self) -> "Browser":
        one = Browser(self.base)
        self._open.append(one)
        return one

    async def assure(self, appointment: Appointment, *, informed: bool = True) -> "Browser":
        """A browser that has entered by link and code."""
        one = self.browser()
        await one.ok("/api/assure/code", {"link": appointment.link})
        await one.ok("/api/assure/session", {"link": appointment.link, "code": self.code})
        if informed:
            await one.ok("/api/assure/information", VERSION)
        return one

    async def doctor(self, medecin: str = "mc-1") -> "Browser":
        """A logged in console."""
        one = self.browser()
        await one.ok("/api/console/session", {"login": await self.login_link(medecin)})
        return one

    async def agent(self, agent: str = "ag-1") -> "Browser":
        """A logged in agent's console."""
        one = self.browser()
        async with self.registre.transaction() as unite:
            if not await people.knows_agent(unite.connection, agent):
                await people.add_agent(
                    unite.connection, people.Agent(agent, CAISSE.id, "Maëlle Le Bihan")
                )
            login = await self.links.make_login(
                unite.connection, agent, expires=None, once=False, kind="agent"
            )
        await one.ok("/api/agent/session", {"login": login})
        return one

    async def seat(
        self, browser: "Browser", appointment: Appointment | None = None, instance: str = ""
    ) -> "Seat":
        """A socket in the room: the doctor's when an appointment is named, else the assuré's."""
        path = "/api/assure/jeton"
        if appointment is not None:
            path = f"/api/console/telecontroles/{appointment.id}/salle"
        access = await browser.ok(path)
        seat = await Seat.enter(self.base, access["token"], instance)
        self._open.append(seat)
        return seat

    async def console(self, browser: "Browser") -> "Seat":
        """The console's socket, with its day."""
        token = (await browser.ok("/api/console/session", method="GET"))["token"]
        seat = await Seat.enter(self.base, token, namespace="/console")
        self._open.append(seat)
        return seat

    # --- what is kept -----------------------------------------------------------------------

    async def facts(self, identifier: str) -> list[Any]:
        async with self.registre.lecture() as unite:
            return [ligne.fait for ligne in await unite.lignes(identifier)]

    async def kinds(self, identifier: str) -> list[str]:
        return [str(fait.genre) for fait in await self.facts(identifier)]

    async def stored(self, identifier: str) -> Telecontrole:
        async with self.registre.lecture() as unite:
            return await unite.telecontrole(identifier)

    def dump(self) -> str:
        """Every row of every table, as text."""
        return stores.dump(self.data / "telecontrole.db")

    @property
    def rooms(self) -> Any:
        return self.app[keys.ROOMS]


@dataclass(frozen=True)
class Answer:
    """Status, headers, and the body as it came."""

    status: int
    headers: Any
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def error(self) -> Any:
        return self.json["error"]


class Browser:
    """Cookies by hand: `__Host-` ones are Secure, and a test speaks plain http."""

    def __init__(self, base: str, tls: ssl.SSLContext | None = None) -> None:
        self.base = base
        self.tls = tls
        self.cookies: dict[str, str] = {}
        self.set_cookies: list[str] = []
        self.http = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            connector=aiohttp.TCPConnector(ssl=tls or True),
        )

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        data: bytes | AsyncIterator[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        sent = dict(headers or {})
        if self.cookies:
            pairs = [f"{name}={value}" for name, value in self.cookies.items()]
            sent.setdefault("Cookie", "; ".join(pairs))
        if body is not None:
            data = json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        async with self.http.request(
            method, self.base + path, data=data, headers=sent, allow_redirects=False
        ) as answer:
            for header in answer.headers.getall("Set-Cookie", []):
                self.set_cookies.append(header)
                name, _, value = header.partition(";")[0].partition("=")
                if value.strip('"'):
                    self.cookies[name] = value
                else:
                    self.cookies.pop(name, None)
            return Answer(answer.status, answer.headers, await answer.read())

    async def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        return await self.ask("POST", path, {} if body is None else body, **more)

    async def get(self, path: str, **more: Any) -> Answer:
        return await self.ask("GET", path, **more)

    async def ok(self, path: str, body: Any = None, method: str = "POST") -> Any:
        answer = await self.ask(method, path, body)
        assert answer.status < 300, (path, answer.status, answer.raw)
        return answer.json if answer.raw else None

    async def close(self) -> None:
        await self.http.close()


class SeatRefused(Exception):
    """CONNECT was answered by a refusal; its text is the code."""


class Seat:
    """A socket: what it was told, and waiting for what it must be told."""

    def __init__(self, namespace: str, http: aiohttp.ClientSession | None = None) -> None:
        self._namespace = namespace
        self._client = socketio.AsyncClient(
            http_session=http, reconnection=False, handle_sigint=False
        )
        self._news = asyncio.Condition()
        self.heard: list[tuple[str, Any]] = []
        self.state: dict[str, Any] = {}
        self.entries: dict[str, dict[str, Any]] = {}
        self.cut = False
        self.refusal: Any = None
        self._client.on("connect_error", self._refused, namespace=namespace)
        for event in (*SERVER_TO_CLIENT, *SERVER_TO_CONSOLE, "disconnect"):
            self._client.on(event, self._hears(event), namespace=namespace)

    @classmethod
    async def enter(
        cls,
        base: str,
        token: str,
        instance: str = "",
        namespace: str = "/",
        http: aiohttp.ClientSession | None = None,
    ) -> Self:
        """Connect, and wait for the first word.

        :raises SeatRefused: with the server's code.
        """
        seat = cls(namespace, http)
        auth = {"token": token}
        if namespace == "/":
            auth["instance"] = instance or secrets.token_hex(8)
        try:
            await seat._client.connect(
                base, transports=["websocket"], namespaces=[namespace], auth=auth, wait_timeout=WAIT
            )
        except socketio.exceptions.ConnectionError:
            await seat.close()
            raise SeatRefused(seat.refusal) from None
        await seat.until(lambda: bool(seat.heard))
        return seat

    async def _refused(self, answer: Any = None) -> None:
        self.refusal = answer["data"]["code"] if isinstance(answer, dict) else answer

    def _hears(self, event: str) -> Callable[..., Any]:
        async def hear(payload: Any = None, *_: Any) -> None:
            async with self._news:
                self.heard.append((event, payload))
                if event == "snapshot":
                    self.state = payload["state"]
                elif event == "state":
                    self.state = payload
                elif event == "day":
                    self.entries = {entry["id"]: entry for entry in payload["entries"]}
                elif event == "entry":
                    self.entries[payload["id"]] = payload
                elif event == "disconnect":
                    self.cut = True
                self._news.notify_all()

        return hear

    async def until(self, true: Callable[[], bool]) -> None:
        """A barrier: what the server says makes it true."""
        async with asyncio.timeout(WAIT), self._news:
            await self._news.wait_for(true)

    async def call(self, event: str, payload: Any = None) -> Any:
        """Ask, and wait for the acknowledgement: then it is on record."""
        return await self._client.call(
            event, payload or {}, namespace=self._namespace, timeout=WAIT
        )

    async def done(self, event: str, payload: Any = None) -> Any:
        answer = await self.call(event, payload)
        assert answer["ok"], (event, answer)
        return answer

    async def flowing(self) -> None:
        await self.done("media", {"state": "ready"})
        await self.done("media", {"state": "flowing"})

    async def drop(self) -> None:
        """Gone without a word: the network is cut."""
        await self._client.eio.disconnect(abort=True)

    async def close(self) -> None:
        await self._client.shutdown()
