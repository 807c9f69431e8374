"""A server under measure: a process of its own on one core, and what /proc says of it."""

import asyncio
import contextlib
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
#: Seconds that a server may take to listen.
PATIENCE = 30.0


class ServerFailed(Exception):
    """A server under measure does not start; what it wrote is on standard error."""


def announce() -> socket.socket:
    """In the child: a free port, bound and printed for the parent."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    sys.stdout.write(f"{bound.getsockname()[1]}\n")
    sys.stdout.flush()
    return bound


#: What this process may use, before it keeps to one of them. The server gets the last, the
#: generator the first: the same one where there is only one.
CORES = sorted(os.sched_getaffinity(0))


def busy() -> float:
    """Seconds that the server's core has worked so far, for whomever; 0 where it is not told."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{CORES[-1]}":
            # All but idle, iowait, and the guests that are counted in user already.
            return (sum(map(int, ticks[:8])) - int(ticks[3]) - int(ticks[4])) / TICKS
    return 0.0


@dataclass(frozen=True, slots=True)
class Child:
    """A running server."""

    pid: int
    port: int

    def cpu(self) -> float:
        """Seconds of processor so far, user and system, all threads."""
        # The name, in brackets, may hold spaces.
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> int:
        """Bytes that are its own: what no other process shares, and was written to."""
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Private_Dirty:"):
                return int(line.split()[1]) * 1024
        return 0


@contextlib.asynccontextmanager
async def running(command: Sequence[str]) -> AsyncIterator[Child]:
    """Start it, wait until it listens; killed at the end, for nothing of it is kept."""
    with tempfile.TemporaryFile() as errors:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=errors,
            preexec_fn=lambda: os.sched_setaffinity(0, CORES[-1:]),
        )  # fmt: skip
        try:
            child = Child(process.pid, await _port(process))
            await _listening(process, child.port)
            yield child
        except BaseException:
            errors.seek(0)
            sys.stderr.write(errors.read()[-4_000:].decode(errors="replace"))
            raise
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _port(process: asyncio.subprocess.Process) -> int:
    assert process.stdout is not None  # noqa: S101
    async with asyncio.timeout(PATIENCE):
        line = await process.stdout.readline()
    if not line:
        raise ServerFailed("it has ended before it said its port")
    return int(line)


async def _listening(process: asyncio.subprocess.Process, port: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while process.returncode is None:
            with contextlib.suppress(ConnectionRefusedError), socket.socket() as probe:
                probe.connect(("127.0.0.1", port))
                return
            await asyncio.sleep(0.05)
    raise ServerFailed("it has ended before it listened")
