"""The page around the devices: what it says and keeps when the browser, the screen or a person
does something of their own."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import WATCH
from desk import DESK, Desk
from people import Assure, Medecin, chromium
from playwright.sync_api import Browser, BrowserContext, Page, expect
from product import Product

#: A screen lock that can be watched, and a page that goes to the background: headless browsers
#: have neither.
PHONE = """
window.__locks = [];
Object.defineProperty(navigator, 'wakeLock', { value: { request: async () => {
  const lock = { released: false, release: async () => { lock.released = true; } };
  __locks.push(lock);
  return lock;
} } });
window.__hide = (hidden) => {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
  if (hidden) for (const lock of __locks) lock.released = true;
  document.dispatchEvent(new Event('visibilitychange'));
};
window.__taken = (kind, taken) => {
  const track = __desk.tracks.find((t) => t.kind === kind && t.readyState === 'live');
  Object.defineProperty(track, 'muted', { value: taken, configurable: true });
  track.dispatchEvent(new Event(taken ? 'mute' : 'unmute'));
};
"""
HELD = "__locks.filter((lock) => !lock.released).length"


@pytest.mark.row("WR-08")
def test_a_phone_that_was_called_locked_or_in_the_background_comes_back_to_the_same_call(
    assure: Assure, medecin: Medecin
) -> None:
    assure.page.add_init_script(DESK + PHONE)
    medecin.open_console()
    assure.wait()
    assert assure.page.evaluate(HELD) == 1
    assure.connection_ready()
    medecin.admit()
    medecin.sees_the_other()

    # A phone call: the system takes the microphone, and gives it back.
    assure.page.evaluate("__taken('audio', true)")
    expect(assure.page.locator("#notice")).to_contain_text("Le micro est pris par votre appareil")
    expect(medecin.page.locator("#other-microphone")).to_have_text("Micro coupé")
    assure.page.evaluate("__taken('audio', false)")
    expect(assure.page.locator("#notice")).to_contain_text("Le micro est revenu")
    expect(medecin.page.locator("#other-microphone")).to_have_text("Micro ouvert")

    # The background: the lock is lost, and the camera ended without a word.
    assure.page.evaluate("__hide(true)")
    assure.page.evaluate("__desk.tracks.find((t) => t.kind === 'video').stop()")
    assert assure.page.evaluate(HELD) == 0
    assure.page.evaluate("document.querySelector('#remote').pause()")
    assure.page.evaluate("__hide(false)")
    expect(assure.page.locator("#notice")).to_contain_text("La caméra a été débranchée")
    medecin.sees_the_other(since=medecin.media()["frames"])
    assure.page.wait_for_function(f"{HELD} === 1")
    assure.page.wait_for_function("!document.querySelector('#remote').paused")
    assert assure.watched("peers.length") == 1

    assure.click("Quitter")
    assure.click("Confirmer et quitter")
    expect(assure.button("Revenir")).to_be_visible()
    assert assure.page.evaluate(HELD) == 0


#: In the room a moment ago; tells why it may not play.
OPENED_AGAIN = """
sessionStorage.setItem('telecontrole.inside', location.hash.slice(1));
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  const playing = play.call(this);
  playing.catch(({ name }) => console.log(name));
  return playing;
};
"""


@pytest.fixture
def shy_of_sound(browser: Browser) -> Iterator[Browser]:
    """A Chromium that plays no sound before the page is touched, as telephones do."""
    running = chromium(browser.browser_type, "--autoplay-policy=user-gesture-required")
    yield running
    running.close()


@pytest.mark.row("JO-05")
def test_sound_plays_after_the_touch_of_the_waiting_room_and_else_a_button_puts_it_on(
    product: Product, shy_of_sound: Browser, medecin: Medecin
) -> None:
    context = telephone(shy_of_sound, has_touch=True)
    context.grant_permissions(["camera", "microphone"])
    context.add_init_script(WATCH)
    assure = Assure(context.new_page(), product.appointments[0])
    sounds = (
        "(() => { const v = document.querySelector('#remote'); return !v.muted && !v.paused; })()"
    )
    medecin.open_console()
    assure.wait()
    medecin.admit()
    assure.sees_the_other()
    assure.page.wait_for_function(sounds)
    expect(assure.button("Activer le son")).to_be_hidden()

    # A tab that the browser opens again by itself: it may show, it may not sound. Nothing is asked
    # of it before that is known: what Playwright evaluates counts as a touch.
    untouched = context.new_page()
    untouched.add_init_script(OPENED_AGAIN)
    with untouched.expect_console_message(lambda message: "NotAllowedError" in message.text):
        untouched.goto(product.appointments[0]["lien"])
    assure = Assure(untouched, product.appointments[0])
    # Back in the call, not in the waiting room for a moment: that one has such a button too.
    button = untouched.locator("section[data-screen='call'] [data-action='sound']")
    expect(button).to_be_visible(timeout=20_000)
    assert not assure.page.evaluate(sounds)
    button.click()

    expect(button).to_be_hidden()
    assure.page.wait_for_function(sounds)
    context.close()


@pytest.mark.row("JO-06")
def test_a_browser_that_cannot_gets_words_a_remedy_and_never_a_blank_page(
    product: Product, browser: Browser
) -> None:
    link = product.appointments[0]["lien"]
    for lack in ("delete window.RTCPeerConnection;", "delete MediaDevices.prototype.getUserMedia;"):
        context = telephone(browser)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.add_init_script(lack)
        page.goto(link)
        expect(page.get_by_role("heading", name="Safari ou Chrome")).to_be_visible()
        page.get_by_role("button", name="Copier le lien").click()
        expect(page.get_by_role("button", name="Lien copié")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == link
        context.close()

    context = telephone(browser, java_script_enabled=False)
    page = context.new_page()
    page.goto(link)
    expect(page.locator("noscript p")).to_be_visible()
    expect(page.locator("noscript p")).to_contain_text("appeler le numéro")
    context.close()

    # As a browser does that knows no modules: it runs none.
    context = telephone(browser)
    page = context.new_page()
    page.route("**/assure.js", lambda route: route.abort())
    page.goto(link)
    expect(page.get_by_text("C'est plus long que prévu")).to_be_visible(timeout=20_000)
    context.close()


@pytest.mark.row("JO-04")
def test_a_question_that_is_answered_once_one_has_left_opens_nothing(
    product: Product, new_page: Callable[..., Page]
) -> None:
    early = Assure(new_page(360, 640, has_touch=True), product.appointments[-1])
    early.page.add_init_script(DESK)
    desk = Desk(early)

    def go_back() -> None:
        early.click("Revenir à mon rendez-vous")
        expect(
            early.page.get_by_role("heading", name="Votre rendez-vous par vidéo")
        ).to_be_visible()

    early.follow_link()
    early.click("Tester mon matériel")
    desk.ask()
    early.click("Activer ma caméra et mon micro")
    go_back()

    # Back where it was asked, it counts again.
    early.click("Tester mon matériel")
    desk.answer()
    expect(early.page.get_by_role("heading", name="Vérifiez l'image")).to_be_visible()
    go_back()
    early.click("Tester mon matériel")
    desk.ask()
    early.click("Activer ma caméra et mon micro")
    go_back()
    early.click("Refuser la visioconférence")
    early.click("Confirmer le refus")
    expect(early.page.get_by_role("heading", name="Vous avez choisi")).to_be_visible()
    desk.answer()

    # Once the browser has opened what it was asked for (two tracks, as before, and a copy at most),
    # the page has let go of it.
    early.page.wait_for_function("() => __desk.tracks.length > 3")
    early.page.wait_for_function("() => __desk.tracks.every((t) => t.readyState === 'ended')")
    assert early.screen() == "refuse"


def telephone(browser: Browser, **more: Any) -> BrowserContext:
    return browser.new_context(
        viewport={"width": 360, "height": 640}, ignore_https_errors=True, locale="fr-FR", **more
    )


@pytest.mark.row("CO-02")
@pytest.mark.row("CO-14")
def test_each_sees_what_the_other_does_with_keys_and_a_virtual_camera_is_only_an_indication(
    product: Product, assure: Assure, medecin: Medecin, tmp_path: Path
) -> None:
    assure.page.add_init_script(DESK + "__desk.label = 'OBS Virtual Camera';")
    medecin.open_console()
    assure.wait()
    assure.connection_ready()
    medecin.admit()
    medecin.sees_the_other()
    assure.sees_the_other()
    medecin.page.evaluate(WATCH_WORDS, "#other-microphone")
    assure.page.evaluate(WATCH_WORDS, "#doctor-mic")

    for key, mine, theirs in (
        ("m", "Couper le micro", "#other-microphone"),
        ("v", "Couper la caméra", "#other-camera"),
    ):
        assure.page.keyboard.press(key)
        expect(medecin.page.locator(theirs)).to_contain_text("coup")
        expect(assure.button(mine).last).to_be_hidden()
        assure.page.keyboard.press(key)
        expect(medecin.page.locator(theirs)).to_contain_text("ouvert")
    medecin.page.locator("#stage-title").focus()
    medecin.page.keyboard.press("m")
    expect(assure.page.get_by_text("Le médecin a coupé son micro")).to_be_visible()
    medecin.page.keyboard.press("v")
    expect(assure.page.get_by_text("Le médecin a coupé sa caméra")).to_be_visible()
    delays = []
    for presser, seer in ((assure, medecin), (medecin, assure)):
        pressed = presser.page.evaluate("__pressed[0]")
        delays.append(seer.page.evaluate("(p) => __changed.find((at) => at >= p) - p", pressed))
    print(json.dumps({"device state seen by the other, ms": delays}))

    assure.page.get_by_role("button", name="Réglages").last.click()
    assure.click("Masquer mon image")
    assure.click("Fermer")
    expect(assure.page.locator("#self")).to_be_hidden()
    medecin.page.get_by_text("Micro, caméra et haut-parleur").click()
    medecin.click("Masquer mon image")
    expect(medecin.page.locator("#self-frame")).to_be_hidden()

    indication = medecin.page.get_by_text("Caméra virtuelle signalée", exact=True)
    expect(indication).to_be_visible()
    medecin.sees_the_other(since=medecin.media()["frames"])
    medecin.end()
    expect(assure.page.get_by_role("heading", name="terminé")).to_be_visible()
    assert Desk(assure).live() == 0
    file = tmp_path / "record.json"
    record = product.record(assure.appointment["id"], file)
    facts = [line["fait"] for line in record["lignes"]]
    reported = [fact for fact in facts if fact["genre"] == "camera_signalee"]
    assert [(fact["role"], fact["source"]) for fact in reported] == [("assure", "declaration")]
    assert "OBS" not in file.read_text()


#: The hour of the first key, and of the first change of what is said of the other one.
WATCH_WORDS = """(selector) => {
  window.__pressed = [];
  window.__changed = [];
  addEventListener('keydown', () => __pressed.push(Date.now()), true);
  new MutationObserver(() => __changed.push(Date.now())).observe(
    document.querySelector(selector),
    { attributes: true, childList: true, characterData: true, subtree: true },
  );
}"""
