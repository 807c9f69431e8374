"""The assuré's door: what a link says, what a code opens, and what neither can do."""

import json
from datetime import timedelta
from typing import Any

import pytest
from server_people import CODE, MEDECINS, VERSION, SeatRefused, Service

from controle.telecontrole import Etat
from server.assure import information

STATES = [
    (Etat.CONVOQUE, 60, "trop_tot", 425),
    (Etat.RAPPELE, -31, "trop_tard", 410),
    (Etat.REFUSE, 0, "refuse", 410),
    (Etat.ANNULE_SERVICE, 0, "annule", 410),
    (Etat.REPORTE, 0, "reporte", 410),
    (Etat.CONVERTI_PRESENTIEL, 0, "presentiel", 410),
    (Etat.IDENTITE_NON_CONFIRMEE, 0, "presentiel", 410),
    (Etat.TERMINE, 0, "termine", 410),
    (Etat.CLOTURE, 0, "termine", 410),
    (Etat.NON_CONNECTE, 0, "trop_tard", 410),
]


@pytest.mark.row("JO-10")
@pytest.mark.parametrize(("etat", "minutes", "access", "status"), STATES)
async def test_each_closed_door_says_why(
    service: Service, etat: Etat, minutes: int, access: str, status: int
) -> None:
    appointment = await service.appoint(minutes, etat=etat)
    browser = service.browser()
    link = {"link": appointment.link}

    told = await browser.ok("/api/assure/lien", link)
    code = await browser.post("/api/assure/code", link)
    session = await browser.post("/api/assure/session", {**link, "code": CODE})

    assert told["access"] == access
    assert (code.status, code.error["code"]) == (status, access)
    assert (session.status, session.error["code"]) == (status, access)


@pytest.mark.row("JO-10")
async def test_too_early_says_in_how_many_seconds_the_room_opens(service: Service) -> None:
    appointment = await service.appoint(60)

    told = await service.browser().ok("/api/assure/lien", {"link": appointment.link})

    assert told["opens_in"] == 45 * 60
    assert told["at"] == (appointment.un.debut - timedelta(minutes=15)).isoformat()


@pytest.mark.row("JO-10")
async def test_an_unknown_link_is_told_apart_from_a_closed_one(service: Service) -> None:
    browser, link = service.browser(), {"link": "A" * 32}

    told = await browser.ok("/api/assure/lien", link)
    code = await browser.post("/api/assure/code", link)
    session = await browser.post("/api/assure/session", {**link, "code": CODE})

    assert told["access"] == "inconnu"
    assert (code.status, session.status) == (404, 404)


@pytest.mark.row("JO-02")
@pytest.mark.parametrize("minutes", [0, 60, -40])
async def test_before_the_second_factor_nobody_is_named(service: Service, minutes: int) -> None:
    appointment = await service.appoint(minutes)
    browser, link = service.browser(), {"link": appointment.link}

    answers = [
        await browser.post("/api/assure/lien", link),
        await browser.post("/api/assure/code", link),
        await browser.post("/api/assure/session", {**link, "code": "000000"}),
    ]

    said = b" ".join(answer.raw for answer in answers).decode()
    assure = appointment.assure
    private = [assure.nom, assure.courriel, assure.telephone, assure.id, appointment.id]
    private += [medecin.nom for medecin in MEDECINS] + ["arret_maladie", "CPAM"]
    assert [word for word in private if word in said] == []


@pytest.mark.row("CN-13")
async def test_fifty_readings_of_every_page_change_no_row(service: Service) -> None:
    appointment = await service.appoint()
    browser, doctor = await service.assure(appointment), await service.doctor()
    doctor.cookies |= browser.cookies
    paths = sorted(
        str(route.resource.canonical)
        for route in service.app.router.routes()
        if route.method == "GET" and route.resource is not None
    )
    before = service.dump()

    for path in [path for path in paths if not path.startswith("/socket.io")]:
        here = path.replace("{id}", appointment.id)
        for method in ["GET", "HEAD"] * (50 if path == "/rdv" else 1):
            answer = await doctor.ask(method, here)
            assert answer.status < 500, here
        await doctor.post("/api/assure/lien", {"link": appointment.link})

    assert "/rdv" in paths
    assert service.dump() == before


