"""The source-address guard: a stranger's datagram never reaches DTLS (security.md, F7)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aioice import stun
from aioice.ice import Connection
from OpenSSL import SSL

from media.guard import guard
from media.robot import RobotPeer

ALERT = bytes.fromhex("15fefd000000000000000000020228")


def client_hello() -> bytes:
    """The first flight of a DTLS client that nobody invited."""
    client = SSL.Connection(SSL.Context(SSL.DTLS_METHOD))
    client.set_connect_state()
    with pytest.raises(SSL.WantReadError):
        client.do_handshake()
    return client.bio_read(4096)


FORGED = {
    "a ClientHello": client_hello(),
    "an alert": ALERT,
    "nothing": b"",
    "malformed STUN": b"\0",
}


class Stranger(asyncio.DatagramProtocol):
    """A socket with an address of its own, who can tell when what it sent has been read."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.answers.put_nowait(data)

    async def attack(self, addresses: list[tuple[str, int]], forged: bytes, times: int = 1) -> None:
        """Send, and return once each victim has read it all: it refuses the check sent behind."""
        check = bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST))
        for address in addresses:
            for _ in range(times):
                self.transport.sendto(forged, address)
            self.transport.sendto(check, address)
            await self.answers.get()


@pytest.fixture
async def stranger() -> AsyncIterator[Stranger]:
    loop = asyncio.get_running_loop()
    everywhere = ("0.0.0.0", 0)  # noqa: S104 - the victims listen on several interfaces
    transport, protocol = await loop.create_datagram_endpoint(Stranger, local_addr=everywhere)
    yield protocol
    transport.close()


def addresses(connection: Connection) -> list[tuple[str, int]]:
    return [(c.host, c.port) for c in connection.local_candidates if ":" not in c.host]


def ice_of(peer: RobotPeer) -> Connection:
    return peer._pc.getReceivers()[0].transport.transport._connection


@pytest.mark.parametrize("guarded", [False, True])
async def test_without_the_guard_a_forged_client_hello_would_be_delivered(
    stranger: Stranger, *, guarded: bool
) -> None:
    connection = Connection(ice_controlling=True)
    if guarded:
        guard(connection)
    await connection.gather_candidates()

    await stranger.attack(addresses(connection)[:1], FORGED["a ClientHello"])

    assert connection._queue.qsize() == (0 if guarded else 1)
    await connection.close()


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
async def test_a_forged_datagram_during_set_up_does_not_kill_the_call(
    stranger: Stranger, forged: bytes
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    offerer, answerer = RobotPeer(), RobotPeer(on_message=heard.put_nowait)
    answer = await answerer.accept_offer(await offerer.offer())
    victims = [*addresses(ice_of(offerer)), *addresses(ice_of(answerer))]

    await stranger.attack(victims, forged, times=20)
    await offerer.accept_answer(answer)
    await stranger.attack(victims, forged, times=20)
    await asyncio.gather(offerer.connected(), answerer.connected())
    await stranger.attack(victims, forged, times=20)

    offerer.send("still here")
    assert await heard.get() == "still here"
    await offerer.close()
    await answerer.close()


async def test_what_comes_from_the_other_side_is_delivered() -> None:
    one, other = Connection(ice_controlling=True), Connection(ice_controlling=False)
    for connection in (one, other):
        guard(connection)
        await connection.gather_candidates()
    for here, there in ((one, other), (other, one)):
        here.remote_username, here.remote_password = there.local_username, there.local_password
        for candidate in there.local_candidates:
            await here.add_remote_candidate(candidate)
        await here.add_remote_candidate(None)
    await asyncio.gather(one.connect(), other.connect())

    await one.send(b"\x16 hello")

    assert await other.recv() == b"\x16 hello"
    await one.close()
    await other.close()
