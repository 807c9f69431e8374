"""Is an attestation genuine? With the published keys alone: no store, no server."""

import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from controle.attestation_forme import (
    AttestationSignee,
    contenu,
    lire_document,
    lire_jeton,
    octets_a_signer,
)
from controle.forme import FormeIllisible

from .page import page

#: kid -> the public key, None for one that is not ours.
Keys = Callable[[str], Ed25519PublicKey | None]

#: Larger than any that is given out.
MAX_BYTES = 2_000_000
#: Of the compressed parts of a PDF, all together.
MAX_INFLATED = 8_000_000

ILLEGIBLE = "Ce n'est pas une attestation, ou elle est incomplète."
UNKNOWN_KEY = "Elle n'est pas signée par une clé que ce service publie."
ALTERED = "Son contenu ne correspond pas à sa signature : il a été modifié."
OTHER_PAGE = (
    "Le code qu'elle porte est authentique, mais la page n'est pas celle que le service délivre : "
    "seules les lignes signées font foi."
)


@dataclass(frozen=True)
class Verdict:
    """`reason` is empty when it is genuine; `signed` is there once the signature holds."""

    reason: str
    signed: AttestationSignee | None = None


def judge(signed: AttestationSignee, keys: Keys) -> Verdict:
    """Whether a published key signed exactly this."""
    key = keys(signed.attestation.cle)
    if key is None:
        return Verdict(UNKNOWN_KEY)
    try:
        key.verify(signed.signature, octets_a_signer(contenu(signed.attestation)))
    except InvalidSignature:
        return Verdict(ALTERED)
    return Verdict("", signed)


def judge_token(token: str, keys: Keys) -> Verdict:
    """What a QR code carries behind « # »."""
    try:
        return judge(lire_jeton(token), keys)
    except FormeIllisible:
        return Verdict(ILLEGIBLE)


def judge_file(content: bytes, keys: Keys) -> Verdict:
    """A JSON, HTML or PDF as it was given out.

    Of a PDF what is signed is its code: the lines must be compared with those of the verdict.
    """
    if len(content) > MAX_BYTES:
        return Verdict(ILLEGIBLE)
    if content.startswith(b"%PDF-"):
        return _in_pdf(content, keys)
    try:
        text = content.decode()
        if text.lstrip().startswith("{"):
            return judge(lire_document(_strict(text)), keys)
    except (ValueError, RecursionError, FormeIllisible):
        return Verdict(ILLEGIBLE)
    return _in_html(text, keys)


def _strict(text: str) -> object:
    """One value for each name: a reader that takes the first would read another document."""

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise FormeIllisible
        return found

    return json.loads(text, object_pairs_hook=once)


# --- documents ----------------------------------------------------------------------------------

_ADDRESS = re.compile(r'href="(https?://[^"#<>\s]{1,200})/attestation#([A-Z2-7]{1,4096})"')
_TOKEN = re.compile(rb"/attestation#([A-Z2-7]{1,4096})")
_STREAM = re.compile(rb"stream\r?\n")


def _in_html(text: str, keys: Keys) -> Verdict:
    found = _ADDRESS.search(text)
    if found is None:
        return Verdict(ILLEGIBLE)
    origin, token = found.groups()
    verdict = judge_token(token, keys)
    if verdict.signed is None:
        return verdict
    same = bool(urlsplit(origin).hostname) and page(verdict.signed, origin) == text
    return verdict if same else Verdict(OTHER_PAGE, verdict.signed)


def _in_pdf(content: bytes, keys: Keys) -> Verdict:
    tokens = {
        found.group(1).decode() for part in _parts(content) for found in _TOKEN.finditer(part)
    }
    # Two codes in one document are one too many.
    return judge_token(tokens.pop(), keys) if len(tokens) == 1 else Verdict(ILLEGIBLE)


def _parts(content: bytes) -> Iterator[bytes]:
    """The file itself, then its compressed parts, as much as one of ours could hold."""
    yield content
    left = MAX_INFLATED
    for found in _STREAM.finditer(content):
        inflated = b""
        try:
            inflated = zlib.decompressobj().decompress(content[found.end() :], max(1, left))
        except zlib.error:
            continue
        left -= len(inflated)
        if left <= 0:
            return
        yield inflated
