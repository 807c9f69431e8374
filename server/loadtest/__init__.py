"""A load test for whoever runs the service: imaginary rooms over the real signaling channel."""

import argparse
import asyncio
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .plan import Address, Plan
    from .slo import Objective

#: Where the key of another server's load tests is read; never on the command line.
KEY = "TELECONTROLE_LOADTEST_KEY"
HELD, MISSED, MISUSED, INTERRUPTED = 0, 1, 2, 130


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of `telecontrole loadtest`; what the values may be is checked in `main`."""
    parser.add_argument("--target", metavar="URL", help="défaut : un serveur d'essai sur ce poste")
    parser.add_argument("--key-file", type=Path, metavar="FICHIER", help=f"sinon {KEY}")
    parser.add_argument("--ca", default="", metavar="FICHIER", help="autorité du serveur, PEM")
    parser.add_argument("--scenario", choices=("rendezvous", "waiting", "storm", "soak"),
                        default="rendezvous")  # fmt: skip
    parser.add_argument("--rooms", type=int, help="salles (défaut 50 ; soak : rate × hold)")
    parser.add_argument("--rate", type=float, default=10.0, help="arrivées par seconde")
    parser.add_argument("--hold", type=float, default=10.0, help="secondes que dure une salle")
    parser.add_argument(
        "--spread", type=float, default=5.0, help="storm : secondes où chacun revient (défaut 5)"
    )
    parser.add_argument("--consoles", action="store_true", help="une console par médecin aussi")
    parser.add_argument(
        "--media", type=int, default=0, help="salles de robots avec de vrais médias"
    )
    parser.add_argument("--processes", type=int, help="générateurs (défaut : un par cœur libre)")
    parser.add_argument("--slo", action="append", default=[], metavar="OBJECTIF",
                        help="« join_p95<300ms », « errors<1 »… ; plusieurs fois")  # fmt: skip
    parser.add_argument("--json", type=Path, help="écrit le rapport")
    parser.add_argument("--html", type=Path, help="écrit le rapport en une page")


def main(options: argparse.Namespace) -> int:
    """0: all objectives held; 1: one did not, or it broke off; 2: wrong usage, no server; 130:
    interrupted, with a report."""
    from . import slo  # noqa: PLC0415
    from .control import Unreachable  # noqa: PLC0415
    from .plan import Misused, address_of  # noqa: PLC0415

    try:
        plan = _plan(options)
        objectives = [slo.objective(text) for text in options.slo]
        target = address_of(options.target) if options.target else None
        key = _key(options) if target else ""
        for file in (options.json, options.html):
            if file is not None and not file.parent.is_dir():
                raise Misused(f"{file.parent} : pas de tel dossier.")
    except Misused as wrong:
        return _refuse(str(wrong))
    try:
        return asyncio.run(_carried_out(options, plan, objectives, target, key))
    except Unreachable as wrong:
        return _refuse(str(wrong))


def _plan(options: argparse.Namespace) -> "Plan":
    from .plan import Misused, Plan, spare_cores  # noqa: PLC0415

    rooms, soak = options.rooms, options.scenario == "soak"
    if rooms is None:
        rooms = round(options.rate * options.hold) if soak else 50
    if options.rate <= 0:
        raise Misused("--rate : plus que 0.")
    return Plan(
        scenario=options.scenario,
        rooms=max(1, rooms) if soak else rooms,
        rate=options.rate,
        hold=options.hold,
        spread=options.spread,
        consoles=options.consoles,
        media=options.media,
        processes=options.processes if options.processes is not None else spare_cores(),
    ).checked()


def _key(options: argparse.Namespace) -> str:
    from .plan import Misused  # noqa: PLC0415

    try:
        key = options.key_file.read_text().strip() if options.key_file else os.environ.get(KEY, "")
    except OSError as wrong:
        raise Misused(f"{options.key_file} : illisible.") from wrong
    if not key or not key.isascii() or not key.isprintable():
        raise Misused(f"la clé d'essai du serveur manque : --key-file, ou {KEY}.")
    return str(key)


async def _carried_out(
    options: argparse.Namespace, plan: "Plan", objectives: list["Objective"],
    target: "Address | None", key: str,
) -> int:  # fmt: skip
    import msgspec  # noqa: PLC0415

    from . import page, report  # noqa: PLC0415
    from .display import Display  # noqa: PLC0415
    from .run import Run  # noqa: PLC0415

    begun, display = datetime.now(UTC), Display()
    with tempfile.TemporaryDirectory(prefix="telecontrole-essai-") as folder:
        run = Run(plan, Path(folder), target, key, options.ca, display)
        outcome = await run.carry_out()
    display.close()
    where = target.url if target else "un serveur d'essai sur cette machine"
    made = report.made(plan, outcome, objectives, begun, where)
    if options.json is not None:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n")
    if options.html is not None:
        options.html.write_text(page.written(made))
    sys.stdout.write(report.table(made) + "\n")
    if made.interrupted:
        return INTERRUPTED
    return HELD if made.held and not made.failures else MISSED


def _refuse(reason: str) -> int:
    sys.stderr.write(f"telecontrole loadtest : {reason}\n")
    return MISUSED
