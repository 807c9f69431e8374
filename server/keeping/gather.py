"""Reads all that is held on one person, opened, as held.py says."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.besoins import LIBELLES_BESOIN
from server.caisse.agent_view import without_secret
from server.identity.vault import Unreadable
from server.journal.store import Journal, Wanted
from server.notes.store import Kept, NotesStore
from server.notify.contents import displayed
from server.store import schema as t
from server.store.sealed import ALTERED, ERASED, Person, safe_of, shown
from server.store.sql import NEEDS, NO_NEEDS

from .erase import PersonneInconnue
from .held import HELD, Held, Told

Row = dict[str, Any]

#: What a document is called, by what it is.
SUFFIXES = {"application/pdf": "pdf", "image/jpeg": "jpg"}
PIECE = "piece"


@dataclass(slots=True)
class Gathered:
    """`tables`: by the table's name; `files`: by their path in the folder."""

    assure: str
    telecontroles: Sequence[str]
    tables: dict[str, list[Row]]
    files: dict[str, bytes] = field(default_factory=dict)


async def people_of(connection: AsyncConnection, caisse: str, reference: str) -> Sequence[str]:
    """Whom the caisse's own system calls so."""
    query = select(t.assure.c.id).where(
        t.assure.c.caisse == caisse, t.assure.c.reference == reference, t.assure.c.cle != ""
    )
    return (await connection.scalars(query.order_by(t.assure.c.id))).all()


async def gather(connection: AsyncConnection, assure: str) -> Gathered:
    """From the main store.

    :raises PersonneInconnue: nobody has this id.
    """
    kept = await connection.scalar(select(t.assure.c.cle).where(t.assure.c.id == assure))
    if kept is None:
        raise PersonneInconnue
    mine = select(t.telecontrole.c.id).where(t.telecontrole.c.assure == assure)
    ids = (await connection.scalars(mine.order_by(t.telecontrole.c.debut))).all()
    found = Gathered(assure, ids, {})
    opening = Opening(safe_of(connection).seen(assure, kept), await names(connection), found.files)
    for held in HELD:
        rows = await connection.execute(
            select(held.table).where(_theirs(held, assure, ids)).order_by(*_order(held))
        )
        found.tables[held.table.name] = [opening.row(held, row) for row in rows.mappings()]
    return found


def _theirs(held: Held, assure: str, ids: Sequence[str]) -> ColumnElement[bool]:
    """Which rows of this table are about them."""
    columns = held.table.c
    if held.table is t.assure:
        return columns.id == assure
    if held.table is t.telecontrole:
        return columns.assure == assure
    if held.table is t.piece:
        given = select(t.justification.c.id).where(t.justification.c.telecontrole.in_(ids))
        return columns.justification.in_(given)
    return columns.telecontrole.in_(ids)


def _order(held: Held) -> list[ColumnElement[Any]]:
    named = ("debut", "telecontrole", "seq", "du", "version", "cree", "instant")
    return [held.table.c[name] for name in named if name in held.table.c]


async def names(connection: AsyncConnection) -> Mapping[str, Mapping[str, str]]:
    """What ids of the directory are called: few, and nobody's secret."""
    doctors = await connection.execute(
        select(t.medecin_conseil.c.id, t.medecin_conseil.c.nom, t.medecin_conseil.c.fonction)
    )
    sites = await connection.execute(select(t.site.c.id, t.site.c.nom, t.site.c.adresse))
    caisses = await connection.execute(select(t.caisse.c.id, t.caisse.c.nom))
    return {
        "doctor": {row.id: f"{row.nom} ({row.fonction})" for row in doctors},
        "site": {row.id: f"{row.nom}, {row.adresse}" for row in sites},
        "caisse": {row.id: row.nom for row in caisses},
    }


class Opening:
    """Opens the rows of one person; documents go into `files`."""

    def __init__(
        self,
        whose: Person | None,
        called: Mapping[str, Mapping[str, str]],
        files: dict[str, bytes],
    ) -> None:
        self._whose = whose
        self._called = called
        self._files = files

    def row(self, held: Held, row: RowMapping) -> Row:
        table = held.table.name
        return {name: self._value(table, told, name, row) for name, told in held.columns.items()}

    def _value(self, table: str, told: Told, column: str, row: RowMapping) -> Any:
        value = row[column]
        if value is None or told.how == "plain":
            return value
        if told.how in self._called:
            return self._called[told.how].get(value, value)
        if told.how == "sealed":
            return shown(self._whose, f"{table}.{column}", row["id"], value)
        return getattr(self, f"_{told.how}")(row, value)

    def _needs(self, row: RowMapping, value: str) -> list[str]:
        if value == NO_NEEDS:
            return []
        text = shown(self._whose, NEEDS, row["id"], value)
        return [text] if text in (ERASED, ALTERED) else json.loads(text)

    def _message(self, row: RowMapping, value: str) -> Mapping[str, str] | None:
        """As it left; a link's secret opens an appointment, and is in no second place."""
        if not value:
            return None
        words = displayed(self._whose, row["id"], value)
        return {"objet": words.subject, "texte": without_secret(words.text)}

    def _file(self, row: RowMapping, value: bytes) -> str:
        """Where it lies in the folder."""
        if self._whose is None:
            return ERASED
        try:
            content = self._whose.open(PIECE, row["justification"], value)
        except Unreadable:
            return ALTERED
        suffix = SUFFIXES.get(row["type"], "bin")
        path = f"documents/{row['justification']}.{suffix}"
        self._files[path] = content
        return path

    def _json(self, _row: RowMapping, value: str) -> Any:
        try:
            return json.loads(value)
        except ValueError:
            return value

    def _usage(self, _row: RowMapping, value: str) -> str:
        """« entree »; of a network's count, without the hash of the network."""
        usage, of, _ = value.partition("@")
        return f"{usage} (essais depuis un même réseau)" if of else usage


async def journal_of(journal: Journal, ids: Sequence[str]) -> list[Row]:
    """Who, as a role, read what and when; the oldest first."""
    found = [line for one in ids for line in await journal.find(Wanted(telecontrole=one))]
    return [
        {
            "instant": line.at,
            "role": line.who.role,
            "genre": line.kind,
            "telecontrole": line.telecontrole,
            "objet": line.target,
        }
        for line in sorted(found, key=lambda line: line.seq)
    ]


async def notes_of(store: NotesStore, ids: Sequence[str], called: Mapping[str, str]) -> list[Row]:
    """Every version, opened with the keys of the service médical.

    :raises Away: its database or its keys are not there.
    """
    found = []
    for one in ids:
        for kept in await store.history(one):
            opened = kept if kept.text else await store.version(one, kept.version)
            found.append(_note(one, opened or kept, called))
    return found


def _note(telecontrole: str, kept: Kept, called: Mapping[str, str]) -> Row:
    return {
        "telecontrole": telecontrole,
        "version": kept.version,
        "auteur": called.get(kept.author, kept.author),
        "instant": kept.at.isoformat(),
        "contenu": kept.text,
    }


def needs_words(needs: Sequence[str]) -> str:
    words = {str(need): text for need, text in LIBELLES_BESOIN.items()}
    return " ; ".join(words.get(need, need) for need in needs)
