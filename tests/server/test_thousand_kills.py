"""A thousand kill -9 at any moment of the ledger's writing (a share of them in `make test`)."""

import multiprocessing
import random
import sqlite3
from collections import defaultdict
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import ledger_writer
import pytest
from ledger_scenes import Court
from register_scenes import LONG
from sqlalchemy import create_engine

from controle.telecontrole import Etat
from server.evidence.audit import Audit
from server.evidence.elsewhere import Elsewhere
from server.evidence.line_keys import LineKeys

HERE = Path(__file__).parent
KILLS = 1_000 if LONG else 40
#: Of one store, before another is begun: chains that grow for ever would be read for ever.
OF_ONE = 20
ROOMS = 6
PATIENCE = 60.0


def killed_after(facts: int, data: Path, run: int, rooms: list[str]) -> list[tuple[str, str]]:
    """What a process acknowledged, (room, word), that was killed after so many."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([ledger_writer.__name__])
    hearing, saying = context.Pipe(duplex=False)
    arguments = (str(data), str(run), rooms, saying)
    process = context.Process(target=ledger_writer.child, args=arguments)
    process.start()
    saying.close()
    words = [heard(hearing) for _ in range(facts)]
    process.kill()
    while (word := heard(hearing)) is not None:
        words.append(word)
    process.join()
    hearing.close()
    assert process.exitcode == -9
    process.close()
    said = [word.split() for word in words if word is not None]
    return [(room, word) for room, word in said]


def heard(hearing: Connection) -> str | None:
    """None: it is dead."""
    try:
        assert hearing.poll(PATIENCE)
        return hearing.recv_bytes().decode()
    except (EOFError, OSError):
        return None


def on_record(data: Path, court: Court) -> set[tuple[str, str]]:
    """The facts, each once; the chains, the marks and the file itself are good."""
    engine = create_engine(f"sqlite:///{data / 'telecontrole.db'}")
    with engine.connect() as connection:
        keys = LineKeys.read(data / "keys" / "lines")
        assert Audit(connection, court.seals.verify, Elsewhere(), lines=keys).run().findings == []
    engine.dispose()
    store = sqlite3.connect(data / "telecontrole.db")
    assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    rows = store.execute(
        "SELECT telecontrole, json_extract(contenu, '$.fait.details.cause') AS mot"
        " FROM ligne WHERE mot IS NOT NULL"
    ).fetchall()
    store.close()
    assert len(rows) == len(set(rows))
    return set(rows)


@pytest.mark.row("OP-01")
@pytest.mark.row("OP-02")
@pytest.mark.timeout(3_600)
async def test_no_kill_loses_an_acknowledged_fact(
    tmp_path: Path,
    blank: Path,
    record_property: Callable[[str, object], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The server that forks them imports once, and does not take our sys.path.
    monkeypatch.setenv("PYTHONPATH", f"{HERE}:{HERE.parents[1]}")
    chance, said = random.Random(1_000), 0  # noqa: S311
    for first in range(0, KILLS, OF_ONE):
        data = tmp_path / f"data-{first}"
        court = await Court.open(data, blank)
        rooms = await court.rooms(*(f"mc-{n}" for n in range(ROOMS)), etat=Etat.EN_ATTENTE)
        acknowledged: defaultdict[str, set[str]] = defaultdict(set)
        for kill in range(first, min(first + OF_ONE, KILLS)):
            for room, word in killed_after(chance.randint(1, 120), data, kill, rooms):
                acknowledged[room].add(word)
                said += 1

            kept = on_record(data, court)
            missing = {(room, word) for room in rooms for word in acknowledged[room]} - kept
            assert missing == set(), f"kill {kill}"
        await court.close()

    print(f"{KILLS} kills, {said} acknowledged, 0 lost")
    record_property("kills", f"{KILLS} kills, {said} acknowledged, 0 lost")
    assert said > KILLS
