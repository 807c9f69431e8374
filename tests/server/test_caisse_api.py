"""What the caisse's own system can do with a key: plan, move, cancel, read, once each."""

import asyncio
from datetime import date, time, timedelta
from typing import Any

import pytest
from caisse_people import (
    API,
    LIST,
    PARIS,
    Caisse,
    at,
    caisse,
    reunion,
    set_clock,
    wanted,
    working_day,
)
from conftest import Serve
from server_people import Service

from controle.telecontrole import Etat
from server.identity.api_keys import ApiKeys
from server.identity.secrets import Keeper
from server.store import schema as t

# --- planning -----------------------------------------------------------------------------------


@pytest.mark.row("AI-03")
@pytest.mark.row("CN-09")
async def test_a_telecontrole_is_planned_and_can_be_read_with_its_code(service: Service) -> None:
    us, day = await caisse(service), working_day(service)

    planned = await us.plan(at(day), reference="D-1")
    read = await us.get(planned.headers["Location"])

    assert planned.status == 201
    assert read.status == 200
    assert planned.headers["Location"] == f"{LIST}/{planned.json['id']}"
    assert planned.json == read.json
    assert read.json["code"] == (await service.stored(read.json["id"])).code
    assert read.json["reference"] == "D-1"
    assert read.json["etat"] == "convoque"
    assert read.json["debut_local"] == at(day)
    assert read.json["fuseau"] == PARIS
    assert read.json["debut"].endswith("Z")
    assert [(m["genre"], m["canal"]) for m in read.json["messages"]] == [
        ("convocation", "courriel"), ("convocation", "sms"),
        ("rappel", "courriel"), ("rappel", "sms"),
    ]  # fmt: skip


@pytest.mark.row("AI-03")
async def test_a_known_reference_goes_on_being_written_to_in_its_language(
    service: Service,
) -> None:
    us, day = await caisse(service), working_day(service)
    await us.planned(at(day), reference="D-1", nom="Zwijnaarde", langue="tr")

    again = await us.planned(at(day, 14), reference="D-1", nom="Zwijnaarde")
    other = await us.planned(at(day, 15), reference="D-2")

    async with service.registre.lecture() as unite:
        rows = (await unite.connection.execute(t.envoi.select())).all()
    languages = {r.telecontrole: r.langue for r in rows}
    assert (languages[again["id"]], languages[other["id"]]) == ("tr", "fr")


@pytest.mark.row("CN-02")
@pytest.mark.parametrize("where", ["Europe/Paris", "Indian/Reunion"])
async def test_the_last_minute_of_j_2_is_in_time_and_the_first_of_j_1_is_not(
    service: Service, where: str
) -> None:
    us = await caisse(service) if where == PARIS else await reunion(service)
    day = working_day(service, zone=where, territory="" if where == PARIS else "974")

    set_clock(service, day - timedelta(days=2), time(23, 59), where)
    in_time = await us.plan(at(day, 10))
    set_clock(service, day - timedelta(days=1), time(0, 0), where)
    too_late = await us.plan(at(day, 11))

    assert in_time.status == 201
    assert too_late.status == 422
    assert too_late.headers["Content-Type"] == "application/problem+json"
    assert too_late.json["code"] == "convocation_tardive"
    assert too_late.json["premiere_date"] == (day + timedelta(days=1)).isoformat()
    assert too_late.json["errors"][0]["pointeur"] == "#/debut_local"
    assert "première date possible" in too_late.json["detail"]


@pytest.mark.row("AI-03")
async def test_of_a_hundred_who_want_one_slot_one_gets_it(service: Service) -> None:
    us, day = await caisse(service), working_day(service)

    answers = await asyncio.gather(*(us.plan(at(day)) for _ in range(100)))

    assert sorted(answer.status for answer in answers) == [201] + [409] * 99
    assert {a.json["code"] for a in answers if a.status == 409} == {"creneau_pris"}
    assert len((await us.get(LIST)).json["elements"]) == 1


