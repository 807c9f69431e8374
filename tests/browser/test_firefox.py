"""Chromium meets Firefox, on either side: the same call, seen, heard and verified."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import WATCH
from firefox import FIREFOX, Firefox, FirefoxPage, firefox
from people import Assure, Medecin
from playwright.sync_api import expect
from product import Product

pytestmark = [
    pytest.mark.row("JO-01"),
    pytest.mark.skipif(not Path(FIREFOX).exists(), reason="firefox-esr is not installed"),
]

#: Pictures and samples of sound that came, and the code that both read aloud.
RECEIVED = """(async () => {
  const sum = { frames: 0, samples: 0 };
  for (const one of (await __watch.peers.at(-1).getStats()).values()) {
    if (one.type !== 'inbound-rtp') continue;
    sum.frames += one.framesDecoded ?? 0;
    sum.samples += one.totalSamplesReceived ?? one.packetsReceived ?? 0;
  }
  return sum.frames > 5 && sum.samples > 100;
})()"""
CODE = "document.querySelector('#code-digits .unseen').textContent.trim()"


@pytest.fixture(scope="module")
def browser_of_mozilla(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with firefox(tmp_path_factory.mktemp("firefox")) as running:
        yield running


@pytest.fixture
def page(browser_of_mozilla: Firefox) -> FirefoxPage:
    return browser_of_mozilla.page(WATCH)


def test_an_assure_with_firefox_is_received(
    product: Product, page: FirefoxPage, medecin: Medecin
) -> None:
    appointment = product.appointments[0]
    medecin.open_console()

    page.goto(appointment["lien"])
    page.click("Continuer")
    page.fill("Code reçu par SMS", appointment["code"])
    page.click("Continuer")
    page.click("J'ai lu et je continue")
    page.click("Activer ma caméra et mon micro")
    page.click("Entrer dans la salle d'attente")
    page.see("Connexion prête")
    medecin.admit()

    medecin.sees_the_other()
    assert page.until(RECEIVED)
    expect(medecin.page.locator("#code-digits")).to_be_visible()
    assert page.until(CODE) == medecin.page.evaluate(CODE)
    assert page.evaluate("__watch.violations") == []
    assert page.evaluate("__watch.captures") == 1


def test_a_medecin_with_firefox_receives(
    product: Product, page: FirefoxPage, assure: Assure
) -> None:
    page.goto(product.login_of(assure.appointment))
    page.see("Ma journée")
    assure.wait()
    assure.connection_ready()

    page.click("Admettre")

    assure.sees_the_other()
    assert page.until(RECEIVED)
    expect(assure.page.locator("#code-digits")).to_be_visible()
    assert page.until(CODE) == assure.page.evaluate(CODE)
    page.click("Terminer le télécontrôle")
    page.click("Confirmer et terminer")
    expect(assure.page.get_by_role("heading", name="Le rendez-vous est terminé")).to_be_visible()
    assert page.evaluate("__watch.violations") == []
