"""What an acceptable description is: the gate that each offer and answer passes.

It reads line by line, with no parser of a media library: those raise, allocate and guess. Every
rule is linear in the length of the text, and the length is bounded.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from media.candidate import CandidateKind, CandidateRefused, candidate_kind, check_candidate

__all__ = [
    "CandidateKind",
    "CandidateRefused",
    "SdpRefused",
    "candidate_kind",
    "check_candidate",
    "check_description",
]

MAX_LENGTH = 16_384
MAX_LINES = 600
MAX_SECTIONS = 4
MAX_CANDIDATES = 64

_PRINTABLE = bytes(range(0x20, 0x7F))
#: Lines that are not looked into (RFC 8866, section 5).
_OTHERS = frozenset(("v=", "o=", "s=", "t=", "c=", "b="))
_LINE = re.compile(r"[a-z]=.+")
_MEDIA = re.compile(r"(audio|video|application) ([0-9]{1,5}) ([A-Z/]{1,32}) [\x21-\x7e ]+")
#: DTLS-SRTP and data channels over DTLS, nothing else (RFC 8827, section 6.5).
_PROFILES = {
    "audio": "UDP/TLS/RTP/SAVPF",
    "video": "UDP/TLS/RTP/SAVPF",
    "application": "UDP/DTLS/SCTP",
}
#: RFC 8122, section 5: upper-case hexadecimal.
_FINGERPRINT = re.compile(r"sha-256 ([0-9A-F]{2}(?::[0-9A-F]{2}){31})")
#: RFC 8839, section 5.4.
_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}")
_PASSWORD = re.compile(r"[A-Za-z0-9+/]{22,256}")
#: The rest of what browsers write; a candidate has a check of its own.
_PLAIN = frozenset(
    ("bundle-only", "candidate", "group", "ice-options", "inactive", "max-message-size", "mid",
     "recvonly", "sctp-port", "sendonly", "sendrecv")
)  # fmt: skip
_GRAMMARS = {"fingerprint": _FINGERPRINT, "ice-ufrag": _UFRAG, "ice-pwd": _PASSWORD}
#: RFC 8842, section 5: an offer leaves the choice, an answer takes one.
_SETUPS = {"offer": ("actpass",), "answer": ("active", "passive")}

#: What a transport is made of; each comes at most once in a section.
_TRANSPORT = frozenset(("fingerprint", "ice-ufrag", "ice-pwd", "setup"))
#: No other attribute of the registry begins like one of these.
_GUARDED = (*_TRANSPORT, "candidate")
#: How most lines of every description begin (codecs, header extensions, sources): nothing that is
#: guarded begins so, whatever follows, and they are not looked at again.
_DULL = frozenset(("a=rt", "a=fm", "a=ex", "a=ss", "a=ms"))


class SdpRefused(Exception):
    """A description that is not passed on; `reason` is a code for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class _Section:
    """The session part of a description, or one of its media sections."""

    #: Media sections only: the m-line has port 0 and is not `bundle-only`.
    rejected: bool = False
    #: The first value of each attribute, and the further ones of those that come again.
    first: dict[str, str] = field(default_factory=dict)
    repeated: list[tuple[str, str]] = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        """Its values, in their order."""
        if name not in self.first:
            return []
        return [self.first[name], *(value for again, value in self.repeated if again == name)]


def check_description(sdp: str, kind: Literal["offer", "answer"]) -> None:
    """Let a description pass, or raise `SdpRefused`; never anything else.

    `sdp` is what `RTCSessionDescription.sdp` holds. It must describe one to four media, all of
    them over one DTLS identity, proved by one SHA-256 fingerprint: Chromium checks the last of
    several `a=fingerprint` lines, so two in one section could show people one value and use the
    other.
    """
    session, *media = _sections([line for line in _lines(sdp) if line[:4] not in _DULL])
    if not 1 <= len(media) <= MAX_SECTIONS:
        raise SdpRefused("sections")
    _check_attributes((session, *media), kind)
    _check_fingerprints(session, *media)
    _check_candidates(session, *media)
    _check_transports(session, [section for section in media if not section.rejected])


