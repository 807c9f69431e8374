"""The server under test, read from its own /metrics once a second: CPU, memory, event loop."""

import asyncio
from time import monotonic

import msgspec

from .control import Control

EVERY = 1.0
CPU, MEMORY = "process_cpu_seconds_total", "process_resident_memory_bytes"
#: Fewer samples than this say nothing of a drift.
ENOUGH = 10
MEGABYTE = 1_048_576


class Sample(msgspec.Struct, frozen=True):
    """`at`: seconds since the start of arrivals; `cpu` in % of one core, `memory` in MB."""

    at: float
    cpu: float | None
    memory: float | None


class Sampler:
    def __init__(self, control: Control) -> None:
        self._control = control
        self.samples: list[Sample] = []
        self._last: tuple[float, float] | None = None

    async def run(self, start: float) -> None:
        """Until cancelled; what cannot be read is left out."""
        while True:
            await self.look(start)
            await asyncio.sleep(EVERY)

    async def look(self, start: float) -> None:
        read = await self._control.metrics()
        now = monotonic()
        if MEMORY not in read and CPU not in read:
            return
        memory = read.get(MEMORY)
        self.samples.append(
            Sample(
                round(now - start, 2),
                self._percent(read.get(CPU), now),
                None if memory is None else round(memory / MEGABYTE, 1),
            )
        )

    def _percent(self, total: float | None, now: float) -> float | None:
        before, self._last = self._last, None if total is None else (now, total)
        # A restarted server counts from nothing again.
        if before is None or total is None or total < before[1] or now - before[0] < EVERY / 2:
            return None
        return round(100 * (total - before[1]) / (now - before[0]), 1)

    @property
    def latest(self) -> Sample | None:
        return self.samples[-1] if self.samples else None


class ServerLoad(msgspec.Struct, frozen=True):
    """Of the whole run; None: the server does not show it to us."""

    cpu_mean: float | None
    cpu_max: float | None
    memory_start: float | None
    memory_max: float | None
    memory_end: float | None
    #: MB an hour over the second half, by least squares: what a soak test is for.
    memory_drift: float | None


def summed(samples: list[Sample]) -> ServerLoad:
    cpu = [one.cpu for one in samples if one.cpu is not None]
    memory = [one.memory for one in samples if one.memory is not None]
    return ServerLoad(
        cpu_mean=round(sum(cpu) / len(cpu), 1) if cpu else None,
        cpu_max=max(cpu, default=None),
        memory_start=memory[0] if memory else None,
        memory_max=max(memory, default=None),
        memory_end=memory[-1] if memory else None,
        memory_drift=drift([(one.at, one.memory) for one in samples if one.memory is not None]),
    )


def drift(points: list[tuple[float, float]]) -> float | None:
    half = points[len(points) // 2 :]
    if len(half) < ENOUGH:
        return None
    middle = sum(at for at, _ in half) / len(half)
    level = sum(value for _, value in half) / len(half)
    spread = sum((at - middle) ** 2 for at, _ in half)
    slope = sum((at - middle) * (value - level) for at, value in half) / spread
    return round(slope * 3600, 1)
