"""A microphone that gives nothing is noticed while one waits and while one talks; so is a voice
while the microphone is off."""

import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import WATCH
from desk import DESK, Desk
from people import Assure, Medecin, chromium
from playwright.sync_api import Browser, expect
from product import Product

RATE = 48_000


@pytest.fixture
def cut_microphone(browser: Browser, tmp_path: Path) -> Iterator[Browser]:
    """A Chromium whose microphone is there and cut: it gives zeros."""
    silence = tmp_path / "silence.wav"
    with wave.open(str(silence), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(bytes(2 * RATE))
    running = chromium(browser.browser_type, f"--use-file-for-fake-audio-capture={silence}")
    yield running
    running.close()


@pytest.mark.row("WR-09")
@pytest.mark.row("JO-05")
def test_nobody_talks_into_a_microphone_that_gives_nothing_or_is_off_without_being_told(
    product: Product, cut_microphone: Browser, medecin: Medecin
) -> None:
    context = cut_microphone.new_context(
        viewport={"width": 360, "height": 640}, ignore_https_errors=True, locale="fr-FR"
    )
    context.add_init_script(WATCH)
    context.add_init_script(DESK)
    assure = Assure(context.new_page(), product.appointments[0])
    unheard = assure.page.locator("#unheard")
    medecin.open_console()
    assure.wait()

    # Digital silence, where a working microphone has a noise of its own.
    expect(unheard).to_contain_text("On ne vous entend pas", timeout=15_000)
    medecin.admit()
    assure.sees_the_other()
    expect(unheard).to_be_visible()
    assure.page.keyboard.press("m")
    expect(unheard).to_be_hidden()
    expect(medecin.page.locator("#other-microphone")).to_have_text("Micro coupé")
    assert Desk(assure).listening() == 1

    # The doctor's fake microphone beeps each second: a voice while it is off.
    off = medecin.page.locator("#unheard")
    expect(off).to_be_hidden()
    medecin.page.keyboard.press("m")
    expect(off).to_contain_text("Votre micro est coupé")
    medecin.page.keyboard.press("m")
    expect(off).to_be_hidden()

    # The same again on the other side, each time said to who does not see it.
    for _ in range(2):
        assure.page.keyboard.press("m")
        assure.page.evaluate("document.querySelector('#status').textContent = ''")
        expect(unheard).to_contain_text("On ne vous entend pas", timeout=15_000)
        expect(assure.page.locator("#status")).to_contain_text("On ne vous entend pas")
        assure.page.keyboard.press("m")
        expect(unheard).to_be_hidden()

    medecin.end()
    expect(assure.page.get_by_role("heading", name="terminé")).to_be_visible()
    assert (Desk(assure).live(), Desk(assure).listening()) == (0, 0)
    context.close()
