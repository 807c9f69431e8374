"""What agents look through: the appointments of one caisse, by pages."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.engine import Row, RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.convocation import CONVOQUENT, Canal, EtatEnvoi
from controle.justification import MOTIFS_MEDICAUX, EtatJustification
from controle.presence import GenreFait
from controle.presentiel import EtatPresentiel
from controle.qualification import INCIDENTS, Qualification
from server.identity.vault import Unreadable

from . import schema as t
from .agenda import HOLDING
from .people import called
from .sealed import Safe, safe_of
from .sql import needs_of, written

#: A failure that is not the assuré's (row IP-05).
FAILURES = INCIDENTS | {Qualification.MEDECIN_ABSENT}
PAGE = 50
#: Names are sealed: so many people's are opened to find some words, those seen last.
SEARCHED = 5_000


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; empty: not narrowed. `end` is not included."""

    caisse: str
    start: datetime | None = None
    end: datetime | None = None
    doctor: str = ""
    state: str = ""
    delivery: str = ""
    tasks: bool = False
    #: A piece of the name, the reference or the short code.
    words: str = ""
    ids: Sequence[str] | None = None


# --- one person, one series ---------------------------------------------------------------------


async def is_planned(connection: AsyncConnection, assure: str, start: datetime) -> bool:
    """Whether this person is expected at this very instant."""
    asked = {"assure": assure, "start": written(start)}
    return await connection.scalar(_PLANNED, asked) is not None


_PLANNED = (
    select(t.telecontrole.c.id)
    .where(t.telecontrole.c.assure == bindparam("assure"))
    .where(t.telecontrole.c.debut == bindparam("start"))
    .where(t.telecontrole.c.etat.in_([str(etat) for etat in HOLDING]))
    .limit(1)
)


async def successor(connection: AsyncConnection, telecontrole: str) -> str | None:
    """The one that replaces it."""
    found: str | None = await connection.scalar(
        select(t.telecontrole.c.id).where(t.telecontrole.c.suite_de == telecontrole)
    )
    return found


async def failures(connection: AsyncConnection, series: str) -> int:
    """How many of this series failed, as last signed, through no fault of the assuré."""
    others = t.issue.alias("autres")
    newest = (
        select(func.max(others.c.version))
        .where(others.c.telecontrole == t.issue.c.telecontrole)
        .scalar_subquery()
    )
    counted = await connection.scalar(
        select(func.count())
        .select_from(t.issue)
        .join(t.telecontrole, t.telecontrole.c.id == t.issue.c.telecontrole)
        .where(t.telecontrole.c.serie == series, t.issue.c.version == newest)
        .where(t.issue.c.qualification.in_([str(one) for one in FAILURES]))
    )
    return counted or 0


# --- the list -----------------------------------------------------------------------------------


async def page(
    connection: AsyncConnection, wanted: Filters, number: int, size: int = PAGE
) -> tuple[int, list[Mapping[str, Any]]]:
    """How many there are, and those of this page (from 1), by hour; opened:
    `personne` is « Mme Durand », `besoins` a list of codes."""
    conditions = _conditions(wanted)
    if wanted.words:
        conditions.append(await _matches(connection, conditions, wanted.words.strip()))
    total = await connection.scalar(
        select(func.count())
        .select_from(t.telecontrole.join(t.assure, t.assure.c.id == t.telecontrole.c.assure))
        .where(*conditions)
    )
    rows = await connection.execute(
        _planned()
        .where(*conditions)
        .order_by(t.telecontrole.c.debut, t.telecontrole.c.id)
        .limit(size)
        .offset((number - 1) * size)
    )
    safe = safe_of(connection)
    return total or 0, [_opened(row, safe) for row in rows.mappings()]


def _opened(row: RowMapping, safe: Safe) -> Mapping[str, Any]:
    whose = safe.seen(row["assure"], row["cle"])
    told = called(whose, row["assure"], row["civilite"], row["nom"])
    return {**row, "personne": told, "besoins": needs_of(row, safe)}


