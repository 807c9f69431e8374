"""The keys of lines: who can only write the store cannot make a line that carries a good mark.

A mark is « kid.hex », keyed BLAKE2b (RFC 7693) of the line's text as it is stored. That text names
its télécontrôle, its number and the hash of the line before it: the mark holds the place as well
as the words (docs/decisions/0026). On disk, outside of the database, a directory (0700) with one
file (0600), `{"keys": [{kid, key, created}, …]}`, oldest first: the last one marks, all of them
verify, none is ever dropped. A line of before there were marks is marked once, afterwards, with
another mark, « r.kid.hex », that says so for good.
"""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from certs.files import Stamp, alone, stamp, write_atomically

#: The text of a line as it is stored -> its mark.
Mark = Callable[[str], str]

NAME = "lines.json"
KEY_BYTES = 32
#: For nothing else, even with the same key.
_USE = b"telecontrole-lin"
_USE_AFTERWARDS = b"telecontrole-rep"
_AFTERWARDS = "r."


class LineKeysDamaged(Exception):
    """The file of keys cannot be read as one; a person must look before anything is marked."""


class LineKeys:
    """Shared by the processes of one installation through their file."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file = directory / NAME
        self._stamp: Stamp | None = None
        self._keys: dict[str, bytes] = {}
        self._mark: Mark | None = None

    @classmethod
    def open(cls, directory: Path, now: datetime) -> Self:
        """Load them, making a first one when there is none.

        Raises `LineKeysDamaged`, OSError.
        """
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        keys = cls(directory)
        with alone(directory):
            if keys._file.exists():
                keys._refresh()
            if not keys._keys:
                keys._add(now)
        return keys

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Those of a copy, to verify: nothing is made or changed.

        Raises `LineKeysDamaged`, OSError.
        """
        keys = cls(directory)
        keys._refresh()
        if not keys._keys:
            raise LineKeysDamaged(f"no key in {directory}")
        return keys

    def rotate(self, now: datetime) -> str:
        """Mark with a new key from now on; running servers take it up by themselves."""
        with alone(self._directory):
            self._refresh()
            return self._add(now)

    def marker(self) -> Mark:
        """What marks the lines of one transaction; looks at the file once."""
        self._refresh()
        if self._mark is None:
            raise LineKeysDamaged(f"no key in {self._file}")
        return self._mark

    def afterwards(self) -> Mark:
        """What marks the lines that were there before there were marks."""
        self._refresh()
        kid, key = list(self._keys.items())[-1]
        return _marker(kid, key, afterwards=True)

    def verifies(self, mark: str, text: str) -> bool:
        """Whether one of our keys made this mark of this text."""
        afterwards = is_afterwards(mark)
        kid, _, _ = mark.removeprefix(_AFTERWARDS).partition(".")
        key = self._keys.get(kid)
        if key is None or not mark.isascii():
            return False
        return secrets.compare_digest(_marker(kid, key, afterwards=afterwards)(text), mark)

    def _refresh(self) -> None:
        seen = stamp(self._file)
        if seen == self._stamp and seen is not None:
            return
        if seen is None:
            raise LineKeysDamaged(f"{self._file} has vanished")
        keys = {record["kid"]: _decoded(record["key"]) for record in self._records()}
        self._keys, self._stamp = keys, seen
        self._mark = _marker(*list(keys.items())[-1]) if keys else None

    def _records(self) -> list[dict[str, Any]]:
        try:
            records = json.loads(self._file.read_bytes())["keys"]
            if all(_kid(_decoded(record["key"])) == record["kid"] for record in records):
                return list(records)
        except (KeyError, TypeError, ValueError) as wrong:
            raise LineKeysDamaged(f"{self._file} is not a file of keys") from wrong
        raise LineKeysDamaged(f"a key in {self._file} is not the one of its name")

    def _add(self, now: datetime) -> str:
        key = secrets.token_bytes(KEY_BYTES)
        former = self._records() if self._keys else []
        record = {
            "kid": _kid(key),
            "key": urlsafe_b64encode(key).decode(),
            "created": now.isoformat(),
        }
        write_atomically(self._file, json.dumps({"keys": [*former, record]}, indent=1).encode())
        self._refresh()
        return record["kid"]


def is_afterwards(mark: str) -> bool:
    """The mark of a line that is older than the marks."""
    return mark.startswith(_AFTERWARDS)


def _marker(kid: str, key: bytes, *, afterwards: bool = False) -> Mark:
    start = f"{_AFTERWARDS}{kid}." if afterwards else f"{kid}."
    use, blake2b = _USE_AFTERWARDS if afterwards else _USE, hashlib.blake2b

    def mark(text: str) -> str:
        return start + blake2b(text.encode(), digest_size=32, key=key, person=use).hexdigest()

    return mark


def _kid(key: bytes) -> str:
    """Its name: tells nothing of a key of 256 random bits."""
    return hashlib.sha256(b"telecontrole-cle-de-lignes/1\n" + key).hexdigest()[:12]


def _decoded(text: str) -> bytes:
    key = urlsafe_b64decode(text)
    if len(key) != KEY_BYTES:
        raise ValueError("a key of another length")
    return key
