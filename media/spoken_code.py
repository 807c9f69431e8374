"""The spoken code as another client speaks it: the exchange of web-client/spoken-code.js.

For the robots, and for who stands in the middle in the tests. docs/protocol.md tells it.
"""

import hashlib
import re
import secrets
from typing import Literal

from aiortc import RTCPeerConnection
from cryptography.hazmat.primitives.serialization import Encoding

PROTOCOL = b"telecontrole-code/1"
PREFIX = "code "
CODES = 100_000
NONCE_BYTES = 32

Role = Literal["assure", "medecin_conseil"]

_WORD = re.compile(r"code (?:(commit|nonce|reveal) ([0-9a-f]{64})|fail)", re.ASCII)


class CodeFailed(Exception):
    """There is no code: the other side gave up, or did not keep to the exchange."""


def hashed(*parts: bytes) -> bytes:
    """SHA-256 of the parts, each after its length (32 bits)."""
    return hashlib.sha256(b"".join(len(p).to_bytes(4, "big") + p for p in parts)).digest()


def commitment(nonce: bytes) -> bytes:
    return hashed(PROTOCOL + b" commit", b"medecin_conseil", nonce)


def code_of(doctor: bytes, doctor_nonce: bytes, assure: bytes, assure_nonce: bytes) -> str:
    """Five digits from both fingerprints (SHA-256 of the certificates) and both nonces."""
    digest = hashed(
        PROTOCOL, b"medecin_conseil", doctor, doctor_nonce, b"assure", assure, assure_nonce
    )
    return str(int.from_bytes(digest[:8], "big") % CODES).zfill(5)


class Exchange:
    """One exchange; `local` and `remote`: SHA-256 of the certificates in use."""

    def __init__(self, role: Role, local: bytes, remote: bytes, nonce: bytes | None = None) -> None:
        self.role = role
        self.local = local
        self.remote = remote
        self.nonce = nonce or secrets.token_bytes(NONCE_BYTES)
        self.code = ""
        self._commitment = b""
        self._awaits = "nonce" if role == "medecin_conseil" else "commit"

    def begin(self) -> str | None:
        """What is to be said first; None: the other side begins."""
        if self.role == "assure":
            return None
        return f"{PREFIX}commit {commitment(self.nonce).hex()}"

    def take(self, word: str) -> str | None:
        """A message of the other side; what is to be said now. Raises `CodeFailed`."""
        found = _WORD.fullmatch(word)
        if not found or found[1] != self._awaits:
            raise CodeFailed
        value = bytes.fromhex(found[2])
        if found[1] == "commit":
            self._commitment, self._awaits = value, "reveal"
            return f"{PREFIX}nonce {self.nonce.hex()}"
        self._awaits = ""
        if found[1] == "nonce":
            self.code = code_of(self.local, self.nonce, self.remote, value)
            return f"{PREFIX}reveal {self.nonce.hex()}"
        if commitment(value) != self._commitment:
            raise CodeFailed
        self.code = code_of(self.remote, value, self.local, self.nonce)
        return None


def fingerprints(pc: RTCPeerConnection) -> tuple[bytes, bytes]:
    """Ours and the other's, of a connection whose DTLS is up. Raises `CodeFailed`."""
    if pc.sctp is None:
        raise CodeFailed
    transport = pc.sctp.transport
    [own] = [
        one.value for one in transport.getLocalParameters().fingerprints
        if one.algorithm.lower() == "sha-256"
    ]  # fmt: skip
    # aiortc has no RTCDtlsTransport.getRemoteCertificates.
    session = transport._ssl
    theirs = session.get_peer_certificate(as_cryptography=True) if session else None
    if theirs is None:
        raise CodeFailed
    der = theirs.public_bytes(Encoding.DER)
    return bytes.fromhex(own.replace(":", "")), hashlib.sha256(der).digest()
