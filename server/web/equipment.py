"""/api/assure/materiel: the equipment test, from the convocation on (server/equipment/)."""

from contextlib import aclosing

import msgspec
from aiohttp import web

from media.sdp import SdpRefused
from server.equipment.echo_process import EchoUnavailable
from server.equipment.turns import EchoReplaced
from server.keys import CLOCK, ECHOES, EQUIPMENT, SESSION
from server.technical.browsers import family

from .equipment_messages import EchoLine, EchoOffer, EquipmentLink, EquipmentVerdict
from .errors import problem_of
from .http import answer, body
from .messages import CodeSent, Link

routes = web.RouteTableDef()

#: Refused once the answer has begun: they are its last line.
LATE = (EchoUnavailable, EchoReplaced, SdpRefused)


@routes.post("/api/assure/materiel/code")
async def send_code(request: web.Request) -> web.Response:
    asked = await body(request, Link)
    sent = await request.app[EQUIPMENT].send_code(asked.link, request.remote or "")
    return answer(CodeSent(expires_in=sent.expires_in, resend_in=sent.resend_in))


@routes.post("/api/assure/materiel/acces")
async def enter(request: web.Request) -> web.Response:
    asked = await body(request, EquipmentLink)
    return answer(
        await request.app[EQUIPMENT].enter(
            asked.link, asked.code, asked.access, request.get(SESSION), request.remote or ""
        )
    )


@routes.post("/api/assure/materiel/echo")
async def echo(request: web.Request) -> web.StreamResponse:
    """Lines of JSON while one waits; leaving the request leaves the queue."""
    asked = await body(request, EchoOffer)
    app, session = request.app, request.get(SESSION)
    un = await app[EQUIPMENT].allowed(asked.link, asked.access, session)
    servers, policy = app[EQUIPMENT].of_the_echo(app[CLOCK]())
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    async with aclosing(app[ECHOES].ask(un.id, asked.sdp, servers, policy)) as lines:
        # What is refused at once has a status.
        first = await anext(lines)
        await response.prepare(request)
        await _say(response, _line(first))
        try:
            async for one in lines:
                await _say(response, _line(one))
        except LATE as wrong:
            await _say(response, EchoLine(error=problem_of(wrong)[1]))
    await response.write_eof()
    return response


def _line(one: int | str) -> EchoLine:
    return EchoLine(before=one) if isinstance(one, int) else EchoLine(answer=one)


async def _say(response: web.StreamResponse, line: EchoLine) -> None:
    await response.write(msgspec.json.encode(line) + b"\n")


@routes.post("/api/assure/materiel/verdict")
async def verdict(request: web.Request) -> web.Response:
    told = await body(request, EquipmentVerdict)
    equipment = request.app[EQUIPMENT]
    un = await equipment.allowed(told.link, told.access, request.get(SESSION))
    await equipment.keep(un, told, family(request.headers.get("User-Agent", "")))
    return web.Response(status=204)
