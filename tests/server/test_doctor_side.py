"""The médecin-conseil's side of an appointment: an absence, a justification, a date in person."""

import asyncio
import io
from collections.abc import Awaitable, Callable

import pytest
from doctor_scenes import (
    SITE,
    announced,
    convoked,
    detail,
    justified,
    justify,
    note,
    path,
    pending,
    reminded,
    requests,
    rows,
    site,
)
from PIL import Image
from server_people import Appointment, Browser, Service
from sqlalchemy import update

from controle.presence import GenreFait, Role
from controle.telecontrole import Etat
from server import keys
from server.store import schema as t

GRACE = 15 * 60
ABSENT = {"qualification": "non_connecte", "conclusion": "controle_impossible"}
UNJUSTIFIED = {"qualification": "absence_injustifiee", "conclusion": "controle_impossible"}
PICTURE = io.BytesIO()
Image.new("RGB", (8, 8), "navy").save(PICTURE, "PNG")


# --- nobody came --------------------------------------------------------------------------------


@pytest.mark.row("OP-12")
async def test_before_the_grace_is_over_only_a_written_reason_closes(service: Service) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    reason = "assure_a_prevenu"

    without = await doctor.post(path(appointment, "/issue"), ABSENT)
    absent = ABSENT | {"qualification": "absence_justifiee", "early_reason": reason}
    other = await doctor.post(path(appointment, "/issue"), absent)
    signed = await doctor.ok(path(appointment, "/issue"), ABSENT | {"early_reason": reason})

    assert (without.status, without.error["code"]) == (409, "trop_tot_pour_conclure")
    assert other.error["code"] == "trop_tot_pour_conclure"
    assert (signed["early_reason"], signed["early_label"]) == (
        reason,
        "L'assuré a prévenu qu'il ne viendrait pas",
    )
    record = await doctor.get(path(appointment, "/releve"))
    assert reason not in record.raw.decode()


@pytest.mark.row("OP-12")
async def test_before_the_hour_no_reason_closes(service: Service) -> None:
    appointment, doctor = await service.appoint(5), await service.doctor()

    refused = await doctor.post(
        path(appointment, "/issue"), ABSENT | {"early_reason": "assure_a_prevenu"}
    )

    assert (refused.status, refused.error["code"]) == (409, "trop_tot_pour_conclure")
    assert "délai" in (await detail(doctor, appointment))["outcome_blocked"]


@pytest.mark.row("OP-12")
async def test_a_reason_that_was_not_needed_is_not_kept(service: Service) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    service.clock.pass_by(GRACE)

    signed = await doctor.ok(
        path(appointment, "/issue"), ABSENT | {"early_reason": "assure_a_prevenu"}
    )

    assert signed["early_reason"] is None


@pytest.mark.row("OP-12")
async def test_each_call_is_on_record_with_what_it_gave(service: Service) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()

    for result in ("sans_reponse", "repondeur"):
        await doctor.ok(path(appointment, "/appels"), {"result": result})
    odd = await doctor.post(path(appointment, "/appels"), {"result": "a raccroché"})
    told = (await detail(doctor, appointment))["absence"]

    assert odd.status == 422
    facts = [f for f in await service.facts(appointment.id) if f.genre == "appel_tente"]
    assert [(f.role, dict(f.details)) for f in facts] == [
        ("medecin_conseil", {"resultat": "sans_reponse"}),
        ("medecin_conseil", {"resultat": "repondeur"}),
    ]
    assert [one["result"] for one in told["attempts"]] == [
        "Pas de réponse", "Message laissé sur le répondeur"
    ]  # fmt: skip
    assert told["phone"] == "06 39 98 01 99"


@pytest.mark.row("OP-12")
async def test_another_doctor_sees_no_number_and_notes_no_call(service: Service) -> None:
    appointment, other = await service.appoint(), await service.doctor("mc-2")

    answers = [
        await other.get(path(appointment)),
        await other.post(path(appointment, "/appels"), {"result": "joint"}),
        await other.get(path(appointment, "/presentiel")),
        await other.post(
            path(appointment, "/presentiel"), {"site": "x", "start": "2026-12-01T09:00"}
        ),
    ]

    assert {answer.status for answer in answers} == {404}
    assert await service.kinds(appointment.id) == []


