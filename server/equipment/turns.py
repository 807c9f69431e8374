"""Whose turn it is: so many echoes at once, the others in the order in which they came."""

import asyncio
from collections import OrderedDict


class EchoFull(Exception):
    """As many are waiting as may wait."""


class EchoReplaced(Exception):
    """The same person has asked again, from here or elsewhere: that asking holds."""


class Turn:
    """One asking. Wait until it `has_come`, then `Turns.leave` it."""

    def __init__(self, who: str) -> None:
        self.who = who
        self.has_come = False
        self.replaced = False
        #: How many come before.
        self.before = 0
        self._news = asyncio.Event()

    async def news(self, patience: float) -> None:
        """Wait until something changed, `patience` seconds at most."""
        try:
            async with asyncio.timeout(patience):
                await self._news.wait()
        except TimeoutError:
            return
        self.seen()

    def seen(self) -> None:
        """What there is to know is known."""
        self._news.clear()

    def tell(self, before: int, *, come: bool = False) -> None:
        if (before, come) != (self.before, self.has_come):
            self.before, self.has_come = before, come
            self._news.set()

    def replace(self) -> None:
        self.replaced = True
        self._news.set()


class Turns:
    """First come, first served, one for each person: who asks again goes to the end."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._at_once = at_once
        self._most = waiting
        self._running: dict[str, Turn] = {}
        self._waiting: OrderedDict[str, Turn] = OrderedDict()

    def ask(self, who: str) -> Turn:
        """
        :raises EchoFull: too many wait.
        """
        if who not in self._waiting and not self._has_room(who):
            raise EchoFull
        former = self._waiting.pop(who, None)
        if former is not None:
            former.replace()
        if who in self._running:
            # It ends first: nobody has two at once.
            self._running[who].replace()
        turn = self._waiting[who] = Turn(who)
        self._advance()
        turn.seen()
        return turn

    def leave(self, turn: Turn) -> None:
        """It was had, or is not wanted any more; may be said twice."""
        if self._running.get(turn.who) is turn:
            del self._running[turn.who]
        if self._waiting.get(turn.who) is turn:
            del self._waiting[turn.who]
        self._advance()

    def _has_room(self, who: str) -> bool:
        at_once = len(self._running) < self._at_once and who not in self._running
        return at_once or len(self._waiting) < self._most

    def _advance(self) -> None:
        for who in list(self._waiting):
            if len(self._running) >= self._at_once:
                break
            if who in self._running:
                continue
            turn = self._running[who] = self._waiting.pop(who)
            turn.tell(0, come=True)
        for place, turn in enumerate(self._waiting.values()):
            turn.tell(place + 1 if self._at_once <= len(self._running) else place)
