"""Who may enter which room: the short-lived token, and why one is refused.

EdDSA alone (RFC 8725 §3.1, RFC 8037), the key chosen by `kid` among ours, `typ` tells a room
token from a console token, every claim is required, the lifetime is capped here and not only by
who signs. Verification costs some 0.15 ms: once per connection, never per event.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, cast, get_args

import jwt
from msgspec import Struct

from certs.signing_keys import KeyRing

from .protocol import Role

ALGORITHM = "EdDSA"
MAX_TOKEN_LENGTH = 2_048

Kind = Literal["room", "console"]


class Access(Struct, frozen=True, kw_only=True):
    """What a verified token says."""

    kind: Kind
    #: The person: an assuré's or a médecin-conseil's id.
    subject: str
    role: Role
    #: The room (télécontrôle) for kind « room »; empty for « console ».
    room: str
    #: Identifies this token, for single use.
    jti: str
    #: Identifies the HTTP session it was made for, for revocation.
    session: str
    expires: int


class AccessRefused(Exception):
    """The token does not open this door; `code` says why without saying more."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


#: The most precise word for each of PyJWT's refusals; whatever else is `token_invalid`.
CODES: tuple[tuple[type[jwt.PyJWTError], str], ...] = (
    (jwt.ExpiredSignatureError, "token_expired"),
    (jwt.ImmatureSignatureError, "token_not_yet_valid"),
    (jwt.InvalidAudienceError, "token_wrong_audience"),
    (jwt.InvalidIssuerError, "token_wrong_issuer"),
    (jwt.InvalidAlgorithmError, "token_wrong_algorithm"),
    (jwt.InvalidSignatureError, "token_wrong_signature"),
)


class Tokens:
    """Makes and checks the tokens of one service.

    `issuer`: the service's own origin. `lifetime`: of a new token, and the most that is accepted.
    `leeway`: tolerated clock difference between servers of one service.
    """

    def __init__(
        self,
        ring: KeyRing,
        issuer: str,
        lifetime: timedelta = timedelta(minutes=5),
        leeway: timedelta = timedelta(seconds=30),
    ) -> None:
        self._ring = ring
        self._issuer = issuer
        self.lifetime = lifetime
        self._leeway = leeway

    def issue(
        self, kind: Kind, *, subject: str, role: Role, room: str, session: str, now: datetime
    ) -> str:
        self._ring.refresh()
        kid, key = self._ring.current
        claims = {
            "iss": self._issuer,
            "aud": audience(kind),
            "sub": subject,
            "role": role,
            "room": room,
            "sid": session,
            "jti": secrets.token_urlsafe(16),
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int((now + self.lifetime).timestamp()),
        }
        return jwt.encode(claims, key, ALGORITHM, headers={"kid": kid, "typ": f"{kind}+jwt"})

    def verify(self, token: str, kind: Kind) -> Access:
        """The access that this token gives.

        :raises AccessRefused: for whatever is wrong with it, with a code of its own.
        """
        if len(token) > MAX_TOKEN_LENGTH or not token.isascii():
            raise AccessRefused("token_invalid")
        try:
            return self._access(self._claims(token, kind), kind)
        except AccessRefused:
            raise
        # Not only PyJWTError: a lone surrogate or a foreign key type raise others.
        except Exception as wrong:
            raise AccessRefused(code_of(wrong)) from wrong

    def _claims(self, token: str, kind: Kind) -> Mapping[str, Any]:
        header = jwt.get_unverified_header(token)
        if header.get("typ") != f"{kind}+jwt":
            raise AccessRefused("token_wrong_type")
        if header.get("alg") != ALGORITHM:
            raise AccessRefused("token_wrong_algorithm")
        key = self._key(str(header.get("kid", "")))
        return cast(
            Mapping[str, Any],
            jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=audience(kind),
                issuer=self._issuer,
                leeway=self._leeway,
                options={
                    "require": ["iss", "aud", "sub", "jti", "iat", "nbf", "exp"],
                    "strict_aud": True,
                },
            ),
        )

    def _key(self, kid: str) -> Any:
        # What another process retired must stop opening doors here: one stat.
        self._ring.refresh()
        key = self._ring.public(kid)
        if key is None:
            raise AccessRefused("token_unknown_key")
        return key

    def _access(self, claims: Mapping[str, Any], kind: Kind) -> Access:
        issued, expires = claims["iat"], claims["exp"]
        if not (isinstance(issued, int) and isinstance(expires, int)):
            raise AccessRefused("token_invalid")
        if expires - issued > self.lifetime.total_seconds():
            raise AccessRefused("token_lives_too_long")
        if claims.get("role") not in get_args(Role):
            raise AccessRefused("token_invalid")
        texts = {name: claims.get(name) for name in ("sub", "room", "jti", "sid")}
        if not all(isinstance(text, str) for text in texts.values()):
            raise AccessRefused("token_invalid")
        if kind == "room" and not texts["room"]:
            raise AccessRefused("token_invalid")
        return Access(
            kind=kind,
            subject=claims["sub"],
            role=claims["role"],
            room=claims["room"],
            jti=claims["jti"],
            session=claims["sid"],
            expires=expires,
        )


def audience(kind: Kind) -> str:
    return f"telecontrole:{kind}"


def code_of(wrong: Exception) -> str:
    return next((code for error, code in CODES if isinstance(wrong, error)), "token_invalid")
