"""A network of this machine's own: hosts in network namespaces, joined by a process of ours.

netem is not in every kernel; TUN devices are in nearly all. Each host has one, and what they
send comes here, to be delayed, dropped or held back as its two links say (link.py). Links change
while it runs: orders come as lines of JSON on standard input, and its end is the laboratory's.

Names of namespaces hold the process's number, so that two laboratories never meet; what one that
was killed left behind is removed by the next.
"""

import contextlib
import ctypes
import fcntl
import heapq
import itertools
import json
import os
import random
import re
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from link import Conditions, Link

#: Where the assuré is, where the médecin-conseil is, the service, the relay; and another service,
#: for what is compared with ours.
HOSTS = {
    "pa": "10.9.1.2",
    "pb": "10.9.2.2",
    "ps": "10.9.3.2",
    "pt": "10.9.4.2",
    "pn": "10.9.5.2",
}
NAME = re.compile(r"tc(\d+)(p[abnst])")
DEVICE = "t0"
MTU = 1400
NETNS = Path("/run/netns")
#: linux/if_tun.h, linux/sched.h.
TUNSETIFF, IFF_TUN, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 0x0001, 0x1000, 0x40000000
#: Packets of one host that are taken in a row.
TURN = 64


class LabRefused(Exception):
    """This machine cannot make such a network; says why."""


def run(*command: str) -> None:
    """:raises LabRefused: with what the command said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabRefused(f"{' '.join(command)}: {done.stderr.strip()}")


@contextlib.contextmanager
def inside(namespace: Path) -> Iterator[None]:
    """What is opened here is opened in that namespace (os.setns is of Python 3.12)."""
    setns = ctypes.CDLL(None, use_errno=True).setns
    with namespace.open() as there, Path("/proc/self/ns/net").open() as home:
        if setns(there.fileno(), CLONE_NEWNET):
            raise LabRefused(f"setns: {os.strerror(ctypes.get_errno())}")
        try:
            yield
        finally:
            setns(home.fileno(), CLONE_NEWNET)


def sweep() -> None:
    """Remove the namespaces of laboratories that are no more."""
    for found in sorted(NETNS.glob("tc*")):
        name = NAME.fullmatch(found.name)
        if name and not Path(f"/proc/{name[1]}").exists():
            subprocess.run(["ip", "netns", "del", found.name], capture_output=True, check=False)


class Host:
    """A namespace with one device, of which we hold the other end."""

    def __init__(self, name: str, chance: Callable[[], float]) -> None:
        self.namespace = f"tc{os.getpid()}{name}"
        self.address = HOSTS[name]
        self.up, self.down = Link(chance), Link(chance)
        run("ip", "netns", "add", self.namespace)
        self.fd = self._device()
        self._ip("addr", "add", f"{self.address}/32", "dev", DEVICE)
        self._ip("link", "set", "lo", "up")
        self.interface(up=True)

    def _device(self) -> int:
        try:
            with inside(NETNS / self.namespace):
                fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
                wanted = struct.pack("16sH", DEVICE.encode(), IFF_TUN | IFF_NO_PI)
                fcntl.ioctl(fd, TUNSETIFF, wanted)
        except OSError as wrong:
            raise LabRefused(f"/dev/net/tun: {wrong.strerror}") from wrong
        return fd

    def _ip(self, *words: str) -> None:
        run("ip", "-n", self.namespace, *words)

    def interface(self, *, up: bool) -> None:
        """As a browser sees it: the device is there, or not."""
        if not up:
            self._ip("link", "set", DEVICE, "down")
            return
        self._ip("link", "set", DEVICE, "up", "mtu", str(MTU))
        self._ip("route", "replace", "default", "dev", DEVICE)

    def move(self, address: str) -> None:
        """From one network into another: the former address is gone, with all that used it."""
        self._ip("addr", "add", f"{address}/32", "dev", DEVICE)
        self._ip("addr", "del", f"{self.address}/32", "dev", DEVICE)
        self.address = address

    def write(self, packet: bytes) -> None:
        # A device that is down, or whose host is too slow: lost, as on any network.
        with contextlib.suppress(OSError):
            os.write(self.fd, packet)

    def remove(self) -> None:
        os.close(self.fd)
        subprocess.run(["ip", "netns", "del", self.namespace], capture_output=True, check=False)


class Network:
    """The hosts and what is on its way between them."""

    def __init__(self) -> None:
        self.hosts: dict[str, Host] = {}
        self._travelling: list[tuple[float, int, Host, bytes, bool]] = []
        self._order = itertools.count()

    def build(self) -> None:
        for name in HOSTS:
            self.hosts[name] = Host(name, random.random)

    def remove(self) -> None:
        for host in self.hosts.values():
            host.remove()

    def serve(self) -> None:
        """Until standard input ends."""
        by_fd = {host.fd: host for host in self.hosts.values()}
        poll = select.epoll()
        for fd in (*by_fd, sys.stdin.fileno()):
            poll.register(fd, select.EPOLLIN)
        while True:
            for fd, _ in poll.poll(self._deliver()):
                if fd in by_fd:
                    self._collect(by_fd[fd])
                elif not self._obey():
                    return

    def _deliver(self) -> float:
        """What has arrived leaves; the seconds until the next."""
        while self._travelling:
            wait = self._travelling[0][0] - time.monotonic()
            if wait > 0:
                return wait
            _, _, host, packet, arrived = heapq.heappop(self._travelling)
            if arrived:
                host.write(packet)
            else:
                self._send(host.down, host, packet, arrived=True)
        return 0.5

    def _collect(self, host: Host) -> None:
        to = {one.address: one for one in self.hosts.values()}
        for _ in range(TURN):
            try:
                packet = os.read(host.fd, 65_536)
            except OSError:
                return
            if packet[0] >> 4 != 4:
                continue
            there = to.get(".".join(map(str, packet[16:20])))
            if there is not None and there is not host:
                self._send(host.up, there, packet, arrived=False)

    def _send(self, link: Link, host: Host, packet: bytes, *, arrived: bool) -> None:
        at = link.take(packet, time.monotonic())
        if at is not None:
            heapq.heappush(self._travelling, (at, next(self._order), host, packet, arrived))

    # --- orders -----------------------------------------------------------------------------------

    def _obey(self) -> bool:
        line = sys.stdin.readline()
        if not line:
            return False
        order = json.loads(line)
        try:
            getattr(self, "do_" + order.pop("do"))(**order)
        except (LabRefused, ValueError, TypeError, KeyError) as wrong:
            say({"error": str(wrong)})
        else:
            say({"done": True})
        return True

    def do_set(self, host: str, up: dict[str, Any], down: dict[str, Any]) -> None:
        one = self.hosts[host]
        one.up.conditions, one.down.conditions = Conditions(**up), Conditions(**down)

    def do_cut(self, host: str, seconds: float) -> None:
        until = time.monotonic() + seconds
        self.hosts[host].up.cut(until)
        self.hosts[host].down.cut(until)

    def do_interface(self, host: str, up: bool) -> None:
        self.hosts[host].interface(up=up)

    def do_move(self, host: str, address: str) -> None:
        self.hosts[host].move(address)


def say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> int:
    # Ctrl-C goes to the whole group; who started us ends us, after its browsers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        # The network must not be slow because the machine is busy.
        os.nice(-15)
    network = Network()
    try:
        sweep()
        network.build()
        say({name: host.namespace for name, host in network.hosts.items()})
        network.serve()
    except (LabRefused, OSError) as wrong:
        say({"error": str(wrong)})
        return 1
    finally:
        network.remove()
    return 0


if __name__ == "__main__":
    sys.exit(main())
