"""Ed25519 public keys as JSON Web Keys (RFC 7517, RFC 8037) and their names (RFC 7638)."""

import hashlib
import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class JwksRefused(ValueError):
    """A published key set that is damaged, or whose key is not the one it is named for."""


def base64url(data: bytes) -> str:
    """Encode without padding (RFC 7515, section 2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def thumbprint(public: Ed25519PublicKey) -> str:
    """Name a key by what it is: its JWK thumbprint with SHA-256 (RFC 7638)."""
    # The required members alone, in the order of the alphabet, without a space.
    members = {"crv": "Ed25519", "kty": "OKP", "x": base64url(public.public_bytes_raw())}
    return base64url(hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest())


def to_jwk(public: Ed25519PublicKey) -> dict[str, str]:
    """Shape: {kty, crv, x, use: "sig", alg: "EdDSA", kid}."""
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": base64url(public.public_bytes_raw()),
        "use": "sig",
        "alg": "EdDSA",
        "kid": thumbprint(public),
    }


def public_keys_from_jwks(jwks: Mapping[str, Any]) -> dict[str, Ed25519PublicKey]:
    """Read a published set, for a verification without us: kid -> key.

    Keys of other kinds or for other uses are passed over. Raises `JwksRefused` when the set is
    not one, or when a key's kid is not its thumbprint (somebody swapped a key under a name).
    """
    entries = jwks.get("keys") if isinstance(jwks, Mapping) else None
    if not isinstance(entries, list):
        raise JwksRefused("a key set has a list named « keys »")
    ours = (entry for entry in entries if _is_ours(entry))
    return dict(_read(entry) for entry in ours)


def _is_ours(entry: object) -> bool:
    return (
        isinstance(entry, Mapping)
        and entry.get("kty") == "OKP"
        and entry.get("crv") == "Ed25519"
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", "EdDSA") == "EdDSA"
    )


def _read(entry: Mapping[str, Any]) -> tuple[str, Ed25519PublicKey]:
    kid, text = entry.get("kid"), entry.get("x")
    if not isinstance(kid, str) or not isinstance(text, str):
        raise JwksRefused("a key has a « kid » and an « x »")
    try:
        raw = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        public = Ed25519PublicKey.from_public_bytes(raw)
    except ValueError as error:
        raise JwksRefused(f"key {kid!r} is damaged") from error
    if thumbprint(public) != kid:
        raise JwksRefused(f"key {kid!r} is not the key of that name")
    return kid, public
