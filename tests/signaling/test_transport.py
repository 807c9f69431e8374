"""Attacks on the bare WebSocket: the server cuts, goes on, and logs no traceback.

This is the contract of signaling/transport.py with python-socketio and python-engineio, whose
private methods it overrides (docs/threat-model.md, F1 to F6).
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from struct import pack
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from hypothesis import given
from hypothesis import strategies as st
from signaling_doubles import ORIGIN, PATIENCE, House, Person, open_house, people
from structlog.testing import capture_logs

from signaling.frames import encode
from signaling.library import SocketServer
from signaling.limits import Bucket, Limits
from signaling.protocol import Replaced

pytestmark = [pytest.mark.row("SP-02"), pytest.mark.row("SP-06")]

#: Fast enough for any test, but the bucket.
QUICK = Limits(connect_deadline=0.3, rate=10_000, burst=10_000, linger=0.2)


class Wire:
    """A client that says whatever it likes."""

    def __init__(self, house: House, socket: ClientWebSocketResponse) -> None:
        self.house, self.socket = house, socket
        self.heard: list[str] = []

    async def say(self, *frames: str | bytes) -> "Wire":
        for frame in frames:
            try:
                if isinstance(frame, bytes):
                    await self.socket.send_bytes(frame)
                else:
                    await self.socket.send_str(frame)
            except ConnectionError:
                break
        return self

    async def hear(self, start: str) -> str:
        """The next frame that begins so."""
        async with asyncio.timeout(PATIENCE):
            while True:
                text = str(await self.socket.receive_str())
                self.heard.append(text)
                if text.startswith(start):
                    return text

    async def enter(self, role: Any = "assure", room: str = "R") -> "Wire":
        """A page of this person, in the room."""
        auth = {"token": self.house.token(role, room), "instance": f"raw-{role}"}
        await self.say("40" + json.dumps(auth))
        await self.hear('42["snapshot"')
        return self

    async def until_cut(self) -> int | None:
        """Answer pings as a living page does, until the server closes; the closing code."""
        async with asyncio.timeout(PATIENCE):
            async for message in self.socket:
                if message.type is WSMsgType.TEXT and message.data == "2":
                    await self.socket.send_str("3")
        return self.socket.close_code


@asynccontextmanager
async def wires(house: House, count: int = 1, **options: Any) -> AsyncIterator[list[Wire]]:
    async with aiohttp.ClientSession() as session:
        opened = [await wire(house, session, **options) for _ in range(count)]
        try:
            yield opened
        finally:
            for one in opened:
                await one.socket.close()


async def wire(house: House, session: aiohttp.ClientSession, **options: Any) -> Wire:
    socket = await session.ws_connect(
        f"{house.url}socket.io/?EIO=4&transport=websocket", max_msg_size=0, **options
    )
    one = Wire(house, socket)
    await one.hear("0")
    return one


@pytest.fixture
async def quick(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path / "tokens", QUICK) as house:
        yield house


def masked(text: str) -> bytes:
    """A client's frame; a mask of zeros changes nothing (RFC 6455, section 5.3)."""
    payload = text.encode()
    return pack("!BB", 0x81, 0x80 | len(payload)) + bytes(4) + payload


async def is_well(house: House) -> bool:
    """Whether an honest person still gets in and is answered."""
    person = Person(house, "medecin_conseil", "well")
    async with people(person):
        await person.barrier()
    return True


# --- F1: names that are not a client's ----------------------------------------------------------

FORGED = (
    '["connect",{"HTTP_X":"1"},{"token":"x"}]', '["disconnect","transport close"]', '["opened"]',
    '["trigger_event","x"]', '["connect_error",{}]', '["say","x"]', '["close_session","s"]',
    '["__disconnect_final"]', '["snapshot",{}]', '["announce_delay",{"minutes":1}]', '[""]', '[]',
    '{"0":"admit"}', '"admit"', "null", "7", '[null]', '[["admit"]]', '[{"admit":1}]', '["Admit"]',
)  # fmt: skip


