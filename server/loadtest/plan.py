"""What a load test is asked to do, checked and bounded before anything is opened."""

import ipaddress
import os
import re
from typing import Literal
from urllib.parse import urlsplit

import msgspec

Scenario = Literal["rendezvous", "waiting", "storm", "soak"]

#: The most that one command does, whatever it is asked.
MAX_ROOMS = 20_000
MAX_RATE = 2_000.0
MAX_HOLD = 8 * 3_600.0
MAX_PROCESSES = 64
MAX_MEDIA = 50
MAX_SOCKETS = 60_000
MAX_SPREAD = 300.0
#: Points of a plot, at most: longer runs are told in wider windows.
WINDOWS = 240
#: Seconds that arrivals, storms and farewells may take beyond what was asked.
MARGIN = 180.0
#: A room of a soak test lasts so long, so that memory has every reason to come back.
SOAK_STAY = 5.0


class Misused(Exception):
    """What was asked cannot be done; the message is for who typed it (French)."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`rate`: rooms (rendezvous) that arrive each second; `hold`: seconds that each one stays;
    `spread`: seconds within which everybody tries again after the cut (those of the page itself,
    web-client/call.js, unless others are said)."""

    scenario: Scenario = "rendezvous"
    rooms: int = 50
    rate: float = 10.0
    hold: float = 10.0
    spread: float = 5.0
    consoles: bool = False
    media: int = 0
    processes: int = 1

    @property
    def seats(self) -> int:
        """Sockets of one room."""
        return (1 if self.scenario == "waiting" else 2) + (1 if self.consoles else 0)

    @property
    def sockets(self) -> int:
        return self.rooms * self.seats + 2 * self.media

    @property
    def arriving(self) -> float:
        """Seconds from the first arrival to the last."""
        return self.rooms / self.rate

    @property
    def stay(self) -> float:
        return min(self.hold, SOAK_STAY) if self.scenario == "soak" else self.hold

    @property
    def expected(self) -> float:
        """About how many seconds it takes in all."""
        return self.arriving + self.stay + (15 + self.spread if self.scenario == "storm" else 2)

    @property
    def width(self) -> float:
        """Of a window of the report."""
        return max(0.5, self.expected / WINDOWS)

    def checked(self) -> "Plan":
        """:raises Misused: by a sentence."""
        bounds: tuple[tuple[str, float, float, float], ...] = (
            ("rooms", self.rooms, 1, MAX_ROOMS),
            ("rate", self.rate, 0.01, MAX_RATE),
            ("hold", self.hold, 0, MAX_HOLD),
            ("spread", self.spread, 1, MAX_SPREAD),
            ("media", self.media, 0, MAX_MEDIA),
            ("processes", self.processes, 1, MAX_PROCESSES),
        )
        for name, value, low, high in bounds:
            if not low <= value <= high:
                raise Misused(f"--{name} : entre {low:g} et {high:g}.")
        if self.sockets > MAX_SOCKETS:
            raise Misused(f"{self.sockets} connexions : {MAX_SOCKETS} au plus.")
        if self.arriving > MAX_HOLD:
            raise Misused(f"--rooms à ce --rate durerait {self.arriving:.0f} s.")
        return self


def spare_cores() -> int:
    """The server has one core for itself."""
    return max(1, len(os.sched_getaffinity(0)) - 1)


class Address(msgspec.Struct, frozen=True):
    """Where the server is. `host` may be a name; TLS names are checked against it."""

    host: str
    port: int
    tls: bool

    @property
    def url(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{name}:{self.port}"


def address_of(url: str) -> Address:
    """:raises Misused: not an address that a key may be sent to."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as wrong:
        raise Misused(f"--target : {url} n'est pas une adresse.") from wrong
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[\w.:-]+", host):
        raise Misused("--target : https://exemple.fr, ou http://127.0.0.1:port.")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise Misused("--target : l'origine seule, sans chemin.")
    if parts.scheme == "http" and not _is_loopback(host):
        raise Misused("--target : sans TLS, seulement vers cette machine.")
    return Address(host, port or (443 if parts.scheme == "https" else 80), parts.scheme == "https")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
