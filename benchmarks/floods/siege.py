"""One server, one attack at a time, and a good client that comes and goes meanwhile."""

import asyncio
import json
import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from server.loadtest.client import Peer, PeerRefused
from server.loadtest.control import Control
from server.loadtest.own import HOST, OwnServer

from .attack import INSIDE

#: Half-open sockets of each kind, all of one address; the server is told not to count by address.
HALF_OPEN = (
    "tcp", "head", "body", "websocket", "websocket_pongs", "oversize", "fragments", "bomb",
    "pipelined",
)  # fmt: skip
KINDS = (*HALF_OPEN, "flood", "unread")
#: Seconds between two arrivals of the good client.
PACE = 0.1


@dataclass(slots=True)
class Felt:
    """What one attack did. Memory in MB, times in milliseconds."""

    kind: str
    count: int
    before: float = 0.0
    peak: float = 0.0
    after: float = 0.0
    #: What the attackers saw: opened, ended, cut.
    seen: dict[str, int] = field(default_factory=dict)
    #: Sockets that the server still holds at the end, the good client's not counted.
    held: int = 0
    joins: list[float] = field(default_factory=list)
    relays: list[float] = field(default_factory=list)
    refused: int = 0


def megabytes(pid: int) -> float:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)


class Siege:
    """A server under attack."""

    def __init__(self, server: OwnServer, control: Control) -> None:
        self._server, self._control = server, control
        self.port = server.address.port

    @property
    def pid(self) -> int:
        process = self._server._process
        if process is None:
            raise ProcessLookupError
        return process.pid

    async def under(self, kind: str, count: int, seconds: float) -> Felt:
        """This attack, held for so long (the server's deadline for a silent socket is 10 s)."""
        felt = Felt(kind, count, before=megabytes(self.pid))
        rooms = int(2 * seconds / PACE) + 200
        good = (await self._control.make(rooms, consoles=False)).rooms
        inside = kind in INSIDE
        bad = (await self._control.make(count, consoles=False)).rooms if inside else []
        felt.before = megabytes(self.pid)
        over = asyncio.Event()
        watching = asyncio.ensure_future(self._watch(felt, over))
        visiting = asyncio.ensure_future(self._visit(felt, good, over))
        await self._attack(felt, bad, seconds)
        over.set()
        await asyncio.gather(watching, visiting)
        felt.after = megabytes(self.pid)
        return felt

    async def _attack(self, felt: Felt, pairs: list[Any], seconds: float) -> None:
        attackers = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.floods.attack",
            felt.kind, str(felt.count), str(self.port),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert attackers.stdin is not None and attackers.stdout is not None  # noqa: S101, PT018
        if felt.kind in INSIDE:
            told = [
                {
                    "assure": {"token": pair.assure.token},
                    "medecin_conseil": {"token": pair.medecin_conseil.token},
                }
                for pair in pairs
            ]
            attackers.stdin.write(json.dumps(told).encode() + b"\n")
            await attackers.stdin.drain()
        if await attackers.stdout.readline() != b"ready\n":
            raise RuntimeError("the attackers could not begin")
        # What is watched is what the server still holds so long after the last of them came.
        await asyncio.sleep(seconds)
        metrics = await self._control.metrics()
        felt.held = int(metrics.get("telecontrole_sockets", 0))
        attackers.stdin.close()
        felt.seen = json.loads(await attackers.stdout.readline())
        await attackers.wait()

    async def _watch(self, felt: Felt, over: asyncio.Event) -> None:
        while not over.is_set():
            felt.peak = max(felt.peak, megabytes(self.pid))
            await asyncio.sleep(0.05)

    async def _visit(self, felt: Felt, rooms: list[Any], over: asyncio.Event) -> None:
        """Two people meet, one says a word to the other, both go; again and again."""
        for number, pair in enumerate(rooms):
            if over.is_set():
                return
            try:
                await self._meet(felt, pair, number)
            except (PeerRefused, TimeoutError):
                felt.refused += 1
            await asyncio.sleep(PACE)

    async def _meet(self, felt: Felt, pair: Any, number: int) -> None:
        async with asyncio.timeout(30):
            heard = asyncio.get_running_loop().create_future()

            def said(name: bytes, _: bytes, at: float) -> None:
                if name == b"renegotiate" and not heard.done():
                    heard.set_result(at)

            doctor = await self._enter(felt, pair.medecin_conseil, f"doctors-page-{number}", said)
            assure = await self._enter(felt, pair.assure, f"assures-page-{number}", None)
            began = monotonic()
            assure.emit("renegotiate", {"reason": "network"})
            felt.relays.append((await heard - began) * 1000)
            doctor.abort()
            assure.abort()

    async def _enter(self, felt: Felt, access: Any, page: str, on_event: Any) -> Peer:
        began = monotonic()
        auth = {"token": access.token, "instance": page}
        peer = await Peer.open(HOST, self.port, auth=auth, on_event=on_event, deadline=20)
        felt.joins.append((monotonic() - began) * 1000)
        return peer


async def besieged(attacks: list[tuple[str, int, float]]) -> list[Felt]:
    """Each attack (kind, how many, seconds) in turn, against one server of the real application."""
    with TemporaryDirectory(prefix="telecontrole-floods-") as folder:
        server = OwnServer(Path(folder))
        control = Control.open(server.address, server.key, secrets.token_hex(4), "")
        try:
            await server.start(control)
            siege = Siege(server, control)
            # Memory that the first people cost is not an attack's.
            await siege.under("tcp", 1, 1.0)
            return [await siege.under(*attack) for attack in attacks]
        finally:
            await control.close()
            await server.stop()
