"""What machines read: health, readiness, metrics, published keys."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from aiohttp import web

from certs.signing_keys import KeyRing
from server.keys import (
    CLOCK,
    CONFIG,
    CONSOLE_SOCKETS,
    HERALD,
    METERS,
    REGISTRE,
    RINGS,
    ROOMS,
    SIO,
)
from server.notify import outbox
from server.readiness import Readiness
from server.store.sql import RegistreSql

log = structlog.get_logger()

#: What a scrape waits for the store.
STORE_SECONDS = 2.0

#: How long the contact for vulnerabilities is said to hold.
CONTACT_HOLDS = timedelta(days=180)

READINESS = web.AppKey("readiness", Readiness)

routes = web.RouteTableDef()


@routes.get("/healthz")
async def health(_: web.Request) -> web.Response:
    """The process answers."""
    return web.Response(text="ok\n")


@routes.get("/readyz")
async def ready(request: web.Request) -> web.Response:
    """This server may be given people; else 503, and which part is missing in one word."""
    missing = await request.app[READINESS].missing()
    return web.Response(status=503 if missing else 200, text=f"{missing or 'ok'}\n")


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """For the networks of `metrics_networks` only (gates.py)."""
    now = request.app[CLOCK]()
    sio, consoles = request.app[SIO], request.app[CONSOLE_SOCKETS]
    meters = request.app[METERS]
    meters.store(await progress(request.app[REGISTRE], now), now)
    with suppress(Exception):
        # As above: what was last known stays, and telecontrole_store_up says that it is old.
        async with asyncio.timeout(STORE_SECONDS):
            meters.heads(*await request.app[HERALD].progress())
    meters.see(request.app[ROOMS], sio.cut, len(sio.engine.sessions), consoles.connected)
    exposition = await asyncio.to_thread(meters.text)
    return web.Response(body=exposition, headers={"Content-Type": "text/plain; version=0.0.4"})


async def progress(registre: RegistreSql, now: datetime) -> outbox.Progress | None:
    """Without the store the other numbers are wanted all the more: None."""
    try:
        async with asyncio.timeout(STORE_SECONDS), registre.lecture() as unite:
            return await outbox.progress(unite.connection, now)
    except Exception as wrong:
        log.warning("metrics_without_store", error=type(wrong).__name__)
        return None


@routes.get("/.well-known/security.txt")
async def security_contact(request: web.Request) -> web.Response:
    """Where to report a vulnerability (RFC 9116); 404 while nobody was named."""
    config = request.app[CONFIG]
    if not config.security_contact:
        raise web.HTTPNotFound
    # A file that is never looked after again must not be believed for ever (section 2.5.5).
    expires = (request.app[CLOCK]() + CONTACT_HOLDS).replace(microsecond=0)
    lines = (
        f"Contact: {config.security_contact}",
        f"Expires: {expires.isoformat()}",
        "Preferred-Languages: fr, en",
        f"Canonical: {config.origin}/.well-known/security.txt",
    )
    return web.Response(text="\n".join(lines) + "\n")


@routes.get("/.well-known/jwks.json")
async def token_keys(request: web.Request) -> web.Response:
    """The public keys of room tokens."""
    return published(request.app[RINGS].tokens)


@routes.get("/.well-known/sceaux.json")
async def seal_keys(request: web.Request) -> web.Response:
    """The public keys of seals: `telecontrole verify --keys` takes this file."""
    return published(request.app[RINGS].seals)


def published(ring: KeyRing) -> web.Response:
    """With what `telecontrole keys rotate` made since."""
    ring.refresh()
    return web.json_response(ring.jwks())
