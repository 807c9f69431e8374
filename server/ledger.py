"""Facts written in groups: one transaction for all that arrived together, told once it is durable.

A job says what it needs of the store and brings a rule. The rules of a group are run one after
the other, in the order of arrival, over one page read for all (store/page.py); then what they
changed is written and committed, and only then do the callers hear of it. What arrives meanwhile
makes the next group; a lone job goes at once.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, Protocol, TypeVar, cast

from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from .drain import Drain
from .store.database import Database
from .store.page import Needs, Page

Result = TypeVar("Result")
Rule = Callable[[Page], Result]

#: Jobs of one transaction: some milliseconds for those who wait for something else.
MOST = 64
#: Seconds between the beginnings of two groups, while jobs keep coming: a transaction of twenty
#: costs hardly more than one of five. A lone job goes at once, and few come soon: after a group of
#: fewer than `MANY` the next is so much earlier.
PACE = 0.02
MANY = 4


class Watch(Protocol):
    """Who measures; seconds."""

    def ledger_group(self, jobs: int, seconds: float) -> None: ...

    def ledger_wait(self, seconds: float) -> None: ...


class LedgerClosed(Exception):
    """The service stops: nothing more is written."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job came to. Not the future's own exception: who asked may be gone."""

    result: Any = None
    refusal: Exception | None = None


@dataclass(slots=True)
class Job:
    needs: Needs
    rule: Rule[Any]
    done: asyncio.Future[Outcome]


class Ledger:
    """Group commit over one database.

    `most`: jobs of one group.
    """

    def __init__(self, database: Database, most: int = MOST, watch: Watch | None = None) -> None:
        self._database = database
        self._most = most
        self._watch = watch
        self._pending: list[Job] = []
        self._writer = Drain(self._write_pending, lambda: bool(self._pending), self._give_up)
        self._closed = False

    async def write(self, needs: Needs, rule: Rule[Result]) -> Result:
        """What `rule` returns, once what it changed is durable.

        `rule` must not wait for anything, looks only at what `needs` names, and changes the page
        last: if it raises, nothing of it is kept, and that is raised here.
        """
        if self._closed:
            raise LedgerClosed
        loop, asked = asyncio.get_running_loop(), perf_counter()
        job = Job(needs, rule, loop.create_future())
        self._pending.append(job)
        self._writer.wake()
        outcome = await job.done
        if self._watch is not None:
            self._watch.ledger_wait(perf_counter() - asked)
        if outcome.refusal is not None:
            raise outcome.refusal
        return cast(Result, outcome.result)

    async def close(self) -> None:
        """Take nothing more; what is pending is written first."""
        self._closed = True
        await self._writer.done()

    # --- the writer -----------------------------------------------------------------------------

    def _give_up(self) -> None:
        """Nobody may wait for ever."""
        for job in self._pending:
            job.done.cancel()
        self._pending.clear()

    async def _write_pending(self) -> None:
        while self._pending:
            began = perf_counter()
            group, self._pending = self._pending[: self._most], self._pending[self._most :]
            await self._write_group(group)
            early = PACE * min(1, len(group) / MANY) - (perf_counter() - began)
            if early > 0 and 0 < len(self._pending) < self._most:
                await asyncio.sleep(early)

    async def _write_group(self, group: Sequence[Job]) -> None:
        began = perf_counter()
        try:
            outcomes = await self._database.write_with(partial(_run, group))
        except (OperationalError, NoConnection) as wrong:
            # The store itself (locked, full, away, or all its connections taken by readings that
            # wait): alone, each would wait as long for the same.
            outcomes = [Outcome(refusal=wrong)] * len(group)
        except Exception as wrong:
            if len(group) > 1:
                # One of them cannot be written: the others must not go down with it.
                for job in group:
                    await self._write_group([job])
                return
            outcomes = [Outcome(refusal=wrong)]
        except BaseException:
            for job in group:
                job.done.cancel()
            raise
        if self._watch is not None:
            self._watch.ledger_group(len(group), perf_counter() - began)
        for job, outcome in zip(group, outcomes, strict=True):
            if not job.done.done():
                job.done.set_result(outcome)


def _run(group: Sequence[Job], connection: Connection) -> Sequence[Outcome]:
    """Read, apply each rule in its turn, write."""
    page = Page.read(connection, [job.needs for job in group])
    outcomes = [_applied(job, page) for job in group]
    page.write(connection)
    return outcomes


def _applied(job: Job, page: Page) -> Outcome:
    if job.done.done():
        # Who asked is gone before anything happened.
        return Outcome()
    try:
        return Outcome(job.rule(page))
    except Exception as refusal:
        return Outcome(refusal=refusal)
