"""Every attack in turn, and the table of what others felt: about three minutes."""

import argparse
import sys
from statistics import quantiles

import uvloop

from .siege import HALF_OPEN, KINDS, Felt, besieged

#: Who is inside already can be few: each may send thirty messages a second for long.
INSIDE = 200


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.floods", description=__doc__)
    parser.add_argument("--sockets", type=int, default=5_000, help="half-open ones (5000)")
    parser.add_argument("--inside", type=int, default=INSIDE, help="people who attack (200)")
    parser.add_argument("--seconds", type=float, default=15.0, help="that each is held (15)")
    parser.add_argument("--only", default=",".join(KINDS))
    options = parser.parse_args()
    attacks = [
        (kind, options.sockets if kind in HALF_OPEN else options.inside, options.seconds)
        for kind in options.only.split(",")
    ]
    felt = uvloop.run(besieged(attacks))
    sys.stdout.write(table(felt))
    return 0


def table(felt: list[Felt]) -> str:
    lines = [
        "| attack | sockets | still held | memory before, peak, after (MB) "
        "| good clients' joins: p50, p95, worst (ms) | a word to the other: p95 (ms) | refused |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [row(one) for one in felt]
    return "\n".join(lines) + "\n"


def row(felt: Felt) -> str:
    joins = spread(felt.joins)
    memory = f"{felt.before:.0f}, {felt.peak:.0f}, {felt.after:.0f}"
    return (
        f"| {felt.kind} | {felt.count:,} | {felt.held:,} | {memory} "
        f"| {len(felt.joins)}: {joins[0]:.1f}, {joins[1]:.1f}, {joins[2]:.0f} "
        f"| {spread(felt.relays)[1]:.1f} | {felt.refused} |"
    )


def spread(values: list[float]) -> tuple[float, float, float]:
    """Median, 95th percentile, worst."""
    if len(values) < 2:
        return (values[0],) * 3 if values else (0.0, 0.0, 0.0)
    cuts = quantiles(values, n=20, method="inclusive")
    return cuts[9], cuts[18], max(values)


if __name__ == "__main__":
    sys.exit(main())
