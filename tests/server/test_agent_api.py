"""The agent's API over HTTP: who may, what it answers, and that no medical word is in it."""

import asyncio
import json
from typing import Any

import pytest
from planning_people import PLAN, SITE, Office, planned
from planning_people import agent_path as path
from server_people import Browser

from controle.convocation import Canal, EtatEnvoi, GenreEnvoi
from controle.remise import remise
from server.store import schema as t
from server.store.tasks import open_task
from server.web import agent

LIST = "/api/agent/telecontroles"


# --- who may ------------------------------------------------------------------------------------


@pytest.mark.row("CA-03")
async def test_every_route_wants_an_agents_session(base: str, office: Office) -> None:
    stranger = Browser(base)
    one = (await office.plan()).id
    places = {"id": one, "medecin": "mc-1", "genre": "x"}
    places |= dict.fromkeys(("envoi", "justification", "absence"), one)

    refused = []
    for route in agent.routes:
        told = route.path.format(**places)  # type: ignore[attr-defined]
        if (route.method, told) != ("POST", "/api/agent/session"):  # type: ignore[attr-defined]
            answer = await stranger.ask(route.method, told, {})  # type: ignore[attr-defined]
            refused.append((told, answer.status))
    await stranger.close()

    assert {status for _, status in refused} == {401}
    assert len(refused) > 20


@pytest.mark.row("CA-03")
async def test_a_doctors_login_or_a_used_session_opens_no_agents_console(
    base: str, office: Office, console: Browser
) -> None:
    async with office.registre.transaction() as unite:
        doctors = await office.links.make_login(unite.connection, "mc-1", expires=None, once=False)
    stranger = Browser(base)
    kept = dict(console.cookies)

    as_doctor = await stranger.post("/api/agent/session", {"login": doctors})
    await console.ok("/api/agent/session", method="DELETE")
    stranger.cookies = kept
    after = await stranger.get("/api/agent/session")
    await stranger.close()

    assert as_doctor.status == 401
    assert after.status == 401


@pytest.mark.row("CA-03")
async def test_what_belongs_to_another_caisse_does_not_exist(
    console: Browser, lille: Browser
) -> None:
    detail = await planned(console)
    envoi = detail["messages"][0]["id"]
    asked = [
        ("GET", path(detail), None),
        ("GET", path(detail, f"/messages/{envoi}"), None),
        ("POST", path(detail, "/deplacer"), {"start": "2027-01-18T10:00"}),
        ("POST", path(detail, "/annuler"), {}),
        ("POST", path(detail, "/reaffecter"), {"doctor": "mc-2"}),
        ("POST", path(detail, "/coordonnees"), {"mail": "b@exemple.fr"}),
        ("POST", path(detail, "/renvoyer"), {"channel": "sms"}),
        ("POST", path(detail, "/appels"), {"result": "joint"}),
        (
            "POST",
            path(detail, "/justification"),
            {"justification": envoi, "decision": "accepter"},
        ),
        ("POST", path(detail, "/presentiel"), {"site": "site-1", "start": "2027-01-18T10:00"}),
        ("DELETE", path(detail, "/presentiel"), None),
        ("POST", path(detail, "/taches/courrier"), {}),
    ]

    answers = [await lille.ask(method, told, body) for method, told, body in asked]
    unknown = await lille.get(f"{LIST}/11111111-1111-4111-8111-111111111111")

    assert {answer.status for answer in answers} == {404}
    assert {answer.raw for answer in answers} == {unknown.raw}
    assert (await lille.ok(LIST, method="GET"))["total"] == 0
    assert (await lille.ok("/api/agent/envois", method="GET"))["total"] == 0
    doctors = (await lille.ok("/api/agent/session", method="GET"))["doctors"]
    assert [one["id"] for one in doctors] == ["mc-lille"]


# --- planning -----------------------------------------------------------------------------------


@pytest.mark.row("CN-02")
async def test_inside_the_floor_is_422_with_the_reason_and_the_first_date(
    console: Browser,
) -> None:
    answer = await console.post(LIST, PLAN | {"start": "2027-01-12T10:00"})

    assert answer.status == 422
    assert answer.error["code"] == "convocation_tardive"
    assert "mercredi 13 janvier 2027" in answer.error["message"]


