"""The story's time: it jumps from event to event."""

import heapq
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from itertools import count

from server.clock import Moment, SystemClock

Action = Callable[[], Awaitable[None]]
#: What people do is told in steps of so long: what falls into one step is written together.
STEP = timedelta(minutes=30)


class StoryClock(SystemClock):
    """Both clocks, moved by the timeline alone."""

    def __init__(self, start: datetime) -> None:
        self.start = start
        self.now = start

    def __call__(self) -> datetime:
        return self.now

    def moment(self) -> Moment:
        return Moment(self.now, (self.now - self.start).total_seconds(), "simulation")


class Timeline:
    """What is to happen, by instant. `deeds` of one instant are told together."""

    def __init__(self, clock: StoryClock) -> None:
        self.clock = clock
        self._order = count()
        self._heap: list[tuple[datetime, bool, int, Action]] = []

    def at(self, when: datetime, action: Action) -> None:
        """By itself, at that very instant."""
        heapq.heappush(self._heap, (max(when, self.clock.now), True, next(self._order), action))

    def deed(self, when: datetime, action: Action) -> None:
        """With others, at the end of the step in which it falls."""
        past = (when - self.clock.start) % STEP if when > self.clock.start else timedelta(0)
        at = when + (STEP - past if past else timedelta(0))
        heapq.heappush(self._heap, (max(at, self.clock.now), False, next(self._order), action))

    def __bool__(self) -> bool:
        return bool(self._heap)

    def next(self) -> tuple[bool, list[Action]]:
        """The clock goes on to the next instant: one event alone, or all deeds of it."""
        when, alone, _, action = heapq.heappop(self._heap)
        self.clock.now = when
        actions = [action]
        while not alone and self._heap and self._heap[0][:2] == (when, False):
            actions.append(heapq.heappop(self._heap)[3])
        return alone, actions
