"""What every audience has in common: login links, sessions and their cookies, ids in a path."""

from contextlib import suppress
from uuid import UUID

from aiohttp import web

from controle.registre import TelecontroleInconnu
from server.identity.local_login import SecondFactorWanted
from server.identity.oidc_refusals import LoginRefused, OtherWay
from server.identity.sessions import COOKIES, Kind, Session, take_cookie
from server.keys import (
    CLOCK,
    CONSOLE_SOCKETS,
    LOCAL_LOGIN,
    PROVIDER,
    REGISTRE,
    ROOM_SOCKETS,
    ROOMS,
    SESSIONS,
)
from signaling.cluster import Cluster

from .errors import Unauthenticated
from .http import answer, body
from .messages import LoggedOut, Login

#: A page says by it that nobody has touched it for a while.
UNATTENDED = "X-Unattended"


async def logged_in(request: web.Request, kind: Kind) -> tuple[Session, str]:
    """A session for the holder of a login link, and the secret for its cookie. The one that this
    browser had is closed: nothing passes from one login to the next.

    :raises OtherWay: the provider alone lets in.
    :raises SecondFactorWanted: the link is good, and a code is missing or wrong.
    :raises Unauthenticated: the link opens nothing, or not any more.
    """
    app = request.app
    local, sessions, now = app[LOCAL_LOGIN], app[SESSIONS], app[CLOCK]()
    if local.way == "closed":
        raise OtherWay
    given = await body(request, Login)
    before, opened = await find_session(request, kind), None
    async with app[REGISTRE].quick_transaction() as unite:
        came = await local.enter(unite.connection, given.login, given.code, now, kind)
        if came.subject is not None:
            if before is not None:
                await sessions.revoke(unite.connection, before.reference, now)
            opened = await sessions.open(unite.connection, kind, came.subject, now)
    if opened is None:
        # Outside: a wrong code that was counted stays counted.
        raise SecondFactorWanted(came.tried) if came.wanted or came.tried else Unauthenticated
    if before is not None:
        await cut_sockets(app, before)
    return opened


async def find_session(request: web.Request, kind: Kind) -> Session | None:
    """The one of this request's cookie, if it still holds."""
    app = request.app
    if not request.cookies.get(COOKIES[kind]):
        return None
    async with app[REGISTRE].glance() as unite:
        return await app[SESSIONS].find(unite.connection, kind, request, app[CLOCK]())


async def session_of(request: web.Request, kind: Kind) -> Session:
    """Being used, its idle time starts again (an assuré's has none: it ends when it ends); what a
    page asks by itself, with nobody there, is no use.

    :raises Unauthenticated: no session, or not any more.
    """
    app = request.app
    session = await find_session(request, kind)
    if session is None:
        raise Unauthenticated
    used = UNATTENDED not in request.headers
    if session.stale and used and kind not in ("assure", "tiers"):
        now = app[CLOCK]()
        async with app[REGISTRE].quick_transaction() as unite:
            await app[SESSIONS].seen(unite.connection, [session.reference], now)
    return session


async def logged_out(request: web.Request, session: Session) -> web.Response:
    """The session is over; its cookie goes. Where a provider opened it, it is told how to end its
    own (else the next one on this computer would enter without a word)."""
    app = request.app
    provider, id_token, url = app.get(PROVIDER), None, None
    async with app[REGISTRE].quick_transaction() as unite:
        await app[SESSIONS].revoke(unite.connection, session.reference, app[CLOCK]())
        if provider is not None:
            id_token = await provider.farewell(unite.connection, session)
    if provider is not None and id_token is not None:
        # A provider that is away keeps nobody logged in here.
        with suppress(LoginRefused):
            url = await provider.leave(id_token, session.kind)
    response = answer(LoggedOut(next=url)) if url else web.Response(status=204)
    take_cookie(response, session.kind)
    return response


async def cut_sockets(app: web.Application, session: Session) -> None:
    """Those that were opened for it, whatever worker holds them."""
    await cut_session(app, session.reference)


async def cut_session(app: web.Application, reference: str) -> None:
    for sockets in (app[CONSOLE_SOCKETS], app[ROOM_SOCKETS]):
        await sockets.close_session(reference)
    rooms = app[ROOMS]
    if isinstance(rooms, Cluster):
        rooms.sign_out(reference)


def wanted(request: web.Request, name: str = "id") -> str:
    """An id of the path; what is no id is not there."""
    try:
        return str(UUID(request.match_info[name]))
    except ValueError:
        raise TelecontroleInconnu from None
