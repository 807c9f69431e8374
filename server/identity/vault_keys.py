"""The vault's keys on the disk: numbered, made at the first start, replaced by a rotation.

A directory (0700): `<number>.key`, 32 random bytes (0600), and `index.json`, the truth about which
keys there are. A key is in its file before the index speaks of it, and out of the index before its
file is destroyed: whoever reads, reads a whole state.
"""

import json
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from certs.files import Stamp, alone, stamp, write_atomically
from certs.key_index import KeyRingDamaged

KEY_BYTES = 32
#: What was sealed before there was a ring: its key is derived from `secret`, and in no file.
DERIVED = 1
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Record:
    """One key: since when, and since when it is no more."""

    number: int
    created: datetime
    retired: datetime | None = None


class VaultKeys:
    """The keys of one installation, shared by its processes through a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._index_path = directory / "index.json"
        self._stamp: Stamp | None = None
        self._records: tuple[Record, ...] = ()
        self._ciphers: dict[int, AESGCM] = {}

    @classmethod
    def open(cls, directory: Path, now: datetime) -> Self:
        """Load the keys, making the directory and a first key where there is none.

        :raises KeyRingDamaged: the index and the files contradict each other.
        """
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        keys = cls(directory)
        with alone(directory):
            keys.refresh()
            if not keys._records:
                keys._records = (Record(DERIVED, now.astimezone(UTC)),)
                keys._add(now)
        return keys

    @property
    def current(self) -> tuple[int, AESGCM]:
        """The key that seals now; one look at the disk, so that a rotation is taken up at once."""
        self.refresh()
        number = self._records[-1].number
        return number, self._ciphers[number]

    def cipher(self, number: int) -> AESGCM | None:
        """None of a key that was never here, or was destroyed."""
        if number not in self._ciphers:
            self.refresh()
        return self._ciphers.get(number)

    @property
    def derived(self) -> bool:
        """What the derived key has sealed is still opened."""
        return any(one.number == DERIVED and not one.retired for one in self._records)

    def former(self) -> list[int]:
        """The keys that seal no more and are not destroyed yet."""
        self.refresh()
        return [one.number for one in self._records[:-1] if not one.retired]

    def rotate(self, now: datetime) -> int:
        """Seal with a new key from now on; the former ones go on opening."""
        with alone(self._directory):
            self.refresh()
            return self._add(now)

    def retire(self, now: datetime) -> list[int]:
        """Destroy every key but the current one, and return their numbers. For who has made sure
        that nothing is left under them (server/store/resealing.py): it opens never again."""
        with alone(self._directory):
            gone = self.former()
            if gone:
                at = now.astimezone(UTC)
                kept = (replace(r, retired=at) if r.number in gone else r for r in self._records)
                self._write(tuple(kept))
            # Those too that a rotation killed at its beginning has left, which sealed nothing.
            for number in self._files() - {self._records[-1].number}:
                self._path(number).unlink(missing_ok=True)
            return gone

    def refresh(self) -> bool:
        """Take up what another process has changed; one stat where nothing has.

        :raises KeyRingDamaged: the index has vanished, or a key that it speaks of.
        """
        # A retirement may destroy a key between our two reads: then read again.
        for _ in range(_ATTEMPTS):
            seen = stamp(self._index_path)
            if seen == self._stamp:
                return False
            if seen is None:
                raise KeyRingDamaged(f"{self._index_path} has vanished")
            records = _read(self._index_path)
            try:
                ciphers = {
                    one.number: self._cipher(one.number)
                    for one in records
                    if one.number != DERIVED and not one.retired
                }
            except FileNotFoundError:
                continue
            self._records, self._ciphers, self._stamp = records, ciphers, seen
            return True
        raise KeyRingDamaged(f"a key is missing in {self._directory}")

    def _add(self, now: datetime) -> int:
        # No file is written over: an index may have been lost, and be given back.
        number = max({one.number for one in self._records} | self._files()) + 1
        write_atomically(self._path(number), os.urandom(KEY_BYTES))
        self._write((*self._records, Record(number, now.astimezone(UTC))))
        return number

    def _write(self, records: tuple[Record, ...]) -> None:
        text = json.dumps({"keys": [_plain(one) for one in records]}, indent=1)
        write_atomically(self._index_path, text.encode())
        self.refresh()

    def _files(self) -> set[int]:
        stems = (path.stem for path in self._directory.glob("*.key"))
        return {int(stem) for stem in stems if stem.isdigit()}

    def _path(self, number: int) -> Path:
        return self._directory / f"{number}.key"

    def _cipher(self, number: int) -> AESGCM:
        known = self._ciphers.get(number)
        if known is not None:
            return known
        key = self._path(number).read_bytes()
        if len(key) != KEY_BYTES:
            raise KeyRingDamaged(f"{number}.key is not a key")
        return AESGCM(key)


def _read(path: Path) -> tuple[Record, ...]:
    try:
        found = tuple(_record(entry) for entry in json.loads(path.read_bytes())["keys"])
    except (KeyError, TypeError, ValueError) as wrong:
        raise KeyRingDamaged(f"{path} is not an index of keys") from wrong
    if not found or found[-1].retired or found[-1].number == DERIVED:
        raise KeyRingDamaged(f"{path} has no current key")
    return found


def _record(entry: dict[str, Any]) -> Record:
    retired = entry["retired"]
    return Record(
        number=int(entry["number"]),
        created=datetime.fromisoformat(entry["created"]),
        retired=datetime.fromisoformat(retired) if retired else None,
    )


def _plain(record: Record) -> dict[str, object]:
    return {
        "number": record.number,
        "created": record.created.isoformat(),
        "retired": record.retired.isoformat() if record.retired else None,
    }
