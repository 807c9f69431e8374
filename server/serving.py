"""Opens what a server needs, serves until told to stop, closes everything in order."""

import asyncio
import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog
import uvloop
from aiohttp import web

from certs.files import write_atomically
from certs.tls import server_context
from controle.convocation import Canal

from . import demo, keys, logs
from .app import create_app
from .config import Config, from_environment
from .demo_relay import relay_beside
from .demo_story import live_through, plan_ahead
from .evidence import making as witnesses
from .notify import senders
from .parts import Parts
from .rings import Rings, lines_of, vault_of
from .store.database import open_database
from .workers import LOOPBACK, Worker, shared, stop_with_parent, tell_ready

log = structlog.get_logger()

Result = TypeVar("Result")

#: Seconds that open requests have to end at a stop; sockets are told and come back elsewhere.
SHUTDOWN = 2.0
#: Objects made before the young ones are looked at; rounds before the older ones are. A request
#: that aiohttp refuses leaves a cycle with all that came behind it: not too late.
GARBAGE = (10_000, 20, 50)
#: Seconds until a thread that works gives way to one that waits.
SWITCH = 0.0005


def listening(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes any free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    return bound


async def serve(config: Config, worker: Worker | None = None) -> None:
    """`telecontrole serve`; `worker`: one of several processes."""
    ways = senders.build(config)
    for channel in (Canal.COURRIEL, Canal.SMS):
        if channel not in ways:
            # What is due by it waits, and agents see that nothing leaves.
            log.warning("no_sender", reason=str(channel))
    if not witnesses.is_elsewhere(config):
        # Who can write the store can put an older copy back, and nobody could tell.
        log.warning("no_witness")
    now = datetime.now(UTC)
    database = await open_database(config.database, vault_of(config, now), lines_of(config, now))
    try:
        rings = Rings.open(config.data_dir, datetime.now(UTC))
        first = worker is None or worker.first
        parts = Parts(
            config=config,
            database=database,
            rings=rings,
            senders=ways,
            first=first,
            link_alone=False,
        )
        if worker is None:
            await _until_stopped(parts, listening(config.host, config.port), lambda: None)
        else:
            bound, own = (shared(config.host, worker.port), shared(LOOPBACK, worker.own_port))
            await _until_stopped(parts, bound, partial(tell_ready, worker), own=own)
    finally:
        for sender in ways.values():
            await sender.close()
        await database.close()


def relays() -> Config:
    """A demo's settings: of the environment, the ways between browsers and nothing else."""
    ours = from_environment()
    return replace(
        Config(),
        stun_urls=ours.stun_urls,
        turn_urls=ours.turn_urls,
        turn_secret=ours.turn_secret,
        turn_ttl_seconds=ours.turn_ttl_seconds,
        ice_policy=ours.ice_policy,
        ice_policy_doctor=ours.ice_policy_doctor,
    )


async def serve_demo(
    *,
    port: int,
    data_dir: Path,
    ready_file: Path | None,
    count: int,
    robot: str,
    turn: bool,
    show: Callable[[dict[str, object]], None],
) -> None:
    """`telecontrole demo`. `turn`: with a relay beside.

    :raises RelayUnavailable: there is none to be had.
    """
    now = datetime.now(UTC)
    bound = listening("0.0.0.0", port)  # noqa: S104 — a phone on the same network joins too
    config, ca = demo.configure(data_dir, bound.getsockname()[1], now, relays())
    with relay_beside(config, demo.addresses()) if turn else nullcontext(config) as whole:
        await _serve_demo(whole, ca, now, bound, ready_file, count, robot, show)


async def _serve_demo(
    config: Config,
    ca: Path,
    now: datetime,
    bound: socket.socket,
    ready_file: Path | None,
    count: int,
    robot: str,
    show: Callable[[dict[str, object]], None],
) -> None:
    database = await open_database(config.database, vault_of(config, now))
    try:
        day, fresh = await demo.day_of(database, config, now, count)
        rings = Rings.open(config.data_dir, now)
        if fresh:
            await live_through(database, config, rings, [one.id for one in day.appointments])
        # Not loaded by a service.
        from .web.demo import demo_routes  # noqa: PLC0415

        parts = Parts(
            config=config,
            database=database,
            rings=rings,
            codes=day.code_of,
            senders=senders.spool(),
            keep_codes=True,
            extra=demo_routes(day),
        )
        ready = demo.ready(config, ca, day)

        def announce() -> None:
            if ready_file is not None:
                write_atomically(ready_file, json.dumps(ready, ensure_ascii=False).encode())
            show(ready)

        async def prepare(app: web.Application) -> None:
            if fresh:
                await plan_ahead(app, demo.CAISSE, [one.id for one in demo.MEDECINS])

        async with _robots(robot, ready, ca):
            await _until_stopped(parts, bound, announce, prepare)
    finally:
        await database.close()


def _robots(which: str, ready: dict[str, object], ca: Path) -> AbstractAsyncContextManager[None]:
    if not which:
        # aiortc is a second of work, for nobody.
        return nullcontext()
    from .robots import run_robot  # noqa: PLC0415

    return run_robot(which, ready, ca)


async def _until_stopped(
    parts: Parts,
    bound: socket.socket,
    announce: Callable[[], None],
    prepare: Callable[[web.Application], Awaitable[None]] | None = None,
    own: socket.socket | None = None,
) -> None:
    """Serve on `bound` until SIGINT or SIGTERM; `prepare` comes before anybody is let in.

    `own`: a worker's port for whoever is on this machine, without TLS.
    """
    config = parts.config
    tls = None
    if config.tls_certificate:
        tls = server_context(Path(config.tls_certificate), Path(config.tls_key))
    app = await create_app(parts)
    if prepare is not None:
        await prepare(app)
    settle()
    runner = web.AppRunner(
        app,
        access_log=None,
        keepalive_timeout=15,
        shutdown_timeout=SHUTDOWN,
    )
    await runner.setup()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    try:
        await app[keys.SIO].site(runner, bound, ssl_context=tls).start()
        if own is not None:
            await app[keys.SIO].site(runner, own).start()
            stop_with_parent(stop)
        log.info("serving", port=bound.getsockname()[1])
        announce()
        await stop.wait()
        log.info("stopping")
    finally:
        await runner.cleanup()


def settle() -> None:
    """What was made until now stays for good: the garbage collector need not walk it again, nor
    look often at thousands of sockets that make no cycles. Pauses of 0.1 s were seen otherwise.
    The thread that commits gets its turn soon, when the loop is busy."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    sys.setswitchinterval(SWITCH)


def run(
    main: Coroutine[Any, Any, Result], data_dir: Path, *, readable: bool, level: str = "info"
) -> Result:
    """An event loop on uvloop, logs on standard error."""
    logs.configure(readable=readable, level=level)
    # A data directory holds keys and names: nothing in it is for other accounts.
    os.umask(0o077)
    data_dir.mkdir(parents=True, exist_ok=True)
    return uvloop.run(main)
