"""Logging in by OpenID Connect: where to send the browser, and what to make of its return.

The authorization code flow alone (OpenID Connect Core §3.1), with PKCE S256 (RFC 7636), `iss`
(RFC 9207) and a nonce. JOSE is joserfc's, the OAuth 2.0 requests are Authlib's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
from authlib.oauth2 import OAuth2Error  # type: ignore[import-untyped]
from authlib.oauth2.client import OAuth2Client  # type: ignore[import-untyped]
from authlib.oauth2.rfc7523 import PrivateKeyJWT  # type: ignore[import-untyped]
from joserfc.jwk import KeySet

from .oidc_provider import Metadata, Provider
from .oidc_refusals import LoginDenied, ProviderWrong, TooWeak, UnknownProfessional
from .oidc_settings import OidcSettings, Secrets, algorithm_of
from .oidc_token import Expected, UnknownKey, believed, signed
from .professionals import normal
from .secrets import new_secret
from .sessions import Kind

#: RFC 7636 §4.1: 43 characters at least; two of ours are 64.
VERIFIER_PARTS = 2
#: What a provider answers when it could authenticate, but not as we wanted.
WEAK = frozenset({"unmet_authentication_requirements", "login_required", "interaction_required"})
#: No identifier of a person is longer.
IDENTIFIER = 255


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser goes, and what is kept meanwhile."""

    url: str
    state: str
    secrets: Secrets


@dataclass(frozen=True, slots=True)
class Proven:
    """Who the provider says it is: the configured claim; and its word, to log out with."""

    identifier: str
    id_token: str


