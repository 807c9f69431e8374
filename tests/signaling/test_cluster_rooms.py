"""Two workers, one room: who carries it, who is heard where, and what a death changes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from cluster_doubles import Workers, access_of, workers_on
from redis.asyncio import Redis
from redis_server import RedisServer, until
from signaling_doubles import ANSWER, HOST, OFFER

from signaling.crossing import MAX_BYTES
from signaling.protocol import Candidate, Description, Devices, Empty, InPerson, Renegotiate
from signaling.room import NotAllowed
from signaling.rooms import Memory

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.fixture
async def workers(redis: RedisServer) -> AsyncIterator[Workers]:
    async with workers_on(redis) as some:
        yield some


async def in_a_room(workers: Workers):  # type: ignore[no-untyped-def]
    """The assuré on the worker that carries the room, the médecin-conseil on another."""
    owner, other = await workers.start(), await workers.start()
    assure = await owner.join("assure")
    doctor = await other.join("medecin_conseil")
    return owner, other, assure, doctor


@pytest.mark.row("OPS-04")
async def test_two_people_on_two_workers_meet_and_signal(workers: Workers) -> None:
    owner, other, assure, doctor = await in_a_room(workers)

    await other.ask(doctor, "offer", Description(sdp=OFFER, negotiation=1, fresh=True))
    await owner.ask(assure, "answer", Description(sdp=ANSWER, negotiation=1, fresh=True))
    for number in range(10):
        line = HOST.replace("candidate:1", f"candidate:{number}")
        await other.ask(doctor, "candidate", Candidate(negotiation=1, candidate=line))
    await owner.ask(assure, "candidate", Candidate(negotiation=1, candidate=HOST))
    await owner.ask(assure, "renegotiate", Renegotiate(reason="failed"))

    snapshot = (await other.hears(doctor, "snapshot")).state
    assert (snapshot.assure.presence, snapshot.medecin_conseil.presence) == ("present", "present")
    await until(lambda: len(owner.heard(assure, "signal")) == 11)
    assert [one.seq for one in owner.heard(assure, "signal")] == [1, *range(3, 13)]
    await other.hears(doctor, "renegotiate")
    assert [one.kind for one in other.heard(doctor, "signal")] == ["answer", "candidate"]


@pytest.mark.row("OPS-04")
async def test_admission_devices_and_end_are_told_on_both_workers(workers: Workers) -> None:
    owner, other, assure, doctor = await in_a_room(workers)

    await other.ask(doctor, "admit", Empty())
    await owner.ask(assure, "devices", Devices(microphone=True, camera=True))
    version = await other.ask(doctor, "end", Empty())

    ended = await other.hears(doctor, "state", lambda state: state.phase == "ended")
    assert (ended.version, ended.assure.camera) == (version, True)
    await owner.hears(assure, "state", lambda state: state.phase == "admitted")
    assert workers.witness.kinds() == ["joined", "joined", "admitted", "ended"]
    with pytest.raises(NotAllowed, match="ended"):
        await other.ask(doctor, "admit", Empty())


async def test_a_refusal_crosses_with_its_code_and_its_sentence(workers: Workers) -> None:
    owner, other = await workers.start(), await workers.start()
    await owner.join("medecin_conseil")
    assure = await other.join("assure")

    with pytest.raises(NotAllowed) as refused:
        await other.ask(assure, "admit", Empty())

    assert refused.value.code == "wrong_role"
    assert refused.value.message == "Cette action n'est pas permise à ce rôle."


async def test_the_record_that_fails_at_the_owner_is_a_refusal_where_one_asked(
    workers: Workers,
) -> None:
    _, other, _, doctor = await in_a_room(workers)
    workers.witness.down = True

    with pytest.raises(NotAllowed, match="unavailable"):
        await other.ask(doctor, "admit", Empty())

    assert other.rooms.get("R").phase == "waiting"


async def test_what_one_socket_asks_is_done_in_its_order_over_the_bus(workers: Workers) -> None:
    owner, other, assure, doctor = await in_a_room(workers)
    workers.witness.pen_free.clear()

    admitting = asyncio.ensure_future(other.ask(doctor, "admit", Empty()))
    offering = asyncio.ensure_future(
        other.ask(doctor, "offer", Description(sdp=OFFER, negotiation=1, fresh=True))
    )
    trickling = asyncio.ensure_future(
        other.ask(doctor, "candidate", Candidate(negotiation=1, candidate=HOST))
    )
    await workers.witness.writing.wait()
    workers.witness.pen_free.set()
    versions = await asyncio.gather(admitting, offering, trickling)

    assert versions[0] <= versions[1] <= versions[2]
    assert [one.kind for one in owner.heard(assure, "signal")] == ["offer", "candidate"]


@pytest.mark.row("OPS-04")
async def test_a_second_page_on_another_worker_takes_the_seat_over(workers: Workers) -> None:
    owner, other, assure, _ = await in_a_room(workers)

    second = await other.join("assure", sid="second", page="another-page")
    third = await owner.join("assure", sid="third", page="a-third-page")

    await owner.hears(assure, "replaced")
    await other.hears(second, "replaced")
    await until(lambda: "second" in other.voice.closed and assure in owner.voice.closed)
    await until(lambda: owner.rooms.get("R").assure.sid == third)
    assert workers.witness.kinds().count("replaced") == 2


@pytest.mark.row("ID-07")
async def test_an_older_page_is_refused_by_a_worker_that_does_not_carry_the_room(
    workers: Workers,
) -> None:
    owner, other, assure, _ = await in_a_room(workers)
    await owner.drop(assure)
    await owner.join("assure", sid="second", page="another-page")
    await until(lambda: other.rooms.get("R").assure.instance == "another-page")
    welcomed: list[str] = []

    with pytest.raises(NotAllowed, match="replaced"):
        await other.rooms.enter(
            access_of("assure", "R"), "late", "page-of-assure",
            here=lambda: True, welcome=lambda: welcomed.append("late"),
        )  # fmt: skip

    assert welcomed == []
    assert owner.rooms.get("R").assure.sid == "second"


async def test_who_loses_the_line_to_another_worker_is_lost_in_the_room(workers: Workers) -> None:
    owner, other, assure, doctor = await in_a_room(workers)

    await other.drop(doctor)

    lost = await owner.hears(assure, "state", lambda one: one.medecin_conseil.presence == "lost")
    assert lost.assure.presence == "present"
    assert workers.witness.kinds()[-1] == "lost"


@pytest.mark.row("OPS-04")
async def test_every_worker_knows_the_rooms_of_the_others_without_their_signals(
    workers: Workers,
) -> None:
    owner, other, assure, doctor = await in_a_room(workers)
    await other.ask(doctor, "offer", Description(sdp=OFFER, negotiation=1, fresh=True))
    await other.ask(doctor, "admit", Empty())

    late = await workers.start()

    for one in (other, late):
        await until(lambda one=one: one.rooms.get("R") and one.rooms.get("R").phase == "admitted")
        assert one.rooms.get("R").signals == ()
        assert list(one.rooms) == []
    assert [room.id for room in owner.rooms] == ["R"]
    assert assure == owner.rooms.get("R").assure.sid


@pytest.mark.row("OPS-04")
async def test_fifty_at_once_from_two_workers_find_one_owner(workers: Workers) -> None:
    one, other = await workers.start(), await workers.start()

    await asyncio.gather(
        *(
            worker.join("assure", sid=f"sid-{turn}-{worker.bus.id}", page=f"page-number-{turn}")
            for turn in range(25)
            for worker in (one, other)
        )
    )

    carried = [list(worker.rooms) for worker in (one, other)]
    assert sorted(len(rooms) for rooms in carried) == [0, 1]
    assert workers.witness.kinds().count("joined") == 1
    assert workers.witness.kinds().count("replaced") == 49


@pytest.mark.row("OPS-04")
async def test_a_dead_worker_s_room_is_taken_over_by_who_is_asked_next(workers: Workers) -> None:
    owner, other, _, doctor = await in_a_room(workers)
    await other.join("assure", room="S")
    await other.ask(doctor, "admit", Empty())
    before = other.rooms.get("R").version

    await owner.die()
    await until(lambda: doctor in other.voice.closed)
    memory = Memory("admitted", admitted_at=AT, lost=frozenset({"assure", "medecin_conseil"}))
    workers.clock.advance(5)
    await other.join("medecin_conseil", sid="again", memory=memory)
    third = await workers.start()
    back = await third.join("assure", sid="back", memory=memory)

    snapshot = (await third.hears(back, "snapshot")).state
    assert (snapshot.phase, snapshot.assure.presence) == ("admitted", "present")
    assert snapshot.medecin_conseil.presence == "present"
    assert snapshot.version > before
    assert other.server.interruptions == ["R"]
    assert other.rooms.get("S").assure.presence == "present"


async def test_an_interruption_that_could_not_be_recorded_is_before_anybody_is_let_in(
    workers: Workers,
) -> None:
    owner, other, _, doctor = await in_a_room(workers)
    await owner.die()
    await until(lambda: doctor in other.voice.closed)
    other.server.down = True

    with pytest.raises(OSError, match="database"):
        await other.join("assure", sid="early")
    other.server.down = False
    await other.join("assure", sid="later")

    assert other.server.interruptions == ["R"]
    assert other.rooms.get("R").assure.sid == "later"


async def test_guests_of_a_dead_worker_are_lost_and_its_consoles_forgotten(
    workers: Workers,
) -> None:
    owner, other, assure, _ = await in_a_room(workers)
    other.rooms.console("mc-1", True)
    await until(lambda: owner.rooms.online("mc-1"))

    await other.die()

    await owner.hears(assure, "state", lambda one: one.medecin_conseil.presence == "lost")
    await until(lambda: owner.server.lost == ["mc-1"])
    assert not owner.rooms.online("mc-1")


@pytest.mark.row("OPS-04")
async def test_without_redis_own_rooms_go_on_and_others_are_refused(
    workers: Workers, redis: RedisServer
) -> None:
    owner, other, assure, doctor = await in_a_room(workers)

    redis.stop()
    await until(lambda: not owner.rooms.connected and not other.rooms.connected)
    await until(lambda: doctor in other.voice.closed)
    await owner.ask(assure, "devices", Devices(microphone=True, camera=False))
    await owner.join("medecin_conseil", sid="here")

    await owner.ask("here", "admit", Empty())
    with pytest.raises(NotAllowed, match="unavailable"):
        await other.join("medecin_conseil", sid="there")
    with pytest.raises(NotAllowed, match="unavailable"):
        await owner.join("assure", room="new", sid="elsewhere")
    assert owner.rooms.get("R").phase == "admitted"


@pytest.mark.row("OPS-04")
async def test_when_redis_is_back_rooms_keep_their_owner_and_guests_return(
    workers: Workers, redis: RedisServer
) -> None:
    owner, other, assure, doctor = await in_a_room(workers)
    redis.stop()
    await until(lambda: doctor in other.voice.closed)
    await until(lambda: owner.rooms.get("R").medecin_conseil.presence == "lost")

    await redis.start()
    await until(lambda: owner.rooms.connected and other.rooms.connected)
    await until(lambda: other.rooms._peers.owner("R") == owner.bus.id)
    # Until it has asked Redis itself, a worker lets nobody in.
    await until(lambda: other.rooms._claims.settled)
    await other.join("medecin_conseil", sid="back")
    await other.ask("back", "admit", Empty())

    await owner.hears(assure, "state", lambda state: state.phase == "admitted")
    assert [room.id for room in owner.rooms] == ["R"]
    assert list(other.rooms) == []
    assert other.server.interruptions == []


async def test_days_are_read_again_once_the_line_is_back(
    workers: Workers, redis: RedisServer
) -> None:
    one, other = await workers.start(), await workers.start()
    one.rooms.console("mc-1", True)
    await until(lambda: other.rooms.online("mc-1"))

    redis.stop()
    await until(lambda: not one.rooms.connected and not other.rooms.connected)
    other.rooms.changed("entry", "t-1", "mc-1")
    await redis.start()

    await until(lambda: ("day", "mc-1") in one.server.changes)
    await until(lambda: one.rooms.connected and other.rooms.connected)
    assert ("entry", "t-1") not in one.server.changes


async def test_a_worker_that_was_thought_dead_gives_up_the_room_that_was_taken(
    workers: Workers, redis: RedisServer
) -> None:
    owner, other, assure, _ = await in_a_room(workers)
    async with Redis.from_url(redis.url) as client:
        await client.hset(f"{owner.bus._prefix}rooms", "R", other.bus.id)
        await client.delete(f"{owner.bus._prefix}alive:{owner.bus.id}")

    await until(lambda: assure in owner.voice.closed)

    assert list(owner.rooms) == []
    await until(lambda: owner.rooms.connected)


async def test_a_room_that_was_forgotten_may_be_carried_by_another(workers: Workers) -> None:
    owner, other, assure, doctor = await in_a_room(workers)
    await owner.drop(assure)
    await other.drop(doctor)
    await until(lambda: not owner.rooms.get("R").occupied)
    workers.clock.advance(1_000)

    await owner.rooms.beat()
    await until(lambda: other.rooms.get("R") is None)
    await other.join("assure", sid="late")

    assert [room.id for room in other.rooms] == ["R"]
    assert other.server.interruptions == []


async def test_a_room_is_closed_from_whatever_worker_is_asked(workers: Workers) -> None:
    owner, other, assure, doctor = await in_a_room(workers)
    date = InPerson(start="s", timezone="Europe/Paris", site="Rennes", address="1 rue")

    await other.rooms.meet("R", date)
    await other.rooms.close("R", "assure", "refused", AT)
    await owner.rooms.close("nobody-is-there", "assure", "refused", AT)

    assert owner.rooms.get("R").in_person == date
    ended = await other.hears(doctor, "state", lambda state: state.phase == "ended")
    assert ended.ending.reason == "refused"
    await owner.hears(assure, "state", lambda state: state.phase == "ended")


async def test_what_could_not_be_told_to_the_owner_is_told_when_the_line_is_back(
    workers: Workers, redis: RedisServer
) -> None:
    owner, other, _, doctor = await in_a_room(workers)
    redis.stop()
    await until(lambda: doctor in other.voice.closed)

    await other.rooms.close("R", "assure", "refused", AT)
    still = owner.rooms.get("R").phase
    await redis.start()

    await until(lambda: owner.rooms.get("R").phase == "ended")
    await until(lambda: owner.rooms.connected and other.rooms.connected)
    assert still == "waiting"


@pytest.mark.row("OPS-04")
async def test_consoles_changes_and_logouts_reach_every_worker_they_concern(
    workers: Workers,
) -> None:
    one, two, three = [await workers.start() for _ in range(3)]

    two.rooms.console("mc-1", True)
    await until(lambda: one.rooms.online("mc-1") and three.rooms.online("mc-1"))
    one.rooms.changed("entry", "t-1", "mc-1")
    one.rooms.changed("day", "mc-1", "mc-1")
    one.rooms.changed("doctor", "mc-1", "mc-1")
    one.rooms.sign_out("session-1")
    await until(lambda: two.server.sessions and three.server.sessions)
    two.rooms.console("mc-1", False)

    await until(lambda: not one.rooms.online("mc-1"))
    assert two.server.changes == [("entry", "t-1"), ("day", "mc-1"), ("doctor", "mc-1")]
    assert three.server.changes == [("doctor", "mc-1")]
    assert one.server.changes == []


@pytest.mark.row("OPS-04")
@pytest.mark.parametrize(
    "garbage",
    [b"", b"x", b"\x80\x04cposix\nsystem\n.", b'{"method":"disconnect"}', bytes(MAX_BYTES + 99),
     b"0123456789abcdef" + b"[" * 100_000],
)  # fmt: skip
async def test_what_is_not_a_message_of_ours_is_dropped(
    workers: Workers, redis: RedisServer, garbage: bytes
) -> None:
    owner, other, assure, doctor = await in_a_room(workers)

    async with Redis.from_url(redis.url) as client:
        for worker in (owner.bus.id, other.bus.id):
            await client.publish(owner.bus._channel(worker), garbage)
        await client.publish(f"{owner.bus._prefix}all", garbage)
    await other.ask(doctor, "admit", Empty())

    await owner.hears(assure, "state", lambda state: state.phase == "admitted")
    assert other.rooms.connected


@pytest.mark.row("OPS-04")
async def test_a_sealed_message_that_is_played_again_is_not_taken_again(
    workers: Workers, redis: RedisServer
) -> None:
    owner, other, assure, doctor = await in_a_room(workers)
    async with Redis.from_url(redis.url) as client, client.pubsub() as spy:
        await spy.subscribe(owner.bus._channel(owner.bus.id))
        await spy.get_message(timeout=2)
        await other.ask(doctor, "offer", Description(sdp=OFFER, negotiation=1, fresh=True))
        seen = await spy.get_message(timeout=2)
        for channel in (owner.bus._channel(owner.bus.id), other.bus._channel(other.bus.id)):
            await client.publish(channel, seen["data"])
    await other.ask(doctor, "offer", Description(sdp=OFFER, negotiation=2, fresh=True))

    await until(lambda: len(owner.heard(assure, "signal")) == 2)
    assert [one.description.negotiation for one in owner.heard(assure, "signal")] == [1, 2]


async def test_a_worker_may_not_speak_for_a_socket_that_sits_elsewhere(workers: Workers) -> None:
    owner, other, _, doctor = await in_a_room(workers)
    third = await workers.start()
    third.rooms._away[doctor] = owner.bus.id
    third._seated[doctor] = other._seated[doctor]

    with pytest.raises(NotAllowed, match="not_seated"):
        await third.ask(doctor, "admit", Empty())

    assert owner.rooms.get("R").phase == "waiting"


async def test_an_owner_that_does_not_answer_is_unavailable(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, other, _, doctor = await in_a_room(workers)
    monkeypatch.setattr("signaling.calls.ANSWER", 0.05)
    monkeypatch.setattr(owner.rooms, "_hear", lambda *_: None)

    with pytest.raises(NotAllowed, match="unavailable"):
        await other.ask(doctor, "admit", Empty())
