"""What a load test asks of the server beside its sockets: rooms, tokens, forgetting, metrics."""

import asyncio
import re
import socket
import ssl
from collections.abc import Sequence
from typing import Any, Self

import aiohttp
import msgspec

from .client import PeerRefused
from .plan import Address
from .room import Line, Seated

PATH = "/api/essai-de-charge"
#: Rooms in one request (server/web/loadtest.py MAX_AT_ONCE).
BLOCK = 200
SECONDS = aiohttp.ClientTimeout(total=60, connect=10)

_SAMPLE = re.compile(r"^([a-z_]+)(?:\{[^}]*\})? ([0-9.eE+-]+)$", re.MULTILINE)


class Unreachable(Exception):
    """The server does not answer, or refuses the key; the message is for a person (French)."""


class Given(msgspec.Struct, frozen=True):
    """What makes and renews: rooms with their tokens, and how long these hold."""

    rooms: list[Seated]
    expires_in: float


class Control:
    """One HTTP client of the server under test."""

    def __init__(self, address: Address, key: str, run: str, http: aiohttp.ClientSession) -> None:
        self.address = address
        self._headers = {"Authorization": f"Bearer {key}"}
        self._run = run
        self._http = http

    @classmethod
    def open(cls, address: Address, key: str, run: str, ca: str = "") -> Self:
        connector = aiohttp.TCPConnector(ssl=context_of(address, ca) or True)
        http = aiohttp.ClientSession(connector=connector, timeout=SECONDS)
        return cls(address, key, run, http)

    async def close(self) -> None:
        await self._http.close()

    async def make(self, count: int, *, consoles: bool) -> Given:
        """So many new rooms, in several requests if need be."""
        blocks = [min(BLOCK, count - done) for done in range(0, count, BLOCK)]
        return await self._given("salles", blocks, consoles=consoles)

    async def renew(self, rooms: Sequence[str], *, consoles: bool) -> Given:
        blocks = [list(rooms[at : at + BLOCK]) for at in range(0, len(rooms), BLOCK)]
        return await self._given("jetons", blocks, consoles=consoles)

    async def _given(self, what: str, blocks: Sequence[object], *, consoles: bool) -> Given:
        rooms: list[Seated] = []
        lifetime = 0.0
        for block in blocks:
            body = {"run": self._run, "rooms": block, "consoles": consoles}
            given = msgspec.json.decode(await self._post(what, body), type=Given)
            rooms += given.rooms
            lifetime = given.expires_in
        return Given(rooms, lifetime)

    async def forget(self) -> None:
        await self._post("oubli", {"run": self._run})

    async def _post(self, what: str, body: object) -> bytes:
        url = f"{self.address.url}{PATH}/{what}"
        try:
            async with self._http.post(url, json=body, headers=self._headers) as answer:
                if answer.status in (401, 404):
                    raise Unreachable(REFUSALS[answer.status])
                if answer.status >= 400:
                    raise Unreachable(f"le serveur répond {answer.status} à {what}.")
                return await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as wrong:
            raise Unreachable(f"{self.address.url} ne répond pas.") from wrong

    async def healthy(self) -> bool:
        try:
            async with self._http.get(f"{self.address.url}/healthz") as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def metrics(self) -> dict[str, float]:
        """Each metric, its samples added up; {} when they are not shown to us."""
        try:
            async with self._http.get(f"{self.address.url}/metrics") as answer:
                if answer.status != 200:
                    return {}
                raw = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return {}
        return parsed(raw.decode(errors="replace"))


REFUSALS = {
    401: "la clé d'essai n'est pas celle du serveur.",
    404: "ce serveur refuse les essais de charge (réglage loadtest).",
}


def parsed(exposition: str) -> dict[str, float]:
    totals: dict[str, float] = {}
    for name, value in _SAMPLE.findall(exposition):
        totals[name] = totals.get(name, 0.0) + float(value)
    return totals


def context_of(address: Address, ca: str) -> ssl.SSLContext | None:
    if not address.tls:
        return None
    return ssl.create_default_context(cafile=ca or None)


async def line_to(address: Address, ca: str) -> Line:
    """Looks the name up once.

    :raises PeerRefused: it has no address.
    """
    loop = asyncio.get_running_loop()
    try:
        found: list[Any] = await loop.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM
        )
    except OSError:
        raise PeerRefused("unreachable") from None
    return Line(found[0][4][0], address.port, address.host, context_of(address, ca))
