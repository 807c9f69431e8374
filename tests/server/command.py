"""The real command `telecontrole`, as a process of its own."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0


class Command:
    """One run; what it prints is read as it comes, on both streams."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.printed: list[str] = []
        self._news = asyncio.Condition()
        self._readers = [
            asyncio.create_task(self._read(stream))
            for stream in (process.stdout, process.stderr)
            if stream is not None
        ]

    @classmethod
    async def start(cls, *arguments: str, **environment: str) -> Self:
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "server", *arguments,
                cwd=ROOT,
                env={"PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1", **environment},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        )  # fmt: skip

    @property
    def output(self) -> str:
        return "".join(self.printed)

    async def _read(self, stream: asyncio.StreamReader) -> None:
        async for line in stream:
            async with self._news:
                self.printed.append(line.decode())
                self._news.notify_all()

    async def says(self, words: str) -> str:
        """The first line with these words; a process that ends before fails the test."""
        ended = asyncio.create_task(self.process.wait())

        def line() -> str | None:
            return next((one for one in self.printed if words in one), None)

        async with asyncio.timeout(PATIENCE):
            async with self._news:
                waiting = asyncio.create_task(self._wait_for(line))
            await asyncio.wait([waiting, ended], return_when=asyncio.FIRST_COMPLETED)
            ended.cancel()
            assert line() is not None, f"ended with {self.process.returncode}: {self.output}"
            return await waiting

    async def _wait_for(self, line: Any) -> str:
        async with self._news:
            found: str = await self._news.wait_for(line)
            return found

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Its exit status; what it printed is complete then."""
        if self.process.returncode is None:
            self.process.send_signal(how)
        async with asyncio.timeout(PATIENCE):
            status = await self.process.wait()
            await asyncio.gather(*self._readers)
        return status


async def outcome(*arguments: str, **environment: str) -> tuple[int, str]:
    """Exit status and output of a run that ends by itself."""
    run = await Command.start(*arguments, **environment)
    async with asyncio.timeout(PATIENCE):
        status = await run.process.wait()
        await asyncio.gather(*run._readers)
    return status, run.output


def ready(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text())
    return content
