"""What is written to a connection, and when: once in a turn of the loop."""

import asyncio
from typing import Any, cast

import pytest

from signaling.frames import ENGINE_PING, encode, event_frame, goodbye
from signaling.limits import Limits
from signaling.protocol import Message, Removed, Replaced
from signaling.transport import TOGETHER, Engine, Session

pytestmark = [pytest.mark.row("OPS-01")]

REPLACED = Replaced(at="2026-11-23T09:00:00+00:00")
REMOVED = Removed(at="2026-11-23T09:00:01+00:00")


class Connection:
    """A transport that remembers each write."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.writes.append(data)

    def close(self) -> None:
        self.closed = True

    abort = close

    def set_write_buffer_limits(self, high: int) -> None: ...

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None: ...


class Nobody:
    """signaling.transport's Door, of which nothing is asked."""

    def __init__(self) -> None:
        self.names: dict[bytes, str] = {}

    def heard(self, sid: str, event: str, payload: bytes) -> int:
        return 0

    async def gone(self, sid: str) -> None: ...


async def seated(engine: Engine) -> tuple[Session, Connection]:
    connection = Connection()
    session = engine.open(cast(Any, connection), "192.0.2.1", b"")
    session._welcome()
    await turn()
    connection.writes.clear()
    return session, connection


async def turn() -> None:
    await asyncio.sleep(0)


@pytest.fixture
def engine() -> Engine:
    engine = Engine(Limits())
    engine.door = cast(Any, Nobody())
    return engine


def frame(event: str, message: Message) -> bytes:
    return event_frame(event, encode(message))


async def test_what_one_turn_says_to_a_socket_is_one_write_in_its_order(engine: Engine) -> None:
    session, connection = await seated(engine)

    engine.say(session.sid, "replaced", encode(REPLACED))
    engine.say(session.sid, "removed", encode(REMOVED))
    assert connection.writes == []
    await turn()

    assert connection.writes == [frame("replaced", REPLACED) + frame("removed", REMOVED)]


async def test_the_next_turn_writes_anew(engine: Engine) -> None:
    session, connection = await seated(engine)

    for _ in range(2):
        engine.say(session.sid, "replaced", encode(REPLACED))
        await turn()

    assert connection.writes == [frame("replaced", REPLACED)] * 2


async def test_more_than_fits_together_goes_at_once_and_in_its_order(engine: Engine) -> None:
    session, connection = await seated(engine)
    long = [frame("replaced", Replaced(at=letter * TOGETHER)) for letter in "abc"]

    for one in long:
        session.send(one)
    session.send(ENGINE_PING)
    assert connection.writes == [*long, ENGINE_PING]
    await turn()

    assert connection.writes == [*long, ENGINE_PING]


async def test_each_socket_hears_its_own(engine: Engine) -> None:
    one, first = await seated(engine)
    other, second = await seated(engine)

    engine.say(one.sid, "replaced", encode(REPLACED))
    engine.say(other.sid, "removed", encode(REMOVED))
    await turn()

    assert first.writes == [frame("replaced", REPLACED)]
    assert second.writes == [frame("removed", REMOVED)]


async def test_what_was_said_before_a_goodbye_goes_before_it(engine: Engine) -> None:
    session, connection = await seated(engine)

    engine.say(session.sid, "replaced", encode(REPLACED))
    engine.cut_off(session, "too_fast")
    session.write(ENGINE_PING)
    await turn()

    assert connection.writes == [frame("replaced", REPLACED) + goodbye(1008)]


async def test_a_server_that_stops_says_everything_first(engine: Engine) -> None:
    session, connection = await seated(engine)

    engine.say(session.sid, "replaced", encode(REPLACED))
    await engine.stop()

    assert connection.writes == [frame("replaced", REPLACED) + goodbye(1001)]
    assert connection.closed


async def test_nothing_is_written_to_a_connection_that_is_gone(engine: Engine) -> None:
    session, connection = await seated(engine)

    engine.say(session.sid, "replaced", encode(REPLACED))
    connection.close()
    session.connection_lost(None)
    await turn()

    assert connection.writes == []
