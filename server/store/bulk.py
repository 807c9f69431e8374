"""The statements of a page (page.py): each is made once, and asks for all of a group at once."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, bindparam, func, insert, select, update
from sqlalchemy.engine import Connection

from controle.chaine import Sceau, Tete
from controle.presentiel import EtatPresentiel
from controle.telecontrole import Contexte, Etat, Telecontrole
from signaling.protocol import InPerson

from . import schema as t
from .facts import milestone_lines
from .people import Medecin
from .ready import rows, wanted, write
from .sql import read

# --- reading ------------------------------------------------------------------------------------


def telecontroles(
    connection: Connection, identifiers: Collection[str]
) -> Iterator[tuple[Telecontrole, Tete | None, Medecin]]:
    """Each as the room's rules need it (not what follows it or replaces it, nor declared needs,
    which are sealed), the head of its chain, and its médecin-conseil."""
    for row in rows(connection, _telecontroles, identifiers):
        un = Telecontrole(
            id=row[0],
            caisse=row[1],
            medecin_conseil=row[2],
            assure=row[3],
            contexte=Contexte(row[4]),
            debut=read(row[5]),
            fuseau=row[6],
            duree=timedelta(minutes=row[7]),
            etat=Etat(row[8]),
            # SQLite's own is a number.
            examen_clinique=bool(row[9]),
            serie=row[10],
            sequence=row[11],
            suite_de=row[12],
            code=row[13],
        )
        head = None if row[14] is None else (row[14], row[15])
        yield un, head, Medecin(row[2], *row[16:])


@cache
def _telecontroles(size: int) -> Select[Any]:
    c, m, last = t.telecontrole.c, t.medecin_conseil.c, t.ligne.alias()
    longest = (
        select(func.max(t.ligne.c.seq))
        .where(t.ligne.c.telecontrole == c.id)
        .scalar_subquery()
        .correlate(t.telecontrole)
    )
    return (
        select(
            c.id, c.caisse, c.medecin_conseil, c.assure, c.contexte, c.debut, c.fuseau,
            c.duree_minutes, c.etat, c.examen_clinique, c.serie, c.sequence, c.suite_de,
            c.code, last.c.seq, last.c.empreinte,
            m.caisse, m.nom, m.fonction, m.retard_minutes, m.retard_annonce,
        )
        .join(t.medecin_conseil, m.id == c.medecin_conseil)
        .outerjoin(last, and_(last.c.telecontrole == c.id, last.c.seq == longest))
        .where(c.id.in_(wanted(size)))
    )  # fmt: skip


def sessions(connection: Connection, references: Collection[str]) -> Sequence[Sequence[Any]]:
    """(reference, until when) of those that are not revoked."""
    return rows(connection, _sessions, references)


@cache
def _sessions(size: int) -> Select[Any]:
    c = t.session.c
    return select(c.reference, c.expire).where(c.reference.in_(wanted(size)), c.revoquee.is_(None))


def used_tokens(connection: Connection, tokens: Collection[str]) -> Iterator[str]:
    return (row[0] for row in rows(connection, _used_tokens, tokens))


@cache
def _used_tokens(size: int) -> Select[Any]:
    return select(t.jeton_utilise.c.jti).where(t.jeton_utilise.c.jti.in_(wanted(size)))


def milestones(connection: Connection, identifiers: Collection[str]) -> Sequence[Sequence[Any]]:
    """(télécontrôle, line), each chain in its order."""
    return rows(connection, milestones_of, identifiers)


@cache
def milestones_of(size: int) -> Select[Any]:
    return milestone_lines().where(t.ligne.c.telecontrole.in_(wanted(size)))


def calls(connection: Connection, medecins: Collection[str]) -> Sequence[Sequence[Any]]:
    """(médecin-conseil, télécontrôle) of the calls in course."""
    return rows(connection, calls_of, medecins)


@cache
def calls_of(size: int) -> Select[Any]:
    c = t.telecontrole.c
    return select(c.medecin_conseil, c.id).where(
        c.medecin_conseil.in_(wanted(size)), c.etat == str(Etat.EN_COURS)
    )


def in_person(
    connection: Connection, identifiers: Collection[str]
) -> Iterator[tuple[str, InPerson]]:
    """Where and when, of those for whom an agent has fixed it."""
    for identifier, start, zone, name, address in rows(connection, _in_person, identifiers):
        yield (
            identifier,
            InPerson(start=read(start).isoformat(), timezone=zone, site=name, address=address),
        )


@cache
def _in_person(size: int) -> Select[Any]:
    at, where = t.rendez_vous.c, t.site.c
    return (
        select(at.telecontrole, at.debut, at.fuseau, where.nom, where.adresse)
        .join(t.site, where.id == at.site)
        .where(at.telecontrole.in_(wanted(size)), at.etat == str(EtatPresentiel.CONVOQUE))
    )


class Third(NamedTuple):
    """An invitation, as the room needs it. `information`: the text they accepted; empty: none."""

    id: str
    telecontrole: str
    kind: str
    seat: str
    information: str
    revoked: bool


def thirds(connection: Connection, identifiers: Collection[str]) -> Iterator[Third]:
    for row in rows(connection, _thirds, identifiers):
        yield Third(row[0], row[1], row[2], row[3], row[4], revoked=row[5] is not None)


@cache
def _thirds(size: int) -> Select[Any]:
    c = t.tiers.c
    return select(c.id, c.telecontrole, c.qualite, c.siege, c.information, c.revoque).where(
        c.id.in_(wanted(size))
    )


# --- writing ------------------------------------------------------------------------------------


def insert_tokens(connection: Connection, tokens: Sequence[Mapping[str, object]]) -> None:
    write(connection, _INSERT_TOKENS, tokens)


def insert_lines(connection: Connection, lines: Sequence[Mapping[str, object]]) -> None:
    write(connection, _INSERT_LINES, lines)


def update_states(connection: Connection, states: Mapping[str, Etat]) -> None:
    now = [{"one": one, "now": str(etat)} for one, etat in states.items()]
    write(connection, _UPDATE_STATES, now)


def insert_seals(connection: Connection, seals: Sequence[Sceau]) -> None:
    kept = [
        {"telecontrole": one.telecontrole, "contenu": json.dumps(one.en_dict())} for one in seals
    ]
    write(connection, _INSERT_SEALS, kept)


class ThirdSeated(NamedTuple):
    """This invitation's holder has that seat now, and nobody else."""

    telecontrole: str
    invitation: str
    seat: str


