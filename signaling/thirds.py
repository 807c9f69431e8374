"""The rules of third participants: at most two, let in one by one, connected to everybody there.

Rules like those of room.py. Between two people of whom one is a third participant nothing passes
before the médecin-conseil has admitted the assuré and that third: not their addresses either.
"""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from msgspec.structs import replace

from media.sdp import CandidateRefused, SdpRefused, check_candidate, check_description

from .privacy import told, told_description
from .protocol import (
    Candidate,
    Description,
    Devices,
    Role,
    RoomState,
    SeatName,
    Snapshot,
    ThirdCandidate,
    ThirdDescription,
    ThirdKind,
    ThirdNamed,
    ThirdObjection,
    ThirdRenegotiate,
    ThirdRenegotiation,
    ThirdSeat,
    ThirdSignal,
)
from .room import (
    MAX_SIGNALS,
    NotAllowed,
    Occurrence,
    OccurrenceKind,
    Room,
    Step,
    still_open,
    succeeded,
    wrong_role,
)
from .seats import ORDER, SEATS, Between, Kept, Place, ThirdPlace, silenced


class Comer(NamedTuple):
    """A third participant on the way in. `invitation`: by which; `seat`: the one they had on
    record, before this process knew the room."""

    invitation: str
    kind: ThirdKind
    seat: ThirdSeat | None = None


# --- coming and going ---------------------------------------------------------------------------


def join(
    room: Room, comer: Comer, sid: str, instance: str, *, now: datetime, grace: timedelta
) -> Step:
    """Take one's own seat again, or the first free one; the newest page wins it."""
    still_open(room)
    before, seat = _own(room, comer), seat_for(room, comer, now, grace)
    before = before or ThirdPlace(seat, comer.kind, presence="absent")
    same_page, succeeding = before.instance == instance, succeeded(before, instance)
    former = before.sid if before.presence == "present" and before.sid != sid else None
    too_late = before.presence == "lost" and before.since and now - before.since > grace
    admitted = before.admitted and before.presence in ("present", "lost") and not too_late
    place = replace(
        before,
        presence="present",
        since=before.since if before.presence == "present" else now,
        sid=sid,
        instance=instance,
        admitted=admitted,
        microphone=same_page and before.microphone,
        camera=same_page and before.camera,
        holder=comer.invitation,
        former=succeeding,
    )
    after = _seated(room, place)
    if not same_page:
        after = replace(after, pairs=silenced(after.pairs, seat))
    facts = [_said(kind, place) for kind in _arrival(before, same_page=same_page)]
    if before.admitted and not admitted:
        facts.append(_said("third_sent_back", place, cause="grace"))
    if same_page:
        return Step(after, tuple(facts), stale_sid=former)
    return Step(after, tuple(facts), replaced_sid=former)


def seat_for(room: Room, comer: Comer, now: datetime, grace: timedelta) -> ThirdSeat:
    """:raises NotAllowed: there is none."""
    own = _own(room, comer)
    return own.seat if own else _free(room, now, grace)


def _own(room: Room, comer: Comer) -> ThirdPlace | None:
    for place in room.thirds:
        on_record = not place.holder and (place.seat, place.kind) == (comer.seat, comer.kind)
        if place.holder == comer.invitation or on_record:
            return place
    return None


def _free(room: Room, now: datetime, grace: timedelta) -> ThirdSeat:
    """Never taken, or left, or lost for long; where somebody was objected to stays theirs."""
    places = {place.seat: place for place in room.thirds}

    def is_free(seat: ThirdSeat) -> bool:
        place = places.get(seat)
        if place is None:
            return True
        gone = place.presence == "lost" and place.since and now - place.since > grace
        return not place.objected and (place.presence == "left" or bool(gone))

    free = [seat for seat in SEATS if is_free(seat)]
    if not free:
        raise NotAllowed("full", "Il n'y a plus de place dans cette salle.")
    return min(free, key=lambda seat: (seat in places, seat))


def _arrival(before: ThirdPlace, *, same_page: bool) -> tuple[OccurrenceKind, ...]:
    if before.presence == "present":
        return () if same_page else ("third_replaced",)
    return ("third_returned",) if before.presence == "lost" else ("third_joined",)


def drop(room: Room, sid: str, now: datetime) -> Step:
    """The socket is gone without a word: lost, never « left »."""
    place = seated_by(room, sid)
    if place is None or place.presence != "present":
        return Step(room)
    lost = replace(place, presence="lost", since=now, sid=None)
    return Step(_seated(room, lost), (_said("third_lost", place),))


def leave(room: Room, seat: ThirdSeat, now: datetime) -> Step:
    """Gone on purpose. Who comes back is admitted anew."""
    still_open(room)
    place = _there(room, seat)
    gone = replace(place, presence="left", since=now, sid=None, instance=None, admitted=False)
    gone = replace(gone, microphone=False, camera=False)
    return Step(_closed(_seated(room, gone), seat), (_said("third_left", place),))


