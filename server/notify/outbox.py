"""The outbox: what is due is written in the transaction that makes it due, once for each
(subject, kind, channel)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.convocation import PARTIS, Canal, EtatEnvoi, GenreEnvoi
from controle.telecontrole import Etat
from server.store import schema as t
from server.store.sealed import (
    ALTERED,
    Person,
    PersonneEffacee,
    Safe,
    person,
    person_of,
    safe_of,
    shown,
)
from server.store.sql import read, written

#: What an address is sealed for, with the row's id.
RECIPIENT = "envoi.destinataire"


@dataclass(frozen=True, slots=True)
class Due:
    """A message to write. `start`: not before; `until`: too late from then on (None: never)."""

    telecontrole: str
    kind: GenreEnvoi
    channel: Canal
    to: str
    language: str
    start: datetime
    until: datetime | None = None
    #: What it is about when that is not the télécontrôle: an in-person appointment.
    subject: str = ""
    rank: int = 0
    #: Rendered and sealed already (a code, which is kept nowhere else).
    content: str | None = None
    version: str = ""
    #: Whom it is for, where the caller knows; empty: it is looked for.
    assure: str = ""


async def put(connection: AsyncConnection, due: Due, now: datetime, identifier: str = "") -> str:
    """Write it; its id. A second one of the same subject, kind and channel is a bug and fails.

    :raises PersonneEffacee: whom it is for was erased.
    """
    identifier = identifier or str(uuid4())
    if due.assure:
        whose = await person(connection, due.assure)
    else:
        found = await person_of(connection, due.telecontrole)
        if found is None:
            raise PersonneEffacee
        whose = found
    to = whose.seal_text(RECIPIENT, identifier, due.to)
    await connection.execute(_PUT, _row(identifier, due, to, now))
    return identifier


_PUT = insert(t.envoi)


def _row(identifier: str, due: Due, to: str, now: datetime) -> Mapping[str, object]:
    return {
        "id": identifier,
        "telecontrole": due.telecontrole,
        "sujet": due.subject or due.telecontrole,
        "genre": str(due.kind),
        "canal": str(due.channel),
        "rang": due.rank,
        "destinataire": to,
        "langue": due.language,
        "etat": str(EtatEnvoi.PREPARE),
        "du": written(due.start),
        "limite": written(due.until) if due.until else None,
        "prochain": written(due.start),
        "essais": 0,
        "incertains": 0,
        "version": due.version,
        "contenu": due.content,
        "motif": "",
        "cree": written(now),
    }


async def next_rank(connection: AsyncConnection, telecontrole: str, kind: GenreEnvoi) -> int:
    """For the one kind of which there may be several: codes."""
    ranks = await connection.scalars(_RANKS, {"of": telecontrole, "kind": str(kind)})
    return max(ranks, default=-1) + 1


_RANKS = select(t.envoi.c.rang).where(
    t.envoi.c.telecontrole == bindparam("of"), t.envoi.c.genre == bindparam("kind")
)


async def withdraw(
    connection: AsyncConnection, subject: str, kinds: Collection[GenreEnvoi]
) -> None:
    """What has not left yet does not leave any more."""
    await connection.execute(
        update(t.envoi)
        .where(
            t.envoi.c.sujet == subject,
            t.envoi.c.genre.in_([str(kind) for kind in kinds]),
            t.envoi.c.etat == str(EtatEnvoi.PREPARE),
        )
        .values(etat=str(EtatEnvoi.RETIRE))
    )


# --- what is due now ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Envoi:
    """One row, with where its télécontrôle (and its in-person appointment) stands today."""

    id: str
    telecontrole: str
    subject: str
    kind: GenreEnvoi
    channel: Canal
    to: str
    language: str
    state: EtatEnvoi
    until: datetime | None
    #: Attempts begun, and those whose end nobody knows.
    attempts: int
    unsure: int
    #: Who has it in hand; None of a row that nobody has.
    holder: str | None
    lease: datetime | None
    version: str
    content: str | None
    sent: datetime | None
    caisse: str
    assure: str
    standing: Etat
    #: The state of the in-person appointment that it is about, if it is about one.
    booking: str | None
    #: What opens and seals its words; None: whom it was for was erased, or its row was altered.
    person: Person | None

    @property
    def in_person(self) -> bool:
        return self.subject != self.telecontrole

    def too_late(self, now: datetime) -> bool:
        return self.until is not None and now >= self.until


ENVOI: Select[Any] = (
    select(
        t.envoi,
        t.telecontrole.c.etat.label("standing"),
        t.telecontrole.c.caisse,
        t.telecontrole.c.assure,
        t.assure.c.cle,
        t.rendez_vous.c.etat.label("booking"),
    )
    .join(t.telecontrole, t.telecontrole.c.id == t.envoi.c.telecontrole)
    .join(t.assure, t.assure.c.id == t.telecontrole.c.assure)
    .outerjoin(t.rendez_vous, t.rendez_vous.c.id == t.envoi.c.sujet)
)


def is_due(now: datetime | None) -> ColumnElement[bool]:
    """At `now`; None: at the parameter `at` of the statement."""
    at = bindparam("at", type_=t.INSTANT) if now is None else written(now)
    return or_(
        and_(t.envoi.c.etat == str(EtatEnvoi.PREPARE), t.envoi.c.prochain <= at),
        and_(t.envoi.c.etat == str(EtatEnvoi.CONFIE), t.envoi.c.bail <= at),
    )


#: Made once: it is asked every few seconds, by each channel.
DUE = (
    ENVOI.where(t.envoi.c.canal == bindparam("channel"), is_due(None))
    .order_by(
        t.envoi.c.genre != str(GenreEnvoi.CODE),
        t.envoi.c.prochain,
        t.envoi.c.id < bindparam("pivot"),
        t.envoi.c.id,
    )
    .limit(bindparam("most"))
)


async def due(
    connection: AsyncConnection, now: datetime, channel: Canal, limit: int, pivot: str = ""
) -> list[Envoi]:
    """What this channel has to send now, and what a server that fell silent had in hand. Codes
    come first: somebody waits for one at the door.

    `pivot`: an id to begin at among those of one instant, so that two servers do not reach for the
    same ones.
    """
    known = {"channel": str(channel), "at": written(now), "pivot": pivot, "most": limit}
    safe = safe_of(connection)
    return [_read(row, safe) for row in (await connection.execute(DUE, known)).mappings()]


async def due_again(
    connection: AsyncConnection, now: datetime, identifiers: Collection[str]
) -> list[Envoi]:
    """Those of them that are still due: while this transaction writes, no other server does."""
    return await _envois(connection, ENVOI.where(t.envoi.c.id.in_(identifiers), is_due(now)))


async def any_expired(
    connection: AsyncConnection, now: datetime, channels: Collection[Canal]
) -> bool:
    """Whether there is anything of `expired`: one row, to ask often."""
    late = select(t.envoi.c.id).where(*_is_expired(now, channels)).limit(1)
    return await connection.scalar(late) is not None


async def expired(
    connection: AsyncConnection, now: datetime, channels: Collection[Canal], limit: int
) -> list[Envoi]:
    """What it has become too late for, by channels that nothing leaves by."""
    return await _envois(connection, ENVOI.where(*_is_expired(now, channels)).limit(limit))


def _is_expired(now: datetime, channels: Collection[Canal]) -> Sequence[ColumnElement[bool]]:
    c = t.envoi.c
    return (
        c.etat == str(EtatEnvoi.PREPARE),
        c.limite <= written(now),
        c.canal.in_([str(channel) for channel in channels]),
    )


async def held(connection: AsyncConnection, identifiers: Collection[str]) -> dict[str, Envoi]:
    """These rows as they are now, each by its id."""
    query = ENVOI.where(t.envoi.c.id.in_(identifiers))
    return {envoi.id: envoi for envoi in await _envois(connection, query)}


async def by_receipt(
    connection: AsyncConnection, channel: Canal, key: str, reference: str
) -> Envoi | None:
    """Which message a receipt is about: by our own key, or else by the provider's name for it."""
    named = t.envoi.c.id == key if key else t.envoi.c.reference == reference
    query = ENVOI.where(named, t.envoi.c.canal == str(channel))
    found = await _envois(connection, query.limit(1))
    return found[0] if found else None


