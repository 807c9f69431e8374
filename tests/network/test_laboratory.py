"""The laboratory itself, without browsers: it joins, filters, moves, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from lab import HOSTS, NETNS, LabRefused
from laboratory import Laboratory

#: Waits for one datagram or one connection, and says what came.
LISTEN = """
import socket, sys
kind = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}[sys.argv[1]]
one = socket.socket(socket.AF_INET, kind)
one.bind(("0.0.0.0", int(sys.argv[2])))
if sys.argv[1] == "tcp":
    one.listen()
print("there", flush=True)
if sys.argv[1] == "udp":
    print(one.recvfrom(99)[1][0], flush=True)
else:
    print(one.accept()[1][0], flush=True)
"""
#: Sends datagrams until it is ended, or connects until it may.
SEND = """
import socket, sys, time
where = (sys.argv[2], int(sys.argv[3]))
while True:
    try:
        if sys.argv[1] == "udp":
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", where)
            time.sleep(0.05)
        else:
            socket.create_connection(where, timeout=1)
            break
    except OSError:
        time.sleep(0.05)
"""


@pytest.fixture
def own() -> Laboratory:
    """A second one, beside the session's."""
    try:
        return Laboratory()
    except LabRefused as refused:
        pytest.skip(f"no network of our own here: {refused}")


def reaches(lab: Laboratory, way: str, port: int) -> str:
    """From the assuré to the médecin-conseil: the address that comes there; empty: none."""
    there = subprocess.Popen(
        [*lab.inside("pb"), sys.executable, "-c", LISTEN, way, str(port)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert there.stdout is not None
    assert there.stdout.readline() == "there\n"
    sender = subprocess.Popen(
        [*lab.inside("pa"), sys.executable, "-c", SEND, way, lab.addresses["pb"], str(port)]
    )
    try:
        return there.communicate(timeout=5)[0].strip()
    except subprocess.TimeoutExpired:
        return ""
    finally:
        for process in (there, sender):
            process.kill()
            process.wait()
        there.stdout.close()


def left(pid: int) -> list[str]:
    return [found.name for found in NETNS.glob(f"tc{pid}p*")]


def test_hosts_reach_each_other_by_what_is_let_pass(lab: Laboratory) -> None:
    lab.heal()
    lab.become(rtt=20)
    assert reaches(lab, "udp", 3478) == lab.addresses["pa"]

    lab.become(passes="only_443")

    assert reaches(lab, "tcp", 443) == lab.addresses["pa"]
    assert reaches(lab, "udp", 3478) == ""
    assert reaches(lab, "tcp", 3478) == ""
    lab.heal()


def test_a_host_that_moves_is_seen_under_its_new_address(lab: Laboratory) -> None:
    lab.heal()

    lab.move("pa", "10.19.1.2")
    moved = reaches(lab, "udp", 3478)
    lab.heal()

    assert moved == "10.19.1.2"
    assert reaches(lab, "udp", 3478) == "10.9.1.2"


def test_two_laboratories_do_not_meet_and_leave_nothing(own: Laboratory, lab: Laboratory) -> None:
    assert not set(own.namespaces.values()) & set(lab.namespaces.values())
    assert len(left(own.pid)) == len(HOSTS)

    own.close()

    assert left(own.pid) == []
    assert len(left(lab.pid)) == len(HOSTS)


def test_what_a_killed_laboratory_left_is_removed_by_the_next(own: Laboratory) -> None:
    os.kill(own.pid, signal.SIGKILL)
    with pytest.raises((LabRefused, OSError)):
        own.become()
    own.close()
    assert len(left(own.pid)) == len(HOSTS)

    Laboratory().close()

    assert left(own.pid) == []


def test_an_impossible_order_is_refused_and_the_laboratory_goes_on(lab: Laboratory) -> None:
    with pytest.raises(LabRefused, match="px"):
        lab.cut("px", 1)
    with pytest.raises(LabRefused, match="not-an-address"):
        lab.move("pa", "not-an-address")

    assert reaches(lab, "udp", 3478) == lab.addresses["pa"]


def test_a_machine_without_tun_devices_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda self: str(self) != "/dev/net/tun" and exists(self))
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    with pytest.raises(LabRefused, match=r"/dev/net/tun|iproute2"):
        Laboratory()
