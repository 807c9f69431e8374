"""The list of a ring's keys: which, since when, replaced when; kept as one small JSON file."""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self


class KeyRingDamaged(Exception):
    """The ring on the disk contradicts itself; a person must look before anything is signed."""


@dataclass(frozen=True)
class KeyRecord:
    """One key: its name, its public half (base64url of 32 bytes) and its dates (UTC)."""

    kid: str
    x: str
    created: datetime
    #: When the next key took over; None for the key that signs now.
    replaced: datetime | None = None
    #: The private half was destroyed: the key verifies, and will never sign again.
    retired: bool = False


@dataclass(frozen=True)
class Index:
    """Every key of a ring, oldest first."""

    keys: tuple[KeyRecord, ...] = ()

    @property
    def current(self) -> KeyRecord | None:
        """The key that signs now; None in a ring that was never used."""
        return self.keys[-1] if self.keys else None

    @property
    def signing(self) -> list[str]:
        """The kids of the keys whose private half is there, oldest first."""
        return [record.kid for record in self.keys if not record.retired]

    def with_key(self, record: KeyRecord) -> Self:
        """Let `record` sign from its creation on."""
        former = self.keys
        if former:
            former = (*former[:-1], replace(former[-1], replaced=record.created))
        return replace(self, keys=(*former, record))

    def replaced_before(self, moment: datetime) -> list[str]:
        """The kids, not yet retired, of the keys that stopped signing before `moment`."""
        return [
            record.kid
            for record in self.keys
            if record.replaced is not None and record.replaced < moment and not record.retired
        ]

    def without(self, kids: Collection[str], *, keep_public: bool) -> Self:
        """Retire these keys: marked when the public halves are kept, else forgotten."""
        if keep_public:
            keys = tuple(replace(r, retired=True) if r.kid in kids else r for r in self.keys)
        else:
            keys = tuple(r for r in self.keys if r.kid not in kids)
        return replace(self, keys=keys)

    def encode(self) -> bytes:
        """Write as JSON; `read` gives the same index back."""
        return json.dumps({"keys": [_plain(record) for record in self.keys]}, indent=1).encode()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the file; an absent one is an empty index. Raises `KeyRingDamaged`, OSError."""
        try:
            data = json.loads(path.read_bytes())
        except FileNotFoundError:
            return cls()
        except ValueError as error:
            raise KeyRingDamaged(f"{path} is not JSON") from error
        try:
            return cls(tuple(_record(entry) for entry in data["keys"]))
        except (KeyError, TypeError, ValueError) as error:
            raise KeyRingDamaged(f"{path} is not an index of keys") from error


def _plain(record: KeyRecord) -> dict[str, Any]:
    return {
        "kid": record.kid,
        "x": record.x,
        "created": record.created.isoformat(),
        "replaced": record.replaced.isoformat() if record.replaced else None,
        "retired": record.retired,
    }


def _record(entry: dict[str, Any]) -> KeyRecord:
    return KeyRecord(
        kid=str(entry["kid"]),
        x=str(entry["x"]),
        created=datetime.fromisoformat(entry["created"]),
        replaced=datetime.fromisoformat(entry["replaced"]) if entry["replaced"] else None,
        retired=bool(entry["retired"]),
    )
