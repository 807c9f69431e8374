"""The assuré's space: two taps to refuse, a few to explain, and nothing that a robot can do."""

import io
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from people import Assure
from PIL import Image
from playwright.sync_api import Page, expect
from product import Product
from test_accessible import LOOKS, Keyboard, sound

PHOTO = io.BytesIO()
Image.effect_noise((3_000, 4_000), 90).convert("RGB").save(PHOTO, "JPEG", quality=98)


@pytest.fixture
def early(product: Product, new_page: Callable[..., Page]) -> Assure:
    """Somebody whose appointment is in more than two hours, on a phone."""
    return Assure(new_page(360, 640, has_touch=True), product.appointments[-1])


@pytest.fixture
def elsewhere(product: Product, new_page: Callable[..., Page]) -> Assure:
    """The same link in the other message, opened on another device."""
    return Assure(new_page(1440, 900), product.appointments[-1])


def arrive(assure: Assure) -> None:
    assure.follow_link()
    expect(assure.page.locator(".when-hour")).to_be_visible()


def title(assure: Assure, text: str) -> None:
    expect(assure.page.get_by_role("heading", level=1)).to_have_text(text)
    assert assure.focused() == "H1"


def rows(product: Product, query: str, *values: object) -> list[Any]:
    """The server's own database, read or changed beside it."""
    with sqlite3.connect(product.data_dir / "telecontrole.db", timeout=10) as database:
        found = database.execute(query, values).fetchall()
    database.close()
    return found


def facts(product: Product, assure: Assure) -> list[str]:
    identifier = assure.appointment["id"]
    said = "('accuse_reception', 'besoins_declares', 'mauvais_destinataire', 'refus_visio', " \
        "'justification_deposee')"  # fmt: skip
    query = f"SELECT genre FROM ligne WHERE telecontrole = ? AND genre IN {said} ORDER BY seq"  # noqa: S608
    return [genre for (genre,) in rows(product, query, identifier)]


@pytest.mark.row("CN-13")
def test_two_taps_from_the_message_refuse_and_both_links_die_at_once(
    product: Product, early: Assure, elsewhere: Assure
) -> None:
    arrive(elsewhere)
    arrive(early)

    early.click("Refuser la visioconférence")
    early.click("Confirmer le refus")
    title(early, "Vous avez choisi un rendez-vous en présentiel")
    elsewhere.click("J'ai bien reçu, je serai là")

    expect(elsewhere.page.locator("#error-text")).to_have_text("La visioconférence a été refusée.")
    elsewhere.page.reload()
    title(elsewhere, "Vous avez choisi un rendez-vous en présentiel")
    assert facts(product, early) == ["refus_visio"]


@pytest.mark.row("CN-13")
def test_a_refusal_that_is_not_confirmed_is_none(product: Product, early: Assure) -> None:
    arrive(early)

    early.click("Refuser la visioconférence")
    early.click("Garder la vidéo")

    expect(early.button("Refuser la visioconférence")).to_be_focused()
    assert facts(product, early) == []


@pytest.mark.row("CN-14")
def test_an_absence_is_justified_with_a_photo_that_was_too_heavy(
    product: Product, early: Assure
) -> None:
    arrive(early)
    photo = {"name": "IMG.jpg", "mimeType": "image/jpeg", "buffer": PHOTO.getvalue()}

    early.click("Je ne peux pas venir")
    title(early, "Vous ne pouvez pas venir ?")
    early.page.get_by_label("Je travaille à cette heure").check()
    early.page.get_by_label("Un document (facultatif)").set_input_files(photo)  # type: ignore[arg-type]
    early.click("Envoyer")
    title(early, "C'est transmis")
    early.click("Revenir à mon rendez-vous")

    expect(early.page.locator("[data-said]:visible")).to_contain_text("examine votre justificatif")
    ((kind, size),) = rows(product, "SELECT type, taille FROM piece")
    assert len(PHOTO.getvalue()) > 5_000_000
    assert (kind, 0 < size < 5_000_000) == ("image/jpeg", True)
    assert facts(product, early) == ["justification_deposee"]


@pytest.mark.row("CN-14")
def test_a_form_that_is_not_complete_says_what_is_missing(early: Assure) -> None:
    arrive(early)
    early.click("Je ne peux pas venir")
    document = early.page.get_by_label("Un document (facultatif)")
    note = {"name": "certificat.pdf", "mimeType": "application/pdf", "buffer": b"MZ"}

    early.click("Envoyer")
    expect(early.page.locator("#error-text")).to_have_text("Choisissez une raison dans la liste.")
    early.page.get_by_label("Une autre raison").check()
    document.set_input_files(note)  # type: ignore[arg-type]
    early.click("Envoyer")

    expect(early.page.locator("#error-text")).to_contain_text("n'est pas accepté")
    assert early.focused() == "DIV"