async def siblings(connection: AsyncConnection, envoi: Envoi) -> list[Envoi]:
    """Every message about the same appointment."""
    return await _envois(connection, ENVOI.where(t.envoi.c.sujet == envoi.subject))


async def change(connection: AsyncConnection, envoi: Envoi, **values: object) -> None:
    """Write these columns; an instant as text, a state as its value."""
    await connection.execute(
        update(t.envoi).where(t.envoi.c.id == envoi.id).values(_written(values))
    )


async def change_all(
    connection: AsyncConnection, changes: Sequence[tuple[Envoi, Mapping[str, object]]]
) -> None:
    """The same columns of many rows, in one statement."""
    if not changes:
        return
    columns: dict[str, Any] = {name: bindparam(f"new_{name}") for name in changes[0][1]}
    await connection.execute(
        update(t.envoi).where(t.envoi.c.id == bindparam("which")).values(columns),
        [
            {"which": envoi.id} | {f"new_{n}": v for n, v in _written(values).items()}
            for envoi, values in changes
        ],
    )


def _written(values: Mapping[str, object]) -> dict[str, object]:
    return {
        name: written(value) if isinstance(value, datetime) else value
        for name, value in values.items()
    }


async def _envois(connection: AsyncConnection, query: Select[Any]) -> list[Envoi]:
    safe = safe_of(connection)
    return [_read(row, safe) for row in (await connection.execute(query)).mappings()]


