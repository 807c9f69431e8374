"""Facts are written in groups: what each caller may count on, whoever else is in its group."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import stores
from ledger_scenes import Court
from server_people import Service
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from controle.presence import GenreFait
from controle.telecontrole import Etat
from server.ledger import Ledger, LedgerClosed
from server.store.page import Needs, Page
from signaling.room import NotAllowed, Occurrence
from signaling.rooms import Memory

#: Both ways to the store: plain code on a lane of its own, and through the asynchronous driver,
#: as other databases have it.
WAYS: dict[str, dict[str, Any]] = {"lane": {}, "driver": {"echo": False}}


@pytest.fixture(params=WAYS)
async def court(
    request: pytest.FixtureRequest, tmp_path: Path, blank: Path
) -> AsyncIterator[Court]:
    one = await Court.open(tmp_path / "data", blank, **WAYS[request.param])
    yield one
    await one.close()


class Counted:
    """A store that counts its transactions of plain code."""

    def __init__(self, court: Court) -> None:
        self._write_with = court.database.write_with
        self.count = 0

    async def write_with(self, work: Callable[[Any], Any]) -> Any:
        self.count += 1
        return await self._write_with(work)


def on_disk(court: Court, room: str) -> int:
    """What another process reads of a chain."""
    query = "SELECT count(*) FROM ligne WHERE telecontrole = ?"
    ((count,),) = stores.ask(court.file, query, room)
    return int(count)


# --- a group ------------------------------------------------------------------------------------


@pytest.mark.row("OPS-01")
async def test_what_arrives_together_is_one_transaction(court: Court) -> None:
    rooms = await court.rooms(*(f"mc-{n}" for n in range(40)))
    store = Counted(court)
    court.witness._ledger = Ledger(store)  # type: ignore[arg-type]

    assert not any(await court.together(*(court.record(room, "joined") for room in rooms)))

    assert store.count == 1
    for room in rooms:
        assert await court.kinds(room) == ["entree"]
        assert await court.state(room) is Etat.EN_ATTENTE


@pytest.mark.row("OPS-01")
async def test_a_group_is_bounded_and_the_rest_makes_the_next(tmp_path: Path, blank: Path) -> None:
    court = await Court.open(tmp_path / "data", blank, most=8)
    rooms = await court.rooms(*(f"mc-{n}" for n in range(20)))
    store = Counted(court)
    court.witness._ledger = Ledger(store, most=8)  # type: ignore[arg-type]

    await court.together(*(court.record(room, "joined") for room in rooms))

    assert store.count == 3
    assert [await court.kinds(room) for room in rooms] == [["entree"]] * 20
    await court.close()


@pytest.mark.row("OP-01")
async def test_who_is_told_finds_it_on_the_disk(court: Court) -> None:
    rooms = await court.rooms("mc-1", "mc-2", "mc-3", etat=Etat.EN_ATTENTE)
    seen: list[int] = []
    court.listener.doctor_changed = lambda _: seen.append(  # type: ignore[method-assign]
        min(on_disk(court, room) for room in rooms)
    )

    await court.together(*(court.record(room, "admitted") for room in rooms))

    assert seen == [2, 2, 2]


@stores.only_sqlite
@pytest.mark.row("OP-01")
async def test_a_group_waits_for_the_disk_as_every_transaction_does(court: Court) -> None:
    """FULL: what is acknowledged survives a power loss (docs/decisions/0005)."""
    wanted = {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1}

    found = await court.database.write_with(
        lambda store: {name: store.execute(text(f"PRAGMA {name}")).scalar() for name in wanted}
    )

    assert found == wanted


@pytest.mark.row("OP-02")
async def test_several_facts_of_one_chain_in_one_group_keep_their_order(court: Court) -> None:
    (room,) = await court.rooms("mc-1")

    await court.together(
        court.record(room, "joined"),
        court.record(room, "media_ready"),
        court.record(room, "admitted", role="medecin_conseil"),
        court.record(room, "ended", role="medecin_conseil"),
    )

    assert await court.kinds(room) == ["entree", "media_pret", "admission", "fin"]
    assert await court.state(room) is Etat.TERMINE
    assert await court.intact(room)


@pytest.mark.row("OP-02")
async def test_others_write_the_same_chain_beside_the_groups(court: Court) -> None:
    (room,) = await court.rooms("mc-1", etat=Etat.EN_ATTENTE)

    async def console(times: int) -> None:
        for _ in range(times):
            async with court.registre.transaction() as unite:
                fact = court.recorder.fact(GenreFait.IDENTITE_CONTROLEE, "medecin_conseil")
                await unite.inscrire(room, fact)

    async def page(times: int) -> None:
        for _ in range(times):
            await court.record(room, "media_ready")

    await court.together(console(10), page(10), page(10))

    kinds = await court.kinds(room)
    assert (kinds.count("identite_controlee"), kinds.count("media_pret")) == (10, 20)
    await court.record(room, "ended")
    assert await court.intact(room)


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.row("SP-01")
async def test_a_token_serves_once_also_within_one_group(court: Court) -> None:
    (room,) = await court.rooms("mc-1")
    access = await court.access(room, token="jeton-1")
    enter = court.witness.enter

    refusals = await court.together(enter(access), enter(access))

    assert refusals == ["", "token_used"]
    assert await court.together(enter(access)) == ["token_used"]


@pytest.mark.row("SP-01")
async def test_one_token_is_one_arrival_also_within_one_group(court: Court) -> None:
    (room,) = await court.rooms("mc-1")
    access = await court.access(room, token="jeton-1")

    assert await court.together(court.arrive(access), court.arrive(access)) == ["", "token_used"]
    assert await court.kinds(room) == ["entree"]


@pytest.mark.row("SP-01")
async def test_who_may_not_arrive_keeps_the_token_and_is_not_on_record(court: Court) -> None:
    room, other = await court.rooms("mc-1", "mc-2")
    access = await court.access(room, token="jeton-1")

    def full(_: Memory) -> list[Occurrence]:
        raise NotAllowed("full", "Il n'y a plus de place.")

    refused = court.witness.arrive(access, full)
    assert await court.together(refused, court.join(other)) == ["full", ""]
    assert (await court.kinds(room), await court.kinds(other)) == ([], ["entree"])
    assert await court.together(court.arrive(access)) == [""]
    assert await court.kinds(room) == ["entree"]


@pytest.mark.row("SP-01")
async def test_a_refused_entry_does_not_take_the_token(court: Court) -> None:
    early, there = [(await court.rooms("mc", late=late))[0] for late in (-60, 0)]
    access = await court.access(early, token="jeton-1")
    other = await court.access(there)

    refusals = await court.together(court.witness.enter(access), court.witness.enter(other))
    court.clock.pass_by(46 * 60)

    assert refusals == ["too_early", ""]
    assert await court.together(court.witness.enter(access)) == [""]


@pytest.mark.row("SP-01")
@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"session": "inconnue"}, "token_revoked"),
        ({"room": "inconnue"}, "closed"),
        ({"subject": "quelqu-un-d-autre"}, "closed"),
    ],
)
async def test_the_door_s_refusals_keep_their_words(
    court: Court, change: dict[str, str], refusal: str
) -> None:
    (room,) = await court.rooms("mc-1")
    access = await court.access(room)

    refused = msgspec.structs.replace(access, **change)  # type: ignore[arg-type]

    assert await court.together(court.witness.enter(refused)) == [refusal]
    assert await court.together(court.witness.enter(access)) == [""]


@pytest.mark.row("CA-01")
async def test_one_conversation_at_a_time_also_within_one_group(court: Court) -> None:
    first, second, elsewhere = await court.rooms("mc-1", "mc-1", "mc-2", etat=Etat.EN_ATTENTE)

    refusals = await court.together(
        court.record(first, "admitted"),
        court.record(second, "admitted"),
        court.record(elsewhere, "admitted"),
    )

    assert refusals == ["", "in_call", ""]
    assert await court.kinds(second) == []
    assert await court.state(second) is Etat.EN_ATTENTE


@pytest.mark.row("CA-01")
async def test_who_enters_in_the_group_of_an_admission_hears_that_the_doctor_is_busy(
    court: Court,
) -> None:
    called, waiting = await court.rooms("mc-1", "mc-1", etat=Etat.EN_ATTENTE)
    access = await court.access(waiting)

    _, memory = await asyncio.gather(court.record(called, "admitted"), court.witness.enter(access))

    assert memory.reception.doctor == "busy"


@pytest.mark.row("JO-12")
async def test_who_enters_in_the_group_of_a_fact_finds_it_in_the_room_s_memory(
    court: Court,
) -> None:
    (room,) = await court.rooms("mc-1")
    doctor = await court.access(room, "medecin_conseil")

    _, memory = await asyncio.gather(court.record(room, "joined"), court.witness.enter(doctor))

    assert memory.lost == {"assure"}


@pytest.mark.row("OP-01")
async def test_a_refused_step_leaves_no_trace_of_its_beginning(court: Court) -> None:
    (room,) = await court.rooms("mc-1", etat=Etat.EN_ATTENTE)
    (over,) = await court.rooms("mc-1", etat=Etat.TERMINE)

    refusals = await court.together(
        court.record(over, "media_lost", "admitted"), court.record(room, "media_lost")
    )

    assert refusals == ["transition_impossible", ""]
    assert await court.kinds(over) == []
    assert await court.kinds(room) == ["media_perdu"]


# --- what goes wrong ----------------------------------------------------------------------------


@pytest.mark.row("OP-01")
async def test_what_cannot_be_stored_does_not_take_the_others_down(court: Court) -> None:
    rooms = await court.rooms("mc-1", "mc-2", "mc-3")
    fact = court.recorder.fact(GenreFait.MEDIA_PRET, "assure")

    def poisoned(page: Page) -> None:
        draft = page.draft(rooms[1])
        draft.head = None
        draft.inscribe(fact)
        draft.keep()

    outcomes = await asyncio.gather(
        court.record(rooms[0], "joined"),
        court.ledger.write(Needs(rooms[1]), poisoned),
        court.record(rooms[2], "joined"),
        return_exceptions=True,
    )

    assert [type(one) for one in outcomes] == [type(None), IntegrityError, type(None)]
    assert [await court.kinds(room) for room in rooms] == [["entree"], [], ["entree"]]


async def test_a_flaw_in_a_rule_is_told_to_its_caller_alone(court: Court) -> None:
    (room,) = await court.rooms("mc-1")

    def flawed(page: Page) -> None:
        raise ZeroDivisionError

    wrong, fine = await asyncio.gather(
        court.ledger.write(Needs(room), flawed), court.record(room, "joined"),
        return_exceptions=True,
    )  # fmt: skip

    assert isinstance(wrong, ZeroDivisionError)
    assert fine is None


@stores.only_sqlite
@pytest.mark.row("OPS-04")
async def test_a_group_waits_for_another_process_without_stopping_this_one(court: Court) -> None:
    rooms = await court.rooms("mc-1", "mc-2")
    await court.record(rooms[0], "joined")
    other = sqlite3.connect(court.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    joining = asyncio.create_task(court.together(*(court.record(r, "media_ready") for r in rooms)))
    async with court.database.read() as reader:
        await reader.execute(text("SELECT 1"))
    waited = not joining.done()
    other.execute("COMMIT")
    other.close()

    assert await joining == ["", ""]
    assert waited


@pytest.mark.row("OP-01")
async def test_while_the_store_is_away_everybody_is_told_and_afterwards_it_goes_on(
    court: Court,
) -> None:
    rooms = await court.rooms("mc-1", "mc-2")
    hide, show = "ALTER TABLE ligne RENAME TO gone", "ALTER TABLE gone RENAME TO ligne"

    stores.ask(court.file, hide)
    refused = await asyncio.gather(
        *(court.record(room, "joined") for room in rooms), return_exceptions=True
    )
    stores.ask(court.file, show)

    assert all(isinstance(one, DBAPIError) for one in refused)
    assert await court.together(*(court.record(room, "joined") for room in rooms)) == ["", ""]
    assert [await court.kinds(room) for room in rooms] == [["entree"], ["entree"]]


@pytest.mark.row("OP-01")
async def test_who_goes_away_while_waiting_leaves_no_trace_and_breaks_no_group(
    court: Court,
) -> None:
    rooms = await court.rooms("mc-1", "mc-2", "mc-3")
    joining = [asyncio.create_task(court.record(room, "joined")) for room in rooms]
    await asyncio.sleep(0)

    joining[1].cancel()
    outcomes = await asyncio.gather(*joining, return_exceptions=True)

    assert [type(one) for one in outcomes] == [type(None), asyncio.CancelledError, type(None)]
    assert [await court.kinds(room) for room in rooms] == [["entree"], [], ["entree"]]


@pytest.mark.parametrize("turns", [0, 1, 2, 4, 8])
async def test_a_writer_that_is_ended_at_any_moment_leaves_the_store_free(
    court: Court, turns: int
) -> None:
    (room,) = await court.rooms("mc-1")
    joining = asyncio.create_task(court.record(room, "joined"))
    for _ in range(1 + turns):
        await asyncio.sleep(0)

    if court.ledger._writer.task is not None:
        court.ledger._writer.task.cancel()
    await asyncio.gather(joining, return_exceptions=True)

    async with court.registre.transaction() as unite:
        await unite.inscrire(room, court.recorder.fact(GenreFait.IDENTITE_CONTROLEE))
    await court.record(room, "media_ready")
    assert (await court.kinds(room))[-2:] == ["identite_controlee", "media_pret"]


@pytest.mark.row("OP-01")
async def test_a_stop_writes_what_is_pending_and_takes_nothing_more(court: Court) -> None:
    rooms = await court.rooms(*(f"mc-{n}" for n in range(5)))
    joining = [asyncio.create_task(court.record(room, "joined")) for room in rooms]
    await asyncio.sleep(0)

    await court.ledger.close()

    assert [await court.kinds(room) for room in rooms] == [["entree"]] * 5
    await asyncio.gather(*joining)
    with pytest.raises(LedgerClosed):
        await court.record(rooms[0], "media_ready")


# --- who is told --------------------------------------------------------------------------------


@pytest.mark.row("CA-01")
async def test_a_doctor_s_waiting_rooms_are_told_when_a_call_begins_and_ends(
    court: Court,
) -> None:
    (room,) = await court.rooms("mc-1")

    await court.record(room, "joined")
    before = list(court.listener.doctors)
    await court.record(room, "admitted")
    await court.record(room, "ended")

    assert before == []
    assert len(court.listener.doctors) == 2


@pytest.mark.row("OPS-01")
async def test_the_running_service_writes_its_rooms_through_the_ledger(service: Service) -> None:
    appointments = [await service.appoint(medecin=medecin) for medecin in ("mc-1", "mc-2")]
    browsers = [await service.assure(one) for one in appointments]

    seats = await asyncio.gather(*(service.seat(browser) for browser in browsers))

    assert [seat.state["phase"] for seat in seats] == ["waiting", "waiting"]
    for one in appointments:
        assert (await service.kinds(one.id))[-1] == "entree"
