"""Two real pages meet: link, code, waiting room, admission, picture and sound, outcome."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from people import Assure, Medecin
from playwright.sync_api import Page, expect
from product import Product


@pytest.mark.row("JO-01")
@pytest.mark.row("CO-01")
@pytest.mark.row("CO-13")
@pytest.mark.row("ID-02")
@pytest.mark.row("OP-02")
@pytest.mark.row("OP-06")
@pytest.mark.row("CA-01")
def test_from_the_link_to_the_sealed_outcome_by_clicks_alone(
    meeting: tuple[Assure, Medecin], product: Product, tmp_path: Path
) -> None:
    assure, medecin = meeting
    medecin.admit()
    assure.sees_the_other()
    medecin.sees_the_other()

    medecin.click("Identité vérifiée")
    medecin.end()
    expect(assure.page.get_by_role("heading", name="terminé")).to_be_visible()
    medecin.choose("Arrêt médicalement justifié")
    medecin.click("Enregistrer l'issue")
    expect(medecin.page.get_by_text("Issue scellée, version 1")).to_be_visible()
    expect(medecin.page.get_by_text("n'a pas abouti")).to_have_count(0)

    record = product.record(assure.appointment["id"], tmp_path / "record.json")
    assert [line["fait"]["genre"] for line in record["lignes"]].count("admission") == 1
    verified = product.run("verify", str(tmp_path / "record.json"))
    assert verified.returncode == 0, verified.stdout
    record["lignes"][2]["fait"]["role"] = "medecin_conseil"
    (tmp_path / "forged.json").write_text(json.dumps(record))
    forged = product.run("verify", str(tmp_path / "forged.json"))
    assert forged.returncode == 1
    assert "Ligne 3" in forged.stdout


@pytest.mark.row("CO-01")
@pytest.mark.row("SP-15")
def test_the_path_is_direct_and_encrypted_between_the_two_pages(
    meeting: tuple[Assure, Medecin],
) -> None:
    assure, medecin = meeting
    medecin.admit()
    medecin.sees_the_other()

    for person in (assure, medecin):
        path = person.path()
        assert path["dtls"] == "connected"
        assert path["pair"] == "succeeded"
        assert path["srtp"].startswith(("AEAD_AES", "AES_CM", "AES128_CM", "AES256_CM", "SRTP_"))
        assert path["local"] in ("host", "prflx")
    assure.hears_the_other()
    medecin.hears_the_other()


@pytest.mark.row("WR-01")
def test_no_media_byte_leaves_before_admission_nor_after_a_send_back(
    meeting: tuple[Assure, Medecin],
) -> None:
    assure, medecin = meeting
    assert assure.media()["sent"] == 0
    assert medecin.media()["sent"] == 0

    medecin.admit()
    medecin.sees_the_other()
    medecin.click("Remettre en attente")
    expect(assure.page.get_by_text("Il ne vous voit plus")).to_be_visible()
    assure.page.wait_for_timeout(1_500)  # what was in the encoder is out
    before = (assure.media()["sent"], medecin.media()["sent"])
    assure.page.wait_for_timeout(2_000)
    assert (assure.media()["sent"], medecin.media()["sent"]) == before

    frames = medecin.media()["frames"]
    medecin.admit()
    medecin.sees_the_other(since=frames)
    assert assure.watched("peers.length") == 1
    assert medecin.watched("peers.length") == 1
    assert assure.watched("captures") == 1
    assert medecin.watched("captures") == 1


@pytest.mark.row("CO-02")
def test_muting_and_hiding_are_seen_by_the_other(meeting: tuple[Assure, Medecin]) -> None:
    assure, medecin = meeting
    medecin.admit()
    medecin.sees_the_other()

    other = medecin.page.get_by_role("list", name="État de l'assuré")
    assure.click("Couper le micro")
    assure.click("Couper la caméra")
    expect(other.get_by_text("Micro coupé")).to_be_visible()
    expect(other.get_by_text("Caméra coupée")).to_be_visible()

    assure.click("Activer le micro")
    assure.click("Activer la caméra")
    expect(other.get_by_text("Micro ouvert")).to_be_visible()
    expect(other.get_by_text("Caméra ouverte")).to_be_visible()


@pytest.mark.row("ID-05")
@pytest.mark.row("WR-02")
def test_the_assure_knows_who_will_come_and_that_they_are_late(
    meeting: tuple[Assure, Medecin],
) -> None:
    assure, medecin = meeting
    news = assure.page.locator("#news")
    expect(assure.page.locator(".who-name")).to_have_text("Dr Claire Le Goff")
    expect(news).to_contain_text("prévenu de votre arrivée")

    medecin.page.get_by_label("Mon retard").select_option("10")
    medecin.click("Annoncer")

    expect(news).to_contain_text("en retard d'environ 10")


@pytest.mark.row("CO-13")
@pytest.mark.row("CO-15")
def test_at_the_end_both_see_the_same_hour_and_every_capture_is_over(
    meeting: tuple[Assure, Medecin],
) -> None:
    assure, medecin = meeting
    medecin.admit()
    medecin.sees_the_other()
    assure.page.evaluate(
        "window.tracks = __watch.peers[0].getSenders().map((s) => s.track).filter(Boolean)"
    )

    medecin.end()
    expect(assure.page.get_by_role("heading", name="terminé")).to_be_visible()

    assert assure.page.evaluate("tracks.length") == 2
    assert assure.page.evaluate("tracks.every((t) => t.readyState === 'ended')")


@pytest.mark.row("CO-18")
@pytest.mark.row("IP-01")
def test_the_assure_can_always_stop_and_ask_for_an_in_person_appointment(
    meeting: tuple[Assure, Medecin], product: Product, tmp_path: Path
) -> None:
    assure, medecin = meeting
    medecin.admit()
    medecin.sees_the_other()

    assure.click("Demander un rendez-vous en présentiel")
    assure.click("Confirmer la demande")

    expect(assure.page.get_by_role("heading", name="en présentiel")).to_be_visible()
    expect(medecin.page.get_by_text("présentiel").first).to_be_visible()
    kinds = [
        line["fait"]["genre"]
        for line in product.record(assure.appointment["id"], tmp_path / "r.json")["lignes"]
    ]
    assert kinds.count("demande_presentiel") == 1
    assert kinds.count("fin") == 1


@pytest.mark.row("CN-13")
def test_refusing_takes_two_taps_and_no_reason(assure: Assure) -> None:
    assure.follow_link()

    assure.click("Refuser la visioconférence")
    assure.click("Confirmer le refus")

    expect(
        assure.page.get_by_role("heading", name="choisi un rendez-vous en présentiel")
    ).to_be_visible()
    assure.page.reload()
    expect(
        assure.page.get_by_role("heading", name="choisi un rendez-vous en présentiel")
    ).to_be_visible()


@pytest.mark.row("WR-01")
@pytest.mark.row("WR-04")
@pytest.mark.row("CN-16")
def test_two_arrivals_are_two_rows_by_scheduled_hour_still_there_after_a_reload(
    product: Product, medecin: Medecin, new_page: Callable[..., Page]
) -> None:
    doctor = product.appointments[0]["medecin_id"]
    first, second = product.appointments_of(doctor)[:2]
    medecin.open_console()
    for appointment in (second, first):
        Assure(new_page(360, 640), appointment).wait()
        expect(medecin.page.get_by_text(appointment["assure"]).first).to_be_visible()

    expect(medecin.button("Admettre")).to_have_count(2)
    assert medecin.page.title().startswith("(2)")
    announced = medecin.page.get_by_role("log", name="Arrivées")
    expect(announced).to_contain_text(first["assure"])
    expect(announced).to_contain_text(second["assure"])
    for _ in range(2):
        rows = medecin.page.get_by_role("listitem").filter(has=medecin.button("Admettre"))
        expect(rows.nth(0)).to_contain_text(first["assure"])
        expect(rows.nth(1)).to_contain_text(second["assure"])
        expect(rows.nth(1)).to_contain_text("En attente")
        medecin.page.reload()
        expect(medecin.button("Admettre")).to_have_count(2)


@pytest.mark.row("CO-13")
def test_the_doctor_needs_to_examine_and_says_so_in_the_call(
    meeting: tuple[Assure, Medecin],
) -> None:
    assure, medecin = meeting
    medecin.admit()
    medecin.sees_the_other()

    medecin.click("Examen clinique nécessaire")
    expect(medecin.page.get_by_text("Rendez-vous en présentiel demandé").first).to_be_visible()

    medecin.end()
    expect(assure.page.locator("#then-in-person")).to_be_visible()
