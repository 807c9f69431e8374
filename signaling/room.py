"""The rules of a room: who is present, who waits, who is admitted, what is relayed.

Pure: a verb takes the room as it is and gives the room as it becomes, with what must be put on
record and what must be passed on. Nothing here waits, reads a clock or knows a socket. Structs and
not dataclasses: a new version of a room costs a microsecond, and can be written as JSON.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct
from msgspec.json import Decoder
from msgspec.structs import replace

from media.sdp import CandidateRefused, SdpRefused, check_candidate, check_description

from .frames import encode
from .privacy import told, told_description
from .protocol import (
    Candidate,
    Challenge,
    Company,
    Description,
    Devices,
    Ending,
    EndReason,
    Held,
    InPerson,
    Media,
    Phase,
    Reception,
    Role,
    RoomState,
    SeatName,
    Signal,
    SignalKind,
    Snapshot,
    ThirdRenegotiation,
    ThirdSignal,
)
from .rights import EVENTS
from .seats import Pairs, Place, ThirdPlace, addressed, iso, not_admitted, silenced

_signal_of = Decoder(Signal).decode

#: Candidates kept for a side that is away; more than this are refused (RFC 8838 trickling
#: of one interface and one TURN server stays far below).
MAX_SIGNALS = 96
#: Pages of one person that are remembered as replaced by a newer one.
FORMER = 16

OccurrenceKind = Literal[
    "joined", "returned", "replaced", "left", "lost",
    "admitted", "sent_back", "ended",
    "media_ready", "media_flowing", "media_lost", "media_kept", "company", "minute",
    "code_shown", "code_unavailable", "code_identical", "code_different", "held", "resumed",
    "third_joined", "third_returned", "third_replaced", "third_left", "third_lost",
    "third_admitted", "third_sent_back", "third_removed", "third_objected", "third_accepted",
    "camera_reported",
    "challenge_asked", "challenge_done", "challenge_not_done", "challenge_not_offered",
]  # fmt: skip


#: What a side says of its media path, as it goes on record.
CLAIMS: dict[Literal["ready", "flowing", "lost"], OccurrenceKind] = {
    "ready": "media_ready",
    "flowing": "media_flowing",
    "lost": "media_lost",
}

#: Until the server has said what the médecin-conseil does.
UNKNOWN = Reception(doctor="absent")


class NotAllowed(Exception):
    """What a client asked is against the rules; `code` for programs, `message` for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


class Occurrence(Struct, frozen=True, gc=False):
    """Something that happened in the room and belongs on its record."""

    kind: OccurrenceKind
    role: Role | None
    #: One side's word, which the server did not see by itself.
    claim: bool = False
    detail: Mapping[str, str | int | bool] = {}
    #: The invitation of the third participant it is about; not written on record.
    about: str = ""


class Relay(Struct, frozen=True, gc=False):
    """A message that the other side must get. It is kept for who comes back, with those before it:
    a chain, so that the hundredth is kept as quickly as the first."""

    to: Role
    kind: SignalKind
    #: The signal as it is sent: encoded once, and one object where it would be four.
    said: bytes
    before: "Relay | None"
    #: How many there are, this one included.
    count: int

    @property
    def signal(self) -> Signal:
        return _signal_of(self.said)


