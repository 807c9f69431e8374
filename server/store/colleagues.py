"""The médecins-conseils of one service, and who is taken at this moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.telecontrole import Etat

from . import schema as t
from .sql import written


@dataclass(frozen=True, slots=True)
class Colleague:
    """`in_call`, `waiting`: how many people, now; nothing of what became of anybody."""

    id: str
    nom: str
    fonction: str
    in_call: int
    waiting: int


async def of_service(
    connection: AsyncConnection, caisse: str, since: datetime
) -> Sequence[Colleague]:
    """All of this caisse, by name; what began before `since` was forgotten, and counts no more."""
    etat = t.telecontrole.c.etat

    def now(state: Etat) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((etat == str(state), 1), else_=0)), 0)

    doctor = t.medecin_conseil.c
    inside = (
        (t.telecontrole.c.medecin_conseil == doctor.id)
        & (t.telecontrole.c.debut > written(since))
        & etat.in_([str(Etat.EN_COURS), str(Etat.EN_ATTENTE)])
    )
    rows = await connection.execute(
        select(doctor.id, doctor.nom, doctor.fonction, now(Etat.EN_COURS), now(Etat.EN_ATTENTE))
        .select_from(t.medecin_conseil.outerjoin(t.telecontrole, inside))
        .where(doctor.caisse == caisse)
        .group_by(doctor.id, doctor.nom, doctor.fonction)
        .order_by(doctor.nom, doctor.id)
    )
    return [Colleague(*row) for row in rows]
