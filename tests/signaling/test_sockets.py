"""Rooms over real sockets: python-socketio clients against the guarded server."""

import asyncio
from itertools import permutations
from typing import Any

import pytest
import socketio
from signaling_doubles import (
    ANSWER,
    HOST,
    OFFER,
    PATIENCE,
    ROLES,
    House,
    Person,
    candidate_of,
    description,
    people,
)

from signaling.protocol import CLIENT_TO_SERVER, Phase, Role
from signaling.rights import EVENTS


def timeless(state: dict[str, Any]) -> dict[str, Any]:
    """The room without its hours and its version."""
    seats = {
        role: {name: value for name, value in state[role].items() if name != "since"}
        for role in ROLES
    }
    rest = {name: state[name] for name in ("phase", "reception", "negotiation", "ending")}
    return {**rest, **seats}


# --- any order ends in the same room ------------------------------------------------------------

STEPS = ("assure", "medecin_conseil", "assure again", "second tab")


@pytest.mark.row("WR-01")
@pytest.mark.parametrize("order", list(permutations(STEPS)), ids=" / ".join)
async def test_whoever_comes_first_both_see_the_same_room(
    house: House, order: tuple[str, ...]
) -> None:
    pages = {
        "assure": Person(house, "assure", instance="assure-page"),
        "assure again": Person(house, "assure", instance="assure-page"),
        "medecin_conseil": Person(house, "medecin_conseil", instance="first-tab"),
        "second tab": Person(house, "medecin_conseil", instance="second-tab"),
    }

    async with people(*(pages[step] for step in order)):
        last = {pages[step].role: pages[step] for step in order}
        version = house.version()
        seen = [await last[role].sees(lambda state: state["version"] == version) for role in ROLES]

        assert timeless(seen[0]) == timeless(seen[1])
        assert {seen[0][role]["presence"] for role in ROLES} == {"present"}
        assert seen[0]["medecin_conseil"]["instance"] == last["medecin_conseil"].instance


@pytest.mark.row("WR-01")
@pytest.mark.parametrize(
    "order", list(permutations(("assure", "medecin", "medecin again"))), ids=" / ".join
)
async def test_the_medecin_who_comes_late_or_back_sees_who_waits(
    house: House, order: tuple[str, ...]
) -> None:
    pages = {
        "assure": Person(house, "assure"),
        "medecin": Person(house, "medecin_conseil"),
        "medecin again": Person(house, "medecin_conseil"),
    }

    async with people(*(pages[step] for step in order)):
        last = [pages[step] for step in order if pages[step].role == "medecin_conseil"][-1]
        state = await last.sees(lambda state: state["assure"]["presence"] == "present")

        assert (state["phase"], state["medecin_conseil"]["presence"]) == ("waiting", "present")


# --- the gate, from side to side ----------------------------------------------------------------


@pytest.mark.row("WR-01")
async def test_an_admission_reaches_the_other_side(house: House) -> None:
    assure, medecin = Person(house, "assure"), Person(house, "medecin_conseil")

    async with people(assure, medecin):
        answer = await medecin.ask("admit")
        state = await assure.sees(lambda state: state["phase"] == "admitted")

        assert (answer["ok"], state["version"]) == (True, answer["version"])


async def test_what_is_signalled_arrives_in_order(house: House) -> None:
    assure, medecin = Person(house, "assure"), Person(house, "medecin_conseil")

    async with people(assure, medecin):
        await medecin.client.emit("offer", description())
        for number in range(20):
            text = HOST.replace("43210", str(40_000 + number))
            await medecin.client.emit("candidate", candidate_of(text=text))
        last = await assure.hears("signal", lambda signal: signal["seq"] == 21)
        signals = [message for event, message in assure.heard if event == "signal"]

        assert [signal["seq"] for signal in signals] == list(range(1, 22))
        assert last["candidate"]["candidate"].endswith("40019 typ host generation 0")


async def test_an_answer_goes_back_to_who_offered(house: House) -> None:
    assure, medecin = Person(house, "assure"), Person(house, "medecin_conseil")

    async with people(assure, medecin):
        await medecin.ask("offer", description())
        await assure.ask("answer", description(ANSWER))
        heard = await medecin.hears("signal")

        assert (heard["kind"], heard["description"]["sdp"]) == ("answer", ANSWER)


