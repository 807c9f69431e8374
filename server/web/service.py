"""What machines read: health, readiness, metrics, published keys."""

from aiohttp import web
from sqlalchemy import text

from certs.signing_keys import KeyRing
from server.keys import CLOCK, CONFIG, METERS, REGISTRE, RINGS, ROOMS, SIO
from server.notify import outbox

from .proxies import address, is_in

routes = web.RouteTableDef()


@routes.get("/healthz")
async def health(_: web.Request) -> web.Response:
    """The process answers."""
    return web.Response(text="ok\n")


@routes.get("/readyz")
async def ready(request: web.Request) -> web.Response:
    """The store answers too: this server may be given people."""
    try:
        async with request.app[REGISTRE].lecture() as unite:
            await unite.connection.execute(text("SELECT 1"))
    except Exception as wrong:
        raise web.HTTPServiceUnavailable(text="store\n") from wrong
    return web.Response(text="ok\n")


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """For the networks of `metrics_networks` only."""
    remote = address(request.remote)
    if remote is None or not is_in(remote, request.app[CONFIG].networks()):
        raise web.HTTPForbidden
    now = request.app[CLOCK]()
    async with request.app[REGISTRE].lecture() as unite:
        request.app[METERS].outbox(await outbox.progress(unite.connection, now), now)
    exposition = request.app[METERS].text(request.app[ROOMS], request.app[SIO])
    return web.Response(body=exposition, headers={"Content-Type": "text/plain; version=0.0.4"})


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
