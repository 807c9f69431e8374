"""Secrets that are handed out, and the keyed hashes that are kept instead."""

import hashlib
import hmac
import secrets

#: 192 bits: beyond guessing, 32 characters of base64url.
SECRET_BYTES = 24


def new_secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


#: No 0 O 1 I L U: read aloud on the phone, copied by hand.
SHORT_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_short_code() -> str:
    """« K7QF-2M9D », by which a message can be verified: 39 bits, and not a secret by itself."""
    drawn = "".join(secrets.choice(SHORT_ALPHABET) for _ in range(8))
    return f"{drawn[:4]}-{drawn[4:]}"


def new_code() -> str:
    """Six digits, each of the million equally likely."""
    return f"{secrets.randbelow(1_000_000):06d}"


class Keeper:
    """Hashes with the service's own key, so that a stolen table alone opens nothing.

    A six-digit code has a million values only: without the key, its hash would be read in
    milliseconds. `purpose` keeps hashes of one kind from serving as another.
    """

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def hashed(self, purpose: str, *parts: str) -> str:
        # A cookie may hold bytes that are no text: they are hashed, and match nothing.
        message = "\0".join((purpose, *parts)).encode(errors="surrogatepass")
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()

    def same(self, kept: str, purpose: str, *parts: str) -> bool:
        """In constant time."""
        return hmac.compare_digest(kept, self.hashed(purpose, *parts))
