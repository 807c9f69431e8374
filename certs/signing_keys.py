"""Ed25519 keys of one use (tokens, seals): make, load, rotate, retire, publish as JWKS.

On disk, a directory (0700): `<kid>.pem`, the private half of a key (PKCS#8, 0600), and
`index.json`, the truth about which keys there are and since when. The index is replaced in one
rename, after the private half it speaks of is durable, so each process always reads a whole state.
"""

from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from certs.files import Stamp, alone, stamp, write_atomically
from certs.jwk import base64url, public_keys_from_jwks, thumbprint, to_jwk
from certs.key_index import Index, KeyRecord, KeyRingDamaged

__all__ = ["KeyRing", "KeyRingDamaged", "KeyUnknown", "SigningKey", "public_keys_from_jwks"]

_ATTEMPTS = 5


class KeyUnknown(Exception):
    """No key of this name has a private half here."""


class SigningKey(NamedTuple):
    """The key that signs now, and its name."""

    kid: str
    private: Ed25519PrivateKey


class KeyRing:
    """The keys of one use, shared by the processes of one installation through a directory.

    A ring opened with `permanent=True` (seals) never forgets a public key: what it once sealed
    can be verified for ever, even after `retire` destroyed the private half.
    """

    def __init__(self, directory: Path, *, permanent: bool = False) -> None:
        self._directory = directory
        self._index_path = directory / "index.json"
        self._permanent = permanent
        self._stamp: Stamp | None = None
        self._index = Index()
        self._public: dict[str, Ed25519PublicKey] = {}
        self._current: SigningKey | None = None

    @classmethod
    def open(cls, directory: Path, now: datetime, *, permanent: bool = False) -> Self:
        """Load the ring, making the directory and a first key when there is none.

        Raises `KeyRingDamaged`, OSError, ValueError (naive `now`).
        """
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        ring = cls(directory, permanent=permanent)
        with alone(directory):
            ring.refresh()
            if ring._current is None:
                ring._add_key(now)
        return ring

    @property
    def current(self) -> SigningKey:
        """The key that signs now, as of the last `refresh`."""
        if self._current is None:
            raise KeyRingDamaged(f"no current key in {self._directory}")
        return self._current

    def public(self, kid: str) -> Ed25519PublicKey | None:
        """The public half of a known key; looks at the disk again before saying None."""
        if kid not in self._public:
            self.refresh()
        return self._public.get(kid)

    def rotate(self, now: datetime) -> str:
        """Sign with a new key from now on and return its kid; the former ones still verify."""
        with alone(self._directory):
            self.refresh()
            return self._add_key(now)

    def retire(self, older_than: datetime) -> list[str]:
        """Drop the keys that were replaced before `older_than`, and return their kids.

        Give the time before which no signature can still matter: now minus the longest life of a
        token. Private halves are destroyed; a permanent ring keeps the public ones.
        """
        with alone(self._directory):
            self.refresh()
            retired = self._index.replaced_before(_aware(older_than))
            if retired:
                self._write(self._index.without(retired, keep_public=self._permanent))
            for kid in retired:
                self._path(kid).unlink(missing_ok=True)
            return retired

    def withdraw(self, kid: str, now: datetime) -> str | None:
        """Destroy one key at once: it was stolen. The kid of the new key, where it was the one that
        signs; what it has signed verifies no more, unless the ring is permanent.

        Raises `KeyUnknown`: there is no such key, or it was retired.
        """
        with alone(self._directory):
            self.refresh()
            if kid not in self._index.signing:
                raise KeyUnknown(kid)
            current = self.current.kid == kid
            successor = self._add_key(now) if current else None
            self._write(self._index.without([kid], keep_public=self._permanent))
            self._path(kid).unlink(missing_ok=True)
            return successor

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Every key that verifies, newest first (RFC 7517): {"keys": [JWK, …]}."""
        return {"keys": [to_jwk(self._public[record.kid]) for record in reversed(self._index.keys)]}

    def sign(self, message: bytes) -> tuple[str, str]:
        """Sign with the current key: (kid, signature of 64 bytes in base64url, not padded)."""
        kid, private = self.current
        return kid, base64url(private.sign(message))

    def verify(self, kid: str, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (64 raw bytes) is that key's on `message`; never raises."""
        try:
            public = self.public(kid)
            if public is None:
                return False
            public.verify(signature, message)
        except (InvalidSignature, KeyRingDamaged, TypeError, ValueError, OSError):
            return False
        return True

    def refresh(self) -> bool:
        """Take up what another process rotated or retired; one stat when nothing changed.

        Returns whether something changed. Raises `KeyRingDamaged`, OSError.
        """
        # A retirement may destroy the private key between our two reads: then read again.
        for _ in range(_ATTEMPTS):
            seen = stamp(self._index_path)
            if seen == self._stamp:
                return False
            if seen is None:
                raise KeyRingDamaged(f"{self._index_path} has vanished")
            try:
                self._take(Index.read(self._index_path))
            except FileNotFoundError:
                continue
            self._stamp = seen
            return True
        raise KeyRingDamaged(f"a private key is missing in {self._directory}")

    def _path(self, kid: str) -> Path:
        return self._directory / f"{kid}.pem"

    def _add_key(self, now: datetime) -> str:
        private = Ed25519PrivateKey.generate()
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        kid = thumbprint(private.public_key())
        write_atomically(self._path(kid), pem)
        x = base64url(private.public_key().public_bytes_raw())
        self._write(self._index.with_key(KeyRecord(kid, x, _aware(now))))
        return kid

    def _write(self, index: Index) -> None:
        write_atomically(self._index_path, index.encode())
        self._take(index)
        self._stamp = stamp(self._index_path)

    def _take(self, index: Index) -> None:
        """Make `index` ours; all the reading comes first, so a failure changes nothing."""
        public = {record.kid: _read_public(record) for record in index.keys}
        current = index.current
        private = None if current is None else self._read_private(current.kid)
        self._index, self._public = index, public
        self._current = (
            None if private is None else SigningKey(thumbprint(private.public_key()), private)
        )

    def _read_private(self, kid: str) -> Ed25519PrivateKey:
        try:
            private = load_pem_private_key(self._path(kid).read_bytes(), password=None)
        except ValueError as error:
            raise KeyRingDamaged(f"{kid}.pem is not a private key") from error
        if not isinstance(private, Ed25519PrivateKey) or thumbprint(private.public_key()) != kid:
            raise KeyRingDamaged(f"{kid}.pem is not the key of that name")
        return private


def _read_public(record: KeyRecord) -> Ed25519PublicKey:
    try:
        public = Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(record.x + "="))
    except ValueError as error:
        raise KeyRingDamaged(f"the public key {record.kid} is damaged") from error
    if thumbprint(public) != record.kid:
        raise KeyRingDamaged(f"the public key {record.kid} is not the key of that name")
    return public


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("times are aware")
    return moment.astimezone(UTC)