def devices(room: Room, seat: ThirdSeat, now_on: Devices) -> Step:
    still_open(room)
    place = _there(room, seat)
    changed = replace(place, microphone=now_on.microphone, camera=now_on.camera)
    return Step(room) if changed == place else Step(_seated(room, changed))


def dismiss(room: Room, invitation: str) -> Step:
    """The invitation is taken back: whoever came by it has no seat any more."""
    if room.phase == "ended":
        return Step(room)
    place = next((one for one in room.thirds if one.holder == invitation), None)
    return Step(room) if place is None else _removed(room, place, None)


# --- who lets in --------------------------------------------------------------------------------


def admit(room: Room, named: ThirdNamed) -> Step:
    """Explicitly, and never before the assuré could see that they are there."""
    still_open(room)
    place = _there(room, named.seat)
    if place.admitted:
        return Step(room)
    if room.assure.presence != "present":
        raise NotAllowed("assure_absent", "L'assuré n'est pas en salle d'attente.")
    if place.objected:
        raise NotAllowed("third_objected", "L'assuré s'oppose à la présence de cette personne.")
    if place.presence != "present":
        raise absent()
    after = _seated(room, replace(place, admitted=True))
    return Step(after, (_said("third_admitted", place, "medecin_conseil"),))


def remove(room: Room, named: ThirdNamed) -> Step:
    """Out of the room for good: the invitation does not hold any more."""
    still_open(room)
    return _removed(room, _there(room, named.seat), "medecin_conseil")


def _removed(room: Room, place: ThirdPlace, by: Role | None) -> Step:
    left = tuple(one for one in room.thirds if one.seat != place.seat)
    after = _closed(replace(room, thirds=left, version=room.version + 1), place.seat)
    return Step(after, (_said("third_removed", place, by),), removed_sid=place.sid)


def objection(room: Room, said: ThirdObjection) -> Step:
    """The assuré's word: a third whom they do not want is not let in, or is no longer in."""
    still_open(room)
    place = _there(room, said.seat)
    if place.objected == said.objects:
        return Step(room)
    admitted = place.admitted and not said.objects
    after = _seated(room, replace(place, objected=said.objects, admitted=admitted))
    kind: OccurrenceKind = "third_objected" if said.objects else "third_accepted"
    facts = [_said(kind, place, "assure", claim=True)]
    if place.admitted and said.objects:
        after = _closed(after, place.seat)
        facts.append(_said("third_sent_back", place, cause="opposition"))
    return Step(after, tuple(facts))


# --- what passes --------------------------------------------------------------------------------


def offer(room: Room, source: SeatName, said: ThirdDescription) -> Step:
    """Within a pair the same one always offers, so that offers never cross."""
    pair = _pair(room, source, said.to)
    if pair.offers != source:
        raise wrong_role()
    if not _instance(room, said.to):
        raise NotAllowed("peer_absent", "Cette personne n'est pas encore là.")
    description = _checked(room, source, said, "offer")
    if said.negotiation == pair.negotiation and _repeated(pair, source, description):
        return Step(room)
    if said.negotiation <= pair.negotiation:
        raise NotAllowed("stale", "Cette offre est dépassée.")
    anew = replace(pair, negotiation=said.negotiation, mail=())
    return _passed(room, anew, source, "offer", description=description)


def answer(room: Room, source: SeatName, said: ThirdDescription) -> Step:
    pair = _pair(room, source, said.to)
    if pair.answers != source:
        raise wrong_role()
    _current(pair, said.negotiation)
    description = _checked(room, source, said, "answer")
    if _repeated(pair, source, description):
        return Step(room)
    return _passed(room, pair, source, "answer", description=description)


def candidate(room: Room, source: SeatName, said: ThirdCandidate) -> Step:
    pair = _pair(room, source, said.to)
    _current(pair, said.negotiation)
    if len(pair.mail) >= MAX_SIGNALS:
        raise NotAllowed("too_many_candidates", "Trop de candidats ICE.")
    try:
        kind = check_candidate(said.candidate)
    except CandidateRefused as refused:
        raise NotAllowed("candidate_refused", "Candidat ICE refusé.") from refused
    one: Candidate | None = Candidate(
        negotiation=said.negotiation,
        candidate=said.candidate,
        sdp_mid=said.sdp_mid,
        sdp_m_line_index=said.sdp_m_line_index,
        username_fragment=said.username_fragment,
    )
    if one is not None and source in room.apart:
        one = told(one, kind)
    # Not refused: a page that gathers more than it should has done nothing wrong.
    return Step(room) if one is None else _passed(room, pair, source, "candidate", candidate=one)


def renegotiate(room: Room, source: SeatName, wanted: ThirdRenegotiate) -> Step:
    """Asked by who answers; not kept: who is not there now makes a whole new offer later."""
    pair = _pair(room, source, wanted.to)
    if pair.answers != source:
        raise wrong_role()
    asked = ThirdRenegotiation(source=source, reason=wanted.reason)
    return Step(room, third=(pair.offers, asked))


# --- who is told what ---------------------------------------------------------------------------


def seated_by(room: Room, sid: str) -> ThirdPlace | None:
    """Who holds a third participant's seat by this socket."""
    return next((place for place in room.thirds if place.sid == sid), None)