async def test_everything_wrong_with_a_body_is_said_at_once(service: Service) -> None:
    us, day = await caisse(service), working_day(service)
    body = wanted(at(day, 22), civilite="Zz", courriel="nulle part", doctor="mc-9")

    answer = await us.post(LIST, body)

    assert answer.status == 422
    assert {error["pointeur"] for error in answer.json["errors"]} >= {"#/civilite", "#/courriel"}
    assert answer.json["type"] == f"/problemes/{answer.json['code']}"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"inconnu": 1}, "#/inconnu"),
        ({"nom": None}, "#/nom"),
        ({"nom": ""}, "#/nom"),
        ({"nom": "a\nb"}, "#/nom"),
        ({"nom": "fin\n"}, "#/nom"),
        ({"contexte": "grippe"}, "#/contexte"),
        ({"debut_local": "demain"}, "#/debut_local"),
        ({"debut_local": "2026-02-30T10:00"}, "#/debut_local"),
        ({"debut_local": "2026-12-01T14:30:00Z"}, "#/debut_local"),
        ({"duree_minutes": 5}, "#/duree_minutes"),
        ({"duree_minutes": "30"}, "#/duree_minutes"),
        ({"reference": "1 85 05 78 006 084 36"}, "#/reference"),
    ],
)
async def test_a_field_that_is_wrong_is_named(
    service: Service, change: dict[str, Any], field: str
) -> None:
    us, day = await caisse(service), working_day(service)

    answer = await us.post(LIST, wanted(at(day), **change))

    assert answer.status == 422
    assert field in [error["pointeur"] for error in answer.json["errors"]]


async def test_a_doctor_of_another_caisse_is_nobody_here(service: Service) -> None:
    us, them = await caisse(service), await reunion(service)

    answer = await us.plan(at(working_day(service)), medecin_conseil=them.doctor)

    assert (answer.status, answer.json["code"]) == (422, "medecin_inconnu")


# --- moving, cancelling -------------------------------------------------------------------------


@pytest.mark.row("AI-03")
async def test_a_telecontrole_is_moved_by_another_that_names_it(service: Service) -> None:
    us, day = await caisse(service), working_day(service)
    first = await us.planned(at(day))

    moved = await us.post(f"{LIST}/{first['id']}/deplacement", {"debut_local": at(day, 15)})
    before = (await us.get(f"{LIST}/{first['id']}")).json

    assert moved.status == 201
    assert moved.headers["Location"] == f"{LIST}/{moved.json['id']}"
    assert moved.json["precedent"] == first["id"]
    assert moved.json["debut_local"] == at(day, 15)
    assert before["suivant"] == moved.json["id"]
    assert before["etat"] == "reporte"
    assert before["code"] != moved.json["code"]


@pytest.mark.row("AI-03")
async def test_a_telecontrole_is_cancelled_with_or_without_a_body(service: Service) -> None:
    us, day = await caisse(service), working_day(service)
    one, other = await us.planned(at(day, 10)), await us.planned(at(day, 11))

    bare = await us.browser.ask(
        "POST",
        f"{LIST}/{one['id']}/annulation",
        headers={"Authorization": f"Bearer {us.secret}", "Idempotency-Key": "bare"},
    )
    empty = await us.post(f"{LIST}/{other['id']}/annulation", {})
    again = await us.post(f"{LIST}/{other['id']}/annulation", {})

    assert [answer.status for answer in (bare, empty, again)] == [200, 200, 200]
    assert bare.json["etat"] == "annule_service"
    assert (await service.kinds(other["id"])).count("annule") == 1


