"""The outcome over HTTP: what blocks it, what it asks for, and that a signed one stays."""

import asyncio
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from server_people import Appointment, Browser, Seat, Service

from controle.issue import Conclusion
from controle.telecontrole import Contexte, Etat

IDENTITY = {"mode": "piece_montree", "verified": True}
PRESENT = {"qualification": "present", "conclusion": "arret_justifie"}


async def conversation(
    service: Service, *, contexte: Contexte = Contexte.ARRET_MALADIE, checked: bool = True
) -> tuple[Appointment, Browser]:
    """A call that took place and was ended by the doctor."""
    appointment, doctor = await service.appoint(contexte=contexte), await service.doctor()
    assure = await service.seat(await service.assure(appointment))
    seat = await service.seat(doctor, appointment)
    await seat.done("admit")
    for one in (assure, seat):
        await one.flowing()
    if checked:
        await doctor.ok(path(appointment, "/identite"), IDENTITY)
    await seat.done("end")
    return appointment, doctor


def path(appointment: Appointment, rest: str = "/issue") -> str:
    return f"/api/console/telecontroles/{appointment.id}{rest}"


def day(service: Service, days: int) -> str:
    today = service.clock().astimezone(ZoneInfo("Europe/Paris")).date()
    return (today + timedelta(days=days)).isoformat()


@pytest.mark.row("ID-02")
async def test_no_outcome_before_the_identity_was_checked(service: Service) -> None:
    appointment, doctor = await conversation(service, checked=False)

    told = await doctor.ok(path(appointment, ""), method="GET")
    refused = await doctor.post(path(appointment), PRESENT)
    await doctor.ok(path(appointment, "/identite"), IDENTITY)
    signed = await doctor.post(path(appointment), PRESENT)

    assert "identité" in told["outcome_blocked"]
    assert (refused.status, refused.error["code"]) == (409, "identite_non_controlee")
    assert signed.status == 201


@pytest.mark.row("OP-06")
async def test_no_outcome_while_the_conversation_goes_on(service: Service) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    await service.seat(await service.assure(appointment))
    seat = await service.seat(doctor, appointment)
    await seat.done("admit")
    await doctor.ok(path(appointment, "/identite"), IDENTITY)

    refused = await doctor.post(path(appointment), PRESENT)

    assert (refused.status, refused.error["code"]) == (409, "entretien_en_cours")


@pytest.mark.row("OP-03")
async def test_nobody_is_absent_before_the_grace_is_over(service: Service) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    absent = {"qualification": "non_connecte", "conclusion": "controle_impossible"}

    early = await doctor.post(path(appointment), absent)
    service.clock.pass_by(15 * 60)
    late = await doctor.post(path(appointment), absent)

    assert (early.status, early.error["code"]) == (409, "trop_tot_pour_conclure")
    assert late.status == 201


MATRIX: list[tuple[Contexte, dict[str, Any], str]] = [
    (Contexte.ARRET_MALADIE, {"conclusion": "favorable", "category": 1}, "conclusion"),
    (Contexte.ARRET_MALADIE, {"conclusion": "guerison", "date": 0}, "conclusion"),
    (Contexte.INVALIDITE, {"conclusion": "arret_justifie"}, "conclusion"),
    (Contexte.ARRET_MALADIE, {"conclusion": "reprise_a_date"}, "date"),
    (Contexte.ARRET_MALADIE, {"conclusion": "reprise_a_date", "date": -1}, "date"),
    (Contexte.ARRET_MALADIE, {"conclusion": "arret_justifie", "date": 1}, "date"),
    (Contexte.AT_MP, {"conclusion": "consolidation", "date": -3}, "sequelae"),
    (Contexte.AT_MP, {"conclusion": "guerison", "date": -3, "sequelae": True}, "sequelae"),
    (Contexte.INVALIDITE, {"conclusion": "favorable"}, "category"),
    (Contexte.INVALIDITE, {"conclusion": "favorable", "category": 4}, "category"),
    (Contexte.INVALIDITE, {"conclusion": "defavorable", "category": 2}, "category"),
    (Contexte.ARRET_MALADIE, {"qualification": "non_connecte"}, "qualification"),
    (Contexte.ARRET_MALADIE, {"qualification": "absence_injustifiee"}, "qualification"),
    (Contexte.ARRET_MALADIE, {"qualification": "inconnue"}, "qualification"),
]


@pytest.mark.row("OP-06")
@pytest.mark.parametrize(("contexte", "form", "field"), MATRIX)
async def test_what_does_not_go_together_is_refused_by_its_field(
    service: Service, contexte: Contexte, form: dict[str, Any], field: str
) -> None:
    appointment, doctor = await conversation(service, contexte=contexte)
    if "date" in form:
        form = {**form, "date": day(service, form["date"])}
    before = service.dump()

    refused = await doctor.post(path(appointment), {**PRESENT, **form})

    assert (refused.status, refused.error["field"]) == (422, field)
    assert service.dump() == before


