"""The year: a caisse that plans, a postman that works, dies and comes back, and who looks on."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import uvloop

from controle.convocation import Canal
from server.notify.parcel import Sender
from server.notify.postman import Postman
from server.notify.receipts import Receipt, State
from server.store.database import open_database

from .clock import StoryClock, Timeline
from .direct import connect
from .ends import End, Faults, Killed, Point
from .life import Life
from .oracle import Oracle
from .world import World, windows

#: A Monday; both changes of the hour are in the year that follows.
START = datetime(2026, 1, 5, tzinfo=UTC)
SAMPLE = 200
#: A change is followed by a look at the outbox: a nudge takes no time, a poll some seconds.
NUDGE = timedelta(seconds=1)
#: How exactly what becomes due by itself is looked for; the service's own is finer.
GRID = timedelta(minutes=2)
#: Plans made by hand at any hour, in a hundred; the others come in the morning's file.
BY_HAND = 30


@dataclass(frozen=True, slots=True)
class Parameters:
    telecontroles: int
    days: int
    seed: int
    #: Kills, in a hundred passes over something due; of two servers at once, likewise.
    kills: float = 3.0
    pairs: float = 5.0
    faults: Faults = field(default_factory=Faults)


@dataclass(slots=True)
class Result:
    """What was counted."""

    violations: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)
    messages: dict[str, dict[str, int]] = field(default_factory=dict)
    provider: dict[str, dict[str, int]] = field(default_factory=dict)
    seconds: float = 0.0


class Year:
    """`postman`: the kind of postman that works (a broken one, to see that it is noticed)."""

    def __init__(self, what: Parameters, folder: Path, postman: type[Postman] = Postman) -> None:
        self.what = what
        self.folder = folder
        self.file = folder / "simulation.db"
        self.clock = StoryClock(START)
        self.timeline = Timeline(self.clock)
        self.dice = random.Random(what.seed)  # noqa: S311
        self.events: Counter[str] = Counter()
        self._kind = postman
        self._keys: dict[str, str] = {}
        self._due: datetime | None = None
        self._stops = self._windows(10, (0.5, 5), (20, 30))
        self._up_again = START
        self._workers = 0

    async def run(self) -> Result:
        began = time.perf_counter()
        database = await open_database(
            f"sqlite+aiosqlite:///{self.file}", async_creator=partial(connect, self.file)
        )
        try:
            self.world = World(database, self.folder, self.clock, self._nudge)
            self.oracle = Oracle(self.file)
            self.life = Life(self.world, self.timeline, self.oracle, self.what.seed)
            self.ends = {end.channel: end for end in self._make_ends()}
            await self.world.settle(doctors=2 + self.what.telecontroles // (self.what.days * 8))
            self._draw_plans()
            await self._live()
            return await self._judge(began)
        finally:
            await database.close()

    # --- what there is --------------------------------------------------------------------------

    def _windows(
        self, days_between: float, short: tuple[float, float], long: tuple[float, float]
    ) -> list[tuple[datetime, datetime]]:
        """Short ones all along, and a long one."""
        end = START + timedelta(days=self.what.days)
        count = int(self.what.days / days_between) + 1
        some = windows(self.dice, START, end, count, short)
        return sorted(some + windows(self.dice, START, end, 1, long))

    def _make_ends(self) -> list[End]:
        """Mail cannot tell that it has had a message already, this SMS gateway can. A year has
        two days without a provider, a story of some days has not."""
        long = max(6.0, min(60.0, self.what.days * 0.6))
        return [
            End(
                channel=channel,
                idempotent=channel is Canal.SMS,
                clock=self.clock,
                seed=self.what.seed,
                key_of=self._key_of,
                handed=self.oracle.handed,
                receipt=self._receipt,
                faults=self.what.faults,
                down=self._windows(20, (1, 6), (long / 2, long)),
            )
            for channel in (Canal.COURRIEL, Canal.SMS)
        ]

    def _key_of(self, key: str) -> str:
        """A name that does not depend on ids, which are drawn anew in each run."""
        if key not in self._keys:
            row = self.oracle.subject(key)
            self._keys[key] = f"{self.life.numbers.get(row[0], 0)}/{row[1]}/{row[2]}"
        return self._keys[key]

    def _draw_plans(self) -> None:
        """So many a day: most in the morning's file, some by hand at any hour."""
        for n in range(self.what.telecontroles):
            place = self.world.places[n % len(self.world.places)]
            day = START + timedelta(days=self.dice.randrange(self.what.days))
            by_hand = self.dice.random() * 100 < BY_HAND
            hour = self.dice.uniform(0, 24) if by_hand else 8.0
            plan = partial(self.life.plan, place, random.Random(f"{self.what.seed}/plan/{n}"))  # noqa: S311
            self.timeline.deed(day + timedelta(hours=hour), plan)

    # --- time goes by ---------------------------------------------------------------------------

    async def _live(self) -> None:
        while self.timeline:
            alone, actions = self.timeline.next()
            self.events["instants"] += 1
            if alone:
                for action in actions:
                    await action()
                continue
            async with self.world.registre.together():
                for action in actions:
                    await action()
            self.life.look()

    def _nudge(self) -> None:
        self._look_at(self.clock.now + NUDGE)

    def _look_at(self, when: datetime) -> None:
        """One look is planned: the earliest that anybody asked for."""
        if self._due is None or when < self._due:
            self._due = when
            self.timeline.at(when, partial(self._post, when))

    async def _post(self, when: datetime) -> None:
        """One pass of one server, or of two at once; some die of it."""
        if self._due != when:
            return
        self._due = None
        until = self._stopped()
        if until is not None:
            self._look_at(until)
            return
        self.events["passages"] += 1
        if self.dice.random() * 100 < self.what.kills:
            end = self.ends[self.dice.choice(list(self.ends))]
            end.fatal = (self.dice.randrange(6), self.dice.choice(list(Point)))
        try:
            await self._pass()
        except Killed:
            self.events["serveur tué"] += 1
            self._up_again = self.clock.now + timedelta(seconds=self.dice.choice([5, 60, 900]))
        for end in self.ends.values():
            end.restart(self.oracle.is_noted)
        following = self.oracle.next_due()
        if following is not None:
            wanted = max(following, self.clock.now + NUDGE)
            self._look_at(wanted + (START - wanted) % GRID)

    async def _pass(self) -> None:
        if self.dice.random() * 100 >= self.what.pairs:
            await self._postman().once()
            return
        self.events["deux serveurs à la fois"] += 1
        both = [asyncio.create_task(self._postman().once()) for _ in range(2)]
        done = await asyncio.gather(*both, return_exceptions=True)
        for wrong in done:
            if isinstance(wrong, BaseException):
                raise wrong

    def _postman(self) -> Postman:
        self._workers += 1
        senders: dict[Canal, Sender] = dict(self.ends)
        return self.world.postman(senders, f"server-{self._workers}", self._kind)

    def _stopped(self) -> datetime | None:
        """Until when the server is down."""
        now = self.clock.now
        ends = [end for start, end in self._stops if start <= now < end]
        until = max([self._up_again, *ends])
        if until > now and ends:
            self.events["passages pendant un arrêt"] += 1
        return until if until > now else None

    # --- receipts -------------------------------------------------------------------------------

    def _receipt(self, channel: Canal, key: str, state: State, when: datetime) -> None:
        self.timeline.deed(when, partial(self._receive, channel, key, state))

    async def _receive(self, channel: Canal, key: str, state: State) -> None:
        """A provider tells again when nobody answers; some call a message by their own name."""
        until = self._stopped()
        if until is not None:
            self.timeline.deed(until, partial(self._receive, channel, key, state))
            return
        ours = int(key[:2], 16) % 2 == 0
        reference = "" if ours else f"{channel}-{key}"
        told = Receipt(channel, key if ours else "", reference, state, "", self.clock.now)
        known = await self.world.receipts.receive(told)
        self.events[f"accusé {state}" if known else "accusé inconnu"] += 1

    # --- the end --------------------------------------------------------------------------------

    async def _judge(self, began: float) -> Result:
        received: Counter[str] = Counter()
        for end in self.ends.values():
            self.oracle.received(end.received, end.doubts, idempotent=end.idempotent)
            received += end.received
        self.oracle.end(self.clock.now, received)
        await self._check_records()
        result = Result(
            violations=self.oracle.violations,
            examples=self.oracle.examples,
            events=self.life.tally + self.events,
            messages=self.oracle.messages(),
            provider={str(c): dict(end.verdicts) for c, end in self.ends.items()},
        )
        self.oracle.close()
        result.seconds = round(time.perf_counter() - began, 1)
        return result

    async def _check_records(self) -> None:
        """A sample of the records, verified as a stranger would."""
        ids = sorted(self.life.numbers, key=self.life.numbers.__getitem__)
        for identifier in self.dice.sample(ids, min(SAMPLE, len(ids))):
            async with self.world.registre.lecture() as unite:
                record = await self.world.recorder.export(unite, identifier)
            if not self.world.recorder.intact(record):
                self.oracle.wrong("chaine_rompue", identifier)
            self.events["relevés vérifiés"] += 1


def simulate(what: Parameters, folder: Path, postman: type[Postman] = Postman) -> Result:
    """Tell the year in `folder`, which is left with its database."""
    with contextlib.closing(uvloop.new_event_loop()) as loop:
        return loop.run_until_complete(Year(what, folder, postman).run())