async def test_what_is_over_is_neither_moved_nor_cancelled(service: Service) -> None:
    us, day = await caisse(service), working_day(service)
    over = await service.appoint(etat=Etat.CLOTURE)

    moved = await us.post(f"{LIST}/{over.id}/deplacement", {"debut_local": at(day)})
    cancelled = await us.post(f"{LIST}/{over.id}/annulation")

    for answer in (moved, cancelled):
        assert (answer.status, answer.json["code"]) == (409, "transition_impossible")


@pytest.mark.row("AI-03")
async def test_the_telecontroles_of_another_caisse_are_not_there(service: Service) -> None:
    us, them = await caisse(service), await reunion(service)
    ours = await us.planned(at(working_day(service)))

    answers = [
        await them.get(f"{LIST}/{ours['id']}"),
        await them.get(f"{LIST}/{ours['id']}/issue"),
        await them.post(f"{LIST}/{ours['id']}/annulation"),
        await them.post(f"{LIST}/{ours['id']}/deplacement", {"debut_local": ours["debut_local"]}),
        await them.get(f"{LIST}/pas-un-id"),
    ]

    assert {(a.status, a.json["code"]) for a in answers} == {(404, "telecontrole_inconnu")}
    assert (await them.get(LIST)).json == {"elements": [], "suite": None}


# --- once ---------------------------------------------------------------------------------------


@pytest.mark.row("AI-03")
async def test_the_same_request_twice_is_done_once_and_answered_alike(service: Service) -> None:
    us, body = await caisse(service), wanted(at(working_day(service)))

    first = await us.post(LIST, body, name="une-fois")
    # Another order of the fields, and quotes around the key, are no other request.
    again = await us.post(LIST, dict(reversed(body.items())), name='"une-fois"')

    assert first.status == again.status == 201
    assert first.raw == again.raw
    assert first.headers["Location"] == again.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert len((await us.get(LIST)).json["elements"]) == 1


async def test_the_same_key_at_the_same_time_has_one_effect(service: Service) -> None:
    us, body = await caisse(service), wanted(at(working_day(service)))

    answers = await asyncio.gather(*(us.post(LIST, body, name="ensemble") for _ in range(20)))

    assert {answer.status for answer in answers} <= {201, 409}
    assert len({answer.raw for answer in answers if answer.status == 201}) == 1
    assert len((await us.get(LIST)).json["elements"]) == 1


@pytest.mark.row("AI-03")
async def test_two_servers_on_one_database_do_it_once_too(serve: Serve) -> None:
    one, other = await serve(), await serve()
    us, day = await caisse(one), working_day(one)
    there = Caisse(other.browser(), us.secret, us.key)
    same, slot = wanted(at(day, 9)), at(day, 11)

    alike = await asyncio.gather(*(who.post(LIST, same, name="a") for who in (us, there) * 5))
    rivals = await asyncio.gather(*(who.plan(slot) for who in (us, there) * 10))

    assert {answer.status for answer in alike} <= {201, 409}
    assert sorted(answer.status for answer in rivals) == [201] + [409] * 19
    assert len((await there.get(LIST)).json["elements"]) == 2


async def test_a_key_that_served_for_something_else_is_refused(service: Service) -> None:
    us, day = await caisse(service), working_day(service)
    first = await us.post(LIST, wanted(at(day)), name="prise")

    other_body = await us.post(LIST, wanted(at(day, 15)), name="prise")
    other_path = await us.post(f"{LIST}/{first.json['id']}/annulation", name="prise")

    for answer in (other_body, other_path):
        assert (answer.status, answer.json["code"]) == (422, "idempotence_reprise")


async def test_a_refusal_is_given_again_and_a_day_later_asked_anew(service: Service) -> None:
    us, day = await caisse(service), working_day(service)
    holder = await us.planned(at(day))
    body = wanted(at(day))

    taken = await us.post(LIST, body, name="plus-tard")
    await us.post(f"{LIST}/{holder['id']}/annulation")
    again = await us.post(LIST, body, name="plus-tard")
    service.clock.pass_by(24 * 3600 + 1)
    anew = await us.post(LIST, body, name="plus-tard")

    assert [taken.status, again.status, anew.status] == [409, 409, 201]
    assert taken.raw == again.raw