@pytest.mark.parametrize("packet", FORGED)
async def test_an_event_that_is_not_a_clients_is_cut_and_does_nothing(
    house: House, packet: str
) -> None:
    async with wires(house) as (attacker,):
        await attacker.enter()

        await attacker.say(f"42{packet}")
        await attacker.until_cut()
        await asyncio.gather(*house.sio.engine._tasks)

        assert house.witness.kinds() == ["joined", "lost"]
        assert await is_well(house)


async def test_an_event_before_connecting_does_nothing(quick: House) -> None:
    async with wires(quick) as (attacker,):
        await attacker.say('42["admit",{}]', '421["end",{}]')
        await attacker.until_cut()

        assert quick.witness.facts == []


# --- F3: sockets that never authenticate --------------------------------------------------------


async def test_a_socket_that_never_connects_is_cut_though_it_answers_pings(tmp_path: Path) -> None:
    limits = Limits(connect_deadline=0.3, ping_interval=0.05, ping_timeout=1)
    async with open_house(tmp_path, limits) as house, wires(house) as (idle,):
        await idle.until_cut()

        assert house.sio.cut["deadline"] == 1
        assert house.sio.engine._pending == {}


async def test_a_refused_token_does_not_stop_the_deadline(quick: House) -> None:
    async with wires(quick) as (attacker,):
        await attacker.say('40{"token":"a.b.c","instance":"raw-assure"}')
        refusal = await attacker.hear("44")
        await attacker.until_cut()

        assert json.loads(refusal[2:])["data"] == {"code": "token_invalid"}
        assert quick.sio.cut["deadline"] == 1


async def test_who_is_in_the_room_has_no_deadline(quick: House) -> None:
    async with wires(quick, 2) as (page, idle):
        await page.enter()
        await idle.until_cut()

        assert not page.socket.closed
        assert quick.sio.cut["deadline"] == 1


async def test_who_left_its_namespace_has_a_deadline_again(quick: House) -> None:
    async with wires(quick) as (page,):
        await page.enter()

        await page.say("41")
        await page.until_cut()

        assert quick.sio.cut["deadline"] == 1


async def test_a_revoked_session_does_not_keep_its_socket_open(quick: House) -> None:
    async with wires(quick) as (page,):
        await page.enter()

        await quick.door.close_session("session of assure")
        await page.until_cut()

        assert quick.sio.cut["deadline"] == 1


async def test_connecting_twice_is_cut(house: House) -> None:
    async with wires(house) as (attacker,):
        await attacker.enter()

        auth = {"token": house.token("medecin_conseil"), "instance": "raw-again"}
        await attacker.say("40" + json.dumps(auth))
        await attacker.until_cut()

        assert house.sio.cut["connect_twice"] == 1
        assert house.rooms.get("R").medecin_conseil.presence == "absent"  # type: ignore[union-attr]


@pytest.mark.parametrize("namespace", ["/admin", "/other", "/console?x=1", "/Console"])
async def test_another_namespace_does_not_open(quick: House, namespace: str) -> None:
    async with wires(quick) as (attacker,):
        await attacker.say(f'40{namespace},{{"token":"x"}}')
        heard = await attacker.hear("44")
        await attacker.until_cut()

        assert heard.startswith("44/")
        assert quick.sio.cut["deadline"] == 1


async def test_only_so_many_of_one_address_wait_at_the_door(tmp_path: Path) -> None:
    limits = Limits(pending_per_address=3)
    async with open_house(tmp_path, limits) as house:
        here, there = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
        async with wires(house, 3, headers=here) as waiting:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await _one_more(house, here)
            async with wires(house, 1, headers=there):
                await waiting[0].enter()
                async with wires(house, 1, headers=here) as again:
                    opened = not again[0].socket.closed

        assert (refused.value.status, house.sio.cut["pending"], opened) == (503, 1, True)


async def _one_more(house: House, headers: dict[str, str]) -> None:
    async with wires(house, 1, headers=headers):
        pass


