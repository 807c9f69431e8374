"""Every route, asked by everybody, for what is theirs and what is not: the table alone decides."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from permission_cast import (
    LET_IN,
    SETTINGS,
    Cast,
    Person,
    Thing,
    cast_of,
    open_every_handler,
)
from server_people import Answer, Service

from controle.registre import TelecontroleInconnu
from server.caisse.slots import MedecinInconnu
from server.web.errors import problem_of
from server.web.permissions import LINES, TABLE, Line, RouteWithoutLine, lines_of
from server.web.roles import document

#: What is answered to who does not prove to be who may ask.
CLOSED = {
    "assure": 401, "tiers": 401, "medecin_conseil": 401, "agent": 401, "caisse": 401,
    "load_test": 401, "signed_receipt": 403, "metrics_network": 403, "receipt_token": 404,
}  # fmt: skip
NOT_THERE = {"telecontrole": TelecontroleInconnu(), "medecin": MedecinInconnu()}


def expected(line: Line, person: Person, of: Thing) -> int:
    """By the table alone."""
    if not person.proves(line):
        known = line.asker == "caisse" and person.scopes
        return 403 if known else CLOSED[line.asker]
    if line.owned and not person.owns(line, of):
        return problem_of(NOT_THERE[line.owned])[0]
    return LET_IN


def routes_of(cast: Cast) -> list[tuple[str, Line]]:
    lines = cast.service.app[LINES]
    return [
        (route.method.replace("*", "GET"), line)
        for route, line in lines.items()
        # HEAD goes with GET: asked too where an object might be told apart by it.
        if route.method != "HEAD" or line.owned
    ]


@pytest.fixture
async def cast(serve: Any) -> Cast:
    service: Service = await serve(**SETTINGS)
    cast = await cast_of(service)
    open_every_handler(service.app)
    return cast


@pytest.mark.row("CA-03")
@pytest.mark.row("SP-02")
async def test_every_route_opens_to_whom_the_table_says_and_to_nobody_else(cast: Cast) -> None:
    asked, wrong, before = 0, [], cast.service.dump()

    for method, line in routes_of(cast):
        things = cast.things if line.owned else cast.things[:1]
        for person in cast.people.values():
            for of in things:
                status = (await cast.ask(person, method, line, of)).status
                asked += 1
                if status != expected(line, person, of):
                    wrong.append((method, line.path, person.name, of.name, status))

    assert wrong == []
    assert cast.service.dump() == before
    assert asked > 2_000
    print(f"{asked} combinations of route, person and object")


@pytest.mark.row("CA-03")
async def test_what_is_somebody_else_s_is_answered_as_what_is_not_there(cast: Cast) -> None:
    compared = 0

    for method, line in routes_of(cast):
        if not line.owned:
            continue
        for person in cast.people.values():
            answers = {of.name: await cast.ask(person, method, line, of) for of in cast.things}
            for of in cast.things:
                if not person.owns(line, of):
                    assert shown(answers[of.name]) == shown(answers["unknown"]), (line, person)
                    compared += 1

    print(f"{compared} answers compared with « not there »")
    assert compared > 500


def shown(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    """All that is told: the date and what is left of a quota change by themselves."""
    moving = ("Date", "RateLimit")
    headers = {name: value for name, value in answer.headers.items() if name not in moving}
    return answer.status, headers, answer.raw


@pytest.mark.row("CA-03")
async def test_every_line_has_its_route_and_every_route_one_line(cast: Cast) -> None:
    lines = Counter((line.method, line.path) for line in TABLE)

    assert set(cast.service.app[LINES].values()) == set(TABLE)
    assert [line for line, count in lines.items() if count > 1] == []


@pytest.mark.row("CA-03")
async def test_a_route_without_a_line_stops_the_start(tmp_path: Path, blank: Path) -> None:
    routes = web.RouteTableDef()

    @routes.get("/porte-derobee")
    async def anything(_: web.Request) -> web.Response:
        return web.Response()

    service = Service(tmp_path / "data", blank, extra=routes)
    with pytest.raises(RouteWithoutLine, match="GET /porte-derobee"):
        await service.start()

    await service.database.close()


@pytest.mark.row("CA-03")
async def test_a_route_that_came_after_the_start_is_closed(serve: Any) -> None:
    service: Service = await serve()

    service.app[LINES].clear()  # type: ignore[attr-defined]
    answer = await service.browser().get("/healthz")

    assert answer.status == 403


@pytest.mark.row("CA-03")
def test_the_page_of_roles_is_printed_from_the_tables() -> None:
    kept = (Path(__file__).parents[2] / "docs" / "roles.md").read_text()

    assert kept == document(), "run `make types`, or python -m server.web.roles > docs/roles.md"


#: Who may be named for a part of the site; what is public of it is named one by one.
AUDIENCES = {
    "/api/assure/": {"assure", "link"},
    "/api/tiers/": {"tiers", "third_link"},
    "/api/console/": {"medecin_conseil", "login"},
    "/api/agent/": {"agent", "login"},
    "/api/v1/": {"caisse"},
    "/hooks/": {"signed_receipt", "receipt_token"},
    "/api/essai-de-charge/": {"load_test"},
}
PUBLIC = {"/api/assure/choix", "/api/v1/openapi.json"}


@pytest.mark.row("CA-03")
@pytest.mark.parametrize("start", AUDIENCES)
def test_no_line_opens_one_audience_s_part_to_another(start: str) -> None:
    lines = [line for line in TABLE if line.path.startswith(start) and line.where != "demo"]

    assert {line.asker for line in lines if line.path not in PUBLIC} == AUDIENCES[start]


@pytest.mark.row("CA-03")
def test_whatever_a_path_names_belongs_to_somebody() -> None:
    named = [line for line in TABLE if "{id}" in line.path and line.where == "service"]

    assert len(named) > 20
    assert [line.path for line in named if line.owned != "telecontrole"] == []


@pytest.mark.row("CA-03")
def test_what_is_public_changes_nothing_but_by_a_code_of_its_own() -> None:
    changing = {line.path for line in TABLE if line.asker == "public" and line.changes}

    # Each is answered to who holds a code: of a message, of an attestation.
    assert changing == {"/api/verification", "/api/verification/reponse", "/api/attestation"}


@pytest.mark.row("CA-03")
def test_a_line_is_found_by_method_and_path_together() -> None:
    router = web.UrlDispatcher()
    router.add_route("DELETE", "/api/console/telecontroles/{id}", web.View)

    with pytest.raises(RouteWithoutLine):
        lines_of(router)
