"""A small X.509 authority that can vouch for this installation's names, and for no other."""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIFE = timedelta(days=3650)
#: The longest life that browsers accept from a public authority (CA/Browser Forum, 398 days).
CERTIFICATE_LIFE = timedelta(days=397)
#: Phones on a LAN are often a little behind.
CLOCK_SKEW = timedelta(hours=1)

_LABEL = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
_DNS_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_PRIVATE_NETWORKS = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
)
_PRIVATE_DOMAINS = ("localhost", "local", "lan", "home.arpa")


class NameRefused(ValueError):
    """A name that no certificate of ours can carry."""


@dataclass(frozen=True)
class Issued:
    """A certificate and its private key (EC P-256)."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def pem(self) -> bytes:
        """The certificate alone, in PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    def key_pem(self) -> bytes:
        """The private key, PKCS#8 in PEM, not encrypted."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def check_names(names: Sequence[str]) -> list[x509.GeneralName]:
    """Read DNS names and IP addresses; raises `NameRefused` for an empty list or a bad name."""
    if not names:
        raise NameRefused("at least one name is needed")
    return [_read_name(name) for name in dict.fromkeys(names)]


def make_authority(wanted: Iterable[x509.GeneralName], now: datetime) -> Issued:
    """Make an authority for 10 years, held to private names and `wanted` (RFC 5280, 4.2.1.10).

    A phone that trusts it is thus not exposed to a certificate for any site of the world, should
    the key of a demonstration laptop be stolen.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = _common_name("Telecontrole, autorité locale")
    builder = (
        _builder(name, name, key.public_key(), now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
        .add_extension(x509.NameConstraints(_permitted(wanted), None), critical=True)
    )
    return Issued(builder.sign(key, hashes.SHA256()), key)


def make_certificate(
    authority: Issued, wanted: Sequence[x509.GeneralName], now: datetime
) -> Issued:
    """Make a server certificate for 397 days, signed by `authority`."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        _builder(_common_name("Telecontrole"), issuer.subject, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(wanted), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
    )
    return Issued(builder.sign(authority.key, hashes.SHA256()), key)


def covers(server: Issued, wanted: Iterable[x509.GeneralName]) -> bool:
    """Whether the certificate carries every wanted name."""
    try:
        names = server.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return False
    return set(wanted) <= set(names.value)


def permits(authority: Issued, wanted: Iterable[x509.GeneralName]) -> bool:
    """Whether the authority may vouch for every wanted name."""
    try:
        found = authority.certificate.extensions.get_extension_for_class(x509.NameConstraints)
    except x509.ExtensionNotFound:
        return False
    permitted = list(found.value.permitted_subtrees or [])
    return all(any(_within(name, tree) for tree in permitted) for name in wanted)


def _read_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    if len(name) > 253 or not _DNS_NAME.fullmatch(name):
        raise NameRefused(f"not a DNS name nor an IP address: {name!r}")
    return x509.DNSName(name.lower())


def _permitted(wanted: Iterable[x509.GeneralName]) -> list[x509.GeneralName]:
    trees: list[x509.GeneralName] = [x509.DNSName(domain) for domain in _PRIVATE_DOMAINS]
    trees += [x509.IPAddress(ipaddress.ip_network(network)) for network in _PRIVATE_NETWORKS]
    for name in wanted:
        if not any(_within(name, tree) for tree in trees):
            trees.append(_tree(name))
    return trees


def _tree(name: x509.GeneralName) -> x509.GeneralName:
    """The smallest subtree that holds one name."""
    if isinstance(name, x509.IPAddress):
        return x509.IPAddress(ipaddress.ip_network(str(name.value)))
    return name


def _within(name: x509.GeneralName, tree: x509.GeneralName) -> bool:
    if isinstance(name, x509.DNSName) and isinstance(tree, x509.DNSName):
        return name.value == tree.value or name.value.endswith("." + tree.value)
    if isinstance(name, x509.IPAddress) and isinstance(tree, x509.IPAddress):
        address, network = name.value, tree.value
        return (
            isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address)
            and isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network)
            and address in network
        )
    return False


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    now: datetime,
    life: timedelta = CERTIFICATE_LIFE,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now - CLOCK_SKEW + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    """What RFC 5280 (4.2.1.3) asks: an authority signs certificates, a server signs handshakes."""
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