@pytest.mark.parametrize("name", ["", '""', '"a', "é", "a b", "x" * 129])
async def test_a_change_needs_a_key_of_its_own(service: Service, name: str) -> None:
    us, body = await caisse(service), wanted(at(working_day(service)))

    answer = await us.post(LIST, body, headers={"Idempotency-Key": name or None})

    assert (answer.status, answer.json["code"]) == (400, "idempotence_absente")


async def test_two_callers_may_draw_the_same_key(service: Service) -> None:
    us, them = await caisse(service), await caisse(service)
    day = working_day(service)

    ours = await us.post(LIST, wanted(at(day, 10)), name="1")
    theirs = await them.post(LIST, wanted(at(day, 11)), name="1")

    assert [ours.status, theirs.status] == [201, 201]


async def test_what_was_asked_is_not_kept_in_clear_with_the_answer(service: Service) -> None:
    us, day = await caisse(service), working_day(service)
    await us.planned(at(day), nom="Ypersele", courriel="ypersele@exemple.fr")

    kept = [line for line in service.dump().splitlines() if 'INTO "requete"' in line]

    assert len(kept) == 1
    assert "ypersele" not in kept[0].lower()


# --- keys ---------------------------------------------------------------------------------------


@pytest.mark.row("AI-03")
@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer tlc_inconnue", "Basic YTpi", "Bearer é"]
)
async def test_without_a_key_there_is_nothing_to_see(service: Service, header: str | None) -> None:
    us = await caisse(service)

    answer = await us.get(LIST, headers={"Authorization": header})

    assert (answer.status, answer.json["code"]) == (401, "cle_refusee")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


async def test_a_revoked_key_opens_nothing_any_more(service: Service) -> None:
    us, keys = await caisse(service), ApiKeys(Keeper(service.config.secret))
    before = await us.get(LIST)

    async with service.registre.transaction() as unite:
        revoked = await keys.revoke(unite.connection, us.key, service.clock())
        again = await keys.revoke(unite.connection, us.key, service.clock())
    after = await us.get(LIST)

    assert (revoked, again) == (True, False)
    assert [before.status, after.status] == [200, 401]


async def test_a_key_may_only_what_its_scopes_say(service: Service) -> None:
    reader = await caisse(service, ("telecontroles:lire",))
    writer = await caisse(service, ("telecontroles:ecrire",))
    body = wanted(at(working_day(service)))

    refused = [
        await reader.post(LIST, body),
        await reader.get(f"{API}/issues"),
        await writer.get(LIST),
        await writer.get(f"{API}/creneaux?medecin_conseil=mc-1"),
    ]

    assert {(a.status, a.json["code"]) for a in refused} == {(403, "portee_manquante")}
    assert 'scope="telecontroles:ecrire"' in refused[0].headers["WWW-Authenticate"]
    assert (await writer.post(LIST, body)).status == 201
    assert (await reader.get(LIST)).status == 200


async def test_the_key_itself_is_not_kept(service: Service) -> None:
    us = await caisse(service)

    await us.get(LIST)

    assert us.secret not in service.dump()


async def test_a_cookie_is_no_key(service: Service) -> None:
    doctor = await service.doctor()

    answer = await doctor.get(LIST)

    assert answer.status == 401


async def test_a_key_that_asks_too_often_waits(serve: Serve) -> None:
    service = await serve(api_per_minute=3)
    us, other = await caisse(service), await caisse(service)

    answers = [await us.get(LIST) for _ in range(4)]

    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["RateLimit"] == '"cle";r=2;t=60'
    assert answers[3].headers["RateLimit"] == '"cle";r=0;t=60'
    assert answers[3].headers["Retry-After"] == "60"
    assert answers[3].json["code"] == "trop_de_demandes"
    assert (await other.get(LIST)).status == 200


