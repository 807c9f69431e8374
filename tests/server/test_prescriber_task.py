"""Who wrote the prescription is to be told: a task of the agents, which the caisse's API shows."""

from typing import Any

import pytest
from caisse_people import caisse
from server_people import Appointment, Browser, Service
from test_agent_decisions import words_of
from test_outcome import PRESENT, conversation, day, path

pytestmark = pytest.mark.row("OP-11")

TASK = "informer_prescripteur"
AGENT = "/api/agent/telecontroles"


async def sign(service: Service, doctor: Browser, appointment: Appointment, **form: Any) -> None:
    await doctor.ok(path(appointment), PRESENT | form)


def back_to_work(service: Service, days: int = 2) -> dict[str, Any]:
    return {"conclusion": "reprise_a_date", "date": day(service, days), "announced": False}


async def tasks_of(agent: Browser, appointment: Appointment) -> list[str]:
    told = await agent.ok(f"{AGENT}/{appointment.id}", method="GET")
    return [one["kind"] for one in told["planned"]["tasks"]]


async def told_to(service: Service, appointment: Appointment) -> Any:
    answer = await (await caisse(service)).get(f"/api/v1/telecontroles/{appointment.id}/issue")
    return answer.json["notification"]["prescripteur"]


async def test_a_return_to_work_gives_the_agents_something_to_do(service: Service) -> None:
    appointment, doctor = await conversation(service)
    agent = await service.agent()

    await sign(service, doctor, appointment, **back_to_work(service))
    listed = await agent.get(f"{AGENT}?taches=1")

    (one,) = listed.json["items"][0]["tasks"]
    assert one["kind"] == TASK
    assert one["label"] == "Informer le prescripteur et le médecin traitant"
    assert words_of(listed) == []


async def test_a_justified_leave_gives_them_nothing(service: Service) -> None:
    appointment, doctor = await conversation(service)

    await sign(service, doctor, appointment)

    assert await tasks_of(await service.agent(), appointment) == []
    assert await told_to(service, appointment) is None


async def test_done_by_an_agent_it_is_done_for_the_caisse_s_own_system(service: Service) -> None:
    appointment, doctor = await conversation(service)
    agent = await service.agent()
    await sign(service, doctor, appointment, **back_to_work(service))

    before = await told_to(service, appointment)
    await agent.ok(f"{AGENT}/{appointment.id}/taches/{TASK}")
    after = await told_to(service, appointment)

    assert before["fait"] is None
    assert after["demande"] == before["demande"]
    assert after["fait"] is not None
    assert await tasks_of(agent, appointment) == []


async def test_another_date_is_to_be_told_again(service: Service) -> None:
    appointment, doctor = await conversation(service)
    agent = await service.agent()
    await sign(service, doctor, appointment, **back_to_work(service))
    await agent.ok(f"{AGENT}/{appointment.id}/taches/{TASK}")

    correction = back_to_work(service, 3) | {"correction_reason": "erreur_de_saisie"}
    await sign(service, doctor, appointment, **correction)

    assert await tasks_of(agent, appointment) == [TASK]


async def test_what_nobody_was_told_is_forgotten_when_it_is_corrected(service: Service) -> None:
    appointment, doctor = await conversation(service)
    await sign(service, doctor, appointment, **back_to_work(service))

    await sign(service, doctor, appointment, correction_reason="erreur_de_saisie")

    assert await tasks_of(await service.agent(), appointment) == []
    assert await told_to(service, appointment) is None


async def test_the_conclusion_comes_with_its_words_for_the_letter(service: Service) -> None:
    appointment, doctor = await conversation(service)
    await sign(service, doctor, appointment, **back_to_work(service))

    answer = await (await caisse(service)).get(f"/api/v1/telecontroles/{appointment.id}/issue")

    assert answer.json["conclusion"] == "reprise_a_date"
    assert answer.json["libelle"] == "Reprise du travail à une date"