@pytest.mark.row("OP-12")
async def test_who_came_shows_no_number(service: Service) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    await service.seat(await service.assure(appointment))

    told = await detail(doctor, appointment)

    assert told["absence"] is None


async def nothing(service: Service, appointment: Appointment) -> None:
    """A step that is left out."""


async def called(service: Service, appointment: Appointment) -> None:
    await note(service, appointment, GenreFait.APPEL_TENTE, resultat="sans_reponse", par="agent-1")


async def explained(service: Service, appointment: Appointment) -> None:
    assert (await justify(service.browser(), appointment.link)).status < 300


Step = Callable[[Service, Appointment], Awaitable[None]]
#: What was done before the hour, after it, and the one thing that is missing.
INCOMPLETE: list[tuple[tuple[Step, Step, Step, Step], str, str]] = [
    ((nothing, reminded, called, nothing), "convocation_non_remise", "Convocation remise"),
    ((convoked, nothing, called, nothing), "rappel_non_envoye", "Rappel"),
    ((convoked, reminded, nothing, nothing), "aucun_appel", "Appel tenté"),
    ((convoked, reminded, called, explained), "justification_en_attente", "justification"),
]


@pytest.mark.row("CN-05")
@pytest.mark.row("OP-12")
@pytest.mark.parametrize(("steps", "code", "label"), INCOMPLETE, ids=[one[1] for one in INCOMPLETE])
async def test_an_absence_is_not_unjustified_while_one_step_is_missing(
    service: Service, steps: tuple[Step, Step, Step, Step], code: str, label: str
) -> None:
    appointment = await service.appoint(30)
    convoke, remind, call, explain = steps
    await convoke(service, appointment)
    await remind(service, appointment)
    service.clock.pass_by(30 * 60 + GRACE)
    await call(service, appointment)
    await explain(service, appointment)
    doctor = await service.doctor()

    told = await detail(doctor, appointment)
    refused = await doctor.post(path(appointment, "/issue"), UNJUSTIFIED)

    missing = [one["label"] for one in told["absence_conditions"] if not one["met"]]
    assert len(missing) == 1
    assert label in missing[0]
    assert (refused.status, refused.error["code"]) == (409, code)
    assert refused.error["field"] == "qualification"


@pytest.mark.row("CN-05")
async def test_an_absence_is_unjustified_once_every_step_was_taken(service: Service) -> None:
    appointment = await service.appoint(30)
    await convoked(service, appointment)
    await reminded(service, appointment)
    service.clock.pass_by(30 * 60 + GRACE)
    await called(service, appointment)
    doctor = await service.doctor()

    told = await detail(doctor, appointment)
    signed = await doctor.post(path(appointment, "/issue"), UNJUSTIFIED)

    assert all(one["met"] for one in told["absence_conditions"])
    assert signed.status == 201
    assert (await service.stored(appointment.id)).etat is Etat.ABSENCE_INJUSTIFIEE


# --- a justification ----------------------------------------------------------------------------


@pytest.mark.row("CN-14")
async def test_the_service_medical_reads_the_true_reason_and_its_document(
    service: Service,
) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    one = await justified(service, appointment, PICTURE.getvalue())

    shown = (await detail(doctor, appointment))["justifications"]
    piece = await doctor.get(path(appointment, f"/justifications/{one}/piece"))

    assert [(j["reason"], j["state"], j["document"]) for j in shown] == [
        ("Une raison de santé", "deposee", True)
    ]
    assert Image.open(io.BytesIO(piece.raw)).size == (8, 8)
    assert piece.headers["Content-Type"] == "image/jpeg"
    assert piece.headers["Content-Disposition"] == 'attachment; filename="piece.jpg"'
    assert piece.headers["X-Content-Type-Options"] == "nosniff"
    assert piece.headers["Cache-Control"] == "no-store"


@pytest.mark.row("CN-14")
async def test_a_document_is_its_own_doctors_alone(service: Service) -> None:
    appointment, elsewhere = await service.appoint(), await service.appoint()
    doctor, other = await service.doctor(), await service.doctor("mc-2")
    one = await justified(service, appointment, PICTURE.getvalue())

    answers = [
        await other.get(path(appointment, f"/justifications/{one}/piece")),
        await other.post(
            path(appointment, f"/justifications/{one}/decision"), {"decision": "accepter"}
        ),
        await doctor.get(path(elsewhere, f"/justifications/{one}/piece")),
        await doctor.get(path(appointment, "/justifications/none/piece")),
        await service.browser().get(path(appointment, f"/justifications/{one}/piece")),
    ]

    assert [answer.status for answer in answers] == [404, 404, 404, 404, 401]


