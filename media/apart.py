"""What a candidate or a description says without an address of who sends it: a relay's alone."""

import re

from media.candidate import CandidateKind, check_candidate
from media.sdp import SdpRefused

#: In the place of an address and of a port that are not told (RFC 8839, section 4.3.1).
NOWHERE, NO_PORT = "0.0.0.0", "9"  # noqa: S104 — nothing listens there
_UNRELATED = ["raddr", NOWHERE, "rport", NO_PORT]
#: What else is passed on. The others are for statistics, name the network that somebody comes by,
#: or are unknown: those could hold anything.
_EXTENSIONS = ("tcptype", "generation")
#: As RFC 8839, section 5.4, has them: no address is written with these letters.
_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}")

_CONNECTION = f"c=IN IP4 {NOWHERE}"
_RTCP = f"a=rtcp:{NO_PORT} IN IP4 {NOWHERE}"
_ORIGIN = re.compile(r"o=\S+ ([0-9]{1,20}) ([0-9]{1,20}) IN IP[46] \S+")
_PORT = re.compile(r"(m=[a-z]+) [1-9][0-9]{0,4} ")
#: Lines that are for people, and could say anything.
_WORDS = ("i=", "u=", "e=", "p=")
#: What could be read as an address, v4, v6 or mDNS, wherever it stands. `0.0.0.0` is nobody's.
_ADDRESS = re.compile(
    r"(?!0\.0\.0\.0)(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
    r"|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:"
    r"|\.local\b",
    re.IGNORECASE,
)


def candidate_apart(candidate: str, kind: CandidateKind | None) -> str | None:
    """What may be told of a candidate that `check_candidate` has let pass as a `kind`.

    Of a relay's: all but what it is related to, which is its owner's address as the relay sees it.
    Of any other, also under an mDNS name: nothing (None). The end of candidates is told.
    """
    if kind is None:
        return candidate
    if kind != "relay":
        return None
    fields = candidate.split(" ")
    kept = [*fields[:8], *_UNRELATED]
    for name, value in zip(fields[8::2], fields[9::2], strict=True):
        if name in _EXTENSIONS or (name == "ufrag" and _UFRAG.fullmatch(value)):
            kept += (name, value)
    return " ".join(kept)


def description_apart(sdp: str) -> str:
    """What may be told of a description that `check_description` has let pass.

    :raises SdpRefused: something in it could still be read as an address.
    """
    return "".join(
        f"{said}\r\n" for line in sdp.splitlines() if (said := _line_apart(line)) is not None
    )


def _line_apart(line: str) -> str | None:  # noqa: PLR0911 — a table
    """None: not told at all."""
    start = line[:2]
    if start == "c=":
        return _CONNECTION
    if start == "m=":
        return _PORT.sub(rf"\1 {NO_PORT} ", line)
    if start == "o=":
        return _origin_apart(line)
    if start == "s=":
        return "s=-"
    if start in _WORDS or line.startswith("a=remote-candidates:"):
        return None
    if line.startswith("a=rtcp:"):
        return _RTCP
    if line.startswith("a=candidate:"):
        text = line.removeprefix("a=")
        told = candidate_apart(text, check_candidate(text))
        return told and f"a={told}"
    # Hexadecimal with colons too, and checked to be nothing else.
    if _ADDRESS.search(line) and not line.startswith("a=fingerprint:"):
        raise SdpRefused("address")
    return line


def _origin_apart(line: str) -> str:
    found = _ORIGIN.fullmatch(line)
    if found is None:
        raise SdpRefused("address")
    return f"o=- {found[1]} {found[2]} IN IP4 {NOWHERE}"
