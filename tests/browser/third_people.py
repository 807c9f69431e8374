"""A third participant with the gestures of a person, and what flows on each leg of a mesh."""

from typing import Any

from people import Assure, Medecin, Person
from playwright.sync_api import Page, expect

#: What each connection that is up sends and receives.
LEGS = """async () => {
  const legs = [];
  for (const pc of __watch.peers) {
    if (pc.connectionState !== 'connected') continue;
    const leg = { sent: 0, frames: 0, voice: 0, rate: null, width: 0 };
    for (const s of (await pc.getStats()).values()) {
      if (s.type === 'outbound-rtp') leg.sent += s.bytesSent;
      if (s.type === 'outbound-rtp' && s.kind === 'video') {
        leg.rate = s.framesPerSecond ?? null;
        leg.width = s.frameWidth ?? 0;
      }
      if (s.type === 'inbound-rtp' && s.kind === 'video') leg.frames += s.framesDecoded ?? 0;
      if (s.type === 'inbound-rtp' && s.kind === 'audio') leg.voice += s.bytesReceived ?? 0;
    }
    legs.push(leg);
  }
  return legs;
}"""


def legs(person: Person) -> list[dict[str, Any]]:
    """One entry for each connection of this page that is up."""
    return person.page.evaluate(LEGS)


def sent(person: Person) -> int:
    """Bytes of sound and picture that left this page, on all legs together."""
    return sum(leg["sent"] for leg in legs(person))


def hears_and_sees(person: Person, count: int) -> None:
    """On each of `count` legs new pictures are decoded and a voice comes."""
    before: list[dict[str, Any]] = []
    for _ in range(300):
        now = legs(person)
        if len(now) == count and len(before) == count:
            pairs = list(zip(before, now, strict=True))
            if all(b["frames"] + 5 < n["frames"] and n["voice"] > b["voice"] for b, n in pairs):
                return
        elif len(now) == count:
            before = now
        person.page.wait_for_timeout(100)
    raise AssertionError(f"{count} legs expected with pictures and voices: {legs(person)}")


def hears_without_seeing(person: Person) -> None:
    """One leg of two brings a voice and has never brought a picture."""
    before = 0
    for _ in range(300):
        mute = [leg for leg in legs(person) if not leg["frames"]]
        if len(mute) == 1 and 0 < before < mute[0]["voice"]:
            return
        before = mute[0]["voice"] if mute else 0
        person.page.wait_for_timeout(100)
    raise AssertionError(f"no leg with a voice alone: {legs(person)}")


def nothing_leaves(*people: Person) -> None:
    """No byte of sound or picture leaves any of these pages."""
    people[0].page.wait_for_timeout(1_500)  # what was in the encoder is out
    before = [sent(person) for person in people]
    people[0].page.wait_for_timeout(2_000)
    assert [sent(person) for person in people] == before


class Tiers(Person):
    """Somebody who got a link and, by another way, a code."""

    def __init__(self, page: Page, link: str, code: str) -> None:
        super().__init__(page)
        self.link = link
        self.code = code

    def come_in(self) -> None:
        """From the link to where the camera is asked for."""
        self.page.goto(self.link)
        self.click("Continuer")
        self.page.get_by_label("Code à 6 chiffres").fill(self.code)
        self.click("Continuer")
        self.click("J'ai lu et je continue")

    def wait(self) -> None:
        """From the link to the waiting room."""
        self.come_in()
        self.click("Activer ma caméra et mon micro")
        self.click("Entrer dans la salle d'attente")
        expect(self.page.locator("#news")).to_contain_text("Le médecin doit vous admettre")

    def is_in(self) -> None:
        expect(self.page.get_by_role("heading", name="Consultation en cours")).to_be_visible()

    def picture_of(self, name: str) -> None:
        expect(self.page.locator(".third", has_text=name)).to_be_visible()


def invite(medecin: Medecin, kind: str) -> tuple[str, str]:
    """The médecin makes an invitation: the link, and the code."""
    open_panel(medecin)
    return invited(medecin, kind)


def invited(person: Person, kind: str) -> tuple[str, str]:
    """The form, wherever it stands."""
    page = person.page
    page.get_by_label("Inviter", exact=True).select_option(label=kind)
    person.click("Inviter")
    expect(page.get_by_text(f"{kind} : invitation prête")).to_be_visible()
    return page.locator("#third-link").input_value(), page.locator("#third-code").inner_text()


def open_panel(person: Assure | Medecin) -> None:
    """« Autres participants »: on the assuré's page it is under « Plus »."""
    page = person.page
    if page.locator("#thirds-panel").is_visible():
        return
    if not page.locator("#thirds-open").is_visible():
        page.locator("summary", has_text="Plus").click()
    page.locator("#thirds-open").click()
    expect(page.locator("#thirds-panel")).to_be_visible()


def admit(medecin: Medecin, kind: str) -> None:
    medecin.page.get_by_role("button", name=f"Admettre : {kind}").click()


def tiles(person: Assure | Medecin) -> list[str]:
    """The labels of the pictures of third participants, as they are seen."""
    found = person.page.locator(".thirds .third:visible .third-name")
    return found.all_inner_texts()
