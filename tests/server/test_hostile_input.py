"""Paths that climb, lines that break out of a header, marks that nobody sees, formulas."""

import asyncio
import csv
import io
import re
from typing import Any

import pytest
from caisse_people import at, caisse, working_day
from fuzz_people import FUZZED, LINES, Scene, scene_of
from planning_people import PLAN, Office, planned
from server_people import Browser, Service
from test_csv_cells import FORMULAS, runs

from server.technical.browsers import FAMILIES
from server.technical.command import as_csv

#: What must not come: of the machine, of our own source, of the data directory.
SECRETS = (b"root:", b"SQLite format", b"def configure", b"PRIVATE KEY", b"[project]")
CLIMBS = tuple(
    up * times + file
    for up in ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "..\\", "....//", "%252e%252e%252f",
               "..%c0%af", "..;/", "%00../")
    for times, file in ((1, "server/config.py"), (2, "pyproject.toml"), (9, "etc/passwd"))
)  # fmt: skip
ABSOLUTE = ("/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd", "file:///etc/passwd", "C:%5cwin.ini",
            ".", "..", "call.js/", "call.js%20", "call.js.", "CALL.JS", "call.js::$DATA", "~root",
            "%e2%80%ae", "tsconfig.json", "api.d.ts", ".git%2fconfig", "x" * 4_000)  # fmt: skip
#: A header of ours would have this name.
FORGED = "X-Zqx"
BREAKS = tuple(
    f"{end}{FORGED}:%201{end}{end}<script>zqx()</script>"
    for end in ("%0d%0a", "%0a", "%0d", "%e5%98%8d%e5%98%8a", "%u000a", "%c4%8d%c4%8a")
)
#: A file's name is ours, never somebody's word.
NAMED = re.compile(r'attachment; filename="[a-z0-9.-]{1,60}"')
HOURS, HALVES = (10, 11, 14, 15), ("00", "30")
UNSEEN = "\u202e\u2066\u200b\u200d\ufeff\u0000\u2028"


@pytest.fixture
async def scene(serve: Any) -> Scene:
    return await scene_of(await serve(**FUZZED))


async def raw(service: Service, target: str, headers: str = "") -> bytes:
    """The whole answer to a path as it is written: no client tidies it."""
    host, port = service.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n"
    writer.write(head.encode("utf-8", "surrogateescape"))
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    return answer


# --- paths --------------------------------------------------------------------------------------


@pytest.mark.row("SP-06")
async def test_no_path_leaves_the_client_s_directory(scene: Scene, record_property: Any) -> None:
    starts = ("/static/x/", "/static/", "/", "/api/agent/telecontroles/", "/demo/envois/")
    asked = [start + path for start in starts for path in (*CLIMBS, *ABSOLUTE)]

    answers = {path: await raw(scene.service, path) for path in asked}

    record_property("paths", len(asked))
    for path, answer in answers.items():
        assert not any(secret in answer for secret in SECRETS), path
        assert status_of(answer) in {400, 401, 404} or is_front(path, answer), path
    assert (await scene.service.browser().get("/readyz")).status == 200


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def is_front(path: str, answer: bytes) -> bool:
    """« / » itself and a plain file's name are served; a path that the server tidied is those."""
    return status_of(answer) == 200 and b"text/html" in answer and path in {"/.", "/.."}


# --- headers ------------------------------------------------------------------------------------


@pytest.mark.row("SP-06")
async def test_no_word_of_a_request_becomes_a_header_of_the_answer(
    scene: Scene, record_property: Any
) -> None:
    asked = 0
    for line in LINES:
        if line.method != "GET":
            continue
        cookies = scene.proof(line.asker).headers.get("Cookie", "")
        for broken in BREAKS:
            hole = re.sub(r"\{\w+\}", broken, line.path)
            for target in (hole, f"{scene.path_of(line)}?q={broken}&state={broken}&code={broken}"):
                answer = await raw(scene.service, target, f"Cookie: {cookies}\r\n")
                asked += 1
                check_head(target, answer)

    record_property("broken_headers", asked)
    assert asked > 300


