"""Medians over the rounds as a table, and the aims beside what was found."""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from .conditions import CONDITIONS, Condition

START, END = "<!-- report:start -->", "<!-- report:end -->"
COLUMNS = (
    "network", "client", "admission to picture, warm: first (assuré / médecin), ms",
    "warm: again, ms", "cold, ms", "picture back, s", "without sound", "made up", "frames a second",
    "way", "MB a minute",
)  # fmt: skip
NONE = "—"

#: Of one party on one network, round after round.
Rounds = Sequence[dict[str, Any]]


def values(rounds: Rounds, key: str) -> list[Any]:
    return [one[key] for one in rounds if one[key] is not None]


def middle(rounds: Rounds, key: str) -> float | None:
    found = values(rounds, key)
    return median(found) if found else None


def pair(found: Sequence[Sequence[float]]) -> str:
    if not found:
        return NONE
    return " / ".join(f"{median(one[side] for one in found):.0f}" for side in (0, 1))


def number(value: float | None, form: str, unit: str = "") -> str:
    return NONE if value is None else format(value, form) + unit


def recovery(rounds: Rounds, condition: Condition) -> str:
    if not condition.upset:
        return NONE
    found = values(rounds, "recovery")
    lost = len(rounds) - len(found)
    if not found:
        return "**never**"
    told = f"{median(found):.1f}"
    return f"{told} (never: {lost} of {len(rounds)})" if lost else told


def row(condition: Condition, name: str, rounds: Rounds) -> list[str]:
    silence = middle(rounds, "silence")
    unit = " s" if condition.upset else " s/min"
    made_up = middle(rounds, "concealed")
    failed = [one["failed"] for one in rounds if one["failed"]]
    ways = sorted({one["path"] for one in rounds if one["path"]})
    cells = [
        condition.title, name, pair(values(rounds, "warm")),
        pair([one for some in values(rounds, "again") for one in some]),
        pair(values(rounds, "cold")), recovery(rounds, condition), number(silence, ".1f", unit),
        NONE if made_up is None else f"{made_up:.1%}", frames(rounds), ", ".join(ways) or NONE,
        number(middle(rounds, "megabytes"), ".1f"),
    ]  # fmt: skip
    if failed and not condition.upset:
        cells[5] = f"**{failed[0]}** ({len(failed)} of {len(rounds)})"
    return cells


def frames(rounds: Rounds) -> str:
    held, width = middle(rounds, "frames"), middle(rounds, "width")
    if held is None or width is None:
        return NONE
    return f"{held:.0f} ({width:.0f} px)" if held >= 0.5 else "paused"


def table(results: dict[str, dict[str, Rounds]]) -> list[str]:
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    for condition in CONDITIONS:
        for name, rounds in sorted(results.get(condition.name, {}).items(), reverse=True):
            lines.append("| " + " | ".join(row(condition, name, rounds)) + " |")
    return lines


# --- the aims -----------------------------------------------------------------------------------

Found = Callable[[dict[str, Rounds]], float | None]


def worst(condition: str, key: str) -> Found:
    return lambda ours: middle(ours.get(condition, ()), key)


def admission(condition: str, key: str) -> Found:
    """The slower side's median."""

    def found(ours: dict[str, Rounds]) -> float | None:
        pairs = values(ours.get(condition, ()), key)
        if key == "again":
            pairs = [one for some in pairs for one in some]
        return max(median(one[side] for one in pairs) for side in (0, 1)) if pairs else None

    return found


def slowest(conditions: Sequence[str], key: str) -> Found:
    def found(ours: dict[str, Rounds]) -> float | None:
        each = [middle(ours[name], key) for name in conditions if name in ours]
        if not each or any(one is None for one in each):
            return None
        return max(one for one in each if one is not None)

    return found


CUTS = ("cut3", "cut20", "cut60")
AIMS: tuple[tuple[str, float, str, Found], ...] = (
    ("first warm admission at RTT 50 ms, slower side", 200, "ms", admission("rtt50", "warm")),
    ("the same, admitted again", 200, "ms", admission("rtt50", "again")),
    ("picture back after a changed address", 5, "s", worst("moved", "recovery")),
    ("picture back after a cut, slowest of 3, 20, 60 s", 5, "s", slowest(CUTS, "recovery")),
    ("picture back after an interface came back", 2, "s", worst("unplug10", "recovery")),
    ("sound made up at 80 kbit/s and 5 % loss", 0.15, "", worst("k80", "concealed")),
    ("seconds without sound, server killed", 0.5, "s", worst("killed", "silence")),
    ("picture, TCP 443 alone: cold admission", 5000, "ms", admission("tls443", "cold")),
)


def aims(results: dict[str, dict[str, Rounds]]) -> list[str]:
    ours = {name: parties["ours"] for name, parties in results.items() if "ours" in parties}
    lines = ["| aim | at most | found | |", "|---|---|---|---|"]
    for what, most, unit, find in AIMS:
        value = find(ours)
        kept = value is not None and value <= most
        share = not unit
        said = (
            NONE
            if value is None
            else f"{value:.1%}"
            if share
            else f"{value:.{0 if unit == 'ms' else 1}f} {unit}"
        )
        bound = f"{most:.0%}" if share else f"{most:g} {unit}"
        lines.append(f"| {what} | {bound} | {said} | {'held' if kept else '**not held**'} |")
    return lines


def write_section(file: Path, lines: Sequence[str]) -> None:
    """Between the two marks; nothing else of the file changes."""
    before, start, rest = file.read_text().partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"{file.name} has no section between {START} and {END}")
    file.write_text(f"{before}{START}\n" + "\n".join(lines) + f"\n{END}{after}")
