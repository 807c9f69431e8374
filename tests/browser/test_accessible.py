"""Keyboard alone, axe on every screen and state, a focus that is never lost."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from people import Assure, Medecin
from playwright.sync_api import Page, expect
from product import Product

AXE = (Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js").read_text()
#: The last one is 1280 × 1024 at 400 % (WCAG 1.4.10).
LOOKS = [
    (360, 640, "light"), (360, 640, "dark"), (1440, 900, "light"), (1440, 900, "dark"),
    (320, 256, "light"),
]  # fmt: skip


def faults(page: Page) -> list[str]:
    """What axe finds on the page as it is now (WCAG 2.1 A and AA)."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE + ";undefined")
    found: dict[str, Any] = page.evaluate(
        "() => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', "
        "'best-practice'] })"
    )
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def sound(person: Assure | Medecin) -> None:
    """No fault, no horizontal scroll, and the focus somewhere."""
    person.page.wait_for_timeout(250)  # a fade is a contrast fault while it lasts
    assert faults(person.page) == []
    assert person.page.evaluate(
        "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


@pytest.mark.row("AC-01")
@pytest.mark.parametrize(("width", "height", "scheme"), LOOKS)
def test_axe_finds_nothing_on_any_screen_of_the_journey(
    product: Product, new_page: Callable[..., Page], width: int, height: int, scheme: str
) -> None:
    appointment = product.appointments[0]
    assure = Assure(new_page(width, height, color_scheme=scheme), appointment)
    medecin = Medecin(new_page(width, height, color_scheme=scheme), product.login_of(appointment))
    medecin.open_console()
    sound(medecin)
    assure.follow_link()
    expect(assure.button("Continuer")).to_be_visible()
    sound(assure)
    assure.click("Continuer")
    expect(assure.page.get_by_label("Code reçu par SMS")).to_be_visible()
    sound(assure)
    assure.page.get_by_label("Code reçu par SMS").fill(appointment["code"])
    assure.click("Continuer")
    expect(assure.button("J'ai lu et je continue")).to_be_visible()
    sound(assure)
    assure.click("J'ai lu et je continue")
    expect(assure.button("Activer ma caméra et mon micro")).to_be_visible()
    sound(assure)
    assure.click("Activer ma caméra et mon micro")
    expect(assure.button("Entrer dans la salle d'attente")).to_be_visible()
    sound(assure)
    assure.click("Entrer dans la salle d'attente")
    expect(medecin.button("Admettre")).to_be_visible()
    sound(assure)
    sound(medecin)
    medecin.admit()
    medecin.sees_the_other()
    sound(assure)
    sound(medecin)
    medecin.click("Identité vérifiée")
    medecin.click("Terminer le télécontrôle")
    sound(medecin)
    medecin.click("Confirmer et terminer")
    expect(assure.page.get_by_role("heading", name="terminé")).to_be_visible()
    sound(assure)
    medecin.choose("Arrêt médicalement justifié")
    sound(medecin)
    medecin.click("Enregistrer l'issue")
    expect(medecin.page.get_by_text("Issue scellée, version 1")).to_be_visible()
    sound(medecin)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_around(
    product: Product, new_page: Callable[..., Page], scheme: str
) -> None:
    page = new_page(360, 640, color_scheme=scheme)
    for path in ("/", "/demo", "/demo/envois", "/console", "/rdv#" + "x" * 32):
        page.goto(product.ready["base"] + path)
        page.wait_for_load_state("networkidle")
        assert faults(page) == [], path


class Keyboard:
    """Somebody who has no mouse: Tab until it has the focus, then Enter."""

    def __init__(self, person: Assure | Medecin) -> None:
        self.person = person
        self.page = person.page

    def reach(self, name: str) -> None:
        """Tab to the control of that name; the focus is never nowhere on the way."""
        wanted = self.page.get_by_role("button", name=name, exact=True)
        expect(wanted.first).to_be_visible()
        for _ in range(80):
            if wanted.first.evaluate("(button) => button === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach « {name} »")

    def press(self, name: str) -> None:
        self.reach(name)
        self.page.keyboard.press("Enter")

    def type_into(self, label: str, text: str) -> None:
        field = self.page.get_by_label(label)
        for _ in range(80):
            if field.evaluate("(one) => one === document.activeElement"):
                break
            self.page.keyboard.press("Tab")
        self.page.keyboard.type(text)

    def not_lost(self) -> None:
        self.page.wait_for_function("() => document.activeElement !== document.body")


@pytest.mark.row("CA-01")
@pytest.mark.row("AC-01")
def test_the_whole_journey_by_keyboard_alone_and_the_focus_is_never_lost(
    product: Product, assure: Assure, medecin: Medecin
) -> None:
    theirs, ours = Keyboard(assure), Keyboard(medecin)
    medecin.open_console()
    assure.follow_link()
    theirs.press("Continuer")
    theirs.not_lost()
    theirs.type_into("Code reçu par SMS", assure.appointment["code"])
    assure.page.keyboard.press("Enter")
    for name in (
        "J'ai lu et je continue",
        "Activer ma caméra et mon micro",
        "Entrer dans la salle d'attente",
    ):
        theirs.press(name)
        theirs.not_lost()

    ours.press("Admettre")
    medecin.sees_the_other()
    ours.not_lost()
    theirs.not_lost()
    ours.press("Remettre en attente")
    ours.not_lost()
    seen = medecin.media()["frames"]
    ours.press("Admettre")
    medecin.sees_the_other(since=seen)
    ours.press("Identité vérifiée")
    ours.not_lost()
    ours.press("Examen clinique nécessaire")
    ours.not_lost()
    theirs.press("Couper le micro")
    theirs.not_lost()
    ours.press("Terminer le télécontrôle")
    ours.press("Confirmer et terminer")
    ours.not_lost()

    expect(assure.page.get_by_role("heading", name="terminé")).to_be_visible()
    theirs.not_lost()
    ours.type_into("Conclusion", "Examen en personne")
    ours.press("Enregistrer l'issue")
    expect(medecin.page.get_by_text("Issue scellée, version 1")).to_be_visible()
    ours.not_lost()
