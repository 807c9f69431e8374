"""What every route shares: headers, origin, bodies; and that junk is refused, never a crash."""

import asyncio
import gzip
import json
import re
from typing import Any
from urllib.parse import quote

import aiohttp
import brotli
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from server_people import ORIGIN, Browser, Service

from server import keys
from server.web.pages import CLIENT_VERSION

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
#: Signed or authenticated by themselves: providers and machines, which send no Origin.
MACHINES = ("/hooks/", "/socket.io/")

#: Those of our pages' routes that take a JSON body.
WITH_BODY = [
    "/api/assure/lien",
    "/api/assure/code",
    "/api/assure/session",
    "/api/assure/information",
    "/api/assure/refus",
    "/api/assure/accuse",
    "/api/assure/besoins",
    "/api/assure/erreur",
    "/api/assure/agenda",
    "/api/verification",
    "/api/verification/reponse",
    "/api/console/session",
    "/api/console/telecontroles/{id}/identite",
    "/api/console/telecontroles/{id}/issue",
    "/api/console/telecontroles/{id}/appels",
    "/api/console/telecontroles/{id}/presentiel",
    "/api/agent/session",
    "/api/agent/telecontroles",
    "/api/agent/telecontroles/{id}/deplacer",
    "/api/agent/telecontroles/{id}/reaffecter",
    "/api/agent/telecontroles/{id}/coordonnees",
    "/api/agent/telecontroles/{id}/renvoyer",
    "/api/agent/telecontroles/{id}/appels",
    "/api/agent/telecontroles/{id}/justification",
    "/api/agent/telecontroles/{id}/presentiel",
    "/api/agent/medecins/mc-1/absences",
]


def routes_of(service: Service) -> list[tuple[str, str]]:
    """Every method and address, as a request would name it."""
    found = {
        (route.method, route.resource.canonical)
        for route in service.app.router.routes()
        if route.resource is not None and "socket.io" not in route.resource.canonical
    }
    return sorted(found)


def at(path: str, identifier: str) -> str:
    """The address with its places filled in."""
    return re.sub(r"\{\w+\}", identifier, path)


async def everyone(service: Service) -> tuple[Browser, str, str]:
    """A browser that holds every session, the télécontrôle's id, its link."""
    appointment = await service.appoint()
    browser, doctor = await service.assure(appointment), await service.doctor()
    browser.cookies |= doctor.cookies | (await service.agent()).cookies
    return browser, appointment.id, appointment.link


# --- headers ------------------------------------------------------------------------------------


@pytest.mark.row("SP-03")
async def test_every_answer_carries_the_policy_errors_too(service: Service) -> None:
    browser, identifier, _ = await everyone(service)
    asked = routes_of(service)
    asked += [("GET", "/nowhere"), ("GET", "/api/nowhere"), ("PUT", "/api/assure/lien")]

    for method, path in asked:
        answer = await browser.ask(method, at(path, identifier))
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, (method, path)
        assert "unsafe" not in policy
        assert "http" not in policy.replace("https://", "")
        assert "frame-ancestors 'none'" in policy
        assert "max-age=" in answer.headers["Strict-Transport-Security"]
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "camera=(self)" in answer.headers["Permissions-Policy"]
        assert "geolocation=()" in answer.headers["Permissions-Policy"]
        assert "Server" not in answer.headers
        if path.startswith("/api/"):
            assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.row("SP-12")
async def test_two_cookies_and_no_other_with_every_lock(service: Service) -> None:
    browser, identifier, link = await everyone(service)
    await browser.ok("/api/assure/lien", {"link": link})
    for page in ("/rdv", "/console", "/", "/healthz"):
        await browser.get(page)
    await browser.ok("/api/assure/session", method="DELETE")
    doctor = await service.doctor()

    set_cookies = browser.set_cookies + doctor.set_cookies

    assert identifier
    assert {one.partition("=")[0] for one in set_cookies} == {"__Host-assure", "__Host-console"}
    for one in set_cookies:
        parts = {part.strip().lower() for part in one.split(";")[1:]}
        assert {"secure", "httponly", "samesite=strict", "path=/"} <= parts
        assert not any(part.startswith("domain") for part in parts)


# --- origin -------------------------------------------------------------------------------------

