"""The space behind the link: what its holder may say, once, and what the link alone never shows."""

import io
from typing import Any

import aiohttp
import pytest
from icalendar import Calendar
from PIL import Image
from server_people import MEDECINS, Answer, Appointment, Browser, Service
from sqlalchemy import insert, select
from test_server_logs import stream

from controle.justification import LIBELLES_MOTIF
from controle.telecontrole import Etat
from server.store import schema as t
from server.store.sql import written

__all__ = ["stream"]

DAYS_AHEAD = 3 * 24 * 60
CLOSED = [
    (Etat.REFUSE, 410, "refuse"),
    (Etat.ANNULE_SERVICE, 410, "annule"),
    (Etat.REPORTE, 410, "reporte"),
    (Etat.TERMINE, 410, "termine"),
    (Etat.EN_COURS, 409, "ouvert"),
]
PICTURE = io.BytesIO()
Image.new("RGB", (8, 8), "navy").save(PICTURE, "PNG")


async def justify(
    browser: Browser, link: str, reason: str = "sante", document: bytes | None = None
) -> Answer:
    """As a browser sends the form."""
    form = aiohttp.MultipartWriter("form-data")
    for name, value in (("link", link), ("reason", reason), ("document", document)):
        if value is not None:
            form.append(value).set_content_disposition("form-data", name=name)
    return await browser.ask(
        "POST",
        "/api/assure/justification",
        data=await form.as_bytes(),
        headers={"Content-Type": form.headers["Content-Type"]},
    )


async def tasks(service: Service) -> list[str]:
    async with service.registre.lecture() as unite:
        return list(await unite.connection.scalars(select(t.tache.c.genre)))


async def standing(service: Service, appointment: Appointment) -> Any:
    told = await service.browser().ok("/api/assure/lien", {"link": appointment.link})
    return told["said"]


# --- acknowledge --------------------------------------------------------------------------------


@pytest.mark.row("CN-12")
async def test_acknowledging_twice_is_on_record_once(service: Service) -> None:
    appointment = await service.appoint(DAYS_AHEAD)
    browser, link = service.browser(), {"link": appointment.link}

    for _ in range(2):
        answer = await browser.post("/api/assure/accuse", link)
        assert answer.status == 204

    assert await service.kinds(appointment.id) == ["accuse_reception"]
    assert (await service.stored(appointment.id)).etat is Etat.ACCUSE
    assert (await standing(service, appointment))["acknowledged"]


@pytest.mark.row("CN-12")
async def test_after_the_reminder_it_is_still_noted_and_the_state_stays(service: Service) -> None:
    appointment = await service.appoint(600, etat=Etat.RAPPELE)

    await service.browser().ok("/api/assure/accuse", {"link": appointment.link})

    assert await service.kinds(appointment.id) == ["accuse_reception"]
    assert (await service.stored(appointment.id)).etat is Etat.RAPPELE


@pytest.mark.row("CN-12")
async def test_who_does_not_acknowledge_enters_all_the_same(service: Service) -> None:
    appointment = await service.appoint()

    browser = await service.assure(appointment)
    seat = await service.seat(browser)

    assert seat.state["assure"]["presence"] == "present"


@pytest.mark.row("JO-10")
@pytest.mark.parametrize(("etat", "status", "code"), CLOSED)
@pytest.mark.parametrize("path", ["accuse", "besoins", "erreur", "agenda"])
async def test_nothing_more_can_be_said_once_it_is_over(
    service: Service, etat: Etat, status: int, code: str, path: str
) -> None:
    appointment = await service.appoint(10, etat=etat)
    before = service.dump()

    said = {"link": appointment.link, "needs": ["lsf"]}
    answer = await service.browser().post(f"/api/assure/{path}", said)

    assert (answer.status, answer.error["code"]) == (status, code)
    assert service.dump() == before


@pytest.mark.row("JO-10")
@pytest.mark.parametrize("path", ["accuse", "besoins", "erreur", "agenda"])
async def test_an_unknown_link_says_nothing(service: Service, path: str) -> None:
    said = {"link": "A" * 32, "needs": []}

    answer = await service.browser().post(f"/api/assure/{path}", said)

    assert (answer.status, answer.error["code"]) == (404, "inconnu")


