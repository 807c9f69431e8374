"""/attestation and /api/assure/attestation: given to the assuré, verified by anybody."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from server.attestation.making import Made
from server.attestation.page import page
from server.attestation.verifying import judge_token
from server.identity.sessions import give_cookie
from server.keys import ATTESTATIONS, CONFIG, OBSTACLES, PRESS, RINGS, SESSION

from .attestation_messages import AttestationAsked, Obstacle, TokenToVerify, TokenVerified
from .http import answer, body
from .messages import CodeSent, Entering, Link

routes = web.RouteTableDef()


@routes.post("/api/assure/attestation/code")
async def send_code(request: web.Request) -> web.Response:
    asked = await body(request, Link)
    sent = await request.app[ATTESTATIONS].send_code(asked.link, request.remote or "")
    return answer(CodeSent(expires_in=sent.expires_in, resend_in=sent.resend_in))


@routes.post("/api/assure/attestation/session")
async def enter(request: web.Request) -> web.Response:
    asked = await body(request, Entering)
    entered = await request.app[ATTESTATIONS].enter(asked.link, asked.code, request.remote or "")
    response = web.Response(status=204)
    give_cookie(response, "assure", entered.secret, request.app[CONFIG].assure_session)
    return response


@routes.post("/api/assure/attestation")
async def give(request: web.Request) -> web.Response:
    """On record before it leaves: what left and is not on record could be denied."""
    asked = await body(request, AttestationAsked)
    made = await request.app[ATTESTATIONS].make(request[SESSION], asked.link)
    kind, content = await FORMS[asked.form](request, made)
    await request.app[ATTESTATIONS].given(made)
    return web.Response(
        body=content,
        content_type=kind,
        charset=None if kind == "application/pdf" else "utf-8",
        headers={"Content-Disposition": f'attachment; filename="attestation.{asked.form}"'},
    )


async def _html(request: web.Request, made: Made) -> tuple[str, bytes]:
    return "text/html", page(made.signed, request.app[CONFIG].origin).encode()


async def _pdf(request: web.Request, made: Made) -> tuple[str, bytes]:
    drawn = page(made.signed, request.app[CONFIG].origin)
    return "application/pdf", await request.app[PRESS].pdf(drawn)


async def _json(_: web.Request, made: Made) -> tuple[str, bytes]:
    text = json.dumps(made.signed.en_dict(), ensure_ascii=False, indent=1)
    return "application/json", text.encode() + b"\n"


FORMS: dict[str, Callable[[web.Request, Made], Awaitable[tuple[str, bytes]]]] = {
    "html": _html,
    "pdf": _pdf,
    "json": _json,
}


@routes.post("/api/attestation")
async def verify(request: web.Request) -> web.Response:
    """The page verifies by itself where the browser can: this keeps nothing."""
    asked = await body(request, TokenToVerify)
    seals = request.app[RINGS].seals
    verdict = await asyncio.to_thread(judge_token, asked.token, seals.public)
    return answer(TokenVerified(genuine=not verdict.reason, reason=verdict.reason))


@routes.post("/api/assure/obstacle")
async def obstacle(request: web.Request) -> web.Response:
    told = await body(request, Obstacle)
    await request.app[OBSTACLES].note(request[SESSION], told.cause)
    return web.Response(status=204)
