"""What must be read again and must not lie open in the store: AES-256-GCM under the service's key.

Each sealed value is bound to its purpose and its row (additional data, RFC 5116 §2.1): moved
elsewhere it does not open.
"""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

#: Which key: one so far. Rotation adds another and re-encrypts.
KEY_ID = b"\x01"
NONCE_BYTES = 12


class Unreadable(Exception):
    """Not sealed by this key, for this purpose and row; or changed since."""


class Vault:
    """`secret`: the service's own; the key is derived from it and used for nothing else."""

    def __init__(self, secret: str) -> None:
        derived = HKDF(SHA256(), 32, salt=None, info=b"telecontrole vault 1")
        self._cipher = AESGCM(derived.derive(secret.encode()))

    def seal(self, purpose: str, row: str, content: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return KEY_ID + nonce + self._cipher.encrypt(nonce, content, _bound(purpose, row))

    def open(self, purpose: str, row: str, sealed: bytes) -> bytes:
        """:raises Unreadable: this is not what was sealed there."""
        nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        if sealed[:1] != KEY_ID:
            raise Unreadable
        try:
            return self._cipher.decrypt(nonce, body, _bound(purpose, row))
        except (InvalidTag, ValueError) as wrong:
            raise Unreadable from wrong

    def seal_text(self, purpose: str, row: str, text: str) -> str:
        return base64.b64encode(self.seal(purpose, row, text.encode())).decode()

    def open_text(self, purpose: str, row: str, sealed: str) -> str:
        try:
            raw = base64.b64decode(sealed, validate=True)
        except ValueError as wrong:
            raise Unreadable from wrong
        return self.open(purpose, row, raw).decode()


def _bound(purpose: str, row: str) -> bytes:
    return f"{purpose}\0{row}".encode()
