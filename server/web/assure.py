"""/api/assure: the assuré's requests, each a few lines over server/assure/door.py."""

import json

from aiohttp import web

from server.identity.sessions import give_cookie
from server.keys import CONFIG, DOOR, SESSION
from server.technical.browsers import family

from .errors import BadBody
from .gates import guessed
from .http import answer, body
from .messages import CodeSent, Consent, Entering, InPersonRequested, Link
from .sessions import cut_sockets, logged_out

routes = web.RouteTableDef()


@routes.post("/api/assure/lien")
async def link_state(request: web.Request) -> web.Response:
    asked = await body(request, Link)
    state = await request.app[DOOR].state(asked.link, request.get(SESSION))
    if state.access == "inconnu":
        await guessed(request)
    return answer(state)


@routes.post("/api/assure/code")
async def send_code(request: web.Request) -> web.Response:
    asked = await body(request, Link)
    sent = await request.app[DOOR].send_code(asked.link, request.remote or "")
    return answer(CodeSent(expires_in=sent.expires_in, resend_in=sent.resend_in))


@routes.post("/api/assure/session")
async def enter(request: web.Request) -> web.Response:
    asked = await body(request, Entering)
    browser = family(request.headers.get("User-Agent", ""))
    entered = await request.app[DOOR].enter(asked.link, asked.code, browser, request.remote or "")
    response = answer(await request.app[DOOR].visit(entered.session), status=201)
    give_cookie(response, "assure", entered.secret, request.app[CONFIG].assure_session)
    return response


@routes.post("/api/assure/information")
async def consent(request: web.Request) -> web.Response:
    session = request[SESSION]
    try:
        await request.app[DOOR].consent(session, (await body(request, Consent)).version)
    except ValueError:
        raise BadBody("Cette information a changé. Rechargez la page.", "version") from None
    return answer(await request.app[DOOR].visit(session))


@routes.post("/api/assure/jeton")
async def room_access(request: web.Request) -> web.Response:
    return answer(await request.app[DOOR].room_access(request[SESSION]))


@routes.post("/api/assure/refus")
async def refuse(request: web.Request) -> web.Response:
    asked = await body(request, Link)
    at = await request.app[DOOR].refuse(asked.link, request.get(SESSION))
    return answer(InPersonRequested(at=at.isoformat()))


@routes.post("/api/assure/presentiel")
async def in_person(request: web.Request) -> web.Response:
    at = await request.app[DOOR].request_in_person(request[SESSION])
    return answer(InPersonRequested(at=at.isoformat()))


@routes.get("/api/assure/releve")
async def record(request: web.Request) -> web.Response:
    exported = await request.app[DOOR].record(request[SESSION])
    return web.Response(
        text=json.dumps(exported, ensure_ascii=False, indent=1),
        content_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="releve-de-presence.json"'},
    )


@routes.delete("/api/assure/session")
async def log_out(request: web.Request) -> web.Response:
    session = request[SESSION]
    response = await logged_out(request, session)
    await cut_sockets(request.app, session)
    return response