def check_head(target: str, answer: bytes) -> None:
    head = answer.partition(b"\r\n\r\n")[0].decode("latin-1")
    assert FORGED.lower() not in head.lower(), target
    assert "\n" not in head.replace("\r\n", ""), target
    for line in head.split("\r\n")[1:]:
        name, _, value = line.partition(": ")
        if name == "Content-Disposition":
            assert NAMED.fullmatch(value), (target, value)
        assert name != "Location" or value in {"/console", "/agent"}, (target, value)


@pytest.mark.row("SP-06")
async def test_of_what_a_browser_says_of_itself_only_a_known_word_is_kept(service: Service) -> None:
    appointment = await service.appoint()
    browser = service.browser()
    hostile = {"User-Agent": "<script>zqx()</script>=1+1;\t" + "é" * 2_000}

    await browser.ok("/api/assure/code", {"link": appointment.link})
    body = {"link": appointment.link, "code": service.code}
    entered = await browser.post("/api/assure/session", body, headers=hostile)

    details = [fact.details for fact in await service.facts(appointment.id)]
    kept = [one["navigateur"] for one in details if "navigateur" in one]
    assert entered.status == 201
    assert kept
    assert set(kept) <= set(FAMILIES)
    assert "zqx(" not in service.dump()


# --- names --------------------------------------------------------------------------------------


@pytest.mark.row("SP-06")
async def test_marks_that_nobody_sees_stay_out_of_a_name_that_an_agent_types(
    office: Office, console: Browser
) -> None:
    name = f"Le{UNSEEN} Goff{UNSEEN}"

    detail = await planned(console, name=name, address=f"1 rue{UNSEEN} des Lilas")

    assert office
    assert detail["planned"]["assure"] == "Mme Le Goff"
    assert detail["address"] == "1 rue des Lilas"


@pytest.mark.row("SP-06")
async def test_marks_that_nobody_sees_stay_out_of_a_name_that_the_caisse_sends(
    service: Service,
) -> None:
    system = await caisse(service)
    start = at(working_day(service))

    answer = await system.plan(start, nom="Le\u202e Goff\u200b", reference="D\u2066-9")
    shown = await (await service.agent()).get("/api/agent/telecontroles?q=goff")

    assert answer.status == 201, answer.raw
    (one,) = shown.json["items"]
    assert (one["assure"], one["reference"]) == ("Mme Le Goff", "D-9")


# --- tables -------------------------------------------------------------------------------------


@pytest.mark.row("SP-06")
async def test_no_cell_of_an_agent_s_export_would_run(office: Office, console: Browser) -> None:
    hours = [
        f"2027-01-{day}T{hour}:{half}" for day in (14, 15) for hour in HOURS for half in HALVES
    ]
    accepted = 0
    for start, typed in zip(hours, (one for one in FORMULAS if one.isprintable()), strict=False):
        form = PLAN | {"name": typed, "address": typed, "start": start, "reference": typed}
        answer = await console.post("/api/agent/telecontroles", form)
        accepted += answer.status == 201

    names = ("telecontroles", "envois", "modele")
    tables = [await console.get(f"/api/agent/{name}.csv") for name in names]

    cells = [cell for table in tables for row in cells_of(table.raw) for cell in row]
    assert office
    assert [cell for cell in cells if runs(cell)] == []
    assert sum(cell[:1] == "'" for cell in cells) >= accepted > 5


def cells_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


@pytest.mark.row("SP-06")
@pytest.mark.parametrize("typed", FORMULAS, ids=repr)
def test_no_cell_of_the_technical_table_would_run(typed: str) -> None:
    text = as_csv({"navigateurs": {typed: 12}, "version": typed, "ecart": -3})

    rows = cells_of(text.encode())
    named = dict(rows)
    assert not runs(named["version"])
    assert named["ecart"] == "-3"
    assert all(not runs(name) for name in named)
