"""The six-digit code sent to the assuré's phone: single use, few tries, then a pause.

Counted for each link, and never across links: two hundred people behind one address do not feel
each other. Of one link, each network is counted apart: a link may have been forwarded, and whoever
guesses at it locks themselves out, not the assuré who has the code in hand. What all of them try
together is bounded too (docs/decisions/0023-roles-routes-events.md).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import and_, bindparam, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import schema as t
from server.store.sql import read, written

from .guesses import network
from .secrets import Keeper

Verdict = Literal["right", "wrong", "locked", "expired"]
#: What a code opens: the door of the room, the answer to « is this message genuine? », the
#: attestation, once the room is closed, or the test of the network, before it is open.
Usage = Literal["entree", "verification", "attestation", "materiel"]
#: Of a network's keyed hash, what is kept: enough to tell the few that try one link apart.
NETWORK = 14
#: A code that was never sent is out of time.
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CodeRules:
    """How long a code lives, how often it may be tried and asked for."""

    lifetime: timedelta
    #: Wrong codes from one network before it waits for `lock`, and from all before all wait.
    tries: int
    tries_in_all: int
    lock: timedelta
    resend: timedelta
    #: Codes sent within `lock`, asked for by one network and by all.
    sends: int
    sends_in_all: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A code to send now, or None when the one sent just before still holds."""

    code: str | None
    expires_in: int
    resend_in: int


@dataclass(frozen=True, slots=True)
class Checked:
    """`left`: tries that remain; `wait`: seconds until the door opens again.

    `counted`: something changed by it. Knocking on a locked door changes nothing, and does not
    fill the record either.
    """

    verdict: Verdict
    left: int = 0
    wait: int = 0
    counted: bool = True


class TooManyCodes(Exception):
    """Too many were asked for; `wait` seconds, then again."""

    def __init__(self, wait: int) -> None:
        super().__init__(wait)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Count:
    """What was sent and tried: of a link, with the code in course, or of one network at it."""

    telecontrole: str
    usage: str
    since: datetime
    code: str | None = None
    sent: datetime | None = None
    expires: datetime = NEVER
    tries: int = 0
    sends: int = 0
    until: datetime | None = None

    def locked(self, now: datetime) -> int:
        """Seconds that its lock still lasts; 0: there is none."""
        return seconds(self.until - now) if self.until and self.until > now else 0


