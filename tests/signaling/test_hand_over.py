"""A room becomes a colleague's: whoever had the seat leaves it, the assuré keeps theirs."""

import pytest
from cluster_doubles import workers_on
from redis_server import RedisServer, until
from room_scenes import GRACE, NOW, ended, joined, offer, refusal
from signaling_doubles import Clock, FakeVoice, FakeWitness

from signaling import room as rules
from signaling.access import Access
from signaling.protocol import Candidate, Company, Reception, Role
from signaling.room import NotAllowed, Room, Step
from signaling.rooms import Memory, Rooms

RECEPTION = Reception(doctor="available", name="Dr B", function="Médecin-conseil")

pytestmark = pytest.mark.row("WR-07")


def seated(holder: str = "mc-1", sid: str = "d1", room: Room | None = None) -> Room:
    room = room or joined(Room("R"), "assure", "a1")
    return rules.join(
        room, "medecin_conseil", sid, f"page-{holder}", now=NOW, grace=GRACE, holder=holder
    ).room


# --- the rules ----------------------------------------------------------------------------------


def test_the_seat_is_emptied_and_the_wait_goes_on() -> None:
    room = rules.offer(seated(), "medecin_conseil", offer()).room

    step = rules.hand_over(room, "mc-2", RECEPTION)

    after = step.room
    assert after.medecin_conseil == rules.Place()
    assert after.assure == room.assure
    assert (after.phase, after.reception, after.signals) == ("waiting", RECEPTION, ())
    assert after.negotiation == room.negotiation
    assert step.stale_sid == "d1"
    (fact,) = step.occurrences
    assert (fact.kind, fact.role, fact.detail) == (
        "left", "medecin_conseil", {"cause": "transfert"},
    )  # fmt: skip


def test_what_the_former_one_declared_goes_with_them() -> None:
    room = rules.company(seated(), "medecin_conseil", Company(others=["soignant"])).room

    after = rules.hand_over(room, "mc-2", RECEPTION).room

    assert after.medecin_conseil.company is None


def test_who_has_it_already_is_not_sent_away() -> None:
    room = rules.admit(seated("mc-2"), "medecin_conseil", NOW).room

    step = rules.hand_over(room, "mc-2", RECEPTION)

    assert step.room.medecin_conseil == room.medecin_conseil
    assert (step.room.phase, step.occurrences, step.stale_sid) == ("admitted", (), None)


def test_an_empty_seat_has_nobody_to_send_away() -> None:
    room = joined(Room("R"), "assure")

    step = rules.hand_over(room, "mc-2", RECEPTION)

    assert (step.room.reception, step.occurrences, step.stale_sid) == (RECEPTION, (), None)


def test_who_was_lost_does_not_come_back_to_it() -> None:
    room = rules.drop(seated(), "medecin_conseil", "d1", NOW).room

    step = rules.hand_over(room, "mc-2", RECEPTION)

    assert step.room.medecin_conseil.presence == "absent"
    assert [one.kind for one in step.occurrences] == ["left"]


def test_the_colleague_offers_with_the_next_number() -> None:
    room = rules.offer(seated(), "medecin_conseil", offer()).room
    room = seated("mc-2", "d2", rules.hand_over(room, "mc-2", RECEPTION).room)

    old = refusal(lambda: rules.offer(room, "medecin_conseil", offer(1)))
    new = rules.offer(room, "medecin_conseil", offer(2))

    assert old == "stale"
    assert new.relay is not None


def test_what_is_over_stays_as_it_is() -> None:
    room = ended()

    assert rules.hand_over(room, "mc-2", RECEPTION) == Step(room)


# --- the rooms of one process -------------------------------------------------------------------


def access(role: Role, subject: str) -> Access:
    return Access(
        kind="room", subject=subject, role=role, room="R", jti="j", session="s", expires=0
    )


@pytest.fixture
async def rooms() -> Rooms:
    one = Rooms(FakeWitness(), Clock(), GRACE)
    one.voice = FakeVoice()
    await one.join(access("assure", "as-1"), Memory("waiting"), "a1", "page-assure")
    await one.join(access("medecin_conseil", "mc-1"), Memory("waiting"), "d1", "page-doctor")
    return one


def voice(rooms: Rooms) -> FakeVoice:
    assert isinstance(rooms.voice, FakeVoice)
    return rooms.voice


async def test_the_former_one_s_socket_is_closed_and_says_nothing_more(rooms: Rooms) -> None:
    former = access("medecin_conseil", "mc-1")

    await rooms.hand_over("R", "mc-2", RECEPTION)

    assert voice(rooms).closed == ["d1"]
    for event, payload in (
        ("candidate", Candidate(negotiation=0, candidate="")),
        ("offer", offer(9)),
        ("company", Company(others=[])),
    ):
        with pytest.raises(NotAllowed) as refused:
            rooms.ask(former, "d1", event, payload)
        assert refused.value.code == "not_seated"


async def test_the_assure_is_told_who_receives_them(rooms: Rooms) -> None:
    await rooms.hand_over("R", "mc-2", RECEPTION)

    sid, event, state = voice(rooms).said[-1]
    assert (sid, event) == ("a1", "state")
    assert state.reception == RECEPTION  # type: ignore[attr-defined]
    assert state.medecin_conseil.presence == "absent"  # type: ignore[attr-defined]


async def test_the_seat_is_taken_away_though_the_record_does_not_answer(rooms: Rooms) -> None:
    witness = rooms._witness
    assert isinstance(witness, FakeWitness)
    witness.down = True

    await rooms.hand_over("R", "mc-2", RECEPTION)
    witness.down = False
    await rooms.join(access("medecin_conseil", "mc-2"), Memory("waiting"), "d2", "page-two")

    assert voice(rooms).closed == ["d1"]
    assert witness.kinds() == ["joined", "joined", "left", "joined"]


async def test_a_room_that_nobody_holds_needs_nothing(rooms: Rooms) -> None:
    await rooms.hand_over("empty", "mc-2", RECEPTION)

    assert rooms.get("empty") is None


# --- several workers ----------------------------------------------------------------------------


@pytest.mark.row("OPS-04")
async def test_the_seat_is_taken_away_wherever_the_room_is_carried(redis: RedisServer) -> None:
    async with workers_on(redis) as workers:
        owner, other = await workers.start(), await workers.start()
        assure = await owner.join("assure")
        doctor = await other.join("medecin_conseil")

        await other.rooms.hand_over("R", "mc-2", RECEPTION)

        await until(lambda: doctor in other.voice.closed)
        await owner.hears(assure, "state", lambda state: state.reception == RECEPTION)
        assert owner.rooms.get("R").medecin_conseil.presence == "absent"
