"""Sound before picture, saving data, and the quality that both see, over two real pages."""

import re
from typing import Any

import pytest
from people import Assure, Medecin, Person
from playwright.sync_api import expect

#: The network as the browser believes it to be: a figure of getStats. Real ones: tests/network.
BELIEF = """
const stats = RTCPeerConnection.prototype.getStats;
RTCPeerConnection.prototype.getStats = async function (...all) {
  const report = await stats.apply(this, all);
  if (!window.__believed) return report;
  return new Map([...report].map(([id, one]) => [id, one.type === 'candidate-pair'
    ? { ...one, availableOutgoingBitrate: __believed } : one]));
};
"""

#: Bits a second each way, on the wire of ICE, between two looks; by the statistics' own clock.
RATE = """async (seconds) => {
  const look = async () => {
    const all = [...(await __watch.peers.at(-1).getStats()).values()];
    const one = all.find((s) => s.type === 'transport');
    return [one.timestamp, one.bytesSent, one.bytesReceived];
  };
  const before = await look();
  await new Promise((done) => setTimeout(done, 1000 * seconds));
  const after = await look();
  const time = (after[0] - before[0]) / 1000;
  return [1, 2].map((i) => (8 * (after[i] - before[i])) / time);
}"""

CAP = """() => __watch.peers.at(-1).getSenders().filter((s) => s.track?.kind === 'video')
  .map((s) => s.getParameters().encodings[0])[0]"""


def cap(person: Person) -> dict[str, Any]:
    """What our picture may take, on the sender itself."""
    return person.page.evaluate(CAP)


def has_cap(person: Person, **wanted: object) -> None:
    person.page.wait_for_function(
        f"(wanted) => {{ const one = ({CAP})();"
        " return Object.entries(wanted).every(([name, value]) => one?.[name] === value); }",
        arg=wanted,
        timeout=60_000,
    )


def heard(person: Person) -> float:
    """Packets of the other's voice that came."""
    return person.page.evaluate(
        """async () => [...(await __watch.peers.at(-1).getStats()).values()]
             .find((s) => s.type === 'inbound-rtp' && s.kind === 'audio').packetsReceived"""
    )


@pytest.mark.row("JO-13")
def test_who_saves_data_knows_the_volume_before_and_neither_way_is_over_350_kbits(
    assure: Assure, medecin: Medecin
) -> None:
    medecin.open_console()
    assure.follow_link()
    assure.prove_identity()
    assure.prepare()
    choice = assure.page.get_by_label("Économiser mes données")
    expect(choice).not_to_be_checked()
    expect(assure.page.locator("#saver-volume")).to_contain_text("Environ 100 Mo pour 20 minutes")
    choice.check()
    assure.click("Entrer dans la salle d'attente")
    assure.connection_ready()
    medecin.admit()
    assure.sees_the_other()
    medecin.sees_the_other()
    has_cap(medecin, maxBitrate=250_000)

    sent, received = assure.page.evaluate(RATE, 12)

    print(f"saving: {sent / 1000:.0f} kbit/s sent, {received / 1000:.0f} kbit/s received")
    assert sent <= 350_000
    assert received <= 350_000
    # 20 minutes of it are no more than what was announced.
    assert (sent + received) * 1200 / 8 / 1e6 <= 100

    # And back, in the call: both pages send what they can again, a step at a time.
    assure.page.get_by_text("Plus", exact=True).click()
    assure.click("Économiser mes données")
    for person in (assure, medecin):
        person.page.wait_for_function(f"() => ({CAP})().maxBitrate > 250_000", timeout=60_000)


@pytest.mark.row("CO-03")
def test_under_the_floor_the_voice_goes_on_and_both_pages_say_that_the_network_paused_the_picture(
    assure: Assure, medecin: Medecin
) -> None:
    assure.page.add_init_script(BELIEF)
    medecin.open_console()
    assure.wait()
    assure.connection_ready()
    medecin.admit()
    medecin.sees_the_other()
    expect(assure.page.locator(".quality")).to_contain_text("Bonne", timeout=30_000)
    assert cap(assure)["maxBitrate"] == 1_500_000
    assert cap(assure).get("priority", "high") == "low"

    assure.page.evaluate("() => { window.__believed = 60_000; }")

    ours = assure.page.locator(".quality-advice")
    theirs = medecin.page.locator(".quality-cover")
    expect(ours).to_contain_text("Votre image est suspendue pour garder la voix", timeout=30_000)
    expect(theirs).to_be_visible(timeout=30_000)
    expect(theirs).to_contain_text("le réseau ne laisse passer que la voix")
    expect(assure.page.locator(".quality")).to_contain_text("Faible")
    expect(assure.page.locator("#status")).to_contain_text(
        "Liaison faible. Votre image est suspendue"
    )
    expect(medecin.page.get_by_text("L'assuré a coupé sa caméra")).to_have_count(0)
    has_cap(assure, active=False)
    frames, packets = medecin.media()["frames"], heard(medecin)
    medecin.page.wait_for_timeout(2_000)
    assert medecin.media()["frames"] <= frames + 1
    assert heard(medecin) > packets + 50, "the voice goes on"
    assure.sees_the_other(since=assure.media()["frames"])

    assure.page.evaluate("() => { window.__believed = 3_000_000; }")

    expect(ours).not_to_contain_text("suspendue", timeout=60_000)
    expect(theirs).to_be_hidden(timeout=60_000)
    medecin.sees_the_other(since=frames)
    has_cap(assure, active=True)


@pytest.mark.row("CO-03")
def test_the_console_shows_the_last_two_minutes_as_graphs_and_in_words(
    meeting: tuple[Assure, Medecin],
) -> None:
    _, medecin = meeting
    medecin.admit()
    medecin.sees_the_other()
    expect(medecin.page.locator("#call .quality")).to_contain_text("Bonne", timeout=30_000)

    medecin.click("Qualité de la liaison")

    panel = medecin.page.get_by_role("region", name="Qualité de la liaison")
    expect(panel.get_by_role("heading")).to_be_focused()
    for title, unit in (("Aller-retour", "ms"), ("Pertes", "%"), ("Débit", "bit/s")):
        graph = panel.get_by_role("img", name=title)
        expect(graph.locator("polyline").first).to_be_attached(timeout=30_000)
        expect(graph).to_have_accessible_name(pattern(title, unit))
    expect(panel).to_contain_text("640 points de large")
    expect(panel).to_contain_text("direct")
    panel.get_by_role("button", name="Fermer").click()
    expect(medecin.button("Qualité de la liaison")).to_be_focused()


def pattern(title: str, unit: str) -> re.Pattern[str]:
    return re.compile(rf"{title}.*2 dernières minutes.*maintenant [^.]*{unit}")


@pytest.mark.row("CO-03")
def test_what_the_other_page_says_of_its_picture_is_checked(
    meeting: tuple[Assure, Medecin],
) -> None:
    _, medecin = meeting
    medecin.admit()
    medecin.sees_the_other()
    expect(medecin.page.locator("#call .quality")).to_be_visible(timeout=30_000)

    medecin.page.evaluate(
        """async () => {
          const { stage } = await import(document.querySelector('script[src*="console.js"]').src
            .replace('console.js', 'tools.js'));
          const said = [null, 7, 'paused', [], { paused: 'yes' }, { paused: { length: 1e9 } }];
          const topic = 'quality';
          for (const content of said)
            stage.call.dispatchEvent(new CustomEvent('talk', { detail: { topic, content } }));
        }"""
    )

    expect(medecin.page.locator(".quality-cover")).to_be_hidden()
    has_cap(medecin, maxBitrate=1_500_000)
