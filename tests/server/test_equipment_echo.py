"""The echo of the equipment test: in turn, bounded, in a process of its own, for who may ask."""

import asyncio
import json
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiortc import RTCPeerConnection
from server_people import Answer, Appointment, Browser, Service

from controle.telecontrole import Etat
from media.connection import outgoing
from media.sdp import SdpRefused
from server.equipment.echo_process import EchoProcess, EchoUnavailable, Run
from server.equipment.echoes import Echoes, at_once_by_cores
from server.equipment.turns import EchoFull, EchoReplaced, Turns
from server.keys import ECHOES

pytestmark = pytest.mark.row("JO-04")

DAYS_AHEAD = 3 * 24 * 60
PATH = "/api/assure/materiel"


async def offer() -> str:
    """A page's, with a microphone alone: the quickest."""
    pc = RTCPeerConnection()
    pc.addTransceiver("audio")
    await pc.setLocalDescription(await pc.createOffer())
    sdp = outgoing(pc.localDescription.sdp)
    await pc.close()
    return sdp


# --- whose turn it is ---------------------------------------------------------------------------


def test_first_come_first_served_and_each_is_told_how_many_come_before() -> None:
    turns = Turns(at_once=2, waiting=5)

    a, b, c, d, e = (turns.ask(who) for who in "abcde")

    assert [one.has_come for one in (a, b, c, d, e)] == [True, True, False, False, False]
    assert [one.before for one in (c, d, e)] == [1, 2, 3]
    turns.leave(b)
    assert (c.has_come, d.before, e.before) == (True, 1, 2)


def test_who_asks_again_goes_to_the_end() -> None:
    turns = Turns(at_once=1, waiting=5)
    turns.ask("first")
    impatient, patient = turns.ask("impatient"), turns.ask("patient")

    again = turns.ask("impatient")

    assert impatient.replaced
    assert (patient.before, again.before) == (1, 2)


def test_who_has_one_and_asks_again_ends_it_and_waits_behind_the_others() -> None:
    turns = Turns(at_once=1, waiting=5)
    mine, other = turns.ask("me"), turns.ask("other")

    again = turns.ask("me")
    assert mine.replaced
    assert not again.has_come
    turns.leave(mine)

    assert (other.has_come, again.has_come) == (True, False)


def test_of_fifty_at_once_so_many_are_had_so_many_wait_and_the_rest_is_refused() -> None:
    turns, refused = Turns(at_once=2, waiting=16), 0

    for who in range(50):
        try:
            turns.ask(str(who))
        except EchoFull:
            refused += 1

    assert refused == 50 - 2 - 16
    # Who waits already loses nothing by asking again.
    assert turns.ask("17").before == 16


def test_who_leaves_twice_frees_one_place() -> None:
    turns = Turns(at_once=1, waiting=2)
    first, second, third = (turns.ask(who) for who in "abc")

    turns.leave(first)
    turns.leave(first)

    assert (second.has_come, third.has_come) == (True, False)


def test_the_cores_say_how_many_at_once_unless_a_setting_does() -> None:
    assert at_once_by_cores(3, workers=4) == 3
    assert at_once_by_cores(0, workers=1_000) == 1


# --- an echo, from asking to its end ------------------------------------------------------------


