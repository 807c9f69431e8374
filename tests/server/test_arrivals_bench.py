"""The measure of the way in, small: everybody gets in. What it costs is only printed."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from benchmarks.arrivals import STEPS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.row("JO-02")
async def test_everybody_comes_in_by_link_code_and_information() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.arrivals", "12", "--json",
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()

    told = json.loads(output)

    assert (process.returncode, told["arrivals"]) == (0, 12)
    assert list(told["ours"]) == list(told["bare"]) == list(STEPS)
    assert all(spent > 0 for spent in told["ours"].values())
    print(f"{told['sums']['ours']} ms of processor for one, {told['ratio']} times a bare aiohttp")
