"""Objectives: « join_p95<300ms », « errors<1 »; read before the run, judged after it."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from .plan import Misused

_TEXT = re.compile(
    r"\s*([a-z0-9_]{1,40})\s*(<=|>=|<|>)\s*([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*(ms|s|%|MB|)\s*"
)
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
#: What is measured in time, each as p50, p95, p99, max and mean, in milliseconds.
LATENCIES = ("connect", "join", "admission", "relay", "ack", "end", "back", "media_up", "picture")
_STATISTICS = ("p50", "p95", "p99", "max", "mean")
#: What is counted, or read from the server.
COUNTS = (
    "errors", "cross_room", "rooms_lost", "rooms_done", "joins_per_second", "retries",
    "server_cpu_max", "server_memory_max", "server_memory_drift", "generator_cpu_max",
    "generator_lag_p95",
)  # fmt: skip
NAMES = frozenset({f"{one}_{kind}" for one in LATENCIES for kind in _STATISTICS} | {*COUNTS})


class Objective(msgspec.Struct, frozen=True):
    text: str
    name: str
    comparison: str
    limit: float


class Verdict(msgspec.Struct, frozen=True):
    """`value` None: it was not measured, so nobody can say that it held."""

    objective: Objective
    value: float | None
    held: bool


def objective(text: str) -> Objective:
    """:raises Misused: it cannot be read, or nothing of that name is measured."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise Misused(f"--slo {text} : écrivez par exemple « join_p95<300ms » ou « errors<1 ».")
    name, comparison, number, unit = found.groups()
    if name not in NAMES:
        raise Misused(f"--slo {name} : inconnu. Connus : {', '.join(sorted(NAMES))}.")
    limit = float(number) * (1000 if unit == "s" else 1)
    return Objective(re.sub(r"\s+", "", text), name, comparison, limit)


def judged(objectives: Sequence[Objective], figures: Mapping[str, float | None]) -> list[Verdict]:
    verdicts = []
    for one in objectives:
        value = figures.get(one.name)
        held = value is not None and _COMPARE[one.comparison](value, one.limit)
        verdicts.append(Verdict(one, value, held))
    return verdicts
