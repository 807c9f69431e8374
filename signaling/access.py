"""Who may enter which room: the short-lived token, and why one is refused.

EdDSA alone (RFC 8725 §3.1, RFC 8037), the key chosen by `kid` among ours, `typ` tells a room
token from a console token, every claim is required, the lifetime is capped here and not only by
who signs. Verification costs some 0.15 ms, once per connection and never per event; what this very
process issued it knows again without.
"""

import secrets
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from time import time
from typing import Any, Literal, NamedTuple, cast, get_args

import jwt
import msgspec
from msgspec import Struct

from certs.signing_keys import KeyRing

from .protocol import Actor

ALGORITHM = "EdDSA"
MAX_TOKEN_LENGTH = 2_048

Kind = Literal["room", "console"]


class Access(Struct, frozen=True, kw_only=True):
    """What a verified token says."""

    kind: Kind
    #: The person: an assuré's or a médecin-conseil's id; a third participant's invitation.
    subject: str
    role: Actor
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
        self._issued = Issued()

    def issue(
        self, kind: Kind, *, subject: str, role: Actor, room: str, session: str, now: datetime
    ) -> str:
        self._ring.refresh()
        kid, key = self._ring.current
        access = Access(
            kind=kind,
            subject=subject,
            role=role,
            room=room,
            jti=secrets.token_urlsafe(16),
            session=session,
            expires=int((now + self.lifetime).timestamp()),
        )
        issued = int(now.timestamp())
        claims = {
            "iss": self._issuer,
            "aud": audience(kind),
            "sub": subject,
            "role": role,
            "room": room,
            "sid": session,
            "jti": access.jti,
            "iat": issued,
            "nbf": issued,
            "exp": access.expires,
        }
        token = jwt.encode(claims, key, ALGORITHM, headers={"kid": kid, "typ": f"{kind}+jwt"})
        self._issued.keep(token, Own(kid, issued, access))
        return token

    def verify(self, token: str, kind: Kind) -> Access:
        """The access that this token gives.

        :raises AccessRefused: for whatever is wrong with it, with a code of its own.
        """
        if len(token) > MAX_TOKEN_LENGTH or not token.isascii():
            raise AccessRefused("token_invalid")
        own = self._issued.take(token)
        if own is not None and self._holds(own, kind):
            return own.access
        try:
            return self._access(self._claims(token, kind), kind)
        except AccessRefused:
            raise
        # Not only PyJWTError: a lone surrogate or a foreign key type raise others.
        except Exception as wrong:
            raise AccessRefused(code_of(wrong)) from wrong

    def _holds(self, own: "Own", kind: Kind) -> bool:
        """Whether a token of our own opens this door now; else its signature is looked at too, and
        says why not."""
        now, leeway = time(), self._leeway.total_seconds()
        in_time = own.issued - leeway <= now < own.access.expires + leeway
        self._ring.refresh()
        return own.access.kind == kind and in_time and self._ring.public(own.kid) is not None

    def _claims(self, token: str, kind: Kind) -> Mapping[str, Any]:
        header = peeked(token)
        if header.typ != f"{kind}+jwt":
            raise AccessRefused("token_wrong_type")
        if header.alg != ALGORITHM:
            raise AccessRefused("token_wrong_algorithm")
        verified = jwt.decode_complete(
            token,
            self._key(header.kid),
            algorithms=[ALGORITHM],
            audience=audience(kind),
            issuer=self._issuer,
            leeway=self._leeway,
            options={
                "require": ["iss", "aud", "sub", "jti", "iat", "nbf", "exp"],
                "strict_aud": True,
            },
        )
        if (verified["header"]["typ"], verified["header"]["kid"]) != (header.typ, header.kid):
            raise AccessRefused("token_invalid")
        return cast(Mapping[str, Any], verified["payload"])

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
        if claims.get("role") not in get_args(Actor):
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


class Own(NamedTuple):
    """A token that this process made. `issued`: seconds since 1970."""

    kid: str
    issued: int
    access: Access


class Issued:
    """What this process has issued and not seen again, by hash, the oldest forgotten first.

    A page comes back with its token to the process that made it some tenths of a second before:
    being exactly that text says more than its signature, and costs a hundredth (a signature of
    Ed25519 takes 0.11 ms to verify, more than all the rest of a connection). After a restart, or on
    another worker, the signature is verified.
    """

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._known: dict[bytes, Own] = {}

    def keep(self, token: str, own: Own) -> None:
        if len(self._known) >= self._most:
            del self._known[next(iter(self._known))]
        self._known[sha256(token.encode()).digest()] = own

    def take(self, token: str) -> Own | None:
        """It serves once."""
        return self._known.pop(sha256(token.encode()).digest(), None)


class Header(Struct, frozen=True):
    """What says which key must verify a token. Believed only once that key has."""

    typ: str = ""
    alg: str = ""
    kid: str = ""


def peeked(token: str) -> Header:
    """The header of a token that is verified afterwards: PyJWT's own reading of it decodes every
    part a second time, which is as long as the signature's verification."""
    first = token.partition(".")[0]
    return _header_of.decode(urlsafe_b64decode(first + "=" * (-len(first) % 4)))


_header_of = msgspec.json.Decoder(Header)


def audience(kind: Kind) -> str:
    return f"telecontrole:{kind}"


def code_of(wrong: Exception) -> str:
    return next((code for error, code in CODES if isinstance(wrong, error)), "token_invalid")
