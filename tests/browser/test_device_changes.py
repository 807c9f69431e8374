"""Devices that come and go in the middle of a call: the same connection, and a sentence."""

from collections.abc import Callable

import pytest
from desk import DESK, Desk, negotiated
from people import Assure, Medecin
from playwright.sync_api import Page, expect
from product import Product


@pytest.fixture
def desks(product: Product, new_page: Callable[..., Page]) -> tuple[Assure, Medecin]:
    """Admitted, each at a desk where things are plugged in and out."""
    first = product.appointments[0]
    assure = Assure(new_page(360, 640, has_touch=True), first)
    medecin = Medecin(new_page(1440, 900), product.login_of(first))
    for person in (assure, medecin):
        person.page.add_init_script(DESK)
    medecin.open_console()
    assure.wait()
    assure.connection_ready()
    medecin.admit()
    medecin.sees_the_other()
    assure.sees_the_other()
    return assure, medecin


@pytest.mark.row("JO-05")
def test_an_assure_whose_camera_is_unplugged_goes_on_with_another_or_gets_it_back(
    desks: tuple[Assure, Medecin],
) -> None:
    assure, medecin = desks
    desk, before = Desk(assure), negotiated(assure)

    desk.unplug_one("video")
    expect(assure.page.locator("#notice")).to_contain_text("La caméra a été débranchée")
    medecin.sees_the_other(since=medecin.media()["frames"])
    desk.unplug_one("audio")
    expect(assure.page.locator("#notice")).to_contain_text("Le micro a été débranché")
    assert assure.watched("captures") == 3

    desk.unplug_all("video")
    expect(assure.page.locator("#notice")).to_contain_text("La caméra ne répond plus")
    expect(medecin.page.locator("#other-camera")).to_have_text("Sans vidéo")
    desk.plug_in("video")
    expect(assure.page.locator("#notice")).to_contain_text("La caméra est revenue")
    expect(medecin.page.locator("#other-camera")).to_have_text("Caméra ouverte")
    medecin.sees_the_other(since=medecin.media()["frames"])

    assert negotiated(assure) == before
    assure.click("Quitter")
    assure.click("Confirmer et quitter")
    expect(assure.button("Revenir")).to_be_visible()
    assert (desk.live(), desk.listening()) == (0, 0)


@pytest.mark.row("JO-05")
@pytest.mark.row("CO-02")
def test_a_medecin_conseil_whose_devices_are_unplugged_goes_on_and_both_choose_where_to_hear(
    desks: tuple[Assure, Medecin],
) -> None:
    assure, medecin = desks
    desk, before = Desk(medecin), negotiated(medecin)

    desk.unplug_one("video")
    expect(medecin.page.locator("#device-news")).to_contain_text("La caméra a été débranchée")
    assure.sees_the_other(since=assure.media()["frames"])
    desk.unplug_all("audio")
    expect(medecin.page.locator("#banner-camera")).to_be_visible()
    expect(assure.page.get_by_text("Le médecin a coupé son micro")).to_be_visible()
    desk.plug_in("audio")
    expect(medecin.page.locator("#banner-camera")).to_be_hidden()
    expect(assure.page.get_by_text("Le médecin a coupé son micro")).to_be_hidden()
    assert negotiated(medecin) == before

    medecin.page.get_by_text("Micro, caméra et haut-parleur").click()
    assure.click("Réglages")
    for person, speaker in ((medecin, "#device-speaker"), (assure, "#audiooutput")):
        choice = person.page.locator(speaker)
        expect(choice).to_be_visible()
        choice.select_option(index=1)
        person.page.wait_for_function(
            "(id) => [...document.querySelectorAll('video:not([muted])')]"
            ".some((v) => v.sinkId && v.sinkId === document.querySelector(id).value)",
            arg=speaker,
        )

    assure.click("Fermer")
    medecin.end()
    expect(assure.page.get_by_role("heading", name="terminé")).to_be_visible()
    expect(medecin.page.locator("#call")).to_be_hidden()
    assert Desk(assure).live() == 0


#: How many dark modules the code of a text has (tests/media/test_qr.py: it is the standard's).
DARK = """async (text) => {
  const here = document.querySelector('script[type=module]').src;
  const { qr } = await import(new URL('qr.js', here));
  return qr(text).flat().filter(Boolean).length;
}"""


@pytest.mark.row("JO-07")
@pytest.mark.row("ID-07")
def test_the_same_link_on_another_device_takes_the_seat_and_closes_the_first_ones_camera(
    desks: tuple[Assure, Medecin], new_page: Callable[..., Page]
) -> None:
    assure, medecin = desks
    # Nothing is shared with the first one: the code is asked for again.
    tablet = Assure(new_page(820, 1180, has_touch=True), assure.appointment)

    # What its camera reads on the first one's screen.
    assure.page.locator(".more > summary").click()
    assure.click("Continuer sur un autre appareil")
    drawn = assure.page.get_by_role("img", name="QR code du lien").locator("path")
    dark = (drawn.get_attribute("d") or "").count("M")
    assert dark == assure.page.evaluate(DARK, assure.appointment["lien"])
    tablet.follow_link()
    tablet.prove_identity()
    tablet.click("Activer ma caméra et mon micro")
    tablet.click("Entrer dans la salle d'attente")

    tablet.sees_the_other()
    medecin.sees_the_other(since=medecin.media()["frames"])
    expect(assure.page.get_by_role("heading", name="autre appareil")).to_be_visible()
    assert (Desk(assure).live(), Desk(assure).listening()) == (0, 0)
