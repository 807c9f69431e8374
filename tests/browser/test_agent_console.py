"""The agent's console: plan, move, reassign, import, see what did not arrive; by keyboard too."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from people import Assure
from playwright.sync_api import Page, Route, expect
from product import Product
from secretary import REACHABLE, SLOT, Agent

TODAY = f"{datetime.now(UTC):%Y-%m-%d}"
LATER = f"{datetime.now(UTC) + timedelta(days=60):%Y-%m-%d}"
LOOKS = [(360, 640, "light"), (360, 640, "dark"), (1440, 900, "light"), (1440, 900, "dark")]
#: The last slot shown: the demo's first hours are taken, for one médecin-conseil or the other.
FREE_FOR_BOTH = -1
#: The télécontrôle whose in-person appointment is fixed, as the list has it.
BOOKED = """async () => {
    const list = await (await fetch("/api/agent/telecontroles")).json();
    return list.items.find(({ in_person_start }) => in_person_start);
}"""


@pytest.fixture
def agent(product: Product, new_page: Callable[..., Page]) -> Agent:
    """An agent at an open console."""
    someone = Agent(new_page(1440, 900), product.ready["base"])
    someone.open_console()
    return someone


@pytest.mark.row("CA-03")
def test_an_agent_plans_a_telecontrole_and_sees_it_in_the_list(agent: Agent) -> None:
    agent.plan("Kerbrat")

    agent.click("Fermer")
    agent.search("Kerbrat")

    row = agent.row("Kerbrat")
    expect(row).to_contain_text("Mme Kerbrat")
    assert row.evaluate("(one) => one.contains(document.activeElement)") is False
    row.get_by_role("link").click()
    agent.sees("Kerbrat")
    agent.page.keyboard.press("Escape")
    assert row.evaluate("(one) => one.contains(document.activeElement)")


@pytest.mark.row("CN-15")
def test_the_language_of_one_person_is_not_the_next_ones(agent: Agent) -> None:
    agent.begin("Haddad")
    agent.page.get_by_label("Langue des messages", exact=True).select_option("ar")
    agent.slots().first.click()
    agent.click("Planifier et convoquer")
    agent.sees("Haddad")
    expect(agent.panel).to_contain_text("Arabe")

    expect(agent.page.locator("#plan-language")).to_have_value("")


@pytest.mark.row("CN-01")
def test_a_date_too_early_is_refused_with_the_first_possible_and_one_click_takes_it(
    agent: Agent,
) -> None:
    agent.begin("Salaün")
    agent.page.get_by_label("Date", exact=True).fill(TODAY)
    agent.page.get_by_label("Heure", exact=True).fill("10:00")
    agent.click("Planifier et convoquer")

    errors = agent.page.locator("#plan-errors")
    expect(errors).to_contain_text("première date possible")
    assert errors.evaluate("(box) => box === document.activeElement")

    errors.get_by_role("button", name=re.compile("^Planifier le ")).click()
    agent.sees("Salaün")


@pytest.mark.row("CN-06")
def test_an_agent_moves_a_telecontrole_to_a_free_slot(agent: Agent) -> None:
    agent.plan("Tanguy")
    before = agent.panel.locator("#panel-when").inner_text()

    agent.act("Déplacer")
    expect(agent.dialog.get_by_role("button", name=SLOT).first).to_be_visible()
    agent.dialog.get_by_role("button", name=SLOT).nth(3).click()
    agent.confirm("Déplacer")

    expect(agent.panel.locator("#panel-when")).not_to_have_text(before)
    expect(agent.panel.get_by_role("link", name="Rendez-vous d'avant")).to_be_visible()


@pytest.mark.row("CA-03")
def test_a_cancellation_is_asked_twice_and_said(agent: Agent) -> None:
    agent.plan("Quéré")

    agent.act("Annuler")
    agent.confirm("Ne pas annuler")
    expect(agent.state).to_contain_text("Convoqué")
    agent.act("Annuler")
    agent.confirm("Annuler le télécontrôle")

    expect(agent.state).to_contain_text("Annulé par le service")
    expect(agent.panel.get_by_role("button", name="Déplacer")).to_have_count(0)


@pytest.mark.row("CA-06")
def test_reassigning_changes_the_medecin_conseil_and_sends_nothing(agent: Agent) -> None:
    agent.plan("Le Roux", FREE_FOR_BOTH)
    messages = agent.panel.locator("tr[data-message]")
    count = messages.count()

    agent.act("Réaffecter")
    colleague = agent.dialog.get_by_label("Nouveau médecin-conseil")
    colleague.select_option(index=1)
    name = colleague.locator("option:checked").inner_text()
    agent.confirm("Réaffecter")

    expect(agent.panel.locator("#panel-when")).to_contain_text(name)
    assert messages.count() == count


@pytest.mark.row("CA-06")
def test_an_absence_lists_the_appointments_to_give_to_a_colleague(agent: Agent) -> None:
    agent.plan("Morvan", FREE_FOR_BOTH)
    doctor = agent.page.locator("#plan-doctor").input_value()
    agent.click("Fermer")
    agent.view("Absences")

    agent.page.locator("#absence-doctor").select_option(doctor)
    agent.page.get_by_label("Du", exact=True).locator("visible=true").fill(f"{TODAY}T08:00")
    agent.page.get_by_label("Au", exact=True).locator("visible=true").fill(f"{LATER}T18:00")
    agent.click("Enregistrer l'absence")
    concerned = agent.page.locator("#absence-list li", has_text="Morvan")
    concerned.get_by_role("combobox").select_option(index=1)
    concerned.get_by_role("button", name="Réaffecter").click()

    expect(concerned).to_have_count(0)
    assert agent.focused() != "BODY"


@pytest.mark.row("CA-02")
def test_an_absence_entered_by_mistake_is_seen_and_removed(agent: Agent) -> None:
    agent.view("Absences")
    doctor = agent.page.locator("#absence-doctor")
    doctor.select_option(index=1)
    known = agent.page.get_by_role("region", name="Absences à venir")
    expect(known).to_contain_text("Aucune absence")
    agent.page.get_by_label("Du", exact=True).locator("visible=true").fill("2031-03-03T08:00")
    agent.page.get_by_label("Au", exact=True).locator("visible=true").fill("2032-03-03T19:00")
    agent.click("Enregistrer l'absence")
    expect(known).to_contain_text("3 mars 2031")
    agent.sound()

    known.get_by_role("button", name="Supprimer l'absence du").click()
    agent.sound()
    agent.page.get_by_role("dialog").get_by_role("button", name="Supprimer").click()

    expect(known).to_contain_text("Aucune absence")
    expect(agent.page.locator("#absence-known-title")).to_be_focused()


@pytest.mark.row("CA-04")
def test_an_import_is_tried_first_and_says_which_line_is_wrong(agent: Agent) -> None:
    agent.view("Importer")
    with agent.page.expect_download() as model:
        agent.page.get_by_role("link", name="Télécharger un modèle CSV").click()
    head, good = model.value.path().read_text("utf-8-sig").splitlines()
    bad = re.sub(r"\d{4}-\d\d-\d\dT", f"{TODAY}T", good)
    content = "\r\n".join((head, good.replace("Exemple", "Bodénan"), bad)) + "\r\n"

    agent.page.get_by_label("Fichier CSV ou JSON").set_input_files(
        {"name": "lot.csv", "mimeType": "text/csv", "buffer": content.encode()}
    )
    expect(agent.page.get_by_text("1 ligne prête")).to_be_visible()
    expect(agent.page.get_by_text("1 ligne refusée")).to_be_visible()
    expect(agent.page.locator("#import-lines tr").first).to_contain_text("start")
    agent.page.get_by_label("Tout ou rien").check()
    expect(agent.button("Planifier la ligne")).to_have_attribute("aria-disabled", "true")
    agent.page.get_by_label("Tout ou rien").uncheck()
    agent.click("Planifier la ligne")

    expect(agent.page.get_by_role("heading", name="1 télécontrôle planifié")).to_be_visible()
    agent.sound()
    agent.view("Télécontrôles")
    agent.search("Bodénan")


@pytest.mark.row("CA-07")
@pytest.mark.row("CN-05")
def test_what_was_not_delivered_is_one_click_away_and_exportable(agent: Agent) -> None:
    agent.plan("Sans-Adresse", contact={"Adresse postale": "1 rue du Port, 35000 Rennes"})
    agent.click("Fermer")
    agent.plan("Joignable")
    agent.click("Fermer")

    agent.click("Non remises")

    expect(agent.row("Sans-Adresse")).to_contain_text("Non remise")
    expect(agent.row("Joignable")).to_have_count(0)
    assert "remise=non_remise" in agent.page.url
    with agent.page.expect_download() as export:
        agent.page.get_by_role("link", name="Exporter en CSV").click()
    assert "Sans-Adresse" in export.value.path().read_text("utf-8-sig")
    agent.page.go_back()
    expect(agent.row("Joignable")).to_have_count(1)


@pytest.mark.row("CA-07")
def test_every_message_opens_its_exact_words_and_its_telecontrole(agent: Agent) -> None:
    agent.plan("Riou")
    agent.click("Fermer")
    agent.view("Envois")
    agent.page.get_by_label("État", exact=True).locator("visible=true").select_option(label="Tous")

    message = agent.page.locator("tr[data-message]", has_text="Riou").first
    expect(message).to_be_visible()
    message.get_by_role("link").click()
    agent.sees("Riou")
    words = agent.panel.get_by_role("button", name=re.compile("^Voir le texte")).first
    expect(words).to_be_visible()
    words.click()

    expect(agent.dialog.locator("#text-body")).to_contain_text("visio")
    agent.page.keyboard.press("Escape")
    assert words.evaluate("(button) => button === document.activeElement")


@pytest.mark.row("CN-05")
def test_a_letter_is_read_printed_and_its_task_ticked_once_posted(agent: Agent) -> None:
    agent.plan("Par-Courrier", contact={"Adresse postale": "1 rue du Port, 35000 Rennes"})

    agent.panel.get_by_role("button", name=re.compile("^Voir le texte : Convocation")).click()
    expect(agent.dialog.locator("#text-body")).to_contain_text("/rdv#")
    expect(agent.dialog.get_by_role("button", name="Imprimer la lettre")).to_be_visible()
    agent.page.keyboard.press("Escape")
    agent.panel.get_by_role("button", name=re.compile("^Fait : Poster la convocation")).click()

    expect(agent.panel.get_by_text("Tâche faite : Poster la convocation")).to_be_visible()
    expect(agent.panel.get_by_role("heading", name="À faire")).to_have_count(0)
    assert agent.focused() != "BODY"


@pytest.mark.row("CN-05")
def test_corrected_contact_details_are_what_the_panel_shows(agent: Agent) -> None:
    agent.plan("Coatanéa")

    agent.act("Corriger")
    mail = agent.panel.get_by_role("textbox", name="Courriel")
    mail.fill("pas une adresse")
    agent.act("Enregistrer les coordonnées")
    expect(agent.panel.get_by_role("alert")).to_contain_text("ne sont pas enregistrées")
    mail.fill("corrige@exemple.fr")
    agent.act("Enregistrer les coordonnées")

    expect(agent.panel.get_by_text("corrige@exemple.fr").first).to_be_visible()
    assert agent.focused() != "BODY"


@pytest.mark.row("CA-03")
def test_what_a_colleague_corrected_meanwhile_is_not_put_back(
    agent: Agent, product: Product, new_page: Callable[..., Page]
) -> None:
    agent.plan("Le Meur")
    agent.act("Corriger")
    colleague = Agent(new_page(1440, 900), product.ready["base"])
    colleague.open_console()
    colleague.search("Le Meur")
    colleague.row("Le Meur").get_by_role("link").click()
    colleague.act("Corriger")
    colleague.panel.get_by_role("textbox", name="Téléphone").fill("06 39 98 43 21")
    colleague.act("Enregistrer les coordonnées")
    expect(colleague.panel).to_contain_text("Coordonnées corrigées")

    agent.panel.get_by_role("textbox", name="Courriel").fill("juste@exemple.fr")
    agent.act("Enregistrer les coordonnées")

    known = agent.panel.locator(".part-contact .facts")
    expect(known).to_contain_text("juste@exemple.fr")
    expect(known).to_contain_text("06 39 98 43 21")


@pytest.mark.row("CN-14")
def test_a_justification_is_accepted_by_a_person_who_reads_what_follows(agent: Agent) -> None:
    agent.click("À faire")
    agent.row("Examiner la justification").first.get_by_role("link").click()

    agent.act("Accepter")
    expect(agent.dialog).to_contain_text("un rendez-vous en présentiel sera à fixer")
    agent.confirm("Accepter")

    expect(agent.state).to_contain_text("Absence justifiée")
    expect(agent.panel.get_by_role("button", name="Fixer le présentiel")).to_be_visible()


@pytest.mark.row("CA-03")
def test_a_call_is_noted_by_its_result_alone(agent: Agent) -> None:
    agent.plan("Jaouen")

    agent.act("Noter un appel")
    agent.confirm("Noter l'appel")
    expect(agent.dialog).to_contain_text("Choisissez le résultat de l'appel")
    agent.dialog.get_by_role("radio").nth(2).check()
    agent.confirm("Noter l'appel")
    agent.panel.locator("#history-summary").click()

    expect(agent.panel.locator("#history li").first).to_contain_text("Pas de réponse")


@pytest.mark.row("IP-02")
def test_an_agent_books_the_in_person_appointment_at_a_site(agent: Agent, assure: Assure) -> None:
    assure.wait()
    assure.click("Demander un rendez-vous en présentiel")
    assure.page.get_by_role("dialog").get_by_role("button").first.click()
    expect(assure.page.get_by_role("heading", name="présentiel")).to_be_visible()
    agent.page.reload()
    agent.page.locator("#list tr[data-id]", has_text="présentiel").first.get_by_role("link").click()

    agent.act("Fixer le présentiel")
    site = agent.dialog.get_by_role("radio").first
    site.check()
    agent.dialog.get_by_role("button", name=SLOT).first.click()
    agent.confirm("Fixer le rendez-vous")

    place = agent.panel.get_by_role("region", name="Rendez-vous en présentiel")
    expect(place).to_contain_text("Adresse")
    expect(place).to_contain_text("Horaires")

    booked = agent.page.evaluate(BOOKED)
    start = datetime.fromisoformat(booked["in_person_start"])
    local = start.astimezone(ZoneInfo(booked["timezone"]))
    agent.click("Fermer")
    agent.view("Absences")
    agent.page.locator("#absence-doctor").select_option(booked["doctor"]["id"])
    for label, hour in (("Du", local), ("Au", local + timedelta(minutes=5))):
        field = agent.page.get_by_label(label, exact=True).locator("visible=true")
        field.fill(f"{hour:%Y-%m-%dT%H:%M}")
    agent.click("Enregistrer l'absence")

    concerned = agent.page.locator("#absence-list li")
    expect(concerned).to_have_count(1)
    expect(concerned).to_contain_text("en présentiel")
    agent.sound()


@pytest.mark.row("CA-03")
def test_a_telecontrole_is_planned_by_keyboard_alone(agent: Agent) -> None:
    keys = agent.page.keyboard
    keys.press("n")
    expect(agent.title("Planifier un télécontrôle")).to_be_focused()
    for text in ("M", "Le Bras", "REF-7", "b@exemple.fr", REACHABLE["Téléphone"], "", "", "A", "D"):
        keys.press("Tab")
        keys.type(text)
    expect(agent.slots().first).to_be_visible()
    agent.page.wait_for_load_state("networkidle")
    for _ in range(80):
        keys.press("Tab")
        if agent.slots().first.evaluate("(one) => one === document.activeElement"):
            break
    keys.press("Enter")
    agent.page.locator("#plan-hour").focus()
    keys.press("Enter")
    agent.sees("Le Bras")

    keys.press("Escape")
    agent.page.wait_for_function("() => document.activeElement !== document.body")
    keys.press("/")
    keys.type("Le Bras")
    expect(agent.page.locator("#list tr[data-id]")).to_have_count(1)
    keys.press("Tab")
    keys.press("j")
    assert agent.row("Le Bras").evaluate("(one) => one.contains(document.activeElement)")
    keys.press("Enter")
    agent.sees("Le Bras")


@pytest.mark.row("CA-03")
def test_no_hour_is_offered_that_is_somebody_else_s_or_taken(agent: Agent) -> None:
    agent.begin("Le Floch")
    held: list[Route] = []
    # Playwright leaves a mark on what it is given: a method of a list takes none.
    agent.page.route("**/api/agent/creneaux?**", lambda one: held.append(one))  # noqa: PLW0108

    agent.doctor.select_option(index=2)
    expect(agent.page.get_by_text("Recherche des créneaux libres…")).to_be_visible()
    expect(agent.slots()).to_have_count(0)
    held.pop().continue_()
    agent.slots().first.click()
    agent.click("Planifier et convoquer")
    agent.sees("Le Floch")
    agent.page.get_by_role("link", name="Planifier", exact=True).click()

    expect(agent.page.get_by_text("Recherche des créneaux libres…")).to_be_visible()
    expect(agent.slots()).to_have_count(0)
    held.pop().continue_()
    expect(agent.slots().first).to_be_visible()


def test_shortcuts_of_one_letter_can_be_switched_off(agent: Agent) -> None:
    agent.page.keyboard.press("?")
    agent.page.get_by_label("Raccourcis d'une lettre actifs").uncheck()
    agent.page.keyboard.press("Escape")

    agent.page.keyboard.press("n")

    expect(agent.title("Télécontrôles")).to_be_visible()


def test_a_cut_line_is_said_and_ends_by_itself(agent: Agent) -> None:
    agent.page.context.set_offline(True)
    agent.click("À faire")
    expect(agent.page.get_by_text("Connexion interrompue.")).to_be_visible()

    agent.page.context.set_offline(False)

    expect(agent.page.get_by_text("Connexion interrompue.")).to_be_hidden()


@pytest.mark.row("SP-05")
def test_what_the_page_asks_with_nobody_there_says_so(agent: Agent) -> None:
    agent.view("Envois")
    expect(agent.page.get_by_role("heading", name="Envois")).to_be_visible()

    with agent.page.expect_request("**/api/agent/progression*", timeout=20_000) as alone:
        agent.page.evaluate(
            "{ const later = performance.now() + 61_000; performance.now = () => later; }"
        )
    agent.view("Télécontrôles")
    with agent.page.expect_request("**/api/agent/telecontroles*") as asked:
        agent.click("À faire")

    assert alone.value.headers.get("x-unattended") == "1"
    assert "x-unattended" not in asked.value.headers


def test_a_session_that_ends_leads_to_the_login_and_keeps_what_was_typed(agent: Agent) -> None:
    agent.begin("Le Gall")
    agent.slots().first.click()
    agent.page.context.clear_cookies()
    agent.click("Planifier et convoquer")

    expect(agent.page.get_by_text("Votre session s'est fermée.")).to_be_visible()
    assert agent.focused() == "H1"
    agent.page.locator("#login-agents button").first.click()
    agent.click("Planifier et convoquer")

    agent.sees("Le Gall")


@pytest.mark.row("CA-03")
@pytest.mark.parametrize(("width", "height", "scheme"), LOOKS)
def test_axe_finds_nothing_on_any_view_of_the_agent(
    product: Product, new_page: Callable[..., Page], width: int, height: int, scheme: str
) -> None:
    agent = Agent(new_page(width, height, color_scheme=scheme), product.ready["base"])
    agent.page.goto(f"{agent.base}/agent")
    expect(agent.page.locator("#login-agents button").first).to_be_visible()
    agent.sound()
    agent.open_console()
    expect(agent.page.locator("#list tr[data-id]").first).to_be_visible()
    agent.sound()
    agent.begin("Nédélec")
    agent.sound()
    agent.page.get_by_label("Nom de l'assuré").fill("")
    agent.click("Planifier et convoquer")
    agent.sound()
    agent.plan("Nédélec")
    agent.sound()
    for action in ("Déplacer", "Réaffecter", "Noter un appel", "Annuler"):
        agent.act(action)
        expect(agent.dialog).to_be_visible()
        agent.sound()
        agent.page.keyboard.press("Escape")
    agent.act("Corriger")
    agent.sound()
    agent.click("Fermer")
    for view in ("Envois", "Importer", "Absences"):
        agent.view(view)
        expect(agent.title(view[:6])).to_be_visible()
        agent.sound()