async def test_a_web_page_cannot_use_it(service: Service) -> None:
    us, body = await caisse(service), wanted(at(working_day(service)))

    answer = await us.post(LIST, body, headers={"Origin": "https://ailleurs.test"})

    assert (answer.status, answer.json["code"]) == (403, "origine")
    assert "Access-Control-Allow-Origin" not in answer.headers


# --- lists, slots -------------------------------------------------------------------------------


@pytest.mark.row("AI-03")
async def test_the_list_comes_by_pages_without_loss_when_others_come(service: Service) -> None:
    us, day = await caisse(service), working_day(service)
    planned = [(await us.planned(at(day, hour)))["id"] for hour in (9, 11, 13)]

    first = (await us.get(f"{LIST}?limite=2")).json
    late = (await us.planned(at(day, 15)))["id"]
    second = (await us.get(f"{LIST}?limite=2&curseur={first['suite']}")).json

    seen = [one["id"] for page in (first, second) for one in page["elements"]]
    assert seen == [*planned, late]
    assert second["suite"] is None


async def test_the_list_is_of_days_at_the_caisse(service: Service) -> None:
    us, day = await caisse(service), working_day(service)
    next_day = day + timedelta(days=1)
    one, other = await us.planned(at(day)), await us.planned(at(next_day))
    await us.post(f"{LIST}/{other['id']}/annulation")

    async def ids(query: str) -> list[str]:
        return [e["id"] for e in (await us.get(f"{LIST}?{query}")).json["elements"]]

    assert await ids(f"de={day}&a={day}") == [one["id"]]
    assert await ids(f"de={next_day}") == [other["id"]]
    assert await ids("etat=annule_service") == [other["id"]]
    assert await ids(f"reference={one['reference']}") == [one["id"]]


@pytest.mark.parametrize(
    "query",
    ["etat=parti", "de=2026-02-30", "a=demain", "curseur=xx", "limite=0", "limite=a", "autre=1",
     "limite=1&limite=2", "curseur=WzEsMl0", "de=0001-01-01", "a=9999-12-31"],
)  # fmt: skip
async def test_a_parameter_that_is_wrong_is_refused(service: Service, query: str) -> None:
    us = await caisse(service)

    answer = await us.get(f"{LIST}?{query}")

    assert (answer.status, answer.json["code"]) == (422, "demande")


@pytest.mark.row("AI-03")
async def test_free_slots_are_offered_and_what_is_offered_is_accepted(service: Service) -> None:
    us = await caisse(service)

    free = (await us.get(f"{API}/creneaux?medecin_conseil=mc-1&duree_minutes=30")).json
    first = free["creneaux"][0]
    taken = await us.planned(first["debut_local"])
    after = (await us.get(f"{API}/creneaux?medecin_conseil=mc-1")).json

    assert date.fromisoformat(free["premiere_date"]) <= date.fromisoformat(
        first["debut_local"][:10]
    )
    assert taken["debut"] == first["debut"]
    assert first not in after["creneaux"]


async def test_an_unknown_address_or_method_is_a_problem_too(service: Service) -> None:
    us = await caisse(service)

    nowhere = await us.get(f"{API}/nulle-part")
    method = await us.ask("PUT", LIST)
    big = await us.post(LIST, data=b'{"nom": "' + b"x" * 70_000 + b'"}')
    text = await us.post(LIST, data=b"nom=a", headers={"Content-Type": "text/plain"})

    problems = [(a.status, a.json["code"]) for a in (nowhere, method, big, text)]
    assert problems == [
        (404, "adresse_inconnue"), (405, "methode"), (413, "trop_grand"), (415, "type_de_corps"),
    ]  # fmt: skip
    assert set(method.headers["Allow"].split(",")) == {"GET", "HEAD", "POST"}
