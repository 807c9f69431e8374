"""A movement that the médecin-conseil guides: page to page, in large words, freely refused."""

import pytest
from people import Assure, Medecin
from playwright.sync_api import expect
from product import Product

#: Everything that leaves for the server by a socket.
WATCH_SOCKETS = """
window.__told = [];
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
  __told.push(String(data));
  return send.call(this, data);
};
"""


@pytest.mark.row("CO-10")
def test_a_movement_is_guided_step_by_step_and_refused_without_a_reason(  # noqa: PLR0915
    assure: Assure, medecin: Medecin, product: Product
) -> None:
    for person in (assure, medecin):
        person.page.add_init_script(WATCH_SOCKETS)
    medecin.open_console()
    assure.wait()
    assure.connection_ready()
    medecin.admit()
    medecin.sees_the_other()
    guided = assure.page.locator("#guided")

    # By the keyboard alone: the tool, the list, the movement.
    medecin.button("Guider un mouvement").focus()
    medecin.page.keyboard.press("Enter")
    expect(medecin.page.get_by_role("heading", name="Guider un mouvement")).to_be_focused()
    assert medecin.page.locator(".guide-choice").count() >= 10
    medecin.page.locator("[data-manoeuvre=montrer_main]").focus()
    medecin.page.keyboard.press("Enter")

    expect(guided.get_by_role("heading", name="Montrer la main")).to_be_visible()
    expect(guided).to_contain_text("Étape 1 sur 3")
    expect(guided).to_contain_text("Placez votre main devant la caméra")
    expect(guided.locator("svg.pictogram")).to_be_visible()
    expect(assure.page.locator("#status")).to_contain_text("Le médecin vous propose un mouvement")
    expect(medecin.page.locator(".guide-word")).to_have_text("Affiché chez l'assuré.")
    grid = assure.page.evaluate(
        "getComputedStyle(document.querySelector('#self'), '::after').backgroundImage"
    )
    assert "linear-gradient" in grid
    letters = guided.locator(".guided-step").evaluate("(one) => getComputedStyle(one).fontSize")
    assert float(letters.removesuffix("px")) >= 20
    # Two fake cameras are not there: nothing to turn round. The voice is asked for, never imposed.
    assert assure.page.evaluate("!speechSynthesis.speaking")

    # Seen done: ticked, and on to the next.
    medecin.page.get_by_label("Placez votre main devant la caméra, paume vers elle.").check()
    expect(guided).to_contain_text("Étape 2 sur 3")
    medecin.click("Démarrer le chrono")
    expect(assure.page.locator(".guided-time")).to_be_visible()
    medecin.click("Étape suivante")
    expect(guided).to_contain_text("Étape 3 sur 3")
    expect(medecin.button("Étape suivante")).to_be_disabled()
    expect(medecin.page.locator(".guide-running h3")).to_be_focused()

    # A page that comes back is told again.
    assure.page.reload()
    assure.sees_the_other()
    expect(guided).to_contain_text("Étape 3 sur 3")

    assure.click("Je ne peux pas le faire")
    expect(guided).to_be_hidden()
    assert assure.focused() != "BODY"
    expect(medecin.page.locator(".guide-word")).to_contain_text("L'assuré dit qu'il ne peut pas")
    expect(medecin.page.locator(".guide-list")).to_be_visible()

    # Stopped by the médecin-conseil, and by the end of the admission.
    medecin.page.locator("[data-manoeuvre=tete]").click()
    expect(guided).to_be_visible()
    medecin.click("Arrêter le mouvement")
    expect(guided).to_be_hidden()
    medecin.page.locator("[data-manoeuvre=tete]").click()
    expect(guided).to_be_visible()
    medecin.click("Remettre en attente")
    expect(assure.page.get_by_role("heading", name="salle d'attente")).to_be_visible()
    medecin.admit()
    assure.sees_the_other()
    expect(guided).to_be_hidden()

    # What was asked for never left for the server, nor for its log.
    for person in (assure, medecin):
        told = "".join(person.page.evaluate("__told"))
        assert told
        assert not any(word in told for word in ("montrer_main", "manoeuvre", "tete", "cannot"))
    assert "montrer_main" not in product.log.read_text()
