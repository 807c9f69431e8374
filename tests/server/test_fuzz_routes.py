"""Every route that is not the caisse's, against its own OpenAPI document, as each person.

A few cases of each here, hundreds by `make fuzz` (schemathesis makes them up, good and bad).
"""

import asyncio
import io
import os
from collections import Counter
from typing import Any

import pytest
import requests
import schemathesis
from fuzz_people import FUZZED, LINES, PERSONS, Scene, failures_in, fault_of, scene_of
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from test_server_logs import stream

from server.web.permissions import Line
from server.web.service_openapi import document, route

__all__ = ["stream"]

#: Cases of each route, as who may ask it; as each of the others, fewer.
LONG = bool(os.environ.get("TELECONTROLE_LONG"))
CASES, CASES_OF_OTHERS = (400, 10) if LONG else (6, 1)

#: They end a session that the others still need: they come last.
ENDING = {"DELETE /api/assure/session", "DELETE /api/console/session", "DELETE /api/agent/session"}


#: Texts like another, to schemathesis.
for media in ("message/rfc822", "text/csv"):
    schemathesis.serializer.alias(media, "text/plain")


@pytest.fixture
async def scene(serve: Any) -> Scene:
    return await scene_of(await serve(**FUZZED))


@pytest.mark.timeout(3_600 if LONG else 300)
@pytest.mark.row("SP-06")
@pytest.mark.row("SP-02")
async def test_no_case_of_the_document_makes_a_route_fail(
    scene: Scene, stream: io.StringIO, record_property: Any
) -> None:
    found = await asyncio.to_thread(tried, scene)

    record_property("cases", found.statuses.total())
    print(f"{found.statuses.total()} cases of {len(LINES)} routes: {dict(found.statuses)}")
    assert found.wrong == []
    assert failures_in(stream) == []
    assert (await scene.service.browser().get("/readyz")).status == 200
    assert {200, 201, 204} <= set(found.statuses)
    # An address without a place in it is asked for once by each.
    assert found.statuses.total() > len(LINES) * len(PERSONS)


class Found:
    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.wrong: list[tuple[str, str, int, str]] = []

    def note(self, line: Line, person: str, answer: Response, documented: set[int]) -> None:
        self.statuses[answer.status_code] += 1
        fault = fault_of(line, answer, documented)
        if fault:
            self.wrong.append((route(line), person, answer.status_code, fault))


def tried(scene: Scene) -> Found:
    """Every route, as every person and with valid and broken input; what came back."""
    found, http = Found(), requests.Session()
    schema = schemathesis.openapi.from_dict(document())
    ordered = sorted(LINES, key=lambda line: route(line) in ENDING)
    operations = {
        (o.method.upper(), o.path): o for o in (r.ok() for r in schema.get_all_operations())
    }
    for line in ordered:
        for person in dict.fromkeys((*PERSONS, asked_by(line))):
            sent = CASES if person == asked_by(line) else CASES_OF_OTHERS
            one_route(scene, http, operations[line.method, line.path], line, person, sent, found)
    http.close()
    return found


def asked_by(line: Line) -> str:
    return "nobody" if line.asker in ("public", "link", "login") else line.asker


def one_route(
    scene: Scene,
    http: requests.Session,
    operation: Any,
    line: Line,
    person: str,
    cases: int,
    found: Found,
) -> None:
    documented = {int(status) for status in operation.definition.raw["responses"]}
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    strategies = [operation.as_strategy(generation_mode=mode) for mode in modes]

    @given(case=strategies[0] | strategies[1])
    @settings(
        max_examples=cases, deadline=None, database=None, derandomize=True,
        phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def one(case: schemathesis.Case) -> None:
        scene.lead_on(case.path_parameters)
        scene.lead_on(case.body)
        if line.asker == "receipt_token" and scene.random.random() < 0.75:
            case.path_parameters["token"] = scene.token_of(line.path)
        if "justification" in (case.path_parameters or {}) and scene.random.random() < 0.75:
            case.path_parameters["justification"] = scene.justification
        answer = case.call(
            base_url=scene.service.base,
            session=http,
            auth=scene.proof(person),
            timeout=30,
            allow_redirects=False,
        )
        found.note(line, person, answer, documented)

    one()