async def test_only_so_many_sockets_are_held_in_all(tmp_path: Path) -> None:
    async with open_house(tmp_path, Limits(sockets=2)) as house, wires(house, 2):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await _one_more(house, {})

        assert house.sio.cut["full"] == 1


async def test_the_address_is_made_of_the_connections_own_and_what_a_proxy_said(
    house: House,
) -> None:
    async with wires(house, headers={"X-Forwarded-For": "198.51.100.7"}):
        pending = dict(house.sio.engine._pending)

    assert house.addresses == [("127.0.0.1", ["198.51.100.7"])]
    assert pending == {"198.51.100.7": 1}


# --- F4, malformed: what is no packet of ours ---------------------------------------------------


@pytest.mark.parametrize(
    "frame",
    [b"", b"\x00\x01", b"4", b"x" * 60_000, '451-["admit",{"_placeholder":true,"num":0}]',
     '461-1[{"_placeholder":true,"num":0}]', "459999999999-[]", "45", "46"],
)  # fmt: skip
async def test_binary_is_cut_at_the_first_one(house: House, frame: str | bytes) -> None:
    async with wires(house) as (attacker,):
        await attacker.enter()

        await attacker.say(frame)
        await attacker.until_cut()

        assert house.sio.cut["binary"] == 1
        assert house.sio._binary_packet == {}


DEEP = "[" * 30_000
MALFORMED = (
    "", "x", "é", "²", "\x00", "0", "1x", "2", "2probe", "3x", '3{"a":1}', "5", "6", "7", "9", "-1",
    "b", "bAAAA", "b====", "4", "44", "44{}", "47", "48", "49", "4x", "4[", f"4{DEEP}", f"42{DEEP}",
    f"40{DEEP}", f'42["admit",{DEEP}', '42["admit",NaN]', '42["admit",Infinity]',
    '42["admit",1e400]', '42["admit","\\ud800"]', '42["admit"', '42["admit"]]', "42['admit']",
    "42/", "42/,", "42/console", "42" + "9" * 120 + '["admit"]', "42²[]", "42١[]",
    "40[", "40{", '40"', "40/console,[", "41{", "43", "43[]", "431[]", "43x", "4²", "٤2[]",
    "\ufeff42[]", "42 [\"admit\"]", "4 2",
)  # fmt: skip


