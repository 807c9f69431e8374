"""The first protocol of a connection: what it takes is a WebSocket, all else is aiohttp's."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from struct import pack

import pytest
import uvloop
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from signaling_doubles import ORIGIN, PATIENCE, House, Person, open_house, people

from signaling.front import LISTENERS, Entrance, Front, FrontSite, read_headers, switching
from signaling.limits import Limits
from signaling.transport import Engine

pytestmark = [pytest.mark.row("SP-06")]

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE = {
    "Host": "telecontrole.example",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}
TARGET = "/socket.io/?EIO=4&transport=websocket"


def request(target: str = TARGET, method: str = "GET", **changes: str | None) -> bytes:
    """A request for a socket; a change of None leaves the header out."""
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    headers = {**UPGRADE, **named}
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "\r\n"]).encode()


def masked(text: str) -> bytes:
    payload = text.encode()
    size = len(payload)
    head = pack("!BB", 0x81, 0x80 | size) if size < 126 else pack("!BBH", 0x81, 0xFE, size)
    return head + bytes(4) + payload


class Line:
    """A bare connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def status(self) -> int:
        async with asyncio.timeout(PATIENCE):
            head = await self.reader.readuntil(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1])

    async def answer(self) -> tuple[int, bytes]:
        """Status and body, by Content-Length."""
        async with asyncio.timeout(PATIENCE):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            return int(head.split(b" ", 2)[1]), await self.reader.readexactly(length)

    async def frame(self) -> str:
        """The next text frame."""
        async with asyncio.timeout(PATIENCE):
            _, size = await self.reader.readexactly(2)
            if size == 126:
                size = int.from_bytes(await self.reader.readexactly(2))
            return (await self.reader.readexactly(size)).decode()

    async def ended(self) -> bool:
        async with asyncio.timeout(PATIENCE):
            await self.reader.read()
        return True


@asynccontextmanager
async def line(house: House, *parts: bytes) -> AsyncIterator[Line]:
    port = int(house.url.rsplit(":", 1)[1].strip("/"))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            # The next part is another segment.
            await asyncio.sleep(0)
        yield Line(reader, writer)
    finally:
        writer.close()


async def enter(line: Line, house: House) -> str:
    assert (await line.frame()).startswith("0{")
    auth = json.dumps({"token": house.token("assure"), "instance": "page-of-assure"})
    line.writer.write(masked("40" + auth))
    assert (await line.frame()).startswith("40{")
    return await line.frame()


