"""Guessing links, logins, sessions: who does is refused, two hundred people beside are not."""

import asyncio
import secrets
from typing import Any

import pytest
from server_people import CODE, Browser, Service

from server import keys
from server.config import Config, ConfigurationError
from server.config_checks import check_for_service
from server.identity.guesses import Guesses, TooManyTries, network

ADDRESS = "198.51.100.7"
FROM = {"X-Forwarded-For": ADDRESS}
PER_MINUTE = Config().wrong_links_per_minute


def guess() -> dict[str, str]:
    return {"link": secrets.token_urlsafe(24)}


async def wrong_links(browser: Browser, count: int) -> list[int]:
    answers = [await browser.post("/api/assure/lien", guess(), headers=FROM) for _ in range(count)]
    return [answer.status for answer in answers]


@pytest.fixture
async def behind(serve: Any) -> Service:
    """Behind our proxy: tests say who asks."""
    service: Service = await serve(trusted_proxies=("127.0.0.0/8",))
    return service


@pytest.mark.row("SP-05")
async def test_two_hundred_people_of_one_address_enter_while_somebody_there_guesses(
    behind: Service,
) -> None:
    appointments = [await behind.appoint() for _ in range(200)]
    attacker, crowd = behind.browser(), behind.browser()

    async def enter(link: str) -> int:
        for path in ("/api/assure/lien", "/api/assure/code"):
            assert (await crowd.post(path, {"link": link}, headers=FROM)).status == 200
        body = {"link": link, "code": CODE}
        # No cookie of somebody else's: each enters as a browser of their own would.
        headers = FROM | {"Cookie": ""}
        return (await crowd.post("/api/assure/session", body, headers=headers)).status

    guessed, *entered = await asyncio.gather(
        wrong_links(attacker, 100), *(enter(one.link) for one in appointments)
    )

    assert entered == [201] * 200
    assert guessed == [200] * PER_MINUTE + [429] * (100 - PER_MINUTE)


@pytest.mark.row("SP-05")
@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/assure/lien", guess(), 200),
        ("/api/assure/code", guess(), 404),
        ("/api/assure/session", guess() | {"code": CODE}, 404),
        ("/api/assure/refus", guess(), 404),
        ("/api/assure/accuse", guess(), 404),
        ("/api/assure/besoins", guess() | {"needs": []}, 404),
        ("/api/assure/erreur", guess(), 404),
        ("/api/assure/agenda", guess(), 404),
        ("/api/console/session", {"login": secrets.token_urlsafe(24)}, 401),
        ("/api/agent/session", {"login": secrets.token_urlsafe(24)}, 401),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
async def test_every_door_counts_wrong_secrets_and_then_says_no_more(
    behind: Service, path: str, body: dict[str, Any], status: int
) -> None:
    browser = behind.browser()

    answers = [await browser.post(path, body, headers=FROM) for _ in range(PER_MINUTE + 2)]
    elsewhere = await browser.post(path, body, headers={"X-Forwarded-For": "203.0.113.1"})

    assert [one.status for one in answers] == [status] * PER_MINUTE + [429] * 2
    assert answers[-1].error["code"] == "trop_d_essais"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert elsewhere.status == status


@pytest.mark.row("SP-05")
async def test_a_right_link_is_not_felt_to_be_one_of_the_wrong(behind: Service) -> None:
    appointment, browser = await behind.appoint(), behind.browser()

    right = [
        (await browser.post("/api/assure/lien", {"link": appointment.link}, headers=FROM)).status
        for _ in range(3 * PER_MINUTE)
    ]

    assert set(right) == {200}


@pytest.mark.row("SP-05")
async def test_a_forged_address_does_not_escape_the_count(serve: Any) -> None:
    service: Service = await serve()
    browser = service.browser()

    statuses = [
        (
            await browser.post("/api/assure/code", guess(), headers={name: f"203.0.113.{number}"})
        ).status
        for number, name in enumerate(("X-Forwarded-For", "X-Real-IP", "Forwarded") * 10)
    ]

    assert statuses == [404] * PER_MINUTE + [429] * (30 - PER_MINUTE)


@pytest.mark.row("SP-05")
async def test_a_thousand_guesses_of_one_network_leave_another_s_in_peace() -> None:
    guesses = Guesses(PER_MINUTE)
    told = (guesses.wrong(f"2001:db8::{number:x}") for number in range(1_000))

    answers = [await asyncio.gather(one, return_exceptions=True) for one in told]
    await guesses.wrong("2001:db8:0:1::1")

    refused = [one for (one,) in answers if isinstance(one, TooManyTries)]
    assert len(refused) == 1_000 - PER_MINUTE
    assert all(1 <= one.wait <= 60 for one in refused)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("", "strange", True),
    ],
)
def test_a_network_is_one_address_or_what_one_person_has(one: str, other: str, same: bool) -> None:
    assert (network(one) == network(other)) is same


# --- sessions -----------------------------------------------------------------------------------


class Request:
    """What a session is looked up in."""

    def __init__(self, name: str, secret: str) -> None:
        self.cookies = {name: secret}


@pytest.mark.row("SP-05")
@pytest.mark.row("SP-13")
async def test_ten_thousand_guessed_sessions_open_nothing(service: Service) -> None:
    real = [await service.doctor(), await service.agent()]
    kept = {name: value for one in real for name, value in one.cookies.items()}
    near = {name: value[:-1] + ("A" if value[-1] != "A" else "B") for name, value in kept.items()}
    names = {"console": "__Host-console", "agent": "__Host-agent", "assure": "__Host-assure"}
    sessions, entered = service.app[keys.SESSIONS], 0

    async with service.registre.glance() as unite:
        for number in range(10_000):
            kind, name = list(names.items())[number % 3]
            secret = near.get(name, "") if number < 6 else secrets.token_urlsafe(24)
            found = await sessions.find(
                unite.connection,
                kind,  # type: ignore[arg-type]
                Request(name, secret),  # type: ignore[arg-type]
                service.clock(),
            )
            entered += found is not None

    assert len(kept) == 2
    assert entered == 0


@pytest.mark.row("SP-05")
@pytest.mark.parametrize(
    "settings",
    [
        {"wrong_links_per_minute": 0},
        {"code_tries": 0},
        {"code_tries": 16},
        {"codes_per_network": 0},
        {"codes_per_network": 6},
    ],
    ids=str,
)
def test_limits_that_would_let_all_in_or_nobody_stop_the_start(settings: dict[str, int]) -> None:
    config = Config(origin="https://controle.test", secret="s" * 32, **settings)  # type: ignore[arg-type]

    with pytest.raises(ConfigurationError, match=next(iter(settings))):
        check_for_service(config)
