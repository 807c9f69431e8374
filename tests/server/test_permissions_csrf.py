"""Origin × method × route, made from the router: no other site changes anything as us."""

import asyncio
import secrets
from typing import Any

import aiohttp
import pytest
from permission_cast import SETTINGS, UNKNOWN, Thing
from server_people import CODE, ORIGIN, Appointment, Browser, Service

from server.web.permissions import LINES, UNSAFE

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
#: What a browser sends for another site's page, and what that page may add to it.
ELSEWHERE: dict[str, dict[str, str]] = {
    "no origin, another site": {"Sec-Fetch-Site": "cross-site"},
    "no origin, a sister site": {"Sec-Fetch-Site": "same-site"},
    "null (a frame in a sandbox)": {"Origin": "null"},
    "another site": {"Origin": "https://ailleurs.test", "Sec-Fetch-Site": "cross-site"},
    "a sub-domain": {"Origin": "https://sous.controle.test", "Sec-Fetch-Site": "same-site"},
    "ours as a prefix": {"Origin": "https://controle.test.ailleurs.test"},
    "not https": {"Origin": "http://controle.test"},
    "another port": {"Origin": "https://controle.test:444"},
    "a forwarded host": {
        "Origin": "https://ailleurs.test",
        "X-Forwarded-Host": "ailleurs.test",
        "X-Forwarded-Proto": "https",
        "Forwarded": "for=127.0.0.1;host=ailleurs.test;proto=https",
    },
    "a host of its own": {"Origin": "https://ailleurs.test", "Host": "ailleurs.test"},
    "our word for it": {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"},
}
#: Machines prove each request by itself, and hold no cookie.
MACHINES = ("/hooks/", "/api/v1/", "/api/essai-de-charge/", "/socket.io/")


async def victim(service: Service) -> tuple[Browser, Appointment]:
    """A browser that holds every session, as if SameSite did not exist."""
    appointment = await service.appoint()
    browser, doctor = await service.assure(appointment), await service.doctor()
    browser.cookies |= doctor.cookies | (await service.agent()).cookies
    return browser, appointment


async def body_of(service: Service, appointment: Appointment) -> dict[str, Any]:
    """Right for whatever takes a link, a code, a login, a form."""
    return {
        "link": appointment.link, "login": await service.login_link(), "code": CODE,
        "version": "2026-11", "needs": [], "verified": True, "mode": "connu",
        "channel": "sms", "result": "joint", "decision": "accepter", "doctor": "mc-2",
    }  # fmt: skip


@pytest.mark.row("SP-06")
async def test_no_other_site_changes_anything_by_any_method_at_any_route(serve: Any) -> None:
    service: Service = await serve(**SETTINGS)
    browser, appointment = await victim(service)
    body = await body_of(service, appointment)
    mine = Thing("own", appointment.id, "mc-1", "caisse-1")
    paths = sorted({mine.at(line.path) for line in service.app[LINES].values()})
    before, asked, let_in = service.dump(), 0, []

    for path in [path for path in paths if not path.startswith(MACHINES)]:
        for method in METHODS:
            for name, headers in ELSEWHERE.items():
                sent = body if method in UNSAFE else None
                answer = await browser.ask(method, path, sent, headers=headers)
                asked += 1
                if method in UNSAFE and answer.status not in (403, 404, 405):
                    let_in.append((method, path, name, answer.status))

    assert let_in == []
    assert browser.cookies.keys() == {"__Host-assure", "__Host-console", "__Host-agent"}
    assert service.dump() == before
    print(f"{asked} requests of other sites, {len(ELSEWHERE)} ways")


@pytest.mark.row("SP-06")
async def test_a_machine_s_route_takes_no_cookie_for_a_proof(serve: Any) -> None:
    service: Service = await serve(**SETTINGS)
    browser, appointment = await victim(service)
    body, before = await body_of(service, appointment), service.dump()

    statuses = set()
    for line in service.app[LINES].values():
        if line.path.startswith(MACHINES) and line.changes:
            mine = Thing("own", appointment.id, "mc-1", "caisse-1").at(line.path)
            statuses.add((await browser.ask(line.method, mine, body)).status)

    assert statuses <= {401, 403, 404}
    assert service.dump() == before


@pytest.mark.row("SP-06")
@pytest.mark.parametrize("elsewhere", ELSEWHERE.values(), ids=ELSEWHERE)
async def test_a_page_of_another_site_opens_no_socket_with_our_cookies(
    service: Service, elsewhere: dict[str, str]
) -> None:
    browser, _ = await victim(service)
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    url = f"{service.base}/socket.io/?EIO=4&transport=websocket"

    async with aiohttp.ClientSession() as http:
        try:
            async with http.ws_connect(url, headers={"Cookie": cookies} | elsewhere) as socket:
                # A browser always names the origin of a socket: this one is none. What it may do
                # without a token is nothing.
                await socket.receive_str()
                await socket.send_str('40{"token":"' + secrets.token_urlsafe(24) + '"}')
                opened = await socket.receive_str()
        except aiohttp.WSServerHandshakeError as refused:
            opened = f"{refused.status}"

    named = elsewhere.get("Origin", ORIGIN) != ORIGIN
    assert opened == "400" if named else opened.startswith("44")
    assert [room.id for room in service.rooms] == []


# --- paths --------------------------------------------------------------------------------------

TRAVERSALS = (
    "/static/x/../../pyproject.toml",
    "/static/../server/config.py",
    "/static/x/..%2f..%2fpyproject.toml",
    "/static/x/%2e%2e/%2e%2e/etc/passwd",
    "/static/x/..%5c..%5cpyproject.toml",
    "/static/x/%252e%252e%252fpyproject.toml",
    "/static/x//etc/passwd",
    "/static/x/%2fetc%2fpasswd",
    "/static/..;/..;/etc/passwd",
    "/static/x/call.js%00.css",
    "/../../../../etc/passwd",
    "//etc/passwd",
    "/static/x/.%2e/%c0%ae%c0%ae/etc/passwd",
    "/static/x/console.html",
    "/static/x/../telecontrole.db",
)


async def raw(service: Service, target: str) -> bytes:
    """As it is written: a client of ours would have tidied the path."""
    host, port = service.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode("latin-1"))
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.row("SP-06")
@pytest.mark.parametrize("target", TRAVERSALS)
async def test_no_path_leads_out_of_the_client(service: Service, target: str) -> None:
    answer = await raw(service, target)

    assert answer.split(b" ")[1] in (b"400", b"404")
    for word in (b"root:", b"[project]", b"dataclass", b"SQLite"):
        assert word not in answer


