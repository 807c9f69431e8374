"""« Tester mon matériel »: real devices of Chromium, a real echo, and a verdict that is shown."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import WATCH
from people import Assure, Medecin, chromium
from playwright.sync_api import Browser, Page, Route, expect
from product import Product
from test_accessible import AXE

pytestmark = pytest.mark.row("JO-04")

#: Somebody who answers « Bloquer ».
REFUSING = """navigator.mediaDevices.getUserMedia = () =>
  Promise.reject(new DOMException('Permission denied', 'NotAllowedError'));"""


def sound(person: Assure | Medecin, where: str) -> None:
    """Axe finds nothing in this part of the page, and it does not scroll sideways."""
    person.page.wait_for_timeout(250)  # a fade is a contrast fault while it lasts
    if not person.page.evaluate("() => 'axe' in window"):
        person.page.evaluate(AXE + ";undefined")
    found = person.page.evaluate("async (where) => (await axe.run(where)).violations", where)
    assert [one["id"] for one in found] == [], found
    assert person.page.evaluate(
        "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


def part(assure: Assure, name: str) -> Any:
    return assure.page.locator(f"#eq-{name}")


def begin(assure: Assure, heard: str = "Oui") -> None:
    """From the test's first screen to the question of the network."""
    assure.click("Tester mon matériel")
    # Camera and microphone come first, with a patience of their own.
    expect(assure.button("Jouer le son")).to_be_visible(timeout=40_000)
    assure.click("Jouer le son")
    expect(assure.page.get_by_text("Avez-vous entendu le son ?")).to_be_visible()
    assure.click(heard)


def come_back(assure: Assure) -> None:
    """Sound and picture are decoded from what the echo sent."""
    expect(part(assure, "echo").locator(".chip")).to_contain_text("Parlez", timeout=40_000)
    # In one look: the echo may be over at the next.
    assure.gets(frames=5, samples=0)


def verdict(assure: Assure) -> Any:
    found = assure.page.locator(".eq-verdict")
    expect(found).to_be_visible(timeout=40_000)
    return found


def on_the_console(medecin: Medecin, appointment: dict[str, Any]) -> tuple[Any, Any]:
    """The row of the day, and the side panel's part."""
    row = medecin.page.locator(f"[data-id='{appointment['id']}']")
    row.locator(".row-main").click()
    return row, medecin.page.locator("#equipment")


def test_days_ahead_one_hears_and_sees_oneself_and_the_doctor_reads_the_verdict(
    product: Product, new_page: Callable[..., Page]
) -> None:
    appointment = product.appointments[-1]
    early = Assure(new_page(360, 640, has_touch=True), appointment)
    medecin = Medecin(new_page(1440, 900), product.login_of(appointment))
    medecin.open_console()
    row, panel = on_the_console(medecin, appointment)
    expect(panel).to_contain_text("pas testé")
    early.follow_link()
    early.click("Tester mon matériel")
    early.click("Activer ma caméra et mon micro")

    begin(early, heard="Non")
    sound(early, "section.equipment")
    early.click("Tester ma connexion")
    early.click("Recevoir un code par SMS")
    field = early.page.locator("#eq-code")
    field.fill("000000")
    part(early, "reseau").get_by_role("button", name="Continuer").click()
    expect(part(early, "reseau")).to_contain_text("Il vous reste 4 essais")
    field.fill(appointment["code"])
    part(early, "reseau").get_by_role("button", name="Continuer").click()
    come_back(early)

    told = verdict(early)
    expect(told).to_contain_text("Ça passera, mais…")
    expect(told).to_contain_text("Montez le volume")
    assert early.watched("captures") == 1
    assert early.watched("violations") == []
    sound(early, "section.equipment")
    expect(row).to_contain_text("Matériel à surveiller")
    expect(panel).to_contain_text("Matériel testé : à surveiller")
    expect(panel).to_contain_text("Haut-parleur : le son n'a pas été entendu")
    sound(medecin, "#equipment")