async def test_a_wish_to_renegotiate_reaches_the_offering_side_alone(house: House) -> None:
    assure, medecin = Person(house, "assure"), Person(house, "medecin_conseil")

    async with people(assure, medecin):
        await assure.ask("renegotiate", {"reason": "network"})
        heard = await medecin.hears("renegotiate")
        await assure.barrier()

        assert heard == {"reason": "network"}
        assert "renegotiate" not in [event for event, _ in assure.heard]


@pytest.mark.row("SP-02")
async def test_what_the_protocol_does_not_name_is_not_relayed(house: House) -> None:
    assure, medecin = Person(house, "assure"), Person(house, "medecin_conseil")

    async with people(assure, medecin):
        await medecin.ask("offer", {**description(), "name": "Dr No", "role": "assure"})
        heard = await assure.hears("signal")

        assert set(heard["description"]) == {"sdp", "negotiation", "fresh"}


@pytest.mark.row("SP-01")
async def test_nothing_of_one_room_reaches_another(house: House) -> None:
    here = Person(house, "assure", "A"), Person(house, "medecin_conseil", "A")
    there = Person(house, "assure", "B"), Person(house, "medecin_conseil", "B")

    async with people(*here, *there):
        for person in there:
            await person.barrier()
        before = [len(person.heard) for person in there]
        await here[1].ask("offer", description())
        await here[0].ask("answer", description(ANSWER))
        await here[1].ask("admit")
        await here[0].ask("renegotiate", {"reason": "failed"})
        for person in there:
            await person.barrier()

        assert [len(person.heard) for person in there] == before
        assert house.rooms.get("B").phase == "waiting"  # type: ignore[union-attr]


async def test_a_reconnection_hears_again_what_was_signalled_to_it(house: House) -> None:
    assure, medecin = Person(house, "assure"), Person(house, "medecin_conseil")
    again = Person(house, "assure")

    async with people(assure, medecin):
        await medecin.ask("offer", description())
        await assure.drop()
        await medecin.ask("candidate", candidate_of())
        async with people(again):
            snapshot = await again.hears("snapshot")

            assert [signal["kind"] for signal in snapshot["signals"]] == ["offer", "candidate"]


# --- every event × role × phase -----------------------------------------------------------------

PAYLOADS: dict[str, dict[str, Any]] = {
    "offer": description(OFFER, 2), "answer": description(ANSWER), "candidate": candidate_of(),
    "renegotiate": {"reason": "network"}, "admit": {}, "send_back": {}, "end": {}, "leave": {},
    "devices": {"microphone": True, "camera": True}, "media": {"state": "ready"},
    "company": {"others": ["proche"]}, "spoken_code": {"result": "shown"}, "challenge": {},
    "challenge_result": {"result": "not_offered"}, "framing": {"on": True},
    "hold": {"on": True},
    "third_admit": {"seat": "tiers1"}, "third_remove": {"seat": "tiers1"},
    "third_object": {"seat": "tiers1", "objects": True},
    "third_offer": {"to": "tiers1", **description(OFFER)},
    "third_answer": {"to": "medecin_conseil", **description(ANSWER)},
    "third_candidate": {"to": "tiers1", **candidate_of()},
    "third_renegotiate": {"to": "medecin_conseil", "reason": "network"},
}  # fmt: skip
#: What goes on record when it is allowed.
RECORDED: dict[tuple[str, str], list[str]] = {
    ("admit", "waiting"): ["admitted"], ("send_back", "admitted"): ["sent_back"],
    ("end", "waiting"): ["ended"], ("end", "admitted"): ["ended"],
    ("leave", "waiting"): ["left"], ("leave", "admitted"): ["left"],
    ("media", "waiting"): ["media_ready"], ("media", "admitted"): ["media_ready"],
    ("company", "waiting"): ["company"], ("company", "admitted"): ["company"],
    ("spoken_code", "waiting"): ["code_shown"], ("spoken_code", "admitted"): ["code_shown"],
    ("challenge", "admitted"): ["challenge_asked"],
    ("challenge_result", "admitted"): ["challenge_not_offered"],
    ("hold", "admitted"): ["held"],
}  # fmt: skip


#: Nobody else is in this room (test_thirds_machine.py has one with).
WITHOUT_THIRDS = {
    "third_admit": "third_absent", "third_remove": "third_absent", "third_object": "third_absent",
    "third_offer": "not_admitted", "third_candidate": "not_admitted",
}  # fmt: skip


def expected(event: str, role: Role, phase: Phase) -> str:
    """The code of the refusal; empty where it is allowed."""
    if role not in EVENTS[event].roles:
        return "wrong_role"
    if phase not in EVENTS[event].phases:
        return "ended" if phase == "ended" else "not_admitted"
    if (event, role, phase) == ("leave", "medecin_conseil", "admitted"):
        return "in_call"
    return WITHOUT_THIRDS.get(event, "")


