"""What the médecin-conseil does when a call is not enough, or does not take place."""

import io
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from people import Assure, Medecin
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from product import Product
from test_accessible import sound

#: How many frames the page drew between the word of the socket and what is watched here.
BELL = """
window.__bell = { frames: null, notes: 0 };
const Socket = WebSocket;
window.WebSocket = class extends Socket {
  constructor(...all) {
    super(...all);
    this.addEventListener('message', ({ data }) => {
      if (!String(data).includes('"entry"') || !data.includes('"present"')) return;
      if (__bell.frames !== null || document.title.startsWith('(')) return;
      let frames = 0;
      const count = () => { frames++; if (__bell.frames === null) requestAnimationFrame(count); };
      requestAnimationFrame(count);
      const seen = new MutationObserver(() => {
        if (!document.title.startsWith('(')) return;
        __bell.frames = frames;
        seen.disconnect();
      });
      seen.observe(document.querySelector('title'), { childList: true });
    });
  }
};
const play = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...all) {
  __bell.notes++;
  return play.apply(this, all);
};
"""
#: An appointment of the demo whose hour was a quarter of an hour ago.
PAST = 4


def chosen(product: Product, new_page: Callable[..., Page], index: int, **look: Any) -> Medecin:
    """The doctor of that appointment, who has it before their eyes."""
    appointment = product.appointments[index]
    medecin = Medecin(new_page(**look), product.login_of(appointment))
    medecin.open_console()
    medecin.page.locator(f'[data-id="{appointment["id"]}"] .row-main').click()
    return medecin


def panel(medecin: Medecin, name: str) -> Locator:
    return medecin.page.get_by_role("region", name=name, exact=True)


@pytest.mark.row("IP-03")
def test_a_clinical_examination_gets_its_date_in_two_clicks_and_both_see_it(
    meeting: tuple[Assure, Medecin], product: Product
) -> None:
    assure, medecin = meeting
    medecin.admit()
    medecin.sees_the_other()

    medecin.click("Examen clinique nécessaire")
    slots = medecin.page.get_by_role("group", name="Fixer la date").get_by_role("button")
    expect(slots).to_have_count(3)
    expect(panel(medecin, "Rendez-vous en présentiel")).to_contain_text("un agent fixera la date")
    hour = slots.first.inner_text()
    slots.first.click()

    told = panel(medecin, "Rendez-vous en présentiel").locator("#in-person-booked")
    expect(told).to_contain_text(hour)
    expect(told).to_be_focused()
    banner = assure.page.locator("#in-person-date")
    expect(banner).to_contain_text(hour, ignore_case=True)
    expect(banner).to_contain_text("Rennes")
    assert assure.screen() == "call"
    assure.page.reload()
    expect(banner).to_contain_text(hour, ignore_case=True)


@pytest.mark.row("OP-12")
@pytest.mark.row("CN-05")
def test_calls_are_noted_and_the_form_says_what_is_missing(
    product: Product, new_page: Callable[..., Page]
) -> None:
    medecin = chosen(product, new_page, PAST)
    absence = panel(medecin, "Absence")

    expect(absence).to_contain_text("L'heure du rendez-vous est passée depuis")
    expect(absence.get_by_role("link")).to_have_attribute("href", "tel:0639980005")
    medecin.page.get_by_text("Absence injustifiée", exact=True).click()
    unmet = medecin.page.locator("#conditions .unmet")
    expect(unmet.filter(has_text="Appel tenté")).to_be_visible()
    medecin.page.get_by_label("Conclusion").select_option("controle_impossible")
    medecin.click("Enregistrer l'issue")
    expect(medecin.page.locator("#error-qualification")).not_to_be_empty()

    medecin.click("Pas de réponse")

    expect(absence.get_by_role("listitem")).to_contain_text("Pas de réponse")
    expect(unmet.filter(has_text="Appel tenté")).to_have_count(0)
    expect(medecin.button("Pas de réponse")).to_be_focused()


@pytest.mark.row("OP-12")
def test_before_the_grace_is_over_the_form_asks_why(
    product: Product, new_page: Callable[..., Page]
) -> None:
    medecin = chosen(product, new_page, 0)
    expect(panel(medecin, "Absence")).to_contain_text("Délai de grâce jusqu'à")
    medecin.page.get_by_label("Conclusion").select_option("controle_impossible")

    medecin.click("Enregistrer l'issue")
    expect(medecin.page.locator("#error-early_reason")).to_be_visible()
    reason = medecin.page.get_by_label("Motif de la fin avant le délai de grâce")
    reason.select_option(label="L'assuré a prévenu qu'il ne viendrait pas")
    medecin.click("Enregistrer l'issue")

    expect(medecin.page.get_by_text("Issue scellée, version 1")).to_be_visible()
    expect(medecin.page.locator("#sealed-facts")).to_contain_text("a prévenu")


@pytest.mark.row("OP-13")
def test_a_doctor_who_did_not_come_sees_that_apologies_and_a_date_have_left(
    meeting: tuple[Assure, Medecin],
) -> None:
    assure, medecin = meeting
    medecin.page.locator(f'[data-id="{assure.appointment["id"]}"] .row-main').click()

    medecin.page.get_by_text("Médecin-conseil absent", exact=False).first.click()
    medecin.page.get_by_label("Conclusion").select_option("controle_impossible")
    medecin.click("Enregistrer l'issue")

    expect(medecin.page.locator("#sealed-next")).to_contain_text(
        "Excuses envoyées, nouveau rendez-vous le"
    )
    expect(assure.page.get_by_role("heading", name="salle d'attente")).to_be_hidden()


