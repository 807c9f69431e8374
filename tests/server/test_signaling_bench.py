"""The comparison of signaling servers, tiny: all four run and are measured. How fast: not here."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.signaling.measures import NODE
from benchmarks.signaling.payloads import DESCRIPTIONS, candidate
from benchmarks.signaling.table import END, START, write_section
from media.candidate import check_candidate
from media.sdp import check_description

ROOT = Path(__file__).resolve().parents[2]


def numbers(figures: Any) -> list[float]:
    """Every number of a turn but for what nobody else did; `limit` is a word."""
    if isinstance(figures, dict):
        measured = [one for name, one in figures.items() if name != "others_share"]
        return [number for one in measured for number in numbers(one)]
    return [] if isinstance(figures, str) else [figures]


@pytest.mark.row("OPS-01")
@pytest.mark.skipif(
    NODE is None or not (ROOT / "node_modules" / "socket.io").is_dir(),
    reason="needs node and socket.io (`npm ci`)",
)
async def test_five_servers_are_measured_side_by_side(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.signaling", "--quick", "--json", str(file),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    printed = output.decode()

    assert process.returncode == 0, printed
    measured = json.loads(file.read_text())

    assert set(measured["medians"]) == {"node", "ours", "path", "plain", "bare"}
    for figures in measured["medians"].values():
        assert set(figures) == {"rendezvous", "relay", "idle", "latency"}
        assert all(number > 0 for number in numbers(figures))
    for title in ("Node socket.io", "ours", "python-socketio, defaults", "bare aiohttp WebSocket"):
        assert title in printed


def test_only_the_marked_section_of_the_document_changes(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"before\n{START}\nof last year\n{END}\nafter\n")

    write_section(document, ["| a table |"])

    assert document.read_text() == f"before\n{START}\n| a table |\n{END}\nafter\n"


def test_what_the_load_sends_passes_the_gate_of_the_media() -> None:
    for kind in ("offer", "answer"):
        check_description(DESCRIPTIONS[kind], kind)
    check_candidate(str(candidate(1, 79)["candidate"]))

    sizes = {kind: len(text) for kind, text in DESCRIPTIONS.items()}

    assert 2_800 < sizes["offer"] < 3_200
    assert 1_800 < sizes["answer"] < 2_200
