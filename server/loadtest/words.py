"""What the imaginary people say: offers, answers and candidates that the server's gate lets pass.

Each carries the mark of its room in its ufrag, so that a message of another room is seen at once.
"""

import secrets
from typing import Literal

import msgspec

from media.sdp import check_candidate, check_description

CANDIDATES = 10
_FINGERPRINT = ":".join(["A7"] * 32)
_PASSWORD = "c2VjcmV0LWRlLWNoYXJnZS0x"  # noqa: S105
_AUDIO = ("opus/48000/2", "red/48000/2", "G722/8000", "PCMU/8000", "PCMA/8000", "CN/8000")
_VIDEO = ("VP8/90000", "rtx/90000", "H264/90000", "rtx/90000", "AV1/90000", "VP9/90000")
_FEEDBACK = ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")
#: Where a template's room stands; as long as a mark is.
_MARK = "MARKMARK"


def new_mark() -> str:
    """Eight characters of ICE's alphabet."""
    return secrets.token_hex(4)


def _section(kind: str, mid: int, codecs: tuple[str, ...], feedback: tuple[str, ...]) -> list[str]:
    numbers = range(96, 96 + len(codecs))
    return [
        f"m={kind} 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, numbers))}",
        "c=IN IP4 0.0.0.0",
        *_transport(mid),
        "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level vad=on",
        "a=sendrecv",
        "a=rtcp-mux",
        *(f"a=rtpmap:{number} {codec}" for number, codec in zip(numbers, codecs, strict=True)),
        *(f"a=rtcp-fb:{number} {one}" for number in numbers for one in feedback),
    ]


def _transport(mid: int) -> list[str]:
    return [
        f"a=ice-ufrag:{_MARK}",
        f"a=ice-pwd:{_PASSWORD}",
        "a=ice-options:trickle",
        f"a=fingerprint:sha-256 {_FINGERPRINT}",
        "a=setup:SETUP",
        f"a=mid:{mid}",
    ]


def _sdp(kind: Literal["offer", "answer"]) -> str:
    """Some 3 kB for an offer, 2 kB for an answer."""
    offer = kind == "offer"
    lines = [
        "v=0",
        "o=- 670489392815840247 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1 2",
        *_section("audio", 0, _AUDIO if offer else _AUDIO[:2], _FEEDBACK if offer else ()),
        *_section("video", 1, _VIDEO if offer else _VIDEO[:4], _FEEDBACK),
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        *_transport(2),
        "a=sctp-port:5000",
    ]
    text = "\r\n".join(lines) + "\r\n"
    text = text.replace("SETUP", "actpass" if offer else "active")
    check_description(text, kind)
    return text


def _candidate(number: int) -> str:
    text = (
        f"candidate:84216{number} 1 udp 2122{number}60223 192.0.2.{number + 1} 5{number}601"
        f" typ host generation 0 ufrag {_MARK} network-id {number} network-cost 10"
    )
    check_candidate(text)
    return text


def _json(payload: object) -> bytes:
    return msgspec.json.encode(payload)


def _description(kind: Literal["offer", "answer"]) -> bytes:
    return _json({"sdp": _sdp(kind), "negotiation": 1, "fresh": True})


def _trickled(number: int) -> bytes:
    return _json(
        {"negotiation": 1, "candidate": _candidate(number), "sdp_mid": "0",
         "sdp_m_line_index": 0, "username_fragment": _MARK}
    )  # fmt: skip


#: Made once for the whole process; a room puts its mark in.
_OFFER, _ANSWER = _description("offer"), _description("answer")
_CANDIDATES = tuple(_trickled(number) for number in range(CANDIDATES))

DEVICES = _json({"microphone": True, "camera": True})
READY = _json({"state": "ready"})
FLOWING = _json({"state": "flowing"})
NOTHING = b"{}"


class Words:
    """Everything that is said in one room."""

    __slots__ = ("answer", "candidates", "mark", "offer")

    def __init__(self, mark: str) -> None:
        self.mark = mark.encode()
        template = _MARK.encode()
        self.offer = _OFFER.replace(template, self.mark)
        self.answer = _ANSWER.replace(template, self.mark)
        self.candidates = [one.replace(template, self.mark) for one in _CANDIDATES]
