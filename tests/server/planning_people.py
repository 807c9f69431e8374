"""A caisse's office over a real database: two médecins-conseils, a clock that is set by hand."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import stores
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from controle.telecontrole import Telecontrole
from server.app import create_app
from server.assure.documents import Document, Documents
from server.caisse.inperson import InPerson
from server.caisse.planning import Planning
from server.clock import Moment
from server.config import Config
from server.identity.links import Links
from server.identity.secrets import Keeper
from server.identity.vault import Vault
from server.parts import Parts
from server.record import Recorder
from server.rings import Rings
from server.store import people
from server.store import schema as t
from server.store.database import Database
from server.store.sql import RegistreSql, UniteSql, written
from server.web.agent_messages import PlanForm

SECRET = "un-secret-de-test-assez-long-pour-servir"
RENNES = people.Caisse("rennes", "CPAM de Rennes", "Europe/Paris", "3646", horaires="8 h - 18 h")
LILLE = people.Caisse("lille", "CPAM de Lille", "Europe/Paris", "3646")
MEDECINS = (
    people.Medecin("mc-1", "rennes", "Dr Claire Quemeneur", "Médecin-conseil"),
    people.Medecin("mc-2", "rennes", "Dr Antoine Mercier", "Médecin-conseil"),
    people.Medecin("mc-lille", "lille", "Dr Jeanne Vermeulen", "Médecin-conseil"),
)
SITE = {
    "id": "site-1",
    "caisse": "rennes",
    "nom": "Rennes centre",
    "adresse": "1 rue de l'Exemple, 35000 Rennes",
    "acces": "De plain-pied",
    "horaires": "8 h 30 - 17 h",
    "genre": "caisse",
}
#: A Monday at 10 o'clock in Rennes; nothing is closed in the two weeks that follow.
MONDAY = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)


#: The same over HTTP.
PLAN = {
    "civility": "Mme",
    "name": "Zwijnaarde",
    "context": "arret_de_travail",
    "doctor": "mc-1",
    "start": "2027-01-14T14:30",
    "mail": "a@exemple.fr",
    "phone": "06 39 98 01 99",
    "reference": "D-1",
}


class OfficeClock:
    """Stands still until a test moves it."""

    def __init__(self, start: datetime = MONDAY) -> None:
        self.wall = start
        self.monotonic = 1_000.0

    def __call__(self) -> datetime:
        return self.wall

    def moment(self) -> Moment:
        return Moment(self.wall, self.monotonic, "boot-1")

    def set(self, wall: datetime) -> None:
        self.monotonic += max(0.0, (wall - self.wall).total_seconds())
        self.wall = wall

    def pass_by(self, **much: float) -> None:
        self.set(self.wall + timedelta(**much))


def form(**changes: Any) -> PlanForm:
    """Thursday 14:30, with a mail and a mobile."""
    base = PlanForm(
        civility="Mme",
        name="Zwijnaarde",
        context="arret_de_travail",
        doctor="mc-1",
        start="2027-01-14T14:30",
        mail="a@exemple.fr",
        phone="06 39 98 01 99",
    )
    return replace_body(base, **changes)


def replace_body(body: Any, **changes: Any) -> Any:
    return type(body)(**{f: getattr(body, f) for f in body.__struct_fields__} | changes)


class Office:
    """What a test asks for, and what is stored afterwards."""

    def __init__(self, database: Database, data: Path, caisse: people.Caisse) -> None:
        self.database = database
        self.registre = RegistreSql(database)
        self.clock = OfficeClock()
        self.caisse = caisse
        self.config = replace(
            Config(),
            data_dir=data,
            secret=SECRET,
            import_bytes=1_000_000,
            **stores.settings(data),
        )
        self.vault = Vault(SECRET, database.safe.vault.keys)
        self.links = Links(Keeper(SECRET), self.vault)
        self.documents = Documents(self.config.document_bytes)
        self.rings = Rings.open(data, MONDAY)
        self.recorder = Recorder(self.clock, self.rings.seals)  # type: ignore[arg-type]
        self.told: list[str] = []
        self.closed: list[tuple[str, str]] = []
        self.released: list[tuple[str, str]] = []
        self.nudges = 0
        shared: dict[str, Any] = {
            "config": self.config,
            "clock": self.clock,
            "registre": self.registre,
            "links": self.links,
            "recorder": self.recorder,
            "changed": self.told.append,
            "nudge": self._nudge,
        }
        self.planning = Planning(
            **shared,
            close=self._close,
            released=lambda un, doctor: self.released.append((un, doctor)),
        )
        self.in_person = InPerson(
            clock=self.clock,  # type: ignore[arg-type]
            recorder=self.recorder,
            slots=self.planning.available,
        )

    def _nudge(self) -> None:
        self.nudges += 1

    async def _close(self, room: str, reason: str, _: datetime) -> None:
        self.closed.append((room, reason))

    # --- verbs in their own transaction -----------------------------------------------------

    async def plan(self, **changes: Any) -> Telecontrole:
        async with self.registre.transaction() as unite:
            return await self.planning.plan(unite, self.caisse.id, form(**changes), "agent-1")

    @asynccontextmanager
    async def changing(self, identifier: str) -> AsyncIterator[tuple[UniteSql, Telecontrole]]:
        async with self.registre.transaction() as unite:
            yield unite, await unite.telecontrole(identifier)

    async def login(self, agent_id: str = "agent-1") -> str:
        async with self.registre.transaction() as unite:
            return await self.links.make_login(
                unite.connection, agent_id, expires=None, once=False, kind="agent"
            )

    async def justify(
        self, identifier: str, motif: str = "transport", *, document: bytes = b""
    ) -> str:
        """As the assuré's space stores it."""
        one = str(uuid4())
        async with self.registre.transaction() as unite:
            await unite.connection.execute(
                t.justification.insert().values(
                    id=one,
                    telecontrole=identifier,
                    motif=motif,
                    depose=written(self.clock()),
                    etat="deposee",
                )
            )
            if document:
                kept = Document("application/pdf", document)
                await self.documents.keep(unite.connection, one, kept)
        return one

    # --- what is kept -----------------------------------------------------------------------

    async def stored(self, identifier: str) -> Telecontrole:
        async with self.registre.lecture() as unite:
            return await unite.telecontrole(identifier)

    async def kinds(self, identifier: str) -> list[str]:
        async with self.registre.lecture() as unite:
            return [str(one.fait.genre) for one in await unite.lignes(identifier)]

    async def messages(self, subject: str) -> set[tuple[str, str, str]]:
        """(kind, channel, state) of what is in the outbox about it."""
        rows = await self.rows(t.envoi, t.envoi.c.sujet == subject)
        return {(row.genre, row.canal, row.etat) for row in rows}

    async def tasks(self, identifier: str) -> set[str]:
        """The kinds of what is open."""
        rows = await self.rows(t.tache, t.tache.c.telecontrole == identifier)
        return {row.genre for row in rows if row.faite is None}

    async def rows(self, table: Any, *where: Any) -> list[Any]:
        async with self.registre.lecture() as unite:
            return list(await unite.connection.execute(select(table).where(*where)))


