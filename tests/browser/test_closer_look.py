"""The other's picture looked at closer: larger, turned, floating; by keys, fingers and wheel."""

import re

import pytest
from people import Assure, Medecin, Person
from playwright.sync_api import expect


def shown(person: Person) -> dict[str, float]:
    """How the other's picture is drawn: its size, its turn in degrees, where it was moved to."""
    return person.page.evaluate(
        """() => {
          const video = document.querySelector('#remote:is(video), #remotes > video:not([hidden])');
          const m = new DOMMatrix(getComputedStyle(video).transform);
          return { zoom: Math.hypot(m.a, m.b), turn: Math.round(Math.atan2(m.b, m.a) * 57.29578),
                   x: m.e, y: m.f };
        }"""
    )


def said(person: Person) -> str:
    return person.page.locator("#status").inner_text().strip()


@pytest.mark.row("CO-17")
def test_small_print_is_read_by_keys_on_the_console_and_by_fingers_on_a_phone(
    meeting: tuple[Assure, Medecin],
) -> None:
    assure, medecin = meeting
    medecin.admit()
    medecin.sees_the_other()
    assure.sees_the_other()
    medecin.click("Voir de plus près")
    expect(medecin.button("Agrandir l'image")).to_be_focused()

    medecin.page.keyboard.press("+")
    assert said(medecin) == "Taille de l'image\u00a0: 150 pour cent."
    for _ in range(6):
        medecin.page.keyboard.press("+")
    assert shown(medecin)["zoom"] == pytest.approx(4)
    before = shown(medecin)
    medecin.page.keyboard.press("ArrowLeft")
    assert shown(medecin)["x"] > before["x"]
    for _ in range(200):
        medecin.page.keyboard.press("ArrowLeft")
    edge = shown(medecin)
    medecin.page.keyboard.press("ArrowLeft")
    assert shown(medecin) == edge, "the picture leaves its frame"
    medecin.page.keyboard.press("r")
    assert (said(medecin), shown(medecin)["turn"]) == ("Image tournée de 90 degrés.", 90)
    medecin.page.keyboard.press("0")
    assert shown(medecin) == {"zoom": 1, "turn": 0, "x": 0, "y": 0}
    # The letters of the console are others' while the bar has the focus.
    expect(medecin.page.locator("#end-dialog")).to_be_hidden()
    box = medecin.page.locator("#screen").bounding_box()
    assert box is not None
    medecin.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    medecin.page.mouse.wheel(0, -100)
    assert shown(medecin)["zoom"] > 1.1
    medecin.button("Image dans une petite fenêtre").click()
    expect(medecin.page.locator("#status")).to_have_text(re.compile("petite fenêtre"))
    medecin.page.keyboard.press("Escape")
    expect(medecin.button("Voir de plus près")).to_be_focused()
    expect(medecin.page.locator("#view-bar")).to_be_hidden()

    # Two fingers apart, on the phone.
    assure.page.evaluate(
        """() => {
          const stage = document.querySelector('section[data-screen="call"] .stage');
          const box = stage.getBoundingClientRect();
          const at = (type, id, dx) => stage.dispatchEvent(new PointerEvent(type, {
            pointerId: id, pointerType: 'touch', bubbles: true, button: 0,
            clientX: box.left + box.width / 2 + dx, clientY: box.top + box.height / 2 }));
          stage.setPointerCapture = () => {};
          at('pointerdown', 11, -20); at('pointerdown', 12, 20);
          at('pointermove', 11, -50); at('pointermove', 12, 50);
          at('pointerup', 11, -50); at('pointerup', 12, 50);
        }"""
    )
    assert shown(assure)["zoom"] == pytest.approx(2.5, rel=0.01)
    assure.page.locator(".more summary").click()
    assure.click("Voir de plus près")
    assure.page.get_by_role("button", name="Tourner l'image").tap()
    assert shown(assure)["turn"] == 90
    for button in assure.page.locator("#view-bar button").all():
        size = button.bounding_box()
        assert size is not None
        assert min(size["width"], size["height"]) >= 40
        assert size["x"] + size["width"] <= 360

    # Who comes next is seen whole and upright, and nothing floats on.
    medecin.click("Remettre en attente")
    expect(assure.page.get_by_role("heading", name="salle d'attente")).to_be_visible()
    assert medecin.page.evaluate("document.pictureInPictureElement") is None
    seen = medecin.media()["frames"]
    medecin.admit()
    medecin.sees_the_other(since=seen)
    expect(medecin.page.locator("#view-bar")).to_be_hidden()
    assert shown(medecin) == {"zoom": 1, "turn": 0, "x": 0, "y": 0}
