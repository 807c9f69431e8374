"""Another camera in the middle of the call: the same connection, no negotiation."""

from collections.abc import Iterator
from typing import Any

import pytest
from conftest import WATCH
from desk import DESK, Desk
from people import Assure, Medecin, chromium
from playwright.sync_api import Browser, expect
from product import Product


@pytest.fixture
def cameras(browser: Browser) -> Iterator[Browser]:
    """A Chromium with three fake cameras (the second is a depth camera, which gives no picture)."""
    running = chromium(browser.browser_type, "--use-fake-device-for-media-stream=device-count=3")
    yield running
    running.close()


@pytest.mark.row("JO-05")
def test_another_camera_is_chosen_before_and_in_the_call_without_negotiation(
    product: Product, cameras: Browser, medecin: Medecin
) -> None:
    context = cameras.new_context(
        viewport={"width": 360, "height": 640}, ignore_https_errors=True, locale="fr-FR"
    )
    context.add_init_script(WATCH)
    assure = Assure(context.new_page(), product.appointments[0])
    medecin.open_console()
    assure.follow_link()
    assure.prove_identity()
    assure.prepare()
    camera = assure.page.get_by_label("Caméra", exact=True)
    expect(camera.locator("option")).to_have_count(3)
    camera.select_option(index=2)
    assure.click("Entrer dans la salle d'attente")
    medecin.admit()
    medecin.sees_the_other()
    before = description(assure)

    assure.click("Réglages")
    # From the last one to the first: what turns from the front to the back on a telephone.
    assure.click("Changer de caméra")
    expect(camera.locator("option").first).to_have_js_property("selected", True)
    medecin.sees_the_other(since=medecin.media()["frames"])
    camera.select_option(index=2)
    expect(assure.page.locator("#notice")).to_contain_text("La caméra a changé.")

    frames = medecin.media()["frames"]
    medecin.sees_the_other(since=frames)
    assert description(assure) == before
    assert assure.watched("peers.length") == 1
    live = (
        "() => __watch.peers[0].getSenders().filter((s) => s.track?.readyState === 'live').length"
    )
    assert assure.page.evaluate(live) == 2


@pytest.mark.row("JO-05")
def test_of_two_cameras_chosen_one_after_the_other_the_last_one_alone_stays_open(
    product: Product, cameras: Browser
) -> None:
    """As the arrow keys do, which go through a list."""
    context = cameras.new_context(
        viewport={"width": 360, "height": 640}, ignore_https_errors=True, locale="fr-FR"
    )
    context.add_init_script(DESK)
    assure = Assure(context.new_page(), product.appointments[0])
    assure.follow_link()
    assure.prove_identity()
    assure.prepare()
    camera = assure.page.get_by_label("Caméra", exact=True)
    expect(camera.locator("option")).to_have_count(3)
    first = camera.input_value()

    Desk(assure).ask()
    camera.select_option(index=2)
    camera.select_option(value=first)
    Desk(assure).answer()

    assure.page.wait_for_function(
        "() => __desk.tracks.filter(({ kind }) => kind === 'video').length === 3"
    )
    expect(camera).to_have_value(first)
    assure.page.wait_for_function(
        """(first) => {
          const own = document.getElementById('self-video').srcObject.getVideoTracks();
          return own.length === 1 && own[0].getSettings().deviceId === first;
        }""",
        arg=first,
    )
    live = "tracks.filter((t) => t.kind === 'video' && t.readyState === 'live')"
    assert Desk(assure).count(live) == 1
    context.close()


def description(person: Assure) -> Any:
    """What was negotiated; the same before and after means that nothing was negotiated between."""
    return person.page.evaluate("() => __watch.peers[0].currentLocalDescription.sdp")
