"""The médecin-conseil's notes beside the video: kept as they are typed, and never lost."""

from collections.abc import Callable
from typing import Any

import pytest
from people import Assure, Medecin
from playwright.sync_api import Locator, Page, Route, expect
from product import Product
from test_accessible import sound

SAVED = "Enregistré à"
#: An appointment of the demo whose hour was a quarter of an hour ago.
PAST = 4


def chosen(product: Product, page: Page, index: int = 0) -> Medecin:
    """A console whose doctor has that appointment before their eyes."""
    appointment = product.appointments[index]
    medecin = Medecin(page, product.login_of(appointment))
    medecin.open_console()
    page.locator(f'[data-id="{appointment["id"]}"] .row-main').click()
    expect(state(medecin)).not_to_have_text("Ouverture…")
    expect(field(medecin)).to_be_editable()
    return medecin


def field(medecin: Medecin) -> Locator:
    return medecin.page.get_by_label("Notes médicales sur ce télécontrôle")


def state(medecin: Medecin) -> Locator:
    return medecin.page.locator("#note-state")


@pytest.mark.row("CO-16")
def test_a_note_is_kept_before_during_and_after_the_call_and_never_crosses_the_room(
    meeting: tuple[Assure, Medecin], product: Product
) -> None:
    assure, medecin = meeting
    page = medecin.page
    frames: list[str] = []
    assure.page.on("websocket", lambda socket: socket.on("framereceived", frames.append))
    page.locator(f'[data-id="{product.appointments[0]["id"]}"] .row-main').click()
    expect(page.get_by_text("Visible du seul service médical.")).to_be_visible()

    page.keyboard.press("n")
    expect(field(medecin)).to_be_focused()
    page.keyboard.type("Avant. ")
    expect(state(medecin)).to_contain_text(SAVED)
    medecin.admit()
    medecin.sees_the_other()
    field(medecin).press("End")
    field(medecin).press_sequentially("Pendant nzq. ")
    expect(state(medecin)).to_contain_text(SAVED)
    medecin.click("Identité vérifiée")
    medecin.end()
    expect(assure.page.get_by_role("heading", name="terminé")).to_be_visible()
    page.reload()

    expect(field(medecin)).to_have_value("Avant. Pendant nzq. ")
    assert "nzq" not in assure.page.content() + "".join(map(str, frames))


@pytest.mark.row("CO-16")
def test_what_is_typed_while_a_note_opens_is_not_lost(
    product: Product, new_page: Callable[..., Page]
) -> None:
    page, held = new_page(), list[Route]()

    def hold(route: Route) -> None:
        if route.request.method == "GET":
            held.append(route)
        else:
            route.continue_()

    page.route("**/note", hold)
    medecin = Medecin(page, product.login_of(product.appointments[0]))
    medecin.open_console()

    def opens(early: str, then: str) -> None:
        page.locator(f'[data-id="{product.appointments[0]["id"]}"] .row-main').click()
        expect(state(medecin)).to_have_text("Ouverture…")
        page.keyboard.press("n")
        page.keyboard.type(early)
        held.pop().continue_()
        expect(field(medecin)).to_have_value(then)
        expect(state(medecin)).to_contain_text(SAVED)

    opens("Avant. ", "Avant. ")
    page.keyboard.type("Après.")
    expect(field(medecin)).to_have_value("Avant. Après.")
    expect(state(medecin)).to_contain_text(SAVED)
    page.reload()
    opens("Encore.", "Avant. Après.\n\nEncore.")


@pytest.mark.row("CO-16")
def test_nothing_is_lost_while_the_network_is_away(
    product: Product, new_page: Callable[..., Page]
) -> None:
    medecin = chosen(product, new_page())
    medecin.page.context.set_offline(True)

    field(medecin).fill("Écrit hors ligne")
    expect(state(medecin)).to_have_text("Non enregistré")
    expect(medecin.button("Réessayer")).to_be_visible()
    warned: list[str] = []
    medecin.page.once("dialog", lambda dialog: (warned.append(dialog.type), dialog.dismiss()))
    medecin.page.evaluate("setTimeout(() => location.reload())")
    expect(field(medecin)).to_have_value("Écrit hors ligne")
    medecin.page.context.set_offline(False)

    expect(state(medecin)).to_contain_text(SAVED)
    assert warned == ["beforeunload"]
    other = chosen(product, new_page())
    expect(field(other)).to_have_value("Écrit hors ligne")


