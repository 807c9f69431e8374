"""Whose address counts: the proxy's word is taken, nobody else's."""

from typing import Any

import pytest
from aiohttp import web
from server_people import Service

FORGED = "203.0.113.66"
CLIENT = "198.51.100.7"


def echo() -> web.RouteTableDef:
    """A route that says who asks."""
    routes = web.RouteTableDef()

    @routes.get("/who")
    async def who(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.remote} {request.host}")

    return routes


async def seen(service: Service, *forwarded: str, **headers: str) -> str:
    if forwarded:
        headers["X-Forwarded-For"] = ", ".join(forwarded)
    answer = await service.browser().get("/who", headers=headers)
    return answer.raw.decode().split()[0]


@pytest.mark.row("SP-05")
async def test_without_a_configured_proxy_no_header_is_believed(serve: Any) -> None:
    service: Service = await serve(extra=echo())

    assert await seen(service, FORGED) == "127.0.0.1"
    assert await seen(service, FORGED, CLIENT) == "127.0.0.1"


@pytest.mark.row("SP-05")
async def test_a_peer_that_is_no_proxy_is_not_believed(serve: Any) -> None:
    service: Service = await serve(extra=echo(), trusted_proxies=("10.0.0.0/8",))

    assert await seen(service, FORGED) == "127.0.0.1"


@pytest.mark.row("SP-05")
@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ((), "127.0.0.1"),
        ((CLIENT,), CLIENT),
        ((FORGED, CLIENT), CLIENT),
        ((FORGED, CLIENT, "127.0.0.2"), CLIENT),
        (("127.0.0.3", "127.0.0.2"), "127.0.0.3"),
        ((FORGED, "junk", CLIENT), CLIENT),
        (("junk",), "127.0.0.1"),
        ((FORGED, "junk"), "127.0.0.1"),
        (("2001:db8::7",), "2001:db8::7"),
        (("::ffff:198.51.100.7",), CLIENT),
    ],
    ids=str,
)
async def test_behind_a_proxy_the_right_most_stranger_is_the_client(
    serve: Any, forwarded: tuple[str, ...], client: str
) -> None:
    service: Service = await serve(extra=echo(), trusted_proxies=("127.0.0.0/8",))

    assert await seen(service, *forwarded) == client


@pytest.mark.row("SP-06")
async def test_the_host_is_never_taken_from_a_header(serve: Any) -> None:
    service: Service = await serve(extra=echo(), trusted_proxies=("127.0.0.0/8",))

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
