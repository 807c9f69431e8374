"""The service's keys: those that sign (one set for tokens, one for seals), those of the vault."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from certs.signing_keys import KeyRing

from .config import Config
from .evidence.line_keys import LineKeys
from .identity.vault import Vault
from .identity.vault_keys import VaultKeys


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


def lines_of(config: Config, now: datetime) -> LineKeys:
    """What marks the lines that this installation writes."""
    return LineKeys.open(config.data_dir / "keys" / "lines", now)


def vault_of(config: Config, now: datetime) -> Vault:
    """What seals and opens in the store of this installation."""
    return Vault(config.secret, VaultKeys.open(config.data_dir / "keys" / "vault", now))
