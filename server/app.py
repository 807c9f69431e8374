"""create_app(parts): what there is, and how long each thing lives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from time import perf_counter
from typing import Any

import structlog
from aiohttp import web

from signaling.cluster import Cluster

from . import closing, keys
from .assembly import assemble
from .keeping import daily
from .keeping.making import purged
from .keeping.purge import Stores
from .keeping.reports import Reports
from .meters import Meters, timed
from .notify import messages
from .parts import Parts
from .store import alive
from .store import professionals as professionals_kept
from .web import (
    agent,
    assure,
    assure_space,
    attestation,
    caisse_api,
    console,
    equipment,
    hooks,
    notes,
    professionals,
    service,
    thirds,
    verification,
)
from .web.errors import refusals
from .web.gates import permitted
from .web.http import add_headers, only_our_pages
from .web.journaled import journaled
from .web.pages import Client
from .web.permissions import LINES, lines_of
from .web.problems import problems
from .web.proxies import believing

log = structlog.get_logger()

#: Who asks: a file each.
AUDIENCES = (
    assure.routes,
    assure_space.routes,
    attestation.routes,
    equipment.routes,
    verification.routes,
    console.routes,
    notes.routes,
    agent.routes,
    thirds.routes,
    professionals.routes,
    caisse_api.routes,
    hooks.routes,
    service.routes,
)


async def create_app(parts: Parts) -> web.Application:
    """The application, not yet listening."""
    config = parts.config
    # A broken catalogue stops the start, not the first convocation.
    messages.load()
    meters = Meters()
    app = web.Application(
        client_max_size=config.body_bytes,
        middlewares=[
            believing(config.proxies),
            timed(meters),  # type: ignore[list-item]
            refusals,
            problems,
            only_our_pages,
            permitted,
            journaled,
        ],
    )
    assemble(app, parts, meters)
    app.on_response_prepare.append(add_headers)
    for table in (*AUDIENCES, parts.extra):
        app.router.add_routes(table)
    if config.loadtest == "allowed":
        # A service does not load what only tries it.
        from .web.loadtest import loadtest_routes  # noqa: PLC0415

        app.router.add_routes(loadtest_routes())
    Client(kept=config.data_dir / "client.msgpack").add_routes(app)
    # Whatever could be asked is known by now: a route that says nothing of who may stops here.
    app[LINES] = lines_of(app.router, parts.lines)
    app.cleanup_ctx.append(running)
    return app


async def running(app: web.Application) -> AsyncIterator[None]:
    """The tasks of a running server; all end with it."""
    rooms = app[keys.ROOMS]
    if not isinstance(rooms, Cluster) or rooms.first:
        await app[keys.WITNESS].restarted()
    async with AsyncExitStack() as stack:
        # Pushed first, called last: what the others put on record at the end is still written,
        # and covered by a last head.
        stack.push_async_callback(app[keys.HERALD].farewell)
        stack.push_async_callback(app[keys.LEDGER].close)
        stack.push_async_callback(app[keys.ECHOES].close)
        await stack.enter_async_context(task(app[keys.HERALD].watch_over()))
        await stack.enter_async_context(task(app[keys.HERALD].tell()))
        await stack.enter_async_context(task(app[keys.PUSHER].run()))
        if isinstance(rooms, Cluster):
            await stack.enter_async_context(task(rooms.run()))
        await stack.enter_async_context(task(app[keys.POSTMAN].run()))
        await stack.enter_async_context(task(app[keys.METERS].watch_lag()))
        await stack.enter_async_context(task(heartbeat(app)))
        await stack.enter_async_context(task(closing.watch(app)))
        await stack.enter_async_context(task(daily.every_day(lambda: keep(app))))
        if keys.PROVIDER in app:
            stack.push_async_callback(app[keys.PROVIDER].close)
        stack.push_async_callback(app[service.READINESS].close)
        stack.push_async_callback(app[keys.NOTES_STORE].close)
        stack.push_async_callback(app[keys.JOURNAL].close)
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


async def keep(app: web.Application) -> bool:
    """What is past its time goes, where today's purge is due and no other worker is at it."""
    config, clock, database = app[keys.CONFIG], app[keys.CLOCK], app[keys.REGISTRE].database
    stores = Stores(database, app[keys.NOTES_STORE], app[keys.JOURNAL])
    reports = Reports(database, app[keys.RINGS].seals, clock)
    return await daily.once(
        config.purge_hour, clock(), reports, lambda: purged(config, stores, reports, clock)
    )


async def heartbeat(app: web.Application) -> None:
    """Minute by minute, who is there goes on the record. A minute that fails (a full disk) is
    not the last one."""
    each = rest = app[keys.CONFIG].heartbeat.total_seconds()
    while True:
        await asyncio.sleep(rest)
        began = perf_counter()
        try:
            await beat(app)
        except Exception:
            log.exception("heartbeat_failed")
        rest = max(0, each - (perf_counter() - began))


async def beat(app: web.Application) -> None:
    await app[keys.ROOMS].beat()
    app[keys.WITNESS].whose.keep(app[keys.ROOMS].ids)
    async with app[keys.REGISTRE].transaction() as unite:
        now = app[keys.CLOCK]()
        await app[keys.SESSIONS].forget_tokens(unite.connection, now)
        await professionals_kept.forget(unite.connection, now)
        await alive.mark(unite.connection, now)
