"""Two workers over one database: people, consoles and sessions that are on different ones."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from redis_server import RedisServer, until
from server_people import WAIT, Appointment, Browser, Seat, SeatRefused, Service

from controle.telecontrole import Etat


class Pair:
    """Two workers of one service, in this process."""

    def __init__(self, one: Service, other: Service) -> None:
        self.one, self.other = one, other

    async def together(self) -> None:
        await until(lambda: all(len(worker.rooms._peers) == 1 for worker in (self.one, self.other)))

    def at(self, worker: Service, browser: Browser) -> Browser:
        """The same session, asked of that worker."""
        moved = worker.browser()
        moved.cookies = dict(browser.cookies)
        return moved

    async def sooner_or_later(
        self, worker: Service, browser: Browser, appointment: Appointment
    ) -> Seat:
        """As every page does: refused « unavailable », it comes again."""
        async with asyncio.timeout(WAIT):
            while True:
                seat = await worker.seat(browser, appointment)
                if seat.state:
                    return seat
                await asyncio.sleep(0.1)

    async def meeting(self) -> tuple[Appointment, Browser, Browser, Seat, Seat]:
        """The assuré on the first worker, which carries the room; their doctor on the other."""
        appointment = await self.one.appoint()
        browser, doctor = await self.one.assure(appointment), await self.other.doctor()
        assure = await self.one.seat(browser)
        seat = await self.other.seat(doctor, appointment)
        return appointment, browser, doctor, assure, seat


@pytest.fixture
async def pair(serve: Any, tmp_path: Path, redis: RedisServer) -> Pair:
    settings = {"workers": 2, "redis_url": redis.url}
    one = await serve(tmp_path / "data", **settings)
    other = await serve(tmp_path / "data", clock=one.clock, **settings)
    pair = Pair(one, other)
    await pair.together()
    return pair


@pytest.mark.row("OPS-04")
async def test_a_call_over_two_workers_is_one_record(pair: Pair) -> None:
    appointment, _, _, assure, doctor = await pair.meeting()

    await doctor.done("admit")
    for one in (assure, doctor):
        await one.flowing()
    await doctor.done("end")
    await assure.until(lambda: assure.state["phase"] == "ended")

    kinds = await pair.one.kinds(appointment.id)
    assert [kind for kind in kinds if kind in ("entree", "admission", "fin")] == [
        "entree", "entree", "admission", "fin",
    ]  # fmt: skip
    assert "redemarrage_serveur" not in kinds
    assert (await pair.other.stored(appointment.id)).etat is Etat.TERMINE


@pytest.mark.row("OPS-04")
@pytest.mark.row("CA-01")
async def test_a_console_sees_the_rooms_of_every_worker(pair: Pair) -> None:
    appointment = await pair.one.appoint()
    console = await pair.other.console(await pair.other.doctor())
    browser = await pair.one.assure(appointment)
    assure = await pair.one.seat(browser)

    await console.until(lambda: console.entries[appointment.id]["assure"]["presence"] == "present")
    await assure.done("devices", {"microphone": True, "camera": True})
    await console.until(lambda: console.entries[appointment.id]["assure"]["camera"])
    late = await pair.other.console(await pair.other.doctor())

    assert late.entries[appointment.id]["assure"]["camera"]
    versions = [one["version"] for name, one in console.heard if name == "entry"]
    assert versions == sorted(versions)


@pytest.mark.row("OPS-04")
async def test_who_waits_is_told_of_a_console_on_another_worker(pair: Pair) -> None:
    appointment = await pair.one.appoint()
    assure = await pair.one.seat(await pair.one.assure(appointment))
    before = assure.state["reception"]["doctor"]

    console = await pair.other.console(await pair.other.doctor())
    await assure.until(lambda: assure.state["reception"]["doctor"] == "available")
    await console.done("announce_delay", {"minutes": 20})
    await assure.until(lambda: assure.state["reception"]["delay_minutes"] == 20)

    assert before == "absent"
    assert "retard_annonce" in await pair.one.kinds(appointment.id)


@pytest.mark.row("OPS-04")
async def test_a_logout_on_one_worker_cuts_the_sockets_of_the_other(pair: Pair) -> None:
    _, _, doctor, assure, seat = await pair.meeting()
    console = await pair.one.console(pair.at(pair.one, doctor))

    await pair.at(pair.one, doctor).ok("/api/console/session", method="DELETE")

    await seat.until(lambda: seat.cut)
    await console.until(lambda: console.cut)
    await assure.until(lambda: assure.state["medecin_conseil"]["presence"] == "lost")


@pytest.mark.row("OPS-04")
async def test_a_second_page_on_another_worker_takes_over(pair: Pair) -> None:
    _, browser, _, assure, doctor = await pair.meeting()

    second = await pair.other.seat(pair.at(pair.other, browser), instance="une-autre-page")

    await assure.until(lambda: any(name == "replaced" for name, _ in assure.heard))
    await assure.until(lambda: assure.cut)
    await doctor.until(lambda: doctor.state["assure"]["instance"] == "une-autre-page")
    assert second.state["assure"]["presence"] == "present"


@pytest.mark.row("OPS-04")
async def test_what_an_http_request_of_one_worker_ends_is_told_in_the_room_of_the_other(
    pair: Pair,
) -> None:
    appointment, _, doctor, assure, seat = await pair.meeting()
    await seat.done("admit")

    await doctor.ok(
        f"/api/console/telecontroles/{appointment.id}/identite",
        {"mode": "piece_montree", "verified": False},
    )

    await assure.until(lambda: assure.state["phase"] == "ended")
    await seat.until(lambda: seat.state["phase"] == "ended")
    assert assure.state["ending"]["reason"] == "identity"


@pytest.mark.row("OPS-04")
async def test_a_token_is_of_single_use_whatever_the_worker(pair: Pair) -> None:
    appointment = await pair.one.appoint()
    access = await (await pair.one.assure(appointment)).ok("/api/assure/jeton")
    pair.one._open.append(await Seat.enter(pair.one.base, access["token"]))

    with pytest.raises(SeatRefused, match="token_used"):
        await Seat.enter(pair.other.base, access["token"])


@pytest.mark.row("OPS-04")
async def test_without_redis_a_worker_s_own_rooms_go_on_and_the_record_is_whole(
    pair: Pair, redis: RedisServer
) -> None:
    appointment, _, doctor, assure, seat = await pair.meeting()
    redis.stop()
    await seat.until(lambda: seat.cut)
    await assure.until(lambda: assure.state["medecin_conseil"]["presence"] == "lost")

    here = await pair.one.seat(pair.at(pair.one, doctor), appointment)
    await here.done("admit")
    ready = await pair.one.browser().get("/readyz")
    await redis.start()
    await pair.together()
    await until(lambda: pair.one.rooms.connected and pair.other.rooms.connected)

    again = await pair.sooner_or_later(pair.other, pair.at(pair.other, doctor), appointment)
    assert again.state["phase"] == "admitted"
    assert (ready.status, ready.raw) == (503, b"redis\n")
    kinds = await pair.one.kinds(appointment.id)
    assert kinds.count("admission") == 1
    assert "redemarrage_serveur" not in kinds