@pytest.fixture
async def with_page(tmp_path: Path) -> AsyncIterator[House]:
    """A house that has an ordinary page too."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="page")

    async with open_house(tmp_path, on_app=lambda app: app.router.add_get("/page", page)) as house:
        yield house


async def test_a_request_cut_anywhere_is_the_same_request(house: House) -> None:
    whole = request()

    for cut in (1, 4, 20, len(whole) // 2, len(whole) - 3, len(whole) - 1):
        async with line(house, whole[:cut], whole[cut:]) as one:
            assert await one.status() == 101


async def test_other_requests_are_aiohttps_and_its_connection_is_kept(with_page: House) -> None:
    asked = request("/page", Upgrade=None, Connection="keep-alive")

    async with line(with_page, asked) as one:
        first = await one.answer()
        one.writer.write(asked)
        second = await one.answer()

    assert first == second == (200, b"page")


async def test_an_upgrade_on_a_connection_that_was_kept_is_a_socket_too(with_page: House) -> None:
    asked = request("/page", Upgrade=None, Connection="keep-alive")

    async with line(with_page, asked) as one:
        await one.answer()
        one.writer.write(request())
        status = await one.status()
        snapshot = await enter(one, with_page)

        assert (status, snapshot.startswith('42["snapshot"')) == (101, True)
        assert with_page.rooms.get("R").assure.presence == "present"  # type: ignore[union-attr]


async def test_by_the_route_alone_it_is_the_same_room(tmp_path: Path) -> None:
    async with open_house(tmp_path, front=False) as house:
        assure, medecin = Person(house, "assure"), Person(house, "medecin_conseil")
        async with people(assure, medecin):
            answer = await medecin.ask("admit")
            await assure.sees(lambda state: state["phase"] == "admitted")

        assert answer["ok"]


@pytest.mark.parametrize(
    "changes",
    [
        {"Upgrade": None}, {"Upgrade": "h2c"}, {"Connection": "keep-alive"}, {"Connection": None},
        {"Sec_WebSocket_Version": "8"}, {"Sec_WebSocket_Version": None},
        {"Sec_WebSocket_Key": "short"}, {"Sec_WebSocket_Key": None},
        {"Origin": "https://evil.example"}, {"target": "/socket.io/?EIO=3&transport=websocket"},
        {"target": "/socket.io/?EIO=4&transport=polling"}, {"method": "POST"},
    ],
    ids=str,
)  # fmt: skip
async def test_what_is_not_quite_a_socket_is_refused_and_leaves_nothing(
    house: House, changes: dict[str, str]
) -> None:
    async with line(house, request(**changes)) as one:
        status, text = await one.answer()

    assert (status, text) == (400, b"WebSocket only.")
    assert house.sio.engine.sessions == {}


@pytest.mark.parametrize(
    "head",
    [
        b"GET /socket.io/?EIO=4 HTTP/1.1\r\n bad: folded\r\n\r\n",
        b"GET /socket.io/?EIO=4 HTTP/9.9\r\n\r\n",
        b"GET /socket.io/?" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x00\x05hello\r\n\r\n",
        request(Transfer_Encoding="chunked") + b"0\r\n\r\n",
    ],
    ids=["folded", "version", "long", "tls", "chunked"],
)
async def test_what_is_no_http_of_ours_is_aiohttps_to_refuse(house: House, head: bytes) -> None:
    async with line(house, head) as one:
        status = await one.status()

    assert 400 <= status < 500
    assert house.sio.engine.sessions == {}


async def test_frames_before_the_answer_are_no_socket(house: House) -> None:
    async with line(house, request() + masked("40{}")) as one:
        status, _ = await one.answer()

    assert (status, house.sio.engine.sessions) == (400, {})


async def test_a_request_that_does_not_end_is_dropped(tmp_path: Path) -> None:
    limits = Limits(connect_deadline=0.2)
    async with (
        open_house(tmp_path, limits) as house,
        line(house, request()[:-2]) as half,
        line(house) as silent,
    ):
        assert await half.ended()
        assert await silent.ended()


async def test_one_too_many_is_told_to_come_later(tmp_path: Path) -> None:
    async with (
        open_house(tmp_path, Limits(sockets=1)) as house,
        line(house, request()) as first,
        line(house, request()) as second,
    ):
        assert (await first.status(), await second.status()) == (101, 503)
        assert await second.ended()


async def test_a_message_in_fragments_with_a_ping_between_is_one_message(house: House) -> None:
    auth = json.dumps({"token": house.token("assure"), "instance": "page-of-assure"}).encode()
    whole = b"40" + auth
    first = pack("!BB", 0x01, 0x80 | 100) + bytes(4) + whole[:100]
    ping = pack("!BB", 0x89, 0x80 | 2) + bytes(4) + b"hi"
    rest = whole[100:]
    last = pack("!BBH", 0x80, 0xFE, len(rest)) + bytes(4) + rest

    async with line(house, request()) as one:
        await one.status()
        await one.frame()
        one.writer.write(first + ping + last)
        pong = await one.frame()
        connected = await one.frame()

    assert (pong, connected.startswith("40{")) == ("hi", True)


def test_the_answer_to_a_key_is_the_standards() -> None:
    # RFC 6455, section 1.3.
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in switching(KEY.encode())


@given(st.lists(st.binary(max_size=60), max_size=12))
def test_any_header_lines_are_read_or_not_and_nothing_else(lines: list[bytes]) -> None:
    found = read_headers(lines)

    assert found is None or all(name == name.lower() for name in found)


@pytest.mark.parametrize("name", [b"Upgrade", b"Sec-WebSocket-Key", b"Origin", b"Connection"])
def test_a_header_that_stands_twice_is_not_ours(name: bytes) -> None:
    assert read_headers([name + b": a", name + b": b"]) is None


def test_the_entrance_names_its_origins() -> None:
    with pytest.raises(ValueError, match="named"):
        Entrance("/socket.io/", frozenset(), lambda *_: "")
    assert Entrance("/socket.io/", frozenset({ORIGIN}), lambda *_: "").path == "/socket.io/"


@pytest.mark.row("OPS-02")
def test_many_who_come_at_once_are_let_in_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of uvloop, which the service runs on: alone it takes one connection in a turn of its loop."""
    turn, seen = [0], []
    monkeypatch.setattr(Front, "connection_made", lambda _, __: seen.append(turn[0]))
    monkeypatch.setattr(Front, "connection_lost", lambda _, __: None)

    async def come() -> None:
        runner = web.AppRunner(web.Application())
        await runner.setup()
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        entrance = Entrance("/socket.io/", frozenset([ORIGIN]), lambda peer, _: peer)
        await FrontSite(runner, bound, Engine(Limits()), entrance).start()
        comers = [socket.create_connection(bound.getsockname()) for _ in range(3 * LISTENERS)]
        async with asyncio.timeout(10):
            while len(seen) < len(comers):
                turn[0] += 1
                await asyncio.sleep(0)
        for one in comers:
            one.close()
        await runner.cleanup()

    uvloop.run(come())

    most = max(seen.count(number) for number in set(seen))
    assert most == LISTENERS >= 8
