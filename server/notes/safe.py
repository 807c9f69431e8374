"""How a note is sealed: AES-256-GCM, one data key for each télécontrôle, wrapped by a key of the
service médical. Destroying the wrapped data key makes every version of its notes unreadable."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from server.apart.database import Away
from server.apart.key_files import KEY_BYTES, KeyFiles, KeyMissing

NONCE_BYTES = 12


class Unreadable(Away):
    """Its key is gone, or it is not what was sealed in this place."""

    code = "notes_illisibles"
    message = "Cette note ne peut pas être ouverte. Prévenez votre service informatique."


class Safe:
    """`keys`: those of the service médical; the administrative vault's are others."""

    def __init__(self, keys: KeyFiles) -> None:
        self._keys = keys

    def new_data_key(self, telecontrole: str) -> tuple[int, bytes, bytes]:
        """A data key: the number of the key that wraps it, the wrapped one, the key itself."""
        data_key = os.urandom(KEY_BYTES)
        number, wrapped = self.wrap(telecontrole, data_key)
        return number, wrapped, data_key

    def wrap(self, telecontrole: str, data_key: bytes) -> tuple[int, bytes]:
        number, key = self._keys.current()
        return number, _seal(key, _bound("cle", telecontrole, str(number)), data_key)

    def unwrap(self, telecontrole: str, number: int, wrapped: bytes) -> bytes:
        """:raises Unreadable: the wrapping key is gone, or this is another télécontrôle's."""
        try:
            key = self._keys.key(number)
        except KeyMissing as wrong:
            raise Unreadable from wrong
        return _open(key, _bound("cle", telecontrole, str(number)), wrapped)


def seal_text(data_key: bytes, place: tuple[str, ...], text: str) -> bytes:
    """`place`: télécontrôle, version and whatever else must not be exchanged with another's."""
    return _seal(data_key, _bound("note", *place), text.encode())


def open_text(data_key: bytes, place: tuple[str, ...], sealed: bytes) -> str:
    """:raises Unreadable: it was not sealed at that place."""
    return _open(data_key, _bound("note", *place), sealed).decode()


def _seal(key: bytes, bound: bytes, content: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, bound)


def _open(key: bytes, bound: bytes, sealed: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound)
    except (InvalidTag, ValueError) as wrong:
        raise Unreadable from wrong


def _bound(*parts: str) -> bytes:
    """What the sealed bytes belong to (additional data, RFC 5116 §2.1)."""
    return "\0".join(("telecontrole medical 1", *parts)).encode()
