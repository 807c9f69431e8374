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
#: What Chromium, Firefox, Safari and aiortc say of a UDP candidate, in one look: most of all that
#: comes. Whatever this does not match is read field by field.
_USUAL = re.compile(
    r"candidate:[A-Za-z0-9+/]{1,32} [12] (?i:udp) (?P<priority>[0-9]{1,10})"
    r" (?:(?P<address>[0-9A-Fa-f.:]{2,45})|[A-Za-z0-9-]{1,63}\.local) (?P<port>[0-9]{1,5})"
    r" typ (?P<kind>host|srflx|prflx|relay)"
    r"(?: raddr (?P<raddr>[0-9A-Fa-f.:]{2,45}) rport (?P<rport>[0-9]{1,5}))?"
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
        _check_usual(usual)
        return cast(CandidateKind, usual["kind"])
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


def _check_usual(usual: re.Match[str]) -> None:
    """What the grammar leaves open. Addresses as the C library reads them: no name, no scope."""
    priority, port, related_port = usual["priority"], usual["port"], usual["rport"]
    if not 1 <= int(priority) <= _MAX_PRIORITY:
        raise CandidateRefused("priority")
    if int(port) > 65_535 or (related_port is not None and int(related_port) > 65_535):
        raise CandidateRefused("port")
    try:
        for address in (usual["address"], usual["raddr"]):
            if address is not None:
                socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    except OSError:
        raise CandidateRefused("address") from None


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
