"""What /metrics is made of: closed words, a bounded number of series, whatever clients send."""

import secrets
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from http import HTTPStatus
from pathlib import Path
from typing import Any, get_args

import aiohttp
import pytest
from aiohttp import hdrs
from prometheus_client.parser import text_string_to_metric_families
from server_people import Browser, Seat, SeatRefused, Service

from signaling.protocol import (
    CLIENT_TO_SERVER,
    CONSOLE_TO_SERVER,
    SERVER_TO_CLIENT,
    SERVER_TO_CONSOLE,
    Renegotiate,
)
from signaling.tally import CODES, KINDS, ROLES

#: Why a socket is cut (docs/protocol.md).
CUTS = {
    "full", "pending", "deadline", "too_fast", "slow_reader", "binary", "malformed", "too_big",
    "unknown_event", "connect_twice", "failed", "ping_timeout",
}  # fmt: skip
PLATFORM = {"version", "implementation", "major", "minor", "patchlevel", "generation"}
CLOSED: dict[str, set[str]] = {
    "method": {*hdrs.METH_ALL, "other"},
    "place": {"fichier", "courriel", "horodatage"},
    "status": {str(int(status)) for status in HTTPStatus},
    "kind": set(KINDS),
    "role": set(ROLES),
    "code": {"ok", *CODES},
    "event": {*CLIENT_TO_SERVER, *CONSOLE_TO_SERVER, *SERVER_TO_CLIENT, *SERVER_TO_CONSOLE},
    "phase": {"waiting", "admitted"},
    "presence": {"present", "lost"},
    "state": {
        "none", "ready", "flowing", "lost",
        "waiting", "sending", "sent", "failed", "expired",
    },
    "path": {"direct", "relayed", "unknown"},
    "reason": {*CUTS, *get_args(Renegotiate.__annotations__["reason"])},
}  # fmt: skip
#: Series of one server that has answered every route in a few ways: far below what Prometheus
#: takes from one target.
MOST = 3_000

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def scraped(service: Service) -> Series:
    answer = await service.browser().get("/metrics")
    assert answer.status == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.raw.decode())
        for sample in family.samples
    }