@pytest.mark.row("CO-16")
def test_a_service_that_is_away_is_tried_again_by_the_button(
    product: Product, new_page: Callable[..., Page]
) -> None:
    medecin = chosen(product, new_page())

    def refuse(route: Route) -> None:
        body = '{"error": {"code": "journal_indisponible", "message": "Réessayez."}}'
        if route.request.method == "PUT":
            route.fulfill(status=503, content_type="application/json", body=body)
        else:
            route.continue_()

    medecin.page.route("**/note", refuse)
    field(medecin).fill("À garder")
    expect(state(medecin)).to_have_text("Non enregistré")
    medecin.page.unroute("**/note")
    medecin.click("Réessayer")

    expect(state(medecin)).to_contain_text(SAVED)
    expect(field(medecin)).to_be_focused()


@pytest.mark.row("CO-16")
def test_two_tabs_show_both_texts_and_a_person_chooses(
    product: Product, new_page: Callable[..., Page]
) -> None:
    first = chosen(product, new_page())
    second = chosen(product, new_page(1440, 900))
    field(first).fill("Du premier onglet")
    expect(state(first)).to_contain_text(SAVED)

    field(second).fill("Du second onglet")
    conflict = second.page.get_by_role("region", name="Deux textes pour cette note")
    expect(conflict).to_contain_text("Du premier onglet")
    expect(field(second)).to_have_value("Du second onglet")
    sound(second)
    second.click("Réunir les deux")

    expect(field(second)).to_have_value("Du premier onglet\n\nDu second onglet")
    expect(state(second)).to_contain_text(SAVED)
    expect(conflict).to_be_hidden()


@pytest.mark.row("OP-08")
@pytest.mark.row("CO-16")
def test_after_the_outcome_the_note_is_sealed_and_completed_by_a_gesture(
    product: Product, new_page: Callable[..., Page]
) -> None:
    medecin = chosen(product, new_page(), PAST)
    field(medecin).fill("Avant la signature")
    expect(state(medecin)).to_contain_text(SAVED)
    medecin.page.get_by_label("Non connecté").check()
    medecin.choose("Contrôle impossible")
    medecin.click("Enregistrer l'issue")
    expect(medecin.page.get_by_text("Issue scellée, version 1")).to_be_visible()

    expect(field(medecin)).not_to_be_editable()
    medecin.click("Compléter la note")
    field(medecin).fill("Avant la signature, puis après")
    expect(state(medecin)).to_have_text("Version non enregistrée")
    medecin.click("Enregistrer cette version")

    expect(state(medecin)).to_contain_text("version 2")
    medecin.page.get_by_text("Versions précédentes").first.click()
    medecin.click("Version 1")
    expect(medecin.page.locator("#note-former-text")).to_have_text("Avant la signature")
    expect(medecin.page.locator("#note-former-title")).to_be_focused()
    sound(medecin)


@pytest.mark.row("CO-16")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_panel_is_closed_on_a_small_screen_and_sound(
    product: Product, new_page: Callable[..., Page], scheme: str
) -> None:
    small: dict[str, Any] = {"width": 360, "height": 640, "color_scheme": scheme}
    appointment = product.appointments[0]
    medecin = Medecin(new_page(**small), product.login_of(appointment))
    medecin.open_console()
    expect(field(medecin)).to_be_hidden()

    medecin.page.locator("#notes summary").first.click()
    field(medecin).fill("Sur un petit écran")

    expect(state(medecin)).to_contain_text(SAVED)
    overflow = medecin.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow <= 0
    sound(medecin)
