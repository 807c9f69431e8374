"""An append-only file, on another disk: one line for each head, with the changes beside it.

Whoever has this file and the published keys can tell what the store was at each of its minutes,
without us. On the same disk as the store it proves nothing.
"""

import asyncio
import json
import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from controle import forme
from controle.temoignage import TeteRegistre

from .places import NotTaken, Sent

#: Read from the end, this many bytes at a time; a line is never longer than the second.
BLOCK, LONGEST = 65_536, 4_000_000


class FilePlace:
    """`file`: made where there is none; its directory must be there, as a disk that is not mounted
    must not be taken for an empty one."""

    name = "fichier"
    every = timedelta(0)
    last_only = False

    def __init__(self, file: Path) -> None:
        self._file = file

    async def known(self) -> tuple[int, str]:
        """:raises NotTaken: the file cannot be read, or its end is not ours."""
        return await asyncio.to_thread(self._known)

    async def take(self, heads: Sequence[Sent]) -> None:
        await asyncio.to_thread(self._append, heads)

    def _known(self) -> tuple[int, str]:
        try:
            head = last_of(self._file)
        except FileNotFoundError:
            head = None
        except OSError as wrong:
            raise NotTaken("unreadable") from wrong
        return (head.numero, head.empreinte) if head else (0, "")

    def _append(self, heads: Sequence[Sent]) -> None:
        """Durable once this returns; half a line, after a power loss, is closed first."""
        text = "".join(line_of(one) for one in heads)
        try:
            descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                start = "" if _whole(descriptor) else "\n"
                _write(descriptor, (start + text).encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as wrong:
            raise NotTaken("unwritable") from wrong


def line_of(sent: Sent) -> str:
    return f'{{"changements":{sent.changes},"tete":{forme.ecrire(sent.head.en_dict())}}}\n'


def last_of(file: Path) -> TeteRegistre | None:
    """The last head that can be read; None: there is none in its last lines."""
    with file.open("rb") as opened:
        end = opened.seek(0, os.SEEK_END)
        tail = b""
        while end > 0 and len(tail) < LONGEST:
            start = max(0, end - BLOCK)
            opened.seek(start)
            tail, end = opened.read(end - start) + tail, start
            lines = tail.splitlines()
            # The first one may be half of a line, unless the file begins here.
            for line in reversed(lines if end == 0 else lines[1:]):
                head = _head(line)
                if head is not None:
                    return head
    return None


def _head(line: bytes) -> TeteRegistre | None:
    try:
        return TeteRegistre.depuis_dict(json.loads(line)["tete"])
    except (ValueError, KeyError, TypeError, forme.FormeIllisible):
        return None


def _whole(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"


def _write(descriptor: int, data: bytes) -> None:
    """All of it: a full disk writes a part and says so the next time."""
    while data:
        data = data[os.write(descriptor, data) :]
