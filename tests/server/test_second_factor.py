"""The code sent by SMS: few tries, one use, a pause, and never somebody else's."""

import pytest
from server_people import CODE, Appointment, Browser, Service

WRONG = "000000"


async def knock(browser: Browser, appointment: Appointment, code: str) -> tuple[int, str]:
    answer = await browser.post("/api/assure/session", {"link": appointment.link, "code": code})
    return answer.status, answer.json.get("error", {}).get("code", "")


async def ready(service: Service) -> tuple[Appointment, Browser]:
    appointment, browser = await service.appoint(), service.browser()
    await browser.ok("/api/assure/code", {"link": appointment.link})
    return appointment, browser


async def sent(service: Service, appointment: Appointment) -> int:
    return sum(appointment.id in line for line in service.dump().splitlines() if '"envoi"' in line)


@pytest.mark.row("JO-02")
async def test_five_wrong_codes_lock_the_door_for_fifteen_minutes(service: Service) -> None:
    appointment, browser = await ready(service)

    tries = [await knock(browser, appointment, WRONG) for _ in range(5)]
    locked = await browser.post("/api/assure/session", {"link": appointment.link, "code": CODE})
    asked = await browser.post("/api/assure/code", {"link": appointment.link})

    assert tries == [(403, "code_faux")] * 4 + [(429, "verrouille")]
    assert (locked.status, locked.error["retry_after"]) == (429, 900)
    # An agent is told: somebody cannot get in, or somebody else tries to.
    task = 'INSERT INTO "tache" VALUES(\'' + appointment.id + "','acces_verrouille'"
    assert task in service.dump()
    assert locked.headers["Retry-After"] == "900"
    assert asked.status == 429


@pytest.mark.row("JO-02")
async def test_after_the_pause_a_new_code_opens(service: Service) -> None:
    appointment, browser = await ready(service)
    for _ in range(5):
        await knock(browser, appointment, WRONG)

    service.clock.pass_by(15 * 60 + 1)
    await browser.ok("/api/assure/code", {"link": appointment.link})

    assert await knock(browser, appointment, CODE) == (201, "")


@pytest.mark.row("JO-02")
async def test_a_code_opens_once(service: Service) -> None:
    appointment, browser = await ready(service)

    first = await knock(browser, appointment, CODE)
    second = await knock(service.browser(), appointment, CODE)

    assert first == (201, "")
    assert second == (403, "code_expire")


@pytest.mark.row("JO-02")
async def test_a_code_is_out_of_time_after_ten_minutes(service: Service) -> None:
    appointment, browser = await ready(service)

    service.clock.pass_by(601)

    assert await knock(browser, appointment, CODE) == (403, "code_expire")


@pytest.mark.row("JO-02")
async def test_asking_again_at_once_sends_nothing(service: Service) -> None:
    appointment, browser = await ready(service)
    link = {"link": appointment.link}

    service.clock.pass_by(29)
    soon = await browser.ok("/api/assure/code", link)
    service.clock.pass_by(2)
    later = await browser.ok("/api/assure/code", link)

    assert (soon["resend_in"], later["resend_in"]) == (1, 30)
    assert await sent(service, appointment) == 2


@pytest.mark.row("SP-05")
async def test_one_network_asks_for_three_codes_in_fifteen_minutes_at_most(
    service: Service,
) -> None:
    appointment, browser = await ready(service)
    link = {"link": appointment.link}

    statuses = []
    for _ in range(4):
        service.clock.pass_by(31)
        statuses.append((await browser.post("/api/assure/code", link)).status)
    service.clock.pass_by(15 * 60)
    after = await browser.post("/api/assure/code", link)

    assert statuses == [200] * 2 + [429] * 2
    assert after.status == 200


@pytest.mark.row("JO-02")
async def test_the_code_of_another_link_is_refused(service: Service) -> None:
    service.code = "111111"
    mine, browser = await ready(service)
    service.code = "222222"
    await ready(service)

    assert await knock(browser, mine, "222222") == (403, "code_faux")


@pytest.mark.row("SP-05")
async def test_who_guesses_at_one_link_locks_that_link_alone(service: Service) -> None:
    attacked, attacker = await ready(service)
    others = [await ready(service) for _ in range(3)]

    for _ in range(5):
        await knock(attacker, attacked, WRONG)

    for appointment, browser in others:
        assert await knock(browser, appointment, CODE) == (201, "")


@pytest.mark.row("OP-01")
async def test_knocking_on_a_locked_door_does_not_fill_the_record(service: Service) -> None:
    appointment, browser = await ready(service)

    for _ in range(12):
        await knock(browser, appointment, WRONG)

    facts = await service.facts(appointment.id)
    assert [fait.details["cause"] for fait in facts] == ["wrong"] * 4 + ["locked"]
