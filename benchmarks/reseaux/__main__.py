"""The network report: ours and a naive client, each network in turn.

`python -m benchmarks.reseaux`: about twenty minutes a round. It prints the tables and writes them
to docs/reseaux.md, unless the run is a partial one (`--only`).
"""

import argparse
import json
import os
import sys
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from far import Relay, browser_at
from lab import LabRefused
from laboratory import Laboratory
from playwright.sync_api import sync_playwright

from . import ROOT
from .conditions import CONDITIONS
from .measure import HOLD, turn
from .parties import Naive, Ours, Party
from .table import aims, row, table, write_section

DOCUMENT = ROOT / "docs" / "reseaux.md"
BY_NAME = {one.name: one for one in CONDITIONS}
NAMES = tuple(BY_NAME)
Results = dict[str, dict[str, list[dict[str, Any]]]]


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reseaux", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(NAMES), help="of " + ",".join(NAMES))
    parser.add_argument("--clients", default="ours,naive")
    parser.add_argument(
        "--json", type=Path, help="every figure of every round, into this file; goes on with it"
    )
    parser.add_argument(
        "--from-json",
        type=Path,
        help="writes the tables of such a file, whole or not; measures nothing",
    )
    options = parser.parse_args(arguments)
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(NAMES):
        parser.error(f"--only: {', '.join(sorted(unknown))}?")
    return options


def measure(options: argparse.Namespace, lab: Laboratory, folder: Path) -> dict[str, Any]:
    """Round after round, each network for each client; what there is is kept as it comes."""
    run = begun(options)
    results = run["results"]
    relay = Relay(lab, folder)
    relay.start()
    try:
        with sync_playwright() as playwright:
            kind = playwright.chromium
            browsers = (
                browser_at(lab, "pa", kind, folder),
                browser_at(lab, "pb", kind, folder),
            )
            run["browser"] = browsers[0].version
            parties: list[Party] = [
                one(lab, relay, browsers)
                for one in (Ours, Naive)
                if one.name in options.clients.split(",")
            ]
            for number in range(options.rounds):
                for condition in (BY_NAME[name] for name in options.only):
                    for party in parties:
                        if len(results[condition.name][party.name]) > number:
                            continue
                        done = turn(party, condition, lab)
                        results[condition.name][party.name].append(done)
                        run["load"].append(os.getloadavg()[0])
                        say(" | ".join(row(condition, party.name, [done])) + " " + done["failed"])
                        keep(options, run)
            for browser in browsers:
                browser.close()
    finally:
        relay.stop()
    return run


def begun(options: argparse.Namespace) -> dict[str, Any]:
    """An empty run, or what its file holds of one that was stopped."""
    results: Results = defaultdict(lambda: defaultdict(list))
    run: dict[str, Any] = {"begun": datetime.now(UTC).isoformat(), "load": [], "results": results}
    if options.json and options.json.exists():
        kept = json.loads(options.json.read_text())
        for name, parties in kept["results"].items():
            for party, rounds in parties.items():
                results[name][party] += rounds
        run |= {"begun": kept["begun"], "load": kept["load"]}
    return run


def keep(options: argparse.Namespace, run: dict[str, Any]) -> None:
    if options.json:
        options.json.write_text(json.dumps(run, indent=1))


def told(run: dict[str, Any]) -> str:
    """When, with what, on what kind of machine."""
    day = datetime.fromisoformat(run["begun"])
    rounds = max(len(some) for one in run["results"].values() for some in one.values())
    load = run["load"]
    return (
        f"{day.day} {day:%B %Y}, {os.cpu_count()} cores for both browsers, the server, the relay "
        f"and the network; Chromium {run['browser'].partition('.')[0]}. Load average while it ran: "
        f"{min(load):.1f} to {max(load):.1f}. Medians of {rounds} round(s); "
        f"{HOLD:g} s of each call."
    )


def main() -> int:
    options = options_of()
    if options.from_json:
        run = json.loads(options.from_json.read_text())
    else:
        try:
            lab = Laboratory()
        except LabRefused as refused:
            say(f"no network of our own here: {refused}")
            return 2
        try:
            with tempfile.TemporaryDirectory(prefix="telecontrole-") as folder:
                run = measure(options, lab, Path(folder))
        finally:
            lab.close()
    lines = [told(run), "", *aims(run["results"]), "", *table(run["results"])]
    say()
    for line in lines:
        say(line)
    if options.from_json or set(run["results"]) == set(NAMES):
        write_section(DOCUMENT, lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
