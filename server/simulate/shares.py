"""A large year in several processes: each plays a share of it, on a store of its own.

The number of shares depends on how many télécontrôles are asked for and not on the machine: the
same seed tells the same story everywhere.
"""

import multiprocessing
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

from . import broken, year
from .year import Parameters, Result

#: A share is a service with its own caisse: large enough to be crowded.
LARGE = 2_000
SHARES = 4
#: Keeps the seeds of shares apart from each other's and from the next seed's.
APART = 1_000


def shares(what: Parameters) -> list[Parameters]:
    """What each process plays; one alone for a small year."""
    if what.telecontroles < LARGE:
        return [what]
    each, more = divmod(what.telecontroles, SHARES)
    return [
        replace(what, telecontroles=each + (k < more), seed=what.seed * APART + k)
        for k in range(SHARES)
    ]


def simulate(what: Parameters, folder: Path, fault: str, jobs: int) -> Result:
    """All shares, `jobs` of them at once, as one result."""
    parts = shares(what)
    if len(parts) == 1:
        return _play(what, folder, fault)
    folders = [folder / str(k) for k in range(len(parts))]
    for one in folders:
        one.mkdir()
    # Not forked: a running event loop does not survive it.
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=jobs, mp_context=fresh) as pool:
        return together(list(pool.map(_play, parts, folders, [fault] * len(parts))))


def _play(what: Parameters, folder: Path, fault: str) -> Result:
    return year.simulate(what, folder, broken.POSTMEN[fault])


def together(results: Sequence[Result]) -> Result:
    """Their sums; the seconds are those of the longest."""
    whole = Result(seconds=max(one.seconds for one in results))
    for one in results:
        whole.violations += one.violations
        whole.examples = one.examples | whole.examples
        whole.events += one.events
        whole.messages = _added(whole.messages, one.messages)
        whole.provider = _added(whole.provider, one.provider)
    return whole


Counts = dict[str, dict[str, int]]


def _added(one: Counts, other: Counts) -> Counts:
    return {
        name: dict(Counter(one.get(name, {})) + Counter(other.get(name, {})))
        for name in one | other
    }
