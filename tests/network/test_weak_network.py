"""A network that carries the voice and no more: the picture gives way, says so, and comes back."""

from collections.abc import Callable

import pytest
from conftest import COMES, now, samples, sees
from hearing import RATE, concealed, within
from laboratory import Laboratory
from people import Assure, Medecin
from playwright.sync_api import Locator, expect

#: The voice is understood if no more than this share of it was made up. A choice of ours; what was
#: found is in docs/reseaux.md.
BOUND = 0.15
#: What is listened to, in seconds of sound played, and how often at most. What the picture has left
#: in the network's queue delays the voice for up to ten seconds after it gave way, and a picture
#: that is tried again does so for some more (docs/reseaux.md).
LISTENED, TIMES = 15, 3

OURS = "Votre image est suspendue pour garder la voix"
THEIRS = "L'image est suspendue"


def says(person: Assure | Medecin, sentence: str) -> Locator:
    """On the screen itself; the same is also said to screen readers."""
    return person.page.locator(".quality-advice, .quality-cover").filter(has_text=sentence).first


def plays(person: Assure | Medecin, seconds: int) -> None:
    """Until so much more sound was played here, made up or not."""
    person.page.wait_for_function(
        "([more, from]) => __watch.samples.at(-1).samples > from + more",
        arg=[seconds * RATE, samples(person)[-1].samples],
        timeout=COMES,
    )


def understands(person: Assure | Medecin) -> None:
    """The voice comes, from the same connection, and soon little of it is made up."""
    shares = []
    for _ in range(TIMES):
        since = now(person)
        plays(person, LISTENED)
        heard = within(samples(person), since, now(person))
        assert heard[-1].sound > heard[0].sound
        assert {look.peer for look in heard} == {1}
        shares.append(concealed(heard))
        if shares[-1] < BOUND:
            return
    raise AssertionError(f"made up, of what was played: {shares}")


@pytest.mark.row("CO-03")
def test_at_80_kbits_with_loss_the_picture_gives_way_to_the_voice_and_comes_back(
    lab: Laboratory, call: Callable[[], tuple[Assure, Medecin]]
) -> None:
    lab.become(rtt=50)
    assure, medecin = call()

    lab.become(rtt=50, kbps=80, loss=0.05)
    expect(says(assure, OURS)).to_be_visible(timeout=COMES)
    expect(says(medecin, THEIRS)).to_be_visible(timeout=COMES)
    # The médecin-conseil's picture too must have given way, for it fills the assuré's link.
    expect(says(assure, THEIRS)).to_be_visible(timeout=COMES)
    for one in (assure, medecin):
        understands(one)

    lab.become(rtt=50, kbps=500)
    for one in (assure, medecin):
        sees(one, now(one), 2 * COMES)
        expect(says(one, OURS)).to_be_hidden(timeout=COMES)
        expect(says(one, THEIRS)).to_be_hidden(timeout=COMES)
