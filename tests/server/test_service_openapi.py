"""The OpenAPI document of our own routes says what their handlers really read."""

import asyncio
from typing import Any

import jsonschema
import pytest
import requests
import schemathesis
from fuzz_people import FUZZED, LINES, Scene, scene_of

from server.web.permissions import Line
from server.web.service_openapi import (
    TAKE_NOTHING,
    TAKE_OTHER,
    TAKES,
    document,
    route,
)

WITH_FORM = [line for line in LINES if route(line) in TAKES]


@pytest.mark.row("SP-06")
def test_every_route_that_changes_something_says_what_it_takes() -> None:
    changing = {route(line) for line in LINES if line.method in {"POST", "PUT", "PATCH"}}

    told = [*TAKES, *TAKE_NOTHING, *TAKE_OTHER]

    assert set(told) == changing
    assert len(told) == len(set(told))


@pytest.mark.row("SP-06")
def test_the_document_holds_every_route_and_is_one() -> None:
    told = document()
    operations = [
        (method.upper(), path) for path, methods in told["paths"].items() for method in methods
    ]

    schemathesis.openapi.from_dict(told).validate()

    assert sorted(operations) == sorted((line.method, line.path) for line in LINES)
    for schema in told["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.row("SP-02")
async def test_each_field_of_a_body_is_the_one_that_the_handler_reads(serve: Any) -> None:
    scene = await scene_of(await serve(**FUZZED))

    named = await asyncio.to_thread(fields_named, scene)

    told = {
        (route(line), name) for line in WITH_FORM for name in TAKES[route(line)].__struct_fields__
    }
    assert named == told
    assert len(named) > 70


def fields_named(scene: Scene) -> set[tuple[str, str]]:
    """Each field of each form sent alone, as an object, which none is: what the refusal names."""
    named = set()
    with requests.Session() as http:
        for line in WITH_FORM:
            for name in TAKES[route(line)].__struct_fields__:
                answer = sent(scene, http, line, {name: {}})
                assert answer.status_code == 422, (route(line), name, answer.text)
                named.add((route(line), answer.json()["error"]["field"]))
    return named


def sent(scene: Scene, http: requests.Session, line: Line, body: Any) -> requests.Response:
    return http.request(
        line.method,
        scene.service.base + scene.path_of(line),
        json=body,
        auth=scene.proof(line.asker),
        timeout=30,
    )
