"""Medians over the rounds, as a table to print and as a section of docs/performance.md."""

import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from .children import CORES, ROOT
from .measures import NODE

START, END = "<!-- bench:start -->", "<!-- bench:end -->"
#: Title, path in a turn's figures, how it is written; a `×` row is its ratio to Node.
ROWS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("rendezvous a second, as run", ("rendezvous", "per_second"), "{:,.0f}"),
    ("CPU per rendezvous, ms", ("rendezvous", "cpu_ms"), "{:.2f}"),
    ("**rendezvous per CPU-second**", ("rendezvous", "per_cpu_second"), "{:,.0f}"),
    ("×", ("rendezvous", "per_cpu_second"), "**{:.2f} ×**"),
    ("relayed messages a second, as run", ("relay", "per_second"), "{:,.0f}"),
    ("CPU per message, µs", ("relay", "cpu_us"), "{:.1f}"),
    ("**messages per CPU-second**", ("relay", "per_cpu_second"), "{:,.0f}"),
    ("×", ("relay", "per_cpu_second"), "**{:.2f} ×**"),
    ("**memory per idle client, kB**", ("idle", "kilobytes"), "{:.1f}"),
    ("×", ("idle", "kilobytes"), "**{:.2f} ×**"),
    ("relay at half its own load: p50, ms", ("latency", "own", "p50_ms"), "{:.2f}"),
    ("p99, ms", ("latency", "own", "p99_ms"), "{:.2f}"),
    ("×", ("latency", "own", "p99_ms"), "**{:.2f} ×**"),
    ("relay at half Node's load: p50, ms", ("latency", "node", "p50_ms"), "{:.2f}"),
    ("p99, ms", ("latency", "node", "p99_ms"), "{:.2f}"),
    ("×", ("latency", "node", "p99_ms"), "**{:.2f} ×**"),
)
LIMITS = ("rendezvous", "relay")


def medians(turns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The same shape, each number the median of that number; a word: all that were said."""
    first = turns[0]
    return {key: _median([turn[key] for turn in turns]) for key in first}


def _median(values: Sequence[Any]) -> Any:
    if isinstance(values[0], Mapping):
        return medians(values)
    if isinstance(values[0], str):
        return ", ".join(sorted(set(values)))
    return median(values)


def table(results: Mapping[str, Mapping[str, Any]], titles: Mapping[str, str]) -> list[str]:
    lines = ["| | " + " | ".join(titles[name] for name in results) + " |"]
    lines.append("|---" * (len(results) + 1) + "|")
    for title, path, form in ROWS:
        ratio = title == "×"
        if "node" not in results and (ratio or "node" in path):
            continue
        cells = [_cell(one, results, path, form, ratio=ratio) for one in results.values()]
        lines.append(f"| {'to Node' if ratio else title} | " + " | ".join(cells) + " |")
    for part in LIMITS:
        cells = [_limit(one[part]) for one in results.values()]
        title = f"{part}: the server on its core / somebody else on it / the generator on its own"
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines


def _cell(
    one: Mapping[str, Any],
    results: Mapping[str, Mapping[str, Any]],
    path: tuple[str, ...],
    form: str,
    *,
    ratio: bool,
) -> str:
    value = _at(one, path)
    return form.format(value / _at(results["node"], path) if ratio else value)


def _at(one: Any, path: tuple[str, ...]) -> float:
    if path == ("idle", "kilobytes"):
        return float(one["idle"]["bytes"]) / 1024
    for key in path:
        one = one[key]
    return float(one)


def _limit(part: Mapping[str, Any]) -> str:
    shares = (part[f"{who}_share"] for who in ("server", "others", "generator"))
    return " / ".join(f"{share:.0%}" for share in shares)


def versions() -> dict[str, str]:
    """Of what was measured."""
    found = {"Python": platform.python_version()}
    found |= {name: version(name) for name in ("aiohttp", "python-socketio", "uvloop")}
    if NODE:
        told = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
        found["Node"] = told.stdout.strip().lstrip("v")
    package = ROOT / "node_modules" / "socket.io" / "package.json"
    if package.is_file():
        found["socket.io"] = re.search(r'"version": *"([^"]+)"', package.read_text())[1]  # type: ignore[index]
    return found


def told(plan: Mapping[str, Any], today: date) -> str:
    """Where, when and with what."""
    cores = len(CORES)
    parts = ", ".join(f"{name} {number}" for name, number in versions().items())
    alone = "server and generator share the only core" if cores == 1 else f"{cores} cores"
    return (
        f"{today.day} {today:%B %Y}, {alone}; {parts}. "
        f"Medians of {plan['rounds']} rounds in turn, {plan['seconds']:g} s each, "
        f"{plan['idle']:,} idle clients."
    )


def write_section(file: Path, lines: Sequence[str]) -> None:
    """Between the two marks; nothing else of the file changes."""
    text = file.read_text()
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"{file.name} has no section between {START} and {END}")
    file.write_text(f"{before}{START}\n" + "\n".join(lines) + f"\n{END}{after}")
