"""Invitations of third participants: made by the médecin-conseil or an agent, shown once, taken
back at any time. Who is invited is not kept: only what they are there for."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, Protocol, cast
from uuid import uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.presence import SERVICE, GenreFait, Role
from controle.registre import TelecontroleInconnu
from controle.telecontrole import Fenetre, Telecontrole
from controle.tiers import INVITABLE, TiersInconnu, TropDeTiers, TropTardPourInviter, annonces
from server.clock import SystemClock
from server.config import Config
from server.identity.secrets import Keeper, new_code, new_secret
from server.record import Recorder
from server.store import schema as t
from server.store.sql import RegistreSql, UniteSql, written
from server.web.thirds_messages import ThirdInvitation, ThirdInvited, ThirdList
from signaling.protocol import ThirdKind
from signaling.rooms import Rooms

By = Literal["medecin_conseil", "agent"]
Mine = Callable[[Telecontrole], bool]


class Cutter(Protocol):
    """Cuts the sockets of one HTTP session, wherever they are."""

    async def __call__(self, reference: str) -> None: ...


class Inviting:
    """`mine`: whether a télécontrôle is still for who asks; looked at in the transaction in which
    something is done to it, for it may have been handed over since the request began."""

    def __init__(
        self,
        *,
        config: Config,
        clock: SystemClock,
        registre: RegistreSql,
        keeper: Keeper,
        recorder: Recorder,
        rooms: Rooms,
        fenetre: Fenetre,
        changed: Callable[[str], None],
    ) -> None:
        self._config = config
        self._clock = clock
        self._registre = registre
        self._keeper = keeper
        self._recorder = recorder
        self._rooms = rooms
        self._fenetre = fenetre
        self._changed = changed

    async def all(self, telecontrole: str) -> ThirdList:
        async with self._registre.lecture() as unite:
            un = await unite.telecontrole(telecontrole)
            rows = await _rows(unite.connection, telecontrole)
        return ThirdList(
            invitations=[self._shown(row) for row in rows],
            most=self._config.third_invitations,
            needs=[cast(ThirdKind, str(one)) for one in annonces(un.besoins)],
        )

    async def invite(self, telecontrole: str, kind: ThirdKind, by: By, mine: Mine) -> ThirdInvited:
        """A link and a code, which are not kept and cannot be shown again.

        :raises TelecontroleInconnu: not for them any more.
        :raises Refus: it is over, or as many are invited as may be.
        """
        now, secret, code, identifier = self._clock(), new_secret(), new_code(), str(uuid4())
        async with self._registre.quick_transaction() as unite:
            connection = unite.connection
            un = await _own(unite, telecontrole, mine)
            self._check_open(un, now)
            alive = [one for one in await _rows(connection, telecontrole) if not one["revoque"]]
            if len(alive) >= self._config.third_invitations:
                raise TropDeTiers
            await connection.execute(
                insert(t.tiers).values(
                    id=identifier,
                    telecontrole=telecontrole,
                    qualite=kind,
                    par=by,
                    empreinte=self._keeper.hashed("tiers", secret),
                    code=self._keeper.hashed("code-tiers", identifier, code),
                    cree=written(now),
                    information="",
                    siege="",
                    essais=0,
                    essais_en_tout=0,
                )
            )
            fact = self._recorder.fact(GenreFait.TIERS_INVITE, whose(by), details={"qualite": kind})
            await unite.inscrire(telecontrole, fact)
        self._changed(telecontrole)
        return ThirdInvited(
            id=identifier,
            kind=kind,
            link=f"{self._config.origin}/tiers#{secret}",
            code=code,
            until=un.fermeture(self._fenetre).isoformat(),
        )

    async def revoke(
        self, telecontrole: str, invitation: str, by: By, mine: Mine, cut: Cutter
    ) -> None:
        """Neither link, code nor session opens anything any more; who is inside is out.

        :raises TelecontroleInconnu: not for them any more.
        :raises TiersInconnu: it is not one of this télécontrôle's.
        """
        now = self._clock()
        async with self._registre.quick_transaction() as unite:
            await _own(unite, telecontrole, mine)
            connection, this = unite.connection, t.tiers.c.id == invitation
            found = await connection.execute(
                select(t.tiers).where(this, t.tiers.c.telecontrole == telecontrole)
            )
            row = found.mappings().first()
            if row is None:
                raise TiersInconnu
            if row["revoque"]:
                return
            await connection.execute(update(t.tiers).where(this).values(revoque=written(now)))
            sessions = await _close_sessions(connection, invitation, now)
            details = {"qualite": row["qualite"]}
            if row["siege"]:
                details["siege"] = row["siege"]
            fact = self._recorder.fact(GenreFait.TIERS_RETIRE, whose(by), details=details)
            await unite.inscrire(telecontrole, fact)
        await self._rooms.dismiss(telecontrole, invitation)
        for reference in sessions:
            await cut(reference)
        self._changed(telecontrole)

    def _check_open(self, un: Telecontrole, now: datetime) -> None:
        if un.acces(now, self._fenetre) not in INVITABLE:
            raise TropTardPourInviter

    def _shown(self, row: RowMapping) -> ThirdInvitation:
        return ThirdInvitation(
            id=row["id"],
            kind=row["qualite"],
            created=row["cree"],
            by=row["par"],
            revoked=row["revoque"] is not None,
            entered=row["entre"] is not None,
            locked=row["essais_en_tout"] >= self._config.code_tries_in_all,
        )


async def _own(unite: UniteSql, telecontrole: str, mine: Mine) -> Telecontrole:
    un = await unite.telecontrole(telecontrole)
    if not mine(un):
        raise TelecontroleInconnu
    return un


def whose(by: By) -> str:
    return Role.MEDECIN_CONSEIL if by == "medecin_conseil" else SERVICE


async def _rows(connection: AsyncConnection, telecontrole: str) -> Sequence[RowMapping]:
    c = t.tiers.c
    query = select(t.tiers).where(c.telecontrole == telecontrole).order_by(c.cree, c.id)
    return (await connection.execute(query)).mappings().all()


async def _close_sessions(
    connection: AsyncConnection, invitation: str, now: datetime
) -> Sequence[str]:
    """Their references, for their sockets."""
    c = t.session.c
    mine = (c.genre == "tiers") & (c.sujet == invitation) & c.revoquee.is_(None)
    found = (await connection.scalars(select(c.reference).where(mine))).all()
    await connection.execute(update(t.session).where(mine).values(revoquee=written(now)))
    return found
