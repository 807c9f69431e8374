"""Sockets end with their session, also with one that another process closed (`telecontrole
session revoquer`), and a console's when its time is up. A call keeps its médecin-conseil's."""

import asyncio
from datetime import datetime

import structlog
from aiohttp import web

from . import keys

log = structlog.get_logger()


async def watch(app: web.Application) -> None:
    """Every `session_check`. A check that fails is not the last one."""
    while True:
        await asyncio.sleep(app[keys.CONFIG].session_check.total_seconds())
        try:
            await check(app, app[keys.CLOCK]())
        except Exception:
            log.exception("session_check_failed")


async def check(app: web.Application, now: datetime) -> None:
    """A revoked session loses all its sockets; one whose time is up its consoles alone: nobody is
    thrown out of a call by a clock. Nor is who is in a call idle, though their page may ask for
    nothing while they talk."""
    consoles, rooms = app[keys.CONSOLE_SOCKETS], app[keys.ROOM_SOCKETS]
    open_ones = consoles.sessions | rooms.sessions
    if not open_ones:
        return
    async with app[keys.REGISTRE].lecture() as unite:
        over = await app[keys.SESSIONS].over(unite.connection, open_ones, now)
        talking = await app[keys.SESSIONS].talking(unite.connection, rooms.doctors, now)
    for reference, revoked in over.items():
        await consoles.close_session(reference)
        if revoked:
            await rooms.close_session(reference)
    if talking:
        async with app[keys.REGISTRE].quick_transaction() as unite:
            await app[keys.SESSIONS].seen(unite.connection, talking, now)
