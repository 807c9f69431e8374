"""The line between workers: sealed messages over Redis, claims on rooms, and who is alive.

What is lost is lost: a session on this line that breaks is over, whoever had agreed something over
it begins anew with a hello, and nothing is sent twice. Only claims on rooms are kept in Redis.
"""

import asyncio
import hashlib
import random
import secrets
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from typing import Any, Protocol

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from .crossing import ALL, AnyCrossing, Frame, Sealer, Unreadable

log = structlog.get_logger()

#: Seconds between two signs of life; milliseconds that one lasts.
BEAT = 1.0
LIFE_MS = 3_000
#: Seconds that Redis may take to answer: it is on this machine.
ANSWER = 2.0
#: Seconds before another try, at first and at most.
RETRY, RETRY_MAX = 0.2, 5.0
#: Messages that may wait to leave; more of them, and the line is as good as cut.
WAITING = 20_000
#: Sent to Redis at once.
BATCH = 256

#: A worker lives that said so lately and that listens: who was killed does not from that moment.
LIVES = """
local function lives(id)
  return redis.call('EXISTS', ARGV[1] .. 'alive:' .. id) == 1
    and redis.call('PUBSUB', 'NUMSUB', ARGV[1] .. 'worker:' .. id)[2] > 0
end
"""
#: ARGV: prefix, worker, room. The owner, and whom it was taken over from.
CLAIM = f"""{LIVES}
local owner = redis.call('HGET', ARGV[1] .. 'rooms', ARGV[3])
if owner and (owner == ARGV[2] or lives(owner)) then return {{owner, ''}} end
redis.call('HSET', ARGV[1] .. 'rooms', ARGV[3], ARGV[2])
return {{ARGV[2], owner or ''}}
"""
#: ARGV: prefix, worker, room.
RELEASE = """
if redis.call('HGET', ARGV[1] .. 'rooms', ARGV[3]) == ARGV[2] then
  redis.call('HDEL', ARGV[1] .. 'rooms', ARGV[3])
end
return 1
"""
#: ARGV: prefix. A whole service starts: what its former workers owned is nobody's.
SWEEP = f"""{LIVES}
local rooms = redis.call('HGETALL', ARGV[1] .. 'rooms')
for i = 1, #rooms, 2 do
  if not lives(rooms[i + 1]) then redis.call('HDEL', ARGV[1] .. 'rooms', rooms[i]) end
end
return 1
"""
#: ARGV: prefix, worker, milliseconds, other workers. Whether it was thought alive until now and
#: hears us; then whether each of the others lives.
SIGN = f"""{LIVES}
local was = lives(ARGV[2]) and 1 or 0
redis.call('SET', ARGV[1] .. 'alive:' .. ARGV[2], '1', 'PX', ARGV[3])
local answer = {{was}}
for i = 4, #ARGV do answer[#answer + 1] = lives(ARGV[i]) and 1 or 0 end
return answer
"""

#: A message, or what makes it when its turn comes (None: it is not worth saying any more).
Outgoing = AnyCrossing | Callable[[], AnyCrossing | None]


class BusDown(Exception):
    """Redis is not there, or not now."""


class Listener(Protocol):
    """Who is at this end of the line. None of these waits."""

    async def up(self) -> None:
        """The line is there: everybody hears what is said from now on."""

    def down(self) -> None:
        """Whatever was said or asked lately may not have arrived."""

    def heard(self, sender: str, message: AnyCrossing) -> None: ...

    def undelivered(self, to: str, message: AnyCrossing) -> None:
        """Nobody listens there."""

    def others(self) -> Iterable[str]:
        """Workers whose life is to be watched."""

    def dead(self, worker: str) -> None: ...


