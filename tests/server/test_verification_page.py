"""« Is this message genuine? »: a short code, a code by SMS, then whose it is and when."""

import asyncio
import re
from typing import Any

import pytest
from server_people import Answer, Service
from sqlalchemy import func, select

from controle.telecontrole import Etat
from server.assure.verification import normal
from server.identity.guesses import network
from server.notify import shown
from server.store import schema as t

DAYS_AHEAD = 3 * 24 * 60
UNKNOWN = {"code": "ZZZZ-9999"}


async def sent(service: Service) -> int:
    async with service.registre.lecture() as unite:
        return await unite.connection.scalar(select(func.count()).select_from(t.envoi)) or 0


async def code_sent(service: Service) -> str:
    """What the phone of the file shows."""
    async with service.registre.lecture() as unite:
        envoi = (await unite.connection.scalars(select(t.envoi.c.id))).one()
        words = (await shown.one(unite.connection, envoi)).text
    (code,) = re.findall(r"\b\d{6}\b", words)
    return str(code)


async def ask(service: Service, code: str) -> Answer:
    return await service.browser().post("/api/verification", {"code": code})


@pytest.mark.row("CN-09")
async def test_the_short_code_alone_says_nothing_of_the_appointment(service: Service) -> None:
    code = (await service.appoint(DAYS_AHEAD)).un.code

    answer = await ask(service, code)

    assert answer.status == 200
    assert sorted(answer.json) == ["expires_in", "resend_in"]
    assert await sent(service) == 1


@pytest.mark.row("CN-09")
async def test_with_the_code_by_sms_too_the_message_is_genuine(service: Service) -> None:
    appointment = await service.appoint(DAYS_AHEAD)
    code = appointment.un.code
    await ask(service, code)
    proof = {"code": code, "sms": await code_sent(service)}

    told = await service.browser().post("/api/verification/reponse", proof)
    again = await service.browser().post("/api/verification/reponse", proof)

    assert told.json["caisse"] == "CPAM de Bretagne"
    assert told.json["start"] == appointment.un.debut.isoformat()
    assert (told.json["zone"], told.json["access"]) == ("heure de Paris", "trop_tot")
    assert appointment.assure.nom not in told.raw.decode()
    assert (again.status, again.error["code"]) == (403, "code_expire")
    assert await service.kinds(appointment.id) == []


@pytest.mark.row("CN-09")
async def test_a_wrong_sms_code_says_nothing_and_does_not_lock_the_door(service: Service) -> None:
    appointment = await service.appoint()
    code = appointment.un.code
    await ask(service, code)

    wrong = [
        await service.browser().post("/api/verification/reponse", {"code": code, "sms": "000000"})
        for _ in range(5)
    ]

    assert [answer.status for answer in wrong] == [403] * 4 + [429]
    assert b"CPAM" not in b"".join(answer.raw for answer in wrong)
    await service.assure(appointment)


@pytest.mark.row("CN-09")
async def test_an_unknown_code_is_told_plainly_and_no_sms_leaves(service: Service) -> None:
    await service.appoint(DAYS_AHEAD)

    answer = await ask(service, UNKNOWN["code"])
    proof = await service.browser().post("/api/verification/reponse", {**UNKNOWN, "sms": "424242"})

    assert (answer.status, answer.error["code"]) == (404, "code_inconnu")
    assert (proof.status, proof.error["code"]) == (404, "code_inconnu")
    assert await sent(service) == 0


@pytest.mark.row("CN-09")
async def test_a_genuine_message_that_no_longer_holds_says_so(service: Service) -> None:
    appointment = await service.appoint(DAYS_AHEAD, etat=Etat.ANNULE_SERVICE)
    code = appointment.un.code
    await ask(service, code)
    proof = {"code": code, "sms": await code_sent(service)}

    told = await service.browser().ok("/api/verification/reponse", proof)

    assert told["access"] == "annule"


@pytest.mark.row("CN-09")
async def test_five_wrong_codes_a_minute_and_then_a_pause(service: Service) -> None:
    code = (await service.appoint(DAYS_AHEAD)).un.code

    wrong = [await ask(service, UNKNOWN["code"]) for _ in range(7)]
    right = await ask(service, code)

    assert [answer.status for answer in wrong] == [404] * 5 + [429] * 2
    assert right.status == 429
    assert 1 <= int(wrong[-1].headers["Retry-After"]) <= 60
    assert "appelez" in wrong[-1].error["message"]


@pytest.mark.row("CN-09")
async def test_a_burst_of_guesses_gets_no_more_answers_than_five(service: Service) -> None:
    answers = await asyncio.gather(*[ask(service, UNKNOWN["code"]) for _ in range(30)])

    assert sorted(answer.status for answer in answers) == [404] * 5 + [429] * 25


@pytest.mark.row("CN-09")
async def test_right_codes_behind_a_shared_address_do_not_feel_each_other(
    service: Service,
) -> None:
    codes = [(await service.appoint(DAYS_AHEAD)).un.code for _ in range(8)]

    answers = [await ask(service, code) for code in codes]

    assert [answer.status for answer in answers] == [200] * 8


@pytest.mark.row("CN-09")
async def test_a_second_sms_is_not_sent_at_once(service: Service) -> None:
    code = (await service.appoint(DAYS_AHEAD)).un.code

    answers = [await ask(service, code) for _ in range(3)]

    assert [answer.status for answer in answers] == [200] * 3
    assert await sent(service) == 1


@pytest.mark.row("CN-09")
@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("K7QF-2M9D", "K7QF-2M9D"),
        (" k7qf 2m9d ", "K7QF-2M9D"),
        ("k7qf2m9d.", "K7QF-2M9D"),
        ("k7qf\N{EN DASH}2m9d", "K7QF-2M9D"),
        ("K7QF-2M9", "-"),
        ("K7QF-2M90", "-"),
        ("0000-0000", "-"),
        ("", "-"),
    ],
)
def test_a_code_is_read_however_it_is_typed(typed: str, read: str) -> None:
    assert normal(typed) == read


@pytest.mark.row("CN-09")
@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("", "strange", True),
    ],
)
def test_one_person_s_whole_ipv6_network_counts_as_one_address(
    one: str, other: str, same: bool
) -> None:
    assert (network(one) == network(other)) is same


@pytest.mark.row("CN-09")
async def test_the_page_is_public_and_light(service: Service) -> None:
    answer = await service.browser().get("/verifier", headers={"Accept-Encoding": "br"})

    assert answer.status == 200
    assert len(answer.raw) < 6_000


async def test_somebody_without_a_phone_is_told_whom_to_call(service: Service) -> None:
    appointment = await service.appoint(DAYS_AHEAD)
    async with service.registre.transaction() as unite:
        emptied: Any = t.assure.update().values(telephone="")
        await unite.connection.execute(emptied)

    answer = await ask(service, appointment.un.code)

    assert (answer.status, answer.error["code"]) == (422, "sans_telephone")
