"""The service's two sets of signing keys: one for tokens, one for seals."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from certs.signing_keys import KeyRing


@dataclass(frozen=True, slots=True)
class Rings:
    """`seals` keeps every public key for good: a seal is checked years later."""

    tokens: KeyRing
    seals: KeyRing

    @classmethod
    def open(cls, data_dir: Path, now: datetime) -> "Rings":
        return cls(
            tokens=KeyRing.open(data_dir / "keys" / "tokens", now),
            seals=KeyRing.open(data_dir / "keys" / "seals", now, permanent=True),
        )
