"""Nothing moves for who asked for no movement; larger letters and easier words at a click."""

from collections.abc import Callable

import pytest
from people import Assure, Medecin
from playwright.sync_api import Page, expect
from product import Product

#: What moves longer than a hundredth of a second, pseudo-elements included.
MOVING = """() => {
  const seconds = (list) => Math.max(...list.split(',').map((one) =>
    parseFloat(one) * (one.trim().endsWith('ms') ? 0.001 : 1)));
  const moving = [];
  for (const node of document.querySelectorAll('*'))
    for (const part of [null, '::before', '::after']) {
      const style = getComputedStyle(node, part);
      const animated = style.animationName !== 'none' && seconds(style.animationDuration) > 0.01;
      if (animated || seconds(style.transitionDuration) > 0.01)
        moving.push(node.tagName + (node.id && '#' + node.id) + (part ?? ''));
    }
  for (const one of document.getAnimations())
    if (one.playState === 'running' && one.effect.getComputedTiming().duration > 10)
      moving.push('running');
  if (getComputedStyle(document.documentElement).scrollBehavior === 'smooth') moving.push('scroll');
  return moving;
}"""

#: What moved without anybody doing something, as browsers add it up (Layout Instability, W3C).
SHIFTED = """
window.shifted = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries())
    for (const { node } of one.sources) shifted.push(node?.nodeName);
}).observe({ type: 'layout-shift', buffered: true });
"""


def test_the_foot_of_a_page_does_not_run_down_while_it_loads(
    product: Product, new_page: Callable[..., Page]
) -> None:
    for link in (product.appointments[0]["lien"], f"{product.ready['base']}/attestation"):
        page = new_page(360, 640)
        page.add_init_script(SHIFTED)
        page.goto(link)
        expect(page.locator("body:not([data-screen=loading]) h1:visible")).to_be_visible()

        assert "FOOTER" not in page.evaluate("shifted")
        assert page.title().endswith(" – télécontrôle")
        assert page.title().count(" – ") == 1


@pytest.mark.row("AC-07")
def test_nothing_moves_on_any_screen_where_less_motion_is_asked_for(
    product: Product, new_page: Callable[..., Page]
) -> None:
    calm = {"reduced_motion": "reduce"}
    appointment = product.appointments[0]
    assure = Assure(new_page(360, 640, has_touch=True, **calm), appointment)
    medecin = Medecin(new_page(**calm), product.login_of(appointment))
    looked: dict[str, list[str]] = {}

    def look(name: str, page: Page) -> None:
        looked[name] = page.evaluate(MOVING)

    for path in ("console", "agent", "verifier", "attestation"):
        medecin.page.goto(f"{product.ready['base']}/{path}")
        expect(medecin.page.locator("h1:visible, h2:visible").first).to_be_visible()
        look(path, medecin.page)
    medecin.open_console()
    look("day", medecin.page)
    assure.follow_link()
    look("welcome", assure.page)
    assure.click("Continuer")
    look("code", assure.page)
    assure.page.get_by_label("Code reçu par SMS").fill(appointment["code"])
    assure.click("Continuer")
    look("information", assure.page)
    assure.click("J'ai lu et je continue")
    look("devices", assure.page)
    assure.click("Activer ma caméra et mon micro")
    look("check", assure.page)
    assure.click("Entrer dans la salle d'attente")
    assure.connection_ready()
    look("waiting", assure.page)
    medecin.admit()
    assure.sees_the_other()
    medecin.click("Guider un mouvement")
    medecin.page.locator("[data-manoeuvre=tete]").click()
    expect(assure.page.locator("#guided")).to_be_visible()
    medecin.click("Voir de plus près")
    for _ in ("zoomed", "turned"):
        medecin.page.keyboard.press("+")
        medecin.page.keyboard.press("r")
    look("call", medecin.page)
    look("guided", assure.page)
    medecin.page.keyboard.press("Escape")
    medecin.page.keyboard.press("p")
    expect(assure.page.locator("#held")).to_be_visible()
    look("held", assure.page)
    look("held console", medecin.page)
    medecin.end()
    look("outcome", medecin.page)
    expect(assure.page.get_by_role("heading", name="Le rendez-vous est terminé")).to_be_visible()
    look("ended", assure.page)

    assert {name: moving for name, moving in looked.items() if moving} == {}