@pytest.mark.row("OP-13")
def test_who_waits_too_long_is_told_that_we_are_sorry_and_what_can_be_done(
    assure: Assure,
) -> None:
    assure.page.clock.install()
    assure.wait()
    news = assure.page.locator("#news")
    expect(news).to_contain_text("pas encore connecté")
    # The service would set the page's clock right again.
    assure.page.context.set_offline(True)

    assure.page.clock.fast_forward("06:00")
    expect(news).to_contain_text("Le médecin a du retard, veuillez nous excuser.")
    assure.page.clock.fast_forward("11:00")
    expect(news).to_contain_text("Vous pouvez demander un autre rendez-vous")
    expect(news).to_contain_text("votre attente est notée")


@pytest.mark.row("CN-14")
@pytest.mark.row("IP-01")
def test_a_justification_is_read_with_its_document_and_decided(
    product: Product, new_page: Callable[..., Page]
) -> None:
    appointment = product.appointments[PAST]
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "navy").save(picture, "PNG")
    medecin = chosen(product, new_page, PAST)
    sent = medecin.page.request.post(
        f"{product.ready['base']}/api/assure/justification",
        multipart={
            "link": appointment["lien"].partition("#")[2],
            "reason": "sante",
            "document": {"name": "x.png", "mimeType": "image/png", "buffer": picture.getvalue()},
        },
    )
    assert sent.ok, sent.text()

    given = panel(medecin, "Justification d'absence")
    expect(given).to_contain_text("Une raison de santé")
    expect(medecin.page.locator(".row .tags")).to_contain_text(["Justification déposée"])
    with medecin.page.expect_download() as download:
        given.get_by_role("link", name="Télécharger le document").click()
    given.get_by_role("button", name="Accepter").click()
    medecin.click("Confirmer")

    assert download.value.suggested_filename == "piece.jpg"
    expect(given).to_contain_text("Acceptée")
    expect(panel(medecin, "Rendez-vous en présentiel")).to_be_visible()
    assert medecin.focused() != "BODY"


@pytest.mark.row("CN-16")
def test_the_bell_and_the_title_follow_an_arrival_within_a_few_frames(
    product: Product, assure: Assure, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    page.add_init_script(BELL)
    medecin = Medecin(page, product.login_of(assure.appointment))
    medecin.open_console()
    page.get_by_role("heading", name="Ma journée").click()

    assure.wait()
    page.wait_for_function("() => __bell.frames !== null")

    # At sixty a second, these are less than a tenth of the second that is allowed.
    assert page.evaluate("__bell.frames") <= 6
    assert page.title().startswith("(1) ")
    # Which of one's consoles rings is agreed upon first.
    page.wait_for_function("() => __bell.notes === 2")


@pytest.mark.row("AC-01")
@pytest.mark.row("AC-05")
@pytest.mark.parametrize(("width", "height", "scheme"), [(360, 640, "dark"), (1440, 900, "light")])
def test_axe_finds_nothing_around_an_absence_and_a_date_in_person(
    product: Product, new_page: Callable[..., Page], width: int, height: int, scheme: str
) -> None:
    medecin = chosen(product, new_page, PAST, width=width, height=height, color_scheme=scheme)
    link = product.appointments[PAST]["lien"].partition("#")[2]
    base = product.ready["base"]
    needs = {"link": link, "needs": ["lsf", "fauteuil"]}
    assert medecin.page.request.post(f"{base}/api/assure/besoins", data=needs).ok
    assert medecin.page.request.post(
        f"{base}/api/assure/justification", multipart={"link": link, "reason": "transport"}
    ).ok
    expect(medecin.page.locator("#side-tags")).to_contain_text("Interprète LSF")
    medecin.page.get_by_text("Absence injustifiée", exact=True).click()
    sound(medecin)

    medecin.click("Accepter")
    sound(medecin)
    medecin.click("Confirmer")
    expect(medecin.page.get_by_role("group", name="Fixer la date")).to_be_visible()
    sound(medecin)
    medecin.page.get_by_role("group", name="Fixer la date").get_by_role("button").first.click()
    expect(medecin.page.locator("#in-person-booked")).to_be_focused()
    sound(medecin)


@pytest.mark.row("CA-01")
def test_what_was_not_signed_that_day_says_its_day_and_is_signed_from_the_list(
    product: Product, new_page: Callable[..., Page]
) -> None:
    appointment = product.appointments[PAST]
    before = datetime.now(ZoneInfo("Europe/Paris")) - timedelta(days=3)
    written = before.astimezone(UTC).isoformat(timespec="microseconds")
    with sqlite3.connect(product.data_dir / "telecontrole.db", timeout=10) as database:
        moved = "UPDATE telecontrole SET debut = ? WHERE id = ?"
        database.execute(moved, (written, appointment["id"]))
    days = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
    day = days[before.weekday()]

    medecin = chosen(product, new_page, PAST)
    page = medecin.page
    row = page.locator(f'[data-id="{appointment["id"]}"]')

    expect(row.locator(".row-context")).to_contain_text(day)
    expect(page.locator("#side-facts")).to_contain_text(day)
    page.get_by_label("Non connecté").check()
    medecin.choose("Contrôle impossible")
    medecin.click("Enregistrer l'issue")
    expect(page.locator("#sealed-title")).to_be_focused()
    expect(row).to_contain_text("Issue scellée")
    page.reload()
    expect(page.get_by_role("heading", name="Ma journée")).to_be_visible()
    expect(page.locator(".row").first).to_be_visible()
    expect(row).to_have_count(0)
