"""The one place where time is read: wall clock, monotonic clock, and which boot they belong to."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, twice: `wall` for people, `monotonic` (s) for durations within one `boot`."""

    wall: datetime
    monotonic: float
    boot: str


class SystemClock:
    """Linux's monotonic clock goes on over a restart of the server, not over one of the machine:
    so `boot` is the machine's, and a duration may be taken across two runs of the server."""

    def __init__(self) -> None:
        try:
            self._boot = BOOT_ID.read_text().strip()
        except OSError:
            self._boot = f"process-{time.time_ns()}"

    def __call__(self) -> datetime:
        return datetime.now(UTC)

    def moment(self) -> Moment:
        return Moment(self(), time.monotonic(), self._boot)
