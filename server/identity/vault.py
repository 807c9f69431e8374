"""What must be read again and must not lie open in the store: AES-256-GCM under the service's key.

Each sealed value is bound to its purpose, its row and its key (additional data, RFC 5116 §2.1):
moved elsewhere it does not open. What is about a person is sealed under a key of theirs
(server/store/sealed.py), which alone is sealed here: rotating the service's key is cheap.
"""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .vault_keys import DERIVED, VaultKeys

NONCE_BYTES = 12
#: The first byte of what is sealed: by the derived key, by a numbered one, by a person's.
BY_DERIVED, BY_NUMBER, BY_PERSON = b"\x01", b"\x02", b"\x03"
NUMBER_BYTES = 4


class Unreadable(Exception):
    """Not sealed by this key, for this purpose and row; or changed since."""


class Vault:
    """`secret`: the service's own, from which key 1 is derived; empty, that key is not known.
    `keys`: the ring that took over from it; without one, key 1 seals."""

    def __init__(self, secret: str, keys: VaultKeys | None = None) -> None:
        self.keys = keys
        self._derived = derived(secret) if secret else None

    def seal(self, purpose: str, row: str, content: bytes) -> bytes:
        if self.keys is None:
            cipher, head, more = self._older(), BY_DERIVED, ""
        else:
            number, cipher = self.keys.current
            head, more = BY_NUMBER + number.to_bytes(NUMBER_BYTES), str(number)
        return head + encrypt(cipher, content, bound(purpose, row, more))

    def open(self, purpose: str, row: str, sealed: bytes) -> bytes:
        """:raises Unreadable: this is not what was sealed there, or its key was destroyed."""
        if sealed[:1] == BY_DERIVED:
            return decrypt(self._older(), sealed[1:], bound(purpose, row))
        number = number_of(sealed)
        cipher = self.keys.cipher(number) if self.keys is not None else None
        if cipher is None:
            raise Unreadable
        return decrypt(cipher, sealed[1 + NUMBER_BYTES :], bound(purpose, row, str(number)))

    def seal_text(self, purpose: str, row: str, text: str) -> str:
        """As the number of its key, a point, and base64: « k2.… »."""
        sealed = self.seal(purpose, row, text.encode())
        head = "" if sealed[:1] == BY_DERIVED else f"k{number_of(sealed)}."
        return head + base64.b64encode(sealed).decode()

    def open_text(self, purpose: str, row: str, sealed: str) -> str:
        """:raises Unreadable: this is not what was sealed there, or its key was destroyed."""
        return self.open(purpose, row, unpacked(sealed)).decode()

    def _older(self) -> AESGCM:
        if self._derived is None or (self.keys is not None and not self.keys.derived):
            raise Unreadable
        return self._derived


def derived(secret: str) -> AESGCM:
    """Key 1; the secret also keys hashes, which this tells apart."""
    return AESGCM(
        HKDF(SHA256(), 32, salt=None, info=b"telecontrole vault 1").derive(secret.encode())
    )


def number_of(sealed: bytes) -> int:
    """Which key of the service has sealed this.

    :raises Unreadable: none has.
    """
    if sealed[:1] == BY_DERIVED:
        return DERIVED
    if sealed[:1] != BY_NUMBER or len(sealed) <= NUMBER_BYTES + NONCE_BYTES:
        raise Unreadable
    return int.from_bytes(sealed[1 : 1 + NUMBER_BYTES])


def unpacked(text: str) -> bytes:
    """The bytes of a sealed text, whatever stands before its point."""
    try:
        return base64.b64decode(text.rpartition(".")[2], validate=True)
    except ValueError as wrong:
        raise Unreadable from wrong


def encrypt(cipher: AESGCM, content: bytes, bound_to: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, content, bound_to)


def decrypt(cipher: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError) as wrong:
        raise Unreadable from wrong


def bound(purpose: str, row: str, key: str = "") -> bytes:
    """What a sealed value is bound to; `key`: whose key, of all but the derived one."""
    parts = (purpose, row, key) if key else (purpose, row)
    return "\0".join(parts).encode()