@pytest.mark.row("CN-14")
def test_after_the_hour_an_absence_is_explained_too(product: Product, early: Assure) -> None:
    past = (datetime.now(UTC) - timedelta(hours=2)).isoformat(timespec="microseconds")
    rows(product, "UPDATE telecontrole SET debut = ?", past)
    early.follow_link()
    title(early, "La salle d'attente est fermée")

    early.click("Dire pourquoi")
    title(early, "Vous n'avez pas pu venir ?")
    early.page.get_by_label("Un problème de transport").check()
    early.click("Envoyer")
    early.click("Revenir à mon rendez-vous")

    expect(early.page.locator("[data-said]:visible")).to_contain_text("examine votre justificatif")
    assert facts(product, early) == ["justification_deposee"]


@pytest.mark.row("CN-12")
def test_one_tap_acknowledges_and_it_is_remembered(product: Product, early: Assure) -> None:
    arrive(early)

    early.click("J'ai bien reçu, je serai là")
    expect(early.page.locator("[data-said]:visible")).to_contain_text("vous serez là")
    assert early.focused() == "H1"
    early.page.reload()

    expect(early.page.locator("[data-said]:visible")).to_contain_text("vous serez là")
    expect(early.button("J'ai bien reçu, je serai là")).to_be_hidden()
    assert facts(product, early) == ["accuse_reception"]


@pytest.mark.row("AC-05")
@pytest.mark.row("AC-01")
def test_needs_are_declared_by_keyboard_alone_and_never_shown_again(
    product: Product, early: Assure
) -> None:
    arrive(early)
    keyboard = Keyboard(early)

    keyboard.press("Dire de quoi j'ai besoin")
    title(early, "De quoi avez-vous besoin ?")
    keyboard.type_into("Un interprète en langue des signes française", " ")
    keyboard.press("Envoyer")
    title(early, "C'est transmis")
    keyboard.press("Revenir à mon rendez-vous")
    expect(early.page.locator("[data-said]:visible")).to_contain_text("besoins sont transmis")
    keyboard.press("Dire de quoi j'ai besoin")

    title(early, "De quoi avez-vous besoin ?")
    assert early.page.locator("main input:checked").count() == 0
    query = "SELECT besoins FROM telecontrole WHERE id = ?"
    ((kept,),) = rows(product, query, early.appointment["id"])
    assert kept.startswith("p.")


@pytest.mark.row("JO-10")
def test_the_wrong_person_says_so_and_the_right_one_is_not_shut_out(
    product: Product, early: Assure, elsewhere: Assure
) -> None:
    arrive(early)

    early.click("Ce message n'est pas pour moi")
    title(early, "Ce message n'est pas pour vous ?")
    early.click("Confirmer : ce message n'est pas pour moi")
    title(early, "Merci")

    assert facts(product, early) == ["mauvais_destinataire"]
    arrive(elsewhere)
    assert early.appointment["assure"].split()[-1] not in early.page.content()


@pytest.mark.row("CN-07")
def test_the_appointment_goes_into_a_calendar(early: Assure) -> None:
    asked: list[str] = []
    early.page.on("request", lambda request: asked.append(request.url))
    arrive(early)

    with early.page.expect_download() as download:
        early.click("Ajouter à mon agenda")

    text = download.value.path().read_text()
    secret = early.appointment["lien"].partition("#")[2]
    assert download.value.suggested_filename == "rendez-vous.ics"
    assert text.startswith("BEGIN:VCALENDAR")
    assert [url for url in asked if secret in url.partition("#")[0]] == []


def test_the_equipment_is_tried_days_before_and_the_camera_is_let_go_of(early: Assure) -> None:
    arrive(early)
    early.click("Tester mon matériel")
    early.click("Activer ma caméra et mon micro")
    expect(early.page.locator("#self-video")).to_be_visible()
    early.page.evaluate("window.tried = document.getElementById('self-video').srcObject")
    expect(early.button("Entrer dans la salle d'attente")).to_be_hidden()

    early.click("C'est bon, j'ai terminé")

    title(early, "Votre rendez-vous par vidéo")
    ended = "window.tried.getTracks().map((track) => track.readyState)"
    assert early.page.evaluate(ended) == ["ended", "ended"]
    assert (early.watched("captures"), early.watched("peers.length")) == (1, 0)
    expect(early.page.get_by_text("C'est un essai")).to_have_count(0)


@pytest.mark.row("CN-14")
def test_the_in_person_appointment_says_where_and_how_to_get_in(
    product: Product, early: Assure
) -> None:
    arrive(early)
    early.click("Refuser la visioconférence")
    early.click("Confirmer le refus")
    title(early, "Vous avez choisi un rendez-vous en présentiel")

    fix_in_person(product, early)
    early.page.reload()

    screen = early.page.locator("section:visible")
    expect(screen).to_contain_text("3 rue des Lices, 35000 Rennes")
    expect(screen).to_contain_text("De plain-pied")
    expect(screen.get_by_text("enverra une nouvelle convocation")).to_be_hidden()
    sound(early)


