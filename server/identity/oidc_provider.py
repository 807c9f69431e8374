"""The OpenID Connect provider as we see it: its description, its keys, and bounded requests.

OpenID Connect Discovery 1.0 §4.3 (the issuer must name itself), RFC 7517 (keys).
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from typing import TypeVar

import httpx
import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from .oidc_refusals import ProviderAway, ProviderWrong
from .oidc_settings import OidcSettings

DISCOVERY = "/.well-known/openid-configuration"
#: NIST SP 800-131A, and ANSSI's guide: nothing smaller signs.
RSA_BITS = 2048
#: Connections to the provider at once; the next ones wait their turn, within `timeout`.
CONNECTIONS = 16
#: Keys that are looked at: a provider has two or three.
KEYS = 32

Answer = TypeVar("Answer", bound=msgspec.Struct)


class Metadata(msgspec.Struct, frozen=True):
    """What we read of the discovery document."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    authorization_response_iss_parameter_supported: bool = False
    token_endpoint_auth_methods_supported: list[str] = []
    code_challenge_methods_supported: list[str] = []

    def check(self, issuer: str) -> None:
        """:raises ProviderWrong: another issuer, an address without https, no S256."""
        if self.issuer != issuer:
            raise ProviderWrong("issuer")
        ours = (self.authorization_endpoint, self.token_endpoint, self.jwks_uri)
        for address in (*ours, self.userinfo_endpoint, self.end_session_endpoint):
            if not address.startswith("https://") and (address or address in ours):
                raise ProviderWrong("endpoint")
        if self.code_challenge_methods_supported and (
            "S256" not in self.code_challenge_methods_supported
        ):
            raise ProviderWrong("pkce")


class _Keys(msgspec.Struct, frozen=True):
    keys: list[dict[str, object]]


class Provider:
    """`seconds`: a monotonic clock. Answers are bounded in bytes and in time, redirects are not
    followed, and what was asked once is believed for `keys_kept`."""

    def __init__(self, settings: OidcSettings, seconds: Callable[[], float]) -> None:
        self._settings = settings
        self._seconds = seconds
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context(cafile=settings.ca or None),
            timeout=settings.timeout,
            limits=httpx.Limits(max_connections=CONNECTIONS),
            # A proxy or a .netrc of the environment would be a setting that nobody sees.
            trust_env=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "telecontrole"},
        )
        self._turn = asyncio.Lock()
        self._metadata: Metadata | None = None
        self._metadata_since = 0.0
        self._keys: KeySet | None = None
        self._keys_since = 0.0
        self._away_until = 0.0

    async def close(self) -> None:
        await self._client.aclose()

    # --- what it says of itself ---------------------------------------------------------------

    async def metadata(self) -> Metadata:
        """:raises ProviderAway, ProviderWrong: it cannot be asked, or is not what was set up."""
        async with self._turn:
            return await self._described()

    async def _described(self) -> Metadata:
        old = self._seconds() - self._metadata_since > self._settings.keys_kept
        if self._metadata is None or old:
            found = await self._read(self._settings.issuer.rstrip("/") + DISCOVERY, Metadata)
            found.check(self._settings.issuer)
            self._metadata, self._metadata_since = found, self._seconds()
        return self._metadata

    async def keys(self, *, again: bool = False) -> KeySet:
        """`again`: a key was not among them. It is asked for once more, but not at each token."""
        async with self._turn:
            age = self._seconds() - self._keys_since
            most = self._settings.keys_again if again else self._settings.keys_kept
            if self._keys is None or age > most:
                described = await self._described()
                found = await self._read(described.jwks_uri, _Keys)
                self._keys, self._keys_since = usable(found.keys), self._seconds()
            return self._keys

    async def _read(self, url: str, kind: type[Answer]) -> Answer:
        """Who waits behind a provider that is away does not wait again for it."""
        if self._seconds() < self._away_until:
            raise ProviderAway("away")
        try:
            answer = await self.ask("GET", url)
        except ProviderAway:
            self._away_until = self._seconds() + self._settings.away
            raise
        if answer.status_code != 200:
            raise ProviderAway("status")
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as wrong:
            raise ProviderWrong("document") from wrong

    # --- requests -----------------------------------------------------------------------------

    async def ask(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: str = ""
    ) -> httpx.Response:
        """An answer, read whole.

        :raises ProviderAway: no connection, no answer in time, 5xx or 429.
        :raises ProviderWrong: more bytes than `answer_bytes`, or compressed.
        """
        try:
            async with asyncio.timeout(self._settings.timeout):
                answer = await self._asked(method, url, headers or {}, body)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as wrong:
            raise ProviderAway(type(wrong).__name__) from wrong
        if answer.status_code >= 500 or answer.status_code == 429:
            raise ProviderAway("status")
        return answer

    async def _asked(
        self, method: str, url: str, headers: Mapping[str, str], body: str
    ) -> httpx.Response:
        content = body.encode() if method == "POST" else None
        async with self._client.stream(method, url, headers=headers, content=content) as answer:
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise ProviderWrong("compressed")
            raw = bytearray()
            async for chunk in answer.aiter_raw():
                raw += chunk
                if len(raw) > self._settings.answer_bytes:
                    raise ProviderWrong("too_large")
        kind = {"Content-Type": answer.headers.get("Content-Type", "")}
        return httpx.Response(answer.status_code, headers=kind, content=bytes(raw))


def usable(keys: list[dict[str, object]]) -> KeySet:
    """The public signing keys among them; what is none of ours is left aside (RFC 7517 §5).

    Never a symmetric one: whoever reads a public key could sign with it.
    """
    kept: list[RSAKey | ECKey | OKPKey] = []
    for raw in keys[:KEYS]:
        key = _imported(raw)
        if key is not None:
            kept.append(key)
    return KeySet(list(kept))


def _imported(raw: Mapping[str, object]) -> RSAKey | ECKey | OKPKey | None:
    kinds = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
    kind = kinds.get(str(raw.get("kty")))
    if kind is None or raw.get("use", "sig") != "sig" or "d" in raw:
        return None
    try:
        key = kind.import_key(dict(raw))  # type: ignore[attr-defined]
        if isinstance(key, RSAKey) and key.public_key.key_size < RSA_BITS:
            return None
    except (JoseError, ValueError, TypeError, Warning):
        return None
    return key  # type: ignore[no-any-return]
