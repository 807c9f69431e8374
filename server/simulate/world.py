"""The real store, planning, outbox and rules of one imaginary country; only its ends are played."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from sqlalchemy import insert

from certs.signing_keys import KeyRing
from controle.convocation import Canal
from controle.telecontrole import Fenetre
from server.assure.documents import Documents
from server.assure.door import Door
from server.assure.space import Space
from server.caisse.inperson import InPerson
from server.caisse.planning import Planning
from server.caisse.slots import Slots
from server.config import Config
from server.identity.links import Links
from server.identity.secrets import Keeper
from server.notify.drafts import Drafts
from server.notify.endings import Endings
from server.notify.parcel import Sender
from server.notify.postman import Postman
from server.notify.receive import Receipts
from server.record import Recorder
from server.store import people
from server.store import schema as t
from server.store.database import Database
from server.store.sql import RegistreSql, UniteSql

from .clock import StoryClock

SECRET = "une-annee-simulee-sans-aucune-personne"  # noqa: S105
ORIGIN = "https://controle.exemple"


@dataclass(frozen=True, slots=True)
class Place:
    """A caisse of the story, its médecins-conseils and its site."""

    caisse: people.Caisse
    doctors: tuple[str, ...]
    site: str


CAISSES = (
    people.Caisse("bretagne", "CPAM de Bretagne", "Europe/Paris", "3646"),
    people.Caisse("moselle", "CPAM de Moselle", "Europe/Paris", "3646", territoire="57"),
    people.Caisse("reunion", "CGSS de La Réunion", "Indian/Reunion", "3646", strict_48h=True),
    people.Caisse("martinique", "CGSS de Martinique", "America/Martinique", "3646"),
)


class Together(RegistreSql):
    """What happens at one instant is written in one transaction; each part still is all or
    nothing (a savepoint)."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._open: UniteSql | None = None

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        async with super().transaction() as unite:
            self._open = unite
            try:
                yield
            finally:
                self._open = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[UniteSql]:
        if self._open is None:
            async with super().transaction() as unite:
                yield unite
            return
        async with self._open.connection.begin_nested():
            yield self._open

    @asynccontextmanager
    async def quick_transaction(self) -> AsyncIterator[UniteSql]:
        async with self.transaction() as unite:
            yield unite

    @asynccontextmanager
    async def lecture(self) -> AsyncIterator[UniteSql]:
        if self._open is not None:
            yield self._open
            return
        async with super().lecture() as unite:
            yield unite

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[UniteSql]:
        async with self.lecture() as unite:
            yield unite


class NoRooms:
    """Nobody sits in a room of the story."""

    async def close(self, *_: object) -> None:
        """There is none."""


class World:
    """Every service as the application makes it, over `database`."""

    def __init__(
        self, database: Database, folder: Path, clock: StoryClock, nudge: Callable[[], None]
    ) -> None:
        self.clock = clock
        self.config = Config(data_dir=folder, origin=ORIGIN, secret=SECRET)
        self.registre = Together(database)
        self.vault = database.safe.vault
        self.links = Links(Keeper(SECRET), self.vault)
        self.seals = KeyRing.open(folder / "keys", clock.now, permanent=True)
        self.recorder = Recorder(clock, self.seals)
        self.planning = Planning(
            config=self.config,
            clock=clock,
            registre=self.registre,
            links=self.links,
            recorder=self.recorder,
            changed=_nobody,
            nudge=nudge,
        )
        self.in_person = InPerson(
            clock=clock, recorder=self.recorder, slots=Slots(self.config, clock)
        )
        self.space = Space(
            config=self.config,
            clock=clock,
            registre=self.registre,
            links=self.links,
            recorder=self.recorder,
            documents=Documents(self.config.document_bytes),
            fenetre=Fenetre(),
            changed=_nobody,
        )
        unused = cast(Any, None)
        self.door = Door(
            config=self.config,
            clock=clock,
            registre=self.registre,
            links=self.links,
            second_factor=unused,
            sessions=unused,
            tickets=unused,
            recorder=self.recorder,
            rooms=cast(Any, NoRooms()),
            fenetre=Fenetre(),
            changed=_nobody,
            codes=unused,
            nudge=nudge,
        )
        self.endings = Endings(self.recorder)
        self.receipts = Receipts(self.registre, self.endings)
        self.places: list[Place] = []

    def postman(
        self, senders: dict[Canal, Sender], worker: str, kind: type[Postman] = Postman
    ) -> Postman:
        return kind(
            registre=self.registre,
            senders=senders,
            drafts=Drafts(self.links, ORIGIN),
            endings=self.endings,
            clock=self.clock,
            config=self.config,
            worker=worker,
        )

    async def settle(self, doctors: int) -> None:
        """Caisses, their médecins-conseils and sites."""
        async with self.registre.transaction() as unite:
            for caisse in CAISSES:
                await people.add_caisse(unite.connection, caisse)
                names = tuple(f"{caisse.id}-{n}" for n in range(doctors))
                for name in names:
                    medecin = people.Medecin(name, caisse.id, f"Dr {name}", "Médecin-conseil")
                    await people.add_medecin(unite.connection, medecin)
                site = f"site-{caisse.id}"
                await unite.connection.execute(
                    insert(t.site).values(
                        id=site,
                        caisse=caisse.id,
                        nom="Agence du centre",
                        adresse="1 place de la Mairie",
                        acces="De plain-pied",
                        horaires="8 h 30 - 17 h",
                        genre="caisse",
                    )
                )
                self.places.append(Place(caisse, names, site))


def windows(
    dice: random.Random, start: datetime, end: datetime, count: int, hours: tuple[float, float]
) -> list[tuple[datetime, datetime]]:
    """So many stretches of so many hours."""
    found = []
    for _ in range(count):
        begin = start + (end - start) * dice.random()
        found.append((begin, begin + timedelta(hours=dice.uniform(*hours))))
    return sorted(found)


def _nobody(_: str) -> None:
    """No console is open."""