# --- needs --------------------------------------------------------------------------------------


@pytest.mark.row("AC-05")
async def test_needs_reach_the_agent_and_are_not_on_the_record(service: Service) -> None:
    appointment = await service.appoint(DAYS_AHEAD)
    needs = {"link": appointment.link, "needs": ["accompagnant", "lsf", "lsf"]}

    for _ in range(2):
        await service.browser().ok("/api/assure/besoins", needs)

    assert (await service.stored(appointment.id)).besoins == ("lsf", "accompagnant")
    assert await tasks(service) == ["besoins"]
    (fact,) = await service.facts(appointment.id)
    assert (str(fact.genre), dict(fact.details)) == ("besoins_declares", {})


@pytest.mark.row("AC-05")
async def test_the_link_shows_that_needs_were_said_and_not_which(service: Service) -> None:
    appointment = await service.appoint(DAYS_AHEAD)
    link = {"link": appointment.link}

    await service.browser().ok("/api/assure/besoins", {**link, "needs": ["vue"]})
    told = await service.browser().post("/api/assure/lien", link)

    assert told.json["said"]["needs"] is True
    assert b"vue" not in told.raw


@pytest.mark.row("AC-05")
async def test_needs_do_not_fill_the_record(service: Service) -> None:
    appointment = await service.appoint(DAYS_AHEAD)
    link, browser = {"link": appointment.link}, service.browser()
    sides = ({**link, "needs": ["lsf"]}, {**link, "needs": ["vue"]})

    told = [await browser.post("/api/assure/besoins", sides[turn % 2]) for turn in range(24)]

    assert [one.status for one in told] == [204] * 20 + [409, 204, 409, 204]
    assert told[20].error["code"] == "trop_de_besoins"
    assert (await service.kinds(appointment.id)).count("besoins_declares") == 20


@pytest.mark.row("AC-05")
async def test_needs_can_be_taken_back_and_only_those_listed_are_known(service: Service) -> None:
    appointment = await service.appoint(DAYS_AHEAD)
    browser, link = service.browser(), {"link": appointment.link}
    await browser.ok("/api/assure/besoins", {**link, "needs": ["lsf"]})

    strange = await browser.post("/api/assure/besoins", {**link, "needs": ["or"]})
    await browser.ok("/api/assure/besoins", {**link, "needs": []})

    assert (strange.status, strange.error["code"]) == (422, "besoin_inconnu")
    assert (await service.stored(appointment.id)).besoins == ()
    assert not (await standing(service, appointment))["needs"]


# --- somebody else's message --------------------------------------------------------------------


@pytest.mark.row("JO-10")
async def test_the_wrong_person_is_a_task_for_the_agent_and_the_link_lives_on(
    service: Service,
) -> None:
    appointment = await service.appoint(0)
    link = {"link": appointment.link}

    for _ in range(2):
        assert (await service.browser().post("/api/assure/erreur", link)).raw == b""

    assert await service.kinds(appointment.id) == ["mauvais_destinataire"]
    assert await tasks(service) == ["mauvais_destinataire"]
    await service.assure(appointment)


# --- calendar -----------------------------------------------------------------------------------


@pytest.mark.row("CN-07")
async def test_the_calendar_entry_is_that_of_the_message_without_a_name(service: Service) -> None:
    appointment = await service.appoint(DAYS_AHEAD)

    answer = await service.browser().post("/api/assure/agenda", {"link": appointment.link})

    (event,) = Calendar.from_ical(answer.raw).walk("VEVENT")
    assert answer.headers["Content-Type"].startswith("text/calendar")
    assert event["UID"].startswith(appointment.un.serie)
    assert event["DTSTART"].dt == appointment.un.debut.replace(microsecond=0)
    assert event["URL"].endswith(f"/rdv#{appointment.link}")
    said = answer.raw.decode()
    private = ["CPAM", appointment.assure.nom, *[medecin.nom for medecin in MEDECINS]]
    assert [word for word in private if word in said] == []


# --- justify ------------------------------------------------------------------------------------


