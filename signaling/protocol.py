"""Every event of the signaling channel, in both directions, as types; nothing else.

The browser's types are printed from this file (`python -m signaling.typescript`), and
docs/protocol.md tells the same story to who writes another client. Times are ISO 8601 in UTC.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Role = Literal["assure", "medecin_conseil"]
#: Whose a token is: one of the two whose télécontrôle it is, or somebody invited to help them.
Actor = Literal["assure", "medecin_conseil", "tiers"]
ThirdSeat = Literal["tiers1", "tiers2"]
#: Every place of a room. The one named first offers to those named after it.
SeatName = Literal["medecin_conseil", "assure", "tiers1", "tiers2"]
#: What somebody is there for; all that is ever said of them.
ThirdKind = Literal["interprete", "interprete_lsf", "medecin_assistant", "proche"]
Phase = Literal["waiting", "admitted", "ended"]
SeatPresence = Literal["absent", "present", "lost", "left"]
Transport = Literal["none", "ready", "flowing", "lost"]
SignalKind = Literal["offer", "answer", "candidate"]
#: `identity`: it could not be verified from here; they meet in person, as after `in_person`.
EndReason = Literal["ended", "in_person", "identity", "refused", "cancelled"]
#: Who may be in the room with somebody; a role, never a name.
Companion = Literal["proche", "interprete", "soignant", "autre"]

Sdp = Annotated[str, Meta(min_length=1, max_length=16_384)]
Instance = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{8,32}$")]
Token = Annotated[str, Meta(min_length=1, max_length=2_048)]
Number = Annotated[int, Meta(ge=0, le=1_000_000)]
Fingerprint = Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?$", max_length=64)]
Missing = Literal["", "camera", "microphone"]
CodeResult = Literal["", "shown", "unavailable", "identical", "different"]
#: Of the last reason given for an absence; of the last equipment test. Empty: there is none.
Justified = Literal["", "deposee", "acceptee", "refusee"]
Equipment = Literal["", "pret", "a_surveiller", "echec"]


class Message(Struct, frozen=True, kw_only=True, gc=False):
    """What every payload is: immutable, its fields named, free of cycles."""


class Auth(Message, frozen=True):
    """What a client hands over in Socket.IO's CONNECT of the room namespace `/`."""

    token: Token
    #: Random, one per page load: tells a reconnection from a reload, and one tab from another.
    instance: Instance


class ConsoleAuth(Message, frozen=True):
    """What a console hands over in CONNECT of the namespace `/console`."""

    token: Token


class Empty(Message, frozen=True):
    """An event that says all by its name."""


# --- client to server ---------------------------------------------------------------------------


class Description(Message, frozen=True):
    """An SDP offer (médecin-conseil only) or answer (assuré only)."""

    sdp: Sdp
    #: Grows by one with each offer of a room; an answer or a candidate repeats its offer's.
    negotiation: Number
    #: True when the sender made a new RTCPeerConnection for it: the receiver must do the same.
    fresh: bool


class Candidate(Message, frozen=True):
    """A trickled ICE candidate; an empty `candidate` says that there are no more."""

    negotiation: Number
    candidate: Annotated[str, Meta(max_length=512)]
    sdp_mid: Annotated[str, Meta(max_length=16)] | None = None
    sdp_m_line_index: Annotated[int, Meta(ge=0, le=7)] | None = None
    username_fragment: Annotated[str, Meta(max_length=256)] | None = None


class Renegotiate(Message, frozen=True):
    """The assuré's page asks the offering side for an ICE restart, or for a new connection."""

    reason: Literal["disconnected", "failed", "network", "fresh"]


class Devices(Message, frozen=True):
    """What the sender's microphone and camera do now."""

    microphone: bool
    camera: bool
    #: What the sender has not got at all, or may not use: there is nothing to turn on.
    missing: Missing = ""
    #: The camera has the name of a program that makes pictures: an indication, that page's word.
    virtual: bool = False


class Company(Message, frozen=True):
    """Who is with the sender, out of the picture too: one role for each person; empty: nobody."""

    others: Annotated[list[Companion], Meta(max_length=9)]


class Media(Message, frozen=True):
    """One side's word on the media path; kept for the record as that side's claim."""

    #: `ready`: ICE and DTLS are up, nothing flows. `flowing`: the other's media is decoded here.
    state: Literal["ready", "flowing", "lost"]
    #: `network`: this device had just changed network.
    cause: Literal["", "disconnected", "failed", "closed", "network"] = ""
    #: The path has not been interrupted since this page last said the same thing.
    continuous: bool = False
    #: Straight to the other page, or over a TURN server; empty: this page does not know.
    path: Literal["", "direct", "relayed"] = ""