@asynccontextmanager
async def served(office: Office) -> AsyncIterator[str]:
    """The whole application over this office; its address, while it listens."""
    parts = Parts(
        config=office.config,
        database=office.database,
        rings=office.rings,
        clock=office.clock,  # type: ignore[arg-type]
    )
    server = TestServer(await create_app(parts))
    await server.start_server(shutdown_timeout=0.1)
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()


@asynccontextmanager
async def office_over(
    blank: Path, data: Path, caisse: people.Caisse = RENNES
) -> AsyncIterator[Office]:
    data.mkdir(parents=True, exist_ok=True)
    shutil.copy(blank, data / "telecontrole.db")
    database = await stores.opened(data / "telecontrole.db")
    office = Office(database, data, caisse)
    async with office.registre.transaction() as unite:
        for one in {RENNES.id: RENNES, LILLE.id: LILLE, caisse.id: caisse}.values():
            await people.add_caisse(unite.connection, one)
        for medecin in MEDECINS:
            await people.add_medecin(unite.connection, medecin)
        await people.add_agent(unite.connection, people.Agent("agent-1", "rennes", "Agathe Morin"))
        await people.add_agent(unite.connection, people.Agent("agent-l", "lille", "Luc Dewitte"))
        await unite.connection.execute(t.site.insert().values(SITE))
    try:
        yield office
    finally:
        await database.close()


# --- over HTTP ----------------------------------------------------------------------------------


async def planned(console: Any, **changes: Any) -> dict[str, Any]:
    """As the agent's console plans it (server_people.Browser)."""
    detail = await console.ok("/api/agent/telecontroles", PLAN | changes)
    assert isinstance(detail, dict)
    return detail


def agent_path(detail: dict[str, Any], rest: str = "") -> str:
    return f"/api/agent/telecontroles/{detail['planned']['id']}{rest}"
