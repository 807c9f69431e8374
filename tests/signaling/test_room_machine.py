"""Any order of comings and goings, compared with a model that a child could keep."""

from contextlib import suppress
from itertools import permutations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace
from signaling_doubles import ANSWER, GRACE, OFFER, Clock

from signaling import room as rules
from signaling.protocol import Candidate, Description, Media, Role
from signaling.room import NotAllowed, Room, Step, other

pytestmark = [pytest.mark.row("WR-01"), pytest.mark.row("ID-07"), pytest.mark.row("SP-02")]

#: Six sockets of one room, two of which are the same page reconnecting.
PAGES: dict[str, tuple[Role, str]] = {
    "a1": ("assure", "phone"), "a2": ("assure", "phone"), "a3": ("assure", "tablet"),
    "d1": ("medecin_conseil", "desk"), "d2": ("medecin_conseil", "desk"),
    "d3": ("medecin_conseil", "laptop"),
}  # fmt: skip
SOCKETS = st.sampled_from(sorted(PAGES))
ROOMS = st.sampled_from(["R", "S"])


class Model:
    """What a room is, in seven lines."""

    def __init__(self) -> None:
        self.holder: dict[Role, str | None] = {"assure": None, "medecin_conseil": None}
        self.page: dict[Role, str | None] = {"assure": None, "medecin_conseil": None}
        #: Pages that a newer one has replaced.
        self.former: set[str] = set()
        self.presence: dict[Role, str] = {"assure": "absent", "medecin_conseil": "absent"}
        self.phase = "waiting"
        self.lost_at = 0.0
        self.negotiation = 0


