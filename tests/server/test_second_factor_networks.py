"""The code, where several have the link: who guesses locks themselves out, not the assuré."""

import asyncio
from dataclasses import dataclass
from typing import Any, get_args

import pytest
from server_people import CODE, Answer, Appointment, Browser, Service

from server.identity.second_factor import Usage

HOME, STRANGER = "198.51.100.7", "203.0.113.66"
WRONG = "000000"


@dataclass(frozen=True)
class Line:
    """A browser behind one address, as our proxy tells it."""

    browser: Browser
    address: str

    async def post(self, path: str, body: Any) -> Answer:
        return await self.browser.post(path, body, headers={"X-Forwarded-For": self.address})

    async def asks(self, appointment: Appointment) -> Answer:
        return await self.post("/api/assure/code", {"link": appointment.link})

    async def tries(self, appointment: Appointment, code: str) -> tuple[int, str]:
        body = {"link": appointment.link, "code": code}
        answer = await self.post("/api/assure/session", body)
        return answer.status, answer.json.get("error", {}).get("code", "")


@pytest.fixture
async def service(serve: Any) -> Service:
    service: Service = await serve(trusted_proxies=("127.0.0.0/8",))
    return service


def line(service: Service, address: str) -> Line:
    return Line(service.browser(), address)


@pytest.mark.row("JO-02")
@pytest.mark.row("SP-05")
async def test_who_guesses_with_a_forwarded_link_does_not_lock_the_assure_out(
    service: Service,
) -> None:
    appointment = await service.appoint()
    home, stranger = line(service, HOME), line(service, STRANGER)
    assert (await home.asks(appointment)).status == 200

    guesses = [await stranger.tries(appointment, WRONG) for _ in range(5)]
    after = await stranger.tries(appointment, CODE)
    entered = await home.tries(appointment, CODE)

    assert guesses == [(403, "code_faux")] * 4 + [(429, "verrouille")]
    assert after == (429, "verrouille")
    assert entered == (201, "")
    task = 'INSERT INTO "tache" VALUES(\'' + appointment.id + "','acces_verrouille'"
    assert task in service.dump()


@pytest.mark.row("JO-02")
async def test_a_new_code_is_offered_to_the_others_while_one_network_waits(
    service: Service,
) -> None:
    appointment = await service.appoint()
    home, stranger = line(service, HOME), line(service, STRANGER)
    await stranger.asks(appointment)
    for _ in range(5):
        await stranger.tries(appointment, WRONG)

    service.clock.pass_by(31)
    refused, sent = await stranger.asks(appointment), await home.asks(appointment)

    assert (refused.status, sent.status) == (429, 200)
    assert await home.tries(appointment, CODE) == (201, "")


@pytest.mark.row("JO-02")
@pytest.mark.row("SP-05")
async def test_all_networks_together_try_fifteen_codes_before_all_wait(service: Service) -> None:
    appointment = await service.appoint()
    await line(service, HOME).asks(appointment)

    tries = [
        await line(service, f"203.0.113.{network}").tries(appointment, f"{number:06d}")
        for network in range(10)
        for number in range(2)
    ]
    right = await line(service, HOME).tries(appointment, CODE)

    assert tries == [(403, "code_faux")] * 14 + [(429, "verrouille")] * 6
    assert right == (429, "verrouille")
    facts = [fait.details["cause"] for fait in await service.facts(appointment.id)]
    assert facts == ["wrong"] * 14 + ["locked"]


@pytest.mark.row("SP-05")
async def test_one_network_cannot_use_up_the_codes_of_a_link(service: Service) -> None:
    appointment = await service.appoint()
    home, stranger = line(service, HOME), line(service, STRANGER)

    asked = []
    for who in (*[stranger] * 5, *[home] * 3):
        asked.append((await who.asks(appointment)).status)
        service.clock.pass_by(31)

    assert asked == [200, 200, 200, 429, 429, 200, 200, 429]


@pytest.mark.row("SP-05")
async def test_one_person_s_ipv6_network_is_one_network(service: Service) -> None:
    appointment = await service.appoint()
    await line(service, HOME).asks(appointment)

    same = [
        await line(service, f"2001:db8::{number}").tries(appointment, WRONG)
        for number in range(1, 6)
    ]
    next_door = await line(service, "2001:db8:0:1::1").tries(appointment, CODE)

    assert same[-1] == (429, "verrouille")
    assert next_door == (201, "")


@pytest.mark.row("JO-02")
async def test_a_code_that_comes_twenty_times_at_once_opens_once(service: Service) -> None:
    appointment = await service.appoint()
    await line(service, HOME).asks(appointment)
    lines = [line(service, f"198.51.100.{number}") for number in range(20)]

    entered = await asyncio.gather(*(one.tries(appointment, CODE) for one in lines))

    assert sorted(entered) == [(201, "")] + [(403, "code_expire")] * 19


@pytest.mark.row("JO-02")
async def test_wrong_codes_at_once_are_counted_one_by_one(service: Service) -> None:
    appointment = await service.appoint()
    stranger = line(service, STRANGER)
    await stranger.asks(appointment)

    tries = await asyncio.gather(*(stranger.tries(appointment, WRONG) for _ in range(20)))

    assert sorted(tries) == [(403, "code_faux")] * 4 + [(429, "verrouille")] * 16


@pytest.mark.row("JO-02")
async def test_neither_the_code_nor_an_address_is_kept(service: Service) -> None:
    appointment = await service.appoint()
    home = line(service, HOME)
    await home.asks(appointment)
    await home.tries(appointment, WRONG)
    await home.tries(appointment, CODE)

    kept = service.dump()

    assert HOME not in kept
    assert f"'{CODE}'" not in kept
    assert f"'{WRONG}'" not in kept


@pytest.mark.row("JO-02")
async def test_a_code_of_one_appointment_opens_no_other_of_the_same_person(
    service: Service,
) -> None:
    first, second = await service.appoint(), await service.appoint()
    home = line(service, HOME)
    service.code = "111111"
    await home.asks(first)
    service.code = "222222"
    await home.asks(second)

    assert await home.tries(first, "222222") == (403, "code_faux")
    assert await home.tries(second, "111111") == (403, "code_faux")
    assert await home.tries(second, "222222") == (201, "")
    assert await home.tries(second, "222222") == (403, "code_expire")


@pytest.mark.row("SP-05")
async def test_knocking_from_everywhere_leaves_no_trace_in_the_store(service: Service) -> None:
    appointment = await service.appoint()
    before = service.dump()

    for network in range(30):
        knock = line(service, f"2001:db8:0:{network:x}::1")
        assert await knock.tries(appointment, WRONG) == (403, "code_expire")

    assert service.dump().count('INTO "code_acces"') == before.count('INTO "code_acces"') == 0


def test_each_use_of_a_code_counts_its_networks_apart() -> None:
    first_letters = [usage[0] for usage in get_args(Usage)]

    assert len(set(first_letters)) == len(first_letters)