@pytest.mark.row("CN-14")
@pytest.mark.row("IP-01")
async def test_an_accepted_justification_leads_to_one_request_and_closes_the_room(
    service: Service,
) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    await announced(service, appointment)
    one = await justified(service, appointment, None)
    assure = await service.seat(await service.assure(appointment))
    decision = path(appointment, f"/justifications/{one}/decision")

    answers = await asyncio.gather(*(doctor.post(decision, {"decision": "accepter"}) for _ in "ab"))
    await assure.until(lambda: assure.state["phase"] == "ended")

    assert sorted(answer.status for answer in answers) == [200, 409]
    assert await requests(service, appointment) == ["absence_justifiee"]
    assert assure.state["ending"]["reason"] == "in_person"
    facts = [f for f in await service.facts(appointment.id) if f.genre == "justification_decidee"]
    assert [f.details["decision"] for f in facts] == ["acceptee"]
    assert await pending(service, appointment) == set()
    assert (await service.stored(appointment.id)).etat is Etat.ABSENCE_JUSTIFIEE


@pytest.mark.row("CN-14")
async def test_a_refused_justification_changes_nothing_else(service: Service) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    one = await justified(service, appointment, None)

    decision = path(appointment, f"/justifications/{one}/decision")
    entry = await doctor.ok(decision, {"decision": "refuser"})

    assert (entry["justification"], entry["phase"]) == ("refusee", "waiting")
    assert await requests(service, appointment) == []
    met = (await detail(doctor, appointment))["absence_conditions"]
    assert [one["met"] for one in met if "justification" in one["label"]] == [True]


# --- the doctor did not come --------------------------------------------------------------------


@pytest.mark.row("OP-13")
async def test_an_absent_doctor_apologises_with_one_new_date_by_itself(service: Service) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    await service.seat(await service.assure(appointment))
    form = {"qualification": "medecin_absent", "conclusion": "controle_impossible"}

    await doctor.ok(path(appointment, "/issue"), form)
    await doctor.ok(
        path(appointment, "/issue"), form | {"correction_reason": "situation_reexaminee"}
    )
    told = await detail(doctor, appointment)

    following = await rows(service, t.telecontrole, t.telecontrole.c.suite_de == appointment.id)
    assert len(following) == 1
    messages = await rows(service, t.envoi, t.envoi.c.telecontrole == following[0].id)
    assert {row.genre for row in messages} == {"excuse", "rappel"}
    assert (
        told["next_appointment"]["start"]
        == (await service.stored(following[0].id)).debut.isoformat()
    )
    assert await requests(service, appointment) == []


# --- in person ----------------------------------------------------------------------------------


@pytest.mark.row("IP-03")
async def test_a_date_in_person_is_one_choice_among_three_and_both_see_it(service: Service) -> None:
    await site(service)
    appointment, doctor = await service.appoint(), await service.doctor()
    assure = await service.seat(await service.assure(appointment))
    seat = await service.seat(doctor, appointment)
    await seat.done("admit")

    await doctor.ok(path(appointment, "/examen-clinique"))
    proposed = await doctor.ok(path(appointment, "/presentiel"), method="GET")
    chosen = {"site": proposed["sites"][0]["id"], "start": proposed["slots"][1]["start"]}
    fixed = await doctor.ok(path(appointment, "/presentiel"), chosen)
    for one in (assure, seat):
        await one.until(lambda one=one: one.state["in_person"] is not None)

    assert len(proposed["slots"]) == 3
    assert fixed["booked"]["start"] == proposed["slots"][1]["at"]
    assert (
        assure.state["in_person"]
        == seat.state["in_person"]
        == {
            "start": proposed["slots"][1]["at"],
            "timezone": "Europe/Paris",
            "site": "Rennes centre",
            "address": SITE["adresse"],
        }
    )
    assert assure.state["phase"] == "admitted"
    assert (await service.kinds(appointment.id)).count("presentiel_fixe") == 1
    assert await requests(service, appointment) == ["examen_clinique"]
    mine = t.envoi.c.telecontrole == appointment.id
    kinds = {row.genre for row in await rows(service, t.envoi, mine)}
    assert {"presentiel", "rappel_presentiel"} <= kinds


