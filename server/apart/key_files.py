"""A few secret keys in a directory of their own, « 1.key », « 2.key »…: the highest one is used.

The directory may be on another disk and belong to somebody else than the administrative store.
"""

import os
from pathlib import Path

from certs.files import alone, write_atomically

KEY_BYTES = 32
SUFFIX = ".key"


class KeyMissing(Exception):
    """No key of that number: it was never here, or was destroyed."""


class KeyFiles:
    """The directory is looked at for each use: a rotation is taken up at once, by every process."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._known: dict[int, bytes] = {}

    def current(self) -> tuple[int, bytes]:
        """The number and the key that is used from now on; the first one is made here."""
        numbers = self.numbers()
        if not numbers:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            with alone(self.directory):
                numbers = self.numbers() or [self._make(1)]
        return numbers[-1], self.key(numbers[-1])

    def key(self, number: int) -> bytes:
        """:raises KeyMissing: there is no such key any more."""
        if number not in self._known:
            try:
                self._known[number] = (self.directory / f"{number}{SUFFIX}").read_bytes()
            except FileNotFoundError:
                raise KeyMissing(number) from None
        return self._known[number]

    def numbers(self) -> list[int]:
        if not self.directory.is_dir():
            return []
        names = (path.name for path in self.directory.iterdir() if path.suffix == SUFFIX)
        return sorted(int(stem) for name in names if (stem := name[: -len(SUFFIX)]).isdecimal())

    def rotate(self) -> int:
        """A new key; what the former ones have sealed still opens."""
        before, _ = self.current()
        with alone(self.directory):
            return self._make(max(self.numbers(), default=before) + 1)

    def destroy(self, number: int) -> None:
        """For who has made sure that nothing is left under it."""
        self._known.pop(number, None)
        (self.directory / f"{number}{SUFFIX}").unlink(missing_ok=True)

    def _make(self, number: int) -> int:
        write_atomically(self.directory / f"{number}{SUFFIX}", os.urandom(KEY_BYTES))
        return number
