"""The other places that know our heads: how far each is, when it is tried again.

Nothing waits for them. What one refuses is tried again after a while that doubles; how far it is
and when its turn comes is in the store, so that one process of several sends, and a restart
forgets nothing.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy import func, insert, select, update

from controle.temoignage import TeteRegistre
from server.clock import SystemClock
from server.store import schema as t
from server.store.database import Database
from server.store.sql import read, written

log = structlog.get_logger()

#: Heads that are taken to a place at once.
PORTION = 500
#: A place that is away is asked again after this, then after twice as long, up to the second.
AGAIN, AGAIN_AT_MOST = timedelta(seconds=15), timedelta(hours=1)
#: How long one attempt may last before another process may try.
LEASE = timedelta(minutes=5)


class NotTaken(Exception):
    """The place did not take them; the reason is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Sent:
    """A head, and the changes beside it as they are stored (JSON)."""

    head: TeteRegistre
    changes: str


class Place(Protocol):
    """Somewhere that who can write the store cannot rewrite."""

    name: str
    #: How often it takes something; zero: whenever there is a head.
    every: timedelta
    #: It takes the last head only, which holds all the others.
    last_only: bool

    async def known(self) -> tuple[int, str] | None:
        """The last head it has (number, hash), where it can tell; number 0: none."""

    async def take(self, heads: Sequence[Sent]) -> None:
        """:raises NotTaken: and none of them counts as taken."""


class Watch(Protocol):
    """Who measures."""

    def head_refused(self, place: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a place is: for /metrics."""

    name: str
    behind: int
    #: When it last took something.
    taken: datetime | None


class Places:
    """`places`: those that are set."""

    def __init__(
        self, database: Database, clock: SystemClock, places: Sequence[Place], watch: Watch
    ) -> None:
        self._database = database
        self._clock = clock
        self._places = places
        self._watch = watch

    async def tell(self) -> None:
        """Whoever is due is told what it does not know yet. Never raises for what a place does."""
        await asyncio.gather(*(self._tell(place) for place in self._places))

    async def _tell(self, place: Place) -> None:
        while await self._due(place):
            try:
                more = await self._hand_over(place)
            except NotTaken as wrong:
                reason = wrong.reason
            except Exception as wrong:
                reason = type(wrong).__name__
            else:
                if not more:
                    return
                continue
            # At once for who watches, in words of a closed list.
            log.warning("head_not_taken", namespace=place.name, reason=reason)
            self._watch.head_refused(place.name)
            await self._later(place)
            return

    async def _hand_over(self, place: Place) -> bool:
        """Whether it took a full portion: then there may be more."""
        number = await self._number(place)
        heads = await self._after(number, last_only=place.last_only)
        if heads:
            await place.take(heads)
        more = len(heads) == PORTION
        await self._taken(place, heads[-1].head.numero if heads else number, more=more)
        return more

    async def _number(self, place: Place) -> int:
        """The last head that it has; what it says itself counts more than what we noted.

        :raises NotTaken: it has a head that is not ours: this store is an older copy, or another.
        """
        known = await place.known()
        async with self._database.read() as connection:
            if known is None:
                query = select(t.temoin.c.numero).where(t.temoin.c.nom == place.name)
                return int(await connection.scalar(query) or 0)
            number, digest = known
            query = select(t.tete.c.empreinte).where(t.tete.c.numero == number)
            if number and await connection.scalar(query) != digest:
                raise NotTaken("contradiction")
        return number

    async def _after(self, number: int, *, last_only: bool) -> list[Sent]:
        query = select(t.tete.c.contenu, t.tete.c.changements).where(t.tete.c.numero > number)
        order = t.tete.c.numero.desc() if last_only else t.tete.c.numero
        query = query.order_by(order).limit(1 if last_only else PORTION)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [Sent(TeteRegistre.depuis_dict(json.loads(row[0])), row[1]) for row in rows]

    # --- whose turn it is -----------------------------------------------------------------------

    async def _due(self, place: Place) -> bool:
        """Claimed, for the time of a lease: no other process tries meanwhile."""
        now = self._clock()
        c = t.temoin.c
        mine = update(t.temoin).where(c.nom == place.name, c.prochain <= written(now))
        async with self._database.read() as connection:
            row = (await connection.execute(select(t.temoin).where(c.nom == place.name))).first()
            last = await connection.scalar(select(func.max(t.tete.c.numero)))
        if row is not None and (read(row.prochain) > now or row.numero == last):
            return False
        async with self._database.write() as connection:
            if row is None:
                values = {"nom": place.name, "numero": 0, "essais": 0}
                await connection.execute(
                    insert(t.temoin).values(prochain=written(now + LEASE), **values)
                )
                return True
            claimed = await connection.execute(mine.values(prochain=written(now + LEASE)))
            return bool(claimed.rowcount)

    async def _taken(self, place: Place, number: int, *, more: bool) -> None:
        now = self._clock()
        after = now if more else now + place.every
        await self._note(
            place, numero=number, instant=written(now), essais=0, prochain=written(after)
        )

    async def _later(self, place: Place) -> None:
        async with self._database.read() as connection:
            query = select(t.temoin.c.essais).where(t.temoin.c.nom == place.name)
            tries = int(await connection.scalar(query) or 0)
        pause = min(AGAIN * 2 ** min(tries, 16), AGAIN_AT_MOST)
        await self._note(place, essais=tries + 1, prochain=written(self._clock() + pause))

    async def _note(self, place: Place, **values: object) -> None:
        async with self._database.write() as connection:
            await connection.execute(
                update(t.temoin).where(t.temoin.c.nom == place.name).values(**values)
            )

    async def progress(self) -> tuple[datetime | None, list[Progress]]:
        """When the last head was made, and how far each place is."""
        async with self._database.read() as connection:
            query = select(t.tete.c.contenu).order_by(t.tete.c.numero.desc()).limit(1)
            text = await connection.scalar(query)
            rows = (await connection.execute(select(t.temoin))).all()
        last = TeteRegistre.depuis_dict(json.loads(text)) if text else None
        number = last.numero if last else 0
        found = {row.nom: row for row in rows}
        return last.instant if last else None, [
            Progress(
                place.name,
                number - (found[place.name].numero if place.name in found else 0),
                read(found[place.name].instant)
                if place.name in found and found[place.name].instant
                else None,
            )
            for place in self._places
        ]
