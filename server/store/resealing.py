"""A rotation of the vault's key, while the service runs: every value that the service's own key has
sealed is sealed anew, some at a time, and then the former keys are destroyed.

People's data keys stay what they are: of their rows, only the sealed key changes. A rotation that
was killed goes on where it was: what is done already is told by the name of its key.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, func, select, tuple_, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from certs.key_index import KeyRingDamaged
from server.identity.vault import BY_PERSON, Unreadable
from server.identity.vault_keys import DERIVED

from . import schema as t
from .database import Database
from .sealed import MARK, PURPOSE, safe_of, under_person

BATCH = 500

#: How far it is: what, how many are done, of how many.
Told = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column that the service's own key seals; `bound`: the columns that it is bound to."""

    table: Table
    column: str
    purpose: str
    bound: tuple[str, ...]


#: Every one of them: what is not here is lost with the next rotation. A test looks for it.
SEALED = (
    Sealed(t.assure, "cle", PURPOSE, ("id",)),
    Sealed(t.lien, "scelle", "lien", ("telecontrole",)),
    Sealed(t.requete, "reponse", "requete.reponse", ("cle_api", "cle")),
    Sealed(t.professionnel, "totp", "totp", ("genre", "sujet")),
    Sealed(t.connexion_en_cours, "scelle", "connexion_en_cours", ("etat",)),
    Sealed(t.session_fournisseur, "scelle", "id_token", ("reference",)),
)


@dataclass(slots=True)
class Done:
    """What a rotation has come to."""

    key: int
    resealed: int = 0
    #: Values that no key opens: altered, or sealed with another `secret`.
    unreadable: dict[str, int] = field(default_factory=dict)
    retired: list[int] = field(default_factory=list)