def _planned() -> Select[Any]:
    return (
        select(
            t.telecontrole,
            t.assure.c.civilite,
            t.assure.c.nom,
            t.assure.c.cle,
            t.assure.c.reference,
            t.medecin_conseil.c.nom.label("medecin_nom"),
            t.demande_presentiel.c.origine,
            t.demande_presentiel.c.instant.label("demande"),
            delivery().label("remise"),
            latest_justification().label("justification"),
            _acknowledged().label("accuse"),
            to_fix().label("a_fixer"),
            to_examine().label("a_examiner"),
            _examinable_since().label("examiner_depuis"),
            _booked_for().label("fixe"),
        )
        .join(t.assure, t.assure.c.id == t.telecontrole.c.assure)
        .join(t.medecin_conseil, t.medecin_conseil.c.id == t.telecontrole.c.medecin_conseil)
        .outerjoin(t.demande_presentiel, t.demande_presentiel.c.telecontrole == t.telecontrole.c.id)
    )


def _conditions(wanted: Filters) -> list[ColumnElement[bool]]:
    un = t.telecontrole.c
    found: list[ColumnElement[bool]] = [un.caisse == wanted.caisse]
    if wanted.ids is not None:
        found.append(un.id.in_(wanted.ids))
    if wanted.start is not None:
        found.append(un.debut >= written(wanted.start))
    if wanted.end is not None:
        found.append(un.debut < written(wanted.end))
    if wanted.doctor:
        found.append(un.medecin_conseil == wanted.doctor)
    if wanted.state:
        found.append(un.etat == wanted.state)
    if wanted.delivery:
        # What was moved or cancelled has nothing to deliver any more.
        found += [delivery() == wanted.delivery, un.etat.in_([str(etat) for etat in HOLDING])]
    if wanted.tasks:
        found.append(or_(_has_task(), to_fix(), to_examine()))
    return found


async def _matches(
    connection: AsyncConnection, conditions: Sequence[ColumnElement[bool]], words: str
) -> ColumnElement[bool]:
    code = words.upper().replace(" ", "").replace("-", "")
    dashed = f"{code[:4]}-{code[4:]}" if len(code) == 8 else code
    return or_(
        t.telecontrole.c.assure.in_(await _named(connection, conditions, words)),
        t.assure.c.reference.icontains(words, autoescape=True),
        t.telecontrole.c.code == dashed,
    )


async def _named(
    connection: AsyncConnection, conditions: Sequence[ColumnElement[bool]], words: str
) -> list[str]:
    """The people of the list in whose name these words are."""
    last = func.max(t.telecontrole.c.debut)
    rows = await connection.execute(
        select(t.assure.c.id, t.assure.c.nom, t.assure.c.cle)
        .join(t.telecontrole, t.telecontrole.c.assure == t.assure.c.id)
        .where(*conditions, t.assure.c.cle != "")
        .group_by(t.assure.c.id, t.assure.c.nom, t.assure.c.cle)
        .order_by(last.desc())
        .limit(SEARCHED)
    )
    # Some 10 µs each: not for the event loop.
    return await asyncio.to_thread(_with, safe_of(connection), rows.all(), words.casefold())


def _with(safe: Safe, rows: Sequence[Row[Any, Any, Any]], words: str) -> list[str]:
    found = []
    for identifier, nom, kept in rows:
        with suppress(Unreadable):
            whose = safe.unwrapped(identifier, kept)
            if words in whose.open_text("assure.nom", identifier, nom).casefold():
                found.append(identifier)
    return found


# --- what is derived, so that nobody can forget it ----------------------------------------------


def latest_justification() -> ScalarSelect[Any]:
    """Where the last reason given for an absence stands."""
    return (
        select(t.justification.c.etat)
        .where(t.justification.c.telecontrole == t.telecontrole.c.id)
        .order_by(t.justification.c.depose.desc())
        .limit(1)
        .correlate(t.telecontrole)
        .scalar_subquery()
    )


