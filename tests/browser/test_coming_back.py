"""Reloads, lost connections, second tabs, a server that dies: the same seat, the same call."""

from collections.abc import Callable
from pathlib import Path

import pytest
from people import Assure, Medecin
from playwright.sync_api import Page, expect
from product import Product


@pytest.fixture
def call(meeting: tuple[Assure, Medecin]) -> tuple[Assure, Medecin]:
    """Admitted, seeing each other."""
    assure, medecin = meeting
    medecin.admit()
    assure.sees_the_other()
    medecin.sees_the_other()
    return assure, medecin


@pytest.mark.row("JO-12")
def test_an_assure_who_reloads_is_in_the_call_again_without_a_new_admission(
    call: tuple[Assure, Medecin],
) -> None:
    assure, medecin = call

    assure.page.reload()

    assure.sees_the_other()
    expect(assure.button("Couper le micro").last).to_be_visible()
    expect(medecin.button("Admettre")).to_have_count(0)
    medecin.sees_the_other()


@pytest.mark.row("CA-01")
@pytest.mark.row("JO-12")
def test_a_console_that_reloads_finds_the_call_as_it_was(call: tuple[Assure, Medecin]) -> None:
    assure, medecin = call
    medecin.click("Identité vérifiée")

    medecin.page.reload()

    medecin.sees_the_other()
    assure.sees_the_other()
    expect(medecin.button("Terminer le télécontrôle")).to_be_visible()
    expect(medecin.page.get_by_text("Identité vérifiée").first).to_be_visible()


@pytest.mark.row("ID-07")
def test_a_second_tab_takes_the_seat_and_the_first_can_take_it_back(
    call: tuple[Assure, Medecin], new_page: Callable[..., Page]
) -> None:
    assure, medecin = call
    second = Assure(new_page(context=assure.page.context), assure.appointment)
    second.follow_link()
    second.click("Activer ma caméra et mon micro")
    second.click("Entrer dans la salle d'attente")

    second.sees_the_other()
    expect(assure.page.get_by_role("heading", name="autre appareil")).to_be_visible()
    assure.click("Reprendre ici")

    assure.sees_the_other()
    expect(second.page.get_by_role("heading", name="autre appareil")).to_be_visible()
    medecin.sees_the_other()


@pytest.mark.row("JO-12")
def test_one_who_left_on_purpose_comes_back_to_the_waiting_room(
    call: tuple[Assure, Medecin],
) -> None:
    assure, medecin = call

    assure.click("Quitter")
    assure.click("Confirmer et quitter")
    expect(assure.button("Revenir")).to_be_visible()
    assure.click("Revenir")
    assure.page.wait_for_function(
        "() => document.querySelector('[data-screen=devices]:not([hidden]), "
        "[data-screen=waiting]:not([hidden])')"
    )
    if assure.screen() == "devices":
        assure.click("Activer ma caméra et mon micro")
        assure.click("Entrer dans la salle d'attente")

    expect(assure.page.get_by_role("heading", name="salle d'attente")).to_be_visible()
    medecin.admit()
    assure.sees_the_other()


@pytest.mark.row("OP-03")
def test_one_who_leaves_the_call_on_purpose_makes_no_incident_of_it(
    call: tuple[Assure, Medecin], product: Product
) -> None:
    """The console leaves that room too: nobody's connection was lost."""
    assure, medecin = call
    medecin.click("Identité vérifiée")

    assure.click("Quitter")
    assure.click("Confirmer et quitter")
    expect(assure.button("Revenir")).to_be_visible()
    medecin.page.wait_for_timeout(8_000)

    path = f"{product.ready['base']}/api/console/telecontroles/{assure.appointment['id']}"
    detail = medecin.page.request.get(path).json()
    went = [(f["kind"], f["role"]) for f in detail["facts"] if f["kind"] in ("sortie", "perte")]
    assert went == [("sortie", "assure"), ("sortie", "medecin_conseil")]
    assert detail["proposal"]["qualification"] == "present"
    assert detail["presence"]["interruptions"] == 0


@pytest.mark.row("WR-01")
def test_an_admission_that_the_server_does_not_confirm_is_taken_back(
    meeting: tuple[Assure, Medecin], product: Product
) -> None:
    assure, medecin = meeting

    # The server is frozen, not gone: the click is heard over the data channel alone.
    product.freeze()
    medecin.admit()
    expect(assure.page.get_by_role("heading", name="Avec Dr")).to_be_visible()

    waiting = assure.page.get_by_role("heading", name="salle d'attente")
    expect(waiting).to_be_visible(timeout=15_000)
    medecin.page.wait_for_timeout(9_000)
    before = (assure.media()["sent"], medecin.media()["sent"])
    assure.page.wait_for_timeout(2_000)
    assert (assure.media()["sent"], medecin.media()["sent"]) == before


@pytest.mark.row("OP-01")
@pytest.mark.row("OPS-03")
def test_the_call_goes_on_while_the_server_is_killed_twenty_times(
    call: tuple[Assure, Medecin], product: Product, tmp_path: Path
) -> None:
    assure, medecin = call
    for _ in range(20):
        frames = (assure.media()["frames"], medecin.media()["frames"])
        product.kill()
        product.restart()
        # Media never stops: more pictures than before, over the same connection.
        assure.sees_the_other(since=frames[0])
        medecin.sees_the_other(since=frames[1])
    assert assure.watched("peers.length") == 1
    assert medecin.watched("peers.length") == 1

    medecin.click("Identité vérifiée")
    expect(assure.page.locator("#lost")).to_be_hidden(timeout=20_000)
    medecin.end()

    expect(assure.page.get_by_role("heading", name="terminé")).to_be_visible(timeout=20_000)
    record = product.record(assure.appointment["id"], tmp_path / "record.json")
    assert product.run("verify", str(tmp_path / "record.json")).returncode == 0
    kinds = [line["fait"]["genre"] for line in record["lignes"]]
    assert kinds.count("redemarrage_serveur") == 20
    assert kinds.count("admission") == 1
    assert kinds.count("remise_en_attente") == 0
    assert "media_maintenu" in kinds
