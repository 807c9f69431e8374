"""All rooms of a process: one step at a time, on record before it is told, whatever fails."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from signaling_doubles import GRACE, PATIENCE, Clock, FakeVoice, FakeWitness

from signaling.access import Access
from signaling.protocol import Devices, Empty, InPerson, Media, Message, Reception, Role, Snapshot
from signaling.room import NotAllowed, Occurrence
from signaling.rooms import BEATEN, Memory, Rooms

NEW = Memory("waiting")


def access(role: Role, room: str = "R") -> Access:
    return Access(kind="room", subject=role, role=role, room=room, jti="j", session="s", expires=0)


class Scene:
    """Rooms with a record, a clock and a voice, all fake."""

    def __init__(self, witness: FakeWitness | None = None) -> None:
        self.witness = witness or FakeWitness()
        self.clock, self.voice = Clock(), FakeVoice()
        self.rooms = Rooms(self.witness, self.clock, GRACE)
        self.rooms.voice = self.voice

    async def join(
        self, role: Role, sid: str, page: str = "page-one", room: str = "R",
        memory: Memory = NEW,
    ) -> None:  # fmt: skip
        await self.rooms.join(access(role, room), memory, sid, page)

    async def ask(self, role: Role, sid: str, event: str, payload: Message) -> int:
        asked = self.rooms.ask(access(role), sid, event, payload)
        return asked if isinstance(asked, int) else await asked

    async def admit(self) -> int:
        return await self.ask("medecin_conseil", "d", "admit", Empty())

    def presence(self, role: Role, room: str = "R") -> str:
        found = self.rooms.get(room)
        return found.place(role).presence if found else "no room"


@pytest.fixture
async def scene() -> Scene:
    return Scene()


async def test_nothing_is_told_before_it_is_on_record(scene: Scene) -> None:
    await scene.join("assure", "a")
    await scene.join("medecin_conseil", "d")
    told = len(scene.voice.said)

    scene.witness.pen_free.clear()
    scene.witness.writing.clear()
    admission = asyncio.create_task(scene.admit())
    await scene.witness.writing.wait()
    before = (len(scene.voice.said), scene.rooms.get("R").phase)  # type: ignore[union-attr]
    scene.witness.pen_free.set()
    await admission

    assert before == (told, "waiting")
    assert scene.voice.events("a")[-1] == "state"


async def test_what_is_not_recorded_does_not_happen(scene: Scene) -> None:
    await scene.join("assure", "a")
    await scene.join("medecin_conseil", "d")
    before, told = scene.rooms.get("R"), len(scene.voice.said)

    scene.witness.down = True
    with pytest.raises(OSError, match="no database"):
        await scene.admit()

    assert scene.rooms.get("R") is before
    assert len(scene.voice.said) == told


async def test_what_the_domain_refuses_does_not_happen(scene: Scene) -> None:
    await scene.join("assure", "a")
    await scene.join("medecin_conseil", "d")

    scene.witness.refusing = NotAllowed("in_call", "Un autre télécontrôle est en cours.")
    with pytest.raises(NotAllowed, match="in_call"):
        await scene.admit()

    assert scene.rooms.get("R").phase == "waiting"  # type: ignore[union-attr]


async def test_a_loss_is_a_loss_even_when_the_record_is_away(scene: Scene) -> None:
    await scene.join("assure", "a")
    await scene.join("medecin_conseil", "d")

    scene.witness.down = True
    await scene.rooms.dropped(access("assure"), "a")

    assert scene.presence("assure") == "lost"
    assert scene.voice.events("d")[-1] == "state"


async def test_a_loss_that_could_not_be_recorded_is_recorded_next(scene: Scene) -> None:
    await scene.join("assure", "a")
    seen = scene.clock().isoformat()
    scene.witness.down = True
    await scene.rooms.dropped(access("assure"), "a")

    scene.witness.down = False
    scene.clock.advance(20)
    await scene.join("assure", "a2")

    assert scene.witness.kinds() == ["joined", "lost", "returned"]
    assert scene.witness.details[1] == {"at": seen}


async def test_a_heartbeat_pays_what_is_owed_to_the_record(scene: Scene) -> None:
    await scene.join("assure", "a")
    scene.witness.down = True
    await scene.rooms.dropped(access("assure"), "a")

    scene.witness.down = False
    await scene.rooms.beat()
    await scene.rooms.beat()

    assert scene.witness.kinds() == ["joined", "lost"]


async def test_a_heartbeat_says_who_is_there(scene: Scene) -> None:
    await scene.join("assure", "a")

    await scene.rooms.beat()

    assert scene.witness.kinds() == ["joined", "minute"]
    assert scene.witness.details[-1] == {
        "assure": "present", "medecin_conseil": "absent", "phase": "waiting"
    }  # fmt: skip


async def test_a_record_that_fails_for_one_room_does_not_stop_the_heart(scene: Scene) -> None:
    await scene.join("assure", "a")
    scene.witness.down = True

    await scene.rooms.beat()
    scene.witness.down = False
    await scene.rooms.beat()

    assert scene.witness.kinds() == ["joined", "minute"]


class InTurn(FakeWitness):
    """Writes what it is given one after the other, in that order."""

    def __init__(self) -> None:
        super().__init__()
        self.order = asyncio.Lock()

    async def record(self, room: str, occurrences: Sequence[Occurrence], by: Access | None) -> None:
        async with self.order:
            await turns(1)
            await super().record(room, occurrences, by)


async def test_who_comes_during_a_heartbeat_does_not_wait_for_all_the_rooms() -> None:
    scene = Scene(InTurn())
    for number in range(10 * BEATEN):
        await scene.join("assure", f"a{number}", room=f"R{number}")

    def minutes() -> int:
        return sum(kind == "minute" for _, kind, _ in scene.witness.facts)

    async with asyncio.timeout(PATIENCE):
        beating = asyncio.create_task(scene.rooms.beat())
        while not minutes():
            await turns(1)
        await scene.join("assure", "late", room="late")
        waited_for = minutes()
        await beating

    assert waited_for <= 2 * BEATEN
    assert minutes() == 10 * BEATEN


async def test_a_room_that_is_empty_for_long_is_forgotten(scene: Scene) -> None:
    await scene.join("assure", "a")
    await scene.rooms.dropped(access("assure"), "a")

    await scene.rooms.beat()
    kept = scene.presence("assure")
    scene.clock.advance(2 * GRACE.total_seconds() + 1)
    await scene.rooms.beat()

    assert (kept, scene.rooms.get("R")) == ("lost", None)


class Exclusive(FakeWitness):
    """Takes some turns of the loop to write, and notices whoever writes meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = self.most = 0

    async def record(self, room: str, occurrences: Sequence[Occurrence], by: Access | None) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await turns(5)
        self.inside -= 1
        await super().record(room, occurrences, by)


