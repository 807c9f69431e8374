"""`telecontrole loadtest` as a process: every scenario, what it writes, and its exit status."""

import asyncio
import json
import os
import signal
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from command import ROOT
from conftest import Serve
from server_people import Service
from sqlalchemy import func, select

from server.store import schema as t

KEY = "cle-d-essai-de-charge-assez-longue-pour-servir"
PATIENCE = 120.0


async def started(*arguments: str, **environment: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server.loadtest", *arguments,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def ended(*arguments: str, **environment: str) -> tuple[int, str]:
    """Exit status, and what was printed."""
    process = await started(*arguments, **environment)
    async with asyncio.timeout(PATIENCE):
        printed, said = await process.communicate()
    return process.returncode or 0, (printed + said).decode()


class Page(HTMLParser):
    """Every element is closed in its order; what it points to is kept."""

    VOID = ("meta", "path", "line", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.pointed: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "action", "data", "xlink:href"):
                self.pointed.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def read(file: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(file.read_text())
    return told


@pytest.mark.row("OPS-01")
@pytest.mark.parametrize(
    ("asked", "seats"),
    [
        (["--scenario", "rendezvous", "--rooms", "10", "--processes", "2"], 2),
        (["--scenario", "waiting", "--rooms", "10", "--consoles"], 2),
        (["--scenario", "storm", "--rooms", "10", "--consoles", "--spread", "2"], 6),
        (["--scenario", "soak"], 2),
    ],
    ids=["rendezvous", "waiting", "storm", "soak"],
)
async def test_a_scenario_brings_everybody_together_without_an_error(
    tmp_path: Path, asked: list[str], seats: int
) -> None:
    told, page = tmp_path / "rapport.json", tmp_path / "rapport.html"
    soak = "soak" in asked
    rate = ["--rate", "5" if soak else "20", "--hold", "2" if soak else "1"]

    status, printed = await ended(
        *asked, *rate, "--json", str(told), "--html", str(page),
        "--slo", "errors<1", "--slo", "cross_room<1", "--slo", "rooms_lost<1",
        "--slo", "rooms_done>=10",
    )  # fmt: skip

    assert status == 0, printed
    counts = read(told)["counts"]
    assert (read(told)["errors"], read(told)["failures"]) == ({}, [])
    assert (counts["rooms_met"], counts["rooms_done"], counts["rooms_failed"]) == (10, 10, 0)
    assert counts["rooms_back"] == (10 if "storm" in asked else 0)
    assert ("chacun retente dans les 2 s" in page.read_text()) is ("storm" in asked)
    assert counts["sockets_opened"] == 10 * seats
    assert read(told)["server"]["memory_max"] > 0
    if "waiting" not in asked:
        assert read(told)["latencies"]["relay"]["count"] == 10 * 22


@pytest.mark.row("OPS-01")
async def test_real_media_flows_and_the_page_needs_nothing_else(tmp_path: Path) -> None:
    told, page = tmp_path / "rapport.json", tmp_path / "rapport.html"

    status, printed = await ended(
        "--rooms", "1", "--hold", "1", "--media", "1", "--json", str(told), "--html", str(page),
        "--slo", "relay_p95<0.000001ms",
    )  # fmt: skip

    parsed, text = Page(), page.read_text()
    parsed.feed(text)
    assert (status, "MANQUÉ  relay_p95" in printed) == (1, True), printed
    assert (read(told)["counts"]["media_rooms"], read(told)["errors"]) == (1, {})
    assert (parsed.open, parsed.pointed, "script" in parsed.seen) == ([], [], False)
    assert not any(word in text for word in ("http://", "https://", "url(", "@import"))
    assert ("svg" in parsed.seen, len(parsed.ids)) == (True, len(set(parsed.ids)))


@pytest.mark.row("OPS-01")
@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (["--rooms", "0"], "--rooms"),
        (["--slo", "presque"], "--slo"),
        (["--target", "http://controle.test"], "--target"),
        (["--target", "http://127.0.0.1:1"], "clé"),
        (["--json", "/nowhere/at/all.json"], "dossier"),
        (["--scenario", "nul"], "--scenario"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_wrong_usage_is_told_and_opens_nothing(asked: list[str], named: str) -> None:
    status, printed = await ended(*asked)

    assert (status, named in printed, "Traceback" in printed) == (2, True, False)


async def test_a_target_that_does_not_answer_is_told() -> None:
    status, printed = await ended("--target", "http://127.0.0.1:1", TELECONTROLE_LOADTEST_KEY=KEY)

    assert (status, "ne répond pas" in printed, "Traceback" in printed) == (2, True, False)


@pytest.fixture
async def allowed(serve: Serve) -> Service:
    return await serve(loadtest="allowed", loadtest_key=KEY)


@pytest.mark.row("OPS-01")
async def test_another_server_is_tried_with_its_key_and_left_as_it_was(
    serve: Serve, tmp_path: Path
) -> None:
    service = await serve(loadtest="allowed", loadtest_key=KEY)
    told, key = tmp_path / "rapport.json", tmp_path / "cle"
    key.write_text(KEY + "\n")

    status, printed = await ended(
        "--target", service.base, "--key-file", str(key), "--rooms", "5", "--hold", "0.5",
        "--scenario", "storm", "--json", str(told), "--slo", "errors<1", "--slo", "rooms_lost<1",
    )  # fmt: skip

    async with service.database.read() as connection:
        left = [
            await connection.scalar(select(func.count()).select_from(table))
            for table in (t.telecontrole, t.ligne, t.session, t.assure, t.envoi)
        ]
    assert (status, read(told)["counts"]["rooms_back"]) == (0, 5), printed
    assert left == [0] * 5


@pytest.mark.row("OPS-01")
async def test_the_wrong_key_and_a_server_that_refuses_are_told(
    serve: Serve, allowed: Service, tmp_path: Path
) -> None:
    ordinary = await serve(data=tmp_path / "ordinary")

    wrong = await ended("--target", allowed.base, TELECONTROLE_LOADTEST_KEY="une-autre")
    closed = await ended("--target", ordinary.base, TELECONTROLE_LOADTEST_KEY=KEY)

    assert (wrong[0], "la clé d'essai n'est pas celle" in wrong[1]) == (2, True), wrong[1]
    assert (closed[0], "refuse les essais" in closed[1]) == (2, True), closed[1]


@pytest.mark.row("OPS-01")
async def test_ctrl_c_ends_it_in_order_and_leaves_a_report(tmp_path: Path) -> None:
    told = tmp_path / "rapport.json"
    process = await started("--rooms", "20", "--rate", "20", "--hold", "600", "--json", str(told))
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE):
        while b"connexions" not in await process.stderr.readline():
            assert process.returncode is None

        process.send_signal(signal.SIGINT)
        printed, _ = await process.communicate()

    assert (process.returncode, "Interrompu" in printed.decode()) == (130, True)
    assert read(told)["interrupted"] is True
    assert read(told)["counts"]["rooms_met"] > 0