def test_it_begins_where_the_room_s_tools_have_not_come_yet(
    product: Product, new_page: Callable[..., Page]
) -> None:
    """Eighty kilobytes: on a slow network one presses before."""
    early = Assure(new_page(360, 640, has_touch=True), product.appointments[-1])
    held: list[Route] = []
    early.page.route("**/assure-tools.js*", lambda one: held.append(one))  # noqa: PLW0108
    early.follow_link()
    early.click("Tester mon matériel")
    early.click("Activer ma caméra et mon micro")
    expect(early.page.locator('[data-action="equipment"]')).to_be_visible()

    early.click("Tester mon matériel")

    expect(early.page.locator("section.equipment")).to_be_visible()
    assert held
    held[0].continue_()


def test_it_begins_again_from_its_verdict(meeting: tuple[Assure, Medecin]) -> None:
    assure, _ = meeting
    begin(assure)
    assure.click("Terminer sans ce test")
    verdict(assure)

    assure.click("Recommencer le test")

    expect(assure.page.locator("section.equipment h1")).to_be_focused()
    expect(part(assure, "camera").locator("#self-video")).to_be_visible()
    expect(assure.button("Jouer le son")).to_be_visible(timeout=40_000)
    assure.click("Arrêter le test et revenir")
    assert assure.screen() == "waiting"
    expect(assure.page.locator("#self-video")).to_be_visible()
    assert assure.watched("captures") == 1


@pytest.mark.row("WR-06")
def test_from_the_waiting_room_the_seat_and_the_capture_stay_and_admission_ends_the_test(
    meeting: tuple[Assure, Medecin],
) -> None:
    assure, medecin = meeting

    begin(assure)
    assure.click("Tester ma connexion")
    come_back(assure)
    expect(medecin.button("Admettre")).to_be_enabled()
    medecin.admit()

    expect(assure.page.get_by_role("heading", name="Avec", level=1)).to_be_visible()
    medecin.sees_the_other()
    assert assure.watched("captures") == 1
    # The echo is over, and the call's own connection is the one of before.
    states = "() => __watch.peers.map((pc) => pc.connectionState)"
    assert assure.page.evaluate(states) == ["connected", "closed"]


def test_without_the_network_s_part_nothing_leaves_the_device(
    meeting: tuple[Assure, Medecin],
) -> None:
    assure, medecin = meeting
    sent: list[str] = []
    assure.page.on("request", lambda one: sent.append(one.url))

    begin(assure)
    assure.click("Terminer sans ce test")

    expect(verdict(assure)).to_contain_text("il n'est envoyé à personne")
    assert [url for url in sent if "/api/" in url] == []
    assure.click("Revenir")
    assert assure.screen() == "waiting"
    assert assure.focused() == "H1"
    _, panel = on_the_console(medecin, assure.appointment)
    expect(panel).to_contain_text("pas testé")


@pytest.mark.row("JO-06")
def test_a_refused_permission_leads_to_the_help_of_this_browser(
    product: Product, new_page: Callable[..., Page]
) -> None:
    early = Assure(new_page(360, 640, has_touch=True), product.appointments[-1])
    early.page.add_init_script(REFUSING)
    early.follow_link()

    early.click("Tester mon matériel")
    early.click("Activer ma caméra et mon micro")

    title = early.page.get_by_role("heading", level=1)
    expect(title).to_have_text("La caméra ou le micro sont bloqués pour ce site")
    help_shown = early.page.locator("section[data-screen='capture-refuse'] ol:visible")
    expect(help_shown).to_have_count(1)
    expect(help_shown).to_contain_text("symbole à gauche de l'adresse")
    expect(early.button("Revenir à mon rendez-vous")).to_be_visible()


@pytest.fixture(scope="module")
def silent(browser: Browser) -> Iterator[Browser]:
    """A Chromium whose microphone gives nothing."""
    running = chromium(browser.browser_type, "--use-file-for-fake-audio-capture=/dev/null")
    yield running
    running.close()


def test_a_silent_microphone_is_noticed_and_has_its_remedy(
    product: Product, silent: Browser
) -> None:
    context = silent.new_context(
        viewport={"width": 360, "height": 640}, ignore_https_errors=True, locale="fr-FR"
    )
    context.add_init_script(WATCH)
    early = Assure(context.new_page(), product.appointments[-1])
    early.follow_link()
    early.click("Tester mon matériel")
    early.click("Activer ma caméra et mon micro")

    begin(early)
    early.click("Terminer sans ce test")

    expect(part(early, "micro").locator(".chip")).to_contain_text("À surveiller")
    expect(verdict(early)).to_contain_text("débranchez vos écouteurs")
    context.close()
