"""The process in which the echoes live: begun when somebody asks, ended when nobody does."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import Process
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from media.ice import Policy
from media.sdp import SdpRefused

log = structlog.get_logger()

#: Where the package is, wherever the service was started.
ROOT = Path(__file__).resolve().parents[2]
#: What it needs of our environment; no setting, so no secret.
KEPT = ("PATH", "HOME", "LANG")
#: Seconds that it may be idle, and that it may take to end.
REST, PATIENCE = 60.0, 5.0
#: Longer than any description.
LINE = 65_536
#: RTP payload that one echo may be sent, for each of its seconds.
BYTES_PER_SECOND = 600_000


class EchoUnavailable(Exception):
    """No echo could be made: the process did not answer, or has ended."""


@dataclass(slots=True)
class Run:
    """One echo: its answer, and its end."""

    answer: asyncio.Future[str]
    over: asyncio.Event = field(default_factory=asyncio.Event)


class EchoProcess:
    """`seconds`: how long one echo lasts; `patience`: how long its answer may take."""

    def __init__(self, seconds: timedelta, patience: timedelta) -> None:
        self._seconds = seconds.total_seconds()
        self._patience = patience.total_seconds()
        self._child: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._runs: dict[int, Run] = {}
        self._number = 0
        self._starting = asyncio.Lock()
        self._resting: asyncio.TimerHandle | None = None

    async def open(
        self, sdp: str, servers: list[dict[str, Any]], policy: Policy
    ) -> tuple[int, Run]:
        """An echo, its answer made.

        :raises SdpRefused: aiortc cannot use this offer.
        :raises EchoUnavailable: not now.
        """
        await self._start()
        self._number += 1
        number = self._number
        run = self._runs[number] = Run(asyncio.get_running_loop().create_future())
        size = int(self._seconds * BYTES_PER_SECOND)
        asked = {"servers": servers, "policy": policy, "seconds": self._seconds, "bytes": size}
        try:
            self._say({"id": number, "sdp": sdp, **asked})
            async with asyncio.timeout(self._patience):
                await asyncio.shield(run.answer)
        except EchoUnavailable:
            # Its process has just ended, and tells nothing more.
            self._runs.pop(number, None)
            raise
        except TimeoutError:
            self.end(number)
            log.warning("echo_failed", reason="timeout")
            raise EchoUnavailable from None
        except asyncio.CancelledError:
            self.end(number)
            raise
        return number, run

    def end(self, number: int) -> None:
        """It is not wanted any more; it is over a little later."""
        with suppress(EchoUnavailable):
            self._say({"id": number, "end": True})

    async def close(self) -> None:
        """End the process and wait for it."""
        if self._resting is not None:
            self._resting.cancel()
        async with self._starting:
            await self._stop()

    async def _stop(self) -> None:
        child, reading = self._child, self._reading
        self._child = self._reading = None
        if child is None or reading is None:
            return
        assert child.stdin is not None  # noqa: S101 — asked for in _start
        child.stdin.close()
        try:
            async with asyncio.timeout(PATIENCE):
                await child.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
        await reading

    async def _start(self) -> None:
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
        async with self._starting:
            if self._listens():
                return
            await self._stop()
            self._child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "server.equipment.echo_child",
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                # What a library complains of may quote an address.
                stderr=asyncio.subprocess.DEVNULL,
                env={name: os.environ[name] for name in KEPT if name in os.environ},
                limit=LINE,
            )
            self._reading = asyncio.create_task(self._read(self._child))

    def _listens(self) -> bool:
        """Neither ended nor told to."""
        child = self._child
        if child is None or child.stdin is None:
            return False
        if self._reading is None or self._reading.done():
            # Its output has ended, which may be known before its end is.
            return False
        return child.returncode is None and not child.stdin.is_closing()

    def _say(self, what: dict[str, Any]) -> None:
        child = self._child
        if not self._listens() or child is None or child.stdin is None:
            raise EchoUnavailable
        child.stdin.write(json.dumps(what).encode() + b"\n")

    async def _read(self, child: Process) -> None:
        """What it tells, until it ends: then all that it had in hand has ended too."""
        assert child.stdout is not None  # noqa: S101 — asked for in _start
        while line := await child.stdout.readline():
            self._hear(json.loads(line))
        for number in list(self._runs):
            self._hear({"id": number, "over": True})

    def _hear(self, told: dict[str, Any]) -> None:
        run = self._runs.get(told["id"])
        if run is None:
            return
        if "answer" in told and not run.answer.done():
            run.answer.set_result(told["answer"])
        elif "refused" in told and not run.answer.done():
            run.answer.set_exception(SdpRefused(told["refused"]))
        elif "over" in told:
            if not run.answer.done():
                run.answer.set_exception(EchoUnavailable())
            # Nobody may be waiting for it any more.
            run.answer.exception()
            run.over.set()
            del self._runs[told["id"]]
            if not self._runs:
                loop = asyncio.get_running_loop()
                self._resting = loop.call_later(REST, self._rest)

    def _rest(self) -> None:
        """The end of its input is its end; the next echo begins another."""
        if not self._runs and self._child is not None and self._child.stdin is not None:
            self._child.stdin.close()