class RelyingParty:
    """Our side of OpenID Connect."""

    def __init__(self, settings: OidcSettings, provider: Provider) -> None:
        self._settings = settings
        self._provider = provider

    # --- there ----------------------------------------------------------------------------------

    async def depart(self, now: datetime) -> Departure:
        """:raises ProviderAway, ProviderWrong: there is nowhere to send the browser."""
        metadata = await self._provider.metadata()
        verifier = "".join(new_secret() for _ in range(VERIFIER_PARTS))
        secrets = Secrets(verifier=verifier, nonce=new_secret(), since=now)
        url, state = self._client(metadata).create_authorization_url(
            metadata.authorization_endpoint,
            state=new_secret(),
            code_verifier=verifier,
            nonce=secrets.nonce,
            **self._wanted(),
        )
        return Departure(url, state, secrets)

    def _wanted(self) -> dict[str, str]:
        """The strength, asked for in both ways that providers know (Core §3.1.2.1, §5.5.1.1)."""
        settings = self._settings
        claims: dict[str, object] = {}
        wanted = {}
        if settings.acr:
            wanted["acr_values"] = " ".join(settings.acr)
            claims["acr"] = {"essential": True, "values": list(settings.acr)}
        if settings.amr:
            claims["amr"] = {"essential": True}
        if settings.max_age:
            wanted["max_age"] = str(settings.max_age)
            claims["auth_time"] = {"essential": True}
        if claims:
            wanted["claims"] = json.dumps({"id_token": claims})
        return wanted

    def _client(self, metadata: Metadata) -> "_CodeClient":
        settings = self._settings
        client = _CodeClient(
            session=None,
            client_id=settings.client_id,
            client_secret=settings.key or settings.secret,
            token_endpoint_auth_method=self._method(metadata),
            scope=" ".join(settings.scopes),
            redirect_uri=settings.redirect,
            code_challenge_method="S256",
        )
        client.provider = self._provider
        if settings.key:
            client.register_client_auth_method(
                PrivateKeyJWT(metadata.token_endpoint, alg=algorithm_of(settings.key))
            )
        return client

    def _method(self, metadata: Metadata) -> str:
        """Core §9: `client_secret_basic` where nothing is said."""
        if self._settings.key:
            return "private_key_jwt"
        offered = metadata.token_endpoint_auth_methods_supported
        if offered and "client_secret_basic" not in offered:
            return "client_secret_post"
        return "client_secret_basic"

    # --- and back -------------------------------------------------------------------------------

    async def returned(
        self, query: Mapping[str, str], secrets: Secrets, kind: Kind, now: datetime
    ) -> Proven:
        """What the browser brought back, made good at the provider.

        :raises LoginDenied, TooWeak: the provider did not let this person through.
        :raises ProviderAway, ProviderWrong: it is away, or cannot be believed.
        :raises UnknownProfessional: it does not say who it is.
        """
        metadata = await self._provider.metadata()
        self._check_issuer(query, metadata)
        if "error" in query:
            raise TooWeak("asked") if query["error"] in WEAK else LoginDenied("error")
        token = await self._exchanged(metadata, query.get("code", ""), secrets.verifier)
        id_token = token.get("id_token")
        if not isinstance(id_token, str):
            raise ProviderWrong("id_token")
        expected = Expected(secrets.nonce, secrets.since)
        claims = await self._believed(id_token, expected, now)
        name = self._settings.claims[kind]
        if name not in claims and metadata.userinfo_endpoint:
            claims = {**await self._userinfo(metadata, token, claims["sub"]), **claims}
        return Proven(identifier_of(claims, name, kind), id_token)

    def _check_issuer(self, query: Mapping[str, str], metadata: Metadata) -> None:
        """RFC 9207: who answers says who it is, and must when it has promised to."""
        promised = metadata.authorization_response_iss_parameter_supported
        if (promised or "iss" in query) and query.get("iss") != self._settings.issuer:
            raise ProviderWrong("iss")

    async def _exchanged(self, metadata: Metadata, code: str, verifier: str) -> Mapping[str, Any]:
        if not code:
            raise LoginDenied("code")
        try:
            token = await self._client(metadata).fetch_token(
                metadata.token_endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
            )
        except OAuth2Error as wrong:
            # `invalid_grant`: the code was used, is too old, or is another's.
            raise LoginDenied("grant") from wrong
        except (httpx.HTTPError, ValueError, RecursionError) as wrong:
            raise ProviderWrong("token") from wrong
        return token  # type: ignore[no-any-return]

    async def _believed(self, token: str, expected: Expected, now: datetime) -> dict[str, Any]:
        """A key that we do not know may be a new one: they are asked for once more."""
        keys = await self._provider.keys()
        try:
            return believed(token, keys, self._settings, expected, now)
        except UnknownKey:
            keys = await self._provider.keys(again=True)
        return _known(lambda: believed(token, keys, self._settings, expected, now))

    async def _userinfo(
        self, metadata: Metadata, token: Mapping[str, Any], subject: str
    ) -> dict[str, Any]:
        """Core §5.3: about the same `sub`, or it is about somebody else; signed or not."""
        headers = {"Authorization": f"Bearer {token.get('access_token', '')}"}
        answer = await self._provider.ask("GET", metadata.userinfo_endpoint, headers=headers)
        if answer.status_code != 200:
            raise ProviderWrong("userinfo")
        claims = await self._told(answer)
        if claims.get("sub") != subject:
            raise ProviderWrong("userinfo_sub")
        return claims

    async def _told(self, answer: httpx.Response) -> dict[str, Any]:
        if answer.headers["Content-Type"].partition(";")[0].strip() == "application/jwt":
            keys: KeySet = await self._provider.keys()
            claims = _known(lambda: signed(answer.text.strip(), keys, self._settings))
            audience = claims.get("aud", self._settings.client_id)
            ours = audience if isinstance(audience, list) else [audience]
            issuer = claims.get("iss", self._settings.issuer)
            if self._settings.client_id not in ours or issuer != self._settings.issuer:
                raise ProviderWrong("userinfo_aud")
            return claims
        try:
            return msgspec.json.decode(answer.content, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as wrong:
            raise ProviderWrong("userinfo") from wrong

    # --- and away -------------------------------------------------------------------------------

    async def farewell(self, id_token: str, kind: Kind) -> str | None:
        """Where to log out at the provider too (RP-Initiated Logout 1.0); None: it offers none.

        :raises ProviderAway, ProviderWrong: nobody knows.
        """
        metadata = await self._provider.metadata()
        if not metadata.end_session_endpoint:
            return None
        query = urlencode(
            {
                "id_token_hint": id_token,
                "client_id": self._settings.client_id,
                "post_logout_redirect_uri": self._settings.left[kind],
                "state": new_secret(),
            }
        )
        joint = "&" if "?" in metadata.end_session_endpoint else "?"
        return f"{metadata.end_session_endpoint}{joint}{query}"

    async def close(self) -> None:
        await self._provider.close()


class _CodeClient(OAuth2Client):  # type: ignore[misc]
    """Authlib's client, whose requests go by our bounded ones."""

    provider: Provider

    async def _fetch_token(
        self,
        url: str,
        body: str = "",
        headers: Any = None,
        auth: Any = None,
        method: str = "POST",
        **_: Any,
    ) -> Any:
        url, headers, body = auth.prepare(method, url, dict(headers), body)
        answer = await self.provider.ask("POST", url, headers=headers, body=body)
        answer.request = httpx.Request("POST", url)
        return self.parse_response_token(answer)


def _known(claims: Any) -> dict[str, Any]:
    try:
        return claims()  # type: ignore[no-any-return]
    except UnknownKey:
        raise ProviderWrong("key") from None


def identifier_of(claims: Mapping[str, Any], name: str, kind: Kind) -> str:
    """Which person of the annuaire it would be.

    :raises UnknownProfessional: the claim is not there, or is no text; or an address that the
        provider has not verified.
    """
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= IDENTIFIER:
        raise UnknownProfessional("claim")
    if name == "email" and claims.get("email_verified", True) is not True:
        raise UnknownProfessional("email")
    return normal(value, kind)
