"""A third participant's way in: invitation, code, session, information, room.

What they are told names nobody but the médecin-conseil, and says nothing about the assuré.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.presence import TIERS, GenreFait
from controle.telecontrole import Acces, Fenetre, Telecontrole
from server.assure.door import CodeRefused, DoorClosed, Entered
from server.clock import SystemClock
from server.config import Config
from server.identity.second_factor import Checked, seconds
from server.identity.secrets import Keeper
from server.identity.sessions import Session, Sessions
from server.record import Recorder
from server.store import people
from server.store import schema as t
from server.store.sql import RegistreSql, UniteSql, read, written
from server.tickets import Tickets
from server.web.messages import Information, RoomAccess
from server.web.thirds_messages import ThirdLink, ThirdVisit

from . import information


@dataclass(frozen=True, slots=True)
class Behind:
    """What an invitation opens."""

    un: Telecontrole
    row: RowMapping


class ThirdDoor:
    """Everything a third participant can ask for over HTTP."""

    def __init__(
        self,
        *,
        config: Config,
        clock: SystemClock,
        registre: RegistreSql,
        keeper: Keeper,
        sessions: Sessions,
        tickets: Tickets,
        recorder: Recorder,
        fenetre: Fenetre,
    ) -> None:
        self._config = config
        self._clock = clock
        self._registre = registre
        self._keeper = keeper
        self._sessions = sessions
        self._tickets = tickets
        self._recorder = recorder
        self._fenetre = fenetre

    # --- with the link alone --------------------------------------------------------------------

    async def state(self, link: str, session: Session | None) -> ThirdLink:
        """Where the appointment stands; reads only."""
        async with self._registre.glance() as unite:
            found = await self._behind(unite, link)
            if found is None:
                return ThirdLink(access="inconnu", helpline=self._config.helpline)
            un, row = found.un, found.row
            now, acces = self._clock(), un.acces(self._clock(), self._fenetre)
            caisse = await people.caisse(unite.connection, un.caisse)
            mine = session is not None and session.subject == row["id"]
            visit = None
            if session is not None and mine and acces is Acces.OUVERT:
                visit = await self._visit(unite, found, session)
        early = acces is Acces.TROP_TOT
        wait = -int((now - un.ouverture(self._fenetre)).total_seconds() // 1)
        return ThirdLink(
            access=acces.value,
            helpline=caisse.telephone,
            kind=row["qualite"],
            start=un.debut.isoformat(),
            timezone=un.fuseau,
            opens_in=max(0, wait) if early else None,
            visit=visit,
        )

    async def enter(self, link: str, code: str) -> Entered:
        """The link and the code together open a session.

        :raises DoorClosed: unknown or revoked link, or not now.
        :raises CodeRefused: and the try is counted.
        """
        now, entered = self._clock(), None
        async with self._registre.quick_transaction() as unite:
            found = await self._behind(unite, link)
            if found is None:
                raise DoorClosed("inconnu")
            self._check_open(found.un)
            row = await self._as_it_is(unite.connection, found.row["id"])
            checked, values = self._checked(row, code, now)
            mine = t.tiers.c.id == row["id"]
            await unite.connection.execute(update(t.tiers).where(mine).values(values))
            if checked.verdict == "right":
                entered = await self._sessions.open(
                    unite.connection, "tiers", row["id"], now, found.un.id
                )
        if entered is None:
            # Outside: a wrong code that was counted stays counted.
            raise CodeRefused(checked)
        return Entered(*entered)

    def _checked(
        self, row: RowMapping, code: str, now: datetime
    ) -> tuple[Checked, dict[str, object]]:
        """The verdict, and what the invitation keeps of it.

        Like the assuré's own: few tries, then a pause; and all of them together are bounded, since
        this code holds as long as its invitation. Then who invites makes another one.
        """
        tries, in_all = row["essais"], row["essais_en_tout"]
        if in_all >= self._config.code_tries_in_all:
            return Checked("locked", wait=seconds(self._config.code_lock)), {"essais": tries}
        if row["verrou"] and read(row["verrou"]) > now:
            return Checked("locked", wait=seconds(read(row["verrou"]) - now)), {"essais": tries}
        if self._keeper.same(row["code"], "code-tiers", row["id"], code):
            return Checked("right"), {"essais": 0, "entre": row["entre"] or written(now)}
        left = min(self._config.code_tries - tries, self._config.code_tries_in_all - in_all) - 1
        values: dict[str, object] = {"essais": tries + 1, "essais_en_tout": in_all + 1}
        if left > 0:
            return Checked("wrong", left=left), values
        lock = {"essais": 0, "verrou": written(now + self._config.code_lock)}
        return Checked("locked", wait=seconds(self._config.code_lock)), values | lock

    async def _as_it_is(self, connection: AsyncConnection, invitation: str) -> RowMapping:
        """While nobody else writes: a try is counted once."""
        query = select(t.tiers).where(t.tiers.c.id == invitation)
        return (await connection.execute(query)).mappings().one()

    async def _behind(self, unite: UniteSql, link: str) -> Behind | None:
        c = t.tiers.c
        return await self._found(
            unite, c.empreinte == self._keeper.hashed("tiers", link), c.revoque.is_(None)
        )

    async def _found(self, unite: UniteSql, *where: Any) -> Behind | None:
        row = (await unite.connection.execute(select(t.tiers).where(*where))).mappings().first()
        if row is None:
            return None
        return Behind(await unite.telecontrole(row["telecontrole"]), row)

    def _check_open(self, un: Telecontrole) -> None:
        acces = un.acces(self._clock(), self._fenetre)
        if acces is not Acces.OUVERT:
            raise DoorClosed(acces.value)

    # --- with a session -------------------------------------------------------------------------

    async def visit(self, session: Session) -> ThirdVisit:
        async with self._registre.glance() as unite:
            return await self._visit(unite, await self._mine(unite, session), session)

    async def _mine(self, unite: UniteSql, session: Session) -> Behind:
        c = t.tiers.c
        found = await self._found(unite, c.id == session.subject, c.revoque.is_(None))
        if found is None:
            raise DoorClosed("inconnu")
        return found

    async def _visit(self, unite: UniteSql, found: Behind, session: Session) -> ThirdVisit:
        un = found.un
        caisse = await people.caisse(unite.connection, un.caisse)
        medecin = await people.medecin(unite.connection, un.medecin_conseil)
        return ThirdVisit(
            kind=found.row["qualite"],
            start=un.debut.isoformat(),
            timezone=un.fuseau,
            minutes=round(un.duree.total_seconds() / 60),
            doctor_name=medecin.nom,
            doctor_function=medecin.fonction,
            helpline=caisse.telephone,
            information=Information(
                version=information.VERSION,
                paragraphs=list(information.PARAGRAPHS),
                accepted=found.row["information"] == information.VERSION,
            ),
            access=self._tickets.room(session, un.id, "tiers"),
        )

    async def consent(self, session: Session, version: str) -> None:
        """Accepted: on record once for each invitation and version of the text.

        :raises ValueError: not the version that is shown today.
        :raises DoorClosed: the appointment is over.
        """
        if version != information.VERSION:
            raise ValueError(version)
        async with self._registre.quick_transaction() as unite:
            found = await self._mine(unite, session)
            self._check_open(found.un)
            if found.row["information"] == version:
                return
            mine = t.tiers.c.id == session.subject
            await unite.connection.execute(update(t.tiers).where(mine).values(information=version))
            details = {
                "qualite": found.row["qualite"],
                "version": version,
                "empreinte": information.digest(),
            }
            fact = self._recorder.fact(GenreFait.TIERS_INFORME, TIERS, details=details)
            await unite.inscrire(found.un.id, fact)

    async def room_access(self, session: Session) -> RoomAccess:
        """A fresh token; the room itself refuses who has not accepted the information.

        :raises DoorClosed: the appointment is over, or the invitation was taken back.
        """
        async with self._registre.glance() as unite:
            found = await self._mine(unite, session)
        self._check_open(found.un)
        return self._tickets.room(session, found.un.id, "tiers")