@pytest.mark.row("CA-02")
async def test_a_hundred_requests_for_a_slot_give_one_201_and_99_conflicts(
    console: Browser,
) -> None:
    forms = [PLAN | {"name": f"Personne {n}", "reference": f"R-{n}"} for n in range(100)]

    answers = await asyncio.gather(*(console.post(LIST, form) for form in forms))

    statuses = sorted(answer.status for answer in answers)
    assert statuses == [201] + [409] * 99
    assert {answer.error["code"] for answer in answers if answer.status == 409} == {"creneau_pris"}


async def test_the_session_tells_what_the_forms_offer(console: Browser) -> None:
    told = await console.ok("/api/agent/session", method="GET")

    assert (told["today"], told["first_date"]) == ("2027-01-11", "2027-01-13")
    assert {one["code"] for one in told["contexts"]} == {
        "arret_de_travail", "risque_professionnel", "pension", "autre_prestation",
    }  # fmt: skip
    assert told["silent_channels"] == ["courriel", "sms"]
    assert told["sites"][0]["address"] == SITE["adresse"]


async def test_slots_are_local_hours_to_send_back(console: Browser) -> None:
    query = "medecin=mc-1&de=2027-01-18&minutes=60"
    told = await console.ok(f"/api/agent/creneaux?{query}", method="GET")

    first = told["slots"][0]
    assert first == {"start": "2027-01-18T08:00", "at": "2027-01-18T07:00:00+00:00"}
    assert (await planned(console, start=first["start"]))["planned"]["minutes"] == 30


@pytest.mark.row("CN-06")
async def test_moved_and_cancelled_the_answer_is_the_new_state(console: Browser) -> None:
    old = await planned(console)

    moved = await console.post(path(old, "/deplacer"), {"start": "2027-01-18T10:00"})
    cancelled = await console.post(path(moved.json, "/annuler"))
    again = await console.get(path(old))

    assert moved.status == 201
    assert moved.json["previous"] == old["planned"]["id"]
    assert again.json["next"] == moved.json["planned"]["id"]
    assert again.json["planned"]["state"] == "reporte"
    assert cancelled.json["planned"]["state"] == "annule_service"
    assert "inviter" in moved.json["actions"]
    assert not {"deplacer", "inviter"} & {*cancelled.json["actions"]}


@pytest.mark.row("CA-06")
async def test_an_absence_names_those_that_a_colleague_must_take(console: Browser) -> None:
    detail = await planned(console)
    await planned(console, start="2027-01-15T10:00", reference="D-2", name="Autre")

    away = {"start": "2027-01-14T08:00", "end": "2027-01-14T19:00"}

    told = await console.ok("/api/agent/medecins/mc-1/absences", away)
    given = await console.ok(path(detail, "/reaffecter"), {"doctor": "mc-2"})

    assert [one["id"] for one in told["items"]] == [detail["planned"]["id"]]
    assert given["planned"]["doctor"]["id"] == "mc-2"
    taken = await console.post(LIST, PLAN | {"start": "2027-01-14T09:00", "reference": "D-3"})
    assert (taken.status, taken.error["code"]) == (409, "medecin_indisponible")


@pytest.mark.row("CA-02")
@pytest.mark.row("CA-06")
async def test_an_absence_names_who_would_come_in_person_to_somebody_who_is_away(
    console: Browser, office: Office
) -> None:
    detail = await planned(console, doctor="mc-2")
    async with office.changing(detail["planned"]["id"]) as (unite, un):
        un.refuser_visio(office.clock())
        await unite.enregistrer(un)
    visit = {"site": "site-1", "start": "2027-01-18T10:00", "doctor": "mc-1"}
    await console.ok(path(detail, "/presentiel"), visit)
    away = {"start": "2027-01-18T08:00", "end": "2027-01-18T19:00"}

    told = await console.ok("/api/agent/medecins/mc-1/absences", away)

    (one,) = told["items"]
    assert one["id"] == detail["planned"]["id"]
    assert one["in_person_start"] == "2027-01-18T09:00:00.000000+00:00"

    during = "/api/agent/medecins/mc-1/rendez-vous?de=2027-01-18T08:00&a=2027-01-18T19:00"
    still = await console.ok(during, method="GET")
    await console.ok(path(detail, "/presentiel"), visit | {"doctor": "mc-2"})
    moved = await console.ok(during, method="GET")
    wrong = await console.get("/api/agent/medecins/mc-1/rendez-vous?de=hier&a=")
    lille = await console.get("/api/agent/medecins/mc-lille/rendez-vous?de=&a=")

    assert ([one["id"] for one in still["items"]], moved["items"]) == ([one["id"]], [])
    assert (wrong.status, wrong.error["code"]) == (422, "date_illisible")
    assert lille.status in {404, 422}


