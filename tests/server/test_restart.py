"""A server that stops in the middle: what the next one knows, and who has to wait again."""

from pathlib import Path
from typing import Any

import pytest
from server_people import Appointment, Seat, Service

from controle.telecontrole import Etat

PAGE = "page-de-l-assure"


async def in_a_call(service: Service) -> tuple[Appointment, dict[str, str]]:
    appointment = await service.appoint()
    browser = await service.assure(appointment)
    assure = await service.seat(browser, instance=PAGE)
    seat = await service.seat(await service.doctor(), appointment)
    await seat.done("admit")
    for one in (assure, seat):
        await one.flowing()
    return appointment, browser.cookies


async def after_a_crash(serve: Any, service: Service, tmp_path: Path) -> Service:
    """Another server on what the crash left; the clock goes on."""
    image = service.image(tmp_path / "crashed")
    revived: Service = await serve(image, clock=service.clock)
    return revived


async def returning(service: Service, cookies: dict[str, str]) -> Seat:
    browser = service.browser()
    browser.cookies = dict(cookies)
    return await service.seat(browser, instance=PAGE)


@pytest.mark.row("OP-01")
async def test_a_restart_is_on_the_record_of_who_was_there(
    serve: Any, service: Service, tmp_path: Path
) -> None:
    talking, _ = await in_a_call(service)
    waiting, expected, done, old = (
        await service.appoint(etat=Etat.EN_ATTENTE),
        await service.appoint(),
        await service.appoint(etat=Etat.TERMINE),
        await service.appoint(-60 * 24 * 7, etat=Etat.EN_ATTENTE),
    )

    revived = await after_a_crash(serve, service, tmp_path)

    for touched in (talking, waiting):
        assert (await revived.kinds(touched.id))[-1] == "redemarrage_serveur"
    for spared in (expected, done, old):
        assert await revived.kinds(spared.id) == []


@pytest.mark.row("JO-12")
async def test_within_the_grace_the_call_goes_on_without_a_new_admission(
    serve: Any, service: Service, tmp_path: Path
) -> None:
    appointment, cookies = await in_a_call(service)
    revived = await after_a_crash(serve, service, tmp_path)

    service.clock.pass_by(100)
    assure = await returning(revived, cookies)

    assert assure.state["phase"] == "admitted"
    assert assure.state["medecin_conseil"]["presence"] == "lost"
    assert (await revived.kinds(appointment.id))[-2:] == ["redemarrage_serveur", "retour"]
    assert (await revived.stored(appointment.id)).etat is Etat.EN_COURS


@pytest.mark.row("JO-12")
async def test_after_the_grace_the_assure_waits_to_be_admitted_again(
    serve: Any, service: Service, tmp_path: Path
) -> None:
    appointment, cookies = await in_a_call(service)
    revived = await after_a_crash(serve, service, tmp_path)

    service.clock.pass_by(121)
    assure = await returning(revived, cookies)

    assert assure.state["phase"] == "waiting"
    assert (await revived.kinds(appointment.id))[-2:] == ["retour", "remise_en_attente"]
    assert (await revived.stored(appointment.id)).etat is Etat.EN_ATTENTE


@pytest.mark.row("JO-12")
async def test_a_room_that_was_forgotten_does_not_admit_who_returns_late(
    service: Service,
) -> None:
    appointment, cookies = await in_a_call(service)
    room = service.rooms.get(appointment.id)
    for seat in [one for one in service._open if isinstance(one, Seat)]:
        await seat.drop()
    witness = await service.console(await service.doctor())
    await witness.until(
        lambda: all(
            witness.entries[appointment.id][who]["presence"] == "lost"
            for who in ("assure", "doctor")
        )
    )
    service.clock.pass_by(241)
    await service.beat()

    forgotten = service.rooms.get(appointment.id)
    assure = await returning(service, cookies)

    assert room is not None
    assert forgotten is None
    assert assure.state["phase"] == "waiting"


@pytest.mark.row("JO-12")
async def test_versions_go_on_growing_over_a_restart(
    serve: Any, service: Service, tmp_path: Path
) -> None:
    appointment, cookies = await in_a_call(service)
    before = service.rooms.get(appointment.id).version
    revived = await after_a_crash(serve, service, tmp_path)

    service.clock.pass_by(1)
    assure = await returning(revived, cookies)
    console = await revived.console(await revived.doctor())

    assert assure.state["version"] > before
    assert console.entries[appointment.id]["doctor"]["presence"] == "lost"


@pytest.mark.row("OP-03")
async def test_an_outage_around_the_hour_is_on_the_record_of_who_could_not_come(
    serve: Any, service: Service, tmp_path: Path
) -> None:
    kept_out, tomorrow = await service.appoint(5), await service.appoint(60 * 24)
    await service.beat()

    service.clock.pass_by(40 * 60)
    revived = await after_a_crash(serve, service, tmp_path)
    detail = await (await revived.doctor()).ok(
        f"/api/console/telecontroles/{kept_out.id}", method="GET"
    )

    assert await revived.kinds(kept_out.id) == ["redemarrage_serveur"]
    assert await revived.kinds(tomorrow.id) == []
    assert detail["proposal"]["qualification"] == "incident_caisse"


async def test_a_short_restart_before_anybody_came_is_no_outage(
    serve: Any, service: Service, tmp_path: Path
) -> None:
    expected = await service.appoint(5)
    await service.beat()

    service.clock.pass_by(90)
    revived = await after_a_crash(serve, service, tmp_path)

    assert await revived.kinds(expected.id) == []
