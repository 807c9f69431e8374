"""One task for what is pending: there while there is some, and no longer."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Drain:
    """`work`: does all that is pending, and returns when nothing is. `some`: whether anything is.
    `give_up`: the loop is being ended, and nobody will do the rest.
    """

    def __init__(
        self,
        work: Callable[[], Coroutine[Any, Any, None]],
        some: Callable[[], bool],
        give_up: Callable[[], None],
    ) -> None:
        self._work = work
        self._some = some
        self._give_up = give_up
        self.task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Something is pending now."""
        if self.task is None:
            self.task = asyncio.get_running_loop().create_task(self._work())
            self.task.add_done_callback(self._ended)

    async def done(self) -> None:
        """Until nothing is pending."""
        while self.task is not None:
            await asyncio.wait([self.task])

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.task = None
        if task.cancelled() or task.exception() is not None:
            self._give_up()
        elif self._some():
            # It came between the last look and this, which is told a turn of the loop later.
            self.wake()
