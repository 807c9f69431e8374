"""The handle of a laboratory (lab.py): a test changes its network while browsers are in it."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lab import HOSTS, LabRefused
from link import Conditions


def why_not() -> str:
    """Why this machine cannot make such a network, as far as can be seen beforehand."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not shutil.which("ip"):
        return "`ip` (iproute2) is not installed"
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun"
    return ""


class Laboratory:
    """Five hosts of this machine's own; end with `close`, or with this process, however it ends."""

    def __init__(self) -> None:
        """:raises LabRefused: this machine cannot; says why."""
        if reason := why_not():
            raise LabRefused(reason)
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("lab.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            self.namespaces: dict[str, str] = self._answer()
        except LabRefused:
            self.close()
            raise
        self.addresses = dict(HOSTS)

    @property
    def pid(self) -> int:
        return self._process.pid

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        said: dict[str, Any] = json.loads(line) if line else {"error": "the laboratory has ended"}
        if "error" in said:
            raise LabRefused(said["error"])
        return said

    def _order(self, do: str, **more: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self._process.stdin.flush()
        self._answer()

    def inside(self, host: str) -> tuple[str, ...]:
        """What to put before a command so that it runs on that host."""
        return ("ip", "netns", "exec", self.namespaces[host])

    def set(self, host: str, up: Conditions, down: Conditions | None = None) -> None:
        self._order("set", host=host, up=asdict(up), down=asdict(down or up))

    def become(
        self, *, rtt: float = 0, loss: float = 0, kbps: float = 0, passes: str = "all"
    ) -> None:
        """Any two hosts are `rtt` ms apart; the assuré's link loses and holds back, both ways; both
        people are behind a firewall that lets pass what it is named for."""
        quarter = rtt / 4000
        bad = Conditions(quarter, loss, kbps, passes=passes)
        for host in HOSTS:
            self.set(host, bad if host == "pa" else Conditions(quarter))
        self.set("pb", Conditions(quarter, passes=passes))

    def cut(self, host: str, seconds: float) -> None:
        """Nothing passes to or from there for so long; the host itself sees nothing of it."""
        self._order("cut", host=host, seconds=seconds)

    def unplug(self, host: str) -> None:
        """The device goes down, which its browser is told."""
        self._order("interface", host=host, up=False)

    def plug(self, host: str) -> None:
        self._order("interface", host=host, up=True)

    def move(self, host: str, address: str) -> None:
        """From Wi-Fi to 4G: another address, the former one is gone."""
        self._order("move", host=host, address=address)
        self.addresses[host] = address

    def heal(self) -> None:
        """As it was at first."""
        self.become()
        for host, address in HOSTS.items():
            self.cut(host, 0)
            self.plug(host)
            if self.addresses[host] != address:
                self.move(host, address)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)
        assert self._process.stdout is not None
        self._process.stdout.close()
