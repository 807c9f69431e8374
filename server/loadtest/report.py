"""The report of a load test, as data: what was asked, measured, and whether it held."""

import platform
from collections.abc import Sequence
from datetime import datetime

import msgspec

from .plan import Plan
from .run import Outcome, cores
from .samples import Sample, ServerLoad, summed
from .slo import LATENCIES, Objective, Verdict, judged

#: A generator that had this much of its core, or was this late, measured itself too.
BUSY, LATE_MS = 0.85, 20.0
#: Arrivals this much later than asked are not the load that was asked for.
BEHIND_MS = 250.0


class Window(msgspec.Struct, frozen=True):
    """One point in time of the plots; seconds since the start, milliseconds, counts."""

    at: float
    arrived: int
    done: int
    errors: int
    join_p95: float | None
    relay_p50: float | None
    relay_p95: float | None


class Generator(msgspec.Struct, frozen=True):
    """How much of the measure is the measurer's. `why` is empty when it is not."""

    processes: int
    cpu_max: float
    lag_p95: float | None
    late_p95: float | None
    bottleneck: bool
    why: list[str]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    format: str = "telecontrole-essai-de-charge/1"
    begun: datetime
    seconds: float
    target: str
    machine: str
    plan: Plan
    interrupted: bool
    failures: list[str]
    #: By what is measured: count, p50, p95, p99, max and mean in ms.
    latencies: dict[str, dict[str, float | None]]
    counts: dict[str, float | None]
    errors: dict[str, int]
    server: ServerLoad
    generator: Generator
    recovered_seconds: float | None
    objectives: list[Verdict]
    windows: list[Window]
    samples: list[Sample]

    @property
    def held(self) -> bool:
        return all(one.held for one in self.objectives)


def made(
    plan: Plan, outcome: Outcome, objectives: Sequence[Objective], begun: datetime, target: str
) -> Report:
    generator, server = _generator(plan, outcome), summed(outcome.samples)
    latencies = {
        name: {"count": float(one.count), **one.figures()}
        for name in (*LATENCIES, "console")
        if (one := outcome.tally.latencies.get(name)) is not None
    }
    counts = _counts(outcome, server, generator)
    figures = {f"{name}_{kind}": one[kind] for name, one in latencies.items() for kind in one}
    return Report(
        begun=begun,
        seconds=round(outcome.seconds, 1),
        target=target,
        machine=f"{cores()} cœurs, {platform.python_implementation()} {platform.python_version()}",
        plan=plan,
        interrupted=outcome.interrupted,
        failures=outcome.failures,
        latencies=latencies,
        counts=counts,
        errors=dict(sorted(outcome.tally.errors.items(), key=lambda one: -one[1])),
        server=server,
        generator=generator,
        recovered_seconds=None if outcome.recovered is None else round(outcome.recovered, 2),
        objectives=judged(objectives, {**figures, **counts}),
        windows=_windows(outcome),
        samples=outcome.samples,
    )


def _counts(outcome: Outcome, server: ServerLoad, generator: Generator) -> dict[str, float | None]:
    """What is counted, by the names of slo.COUNTS, and who came, met and came back."""
    counts, tally = outcome.tally.counts, outcome.tally
    arrivals = sorted(tally.counted.get("opened", {}))
    busy = (arrivals[-1] - arrivals[0] + 1) * tally.width if arrivals else 0.0
    opened = counts.get("opened", 0)
    return {
        "rooms_arrived": counts.get("arrived", 0),
        "rooms_met": counts.get("met", 0),
        "rooms_back": counts.get("back", 0),
        "rooms_done": counts.get("done", 0),
        "rooms_lost": counts.get("rooms_lost", 0),
        "rooms_failed": counts.get("failed", 0),
        "media_rooms": counts.get("media_rooms", 0),
        "sockets_opened": opened,
        "joins_per_second": round(opened / busy, 1) if busy else None,
        "cross_room": counts.get("cross_room", 0),
        "retries": counts.get("retries", 0),
        "errors": sum(tally.errors.values()) + len(outcome.failures),
        "server_cpu_max": server.cpu_max,
        "server_memory_max": server.memory_max,
        "server_memory_drift": server.memory_drift,
        "generator_cpu_max": generator.cpu_max,
        "generator_lag_p95": generator.lag_p95,
    }