async def turns(count: int) -> None:
    """Let the others go first, so many times."""
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("late", range(0, 20, 2))
async def test_who_waits_for_a_room_that_is_being_forgotten_is_alone_in_the_new_one(
    late: int,
) -> None:
    scene = Scene(Exclusive())
    await scene.join("assure", "a")
    scene.witness.down = True
    await scene.rooms.dropped(access("assure"), "a")
    scene.witness.down = False
    scene.clock.advance(2 * GRACE.total_seconds() + 1)

    async def coming(role: Role, after: int) -> None:
        await turns(after)
        await scene.join(role, f"{role} after {after}")

    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(
            scene.rooms.beat(), coming("assure", 1), coming("medecin_conseil", late)
        )

    assert (scene.presence("assure"), scene.presence("medecin_conseil")) == ("present", "present")
    assert isinstance(scene.witness, Exclusive)
    assert scene.witness.most == 1


async def test_a_lock_lives_no_longer_than_who_waits_for_it(scene: Scene) -> None:
    for number in range(100):
        await scene.rooms.receive(f"never opened {number}", Reception(doctor="busy"))

    locks = len(scene.rooms._held)

    assert locks == 0


async def test_a_takeover_that_closes_its_former_socket_inside_does_not_wait_for_itself(
    scene: Scene,
) -> None:
    await scene.join("assure", "a")
    scene.voice.on_close = lambda sid: scene.rooms.dropped(access("assure"), sid)

    async with asyncio.timeout(PATIENCE):
        await scene.join("assure", "a2", "page-two")
        await asyncio.gather(*scene.voice.tasks)

    assert scene.voice.events("a")[-1] == "replaced"
    assert (scene.voice.closed, scene.presence("assure")) == (["a"], "present")


async def test_the_former_socket_of_the_same_page_is_closed_without_a_word(scene: Scene) -> None:
    await scene.join("assure", "a")

    await scene.join("assure", "a2")

    assert "replaced" not in scene.voice.events("a")
    assert scene.voice.closed == ["a"]


async def test_a_room_closed_while_somebody_is_on_the_way_in_stays_closed(scene: Scene) -> None:
    stale = Memory("waiting")

    await scene.rooms.close("R", "service", "cancelled", scene.clock())
    await scene.join("assure", "a", memory=stale)

    told = scene.voice.said[-1][2]
    assert isinstance(told, Snapshot)
    assert (told.state.phase, scene.presence("assure")) == ("ended", "absent")