class Dismissed(NamedTuple):
    """Whoever had that seat is seen out for good: neither link nor session opens anything."""

    telecontrole: str
    seat: str
    at: str


def seat_thirds(connection: Connection, seats: Sequence[ThirdSeated]) -> None:
    c = t.tiers.c
    for one in seats:
        former = (c.telecontrole == one.telecontrole) & (c.siege == one.seat)
        connection.execute(update(t.tiers).where(former).values(siege=""))
        connection.execute(update(t.tiers).where(c.id == one.invitation).values(siege=one.seat))


def dismiss_thirds(connection: Connection, gone: Sequence[Dismissed]) -> None:
    for one in gone:
        mine = (t.tiers.c.telecontrole == one.telecontrole) & (t.tiers.c.siege == one.seat)
        theirs = t.session.c.sujet.in_(select(t.tiers.c.id).where(mine))
        open_ones = (t.session.c.genre == "tiers") & t.session.c.revoquee.is_(None)
        connection.execute(update(t.session).where(open_ones, theirs).values(revoquee=one.at))
        connection.execute(update(t.tiers).where(mine).values(revoque=one.at))


_INSERT_TOKENS = insert(t.jeton_utilise)
_INSERT_LINES = insert(t.ligne)
_INSERT_SEALS = insert(t.sceau)
_UPDATE_STATES = (
    update(t.telecontrole)
    .where(t.telecontrole.c.id == bindparam("one"))
    .values(etat=bindparam("now"))
)