def _generator(plan: Plan, outcome: Outcome) -> Generator:
    lag, late = (
        one.figures()["p95"] if (one := outcome.tally.latencies.get(name)) else None
        for name in ("lag", "late")
    )
    why = []
    if outcome.generator_cpu > BUSY:
        why.append(f"un processus générateur a pris {100 * outcome.generator_cpu:.0f} % d'un cœur")
    if (lag or 0) > LATE_MS:
        why.append(f"sa boucle d'événements avait {lag:.0f} ms de retard (p95)")
    if (late or 0) > BEHIND_MS:
        why.append(f"les arrivées avaient {late:.0f} ms de retard sur la cadence (p95)")
    cpu = round(100 * outcome.generator_cpu, 1)
    return Generator(min(plan.processes, plan.rooms), cpu, lag, late, bool(why), why)


def _windows(outcome: Outcome) -> list[Window]:
    tally = outcome.tally
    counted, timed = tally.counted, tally.windows
    places = [place for counts in counted.values() for place in counts]
    places += [place for histograms in timed.values() for place in histograms]
    last = max(places, default=-1)

    def percentile(name: str, place: int, percent: float) -> float | None:
        one = timed.get(name, {}).get(place)
        found = one.percentile(percent) if one else None
        return None if found is None else round(1000 * found, 3)

    def count(name: str, place: int) -> int:
        return counted.get(name, {}).get(place, 0)

    return [
        Window(
            at=round(place * tally.width, 2),
            arrived=count("arrived", place),
            done=count("done", place),
            errors=count("errors", place),
            join_p95=percentile("join", place, 95),
            relay_p50=percentile("relay", place, 50),
            relay_p95=percentile("relay", place, 95),
        )
        for place in range(last + 1)
    ]


#: What each measure is, for people.
NAMES = {
    "connect": "connexion acceptée",
    "join": "entrée dans la salle",
    "admission": "admission vue par l'assuré",
    "relay": "relais d'un message",
    "ack": "fait inscrit, accusé",
    "end": "fin vue par les deux",
    "back": "retour après la coupure",
    "console": "journée affichée à la console",
    "media_up": "chemin média établi",
    "picture": "première image",
}


def table(report: Report) -> str:
    """For a terminal."""
    lines = ["", f"{'ms':<34}{'n':>8}{'p50':>10}{'p95':>10}{'p99':>10}{'max':>10}"]
    for name, one in report.latencies.items():
        figures = "".join(f"{number(one[kind]):>10}" for kind in ("p50", "p95", "p99", "max"))
        lines.append(f"{NAMES[name]:<34}{one['count']:>8.0f}{figures}")
    counts, server = report.counts, report.server
    lines += [
        "",
        f"Salles : {counts['rooms_met']:.0f} réunies, {counts['rooms_done']:.0f} terminées, "
        f"{counts['rooms_lost']:.0f} perdues ; hors salle : {counts['cross_room']:.0f}.",
        f"Serveur : {number(server.cpu_mean)} % d'un cœur (max {number(server.cpu_max)}), "
        f"{number(server.memory_max)} Mo au plus.",
        f"Générateur : {report.generator.processes} processus, {report.generator.cpu_max} % d'un "
        "cœur au plus.",
    ]
    if report.recovered_seconds is not None:
        lines.append(f"Tempête : tous revenus en {report.recovered_seconds} s.")
    if report.generator.bottleneck:
        lines.append(f"ATTENTION, le générateur limitait : {' ; '.join(report.generator.why)}.")
    lines += [f"Erreur {code} : {count}" for code, count in report.errors.items()]
    lines += [f"Échec : {one}" for one in report.failures]
    lines += [verdict(one) for one in report.objectives]
    if report.interrupted:
        lines.append("Interrompu avant la fin.")
    return "\n".join(lines)


def verdict(one: Verdict) -> str:
    value = "non mesuré" if one.value is None else number(one.value)
    return f"{'TENU   ' if one.held else 'MANQUÉ '} {one.objective.text}  ({value})"


def number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if abs(value) < 10 and value != int(value) else f"{value:.0f}"