class SpokenCode(Message, frozen=True):
    """One side's word on the spoken code; kept for the record as that side's claim.

    `local` and `remote`: SHA-256 of the certificates that this page sees in use, if it sees them.
    """

    #: `shown`, `unavailable`: what the page found; `identical`, `different`: what a person said.
    result: Literal["shown", "unavailable", "identical", "different"]
    local: Fingerprint = ""
    remote: Fingerprint = ""


class ChallengeResult(Message, frozen=True):
    """What the médecin-conseil saw of the challenge; nothing follows from it by itself."""

    result: Literal["done", "not_done", "not_offered"]


class Framing(Message, frozen=True):
    """The assuré's page shows a frame to hold a document in, or no longer."""

    on: bool


class Hold(Message, frozen=True):
    """The sender pauses the consultation (nobody sends sound or picture), or resumes it."""

    on: bool


class Delay(Message, frozen=True):
    """The médecin-conseil is late by about so many minutes; 0 takes it back."""

    minutes: Annotated[int, Meta(ge=0, le=240)]


class ThirdNamed(Message, frozen=True):
    """Admit the third participant of this seat, or see them out of the room."""

    seat: ThirdSeat


class ThirdObjection(Message, frozen=True):
    """The assuré does not want this third participant in, or takes that back."""

    seat: ThirdSeat
    objects: bool


class ThirdDescription(Message, frozen=True):
    """An offer or answer between a third participant and anybody else; `Description` tells more."""

    to: SeatName
    sdp: Sdp
    #: Grows by one with each offer of a pair (RoomState.pairs).
    negotiation: Number
    fresh: bool


class ThirdCandidate(Message, frozen=True):
    """A candidate between a third participant and anybody else; `Candidate` tells more."""

    to: SeatName
    negotiation: Number
    candidate: Annotated[str, Meta(max_length=512)]
    sdp_mid: Annotated[str, Meta(max_length=16)] | None = None
    sdp_m_line_index: Annotated[int, Meta(ge=0, le=7)] | None = None
    username_fragment: Annotated[str, Meta(max_length=256)] | None = None


class ThirdRenegotiate(Message, frozen=True):
    """The answering side of a pair asks the offering one for a restart or a new connection."""

    to: SeatName
    reason: Literal["disconnected", "failed", "network", "fresh"]


# --- server to client ---------------------------------------------------------------------------


class Seat(Message, frozen=True):
    """One person's place in the room."""

    presence: SeatPresence
    #: When `presence` last changed.
    since: str | None = None
    instance: str | None = None
    microphone: bool = False
    camera: bool = False
    #: What they do without, and whether their page reports a camera that is a program.
    missing: Missing = ""
    virtual: bool = False
    transport: Transport = "none"
    #: That side's last word on the spoken code.
    code: CodeResult = ""
    #: Who is with them, by their own word; null: they have not said.
    company: list[Companion] | None = None


class Third(Message, frozen=True):
    """A third participant's place in the room: what they are there for, never who they are."""

    seat: ThirdSeat
    kind: ThirdKind
    presence: SeatPresence
    since: str | None = None
    instance: str | None = None
    #: By the médecin-conseil. Signalling and media pass while the assuré is admitted as well.
    admitted: bool = False
    #: The assuré objects: they cannot be admitted.
    objected: bool = False
    microphone: bool = False
    camera: bool = False


class Pair(Message, frozen=True):
    """A third participant and somebody else, between whom an offer was made."""

    offers: SeatName
    answers: SeatName
    #: Number of the last offer; the next one is this plus one. A pair not listed is at 0.
    negotiation: int


class Reception(Message, frozen=True):
    """What the waiting person is told of the médecin-conseil."""

    doctor: Literal["absent", "available", "busy"]
    delay_minutes: int = 0
    #: Who will receive them: it may become another one while they wait.
    name: str = ""
    function: str = ""


class Ending(Message, frozen=True):
    """When, by whom and why the room was closed for good; the same for both."""

    at: str
    by: Literal["assure", "medecin_conseil", "service"]
    reason: EndReason


class InPerson(Message, frozen=True):
    """The in-person appointment that was fixed while somebody is there: the same for both."""

    start: str
    timezone: str
    site: str
    address: str


class Challenge(Message, frozen=True):
    """A gesture that the médecin-conseil asks for; the server drew it."""

    kind: Literal["digits", "fingers", "hand", "turn_left", "turn_right"]
    #: What to read aloud, or how many fingers to show; else empty.
    number: str = ""


class Held(Message, frozen=True):
    """One person's pause, and since when."""

    by: Role
    since: str


