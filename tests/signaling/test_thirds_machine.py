"""Third participants against a simple model: nothing passes before they are let in (row CO-08)."""

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from typing import Any, get_args

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from room_scenes import NOW
from signaling_doubles import GRACE
from third_rooms import third_answer, third_ice, third_offer

from signaling import room as rules
from signaling import thirds
from signaling.protocol import (
    SeatName,
    ThirdKind,
    ThirdNamed,
    ThirdObjection,
    ThirdRenegotiate,
    ThirdSeat,
)
from signaling.room import NotAllowed, Room, Step
from signaling.seats import SEATS
from signaling.thirds import Comer

KINDS: dict[str, ThirdKind] = {"one": "interprete", "two": "proche", "three": "interprete_lsf"}
INVITATIONS = st.sampled_from(sorted(KINDS))
ALL: tuple[SeatName, ...] = get_args(SeatName)
RANK = {"medecin_conseil": 0, "assure": 1, "tiers1": 2, "tiers2": 3}


@dataclass
class Person:
    """What the model knows of somebody invited."""

    seat: ThirdSeat
    page: int = 0
    there: bool = True
    lost_at: float | None = None
    admitted: bool = False
    objected: bool = False


@dataclass
class Model:
    people: dict[str, Person] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)

    def at(self, seat: str) -> Person | None:
        return next((one for one in self.people.values() if one.seat == seat), None)


