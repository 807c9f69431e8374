"""Sessions on the server's side: a cookie holds a secret, the store its hash, both can end."""

import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from aiohttp import web
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.etats import Etat
from server.store import schema as t
from server.store.sql import read, written

from .secrets import Keeper, new_secret

Kind = Literal["assure", "console", "agent", "tiers"]

#: How often it is written that a session is used: a write is a wait for the disk.
SEEN_EVERY = timedelta(minutes=1)

#: References in one question: a database bounds them.
AT_ONCE = 500

#: `__Host-`: this host alone, https alone, the whole site (RFC 6265bis §4.1.3.2).
COOKIES: dict[Kind, str] = {
    "assure": "__Host-assure",
    "console": "__Host-console",
    "agent": "__Host-agent",
    "tiers": "__Host-tiers",
}


@dataclass(frozen=True, slots=True)
class Session:
    """An open session. `reference` names it in tokens, without opening it."""

    reference: str
    kind: Kind
    subject: str
    #: The one télécontrôle of an assuré's or third participant's session; empty for a console's.
    telecontrole: str
    #: When it was used last has not been written for a while.
    stale: bool = False


@dataclass(frozen=True, slots=True)
class SessionRules:
    """`idle`: without a request; `life`: in all."""

    idle: timedelta
    life: timedelta


_OPEN = insert(t.session)
_FIND = select(t.session).where(t.session.c.empreinte == bindparam("hashed"))


class Sessions:
    def __init__(self, keeper: Keeper, rules: dict[Kind, SessionRules]) -> None:
        self._keeper = keeper
        self._rules = rules

    async def open(
        self,
        connection: AsyncConnection,
        kind: Kind,
        subject: str,
        now: datetime,
        telecontrole: str = "",
    ) -> tuple[Session, str]:
        """A new session and the secret for its cookie."""
        secret = new_secret()
        session = Session(secrets.token_hex(16), kind, subject, telecontrole)
        row = {
            "empreinte": self._keeper.hashed("session", kind, secret),
            "reference": session.reference,
            "genre": kind,
            "sujet": subject,
            "telecontrole": telecontrole or None,
            "vue": written(now),
            "expire": written(now + self._rules[kind].life),
        }
        await connection.execute(_OPEN, row)
        return session, secret

    async def find(
        self, connection: AsyncConnection, kind: Kind, request: web.Request, now: datetime
    ) -> Session | None:
        """The session of this request's cookie, if it still holds."""
        secret = request.cookies.get(COOKIES[kind], "")
        if not secret:
            return None
        hashed = self._keeper.hashed("session", kind, secret[:128])
        row = (await connection.execute(_FIND, {"hashed": hashed})).first()
        if row is None or row.revoquee or read(row.expire) < now:
            return None
        if now - read(row.vue) > self._rules[kind].idle:
            return None
        stale = now - read(row.vue) > SEEN_EVERY
        return Session(row.reference, kind, row.sujet, row.telecontrole or "", stale)

    async def seen(
        self, connection: AsyncConnection, references: Collection[str], now: datetime
    ) -> None:
        """These persons are still there: the idle time starts again."""
        for some in _some(references):
            await connection.execute(
                update(t.session).where(t.session.c.reference.in_(some)).values(vue=written(now))
            )

    async def talking(
        self, connection: AsyncConnection, references: Collection[str], now: datetime
    ) -> list[str]:
        """Of these consoles, those that hold, whose médecin-conseil is in a call, and of which it
        has not been written for a while that they are used."""
        c, un = t.session.c, t.telecontrole.c
        found: list[str] = []
        in_a_call = select(un.medecin_conseil).where(un.etat == str(Etat.EN_COURS))
        for some in _some(references):
            rows = await connection.scalars(
                select(c.reference)
                .where(c.reference.in_(some), c.revoquee.is_(None), c.sujet.in_(in_a_call))
                .where(c.vue < written(now - SEEN_EVERY))
                .where(c.vue >= written(now - self._rules["console"].idle))
            )
            found += rows.all()
        return found

    async def revoke(self, connection: AsyncConnection, reference: str, now: datetime) -> None:
        await connection.execute(
            update(t.session)
            .where(t.session.c.reference == reference)
            .values(revoquee=written(now))
        )

    async def revoke_all(
        self, connection: AsyncConnection, subject: str, kinds: Collection[Kind], now: datetime
    ) -> int:
        """Every open session of a professional; how many there were."""
        done = await connection.execute(
            update(t.session)
            .where(t.session.c.sujet == subject, t.session.c.genre.in_(kinds))
            .where(t.session.c.revoquee.is_(None), t.session.c.expire > written(now))
            .values(revoquee=written(now))
        )
        return int(done.rowcount)

    async def over(
        self, connection: AsyncConnection, references: Collection[str], now: datetime
    ) -> dict[str, bool]:
        """Of these, the closed ones: True for a revoked one, False for one whose time is up."""
        found = {}
        for some in _some(references):
            rows = await connection.execute(
                select(t.session.c.reference, t.session.c.revoquee).where(
                    t.session.c.reference.in_(some),
                    t.session.c.revoquee.is_not(None) | (t.session.c.expire < written(now)),
                )
            )
            found.update({row.reference: row.revoquee is not None for row in rows})
        return found

    async def forget_tokens(self, connection: AsyncConnection, before: datetime) -> None:
        """Used tokens that have long expired need not be remembered."""
        await connection.execute(
            delete(t.jeton_utilise).where(t.jeton_utilise.c.expire < int(before.timestamp()))
        )


def _some(references: Collection[str]) -> Iterator[list[str]]:
    """So many at once."""
    wanted = list(references)
    return (wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE))


def give_cookie(response: web.StreamResponse, kind: Kind, secret: str, life: timedelta) -> None:
    response.set_cookie(
        COOKIES[kind],
        secret,
        max_age=int(life.total_seconds()),
        path="/",
        secure=True,
        httponly=True,
        samesite="Strict",
    )


def take_cookie(response: web.StreamResponse, kind: Kind) -> None:
    response.del_cookie(COOKIES[kind], path="/", secure=True, httponly=True, samesite="Strict")
