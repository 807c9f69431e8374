"""An echo for who asks: in turn, some at once, each for some seconds."""

import asyncio
import os
from collections.abc import AsyncGenerator
from typing import Any, Protocol

import structlog

from media.ice import Policy
from media.sdp import check_description

from .echo_process import Run
from .turns import EchoReplaced, Turn, Turns

log = structlog.get_logger()

#: How often who waits is told of their place, in seconds: a page that has gone is noticed so.
TOLD_EVERY = 2.0


class Echoing(Protocol):
    """What makes echoes (echo_process.py)."""

    async def open(
        self, sdp: str, servers: list[dict[str, Any]], policy: Policy
    ) -> tuple[int, Run]: ...

    def end(self, number: int) -> None: ...

    async def close(self) -> None: ...


def at_once_by_cores(wanted: int, workers: int) -> int:
    """`wanted`, or what this machine's cores allow each worker (docs/decisions/0033)."""
    return wanted or max(1, 2 * (os.cpu_count() or 1) // workers)


class Echoes:
    """`lasting`: seconds after which an echo that has not ended is one too many."""

    def __init__(self, process: Echoing, turns: Turns, lasting: float) -> None:
        self._process = process
        self._turns = turns
        self._lasting = lasting
        self._watching: set[asyncio.Task[None]] = set()

    async def ask(
        self, who: str, sdp: str, servers: list[dict[str, Any]], policy: Policy
    ) -> AsyncGenerator[int | str]:
        """How many come before, again and again; at last the answer.

        :raises SdpRefused: not an offer that may be answered.
        :raises EchoFull, EchoReplaced, EchoUnavailable: not now.
        """
        check_description(sdp, "offer")
        turn = self._turns.ask(who)
        handed_over = False
        try:
            while not turn.has_come:
                yield turn.before
                await turn.news(TOLD_EVERY)
                if turn.replaced:
                    raise EchoReplaced
            number, run = await self._process.open(sdp, servers, policy)
            self._watch(turn, number, run)
            handed_over = True
            yield run.answer.result()
        finally:
            if not handed_over:
                self._turns.leave(turn)

    def _watch(self, turn: Turn, number: int, run: Run) -> None:
        task = asyncio.create_task(self._free(turn, number, run))
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)

    async def _free(self, turn: Turn, number: int, run: Run) -> None:
        """The place is free once the echo is over; who asks again ends their own."""
        ending = asyncio.create_task(self._end_if_replaced(turn, number))
        try:
            async with asyncio.timeout(self._lasting):
                await run.over.wait()
        except TimeoutError:
            log.warning("echo_failed", reason="endless")
            await self._process.close()
        finally:
            ending.cancel()
            self._turns.leave(turn)

    async def _end_if_replaced(self, turn: Turn, number: int) -> None:
        while not turn.replaced:
            await turn.news(TOLD_EVERY)
        self._process.end(number)

    async def close(self) -> None:
        """Every echo ends, and with them their process."""
        await self._process.close()
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
