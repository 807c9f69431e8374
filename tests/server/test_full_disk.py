"""A really full disk: what is not recorded is refused, and all goes on once there is room again."""

import os
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from ledger_scenes import Court
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from controle.presence import Fait, GenreFait
from controle.telecontrole import Etat
from server.evidence.audit import Audit
from server.evidence.elsewhere import Elsewhere
from server.evidence.line_keys import LineKeys
from server.store.page import Needs, Page

SIZE = "6m"
BALLAST = 3_000_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    place = tmp_path / "disque"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a file system cannot be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def inscribe(room: str, fact: Fait, page: Page) -> None:
    draft = page.draft(room)
    draft.inscribe(fact)
    draft.keep()


async def write(court: Court, room: str, word: str) -> None:
    details = {"cause": word, "poids": "x" * 2_000}
    fact = court.recorder.fact(GenreFait.MEDIA_PERDU, details=details)
    await court.ledger.write(Needs(room), partial(inscribe, room, fact))


async def fill(court: Court, room: str, said: list[str]) -> None:
    for number in range(10_000):
        await write(court, room, f"{number}")
        said.append(f"{number}")


@pytest.mark.row("OP-01")
@pytest.mark.row("OP-02")
async def test_a_full_disk_refuses_keeps_what_was_said_and_recovers_without_a_restart(
    disk: Path, blank: Path
) -> None:
    data = disk / "data"
    court = await Court.open(data, blank)
    (room,) = await court.rooms("mc-1", etat=Etat.EN_ATTENTE)
    ballast = disk / "lest"
    ballast.write_bytes(bytes(BALLAST))
    said: list[str] = []

    with pytest.raises(OperationalError):
        await fill(court, room, said)
    refused = 0
    for number in range(5):
        try:
            await write(court, room, f"plein {number}")
        except OperationalError:
            refused += 1
    # Reading goes on.
    assert len(await court.kinds(room)) >= len(said)
    ballast.unlink()
    for number in range(20):
        await write(court, room, f"après {number}")
        said.append(f"après {number}")

    async with court.registre.lecture() as unite:
        found = [line.fait.details.get("cause") for line in await unite.lignes(room)]
    assert refused >= 1
    assert [word for word in said if word not in found] == []
    assert await court.intact(room)
    engine = create_engine(f"sqlite:///{court.file}")
    with engine.connect() as connection:
        keys = LineKeys.read(data / "keys" / "lines")
        assert Audit(connection, court.seals.verify, Elsewhere(), lines=keys).run().findings == []
    engine.dispose()
    print(f"full disk: {len(said)} acknowledged, 0 lost, {refused} of 5 refused while it was full")
    await court.close()
