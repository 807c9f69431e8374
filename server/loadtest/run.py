"""A load test from its first room to its report: server, generators, storm, farewell."""

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec

from .control import Control, Unreachable
from .display import Display
from .measure import Tally
from .own import OwnServer
from .plan import MARGIN, Address, Plan
from .samples import EVERY, Sample, Sampler
from .worker import LINE, Failed, Finished, Go, Order, Progress, Share, Told

#: Seconds between the order and the first arrival, so that every process has heard it.
LEAD = 0.3
READY_DEADLINE, FAREWELL, GOODBYE = 180.0, 10.0, 3.0
#: A storm comes so long after the last room has met.
CALM = 2.0


class Process:
    """One generator: what it told last."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.progress: Progress | None = None
        self.tally: Tally | None = None
        self.failed = ""
        self.cpu: list[float] = []
        self.done = asyncio.Event()

    @classmethod
    async def start(cls, share: Share) -> "Process":
        process = cls(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "server.loadtest.worker",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                limit=LINE, start_new_session=True,
            )
        )  # fmt: skip
        process.say(share)
        return process

    def say(self, what: msgspec.Struct) -> None:
        if self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(msgspec.json.encode(what) + b"\n")

    async def read(self, news: Callable[[], None]) -> None:
        """Until it ends."""
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        async for line in self._process.stdout:
            told = msgspec.json.decode(line, type=Told)
            match told:
                case Progress():
                    self.progress = told
                    self.cpu.append(told.cpu)
                case Finished():
                    self.tally = told.tally
                case Failed():
                    self.failed = told.reason
            news()
        if self.tally is None:
            self.failed = self.failed or "un processus générateur s'est arrêté."
        self.done.set()
        news()

    async def end(self) -> None:
        """By itself if it can: its standard input ends. (Killing what has just ended would take
        its status from asyncio, which then warns.)"""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(GOODBYE):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


class Outcome(msgspec.Struct):
    """What a run leaves for its report."""

    tally: Tally
    seconds: float
    samples: list[Sample]
    #: Of one core, each process's highest over half a second or more.
    generator_cpu: float
    failures: list[str]
    interrupted: bool
    #: Seconds from the fall of the lines until everybody was back; None: no storm.
    recovered: float | None


class Run:
    """`target` None: a server of its own, in `folder`."""

    def __init__(
        self, plan: Plan, folder: Path, target: Address | None, key: str, ca: str, display: Display
    ) -> None:
        self._plan, self._display, self._ca = plan, display, ca
        self._own = OwnServer(folder) if target is None else None
        self.address = target or (self._own.address if self._own else Address("", 0, tls=False))
        self._key = self._own.key if self._own else key
        self._run = secrets.token_hex(4)
        self._processes: list[Process] = []
        self._news = asyncio.Event()
        self._stopped = False
        self._recovered: float | None = None
        self._failures: list[str] = []

    async def carry_out(self) -> Outcome:
        """:raises Unreachable: no server, or it refuses."""
        control = Control.open(self.address, self._key, self._run, self._ca)
        try:
            await self._reach(control)
            async with self._generators(), stopping(self.stop):
                return await self._measured(control)
        finally:
            if self._own is not None:
                await self._own.stop()
            await control.close()

    async def _reach(self, control: Control) -> None:
        if self._own is not None:
            self._display.say("Démarrage d'un serveur d'essai…")
            await self._own.start(control)
        elif not await control.healthy():
            raise Unreachable(f"{self.address.url} ne répond pas.")

    @asynccontextmanager
    async def _generators(self) -> AsyncIterator[None]:
        readers: list[asyncio.Task[None]] = []
        try:
            for share in self._shares():
                process = await Process.start(share)
                self._processes.append(process)
                readers.append(asyncio.create_task(process.read(self._news.set)))
            yield
        finally:
            for process in self._processes:
                await process.end()
            await asyncio.gather(*readers, return_exceptions=True)

    def _shares(self) -> list[Share]:
        plan = self._plan
        every = min(plan.processes, plan.rooms)
        counts = [len(range(first, plan.rooms, every)) for first in range(every)]

        def share(first: int, rooms: int, media: int) -> Share:
            return Share(
                plan=plan, rooms=rooms, media=media, first=first, every=every,
                address=self.address, key=self._key, run=self._run, ca=self._ca,
            )  # fmt: skip

        shares = [share(first, rooms, 0) for first, rooms in enumerate(counts)]
        # Robots encode pictures: apart, they do not make the others late.
        return [*shares, share(0, 0, plan.media)] if plan.media else shares

    # --- the run --------------------------------------------------------------------------------

    async def _measured(self, control: Control) -> Outcome:
        await self._until(lambda: all(p.progress and p.progress.ready for p in self._processes),
                          READY_DEADLINE)  # fmt: skip
        self._refuse_failures()
        start = monotonic() + LEAD
        for process in self._processes if not self._stopped else ():
            process.say(Go(start))
        sampler = Sampler(control)
        beside = [
            asyncio.create_task(sampler.run(start)),
            asyncio.create_task(self._show(start, sampler)),
        ]
        if self._plan.scenario == "storm":
            beside.append(asyncio.create_task(self._storm(control)))
        try:
            await self._until(self._all_done, self._plan.expected + MARGIN)
            if not self._all_done():
                self._failures.append("l'essai n'a pas fini dans le temps prévu.")
                self._order("stop")
                await self._until(self._all_done, FAREWELL)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
        seconds = monotonic() - start
        await sampler.look(start)
        if self._own is None:
            with suppress(Unreachable):
                await control.forget()
        return self._outcome(start, seconds, sampler)

    def _outcome(self, start: float, seconds: float, sampler: Sampler) -> Outcome:
        tallies = [p.tally for p in self._processes if p.tally is not None]
        return Outcome(
            tally=Tally.together(tallies, start, self._plan.width),
            seconds=seconds,
            samples=sampler.samples,
            generator_cpu=max((max(p.cpu, default=0.0) for p in self._processes), default=0.0),
            failures=[*self._failures, *(p.failed for p in self._processes if p.failed)],
            interrupted=self._stopped,
            recovered=self._recovered,
        )

    def _refuse_failures(self) -> None:
        for process in self._processes:
            if process.failed:
                raise Unreachable(process.failed)

    def _all_done(self) -> bool:
        return all(process.done.is_set() for process in self._processes)

    async def _until(self, holds: Callable[[], bool], seconds: float) -> None:
        """Until it holds, a process ends early, or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not holds() and not self._all_done():
                    self._news.clear()
                    await self._news.wait()

    def stop(self) -> None:
        """Ctrl-C: goodbye to everybody, then the report."""
        if self._stopped:
            for process in self._processes:
                process.done.set()
        self._stopped = True
        self._order("stop")
        self._news.set()

    def _order(self, word: str) -> None:
        for process in self._processes:
            process.say(Order(word))

    # --- the storm ------------------------------------------------------------------------------

    async def _storm(self, control: Control) -> None:
        """Everybody has met; then the server is restarted, or all lines are cut."""
        await self._until(lambda: self._count("met") + self._count("failed") >= self._plan.rooms,
                          self._plan.arriving + MARGIN)  # fmt: skip
        await asyncio.sleep(min(CALM, self._plan.hold))
        self._order("prepare")
        await self._until(lambda: all(p.progress and p.progress.prepared
                                      for p in self._processes), MARGIN)  # fmt: skip
        fallen, there = monotonic(), self._count("met")
        if self._own is None:
            self._order("cut")
        else:
            self._order("storm")
            self._display.say("Le serveur est redémarré…")
            try:
                await self._own.restart(control)
            except Unreachable as wrong:
                self._failures.append(str(wrong))
                self._order("stop")
        await self._until(lambda: self._count("back") + self._count("rooms_lost") >= there, MARGIN)
        self._recovered = monotonic() - fallen

    # --- what is shown --------------------------------------------------------------------------

    def _count(self, name: str) -> int:
        return sum(p.progress.counts.get(name, 0) for p in self._processes if p.progress)

    async def _show(self, start: float, sampler: Sampler) -> None:
        while True:
            await asyncio.sleep(EVERY)
            told = [p.progress for p in self._processes if p.progress]
            self._display.show(monotonic() - start, self._plan, told, sampler.latest)


@asynccontextmanager
async def stopping(stop: Callable[[], Any]) -> AsyncIterator[None]:
    """Ctrl-C and SIGTERM call `stop`, and no longer end the process."""
    loop, signals = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM)
    for one in signals:
        loop.add_signal_handler(one, stop)
    try:
        yield
    finally:
        for one in signals:
            loop.remove_signal_handler(one)


def cores() -> int:
    return len(os.sched_getaffinity(0))
