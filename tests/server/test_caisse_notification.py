"""What the caisse needs to write its decision: recourse, and what was told; no letter of ours."""

from typing import Any

import pytest
from caisse_people import caisse
from server_people import Service
from test_outcome import PRESENT, conversation, day, path

pytestmark = pytest.mark.row("OP-10")


async def given(service: Service, form: dict[str, Any]) -> Any:
    us = await caisse(service)
    appointment, doctor = await conversation(service)
    service.clock.pass_by(60)
    await doctor.ok(path(appointment), form)
    return (await us.get(f"/api/v1/telecontroles/{appointment.id}/issue")).json


async def test_a_decision_that_changes_rights_says_before_whom_and_until_when(
    service: Service,
) -> None:
    told = {"conclusion": "reprise_a_date", "date": day(service, 2), "announced": False}

    issue = await given(service, {**PRESENT, **told})

    told_to_nobody = (issue["notification"]["annonce_orale"], issue["notification"]["annonce"])
    assert told_to_nobody == (False, None)
    assert issue["notification"]["recours"] == {
        "commission": "cmra", "delai_mois": 2, "texte": "R. 142-1-A",
    }  # fmt: skip
    assert issue["date_effet"] == told["date"]


@pytest.mark.row("OP-09")
async def test_what_was_told_and_when_is_signed_with_the_outcome(service: Service) -> None:
    appointment, doctor = await conversation(service)
    paris = (await service.stored(appointment.id)).fuseau
    form = {**PRESENT, "conclusion": "stabilisation", "date": day(service, 0)}

    missing = await doctor.post(path(appointment), form)
    no_hour = await doctor.post(path(appointment), {**form, "announced": True})
    wrong = await doctor.post(
        path(appointment), {**form, "announced": True, "announced_at": "25:00"}
    )
    hour = local(service, paris)
    signed = await doctor.ok(path(appointment), {**form, "announced": True, "announced_at": hour})

    assert (missing.status, missing.error["field"]) == (422, "announced")
    assert (no_hour.status, no_hour.error["field"]) == (422, "announced_at")
    assert (wrong.status, wrong.error["field"]) == (422, "announced_at")
    assert signed["announced"] is True
    assert signed["announced_at"] is not None


def local(service: Service, zone: str) -> str:
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    return service.clock().astimezone(ZoneInfo(zone)).strftime("%H:%M")


async def test_a_justified_leave_has_nothing_to_contest(service: Service) -> None:
    issue = await given(service, PRESENT)

    assert set(issue["notification"].values()) == {None}
    assert len(issue["notification"]) == 4


@pytest.mark.row("OP-12")
async def test_nothing_in_it_is_a_medical_word(service: Service) -> None:
    issue = await given(service, PRESENT)

    assert not {"motif", "diagnostic", "sequelles", "notes"} & set(issue)
