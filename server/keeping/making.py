"""A purge of this installation, by its settings: for the command and for the running server."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog

from server.config import Config

from .purge import Purge, Stores, Told
from .reports import Reports
from .terms import Terms

log = structlog.get_logger()


def purge_of(config: Config, stores: Stores, reports: Reports, now: datetime, told: Told) -> Purge:
    return Purge(stores, reports, Terms.at(now, config), config.keep_batch, told)


async def purged(
    config: Config, stores: Stores, reports: Reports, clock: Callable[[], datetime]
) -> dict[str, Any]:
    """As the running server does it: what went is in the log, in numbers."""
    purge = purge_of(config, stores, reports, clock(), lambda _kind, _count: None)
    report = await purge.run()
    for kind, count in report["effaces"].items():
        log.info("purged", reason=kind, count=count)
    return report
