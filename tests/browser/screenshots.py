"""Every screen, three sizes, light and dark, into screenshots/ (`make screenshots`): to look at."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from people import Assure, Medecin, chromium
from playwright.sync_api import Browser, Page, expect, sync_playwright
from product import Product
from screenshots_tools import the_equipment, the_tools
from secretary import Agent

SIZES = ((360, 640), (820, 1180), (1440, 900))
OUT = Path(__file__).parents[2] / "screenshots"


class Camera:
    """Takes pictures under names that say the screen, the size and the scheme."""

    def __init__(self, size: tuple[int, int], scheme: str) -> None:
        self.suffix = f"{size[0]}x{size[1]}-{scheme}"

    def take(self, page: Page, name: str) -> None:
        page.wait_for_timeout(300)
        page.screenshot(path=OUT / f"{name}-{self.suffix}.png")


def journey(browser: Browser, product: Product, size: tuple[int, int], scheme: str) -> None:
    """Every screen of one meeting, and the pages around it."""
    camera = Camera(size, scheme)

    def page() -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            ignore_https_errors=True,
            locale="fr-FR",
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        return context.new_page()

    around = page()
    for name, path in (("accueil", "/"), ("demo", "/demo"), ("login", "/console")):
        around.goto(product.ready["base"] + path)
        around.wait_for_load_state("networkidle")
        camera.take(around, name)
    around.goto(product.appointments[-1]["lien"])
    camera.take(around, "a-trop-tot")
    appointment = product.appointments[0]
    assure, medecin = Assure(page(), appointment), Medecin(page(), product.login_of(appointment))
    until_the_waiting_room(camera, assure, medecin)
    the_call_and_after(camera, assure, medecin, page)
    around.goto(product.ready["outbox"])
    camera.take(around, "envois")
    the_papers_of_the_end(camera, page(), product.ready["base"])
    before_the_hour(camera, Assure(page(), product.appointments[-1]))
    the_equipment(camera, Assure(page(), product.appointments[-1]))
    the_secretariat(camera, Agent(page(), product.ready["base"]))


def before_the_hour(camera: Camera, early: Assure) -> None:
    """What is behind the link until the room opens."""
    early.follow_link()
    expect(early.button("J'ai bien reçu, je serai là")).to_be_visible()
    early.click("J'ai bien reçu, je serai là")
    camera.take(early.page, "s-espace")
    for choice in ("Dire de quoi j'ai besoin", "Je ne peux pas venir"):
        early.click(choice)
        camera.take(early.page, f"s-{choice[:4].lower()}")
        early.click("Revenir")
    early.page.goto(early.page.url.partition("/rdv")[0] + "/verifier")
    camera.take(early.page, "s-verifier")


def the_secretariat(camera: Camera, agent: Agent) -> None:
    """The agent's console: list, panel, dialogs, and its other views."""
    agent.open_console()
    camera.take(agent.page, "g-liste")
    agent.begin("Salaün")
    camera.take(agent.page, "g-planifier")
    agent.plan("Kerbrat")
    camera.take(agent.page, "g-volet")
    agent.act("Déplacer")
    camera.take(agent.page, "g-deplacer")
    agent.page.keyboard.press("Escape")
    expect(agent.dialog).to_have_count(0)
    agent.page.keyboard.press("Escape")
    expect(agent.panel).to_be_hidden()
    for view in ("Envois", "Importer", "Absences"):
        agent.view(view)
        camera.take(agent.page, f"g-{view.lower()}")


def until_the_waiting_room(camera: Camera, assure: Assure, medecin: Medecin) -> None:
    medecin.open_console()
    camera.take(medecin.page, "m-jour")
    assure.follow_link()
    expect(assure.button("Continuer")).to_be_visible()
    camera.take(assure.page, "a-accueil")
    assure.click("Continuer")
    assure.page.get_by_label("Code reçu par SMS").fill("12")
    assure.click("Continuer")
    camera.take(assure.page, "a-code-erreur")
    assure.page.get_by_label("Code reçu par SMS").fill(assure.appointment["code"])
    assure.click("Continuer")
    expect(assure.button("J'ai lu et je continue")).to_be_visible()
    camera.take(assure.page, "a-information")
    assure.click("J'ai lu et je continue")
    expect(assure.button("Activer ma caméra et mon micro")).to_be_visible()
    camera.take(assure.page, "a-materiel")
    assure.click("Activer ma caméra et mon micro")
    expect(assure.button("Entrer dans la salle d'attente")).to_be_visible()
    camera.take(assure.page, "a-verification")
    assure.click("Entrer dans la salle d'attente")
    assure.connection_ready()
    camera.take(assure.page, "a-attente")
    camera.take(medecin.page, "m-attente")
    medecin.page.locator(f'[data-id="{assure.appointment["id"]}"] .row-main').click()
    medecin.click("Confier à un confrère")
    camera.take(medecin.page, "m-confier")
    medecin.click("Garder ce rendez-vous")