class Room(Struct, frozen=True, gc=False):
    """One télécontrôle's room, between two versions."""

    id: str
    phase: Phase = "waiting"
    assure: Place = Place()
    medecin_conseil: Place = Place()
    reception: Reception = UNKNOWN
    negotiation: int = 0
    #: What was relayed last in the negotiation in course; the ones before hang on it.
    mail: Relay | None = None
    seq: int = 0
    version: int = 0
    admitted_at: datetime | None = None
    in_person: InPerson | None = None
    #: The gesture that is asked for now.
    challenge: Challenge | None = None
    #: The assuré is helped to hold a document in view.
    framing: bool = False
    #: Who paused, and since when (pause.py).
    held: tuple[tuple[Role, datetime], ...] = ()
    ending: Ending | None = None
    #: Whose addresses the other never learns.
    apart: frozenset[SeatName] = frozenset()
    #: Third participants, by seat (thirds.py); and what passes between them and anybody.
    thirds: tuple[ThirdPlace, ...] = ()
    pairs: Pairs = ()
    third_seq: int = 0

    def place(self, role: Role) -> Place:
        return self.assure if role == "assure" else self.medecin_conseil

    @property
    def seats(self) -> tuple[Place | ThirdPlace, ...]:
        return (self.assure, self.medecin_conseil, *self.thirds)

    @property
    def signals(self) -> tuple[Relay, ...]:
        """What was relayed, the oldest first, each with who it is for."""
        found, mail = [], self.mail
        while mail is not None:
            found.append(mail)
            mail = mail.before
        return tuple(reversed(found))

    @property
    def occupied(self) -> bool:
        return "present" in (self.assure.presence, self.medecin_conseil.presence)

    def state(self, now: datetime) -> RoomState:
        return RoomState(
            version=self.version,
            phase=self.phase,
            server_time=now.isoformat(),
            assure=self.assure.shown(),
            medecin_conseil=self.medecin_conseil.shown(),
            reception=self.reception,
            negotiation=self.negotiation,
            admitted_at=iso(self.admitted_at),
            in_person=self.in_person,
            challenge=self.challenge,
            framing=self.framing,
            held=[Held(by=by, since=since.isoformat()) for by, since in self.held],
            ending=self.ending,
            thirds=[one.shown() for one in self.thirds],
            pairs=[one.shown() for one in self.pairs],
        )

    def snapshot(self, seat: SeatName, now: datetime) -> Snapshot:
        return Snapshot(
            you=seat,
            state=self.state(now),
            signals=[relay.signal for relay in self.signals if relay.to == seat],
            third_signals=addressed(self.pairs, seat),
        )


class Step(Struct, frozen=True, gc=False):
    """What one verb did."""

    room: Room
    occurrences: tuple[Occurrence, ...] = ()
    relay: Relay | None = None
    #: The socket whose seat was taken over by another page.
    replaced_sid: str | None = None
    #: The socket that a reconnection of the same page leaves behind.
    stale_sid: str | None = None
    #: The socket of a third participant who is seen out.
    removed_sid: str | None = None
    #: What one of a pair with a third participant must get.
    third: tuple[SeatName, ThirdSignal | ThirdRenegotiation] | None = None


def other(role: Role) -> Role:
    return "medecin_conseil" if role == "assure" else "assure"


def seated(room: Room, role: Role, place: Place, **changes: object) -> Room:
    return replace(room, **{role: place, "version": room.version + 1, **changes})


# --- coming and going ---------------------------------------------------------------------------


def join(
    room: Room,
    role: Role,
    sid: str,
    instance: str,
    *,
    now: datetime,
    grace: timedelta,
    holder: str = "",
) -> Step:
    """Take the seat: the newest page of a person always wins it, and no older one comes back.

    `holder`: that person. `grace`: how long a lost assuré may come back without being admitted
    again.
    """
    still_open(room)
    before = room.place(role)
    same_page = before.instance == instance
    succeeding = succeeded(before, instance)
    former = before.sid if before.presence == "present" and before.sid != sid else None
    place = Place(
        presence="present",
        since=before.since if before.presence == "present" else now,
        sid=sid,
        instance=instance,
        microphone=same_page and before.microphone,
        camera=same_page and before.camera,
        missing=before.missing if same_page else "",
        virtual=same_page and before.virtual,
        reported=before.reported and before.holder in ("", holder),
        transport=before.transport if same_page else "none",
        code=before.code if same_page else "",
        certificates=before.certificates if same_page else "",
        holder=holder,
        # Of the person and not of the page; who has left is asked again.
        company=before.company if before.holder in ("", holder) else None,
        former=succeeding,
    )
    after = seated(room, role, place)
    if not same_page:
        after = replace(after, mail=None, pairs=silenced(after.pairs, role))
    occurrences = [*_arrival(before, role, same_page=same_page)]
    too_late = before.presence == "lost" and before.since and now - before.since > grace
    if role == "assure" and room.phase == "admitted" and too_late:
        after = gated(after)
        occurrences.append(Occurrence("sent_back", "assure", detail={"cause": "grace"}))
    if same_page:
        return Step(after, tuple(occurrences), stale_sid=former)
    return Step(after, tuple(occurrences), replaced_sid=former)


