"""create_app(config): what there is, what it is made of, and how long each thing lives."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import web

from controle.telecontrole import Fenetre
from signaling.access import Tokens
from signaling.namespace import ConsoleNamespace, RoomNamespace
from signaling.protocol import CLIENT_TO_SERVER, CONSOLE_TO_SERVER
from signaling.rooms import Rooms
from signaling.transport import GuardedServer, Limits

from . import keys
from .clock import SystemClock
from .config import Config
from .desk import Desk
from .door import Door
from .entries import Entries
from .identity.links import Links
from .identity.second_factor import CodeRules, SecondFactor
from .identity.secrets import Keeper, new_code
from .identity.sessions import SessionRules, Sessions
from .meters import Meters, timed
from .outcomes import Outcomes
from .pusher import Pusher
from .record import Recorder
from .rings import Rings
from .store.database import Database
from .store.sql import RegistreSql
from .tickets import Tickets
from .web import assure, console, service
from .web.errors import refusals
from .web.http import add_headers, only_our_pages
from .web.pages import Client
from .web.proxies import believing
from .witness import RoomWitness

log = structlog.get_logger()

#: Engine.IO's endpoint; nothing else is answered there.
SOCKET_PATH = "socket.io"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the command opens before the application and closes after it."""

    config: Config
    database: Database
    rings: Rings
    clock: SystemClock = field(default_factory=SystemClock)
    #: Draws the second factor's code of a télécontrôle (the demo prints its own beforehand).
    codes: Callable[[str], str] = lambda _: new_code()
    #: Keep the text of what is sent (the demo shows it); a service keeps that it was sent.
    keep_messages: bool = False
    #: More routes: the demo's outbox and login offer; `serve` has none.
    extra: web.RouteTableDef = field(default_factory=web.RouteTableDef)


async def create_app(parts: Parts) -> web.Application:
    """The application, not yet listening."""
    config = parts.config
    meters = Meters()
    app = web.Application(
        client_max_size=config.body_bytes,
        middlewares=[
            believing(config.proxies),
            timed(meters),  # type: ignore[list-item]
            refusals,
            only_our_pages,
        ],
    )
    assemble(app, parts, meters)
    app.on_response_prepare.append(add_headers)
    for table in (assure.routes, console.routes, service.routes, parts.extra):
        app.router.add_routes(table)
    Client().add_routes(app)
    app.cleanup_ctx.append(running)
    return app


def assemble(app: web.Application, parts: Parts, meters: Meters) -> None:
    """Who knows whom; each gets what it needs in its constructor."""
    config, clock = parts.config, parts.clock
    keeper = Keeper(config.secret)
    registre = RegistreSql(parts.database)
    fenetre = fenetre_of(config)
    links = Links(keeper)
    sessions = Sessions(
        keeper,
        {
            "assure": SessionRules(config.assure_session, config.assure_session),
            "console": SessionRules(config.console_idle, config.console_session),
        },
    )
    tokens = Tokens(parts.rings.tokens, config.origin, config.token_lifetime)
    tickets = Tickets(config, clock, tokens)
    recorder = Recorder(clock, parts.rings.seals)
    pusher = Pusher()

    def online(doctor: str) -> bool:
        """The consoles' namespace is made further down."""
        return app[keys.CONSOLE_SOCKETS].online(doctor)

    witness = RoomWitness(
        registre=registre,
        sessions=sessions,
        recorder=recorder,
        clock=clock,
        fenetre=fenetre,
        online=online,
        listeners=pusher,
    )
    rooms = Rooms(witness, clock, config.reconnection_grace)
    entries = Entries(fenetre, clock, rooms.get)
    desk = Desk(
        config=config,
        clock=clock,
        registre=registre,
        sessions=sessions,
        tickets=tickets,
        recorder=recorder,
        rooms=rooms,
        entries=entries,
        changed=pusher.entry_changed,
        doctor_changed=pusher.doctor_changed,
    )
    outcomes = Outcomes(
        clock=clock,
        registre=registre,
        recorder=recorder,
        rooms=rooms,
        entries=entries,
        fenetre=fenetre,
        changed=pusher.entry_changed,
    )
    door = Door(
        config=config,
        clock=clock,
        registre=registre,
        links=links,
        second_factor=SecondFactor(keeper, code_rules(config), parts.codes),
        sessions=sessions,
        tickets=tickets,
        recorder=recorder,
        rooms=rooms,
        fenetre=fenetre,
        changed=pusher.entry_changed,
        keep_messages=parts.keep_messages,
    )
    room_sockets = RoomNamespace(tokens, rooms, witness)
    console_sockets = ConsoleNamespace(tokens, desk)
    desk.push_day = console_sockets.push_day
    sio = socket_server(config)
    sio.register_namespace(room_sockets)
    sio.register_namespace(console_sockets)
    sio.attach(app, SOCKET_PATH)
    pusher.handlers = push_handlers(registre, witness, rooms, desk, console_sockets, meters)
    for key, value in (
        (keys.CONFIG, config), (keys.CLOCK, clock), (keys.DESK, desk), (keys.DOOR, door),
        (keys.OUTCOMES, outcomes),
        (keys.LINKS, links), (keys.METERS, meters), (keys.REGISTRE, registre),
        (keys.RINGS, parts.rings), (keys.ROOMS, rooms), (keys.SESSIONS, sessions),
        (keys.SIO, sio), (keys.ROOM_SOCKETS, room_sockets),
        (keys.CONSOLE_SOCKETS, console_sockets), (keys.PUSHER, pusher), (keys.WITNESS, witness),
    ):  # fmt: skip
        app[key] = value  # type: ignore[misc]


