"""The six-digit code sent to the assuré's phone: single use, few tries, then a pause.

Counted per télécontrôle and never per address: two hundred people behind one address do not
feel each other, and who guesses at one link locks that link's door alone, for a while.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import schema as t
from server.store.sql import read, written

from .secrets import Keeper

Verdict = Literal["right", "wrong", "locked", "expired"]
#: What a code opens: the door of the room, or the answer to « is this message genuine? ».
Usage = Literal["entree", "verification"]


@dataclass(frozen=True, slots=True)
class CodeRules:
    """How long a code lives, how often it may be tried and asked for."""

    lifetime: timedelta
    tries: int
    lock: timedelta
    resend: timedelta
    #: Codes sent within `lock`.
    sends: int


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

    def _hashed(self, telecontrole: str, code: str) -> str:
        return self._keeper.hashed("code", self._usage, telecontrole, code)

    async def send(self, connection: AsyncConnection, telecontrole: str, now: datetime) -> Sent:
        """Prepare a code.

        :raises TooManyCodes: the door is locked, or too many were sent.
        """
        row = await self._row(connection, telecontrole, now)
        self._refuse_while_locked(row, now)
        if row["envoye"] and row["empreinte"] and now - read(row["envoye"]) < self._rules.resend:
            wait = self._rules.resend - (now - read(row["envoye"]))
            return Sent(None, seconds(read(row["expire"]) - now), seconds(wait))
        if row["envois"] >= self._rules.sends:
            raise TooManyCodes(seconds(read(row["depuis"]) + self._rules.lock - now))
        code = self._codes(telecontrole)
        await self._keep(
            connection,
            telecontrole,
            empreinte=self._hashed(telecontrole, code),
            envoye=written(now),
            expire=written(now + self._rules.lifetime),
            envois=row["envois"] + 1,
        )
        return Sent(code, seconds(self._rules.lifetime), seconds(self._rules.resend))

    async def check(
        self, connection: AsyncConnection, telecontrole: str, code: str, now: datetime
    ) -> Checked:
        """Try a code; the right one is used up."""
        row = await self._row(connection, telecontrole, now)
        if row["verrou"] and read(row["verrou"]) > now:
            return Checked("locked", wait=seconds(read(row["verrou"]) - now), counted=False)
        if not row["empreinte"]:
            return Checked("expired", counted=False)
        if read(row["expire"]) < now:
            await self._keep(connection, telecontrole, empreinte=None)
            return Checked("expired")
        if self._keeper.same(row["empreinte"], "code", self._usage, telecontrole, code):
            await self._keep(connection, telecontrole, empreinte=None, essais=0, envois=0)
            return Checked("right")
        return await self._wrong(connection, telecontrole, row["essais"] + 1, now)

    async def _wrong(
        self, connection: AsyncConnection, telecontrole: str, tries: int, now: datetime
    ) -> Checked:
        left = self._rules.tries - tries
        if left > 0:
            await self._keep(connection, telecontrole, essais=tries)
            return Checked("wrong", left=left)
        await self._keep(
            connection,
            telecontrole,
            empreinte=None,
            essais=0,
            verrou=written(now + self._rules.lock),
        )
        return Checked("locked", wait=seconds(self._rules.lock))

    def _refuse_while_locked(self, row: dict[str, Any], now: datetime) -> None:
        if row["verrou"] and read(row["verrou"]) > now:
            raise TooManyCodes(seconds(read(row["verrou"]) - now))

    async def _row(
        self, connection: AsyncConnection, telecontrole: str, now: datetime
    ) -> dict[str, Any]:
        """What is known; the count of codes sent starts anew after `lock`."""
        found = await connection.execute(select(t.code_acces).where(*self._of(telecontrole)))
        row = found.mappings().first()
        if row is None:
            fresh = {
                "telecontrole": telecontrole,
                "usage": self._usage,
                "essais": 0,
                "envois": 0,
                "depuis": written(now),
            }
            await connection.execute(insert(t.code_acces).values(fresh))
            return {"empreinte": None, "envoye": None, "expire": None, "verrou": None, **fresh}
        if now - read(row["depuis"]) > self._rules.lock:
            await self._keep(connection, telecontrole, depuis=written(now), envois=0)
            return {**row, "depuis": written(now), "envois": 0}
        return dict(row)

    async def _keep(self, connection: AsyncConnection, telecontrole: str, **values: object) -> None:
        await connection.execute(update(t.code_acces).where(*self._of(telecontrole)).values(values))

    def _of(self, telecontrole: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return (
            t.code_acces.c.telecontrole == telecontrole,
            t.code_acces.c.usage == self._usage,
        )


def seconds(duration: timedelta) -> int:
    """Whole seconds, rounded up: who waits that long has waited enough."""
    return max(0, -int(-duration.total_seconds() // 1))