# --- what belongs to another --------------------------------------------------------------------


@pytest.mark.row("CA-03")
async def test_a_part_of_another_telecontrole_is_not_there(service: Service) -> None:
    """The télécontrôle of the path is one's own; the message, the document is not."""
    own, foreign = await service.appoint(), await service.appoint(5, medecin="mc-2")
    await service.browser().ok("/api/assure/code", {"link": foreign.link})
    parts = {"envoi": message_of(service, foreign), "justification": await given(service, foreign)}
    askers = {"/api/console/": await service.doctor(), "/api/agent/": await service.agent()}
    before, compared = service.dump(), 0

    for line in service.app[LINES].values():
        found = [name for name in parts if f"{{{name}}}" in line.path]
        for start, browser in askers.items():
            if not found or not line.path.startswith(start):
                continue
            at = line.path.replace("{id}", own.id)
            form = {"decision": "accepter"} if line.changes else None
            (name,) = found
            theirs = at.replace(f"{{{name}}}", parts[name])
            nobodys = at.replace(f"{{{name}}}", UNKNOWN.id)
            answers = [await browser.ask(line.method, one, form) for one in (theirs, nobodys)]
            assert answers[0].status in (404, 409), line
            assert (answers[0].status, answers[0].raw) == (answers[1].status, answers[1].raw)
            compared += 1

    assert compared >= 4
    assert service.dump() == before


def message_of(service: Service, appointment: Appointment) -> str:
    for row in service.dump().splitlines():
        if row.startswith('INSERT INTO "envoi"') and appointment.id in row:
            return row.split("'")[1]
    raise LookupError


async def given(service: Service, appointment: Appointment) -> str:
    """A justification that the assuré has sent."""
    form = aiohttp.FormData()
    form.add_field("link", appointment.link, content_type="text/plain")
    form.add_field("reason", "transport", content_type="text/plain")
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{service.base}/api/assure/justification", data=form) as answer,
    ):
        assert answer.status == 204, await answer.text()
    row = next(
        row for row in service.dump().splitlines() if row.startswith('INSERT INTO "justification"')
    )
    return row.split("'")[1]
