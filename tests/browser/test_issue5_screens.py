"""A call with its code, gesture, people and notes stays calm: on a phone, a tablet, at a desk."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from people import Assure, Medecin, Person
from playwright.sync_api import Page, Route, expect
from product import Product
from test_accessible import sound

#: The narrowest screen that the guidelines name (WCAG 2.1, 1.4.10), then ours.
SIZES = [(320, 640), (360, 640), (820, 1180), (1440, 900)]
#: What can be pressed, the smallest side of each in px; a radio counts with its label.
SMALL = """(least) => [...document.querySelectorAll('button, a[href], select, summary, textarea')]
  .filter((one) => one.checkVisibility() && !one.closest('.unseen'))
  .map((one) => [one.id || one.textContent.trim(), one.getBoundingClientRect()])
  .filter(([, box]) => box.width > 0 && Math.min(box.width, box.height) < least)
  .map(([name, box]) => `${name}: ${Math.round(box.width)} x ${Math.round(box.height)}`)"""
#: What is in the middle of the other's picture, and at its left and upper quarter.
OVER_THE_FACE = """() => {
  const box = document.querySelector('#screen').getBoundingClientRect();
  return [[0.5, 0.5], [0.25, 0.5], [0.5, 0.25]].map(([x, y]) =>
    document.elementFromPoint(box.left + box.width * x, box.top + box.height * y)?.className);
}"""
HEADINGS = """() => [...document.querySelectorAll('#side h3')]
  .filter((one) => one.checkVisibility())
  .map((one) => [one.textContent.trim(), Math.round(one.getBoundingClientRect().top)])"""


@pytest.fixture
def talking(meeting: tuple[Assure, Medecin]) -> tuple[Assure, Medecin]:
    """In conversation, nothing checked or declared yet."""
    assure, medecin = meeting
    medecin.admit()
    medecin.sees_the_other()
    expect(assure.page.locator("#code-digits")).to_be_visible()
    return assure, medecin


def states(assure: Assure, medecin: Medecin) -> list[tuple[str, Callable[[], None]]]:
    """What happens in a call, one after the other."""

    def declared() -> None:
        assure.click("Quelqu'un est avec moi")

    def verified() -> None:
        assure.click("Personne d'autre")
        medecin.click("Identité vérifiée")

    return [
        ("code", lambda: None),
        ("gesture", lambda: medecin.click("Proposer un geste au hasard")),
        ("document", lambda: medecin.click("Aider à montrer la pièce d'identité")),
        ("noted", lambda: medecin.click("Geste fait")),
        ("no frame", lambda: medecin.click("Aider à montrer la pièce d'identité")),
        ("different", lambda: medecin.click("Différent")),
        ("identical", lambda: medecin.click("Identique")),
        ("people", declared),
        ("checked", verified),
    ]


def fits(person: Person, least: int, width: int, height: int) -> None:
    person.page.set_viewport_size({"width": width, "height": height})
    told = f"{width} x {height}"
    wide = person.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, told
    assert person.page.evaluate(SMALL, least) == [], told


@pytest.mark.row("AC-01")
def test_in_every_state_of_a_call_all_fits_and_can_be_touched(
    talking: tuple[Assure, Medecin],
) -> None:
    assure, medecin = talking

    for name, happens in states(assure, medecin):
        happens()
        for width, height in SIZES:
            fits(medecin, 24, width, height)
            medecin.page.evaluate("() => document.querySelector('#screen').scrollIntoView()")
            assert medecin.page.evaluate(OVER_THE_FACE) == ["remote"] * 3, (name, width)
        for width, height in SIZES[:2]:
            fits(assure, 40 if width == 320 else 44, width, height)
    assert medecin.page.evaluate("__watch.violations") == []


@pytest.mark.row("CO-06")
def test_on_a_phone_the_code_its_answer_and_the_commands_need_no_scrolling(
    talking: tuple[Assure, Medecin],
) -> None:
    assure, medecin = talking

    for name, happens in states(assure, medecin):
        happens()
        # The four counts take the place of the commands, for the time of the answer.
        last = ".people-list button" if name == "people" else "[data-action=leave]"
        for what in ("#code-digits", "#code-different", last):
            shown = assure.page.locator(f"section[data-screen=call] {what}")
            box = shown.bounding_box()
            assert box is not None, (name, what)
            assert box["y"] >= 0, (name, what)
            assert box["y"] + box["height"] <= 640, (name, what)


@pytest.mark.row("AC-01")
def test_on_a_phone_s_console_the_other_s_picture_comes_without_scrolling(
    product: Product, assure: Assure, new_page: Callable[..., Page]
) -> None:
    medecin = Medecin(new_page(360, 640), product.login_of(assure.appointment))
    medecin.open_console()
    assure.wait()
    assure.connection_ready()

    medecin.admit()
    medecin.sees_the_other()
    medecin.page.evaluate("scrollTo(0, 0)")

    face = medecin.page.locator("#screen").bounding_box()
    assert face is not None
    assert face["y"] + face["height"] <= 640
    expect(medecin.button("Toute la journée")).to_be_visible()


@pytest.mark.row("AC-01")
def test_what_is_to_be_done_with_the_person_comes_first_on_screen_and_by_keyboard(
    talking: tuple[Assure, Medecin],
) -> None:
    _, medecin = talking

    found: list[list[Any]] = medecin.page.evaluate(HEADINGS)

    names, heights = [one[0] for one in found], [one[1] for one in found]
    assert names[:4] == ["Vérifications", "Qui est dans la pièce", "Notes médicales", "Issue"]
    assert heights == sorted(heights)
    medecin.page.locator("#identity-mode").focus()
    assert tabbed(medecin, 3) == ["identity-yes", "identity-no", "framing-ask"]


def tabbed(person: Person, times: int) -> list[str]:
    """Where Tab goes from here."""
    found = []
    for _ in range(times):
        person.page.keyboard.press("Tab")
        found.append(person.page.evaluate("document.activeElement.id"))
    return found


@pytest.mark.row("AC-01")
@pytest.mark.parametrize(("width", "height", "scheme"), [(360, 640, "dark"), (820, 1180, "light")])
def test_axe_finds_nothing_in_the_states_of_a_call(
    product: Product, new_page: Callable[..., Page], width: int, height: int, scheme: str
) -> None:
    appointment = product.appointments[0]
    looks: dict[str, Any] = {"color_scheme": scheme, "reduced_motion": "reduce"}
    assure = Assure(new_page(360, 640, **looks), appointment)
    medecin = Medecin(new_page(width, height, **looks), product.login_of(appointment))
    medecin.open_console()
    assure.wait()
    assure.connection_ready()
    medecin.admit()
    medecin.sees_the_other()

    for _, happens in states(assure, medecin):
        happens()
        sound(assure)
        sound(medecin)
    moving = "() => document.getAnimations().filter((one) => one.playState === 'running').length"
    assert (assure.page.evaluate(moving), medecin.page.evaluate(moving)) == (0, 0)


@pytest.mark.row("OP-09")
def test_a_result_that_changes_rights_asks_whether_and_when_it_was_told(
    talking: tuple[Assure, Medecin],
) -> None:
    _, medecin = talking
    medecin.click("Identité vérifiée")
    medecin.end()
    asked = medecin.page.get_by_role("group", name="Avez-vous annoncé ce résultat à l'assuré")
    medecin.choose("Arrêt médicalement justifié")
    expect(asked).to_be_hidden()

    medecin.choose("Reprise du travail à une date")
    medecin.click("Enregistrer l'issue")
    wrong = medecin.page.get_by_role("alert").filter(has_text="L'issue n'est pas enregistrée")
    expect(wrong).to_contain_text("annoncé")
    expect(wrong).to_be_focused()
    sound(medecin)
    fits(medecin, 24, 320, 640)
    medecin.page.set_viewport_size({"width": 1440, "height": 900})
    asked.get_by_label("Non").check()
    medecin.page.get_by_label("Date d'effet").fill("2099-01-05")
    medecin.click("Enregistrer l'issue")

    expect(medecin.page.get_by_text("Issue scellée, version 1")).to_be_visible()
    assert medecin.focused() != "BODY"


@pytest.mark.row("AC-01")
def test_what_was_just_signed_is_not_taken_back_by_an_answer_of_before(
    talking: tuple[Assure, Medecin],
) -> None:
    _, medecin = talking
    page = medecin.page
    medecin.click("Identité vérifiée")
    medecin.end()
    medecin.choose("Arrêt médicalement justifié")
    # What the end of the call made the page ask for has come.
    expect(medecin.button("Enregistrer l'issue")).to_be_enabled()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"/api/console/telecontroles/[^/]+$"), hold)

    medecin.click("Enregistrer l'issue")

    expect(page.locator("#sealed-title")).to_be_focused()
    # The day is told anew, and what the page knew of this one before is shown with it.
    page.evaluate(
        "() => { document.querySelector('#delay-minutes').value = '10';"
        " document.querySelector('#delay').requestSubmit(); }"
    )
    expect(page.locator("#delay")).to_have_class(re.compile("late"))
    expect(page.locator("#sealed-title")).to_be_focused()
    for route in held:
        route.continue_()
    expect(page.locator("#sealed-title")).to_be_focused()
