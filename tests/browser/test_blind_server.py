"""The service never holds what the two people say: no socket for it, no key, no readable byte."""

import re
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path
from struct import unpack

import pytest
from people import Assure, Medecin, Person
from playwright.sync_api import expect
from product import Product

#: Packets of the call that are looked at, and of all kinds at the most.
ENOUGH, PATIENCE = 400, 200_000
ALL_PROTOCOLS = 0x0003
IP_HEADER = 0x0F
UDP = 17
#: socket(7) of Linux; Python has no name for it.
SO_RCVBUFFORCE = 33


def sniffer() -> socket.socket:
    """Every packet of the loopback, as root sees them."""
    try:
        found = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL_PROTOCOLS))
    except (AttributeError, PermissionError):
        pytest.skip("only root on Linux sees the packets")
    # What comes before it is read must wait: pages and their driver talk a lot on the loopback.
    found.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 256 << 20)
    found.bind(("lo", 0))
    found.settimeout(20)
    return found


def payload(packet: bytes, ports: set[int]) -> bytes:
    """Of UDP over IPv4 or IPv6 (browsers like the latter better) between these ports; empty:
    something else, another test's call for one."""
    if len(packet) >= 28 and packet[0] >> 4 == 4 and packet[9] == UDP:
        datagram = packet[(packet[0] & IP_HEADER) * 4 :]
    elif len(packet) >= 48 and packet[0] >> 4 == 6 and packet[6] == UDP:
        datagram = packet[40:]
    else:
        return b""
    return datagram[8:] if {*unpack("!HH", datagram[:4])} <= ports else b""


def ports_of(person: Person) -> set[int]:
    """Where this page's media may come in and go out: the path in use may have been another."""
    found: list[int] = person.page.evaluate(
        """async () => [...(await __watch.peers.at(-1).getStats()).values()]
             .filter((one) => one.type === 'local-candidate').map((one) => one.port)"""
    )
    return set(found)


def kind(data: bytes) -> str:
    """By its first byte (RFC 7983, section 7)."""
    first = data[0]
    if first <= 3:
        return "stun"
    if 20 <= first <= 63:
        return "dtls"
    return "srtp" if 128 <= first <= 191 else "other"


@pytest.mark.row("SP-15")
def test_no_byte_of_the_call_can_be_read_on_its_way(assure: Assure, medecin: Medecin) -> None:
    packets: list[bytes] = []
    with sniffer() as heard:
        medecin.open_console()
        assure.wait()
        assure.connection_ready()
        medecin.admit()
        medecin.sees_the_other()
        ports = ports_of(assure) | ports_of(medecin)
        for _ in range(PATIENCE):
            if data := payload(heard.recv(65_535), ports):
                packets.append(data)
            if len(packets) == ENOUGH:
                break
    expect(medecin.page.locator("#code-digits")).to_be_visible()

    kinds = Counter(kind(one) for one in packets)
    print(dict(kinds))

    assert kinds["srtp"] > 100
    assert kinds["dtls"] > 5
    # The words of the data channel are known: all that two pages say before admission.
    for one in packets:
        assert b"code commit" not in one
        assert b"code nonce" not in one
        assert b"admit" not in one
    # The start code of a VP8 key frame (RFC 6386, section 9.1) is in the clear in plain RTP only.
    start = [one for one in packets if kind(one) == "srtp" and b"\x9d\x01\x2a" in one[:40]]
    assert len(start) <= 1, "chance: three bytes in some hundreds of packets"


@pytest.mark.row("SP-15")
def test_the_service_has_no_socket_that_media_could_come_by(
    meeting: tuple[Assure, Medecin], product: Product
) -> None:
    assure, medecin = meeting
    medecin.admit()
    assure.sees_the_other()
    medecin.sees_the_other()

    held = sockets_of(product.pid)
    datagrams = {
        line.split()[9]
        for table in ("udp", "udp6")
        for line in Path(f"/proc/{product.pid}/net/{table}").read_text().splitlines()[1:]
    }

    assert held
    assert not held & datagrams


def sockets_of(pid: int) -> set[str]:
    """The inodes of the sockets that a process has open."""
    names = [str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir() if one.is_symlink()]
    return {found[1] for name in names if (found := re.fullmatch(r"socket:\[(\d+)\]", name))}


@pytest.mark.row("SP-15")
def test_what_serves_has_no_code_that_could_hold_a_key_of_media() -> None:
    code = (
        "import sys, server.__main__, server.app, server.serving, server.assembly;"
        "print([one for one in sys.modules if one.partition('.')[0] in"
        " ('aiortc', 'aioice', 'pylibsrtp', 'av')])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
