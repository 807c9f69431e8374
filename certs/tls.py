"""Local authority and server certificate, so that a phone on the LAN gets https."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from certs.authority import Issued, check_names, covers, make_authority, make_certificate, permits
from certs.files import write_atomically

#: A certificate that ends sooner than this is made anew.
MARGIN = timedelta(days=7)

#: ANSSI, « Recommandations de sécurité relatives à TLS » v1.2: for TLS 1.2, ECDHE with AEAD only.
CIPHERS_TLS_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20"


@dataclass(frozen=True)
class LocalTls:
    """Where the PEM files are: what a phone must trust, and what the server shows and keeps."""

    ca: Path
    certificate: Path
    key: Path


def ensure_local_tls(directory: Path, names: Sequence[str], now: datetime) -> LocalTls:
    """Make, or find again, a local authority and a server certificate for `names`.

    `names` are DNS names and IP addresses as text; `now` is aware. What is there is kept as long
    as it is valid for 7 more days and covers every name; the authority, which people installed
    by hand on their phones, is replaced only when it cannot serve. Raises `NameRefused`,
    ValueError (naive `now`), OSError.
    """
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    wanted = check_names(names)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = LocalTls(directory / "ca.pem", directory / "server.pem", directory / "server.key")

    authority = _load(files.ca, directory / "ca.key")
    if authority is None or not _lasts(authority, now) or not permits(authority, wanted):
        authority = make_authority(wanted, now)
        _store(authority, files.ca, directory / "ca.key")

    server = _load(files.certificate, files.key)
    if server is None or not _serves(server, authority, wanted, now):
        _store(make_certificate(authority, wanted, now), files.certificate, files.key, authority)
    return files


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Build the TLS side of our listener: TLS 1.2 (ECDHE, AEAD) and 1.3, HTTP/1.1.

    HTTP/1.1 only, as aiohttp speaks nothing else. Raises ssl.SSLError, OSError.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS_TLS_1_2)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(certificate, key)
    return context


def _lasts(issued: Issued, now: datetime) -> bool:
    certificate = issued.certificate
    return (
        certificate.not_valid_before_utc <= now.astimezone(UTC)
        and certificate.not_valid_after_utc >= now.astimezone(UTC) + MARGIN
    )


def _serves(
    server: Issued, authority: Issued, wanted: list[x509.GeneralName], now: datetime
) -> bool:
    try:
        server.certificate.verify_directly_issued_by(authority.certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return _lasts(server, now) and covers(server, wanted)


def _load(certificate: Path, key: Path) -> Issued | None:
    """Read a pair of ours; None when it is absent, damaged or does not belong together."""
    try:
        leaf = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = load_pem_private_key(key.read_bytes(), password=None)
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        return None
    if private.public_key() != leaf.public_key():
        return None
    return Issued(leaf, private)


def _store(issued: Issued, certificate: Path, key: Path, issuer: Issued | None = None) -> None:
    """Write the key (0600), then the certificate followed by its issuer's, if any."""
    chain = issued.pem() + (issuer.pem() if issuer else b"")
    write_atomically(key, issued.key_pem())
    write_atomically(certificate, chain, mode=0o644)
