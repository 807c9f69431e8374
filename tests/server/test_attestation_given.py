"""Who is given an attestation, when, by what proof, and what stays with us."""

import json
from datetime import timedelta

import pytest
from attested import ASK, ask, attested, code_by_sms, come_back, deliveries, waiting
from server_people import CODE, Service

from controle.attestation_forme import lire_document
from controle.attestation_mots import lignes
from server import keys
from server.record import Recorder

pytestmark = pytest.mark.row("OP-04")


# --- while waiting, and after -------------------------------------------------------------------


@pytest.mark.row("WR-05")
async def test_who_waits_gets_it_once_the_grace_is_over(service: Service) -> None:
    appointment, browser, _ = await waiting(service, 14)

    early = await ask(browser, appointment)
    service.clock.pass_by(120)
    told = json.loads(await attested(browser, appointment))

    assert (early.status, early.error["code"]) == (409, "attente_trop_courte")
    assert (told["genre"], told["medecin_arrivee"]) == ("medecin_absent", None)
    assert told["attente"] == 16 * 60


async def test_an_interview_that_is_going_on_has_nothing_to_attest_yet(service: Service) -> None:
    appointment = await service.appoint()
    browser = await service.assure(appointment)
    assure = await service.seat(browser)
    doctor = await service.seat(await service.doctor(), appointment)
    await doctor.call("admit", {})
    for seat in (assure, doctor):
        await seat.call("media", {"state": "flowing"})
    service.clock.pass_by(600)

    during = await ask(browser, appointment)
    await doctor.call("end", {})
    after = json.loads(await attested(browser, appointment))

    assert (during.status, during.error["code"]) == (409, "entretien_non_fini")
    assert (after["genre"], after["ensemble"], after["interruptions"]) == ("presence", 600, 0)


async def test_who_never_came_has_nothing_to_attest_and_gets_no_sms(service: Service) -> None:
    appointment = await service.appoint(-60)
    link = {"link": appointment.link}

    asked = await service.browser().post(f"{ASK}/code", link)
    state = await service.browser().ok("/api/assure/lien", link)

    assert (asked.status, asked.error["code"]) == (409, "rien_a_attester")
    assert state["attestation"] is False


@pytest.mark.row("OP-05")
async def test_who_could_not_open_the_camera_is_not_somebody_who_never_came(
    service: Service,
) -> None:
    appointment = await service.appoint()
    browser = await service.assure(appointment)
    for cause in ("refuse", "refuse", "occupe"):
        await browser.ok("/api/assure/obstacle", {"cause": cause})
    service.clock.pass_by(60 * 16)

    told = json.loads(await attested(browser, appointment))

    assert (told["genre"], told["motif"], told["arrivee"]) == ("incident", "materiel", None)
    facts = [f for f in await service.facts(appointment.id) if f.genre == "obstacle_technique"]
    assert [(f.details["cause"], str(f.source)) for f in facts] == [
        ("refuse", "declaration"),
        ("occupe", "declaration"),
    ]


@pytest.mark.row("OP-05")
async def test_an_obstacle_is_one_of_a_list_and_they_are_bounded(service: Service) -> None:
    appointment = await service.appoint()
    browser = await service.assure(appointment)

    foreign = await browser.post("/api/assure/obstacle", {"cause": "J'ai la grippe"})
    nobody = await service.browser().post("/api/assure/obstacle", {"cause": "refuse"})
    for rank in range(20):
        await browser.ok("/api/assure/obstacle", {"cause": ("refuse", "occupe")[rank % 2]})

    assert (foreign.status, nobody.status) == (422, 401)
    facts = await service.facts(appointment.id)
    assert [f.genre for f in facts].count("obstacle_technique") == service.config.obstacles


# --- the second factor --------------------------------------------------------------------------


async def test_on_a_later_day_the_link_and_a_new_code_are_enough(service: Service) -> None:
    appointment, _, seat = await waiting(service)
    await seat.call("leave", {})
    service.clock.pass_by(3 * 24 * 3600)

    state = await service.browser().ok("/api/assure/lien", {"link": appointment.link})
    told = json.loads(await attested(await come_back(service, appointment), appointment))

    assert state["attestation"] is True
    assert told["attente"] == 16 * 60
    kinds = await service.kinds(appointment.id)
    assert kinds.count("second_facteur_reussi") == 1


async def test_the_link_alone_gives_nothing(service: Service) -> None:
    appointment, _, seat = await waiting(service)
    await seat.call("leave", {})
    service.clock.pass_by(24 * 3600)
    stranger = service.browser()

    without = await ask(stranger, appointment)
    guessed = await stranger.post(f"{ASK}/session", {"link": appointment.link, "code": "000000"})

    assert (without.status, guessed.status) == (401, 403)
    assert await deliveries(service, appointment) == []


async def test_a_session_of_another_appointment_gives_nothing(service: Service) -> None:
    mine, _, _ = await waiting(service)
    other = await service.assure(await service.appoint())

    answer = await ask(other, mine)

    assert (answer.status, answer.error["code"]) == (401, "autre")
    assert await deliveries(service, mine) == []


async def test_who_lost_their_page_asks_by_the_link_while_the_room_is_still_open(
    service: Service,
) -> None:
    appointment, _, seat = await waiting(service, 10)
    link = {"link": appointment.link}

    early = await service.browser().post(f"{ASK}/code", link)
    await seat.call("leave", {})
    service.clock.pass_by(6 * 60)
    state = await service.browser().ok("/api/assure/lien", link)
    told = json.loads(await attested(await come_back(service, appointment), appointment))

    assert (early.status, early.error["code"]) == (409, "attente_trop_courte")
    assert (state["access"], state["attestation"]) == ("ouvert", True)
    assert (told["genre"], told["attente"]) == ("presence", 600)


