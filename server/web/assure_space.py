"""/api/assure: what a link allows before and after the hour (server/assure/space.py)."""

import asyncio
import re

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from controle.besoins import LIBELLES_BESOIN
from controle.justification import LIBELLES_MOTIF, MotifAbsence
from server.assure.documents import Document, DocumentTooLarge
from server.keys import CONFIG, DOCUMENTS, SPACE

from .errors import BadBody
from .http import answer, body
from .messages import Choice, Link, Needs, SpaceChoices

routes = web.RouteTableDef()

SECRET = re.compile(r"[A-Za-z0-9_-]{16,128}")
#: A slow line has this long to send a document.
UPLOAD_SECONDS = 300
CHUNK = 65_536
#: How many times the limit is read before the connection is cut.
PATIENCE = 4


@routes.get("/api/assure/choix")
async def choices(request: web.Request) -> web.Response:
    return answer(
        SpaceChoices(
            reasons=[Choice(code=str(one), label=said) for one, said in LIBELLES_MOTIF.items()],
            needs=[Choice(code=str(one), label=said) for one, said in LIBELLES_BESOIN.items()],
            document_bytes=request.app[CONFIG].document_bytes,
        )
    )


@routes.post("/api/assure/accuse")
async def acknowledge(request: web.Request) -> web.Response:
    await request.app[SPACE].acknowledge((await body(request, Link)).link)
    return web.Response(status=204)


@routes.post("/api/assure/besoins")
async def needs(request: web.Request) -> web.Response:
    said = await body(request, Needs)
    await request.app[SPACE].declare(said.link, said.needs)
    return web.Response(status=204)


@routes.post("/api/assure/erreur")
async def not_me(request: web.Request) -> web.Response:
    await request.app[SPACE].not_me((await body(request, Link)).link)
    return web.Response(status=204)


@routes.post("/api/assure/agenda")
async def agenda(request: web.Request) -> web.Response:
    """By POST: the link's secret is never in an address, where a log would keep it."""
    entry = await request.app[SPACE].agenda((await body(request, Link)).link)
    return web.Response(text=entry, content_type="text/calendar", charset="utf-8")


@routes.post("/api/assure/justification")
async def justify(request: web.Request) -> web.Response:
    """multipart/form-data: link, reason, then document if there is one, in this order."""
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            link, reason, document = await _form(request)
    except TimeoutError:
        raise BadBody("L'envoi a pris trop de temps. Réessayez.", "document") from None
    await request.app[SPACE].justify(link, reason, document)
    return web.Response(status=204)


async def _form(request: web.Request) -> tuple[str, MotifAbsence, Document | None]:
    """The form, its document cleaned; a document of who has no link is not read at all."""
    if request.content_type != "multipart/form-data":
        raise BadBody("Un formulaire est attendu.")
    try:
        parts = await request.multipart()
        link = await _field(await parts.next(), "link")
        if not SECRET.fullmatch(link):
            raise BadBody("La demande est incomplète ou mal formée.", "link")
        reason = _reason(await _field(await parts.next(), "reason"))
        await request.app[SPACE].check_may_justify(link)
        content = await _content(await parts.next(), request.app[CONFIG].document_bytes)
    except (ValueError, AssertionError, HttpProcessingError):
        raise BadBody("La demande est incomplète ou mal formée.") from None
    document = await request.app[DOCUMENTS].cleaned(content) if content else None
    return link, reason, document


def _reason(word: str) -> MotifAbsence:
    try:
        return MotifAbsence(word)
    except ValueError:
        raise BadBody("Choisissez une raison.", "reason") from None


async def _field(part: object, name: str) -> str:
    """A short text; one that is larger than any body is refused by the reader itself."""
    if not isinstance(part, BodyPartReader) or part.name != name:
        raise BadBody("La demande est incomplète ou mal formée.", name)
    return bytes(await part.read()).decode()


async def _content(part: object, limit: int) -> bytes:
    """The document, in memory only: it may be about health, and is on no disk in clear.

    What is too much is not kept, but read for a while: a browser that is still sending would see
    a broken connection instead of the reason.

    :raises DocumentTooLarge: it is.
    """
    if part is None:
        return b""
    if not isinstance(part, BodyPartReader) or part.name != "document":
        raise BadBody("La demande est incomplète ou mal formée.", "document")
    content, size = bytearray(), 0
    while chunk := await part.read_chunk(CHUNK):
        size += len(chunk)
        if size <= limit:
            content += chunk
        elif size > PATIENCE * limit:
            break
    if size > limit:
        raise DocumentTooLarge(limit)
    return bytes(content)
