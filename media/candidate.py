"""What an acceptable ICE candidate is: the grammar of RFC 8839, section 5.1, with bounds."""

import ipaddress
import re
import socket
from collections.abc import Sequence
from typing import Literal, cast

CandidateKind = Literal["host", "srflx", "prflx", "relay"]

MAX_LENGTH = 512
_PREFIX = "candidate:"
_KINDS = ("host", "srflx", "prflx", "relay")
_TCP_TYPES = ("active", "passive", "so")
#: RFC 8445, section 5.1.2: between 1 and 2**31 - 1.
_MAX_PRIORITY = 2**31 - 1

_TEXT = re.compile(r"[\x20-\x7e]*")
_FOUNDATION = re.compile(r"[A-Za-z0-9+/]{1,32}")
_NUMBER = re.compile(r"[0-9]{1,10}")
_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = rf"{_BYTE}\.{_BYTE}\.{_BYTE}\.{_BYTE}"
_PORT = r"(?:[1-5][0-9]{4}|[0-9]{1,4}|6[0-4][0-9]{3}|65[0-4][0-9]{2})"
#: What Chromium, Firefox, Safari and aiortc say of a UDP candidate, whole in one look: most of all
#: that comes. An IPv6 address is still to be read; whatever this does not match (the last ports,
#: the highest priorities) is read field by field: nothing passes here that would not pass there.
#: The longest form of each field comes first, so that hardly any is tried again. (Possessive
#: quantifiers would say that better: Python 3.11.2 lets some of them match nothing.)
_USUAL = re.compile(
    r"candidate:[A-Za-z0-9+/]{1,32} [12] (?:udp|UDP) "
    r"(?:1[0-9]{9}|2[01][0-3][0-9]{7}|[1-9][0-9]{0,8})"
    rf" (?:{_IPV4}|[A-Za-z0-9-]{{1,63}}\.local|([0-9A-Fa-f:]{{2,39}})) {_PORT}"
    rf" typ (host|srflx|prflx|relay)(?: raddr (?:{_IPV4}|([0-9A-Fa-f:]{{2,39}})) rport {_PORT})?"
    r"(?: generation [0-9]{1,3})?(?: ufrag [\x21-\x7e]{1,256})?"
    r"(?: network-id [0-9]{1,3})?(?: network-cost [0-9]{1,4})?"
)
_MDNS_NAME = re.compile(r"[A-Za-z0-9-]{1,63}\.local")


class CandidateRefused(Exception):
    """A candidate that is not passed on; `reason` is a code for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_candidate(candidate: str) -> CandidateKind | None:
    """Let a candidate pass, or raise `CandidateRefused`; never anything else.

    `candidate` is what `RTCIceCandidate.candidate` holds: « candidate:… », or an empty string
    for the end of candidates (RFC 8838). What its address is, as `candidate_kind` says it.
    """
    usual = _USUAL.fullmatch(candidate)
    if usual is not None:
        address, kind, related = usual.groups()
        if address is not None and not _is_ipv6(address):
            raise CandidateRefused("address")
        if related is not None and not _is_ipv6(related):
            raise CandidateRefused("address")
        return kind  # type: ignore[return-value]
    return _parse(candidate) if candidate else None


def candidate_kind(candidate: str) -> CandidateKind | None:
    """What the address is: the device's own, seen from outside, or a relay's.

    None for the end of candidates. Raises `CandidateRefused`.
    """
    return _parse(candidate) if candidate else None


def _parse(candidate: str) -> CandidateKind:
    if len(candidate) > MAX_LENGTH:
        raise CandidateRefused("too_long")
    if not _TEXT.fullmatch(candidate):
        raise CandidateRefused("character")
    if not candidate.startswith(_PREFIX):
        raise CandidateRefused("prefix")
    fields = candidate.removeprefix(_PREFIX).split(" ")
    if len(fields) < 8 or fields[6] != "typ":
        raise CandidateRefused("grammar")
    foundation, component, transport, priority, address, port, _, kind = fields[:8]
    _check_head(foundation, component, transport, priority)
    _check_address(address)
    _check_port(port)
    if kind not in _KINDS:
        raise CandidateRefused("type")
    _check_extensions(transport, _pairs(fields[8:]))
    return cast(CandidateKind, kind)


def _is_ipv6(address: str) -> bool:
    """As the C library reads it: no name, no scope."""
    try:
        socket.inet_pton(socket.AF_INET6, address)
    except OSError:
        return False
    return True


def _check_head(foundation: str, component: str, transport: str, priority: str) -> None:
    if not _FOUNDATION.fullmatch(foundation):
        raise CandidateRefused("foundation")
    if component not in ("1", "2"):
        raise CandidateRefused("component")
    if transport.upper() not in ("UDP", "TCP"):
        raise CandidateRefused("transport")
    if not _NUMBER.fullmatch(priority) or not 1 <= int(priority) <= _MAX_PRIORITY:
        raise CandidateRefused("priority")


def _check_address(address: str) -> None:
    """An IP address or an mDNS name; any other name would make the receiver ask its DNS."""
    if _MDNS_NAME.fullmatch(address):
        return
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        raise CandidateRefused("address") from None
    if isinstance(ip, ipaddress.IPv6Address) and ip.scope_id is not None:
        raise CandidateRefused("address")


def _check_port(port: str) -> None:
    if not _NUMBER.fullmatch(port) or int(port) > 65_535:
        raise CandidateRefused("port")


def _pairs(fields: Sequence[str]) -> dict[str, str]:
    """Read `name value` pairs; a name comes once, and neither side is empty."""
    if len(fields) % 2 or not all(fields):
        raise CandidateRefused("extension")
    pairs = dict(zip(fields[::2], fields[1::2], strict=True))
    if len(pairs) != len(fields) // 2:
        raise CandidateRefused("extension")
    return pairs


def _check_extensions(transport: str, extensions: dict[str, str]) -> None:
    related = ("raddr" in extensions, "rport" in extensions)
    if related == (True, True):
        _check_address(extensions["raddr"])
        _check_port(extensions["rport"])
    elif any(related):
        raise CandidateRefused("related_address")
    tcp_type = extensions.get("tcptype")
    if (transport.upper() == "TCP") != (tcp_type is not None):
        raise CandidateRefused("tcptype")
    if tcp_type is not None and tcp_type not in _TCP_TYPES:
        raise CandidateRefused("tcptype")