@pytest.mark.row("SP-02")
@pytest.mark.parametrize("phase", ["waiting", "admitted", "ended"])
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("event", CLIENT_TO_SERVER)
async def test_each_event_does_only_what_this_role_may_do_now(
    house: House, event: str, role: Role, phase: Phase
) -> None:
    assure, medecin = Person(house, "assure"), Person(house, "medecin_conseil")
    async with people(assure, medecin):
        await medecin.ask("offer", description())
        for step in {"waiting": (), "admitted": ("admit",), "ended": ("admit", "end")}[phase]:
            await medecin.ask(step)
        before, facts = house.rooms.get("R"), len(house.witness.facts)

        answer = await (assure if role == "assure" else medecin).ask(event, PAYLOADS[event])

        code = expected(event, role, phase)
        recorded = house.witness.kinds()[facts:]
        assert answer.get("code", "") == code
        assert recorded == ([] if code else RECORDED.get((event, phase), []))
        if code:
            assert house.rooms.get("R") is before
            assert answer["message"]


@pytest.mark.row("SP-02")
@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("offer", {}),
        ("offer", {**description(), "negotiation": "1"}),
        ("offer", {**description(), "negotiation": -1}),
        ("offer", {**description(), "sdp": "x" * 16_385}),
        ("offer", [1]),
        ("offer", "text"),
        ("offer", None),
        ("candidate", {"negotiation": 1}),
        ("candidate", {"negotiation": 1, "candidate": "x" * 513}),
        ("candidate", {"negotiation": 1, "candidate": "", "sdp_m_line_index": 8}),
        ("devices", {"microphone": 1, "camera": True}),
        ("media", {"state": "connected"}),
        ("renegotiate", {"reason": "because"}),
    ],
)
async def test_a_payload_that_is_not_as_told_is_malformed(
    house: House, event: str, payload: object
) -> None:
    medecin = Person(house, "medecin_conseil")

    async with people(medecin):
        answer = await medecin.client.call(event, payload, timeout=PATIENCE)

        assert (answer["ok"], answer["code"]) == (False, "malformed")


# --- one person, one page -----------------------------------------------------------------------


@pytest.mark.row("ID-07")
async def test_an_older_page_hears_that_it_is_replaced_and_is_disconnected(house: House) -> None:
    older = Person(house, "assure", instance="older-page")
    newer = Person(house, "assure", instance="newer-page")

    async with people(older, newer):
        await older.hears("replaced")
        async with asyncio.timeout(PATIENCE):
            await older.closed.wait()
        await newer.barrier()

        assert house.witness.kinds() == ["joined", "replaced"]
        assert house.rooms.get("R").assure.presence == "present"  # type: ignore[union-attr]


@pytest.mark.row("ID-07")
async def test_a_hundred_kills_never_make_two_of_one(house: House) -> None:
    medecin = Person(house, "medecin_conseil")

    async with people(medecin):
        for _ in range(20):
            assure = await Person(house, "assure").enter()
            await assure.drop()
            await medecin.sees(lambda state: state["assure"]["presence"] == "lost")
            medecin.state = {}

        assert len(house.sio.engine.sessions) == 1
        assert house.witness.kinds().count("lost") == 20


async def test_twenty_losses_do_not_change_the_role(house: House) -> None:
    for _ in range(20):
        medecin = await Person(house, "medecin_conseil").enter()
        answer = await medecin.ask("send_back")
        await medecin.drop()

        assert answer["ok"]


# --- gone, and back -----------------------------------------------------------------------------


async def test_a_dead_connection_is_a_loss(house: House) -> None:
    assure, medecin = Person(house, "assure"), Person(house, "medecin_conseil")

    async with people(assure, medecin):
        await assure.drop()
        state = await medecin.sees(lambda state: state["assure"]["presence"] != "present")

        assert state["assure"]["presence"] == "lost"


async def test_a_clean_goodbye_of_the_socket_alone_is_a_loss_too(house: House) -> None:
    assure, medecin = Person(house, "assure"), Person(house, "medecin_conseil")

    async with people(assure, medecin):
        await assure.stop()
        state = await medecin.sees(lambda state: state["assure"]["presence"] != "present")

        assert state["assure"]["presence"] == "lost"


