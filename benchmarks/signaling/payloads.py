"""What two people send in one rendezvous: the same bytes to every server, each frame made once."""

import itertools
import json
import secrets
from collections.abc import Iterator
from functools import cache

#: A description as Chromium writes it, with fewer codecs: ~3 kB for the offer, ~2 kB the answer.
PRINT = ":".join(f"{(37 * n) % 256:02X}" for n in range(32))
AUDIO = {"offer": (111, 63, 9, 0, 8, 13, 110, 126), "answer": (111, 63, 9, 0, 8)}
VIDEO = {
    "offer": (96, 97, 102, 103, 104, 107, 108, 109, 39, 40, 45, 46, 98, 99, 100),
    "answer": (96, 97, 102, 103, 104, 107, 108),
}
#: Candidates of a negotiation are told apart by their foundation: two digits.
PER_NEGOTIATION = 80
TRICKLED = 10
#: A token is as long for the relays as ours is.
TOKEN_LENGTH = 504


def description(kind: str) -> str:
    lines = ["v=0", "o=- 670489392815840247 2 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    lines += ["a=group:BUNDLE 0 1 2", "a=extmap-allow-mixed", "a=msid-semantic: WMS"]
    for mid, media in enumerate(("audio", "video", "application")):
        lines += section(kind, str(mid), media)
    return "".join(f"{line}\r\n" for line in lines)


def section(kind: str, mid: str, media: str) -> list[str]:
    if media == "application":
        head, body = "UDP/DTLS/SCTP webrtc-datachannel", ["a=sctp-port:5000"]
    else:
        types = (AUDIO if media == "audio" else VIDEO)[kind]
        head = "UDP/TLS/RTP/SAVPF " + " ".join(map(str, types))
        body = ["a=sendrecv", "a=rtcp-mux", "a=rtcp-rsize"]
        body += [line for one in types for line in codec(media, one)]
    return [
        f"m={media} 9 {head}",
        "c=IN IP4 0.0.0.0",
        "a=ice-ufrag:wKH+",
        "a=ice-pwd:+5Ym1CYgeUPp0fvJV/CDRMPe",
        "a=ice-options:trickle",
        f"a=fingerprint:sha-256 {PRINT}",
        f"a=setup:{'actpass' if kind == 'offer' else 'active'}",
        f"a=mid:{mid}",
        *body,
    ]


def codec(media: str, one: int) -> list[str]:
    if media == "audio":
        return [f"a=rtpmap:{one} opus/48000/2", f"a=rtcp-fb:{one} transport-cc"]
    return [
        f"a=rtpmap:{one} VP8/90000",
        f"a=rtcp-fb:{one} goog-remb",
        f"a=rtcp-fb:{one} ccm fir",
        f"a=rtcp-fb:{one} nack pli",
    ]


DESCRIPTIONS = {kind: description(kind) for kind in ("offer", "answer")}


def described(kind: str, negotiation: int) -> dict[str, object]:
    return {"sdp": DESCRIPTIONS[kind], "negotiation": negotiation, "fresh": True}


def candidate(negotiation: int, index: int) -> dict[str, object]:
    """One of a negotiation; its foundation says which, so that its arrival can be timed."""
    text = f"candidate:{index:02d} 1 udp 2122260223 192.0.2.2 43210 typ host generation 0"
    return {
        "negotiation": negotiation,
        "candidate": text,
        "sdp_mid": "0",
        "sdp_m_line_index": 0,
    }


#: The « state event »: with ours, the room's whole state is then told to both.
DEVICES = {"microphone": True, "camera": True}
#: The « chat-sized » one, relayed: that there are no more candidates.
END = {"negotiation": 1, "candidate": "", "sdp_mid": "0", "sdp_m_line_index": 0}


# --- frames -------------------------------------------------------------------------------------


def masked(text: str) -> bytes:
    """A client's WebSocket text frame (RFC 6455, 5.2), with a mask that is not zero: servers may
    leave out the unmasking of one that is."""
    body, mask = text.encode(), secrets.token_bytes(4)
    size = len(body)
    long = mask * (size // 4 + 1)
    mixed = int.from_bytes(body, "big") ^ int.from_bytes(long[:size], "big")
    head = bytes([0x81, 0x80 | size]) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
    return head + mask + mixed.to_bytes(size, "big")


def packed(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


class Script:
    """The frames of one dialect. `prefix`: what stands before the JSON list; `ack`: the same with
    an acknowledgement wanted."""

    def __init__(self, prefix: str, ack: str) -> None:
        self._prefix = prefix
        self._ack = ack
        self.devices = masked(self._event("devices", DEVICES))
        self.end = masked(self._event("candidate", END))
        self.candidate = cache(self._candidate)
        self.offer = cache(self._offer)
        self.answer = cache(self._answer)

    def _event(self, name: str, payload: object, *, ack: bool = False) -> str:
        return (self._ack if ack else self._prefix) + packed([name, payload])

    def _offer(self, negotiation: int) -> bytes:
        return masked(self._event("offer", described("offer", negotiation), ack=True))

    def _answer(self, negotiation: int) -> bytes:
        return masked(self._event("answer", described("answer", negotiation), ack=True))

    def _candidate(self, negotiation: int, index: int) -> bytes:
        return masked(self._event("candidate", candidate(negotiation, index)))


#: The token of the assuré's side and of the médecin-conseil's, room after room.
Pairs = Iterator[tuple[str, str]]


def relay_tokens() -> Pairs:
    """For servers that check none: the room's name, as long as a token of ours."""
    for number in itertools.count():
        name = f"room-{number}".ljust(TOKEN_LENGTH, ".")
        yield name, name
