"""What no client of ours sends, on every route that changes something, by who may ask it."""

import asyncio
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import brotli
import pytest
import requests
from fuzz_people import FUZZED, LINES, Scene, failures_in, fault_of, scene_of
from test_server_logs import stream

from server.web.permissions import Line
from server.web.service_openapi import TAKES, document, responses, route

__all__ = ["stream"]

CHANGING = [line for line in LINES if line.method in {"POST", "PUT", "PATCH"}]
JSON = "application/json"
BOMB = b"0" * 2_000_000
PARTS = {"Content-Type": "multipart/form-data; boundary=x"}

#: Bytes, and the headers that they come with.
BODIES: tuple[tuple[bytes, dict[str, str]], ...] = (
    (b"", {}),
    (b"", {"Content-Type": JSON}),
    (gzip.compress(b"{}"), {"Content-Type": JSON, "Content-Encoding": "gzip"}),
    (gzip.compress(BOMB), {"Content-Type": JSON, "Content-Encoding": "gzip"}),
    (zlib.compress(b"{}"), {"Content-Type": JSON, "Content-Encoding": "deflate"}),
    (brotli.compress(b"{}"), {"Content-Type": JSON, "Content-Encoding": "br"}),
    (b"{}", {"Content-Type": JSON, "Content-Encoding": "zstd, gzip, br"}),
    (b"{}", {"Content-Type": "text/plain"}),
    (b"link=x", {"Content-Type": "application/x-www-form-urlencoded"}),
    (b"{}", {"Content-Type": "multipart/form-data"}),
    (b"--x\r\n\r\n--x--", PARTS),
    (b"--x\r\nContent-Transfer-Encoding: y\r\n\r\n", PARTS),
    (b"--x\r\n" + b"A: b\r\n" * 9_000, PARTS),
    (b"{}", {"Content-Type": f"{JSON}; charset=utf-16"}),
    (b"{}", {"Content-Type": f"{JSON}; charset=nothing-known"}),
    (b"{}", {"Content-Type": "/;;=;"}),
    (b'{"link": "' + b"a" * 70_000 + b'"}', {"Content-Type": JSON}),
    (b"a;b\n" * 500_000, {"Content-Type": "text/csv"}),
    (b'"' + b"a;" * 200_000, {"Content-Type": "text/csv"}),
    (b"civilite;nom\n\0\r;\xff", {"Content-Type": "text/csv"}),
    (b"[" * 30_000, {"Content-Type": JSON}),
    (b'{"a":' * 8_000 + b"1" + b"}" * 8_000, {"Content-Type": JSON}),
    (b'[{"a":' * 8_000, {"Content-Type": JSON}),
    (b"\xef\xbb\xbf{}", {"Content-Type": JSON}),
    (b"{}{}", {"Content-Type": JSON}),
    (b"\0", {"Content-Type": JSON}),
    (b"\xff\xfe{\0}\0", {"Content-Type": JSON}),
    (b"9" * 60_000, {"Content-Type": JSON}),
    (b"-1e999", {"Content-Type": JSON}),
    (b"NaN", {"Content-Type": JSON}),
    (b"[1, null, {}, [[]]]", {"Content-Type": JSON}),
)  # fmt: skip
#: In the place of one value of a form that is good otherwise, as JSON text.
VALUES = (
    r'"\ud800"', r'"\u0000"', '"\u202e<b>"', "9" * 5_000, "-1e400", "[" * 200 + "]" * 200,
    '"' + "é" * 20_000 + '"', "null",
)  # fmt: skip


@pytest.fixture
async def scene(serve: Any) -> Scene:
    return await scene_of(await serve(**FUZZED))


@pytest.mark.row("SP-06")
@pytest.mark.row("SP-02")
async def test_no_broken_body_makes_a_route_fail(
    scene: Scene, stream: io.StringIO, record_property: Any
) -> None:
    statuses, wrong = await asyncio.to_thread(all_sent, scene, whole_bodies(CHANGING))

    record_property("broken_bodies", statuses.total())
    assert wrong == []
    assert failures_in(stream) == []
    assert statuses.total() == len(CHANGING) * len(BODIES)


@pytest.mark.row("SP-06")
async def test_a_broken_body_changes_nothing_where_a_form_is_asked_for(scene: Scene) -> None:
    with_form = [line for line in CHANGING if route(line) in TAKES]
    before = scene.service.dump()

    statuses, _ = await asyncio.to_thread(all_sent, scene, whole_bodies(with_form))

    assert scene.service.dump() == before
    # 200: an empty form is a whole one, to forget every load test.
    assert set(statuses) <= {200, 413, 422}


@pytest.mark.row("SP-06")
@pytest.mark.row("SP-02")
async def test_no_value_of_a_good_form_makes_a_route_fail(
    scene: Scene, stream: io.StringIO, record_property: Any
) -> None:
    statuses, wrong = await asyncio.to_thread(all_sent, scene, forms(scene))

    record_property("broken_values", statuses.total())
    assert wrong == []
    assert failures_in(stream) == []
    assert statuses[422] > statuses.total() / 2


#: A line of the table, a body, its headers.
Sent = tuple[Line, bytes, dict[str, str]]


def whole_bodies(lines: list[Line]) -> Iterator[Sent]:
    for line in lines:
        for body, headers in BODIES:
            yield line, body, headers


def forms(scene: Scene) -> Iterator[Sent]:
    """Each field in turn replaced by each value; then the whole form twice over."""
    schemas = document()["components"]["schemas"]
    for line in CHANGING:
        kind = TAKES.get(route(line))
        if kind is None:
            continue
        good = {
            name: likely(scene, name, told, schemas)
            for name, told in schemas[kind.__name__]["properties"].items()
        }
        for name, meant in good.items():
            for value in VALUES:
                pairs = ((key, value if key == name else json.dumps(good[key])) for key in good)
                text = ", ".join(f"{json.dumps(key)}: {told}" for key, told in pairs)
                yield line, f"{{{text}}}".encode(), {"Content-Type": JSON}
            twice = f"{{{json.dumps(name)}: 1, {json.dumps(name)}: {json.dumps(meant)}}}"
            yield line, twice.encode(), {"Content-Type": JSON}


def likely(scene: Scene, name: str, told: Any, schemas: Any) -> Any:
    """A value that this field may have."""
    told = told.get("anyOf", [told])[0]
    if "$ref" in told:
        inside = schemas[told["$ref"].rpartition("/")[2]]["properties"]
        return {one: likely(scene, one, more, schemas) for one, more in inside.items()}
    if "enum" in told:
        return told["enum"][0]
    kinds = {"boolean": True, "array": [], "integer": told.get("minimum", 1)}
    return kinds.get(told["type"], scene.likely.get(name, ("x",))[0])


def all_sent(scene: Scene, bodies: Iterator[Sent]) -> tuple[Counter[int], list[Any]]:
    statuses: Counter[int] = Counter()
    wrong = []
    with requests.Session() as http:
        for line, body, headers in bodies:
            answer = http.request(
                line.method,
                scene.service.base + scene.path_of(line),
                data=body,
                headers=headers,
                auth=scene.proof(line.asker),
                timeout=30,
                allow_redirects=False,
            )
            statuses[answer.status_code] += 1
            documented = {int(status) for status in responses(line)}
            fault = fault_of(line, answer, documented)
            if fault:
                wrong.append((route(line), body[:60], headers, answer.status_code, fault))
    return statuses, wrong
