"""/api/verification: « is this message genuine? », behind the page /verifier."""

from aiohttp import web

from server.assure.standing import zone_in_words
from server.assure.verification import Genuine as Found
from server.keys import VERIFICATION

from .http import answer, body
from .messages import CodeSent, Genuine, VerificationAnswered, VerificationAsked

routes = web.RouteTableDef()


@routes.post("/api/verification")
async def ask(request: web.Request) -> web.Response:
    asked = await body(request, VerificationAsked)
    sent = await request.app[VERIFICATION].ask(asked.code, request.remote or "")
    return answer(CodeSent(expires_in=sent.expires_in, resend_in=sent.resend_in))


@routes.post("/api/verification/reponse")
async def prove(request: web.Request) -> web.Response:
    given = await body(request, VerificationAnswered)
    found = await request.app[VERIFICATION].answer(given.code, given.sms, request.remote or "")
    return answer(shown(found))


def shown(found: Found) -> Genuine:
    """Whose message, when; no name of a person."""
    un = found.un
    return Genuine(
        caisse=found.caisse.nom,
        helpline=found.caisse.telephone,
        access=found.access.value,
        start=un.debut.isoformat(),
        timezone=un.fuseau,
        zone=zone_in_words(un.fuseau),
        minutes=round(un.duree.total_seconds() / 60),
        place=found.in_person.shown() if found.in_person else None,
    )