@pytest.mark.parametrize("seated", [True, False], ids=["seated", "stranger"])
async def test_no_malformed_packet_stops_the_server_or_fills_its_log(
    house: House, seated: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async with wires(house, len(MALFORMED)) as attackers:
        with capture_logs() as logs, caplog.at_level(logging.WARNING):
            for number, (attacker, packet) in enumerate(zip(attackers, MALFORMED, strict=True)):
                if seated:
                    await attacker.enter(room=f"room {number}")
                await attacker.say(packet)
            assert await is_well(house)

        loud = [entry for entry in logs if entry["log_level"] not in ("info", "debug")]
        assert (loud, [record.getMessage() for record in caplog.records]) == ([], [])
        assert house.sio.cut["malformed"] > 20


@pytest.mark.parametrize(
    "packet", ["x", "", "2", "bAAAA", f"4{DEEP}", f"42{DEEP}", "42[NaN]", "4" * 70_000]
)
async def test_a_malformed_packet_closes_its_own_socket(house: House, packet: str) -> None:
    other = Person(house, "medecin_conseil")
    async with wires(house) as (attacker,), people(other):
        await attacker.enter()

        await attacker.say(packet)
        await attacker.until_cut()
        state = await other.sees(lambda state: state["assure"]["presence"] == "lost")

        assert state["assure"]["since"] == house.clock().isoformat()


async def test_what_was_sent_does_not_reach_the_log(house: House) -> None:
    with capture_logs() as logs:
        async with wires(house) as (attacker,):
            await attacker.say('42["canary-5f1e"', "40canary-5f1e", '42["canary-5f1e",{}]')
            await attacker.until_cut()

    assert "canary" not in repr(logs)


async def test_a_frame_that_is_too_big_is_closed_as_such(house: House) -> None:
    async with wires(house) as (attacker,):
        await attacker.enter()

        await attacker.say('42["offer",{"sdp":"' + "x" * 70_000 + '"}]')
        code = await attacker.until_cut()

        assert code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


# --- F5: floods ---------------------------------------------------------------------------------


@pytest.mark.parametrize("packet", ['42["devices",{"microphone":true,"camera":true}]', "3", "41"])
async def test_a_flood_is_cut_while_another_goes_on(tmp_path: Path, packet: str) -> None:
    limits = Limits(rate=1, burst=50)
    async with open_house(tmp_path, limits) as house:
        good = Person(house, "medecin_conseil")
        async with people(good), wires(house) as (attacker,):
            await attacker.enter()

            await attacker.say(*[packet] * 200)
            await attacker.until_cut()
            await good.barrier()

            assert house.sio.cut["too_fast"] == 1


def test_a_bucket_gives_a_burst_and_then_its_rate() -> None:
    now = [0.0]
    bucket = Bucket(rate=2, burst=3, clock=lambda: now[0])

    at_once = [bucket.take() for _ in range(4)]
    now[0] = 1
    later = [bucket.take() for _ in range(3)]

    assert at_once == [True, True, True, False]
    assert later == [True, True, False]


@given(st.lists(st.tuples(st.floats(0, 10), st.integers(1, 40)), max_size=30))
def test_no_bucket_gives_more_than_its_rate_and_two_bursts(steps: list[tuple[float, int]]) -> None:
    now = [0.0]
    bucket = Bucket(rate=5, burst=20, clock=lambda: now[0])

    given_out = 0
    for seconds, asked in steps:
        now[0] += seconds
        given_out += sum(bucket.take() for _ in range(asked))

    assert given_out <= 20 + 20 + 5 * now[0]


async def test_a_reader_that_does_not_read_is_cut_with_bounded_memory(tmp_path: Path) -> None:
    limits = Limits(buffer_bytes=100_000, linger=0.2)
    async with open_house(tmp_path, limits) as house, wires(house) as (slow,):
        await slow.enter()
        session = house.session("assure")
        slow.socket._response.connection.transport.pause_reading()
        longest = 0

        while not house.sio.cut.get("slow_reader"):
            house.sio.engine.say(session.sid, "state", encode(Replaced(at="x" * 60_000)))
            longest = max(longest, session._transport.get_write_buffer_size())
            await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE):
            while house.sio.engine.sessions:
                await asyncio.sleep(0)

        slow.socket._response.connection.transport.abort()

        assert longest <= 100_000 + 61_000
        assert await is_well(house)


async def test_acknowledgements_that_nobody_reads_are_bounded_too(tmp_path: Path) -> None:
    limits = Limits(buffer_bytes=10_000, rate=1e9, burst=10**9, linger=0.2)
    async with open_house(tmp_path, limits) as house, wires(house) as (slow,):
        await slow.enter()
        slow.socket._response.connection.transport.pause_reading()
        session, number = house.session("assure"), 0

        while not house.sio.cut.get("slow_reader"):
            number += 1
            session.data_received(masked(f'42{number}["end",{{}}]'))
            await asyncio.sleep(0)

        slow.socket._response.connection.transport.abort()
        assert await is_well(house)


# --- pings and namespaces -----------------------------------------------------------------------


async def test_who_answers_pings_stays_and_who_does_not_is_cut(tmp_path: Path) -> None:
    limits = Limits(ping_interval=0.2, ping_timeout=0.2, linger=0.2)
    async with open_house(tmp_path, limits) as house, wires(house, 2) as (alive, silent):
        await alive.enter("assure")
        await silent.enter("medecin_conseil")

        answering = asyncio.create_task(alive.until_cut())
        async with asyncio.timeout(PATIENCE):
            while house.presence("medecin_conseil") != "lost":
                await asyncio.sleep(0)

        assert (house.presence("assure"), house.sio.cut["ping_timeout"]) == ("present", 1)
        answering.cancel()