def words(series: Iterable[tuple[str, tuple[tuple[str, str], ...]]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for _, labels in series:
        for label, value in labels:
            found.setdefault(label, set()).add(value)
    return found


async def a_call(service: Service) -> None:
    """Everything that an ordinary call counts, with a few refusals."""
    appointment = await service.appoint()
    browser, doctor = await service.assure(appointment), await service.doctor()
    console = await service.console(doctor)
    seat, desk = await service.seat(browser), await service.seat(doctor, appointment)
    await seat.done("media", {"state": "ready", "path": "direct"})
    assert not (await seat.call("admit"))["ok"]
    await desk.done("admit")
    for side, path in ((seat, "relayed"), (desk, "direct")):
        await side.done("media", {"state": "flowing", "path": path})
    await seat.done("renegotiate", {"reason": "network"})
    await console.done("announce_delay", {"minutes": 5})
    await desk.done("end")


async def hostile(service: Service) -> None:
    """Another stranger each time: methods, paths, namespaces, events, tokens, codes."""
    word = secrets.token_hex(6)
    browser = service.browser()
    for method in ("GET", "POST", f"X{word}", "TRACE"):
        for path in (f"/{word}", f"/static/{word}.js", f"/api/{word}", f"/metrics?x={word}",
                     f"/api/console/telecontroles/{word}", f"/socket.io/{word}"):  # fmt: skip
            await browser.ask(method, path)
    with pytest.raises(SeatRefused):
        await Seat.enter(service.base, f"token-{word}")
    for packet in (
        f'40/{word},{{"token":"{word}"}}',
        f'40{{"token":"{word}","instance":"{word}-{word}"}}',
        f'42["{word}",{{}}]',
        f'42["offer",{{"{word}":1}}]',
        f"4{word}",
        f"{word}",
        f'44{{"message":"{word}","data":{{"code":"{word}"}}}}',
    ):
        await sent_alone(service, packet)
    await in_a_seat(service, word)


async def sent_alone(service: Service, packet: str) -> None:
    """On a socket of its own, which the server answers or closes."""
    url = f"{service.base}/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as http, http.ws_connect(url) as socket:
        await socket.receive(timeout=10)
        await socket.send_str(packet)
        await socket.send_bytes(packet.encode())
        while (await socket.receive(timeout=10)).type is aiohttp.WSMsgType.TEXT:
            pass


async def in_a_seat(service: Service, word: str) -> None:
    """With a token that is good."""
    appointment = await service.appoint()
    seat = await service.seat(await service.assure(appointment))
    for payload in ({"state": word}, {"state": "ready", "path": word}, {word: word}):
        assert not (await seat.call("media", payload))["ok"]
    assert not (await seat.call("renegotiate", {"reason": word}))["ok"]
    assert not (await seat.call("answer", {"sdp": word, "negotiation": 7, "fresh": True}))["ok"]


@pytest.mark.row("OPS-02")
async def test_labels_are_closed_lists_and_series_do_not_grow_whatever_is_sent(
    service: Service,
) -> None:
    await a_call(service)
    await hostile(service)
    first = await scraped(service)
    for _ in range(3):
        await hostile(service)

    last = await scraped(service)

    found = words(last)
    routes = {resource.canonical for resource in service.app.router.resources()}
    assert found.keys() <= {*CLOSED, *PLATFORM, "le", "route"}
    assert found["route"] <= {*routes, "none"}
    for label, closed in CLOSED.items():
        assert found[label] <= closed, label
    assert len(last) < MOST
    assert {name for name, _ in last.keys() - first.keys()} <= {
        "telecontrole_http_seconds_bucket", "telecontrole_http_seconds_count",
        "telecontrole_http_seconds_sum",
    }  # fmt: skip


@pytest.mark.row("OPS-02")
async def test_a_call_is_told_by_its_numbers(service: Service) -> None:
    before = await scraped(service)

    await a_call(service)

    after = await scraped(service)

    def grew(name: str, **labels: str) -> float:
        key = (f"telecontrole_{name}", tuple(sorted(labels.items())))
        return after[key] - before.get(key, 0)

    assert grew("joins_total", kind="room", code="ok") == 2
    assert grew("joins_total", kind="console", code="ok") == 1
    assert grew("join_seconds_count", kind="room") == 2
    assert grew("join_seconds_bucket", kind="room", le="+Inf") == 2
    assert grew("admissions_total") == 1
    for role in ROLES:
        assert grew("admit_to_frame_seconds_count", role=role) == 1
    assert grew("media_paths_total", role="assure", path="relayed") == 1
    assert grew("media_paths_total", role="medecin_conseil", path="direct") == 1
    assert grew("renegotiations_total", reason="network") == 1
    assert grew("events_received_total", event="media") == 3
    assert grew("events_refused_total", code="wrong_role") == 1
    assert grew("events_sent_total", event="snapshot") == 2
    assert grew("events_sent_total", event="renegotiate") == 1


async def test_what_is_there_now_is_told_as_it_is(service: Service) -> None:
    appointment = await service.appoint()
    browser, doctor = await service.assure(appointment), await service.doctor()
    seat, desk = await service.seat(browser), await service.seat(doctor, appointment)
    await seat.done("media", {"state": "ready"})
    await desk.drop()
    await seat.until(lambda: seat.state["medecin_conseil"]["presence"] == "lost")

    now = await scraped(service)

    def value(name: str, **labels: str) -> float:
        return now[(f"telecontrole_{name}", tuple(sorted(labels.items())))]

    assert value("rooms", phase="waiting") == 1
    assert value("participants", role="assure", presence="present") == 1
    assert value("participants", role="medecin_conseil", presence="lost") == 1
    assert value("transports", role="assure", state="ready") == 1
    assert (value("sockets"), value("consoles")) == (1, 0)


async def test_a_refused_connect_is_counted_by_its_code(service: Service) -> None:
    appointment = await service.appoint(minutes=600)
    before = await scraped(service)
    with pytest.raises(SeatRefused):
        await Seat.enter(service.base, "no-token")

    after = await scraped(service)

    refused = ("telecontrole_joins_total", (("code", "token_invalid"), ("kind", "room")))
    assert appointment.id
    assert (before.get(refused, 0), after[refused]) == (0, 1)


async def test_the_process_and_the_version_are_told(service: Service) -> None:
    now = await scraped(service)

    names: dict[str, Any] = dict(now.keys())
    assert {"process_cpu_seconds_total", "process_resident_memory_bytes"} <= names.keys()
    assert dict(names["telecontrole_build_info"])["version"]


async def test_without_the_store_the_other_numbers_are_still_told(service: Service) -> None:
    before = await scraped(service)
    with closing(sqlite3.connect(service.data / "telecontrole.db")) as other:
        other.execute("ALTER TABLE envoi RENAME TO elsewhere")

        without = await scraped(service)
        other.execute("ALTER TABLE elsewhere RENAME TO envoi")

    up = ("telecontrole_store_up", ())
    assert (before[up], without[up]) == (1, 0)
    assert ("telecontrole_sockets", ()) in without


async def test_every_metric_is_told_in_the_document(service: Service) -> None:
    document = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    answer = await service.browser().get("/metrics")

    families = text_string_to_metric_families(answer.raw.decode())

    named = {family.name for family in families if family.name.startswith("telecontrole_")}
    assert len(named) > 20
    assert {name for name in named if f"`{name}" not in document} == set()


async def test_metrics_say_how_late_the_loop_is(service: Service) -> None:
    browser: Browser = service.browser()
    looked = ("telecontrole_loop_lag_seconds_count", ())

    first = await scraped(service)
    while (await scraped(service))[looked] <= first[looked]:
        await browser.get("/healthz")

    assert (await scraped(service))[looked] > first[looked]