class Bus:
    """One worker's end. `service`: what tells two services on one Redis apart (its origin)."""

    def __init__(self, url: str, service: str, secret: str) -> None:
        #: Another one at each start: what was said to the former is not for this one.
        self.id = secrets.token_hex(8)
        self._url = url
        name = hashlib.blake2b(service.encode(), digest_size=4).hexdigest()
        self._prefix = f"telecontrole:{name}:"
        self._sealer = Sealer(secret)
        self._out: deque[tuple[str, Outgoing]] = deque()
        self._news = asyncio.Event()
        #: Grows over sessions too.
        self._number = time.time_ns()
        self._numbers: dict[str, int] = {}
        self._client: Redis | None = None
        self.listener: Listener | None = None

    @property
    def connected(self) -> bool:
        return self._client is not None

    # --- what is said ---------------------------------------------------------------------------

    def tell(self, to: str, message: Outgoing) -> bool:
        """In the order of saying, without waiting. False: there is no line now."""
        if self._client is None:
            return False
        self._out.append((to, message))
        self._news.set()
        return True

    # --- whose room -----------------------------------------------------------------------------

    async def claim(self, room: str) -> tuple[str, str]:
        """Whose the room is, ours if it was nobody's; and which dead worker it was taken from.

        :raises BusDown:
        """
        owner, former = await self._script(CLAIM, self.id, room)
        return owner.decode(), former.decode()

    async def release(self, room: str) -> None:
        """:raises BusDown:"""
        await self._script(RELEASE, self.id, room)

    async def sweep(self) -> None:
        """What dead workers owned is nobody's, and nobody takes it over.

        :raises BusDown:
        """
        await self._script(SWEEP)

    async def _script(self, script: str, *arguments: str) -> Any:
        if self._client is None:
            raise BusDown
        return await self._run_script(self._client, script, *arguments)

    async def _run_script(self, client: Redis, script: str, *arguments: str) -> Any:
        try:
            return await client.register_script(script)(args=[self._prefix, *arguments])
        except (RedisError, OSError) as wrong:
            raise BusDown from wrong

    # --- the line -------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled: connect, and connect again."""
        pause = RETRY
        while True:
            try:
                await self._session()
            except (RedisError, OSError, BusDown) as wrong:
                # A connection that fails while it is being closed must not hide the reason.
                still_wanted()
                if self._was_up:
                    pause = RETRY
                log.warning("bus_down", error=type(wrong).__name__)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            pause = min(2 * pause, RETRY_MAX)

    _was_up = False

    async def _session(self) -> None:
        self._was_up = False
        client = Redis.from_url(
            self._url,
            protocol=2,
            socket_timeout=ANSWER,
            socket_connect_timeout=ANSWER,
            # A connection made anew in silence would have missed messages.
            retry=Retry(NoBackoff(), 0),
        )
        channels = client.pubsub()
        try:
            await self._subscribe(channels)
            await self._sign(client)
            still_wanted()
            await self._connected(client, channels)
        finally:
            await undisturbed(closed(channels, client))

    async def _connected(self, client: Redis, channels: PubSub) -> None:
        self._client = client
        try:
            await self._listen(client, channels)
        finally:
            self._client = None
            self._out.clear()
            if self.listener is not None:
                self.listener.down()

    async def _subscribe(self, channels: PubSub) -> None:
        wanted = (self._channel(self.id), self._channel(ALL))
        await channels.subscribe(*wanted)
        for _ in wanted:
            await channels.get_message(timeout=ANSWER)

    async def _listen(self, client: Redis, channels: PubSub) -> None:
        parts: list[Coroutine[Any, Any, None]] = [
            self._read(channels), self._write(client), self._live(client)
        ]  # fmt: skip
        if self.listener is not None:
            parts.append(self._greet(self.listener))
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            # The greeting alone ends without a reason to stop.
            for one in asyncio.as_completed(tasks):
                await one
        finally:
            await ended(tasks)

    async def _greet(self, listener: Listener) -> None:
        await listener.up()
        self._was_up = True

    async def _read(self, channels: PubSub) -> None:
        while True:
            told = await channels.get_message(ignore_subscribe_messages=True, timeout=None)
            if told is not None:
                self._take(told["data"])

    def _take(self, sealed: object) -> None:
        """What is not a message of ours is dropped; what it says does not go to the log."""
        try:
            frame = self._sealer.open(sealed)
        except Unreadable as wrong:
            log.warning("bus_message_refused", reason=str(wrong))
            return
        if frame.sender == self.id or frame.to not in (self.id, ALL):
            return
        if frame.number <= self._numbers.get(frame.sender, 0):
            log.warning("bus_message_refused", reason="again")
            return
        self._numbers[frame.sender] = frame.number
        if self.listener is not None:
            try:
                self.listener.heard(frame.sender, frame.message)
            except Exception:
                log.exception("bus_message_failed")

    async def _write(self, client: Redis) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._out:
                if len(self._out) > WAITING:
                    raise BusDown("too much waits")
                await self._send(client)

    async def _send(self, client: Redis) -> None:
        """Some of what waits, in one round trip."""
        sent: list[tuple[str, AnyCrossing]] = []
        pipeline = client.pipeline(transaction=False)
        while self._out and len(sent) < BATCH:
            to, outgoing = self._out.popleft()
            message = outgoing() if callable(outgoing) else outgoing
            if message is None:
                continue
            try:
                sealed = self._sealed(to, message)
            except Unreadable as wrong:
                log.warning("bus_message_not_sent", reason=str(wrong))
                continue
            pipeline.publish(self._channel(to), sealed)
            sent.append((to, message))
        if not sent:
            return
        for (to, message), ears in zip(sent, await pipeline.execute(), strict=True):
            if not ears and to != ALL and self.listener is not None:
                self.listener.undelivered(to, message)

    def _sealed(self, to: str, message: AnyCrossing) -> bytes:
        self._number += 1
        return self._sealer.seal(Frame(self.id, to, self._number, message))

    async def _live(self, client: Redis) -> None:
        """Say that we live, and look who else does."""
        while True:
            await asyncio.sleep(BEAT)
            if not await self._sign(client):
                # We were thought dead (a machine that slept, a loop that hung): so begin anew.
                raise BusDown("stalled")

    async def _sign(self, client: Redis) -> bool:
        others = list(self.listener.others()) if self.listener else []
        was, *live = await self._run_script(client, SIGN, self.id, str(LIFE_MS), *others)
        for worker, lives in zip(others, live, strict=True):
            if not lives and self.connected and self.listener is not None:
                self.listener.dead(worker)
        return bool(was)

    def _channel(self, worker: str) -> str:
        return self._prefix + (f"worker:{worker}" if worker != ALL else "all")


def still_wanted() -> None:
    """redis-py may swallow a cancellation that comes together with an answer (as `wait_for` of
    Python 3.11 does)."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancelled, for the same reason as often as it takes."""
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=0.1)
    await asyncio.gather(*tasks, return_exceptions=True)


async def closed(channels: PubSub, client: Redis) -> None:
    for one in (channels, client):
        with suppress(RedisError, OSError):
            await one.aclose()


async def undisturbed(work: Coroutine[Any, Any, None]) -> None:
    """To its end, whoever cancels meanwhile: a socket half closed is one that stays."""
    task = asyncio.create_task(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([task])
