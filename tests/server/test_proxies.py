"""Whose address counts: the proxy's word is taken, nobody else's."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from server_people import Service

from server.web.permissions import Line
from server.web.proxies import behind

FORGED = "203.0.113.66"
CLIENT = "198.51.100.7"


def echo() -> web.RouteTableDef:
    """A route that says who asks."""
    routes = web.RouteTableDef()

    @routes.get("/who")
    async def who(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.remote} {request.host}")

    return routes


#: Whoever asks is told.
WHO = (Line("GET", "/who", "public"),)


async def seen(service: Service, *forwarded: str, **headers: str) -> str:
    if forwarded:
        headers["X-Forwarded-For"] = ", ".join(forwarded)
    answer = await service.browser().get("/who", headers=headers)
    return answer.raw.decode().split()[0]


@pytest.mark.row("SP-05")
async def test_without_a_configured_proxy_no_header_is_believed(serve: Any) -> None:
    service: Service = await serve(extra=echo(), lines=WHO)

    assert await seen(service, FORGED) == "127.0.0.1"
    assert await seen(service, FORGED, CLIENT) == "127.0.0.1"


@pytest.mark.row("SP-05")
async def test_a_peer_that_is_no_proxy_is_not_believed(serve: Any) -> None:
    service: Service = await serve(extra=echo(), lines=WHO, trusted_proxies=("10.0.0.0/8",))

    assert await seen(service, FORGED) == "127.0.0.1"


#: What comes in X-Forwarded-For, and whose address it is then.
CHAINS: list[tuple[tuple[str, ...], str]] = [
    ((), "127.0.0.1"),
    ((CLIENT,), CLIENT),
    ((FORGED, CLIENT), CLIENT),
    ((FORGED, CLIENT, "127.0.0.2"), CLIENT),
    (("127.0.0.3", "127.0.0.2"), "127.0.0.3"),
    ((FORGED, "127.0.0.3", CLIENT), CLIENT),
    ((FORGED, "junk", CLIENT), CLIENT),
    (("junk",), "127.0.0.1"),
    ((FORGED, "junk"), "127.0.0.1"),
    ((FORGED, ""), "127.0.0.1"),
    ((FORGED, f"{CLIENT}:4711"), "127.0.0.1"),
    ((FORGED, "[2001:db8::7]"), "127.0.0.1"),
    ((FORGED, "unknown"), "127.0.0.1"),
    ((FORGED, "127.0.0.1.nip.test"), "127.0.0.1"),
    ((FORGED, "0177.0.0.1"), "127.0.0.1"),
    (("2001:db8::7",), "2001:db8::7"),
    (("::ffff:198.51.100.7",), CLIENT),
    ((FORGED, "::ffff:127.0.0.9"), FORGED),
    ((*(f"203.0.113.{number}" for number in range(200)), CLIENT), CLIENT),
]


@pytest.mark.row("SP-05")
@pytest.mark.parametrize(("forwarded", "client"), CHAINS, ids=range(len(CHAINS)))
async def test_behind_a_proxy_the_right_most_stranger_is_the_client(
    serve: Any, forwarded: tuple[str, ...], client: str
) -> None:
    service: Service = await serve(extra=echo(), lines=WHO, trusted_proxies=("127.0.0.0/8",))

    assert await seen(service, *forwarded) == client
    # A socket's address is found by the same rule.
    peers = behind(service.config.proxies)
    assert peers("127.0.0.1", [", ".join(forwarded)] if forwarded else []) == client


@pytest.mark.row("SP-05")
@pytest.mark.parametrize(
    "name", ["Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "Via"]
)
async def test_behind_a_proxy_too_one_header_alone_is_read(serve: Any, name: str) -> None:
    service: Service = await serve(extra=echo(), lines=WHO, trusted_proxies=("127.0.0.0/8",))
    value = f"for={FORGED};host=ailleurs.test" if name == "Forwarded" else FORGED

    alone = await service.browser().get("/who", headers={name: value})
    beside = await seen(service, CLIENT, **{name: value})

    assert alone.raw.decode().split()[0] == "127.0.0.1"
    assert b"ailleurs" not in alone.raw
    assert beside == CLIENT


@pytest.mark.row("SP-05")
async def test_a_chain_in_several_headers_is_one_chain(serve: Any) -> None:
    service: Service = await serve(extra=echo(), lines=WHO, trusted_proxies=("127.0.0.0/8",))
    host, port = service.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))

    writer.write(
        f"GET /who HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: {FORGED}\r\n"
        f"x-forwarded-for: {CLIENT}\r\nX-Forwarded-For: 127.0.0.2\r\n\r\n".encode()
    )
    answer = await reader.read()
    writer.close()

    assert answer.split(b"\r\n\r\n")[1].split()[0].decode() == CLIENT


@pytest.mark.row("SP-06")
async def test_the_host_is_never_taken_from_a_header(serve: Any) -> None:
    service: Service = await serve(extra=echo(), lines=WHO, trusted_proxies=("127.0.0.0/8",))

    answer = await service.browser().get(
        "/who", headers={"X-Forwarded-For": CLIENT, "X-Forwarded-Host": "ailleurs.test"}
    )

    assert b"ailleurs" not in answer.raw


async def test_metrics_are_for_the_client_s_network_not_the_proxy_s(serve: Any) -> None:
    service: Service = await serve(trusted_proxies=("127.0.0.0/8",))
    browser = service.browser()

    outside = await browser.get("/metrics", headers={"X-Forwarded-For": CLIENT})
    claims = await browser.get("/metrics", headers={"X-Forwarded-For": f"127.0.0.1, {CLIENT}"})
    inside = await browser.get("/metrics")

    assert [answer.status for answer in (outside, claims, inside)] == [403, 403, 200]