@pytest.mark.row("CN-14")
@pytest.mark.parametrize(
    ("minutes", "etat"),
    [(DAYS_AHEAD, Etat.CONVOQUE), (-45, Etat.RAPPELE), (-300, Etat.NON_CONNECTE)],
)
async def test_an_absence_is_justified_before_and_after_the_hour(
    service: Service, minutes: int, etat: Etat
) -> None:
    appointment = await service.appoint(minutes, etat=etat)

    answer = await justify(service.browser(), appointment.link, "transport")

    assert answer.status == 204
    assert (await standing(service, appointment))["justification"] == "deposee"
    assert (await service.stored(appointment.id)).etat is etat


@pytest.mark.row("CN-14")
@pytest.mark.row("CA-03")
async def test_neither_the_reason_nor_the_document_is_on_the_record(service: Service) -> None:
    appointment = await service.appoint(DAYS_AHEAD)

    answer = await justify(service.browser(), appointment.link, "sante", PICTURE.getvalue())

    (fact,) = await service.facts(appointment.id)
    told = await service.browser().post("/api/assure/lien", {"link": appointment.link})
    async with service.registre.lecture() as unite:
        row = (await unite.connection.execute(select(t.piece))).one()
    assert answer.status == 204
    assert (str(fact.genre), dict(fact.details)) == ("justification_deposee", {"piece": True})
    assert b"sante" not in told.raw
    assert (row.type, b"\xff\xd8\xff" in row.contenu) == ("image/jpeg", False)


@pytest.mark.row("CN-14")
async def test_the_same_reason_said_twice_is_one_justification(service: Service) -> None:
    appointment = await service.appoint(DAYS_AHEAD)

    answers = [await justify(service.browser(), appointment.link) for _ in range(3)]

    assert [answer.status for answer in answers] == [204] * 3
    assert await service.kinds(appointment.id) == ["justification_deposee"]


@pytest.mark.row("CN-14")
async def test_one_appointment_holds_three_documents_and_no_more(service: Service) -> None:
    appointment = await service.appoint(DAYS_AHEAD)
    browser = service.browser()

    sent = [await justify(browser, appointment.link, "autre", PICTURE.getvalue()) for _ in range(4)]

    assert [answer.status for answer in sent] == [204, 204, 204, 409]
    assert sent[-1].error["code"] == "trop_de_justifications"


@pytest.mark.row("CN-14")
@pytest.mark.parametrize(
    ("document", "status", "code"),
    [
        (b"x" * 2_001, 413, "document_trop_lourd"),
        (b"x" * 200_000, 413, "document_trop_lourd"),
        (b"<html>", 422, "document_inconnu"),
    ],
)
async def test_a_document_that_is_not_taken_says_why_and_nothing_is_kept(
    serve: Any, document: bytes, status: int, code: str
) -> None:
    service = await serve(document_bytes=2_000)
    appointment = await service.appoint(DAYS_AHEAD)

    answer = await justify(service.browser(), appointment.link, "autre", document)

    assert (answer.status, answer.error["code"]) == (status, code)
    assert answer.error["field"] == "document"
    assert (await standing(service, appointment))["justification"] == ""


@pytest.mark.row("CN-14")
@pytest.mark.parametrize(
    ("etat", "status"), [(Etat.TERMINE, 409), (Etat.REFUSE, 409), (Etat.ANNULE_SERVICE, 409)]
)
async def test_there_is_no_absence_to_justify_where_it_ended_otherwise(
    service: Service, etat: Etat, status: int
) -> None:
    appointment = await service.appoint(-10, etat=etat)

    answer = await justify(service.browser(), appointment.link)

    assert (answer.status, answer.error["code"]) == (status, "justification_impossible")


@pytest.mark.row("CN-14")
async def test_a_form_that_is_not_one_is_refused(service: Service) -> None:
    appointment = await service.appoint(DAYS_AHEAD)
    browser, path = service.browser(), "/api/assure/justification"
    broken = {"Content-Type": "multipart/form-data; boundary=x"}

    answers = [
        await browser.post(path, {"link": appointment.link, "reason": "sante"}),
        await browser.ask("POST", path, data=b"--x--\r\n", headers=broken),
        await browser.ask("POST", path, data=b"--x\r\nno", headers=broken),
        await justify(browser, appointment.link, "paresse"),
        await justify(browser, "court"),
    ]

    assert [answer.status for answer in answers] == [422] * 5
    assert (await justify(browser, "A" * 32)).status == 404


