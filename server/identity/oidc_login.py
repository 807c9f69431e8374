"""A login on its way to the provider and back: begun in one browser, ended once, in the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from server.clock import SystemClock
from server.store import professionals as store
from server.store.sql import RegistreSql

from .oidc_refusals import LoginStale, ProviderWrong, TooManyLogins, UnknownProfessional
from .oidc_settings import Secrets
from .professionals import hashed
from .secrets import Keeper, new_secret
from .sessions import Kind, Session, Sessions
from .vault import Unreadable, Vault

if TYPE_CHECKING:
    # Who lets links in does not load what speaks to a provider.
    from .oidc import RelyingParty

#: Purposes of what is hashed and sealed here.
STATE, BROWSER, ROW, TOKEN = "oidc_etat", "oidc_navigateur", "connexion_en_cours", "id_token"
#: No state or cookie of ours is longer.
LONGEST = 128
#: Where everybody's logins are too many, until some have ended.
CROWD_WAIT = 60


@dataclass(frozen=True, slots=True)
class LoginRules:
    """How long a login may be on its way, and how many of all people."""

    life: timedelta
    most: int
    #: A session's, for what is kept beside it.
    session: timedelta


@dataclass(frozen=True, slots=True)
class Opened:
    """A session opened: `secret` goes into its cookie; `replaced` is closed."""

    session: Session
    secret: str
    replaced: str | None


class OidcLogin:
    def __init__(
        self,
        *,
        party: "RelyingParty",
        rules: LoginRules,
        registre: RegistreSql,
        sessions: Sessions,
        keeper: Keeper,
        vault: Vault,
        clock: SystemClock,
    ) -> None:
        self._party = party
        self._rules = rules
        self._registre = registre
        self._sessions = sessions
        self._keeper = keeper
        self._vault = vault
        self._clock = clock

    async def begin(self, kind: Kind, replaces: Session | None) -> tuple[str, str]:
        """The provider's address for this login, and the secret for the browser's cookie.

        :raises ProviderAway, ProviderWrong: there is nowhere to go.
        :raises TooManyLogins: too many are on their way.
        """
        now = self._clock()
        departure = await self._party.depart(now)
        # The kind is no secret: the page of a refusal leads back to the right console.
        browser = f"{kind}.{new_secret()}"
        state = self._keeper.hashed(STATE, departure.state)
        secrets = msgspec.json.encode(departure.secrets).decode()
        async with self._registre.quick_transaction() as unite:
            if await store.on_their_way(unite.connection, now) >= self._rules.most:
                raise TooManyLogins(CROWD_WAIT)
            attempt = store.Attempt(
                state=state,
                browser=self._keeper.hashed(BROWSER, browser),
                kind=kind,
                sealed=self._vault.seal_text(ROW, state, secrets),
                replaces=replaces.reference if replaces else None,
                expires=now + self._rules.life,
            )
            await store.begin(unite.connection, attempt)
        return departure.url, browser

    async def end(self, query: Mapping[str, str], browser: str) -> Opened:
        """A session for whom the provider has named; the attempt is over whatever comes of it.

        :raises LoginRefused: one of oidc_refusals.py.
        """
        attempt = await self._taken(query.get("state", ""), browser)
        kind: Kind = "agent" if attempt.kind == "agent" else "console"
        secrets = self._opened(attempt)
        proven = await self._party.returned(query, secrets, kind, self._clock())
        now = self._clock()
        async with self._registre.quick_transaction() as unite:
            known = hashed(self._keeper, kind, proven.identifier)
            subject = await store.subject_of(unite.connection, kind, known)
            if subject is None:
                raise UnknownProfessional("annuaire")
            if attempt.replaces:
                await self._sessions.revoke(unite.connection, attempt.replaces, now)
            session, secret = await self._sessions.open(unite.connection, kind, subject, now)
            sealed = self._vault.seal_text(TOKEN, session.reference, proven.id_token)
            await store.keep_token(
                unite.connection, session.reference, sealed, now + self._rules.session
            )
        return Opened(session, secret, attempt.replaces)

    async def _taken(self, state: str, browser: str) -> store.Attempt:
        if not 0 < len(state) <= LONGEST or not 0 < len(browser) <= LONGEST:
            raise LoginStale("missing")
        async with self._registre.quick_transaction() as unite:
            attempt = await store.take(
                unite.connection,
                self._keeper.hashed(STATE, state),
                self._keeper.hashed(BROWSER, browser),
                self._clock(),
            )
        if attempt is None:
            raise LoginStale("unknown")
        return attempt

    def _opened(self, attempt: store.Attempt) -> Secrets:
        try:
            secrets = self._vault.open_text(ROW, attempt.state, attempt.sealed)
        except Unreadable as wrong:
            raise ProviderWrong("sealed") from wrong
        return msgspec.json.decode(secrets, type=Secrets)

    async def farewell(self, connection: AsyncConnection, session: Session) -> str | None:
        """The id token that opened it, for `leave`; it is kept no more."""
        sealed = await store.take_token(connection, session.reference)
        if sealed is None:
            return None
        try:
            return self._vault.open_text(TOKEN, session.reference, sealed)
        except Unreadable:
            return None

    async def leave(self, id_token: str, kind: Kind) -> str | None:
        """:raises ProviderAway, ProviderWrong: the provider cannot be told now."""
        return await self._party.farewell(id_token, kind)

    async def close(self) -> None:
        await self._party.close()