@pytest.mark.row("CA-02")
async def test_an_absence_entered_by_mistake_is_shown_and_removed(
    console: Browser, office: Office
) -> None:
    absences = "/api/agent/medecins/mc-1/absences"
    await console.ok(absences, {"start": "2027-01-08T08:00", "end": "2027-01-08T19:00"})
    await console.ok(absences, {"start": "2027-01-13T08:00", "end": "2027-01-13T19:00"})
    for _ in "twice":
        await console.ok(absences, {"start": "2027-01-14T08:00", "end": "2028-01-14T19:00"})
    refused = await console.post(LIST, PLAN)

    first, wrong = (await console.ok(absences, method="GET"))["items"]
    left = await console.ok(f"{absences}/{wrong['id']}", method="DELETE")
    again = await console.ok(f"{absences}/{wrong['id']}", method="DELETE")
    lille = await console.get("/api/agent/medecins/mc-lille/absences")

    assert refused.error["code"] == "medecin_indisponible"
    assert wrong["end"] == "2028-01-14T18:00:00+00:00"
    assert left == again == {"items": [first], "timezone": "Europe/Paris"}
    assert lille.status in {404, 422}
    await planned(console)


# --- the list -----------------------------------------------------------------------------------


async def test_the_list_is_narrowed_by_day_doctor_state_words_and_tasks(
    console: Browser, office: Office
) -> None:
    first = (await planned(console))["planned"]
    second = (
        await planned(
            console, start="2027-01-15T10:00", doctor="mc-2", name="Lefèvre", reference="D-2"
        )
    )["planned"]
    async with office.registre.transaction() as unite:
        await open_task(unite.connection, second["id"], "rennes", "appeler", office.clock())

    async def ids(query: str) -> list[str]:
        told = await console.ok(f"{LIST}?{query}", method="GET")
        return [one["id"] for one in told["items"]]

    assert await ids("") == [first["id"], second["id"]]
    assert await ids("de=2027-01-15") == [second["id"]]
    assert await ids("a=2027-01-14") == [first["id"]]
    assert await ids("medecin=mc-2") == [second["id"]]
    assert await ids("taches=1") == [second["id"]]
    assert await ids("q=lef") == [second["id"]]
    assert await ids("q=d-1") == [first["id"]]
    assert await ids(f"q={first['code'].replace('-', '').lower()}") == [first["id"]]
    assert await ids("q=%25") == []
    assert await ids("etat=refuse") == []
    assert await ids("remise=en_cours") == [first["id"], second["id"]]


@pytest.mark.parametrize(
    "query", ["etat=x", "remise=x", "de=hier", "page=0", "page=x", "page=9999999999999999999"]
)
async def test_a_filter_that_does_not_exist_is_422(console: Browser, query: str) -> None:
    assert (await console.get(f"{LIST}?{query}")).status == 422


async def test_fifty_are_on_a_page(console: Browser, office: Office) -> None:
    for hour in range(8, 19):
        for minute in (0, 10, 20, 30, 40):
            await office.plan(start=f"2027-01-18T{hour:02d}:{minute:02d}", minutes=10)

    first = await console.ok(LIST, method="GET")
    second = await console.ok(f"{LIST}?page=2", method="GET")

    assert (first["total"], first["pages"], len(first["items"])) == (55, 2, 50)
    assert len(second["items"]) == 5