class Made:
    """Makes echoes that are over when the test says so."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.ended: list[int] = []
        self.closed = 0
        self.broken = False

    async def open(self, sdp: str, servers: Any, policy: str) -> tuple[int, Run]:
        if self.broken:
            raise EchoUnavailable
        run = Run(asyncio.get_running_loop().create_future())
        run.answer.set_result(f"answer {len(self.runs)}")
        self.runs.append(run)
        return len(self.runs) - 1, run

    def end(self, number: int) -> None:
        self.ended.append(number)
        self.runs[number].over.set()

    async def close(self) -> None:
        self.closed += 1
        for run in self.runs:
            run.over.set()


@pytest.fixture
async def made() -> Made:
    return Made()


@pytest.fixture
async def echoes(made: Made) -> AsyncIterator[Echoes]:
    one = Echoes(made, Turns(1, 3), lasting=60)
    yield one
    await one.close()


@pytest.fixture(scope="module")
def sdp() -> str:
    return asyncio.run(offer())


async def said(echoes: Echoes, who: str, sdp: str) -> list[int | str]:
    return [one async for one in echoes.ask(who, sdp, [], "all")]


async def test_the_next_one_is_answered_once_the_echo_before_is_over(
    echoes: Echoes, made: Made, sdp: str
) -> None:
    assert await said(echoes, "a", sdp) == ["answer 0"]
    waiting = echoes.ask("b", sdp, [], "all")
    assert await anext(waiting) == 1

    made.runs[0].over.set()

    assert await anext(waiting) == "answer 1"


async def test_who_goes_away_while_waiting_leaves_the_queue(
    echoes: Echoes, made: Made, sdp: str
) -> None:
    await said(echoes, "a", sdp)
    gone, next_one = echoes.ask("b", sdp, [], "all"), echoes.ask("c", sdp, [], "all")
    assert (await anext(gone), await anext(next_one)) == (1, 2)

    await gone.aclose()
    made.runs[0].over.set()

    assert [one async for one in next_one][-1] == "answer 1"


async def test_asking_again_ends_one_s_own_echo_and_the_asking_before(
    echoes: Echoes, made: Made, sdp: str
) -> None:
    await said(echoes, "a", sdp)

    assert (await said(echoes, "a", sdp))[-1] == "answer 1"
    assert made.ended == [0]
    waiting = echoes.ask("b", sdp, [], "all")
    await anext(waiting)
    await anext(echoes.ask("b", sdp, [], "all"))

    with pytest.raises(EchoReplaced):
        await anext(waiting)


async def test_an_echo_that_cannot_be_made_keeps_no_place(
    echoes: Echoes, made: Made, sdp: str
) -> None:
    made.broken = True
    with pytest.raises(EchoUnavailable):
        await said(echoes, "a", sdp)

    made.broken = False

    assert await said(echoes, "b", sdp) == ["answer 0"]


async def test_an_echo_that_never_ends_is_ended_with_its_process(made: Made, sdp: str) -> None:
    echoes = Echoes(made, Turns(1, 3), lasting=0)
    await said(echoes, "a", sdp)

    assert await said(echoes, "b", sdp) == [1, "answer 1"]

    assert made.closed == 1
    await echoes.close()


async def test_a_hostile_description_does_not_even_wait(echoes: Echoes, made: Made) -> None:
    with pytest.raises(SdpRefused):
        await said(echoes, "a", "v=0\r\nk=clear:secret\r\n")

    assert made.runs == []


# --- the process --------------------------------------------------------------------------------


@pytest.mark.parametrize("told", ["at once", "late"])
async def test_a_process_that_was_killed_is_begun_again_and_what_it_had_is_over(
    sdp: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where its output ends before the system says that it has."""
    if told == "late":
        monkeypatch.setattr(Process, "returncode", None)
    process = EchoProcess(timedelta(seconds=30), timedelta(seconds=60))
    _, first = await process.open(sdp, [], "all")
    killed = process._child
    assert killed is not None

    killed.kill()
    await first.over.wait()
    _, second = await process.open(sdp, [], "all")

    assert second.answer.result().startswith("v=0")
    assert process._child is not killed
    await process.close()
    assert second.over.is_set()


async def test_it_rests_when_nobody_asks_and_wakes_for_the_next(sdp: str) -> None:
    process = EchoProcess(timedelta(seconds=30), timedelta(seconds=60))
    number, first = await process.open(sdp, [], "all")
    process.end(number)
    await first.over.wait()
    rested = process._child
    assert rested is not None

    process._rest()
    _, second = await process.open(sdp, [], "all")

    assert second.answer.result().startswith("v=0")
    assert rested.returncode == 0
    await process.close()


