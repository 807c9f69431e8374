"""The command `journal`: what an auditor asks of the access journal."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

from server.apart.database import Away
from server.apart.key_files import KeyFiles
from server.config import Config
from server.offline import refuse, say

from .lines import LABELS, Access, Line, operator
from .store import Journal, Wanted

T = TypeVar("T")


def verify(config: Config) -> int:
    """Exit status: 0 whole, 1 altered or cut."""

    async def work(journal: Journal) -> int:
        count, wrong = await journal.verify()
        for sentence in wrong:
            say(sentence)
        say(f"{count} ligne(s) : {'altéré' if wrong else 'intact'}.")
        return 1 if wrong else 0

    return _within(config, work)


def purge(config: Config) -> int:
    """What is older than `journal_keep` goes; a line says so."""

    async def work(journal: Journal) -> int:
        gone = await journal.purge(_now() - config.journal_keep, operator())
        say(f"{gone} ligne(s) de plus de {config.journal_keep.days} jours effacée(s).")
        return 0

    return _within(config, work)


def show(config: Config, telecontrole: str, person: str, start: str, end: str) -> int:
    """Days are UTC's, the last one included. To have looked is on the journal too."""
    try:
        wanted = Wanted(
            telecontrole=telecontrole,
            who=person,
            start=_midnight(start) if start else None,
            end=_midnight(end) + timedelta(days=1) if end else None,
        )
    except ValueError:
        return refuse("une date s'écrit « 2026-11-01 ».")

    async def work(journal: Journal) -> int:
        lines = await journal.find(wanted)
        await journal.write(operator(), Access.JOURNAL_READ, telecontrole[:36], person[:36])
        for line in lines:
            say(_words(line))
        say(f"{len(lines)} ligne(s).")
        return 0

    return _within(config, work)


def _words(line: Line) -> str:
    label = LABELS[Access(line.kind)] if line.kind in list(Access) else line.kind
    target = "" if line.kind == Access.JOURNAL_PURGED else line.target
    cells = (line.at, line.who.role, line.who.id, label, line.telecontrole, target)
    return "  ".join(cell or "-" for cell in (*cells, line.who.session))


def _within(config: Config, work: Callable[[Journal], Awaitable[int]]) -> int:
    async def run() -> int:
        keys = KeyFiles(config.journal_keys)
        journal = Journal(config.journal_database, keys, _now)
        try:
            return await work(journal)
        finally:
            await journal.close()

    try:
        return asyncio.run(run())
    except Away as wrong:
        return refuse(f"journal : {wrong.message}")


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(0), UTC)


def _now() -> datetime:
    return datetime.now(UTC)
