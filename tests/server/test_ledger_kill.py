"""A writer of groups, killed at any moment: what it acknowledged is there, and the chains hold."""

import asyncio
import random
import signal
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from ledger_scenes import Court

from controle.telecontrole import Etat

ROOT = Path(__file__).resolve().parents[2]
ROOMS = 6
#: 300 were made by hand when this was written (docs/decisions/0018): none lost a fact.
KILLS = 6
PATIENCE = 30.0


async def killed_after(facts: int, data: Path, run: int, rooms: list[str]) -> list[tuple[str, str]]:
    """What was acknowledged, (room, word), by a process that was killed after so many."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("ledger_writer.py")),
        str(data),
        str(run),
        *rooms,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        lines = [await process.stdout.readline() for _ in range(facts)]
        process.send_signal(signal.SIGKILL)
        lines += (await process.stdout.read()).splitlines(keepends=True)
        await process.wait()
    said = (line.decode().split() for line in lines if line.endswith(b"\n"))
    return [(room, word) for room, word in said]


@pytest.mark.row("OP-01")
@pytest.mark.row("OP-02")
async def test_kills_in_the_middle_of_groups_lose_no_acknowledged_fact(
    tmp_path: Path, blank: Path
) -> None:
    chance, data = random.Random(18), tmp_path / "data"  # noqa: S311
    court = await Court.open(data, blank)
    rooms = await court.rooms(*(f"mc-{n}" for n in range(ROOMS)), etat=Etat.EN_ATTENTE)
    acknowledged: dict[str, set[str]] = defaultdict(set)

    for kill in range(KILLS):
        for room, word in await killed_after(chance.randint(1, 400), data, kill, rooms):
            acknowledged[room].add(word)

        for room in rooms:
            async with court.registre.lecture() as unite:
                facts = [line.fait for line in await unite.lignes(room)]
            words = [str(fact.details["cause"]) for fact in facts if "cause" in fact.details]
            assert not acknowledged[room] - set(words), f"kill {kill}"
            assert len(words) == len(set(words))
            assert await court.intact(room)

    assert sum(map(len, acknowledged.values())) > KILLS * ROOMS
    await court.close()
