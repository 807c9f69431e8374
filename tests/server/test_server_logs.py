"""Nothing of a person reaches the logs or the metrics, whatever is sent and whatever breaks."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from server_people import CODE, SeatRefused, Service

from server import keys, logs

OFFER = (Path(__file__).parents[1] / "media/samples/chromium_offer.sdp").read_text()
NAME = "Xylophonescu"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What `configure` writes to; pytest's own handlers are put back afterwards."""
    root = logging.getLogger()
    handlers, level, raises = root.handlers[:], root.level, logging.raiseExceptions
    levels = {name: logging.getLogger(name).level for name in logs.CHATTY}
    written = io.StringIO()
    logs.configure(written)
    yield written
    root.handlers[:], logging.raiseExceptions = handlers, raises
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


async def whole_session(service: Service) -> list[str]:
    """Everything that a session can say, and each secret of it."""
    appointment = await service.appoint(nom=NAME)
    browser, doctor = service.browser(), await service.doctor()
    login = await service.login_link()
    await doctor.ok("/api/console/session", {"login": login})
    await browser.ok("/api/assure/code", {"link": appointment.link})
    await browser.post("/api/assure/session", {"link": appointment.link, "code": "135790"})
    await browser.ok("/api/assure/session", {"link": appointment.link, "code": CODE})
    await browser.ok("/api/assure/information", {"version": "2026-11"})
    agent = {"User-Agent": f"Mozilla {NAME}", "X-Forwarded-For": "203.0.113.66"}
    await browser.get(f"/nowhere/{appointment.link}?code={CODE}", headers=agent)
    await browser.post("/api/assure/lien", {"link": appointment.link}, headers=agent)
    token = (await browser.ok("/api/assure/jeton"))["token"]
    assure = await service.seat(browser)
    console, seat = await service.console(doctor), await service.seat(doctor, appointment)
    await seat.call("offer", {"sdp": OFFER, "negotiation": 1, "fresh": True})
    await assure.call("answer", {"sdp": "v=0 syndrome dépressif", "negotiation": 1, "fresh": True})
    await assure.call("candidate", {"candidate": "candidate:1 192.0.2.77", "negotiation": 1})
    await seat.done("admit")
    await console.done("announce_delay", {"minutes": 5})
    with pytest.raises(SeatRefused):
        await type(seat).enter(service.base, token[:-4] + "AAAA")
    path = f"/api/console/telecontroles/{appointment.id}"
    await doctor.ok(f"{path}/identite", {"mode": "connu", "verified": True})
    await seat.done("end")
    form = {"qualification": "present", "conclusion": "arret_justifie"}
    await doctor.ok(f"{path}/issue", form)
    reason = "syndrome dépressif de Mme Xylophonescu"
    refused = await doctor.post(f"{path}/issue", {**form, "correction_reason": reason})
    assert (refused.status, reason in refused.raw.decode()) == (422, False)
    await doctor.ok(f"{path}/issue", {**form, "correction_reason": "erreur_de_saisie"})
    written = await doctor.ask("PUT", f"{path}/note", {"text": reason, "revision": 0})
    assert written.status == 200
    assure_cookie, doctor_cookie = *browser.cookies.values(), *doctor.cookies.values()
    return [
        NAME, appointment.assure.telephone, appointment.assure.courriel, appointment.link, login,
        CODE, "135790", assure_cookie, doctor_cookie, token, token.split(".")[2], "a=fingerprint",
        "192.0.2.77", "203.0.113.66", "dépressif", "arret_justifie", "Mozilla",
        appointment.assure.id,
    ]  # fmt: skip


@pytest.mark.row("OPS-05")
@pytest.mark.row("SP-04")
async def test_a_whole_session_leaves_no_canary_in_logs_or_metrics(
    service: Service, stream: io.StringIO
) -> None:
    canaries = await whole_session(service)

    metrics = (await service.browser().get("/metrics")).raw.decode()

    written = stream.getvalue() + metrics
    assert "connection_refused" in written
    assert [canary for canary in canaries if canary in written] == []


@pytest.mark.row("OPS-05")
async def test_a_bug_is_logged_by_its_place_not_by_its_words(
    service: Service, stream: io.StringIO
) -> None:
    appointment = await service.appoint(nom=NAME)
    doctor = await service.doctor()
    service.app[keys.REGISTRE].database = Broken()

    answer = await doctor.get(f"/api/console/telecontroles/{appointment.id}")
    service.app[keys.REGISTRE].database = service.database

    line = json.loads(stream.getvalue().splitlines()[-1])
    assert (answer.status, answer.error["code"]) == (500, "panne")
    assert line["event"] == "request_failed"
    assert line["route"] == "/api/console/telecontroles/{id}"
    assert (line["exception"], NAME in stream.getvalue()) == ("RuntimeError", False)
    assert "test_server_logs.py:" in line["where"]


class Broken:
    """A store whose error quotes what it was given."""

    def read(self) -> Any:
        raise RuntimeError(f"cannot read {NAME} 0639980199")

    glance = read


@pytest.mark.row("OPS-05")
async def test_what_libraries_log_keeps_their_words_and_loses_ours(stream: io.StringIO) -> None:
    async def fails() -> None:
        raise ValueError(f"{NAME} has a secret")

    logging.getLogger("aiohttp.server").error("Error handling request from %s", NAME)
    task = asyncio.get_running_loop().create_task(fails())
    await asyncio.wait([task])
    asyncio.get_running_loop().call_exception_handler(
        {"message": "Task exception was never retrieved", "exception": task.exception(),
         "future": task}
    )  # fmt: skip

    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["event"], first["logger"]) == ("Error handling request from %s", "aiohttp.server")
    assert (second["event"], second["exception"]) == (
        "Task exception was never retrieved",
        "ValueError",
    )
    assert NAME not in stream.getvalue()


@pytest.mark.row("OPS-05")
def test_unknown_keys_and_suspicious_values_do_not_pass(stream: io.StringIO) -> None:
    structlog.get_logger().info(
        "said", nom=NAME, reason="appelez le 06 39 98 01 99 ou a@b.fr", code="eyJhbGciOiJ.e30.abc"
    )

    line = json.loads(stream.getvalue())
    assert set(line) == {"event", "reason", "code", "level", "timestamp"}
    assert (line["reason"], line["code"]) == ("appelez le […] ou […]", "[…]")


@pytest.mark.row("OPS-05")
async def test_a_client_cannot_write_a_line_of_the_log(
    service: Service, stream: io.StringIO
) -> None:
    host, port = service.base.removeprefix("http://").split(":")
    forged = b'{"event": "admin_logged_in"}'

    for request in (
        b"GET /x%0d%0a" + forged + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nUser-Agent: a\n" + forged + b"\r\n\r\n",
        forged + b"\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(request)
        async with asyncio.timeout(5):
            await reader.read(100)
        writer.close()

    assert b"admin" not in stream.getvalue().encode()
    assert Path(__file__).name not in stream.getvalue()
