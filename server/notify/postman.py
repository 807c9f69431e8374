"""The postman: every channel carried on its own, and what it is too late for put on record."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from controle.convocation import Canal
from server.config import Config
from server.store.sql import RegistreSql

from . import judgement, outbox
from .carrier import Carrier, Pace
from .drafts import Drafts
from .endings import Endings
from .parcel import Sender

log = structlog.get_logger()


class Postman:
    """Several may work on one database, in one process or in many (docs/decisions/0013)."""

    carrier: type[Carrier] = Carrier

    def __init__(
        self,
        *,
        registre: RegistreSql,
        senders: Mapping[Canal, Sender],
        drafts: Drafts,
        endings: Endings,
        clock: Callable[[], datetime],
        config: Config,
        worker: str = "",
    ) -> None:
        self._registre = registre
        self._endings = endings
        self._clock = clock
        self._pace = pace_of(config)
        worker = worker or secrets.token_hex(8)
        self._carriers = [
            self.carrier(
                registre=registre,
                sender=sender,
                drafts=drafts,
                endings=endings,
                clock=clock,
                pace=self._pace,
                worker=worker,
            )
            for sender in senders.values()
        ]
        self._idle = [channel for channel in Canal if channel not in senders]
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Until cancelled. A channel that is stuck does not delay the other."""
        async with asyncio.TaskGroup() as together:
            work = [carrier.run() for carrier in self._carriers]
            self._tasks = [together.create_task(one) for one in (*work, self._watch_idle())]

    @property
    def running(self) -> bool:
        """Each channel is being looked after; /readyz asks."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    def nudge(self) -> None:
        """Something new may be due: look at once."""
        for carrier in self._carriers:
            carrier.nudge()

    async def once(self) -> int:
        """One pass over all that is due; how many messages were handed over."""
        counts = [await carrier.once() for carrier in self._carriers]
        await self.expire()
        return sum(counts)

    async def _watch_idle(self) -> None:
        while True:
            try:
                await self.expire()
            except Exception:
                log.exception("outbox_expiry_failed")
            await asyncio.sleep(self._pace.poll.total_seconds())

    async def expire(self) -> None:
        """By a channel that has no sender (and by letter) things wait, until it is too late."""
        now = self._clock()
        async with self._registre.lecture() as unite:
            if not await outbox.any_expired(unite.connection, now, self._idle):
                return
        async with self._registre.transaction() as unite:
            late = await outbox.expired(unite.connection, now, self._idle, self._pace.batch)
            for envoi in late:
                ruling = judgement.ruling(envoi, now, idempotent=False)
                await self._endings.settle(unite, envoi, ruling, now)


def pace_of(config: Config) -> Pace:
    return Pace(
        poll=config.outbox_poll,
        lease=config.outbox_lease,
        backoff=tuple(timedelta(minutes=float(minutes)) for minutes in config.outbox_backoff),
        batch=config.outbox_batch,
    )
