"""/api/console: the médecin-conseil's requests, each a few lines over server/medecin/desk.py."""

import json

from aiohttp import web

from server.identity.sessions import give_cookie
from server.keys import (
    CONFIG,
    DESK,
    MEDICAL,
    OUTCOMES,
    SESSION,
    TRANSFERS,
)

from .agent_messages import CallForm, DecisionForm
from .console_messages import InPersonChosen, TransferForm
from .errors import BadBody
from .http import answer, body, is_date
from .messages import IdentityCheck, OutcomeForm
from .sessions import cut_sockets, logged_in, logged_out, wanted

routes = web.RouteTableDef()

ONE = "/api/console/telecontroles/{id}"
JUSTIFICATION = f"{ONE}/justifications/{{justification}}"


@routes.post("/api/console/session")
async def log_in(request: web.Request) -> web.Response:
    session, cookie = await logged_in(request, "console")
    response = answer(await request.app[DESK].console(session), status=201)
    give_cookie(response, "console", cookie, request.app[CONFIG].console_session)
    return response


@routes.get("/api/console/session")
async def who(request: web.Request) -> web.Response:
    return answer(await request.app[DESK].console(request[SESSION]))


@routes.delete("/api/console/session")
async def log_out(request: web.Request) -> web.Response:
    session = request[SESSION]
    response = await logged_out(request, session)
    await cut_sockets(request.app, session)
    return response


@routes.post(f"{ONE}/salle")
async def room_access(request: web.Request) -> web.Response:
    session = request[SESSION]
    return answer(await request.app[DESK].room_access(session, wanted(request)))


@routes.get(ONE)
async def detail(request: web.Request) -> web.Response:
    session = request[SESSION]
    return answer(await request.app[OUTCOMES].detail(session, wanted(request)))


@routes.get(f"{ONE}/releve")
async def record(request: web.Request) -> web.Response:
    session = request[SESSION]
    exported = await request.app[OUTCOMES].record(session, wanted(request))
    return web.Response(
        text=json.dumps(exported, ensure_ascii=False, indent=1),
        content_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="releve.json"'},
    )


@routes.post(f"{ONE}/identite")
async def identity(request: web.Request) -> web.Response:
    session = request[SESSION]
    check = await body(request, IdentityCheck)
    return answer(await request.app[DESK].check_identity(session, wanted(request), check))


@routes.post(f"{ONE}/examen-clinique")
async def clinical_exam(request: web.Request) -> web.Response:
    session = request[SESSION]
    return answer(await request.app[DESK].need_clinical_exam(session, wanted(request)))


@routes.get(f"{ONE}/transfert")
async def transfer_choices(request: web.Request) -> web.Response:
    session = request[SESSION]
    return answer(await request.app[TRANSFERS].choices(session, wanted(request)))


@routes.post(f"{ONE}/transfert")
async def transfer(request: web.Request) -> web.Response:
    """It is not theirs any more: there is nothing to answer with."""
    session = request[SESSION]
    form = await body(request, TransferForm)
    await request.app[TRANSFERS].hand_over(session, wanted(request), form)
    return web.Response(status=204)


@routes.post(f"{ONE}/issue")
async def outcome(request: web.Request) -> web.Response:
    session = request[SESSION]
    form = await body(request, OutcomeForm)
    if form.date is not None and not is_date(form.date):
        raise BadBody("Cette date n'existe pas.", "date")
    signed = await request.app[OUTCOMES].sign(session, wanted(request), form)
    return answer(signed, status=201)


# --- before the outcome, and instead of the call ------------------------------------------------


@routes.post(f"{ONE}/appels")
async def called(request: web.Request) -> web.Response:
    session = request[SESSION]
    form = await body(request, CallForm)
    return answer(await request.app[MEDICAL].called(session, wanted(request), form), status=201)


@routes.get(f"{ONE}/presentiel")
async def in_person_choices(request: web.Request) -> web.Response:
    session = request[SESSION]
    return answer(await request.app[MEDICAL].choices(session, wanted(request)))


@routes.post(f"{ONE}/presentiel")
async def in_person(request: web.Request) -> web.Response:
    session = request[SESSION]
    chosen = await body(request, InPersonChosen)
    return answer(await request.app[MEDICAL].book(session, wanted(request), chosen), status=201)


@routes.get(f"{JUSTIFICATION}/piece")
async def document(request: web.Request) -> web.Response:
    """To be saved, never shown by a page of ours; what could be health is kept by no cache."""
    session = request[SESSION]
    given = request.match_info["justification"]
    found = await request.app[MEDICAL].document(session, wanted(request), given)
    name = "piece.pdf" if found.type == "application/pdf" else "piece.jpg"
    return web.Response(
        body=found.content,
        content_type=found.type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


@routes.post(f"{JUSTIFICATION}/decision")
async def decide(request: web.Request) -> web.Response:
    session = request[SESSION]
    form = await body(request, DecisionForm)
    given = request.match_info["justification"]
    return answer(await request.app[MEDICAL].decide(session, wanted(request), given, form))
