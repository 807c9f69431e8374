"""The local authority and the TLS side of our listener, by real handshakes in memory."""

import ipaddress
import ssl
import stat
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from certs.authority import Issued, NameRefused, check_names, make_certificate, permits
from certs.tls import LocalTls, ensure_local_tls, server_context

NOW = datetime.now(UTC)
NAMES = ("localhost", "192.168.1.20", "fd00::2", "visio.example.org")


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> LocalTls:
    return ensure_local_tls(tmp_path_factory.mktemp("tls"), NAMES, NOW)


def client_context(tls: LocalTls) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(tls.ca))
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


def old_client(tls: LocalTls, version: ssl.TLSVersion, ciphers: str) -> ssl.SSLContext:
    """A client that knows one version only, with OpenSSL's own scruples switched off."""
    context = client_context(tls)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    context.set_ciphers(ciphers + ":@SECLEVEL=0")
    return context


def handshake(tls: LocalTls, client: ssl.SSLContext, name: str = "localhost") -> ssl.SSLObject:
    """Let a client meet our listener over two memory BIOs; raises ssl.SSLError when it fails."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server_context(tls.certificate, tls.key)
    sides = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        ours.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(10):
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    sides[0].do_handshake()
    return sides[0]


@pytest.mark.row("SP-03")
def test_tls_1_3_is_spoken_with_http_1_1(tls: LocalTls) -> None:
    session = handshake(tls, client_context(tls))

    assert session.version() == "TLSv1.3"
    assert session.selected_alpn_protocol() == "http/1.1"


@pytest.mark.row("SP-03")
@pytest.mark.parametrize(
    "cipher",
    [
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
    ],
)
def test_tls_1_2_is_accepted_with_ephemeral_keys_and_aead(tls: LocalTls, cipher: str) -> None:
    session = handshake(tls, old_client(tls, ssl.TLSVersion.TLSv1_2, cipher))

    found = session.cipher()
    assert session.version() == "TLSv1.2"
    assert found is not None
    assert found[0] == cipher


@pytest.mark.row("SP-03")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_older_versions_are_refused(tls: LocalTls, version: ssl.TLSVersion) -> None:
    client = old_client(tls, version, "ALL")

    with pytest.raises(ssl.SSLError, match="UNSUPPORTED_PROTOCOL"):
        handshake(tls, client)


@pytest.mark.row("SP-03")
@pytest.mark.parametrize(
    "cipher",
    ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES128-CCM8"],
)
def test_cbc_and_weak_suites_are_refused(tls: LocalTls, cipher: str) -> None:
    client = old_client(tls, ssl.TLSVersion.TLSv1_2, cipher)

    with pytest.raises(ssl.SSLError, match=r"(?i)no.shared.cipher|handshake.failure"):
        handshake(tls, client)


@pytest.mark.row("SP-03")
def test_every_offered_suite_is_ephemeral_and_authenticated(tls: LocalTls) -> None:
    suites = server_context(tls.certificate, tls.key).get_ciphers()

    assert suites
    assert all(suite["aead"] for suite in suites)
    assert all(suite["kea"] in ("kx-ecdhe", "kx-any") for suite in suites)


@pytest.mark.parametrize("name", NAMES)
def test_a_phone_that_trusts_the_authority_accepts_each_name(tls: LocalTls, name: str) -> None:
    assert handshake(tls, client_context(tls), name).version() == "TLSv1.3"


def test_a_name_that_was_not_asked_for_is_not_covered(tls: LocalTls) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"(?i)mismatch"):
        handshake(tls, client_context(tls), "ameli.fr")


def test_the_authority_can_vouch_for_no_site_of_the_outer_world(tls: LocalTls) -> None:
    directory = tls.ca.parent
    key = load_pem_private_key((directory / "ca.key").read_bytes(), None)
    authority = Issued(x509.load_pem_x509_certificate(tls.ca.read_bytes()), key)  # type: ignore[arg-type]
    names = check_names(["ameli.fr"])
    forged = make_certificate(authority, names, NOW)
    (directory / "forged.pem").write_bytes(forged.pem())
    (directory / "forged.key").write_bytes(forged.key_pem())
    stolen = LocalTls(tls.ca, directory / "forged.pem", directory / "forged.key")

    assert not permits(authority, names)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        handshake(stolen, client_context(tls), "ameli.fr")


def test_the_certificate_lives_at_most_397_days_and_the_authority_ten_years(tls: LocalTls) -> None:
    server = x509.load_pem_x509_certificate(tls.certificate.read_bytes())
    authority = x509.load_pem_x509_certificate(tls.ca.read_bytes())

    assert server.not_valid_after_utc - server.not_valid_before_utc <= timedelta(days=397)
    assert authority.not_valid_after_utc - authority.not_valid_before_utc == timedelta(days=3650)
    constraint = authority.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraint.critical, constraint.value.ca, constraint.value.path_length) == (
        True,
        True,
        0,
    )
    usage = server.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert not usage.key_cert_sign
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert ipaddress.ip_address("fd00::2") in names.get_values_for_type(x509.IPAddress)


@pytest.mark.row("SP-13")
def test_private_keys_are_readable_by_their_owner_only(tls: LocalTls) -> None:
    keys = [tls.key, tls.ca.parent / "ca.key"]

    assert [stat.S_IMODE(key.stat().st_mode) for key in keys] == [0o600, 0o600]
    assert not [path for path in tls.ca.parent.iterdir() if path.name.startswith(".")]


def contents(tls: LocalTls) -> tuple[bytes, bytes]:
    return tls.ca.read_bytes(), tls.certificate.read_bytes()


def test_what_is_still_good_is_kept(tmp_path: Path) -> None:
    first = contents(ensure_local_tls(tmp_path, NAMES, NOW))

    again = contents(ensure_local_tls(tmp_path, NAMES[:2], NOW + timedelta(days=389)))

    assert again == first


@pytest.mark.parametrize(
    ("names", "later"),
    [(NAMES, timedelta(days=390)), ((*NAMES, "10.0.0.9"), timedelta(0))],
    ids=["a certificate that ends within 7 days", "a new private name"],
)
def test_only_the_server_certificate_is_made_anew(
    tmp_path: Path, names: tuple[str, ...], later: timedelta
) -> None:
    authority, server = contents(ensure_local_tls(tmp_path, NAMES, NOW))

    found = contents(ensure_local_tls(tmp_path, names, NOW + later))

    assert found[0] == authority
    assert found[1] != server


def test_a_name_that_the_authority_may_not_carry_makes_a_new_authority(tmp_path: Path) -> None:
    authority, _ = contents(ensure_local_tls(tmp_path, ["localhost"], NOW))

    renewed = ensure_local_tls(tmp_path, ["visio.caisse.fr"], NOW)

    assert renewed.ca.read_bytes() != authority
    assert handshake(renewed, client_context(renewed), "visio.caisse.fr").version() == "TLSv1.3"


def test_a_damaged_file_is_replaced(tmp_path: Path) -> None:
    tls = ensure_local_tls(tmp_path, NAMES, NOW)
    tls.key.write_text("half a k")

    repaired = ensure_local_tls(tmp_path, NAMES, NOW)

    assert handshake(repaired, client_context(repaired)).version() == "TLSv1.3"


@pytest.mark.parametrize(
    "names", [[], [""], ["a b"], ["-x.fr"], ["*.fr"], ["x" * 64], ["1.2.3.4/8"]]
)
def test_a_bad_name_is_refused(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(NameRefused):
        ensure_local_tls(tmp_path, names, NOW)
