"""The messages of one caisse, as agents follow them; codes of access are nobody's business."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.convocation import PARTIS, Canal, EtatEnvoi, GenreEnvoi
from server.notify.outbox import RECIPIENT, is_due

from . import schema as t
from .people import called
from .sealed import Safe, safe_of, shown
from .sql import read, written

PAGE = 50
#: A state to narrow to that is two: refused, or too late to leave (row CA-07).
UNDELIVERED = "non_remis"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to; empty: not narrowed."""

    caisse: str
    state: str = ""
    channel: str = ""
    kind: str = ""
    telecontrole: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """The outbox of one caisse in numbers."""

    waiting: int
    sending: int
    sent_today: int
    failed: int
    expired: int
    oldest: datetime | None


async def page(
    connection: AsyncConnection, wanted: Wanted, number: int, size: int = PAGE
) -> tuple[int, list[Mapping[str, Any]]]:
    """How many there are, and those of this page (from 1), the latest due first; opened, as in
    `one`."""
    conditions = _conditions(wanted)
    total = await connection.scalar(
        select(func.count())
        .select_from(t.envoi.join(t.telecontrole, t.telecontrole.c.id == t.envoi.c.telecontrole))
        .where(*conditions)
    )
    rows = await connection.execute(
        _sends()
        .where(*conditions)
        .order_by(t.envoi.c.du.desc(), t.envoi.c.id)
        .limit(size)
        .offset((number - 1) * size)
    )
    safe = safe_of(connection)
    return total or 0, [_opened(row, safe) for row in rows.mappings()]


async def one(
    connection: AsyncConnection, caisse: str, telecontrole: str, identifier: str
) -> Mapping[str, Any] | None:
    """Opened: `personne` is « Mme Durand », `destinataire` can be read; `contenu` stays sealed."""
    rows = await connection.execute(
        _sends()
        .where(*_conditions(Wanted(caisse, telecontrole=telecontrole)))
        .where(t.envoi.c.id == identifier)
    )
    found = rows.mappings().first()
    return _opened(found, safe_of(connection)) if found else None


def _opened(row: RowMapping, safe: Safe) -> Mapping[str, Any]:
    whose = safe.seen(row["assure"], row["cle"])
    return {
        **row,
        "personne": called(whose, row["assure"], row["civilite"], row["nom"]),
        "destinataire": shown(whose, RECIPIENT, row["id"], row["destinataire"]),
    }


async def progress(
    connection: AsyncConnection, caisse: str, now: datetime, today: datetime
) -> Progress:
    """What is due and has not left; of appointments to come, what did not arrive. Letters are not
    counted: a person posts them, and a task says so.

    :param today: when this day began at the caisse.
    """
    mine = (t.telecontrole.c.caisse == caisse, t.envoi.c.canal != str(Canal.COURRIER))
    joined = t.envoi.join(t.telecontrole, t.telecontrole.c.id == t.envoi.c.telecontrole)
    ahead = t.telecontrole.c.debut >= written(today)

    async def count(*conditions: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(joined).where(*mine, *conditions)
        return await connection.scalar(query) or 0

    oldest = await connection.scalar(
        select(func.min(t.envoi.c.du)).select_from(joined).where(*mine, is_due(now))
    )
    gone = t.envoi.c.etat.in_([str(state) for state in PARTIS])
    return Progress(
        waiting=await count(is_due(now)),
        sending=await count(t.envoi.c.etat == str(EtatEnvoi.CONFIE), t.envoi.c.bail > written(now)),
        sent_today=await count(gone, t.envoi.c.envoye >= written(today)),
        failed=await count(t.envoi.c.etat == str(EtatEnvoi.ECHEC), ahead),
        expired=await count(t.envoi.c.etat == str(EtatEnvoi.PERIME), ahead),
        oldest=read(oldest) if oldest else None,
    )


def _sends() -> Select[Any]:
    return (
        select(
            t.envoi,
            t.assure.c.id.label("assure"),
            t.assure.c.civilite,
            t.assure.c.nom,
            t.assure.c.cle,
        )
        .join(t.telecontrole, t.telecontrole.c.id == t.envoi.c.telecontrole)
        .join(t.assure, t.assure.c.id == t.telecontrole.c.assure)
    )


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        t.telecontrole.c.caisse == wanted.caisse,
        t.envoi.c.genre != str(GenreEnvoi.CODE),
    ]
    if wanted.state == UNDELIVERED:
        found.append(t.envoi.c.etat.in_([str(EtatEnvoi.ECHEC), str(EtatEnvoi.PERIME)]))
    for column, value in (
        (t.envoi.c.etat, "" if wanted.state == UNDELIVERED else wanted.state),
        (t.envoi.c.canal, wanted.channel),
        (t.envoi.c.genre, wanted.kind),
        (t.envoi.c.telecontrole, wanted.telecontrole),
    ):
        if value:
            found.append(column == value)
    return found
