"""Before any handler: who asks is found out once, and refused where permissions.py says so.

Refused in this order: who asks (401, 403), then whose the object is (404, the same for « not
there » and « not yours »). A handler finds who asked in its request: SESSION, AGENT, API_KEY.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from controle.registre import TelecontroleInconnu
from server.assure.door import DoorClosed
from server.caisse.agents import agent_of
from server.caisse.slots import MedecinInconnu
from server.identity.sessions import Kind
from server.keys import AGENT, API_KEY, CONFIG, GUESSES, REGISTRE, SESSION
from server.store import owners
from server.store.owners import Owners

from .errors import Forbidden, Handler, Unauthenticated
from .hooks import check_signature, check_token
from .operations import admitted
from .permissions import LINES, Asker, Line
from .proxies import address, is_in
from .sessions import find_session, session_of, wanted

Gate = Callable[[web.Request, Line], Awaitable[None]]


@web.middleware
async def permitted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The innermost middleware: what passes here may be asked, by who asks it."""
    if request.match_info.http_exception is not None:
        # No such address, or not by this method.
        return await handler(request)
    line = request.app[LINES].get(request.match_info.route)
    if line is None:
        raise Forbidden
    await GATES[line.asker](request, line)
    if line.owned:
        await check_owned(request, line)
    if line.asker not in GUESSED:
        return await handler(request)
    try:
        return await handler(request)
    except (DoorClosed, Unauthenticated) as wrong:
        if not isinstance(wrong, DoorClosed) or wrong.acces == "inconnu":
            await guessed(request)
        raise


# --- who asks -----------------------------------------------------------------------------------


async def anybody(request: web.Request, line: Line) -> None:
    """Nothing is asked of who asks, here: it is public, or proves itself in the handler."""


async def holder(request: web.Request, _: Line) -> None:
    """The link is in the body: the handler looks it up. Whoever has entered is recognised."""
    session = await find_session(request, "assure")
    if session is not None:
        request[SESSION] = session


def session_for(kind: Kind) -> Gate:
    async def gate(request: web.Request, _: Line) -> None:
        """:raises Unauthenticated: no session of this kind."""
        request[SESSION] = await session_of(request, kind)

    return gate


async def agent(request: web.Request, _: Line) -> None:
    """:raises Unauthenticated: no agent's session."""
    session = request[SESSION] = await session_of(request, "agent")
    async with request.app[REGISTRE].glance() as unite:
        request[AGENT] = await agent_of(unite, session)


async def system(request: web.Request, line: Line) -> None:
    """:raises Refused: 401, 429 or 403."""
    if line.scope is None:
        raise Forbidden
    request[API_KEY] = await admitted(request, line.scope)


async def receipt_token(request: web.Request, line: Line) -> None:
    """:raises HTTPNotFound: an address that we gave nobody."""
    provider = line.path.removesuffix("/{token}").rpartition("/")[2]
    check_token(request, provider)


async def signed_receipt(request: web.Request, _: Line) -> None:
    """:raises HTTPNotFound, HTTPForbidden: not signed with our secret."""
    await check_signature(request)


async def our_network(request: web.Request, _: Line) -> None:
    """:raises HTTPForbidden: from no network of `metrics_networks`."""
    remote = address(request.remote)
    if remote is None or not is_in(remote, request.app[CONFIG].networks()):
        raise web.HTTPForbidden


async def load_key(request: web.Request, _: Line) -> None:
    """Compared in constant time, as bytes: a header may hold any.

    :raises HTTPUnauthorized: not the key of `loadtest_key`.
    """
    key = request.app[CONFIG].loadtest_key
    given = request.headers.get("Authorization", "").encode(errors="surrogateescape")
    if not key or not hmac.compare_digest(given, f"Bearer {key}".encode()):
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})


GATES: Mapping[Asker, Gate] = {
    "public": anybody,
    "link": holder,
    "login": anybody,
    "assure": session_for("assure"),
    "medecin_conseil": session_for("console"),
    "third_link": anybody,
    "tiers": session_for("tiers"),
    "agent": agent,
    "caisse": system,
    "signed_receipt": signed_receipt,
    "receipt_token": receipt_token,
    # Its token comes later, in CONNECT (signaling/namespace.py).
    "room_token": anybody,
    "metrics_network": our_network,
    "load_test": load_key,
}


# --- whose it is --------------------------------------------------------------------------------


async def check_owned(request: web.Request, line: Line) -> None:
    """The handler looks again, in the transaction in which it acts.

    :raises TelecontroleInconnu, MedecinInconnu: it is not there, or not theirs.
    """
    if line.owned == "medecin":
        await check_medecin(request)
        return
    identifier = wanted(request)
    async with request.app[REGISTRE].glance() as unite:
        found = await owners.of_telecontrole(unite.connection, identifier)
    if found is None or not OWNS[line.asker](request, found):
        raise TelecontroleInconnu


async def check_medecin(request: web.Request) -> None:
    doctor = request.match_info["medecin"][:36]
    async with request.app[REGISTRE].glance() as unite:
        caisse = await owners.caisse_of_medecin(unite.connection, doctor)
    if caisse != request[AGENT].caisse:
        raise MedecinInconnu


OWNS: Mapping[Asker, Callable[[web.Request, Owners], bool]] = {
    "medecin_conseil": lambda request, of: of.medecin_conseil == request[SESSION].subject,
    "agent": lambda request, of: of.caisse == request[AGENT].caisse,
    "caisse": lambda request, of: of.caisse == request[API_KEY].caisse,
}


# --- who guesses --------------------------------------------------------------------------------

#: Their secret is in the body, and a wrong one counts.
GUESSED: frozenset[Asker] = frozenset({"link", "login", "third_link"})


async def guessed(request: web.Request) -> None:
    """A secret was wrong; the right one of somebody else at this address is not felt by it.

    :raises TooManyTries: this network has guessed enough for now.
    """
    await request.app[GUESSES].wrong(request.remote or "")