def undelivered() -> ColumnElement[bool]:
    """Its convocation was written, and arrived by no channel."""
    return and_(_has_message(true()), delivery() == "non_remise")


def delivery() -> ColumnElement[str]:
    """controle.remise.remise in SQL, of the messages about the visio itself."""
    lost = (EtatEnvoi.ECHEC, EtatEnvoi.PERIME)
    on_its_way = and_(
        t.envoi.c.etat.in_([str(EtatEnvoi.PREPARE), str(EtatEnvoi.CONFIE)]),
        t.envoi.c.canal != str(Canal.COURRIER),
    )
    return case(
        (_has_message(t.envoi.c.etat == str(EtatEnvoi.REMIS)), "remise"),
        (_has_message(on_its_way), "en_cours"),
        (~_has_message(t.envoi.c.etat == str(EtatEnvoi.ENVOYE)), "non_remise"),
        (_has_message(t.envoi.c.etat.in_([str(state) for state in lost])), "partielle"),
        else_="en_cours",
    )


def _has_message(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return (
        exists()
        .where(t.envoi.c.sujet == t.telecontrole.c.id)
        .where(t.envoi.c.genre.in_([str(kind) for kind in CONVOQUENT]))
        .where(condition)
        .correlate(t.telecontrole)
    )


_GIVEN = (EtatPresentiel.CONVOQUE, EtatPresentiel.HONORE)


def to_fix() -> ColumnElement[bool]:
    """An in-person appointment is asked for, and none is given (row IP-01)."""
    asked = exists().where(t.demande_presentiel.c.telecontrole == t.telecontrole.c.id)
    return and_(asked.correlate(t.telecontrole), ~_has_appointment(*_GIVEN))


def _booked_for() -> ScalarSelect[Any]:
    """When; null: no date is given."""
    return (
        select(func.max(t.rendez_vous.c.debut))
        .where(t.rendez_vous.c.telecontrole == t.telecontrole.c.id)
        .where(t.rendez_vous.c.etat.in_([str(state) for state in _GIVEN]))
        .correlate(t.telecontrole)
        .scalar_subquery()
    )


def _has_appointment(*states: EtatPresentiel) -> ColumnElement[bool]:
    return (
        exists()
        .where(t.rendez_vous.c.telecontrole == t.telecontrole.c.id)
        .where(t.rendez_vous.c.etat.in_([str(state) for state in states]))
        .correlate(t.telecontrole)
    )


def to_examine() -> ColumnElement[bool]:
    """A justification that an agent may decide: the service médical has the others."""
    return (
        exists()
        .where(t.justification.c.telecontrole == t.telecontrole.c.id)
        .where(t.justification.c.etat == str(EtatJustification.DEPOSEE))
        .where(t.justification.c.motif.not_in([str(motif) for motif in MOTIFS_MEDICAUX]))
        .correlate(t.telecontrole)
    )


def _examinable_since() -> ColumnElement[str]:
    return (
        select(func.min(t.justification.c.depose))
        .where(t.justification.c.telecontrole == t.telecontrole.c.id)
        .where(t.justification.c.etat == str(EtatJustification.DEPOSEE))
        .correlate(t.telecontrole)
        .scalar_subquery()
    )


def _has_task() -> ColumnElement[bool]:
    return (
        exists()
        .where(t.tache.c.telecontrole == t.telecontrole.c.id, t.tache.c.faite.is_(None))
        .correlate(t.telecontrole)
    )


def _acknowledged() -> ColumnElement[bool]:
    return (
        exists()
        .where(t.ligne.c.telecontrole == t.telecontrole.c.id)
        .where(t.ligne.c.genre == str(GenreFait.ACCUSE_RECEPTION))
        .correlate(t.telecontrole)
    )
