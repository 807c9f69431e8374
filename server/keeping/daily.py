"""Once a day, by one process of the running server."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta

import structlog

from .reports import PurgeEnCours, Reports

log = structlog.get_logger()

#: How often it is asked whether it is due.
ASKED = timedelta(minutes=5)


def due(now: datetime, hour: str, last: datetime | None) -> bool:
    """Whether none has begun since that hour, « 03:30 », was last struck; `now` in its own zone."""
    at = time.fromisoformat(hour)
    struck = now.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    if struck > now:
        struck -= timedelta(days=1)
    return last is None or last < struck


async def every_day(ask: Callable[[], Awaitable[object]], every: timedelta = ASKED) -> None:
    """For good. A day that fails (a full disk, a database that is away) is not the last one."""
    while True:
        await asyncio.sleep(every.total_seconds())
        try:
            await ask()
        except Exception:
            log.exception("purge_failed")


async def once(
    hour: str, now: datetime, reports: Reports, purge: Callable[[], Awaitable[object]]
) -> bool:
    """Where it is due and no other process is at it; an empty `hour` is never."""
    if not hour or not due(now.astimezone(), hour, await reports.last_purge()):
        return False
    try:
        await purge()
    except PurgeEnCours:
        return False
    return True
