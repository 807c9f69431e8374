"""The purge: everything past its time goes, some rows in each transaction, counted as it goes.

Between two transactions others write for as long as the last one took. What was done is done: who
is killed is followed by another that goes on.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import ColumnElement, delete, exists, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.apart.database import Away
from server.journal.lines import Access, operator
from server.journal.store import Journal, Wanted
from server.notes.store import NotesStore
from server.store import schema as t
from server.store.database import Database
from server.store.sql import written

from . import whole
from .reports import Reports, Run
from .terms import Kind, Rule, Terms, rules, whole_due

log = structlog.get_logger()

#: What went just now: a kind, and how many in all so far.
Told = Callable[[Kind, int], None]


@dataclass(frozen=True, slots=True)
class Stores:
    """The three databases that things go from."""

    main: Database
    notes: NotesStore
    journal: Journal


class Purge:
    """One purge at `terms`; `batch`: rows, or télécontrôles, in one transaction."""

    def __init__(
        self, stores: Stores, reports: Reports, terms: Terms, batch: int, told: Told
    ) -> None:
        self._stores = stores
        self._reports = reports
        self._terms = terms
        self._batch = batch
        self._told = told
        self._missing: set[Kind] = set()

    async def run(self) -> dict[str, Any]:
        """The signed report.

        :raises PurgeEnCours: another process purges.
        """
        run = await self._reports.begin()
        for rule in rules(self._terms):
            await self._rows(run, rule)
        if await self._apart(Kind.NOTES, self._notes(run)):
            await self._wholes(run)
        else:
            # Without its record, nothing would say whose notes these are, nor that they are due.
            self._missing |= {Kind.WHOLE, Kind.PEOPLE}
        await self._apart(Kind.JOURNAL, self._journal(run))
        await self._stores.main.settle()
        return await self._reports.end(
            run, self._terms.told(), [str(kind) for kind in self._missing]
        )

    # --- row by row -----------------------------------------------------------------------------

    async def _rows(self, run: Run, rule: Rule) -> None:
        key = list(rule.table.primary_key.columns)
        most = min(self._batch, rule.most or self._batch)
        after: tuple[Any, ...] | None = None
        while True:
            began = time.monotonic()
            async with self._stores.main.write() as connection:
                found = await _some(connection, rule, key, after, most)
                if not found:
                    return
                await wiping(connection)
                mine = tuple_(*key).in_(found)
                gone = update(rule.table).values(rule.values) if rule.values else delete(rule.table)
                await connection.execute(gone.where(mine))
                await self._reports.count(connection, run, {rule.kind: len(found)})
            after = found[-1]
            self._told(rule.kind, run.counts[rule.kind])
            await asyncio.sleep(time.monotonic() - began)

    # --- whole télécontrôles ---------------------------------------------------------------------

    async def _wholes(self, run: Run) -> None:
        while True:
            began = time.monotonic()
            async with self._stores.main.write() as connection:
                ids = await whole.due(connection, self._terms, self._batch)
                if not ids:
                    return
                await wiping(connection)
                people = await whole.destroy(connection, ids, self._terms.now)
                gone: dict[str, int] = {Kind.WHOLE: len(ids), Kind.PEOPLE: people}
                await self._reports.count(connection, run, gone)
            self._told(Kind.WHOLE, run.counts[Kind.WHOLE])
            await asyncio.sleep(time.monotonic() - began)

    # --- the other two databases -----------------------------------------------------------------

    async def _apart(self, kind: Kind, work: Any) -> bool:
        """False, and said in the report: that database is away."""
        try:
            await work
        except Away as wrong:
            log.error("purge_incomplete", code=wrong.code, reason=str(kind))
            self._missing.add(kind)
            return False
        return True

    async def _notes(self, run: Run) -> None:
        """On the journal before they are destroyed; counted right after: they are elsewhere."""
        async for page in self._kept_notes():
            for one in page:
                await self._stores.journal.write(operator(), Access.NOTE_ERASED, one)
                if await self._stores.notes.erase(one):
                    async with self._stores.main.write() as connection:
                        await self._reports.count(connection, run, {Kind.NOTES: 1})
            if page:
                self._told(Kind.NOTES, run.counts[Kind.NOTES])

    async def _kept_notes(self) -> Any:
        """Of what the notes' database holds, page after page, what is due."""
        last = ""
        while kept := await self._stores.notes.telecontroles(last, self._batch):
            last = kept[-1]
            async with self._stores.main.read() as connection:
                yield await notes_due(connection, kept, self._terms)

    async def _journal(self, run: Run) -> None:
        gone = await self._stores.journal.purge(self._terms.journal, operator())
        if gone:
            async with self._stores.main.write() as connection:
                await self._reports.count(connection, run, {Kind.JOURNAL: gone})
            self._told(Kind.JOURNAL, gone)

    # --- what would go ---------------------------------------------------------------------------

    async def would(self) -> Mapping[Kind, int]:
        """How much of each kind is due; nothing is changed. Of the other two databases, as far as
        they are there."""
        found: dict[Kind, int] = {}
        async with self._stores.main.read() as connection:
            for rule in rules(self._terms):
                some = await _count(connection, rule.table, rule.due)
                found[rule.kind] = found.get(rule.kind, 0) + some
            due = whole_due(written(self._terms.record))
            found[Kind.WHOLE] = await _count(connection, t.telecontrole, due)
            stays = select(1).where(t.telecontrole.c.assure == t.assure.c.id, ~due)
            has = select(1).where(t.telecontrole.c.assure == t.assure.c.id)
            alone = exists(has), ~exists(stays)
            found[Kind.PEOPLE] = await _count(connection, t.assure, *alone)
        try:
            found[Kind.NOTES] = sum([len(page) async for page in self._kept_notes()])
            old = await self._stores.journal.find(Wanted(end=self._terms.journal))
            found[Kind.JOURNAL] = len(old)
        except Away as wrong:
            log.error("purge_incomplete", code=wrong.code)
        return found


async def notes_due(connection: AsyncConnection, kept: Sequence[str], terms: Terms) -> list[str]:
    """Of these, those whose télécontrôle is past the notes' time or was destroyed. One that is
    only not there is left: this may be the wrong database, or an older copy."""
    of, before = t.telecontrole.c, written(terms.notes)
    past = select(of.id).where(of.id.in_(kept), whole_due(before))
    gone = select(t.efface.c.telecontrole).where(t.efface.c.telecontrole.in_(kept))
    due = {*(await connection.scalars(past)), *(await connection.scalars(gone))}
    return [one for one in kept if one in due]


async def wiping(connection: AsyncConnection) -> None:
    """SQLite writes over what goes, and does not only give its place free."""
    if connection.dialect.name == "sqlite":
        await connection.exec_driver_sql("PRAGMA secure_delete=ON")


async def _some(
    connection: AsyncConnection,
    rule: Rule,
    key: Sequence[ColumnElement[Any]],
    after: tuple[Any, ...] | None,
    most: int,
) -> list[tuple[Any, ...]]:
    query = select(*key).where(rule.due).order_by(*key).limit(most)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    return [tuple(row) for row in await connection.execute(query)]


async def _count(connection: AsyncConnection, table: Any, *due: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(table).where(*due)
    return await connection.scalar(query) or 0
