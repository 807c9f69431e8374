"""deploy/coturn/turnserver.conf, tried with a real coturn: it relays to nobody's inner network."""

import asyncio
import secrets
import shutil
import socket
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import cast

import pytest
from aioice import stun
from aioice.turn import TurnClientUdpProtocol

from media.ice import turn_credentials

CONFIG = Path(__file__).parents[2] / "deploy/coturn/turnserver.conf"
SECRET = secrets.token_hex(24)
PATIENCE = 20.0

pytestmark = pytest.mark.skipif(not shutil.which("turnserver"), reason="coturn is not installed")

#: One address at least of each special range, and each private one as IPv6 writes it.
SPECIAL = (
    "0.0.0.1", "0.1.2.3", "10.0.0.1", "10.255.255.254", "100.64.0.1", "127.0.0.1",
    "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.254", "192.0.0.8",
    "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::1", "::127.0.0.1", "::10.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::ffff:169.254.169.254", "::ffff:192.168.1.1", "64:ff9b::a00:1", "100::1", "2001:db8::1",
    "2002:a00:1::1", "fc00::1", "fd12:3456::1", "fe80::1", "ff02::1",
)  # fmt: skip
PUBLIC = ("9.9.9.9", "2620:fe::9")

#: RFC 8656, section 18.
UDP, IPV6 = 0x11000000, 0x02000000
#: What aioice's client has no use for: (type, name, how it is written and read).
stun.ATTRIBUTES_BY_NAME.setdefault(
    "REQUESTED-ADDRESS-FAMILY",
    (0x0017, "REQUESTED-ADDRESS-FAMILY", stun.pack_unsigned, stun.unpack_unsigned),
)


def free_port() -> int:
    """One that nobody has by UDP or TCP: coturn wants both."""
    while True:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        with udp, tcp:
            udp.bind(("127.0.0.1", 0))
            with suppress(OSError):
                tcp.bind(udp.getsockname())
                return cast(int, udp.getsockname()[1])


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[tuple[str, int]]:
    """coturn as it is shipped, but for its port, its secret and its own address."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        "turnserver", "-c", str(CONFIG), "--static-auth-secret", SECRET,
        "--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1", "--relay-ip", "::1",
        "--listening-port", str(port), "--no-tls", "--no-dtls", "--no-stdout-log",
        "--log-file", str(tmp_path / "turn.log"), "--simple-log", "--pidfile",
        str(tmp_path / "turn.pid"), "--userdb", str(tmp_path / "turn.db"),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, cwd=tmp_path,
    )  # fmt: skip
    try:
        await listening(process, port)
        yield "127.0.0.1", port
    finally:
        process.terminate()
        await process.wait()


async def listening(process: asyncio.subprocess.Process, port: int) -> None:
    """It takes TCP at the same port."""
    async with asyncio.timeout(PATIENCE):
        while process.returncode is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
    raise AssertionError("coturn did not start")


async def allocated(relay: tuple[str, int], family: int, seat: str) -> TurnClientUdpProtocol:
    """A relayed address of this family, for this seat."""
    user, password = turn_credentials(SECRET, seat, int(time.time()) + 600)
    loop = asyncio.get_running_loop()
    _, client = await loop.create_datagram_endpoint(
        lambda: TurnClientUdpProtocol(relay, user, password, 600, 500), remote_addr=relay
    )
    request = stun.Message(stun.Method.ALLOCATE, stun.Class.REQUEST)
    request.attributes["LIFETIME"] = 600
    request.attributes["REQUESTED-TRANSPORT"] = UDP
    if family == 6:
        request.attributes["REQUESTED-ADDRESS-FAMILY"] = IPV6
    try:
        await client.request_with_retry(request)
    except BaseException:
        client.transport.close()
        raise
    return client


async def permitted(client: TurnClientUdpProtocol, address: str, method: stun.Method) -> str:
    """« yes », or the code of the refusal."""
    request = stun.Message(method, stun.Class.REQUEST)
    if method is stun.Method.CHANNEL_BIND:
        request.attributes["CHANNEL-NUMBER"] = 0x4000 + secrets.randbelow(0x3FFF)
    request.attributes["XOR-PEER-ADDRESS"] = (address, 5_000)
    try:
        await client.request_with_retry(request)
    except stun.TransactionFailed as failed:
        return str(failed.response.attributes["ERROR-CODE"][0])
    return "yes"


@pytest.mark.row("SP-07")
@pytest.mark.parametrize("address", PUBLIC)
async def test_a_public_address_is_relayed_to(relay: tuple[str, int], address: str) -> None:
    client = await allocated(relay, ip_address(address).version, "seat-of-one")

    said = await permitted(client, address, stun.Method.CREATE_PERMISSION)

    client.transport.close()
    assert said == "yes"


@pytest.mark.row("SP-07")
async def test_no_special_address_is_relayed_to(relay: tuple[str, int]) -> None:
    clients = {4: await allocated(relay, 4, "seat-a"), 6: await allocated(relay, 6, "seat-b")}
    refused = dict[tuple[str, str], str]()

    for address in SPECIAL:
        client = clients[ip_address(address).version]
        for method in (stun.Method.CREATE_PERMISSION, stun.Method.CHANNEL_BIND):
            refused[address, method.name] = await permitted(client, address, method)

    for client in clients.values():
        client.transport.close()
    assert len(refused) == 2 * len(SPECIAL)
    assert {key: code for key, code in refused.items() if code == "yes"} == {}


@pytest.mark.row("SP-07")
async def test_one_person_takes_so_many_places_and_no_more(relay: tuple[str, int]) -> None:
    clients = [await allocated(relay, 4, "seat-greedy") for _ in range(12)]

    with pytest.raises(stun.TransactionFailed) as failed:
        await allocated(relay, 4, "seat-greedy")

    for client in clients:
        client.transport.close()
    assert failed.value.response.attributes["ERROR-CODE"][0] == 486


@pytest.mark.row("SP-07")
async def test_without_a_credential_of_ours_there_is_no_place(relay: tuple[str, int]) -> None:
    loop = asyncio.get_running_loop()
    _, client = await loop.create_datagram_endpoint(
        lambda: TurnClientUdpProtocol(relay, "1999999999:x", "guessed", 600, 500),
        remote_addr=relay,
    )

    with pytest.raises(stun.TransactionFailed) as failed:
        await client.connect()

    client.transport.close()
    assert failed.value.response.attributes["ERROR-CODE"][0] == 401