FOREIGN: list[dict[str, str]] = [
    {"Origin": "https://ailleurs.test"},
    {"Origin": "null"},
    {"Origin": "http://controle.test"},
    {"Origin": "https://sub.controle.test"},
    {"Origin": "https://controle.test.ailleurs.test"},
    {"Origin": "https://controle.test:8443"},
    {"Origin": ""},
    {"Origin": "https://ailleurs.test", "X-Forwarded-Host": "ailleurs.test"},
    {"Origin": "https://ailleurs.test", "Host": "ailleurs.test"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": ORIGIN},
    {"Sec-Fetch-Site": "none"},
]


@pytest.mark.row("SP-06")
@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_no_other_origin_changes_anything(service: Service, headers: dict[str, str]) -> None:
    browser, identifier, link = await everyone(service)
    login = await service.login_link()
    bodies = {"link": link, "login": login, "code": "424242", "version": "2026-11"}
    before = service.dump()

    asked = [
        (method, path)
        for method, path in routes_of(service)
        if method in UNSAFE and not path.startswith(MACHINES)
    ]
    for method, path in asked:
        body = bodies if method == "POST" else None
        answer = await browser.ask(method, at(path, identifier), body, headers=headers)
        told = json.loads(answer.raw)
        assert answer.status == 403, path
        # Ours, or a problem of the API for machines (RFC 9457).
        assert told.get("error", told)["code"] == "origine", path

    assert service.dump() == before


@pytest.mark.row("SP-06")
async def test_our_own_pages_may(service: Service) -> None:
    browser, _, link = await everyone(service)

    headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
    answer = await browser.post("/api/assure/lien", {"link": link}, headers=headers)

    assert answer.status == 200


@pytest.mark.row("SP-06")
@pytest.mark.parametrize("headers", [h for h in FOREIGN if h.get("Origin", ORIGIN) != ORIGIN
                                     and h["Origin"]], ids=str)  # fmt: skip
async def test_no_other_origin_opens_a_socket(service: Service, headers: dict[str, str]) -> None:
    url = f"{service.base}/socket.io/?EIO=4&transport=websocket"

    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(url, headers=headers)
        async with http.ws_connect(url, headers={"Origin": ORIGIN}) as ours:
            opened = await ours.receive_str()

    assert refused.value.status == 400
    assert opened.startswith("0{")


# --- bodies -------------------------------------------------------------------------------------

BODIES: list[tuple[bytes, dict[str, str], int]] = [
    (b"{}", {"Content-Type": "text/plain"}, 422),
    (b"link=x", {"Content-Type": "application/x-www-form-urlencoded"}, 422),
    (b"", {}, 422),
    (b"{", {}, 422),
    (b"null", {}, 422),
    (b"[" * 30_000, {}, 422),
    (b'{"a":' * 8_000 + b"1" + b"}" * 8_000, {}, 422),
    (b'{"link": "\\ud800aaaaaaaaaaaaaaaaaaaa"}', {}, 422),
    (b'{"link": "\xff\xfe"}', {}, 422),
    (b'{"link": NaN}', {}, 422),
    (b'{"category": 1e999}', {}, 422),
    (b'{"link": "' + b"a" * 70_000 + b'"}', {}, 413),
    (gzip.compress(b"{}"), {"Content-Encoding": "gzip"}, 422),
    (brotli.compress(b"{}"), {"Content-Encoding": "br"}, 422),
]


@pytest.mark.row("SP-02")
@pytest.mark.parametrize(("data", "headers", "status"), BODIES, ids=range(len(BODIES)))
async def test_what_is_no_proper_body_is_refused(
    service: Service, data: bytes, headers: dict[str, str], status: int
) -> None:
    browser, identifier, _ = await everyone(service)
    before = service.dump()

    for path in WITH_BODY:
        answer = await browser.ask("POST", at(path, identifier), data=data, headers=headers)
        assert answer.status == status, (path, answer.raw)
        assert answer.error["message"]

    assert service.dump() == before


@pytest.mark.row("SP-02")
async def test_a_cookie_of_bytes_that_are_no_text_is_no_session(service: Service) -> None:
    host, port = service.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"GET /api/console/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Cookie: __Host-console=\xff\xfe\xed\xa0\x80\r\n\r\n"
    )
    answer = await reader.read()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 401")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=40),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=8,
)
NAMES = [
    "link", "code", "login", "version", "mode", "verified",
    "qualification", "conclusion", "date", "category", "sequelae", "correction_reason",
]  # fmt: skip
LIKELY: dict[str, st.SearchStrategy[Any]] = {
    "link": st.from_regex(r"[A-Za-z0-9_-]{16,40}", fullmatch=True),
    "login": st.from_regex(r"[A-Za-z0-9_-]{16,40}", fullmatch=True),
    "code": st.from_regex(r"[0-9]{6}", fullmatch=True),
    "date": st.from_regex(r"\d{4}-\d{2}-\d{2}", fullmatch=True),
    "mode": st.sampled_from(["piece_montree", "connu"]),
    "verified": st.booleans(),
    "qualification": st.sampled_from(["present", "refus", "non_connecte", "absence_injustifiee"]),
    "conclusion": st.sampled_from(["arret_justifie", "reprise_a_date", "favorable"]),
}
FORMS = st.fixed_dictionaries({}, optional={name: LIKELY.get(name, JSON) | JSON for name in NAMES})


