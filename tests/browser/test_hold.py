"""The pause: nobody is seen nor heard, whoever asked for it, until whoever asked takes it back."""

from pathlib import Path

import pytest
from people import Assure, Medecin, Person
from playwright.sync_api import expect
from product import Product
from two_pages import until

CURTAIN = "#held"


def sent(person: Person) -> dict[str, float]:
    """Bytes of each kind that this page has sent on its connection."""
    return person.page.evaluate(
        """async () => {
          const bytes = { audio: 0, video: 0 };
          for (const s of (await __watch.peers.at(-1).getStats()).values())
            if (s.type === 'outbound-rtp') bytes[s.kind] += s.bytesSent;
          return bytes;
        }"""
    )


def tracks(person: Person) -> int:
    """How many tracks this page gives to its connection."""
    return person.page.evaluate(
        "__watch.peers.at(-1).getSenders().filter((one) => one.track).length"
    )


def sends_nothing(person: Person) -> None:
    """No track, and after what was on its way not a byte more."""
    until(person, "__watch.peers.at(-1)?.getSenders().every((one) => !one.track) ?? false")
    former = sent(person)
    for _ in range(50):
        person.page.wait_for_timeout(200)
        now = sent(person)
        if now == former:
            break
        former = now
    person.page.wait_for_timeout(1_500)
    assert sent(person) == former
    assert tracks(person) == 0


@pytest.mark.row("CO-12")
def test_a_pause_stops_both_sides_survives_a_reload_and_is_taken_back_by_its_own_person(
    meeting: tuple[Assure, Medecin], product: Product, tmp_path: Path
) -> None:
    assure, medecin = meeting
    medecin.admit()
    medecin.sees_the_other()
    assure.sees_the_other()

    medecin.page.keyboard.press("p")

    for person, words in ((medecin, "Vous avez mis"), (assure, "Le médecin a mis")):
        expect(person.page.locator(CURTAIN)).to_contain_text("Personne ne vous voit")
        expect(person.page.locator(CURTAIN)).to_contain_text(words)
        expect(person.page.locator(CURTAIN)).to_contain_text("Depuis ")
        sends_nothing(person)
    expect(medecin.button("Reprendre l'entretien").first).to_be_focused()
    expect(assure.page.locator("#resume")).to_be_hidden()
    assert medecin.page.locator(".remote:visible").count() == 0

    # Neither page lets anything out when it comes back.
    for person in (assure, medecin):
        person.page.reload()
        expect(person.page.locator(CURTAIN)).to_contain_text("Personne ne vous voit")
        for one in (person, assure, medecin):
            until(one, "__watch.peers.at(-1)?.connectionState === 'connected'")
        assert sum(sent(person).values()) == 0
        for one in (assure, medecin):
            sends_nothing(one)

    medecin.page.locator("#resume").click()
    expect(medecin.page.locator(CURTAIN)).to_be_hidden()
    expect(assure.page.locator(CURTAIN)).to_be_hidden()
    medecin.sees_the_other()
    assure.sees_the_other()

    # The assuré's own, over a kill of the server; the médecin-conseil cannot undo it.
    assure.page.locator(".more summary").click()
    assure.click("Mettre en pause")
    expect(assure.page.locator("#resume")).to_be_focused()
    expect(medecin.page.locator(CURTAIN)).to_contain_text("L'assuré a mis")
    expect(medecin.page.locator("#resume")).to_be_hidden()
    product.kill()
    product.restart()
    expect(medecin.page.locator("#link")).to_have_text("")
    for person in (assure, medecin):
        expect(person.page.locator(CURTAIN)).to_be_visible()
        sends_nothing(person)
    assure.page.locator("#resume").click()
    expect(medecin.page.locator(CURTAIN)).to_be_hidden()

    # It ends with the call.
    assure.page.keyboard.press("p")
    expect(medecin.page.locator(CURTAIN)).to_be_visible()
    medecin.end()
    expect(assure.page.get_by_role("heading", name="Le rendez-vous est terminé")).to_be_visible()
    facts = [
        (line["fait"]["genre"], line["fait"]["role"])
        for line in product.record(assure.appointment["id"], tmp_path / "record.json")["lignes"]
        if line["fait"]["genre"] in ("pause", "reprise_entretien")
    ]
    assert facts == [
        ("pause", "medecin_conseil"),
        ("reprise_entretien", "medecin_conseil"),
        ("pause", "assure"),
        ("reprise_entretien", "assure"),
        ("pause", "assure"),
    ]