def _lines(sdp: str) -> Sequence[str]:
    """Those of a text of printable ASCII, that each end by CRLF or LF (RFC 8866, section 5)."""
    if len(sdp) > MAX_LENGTH:
        raise SdpRefused("too_long")
    if not sdp.endswith("\n"):
        raise SdpRefused("unfinished_line")
    if not sdp.startswith(("v=0\n", "v=0\r\n")):
        raise SdpRefused("version")
    # One pass in C each: a regular expression takes five times as long.
    if not sdp.isascii() or sdp.encode().translate(None, _PRINTABLE).strip(b"\r\n"):
        raise SdpRefused("line")
    lines = sdp.splitlines()
    if len(lines) > MAX_LINES:
        raise SdpRefused("too_many_lines")
    if len(lines) != sdp.count("\n"):
        # A CR on its own ends no line.
        raise SdpRefused("line")
    return lines


def _sections(lines: Sequence[str]) -> list[_Section]:
    current = _Section()
    first, sections = current.first, [current]
    for line in lines:
        start = line[:2]
        if start == "a=" and line != "a=":
            name, _, value = line[2:].partition(":")
            if name not in first:
                first[name] = value
            elif name in _TRANSPORT:
                raise SdpRefused("repeated_attribute")
            else:
                current.repeated.append((name, value))
        elif start in _OTHERS and len(line) > 2:
            continue
        elif not _LINE.fullmatch(line):
            raise SdpRefused("line")
        elif start == "m=":
            current = _section(line[2:])
            first = current.first
            sections.append(current)
        elif start == "k=":
            raise SdpRefused("sdes")
    for section in sections[1:]:
        section.rejected &= "bundle-only" not in section.first
    return sections


def _section(text: str) -> _Section:
    found = _MEDIA.fullmatch(text)
    if not found:
        raise SdpRefused("media")
    media, port, profile = found.groups()
    if profile != _PROFILES[media]:
        raise SdpRefused("profile")
    if int(port) > 65_535:
        raise SdpRefused("media")
    return _Section(rejected=int(port) == 0)


def _check_attributes(sections: Sequence[_Section], kind: str) -> None:
    # Media of one bundle repeat each other: what is the same is looked at once.
    different: set[tuple[str, str]] = set()
    for section in sections:
        different.update(section.first.items(), section.repeated)
    for name, value in different:
        if name not in _PLAIN:
            _check_attribute(name, value, kind)


def _check_attribute(name: str, value: str, kind: str) -> None:
    if name in _GRAMMARS:
        if not _GRAMMARS[name].fullmatch(value):
            raise SdpRefused(name.replace("-", "_"))
    elif name == "setup":
        if value not in _SETUPS[kind]:
            raise SdpRefused("setup")
    else:
        canonical = name.lstrip().lower()
        if canonical.startswith("crypto"):
            raise SdpRefused("sdes")
        # A lenient parser might read what we did not: `a=Fingerprint:`, `a=fingerprint sha-256 …`.
        if canonical.startswith(_GUARDED):
            raise SdpRefused("disguised_attribute")


def _check_fingerprints(*sections: _Section) -> None:
    values = {section.first.get("fingerprint") for section in sections} - {None}
    if len(values) != 1:
        raise SdpRefused("fingerprints")


def _check_candidates(*sections: _Section) -> None:
    found = [value for section in sections for value in section.all("candidate")]
    if len(found) > MAX_CANDIDATES:
        raise SdpRefused("too_many_candidates")
    for candidate in found:
        try:
            check_candidate(f"candidate:{candidate}")
        except CandidateRefused as refusal:
            raise SdpRefused(f"candidate_{refusal.reason}") from refusal


def _check_transports(session: _Section, live: Sequence[_Section]) -> None:
    """Every part of a transport must be said by the section, its bundle's head or the session."""
    groups = [value.split(" ") for value in session.all("group")]
    bundles = [words for words in groups if words[0] == "BUNDLE"]
    for section in live:
        if section.first.keys() >= _TRANSPORT:
            # Most by far.
            continue
        missing = _TRANSPORT - section.first.keys() - session.first.keys()
        missing -= _bundle_head(section, live, bundles).first.keys()
        if missing:
            raise SdpRefused(f"missing_{min(missing).replace('-', '_')}")


def _bundle_head(
    section: _Section, live: Sequence[_Section], bundles: Sequence[Sequence[str]]
) -> _Section:
    """The section whose transport this one shares (RFC 8843, section 7.1.3), else itself."""
    mid = section.first.get("mid")
    for _, *mids in bundles:
        if mid in mids:
            return next((other for other in live if other.first.get("mid") == mids[0]), section)
    return section