class Resealing:
    """`told`: hears how far it is; `rest`: comes back when whoever has read, or is about to write,
    under the former keys is done. `abandon`: what no key opens is given up, and the former keys are
    destroyed all the same.

    :raises KeyRingDamaged: this database's vault has no ring.
    """

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], datetime],
        told: Told,
        rest: Callable[[], Awaitable[None]],
        batch: int = BATCH,
        abandon: bool = False,
    ) -> None:
        vault = database.safe.vault
        if vault.keys is None:
            raise KeyRingDamaged("a vault without a ring does not rotate")
        self._database = database
        self._vault = vault
        self._keys = vault.keys
        self._now = now
        self._told = told
        self._rest = rest
        self._batch = batch
        self._abandon = abandon

    async def rotate(self) -> Done:
        """A new key, everything under it, the former ones destroyed unless something is left that
        nobody can open. One that was interrupted is ended first."""
        interrupted = [number for number in self._keys.former() if number != DERIVED]
        done = Done(self._keys.current[0] if interrupted else self._keys.rotate(self._now()))
        await self._all(done)
        # Somebody may have begun to write under the former key just before it was replaced; and
        # who has read what was sealed under it must have time to open it.
        while True:
            await self._rest()
            if not await self._all(done):
                break
        if self._abandon or not done.unreadable:
            done.retired = self._keys.retire(self._now())
        await self._database.settle()
        return done

    async def _all(self, done: Done) -> int:
        """How many were sealed anew."""
        done.unreadable.clear()
        before = done.resealed
        for one in SEALED:
            await self._column(one, done)
        await self._older(done)
        return done.resealed - before

    # --- by the service's key -------------------------------------------------------------------

    async def _column(self, one: Sealed, done: Done) -> None:
        column, key = one.table.c[one.column], list(one.table.primary_key.columns)
        left = and_(column != "", column.is_not(None), ~column.startswith(f"k{done.key}."))
        names = sorted({*one.bound, *(part.name for part in key)})
        query = select(column.label("sealed"), *(one.table.c[name] for name in names)).where(left)

        async def change(connection: AsyncConnection, row: Row[Any]) -> None:
            place = "\0".join(row._mapping[name] for name in one.bound)
            text = self._vault.open_text(one.purpose, place, row.sealed)
            await connection.execute(
                update(one.table)
                .where(*(part == row._mapping[part.name] for part in key))
                .values({one.column: self._vault.seal_text(one.purpose, place, text)})
            )

        await self._through(one.table.name, query, key, change, done)

    # --- what it has sealed before people had keys ----------------------------------------------

    async def _older(self, done: Done) -> None:
        envoi, piece = t.envoi.c, t.piece.c
        theirs = t.assure.c.id.label("whose"), t.assure.c.cle
        words = (
            select(envoi.id, envoi.contenu.label("sealed"), *theirs)
            .join(t.telecontrole, t.telecontrole.c.id == envoi.telecontrole)
            .join(t.assure, t.assure.c.id == t.telecontrole.c.assure)
            .where(envoi.contenu.is_not(None), envoi.contenu != "", ~under_person(envoi.contenu))
        )
        await self._through("envoi", words, [envoi.id], self._words, done)
        documents = (
            select(piece.justification.label("id"), piece.contenu.label("sealed"), *theirs)
            .join(t.justification, t.justification.c.id == piece.justification)
            .join(t.telecontrole, t.telecontrole.c.id == t.justification.c.telecontrole)
            .join(t.assure, t.assure.c.id == t.telecontrole.c.assure)
            .where(func.substr(piece.contenu, 1, 1) != BY_PERSON)
        )
        # One at a time: some megabytes each.
        await self._through("piece", documents, [piece.justification], self._document, done, most=1)

    async def _words(self, connection: AsyncConnection, row: Row[Any]) -> None:
        whose = safe_of(connection).person(row.whose, row.cle)
        told = self._vault.open_text("envoi", row.id, row.sealed) if whose else ""
        sealed = whose.seal_text("envoi", row.id, told) if whose else MARK
        await connection.execute(
            update(t.envoi).where(t.envoi.c.id == row.id).values(contenu=sealed)
        )

    async def _document(self, connection: AsyncConnection, row: Row[Any]) -> None:
        whose = safe_of(connection).person(row.whose, row.cle)
        told = self._vault.open("piece", row.id, row.sealed) if whose else b""
        sealed = whose.seal("piece", row.id, told) if whose else BY_PERSON
        await connection.execute(
            update(t.piece).where(t.piece.c.justification == row.id).values(contenu=sealed)
        )

    # --- some at a time -------------------------------------------------------------------------

    async def _through(
        self,
        name: str,
        query: Select[Any],
        key: Sequence[ColumnElement[Any]],
        change: Callable[[AsyncConnection, Row[Any]], Awaitable[None]],
        done: Done,
        *,
        most: int | None = None,
    ) -> None:
        """Batch after batch by their key, each in a transaction of its own; between two of them,
        others write for as long as it has taken."""
        total, count = await self._count(query), 0
        after: tuple[Any, ...] | None = None
        while total:
            began = time.monotonic()
            async with self._database.write() as connection:
                await _wiping(connection)
                rows = await _some(connection, query, key, after, most or self._batch)
                for row in rows:
                    try:
                        await change(connection, row)
                        done.resealed += 1
                    except Unreadable:
                        done.unreadable[name] = done.unreadable.get(name, 0) + 1
            if not rows:
                return
            after = tuple(rows[-1][-len(key) :])
            count += len(rows)
            self._told(name, count, max(total, count))
            await asyncio.sleep(time.monotonic() - began)

    async def _count(self, query: Select[Any]) -> int:
        async with self._database.read() as connection:
            count = select(func.count()).select_from(query.subquery())
            return await connection.scalar(count) or 0


async def _some(
    connection: AsyncConnection,
    query: Select[Any],
    key: Sequence[ColumnElement[Any]],
    after: tuple[Any, ...] | None,
    most: int,
) -> Sequence[Any]:
    """The next ones; their key stands last in each row."""
    query = query.add_columns(*(part.label(f"key_{n}") for n, part in enumerate(key)))
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    found: Sequence[Any] = (await connection.execute(query.order_by(*key).limit(most))).all()
    return found


async def _wiping(connection: AsyncConnection) -> None:
    """What was sealed under a key that will be destroyed is written over."""
    if connection.dialect.name == "sqlite":
        await connection.exec_driver_sql("PRAGMA secure_delete=ON")