@pytest.mark.row("OP-06")
async def test_a_date_that_does_not_exist_is_refused_by_its_field(service: Service) -> None:
    appointment, doctor = await conversation(service)

    refused = await doctor.post(
        path(appointment), {**PRESENT, "conclusion": "reprise_a_date", "date": "2026-02-30"}
    )

    assert (refused.status, refused.error["field"]) == (422, "date")


@pytest.mark.row("OP-06")
@pytest.mark.parametrize("contexte", list(Contexte))
async def test_every_choice_of_the_form_can_be_signed(service: Service, contexte: Contexte) -> None:
    appointment, doctor = await conversation(service, contexte=contexte)
    choices = (await doctor.ok(path(appointment, ""), method="GET"))["conclusions"]

    for version, choice in enumerate(choices, start=1):
        form = {
            **PRESENT,
            "conclusion": choice["code"],
            "date": day(service, 2) if choice["date"] else None,
            "category": 2 if choice["category"] else None,
            "sequelae": False if choice["sequelae"] else None,
            "announced": False if choice["announcement"] else None,
            "correction_reason": "element_nouveau" if version > 1 else None,
        }
        assert (await doctor.ok(path(appointment), form))["version"] == version

    assert {choice["code"] for choice in choices} <= set(Conclusion)


@pytest.mark.row("OP-08")
async def test_a_signed_outcome_is_only_corrected_with_a_reason(service: Service) -> None:
    appointment, doctor = await conversation(service)
    other = {
        **PRESENT, "conclusion": "stabilisation", "date": day(service, 0), "announced": False
    }  # fmt: skip

    first = await doctor.ok(path(appointment), PRESENT)
    sealed = await doctor.post(path(appointment), other)
    blank = await doctor.post(path(appointment), {**other, "correction_reason": "    "})
    second = await doctor.ok(path(appointment), {**other, "correction_reason": "erreur_de_saisie"})

    assert (sealed.status, sealed.error["code"]) == (409, "issue_scellee")
    assert sealed.error["field"] == "correction_reason"
    assert (blank.status, blank.error["field"]) == (422, "correction_reason")
    assert [first["version"], second["version"]] == [1, 2]
    assert (second["correction_reason"], second["correction_label"]) == (
        "erreur_de_saisie",
        "Erreur de saisie",
    )


@pytest.mark.row("OP-08")
@pytest.mark.row("OP-02")
async def test_each_version_is_in_the_chain_by_its_hash_and_sealed(service: Service) -> None:
    appointment, doctor = await conversation(service)
    await doctor.ok(path(appointment), PRESENT)
    await doctor.ok(path(appointment), {**PRESENT, "correction_reason": "situation_reexaminee"})

    async with service.registre.lecture() as unite:
        issues = await unite.issues(appointment.id)
        seals = await unite.sceaux(appointment.id)

    signed = [f for f in await service.facts(appointment.id) if f.genre == "issue_enregistree"]
    assert [f.details["empreinte"] for f in signed] == [one.empreinte() for one in issues]
    assert [seal.motif for seal in seals] == ["fin", "issue", "issue"]
    assert "arret_justifie" not in str([f.details for f in signed])


@pytest.mark.row("OP-08")
async def test_of_two_outcomes_signed_at_once_one_is_refused(service: Service) -> None:
    appointment, doctor = await conversation(service)

    answers = await asyncio.gather(*(doctor.post(path(appointment), PRESENT) for _ in range(8)))

    assert sorted(answer.status for answer in answers) == [201] + [409] * 7
    assert service.dump().count('INSERT INTO "issue"') == 1


@pytest.mark.row("WR-05")
@pytest.mark.row("OP-01")
async def test_an_outcome_signed_while_somebody_waits_ends_their_waiting(
    service: Service,
) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    assure: Seat = await service.seat(await service.assure(appointment))
    service.clock.pass_by(60)

    form = {"qualification": "medecin_absent", "conclusion": "controle_impossible"}
    await doctor.ok(path(appointment), form)
    await assure.until(lambda: assure.state["phase"] == "ended")
    service.clock.pass_by(600)
    told = await doctor.ok(path(appointment, ""), method="GET")

    kinds = await service.kinds(appointment.id)
    assert kinds[-3:] == ["fin", "issue_enregistree", "deplace"]
    assert (await service.stored(appointment.id)).etat is Etat.REPORTE
    assert assure.state["ending"]["reason"] == "cancelled"
    assert assure.state["ending"]["at"] == told["entry"]["ended_at"]
    assert told["presence"]["waiting_seconds"] == 60


@pytest.mark.row("OP-03")
async def test_the_form_proposes_and_never_an_absence(service: Service) -> None:
    appointment = await service.appoint()
    service.clock.pass_by(3600)

    told = await (await service.doctor()).ok(path(appointment, ""), method="GET")

    assert told["proposal"]["qualification"] == "non_connecte"
    assert told["proposal"]["reasons"]
