"""A year in minutes: the real store, planning, outbox and rules; clock, mail and SMS are played."""

import argparse
import logging
import os
import sys
import tempfile
import time
from pathlib import Path


def main(options: argparse.Namespace) -> int:
    """`telecontrole simulate`: prints a table; status 1 when a rule was broken.

    :param options: telecontroles, days, seed, jobs (processes at once; 0: one for each core),
        json (a file, or None), broken (a fault to put in on purpose, or None).
    """
    from . import broken, ends, report, shares, year  # noqa: PLC0415

    fault = options.broken or "none"
    faults = broken.FAULTS.get(fault, ends.Faults())
    what = year.Parameters(options.telecontroles, options.days, options.seed, faults=faults)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="telecontrole-") as folder:
        result = shares.simulate(what, Path(folder), fault, options.jobs or os.cpu_count() or 1)
    result.seconds = round(time.monotonic() - started, 1)
    sys.stdout.write(report.table(what, result) + "\n")
    if options.json is not None:
        Path(options.json).write_text(report.as_json(what, result) + "\n")
    return 1 if result.violations else 0