def the_call_and_after(
    camera: Camera, assure: Assure, medecin: Medecin, new_page: Callable[[], Page]
) -> None:
    medecin.admit()
    assure.page.wait_for_timeout(2_500)
    camera.take(assure.page, "a-appel")
    camera.take(medecin.page, "m-appel")
    checks_in_the_call(camera, assure, medecin)
    the_tools(camera, assure, medecin, new_page)
    assure.click("Demander un rendez-vous en présentiel")
    camera.take(assure.page, "a-presentiel-question")
    assure.page.keyboard.press("Escape")
    medecin.click("Identité vérifiée")
    medecin.click("Terminer le télécontrôle")
    camera.take(medecin.page, "m-terminer-question")
    medecin.click("Confirmer et terminer")
    expect(assure.page.get_by_role("heading", name="terminé")).to_be_visible()
    camera.take(assure.page, "a-fin")
    camera.take(medecin.page, "m-issue")
    medecin.choose("Reprise du travail à une date")
    medecin.click("Enregistrer l'issue")
    camera.take(medecin.page, "m-issue-annonce")
    medecin.choose("Arrêt médicalement justifié")
    medecin.click("Enregistrer l'issue")
    expect(medecin.page.get_by_text("Issue scellée, version 1")).to_be_visible()
    camera.take(medecin.page, "m-scellee")
    assure.click("Obtenir mon attestation")
    camera.take(assure.page, "a-attestation")


def checks_in_the_call(camera: Camera, assure: Assure, medecin: Medecin) -> None:
    """The spoken code, the gesture, the document, who is there, the notes."""
    medecin.click("Proposer un geste au hasard")
    medecin.click("Aider à montrer la pièce d'identité")
    expect(assure.page.locator("#framing")).to_be_visible()
    camera.take(assure.page, "a-piece")
    camera.take(medecin.page, "m-geste")
    medecin.click("Geste fait")
    medecin.click("Aider à montrer la pièce d'identité")
    medecin.click("Différent")
    expect(assure.page.locator("#spoken-code")).to_have_attribute("data-found", "different")
    camera.take(assure.page, "a-code-different")
    camera.take(medecin.page, "m-code-different")
    medecin.click("Identique")
    assure.click("Quelqu'un est avec moi")
    camera.take(assure.page, "a-personnes")
    assure.click("Personne d'autre")
    notes = medecin.page.get_by_label("Notes médicales sur ce télécontrôle")
    if not notes.is_visible():
        medecin.page.locator("#notes > summary").click()
    notes.fill("Une note, visible du seul service médical.")
    expect(medecin.page.locator("#note-state")).to_contain_text("Enregistré à")
    camera.take(medecin.page, "m-notes")


def the_papers_of_the_end(camera: Camera, page: Page, base: str) -> None:
    """Whoever verifies an attestation, and the agents' login."""
    for name, path in (
        ("verifier-attestation", "/attestation"),
        ("verifier-attestation-fausse", "/attestation#AAAA"),
        ("login-agent", "/agent"),
    ):
        page.goto("about:blank")
        page.goto(base + path)
        page.wait_for_load_state("networkidle")
        camera.take(page, name)


def main() -> None:
    """`python tests/browser/screenshots.py [WIDTHxHEIGHT-SCHEME …]`: all of them, or these."""
    OUT.mkdir(exist_ok=True)
    wanted = sys.argv[1:]
    with sync_playwright() as playwright:
        browser = chromium(playwright.chromium)
        for size in SIZES:
            for scheme in ("light", "dark"):
                if wanted and f"{size[0]}x{size[1]}-{scheme}" not in wanted:
                    continue
                with tempfile.TemporaryDirectory() as directory:
                    product = Product(Path(directory))
                    product.start()
                    try:
                        journey(browser, product, size, scheme)
                    finally:
                        product.stop()
        browser.close()
    print(f"{len(list(OUT.glob('*.png')))} pictures in {OUT}")


if __name__ == "__main__":
    main()