async def test_a_closed_room_is_forgotten_after_a_while(scene: Scene) -> None:
    await scene.rooms.close("R", "service", "cancelled", scene.clock())

    scene.clock.advance(2 * GRACE.total_seconds() + 1)
    await scene.rooms.beat()

    assert scene.rooms.get("R") is None


async def test_a_room_closed_from_outside_is_closed_for_both(scene: Scene) -> None:
    await scene.join("assure", "a")
    await scene.join("medecin_conseil", "d")

    await scene.rooms.close("R", "assure", "in_person", scene.clock())

    last = [
        next(said for to, event, said in reversed(scene.voice.said) if to == sid)
        for sid in ("a", "d")
    ]
    assert last[0] == last[1]
    assert scene.witness.kinds() == ["joined", "joined"]


async def test_versions_go_on_growing_over_a_restart(scene: Scene) -> None:
    await scene.join("assure", "a")
    for number in range(500):
        on = Devices(microphone=bool(number % 2), camera=True)
        await scene.ask("assure", "a", "devices", on)
    before = scene.rooms.get("R").version  # type: ignore[union-attr]

    scene.clock.now += timedelta(seconds=10)
    restarted = Rooms(scene.witness, scene.clock, GRACE)
    await restarted.join(access("assure"), Memory("waiting"), "a", "page-one")

    assert restarted.get("R").version > before  # type: ignore[union-attr]


async def test_who_was_there_before_a_restart_is_lost_until_the_return(scene: Scene) -> None:
    memory = Memory("admitted", lost=frozenset({"assure", "medecin_conseil"}))

    await scene.join("medecin_conseil", "d", memory=memory)
    before = scene.presence("assure")
    await scene.join("assure", "a", memory=memory)

    assert (before, scene.presence("assure")) == ("lost", "present")
    assert scene.witness.kinds() == ["returned", "returned"]


async def test_a_page_without_a_seat_does_nothing(scene: Scene) -> None:
    await scene.join("assure", "a")
    await scene.join("medecin_conseil", "d")

    with pytest.raises(NotAllowed, match="not_seated"):
        await scene.ask("medecin_conseil", "d-old", "send_back", Empty())

    assert scene.rooms.get("R").phase == "waiting"  # type: ignore[union-attr]


@pytest.mark.row("IP-03")
async def test_a_date_in_person_is_told_to_both_and_to_who_comes_back(scene: Scene) -> None:
    booked = InPerson(
        start="2026-12-01T09:00:00+00:00", timezone="Europe/Paris", site="Rennes", address="1 rue X"
    )
    await scene.join("assure", "a")
    await scene.join("medecin_conseil", "d")

    await scene.rooms.meet("R", booked)
    await scene.join("assure", "a2")

    for sid in ("a", "d", "a2"):
        last = [message for to, _, message in scene.voice.said if to == sid][-1]
        state = last.state if isinstance(last, Snapshot) else last
        assert state.in_person == booked


@pytest.mark.row("IP-03")
async def test_a_room_that_is_remembered_knows_its_date_in_person(scene: Scene) -> None:
    booked = InPerson(
        start="2026-12-01T09:00:00+00:00", timezone="Europe/Paris", site="Rennes", address="1 rue X"
    )

    await scene.join("assure", "a", memory=Memory("waiting", in_person=booked))
    await scene.rooms.meet("another room", booked)

    found = scene.rooms.get("R")
    assert found is not None
    assert found.in_person == booked
    assert scene.rooms.get("another room") is None


async def test_one_person_s_words_do_not_fill_the_record(scene: Scene) -> None:
    await scene.join("assure", "a")
    await scene.join("medecin_conseil", "d")
    before = len(scene.witness.kinds())
    words = [Media(state=state) for _ in range(100) for state in ("ready", "lost")]

    accepted = [await said(scene, "assure", "a", word) for word in words]
    await scene.join("assure", "a2", "page-two")
    again = await said(scene, "assure", "a2", words[0])

    # 120 at once, one a second then; another page is still the same person.
    assert accepted[:120] == [""] * 120
    assert 50 <= accepted.count("too_often") <= 80
    assert again == "too_often"
    assert len(scene.witness.kinds()) <= before + 151
    # Nobody else is held back by it, and it keeps nobody from ending.
    assert await said(scene, "medecin_conseil", "d", words[0]) == ""
    await scene.admit()
    await scene.ask("medecin_conseil", "d", "end", Empty())


async def said(scene: Scene, role: Role, sid: str, word: Media) -> str:
    """The code of its refusal; none: it is on record."""
    try:
        await scene.ask(role, sid, "media", word)
    except NotAllowed as refused:
        return refused.code
    return ""