@pytest.mark.row("AC-05")
async def test_declared_needs_reach_the_list(console: Browser, office: Office) -> None:
    detail = await planned(console)
    async with office.changing(detail["planned"]["id"]) as (unite, un):
        un.besoins = ("lsf", "fauteuil")
        await unite.enregistrer(un)

    [one] = (await console.ok(LIST, method="GET"))["items"]

    assert one["needs"] == ["lsf", "fauteuil"]


@pytest.mark.row("CA-07")
async def test_the_list_says_of_each_delivery_what_the_domain_says(
    console: Browser, office: Office
) -> None:
    pairs = [(mail, sms) for mail in EtatEnvoi for sms in EtatEnvoi]
    expected: dict[str, str] = {}
    for number, (mail, sms) in enumerate(pairs):
        day, half = divmod(number, 20)
        hour, minute = 8 + half // 2, half % 2 * 30
        un = await office.plan(start=f"2027-01-{18 + day}T{hour:02d}:{minute:02d}")
        kind = GenreEnvoi.CONVOCATION
        expected[un.id] = remise([(kind, Canal.COURRIEL, mail), (kind, Canal.SMS, sms)])
        async with office.registre.transaction() as unite:
            for channel, state in ((Canal.COURRIEL, mail), (Canal.SMS, sms)):
                await unite.connection.execute(
                    t.envoi.update()
                    .where(t.envoi.c.sujet == un.id, t.envoi.c.canal == str(channel))
                    .where(t.envoi.c.genre == str(kind))
                    .values(etat=str(state))
                )

    told = await console.ok(LIST, method="GET")

    assert {one["id"]: one["delivery"] for one in told["items"]} == expected
    lost = await console.ok(f"{LIST}?remise=non_remise", method="GET")
    assert lost["total"] == sum(one == "non_remise" for one in expected.values())


# --- messages -----------------------------------------------------------------------------------


async def test_the_words_of_a_message_are_shown_without_the_secret_of_its_link(
    console: Browser, office: Office
) -> None:
    detail = await planned(console)
    mail = next(one for one in detail["messages"] if one["channel"] == "courriel")
    async with office.registre.lecture() as unite:
        secret = await office.links.secret_of(unite.connection, detail["planned"]["id"])

    told = await console.ok(path(detail, f"/messages/{mail['id']}"), method="GET")

    assert "14 janvier 2027" in told["text"]
    assert "/rdv#…" in told["text"]
    assert secret is not None
    assert secret not in json.dumps(told)


@pytest.mark.row("CN-05")
async def test_a_letter_is_shown_whole_posted_and_on_record(
    console: Browser, office: Office
) -> None:
    detail = await planned(console, mail="", phone="", address="1 rue de l'Exemple, 35000 Rennes")
    [letter] = detail["messages"]

    words = await console.ok(path(detail, f"/messages/{letter['id']}"), method="GET")
    after = await console.ok(path(detail, "/taches/courrier/faite"))
    twice = await console.post(path(detail, "/taches/courrier"))

    assert detail["planned"]["tasks"][0]["kind"] == "courrier"
    assert "14 janvier 2027" in words["text"]
    assert after["messages"][0]["state"] == "envoye"
    assert after["planned"]["tasks"] == []
    assert twice.error["code"] == "tache_inconnue"
    assert "message_envoye" in await office.kinds(detail["planned"]["id"])


@pytest.mark.row("CN-05")
async def test_corrected_details_redirect_what_waits_and_send_again_what_was_lost(
    console: Browser, office: Office
) -> None:
    detail = await planned(console)
    identifier = detail["planned"]["id"]
    await lose(office, identifier, "courriel", "echec")
    async with office.registre.transaction() as unite:
        await open_task(unite.connection, identifier, "rennes", "non_remise", office.clock())
        await open_task(
            unite.connection, identifier, "rennes", "mauvais_destinataire", office.clock()
        )

    after = await console.ok(
        path(detail, "/coordonnees"), {"mail": "juste@exemple.fr", "phone": "06 39 98 01 99"}
    )

    mails = [one for one in after["messages"] if one["channel"] == "courriel"]
    assert sorted((one["kind"], one["to"], one["state"]) for one in mails) == [
        ("convocation", "a@exemple.fr", "echec"),
        ("convocation", "juste@exemple.fr", "prepare"),
        ("rappel", "juste@exemple.fr", "prepare"),
    ]
    assert after["planned"]["tasks"] == []