async def test_one_socket_may_be_in_both_namespaces_and_leave_one(house: House) -> None:
    console = house.token("medecin_conseil", kind="console")
    async with wires(house) as (page,):
        await page.enter("medecin_conseil")
        await page.say('40/console,{"token":"' + console + '"}')
        await page.hear('42/console,["day"')

        await page.say('42/console,7["announce_delay",{"minutes":5}]', "41")
        answered = await page.hear("43/console,7")
        async with asyncio.timeout(PATIENCE):
            while house.presence("medecin_conseil") != "lost":
                await asyncio.sleep(0)
        await page.say('42/console,8["announce_delay",{"minutes":0}]')
        again = await page.hear("43/console,8")

        assert '"ok":true' in answered
        assert '"ok":true' in again
        assert house.desk.delays == [("medecin_conseil of R", 5), ("medecin_conseil of R", 0)]


# --- the handshake ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "query", "headers"),
    [
        ("GET", "EIO=4&transport=polling", {}),
        ("POST", "EIO=4&transport=polling", {}),
        ("GET", "EIO=4", {}),
        ("GET", "", {}),
        ("GET", "EIO=3&transport=websocket", {}),
        ("GET", "EIO=4&transport=websocket", {}),
        ("GET", "EIO=4&transport=websocket", {"Upgrade": "websocket"}),
        ("GET", "EIO=4&transport=websocket", {"Upgrade": "websocket", "Connection": "Upgrade"}),
        ("POST", "EIO=4&transport=websocket&sid=x", {}),
        ("OPTIONS", "EIO=4&transport=websocket", {}),
        ("GET", "EIO=4&transport=websocket&j=1", {}),
    ],
)
async def test_what_is_no_websocket_is_refused_and_leaves_nothing(
    house: House, method: str, query: str, headers: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    async with aiohttp.ClientSession() as session:
        response = await session.request(
            method, f"{house.url}socket.io/?{query}", headers=headers, data=b"x"
        )

    assert response.status == 400
    assert (house.sio.engine.sessions, caplog.records) == ({}, [])


@pytest.mark.row("SP-07")
@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", f"{ORIGIN}.evil.example", f"{ORIGIN}:444", "*",
     ORIGIN.replace("https", "http"), ORIGIN.upper(), "file://"],
)  # fmt: skip
async def test_a_page_of_elsewhere_does_not_connect(house: House, origin: str) -> None:
    headers = {"Origin": origin, "X-Forwarded-Host": origin.removeprefix("https://")}

    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await _one_more(house, headers)

    assert refused.value.status == 400


async def test_our_own_page_connects(house: House) -> None:
    async with wires(house, headers={"Origin": ORIGIN}) as (page,):
        await page.enter()

        assert not page.socket.closed


@pytest.mark.parametrize("origins", [[], ["*"], [ORIGIN, "*"]])
def test_origins_are_named(origins: list[str]) -> None:
    with pytest.raises(ValueError, match="named"):
        SocketServer(limits=Limits(), events={}, origins=origins, address_of=lambda *_: "")


async def test_compression_is_not_negotiated(house: House) -> None:
    async with wires(house, compress=15) as (page,):
        offered = page.socket._response.request_info.headers["Sec-WebSocket-Extensions"]
        taken = page.socket._response.headers.get("Sec-WebSocket-Extensions")

        assert "permessage-deflate" in offered
        assert (taken, page.socket.compress) == (None, 0)


# --- the end ------------------------------------------------------------------------------------


async def test_a_stopped_server_leaves_no_timer_and_no_task(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, wires(house, 3) as pages:
        await pages[0].enter()

        await house.sio.stopped()

        assert not house.sio.engine._tasks
        assert house.sio.engine._timer.cancelled()  # type: ignore[union-attr]
        assert all(one.deadline is None for one in house.sio.engine.sessions.values())