def succeeded(before: Place | ThirdPlace, instance: str) -> tuple[str, ...]:
    """The pages that this one comes after.

    A page whose line comes back when a newer one (on another device, perhaps) has had the seat does
    not take it from that one: its holder does, by a new page.

    :raises NotAllowed: it is one of those.
    """
    if instance in before.former:
        raise NotAllowed("replaced", "Ce rendez-vous est ouvert sur une page plus récente.")
    if before.instance in (None, instance):
        return before.former
    return (*before.former, before.instance)[-FORMER:]


def _arrival(before: Place, role: Role, *, same_page: bool) -> tuple[Occurrence, ...]:
    if before.presence == "present":
        return () if same_page else (Occurrence("replaced", role),)
    if before.presence == "lost":
        # After a restart of the server nobody knows which page it was.
        detail = {"reload": not same_page} if before.instance else {}
        return (Occurrence("returned", role, detail=detail),)
    return (Occurrence("joined", role),)


def drop(room: Room, role: Role, sid: str, now: datetime) -> Step:
    """The socket is gone without a word: lost, never « left »."""
    place = room.place(role)
    if place.sid != sid or place.presence != "present":
        return Step(room)
    lost = replace(place, presence="lost", since=now, sid=None)
    return Step(seated(room, role, lost), (Occurrence("lost", role),))


def leave(room: Room, role: Role, now: datetime) -> Step:
    """Gone on purpose. An assuré who comes back is admitted anew."""
    still_open(room)
    if role == "medecin_conseil" and room.phase == "admitted":
        raise NotAllowed("in_call", "Terminez le télécontrôle ou remettez l'assuré en attente.")
    gone = Place(presence="left", since=now, former=room.place(role).former)
    after = seated(room, role, gone, mail=None)
    if role == "assure" and after.phase == "admitted":
        after = gated(after)
    return Step(after, (Occurrence("left", role),))


def hand_over(room: Room, to: str, reception: Reception) -> Step:
    """The médecin-conseil `to` receives this person: whoever else has that seat leaves it.

    The wait goes on. What was negotiated was with the one before, and is forgotten.
    """
    if room.phase == "ended":
        return Step(room)
    before = room.medecin_conseil
    if before.holder == to or before.presence == "absent":
        return receive(room, reception)
    after = seated(gated(room), "medecin_conseil", Place(), reception=reception, mail=None)
    after = replace(after, challenge=None, framing=False, thirds=not_admitted(after.thirds))
    if before.presence == "left":
        return Step(after)
    gone = Occurrence("left", "medecin_conseil", detail={"cause": "transfert"})
    return Step(after, (gone,), stale_sid=before.sid)


# --- the gate -----------------------------------------------------------------------------------


def admit(room: Room, role: Role, now: datetime) -> Step:
    """Only the médecin-conseil admits, and only somebody who is there."""
    only("admit", role)
    still_open(room)
    if room.phase == "admitted":
        return Step(room)
    if room.assure.presence != "present":
        raise NotAllowed("assure_absent", "L'assuré n'est pas en salle d'attente.")
    after = replace(room, phase="admitted", admitted_at=now, version=room.version + 1)
    return Step(after, (Occurrence("admitted", "medecin_conseil"),))


