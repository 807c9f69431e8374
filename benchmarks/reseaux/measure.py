"""One call over one network: what its two pages lived through."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any

import hearing
from hearing import Sample
from laboratory import Laboratory
from playwright.sync_api import Error

from .conditions import Condition
from .parties import Call, NeverCame, Ours, Party, now

#: Seconds that a call is looked at.
HOLD = 8.0
#: Seconds after an upset's end within which pictures come back, or never do.
RECOVERY = 30.0
#: Seconds that they must have gone on.
STEADY = 3.0
#: The other network's address of the assuré, when it changes.
ELSEWHERE = "10.19.1.2"


@dataclass(frozen=True)
class Figures:
    """Of one call. ms for admission, seconds for the rest; None: never came, or not asked."""

    warm: tuple[float, float] | None = None
    again: tuple[tuple[float, float], ...] = ()
    cold: tuple[float, float] | None = None
    recovery: float | None = None
    #: Seconds without sound: of an upset, the whole; of a steady call, a minute.
    silence: float | None = None
    #: The share of what was played that was made up, on the worse side.
    concealed: float | None = None
    frames: float | None = None
    width: float | None = None
    path: str = ""
    megabytes: float | None = None
    #: The page that was closed or the step at which nothing came.
    failed: str = ""


def samples_of(call: Call) -> tuple[list[Sample], list[Sample]]:
    both = [hearing.read(page.evaluate("__watch.samples")) for page in call.pages]
    return both[0], both[1]


def wait(call: Call, seconds: float) -> None:
    call.pages[0].wait_for_timeout(seconds * 1000)


def steady(call: Call, condition: Condition) -> dict[str, Any]:
    """A while of the call as it is; the worse of the two sides."""
    wait(call, condition.settle)
    begin = now(call.pages[0])
    wait(call, HOLD)
    end = now(call.pages[0])
    sides = [hearing.within(one, begin, end) for one in samples_of(call)]
    if not all(len(one) > 1 for one in sides):
        return {"failed": "no connection"}
    return {
        "frames": min(hearing.frames_a_second(one) for one in sides),
        "width": min(one[-1].width for one in sides),
        "concealed": max(hearing.concealed(one) for one in sides),
        "silence": max(hearing.without_sound(one, one[0].at, one[-1].at) for one in sides)
        * 60 / HOLD,
        "megabytes": hearing.bytes_a_minute(sides[0]) / 1e6,
        "path": way(sides[0][-1]),
    }  # fmt: skip


def way(sample: Sample) -> str:
    if not sample.local:
        return "none"
    return f"relay ({sample.relay or 'by the other side'})" if sample.relayed else "direct"


def upset(call: Call, condition: Condition, lab: Laboratory) -> dict[str, Any]:
    """What happens, and what the two pages see and hear until pictures move again."""
    begin = now(call.pages[0])
    UPSETS[condition.upset](call, condition, lab)
    since = begin if condition.upset == "move" else now(call.pages[0])
    deadline = time.monotonic() + RECOVERY
    while True:
        wait(call, 0.5)
        both, end = samples_of(call), now(call.pages[0])
        found = [hearing.back(one, since, end) for one in both]
        known = [one for one in found if one is not None]
        if len(known) == 2 and end - since > (max(known) + STEADY) * 1000:
            break
        if time.monotonic() > deadline:
            break
    return {
        "recovery": max(known) if len(known) == 2 else None,
        "silence": max(hearing.without_sound(one, begin, end) for one in both),
        "path": way(both[0][-1]) if both[0] else "none",
        "failed": "" if len(known) == 2 else "did not come back",
    }


def _cut(call: Call, condition: Condition, lab: Laboratory) -> None:
    lab.cut("pa", condition.lasts)
    wait(call, condition.lasts)


def _unplug(call: Call, condition: Condition, lab: Laboratory) -> None:
    lab.unplug("pa")
    wait(call, condition.lasts)
    lab.plug("pa")


def _move(call: Call, condition: Condition, lab: Laboratory) -> None:
    lab.move("pa", ELSEWHERE)


def _kill(call: Call, condition: Condition, lab: Laboratory) -> None:
    call.kill()
    wait(call, condition.lasts)
    call.restart()


UPSETS: dict[str, Callable[[Call, Condition, Laboratory], None]] = {
    "cut": _cut, "unplug": _unplug, "move": _move, "kill": _kill,
}  # fmt: skip


def lived(
    meeting: AbstractContextManager[tuple[Call, dict[str, Any]]],
    condition: Condition,
    lab: Laboratory,
    *,
    whole: bool,
) -> dict[str, Any]:
    """One call: how it began and, if asked, how it went on."""
    found: dict[str, Any] = {}
    try:
        with meeting as (call, begun):
            found |= begun
            if whole:
                found |= steady(call, condition)
            if whole and condition.upset:
                found |= upset(call, condition, lab)
            lab.heal()
    except NeverCame:
        found["failed"] = "no picture"
    except (Error, AssertionError) as wrong:
        found["failed"] = str(wrong).splitlines()[0][:80]
    return found


def turn(party: Party, condition: Condition, lab: Laboratory) -> dict[str, Any]:
    """All the figures of one party on one network."""
    lab.heal()
    lab.become(**condition.network)
    found = lived(party.warm(), condition, lab, whole=True)
    if isinstance(party, Ours) and not condition.upset:
        lab.heal()
        lab.become(**condition.network)
        found = {**lived(party.cold(), condition, lab, whole=False), **found}
    lab.heal()
    return asdict(Figures(**found))
