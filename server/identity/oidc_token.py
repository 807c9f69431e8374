"""Whether an id token may be believed: OpenID Connect Core §3.1.3.7, and some rules more."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from .oidc_refusals import ProviderWrong, TooWeak
from .oidc_settings import OidcSettings

#: A header may carry certificates (x5c); ours need not be that long.
HEADER_BYTES = 4_096


class UnknownKey(Exception):
    """Signed with a key that is not among those we know."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the token must say of this very login."""

    nonce: str
    #: When the login began.
    since: datetime


def believed(
    token: str, keys: KeySet, settings: OidcSettings, expected: Expected, now: datetime
) -> dict[str, Any]:
    """Its claims.

    :raises UnknownKey: its key is unknown; the provider may have changed it.
    :raises ProviderWrong: it is not for us, not of now, not of this login, or not signed so.
    :raises TooWeak: all is well, but the authentication was not strong enough.
    """
    claims = signed(token, keys, settings)
    seconds = int(now.timestamp())
    registry = jwt.JWTClaimsRegistry(
        now=seconds,
        leeway=settings.leeway,
        iss={"essential": True, "value": settings.issuer},
        aud={"essential": True, "value": settings.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": expected.nonce},
    )
    try:
        registry.validate(claims)
    except (JoseError, ValueError, TypeError, OverflowError) as wrong:
        raise ProviderWrong(_named(wrong)) from wrong
    _check_nonce(claims, expected)
    _check_party(claims, settings)
    _check_times(claims, settings, expected, seconds)
    _check_strength(claims, settings)
    return claims


def signed(token: str, keys: KeySet, settings: OidcSettings) -> dict[str, Any]:
    """The claims of a token of one of these keys, by an algorithm of the list.

    :raises UnknownKey: signed with another key.
    :raises ProviderWrong: not signed, not so, or no token at all.
    """
    registry = jws.JWSRegistry(algorithms=list(settings.algorithms))
    registry.max_header_length = HEADER_BYTES
    try:
        found = jwt.decode(token, keys, algorithms=list(settings.algorithms), registry=registry)
    except InvalidKeyIdError as wrong:
        raise UnknownKey from wrong
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as wrong:
        raise ProviderWrong("signature") from wrong
    # An access token or a logout token of the same provider is signed with the same key.
    if str(found.header.get("typ", "JWT")).upper() != "JWT":
        raise ProviderWrong("typ")
    return found.claims


def _named(wrong: Exception) -> str:
    """« aud », « exp »: which claim, never what was in it."""
    claim = getattr(wrong, "claim", None)
    return claim if isinstance(claim, str) and claim.isalpha() else "claims"


def _check_nonce(claims: Mapping[str, Any], expected: Expected) -> None:
    # The library takes a list in which ours is one of several.
    if claims["nonce"] != expected.nonce:
        raise ProviderWrong("nonce")


def _check_party(claims: Mapping[str, Any], settings: OidcSettings) -> None:
    """For us alone: with several audiences, `azp` must be ours, and it must be when it is there."""
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several or "azp" in claims) and claims.get("azp") != settings.client_id:
        raise ProviderWrong("azp")


def _check_times(
    claims: Mapping[str, Any], settings: OidcSettings, expected: Expected, now: int
) -> None:
    """Made since the login began; the authentication not of the future, and not too old."""
    if claims["iat"] < int(expected.since.timestamp()) - settings.leeway:
        raise ProviderWrong("iat")
    when = claims.get("auth_time")
    if when is None and not settings.max_age:
        return
    if isinstance(when, bool) or not isinstance(when, (int, float)):
        raise ProviderWrong("auth_time")
    if when > now + settings.leeway:
        raise ProviderWrong("auth_time")
    if settings.max_age and when < now - settings.max_age - settings.leeway:
        raise TooWeak("auth_time")


def _check_strength(claims: Mapping[str, Any], settings: OidcSettings) -> None:
    """That it was asked for proves nothing: what the token says counts."""
    if settings.acr and claims.get("acr") not in settings.acr:
        raise TooWeak("acr")
    if settings.amr:
        methods = claims.get("amr")
        if not isinstance(methods, list) or not any(one in settings.amr for one in methods):
            raise TooWeak("amr")