def send_back(room: Room, role: Role) -> Step:
    """Back to the waiting room; the connection stays warm, no media flows."""
    only("send_back", role)
    still_open(room)
    if room.phase != "admitted":
        return Step(room)
    after = replace(gated(room), version=room.version + 1)
    return Step(after, (Occurrence("sent_back", "medecin_conseil"),))


def gated(room: Room) -> Room:
    """The gate closed: nobody is admitted any more, so nothing flows."""
    return replace(cooled(room), phase="waiting", admitted_at=None)


def cooled(room: Room) -> Room:
    """Media stops, and what was asked of somebody in view; the transport stays."""

    def still(place: Place) -> Place:
        return replace(place, transport="ready") if place.transport == "flowing" else place

    return replace(
        room,
        assure=still(room.assure),
        medecin_conseil=still(room.medecin_conseil),
        challenge=None,
        framing=False,
        held=(),
        pairs=silenced(room.pairs),
    )


def end(
    room: Room,
    by: Literal["assure", "medecin_conseil", "service"],
    reason: EndReason,
    now: datetime,
) -> Step:
    """Closed for good; both sides get the same hour."""
    if room.phase == "ended":
        return Step(room)
    ending = Ending(at=now.isoformat(), by=by, reason=reason)
    after = replace(cooled(room), phase="ended", ending=ending, mail=None, version=room.version + 1)
    role: Role | None = None if by == "service" else by
    return Step(after, (Occurrence("ended", role, detail={"by": by, "reason": reason}),))


def receive(room: Room, reception: Reception) -> Step:
    """What the waiting person is told of the médecin-conseil has changed."""
    if reception == room.reception:
        return Step(room)
    return Step(replace(room, reception=reception, version=room.version + 1))


def meet(room: Room, in_person: InPerson | None) -> Step:
    """Both see where and when they meet in person; None: not any more."""
    if in_person == room.in_person:
        return Step(room)
    return Step(replace(room, in_person=in_person, version=room.version + 1))


# --- what passes --------------------------------------------------------------------------------


def offer(room: Room, role: Role, description: Description) -> Step:
    """Only the médecin-conseil offers, so that offers never cross."""
    only("offer", role)
    still_open(room)
    if not room.assure.instance:
        raise NotAllowed("peer_absent", "L'assuré n'est pas encore là.")
    if description.negotiation == room.negotiation and _repeated(room, role, description):
        return Step(room)
    if description.negotiation <= room.negotiation:
        raise NotAllowed("stale", "Cette offre est dépassée.")
    _check(description, "offer")
    description = _told(room, role, description)
    after = replace(room, negotiation=description.negotiation, mail=None)
    return _passed(after, "assure", "offer", description)


def answer(room: Room, role: Role, description: Description) -> Step:
    only("answer", role)
    still_open(room)
    _current(room, description.negotiation)
    if _repeated(room, role, description):
        return Step(room)
    _check(description, "answer")
    description = _told(room, role, description)
    return _passed(room, "medecin_conseil", "answer", description)


def candidate(room: Room, role: Role, one: Candidate) -> Step:
    """The most frequent of all verbs."""
    if room.phase == "ended" or one.negotiation != room.negotiation or not room.negotiation:
        still_open(room)
        _current(room, one.negotiation)
    if room.mail is not None and room.mail.count >= MAX_SIGNALS:
        raise NotAllowed("too_many_candidates", "Trop de candidats ICE.")
    try:
        kind = check_candidate(one.candidate)
    except CandidateRefused as refused:
        raise NotAllowed("candidate_refused", "Candidat ICE refusé.") from refused
    if role in room.apart:
        passing = told(one, kind)
        if passing is None:
            # Not refused: a page that gathers more than it should has done nothing wrong.
            return Step(room)
        one = passing
    return _passed(room, other(role), "candidate", None, one)


