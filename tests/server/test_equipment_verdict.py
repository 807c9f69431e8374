"""The verdict of the equipment test: kept with the appointment, shown to who receives, no more."""

from typing import Any

import pytest
from doctor_scenes import detail
from server_people import Appointment, Browser, Service

from controle.qualification import Qualification
from controle.telecontrole import Etat
from server.equipment.words import REMARKS
from server.store import schema as t

pytestmark = pytest.mark.row("JO-04")

PATH = "/api/assure/materiel/verdict"
READY = {
    "colour": "pret",
    "parts": {"navigateur": "ok", "camera": "ok", "micro": "ok", "haut_parleur": "ok",
              "reseau": "ok", "echo": "ok", "chemin": "relais", "udp": True, "tls": False},
    "up_kbps": 1_234, "down_kbps": 1_187, "loss_percent": 1, "rtt_ms": 43,
}  # fmt: skip
FAILED = {
    "colour": "echec",
    "parts": {"navigateur": "ok", "camera": "refuse", "micro": "refuse"},
}


async def tell(browser: Browser, appointment: Appointment, verdict: Any) -> Any:
    return await browser.post(PATH, {"link": appointment.link, **verdict})


@pytest.fixture
async def appointment(service: Service) -> Appointment:
    return await service.appoint()


@pytest.fixture
async def assure(service: Service, appointment: Appointment) -> Browser:
    return await service.assure(appointment)


async def test_the_last_verdict_is_on_the_day_list_and_in_words_beside_it(
    service: Service, appointment: Appointment, assure: Browser
) -> None:
    doctor = await service.doctor()
    console = await service.console(doctor)
    assert console.entries[appointment.id]["equipment"] == ""
    assert (await detail(doctor, appointment))["equipment"] is None

    assert (await tell(assure, appointment, FAILED)).status == 204
    await console.until(lambda: console.entries[appointment.id]["equipment"] == "echec")
    failed = (await detail(doctor, appointment))["equipment"]
    await tell(assure, appointment, READY)
    await console.until(lambda: console.entries[appointment.id]["equipment"] == "pret")
    ready = (await detail(doctor, appointment))["equipment"]

    assert failed["label"] == "Matériel testé : n'a pas réussi"
    assert failed["remarks"] == ["Caméra : autorisation refusée", "Micro : autorisation refusée"]
    assert (ready["label"], ready["remarks"]) == ("Matériel testé : prêt", [])
    assert "1230 kbit/s envoyés, 1190 reçus" in ready["details"]
    assert "relais : UDP oui, TLS non" in ready["details"]


async def test_an_agent_sees_it_too(
    service: Service, appointment: Appointment, assure: Browser
) -> None:
    agent = await service.agent()

    await tell(assure, appointment, FAILED)

    shown = await agent.ok(f"/api/agent/telecontroles/{appointment.id}", method="GET")
    assert shown["equipment"]["label"] == "Matériel testé : n'a pas réussi"


async def test_a_test_that_fails_counts_against_nobody(service: Service) -> None:
    """Nor for: it is no try to come. The decision table does not see it."""
    with_test, without = await service.appoint(), await service.appoint()
    browser = await service.assure(with_test)
    await service.assure(without)
    before = await service.kinds(with_test.id)

    await tell(browser, with_test, FAILED)

    doctor = await service.doctor()
    assert await service.kinds(with_test.id) == before
    proposals = [(await detail(doctor, one))["proposal"] for one in (with_test, without)]
    assert proposals[0] == proposals[1]
    assert proposals[0]["qualification"] != Qualification.ABSENCE_INJUSTIFIEE


async def test_nothing_is_kept_but_codes_and_rounded_figures(
    service: Service, appointment: Appointment, assure: Browser
) -> None:
    named = {**READY, "device": "FaceTime HD de Camille", "address": "192.0.2.7"}

    await tell(assure, appointment, named)

    async with service.registre.lecture() as unite:
        (row,) = await unite.connection.execute(t.essai_materiel.select())
    assert row.navigateur == "autre_ordinateur"
    assert "1230" in row.mesures
    assert "Camille" not in service.dump()
    assert "192.0.2.7" not in service.dump()


@pytest.mark.parametrize(
    "spoilt",
    [
        {"colour": "vert"},
        {"parts": {"navigateur": "Chrome 130 de Camille"}},
        {"up_kbps": -1},
        {"loss_percent": 101},
        {"parts": {"navigateur": "ok", "camera": ["ok"] * 1_000}},
    ],
)
async def test_what_is_no_verdict_is_refused(
    appointment: Appointment, assure: Browser, spoilt: Any
) -> None:
    answer = await tell(assure, appointment, {**READY, **spoilt})

    assert (answer.status, answer.error["code"]) == (422, "demande")


async def test_so_many_are_kept_and_then_the_last_one_stays(
    service: Service, appointment: Appointment, assure: Browser
) -> None:
    for _ in range(service.config.equipment_tests):
        assert (await tell(assure, appointment, READY)).status == 204

    answer = await tell(assure, appointment, FAILED)

    assert (answer.status, answer.error["code"]) == (409, "trop_de_tests")
    doctor = await service.doctor()
    assert (await detail(doctor, appointment))["entry"]["equipment"] == "pret"


async def test_the_link_alone_keeps_no_verdict(service: Service) -> None:
    appointment = await service.appoint(600, etat=Etat.CONVOQUE)

    answer = await tell(service.browser(), appointment, READY)

    assert answer.status == 401


def test_every_part_that_can_fail_has_a_remark_of_its_own() -> None:
    assert len(set(REMARKS.values())) == len(REMARKS)