async def test_leaving_is_said(house: House) -> None:
    assure, medecin = Person(house, "assure"), Person(house, "medecin_conseil")

    async with people(assure, medecin):
        await assure.ask("leave")
        await assure.drop()
        state = await medecin.sees(lambda state: state["assure"]["presence"] != "present")
        await medecin.barrier()

        assert state["assure"]["presence"] == "left"
        assert house.witness.kinds() == ["joined", "joined", "left"]


async def test_who_left_does_nothing_more_on_that_page(house: House) -> None:
    assure = Person(house, "assure")

    async with people(assure):
        await assure.ask("leave")
        answer = await assure.ask("devices", {"microphone": True, "camera": True})

        assert answer["code"] == "not_seated"


@pytest.mark.row("WR-01")
async def test_45_seconds_of_loss_give_the_same_seat_back(house: House) -> None:
    assure, medecin = Person(house, "assure"), Person(house, "medecin_conseil")
    again = Person(house, "assure")

    async with people(assure, medecin):
        await medecin.ask("admit")
        await assure.drop()
        await medecin.sees(lambda state: state["assure"]["presence"] == "lost")
        house.clock.advance(45)
        async with people(again):
            snapshot = await again.hears("snapshot")

            assert snapshot["state"]["phase"] == "admitted"
            assert house.witness.kinds()[-2:] == ["lost", "returned"]


# --- the record ---------------------------------------------------------------------------------


async def test_when_the_record_is_away_nothing_happens_and_the_page_is_told(house: House) -> None:
    assure, medecin = Person(house, "assure"), Person(house, "medecin_conseil")

    async with people(assure, medecin):
        before = house.rooms.get("R")
        house.witness.down = True
        answer = await medecin.ask("admit")
        house.witness.down = False

        assert (answer["ok"], answer["code"]) == (False, "unavailable")
        assert house.rooms.get("R") is before


async def test_an_admission_is_told_to_nobody_before_it_is_on_record(house: House) -> None:
    assure, medecin = Person(house, "assure"), Person(house, "medecin_conseil")

    async with people(assure, medecin):
        house.witness.pen_free.clear()
        house.witness.writing.clear()
        asking = asyncio.create_task(medecin.ask("admit"))
        await house.witness.writing.wait()
        before = (assure.state["phase"], asking.done(), house.witness.kinds())
        house.witness.pen_free.set()
        await asking
        await assure.sees(lambda state: state["phase"] == "admitted")

        assert before == ("waiting", False, ["joined", "joined"])


async def test_a_person_whose_ping_is_late_does_not_stop_the_room(house: House) -> None:
    assure, medecin = Person(house, "assure"), Person(house, "medecin_conseil")

    async with people(assure, medecin):
        house.session("assure").unanswered = True
        answer = await medecin.ask("admit")

        assert answer["ok"]


# --- the console --------------------------------------------------------------------------------


class Console:
    """The médecin-conseil's day, on a socket."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.day: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.refusal: dict[str, Any] = {}
        self.client = socketio.AsyncClient(reconnection=False)
        self.client.on("day", self._day, namespace="/console")
        self.client.on("connect_error", self._refused, namespace="/console")

    async def _day(self, day: Any) -> None:
        if not self.day.done():
            self.day.set_result(day)

    async def _refused(self, refusal: Any) -> None:
        self.refusal = refusal

    async def connect(self, token: str) -> None:
        await self.client.connect(
            self.house.url, auth={"token": token}, transports=["websocket"],
            namespaces=["/console"], wait_timeout=PATIENCE,
        )  # fmt: skip


async def test_a_console_begins_with_the_whole_day(house: House) -> None:
    console = Console(house)

    await console.connect(house.token("medecin_conseil", kind="console"))
    day = await asyncio.wait_for(console.day, PATIENCE)

    assert day["timezone"] == "Europe/Paris"
    assert house.consoles.online("medecin_conseil of R")
    await console.client.disconnect()


async def test_a_delay_is_announced_from_the_console(house: House) -> None:
    console = Console(house)
    await console.connect(house.token("medecin_conseil", kind="console"))

    answer = await console.client.call("announce_delay", {"minutes": 15}, namespace="/console")

    assert answer["ok"]
    assert house.desk.delays == [("medecin_conseil of R", 15)]
    await console.client.disconnect()


@pytest.mark.row("SP-01")
async def test_a_room_token_does_not_open_the_console_socket(house: House) -> None:
    console = Console(house)

    with pytest.raises(socketio.exceptions.ConnectionError):
        await console.connect(house.token("medecin_conseil"))

    assert console.refusal["data"]["code"] == "token_wrong_type"
