"""A provider that lies: our own, because a real one never signs a wrong token.

It has no login page: the browser « comes back » with the state that our address carried.
"""

import asyncio
import base64
import hmac
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import RSAKey
from oidc_people import CLIENT, CLIENT_SECRET, RPPS, STRONG, leave, local_tls
from server_people import Answer, Browser

Claims = dict[str, Any]
#: One for all tests: making one takes longer than trying it.
KEY = RSAKey.generate_key(2048, {"kid": "k1"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "k1"})


@dataclass
class Liar:
    """Honest until a field is changed."""

    issuer: str = ""
    ca: str = ""
    key: RSAKey = field(default_factory=lambda: KEY)
    #: What is changed in the claims; what in the header.
    claims: Callable[[Claims], Claims] = lambda claims: claims
    header: Mapping[str, Any] = field(default_factory=dict)
    #: Makes the token, where signing with `key` is not the lie.
    made: Callable[[Claims], str] | None = None
    #: Answers instead of the honest one, by path.
    instead: dict[str, Callable[[], web.StreamResponse]] = field(default_factory=dict)
    metadata: Claims = field(default_factory=dict)
    userinfo: Claims | str | None = None
    nonce: str = ""
    since: int = 0
    #: Paths asked for, in order; a path in `stuck` is not answered.
    asked: list[str] = field(default_factory=list)
    stuck: set[str] = field(default_factory=set)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self, directory: Path) -> TestServer:
        tls = local_tls(directory)
        self.ca = str(tls.ca)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        server = TestServer(app, scheme="https", host="127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(str(tls.certificate), str(tls.key))
        await server.start_server(ssl=context, shutdown_timeout=0.1)
        self.issuer = f"https://localhost:{server.port}"
        return server

    def settings(self, **more: Any) -> dict[str, Any]:
        return {
            "professionals": "oidc",
            "oidc_issuer": self.issuer,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": CLIENT_SECRET,
            "oidc_ca": self.ca,
            "oidc_acr": (STRONG,),
            **more,
        }

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if request.path in self.stuck:
            await self.released.wait()
        if request.path in self.instead:
            return self.instead[request.path]()
        if request.path == "/.well-known/openid-configuration":
            return web.json_response(self.described())
        if request.path == "/jwks":
            return web.json_response({"keys": [self.key.as_dict(private=False, use="sig")]})
        if request.path == "/userinfo":
            return self._told()
        return web.json_response(
            {"access_token": "a", "token_type": "Bearer", "id_token": self.token()}
        )

    def described(self) -> Claims:
        paths = {
            "authorization_endpoint": "/authorize",
            "token_endpoint": "/token",
            "jwks_uri": "/jwks",
            "userinfo_endpoint": "/userinfo",
        }
        honest = {name: f"{self.issuer}{path}" for name, path in paths.items()}
        return {"issuer": self.issuer, **honest, **self.metadata}

    def _told(self) -> web.Response:
        if isinstance(self.userinfo, str):
            return web.Response(text=self.userinfo, content_type="application/jwt")
        return web.json_response(self.userinfo or {})

    # --- tokens ---------------------------------------------------------------------------------

    def token(self) -> str:
        claims = self.claims(
            {
                "iss": self.issuer,
                "sub": "somebody",
                "aud": CLIENT,
                "iat": self.since,
                "exp": self.since + 300,
                "nonce": self.nonce,
                "acr": STRONG,
                "SubjectNameID": f"8{RPPS}",
            }
        )
        return self.made(claims) if self.made else self.signed(claims, self.key)

    def signed(self, claims: Claims, key: Any, **header: Any) -> str:
        whole = {"alg": "RS256", "kid": "k1", **self.header, **header}
        registry = jwt.JWSRegistry(strict_check_header=False, algorithms=[whole["alg"]])
        return jwt.encode(whole, claims, key, algorithms=[whole["alg"]], registry=registry)

    def unsigned(self, claims: Claims) -> str:
        return f"{packed({'alg': 'none', 'kid': 'k1'})}.{packed(claims)}."

    def confused(self, claims: Claims, secret: bytes) -> str:
        """HMAC, with something that everybody can read as its secret. By hand: no library does."""
        said = f"{packed({'alg': 'HS256', 'kid': 'k1'})}.{packed(claims)}"
        return f"{said}.{encoded(hmac.digest(secret, said.encode(), 'sha256'))}"

    def critical(self, claims: Claims) -> str:
        """Well signed, with an extension that must be understood (RFC 7515 §4.1.11)."""
        header = {"alg": "RS256", "kid": "k1", "crit": ["x"], "x": 1}
        said = f"{packed(header)}.{packed(claims)}"
        signature = self.key.private_key.sign(said.encode(), PKCS1v15(), SHA256())
        return f"{said}.{encoded(signature)}"

    async def send_back(self, browser: Browser, since: int, console: str = "console") -> Answer:
        """The whole way of a browser, with whatever this provider says at the end."""
        url = await leave(browser, console)
        query = parse_qs(urlsplit(url).query)
        self.nonce, self.since = query["nonce"][0], since
        return await browser.get(f"/connexion/retour?code=c&state={query['state'][0]}")


def packed(content: Mapping[str, Any]) -> str:
    return encoded(json.dumps(content).encode())


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