def fix_in_person(product: Product, assure: Assure) -> None:
    """As an agent does."""
    ((caisse, doctor),) = rows(
        product,
        "SELECT caisse, medecin_conseil FROM telecontrole WHERE id = ?",
        assure.appointment["id"],
    )
    day = (datetime.now(UTC) + timedelta(days=9)).isoformat(timespec="microseconds")
    rows(
        product,
        "INSERT INTO site (id, caisse, nom, adresse, acces, horaires, genre) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        "site-t", caisse, "Agence de Rennes", "3 rue des Lices, 35000 Rennes",
        "De plain-pied, métro Sainte-Anne", "8 h 30 à 17 h", "caisse",
    )  # fmt: skip
    rows(
        product,
        "INSERT INTO rendez_vous (id, telecontrole, site, medecin_conseil, debut, fuseau, "
        "duree_minutes, etat, sequence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        "rdv-t", assure.appointment["id"], "site-t", doctor, day, "Europe/Paris", 30,
        "convoque", 0,
    )  # fmt: skip


# --- robots ---------------------------------------------------------------------------------------


@pytest.mark.row("CN-13")
def test_a_scanner_that_reads_fifty_times_and_clicks_every_link_changes_nothing(
    product: Product, early: Assure, elsewhere: Assure
) -> None:
    base, page = product.ready["base"], early.page
    arrive(early)
    for address in (early.appointment["lien"], f"{base}/rdv", f"{base}/verifier"):
        for _ in range(50):
            assert page.request.get(address).ok
            assert page.request.head(address).ok

    links = page.locator("a[href]:visible")
    seen = [links.nth(at).get_attribute("href") for at in range(links.count())]
    for at, href in enumerate(seen):
        if href and not href.startswith("tel:"):
            links.nth(at).click()
            page.wait_for_load_state("networkidle")
            early.page.goto("about:blank")
            arrive(early)

    assert "/verifier" in seen
    assert facts(product, early) == []
    arrive(elsewhere)
    expect(elsewhere.button("J'ai bien reçu, je serai là")).to_be_visible()


def test_who_enters_now_does_not_fetch_the_space(assure: Assure) -> None:
    asked: list[str] = []
    assure.page.on("request", lambda request: asked.append(request.url))

    assure.follow_link()
    expect(assure.button("Continuer")).to_be_visible()
    assure.page.wait_for_load_state("networkidle")

    assert [url for url in asked if "space" in url or "when.js" in url] == []


# --- is it genuine? -------------------------------------------------------------------------------


@pytest.mark.row("CN-09")
def test_a_message_is_verified_by_its_code_and_a_code_by_sms(
    product: Product, early: Assure, new_page: Callable[..., Page]
) -> None:
    ((code,),) = rows(
        product, "SELECT code FROM telecontrole WHERE id = ?", early.appointment["id"]
    )
    page = early.page
    arrive(early)
    page.get_by_role("link", name="Est-ce bien un message de ma caisse ?").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Est-ce bien un message de votre caisse ?"
    )

    page.get_by_label("Code du message").fill("ZZZZ 9999")
    early.click("Vérifier")
    expect(page.locator("#error-text")).to_contain_text("Nous ne connaissons pas ce code")
    page.get_by_label("Code du message").fill(code.lower().replace("-", " "))
    early.click("Vérifier")
    title(early, "Nous connaissons ce code")
    sound(early)
    page.get_by_label("Code reçu par SMS").fill(latest_sms_code(product, new_page()))
    early.click("Continuer")

    title(early, "Ce message est authentique")
    expect(page.locator("section:visible")).to_contain_text("CPAM de Bretagne")
    expect(page.locator(".when-hour")).to_contain_text("heure de Paris")
    assert early.appointment["assure"].split()[-1] not in page.content()
    sound(early)


def latest_sms_code(product: Product, phone: Page) -> str:
    """As it is read on the phone: the demo's outbox."""
    for _ in range(100):
        phone.goto(product.ready["outbox"])
        found = phone.evaluate("() => document.body.innerText.match(/\\b\\d{6}\\b/)?.[0]")
        if found:
            return str(found)
        phone.wait_for_timeout(100)
    raise AssertionError("no code was sent")


# --- for everybody --------------------------------------------------------------------------------


@pytest.mark.row("AC-01")
@pytest.mark.parametrize(("width", "height", "scheme"), LOOKS)
def test_axe_finds_nothing_in_the_space(
    product: Product, new_page: Callable[..., Page], width: int, height: int, scheme: str
) -> None:
    assure = Assure(new_page(width, height, color_scheme=scheme), product.appointments[-1])
    arrive(assure)
    sound(assure)
    for name in (
        "Dire de quoi j'ai besoin",
        "Je ne peux pas venir",
        "Ce message n'est pas pour moi",
    ):
        assure.click(name)
        expect(assure.button("Revenir")).to_be_visible()
        sound(assure)
        assure.click("Revenir")
        expect(assure.page.locator(".when-hour")).to_be_visible()
    assure.click("Tester mon matériel")
    expect(assure.button("Activer ma caméra et mon micro")).to_be_visible()
    sound(assure)
    assure.page.goto(product.ready["base"] + "/verifier")
    sound(assure)
