"""A third participant enters by link and code, waits, is admitted, and leaves: three real pages."""

from collections.abc import Callable
from pathlib import Path

import pytest
from desk import without
from people import Assure, Medecin
from playwright.sync_api import Page, expect
from product import Product
from secretary import Agent
from test_accessible import faults
from third_people import (
    Tiers,
    admit,
    hears_and_sees,
    hears_without_seeing,
    invite,
    invited,
    legs,
    nothing_leaves,
    open_panel,
    sent,
    tiles,
)

Opener = Callable[..., Page]


@pytest.fixture
def consultation(meeting: tuple[Assure, Medecin]) -> tuple[Assure, Medecin]:
    """The two in their call."""
    assure, medecin = meeting
    medecin.admit()
    medecin.sees_the_other()
    return assure, medecin


def facts(product: Product, assure: Assure, directory: Path) -> list[str]:
    record = product.record(assure.appointment["id"], directory / "record.json")
    return [line["fait"]["genre"] for line in record["lignes"]]


@pytest.mark.row("CO-08")
def test_a_third_participant_is_admitted_by_the_medecin_and_all_three_see_and_hear_each_other(
    consultation: tuple[Assure, Medecin], product: Product, new_page: Opener, tmp_path: Path
) -> None:
    assure, medecin = consultation
    tiers = Tiers(new_page(), *invite(medecin, "Interprète"))
    tiers.wait()
    expect(medecin.page.locator("#thirds-panel")).to_contain_text("Attend d'être admis")
    assert sent(tiers) == 0
    assert tiers.watched("peers.length") == 0

    admit(medecin, "Interprète")
    tiers.is_in()
    for person in (assure, medecin, tiers):
        hears_and_sees(person, 2)
    assert tiles(assure) == tiles(medecin) == ["Interprète"]
    for name in ("Médecin-conseil", "Assuré"):
        tiers.picture_of(name)
    expect(assure.page.locator(".third-main")).to_have_text("Médecin-conseil")
    expect(medecin.page.locator(".third-main")).to_have_text("Assuré")
    expect(assure.page.locator("#notice")).to_contain_text("Un interprète est entré")

    medecin.click("Remettre en attente")
    expect(assure.page.get_by_text("Il ne vous voit plus")).to_be_visible()
    expect(tiers.page.get_by_role("heading", name="salle d'attente")).to_be_visible()
    nothing_leaves(assure, medecin, tiers)
    medecin.admit()
    for person in (assure, medecin, tiers):
        hears_and_sees(person, 2)

    tiers.page.evaluate(
        "window.tracks = document.querySelector('#self-video').srcObject.getTracks()"
    )
    tiers.click("Quitter")
    tiers.click("Confirmer et quitter")
    expect(tiers.page.get_by_role("heading", name="Vous êtes sorti")).to_be_visible()
    assert tiers.page.evaluate("tracks.map((t) => t.readyState)") == ["ended", "ended"]
    for person in (assure, medecin):
        expect(person.page.locator(".thirds .third")).to_have_count(0)
        hears_and_sees(person, 1)
    written = facts(product, assure, tmp_path)
    for fact in ("tiers_invite", "tiers_informe", "tiers_entre", "tiers_admis", "tiers_sorti"):
        assert fact in written
    record = (tmp_path / "record.json").read_text()
    assert "interprete" in record


@pytest.mark.row("CO-08")
def test_an_agent_invites_before_the_hour_and_the_medecin_admits(
    product: Product, assure: Assure, medecin: Medecin, new_page: Opener
) -> None:
    agent = Agent(new_page(), product.ready["base"])
    agent.open_console()
    agent.page.goto(f"{agent.base}/agent?tc={assure.appointment['id']}")
    expect(agent.panel.get_by_role("heading", name="Autres participants")).to_be_visible()
    link, code = invited(agent, "Proche")
    expect(agent.panel.get_by_text("que le médecin-conseil l'admette")).to_be_visible()
    expect(agent.panel.get_by_text("Invité par vous. Pas encore venu.")).to_be_visible()
    agent.sound()

    medecin.open_console()
    assure.wait()
    assure.connection_ready()
    medecin.admit()
    assure.sees_the_other()
    tiers = Tiers(new_page(360, 640), link, code)
    tiers.wait()
    open_panel(medecin)
    expect(medecin.page.locator("#thirds-panel")).to_contain_text("Invité par l'agent")
    admit(medecin, "Proche")
    for person in (assure, medecin, tiers):
        hears_and_sees(person, 2)

    agent.page.reload()
    expect(agent.panel.get_by_text("Entré avec son code")).to_be_visible()
    assert agent.page.locator("#third-link").count() == 0
    agent.click("Annuler l'invitation : Proche")
    expect(tiers.page.get_by_role("heading", name="participation est terminée")).to_be_visible()
    hears_and_sees(assure, 1)


