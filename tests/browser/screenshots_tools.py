"""What is in a room besides sound and picture, and the equipment test: to be looked at."""

from collections.abc import Callable
from typing import Protocol

from people import Assure, Medecin, Person
from playwright.sync_api import Page, expect
from test_documents_p2p import choose, photograph
from third_people import Tiers, admit, invite


class Camera(Protocol):
    """Takes pictures under names that say the screen, the size and the scheme."""

    def take(self, page: Page, name: str) -> None: ...


def more(assure: Assure) -> None:
    """« Plus », where the room's commands are on the assuré's page."""
    if not assure.page.locator("#tools button").first.is_visible():
        assure.page.locator(".more summary").click()


def shut(person: Person, name: str) -> None:
    person.page.get_by_role("button", name=f"Fermer : {name}").click()


def the_tools(
    camera: Camera, assure: Assure, medecin: Medecin, new_page: Callable[[], Page]
) -> None:
    """In a call, one after the other."""
    writing(camera, assure, medecin)
    a_document(camera, assure, medecin)
    medecin.click("Guider un mouvement")
    camera.take(medecin.page, "m-mouvements")
    medecin.page.locator("[data-manoeuvre=montrer_main]").click()
    expect(assure.page.locator("#guided")).to_be_visible()
    camera.take(assure.page, "a-mouvement")
    camera.take(medecin.page, "m-mouvement")
    medecin.click("Arrêter le mouvement")
    shut(medecin, "Guider un mouvement")
    medecin.click("Qualité de la liaison")
    medecin.page.wait_for_timeout(4_000)
    camera.take(medecin.page, "m-qualite")
    shut(medecin, "Qualité de la liaison")
    medecin.click("Voir de plus près")
    camera.take(medecin.page, "m-loupe")
    medecin.page.keyboard.press("Escape")
    more(assure)
    camera.take(assure.page, "a-plus")
    assure.page.keyboard.press("Escape")
    a_pause(camera, assure, medecin)
    a_third(camera, assure, medecin, new_page())


def writing(camera: Camera, assure: Assure, medecin: Medecin) -> None:
    medecin.click("Écrire")
    medecin.page.locator("#chat-field").fill("Bonjour, m'entendez-vous ?")
    medecin.page.keyboard.press("Enter")
    expect(assure.page.locator("#chat-log .theirs")).to_be_visible()
    assure.click("Je préfère écrire.")
    expect(medecin.page.locator("#chat-log .theirs")).to_be_visible()
    camera.take(assure.page, "a-ecrire")
    camera.take(medecin.page, "m-ecrire")
    for person in (assure, medecin):
        shut(person, "Écrire")


def a_document(camera: Camera, assure: Assure, medecin: Medecin) -> None:
    more(assure)
    assure.click("Montrer un document")
    choose(assure, "ordonnance.jpg", photograph(1_200, 1_600))
    expect(assure.page.locator("#documents-list li")).to_contain_text("Remis au médecin")
    expect(medecin.page.locator(".documents-frame img")).to_be_visible()
    camera.take(assure.page, "a-document")
    camera.take(medecin.page, "m-document")
    for person in (assure, medecin):
        person.page.locator("#documents .panel-head button").click()


def a_pause(camera: Camera, assure: Assure, medecin: Medecin) -> None:
    medecin.page.keyboard.press("p")
    expect(assure.page.locator("#held")).to_be_visible()
    camera.take(assure.page, "a-pause")
    camera.take(medecin.page, "m-pause")
    medecin.page.locator("#resume").click()
    expect(assure.page.locator("#held")).to_be_hidden()


def a_third(camera: Camera, assure: Assure, medecin: Medecin, page: Page) -> None:
    """An interpreter in sign language: invited, waiting, in."""
    tiers = Tiers(page, *invite(medecin, "Interprète en langue des signes"))
    camera.take(medecin.page, "m-inviter")
    page.goto(tiers.link)
    expect(tiers.button("Continuer")).to_be_visible()
    camera.take(page, "t-accueil")
    tiers.click("Continuer")
    page.get_by_label("Code à 6 chiffres").fill("12")
    tiers.click("Continuer")
    camera.take(page, "t-code-erreur")
    page.get_by_label("Code à 6 chiffres").fill(tiers.code)
    tiers.click("Continuer")
    expect(tiers.button("J'ai lu et je continue")).to_be_visible()
    camera.take(page, "t-information")
    tiers.click("J'ai lu et je continue")
    tiers.click("Activer ma caméra et mon micro")
    expect(tiers.button("Entrer dans la salle d'attente")).to_be_visible()
    camera.take(page, "t-verification")
    tiers.click("Entrer dans la salle d'attente")
    expect(page.locator("#news")).to_contain_text("Le médecin doit vous admettre")
    camera.take(page, "t-attente")
    camera.take(medecin.page, "m-tiers-attend")
    admit(medecin, "Interprète en langue des signes")
    tiers.is_in()
    page.wait_for_timeout(4_000)
    for person, name in ((tiers, "t-appel"), (assure, "a-tiers"), (medecin, "m-tiers")):
        camera.take(person.page, name)
    tiers.click("Quitter")
    tiers.click("Confirmer et quitter")
    expect(page.get_by_role("heading", name="Vous êtes sorti")).to_be_visible()
    camera.take(page, "t-sorti")


def the_equipment(camera: Camera, early: Assure) -> None:
    """« Tester mon matériel », days before the hour; large letters and easy words on the way."""
    early.follow_link()
    early.click("Tester mon matériel")
    camera.take(early.page, "e-debut")
    early.click("Activer ma caméra et mon micro")
    expect(early.button("Tester mon matériel")).to_be_visible()
    camera.take(early.page, "e-image")
    early.click("Tester mon matériel")
    early.click("Jouer le son")
    early.click("Oui")
    early.click("Tester ma connexion")
    early.click("Recevoir un code par SMS")
    early.page.locator("#eq-code").fill(early.appointment["code"])
    camera.take(early.page, "e-code")
    early.page.locator("#eq-reseau").get_by_role("button", name="Continuer").click()
    expect(early.page.locator("#eq-echo .chip")).to_contain_text("Parlez", timeout=40_000)
    camera.take(early.page, "e-echo")
    expect(early.page.locator(".eq-verdict")).to_be_visible(timeout=40_000)
    camera.take(early.page, "e-verdict")
    early.page.reload()
    for way in ("Grand texte", "Facile à lire"):
        early.page.locator(".top + .reading").get_by_role("button", name=way).click()
    early.page.wait_for_timeout(700)
    camera.take(early.page, "s-lecture")
