"""An interpreter in sign language stays large beside the other, and is sent at its full rate."""

from collections.abc import Callable
from typing import Any

import pytest
from people import Assure, Medecin, Person
from playwright.sync_api import Page, expect
from product import Product
from third_people import Tiers, admit, hears_and_sees, invite, legs, tiles

SENDERS = """() => __watch.peers.filter((pc) => pc.connectionState === 'connected').map((pc) => {
  const sender = pc.getSenders().find((one) => one.track?.kind === 'video');
  const parameters = sender.getParameters();
  const [encoding] = parameters.encodings;
  return { rate: parameters.degradationPreference ?? '', bitrate: encoding.maxBitrate,
           scale: encoding.scaleResolutionDownBy, active: encoding.active };
})"""
#: Where both large pictures are, and the small ones.
BOXES = """() => {
  const box = (node) => { const r = node.getBoundingClientRect();
    return { x: r.x, y: r.y, area: r.width * r.height }; };
  const place = document.querySelector('[data-thirds]');
  const main = document.querySelector('.remote:not([hidden]), #remote');
  return { layout: place.dataset.thirds, place: box(place), main: box(main),
           signing: box(place.querySelector('.third[data-seat="tiers1"]')),
           others: [...place.querySelectorAll('.third:not([data-seat="tiers1"])')].map(box) };
}"""


def boxes(person: Person) -> dict[str, Any]:
    return person.page.evaluate(BOXES)


def stays_large(person: Person) -> dict[str, Any]:
    """The interpreter and the other have each half of the place."""
    found = boxes(person)
    assert found["layout"] == "pinned"
    for picture in (found["signing"], found["main"]):
        assert 0.4 < picture["area"] / found["place"]["area"] < 0.6
    for small in found["others"]:
        assert small["area"] < 0.15 * found["place"]["area"]
    return found


LSF = "Interprète en langue des signes"


@pytest.fixture
def interpreted(
    meeting: tuple[Assure, Medecin], product: Product, new_page: Callable[..., Page]
) -> tuple[Assure, Medecin, Tiers]:
    """The two in their call, and an interpreter in sign language with them."""
    assure, medecin = meeting
    medecin.admit()
    medecin.sees_the_other()
    interpreter = Tiers(new_page(360, 640), *invite(medecin, LSF))
    interpreter.wait()
    admit(medecin, LSF)
    for person in (assure, medecin, interpreter):
        hears_and_sees(person, 2)
    return assure, medecin, interpreter


@pytest.mark.row("AC-04")
def test_the_interpreter_in_sign_language_stays_large_and_at_the_full_rate(
    interpreted: tuple[Assure, Medecin, Tiers],
) -> None:
    assure, medecin, interpreter = interpreted
    stays_large(medecin)
    held_upright = stays_large(assure)
    assert held_upright["signing"]["y"] > held_upright["main"]["y"]
    assure.page.set_viewport_size({"width": 1280, "height": 720})
    assure.page.wait_for_function("document.querySelector('.stage').dataset.shape === 'wide'")
    lying = stays_large(assure)
    assert lying["signing"]["x"] > lying["main"]["x"]

    senders = interpreter.page.evaluate(SENDERS)
    caps = [(one["bitrate"], one["scale"], one["active"]) for one in senders]
    assert caps == [(900_000, 1, True)] * 2
    assert {one["rate"] for one in senders} == {"maintain-framerate"}
    print("the interpreter's frames per second:", [leg["rate"] for leg in legs(interpreter)])

    medecin.click("Remettre en attente")
    expect(assure.page.get_by_text("Il ne vous voit plus")).to_be_visible()
    interpreter.page.reload()
    expect(interpreter.page.locator("#news")).to_contain_text("doit vous admettre")
    medecin.admit()
    interpreter.is_in()
    for person in (assure, medecin, interpreter):
        hears_and_sees(person, 2)
    stays_large(assure)
    stays_large(medecin)

    pin = assure.page.get_by_role("button", name="Garder en grand : Interprète LSF")
    assert pin.get_attribute("aria-pressed") == "true"
    pin.press("Enter")
    assert boxes(assure)["layout"] == "tiles"
    pin.press("Enter")
    stays_large(assure)


@pytest.mark.row("AC-04")
@pytest.mark.row("CO-08")
def test_a_fourth_person_takes_a_small_picture_and_little_of_the_network(
    interpreted: tuple[Assure, Medecin, Tiers], new_page: Callable[..., Page]
) -> None:
    assure, medecin, interpreter = interpreted
    relative = Tiers(new_page(360, 640), *invite(medecin, "Proche"))
    relative.wait()
    admit(medecin, "Proche")
    for person in (assure, medecin, interpreter, relative):
        hears_and_sees(person, 3)

    assert tiles(assure) == tiles(medecin) == ["Interprète LSF", "Proche"]
    stays_large(assure)
    stays_large(medecin)
    caps = sorted((one["bitrate"], one["scale"]) for one in relative.page.evaluate(SENDERS))
    assert caps == [(350_000, 2), (350_000, 2), (900_000, 1)]
    print("with four people:", [leg["rate"] for leg in legs(interpreter)])
