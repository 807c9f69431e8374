"""Two consoles and an assuré who waits: handed over, received by the other, as a page shows it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from people import Assure, Medecin
from playwright.sync_api import Page, expect
from product import Product
from test_accessible import sound

pytestmark = pytest.mark.row("WR-07")


@pytest.fixture
def colleague(product: Product, new_page: Callable[..., Page]) -> Medecin:
    """Another médecin-conseil of the service, with a console open."""
    appointment = product.appointments[0]
    login = next(
        one["connexion"]
        for one in product.ready["medecins"]
        if one["id"] != appointment["medecin_id"]
    )
    other = Medecin(new_page(1440, 900), login)
    other.open_console()
    return other


def chosen(medecin: Medecin, appointment: dict[str, Any]) -> None:
    if medecin.button("Toute la journée").is_visible():
        medecin.click("Toute la journée")
    medecin.page.locator(f'[data-id="{appointment["id"]}"] .row-main').click()


def hand_over(medecin: Medecin, appointment: dict[str, Any], reason: str) -> None:
    chosen(medecin, appointment)
    medecin.click("Confier à un confrère")
    medecin.page.get_by_label("Motif", exact=True).select_option(label=reason)
    medecin.click("Confier")


def row(medecin: Medecin, appointment: dict[str, Any]) -> Any:
    return medecin.page.locator(f'[data-id="{appointment["id"]}"]')


def test_the_assure_is_told_who_receives_them_and_is_received(
    meeting: tuple[Assure, Medecin], colleague: Medecin, product: Product, tmp_path: Path
) -> None:
    assure, medecin = meeting
    appointment = assure.appointment
    name = colleague.page.locator("#doctor").inner_text()

    hand_over(medecin, appointment, "Je suis retenu par un autre rendez-vous")

    expect(assure.page.locator("#notice-text")).to_have_text(
        f"Votre rendez-vous est confié à {name}. Vous gardez votre place."
    )
    expect(assure.page.locator('section[data-screen="waiting"] [data-doctor]')).to_have_text(name)
    expect(row(colleague, appointment)).to_contain_text("En attente")
    expect(row(medecin, appointment)).to_have_count(0)
    assert medecin.focused() != "BODY"
    row(colleague, appointment).get_by_role("button", name="Admettre").click()
    colleague.sees_the_other()
    assure.sees_the_other()
    assert assure.screen() == "call"
    facts = [
        (fact["genre"], fact["role"])
        for fact in (
            line["fait"] for line in product.record(appointment["id"], tmp_path / "r")["lignes"]
        )
        if fact["role"] == "assure" and fact["genre"] in ("entree", "retour", "perte", "sortie")
    ]
    assert facts == [("entree", "assure")]


def test_the_former_one_s_console_has_no_way_back(
    meeting: tuple[Assure, Medecin], colleague: Medecin, product: Product
) -> None:
    assure, medecin = meeting
    path = f"{product.ready['base']}/api/console/telecontroles/{assure.appointment['id']}"
    headers = {"Origin": product.ready["base"]}
    spare = medecin.page.request.post(f"{path}/salle", data={}, headers=headers).json()["token"]

    hand_over(medecin, assure.appointment, "Je dois m'absenter")
    expect(row(medecin, assure.appointment)).to_have_count(0)

    again = medecin.page.request.post(f"{path}/salle", data={}, headers=headers)
    assert again.status == 404
    assert entered(medecin.page, spare) == "closed"
    closed = "() => __watch.peers.every((pc) => pc.connectionState === 'closed')"
    medecin.page.wait_for_function(closed)


def entered(page: Page, token: str) -> str:
    """What the room answers to this token."""
    return page.evaluate(
        """async (token) => {
          const { io } = await import(
            document.querySelector('link[href*="socket.io.js"]').getAttribute('href'));
          const socket = io('/', { path: '/socket.io', transports: ['websocket'], forceNew: true,
            reconnection: false, auth: { token, instance: 'a-page-of-before' } });
          return new Promise((done) => {
            socket.on('connect_error', (error) => done(error.data?.code ?? error.message));
            socket.on('snapshot', () => done('in'));
          });
        }""",
        token,
    )


def test_nobody_is_handed_over_to_an_empty_chair(meeting: tuple[Assure, Medecin]) -> None:
    assure, medecin = meeting
    chosen(medecin, assure.appointment)

    medecin.click("Confier à un confrère")

    dialog = medecin.page.get_by_role("dialog", name="Confier à un confrère")
    expect(dialog).to_contain_text("Aucun confrère n'a de console ouverte")
    expect(medecin.button("Confier")).to_be_hidden()
    sound(medecin)
    medecin.click("Garder ce rendez-vous")
    expect(medecin.button("Confier à un confrère")).to_be_focused()


@pytest.mark.row("AC-01")
@pytest.mark.parametrize(("width", "height", "scheme"), [(360, 640, "dark"), (1440, 900, "light")])
def test_axe_finds_nothing_in_the_dialog(
    colleague: Medecin,
    product: Product,
    new_page: Callable[..., Page],
    width: int,
    height: int,
    scheme: str,
) -> None:
    appointment = product.appointments[0]
    page = new_page(width, height, color_scheme=scheme)
    medecin = Medecin(page, product.login_of(appointment))
    medecin.open_console()
    chosen(medecin, appointment)

    medecin.click("Confier à un confrère")

    expect(medecin.page.get_by_label("Confrère", exact=True)).to_be_visible()
    sound(medecin)


# --- who is in the room -------------------------------------------------------------------------


@pytest.mark.row("CO-09")
def test_each_side_says_who_is_with_them_and_the_other_sees_it(
    meeting: tuple[Assure, Medecin],
) -> None:
    assure, medecin = meeting
    chosen(medecin, assure.appointment)
    theirs = medecin.page.locator("#people-other")
    expect(theirs).to_have_text("non déclaré")

    assure.click("Quelqu'un est avec moi")
    assert assure.page.evaluate("document.activeElement.id") == "people-proche"
    assure.page.get_by_label("Interprète", exact=True).select_option("1")
    assure.click("Déclarer")
    expect(theirs).to_have_text("1 interprète")
    expect(assure.button("Modifier")).to_be_focused()
    medecin.click("Personne d'autre")
    expect(assure.page.locator("#people-other")).to_have_text("Avec le médecin : personne d'autre.")

    medecin.admit()
    medecin.sees_the_other()
    assure.click("Modifier")
    assure.click("Personne d'autre")
    expect(theirs).to_have_text("personne d'autre")
    expect(assure.page.locator("#people-mine")).to_have_text("personne d'autre")
    sound(assure)
    sound(medecin)


@pytest.mark.row("CO-09")
def test_nothing_declared_is_a_reminder_and_no_barrier(meeting: tuple[Assure, Medecin]) -> None:
    assure, medecin = meeting

    medecin.admit()
    medecin.sees_the_other()

    expect(medecin.page.locator("#people-other")).to_have_text("non déclaré")
    expect(assure.button("Personne d'autre")).to_be_visible()
    expect(medecin.button("Personne d'autre")).to_be_visible()


@pytest.mark.row("ID-06")
def test_an_identity_in_doubt_is_said_without_an_accusing_word(
    meeting: tuple[Assure, Medecin],
) -> None:
    assure, medecin = meeting
    medecin.admit()
    medecin.sees_the_other()

    medecin.click("Identité non confirmée")
    asked = medecin.page.get_by_role("dialog", name="Identité non confirmée ?").inner_text()
    medecin.click("Enregistrer et mettre fin")

    told = assure.page.locator('section[data-screen="presentiel"]')
    expect(told).to_contain_text("L'identité n'a pas pu être vérifiée à distance.")
    expect(told).to_contain_text("Un rendez-vous en personne vous est proposé.")
    expect(told).to_contain_text("Ce n'est pas une absence")
    words = f"{asked} {told.inner_text()}".lower()
    for accusing in ("fraud", "usurp", "faux", "soupçon", "suspect", "refus", "doute", "mensong"):
        assert accusing not in words, accusing
    assert assure.focused() == "H1"