def _read(row: RowMapping, safe: Safe) -> Envoi:
    whose = safe.seen(row["assure"], row["cle"])
    to = shown(whose, RECIPIENT, row["id"], row["destinataire"])
    return Envoi(
        id=row["id"],
        telecontrole=row["telecontrole"],
        subject=row["sujet"],
        kind=GenreEnvoi(row["genre"]),
        channel=Canal(row["canal"]),
        to=to,
        language=row["langue"],
        state=EtatEnvoi(row["etat"]),
        until=read(row["limite"]) if row["limite"] else None,
        attempts=row["essais"],
        unsure=row["incertains"],
        holder=row["porteur"],
        lease=read(row["bail"]) if row["bail"] else None,
        version=row["version"],
        content=row["contenu"],
        sent=read(row["envoye"]) if row["envoye"] else None,
        caisse=row["caisse"],
        assure=row["assure"],
        standing=Etat(row["standing"]),
        booking=row["booking"],
        # What was altered leads nowhere: it is lost, and a person is told.
        person=None if to == ALTERED else whose,
    )


# --- how far it is ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Progress:
    """The outbox in numbers; `oldest`: since when the longest waiting message is due."""

    waiting: int
    sending: int
    sent: int
    failed: int
    expired: int
    oldest: datetime | None


async def progress(connection: AsyncConnection, now: datetime) -> Progress:
    """What is due and has not left, and what became of the rest in the last 24 hours. Letters are
    not counted: a person posts them, and a task says so."""
    at, since = written(now), written(now - timedelta(days=1))
    posted = t.envoi.c.canal != str(Canal.COURRIER)
    late, recent = is_due(now) & posted, t.envoi.c.prochain >= since

    async def count(*conditions: ColumnElement[bool]) -> int:
        return await connection.scalar(select(func.count()).where(*conditions)) or 0

    oldest = await connection.scalar(select(func.min(t.envoi.c.du)).where(late))
    holding = t.envoi.c.bail > at
    return Progress(
        waiting=await count(late),
        sending=await count(t.envoi.c.etat == str(EtatEnvoi.CONFIE), holding),
        sent=await count(t.envoi.c.etat.in_([str(s) for s in PARTIS]), t.envoi.c.envoye >= since),
        failed=await count(t.envoi.c.etat == str(EtatEnvoi.ECHEC), recent),
        expired=await count(t.envoi.c.etat == str(EtatEnvoi.PERIME), recent),
        oldest=read(oldest) if oldest else None,
    )