@pytest.mark.row("SP-04")
@pytest.mark.row("JO-02")
async def test_link_code_and_cookie_are_kept_as_hashes_only(service: Service) -> None:
    service.code = "730519"
    appointment = await service.appoint()
    login = await service.login_link()

    await service.browser().ok("/api/assure/code", {"link": appointment.link})
    waiting = without_outbox(service.dump())
    assure, doctor = await service.assure(appointment), service.browser()
    await doctor.ok("/api/console/session", {"login": login})

    kept = waiting + without_outbox(service.dump())
    secrets = [appointment.link, login, "730519", *assure.cookies.values()]
    assert [secret for secret in [*secrets, *doctor.cookies.values()] if secret in kept] == []


def without_outbox(dump: str) -> str:
    """The outbox holds what was sent, as sent; here it is the demo's « phone »."""
    return "\n".join(line for line in dump.splitlines() if '"envoi"' not in line)


@pytest.mark.row("JO-11")
async def test_the_room_opens_only_after_the_information_was_accepted(service: Service) -> None:
    appointment = await service.appoint()
    browser = await service.assure(appointment, informed=False)

    with pytest.raises(SeatRefused) as refused:
        await service.seat(browser)
    await browser.ok("/api/assure/information", VERSION)
    seat = await service.seat(browser)

    assert str(refused.value) == "information"
    assert seat.state["assure"]["presence"] == "present"


@pytest.mark.row("JO-11")
async def test_acceptance_is_on_record_once_with_version_and_hash(service: Service) -> None:
    appointment = await service.appoint()
    browser = await service.assure(appointment)

    await browser.ok("/api/assure/information", VERSION)
    other = await browser.post("/api/assure/information", {"version": "1999-01"})

    accepted = [f for f in await service.facts(appointment.id) if "information" in f.genre]
    assert (other.status, other.error["field"]) == (422, "version")
    assert [f.details for f in accepted] == [{**VERSION, "empreinte": information.digest()}]


@pytest.mark.row("JO-12")
async def test_a_reload_with_the_cookie_resumes_without_a_code(service: Service) -> None:
    appointment = await service.appoint()
    browser = await service.assure(appointment)

    mine = await browser.ok("/api/assure/lien", {"link": appointment.link})
    other = await service.browser().ok("/api/assure/lien", {"link": appointment.link})

    assert mine["visit"]["appointment"]["doctor_name"] == MEDECINS[0].nom
    assert mine["visit"]["information"]["accepted"]
    assert other["visit"] is None


@pytest.mark.row("JO-12")
async def test_a_session_of_another_appointment_opens_nothing_here(service: Service) -> None:
    mine, other = await service.appoint(), await service.appoint(nom="Yvetot")
    browser = await service.assure(mine)

    told = await browser.post("/api/assure/lien", {"link": other.link})

    assert told.json["visit"] is None
    assert b"Yvetot" not in told.raw


@pytest.mark.row("CN-13")
@pytest.mark.parametrize("minutes", [0, 2_000])
async def test_the_link_alone_refuses_the_visio_once_and_for_all(
    service: Service, minutes: int
) -> None:
    appointment = await service.appoint(minutes)
    browser, link = service.browser(), {"link": appointment.link}

    first = await browser.ok("/api/assure/refus", link)
    again = await service.browser().ok("/api/assure/refus", link)
    told = await browser.ok("/api/assure/lien", link)

    assert first == again
    assert (told["access"], told["in_person"]) == ("refuse", True)
    assert await service.kinds(appointment.id) == ["refus_visio"]
    assert service.dump().count('INSERT INTO "demande_presentiel"') == 1


