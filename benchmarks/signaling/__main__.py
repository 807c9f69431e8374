"""Four signaling servers side by side, each on one core, the generator on another.

`python -m benchmarks.signaling`: about five minutes on two cores. It prints the table and writes
it to docs/performance.md, unless the run is a partial one (`--quick`, `--only`).
"""

import argparse
import gc
import json
import os
import sys
import tempfile
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop

from . import seeding
from .children import CORES, ROOT, ServerFailed
from .loads import LoadFailed
from .measures import NODE, SPARE, Contender, OurServer, Plan, descriptors, others, turn
from .table import LIMITS, medians, table, told, versions, write_section

NAMES = ("node", "ours", "path", "plain", "bare")
DISTURBED = (
    "Other processes were on the server's core in this run: its latencies above all are theirs."
)
DOCUMENT = ROOT / "docs" / "performance.md"
QUICK = Plan(
    rounds=1, seconds=0.5, warm_up=0.1, settle=0.1, idle=400, at_once=8, lines=10, rooms=500
)


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signaling", description=__doc__)
    parser.add_argument("--rounds", type=int, help="3")
    parser.add_argument("--seconds", type=float, help="of each measured window: 4")
    parser.add_argument("--idle", type=int, help="idle clients: 2000")
    parser.add_argument("--quick", action="store_true", help="seconds, not minutes: does it run?")
    parser.add_argument("--only", default=",".join(NAMES), help="of " + ",".join(NAMES))
    parser.add_argument("--json", type=Path, help="every figure of every round, into this file")
    parser.add_argument(
        "--foreign", action="store_true", help="ours: tokens that another process signed"
    )
    options = parser.parse_args(arguments)
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(NAMES):
        parser.error(f"--only: {', '.join(sorted(unknown))}?")
    return options


def plan_of(options: argparse.Namespace) -> Plan:
    base = QUICK if options.quick else Plan()
    given = {key: getattr(options, key) for key in ("rounds", "seconds", "idle")}
    plan = replace(base, **{key: value for key, value in given.items() if value is not None})
    most = (descriptors() - SPARE) // 2
    return replace(plan, rooms=min(plan.rooms, most), idle=min(plan.idle, 2 * most))


async def run(
    plan: Plan, only: list[str], folder: Path, *, foreign: bool
) -> dict[str, list[dict[str, Any]]]:
    """Round after round, each server in turn; Node first, for its load is also the others'."""
    known: dict[str, Contender] = others()
    if "ours" in only:
        rooms, signed = await seeding.seed(folder, plan.seeded())
        known["ours"] = OurServer(folder, rooms, signed, foreign=foreign)
    turns: dict[str, list[dict[str, Any]]] = {name: [] for name in NAMES if name in only}
    for number in range(plan.rounds):
        node_rate = 0.0
        for name, done in turns.items():
            figures = await turn(known[name], plan, node_rate)
            if name == "node":
                node_rate = float(figures.relay["per_second"])
            done.append(asdict(figures))
            say(f"round {number + 1}  {known[name].title:<38} {line_of(done[-1])}")
            gc.collect()
    return turns


def line_of(one: dict[str, Any]) -> str:
    meet, relay = one["rendezvous"], one["relay"]
    return (
        f"{meet['per_second']:>6,.0f} rendezvous/s ({meet['cpu_ms']:.2f} ms CPU, {meet['limit']})  "
        f"{relay['per_second']:>7,.0f} messages/s ({relay['cpu_us']:.1f} µs, {relay['limit']})  "
        f"{one['idle']['bytes'] / 1024:>5.1f} kB  p99 {one['latency']['own']['p99_ms']:.2f} ms"
    )


def main() -> int:
    options = options_of()
    if "node" in options.only and not (NODE and (ROOT / "node_modules" / "socket.io").is_dir()):
        say("needs node and socket.io (`npm ci`), or --only ours,plain,bare")
        return 2
    plan = plan_of(options)
    os.sched_setaffinity(0, CORES[:1])
    gc.disable()
    try:
        with tempfile.TemporaryDirectory(prefix="telecontrole-") as folder:
            seeded = Path(folder) / "seeded"
            turns = uvloop.run(run(plan, options.only, seeded, foreign=options.foreign))
    except (LoadFailed, ServerFailed) as wrong:
        say(f"no figures: {wrong}")
        return 1
    report(plan, turns, options)
    return 0


def disturbed(results: dict[str, dict[str, Any]]) -> bool:
    """Interrupts of the network are counted as nobody's: some tenth of the core is ordinary."""
    parts = [one[part] for one in results.values() for part in LIMITS]
    parts += [load for one in results.values() for load in one["latency"].values()]
    return any(part["others_share"] > 0.2 for part in parts)


def report(plan: Plan, turns: dict[str, list[dict[str, Any]]], options: argparse.Namespace) -> None:
    results = {name: medians(some) for name, some in turns.items()}
    titles = {name: one.title for name, one in others().items()} | {"ours": "ours"}
    lines = [told(asdict(plan), datetime.now(UTC).date()), "", *table(results, titles)]
    if disturbed(results):
        lines += ["", DISTURBED]
    say()
    for line in lines:
        say(line)
    if options.json:
        whole = {"plan": asdict(plan), "versions": versions(), "medians": results, "turns": turns}
        options.json.write_text(json.dumps(whole, indent=1))
    if not (options.quick or options.foreign) and set(options.only) == set(NAMES):
        write_section(DOCUMENT, lines)


if __name__ == "__main__":
    sys.exit(main())