async def test_the_forms_offer_every_reason_and_the_size_of_a_document(service: Service) -> None:
    told = (await service.browser().get("/api/assure/choix")).json

    assert [one["code"] for one in told["reasons"]] == [str(one) for one in LIBELLES_MOTIF]
    assert told["document_bytes"] == service.config.document_bytes


@pytest.mark.row("CA-03")
async def test_neither_the_reason_nor_the_link_nor_the_document_reaches_a_log(
    stream: io.StringIO, service: Service
) -> None:
    appointment = await service.appoint(DAYS_AHEAD)
    browser = service.browser()
    said = {"link": appointment.link, "needs": ["vue"]}

    await justify(browser, appointment.link, "deces_proche", b"syndrome depressif")
    await justify(browser, appointment.link, "deces_proche", PICTURE.getvalue())
    await browser.post("/api/assure/besoins", said)
    await browser.post("/api/assure/agenda", said)
    await browser.post("/api/verification", {"code": appointment.un.code})

    written = stream.getvalue()
    secrets = ["deces", "syndrome", "vue", appointment.link, appointment.un.code]
    assert [word for word in secrets if word in written] == []


# --- in person ----------------------------------------------------------------------------------


@pytest.mark.row("CN-14")
async def test_the_in_person_appointment_is_shown_once_it_is_fixed(service: Service) -> None:
    appointment = await service.appoint(DAYS_AHEAD)
    link = {"link": appointment.link}
    await service.browser().ok("/api/assure/refus", link)
    before = await service.browser().ok("/api/assure/lien", link)

    await fix_in_person(service, appointment)
    told = await service.browser().post("/api/assure/lien", link)
    entry = await service.browser().post("/api/assure/agenda", link)

    assert before["place"] is None
    assert told.json["place"]["address"] == "3 rue des Lices, 35000 Rennes"
    assert told.json["place"]["zone"] == "heure de Paris"
    assert appointment.assure.nom not in told.raw.decode()
    (event,) = Calendar.from_ical(entry.raw).walk("VEVENT")
    assert event["UID"].startswith(f"{appointment.un.serie}-presentiel")
    assert "rue des Lices" in event["LOCATION"]


async def fix_in_person(service: Service, appointment: Appointment) -> None:
    site = {
        "id": "site-1", "caisse": "caisse-1", "nom": "Agence de Rennes",
        "adresse": "3 rue des Lices, 35000 Rennes", "acces": "De plain-pied",
        "horaires": "8 h 30 à 17 h", "genre": "caisse",
    }  # fmt: skip
    fixed = {
        "id": "rdv-1", "telecontrole": appointment.id, "site": "site-1",
        "medecin_conseil": "mc-1", "debut": written(appointment.un.debut),
        "fuseau": "Europe/Paris", "duree_minutes": 30, "etat": "convoque", "sequence": 0,
    }  # fmt: skip
    async with service.registre.transaction() as unite:
        await unite.connection.execute(insert(t.site).values(site))
        await unite.connection.execute(insert(t.rendez_vous).values(fixed))


# --- scanners -----------------------------------------------------------------------------------


@pytest.mark.row("CN-13")
async def test_fifty_readings_of_every_address_of_a_message_change_nothing(
    service: Service,
) -> None:
    appointment = await service.appoint(DAYS_AHEAD)
    scanner, before = service.browser(), service.dump()
    addresses = ["/rdv", f"/rdv#{appointment.link}", "/verifier", "/api/assure/choix"]
    acts = ["accuse", "besoins", "erreur", "agenda", "justification", "refus", "presentiel"]

    for address in addresses:
        for method in ["GET", "HEAD"] * 50:
            assert (await scanner.ask(method, address)).status == 200
    for act in acts:
        for method in ("GET", "HEAD"):
            answer = await scanner.ask(method, f"/api/assure/{act}?link={appointment.link}")
            assert answer.status == 405

    assert service.dump() == before
    assert (await standing(service, appointment))["acknowledged"] is False