@pytest.mark.row("CN-13")
async def test_a_stranger_with_the_link_cannot_refuse_for_who_is_inside(service: Service) -> None:
    appointment = await service.appoint()
    browser = await service.assure(appointment)
    await service.seat(browser)

    stranger = await service.browser().post("/api/assure/refus", {"link": appointment.link})
    holder = await browser.post("/api/assure/refus", {"link": appointment.link})

    assert (stranger.status, stranger.error["code"]) == (409, "ouvert")
    assert holder.status == 200


@pytest.mark.row("CN-13")
async def test_a_refusal_ends_the_waiting_of_the_doctor_too(service: Service) -> None:
    appointment = await service.appoint()
    doctor = await service.seat(await service.doctor(), appointment)

    at = await service.browser().ok("/api/assure/refus", {"link": appointment.link})
    await doctor.until(lambda: doctor.state["phase"] == "ended")

    assert doctor.state["ending"] == {**at, "by": "assure", "reason": "refused"}
    assert (await service.kinds(appointment.id))[-1] == "fin"


@pytest.mark.row("CO-18")
async def test_the_assure_stops_the_call_and_both_are_told_the_same_hour(
    service: Service,
) -> None:
    appointment = await service.appoint()
    browser = await service.assure(appointment)
    assure = await service.seat(browser)
    doctor = await service.seat(await service.doctor(), appointment)
    await doctor.done("admit")

    service.clock.pass_by(60)
    answer = await browser.ok("/api/assure/presentiel")
    for seat in (assure, doctor):
        await seat.until(lambda seat=seat: seat.state["phase"] == "ended")
    again = await browser.ok("/api/assure/presentiel")

    ending = {"at": answer["at"], "by": "assure", "reason": "in_person"}
    assert assure.state["ending"] == doctor.state["ending"] == ending
    assert again == answer
    assert (await service.kinds(appointment.id))[-2:] == ["demande_presentiel", "fin"]
    assert (await service.stored(appointment.id)).etat is Etat.CONVERTI_PRESENTIEL
    assert await seals(service, appointment.id) == ["fin"]


async def seals(service: Service, identifier: str) -> list[str]:
    async with service.registre.lecture() as unite:
        return [sceau.motif for sceau in await unite.sceaux(identifier)]


@pytest.mark.row("WR-05")
async def test_the_assure_reads_their_own_record(service: Service) -> None:
    appointment = await service.appoint()
    browser = await service.assure(appointment)

    answer = await browser.get("/api/assure/releve")
    stranger = await service.browser().get("/api/assure/releve")

    record: dict[str, Any] = json.loads(answer.raw)
    assert record["telecontrole"] == appointment.id
    assert appointment.assure.nom not in answer.raw.decode()
    assert "attachment" in answer.headers["Content-Disposition"]
    assert stranger.status == 401


@pytest.mark.row("SP-01")
async def test_a_closed_session_is_closed_for_its_sockets_and_tokens_too(service: Service) -> None:
    appointment = await service.appoint()
    browser = await service.assure(appointment)
    seat = await service.seat(browser)
    spare = (await browser.ok("/api/assure/jeton"))["token"]

    await browser.ok("/api/assure/session", method="DELETE")
    await seat.until(lambda: seat.cut)
    with pytest.raises(SeatRefused) as refused:
        await type(seat).enter(service.base, spare)

    assert str(refused.value) == "token_revoked"
    assert (await browser.post("/api/assure/jeton")).status == 401


@pytest.mark.row("SP-01")
async def test_a_room_token_serves_once(service: Service) -> None:
    appointment = await service.appoint()
    browser = await service.assure(appointment)
    token = (await browser.ok("/api/assure/jeton"))["token"]

    seat = await service.seat(browser)
    first = await type(seat).enter(service.base, token)
    with pytest.raises(SeatRefused) as refused:
        await type(seat).enter(service.base, token)
    await first.close()

    assert str(refused.value) == "token_used"
