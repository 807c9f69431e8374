"""The load test's door on a server: closed unless the configuration opens it, to its key alone."""

from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from conftest import Serve
from server_people import Service
from sqlalchemy import func, select

from server import keys
from server.config import Config, ConfigurationError
from server.config_checks import check_for_service
from server.store import schema as t
from signaling.access import Tokens

KEY = "cle-d-essai-de-charge-assez-longue-pour-servir"
ROOMS, TOKENS, FORGET = (f"/api/essai-de-charge/{one}" for one in ("salles", "jetons", "oubli"))
RUN = "0a1b2c3d"


@pytest.fixture
async def allowed(serve: Serve) -> Service:
    return await serve(loadtest="allowed", loadtest_key=KEY)


async def post(service: Service, path: str, body: object, key: str = KEY) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        aiohttp.ClientSession(service.base) as http,
        http.post(path, json=body, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


async def rows(service: Service) -> dict[str, int]:
    """How many rows each table holds."""
    async with service.database.read() as connection:
        return {
            table.name: await connection.scalar(select(func.count()).select_from(table)) or 0
            for table in t.metadata.sorted_tables
        }


@pytest.mark.row("OPS-01")
@pytest.mark.parametrize("path", [ROOMS, TOKENS, FORGET])
async def test_a_service_as_it_is_by_default_has_no_such_door(service: Service, path: str) -> None:
    status, _ = await post(service, path, {})

    assert status == 404


@pytest.mark.row("OPS-01")
@pytest.mark.parametrize("path", [ROOMS, TOKENS, FORGET])
@pytest.mark.parametrize("key", ["", "une-autre", KEY[:-1], KEY + "x", "é"])
async def test_another_key_opens_nothing(allowed: Service, path: str, key: str) -> None:
    status, _ = await post(allowed, path, {"run": RUN, "rooms": 1}, key)

    assert status == 401


def test_a_service_refuses_a_key_and_a_short_one() -> None:
    sound = replace(Config(), secret="x" * 32, origin="https://controle.test")

    with pytest.raises(ConfigurationError, match="loadtest_key"):
        check_for_service(replace(sound, loadtest_key=KEY))
    with pytest.raises(ConfigurationError, match="loadtest_key"):
        check_for_service(replace(sound, loadtest="allowed", loadtest_key="court"))


@pytest.mark.parametrize(
    "body",
    [
        {}, {"run": RUN, "rooms": 0}, {"run": RUN, "rooms": 201}, {"run": "../..", "rooms": 1},
        {"run": RUN, "rooms": "2"}, [],
    ],
    ids=str,
)  # fmt: skip
async def test_what_is_asked_is_bounded(allowed: Service, body: object) -> None:
    status, _ = await post(allowed, ROOMS, body)

    assert status == 422
    assert (await rows(allowed))["telecontrole"] == 0


async def test_rooms_are_open_now_with_real_tokens_and_nothing_to_send(allowed: Service) -> None:
    status, made = await post(allowed, ROOMS, {"run": RUN, "rooms": 3, "consoles": True})

    config = allowed.config
    tokens = Tokens(allowed.app[keys.RINGS].tokens, config.origin, config.token_lifetime)
    for one in made["rooms"]:
        assure = tokens.verify(one["assure"]["token"], "room")
        doctor = tokens.verify(one["medecin_conseil"]["token"], "room")
        console = tokens.verify(one["console"], "console")
        assert (assure.role, doctor.role) == ("assure", "medecin_conseil")
        assert assure.room == doctor.room == one["assure"]["room"]
        assert console.subject == doctor.subject
    kept = await rows(allowed)
    assert (status, len(made["rooms"])) == (201, 3)
    assert (kept["telecontrole"], kept["ligne"], kept["session"]) == (3, 3, 6)
    assert (kept["envoi"], kept["lien"], kept["tache"]) == (0, 0, 0)


async def test_fresh_tokens_are_for_rooms_of_this_run_alone(allowed: Service) -> None:
    appointment = await allowed.appoint()
    _, made = await post(allowed, ROOMS, {"run": RUN, "rooms": 1})
    room = made["rooms"][0]["assure"]["room"]

    _, mine = await post(allowed, TOKENS, {"run": RUN, "rooms": [room, appointment.id]})
    _, others = await post(allowed, TOKENS, {"run": "ffffffff", "rooms": [room]})

    assert [one["assure"]["room"] for one in mine["rooms"]] == [room]
    assert mine["rooms"][0]["assure"]["token"] != made["rooms"][0]["assure"]["token"]
    assert others["rooms"] == []


async def test_what_a_run_made_is_forgotten_and_nothing_else(allowed: Service) -> None:
    await allowed.appoint()
    before = await rows(allowed)
    for run in (RUN, "ffffffff"):
        await post(allowed, ROOMS, {"run": run, "rooms": 2})

    _, mine = await post(allowed, FORGET, {"run": RUN})
    between = await rows(allowed)
    _, rest = await post(allowed, FORGET, {})

    assert (mine["rooms"], rest["rooms"]) == (2, 2)
    assert between["telecontrole"] == before["telecontrole"] + 2
    assert await rows(allowed) == before
