"""/api/console/…/note: the medical notes of a télécontrôle, for its médecin-conseil alone."""

from aiohttp import web

from server.keys import NOTES, SESSION
from server.medecin.notes import NoteInconnue

from .http import answer, body
from .note_messages import NoteForm
from .sessions import wanted

routes = web.RouteTableDef()

NOTE = "/api/console/telecontroles/{id}/note"
#: Digits of a version's number, at most.
DIGITS = 6


@routes.get(NOTE)
async def read(request: web.Request) -> web.Response:
    return answer(await request.app[NOTES].read(request[SESSION], wanted(request)))


@routes.put(NOTE)
async def save(request: web.Request) -> web.Response:
    form = await body(request, NoteForm)
    return answer(await request.app[NOTES].save(request[SESSION], wanted(request), form))


@routes.get(f"{NOTE}/versions/{{version}}")
async def version(request: web.Request) -> web.Response:
    number = request.match_info["version"]
    if not (number.isascii() and number.isdecimal() and len(number) <= DIGITS):
        raise NoteInconnue
    notes = request.app[NOTES]
    return answer(await notes.version(request[SESSION], wanted(request), int(number)))
