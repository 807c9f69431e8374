"""What happened, as a table and as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict

from .oracle import VIOLATIONS
from .year import Parameters, Result

#: Of the outbox's states, as columns.
STATES = ("envoye", "remis", "echec", "perime", "retire", "prepare", "confie")


def table(what: Parameters, result: Result) -> str:
    """For a person."""
    lines = [
        f"{what.telecontroles} télécontrôles, {what.days} jours, graine {what.seed} : "
        f"{result.seconds} s",
        "",
        "Ce qui est arrivé",
        *_counts(result.events),
        "",
        "Messages, par état final",
        f"  {'':<36}" + "".join(f"{state:>9}" for state in STATES),
        *(
            f"  {name:<36}" + "".join(f"{states.get(state, 0):>9}" for state in STATES)
            for name, states in sorted(result.messages.items())
        ),
        "",
        "Réponses des prestataires",
        *_counts({f"{c} {v}": n for c, vs in result.provider.items() for v, n in vs.items()}),
        "",
        "Violations",
        *(
            f"  {result.violations[name]:>6}  {name:<22} {meaning}"
            for name, meaning in VIOLATIONS.items()
        ),
        "",
        f"Total : {sum(result.violations.values())} violation(s)",
    ]
    return "\n".join(lines)


def _counts(counts: Mapping[str, int]) -> list[str]:
    return [f"  {count:>6}  {name}" for name, count in sorted(counts.items())]


def as_json(what: Parameters, result: Result) -> str:
    """For a program: `violations` is their number."""
    return json.dumps(
        {
            "violations": sum(result.violations.values()),
            "violations_by_kind": {name: result.violations[name] for name in VIOLATIONS},
            "examples": result.examples,
            "events": dict(sorted(result.events.items())),
            "messages": result.messages,
            "provider": result.provider,
            "seconds": result.seconds,
            "parameters": asdict(what),
        },
        ensure_ascii=False,
        indent=1,
    )
