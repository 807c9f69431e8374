"""How far the load test is: one line that changes on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Sequence
from typing import TextIO

from .plan import Plan
from .samples import Sample
from .worker import Progress

#: Seconds between two lines that are kept (a file, a CI log).
PLAIN_EVERY = 5.0


class Display:
    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._live = self._out.isatty()
        self._told = -PLAIN_EVERY
        self._written = False

    def say(self, text: str) -> None:
        self.close()
        self._out.write(text + "\n")
        self._out.flush()

    def show(
        self, seconds: float, plan: Plan, told: Sequence[Progress], server: Sample | None
    ) -> None:
        if not self._live and seconds - self._told < PLAIN_EVERY:
            return
        self._told = seconds
        line = progress_line(seconds, plan, told, server)
        if self._live:
            self._out.write(f"\r\x1b[2K{line}")
            self._written = True
        else:
            self._out.write(line + "\n")
        self._out.flush()

    def close(self) -> None:
        """What comes next begins on a line of its own."""
        if self._written:
            self._out.write("\n")
        self._written = False


def progress_line(
    seconds: float, plan: Plan, told: Sequence[Progress], server: Sample | None
) -> str:
    def count(name: str) -> int:
        return sum(one.counts.get(name, 0) for one in told)

    def worst(values: Sequence[float | None]) -> str:
        known = [value for value in values if value is not None]
        return f"{max(known):.1f} ms" if known else "…"

    parts = [
        f"{seconds:5.0f} s",
        f"salles {count('met')}/{plan.rooms}",
        f"terminées {count('done')}",
        f"connexions {count('opened') - count('closed')}",
        f"entrée p95 {worst([one.join_p95 for one in told])}",
        f"relais p95 {worst([one.relay_p95 for one in told])}",
        f"erreurs {sum(sum(one.errors.values()) for one in told)}",
    ]
    if plan.scenario == "storm":
        parts.insert(3, f"revenues {count('back')}")
    if server is not None and server.cpu is not None:
        parts.append(f"serveur {server.cpu:.0f} %, {server.memory or 0:.0f} Mo")
    parts.append(f"générateur {100 * max((one.cpu for one in told), default=0):.0f} %")
    return "  ".join(parts)