def renegotiate(room: Room, role: Role) -> Step:
    """Whether the assuré may ask for an ICE restart now; the asking itself is not kept."""
    only("renegotiate", role)
    still_open(room)
    return Step(room)


def devices(room: Room, role: Role, now_on: Devices) -> Step:
    """What the sender's devices do; the first word on a camera that is a program is kept."""
    still_open(room)
    place = room.place(role)
    changed = replace(
        place,
        microphone=now_on.microphone,
        camera=now_on.camera,
        missing=now_on.missing,
        virtual=now_on.virtual,
        reported=place.reported or now_on.virtual,
    )
    if changed == place:
        return Step(room)
    new = changed.reported and not place.reported
    fact = (Occurrence("camera_reported", role, claim=True),) if new else ()
    return Step(seated(room, role, changed), fact)


def company(room: Room, role: Role, said: Company) -> Step:
    """Who is in the room with this person: what they say, as often as it changes (row CO-09)."""
    still_open(room)
    place, others = room.place(role), tuple(sorted(said.others))
    if place.company == others:
        return Step(room)
    counted: dict[str, str | int | bool] = {"nombre": len(others)}
    counted |= {one: others.count(one) for one in sorted(set(others))}
    after = seated(room, role, replace(place, company=others))
    return Step(after, (Occurrence("company", role, claim=True, detail=counted),))


def media(room: Room, role: Role, claim: Media) -> Step:
    """One side's word on its media path."""
    still_open(room)
    if claim.state == "flowing" and room.phase != "admitted":
        raise NotAllowed("not_admitted", "Aucun média avant l'admission.")
    place = room.place(role)
    after = seated(room, role, replace(place, transport=claim.state))
    kind = CLAIMS[claim.state]
    if kind == "media_flowing" and claim.continuous:
        kind = "media_kept"
    said = {"cause": claim.cause, "path": claim.path}
    detail: dict[str, str | int | bool] = {name: word for name, word in said.items() if word}
    return Step(after, (Occurrence(kind, role, claim=True, detail=detail),))


# --- the checks ---------------------------------------------------------------------------------


def only(event: str, role: Role) -> None:
    """Whoever may send it (rights.py)."""
    if role not in EVENTS[event].roles:
        raise wrong_role()


def wrong_role() -> NotAllowed:
    return NotAllowed("wrong_role", "Cette action n'est pas permise à ce rôle.")


def still_open(room: Room) -> None:
    if room.phase == "ended":
        raise NotAllowed("ended", "Ce télécontrôle est terminé.")


def _current(room: Room, negotiation: int) -> None:
    if negotiation != room.negotiation or negotiation == 0:
        raise NotAllowed("stale", "Cette négociation est dépassée.")


def _check(description: Description, kind: Literal["offer", "answer"]) -> None:
    try:
        check_description(description.sdp, kind)
    except SdpRefused as refused:
        raise NotAllowed("sdp_refused", "Description de session refusée.") from refused


def _told(room: Room, role: Role, description: Description) -> Description:
    """As it passes to the other side."""
    if role not in room.apart:
        return description
    try:
        return told_description(description)
    except (SdpRefused, CandidateRefused) as refused:
        raise NotAllowed("sdp_refused", "Description de session refusée.") from refused


def _repeated(room: Room, role: Role, description: Description) -> bool:
    kind = "answer" if role == "assure" else "offer"
    passing = _told(room, role, description)
    return any(kept.kind == kind and kept.signal.description == passing for kept in room.signals)


def _passed(
    room: Room,
    to: Role,
    kind: SignalKind,
    description: Description | None = None,
    candidate: Candidate | None = None,
) -> Step:
    """Numbered, kept for who comes back, and on its way to the other side."""
    seq, before = room.seq + 1, room.mail
    signal = Signal(seq=seq, kind=kind, description=description, candidate=candidate)
    relay = Relay(to, kind, encode(signal), before, 1 if before is None else before.count + 1)
    return Step(replace(room, seq=seq, mail=relay), (), relay)
