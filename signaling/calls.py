"""What one worker asks of another and waits for; what each socket asked is done in its order."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

import structlog
from msgspec.structs import replace

from .crossing import Answered, AnyCrossing, Call
from .room import NotAllowed

log = structlog.get_logger()

#: Seconds that the owner of a room may take to answer.
ANSWER = 5.0


class Moved(Exception):
    """The room is not there, or its owner is gone: look again."""


def unavailable() -> NotAllowed:
    return NotAllowed("unavailable", "Le service n'est pas joignable pour l'instant. Réessayez.")


class Calls:
    """`tell`: of the bus. What it does not take, and what is not answered, is « unavailable »."""

    def __init__(self, tell: Callable[[str, AnyCrossing], bool]) -> None:
        self._tell = tell
        self._open: dict[int, tuple[str, asyncio.Future[Answered]]] = {}
        self._count = 0

    def ask(self, to: str, call: Call) -> Awaitable[int]:
        """Asked now, whenever the answer is waited for: the version that its room has then.

        :raises NotAllowed: what it answers, or « unavailable » when it does not.
        :raises Moved: it does not carry the room, or is no more.
        """
        self._count += 1
        if not self._tell(to, replace(call, call=self._count)):
            raise unavailable()
        future: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._open[self._count] = (to, future)
        return self._answer(self._count, future)

    async def _answer(self, number: int, future: asyncio.Future[Answered]) -> int:
        try:
            async with asyncio.timeout(ANSWER):
                answer = await future
        except TimeoutError:
            raise unavailable() from None
        finally:
            del self._open[number]
        if answer.moved:
            raise Moved
        if answer.code:
            raise NotAllowed(answer.code, answer.message)
        return answer.version

    def answered(self, sender: str, answer: Answered) -> None:
        to, future = self._open.get(answer.call, ("", None))
        if future is not None and to == sender and not future.done():
            future.set_result(answer)

    def give_up(self, worker: str) -> None:
        """That worker is gone: what it was asked may be asked of another."""
        for to, future in self._open.values():
            if to == worker and not future.done():
                future.set_exception(Moved())

    def give_up_all(self) -> None:
        """The line is cut: nobody knows what became of them."""
        for _, future in self._open.values():
            if not future.done():
                future.set_exception(unavailable())


class Turns:
    """Work that is done one after the other for each name, in the order of asking."""

    def __init__(self) -> None:
        self._last: dict[str, asyncio.Task[None]] = {}

    def busy(self, name: str) -> bool:
        return name in self._last

    def then(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._after(self._last.get(name), work))
        self._last[name] = task
        task.add_done_callback(partial(self._over, name))

    async def _after(
        self, before: asyncio.Task[None] | None, work: Coroutine[Any, Any, None]
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        try:
            await work
        except Exception:
            log.exception("turn_failed")

    def _over(self, name: str, task: asyncio.Task[None]) -> None:
        if self._last.get(name) is task:
            del self._last[name]

    async def stop(self) -> None:
        tasks = list(self._last.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
