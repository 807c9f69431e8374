"""The postman at work: its loop, two of them at once, what happens between claim and note."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import stores
from outbox_scenes import MONDAY, Office, Provider
from sqlalchemy import text

from controle.convocation import Canal, GenreEnvoi
from server.notify import outbox
from server.notify.carrier import FRESH
from server.notify.outbox import Envoi
from server.notify.parcel import Outcome, Parcel
from server.notify.postman import Postman

CONVOCATION = GenreEnvoi.CONVOCATION
PATIENCE = 20.0
#: Nothing is found by looking again and again: somebody must nudge.
NEVER = timedelta(hours=1)


class Gate(Provider):
    """Holds every message until it is opened, and says how many are with it."""

    def __init__(self, channel: Canal, capacity: int = 4) -> None:
        super().__init__(channel, capacity=capacity)
        self.open = asyncio.Event()
        self.inside = 0
        self.most = 0
        self._news = asyncio.Condition()

    async def send(self, parcel: Parcel) -> Outcome:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await self._tell()
        await self.open.wait()
        self.inside -= 1
        outcome = await super().send(parcel)
        await self._tell()
        return outcome

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(true)


@pytest.fixture
async def office(tmp_path: Path, blank: Path) -> AsyncIterator[Office]:
    one = await Office.open(tmp_path, blank)
    yield one
    await one.close()


@asynccontextmanager
async def running(postman: Postman) -> AsyncIterator[Any]:
    task = asyncio.create_task(postman.run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def open_gate(channel: Canal, capacity: int = 4) -> Gate:
    gate = Gate(channel, capacity)
    gate.open.set()
    return gate


@pytest.mark.row("CN-01")
async def test_a_nudge_is_enough_nothing_waits_for_the_next_look(office: Office) -> None:
    mail = open_gate(Canal.COURRIEL)
    postman = office.postman(mail, outbox_poll=NEVER)

    async with running(postman):
        for count in (1, 2, 3):
            await office.convoke()
            postman.nudge()
            await mail.until(lambda count=count: len(mail.taken) == count)  # type: ignore[misc]

    assert len(set(mail.keys)) == 3


@pytest.mark.row("CN-01")
async def test_a_nudge_while_the_outbox_is_looked_at_is_not_lost(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = open_gate(Canal.COURRIEL)
    postman = office.postman(mail, outbox_poll=NEVER)
    due, looks = outbox.due, 0

    async def due_then_one_more(*asked: Any) -> Sequence[Envoi]:
        nonlocal looks
        found = await due(*asked)
        looks += 1
        if looks == 1:
            await office.convoke()
            postman.nudge()
        return found

    monkeypatch.setattr(outbox, "due", due_then_one_more)
    await office.convoke()
    async with running(postman):
        await mail.until(lambda: len(mail.taken) == 2)


async def test_a_provider_that_is_stuck_does_not_delay_the_other_channel(office: Office) -> None:
    mail, sms = Gate(Canal.COURRIEL), open_gate(Canal.SMS)
    for _ in range(12):
        await office.convoke()

    async with running(office.postman(mail, sms, outbox_poll=NEVER)):
        await sms.until(lambda: len(sms.taken) == 12)
        assert not mail.taken
        mail.open.set()
        await mail.until(lambda: len(mail.taken) == 12)


async def test_a_provider_never_has_more_than_it_can_take(office: Office) -> None:
    mail = Gate(Canal.COURRIEL, capacity=3)
    for _ in range(20):
        await office.convoke(telephone="")

    async with running(office.postman(mail, outbox_poll=NEVER)):
        await mail.until(lambda: mail.inside == 3)
        mail.open.set()
        await mail.until(lambda: len(mail.taken) == 20)

    assert mail.most == 3
    assert len(set(mail.keys)) == 20


@pytest.mark.row("CN-04")
async def test_two_postmen_on_one_database_never_send_the_same_message(
    office: Office, tmp_path: Path, blank: Path
) -> None:
    other = await Office.open(tmp_path, blank)
    mail = open_gate(Canal.COURRIEL)
    convoked = [await office.convoke(telephone="") for _ in range(40)]

    first = office.postman(mail, outbox_poll=timedelta(seconds=0.05), outbox_batch=5)
    second = other.postman(mail, outbox_poll=timedelta(seconds=0.05), outbox_batch=5)
    async with running(first), running(second):
        await mail.until(lambda: len(mail.taken) >= 40)
    await other.close()

    assert len(mail.tries) == len(set(mail.keys)) == 40
    assert {(await office.row(un)).etat for un in convoked} == {"envoye"}


@pytest.mark.row("CN-03")
@pytest.mark.parametrize("way", ["cancel", "refuse"])
async def test_what_was_cancelled_while_it_waited_its_turn_is_not_handed_over(
    office: Office, way: str
) -> None:
    mail = Gate(Canal.COURRIEL, capacity=1)
    convoked = [await office.convoke(telephone="") for _ in range(2)]

    async with running(office.postman(mail, outbox_poll=NEVER)):
        await mail.until(lambda: mail.inside == 1)
        for un in convoked:
            await getattr(office, way)(un)
        office.clock.wall += FRESH + timedelta(seconds=1)
        mail.open.set()
        await mail.until(lambda: len(mail.taken) == 1)

    assert mail.kinds() == ["convocation"]
    states = sorted([(await office.row(un)).etat for un in convoked])
    assert states == ["envoye", "retire"]


async def test_a_claim_that_waits_is_renewed_and_one_that_was_lost_is_dropped(
    office: Office,
) -> None:
    mail = Gate(Canal.COURRIEL, capacity=1)
    for _ in range(2):
        await office.convoke(telephone="")
    lease = timedelta(minutes=3)

    async with running(office.postman(mail, outbox_poll=NEVER, outbox_lease=lease)):
        await mail.until(lambda: mail.inside == 1)
        office.clock.wall += lease
        # Another server finds both leases over, and takes them up.
        await office.postman(office.mail).once()
        mail.open.set()
        await mail.until(lambda: len(mail.taken) == 1)

    assert len(office.mail.taken) == 2
    assert len(mail.tries) == 1


@stores.only_sqlite
async def test_what_cannot_be_noted_at_once_is_noted_later_and_not_sent_again(
    office: Office,
) -> None:
    mail = Gate(Canal.COURRIEL)
    un = await office.convoke(telephone="")
    postman = office.postman(mail, outbox_poll=timedelta(seconds=0.05))
    full = "CREATE TRIGGER full BEFORE INSERT ON ligne BEGIN SELECT RAISE(ABORT, 'full'); END"

    async with running(postman):
        await mail.until(lambda: mail.inside == 1)
        async with office.registre.transaction() as unite:
            await unite.connection.execute(text(full))
        mail.open.set()
        await mail.until(lambda: len(mail.taken) == 1)
        async with office.registre.transaction() as unite:
            await unite.connection.execute(text("DROP TRIGGER full"))

    row = await office.row(un)
    assert (row.etat, row.essais, len(mail.tries)) == ("envoye", 1, 1)


async def test_a_sender_that_breaks_leaves_its_message_uncertain(office: Office) -> None:
    def breaks(_: Parcel) -> None:
        raise RuntimeError

    un = await office.convoke(telephone="")
    office.mail.on_send = breaks

    await office.postman().once()

    row = await office.row(un)
    assert (row.etat, row.incertains, row.motif) == ("confie", 1, "error")


async def test_a_stop_waits_for_what_is_on_its_way(office: Office) -> None:
    mail = Gate(Canal.COURRIEL)
    un = await office.convoke(telephone="")

    async with running(office.postman(mail, outbox_poll=NEVER)) as task:
        await mail.until(lambda: mail.inside == 1)
        task.cancel()
        mail.open.set()

    assert (await office.row(un)).etat == "envoye"


async def test_a_stop_gives_back_what_waits_for_its_turn(office: Office) -> None:
    mail = Gate(Canal.COURRIEL, capacity=1)
    convoked = [await office.convoke(telephone="") for _ in range(2)]

    async with running(office.postman(mail, outbox_poll=NEVER)) as task:
        await mail.until(lambda: mail.inside == 1)
        task.cancel()
        mail.open.set()

    rows = sorted([await office.row(un) for un in convoked], key=lambda row: row.etat)
    assert [(row.etat, row.essais, row.incertains) for row in rows] == [
        ("envoye", 1, 0),
        ("prepare", 0, 0),
    ]


async def test_a_claim_is_written_before_anything_is_handed_over(office: Office) -> None:
    un = await office.convoke(telephone="")
    seen = []

    class Looks(Provider):
        async def send(self, parcel: Parcel) -> Outcome:
            row = await office.row(un)
            seen.append((row.etat, row.porteur, row.essais, row.contenu is not None, row.version))
            return await super().send(parcel)

    await office.postman(Looks(Canal.COURRIEL), worker="server-a").once()

    row = await office.row(un)
    assert seen == [("confie", "server-a", 1, True, row.version)]
    assert row.version.startswith("20")
    assert row.envoye == MONDAY.isoformat(timespec="microseconds")