async def test_the_code_of_the_door_does_not_open_the_attestation(service: Service) -> None:
    appointment, _, seat = await waiting(service)
    await seat.call("leave", {})
    service.clock.pass_by(24 * 3600)
    browser = service.browser()
    await browser.ok(f"{ASK}/code", {"link": appointment.link})
    sent = await code_by_sms(service, appointment)

    doors = await browser.post(f"{ASK}/session", {"link": appointment.link, "code": CODE})
    right = await browser.post(f"{ASK}/session", {"link": appointment.link, "code": sent})
    again = await browser.post(f"{ASK}/session", {"link": appointment.link, "code": sent})

    assert sent == CODE or doors.status == 403
    assert (right.status, again.status) == (204, 403)


# --- what stays with us -------------------------------------------------------------------------


async def test_each_delivery_is_on_record_by_its_hash_and_the_record_still_verifies(
    service: Service,
) -> None:
    appointment, browser, seat = await waiting(service)
    first = lire_document(json.loads(await attested(browser, appointment)))
    await seat.call("leave", {})
    second = lire_document(json.loads(await attested(browser, appointment)))

    facts = await deliveries(service, appointment)

    assert [f.details["empreinte"] for f in facts] == [first.empreinte(), second.empreinte()]
    assert second.attestation.chaine_seq == first.attestation.chaine_seq + 2
    recorder = service.app[keys.ATTESTATIONS]._recorder
    assert isinstance(recorder, Recorder)
    async with service.registre.lecture() as unite:
        assert recorder.intact(await recorder.export(unite, appointment.id))


async def test_no_name_of_the_document_is_in_the_record(service: Service) -> None:
    appointment, browser, _ = await waiting(service)
    told = json.loads(await attested(browser, appointment))

    async with service.registre.lecture() as unite:
        lines = json.dumps(await unite.contenus(appointment.id))

    assert told["assure"] == "Mme Zwijnaarde"
    assert "Zwijnaarde" not in lines
    assert told["signature"] not in lines


async def test_the_line_it_names_is_the_line_of_the_record(service: Service) -> None:
    appointment, browser, _ = await waiting(service)
    told = json.loads(await attested(browser, appointment))

    async with service.registre.lecture() as unite:
        lines = await unite.lignes(appointment.id)

    named = next(line for line in lines if line.seq == told["chaine_seq"])
    assert named.empreinte == told["chaine_tete"]


async def test_they_are_counted_and_tomorrow_there_are_more(service: Service) -> None:
    appointment, browser, _ = await waiting(service)
    most = service.config.attestations_per_day

    for _ in range(most):
        await attested(browser, appointment)
    refused = await ask(browser, appointment)
    service.clock.pass_by(24 * 3600)
    tomorrow = await ask(await come_back(service, appointment), appointment)

    assert (refused.status, refused.error["code"]) == (429, "trop_d_attestations")
    assert 0 < int(refused.headers["Retry-After"]) <= timedelta(hours=24).total_seconds()
    assert tomorrow.status == 200
    assert len(await deliveries(service, appointment)) == most + 1


async def test_nothing_in_it_is_more_than_presence(service: Service) -> None:
    appointment, browser, _ = await waiting(service)

    told = (await attested(browser, appointment)).decode()

    for private in (
        appointment.id,
        appointment.assure.id,
        appointment.assure.courriel,
        appointment.assure.telephone,
        appointment.link,
        "arret_maladie",
        "127.0.0.1",
        "conclusion",
    ):
        assert private not in told
    assert "Mme Zwijnaarde" in dict(lignes(lire_document(json.loads(told)).attestation)).values()


@pytest.mark.row("OP-13")
@pytest.mark.row("WR-05")
async def test_after_the_apologies_the_link_of_the_old_appointment_still_gives_it(
    service: Service,
) -> None:
    appointment, _, _ = await waiting(service, 6)
    doctor = await service.doctor()
    absent = {"qualification": "medecin_absent", "conclusion": "controle_impossible"}
    await doctor.ok(f"/api/console/telecontroles/{appointment.id}/issue", absent)
    service.clock.pass_by(3600)

    state = await service.browser().ok("/api/assure/lien", {"link": appointment.link})
    told = json.loads(await attested(await come_back(service, appointment), appointment))

    assert (state["access"], state["attestation"]) == ("reporte", True)
    assert (told["genre"], told["attente"]) == ("medecin_absent", 360)
    assert "controle_impossible" not in json.dumps(told)


@pytest.mark.row("OP-12")
async def test_before_the_grace_is_over_an_absence_is_not_closed_without_a_reason(
    service: Service,
) -> None:
    appointment, doctor = await service.appoint(-5), await service.doctor()
    nobody = {"qualification": "non_connecte", "conclusion": "controle_impossible"}
    path = f"/api/console/telecontroles/{appointment.id}/issue"

    without = await doctor.post(path, nobody)
    reasons = (await doctor.ok(f"/api/console/telecontroles/{appointment.id}", method="GET"))[
        "early_reasons"
    ]
    with_one = await doctor.post(path, {**nobody, "early_reason": reasons[0]["code"]})

    assert (without.status, without.error["code"]) == (409, "trop_tot_pour_conclure")
    assert with_one.status == 201
