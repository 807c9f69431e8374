"""Several workers in one process, on a Redis of their own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection
from typing import Any

from redis_server import RedisServer, until
from signaling_doubles import GRACE, Clock, FakeVoice, FakeWitness

from signaling.access import Access
from signaling.bus import Bus
from signaling.cluster import Cluster
from signaling.crossing import Change
from signaling.protocol import Actor, Message
from signaling.rooms import Memory

SERVICE, SECRET = "https://controle.test", "un-secret-de-test-assez-long-pour-servir"


class FakeServer:
    """What the server did at the word of other workers."""

    def __init__(self) -> None:
        self.interruptions: list[str] = []
        self.changes: list[tuple[str, str]] = []
        self.sessions: list[str] = []
        self.lost: list[str] = []
        self.down = False

    async def interrupted(self, room: str) -> None:
        if self.down:
            raise OSError("no database")
        self.interruptions.append(room)

    def changed(self, kind: Change, identifier: str) -> None:
        self.changes.append((kind, identifier))

    def signed_out(self, session: str) -> None:
        self.sessions.append(session)

    def consoles_lost(self, doctors: Collection[str]) -> None:
        self.lost += sorted(doctors)


class OneWorker:
    """A cluster's member without sockets: what is said to them is heard by a fake voice."""

    def __init__(self, url: str, witness: FakeWitness, clock: Clock, *, first: bool) -> None:
        self.bus = Bus(url, SERVICE, SECRET)
        self.server = FakeServer()
        self.voice = FakeVoice()
        self.rooms = Cluster(witness, clock, GRACE, bus=self.bus, first=first)
        self.rooms.server = self.server
        self.rooms.voice = self.voice
        self._seated: dict[str, Access] = {}
        self.voice.on_close = self._closed
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self.rooms.run())
        await until(lambda: self.rooms.connected)

    async def die(self) -> None:
        """As kill -9 seen from the others: its line is cut and it does nothing any more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _closed(self, sid: str) -> None:
        """As the socket's namespace does."""
        access = self._seated.pop(sid, None)
        if access is not None:
            await self.rooms.dropped(access, sid)

    async def join(
        self,
        role: Actor,
        room: str = "R",
        sid: str = "",
        memory: Memory | None = None,
        page: str = "",
    ) -> str:
        sid = sid or f"{role}-{self.bus.id}"
        self._seated[sid] = access_of(role, room)
        await self.rooms.join(
            self._seated[sid], memory or Memory("waiting"), sid, page or f"page-of-{role}"
        )
        return sid

    async def ask(self, sid: str, event: str, payload: Message) -> int:
        version = self.rooms.ask(self._seated[sid], sid, event, payload)
        return version if isinstance(version, int) else await version

    async def drop(self, sid: str) -> None:
        await self._closed(sid)

    def heard(self, sid: str, event: str) -> list[Any]:
        return [message for to, name, message in self.voice.said if (to, name) == (sid, event)]

    async def hears(
        self, sid: str, event: str, that: Callable[[Any], bool] = lambda _: True
    ) -> Any:
        await until(lambda: any(that(one) for one in self.heard(sid, event)))
        return next(one for one in self.heard(sid, event) if that(one))


def access_of(role: Actor, room: str = "R") -> Access:
    return Access(
        kind="room", subject=f"{role} of {room}", role=role, room=room, jti="j", session="s",
        expires=0,
    )  # fmt: skip


class Workers:
    """Those of one service."""

    def __init__(self, redis: RedisServer) -> None:
        self.redis = redis
        self.witness, self.clock = FakeWitness(), Clock()
        self.all: list[OneWorker] = []

    async def start(self) -> OneWorker:
        worker = OneWorker(self.redis.url, self.witness, self.clock, first=not self.all)
        self.all.append(worker)
        await worker.start()
        alive = [one for one in self.all if one._task is not None]
        await until(lambda: all(len(one.rooms._peers) >= len(alive) - 1 for one in alive))
        return worker


@contextlib.asynccontextmanager
async def workers_on(redis: RedisServer) -> AsyncIterator[Workers]:
    workers = Workers(redis)
    try:
        yield workers
    finally:
        for worker in workers.all:
            await worker.die()