def fenetre_of(config: Config) -> Fenetre:
    return Fenetre(
        avant=config.open_before,
        apres=config.open_after,
        grace_absence=config.absence_grace,
        grace_reconnexion=config.reconnection_grace,
    )


def code_rules(config: Config) -> CodeRules:
    return CodeRules(
        lifetime=config.code_lifetime,
        tries=config.code_tries,
        lock=config.code_lock,
        resend=config.code_resend,
        sends=config.codes_per_link,
    )


def socket_server(config: Config) -> GuardedServer:
    limits = Limits(
        connect_deadline=config.connect_deadline_seconds,
        pending_per_address=config.pending_sockets_per_address,
        rate=config.messages_per_second,
        burst=config.messages_burst,
    )
    return GuardedServer(
        limits=limits,
        events={"/": CLIENT_TO_SERVER.keys(), "/console": CONSOLE_TO_SERVER.keys()},
        origins=list(config.origins),
        address_of=address_of,
    )


def address_of(environ: Mapping[str, Any]) -> str:
    """The client's address. Engine.IO's own REMOTE_ADDR is a constant (threat-model.md, F14)."""
    request: web.Request = environ["aiohttp.request"]
    return request.remote or ""


def push_handlers(
    registre: RegistreSql,
    witness: RoomWitness,
    rooms: Rooms,
    desk: Desk,
    consoles: ConsoleNamespace,
    meters: Meters,
) -> dict[Any, Any]:
    """What the pusher does for each kind of change."""

    async def entry(telecontrole: str) -> None:
        doctor, changed = await desk.entry(telecontrole)
        await consoles.push(doctor, changed)
        meters.pushes.inc()

    async def doctor(identifier: str) -> None:
        for room in rooms:
            if witness.doctor_of.get(room.id) == identifier and room.phase != "ended":
                async with registre.lecture() as unite:
                    un = await unite.telecontrole(room.id)
                    reception = await witness.reception(unite, un)
                await rooms.receive(room.id, reception)

    return {"entry": entry, "doctor": doctor}


async def running(app: web.Application) -> AsyncIterator[None]:
    """The tasks of a running server; all end with it."""
    await app[keys.WITNESS].restarted()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(task(app[keys.PUSHER].run()))
        await stack.enter_async_context(task(app[keys.METERS].watch_lag()))
        await stack.enter_async_context(task(heartbeat(app)))
        yield
        await app[keys.SIO].stopped()


@asynccontextmanager
async def task(work: Any) -> AsyncIterator[None]:
    running_task = asyncio.create_task(work)
    try:
        yield
    finally:
        running_task.cancel()
        with suppress(asyncio.CancelledError):
            await running_task


async def heartbeat(app: web.Application) -> None:
    """Minute by minute, who is there goes on the record. A minute that fails (a full disk) is
    not the last one."""
    while True:
        await asyncio.sleep(app[keys.CONFIG].heartbeat.total_seconds())
        try:
            await beat(app)
        except Exception:
            log.exception("heartbeat_failed")


async def beat(app: web.Application) -> None:
    await app[keys.ROOMS].beat()
    async with app[keys.REGISTRE].transaction() as unite:
        await app[keys.SESSIONS].forget_tokens(unite.connection, app[keys.CLOCK]())