async def test_it_is_given_no_setting_and_no_secret(
    sdp: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELECONTROLE_SECRET", "not-for-the-echo")
    process = EchoProcess(timedelta(seconds=30), timedelta(seconds=60))
    await process.open(sdp, [], "all")
    assert process._child is not None

    given = Path(f"/proc/{process._child.pid}/environ").read_bytes()

    assert b"not-for-the-echo" not in given
    await process.close()


# --- over HTTP, with the real process -----------------------------------------------------------


async def access(service: Service, browser: Browser, appointment: Appointment) -> Any:
    """By a code of its own, before the hour."""
    await browser.ok(f"{PATH}/code", {"link": appointment.link})
    entering = {"link": appointment.link, "code": service.code}
    return await browser.ok(f"{PATH}/acces", entering)


def lines(answer: Answer) -> list[Any]:
    return [json.loads(line) for line in answer.raw.splitlines()]


async def test_a_code_opens_the_echo_before_the_hour_and_no_session(
    service: Service, sdp: str
) -> None:
    appointment, browser = await service.appoint(DAYS_AHEAD), service.browser()
    given = await access(service, browser, appointment)

    asked = {"link": appointment.link, "access": given["access"], "sdp": sdp}
    answer = await browser.post(f"{PATH}/echo", asked)

    (only,) = lines(answer)
    assert only["answer"].startswith("v=0\r\n")
    assert "a=candidate:" in only["answer"]
    assert browser.cookies == {}
    # It is no try to enter: the record has no line of it.
    assert await service.kinds(appointment.id) == []
    # The process ends with the service.
    await service.app[ECHOES].close()


async def test_within_the_visit_no_code_is_needed(service: Service, sdp: str) -> None:
    appointment = await service.appoint()
    browser = await service.assure(appointment)

    given = await browser.ok(f"{PATH}/acces", {"link": appointment.link})
    answer = await browser.post(f"{PATH}/echo", {"link": appointment.link, "sdp": sdp})

    assert given["echo_seconds"] == 10
    assert lines(answer)[-1]["answer"].startswith("v=0")


async def test_another_s_pass_an_old_one_and_none_open_nothing(service: Service, sdp: str) -> None:
    mine, theirs = await service.appoint(DAYS_AHEAD), await service.appoint(DAYS_AHEAD)
    browser = service.browser()
    given = (await access(service, browser, theirs))["access"]
    longer = f"{int(given.partition('.')[0]) + 3_600}.{given.partition('.')[2]}"

    for one, wrong in ((mine, given), (theirs, longer), (theirs, "")):
        asked = {"link": one.link, "access": wrong, "sdp": sdp}
        answer = await browser.post(f"{PATH}/echo", asked)
        assert (answer.status, answer.error["code"]) == (401, "autre")

    service.clock.pass_by(31 * 60)
    answer = await browser.post(f"{PATH}/acces", {"link": theirs.link, "access": given})
    assert answer.status == 401


async def test_a_wrong_code_is_counted_and_opens_nothing(service: Service) -> None:
    appointment, browser = await service.appoint(DAYS_AHEAD), service.browser()
    await browser.ok(f"{PATH}/code", {"link": appointment.link})

    answer = await browser.post(f"{PATH}/acces", {"link": appointment.link, "code": "000000"})

    assert (answer.status, answer.error["code"]) == (403, "code_faux")
    assert "4 essais" in answer.error["message"]


@pytest.mark.parametrize(
    ("etat", "status"), [(Etat.TERMINE, 410), (Etat.ANNULE_SERVICE, 410), (Etat.EN_COURS, 409)]
)
async def test_nobody_who_is_not_expected_tests_anything(
    service: Service, etat: Etat, status: int
) -> None:
    appointment = await service.appoint(0, etat=etat)

    answer = await service.browser().post(f"{PATH}/code", {"link": appointment.link})

    assert answer.status == status


@pytest.mark.parametrize(
    "hostile",
    ["", "v=0\r\n", "v=0\r\nm=audio 9 RTP/AVP 0\r\n", "x" * 16_000, "v=0\r\nk=clear:x\r\n"],
)
async def test_a_hostile_offer_has_a_status_and_a_sentence(service: Service, hostile: str) -> None:
    appointment = await service.appoint()
    browser = await service.assure(appointment)

    answer = await browser.post(f"{PATH}/echo", {"link": appointment.link, "sdp": hostile})

    assert (answer.status, answer.error["code"]) == (422, "description")


async def test_who_comes_when_it_is_full_is_told_when_to_try_again(
    service: Service, sdp: str
) -> None:
    service.app[ECHOES]._turns = Turns(1, 0)
    service.app[ECHOES]._turns.ask("somebody")
    appointment = await service.appoint()
    browser = await service.assure(appointment)

    answer = await browser.post(f"{PATH}/echo", {"link": appointment.link, "sdp": sdp})

    assert (answer.status, answer.error["code"]) == (503, "essai_complet")
    assert answer.headers["Retry-After"] == "60"
