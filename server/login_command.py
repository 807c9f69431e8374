"""The commands `login` and `session`: a way in for a professional, and out for good."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from .config import Config, ConfigurationError
from .identity.links import Links
from .identity.making import totp_of
from .identity.secrets import Keeper
from .identity.sessions import Kind, Sessions
from .identity.totp import qr_code
from .offline import refuse, say
from .rings import vault_of
from .store import people
from .store.database import open_database
from .store.sql import RegistreSql

Result = TypeVar("Result")

ENROL = """
Première connexion : dans une application d'authentification (FreeOTP, Aegis…), scannez ce code.
Il n'est montré qu'une fois ; un code à six chiffres de cette application sera demandé à chaque
connexion.
"""


def login(config: Config, subject: str, kind: Kind, *, renew: bool) -> int:
    """Print a login link for one use; with it, at first, the QR code of the second factor.

    :raises ConfigurationError: there is no such person, or a provider lets people in.
    """
    if config.professionals == "oidc":
        return refuse(f"ici, on se connecte par {config.oidc_name} (professionals = « oidc »).")
    link, enrolment = asyncio.run(_made(config, subject, kind, renew=renew))
    say(link)
    if enrolment:
        say(ENROL)
        say(qr_code(enrolment))
        say(f"  Sans appareil photo : {enrolment}")
    return 0


async def _made(config: Config, subject: str, kind: Kind, *, renew: bool) -> tuple[str, str]:
    """The link, and the authenticator's otpauth URL when a new one was made."""
    now = datetime.now(UTC)
    vault = vault_of(config, now)
    links, totp = Links(Keeper(config.secret), vault), totp_of(config, vault)
    knows = people.knows_agent if kind == "agent" else people.knows_medecin

    async def work(connection: AsyncConnection) -> tuple[str, str]:
        if not await knows(connection, subject):
            who = "agent" if kind == "agent" else "médecin-conseil"
            raise ConfigurationError(f"{subject}: no such {who}")
        enrolment = ""
        if renew or not await totp.enrolled(connection, kind, subject):
            enrolment = await totp.enrol(connection, kind, subject)
            # Another authenticator, another person perhaps: nothing stays open.
            await _sessions(config).revoke_all(connection, subject, [kind], now)
        expires = now + config.login_lifetime
        secret = await links.make_login(connection, subject, expires=expires, once=True, kind=kind)
        return f"{config.origin}/{kind}#{secret}", enrolment

    return await _within(config, work)


def revoke(config: Config, subject: str) -> int:
    """Close every session of a professional; a running server cuts their sockets within
    `session_check`."""
    now = datetime.now(UTC)

    async def work(connection: AsyncConnection) -> int | None:
        known = await people.knows_medecin(connection, subject)
        if not known and not await people.knows_agent(connection, subject):
            return None
        return await _sessions(config).revoke_all(connection, subject, ["console", "agent"], now)

    closed = asyncio.run(_within(config, work))
    if closed is None:
        return refuse(f"{subject} : ni médecin-conseil ni agent de ce nom.")
    seconds = config.session_check.total_seconds()
    say(f"{closed} session(s) fermée(s) ; ce qui est ouvert est coupé sous {seconds:g} s.")
    return 0


def _sessions(config: Config) -> Sessions:
    return Sessions(Keeper(config.secret), {})


async def _within(config: Config, work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
    database = await open_database(config.database, vault_of(config, datetime.now(UTC)))
    try:
        async with RegistreSql(database).transaction() as unite:
            return await work(unite.connection)
    finally:
        await database.close()
