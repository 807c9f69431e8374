"""A justification is examined by a person: what follows when it is accepted."""

from sqlalchemy import select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.chaine import MotifSceau
from controle.etats import EN_PRESENTIEL
from controle.justification import (
    JUSTIFIABLES,
    MOTIFS_MEDICAUX,
    DejaDecide,
    EtatJustification,
    Justification,
    MotifAbsence,
)
from controle.presence import SERVICE, GenreFait, Role
from controle.telecontrole import Telecontrole
from server.clock import SystemClock
from server.notify import notices
from server.record import Recorder
from server.store import schema as t
from server.store.sql import UniteSql, read, written


class Examiner:
    """For the agent and for the service médical alike; `medical`: which of the two decides."""

    def __init__(self, clock: SystemClock, recorder: Recorder) -> None:
        self._clock = clock
        self._recorder = recorder

    async def decide(
        self,
        unite: UniteSql,
        un: Telecontrole,
        by: str,
        *,
        accept: bool,
        which: str,
        medical: bool = False,
    ) -> Justification:
        """The one that this person has read, and no other. Accepted, the in-person appointment is
        asked for, and nothing else leaves about the visio.

        :raises DejaDecide: it does not wait any more, or is not there.
        :raises ReserveAuServiceMedical: only the service médical decides of it.
        """
        now = self._clock()
        given = await justifications(unite.connection, un.id)
        mine = next((one for one in given if one.est_en_attente and one.id == which), None)
        if mine is None:
            raise DejaDecide
        if accept:
            mine.accepter(by, now, service_medical=medical)
        else:
            mine.refuser(by, now, service_medical=medical)
        await self._keep(unite, un, mine, by)
        if accept and un.etat in JUSTIFIABLES | EN_PRESENTIEL:
            await self._in_person(unite, un)
        return mine

    async def _keep(
        self, unite: UniteSql, un: Telecontrole, decided: Justification, by: str
    ) -> None:
        changed = await unite.connection.execute(
            update(t.justification)
            .where(t.justification.c.id == decided.id)
            .where(t.justification.c.etat == str(EtatJustification.DEPOSEE))
            .values(etat=str(decided.etat), decide=written(self._clock()), decide_par=by)
        )
        if not changed.rowcount:
            raise DejaDecide
        details = {"justification": decided.id, "decision": str(decided.etat), "par": by}
        fact = self._recorder.fact(GenreFait.JUSTIFICATION_DECIDEE, SERVICE, details=details)
        await unite.inscrire(un.id, fact)

    async def _in_person(self, unite: UniteSql, un: Telecontrole) -> None:
        before = un.etat
        un.justifier_absence(self._clock())
        await unite.enregistrer(un)
        if un.etat is before:
            return
        await notices.forget(unite.connection, un.id)
        end = await self._recorder.end(unite, un.id, Role.MEDECIN_CONSEIL, "in_person")
        if end is None:
            await self._recorder.seal(unite, un.id, MotifSceau.FIN)


def is_medical(one: Justification) -> bool:
    """Only the service médical reads it and decides."""
    return one.motif in MOTIFS_MEDICAUX


async def justifications(connection: AsyncConnection, telecontrole: str) -> list[Justification]:
    """In the order in which they came."""
    rows = await connection.execute(
        select(t.justification, t.piece.c.taille)
        .outerjoin(t.piece, t.piece.c.justification == t.justification.c.id)
        .where(t.justification.c.telecontrole == telecontrole)
        .order_by(t.justification.c.depose)
    )
    return [_justification(row) for row in rows.mappings()]


def _justification(row: RowMapping) -> Justification:
    return Justification(
        id=row["id"],
        telecontrole=row["telecontrole"],
        motif=MotifAbsence(row["motif"]),
        depose=read(row["depose"]),
        etat=EtatJustification(row["etat"]),
        piece=row["taille"] is not None,
        decide=read(row["decide"]) if row["decide"] else None,
        decide_par=row["decide_par"],
    )
