"""What `telecontrole loadtest` asks of a server: rooms, tokens, forgetting. Only there when the
configuration allows load tests (`loadtest = "allowed"`), and only for who holds its key."""

import asyncio
from typing import Annotated

from aiohttp import web
from msgspec import Meta

from server import keys
from server.loadtest import making
from server.record import Recorder

from .http import answer, body
from .messages import Body, RoomAccess

PATH = "/api/essai-de-charge"
#: Rooms of one request: thousands are asked for in several.
MAX_AT_ONCE = 200
#: Tokens signed between two looks at the sockets: some 2 ms.
BREATH = 8

Run = Annotated[str, Meta(pattern=r"^[a-z0-9]{8}$")]
RoomId = Annotated[str, Meta(min_length=1, max_length=36)]


class Wanted(Body, frozen=True):
    """So many new rooms; with a console's token for each, or not."""

    run: Run
    rooms: Annotated[int, Meta(ge=1, le=MAX_AT_ONCE)]
    consoles: bool = False


class Again(Body, frozen=True):
    """Fresh tokens of rooms that are there already: a token serves once."""

    run: Run
    rooms: Annotated[list[RoomId], Meta(min_length=1, max_length=MAX_AT_ONCE)]
    consoles: bool = False


class Done(Body, frozen=True):
    """An empty run: whatever load tests have left here."""

    run: Run | None = None


class Seated(Body, frozen=True):
    """One room's two tokens, and its doctor's console's."""

    assure: RoomAccess
    medecin_conseil: RoomAccess
    console: str = ""


class Rooms(Body, frozen=True):
    rooms: list[Seated]
    expires_in: int


class Forgotten(Body, frozen=True):
    rooms: int


def loadtest_routes() -> web.RouteTableDef:
    """For `create_app`, when the configuration allows it."""
    routes = web.RouteTableDef()
    routes.post(f"{PATH}/salles")(make)
    routes.post(f"{PATH}/jetons")(renew)
    routes.post(f"{PATH}/oubli")(forget)
    return routes


async def make(request: web.Request) -> web.Response:
    wanted, app = await body(request, Wanted), request.app
    now, recorder = app[keys.CLOCK](), Recorder(app[keys.CLOCK], app[keys.RINGS].seals)
    try:
        async with app[keys.REGISTRE].transaction() as unite:
            rooms = await making.make(unite.connection, recorder, wanted.run, wanted.rooms, now)
    except making.TooManyRooms as wrong:
        raise web.HTTPTooManyRequests from wrong
    return answer(await _seated(app, wanted.run, rooms, consoles=wanted.consoles), 201)


async def renew(request: web.Request) -> web.Response:
    again = await body(request, Again)
    return answer(await _seated(request.app, again.run, again.rooms, consoles=again.consoles))


async def _seated(app: web.Application, run: str, rooms: list[str], *, consoles: bool) -> Rooms:
    """In the order asked for; what is not of this run is left out."""
    tickets = app[keys.TICKETS]
    async with app[keys.REGISTRE].lecture() as unite:
        seats = await making.seats(unite.connection, run, rooms)
    seated = []
    for number, room in enumerate(one for one in rooms if one in seats):
        assure, doctor = seats[room]
        seated.append(
            Seated(
                assure=tickets.room(assure, room, "assure"),
                medecin_conseil=tickets.room(doctor, room, "medecin_conseil"),
                console=tickets.console(doctor) if consoles else "",
            )
        )
        if number % BREATH == 0:
            # Whoever is measured meanwhile does not wait for two hundred signatures.
            await asyncio.sleep(0)
    return Rooms(rooms=seated, expires_in=tickets.lifetime_seconds)


async def forget(request: web.Request) -> web.Response:
    """Live rooms are closed first, so that nobody is put on a record that is gone."""
    done, app = await body(request, Done), request.app
    run, live = done.run or "", app[keys.ROOMS]
    async with app[keys.REGISTRE].lecture() as unite:
        rooms = await making.known(unite.connection, run)
    for room in rooms:
        if live.get(room) is not None:
            await live.close(room, "service", "cancelled", app[keys.CLOCK]())
    async with app[keys.REGISTRE].transaction() as unite:
        return answer(Forgotten(rooms=await making.forget(unite.connection, run)))
