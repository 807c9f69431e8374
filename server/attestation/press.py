"""Pages become PDFs in processes of their own: few at once, few in the queue, not for long."""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import structlog

log = structlog.get_logger()

#: Where the package is, wherever the service was started.
ROOT = Path(__file__).resolve().parents[2]
#: What a renderer needs of our environment; no setting, so no secret.
KEPT = ("PATH", "HOME", "LANG", "XDG_CACHE_HOME", "FONTCONFIG_FILE", "FONTCONFIG_PATH")


class PdfUnavailable(Exception):
    """No PDF now: too many are asked for, or it took too long. The page says the same."""


class Press:
    """`at_once` processes, `waiting` more requests, and `timeout` for each."""

    def __init__(self, at_once: int, waiting: int, timeout: timedelta) -> None:
        self._turn = asyncio.Semaphore(at_once)
        self._room = at_once + waiting
        self._inside = 0
        self._timeout = timeout.total_seconds()

    async def pdf(self, page: str) -> bytes:
        """
        :raises PdfUnavailable: not now.
        """
        if self._inside >= self._room:
            raise PdfUnavailable
        self._inside += 1
        try:
            async with asyncio.timeout(self._timeout), self._turn:
                return await self._render(page)
        except TimeoutError:
            log.warning("pdf_failed", reason="timeout")
            raise PdfUnavailable from None
        finally:
            self._inside -= 1

    async def _render(self, page: str) -> bytes:
        starting = asyncio.ensure_future(_child())
        try:
            child = await asyncio.shield(starting)
        except asyncio.CancelledError:
            # Out of time while it starts: it is not left behind either.
            await _end(await starting)
            raise
        try:
            pdf, _ = await child.communicate(page.encode())
        finally:
            await _end(child)
        if child.returncode != 0 or not pdf.startswith(b"%PDF-"):
            log.warning("pdf_failed", reason=f"exit {child.returncode}")
            raise PdfUnavailable
        return pdf


async def _child() -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "server.attestation.pdf_child",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        # What a renderer complains of may quote the page.
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in KEPT if name in os.environ},
    )


async def _end(child: Process) -> None:
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.kill()
    # Reads what is left, so that the pipes close with it.
    await child.communicate()
