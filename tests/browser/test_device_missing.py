"""No camera, or no microphone: nobody is kept out, and the médecin-conseil knows."""

from collections.abc import Callable

import pytest
from desk import Desk, without
from people import Assure, Medecin
from playwright.sync_api import Page, expect
from product import Product

#: The camera alone is refused, as in a browser that blocks it for every site.
REFUSED = """
{
  const media = navigator.mediaDevices;
  const open = media.getUserMedia.bind(media);
  media.getUserMedia = async (wanted) => {
    if (wanted.video) throw new DOMException('x', 'NotAllowedError');
    return open(wanted);
  };
}
"""


@pytest.mark.row("JO-08")
def test_without_a_camera_one_comes_by_voice_and_the_doctor_may_convert_to_in_person(
    assure: Assure, medecin: Medecin
) -> None:
    assure.page.add_init_script(without("video"))
    desk = Desk(assure)
    medecin.open_console()
    assure.follow_link()
    assure.prove_identity()
    assure.prepare()
    expect(assure.page.get_by_role("heading", name="pas de caméra")).to_be_visible()
    assure.click("Continuer avec le micro seul")
    expect(assure.page.get_by_text("Vous venez sans caméra.")).to_be_visible()
    assure.click("Entrer dans la salle d'attente")
    assure.connection_ready()

    expect(medecin.page.locator("#rows").get_by_text("Sans vidéo")).to_be_visible()
    medecin.admit()
    assure.sees_the_other()
    expect(medecin.page.locator("#other-camera")).to_have_text("Sans vidéo")
    expect(medecin.page.locator("#other-microphone")).to_have_text("Micro ouvert")
    heard = medecin.media()["samples"]
    medecin.page.wait_for_function(
        "async (before) => { for (const s of (await __watch.peers.at(-1).getStats()).values())"
        " if (s.type === 'inbound-rtp' && s.kind === 'audio')"
        " return s.totalSamplesReceived > before + 48000; }",
        arg=heard,
    )
    medecin.click("Proposer un rendez-vous en présentiel")
    expect(medecin.button("Examen clinique nécessaire")).to_be_focused()
    medecin.page.keyboard.press("Enter")
    expect(medecin.page.locator("#exam-done")).to_be_visible()
    expect(medecin.button("Proposer un rendez-vous en présentiel")).to_be_hidden()

    desk.plug_in("video")
    expect(assure.page.locator("#notice")).to_contain_text("Une caméra est branchée")
    assure.click("Activer la caméra")
    medecin.sees_the_other()
    expect(medecin.page.locator("#other-camera")).to_have_text("Caméra ouverte")
    expect(medecin.page.locator("#lacks")).to_be_hidden()
    assert assure.watched("captures") == 2
    assert assure.watched("peers.length") == 1


@pytest.mark.row("JO-08")
def test_without_a_microphone_or_without_leave_for_the_camera_one_comes_too(
    product: Product, medecin: Medecin, new_page: Callable[..., Page]
) -> None:
    first, second = product.appointments_of(product.appointments[0]["medecin_id"])[:2]
    mute, shy = Assure(new_page(360, 640), first), Assure(new_page(360, 640), second)
    mute.page.add_init_script(without("audio"))
    shy.page.add_init_script(REFUSED)
    medecin.open_console()

    for person, title, way, said in (
        (mute, "pas de micro", "Continuer avec la caméra seule", "Vous venez sans micro."),
        (shy, "bloqués", "Continuer avec le micro seul", "Vous venez sans caméra."),
    ):
        person.follow_link()
        person.prove_identity()
        person.prepare()
        expect(person.page.get_by_role("heading", name=title)).to_be_visible()
        person.click(way)
        expect(person.page.get_by_text(said)).to_be_visible()
        person.click("Entrer dans la salle d'attente")
        expect(person.page.get_by_role("heading", name="salle d'attente")).to_be_visible()

    expect(medecin.page.locator("#rows").get_by_text("Sans micro")).to_be_visible()
    expect(medecin.page.locator("#rows").get_by_text("Sans vidéo")).to_be_visible()
    medecin.button("Admettre").first.click()
    medecin.sees_the_other()
    expect(medecin.page.locator("#other-microphone")).to_have_text("Sans micro")
    expect(medecin.page.get_by_text("ne peut pas parler")).to_be_visible()
