"""A real provider (npm's oidc-provider, run by node), and somebody who authenticates there."""

import json
import ssl
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from server_people import ORIGIN, SECRET, Answer, Browser, Service

from certs.tls import LocalTls, ensure_local_tls
from server.caisse import identified
from server.identity.secrets import Keeper

HERE = Path(__file__).parent
PATIENCE = 20.0
STRONG = "eidas2"
RPPS = "10001234567"
CLIENT = "telecontrole"
CLIENT_SECRET = "un-secret-de-client-assez-long-pour-un-essai"
RETURN = f"{ORIGIN}/connexion/retour"
#: Of the provider: who is strong enough, who is not one of ours, who has no number.
ACCOUNTS: dict[str, dict[str, Any]] = {
    "quemeneur": {
        "acr": STRONG, "amr": ["pop", "mfa"],
        "claims": {"SubjectNameID": f"8{RPPS}", "email": "claire@exemple.invalid"},
    },
    "inconnue": {
        "acr": STRONG, "amr": ["mfa"], "claims": {"SubjectNameID": "810009999999"},
    },
    "sans-numero": {"acr": STRONG, "amr": ["mfa"], "claims": {}},
    "le-bihan": {"acr": STRONG, "amr": ["mfa"], "claims": {"email": "maelle@exemple.invalid"}},
}  # fmt: skip


def local_tls(directory: Path) -> LocalTls:
    return ensure_local_tls(directory / "tls", ["localhost", "127.0.0.1"], datetime.now(UTC))


@dataclass
class NodeProvider:
    """One provider on this machine; a process, so that several tests can share it."""

    process: subprocess.Popen[bytes]
    tls: LocalTls
    issuer: str = ""

    @classmethod
    def start(
        cls, directory: Path, *, origin: str = ORIGIN, client: Mapping[str, Any] | None = None
    ) -> Self:
        tls = local_tls(directory)
        registered = {
            "client_id": CLIENT,
            "client_secret": CLIENT_SECRET,
            "redirect_uris": [f"{origin}/connexion/retour"],
            "post_logout_redirect_uris": [f"{origin}/console", f"{origin}/agent"],
            "response_types": ["code"],
            "grant_types": ["authorization_code"],
            **(client or {}),
        }
        settings = {
            "key": str(tls.key),
            "cert": str(tls.certificate),
            "clients": [{name: value for name, value in registered.items() if value}],
            "accounts": ACCOUNTS,
            "acrs": [STRONG, "eidas1"],
        }
        file = directory / "provider.json"
        file.write_text(json.dumps(settings))
        with (directory / "provider.log").open("wb") as log:
            process = subprocess.Popen(
                ["node", str(HERE / "oidc_provider.mjs"), str(file)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        one = cls(process, tls)
        one.issuer = one._line()
        assert one.issuer.startswith("https://"), (directory / "provider.log").read_text()
        return one

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().strip()

    def rotate(self) -> None:
        """It signs with another key from now on, and publishes that one alone."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"rotate\n")
        self.process.stdin.flush()
        assert self._line() == "rotated"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate()
        self.process.wait()

    def settings(self, **more: Any) -> dict[str, Any]:
        """What a service must be set to."""
        return {
            "professionals": "oidc",
            "oidc_issuer": self.issuer,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": CLIENT_SECRET,
            "oidc_ca": str(self.tls.ca),
            "oidc_scopes": ("openid", "identite"),
            "oidc_acr": (STRONG,),
            "oidc_agent_claim": "email",
            **more,
        }

    # --- somebody there -------------------------------------------------------------------------

    def person(self) -> httpx.AsyncClient:
        """A browser at the provider, with its own cookies."""
        context = ssl.create_default_context(cafile=str(self.tls.ca))
        return httpx.AsyncClient(verify=context, timeout=PATIENCE, trust_env=False)

    async def authenticate(
        self, url: str, account: str, person: httpx.AsyncClient | None = None
    ) -> str:
        """From the address that our page was given to the one that brings back to us."""
        if person is None:
            async with self.person() as one:
                return await self.authenticate(url, account, one)
        answer = await person.get(url)
        while True:
            if answer.is_redirect:
                next_one = str(answer.headers["Location"])
                if urlsplit(next_one).netloc == urlsplit(ORIGIN).netloc:
                    return next_one
                answer = await person.get(answer.url.join(next_one))
            elif "/interaction/" in answer.url.path:
                form = {"refus": "1"} if account == "refus" else {"compte": account}
                answer = await person.post(answer.url, data=form)
            else:
                raise AssertionError((answer.status_code, answer.text))


# --- our side -----------------------------------------------------------------------------------


async def known(
    service: Service, *, kind: str = "medecin", who: str = "mc-1", by: str = RPPS
) -> None:
    """The annuaire knows this person by this identifier."""
    named = [identified.Named(kind, who, by)]
    async with service.registre.transaction() as unite:
        await identified.identify(unite.connection, Keeper(SECRET), named, datetime.now(UTC))


async def leave(browser: Browser, console: str = "console") -> str:
    """The provider's address that the login screen goes to."""
    url: str = (await browser.ok(f"/api/connexion/{console}"))["url"]
    return url


async def come_back(browser: Browser, address: str) -> Answer:
    parts = urlsplit(address)
    return await browser.get(f"{parts.path}?{parts.query}")


async def log_in(
    service: Service,
    provider: NodeProvider,
    account: str = "quemeneur",
    console: str = "console",
    browser: Browser | None = None,
) -> tuple[Browser, Answer]:
    """The whole way; the browser, and what the return was answered with."""
    browser = browser or service.browser()
    address = await provider.authenticate(await leave(browser, console), account)
    return browser, await come_back(browser, address)