class SecondFactor:
    """`codes`: draws the code of a télécontrôle; the demo hands in one that it can print."""

    def __init__(
        self,
        keeper: Keeper,
        rules: CodeRules,
        codes: Callable[[str], str],
        usage: Usage = "entree",
    ) -> None:
        self._keeper = keeper
        self._rules = rules
        self._codes = codes
        self._usage = usage

    async def send(
        self, connection: AsyncConnection, telecontrole: str, now: datetime, address: str
    ) -> Sent:
        """Prepare a code; `address`: whose request asks for it.

        :raises TooManyCodes: the door is locked, or too many were sent.
        """
        rules, (link, own) = self._rules, await self._counts(connection, telecontrole, address, now)
        locked = max(link.locked(now), own.locked(now))
        if locked:
            raise TooManyCodes(locked)
        if link.sent and link.code and now - link.sent < rules.resend:
            wait = rules.resend - (now - link.sent)
            return Sent(None, seconds(link.expires - now), seconds(wait))
        for count, most in ((link, rules.sends_in_all), (own, rules.sends)):
            if count.sends >= most:
                raise TooManyCodes(seconds(count.since + rules.lock - now))
        code = self._codes(telecontrole)
        await self._keep(
            connection,
            link,
            empreinte=self._hashed(telecontrole, code),
            envoye=written(now),
            expire=written(now + rules.lifetime),
            envois=link.sends + 1,
        )
        await self._keep(connection, own, envois=own.sends + 1)
        return Sent(code, seconds(rules.lifetime), seconds(rules.resend))

    async def check(
        self,
        connection: AsyncConnection,
        telecontrole: str,
        code: str,
        now: datetime,
        address: str,
    ) -> Checked:
        """Try a code; the right one is used up. `address`: whose request brings it."""
        link, own = await self._counts(connection, telecontrole, address, now)
        locked = max(link.locked(now), own.locked(now))
        if locked:
            return Checked("locked", wait=locked, counted=False)
        if not link.code:
            return Checked("expired", counted=False)
        if link.expires < now:
            await self._keep(connection, link, empreinte=None)
            return Checked("expired")
        if self._keeper.same(link.code, "code", self._usage, telecontrole, code):
            await self._keep(connection, link, empreinte=None, essais=0, envois=0)
            if own.tries or own.sends:
                await self._keep(connection, own, essais=0, envois=0)
            return Checked("right")
        return await self._wrong(connection, link, own, now)

    async def _wrong(
        self, connection: AsyncConnection, link: Count, own: Count, now: datetime
    ) -> Checked:
        """The code goes on holding for the others, until all together have tried too often."""
        left = self._rules.tries - own.tries - 1
        left_in_all = self._rules.tries_in_all - link.tries - 1
        lock = {"essais": 0, "verrou": written(now + self._rules.lock)}
        await self._keep(connection, own, **({"essais": own.tries + 1} if left > 0 else lock))
        await self._keep(
            connection,
            link,
            **({"essais": link.tries + 1} if left_in_all > 0 else lock | {"empreinte": None}),
        )
        if min(left, left_in_all) > 0:
            return Checked("wrong", left=min(left, left_in_all))
        return Checked("locked", wait=seconds(self._rules.lock))

    # --- what was counted -----------------------------------------------------------------------

    async def _counts(
        self, connection: AsyncConnection, telecontrole: str, address: str, now: datetime
    ) -> tuple[Count, Count]:
        """Of the link, and of this network at this link."""
        own = self._keeper.hashed("reseau", self._usage, telecontrole, network(address))
        return (
            await self._count(connection, telecontrole, self._usage, now),
            await self._count(connection, telecontrole, f"{self._usage[0]}@{own[:NETWORK]}", now),
        )

    async def _count(
        self, connection: AsyncConnection, telecontrole: str, usage: str, now: datetime
    ) -> Count:
        """The count of codes sent starts anew after `lock`."""
        found = await connection.execute(_COUNT, {"of": telecontrole, "by": usage})
        row = found.mappings().first()
        if row is None:
            return Count(telecontrole, usage, since=now)
        count = counted(row)
        if now - count.since <= self._rules.lock:
            return count
        await self._keep(connection, count, depuis=written(now), envois=0)
        return replace(count, since=now, sends=0)

    async def _keep(self, connection: AsyncConnection, count: Count, **values: object) -> None:
        """A row of its own once there is something to count: knocking alone leaves none."""
        known = await connection.execute(
            _KEEP, {"of": count.telecontrole, "by": count.usage, **values}
        )
        if not known.rowcount:
            named = {"telecontrole": count.telecontrole, "usage": count.usage}
            fresh = {"essais": 0, "envois": 0, "depuis": written(count.since)}
            await connection.execute(_BEGIN, named | fresh | values)

    def _hashed(self, telecontrole: str, code: str) -> str:
        return self._keeper.hashed("code", self._usage, telecontrole, code)


_THIS = and_(
    t.code_acces.c.telecontrole == bindparam("of"), t.code_acces.c.usage == bindparam("by")
)
_COUNT = select(t.code_acces).where(_THIS)
_KEEP = update(t.code_acces).where(_THIS)
_BEGIN = insert(t.code_acces)


def counted(row: RowMapping) -> Count:
    return Count(
        row["telecontrole"],
        row["usage"],
        since=read(row["depuis"]),
        code=row["empreinte"],
        sent=read(row["envoye"]) if row["envoye"] else None,
        expires=read(row["expire"]) if row["expire"] else NEVER,
        tries=row["essais"],
        sends=row["envois"],
        until=read(row["verrou"]) if row["verrou"] else None,
    )


def seconds(duration: timedelta) -> int:
    """Whole seconds, rounded up: who waits that long has waited enough."""
    return max(0, -int(-duration.total_seconds() // 1))
