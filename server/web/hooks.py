"""Where mail servers and SMS providers tell what became of a message: /hooks/…

| address | from | proof |
|---|---|---|
| POST /hooks/courriel | the MTA's pipe: the DSN as it came | signature |
| GET or POST /hooks/sms/ovh/{token} | OVHcloud: a query | token |
| POST /hooks/sms/smsmode/{token} | smsmode: JSON | token |
| POST /hooks/sms/http | any gateway: JSON (notify/receipts.py) | signature |

A signature is `X-Signature: sha256=` and the HMAC-SHA256 by `hooks_secret` of « timestamp.body »,
with that `X-Timestamp` (seconds since 1970). The token is `receipts.token`. Without `hooks_secret`
there are no such addresses. Whether a message is known is not told; a receipt may come again.
"""

from typing import Protocol

from aiohttp import web

from server.keys import CLOCK, CONFIG
from server.notify import receipts
from server.notify.courriel import mail_address
from server.notify.receipts import Receipt


class Receipts(Protocol):
    """Who keeps them: the outbox."""

    async def receive(self, receipt: Receipt) -> object:
        """Notes it once, however often it comes. What it returns is told to nobody: whether a
        message is known is not for who asks."""


RECEIPTS: web.AppKey[Receipts] = web.AppKey("receipts", Receipts)

routes = web.RouteTableDef()


@routes.post("/hooks/courriel")
async def courriel(request: web.Request) -> web.Response:
    body = await request.read()
    domain = (mail_address(request.app[CONFIG].mail_from) or "").rpartition("@")[2]
    return await keep(request, receipts.of_dsn(body, domain, request.app[CLOCK]()))


@routes.get("/hooks/sms/ovh/{token}", allow_head=False)
@routes.post("/hooks/sms/ovh/{token}")
async def ovh(request: web.Request) -> web.Response:
    return await keep(request, receipts.of_ovh(request.query, request.app[CLOCK]()))


@routes.post("/hooks/sms/smsmode/{token}")
async def smsmode(request: web.Request) -> web.Response:
    return await keep(request, receipts.of_smsmode(await request.read(), request.app[CLOCK]()))


@routes.post("/hooks/sms/http")
async def gateway(request: web.Request) -> web.Response:
    return await keep(request, receipts.of_gateway(await request.read(), request.app[CLOCK]()))


def check_token(request: web.Request, provider: str) -> None:
    """:raises HTTPNotFound: for an address that we gave nobody."""
    secret = request.app[CONFIG].hooks_secret
    if not secret or not receipts.is_token(request.match_info["token"], provider, secret):
        raise web.HTTPNotFound


async def check_signature(request: web.Request) -> None:
    """The body is read for it, and kept for the handler.

    :raises HTTPNotFound: no secret is set, so nobody can have signed.
    :raises HTTPForbidden: not signed by it, or too long ago.
    """
    secret = request.app[CONFIG].hooks_secret
    if not secret:
        raise web.HTTPNotFound
    body = await request.read()
    told, timestamp = (request.headers.get(name, "") for name in ("X-Signature", "X-Timestamp"))
    if not receipts.is_signed(told, timestamp, body, secret, request.app[CLOCK]()):
        raise web.HTTPForbidden


async def keep(request: web.Request, receipt: Receipt | None) -> web.Response:
    """The same answer for what is understood, unknown, or no receipt at all."""
    if receipt is not None:
        await request.app[RECEIPTS].receive(receipt)
    return web.Response(status=204)