@pytest.mark.row("SP-02")
@pytest.mark.row("SP-06")
async def test_no_body_ever_makes_a_route_fail(service: Service) -> None:
    browser, identifier, _ = await everyone(service)
    loop = asyncio.get_running_loop()

    @settings(
        max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(path=st.sampled_from(WITH_BODY), form=FORMS | JSON)
    def refuses_or_accepts(path: str, form: Any) -> None:
        data = json.dumps(form).encode()
        asked = browser.ask("POST", at(path, identifier), data=data)
        answer = asyncio.run_coroutine_threadsafe(asked, loop).result(10)
        assert answer.status < 500, (path, form, answer.raw)
        if answer.status >= 400:
            assert answer.error["message"]

    await asyncio.to_thread(refuses_or_accepts)


# --- static files -------------------------------------------------------------------------------


@pytest.mark.row("SP-03")
@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.0, gzip;q=0", None),
        ("br;q=0.5", "br"),
        ("", None),
    ],
)
async def test_a_file_comes_in_the_smallest_form_that_is_accepted(
    service: Service, accepted: str, encoding: str | None
) -> None:
    browser = service.browser()

    answer = await browser.get("/rdv", headers={"Accept-Encoding": accepted})

    assert answer.headers.get("Content-Encoding") == encoding
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.row("SP-03")
async def test_only_today_s_version_is_kept_for_good(service: Service) -> None:
    browser = service.browser()

    mine = await browser.get(f"/static/{service.app[CLIENT_VERSION]}/call.js")
    old = await browser.get("/static/0123456789ab/call.js")

    assert "immutable" in mine.headers["Cache-Control"]
    assert old.headers["Cache-Control"] == "no-cache"
    assert (mine.status, old.status) == (200, 200)


@pytest.mark.row("SP-06")
@pytest.mark.parametrize(
    "name", ["../config.py", "..%2fconsole.html", quote("../" * 8 + "etc/passwd", safe=""),
             "%00", "console.html", "tsconfig.json", "call.js%00.css", "protocol.d.ts"]
)  # fmt: skip
async def test_nothing_but_the_client_is_served(service: Service, name: str) -> None:
    answer = await service.browser().get(f"/static/x/{name}")

    assert answer.status == 404


# --- what machines read -------------------------------------------------------------------------


async def test_metrics_are_for_our_networks_and_hold_no_person(serve: Any) -> None:
    service: Service = await serve()
    browser, identifier, link = await everyone(service)
    await browser.ask("POST", f"/api/console/telecontroles/{identifier}/salle")
    await browser.get(f"/static/x/{link}")

    here = (await browser.get("/metrics")).raw.decode()

    assert 'route="/api/console/telecontroles/{id}/salle"' in here
    for private in (identifier, link, "Zwijnaarde", "0639980199", *browser.cookies.values()):
        assert private not in here


async def test_metrics_are_refused_to_every_other_network(serve: Any) -> None:
    service: Service = await serve(metrics_networks=("10.9.8.0/24",))

    answer = await service.browser().get("/metrics")

    assert answer.status == 403


async def test_ready_says_no_when_the_store_is_closed(service: Service) -> None:
    browser = service.browser()
    before = await browser.get("/readyz")

    service.app[keys.REGISTRE].database = Closed()
    after = await browser.get("/readyz")
    alive = await browser.get("/healthz")
    service.app[keys.REGISTRE].database = service.database

    assert (before.status, after.status, alive.status) == (200, 503, 200)


class Closed:
    """A store that does not answer."""

    def read(self) -> Any:
        raise OSError("disk")


@pytest.mark.row("SP-13")
async def test_the_public_keys_are_published_and_no_private_half(service: Service) -> None:
    browser = service.browser()

    tokens = (await browser.get("/.well-known/jwks.json")).json["keys"]
    seals = (await browser.get("/.well-known/sceaux.json")).json["keys"]

    assert {key["kid"] for key in tokens}.isdisjoint(key["kid"] for key in seals)
    for key in (*tokens, *seals):
        assert (key["kty"], key["crv"]) == ("OKP", "Ed25519")
        assert "d" not in key


@pytest.mark.row("SP-07")
async def test_no_server_of_anybody_else_is_named_to_a_browser(serve: Any) -> None:
    plain: Service = await serve()
    appointment = await plain.appoint()
    none = await (await plain.assure(appointment)).ok("/api/assure/jeton")

    assert none["ice_servers"] == []
    assert plain.config.ice.stun_urls == ()
