"""Some rooms over a real store, and the witness who writes for them; no socket, no page."""

import asyncio
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import stores
from server_people import CAISSE, HandClock
from sqlalchemy import insert

from certs.signing_keys import KeyRing
from controle.presence import GenreFait
from controle.telecontrole import Contexte, Etat, Fenetre, Telecontrole
from controle.verification import verifier
from server.ledger import Ledger
from server.record import Recorder
from server.store import chains, people
from server.store import schema as t
from server.store.database import Database
from server.store.sql import RegistreSql, written
from server.witness import RoomWitness
from signaling.access import Access
from signaling.protocol import Role
from signaling.room import NotAllowed, Occurrence, OccurrenceKind

ROLES: tuple[Role, Role] = ("assure", "medecin_conseil")


@dataclass
class Listener:
    """Who is told of changes; notes them."""

    entries: list[str] = field(default_factory=list)
    doctors: list[str] = field(default_factory=list)

    def entry_changed(self, telecontrole: str) -> None:
        self.entries.append(telecontrole)

    def doctor_changed(self, doctor: str) -> None:
        self.doctors.append(doctor)


class Court:
    """One store, its ledger and its witness. Every room's assuré has read the information."""

    def __init__(self, database: Database, data: Path, most: int) -> None:
        self.clock = HandClock()
        self.file = data / "telecontrole.db"
        self.database = database
        self.registre = RegistreSql(database)
        self.seals = KeyRing.open(data / "sceaux", datetime.now(UTC), permanent=True)
        self.recorder = Recorder(self.clock, self.seals)  # type: ignore[arg-type]
        self.listener = Listener()
        self.ledger = Ledger(database, most)
        self.witness = RoomWitness(
            registre=self.registre,
            ledger=self.ledger,
            recorder=self.recorder,
            clock=self.clock,  # type: ignore[arg-type]
            fenetre=Fenetre(),
            online=lambda _: True,
            listeners=self.listener,
        )

    @classmethod
    async def open(cls, data: Path, blank: Path, *, most: int = 64, **options: Any) -> Self:
        """`options` are the engine's: with any, the store has no lane of its own."""
        data.mkdir(parents=True, exist_ok=True)
        file = data / "telecontrole.db"
        fresh = not file.exists()
        if fresh:
            shutil.copy(blank, file)
        court = cls(await stores.opened(file, **options), data, most)
        if fresh:
            async with court.registre.transaction() as unite:
                await people.add_caisse(unite.connection, CAISSE)
        return court

    async def close(self) -> None:
        await self.ledger.close()
        await self.database.close()

    async def rooms(self, *doctors: str, etat: Etat = Etat.CONVOQUE, late: float = 0) -> list[str]:
        """A télécontrôle for each of these médecins-conseils, who are made anew; its session is
        open. `late`: minutes since its hour."""
        known = {doctor: str(uuid4()) for doctor in doctors}
        found = [
            Telecontrole(
                id=str(uuid4()),
                caisse=CAISSE.id,
                medecin_conseil=known[doctor],
                assure=str(uuid4()),
                contexte=Contexte.ARRET_MALADIE,
                debut=self.clock() - timedelta(minutes=late),
                etat=etat,
            )
            for doctor in doctors
        ]
        until = self.clock() + timedelta(hours=1)
        async with self.registre.transaction() as unite:
            for doctor in known.values():
                await people.add_medecin(
                    unite.connection, people.Medecin(doctor, CAISSE.id, "Dr", "MC")
                )
            for un in found:
                await people.add_assure(
                    unite.connection, people.Assure(un.assure, CAISSE.id, "Mme", "Z", "", "")
                )
                await unite.enregistrer(un)
            await unite.connection.execute(
                insert(t.session),
                [
                    {
                        "empreinte": f"{role}-{un.id}", "reference": f"{role[0]}{un.id}"[:32],
                        "genre": "console", "sujet": un.assure, "vue": written(self.clock()),
                        "expire": written(until),
                    }
                    for un in found
                    for role in ROLES
                ],
            )  # fmt: skip
            read = self.recorder.fact(GenreFait.INFORMATION_ACCEPTEE, "assure")
            await chains.inscribe(unite.connection, [(un.id, read) for un in found])
        return [un.id for un in found]

    async def access(self, room: str, role: Role = "assure", token: str = "") -> Access:
        async with self.registre.lecture() as unite:
            un = await unite.telecontrole(room)
        return Access(
            kind="room",
            subject=un.assure if role == "assure" else un.medecin_conseil,
            role=role,
            room=room,
            jti=token or str(uuid4()),
            session=f"{role[0]}{room}"[:32],
            expires=int(self.clock().timestamp()) + 300,
        )

    # --- what is done ---------------------------------------------------------------------------

    async def record(self, room: str, *kinds: OccurrenceKind, role: Role | None = "assure") -> None:
        # Of a third participant the seat is told.
        details = [{"siege": "tiers1"} if one.startswith("third_") else {} for one in kinds]
        told = zip(kinds, details, strict=True)
        happened = [Occurrence(kind, role, detail=detail) for kind, detail in told]
        await self.witness.record(room, happened, None)

    async def join(self, room: str) -> None:
        await self.arrive(await self.access(room))

    async def arrive(self, access: Access) -> None:
        await self.witness.arrive(access, lambda _: [Occurrence("joined", "assure")])

    async def together(self, *work: Any) -> list[str]:
        """All at once; each one's refusal, or nothing."""
        return [code(one) for one in await asyncio.gather(*work, return_exceptions=True)]

    # --- what is kept ---------------------------------------------------------------------------

    async def kinds(self, room: str) -> list[str]:
        async with self.registre.lecture() as unite:
            return [str(line.fait.genre) for line in await unite.lignes(room)][1:]

    async def state(self, room: str) -> Etat:
        async with self.registre.lecture() as unite:
            return (await unite.telecontrole(room)).etat

    async def intact(self, room: str) -> bool:
        async with self.registre.lecture() as unite:
            record = await self.recorder.export(unite, room)
        return verifier(record, self.seals.verify).valide and bool(record["sceaux"])


def code(outcome: object) -> str:
    """The word of a refusal; what is no refusal is raised."""
    if isinstance(outcome, NotAllowed):
        return outcome.code
    if isinstance(outcome, BaseException):
        raise outcome
    return ""
