"""The load client against servers that are not ours: plain python-socketio, a bare WebSocket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import socketio
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from server.loadtest.client import Peer, PeerRefused, Wire

HOST = "127.0.0.1"


class Relay(socketio.AsyncNamespace):
    """Says back what it is told, opens to whoever says « please », and speaks first."""

    async def on_connect(self, sid: str, environ: Any, auth: Any) -> None:
        if not isinstance(auth, dict) or "please" not in auth:
            raise socketio.exceptions.ConnectionRefusedError("no", {"code": "impolite"})
        await self.emit("welcome", {"to": sid}, to=sid)

    async def on_say(self, sid: str, text: Any) -> Any:
        await self.emit("said", text, to=sid)
        return {"ok": True, "heard": text}

    async def on_leave(self, sid: str) -> None:
        await self.disconnect(sid)


async def bare(request: web.Request) -> web.WebSocketResponse:
    """A relay without Socket.IO: what comes goes back; « bye » closes with 4000."""
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    async for message in socket:
        assert message.type is WSMsgType.TEXT
        await socket.ping(b"still there?")
        if message.data == "bye":
            await socket.close(code=4000)
            break
        await socket.send_str(message.data)
    return socket


@pytest.fixture
async def port() -> AsyncIterator[int]:
    sio = socketio.AsyncServer(async_mode="aiohttp", ping_interval=1, ping_timeout=1)
    for name in ("/", "/console"):
        sio.register_namespace(Relay(name))
    app = web.Application()
    sio.attach(app)
    app.router.add_get("/bare", bare)
    server = TestServer(app, host=HOST)
    await server.start_server()
    yield server.port or 0
    await server.close()
    await sio.shutdown()


class Heard:
    """What a peer heard, and a barrier to wait for it."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[tuple[bytes, bytes]] = asyncio.Queue()

    def __call__(self, name: bytes, payload: bytes, at: float) -> None:
        self.events.put_nowait((name, payload))


async def opened(port: int, heard: Heard | None = None, namespace: str = "/") -> Peer:
    return await Peer.open(HOST, port, namespace=namespace, auth={"please": True}, on_event=heard)


@pytest.mark.row("OPS-01")
@pytest.mark.parametrize("namespace", ["/", "/console"])
async def test_events_go_and_come_in_any_namespace(port: int, namespace: str) -> None:
    heard = Heard()
    peer = await opened(port, heard, namespace)
    long = 'é[]",' * 20_000

    answer = await peer.ask("say", {"text": long})

    assert answer == {"ok": True, "heard": {"text": long}}
    assert await heard.events.get() == (b"welcome", b'{"to":"%b"}' % peer.sid.encode())
    assert (await heard.events.get())[0] == b"said"
    peer.close()
    assert await peer.closed == "closed"


async def test_a_refusal_at_the_door_has_the_servers_code(port: int) -> None:
    with pytest.raises(PeerRefused) as refused:
        await Peer.open(HOST, port, auth={})

    assert refused.value.code == "impolite"


async def test_pings_are_answered_and_the_socket_outlives_them(port: int) -> None:
    peer = await opened(port)
    pongs: list[bytes] = []
    send = peer.send

    def noted(*frames: bytes) -> None:
        send(*frames)
        pongs.extend(one for one in frames if one.endswith(b"3") and len(one) == 7)
        if len(pongs) == 2:
            twice.set()

    twice = asyncio.Event()
    peer.send = noted  # type: ignore[method-assign]
    await twice.wait()

    assert (await peer.ask("say", 1))["heard"] == 1
    peer.close()
    await peer.closed


async def test_the_servers_goodbye_is_told_by_its_word(port: int) -> None:
    peer = await opened(port)

    peer.emit("leave")

    assert await peer.closed == "disconnected"
    with pytest.raises(PeerRefused, match="disconnected"):
        await peer.ask("say", 1)


async def test_a_page_that_is_no_socket_and_a_port_without_a_server_are_named(port: int) -> None:
    with pytest.raises(PeerRefused, match=r"^http_404$"):
        await Peer.open(HOST, port, "/nowhere/")
    with pytest.raises(PeerRefused, match=r"^unreachable$"):
        await Peer.open(HOST, 1)


async def test_a_server_that_says_nothing_is_given_up() -> None:
    gone = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read()
        writer.close()
        gone.set()

    server = await asyncio.start_server(deaf, HOST, 0)
    async with server:
        with pytest.raises(PeerRefused, match=r"^timeout$"):
            await Peer.open(HOST, server.sockets[0].getsockname()[1], deadline=0.05)
        await gone.wait()


async def test_a_bare_websocket_is_spoken_too(port: int) -> None:
    texts: asyncio.Queue[bytes] = asyncio.Queue()
    wire = await Wire.open(HOST, port, "/bare", on_text=lambda text, at: texts.put_nowait(text))
    told = [b"x" * size for size in (0, 125, 126, 65_535, 65_536)]

    for text in (*told, b"bye"):
        wire.send_text(text)

    assert [await texts.get() for _ in told] == told
    assert await wire.closed == "ws_4000"