@pytest.mark.row("IP-03")
async def test_who_comes_back_sees_the_date_again_even_after_a_restart(
    serve: Callable[..., Awaitable[Service]],
) -> None:
    service = await serve()
    await site(service)
    appointment, doctor = await service.appoint(), await service.doctor()
    assure = await service.assure(appointment)
    seat = await service.seat(assure, instance="page-of-the-assure")
    await doctor.ok(path(appointment, "/examen-clinique"))
    proposed = await doctor.ok(path(appointment, "/presentiel"), method="GET")
    chosen = {"site": "site-1", "start": proposed["slots"][0]["start"]}
    await doctor.ok(path(appointment, "/presentiel"), chosen)
    await seat.until(lambda: seat.state["in_person"] is not None)
    await seat.drop()

    again = await service.seat(assure, instance="page-of-the-assure")
    other = await serve(service.data, clock=service.clock)
    assure.base = other.base
    restarted = await other.seat(assure)

    assert again.state["in_person"]["start"] == proposed["slots"][0]["at"]
    assert restarted.state["in_person"] == again.state["in_person"]


@pytest.mark.row("IP-03")
async def test_a_date_that_an_agent_moves_or_takes_back_changes_in_the_room_too(
    service: Service,
) -> None:
    await site(service)
    appointment, doctor = await service.appoint(), await service.doctor()
    assure = await service.seat(await service.assure(appointment))
    await doctor.ok(path(appointment, "/examen-clinique"))
    proposed = await doctor.ok(path(appointment, "/presentiel"), method="GET")
    first, second = ({"site": "site-1", "start": one["start"]} for one in proposed["slots"][:2])

    seen = []
    for chosen in (first, second):
        await doctor.ok(path(appointment, "/presentiel"), chosen)
        await assure.until(lambda: assure.state["in_person"] not in (None, *seen))
        seen.append(assure.state["in_person"])
    async with service.registre.transaction() as unite:
        un = await unite.telecontrole(appointment.id)
        await service.app[keys.IN_PERSON].cancel(unite, un, "agent-1")
    service.app[keys.PUSHER].entry_changed(appointment.id)
    await assure.until(lambda: assure.state["in_person"] is None)

    assert [one["start"] for one in seen] == [one["at"] for one in proposed["slots"][:2]]


@pytest.mark.row("IP-03")
async def test_an_hour_that_was_taken_meanwhile_is_refused(service: Service) -> None:
    await site(service)
    doctor, bodies = await service.doctor(), []
    both = [await service.appoint(), await service.appoint()]
    for appointment in both:
        seat = await service.seat(await service.assure(appointment))
        await doctor.ok(path(appointment, "/examen-clinique"))
        proposed = await doctor.ok(path(appointment, "/presentiel"), method="GET")
        bodies.append({"site": "site-1", "start": proposed["slots"][0]["start"]})
        await seat.done("leave")

    answers = await asyncio.gather(
        *(
            doctor.post(path(one, "/presentiel"), chosen)
            for one, chosen in zip(both, bodies, strict=True)
        )
    )

    assert sorted(answer.status for answer in answers) == [201, 409]
    assert {answer.error["code"] for answer in answers if answer.status == 409} == {"creneau_pris"}


@pytest.mark.row("IP-03")
async def test_without_a_site_nothing_is_proposed(service: Service) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    await service.seat(await service.assure(appointment))
    await doctor.ok(path(appointment, "/examen-clinique"))

    told = await doctor.ok(path(appointment, "/presentiel"), method="GET")

    assert (told["requested"], told["sites"], told["slots"]) == (True, [], [])


@pytest.mark.row("IP-03")
async def test_nothing_is_proposed_that_nobody_asked_for(service: Service) -> None:
    await site(service)
    appointment, doctor = await service.appoint(), await service.doctor()

    told = await doctor.ok(path(appointment, "/presentiel"), method="GET")
    body = {"site": "site-1", "start": "2027-03-01T09:00"}
    refused = await doctor.post(path(appointment, "/presentiel"), body)

    assert told["slots"] == []
    assert (refused.status, refused.error["code"]) == (409, "presentiel_sans_demande")