def sid_of(room: Room, seat: SeatName) -> str | None:
    place = _at(room, seat)
    return place.sid if place else None


def state_for_third(state: RoomState) -> RoomState:
    """Nothing about the assuré: not where they go next, nor why it ended, nor who is with them."""
    ending = state.ending and replace(state.ending, reason="ended")
    return replace(
        state,
        assure=replace(state.assure, company=None),
        medecin_conseil=replace(state.medecin_conseil, company=None),
        in_person=None,
        challenge=None,
        framing=False,
        ending=ending,
    )


def snapshot(room: Room, sid: str, now: datetime) -> Snapshot:
    """For a third participant; of a room that is over, whoever they were."""
    place = seated_by(room, sid)
    whole = room.snapshot(place.seat if place else SEATS[0], now)
    return replace(whole, state=state_for_third(whole.state))


# --- the checks ---------------------------------------------------------------------------------


def absent() -> NotAllowed:
    return NotAllowed("third_absent", "Cette personne n'est pas là.")


def _place(room: Room, seat: SeatName) -> ThirdPlace | None:
    return next((place for place in room.thirds if place.seat == seat), None)


def _at(room: Room, seat: SeatName) -> Place | ThirdPlace | None:
    if seat == "assure":
        return room.assure
    return room.medecin_conseil if seat == "medecin_conseil" else _place(room, seat)


def _there(room: Room, seat: SeatName) -> ThirdPlace:
    place = _place(room, seat)
    if place is None:
        raise absent()
    return place


def _seated(room: Room, place: ThirdPlace) -> Room:
    others = [one for one in room.thirds if one.seat != place.seat]
    thirds = tuple(sorted((*others, place), key=lambda one: one.seat))
    return replace(room, thirds=thirds, version=room.version + 1)


def _closed(room: Room, seat: ThirdSeat) -> Room:
    return replace(room, pairs=silenced(room.pairs, seat))


def _pair(room: Room, one: SeatName, other: SeatName) -> Between:
    """Theirs, if anything may pass between them now.

    :raises NotAllowed: it is no pair of these rules, or the gate of one of them is closed.
    """
    still_open(room)
    thirds = [seat for seat in (one, other) if seat in SEATS]
    if one == other or not thirds:
        raise wrong_role()
    if room.phase != "admitted" or not all(_is_in(room, seat) for seat in thirds):
        raise NotAllowed("not_admitted", "Cette personne n'est pas admise dans l'entretien.")
    offers, answers = sorted((one, other), key=ORDER.__getitem__)
    for pair in room.pairs:
        if (pair.offers, pair.answers) == (offers, answers):
            return pair
    return Between(offers, answers)


def _is_in(room: Room, seat: SeatName) -> bool:
    place = _place(room, seat)
    return place is not None and place.admitted


def _instance(room: Room, seat: SeatName) -> str | None:
    place = _at(room, seat)
    return place.instance if place else None


def _current(pair: Between, negotiation: int) -> None:
    if negotiation != pair.negotiation or negotiation == 0:
        raise NotAllowed("stale", "Cette négociation est dépassée.")


def _checked(
    room: Room, source: SeatName, said: ThirdDescription, kind: Literal["offer", "answer"]
) -> Description:
    """As it passes to the other."""
    description = Description(sdp=said.sdp, negotiation=said.negotiation, fresh=said.fresh)
    try:
        check_description(description.sdp, kind)
        return told_description(description) if source in room.apart else description
    except (SdpRefused, CandidateRefused) as refused:
        raise NotAllowed("sdp_refused", "Description de session refusée.") from refused


def _repeated(pair: Between, source: SeatName, description: Description) -> bool:
    return any(
        kept.signal.source == source and kept.signal.description == description
        for kept in pair.mail
    )


def _passed(
    room: Room,
    pair: Between,
    source: SeatName,
    kind: Literal["offer", "answer", "candidate"],
    *,
    description: Description | None = None,
    candidate: Candidate | None = None,
) -> Step:
    """Numbered, kept for who comes back, and on its way to the other of the pair."""
    seq = room.third_seq + 1
    signal = ThirdSignal(
        seq=seq, source=source, kind=kind, description=description, candidate=candidate
    )
    to = pair.answers if source == pair.offers else pair.offers
    pair = replace(pair, mail=(*pair.mail, Kept(to, signal)))
    ends = (pair.offers, pair.answers)
    others = [one for one in room.pairs if (one.offers, one.answers) != ends]
    return Step(replace(room, third_seq=seq, pairs=(*others, pair)), third=(to, signal))


def _said(
    kind: OccurrenceKind,
    place: ThirdPlace,
    role: Role | None = None,
    *,
    claim: bool = False,
    cause: str = "",
) -> Occurrence:
    """On record are the seat and what they are there for; `about` is not written there."""
    detail: dict[str, str | int | bool] = {"siege": place.seat, "qualite": place.kind}
    if cause:
        detail["cause"] = cause
    return Occurrence(kind, role, claim=claim, detail=detail, about=place.holder)
