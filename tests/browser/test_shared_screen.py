"""A screen in place of the camera: no negotiation, said on the other side, never before admission.

Chromium's fake capture stands for a screen here (--use-fake-ui-for-media-stream): what is picked in
the browser's own question, and its own bar, are for the checklist of real machines.
"""

from collections.abc import Callable

import pytest
from people import Assure, Medecin, Person
from playwright.sync_api import Page, expect
from product import Product

#: The tracks that getDisplayMedia gave, and how often a description was made.
WATCH_SCREENS = """
window.__screens = [];
const asked = navigator.mediaDevices.getDisplayMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getDisplayMedia = async (wanted) => {
  const stream = await asked(wanted);
  __screens.push(stream.getVideoTracks()[0]);
  return stream;
};
window.__described = 0;
const set = RTCPeerConnection.prototype.setLocalDescription;
RTCPeerConnection.prototype.setLocalDescription = function (...all) {
  __described++;
  return set.apply(this, all);
};
"""


def picture(person: Person) -> list[int]:
    """Width and height of the other's picture on this page."""
    return person.page.evaluate(
        """() => {
          const video = document.querySelector('#remote:is(video), #remotes > video:not([hidden])');
          return video ? [video.videoWidth, video.videoHeight] : [0, 0];
        }"""
    )


def sees(person: Person, *, wide: bool) -> None:
    """A screen is wider than our cameras, which give 640 × 480."""
    for _ in range(150):
        width = picture(person)[0]
        if width and (width > 640) is wide:
            return
        person.page.wait_for_timeout(100)
    raise AssertionError(picture(person))


@pytest.mark.row("CO-11")
def test_a_screen_takes_the_place_of_the_camera_and_gives_it_back(
    product: Product, new_page: Callable[..., Page]
) -> None:
    # The assuré at a computer: on a phone there is no such command.
    assure = Assure(new_page(1280, 800), product.appointments[0])
    medecin = Medecin(new_page(1440, 900), product.login_of(product.appointments[0]))
    for person in (assure, medecin):
        person.page.add_init_script(WATCH_SCREENS)
    medecin.open_console()
    assure.wait()
    assure.connection_ready()
    # Nothing to share with who only waits.
    assert assure.page.locator("#share:visible").count() == 0
    assert medecin.page.locator("#share:visible").count() == 0
    medecin.admit()
    medecin.sees_the_other()
    assure.sees_the_other()
    described = medecin.page.evaluate("__described")

    medecin.click("Partager mon écran")

    expect(assure.page.locator("#screen-label")).to_have_text("Le médecin partage son écran")
    sees(assure, wide=True)
    style = assure.page.evaluate(
        """() => {
          const { objectFit, transform } = getComputedStyle(document.querySelector('#remote'));
          return [objectFit, transform];
        }"""
    )
    assert style == ["contain", "none"]
    assert medecin.page.evaluate("__screens[0].contentHint") == "detail"
    parameters = medecin.page.evaluate(
        """() => {
          const sender = __watch.peers.at(-1).getSenders().find((s) => s.track?.kind === 'video');
          return [sender.track === __screens[0], sender.getParameters().degradationPreference];
        }"""
    )
    assert parameters == [True, "maintain-resolution"]
    # One's camera being off hides no screen.
    medecin.page.locator("#camera").click()
    expect(assure.page.locator("#no-picture")).to_be_hidden()
    medecin.page.locator("#camera").click()

    # Ended from outside our page: the window was closed, or the browser's own bar used.
    medecin.page.evaluate(
        "() => { __screens[0].stop(); __screens[0].dispatchEvent(new Event('ended')); }"
    )
    expect(assure.page.locator("#screen-label")).to_be_hidden()
    sees(assure, wide=False)
    assert medecin.page.evaluate("__described") == described

    # The other way round, and over the pause. A double click asks once.
    assure.page.locator(".more summary").click()
    assure.page.locator("#share").evaluate("(button) => { button.click(); button.click(); }")
    expect(medecin.page.locator("#screen-label")).to_have_text("L'assuré partage son écran")
    sees(medecin, wide=True)
    assert assure.page.evaluate("__screens.length") == 1
    medecin.page.keyboard.press("p")
    expect(assure.page.locator("#held")).to_be_visible()
    assert assure.page.evaluate("__watch.peers.at(-1).getSenders().every((one) => !one.track)")
    medecin.page.keyboard.press("p")
    expect(assure.page.locator("#held")).to_be_hidden()
    medecin.sees_the_other(medecin.media()["frames"])

    # Sent back, it is over for good.
    medecin.click("Remettre en attente")
    expect(assure.page.get_by_role("heading", name="salle d'attente")).to_be_visible()
    assert assure.page.evaluate("__screens[0].readyState") == "ended"
    medecin.admit()
    sees(medecin, wide=False)
    assert medecin.page.locator("#screen-label:visible").count() == 0


@pytest.mark.row("CO-11")
def test_a_phone_is_offered_no_screen_to_share(assure: Assure) -> None:
    assure.wait()

    assert assure.page.evaluate("matchMedia('(pointer: coarse)').matches")
    assert assure.page.locator("#share").count() == 0