@pytest.mark.row("CO-08")
@pytest.mark.row("JO-08")
@pytest.mark.row("AC-07")
def test_without_a_camera_a_third_participant_comes_by_voice_and_reads_in_large_letters(
    consultation: tuple[Assure, Medecin], new_page: Opener
) -> None:
    assure, medecin = consultation
    tiers = Tiers(new_page(360, 640), *invite(medecin, "Médecin assistant"))
    tiers.page.add_init_script(without("video"))
    tiers.come_in()
    tiers.click("Grand texte")
    tiers.click("Activer ma caméra et mon micro")
    expect(tiers.page.get_by_role("heading", name="ne s'ouvrent pas")).to_be_visible()
    tiers.click("Continuer avec le micro seul")
    expect(tiers.page.get_by_text("on vous entendra sans vous voir")).to_be_visible()
    tiers.page.wait_for_timeout(250)
    assert faults(tiers.page) == []
    tiers.click("Entrer dans la salle d'attente")
    admit(medecin, "Médecin assistant")
    tiers.is_in()

    expect(tiers.page.locator("html")).to_have_class("large-text")
    expect(tiers.button("Couper la caméra")).to_be_hidden()
    hears_and_sees(tiers, 2)
    for person in (assure, medecin):
        hears_without_seeing(person)


#: As fast as a hand that was on its way when the panel opened by itself.
CLICKS_AS_IT_OPENS = """() => {
  const panel = document.querySelector("#thirds-panel");
  new MutationObserver((_, watch) => {
    watch.disconnect();
    document.querySelector("#thirds-open").click();
  }).observe(panel, { attributes: true, attributeFilter: ["hidden"] });
}"""


@pytest.mark.row("CO-08")
def test_a_click_that_comes_as_the_panel_opens_by_itself_does_not_close_it(
    consultation: tuple[Assure, Medecin], new_page: Opener
) -> None:
    _, medecin = consultation
    panel, opener = medecin.page.locator("#thirds-panel"), medecin.page.locator("#thirds-open")
    tiers = Tiers(new_page(), *invite(medecin, "Interprète"))
    opener.click()
    expect(panel).to_be_hidden()
    medecin.page.evaluate(CLICKS_AS_IT_OPENS)

    tiers.wait()
    expect(panel.get_by_role("button", name="Admettre : Interprète")).to_be_visible()
    expect(panel.get_by_role("heading", name="Autres participants")).to_be_focused()
    opener.click()
    expect(panel).to_be_hidden()


@pytest.mark.row("CO-08")
def test_the_medecin_sees_a_third_participant_out_and_the_assure_may_object(
    consultation: tuple[Assure, Medecin], product: Product, new_page: Opener, tmp_path: Path
) -> None:
    assure, medecin = consultation
    tiers = Tiers(new_page(360, 640), *invite(medecin, "Proche"))
    tiers.wait()
    admit(medecin, "Proche")
    tiers.is_in()
    hears_and_sees(tiers, 2)

    open_panel(assure)
    assure.page.get_by_role("button", name="Refuser sa présence : Proche").click()
    expect(tiers.page.locator("#news")).to_contain_text("ne souhaite pas votre présence")
    expect(medecin.page.locator("#thirds-panel")).to_contain_text("s'oppose à sa présence")
    for person in (assure, medecin):
        expect(person.page.locator(".thirds .third")).to_have_count(0)
    assert legs(tiers) == []
    expect(medecin.page.get_by_role("button", name="Admettre : Proche")).to_have_count(0)
    assure.page.get_by_role("button", name="Accepter sa présence : Proche").click()
    admit(medecin, "Proche")
    tiers.is_in()
    for person in (assure, medecin, tiers):
        hears_and_sees(person, 2)

    open_panel(medecin)
    medecin.page.get_by_role("button", name="Faire sortir : Proche").click()
    expect(tiers.page.get_by_role("heading", name="participation est terminée")).to_be_visible()
    for person in (assure, medecin):
        expect(person.page.locator(".thirds .third")).to_have_count(0)
        hears_and_sees(person, 1)
    tiers.page.reload()
    expect(tiers.page.get_by_role("heading", name="Ce lien n'ouvre rien")).to_be_visible()
    written = facts(product, assure, tmp_path)
    for fact in ("tiers_refuse", "tiers_accepte", "tiers_exclu"):
        assert fact in written