class RoomMachine(RuleBasedStateMachine):
    """Two rooms, so that what is said in one is never heard in the other."""

    @initialize()
    def empty(self) -> None:
        self.clock = Clock()
        self.start = self.clock.now
        self.rooms = {name: Room(name) for name in ("R", "S")}
        self.models = {name: Model() for name in ("R", "S")}

    def elapsed(self) -> float:
        return (self.clock.now - self.start).total_seconds()

    def take(self, name: str, step: Step) -> None:
        """Whatever a step does, it does to its own room, and forwards."""
        before, after = self.rooms[name], step.room
        assert after.id == name
        assert after.version >= before.version
        if after.version == before.version:
            # Only an offer may move on without telling: it is told by itself.
            same = replace(after.state(self.start), negotiation=before.negotiation)
            assert same == before.state(self.start)
        if step.relay:
            self.check_relay(name, step)
        self.rooms[name] = after

    def check_relay(self, name: str, step: Step) -> None:
        assert step.relay is not None
        target = step.room.place(step.relay.to)
        model = self.models[name]
        assert target.sid == model.holder[step.relay.to]
        assert step.relay in step.room.signals

    def refused(self, code: str, verb: object) -> None:
        with pytest.raises(NotAllowed) as refusal:
            verb()  # type: ignore[operator]
        assert refusal.value.code == code

    # --- coming and going

    @rule(name=ROOMS, socket=SOCKETS, new=st.booleans())
    def join(self, name: str, socket: str, new: bool) -> None:
        role, page = PAGES[socket]
        room, model = self.rooms[name], self.models[name]
        if new:
            page = f"{page}-{room.version}"
        sid = f"{name}-{socket}-{room.version}"

        def verb() -> Step:
            return rules.join(room, role, sid, page, now=self.clock.now, grace=GRACE)

        if model.phase == "ended":
            self.refused("ended", verb)
            return
        if page in model.former:
            self.refused("replaced", verb)
            return
        late = (
            role == "assure"
            and model.presence[role] == "lost"
            and self.elapsed() - model.lost_at > GRACE.total_seconds()
        )
        if late and model.phase == "admitted":
            model.phase = "waiting"
        former = model.holder[role] if model.presence[role] == "present" else None
        same = model.page[role] == page
        if not same and (older := model.page[role]) is not None:
            model.former.add(older)
        model.holder[role], model.page[role], model.presence[role] = sid, page, "present"
        step = verb()
        assert (step.stale_sid if same else step.replaced_sid) == former
        assert (step.replaced_sid if same else step.stale_sid) is None
        self.take(name, step)

    @rule(name=ROOMS, role=st.sampled_from(["assure", "medecin_conseil"]), old=st.booleans())
    def drop(self, name: str, role: Role, old: bool) -> None:
        model = self.models[name]
        if model.phase == "ended":
            return
        sid = "a socket replaced long ago" if old else model.holder[role]
        if not old and model.presence[role] == "present":
            model.presence[role], model.holder[role] = "lost", None
            if role == "assure":
                model.lost_at = self.elapsed()
        self.take(name, rules.drop(self.rooms[name], role, sid or "nobody", self.clock.now))

    @rule(name=ROOMS, role=st.sampled_from(["assure", "medecin_conseil"]))
    def leave(self, name: str, role: Role) -> None:
        room, model = self.rooms[name], self.models[name]
        if model.presence[role] != "present":
            return

        def verb() -> Step:
            return rules.leave(room, role, self.clock.now)

        if model.phase == "ended":
            self.refused("ended", verb)
        elif role == "medecin_conseil" and model.phase == "admitted":
            self.refused("in_call", verb)
        else:
            model.presence[role], model.holder[role], model.page[role] = "left", None, None
            if role == "assure":
                model.phase = "waiting"
            self.take(name, verb())

    @rule(seconds=st.sampled_from([1, 45, 61]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    # --- the gate

    @rule(name=ROOMS, role=st.sampled_from(["assure", "medecin_conseil"]))
    def admit(self, name: str, role: Role) -> None:
        room, model = self.rooms[name], self.models[name]

        def verb() -> Step:
            return rules.admit(room, role, self.clock.now)

        if role == "assure":
            self.refused("wrong_role", verb)
        elif model.phase == "ended":
            self.refused("ended", verb)
        elif model.phase == "waiting" and model.presence["assure"] != "present":
            self.refused("assure_absent", verb)
        else:
            model.phase = "admitted"
            self.take(name, verb())

    @rule(name=ROOMS)
    def send_back(self, name: str) -> None:
        room, model = self.rooms[name], self.models[name]
        if model.phase == "ended":
            self.refused("ended", lambda: rules.send_back(room, "medecin_conseil"))
            return
        model.phase = "waiting"
        self.take(name, rules.send_back(room, "medecin_conseil"))

    @rule(name=ROOMS, sure=st.integers(0, 4))
    def end(self, name: str, sure: int) -> None:
        if sure:
            return
        self.models[name].phase = "ended"
        self.take(name, rules.end(self.rooms[name], "service", "ended", self.clock.now))

    # --- what passes

    @rule(name=ROOMS, role=st.sampled_from(["assure", "medecin_conseil"]))
    def offer(self, name: str, role: Role) -> None:
        room, model = self.rooms[name], self.models[name]
        one = Description(sdp=OFFER, negotiation=model.negotiation + 1, fresh=True)

        def verb() -> Step:
            return rules.offer(room, role, one)

        if role == "assure":
            self.refused("wrong_role", verb)
        elif model.phase == "ended":
            self.refused("ended", verb)
        elif model.page["assure"] is None:
            self.refused("peer_absent", verb)
        else:
            model.negotiation += 1
            self.take(name, verb())

    @rule(name=ROOMS, role=st.sampled_from(["assure", "medecin_conseil"]), behind=st.booleans())
    def answer(self, name: str, role: Role, behind: bool) -> None:
        room, model = self.rooms[name], self.models[name]
        one = Description(sdp=ANSWER, negotiation=max(0, model.negotiation - behind), fresh=True)

        def verb() -> Step:
            return rules.answer(room, role, one)

        if role != "assure":
            self.refused("wrong_role", verb)
        elif model.phase == "ended":
            self.refused("ended", verb)
        elif behind or model.negotiation == 0:
            self.refused("stale", verb)
        else:
            self.take(name, verb())

    @rule(name=ROOMS, role=st.sampled_from(["assure", "medecin_conseil"]))
    def candidate(self, name: str, role: Role) -> None:
        room, model = self.rooms[name], self.models[name]
        one = Candidate(negotiation=model.negotiation, candidate="")
        if model.phase != "ended" and model.negotiation and len(room.signals) < rules.MAX_SIGNALS:
            step = rules.candidate(room, role, one)
            assert step.relay is not None
            assert step.relay.to == other(role)
            self.take(name, step)

    @rule(name=ROOMS, role=st.sampled_from(["assure", "medecin_conseil"]))
    def flow(self, name: str, role: Role) -> None:
        room, model = self.rooms[name], self.models[name]

        def verb() -> Step:
            return rules.media(room, role, Media(state="flowing"))

        if model.phase == "admitted":
            self.take(name, verb())
        else:
            self.refused("ended" if model.phase == "ended" else "not_admitted", verb)

    # --- what always holds

    @invariant()
    def the_room_is_as_the_model_says(self) -> None:
        for name, room in getattr(self, "rooms", {}).items():
            model = self.models[name]
            assert room.phase == model.phase
            assert room.negotiation == model.negotiation
            for role in ("assure", "medecin_conseil"):
                place = room.place(role)
                assert (place.presence, place.sid) == (model.presence[role], model.holder[role])

    @invariant()
    def a_seat_has_one_socket_and_only_who_is_present_has_one(self) -> None:
        for room in getattr(self, "rooms", {}).values():
            for role in ("assure", "medecin_conseil"):
                place = room.place(role)
                assert (place.sid is not None) == (place.presence == "present")

    @invariant()
    def nothing_flows_where_nobody_is_admitted(self) -> None:
        for room in getattr(self, "rooms", {}).values():
            transports = {room.assure.transport, room.medecin_conseil.transport}
            assert room.phase == "admitted" or "flowing" not in transports
            assert (room.admitted_at is not None) <= (room.phase != "waiting")

    @invariant()
    def no_room_holds_what_was_said_in_the_other(self) -> None:
        for name, room in getattr(self, "rooms", {}).items():
            sids = {room.assure.sid, room.medecin_conseil.sid} - {None}
            assert all(str(sid).startswith(f"{name}-") for sid in sids)
            assert len(room.signals) <= rules.MAX_SIGNALS


RoomMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestRoomMachine = RoomMachine.TestCase

#: Who comes, and how: a join, a reconnection of the same page, a second tab, a takeover.
COMINGS = ("a1", "d1", "a2", "d2", "a3", "d3")


def final(order: tuple[str, ...]) -> Room:
    room = Room("R")
    for socket in order:
        role, page = PAGES[socket]
        # Whose page was replaced stays outside.
        with suppress(NotAllowed):
            room = rules.join(room, role, socket, page, now=Clock().now, grace=GRACE).room
    return room


def let_in(order: tuple[str, ...]) -> list[str]:
    """These sockets, without those whose page a newer one has replaced before."""
    inside, newest, former = [], {}, set()
    for socket in order:
        role, page = PAGES[socket]
        if page in former:
            continue
        if newest.get(role) != page:
            former.add(newest.get(role))
        newest[role] = page
        inside.append(socket)
    return inside


@pytest.mark.parametrize("order", list(permutations(COMINGS[:4])), ids=" ".join)
def test_every_order_of_joining_and_reconnecting_ends_in_the_same_state(
    order: tuple[str, ...],
) -> None:
    room = final(order)

    states = [room.state(Clock().now), final(COMINGS[:4]).state(Clock().now)]

    assert states[0] == states[1]


def test_every_order_of_tabs_and_takeovers_ends_with_the_newest_page_of_each() -> None:
    rooms = {order: final(order) for order in permutations(COMINGS)}

    for order, room in rooms.items():
        last = {PAGES[socket][0]: socket for socket in let_in(order)}
        assert (room.assure.sid, room.medecin_conseil.sid) == (
            last["assure"],
            last["medecin_conseil"],
        )
        assert (room.assure.presence, room.medecin_conseil.presence) == ("present", "present")
        assert (room.phase, room.version) == ("waiting", len(let_in(order)))
