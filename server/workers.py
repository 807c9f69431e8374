"""The parent of several server processes: starts them, starts again who died, stops them all.

Each worker listens on the service's port (SO_REUSEPORT: the kernel deals out connections) and, for
a proxy of this machine that hashes by room and for Prometheus, on a port of its own on loopback.
"""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime

import msgspec
import structlog

from .config import Config
from .rings import Rings, vault_of
from .store.database import open_database

log = structlog.get_logger()

#: Where a worker reads which it is; not TELECONTROLE_…, which are settings.
ENVIRONMENT = "WORKER_OF_TELECONTROLE"
LOOPBACK = "127.0.0.1"
#: Seconds before one that died is started again, at first and at most.
PAUSE, PAUSE_MAX = 0.2, 30.0
#: Whoever lived that many seconds did not die of the way it was started.
LONG = 60.0
#: Seconds that workers have to stop.
PATIENCE = 15.0


class Worker(msgspec.Struct, frozen=True):
    """Which one of the workers this process is."""

    number: int
    #: No other lives: it finds a service that was away.
    first: bool
    port: int
    #: On loopback, without TLS.
    own_port: int
    #: File descriptor to write to once it serves.
    ready: int


def this_worker(environment: Mapping[str, str] = os.environ) -> Worker | None:
    """None: this process was not started by a supervisor."""
    text = environment.get(ENVIRONMENT)
    return msgspec.json.decode(text, type=Worker) if text else None


def tell_ready(worker: Worker) -> None:
    os.write(worker.ready, b"1")
    os.close(worker.ready)


def stop_with_parent(stop: asyncio.Event) -> None:
    """A parent that is killed closes our standard input: without it nobody would restart us."""
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)


async def supervise(config: Config, arguments: Sequence[str]) -> int:
    """Until SIGINT or SIGTERM; the exit status. `arguments`: this command's, for each worker."""
    # Once, and not by each of them at the same time.
    now = datetime.now(UTC)
    await (await open_database(config.database, vault_of(config, now))).close()
    Rings.open(config.data_dir, now)
    with closing(Ports(config)) as ports:
        supervisor = Supervisor(ports, arguments)
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, supervisor.stop.set)
        return await supervisor.run()


class Ports:
    """Bound and never listened on: they stay ours while a worker is being started again."""

    def __init__(self, config: Config) -> None:
        self._public = shared(config.host, config.port)
        first = config.port + 1 if config.port else 0
        self._own = [
            shared(LOOPBACK, first + number if first else 0) for number in range(config.workers)
        ]

    @property
    def public(self) -> int:
        return int(self._public.getsockname()[1])

    @property
    def own(self) -> list[int]:
        return [int(one.getsockname()[1]) for one in self._own]

    def close(self) -> None:
        for one in (self._public, *self._own):
            one.close()


def shared(host: str, port: int) -> socket.socket:
    """A bound socket whose port several processes of this account may listen on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


class Supervisor:
    """Keeps one process for each port of `ports.own` alive until `stop` is set."""

    def __init__(self, ports: Ports, arguments: Sequence[str]) -> None:
        self._ports = ports
        self._arguments = arguments
        self._alive: dict[int, Process] = {}
        #: Who starts alone (nobody else lives) does so before any other starts.
        self._gate = asyncio.Lock()
        #: Those that came as far as to serve, once at least.
        self._served: set[int] = set()
        self._told = False
        self._bad = 0
        self.stop = asyncio.Event()

    async def run(self) -> int:
        """0; or the status of a worker that could not even start, or did not stop properly."""
        numbers = range(len(self._ports.own))
        keepers = [asyncio.create_task(self._keep(number)) for number in numbers]
        stopping = asyncio.create_task(self.stop.wait())
        # One that never serves stops all: whoever started us should know.
        await asyncio.wait([stopping, *keepers], return_when=asyncio.FIRST_COMPLETED)
        self.stop.set()
        log.info("stopping")
        for process in self._alive.values():
            end(process)
        _, late = await asyncio.wait(keepers, timeout=PATIENCE)
        for process in self._alive.values() if late else ():
            end(process, by=signal.SIGKILL)
        await asyncio.gather(stopping, *keepers)
        return self._bad

    async def _keep(self, number: int) -> None:
        """This worker, again and again; ends when stopped, or when it never served."""
        pause = PAUSE
        loop = asyncio.get_running_loop()
        while not self.stop.is_set():
            started = loop.time()
            process = await self._start(number)
            status = await process.wait()
            self._alive.pop(number, None)
            if self.stop.is_set() or number not in self._served:
                if status not in (0, -signal.SIGTERM):
                    self._bad = self._bad or max(status, 1)
                return
            log.error("worker_died", count=number, status=status)
            if loop.time() - started > LONG:
                pause = PAUSE
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), pause)
            pause = min(2 * pause, PAUSE_MAX)

    async def _start(self, number: int) -> Process:
        """Its process, which serves by now or has ended."""
        async with self._gate:
            first = not self._alive
            process, pipe = await self._spawn(number, first=first)
            if first:
                await self._serves(number, pipe)
        if not first:
            await self._serves(number, pipe)
        return process

    async def _serves(self, number: int, pipe: int) -> None:
        if not await said_ready(pipe):
            return
        self._served.add(number)
        if len(self._served) == len(self._ports.own) and not self._told:
            self._told = True
            log.info("workers_serving", port=self._ports.public, count=len(self._served))

    async def _spawn(self, number: int, *, first: bool) -> tuple[Process, int]:
        reading, writing = os.pipe()
        worker = Worker(
            number=number,
            first=first,
            port=self._ports.public,
            own_port=self._ports.own[number],
            ready=writing,
        )
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "server", *self._arguments,
                # Nothing is ever written: it ends with us.
                stdin=asyncio.subprocess.PIPE,
                env={**os.environ, ENVIRONMENT: msgspec.json.encode(worker).decode()},
                pass_fds=(writing,),
                # A terminal's Ctrl-C is for the parent, who passes it on.
                start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(writing)
        self._alive[number] = process
        if self.stop.is_set():
            end(process)
        log.info("worker_started", count=number, port=worker.own_port)
        return process, reading


def end(process: Process, by: signal.Signals = signal.SIGTERM) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(by)


async def said_ready(pipe: int) -> bool:
    """Waits for the worker's word; false: it ended before."""
    loop = asyncio.get_running_loop()
    news = asyncio.Event()
    loop.add_reader(pipe, news.set)
    try:
        await news.wait()
        return os.read(pipe, 1) == b"1"
    finally:
        loop.remove_reader(pipe)
        os.close(pipe)
