"""Logging in by a link made on the machine: with an authenticator's code in a service, alone in
the demo, not at all where an identity provider lets in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from .links import Links
from .sessions import Kind
from .totp import Totp, Tried

#: `alone`: the demo's and the tests' links, which may be lasting ones.
Way = Literal["alone", "second_factor", "closed"]


@dataclass(frozen=True, slots=True)
class Came:
    """Who came in; or else which code is missing or wrong. Neither: the link opens nothing."""

    subject: str | None = None
    #: The link is good: a code is asked for.
    wanted: bool = False
    tried: Tried | None = None


class SecondFactorWanted(Exception):
    """The link is good, the code is not; `tried` is None where none was given."""

    def __init__(self, tried: Tried | None) -> None:
        super().__init__(tried.verdict if tried else "wanted")
        self.tried = tried


class LocalLogin:
    def __init__(self, way: Way, links: Links, totp: Totp) -> None:
        self.way = way
        self._links = links
        self._totp = totp

    async def enter(
        self, connection: AsyncConnection, secret: str, code: str | None, now: datetime, kind: Kind
    ) -> Came:
        """The link is used up by a success, and by as many wrong codes as may be tried."""
        if self.way == "closed":
            return Came()
        if self.way == "alone":
            return Came(await self._links.login(connection, secret, now, kind))
        subject = await self._links.whose(connection, secret, now, kind, lasting=False)
        if subject is None:
            return Came()
        if code is None:
            return Came(wanted=True)
        tried = await self._totp.check(connection, kind, subject, code, now)
        if tried.verdict in ("right", "locked"):
            used = await self._links.login(connection, secret, now, kind)
            return Came(used) if tried.verdict == "right" else Came(tried=tried)
        return Came(tried=tried)