class RoomState(Message, frozen=True):
    """The whole room, small enough to be sent at each change; the highest `version` is right."""

    version: int
    phase: Phase
    server_time: str
    assure: Seat
    medecin_conseil: Seat
    reception: Reception
    #: Number of the last offer; the next one is this plus one.
    negotiation: int
    admitted_at: str | None = None
    in_person: InPerson | None = None
    challenge: Challenge | None = None
    framing: bool = False
    #: Who paused, the first one first; nothing is sent while there is anybody.
    held: list[Held] = []
    ending: Ending | None = None
    #: Who else is there or was, by seat.
    thirds: list[Third] = []
    pairs: list[Pair] = []


class Signal(Message, frozen=True):
    """One relayed message of the negotiation in course, numbered so that it can be sent again."""

    seq: int
    kind: SignalKind
    description: Description | None = None
    candidate: Candidate | None = None


class ThirdSignal(Message, frozen=True):
    """The same between a third participant and anybody else; `seq` grows over all pairs."""

    seq: int
    source: SeatName
    kind: SignalKind
    description: Description | None = None
    candidate: Candidate | None = None


class ThirdRenegotiation(Message, frozen=True):
    """`source`, to whom you offer, asks for a restart or a new connection."""

    source: SeatName
    reason: Literal["disconnected", "failed", "network", "fresh"]


class Snapshot(Message, frozen=True):
    """What every (re)join begins with: who you are, the room, and what was signalled to you."""

    you: SeatName
    state: RoomState
    #: Between médecin-conseil and assuré.
    signals: list[Signal]
    #: Between a third participant and you.
    third_signals: list[ThirdSignal] = []


class Removed(Message, frozen=True):
    """The médecin-conseil has seen this third participant out."""

    at: str


class Replaced(Message, frozen=True):
    """This page's seat was taken over by a newer page of the same person."""

    at: str


class Entry(Message, frozen=True):
    """One télécontrôle on the médecin-conseil's day list."""

    id: str
    version: int
    start: str
    opens: str
    closes: str
    timezone: str
    duration_minutes: int
    context: str
    assure_name: str
    status: str
    phase: Phase
    assure: Seat
    doctor: Seat
    #: First arrival in the waiting room, if any.
    arrived_at: str | None = None
    admitted_at: str | None = None
    ended_at: str | None = None
    identity: Literal["", "verified", "not_confirmed"] = ""
    clinical_exam: bool = False
    in_person: bool = False
    outcome_version: int = 0
    #: What the assuré declared to need, as codes.
    needs: list[str] = []
    #: The last reason that was given for an absence; empty: none was.
    justification: Justified = ""
    #: No message of the convocation arrived.
    undelivered: bool = False
    #: The last equipment test: ready, to be watched, did not succeed; empty: none was made.
    equipment: Equipment = ""
    #: Who else waits there or takes part.
    thirds: list[Third] = []


class Day(Message, frozen=True):
    """The whole day, on each (re)connection of a console; entries then come one by one."""

    date: str
    timezone: str
    server_time: str
    delay_minutes: int
    entries: list[Entry]


# --- acknowledgements ---------------------------------------------------------------------------


class Accepted(Message, frozen=True):
    """What was asked is done and, where it is a fact for the record, durable."""

    ok: Literal[True] = True
    version: int = 0


class Refused(Message, frozen=True):
    """What was asked is not done. `code` is for programs, `message` for people (French)."""

    code: str
    message: str
    ok: Literal[False] = False


#: Namespace `/`: one room, one seat. The acknowledgement is `Accepted | Refused`.
CLIENT_TO_SERVER: dict[str, type[Message]] = {
    "offer": Description,
    "answer": Description,
    "candidate": Candidate,
    "renegotiate": Renegotiate,
    "admit": Empty,
    "send_back": Empty,
    "end": Empty,
    "leave": Empty,
    "devices": Devices,
    "company": Company,
    "media": Media,
    "spoken_code": SpokenCode,
    "challenge": Empty,
    "challenge_result": ChallengeResult,
    "framing": Framing,
    "hold": Hold,
    "third_admit": ThirdNamed,
    "third_remove": ThirdNamed,
    "third_object": ThirdObjection,
    "third_offer": ThirdDescription,
    "third_answer": ThirdDescription,
    "third_candidate": ThirdCandidate,
    "third_renegotiate": ThirdRenegotiate,
}
SERVER_TO_CLIENT: dict[str, type[Message]] = {
    "snapshot": Snapshot,
    "state": RoomState,
    "signal": Signal,
    "renegotiate": Renegotiate,
    "replaced": Replaced,
    "third_signal": ThirdSignal,
    "third_renegotiate": ThirdRenegotiation,
    "removed": Removed,
}

#: Namespace `/console`: the day of one médecin-conseil.
CONSOLE_TO_SERVER: dict[str, type[Message]] = {"announce_delay": Delay}
SERVER_TO_CONSOLE: dict[str, type[Message]] = {"day": Day, "entry": Entry}