class ThirdsMachine(RuleBasedStateMachine):
    """One room; its two people come, go, admit and send back beside the third participants."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Room("R")
        self.model = Model()
        self.seconds = 0.0
        for role in ("medecin_conseil", "assure"):
            self.room = rules.join(
                self.room, role, role, f"page-{role}", now=self.now, grace=GRACE
            ).room

    @property
    def now(self) -> Any:
        return NOW + timedelta(seconds=self.seconds)

    def take(self, step: Step) -> None:
        assert step.room.version >= self.room.version
        for fact in step.occurrences:
            if fact.kind.startswith("third_"):
                assert fact.detail.keys() <= {"siege", "qualite", "cause"}
        self.room = step.room

    def refused(self, code: str, verb: Any) -> None:
        with pytest.raises(NotAllowed) as refusal:
            verb()
        assert refusal.value.code == code

    @property
    def open(self) -> bool:
        return self.room.phase != "ended"

    # --- the two others

    @precondition(lambda self: self.open)
    @rule(what=st.sampled_from(["admit", "send_back", "lose", "come"]))
    def main(self, what: str) -> None:
        room = self.room
        if what == "admit" and room.assure.presence == "present":
            self.take(rules.admit(room, "medecin_conseil", self.now))
        elif what == "send_back":
            self.take(rules.send_back(room, "medecin_conseil"))
        elif what == "lose" and room.assure.sid:
            self.take(rules.drop(room, "assure", room.assure.sid, self.now))
        elif what == "come":
            self.take(
                rules.join(room, "assure", "assure", "page-assure", now=self.now, grace=GRACE)
            )

    @rule(sure=st.integers(0, 9))
    def end(self, sure: int) -> None:
        if not sure:
            self.take(rules.end(self.room, "medecin_conseil", "ended", self.now))

    @rule(seconds=st.sampled_from([1.0, 59.0, 61.0]))
    def time(self, seconds: float) -> None:
        self.seconds += seconds

    # --- coming and going

    def is_late(self, one: Person) -> bool:
        return one.lost_at is not None and self.seconds - one.lost_at > GRACE.total_seconds()

    def free(self) -> list[ThirdSeat]:
        taken = {
            one.seat: one.objected
            or one.there
            or (one.lost_at is not None and not self.is_late(one))
            for one in self.model.people.values()
        }
        return [seat for seat in SEATS if not taken.get(seat, False)]

    @rule(who=INVITATIONS, anew=st.booleans())
    def join(self, who: str, anew: bool) -> None:
        model, known = self.model, self.model.people.get(who)
        if who in model.removed:
            # The server refuses them before the room sees them.
            return
        page = (known.page if known else 0) + anew
        comer, sid = Comer(who, KINDS[who]), f"{who}-{self.room.version}"

        def verb() -> Step:
            return thirds.join(
                self.room, comer, sid, f"page-{who}-{page}", now=self.now, grace=GRACE
            )

        if not self.open:
            self.refused("ended", verb)
            return
        if known is None and not self.free():
            self.refused("full", verb)
            return
        step = verb()
        if known is None:
            seat = step.room.thirds[[p.sid for p in step.room.thirds].index(sid)].seat
            assert seat in self.free()
            for name in [name for name, one in model.people.items() if one.seat == seat]:
                del model.people[name]
            known = model.people[who] = Person(seat)
        left = not known.there and known.lost_at is None
        known.admitted = known.admitted and not left and not self.is_late(known)
        known.there, known.lost_at, known.page = True, None, page
        self.take(step)

    def seated(self, who: str) -> Any:
        return next((p for p in self.room.thirds if p.holder == who), None)

    @rule(who=INVITATIONS)
    def lose(self, who: str) -> None:
        place, known = self.seated(who), self.model.people.get(who)
        if self.open and place is not None and place.sid and known is not None and known.there:
            known.there, known.lost_at = False, self.seconds
            self.take(thirds.drop(self.room, place.sid, self.now))

    @rule(who=INVITATIONS)
    def leave(self, who: str) -> None:
        known = self.model.people.get(who)
        if self.open and known is not None and known.there:
            known.there, known.lost_at, known.admitted = False, None, False
            self.take(thirds.leave(self.room, known.seat, self.now))

    # --- who lets in

    @rule(seat=st.sampled_from(SEATS))
    def admit(self, seat: ThirdSeat) -> None:
        one = self.model.at(seat)

        def verb() -> Step:
            return thirds.admit(self.room, ThirdNamed(seat=seat))

        if not self.open:
            self.refused("ended", verb)
        elif one is None:
            self.refused("third_absent", verb)
        elif one.admitted:
            assert verb().room is self.room
        elif self.room.assure.presence != "present":
            self.refused("assure_absent", verb)
        elif one.objected:
            self.refused("third_objected", verb)
        elif not one.there:
            self.refused("third_absent", verb)
        else:
            one.admitted = True
            self.take(verb())

    @rule(seat=st.sampled_from(SEATS), objects=st.booleans())
    def object(self, seat: ThirdSeat, objects: bool) -> None:
        one = self.model.at(seat)
        if self.open and one is not None:
            one.objected = objects
            one.admitted = one.admitted and not objects
            self.take(thirds.objection(self.room, ThirdObjection(seat=seat, objects=objects)))

    @rule(seat=st.sampled_from(SEATS), sure=st.integers(0, 2))
    def remove(self, seat: ThirdSeat, sure: int) -> None:
        if self.open and self.model.at(seat) is not None and not sure:
            (who,) = (name for name, one in self.model.people.items() if one.seat == seat)
            del self.model.people[who]
            self.model.removed.add(who)
            self.take(thirds.remove(self.room, ThirdNamed(seat=seat)))

    # --- what passes

    def passes(self, source: str, to: str) -> str:
        """Why not; empty: it may."""
        if not self.open:
            return "ended"
        pair = [self.model.at(seat) for seat in (source, to) if seat in SEATS]
        if source == to or not pair:
            return "wrong_role"
        if self.room.phase != "admitted":
            return "not_admitted"
        return "" if all(one is not None and one.admitted for one in pair) else "not_admitted"

    @rule(
        ends=st.sampled_from(list(product(ALL, ALL))),
        kind=st.sampled_from(["offer", "answer", "candidate", "renegotiate"]),
        step_on=st.sampled_from([0, 1]),
    )
    def signal(self, ends: tuple[SeatName, SeatName], kind: str, step_on: int) -> None:
        source, to = ends
        pair = sorted(ends, key=RANK.__getitem__)
        number = self.model.numbers.get((pair[0], pair[1]), 0) + step_on
        why = self.passes(source, to)
        if not why and kind != "candidate" and (kind == "offer") is not (source == pair[0]):
            why = "wrong_role"

        try:
            step = self.asked(kind, source, to, number)
        except NotAllowed as wrong:
            code = wrong.code
        else:
            code = ""
            if kind == "offer":
                self.model.numbers[pair[0], pair[1]] = number
            assert step.third is None or step.third[0] == to
            assert step.room.version == self.room.version
            self.take(step)

        assert code == why if why else code in {"", "stale", "peer_absent", "too_many_candidates"}

    def asked(self, kind: str, source: SeatName, to: SeatName, number: int) -> Step:
        if kind == "offer":
            return thirds.offer(self.room, source, third_offer(to, number))
        if kind == "answer":
            return thirds.answer(self.room, source, third_answer(to, number))
        if kind == "candidate":
            return thirds.candidate(self.room, source, third_ice(to, number))
        return thirds.renegotiate(self.room, source, ThirdRenegotiate(to=to, reason="fresh"))

    # --- always

    @invariant()
    def the_room_is_as_the_model_says(self) -> None:
        found = {p.holder: (p.seat, p.presence == "present", p.admitted, p.objected)
                 for p in self.room.thirds}  # fmt: skip
        assert found == {
            name: (one.seat, one.there, one.admitted, one.objected)
            for name, one in self.model.people.items()
        }

    @invariant()
    def nothing_is_kept_for_whom_the_gate_is_closed(self) -> None:
        for pair in self.room.pairs:
            if pair.mail:
                assert not self.passes(pair.offers, pair.answers)

    @invariant()
    def two_at_most_and_no_page_twice(self) -> None:
        sids = [place.sid for place in self.room.thirds if place.sid]
        assert len(self.room.thirds) <= len(SEATS)
        assert len(sids) == len(set(sids))


ThirdsMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestThirdsMachine = pytest.mark.row("CO-08")(ThirdsMachine.TestCase)
