"""The second factor of professionals where there is no provider: an authenticator's six digits.

RFC 6238, 30 s steps, SHA-1: what every authenticator application knows. The one-time secret is
sealed in the store; a step serves once; wrong codes are few.
"""

import hmac
import io
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import pyotp
import segno
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import professionals as store

from .sessions import Kind
from .vault import Vault

#: RFC 6238 §5.2: one step before and after, for a clock that is a little off.
STEPS = (-1, 0, 1)
STEP_SECONDS = 30
ISSUER = "télécontrôle"

Verdict = Literal["right", "wrong", "locked", "none"]


@dataclass(frozen=True, slots=True)
class TotpRules:
    """So many wrong codes, and then a pause."""

    tries: int
    lock: timedelta


@dataclass(frozen=True, slots=True)
class Tried:
    """`none`: no authenticator was enrolled. `left`: tries; `wait`: seconds."""

    verdict: Verdict
    left: int = 0
    wait: int = 0


class Totp:
    def __init__(self, vault: Vault, rules: TotpRules) -> None:
        self._vault = vault
        self._rules = rules

    async def enrol(self, connection: AsyncConnection, kind: Kind, subject: str) -> str:
        """A new authenticator for this person, in place of any former one: its otpauth URL, which
        cannot be shown again."""
        secret = pyotp.random_base32()
        sealed = self._vault.seal_text("totp", _row(kind, subject), secret)
        await store.enrol(connection, kind, subject, sealed)
        return pyotp.TOTP(secret).provisioning_uri(name=subject, issuer_name=ISSUER)

    async def enrolled(self, connection: AsyncConnection, kind: Kind, subject: str) -> bool:
        return (await store.authenticator(connection, kind, subject)).sealed is not None

    async def check(
        self, connection: AsyncConnection, kind: Kind, subject: str, code: str, now: datetime
    ) -> Tried:
        """Try a code; the right one is used up, and so are those before it."""
        known = await store.authenticator(connection, kind, subject)
        if known.sealed is None:
            return Tried("none")
        if known.locked_until is not None and known.locked_until > now:
            return Tried("locked", wait=_seconds(known.locked_until - now))
        secret = self._vault.open_text("totp", _row(kind, subject), known.sealed)
        step = matching(secret, code, now)
        if step is not None and await store.use_step(connection, kind, subject, step):
            return Tried("right")
        return await self._wrong(connection, kind, subject, known.tries + 1, now)

    async def _wrong(
        self, connection: AsyncConnection, kind: Kind, subject: str, tries: int, now: datetime
    ) -> Tried:
        left = self._rules.tries - tries
        if left > 0:
            await store.count_try(connection, kind, subject, tries, None)
            return Tried("wrong", left=left)
        await store.count_try(connection, kind, subject, 0, now + self._rules.lock)
        return Tried("locked", wait=_seconds(self._rules.lock))


def matching(secret: str, code: str, now: datetime) -> int | None:
    """The step of this code, if it is one of now."""
    generator = pyotp.TOTP(secret, interval=STEP_SECONDS)
    current = int(now.timestamp()) // STEP_SECONDS
    found = None
    for step in (current + shift for shift in STEPS):
        # Each is compared, whichever was right.
        if hmac.compare_digest(generator.generate_otp(step).encode(), code.encode()):
            found = step
    return found


def qr_code(url: str) -> str:
    """For a terminal."""
    shown = io.StringIO()
    segno.make(url, micro=False).terminal(out=shown, compact=True)
    return shown.getvalue()


def _row(kind: Kind, subject: str) -> str:
    return f"{kind}\0{subject}"


def _seconds(duration: timedelta) -> int:
    return max(1, -int(-duration.total_seconds() // 1))