@pytest.mark.row("CN-05")
@pytest.mark.row("AI-03")
async def test_details_given_with_another_appointment_redirect_what_waits_of_the_first(
    console: Browser, office: Office
) -> None:
    detail = await planned(console, reference="D-1")

    await planned(console, reference="D-1", start="2027-01-15T10:00", phone="06 39 98 01 99")

    messages = (await console.ok(path(detail), method="GET"))["messages"]
    phones = {one["to"] for one in messages if one["channel"] == "sms"}
    assert phones == {"+33639980199"}


async def test_two_agents_who_correct_the_same_person_keep_what_each_wrote(
    console: Browser,
) -> None:
    detail = await planned(console)

    await console.ok(path(detail, "/coordonnees"), {"phone": "06 39 98 01 97"})
    after = await console.ok(path(detail, "/coordonnees"), {"mail": "juste@exemple.fr"})

    kept = [after[one] for one in ("mail", "phone", "address", "language")]
    assert kept == ["juste@exemple.fr", "+33639980197", detail["address"], detail["language"]]


async def lose(office: Office, identifier: str, channel: str, state: str) -> None:
    async with office.registre.transaction() as unite:
        await unite.connection.execute(
            t.envoi.update()
            .where(t.envoi.c.sujet == identifier, t.envoi.c.canal == channel)
            .where(t.envoi.c.genre == "convocation")
            .values(etat=state)
        )


async def test_a_new_mobile_gets_what_it_missed_and_a_lost_one_nothing_more(
    console: Browser,
) -> None:
    detail = await planned(console, phone="")

    added = await console.ok(
        path(detail, "/coordonnees"), {"mail": "a@exemple.fr", "phone": "06 39 98 01 98"}
    )
    removed = await console.ok(path(detail, "/coordonnees"), {"phone": ""})
    nothing = await console.post(path(detail, "/coordonnees"), {"mail": ""})

    def by_sms(told: dict[str, Any]) -> set[tuple[str, str]]:
        return {(one["kind"], one["state"]) for one in told["messages"] if one["channel"] == "sms"}

    assert by_sms(added) == {("convocation", "prepare"), ("rappel", "prepare")}
    assert by_sms(removed) == {("convocation", "retire"), ("rappel", "retire")}
    assert (nothing.status, nothing.error["code"]) == (422, "sans_contact")


async def test_sent_again_by_hand_until_it_is_too_late(console: Browser, office: Office) -> None:
    detail = await planned(console)
    waiting = await console.post(path(detail, "/renvoyer"), {"channel": "courriel"})
    await lose(office, detail["planned"]["id"], "courriel", "remis")

    again = await console.ok(path(detail, "/renvoyer"), {"channel": "courriel"})
    office.clock.pass_by(days=2)
    await lose(office, detail["planned"]["id"], "courriel", "remis")
    await console.ok("/api/agent/session", {"login": await office.login()})
    late = await console.post(path(detail, "/renvoyer"), {"channel": "courriel"})

    assert waiting.error["code"] == "envoi_en_cours"
    sent = [one for one in again["messages"] if one["kind"] == "convocation"]
    assert sum(one["channel"] == "courriel" for one in sent) == 2
    assert late.error["code"] == "trop_tard_pour_envoyer"
    assert "renvoyer" not in (await console.get(path(detail))).json["actions"]


@pytest.mark.row("CA-07")
async def test_undelivered_messages_are_listed_counted_and_exported(
    console: Browser, office: Office
) -> None:
    detail = await planned(console)
    await lose(office, detail["planned"]["id"], "sms", "echec")

    lost = await console.ok("/api/agent/envois?etat=echec&canal=sms", method="GET")
    far = await console.ok("/api/agent/progression", method="GET")
    table = await console.get("/api/agent/envois.csv?etat=echec")

    assert [one["kind"] for one in lost["items"]] == ["convocation"]
    assert (far["waiting"], far["failed"], far["expired"]) == (1, 1, 0)
    assert table.headers["Content-Type"].startswith("text/csv")
    assert table.raw.decode("utf-8-sig").count("\r\n") == 2
    assert "'+33639980199" in table.raw.decode()
