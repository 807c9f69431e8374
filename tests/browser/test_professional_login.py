"""A médecin-conseil logs in with a real browser, at a real provider, and out again; and an agent
with a link and an authenticator."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, expect

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "server"))

from oidc_people import CLIENT, CLIENT_SECRET, RPPS, STRONG, NodeProvider  # noqa: E402

START_SECONDS = 60
SECRET = "un-secret-de-test-assez-long-pour-servir"
PEOPLE = f"""
[[caisse]]
id = "c-1"
nom = "CPAM de Bretagne"
fuseau = "Europe/Paris"
telephone = "3646"
responsable = "la caisse"
dpd = "dpd@exemple.invalid"
conservation = "deux ans"

[[medecin]]
id = "mc-1"
caisse = "c-1"
nom = "Dr Claire Quemeneur"
rpps = "{RPPS}"

[[agent]]
id = "ag-1"
caisse = "c-1"
nom = "Maëlle Le Bihan"
"""


class Served:
    """`telecontrole serve`, with its annuaire; ended with the test."""

    def __init__(self, directory: Path, provider: NodeProvider, port: int, **settings: Any) -> None:
        self.origin = f"https://localhost:{port}"
        self._log = directory / "server.log"
        self._toml = directory / "telecontrole.toml"
        values = {
            "data_dir": str(directory / "data"),
            "port": port,
            "origin": self.origin,
            "secret": SECRET,
            "tls_certificate": str(provider.tls.certificate),
            "tls_key": str(provider.tls.key),
            **settings,
        }
        lines = [f"{name} = {toml(value)}" for name, value in values.items()]
        self._toml.write_text("\n".join(lines))
        annuaire = directory / "annuaire.toml"
        annuaire.write_text(PEOPLE)
        self.run("annuaire", str(annuaire))
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "server", "serve", "--config", str(self._toml)],
                stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while b'"serving"' not in self._log.read_bytes():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, "the service did not start"
            time.sleep(0.05)

    def run(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "server", *arguments, "--config", str(self._toml)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)


def toml(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    one = browser.new_context(ignore_https_errors=True, locale="fr-FR")
    one.set_default_timeout(20_000)
    yield one
    one.close()


@pytest.fixture
def provided(tmp_path: Path) -> Iterator[Served]:
    """A service that lets in by a provider."""
    port = free_port()
    with NodeProvider.start(tmp_path, origin=f"https://localhost:{port}") as provider:
        settings = {
            "professionals": "oidc",
            "oidc_issuer": provider.issuer,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": CLIENT_SECRET,
            "oidc_ca": str(provider.tls.ca),
            "oidc_scopes": ("openid", "identite"),
            "oidc_acr": (STRONG,),
        }
        service = Served(tmp_path, provider, port, **settings)
        yield service
        service.stop()


@pytest.mark.row("ID-01")
@pytest.mark.row("AI-06")
def test_a_medecin_conseil_goes_to_the_provider_comes_back_and_logs_out_of_both(
    provided: Served, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(f"{provided.origin}/console")
    page.get_by_role("button", name="Se connecter avec Pro Santé Connect").click()
    page.get_by_label("Compte").fill("quemeneur")
    page.get_by_role("button", name="S'authentifier").click()

    expect(page.get_by_role("heading", name="Ma journée")).to_be_visible()
    assert page.url == f"{provided.origin}/console"
    cookies = {one["name"]: one for one in context.cookies(provided.origin)}
    assert cookies["__Host-console"]["sameSite"] == "Strict"
    assert "__Host-connexion" not in cookies

    page.locator("#logout").click()
    page.get_by_role("button", name="Oui").click()
    expect(page.get_by_role("button", name="Se connecter avec Pro Santé Connect")).to_be_visible()


@pytest.mark.row("ID-01")
def test_who_is_not_in_the_annuaire_reads_why_and_finds_the_way_back(
    provided: Served, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(f"{provided.origin}/agent")
    page.get_by_role("button", name="Se connecter avec Pro Santé Connect").click()
    page.get_by_label("Compte").fill("inconnue")
    page.get_by_role("button", name="S'authentifier").click()

    expect(page.get_by_role("heading", name="Accès non ouvert")).to_be_visible()
    assert "code=" not in page.content()
    page.get_by_role("link", name="Revenir à la console").click()
    expect(page.get_by_role("heading", name="Console de l'agent")).to_be_visible()


@pytest.mark.row("ID-01")
def test_without_a_provider_the_link_asks_for_the_code_of_the_authenticator(
    tmp_path: Path, context: BrowserContext
) -> None:
    with NodeProvider.start(tmp_path) as certificates:
        service = Served(tmp_path, certificates, free_port())
        printed = service.run("login", "--agent", "ag-1")
        found = re.search(r"secret=(\w+)", printed)
        assert found is not None
        page = context.new_page()
        page.goto(printed.split()[0])

        field = page.get_by_label("Code de votre application d'authentification")
        expect(field).to_be_focused()
        field.fill("12")
        page.get_by_role("button", name="Se connecter").click()
        expect(page.get_by_text("Le code a six chiffres.")).to_be_visible()
        field.fill(pyotp.TOTP(found[1]).at(datetime.now(UTC)))
        page.get_by_role("button", name="Se connecter").click()

        expect(page.get_by_role("link", name="Télécontrôles")).to_be_visible()
        service.stop()
