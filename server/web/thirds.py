"""/api/tiers: a third participant's requests; and their invitations, for who invites."""

from uuid import UUID

from aiohttp import web

from controle.tiers import TiersInconnu
from server.identity.sessions import give_cookie
from server.keys import CONFIG, INVITING, SESSION, THIRD_DOOR
from server.thirds.inviting import By, Mine

from .errors import BadBody
from .gates import guessed
from .http import answer, body
from .sessions import cut_session, cut_sockets, find_session, logged_out, wanted
from .thirds_messages import ThirdConsent, ThirdEntering, ThirdForm, ThirdKnock

routes = web.RouteTableDef()

CONSOLE = "/api/console/telecontroles/{id}/tiers"
AGENT = "/api/agent/telecontroles/{id}/tiers"


@routes.post("/api/tiers/lien")
async def link_state(request: web.Request) -> web.Response:
    asked = await body(request, ThirdKnock)
    session = await find_session(request, "tiers")
    state = await request.app[THIRD_DOOR].state(asked.link, session)
    if state.access == "inconnu":
        await guessed(request)
    return answer(state)


@routes.post("/api/tiers/session")
async def enter(request: web.Request) -> web.Response:
    asked = await body(request, ThirdEntering)
    entered = await request.app[THIRD_DOOR].enter(asked.link, asked.code)
    response = answer(await request.app[THIRD_DOOR].visit(entered.session), status=201)
    give_cookie(response, "tiers", entered.secret, request.app[CONFIG].assure_session)
    return response


@routes.post("/api/tiers/information")
async def consent(request: web.Request) -> web.Response:
    session = request[SESSION]
    try:
        await request.app[THIRD_DOOR].consent(session, (await body(request, ThirdConsent)).version)
    except ValueError:
        raise BadBody("Cette information a changé. Rechargez la page.", "version") from None
    return answer(await request.app[THIRD_DOOR].visit(session))


@routes.post("/api/tiers/jeton")
async def room_access(request: web.Request) -> web.Response:
    return answer(await request.app[THIRD_DOOR].room_access(request[SESSION]))


@routes.delete("/api/tiers/session")
async def log_out(request: web.Request) -> web.Response:
    session = request[SESSION]
    response = await logged_out(request, session)
    await cut_sockets(request.app, session)
    return response


# --- who invites --------------------------------------------------------------------------------


def by(request: web.Request) -> By:
    return "medecin_conseil" if request.path.startswith("/api/console/") else "agent"


def mine(request: web.Request) -> Mine:
    """A télécontrôle changes its médecin-conseil, never its caisse."""
    subject = request[SESSION].subject
    return lambda un: by(request) == "agent" or un.medecin_conseil == subject


@routes.get(CONSOLE)
@routes.get(AGENT)
async def invitations(request: web.Request) -> web.Response:
    return answer(await request.app[INVITING].all(wanted(request)))


@routes.post(CONSOLE)
@routes.post(AGENT)
async def invite(request: web.Request) -> web.Response:
    form = await body(request, ThirdForm)
    which = wanted(request)
    made = await request.app[INVITING].invite(which, form.kind, by(request), mine(request))
    return answer(made, status=201)


@routes.delete(f"{CONSOLE}/{{invitation}}")
@routes.delete(f"{AGENT}/{{invitation}}")
async def revoke(request: web.Request) -> web.Response:
    async def cut(reference: str) -> None:
        await cut_session(request.app, reference)

    try:
        invitation = str(UUID(request.match_info["invitation"]))
    except ValueError:
        raise TiersInconnu from None
    which = wanted(request)
    await request.app[INVITING].revoke(which, invitation, by(request), mine(request), cut)
    return web.Response(status=204)