async def by_refusal(service: Service, appointment: Appointment, doctor: Browser) -> None:
    await service.browser().ok("/api/assure/refus", {"link": appointment.link})


async def by_justification(service: Service, appointment: Appointment, doctor: Browser) -> None:
    one = await justified(service, appointment, None)
    decision = path(appointment, f"/justifications/{one}/decision")
    await doctor.ok(decision, {"decision": "accepter"})


async def by_examination(service: Service, appointment: Appointment, doctor: Browser) -> None:
    await service.seat(await service.assure(appointment))
    for _ in "ab":
        await doctor.ok(path(appointment, "/examen-clinique"))


async def by_identity(service: Service, appointment: Appointment, doctor: Browser) -> None:
    await service.seat(await service.assure(appointment))
    doubt = {"mode": "piece_montree", "verified": False}
    await doctor.ok(path(appointment, "/identite"), doubt)


async def by_incident(service: Service, appointment: Appointment, doctor: Browser) -> None:
    await service.seat(await service.assure(appointment))
    form = {"qualification": "incident_inconnu", "conclusion": "controle_impossible"}
    await doctor.ok(path(appointment, "/issue"), form)


async def by_conversion(service: Service, appointment: Appointment, doctor: Browser) -> None:
    assure = await service.assure(appointment)
    await service.seat(assure)
    await assure.ok("/api/assure/presentiel")


EXITS = [by_refusal, by_justification, by_examination, by_identity, by_incident, by_conversion]


@pytest.mark.row("IP-01")
@pytest.mark.parametrize("leave", EXITS)
async def test_each_way_out_asks_for_one_appointment_in_person_and_stops_the_messages(
    service: Service, leave: Callable[[Service, Appointment, Browser], Awaitable[None]]
) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    await announced(service, appointment)

    await leave(service, appointment, doctor)
    if leave is by_examination:
        # The call may go on: its end is the way out.
        form = {"qualification": "present", "conclusion": "presentiel_necessaire"}
        await doctor.ok(path(appointment, "/issue"), form)

    assert len(await requests(service, appointment)) == 1
    assert await pending(service, appointment) == set()


# --- the day ------------------------------------------------------------------------------------


@pytest.mark.row("AC-05")
@pytest.mark.row("CN-05")
async def test_the_day_says_what_is_needed_and_what_did_not_arrive(service: Service) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    await announced(service, appointment)
    console = await service.console(doctor)
    async with service.registre.transaction() as unite:
        await unite.connection.execute(update(t.envoi).values(etat="echec"))

    needs = {"link": appointment.link, "needs": ["lsf", "accompagnant"]}
    await service.browser().ok("/api/assure/besoins", needs)
    await justified(service, appointment, None)
    await console.until(lambda: console.entries[appointment.id]["justification"] == "deposee")

    entry = console.entries[appointment.id]
    assert entry["needs"] == ["lsf", "accompagnant"]
    assert entry["undelivered"] is True


@pytest.mark.row("CA-06")
async def test_a_reassigned_appointment_moves_from_one_day_to_the_other_and_writes_to_nobody(
    service: Service,
) -> None:
    appointment = await service.appoint(30)
    before, after = await service.doctor(), await service.doctor("mc-2")
    old, new = await service.console(before), await service.console(after)
    assert appointment.id in old.entries

    planning = service.app[keys.PLANNING]
    async with service.registre.transaction() as unite:
        un = await unite.telecontrole(appointment.id)
        await planning.reassign(unite, un, "mc-2", "agent-1")
    await planning.tell(un, before="mc-1")
    await new.until(lambda: appointment.id in new.entries)
    await old.until(lambda: appointment.id not in old.entries)

    assert (await before.get(path(appointment))).status == 404
    assert (await detail(after, appointment))["entry"]["id"] == appointment.id
    assert await rows(service, t.envoi) == []


async def test_a_call_of_the_caisse_counts_and_is_shown_as_such(service: Service) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    await called(service, appointment)
    await note(service, appointment, GenreFait.APPEL_TENTE, Role.MEDECIN_CONSEIL, resultat="joint")

    told = (await detail(doctor, appointment))["absence"]["attempts"]

    assert [one["by"] for one in told] == ["caisse", "medecin_conseil"]
