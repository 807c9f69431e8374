"""The measure of the reminders, small: all leave, nothing twice. How fast is only printed."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.row("CN-03")
async def test_reminders_due_at_the_same_minute_all_leave_once_and_it_shows() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.rappels", "60", "--json",
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()

    told = json.loads(output)

    assert (process.returncode, told["received"], told["twice"]) == (0, 60, 0)
    assert told["progress"] == sorted(told["progress"], reverse=True)
    assert told["progress"][-1] == 0
    assert len(set(told["progress"])) > 2
    print(f"{told['messages']} reminders in {told['seconds']} s")
