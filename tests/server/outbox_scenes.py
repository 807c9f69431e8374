"""An outbox on a real database, providers that answer as told, a clock that a test moves."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import stores
from sqlalchemy import select, update

from certs.signing_keys import KeyRing
from controle.calendrier import Regles
from controle.convocation import Canal, GenreEnvoi
from controle.telecontrole import Contexte, Etat, Telecontrole
from controle.verification import verifier
from server.clock import Moment
from server.config import Config
from server.identity.links import Links
from server.identity.secrets import Keeper
from server.notify import notices
from server.notify.drafts import Drafts
from server.notify.endings import Endings
from server.notify.parcel import Outcome, Parcel, Verdict
from server.notify.postman import Postman
from server.notify.receive import Receipts
from server.record import Recorder
from server.store import people
from server.store import schema as t
from server.store.sql import RegistreSql

ORIGIN = "https://controle.test"
SECRET = "un-secret-de-test-assez-long-pour-servir"
#: A Monday in September, 10:00 in Paris; the appointment is on the Friday at 14:30.
MONDAY = datetime(2026, 9, 14, 8, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 9, 18, 12, 30, tzinfo=UTC)
#: The end of J-2, and the hours of the eve, in Paris.
FLOOR = datetime(2026, 9, 16, 22, 0, tzinfo=UTC)
EVE = datetime(2026, 9, 17, 6, 0, tzinfo=UTC)
EVENING = datetime(2026, 9, 17, 17, 0, tzinfo=UTC)

ACCEPTED = Outcome(Verdict.ACCEPTED)
LATER = Outcome(Verdict.LATER, "451")
REFUSED = Outcome(Verdict.REFUSED, "550")
UNKNOWN = Outcome(Verdict.UNKNOWN, "timeout")


class Clock:
    """Moved by the test alone."""

    def __init__(self, wall: datetime = MONDAY) -> None:
        self.wall = wall

    def __call__(self) -> datetime:
        return self.wall

    def moment(self) -> Moment:
        return Moment(self.wall, 5_000.0, "boot-1")

    def pass_by(self, **much: float) -> None:
        self.wall += timedelta(**much)


@dataclass
class Provider:
    """Answers what it was told to, then accepts; keeps what it took."""

    channel: Canal
    answers: list[Outcome] = field(default_factory=list)
    idempotent: bool = False
    capacity: int = 4
    #: Called with each parcel before the answer.
    on_send: Callable[[Parcel], Any] = lambda _: None
    tries: list[Parcel] = field(default_factory=list)
    taken: list[Parcel] = field(default_factory=list)

    async def send(self, parcel: Parcel) -> Outcome:
        self.tries.append(parcel)
        self.on_send(parcel)
        outcome = self.answers.pop(0) if self.answers else ACCEPTED
        if outcome.verdict in (Verdict.ACCEPTED, Verdict.UNKNOWN):
            self.taken.append(parcel)
        if outcome.verdict is Verdict.ACCEPTED:
            return replace(outcome, reference=f"ref-{parcel.key}")
        return outcome

    async def close(self) -> None:
        """Nothing is open."""

    @property
    def keys(self) -> list[str]:
        return [parcel.key for parcel in self.taken]

    def kinds(self) -> list[str]:
        return [str(parcel.kind) for parcel in self.taken]


class Office:
    """One server's outbox over the database in `file`."""

    def __init__(self, file: Path, database: Any, clock: Any) -> None:
        self.file = file
        self.database = database
        self.clock = clock
        self.registre = RegistreSql(database)
        self.vault = database.safe.vault
        self.links = Links(Keeper(SECRET), self.vault)
        self.seals = KeyRing.open(file.parent / "keys", MONDAY, permanent=True)
        self.recorder = Recorder(clock, self.seals)
        self.endings = Endings(self.recorder)
        self.receipts = Receipts(self.registre, self.endings)
        self.mail = Provider(Canal.COURRIEL)
        self.sms = Provider(Canal.SMS)

    @classmethod
    async def open(cls, folder: Path, blank: Path, clock: Any = None) -> Self:
        file = folder / "telecontrole.db"
        fresh = not file.exists()
        if fresh:
            shutil.copy(blank, file)
        database = await stores.opened(file)
        office = cls(file, database, clock or Clock())
        if fresh:
            async with office.registre.transaction() as unite:
                caisse = people.Caisse("caisse-1", "CPAM de Bretagne", "Europe/Paris", "3646")
                await people.add_caisse(unite.connection, caisse)
                medecin = people.Medecin("mc-1", "caisse-1", "Dr Quemeneur", "Médecin-conseil")
                await people.add_medecin(unite.connection, medecin)
        return office

    async def close(self) -> None:
        await self.database.close()

    def postman(self, *senders: Any, worker: str = "", **settings: Any) -> Postman:
        """Of both providers, when none is named."""
        chosen = senders or (self.mail, self.sms)
        return Postman(
            registre=self.registre,
            senders={sender.channel: sender for sender in chosen},
            drafts=Drafts(self.links, ORIGIN),
            endings=self.endings,
            clock=self.clock,
            config=replace(Config(), **settings),
            worker=worker,
        )

    async def convoke(
        self, start: datetime = FRIDAY, rules: Regles | None = None, **contact: str
    ) -> Telecontrole:
        """A télécontrôle with its link, its convocation due now and its reminder on the eve."""
        one = uuid4()
        reached = {"courriel": f"a{one.hex}@exemple.invalid", "telephone": "+33639980199"}
        assure = people.Assure(str(one), "caisse-1", "Mme", "Zwijnaarde", **(reached | contact))
        un = Telecontrole(
            id=str(uuid4()),
            caisse="caisse-1",
            medecin_conseil="mc-1",
            assure=assure.id,
            contexte=Contexte.ARRET_MALADIE,
            debut=start,
        )
        un.convoquer()
        async with self.registre.transaction() as unite:
            await people.add_assure(unite.connection, assure)
            await unite.enregistrer(un)
            await self.links.make(unite.connection, un.id, self.clock())
            await notices.convoke(unite.connection, un, assure, rules or Regles(), self.clock())
        return un

    async def cancel(self, un: Telecontrole) -> None:
        async with self.registre.transaction() as unite:
            stored = await unite.telecontrole(un.id)
            stored.annuler()
            await unite.enregistrer(stored)
            assure = await people.assure(unite.connection, un.assure)
            await notices.cancel(unite.connection, stored, assure, self.clock())

    async def refuse(self, un: Telecontrole) -> None:
        """The state alone: what was to leave is not withdrawn, the postman must see by itself."""
        async with self.registre.transaction() as unite:
            stored = await unite.telecontrole(un.id)
            stored.refuser_visio(self.clock())
            await unite.enregistrer(stored)

    async def change(self, envoi: str, **values: object) -> None:
        async with self.registre.transaction() as unite:
            await unite.connection.execute(
                update(t.envoi).where(t.envoi.c.id == envoi).values(values)
            )

    # --- what is kept -----------------------------------------------------------------------

    async def rows(self, un: Telecontrole) -> Mapping[tuple[str, str], Any]:
        """By kind and channel."""
        async with self.registre.lecture() as unite:
            found = await unite.connection.execute(
                select(t.envoi).where(t.envoi.c.telecontrole == un.id)
            )
            return {(row.genre, row.canal): row for row in found}

    async def row(
        self, un: Telecontrole, kind: GenreEnvoi = GenreEnvoi.CONVOCATION, channel: str = "courriel"
    ) -> Any:
        return (await self.rows(un))[str(kind), channel]

    async def states(self, un: Telecontrole, kind: GenreEnvoi) -> dict[str, str]:
        """By channel."""
        found = await self.rows(un)
        return {channel: row.etat for (genre, channel), row in found.items() if genre == kind}

    async def facts(self, un: Telecontrole) -> list[tuple[str, str]]:
        """(kind of fact, kind of message)."""
        async with self.registre.lecture() as unite:
            lines = await unite.lignes(un.id)
        return [(str(line.fait.genre), str(line.fait.details.get("genre"))) for line in lines]

    async def tasks(self, un: Telecontrole) -> set[str]:
        async with self.registre.lecture() as unite:
            query = select(t.tache.c.genre).where(t.tache.c.telecontrole == un.id)
            return set(await unite.connection.scalars(query))

    async def etat(self, un: Telecontrole) -> Etat:
        async with self.registre.lecture() as unite:
            return (await unite.telecontrole(un.id)).etat

    async def intact(self, un: Telecontrole) -> bool:
        async with self.registre.lecture() as unite:
            record = await self.recorder.export(unite, un.id)
        return verifier(record, self.seals.verify).valide
