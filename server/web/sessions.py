"""What every audience has in common: login links, sessions and their cookies, ids in a path."""

from uuid import UUID

from aiohttp import web

from controle.registre import TelecontroleInconnu
from server.identity.sessions import Kind, Session, take_cookie
from server.keys import (
    CLOCK,
    CONSOLE_SOCKETS,
    LINKS,
    REGISTRE,
    ROOM_SOCKETS,
    ROOMS,
    SESSIONS,
)
from signaling.cluster import Cluster

from .errors import Unauthenticated
from .http import body
from .messages import Login


async def logged_in(request: web.Request, kind: Kind) -> tuple[Session, str]:
    """A session for the holder of a login link, and the secret for its cookie.

    :raises Unauthenticated: the link opens nothing, or not any more.
    """
    app = request.app
    now = app[CLOCK]()
    secret = (await body(request, Login)).login
    async with app[REGISTRE].transaction() as unite:
        subject = await app[LINKS].login(unite.connection, secret, now, kind)
        if subject is None:
            raise Unauthenticated
        return await app[SESSIONS].open(unite.connection, kind, subject, now)


async def session_of(request: web.Request, kind: Kind) -> Session:
    """Being used, its idle time starts again.

    :raises Unauthenticated: no session, or not any more.
    """
    app = request.app
    now = app[CLOCK]()
    async with app[REGISTRE].lecture() as unite:
        session = await app[SESSIONS].find(unite.connection, kind, request, now)
    if session is None:
        raise Unauthenticated
    if session.stale:
        async with app[REGISTRE].transaction() as unite:
            await app[SESSIONS].seen(unite.connection, session, now)
    return session


async def logged_out(request: web.Request, session: Session) -> web.Response:
    """The session is over; its cookie goes."""
    app = request.app
    async with app[REGISTRE].transaction() as unite:
        await app[SESSIONS].revoke(unite.connection, session.reference, app[CLOCK]())
    response = web.Response(status=204)
    take_cookie(response, session.kind)
    return response


async def cut_sockets(app: web.Application, session: Session) -> None:
    """Those that were opened for it, whatever worker holds them."""
    for sockets in (app[CONSOLE_SOCKETS], app[ROOM_SOCKETS]):
        await sockets.close_session(session.reference)
    rooms = app[ROOMS]
    if isinstance(rooms, Cluster):
        rooms.sign_out(session.reference)


def wanted(request: web.Request, name: str = "id") -> str:
    """An id of the path; what is no id is not there."""
    try:
        return str(UUID(request.match_info[name]))
    except ValueError:
        raise TelecontroleInconnu from None
