"""Where there is no provider: a link made on the machine and an authenticator's code, never one
alone; and nothing of the demo in a service."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pyotp
import pytest
from command import Command, outcome
from conftest import Serve
from server_people import CAISSE, MEDECINS, SECRET, Answer, Browser, Service

from server import keys
from server.config import Config, ConfigurationError
from server.config_checks import check_for_service
from server.demo import DemoDay
from server.identity.making import local_login
from server.rings import vault_of
from server.store import people
from server.store.database import open_database
from server.store.sql import RegistreSql
from server.web.demo import demo_routes

TOML = """
data_dir = "{data}"
port = 0
origin = "https://localhost:9"
secret = "{secret}"
"""
LOGIN = "/api/console/session"


class Local:
    """A service as `serve` sets it up, and one médecin-conseil with an authenticator."""

    def __init__(self, service: Service, secret: str) -> None:
        self.service = service
        self._totp = pyotp.TOTP(secret)

    def code(self, shift: int = 0) -> str:
        return self._totp.at(self.service.clock(), counter_offset=shift)

    def wrong(self) -> str:
        """None of those that hold now."""
        good = {self.code(shift) for shift in (-1, 0, 1)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in good)

    async def link(self, *, once: bool = True) -> str:
        expires = self.service.clock() + timedelta(minutes=15) if once else None
        return await self.service.login_link(once=once, expires=expires)

    async def enter(self, link: str, code: str | None = None) -> Answer:
        body = {"login": link} | ({"code": code} if code is not None else {})
        return await self.service.browser().post(LOGIN, body)


@pytest.fixture
async def local(service: Service) -> Local:
    login = local_login(service.config, service.links, service.app[keys.VAULT], link_alone=False)
    service.app._state[keys.LOCAL_LOGIN] = login
    async with service.registre.transaction() as unite:
        url = await login._totp.enrol(unite.connection, "console", "mc-1")
    return Local(service, pyotp.parse_uri(url).secret)


# --- two factors --------------------------------------------------------------------------------


@pytest.mark.row("ID-01")
async def test_the_link_and_the_code_together_open_a_session(local: Local) -> None:
    link = await local.link()

    asked = await local.enter(link)
    entered = await local.enter(link, local.code())

    assert (asked.status, asked.error["code"]) == (401, "second_facteur")
    assert entered.status == 201


@pytest.mark.row("ID-01")
async def test_neither_the_link_alone_nor_the_code_alone_opens_anything(local: Local) -> None:
    link = await local.link()

    answers = [
        await local.enter(link),
        await local.enter(link, local.wrong()),
        await local.enter("A" * 32, local.code()),
        await local.enter(await local.link(once=False), local.code()),
    ]

    assert [answer.status for answer in answers] == [401, 403, 401, 401]
    assert answers[3].error["code"] == "session"


@pytest.mark.row("ID-01")
async def test_a_link_serves_once_and_a_code_serves_once(local: Local) -> None:
    link, code = await local.link(), local.code()
    first = await local.enter(link, code)

    same_link = await local.enter(link, local.code(1))
    same_code = await local.enter(await local.link(), code)
    earlier = await local.enter(await local.link(), local.code(-1))
    next_code = await local.enter(await local.link(), local.code(1))

    assert (first.status, same_link.status) == (201, 401)
    assert (same_code.status, earlier.status, next_code.status) == (403, 403, 201)


@pytest.mark.row("ID-01")
async def test_wrong_codes_are_few_and_then_even_the_right_one_waits(local: Local) -> None:
    link = await local.link()
    tries = local.service.config.code_tries

    answers = [await local.enter(link, local.wrong()) for _ in range(tries)]
    dead = await local.enter(link, local.code())
    locked = await local.enter(await local.link(), local.code())
    local.service.clock.pass_by(local.service.config.code_lock.total_seconds() + 1)
    later = await local.enter(await local.link(), local.code())

    assert [answer.status for answer in answers] == [403] * (tries - 1) + [429]
    assert (dead.status, locked.status, later.status) == (401, 429, 201)


@pytest.mark.row("ID-01")
async def test_who_has_no_authenticator_does_not_enter_without(local: Local) -> None:
    link = await local.service.login_link(
        "mc-2", once=True, expires=local.service.clock() + timedelta(minutes=5)
    )

    answer = await local.enter(link, "123456")

    assert (answer.status, answer.error["code"]) == (403, "second_facteur_absent")


@pytest.mark.row("SP-03")
async def test_the_authenticators_secret_is_sealed(local: Local) -> None:
    assert local._totp.secret not in local.service.dump()


@pytest.mark.row("ID-01")
async def test_a_new_login_closes_the_one_before_in_the_same_browser(serve: Serve) -> None:
    service = await serve()
    browser = await service.doctor()
    before = dict(browser.cookies)

    await browser.ok(LOGIN, {"login": await service.login_link()})
    old = service.browser()
    old.cookies = before

    assert (await browser.get(LOGIN)).status == 200
    assert (await old.get(LOGIN)).status == 401


# --- the commands -------------------------------------------------------------------------------


@pytest.fixture
async def settings(tmp_path: Path) -> Path:
    config = Config(data_dir=tmp_path / "data", secret=SECRET)
    now = datetime.now(UTC)
    database = await open_database(config.database, vault_of(config, now))
    async with RegistreSql(database).transaction() as unite:
        await people.add_caisse(unite.connection, CAISSE)
        await people.add_medecin(unite.connection, MEDECINS[0])
    await database.close()
    file = tmp_path / "telecontrole.toml"
    file.write_text(TOML.format(data=tmp_path / "data", secret=SECRET))
    return file


@pytest.mark.row("ID-01")
async def test_the_first_login_shows_the_second_factor_once(settings: Path) -> None:
    first = await outcome("login", "mc-1", "--config", str(settings))
    second = await outcome("login", "mc-1", "--config", str(settings))
    renewed = await outcome("login", "mc-1", "--renouveler", "--config", str(settings))

    shown = [
        re.findall(r"otpauth://totp/\S+secret=(\w+)", printed)
        for _, printed in (first, second, renewed)
    ]
    assert [status for status, _ in (first, second, renewed)] == [0, 0, 0]
    assert [len(found) for found in shown] == [1, 0, 1]
    assert shown[0] != shown[2]


@pytest.mark.row("ID-01")
async def test_sessions_are_closed_by_command_and_strangers_are_named(settings: Path) -> None:
    known = await outcome("session", "revoquer", "mc-1", "--config", str(settings))
    unknown = await outcome("session", "revoquer", "mc-9", "--config", str(settings))

    assert (known[0], "0 session(s) fermée(s)" in known[1]) == (0, True)
    assert (unknown[0], "mc-9" in unknown[1]) == (2, True)


# --- the demo is not a service ------------------------------------------------------------------


@pytest.mark.row("ID-01")
@pytest.mark.row("SP-03")
async def test_a_served_link_alone_opens_nothing_and_no_demo_route_is_there(
    settings: Path,
) -> None:
    _, printed = await outcome("login", "mc-1", "--config", str(settings))
    link = printed.partition("#")[2].split()[0]
    run = await Command.start("serve", "--config", str(settings))
    port = (await run.says('"serving"')).partition('"port": ')[2].partition(",")[0].strip(" }\n")
    browser = Browser(f"http://127.0.0.1:{port}")

    alone = await browser.post(LOGIN, {"login": link})
    demo = [
        (route.method, route.path, (await browser.ask(route.method, told(route.path))).status)
        for route in demo_routes(DemoDay([], [], []))
    ]
    await browser.close()
    await run.end()

    assert (alone.status, alone.error["code"]) == (401, "second_facteur")
    assert len(demo) >= 6
    assert {status for _, _, status in demo} == {404}


def told(path: str) -> str:
    return path.replace("{id}", "11111111-1111-4111-8111-111111111111")


@pytest.fixture
def oidc(tmp_path: Path) -> Config:
    return replace(
        Config(),
        data_dir=tmp_path,
        secret=SECRET,
        professionals="oidc",
        oidc_issuer="https://auth.exemple.invalid/realms/esante",
        oidc_client_id="telecontrole",
        oidc_client_secret="un-secret",
        oidc_acr=("eidas1",),
    )


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"oidc_issuer": ""}, "oidc_issuer"),
    ({"oidc_issuer": "http://auth.exemple.invalid"}, "oidc_issuer"),
    ({"oidc_issuer": "https://auth.exemple.invalid/?a=1"}, "oidc_issuer"),
    ({"oidc_client_id": ""}, "oidc_client_id"),
    ({"oidc_client_secret": ""}, "oidc_client_secret"),
    ({"oidc_client_key": "/nowhere.pem"}, "oidc_client_secret"),
    ({"oidc_client_secret": "", "oidc_client_key": "/nowhere.pem"}, "oidc_client_key"),
    ({"oidc_ca": "/nowhere.pem"}, "oidc_ca"),
    ({"oidc_acr": ()}, "oidc_acr"),
    ({"oidc_algorithms": ("RS256", "HS256")}, "oidc_algorithms"),
    ({"oidc_algorithms": ("none",)}, "oidc_algorithms"),
    ({"oidc_algorithms": ()}, "oidc_algorithms"),
    ({"oidc_scopes": ("profile",)}, "oidc_scopes"),
    ({"oidc_doctor_claim": " "}, "oidc_doctor_claim"),
    ({"oidc_timeout": timedelta(0)}, "oidc_timeout"),
    ({"session_check": timedelta(0)}, "session_check"),
    ({"login_attempt": timedelta(0)}, "login_attempt"),
]


@pytest.mark.row("ID-01")
@pytest.mark.row("SP-03")
@pytest.mark.parametrize(("change", "named"), REFUSED, ids=str)
def test_a_service_does_not_start_with_this_way_of_logging_in(
    oidc: Config, change: dict[str, Any], named: str
) -> None:
    check_for_service(oidc)
    check: Callable[[], None] = partial(check_for_service, replace(oidc, **change))

    with pytest.raises(ConfigurationError) as refused:
        check()

    assert named in str(refused.value)


@pytest.mark.row("SP-03")
def test_a_service_does_not_start_on_the_demos_data(oidc: Config, tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text("{}")

    with pytest.raises(ConfigurationError) as refused:
        check_for_service(oidc)

    assert "data_dir" in str(refused.value)