#: Where the rest of the waiting room is, with each of the words that come first.
BELOW_THE_NEWS = """() => {
  const news = document.querySelector("#news");
  return [
    "Nous prévenons le médecin…",
    "Le médecin n'est pas encore connecté. Il sera prévenu de votre arrivée.",
    "Le médecin est prévenu de votre arrivée. Il va vous faire entrer.",
    "Le médecin est en consultation. Il vous recevra ensuite.",
  ].map((words) => {
    news.textContent = words;
    return document.querySelector("[data-screen='waiting'] .who").getBoundingClientRect().top;
  });
}"""


@pytest.mark.row("WR-02")
def test_what_the_waiting_room_says_next_moves_nothing_below_it(assure: Assure) -> None:
    assure.wait()
    for width in (320, 360, 414, 820, 1440):
        assure.page.set_viewport_size({"width": width, "height": 800})
        assert len(set(assure.page.evaluate(BELOW_THE_NEWS))) == 1, width


#: Where each heading was, from the first one painted on.
HEADINGS = """() => {
  window.headings = {};
  const look = () => {
    const shown = document.querySelector("section[data-screen]:not([hidden]) h1");
    const top = shown?.getBoundingClientRect().top;
    if (shown) (window.headings[document.body.dataset.screen] ??= new Set()).add(top);
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


@pytest.mark.row("JO-01")
@pytest.mark.parametrize("width", [360, 820, 1440])
def test_the_first_heading_stays_where_it_was_seen_first(
    product: Product, new_page: Callable[..., Page], width: int
) -> None:
    page = new_page(width, 800)
    page.add_init_script(f"({HEADINGS})()")
    page.route("**/*.{js,css}", lambda route: (page.wait_for_timeout(20), route.continue_()))
    page.goto(product.appointments[0]["lien"])
    expect(page.get_by_role("button", name="Grand texte").first).to_be_visible()
    expect(page.get_by_role("button", name="Continuer")).to_be_visible()
    page.wait_for_timeout(200)

    seen = page.evaluate("() => Object.entries(headings).map(([name, tops]) => [name, ...tops])")

    assert [name for name, *_ in seen] == ["loading", "welcome"]
    assert len({top for _, *tops in seen for top in tops}) == 1, seen


@pytest.mark.row("AC-07")
def test_larger_letters_and_easier_words_are_chosen_once_for_the_visit(
    assure: Assure, new_page: Callable[..., Page], product: Product
) -> None:
    page = assure.page
    assure.follow_link()
    size = "parseFloat(getComputedStyle(document.querySelector('main p:not(.unseen)')).fontSize)"
    narrow = "document.documentElement.scrollWidth <= innerWidth"
    before = page.evaluate(size)
    note = page.get_by_role("note", name="Facile à lire")
    assert note.count() == 0

    page.locator(".top + .reading").get_by_role("button", name="Grand texte").click()
    page.locator(".top + .reading").get_by_role("button", name="Facile à lire").click()

    expect(note.first).to_contain_text("Vous pouvez dire non à la vidéo.")
    assert page.evaluate("document.documentElement.classList.contains('large-text')")
    page.reload()
    expect(note.first).to_be_visible()
    assert page.evaluate(size) >= before * 1.25
    assert page.evaluate(narrow)
    assure.prove_identity()
    # Beside the words that are put on record, not in their place.
    expect(page.get_by_role("note")).to_contain_text("Le texte complet est en dessous.")
    expect(page.locator("#information")).to_contain_text("article 226-1")
    assert page.evaluate(narrow)
    assure.prepare()
    assert page.evaluate(narrow)
    assure.click("Entrer dans la salle d'attente")
    expect(page.get_by_role("note")).to_contain_text("Attendez ici.")
    assert page.evaluate(narrow)

    # From the settings it is taken back; another visit knows nothing of it.
    assure.click("Réglages")
    page.locator("#settings-dialog").get_by_role("button", name="Facile à lire").click()
    expect(note).to_have_count(0)
    elsewhere = new_page(360, 640)
    elsewhere.goto(f"{product.ready['base']}/verifier")
    expect(elsewhere.get_by_role("button", name="Grand texte")).to_have_attribute(
        "aria-pressed", "false"
    )
