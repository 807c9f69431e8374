"""The other ends of mail and SMS: they take, delay, refuse, fall silent, are down for hours."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from controle.convocation import Canal
from server.notify.parcel import Outcome, Parcel, Verdict
from server.notify.receipts import State

from .clock import StoryClock

Window = tuple[datetime, datetime]


class Killed(BaseException):
    """kill -9: nothing that the server still had to do is done."""


class Point(StrEnum):
    """Where the server dies."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Faults:
    """How often, in a hundred attempts (or messages)."""

    greylisted: float = 4
    refused: float = 1.5
    silent_taken: float = 0.4
    silent_lost: float = 0.4
    delivered: float = 85
    bounced: float = 2
    told_twice: float = 5


@dataclass(slots=True)
class End:
    """One provider. `key_of`: a name of the message that is the same in every run of a seed;
    `handed`: who looks on; `receipt`: what it tells later (key, state, when)."""

    channel: Canal
    idempotent: bool
    clock: StoryClock
    seed: int
    key_of: Callable[[str], str]
    handed: Callable[[str, datetime], None]
    receipt: Callable[[Canal, str, State, datetime], None]
    faults: Faults = field(default_factory=Faults)
    down: Sequence[Window] = ()
    capacity: int = 64
    #: How often each message arrived, and how often it may have without our knowing.
    received: Counter[str] = field(default_factory=Counter)
    doubts: Counter[str] = field(default_factory=Counter)
    tries: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    #: The server dies after so many more messages, here.
    fatal: tuple[int, Point] | None = None
    dead: bool = False
    #: What was handed over since the last pass began.
    at_hand: list[str] = field(default_factory=list)

    async def send(self, parcel: Parcel) -> Outcome:
        if self.dead:
            raise Killed
        self.tries[parcel.key] += 1
        if self._dies_now():
            self.dead = True
            if self.fatal == (0, Point.AFTER):
                self._take(parcel.key)
            self.at_hand.append(parcel.key)
            raise Killed
        self.at_hand.append(parcel.key)
        outcome = self._answer(parcel.key)
        self.verdicts[outcome.verdict] += 1
        return outcome

    async def close(self) -> None:
        """Nothing is open."""

    def restart(self, is_noted: Callable[[str], bool]) -> None:
        """The pass is over. What a server that died had not noted may have arrived: nobody knows;
        the provider has noticed nothing."""
        if self.dead:
            self.doubts.update(key for key in self.at_hand if not is_noted(key))
        self.dead, self.fatal = False, None
        self.at_hand.clear()

    def _dies_now(self) -> bool:
        if self.fatal is None:
            return False
        left, point = self.fatal
        self.fatal = (left - 1, point) if left else self.fatal
        return left == 0

    def _answer(self, key: str) -> Outcome:
        now = self.clock.now
        if any(start <= now < end for start, end in self.down):
            return Outcome(Verdict.LATER, "unreachable")
        fate = self._fate(key, f"try {self.tries[key]}")
        dice, faults = fate.random() * 100, self.faults
        if self._fate(key, "address").random() * 100 < faults.refused:
            return Outcome(Verdict.REFUSED, "550")
        if dice < faults.greylisted:
            return Outcome(Verdict.LATER, "451", retry_after=fate.choice([0, 0, 300, 1800]))
        if dice < faults.greylisted + faults.silent_taken:
            self._take(key)
            self.doubts[key] += 1
            return Outcome(Verdict.UNKNOWN, "timeout")
        if dice < faults.greylisted + faults.silent_taken + faults.silent_lost:
            self.doubts[key] += 1
            return Outcome(Verdict.UNKNOWN, "timeout")
        self._take(key)
        return Outcome(Verdict.ACCEPTED, reference=f"{self.channel}-{key}")

    def _take(self, key: str) -> None:
        """It arrives, unless this provider knows the key already."""
        self.handed(key, self.clock.now)
        if self.idempotent and self.received[key]:
            return
        self.received[key] += 1
        if self.received[key] == 1:
            self._tell_later(key)

    def _tell_later(self, key: str) -> None:
        """Receipts: most of them, some twice, some wrong first."""
        fate, now = self._fate(key, "receipt"), self.clock.now
        dice = fate.random() * 100
        if dice < self.faults.delivered:
            state: State = "delivered"
        elif dice < self.faults.delivered + self.faults.bounced:
            state = "failed"
        else:
            return
        when = now + timedelta(seconds=fate.choice([5, 60, 600, 3_600, 20_000]))
        self.receipt(self.channel, key, state, when)
        if fate.random() * 100 < self.faults.told_twice:
            choices: list[State] = [state, state, "delayed", "failed"]
            other = fate.choice(choices)
            again = when + timedelta(seconds=fate.choice([-4, 0, 900]))
            self.receipt(self.channel, key, other, again)

    def _fate(self, key: str, what: str) -> random.Random:
        return random.Random(f"{self.seed}/{self.key_of(key)}/{what}")  # noqa: S311
