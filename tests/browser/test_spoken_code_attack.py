"""The signaling server is somebody else's: they see and hear all, and the two codes tell.

A share of it in `make test`; TELECONTROLE_LONG=1 makes a hundred attacks of each kind and a hundred
honest calls, another number makes so many.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from people import Assure, Medecin, Person
from playwright.sync_api import expect
from product import Product

MIDDLE = str(Path(__file__).with_name("in_the_middle.py"))
#: Of each kind, one after the other between the same two people.
CALLS = {"": 3, "1": 100}.get(LONG := os.environ.get("TELECONTROLE_LONG", "")) or int(LONG)
#: A page makes 16 exchanges at most: the médecin-conseil's is loaded again before.
LIFE = 10

pytestmark = [pytest.mark.row("CO-06"), pytest.mark.timeout(120 + 15 * CALLS)]


@pytest.fixture
def product(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Product]:
    """Whose server is `honest`, or lies in one of the ways of in_the_middle.py."""
    running = Product(tmp_path)
    if request.param != "honest":
        running.entry = (MIDDLE, request.param)
    running.start()
    yield running
    running.stop()


def ends(person: Person) -> tuple[str, str]:
    """What the page says of the code of this connection, and the code."""
    settled = "() => __watch.peers.length && !['', 'waiting'].includes(%s)"
    state = "document.querySelector('#spoken-code:not([hidden])')?.dataset.found ?? ''"
    person.page.wait_for_function(settled % state, timeout=30_000)
    digits = person.page.locator("#code-digits").get_attribute("data-code")
    return person.page.evaluate(state), digits or ""


def calls(assure: Assure, medecin: Medecin) -> Iterator[None]:
    """The same two again, each time over a new connection, with pictures on both sides."""
    medecin.open_console()
    assure.wait()
    assure.connection_ready()
    medecin.admit()
    for made in range(1, CALLS + 1):
        assure.sees_the_other()
        medecin.sees_the_other()
        yield
        if made == CALLS:
            return
        if made % LIFE:
            former = medecin.watched("peers.length")
            assure.page.reload()
            medecin.page.wait_for_function(f"() => __watch.peers.length > {former}")
        else:
            former = assure.watched("peers.length")
            medecin.page.reload()
            assure.page.wait_for_function(f"() => __watch.peers.length > {former}")


@pytest.mark.parametrize("product", ["honest"], indirect=True)
def test_every_honest_call_shows_the_same_code_on_both_sides(
    product: Product, assure: Assure, medecin: Medecin
) -> None:
    seen: list[tuple[str, str]] = []

    for _ in calls(assure, medecin):
        (said, theirs), (found, ours) = ends(assure), ends(medecin)
        assert (said, found) == ("shown", "shown")
        seen.append((theirs, ours))

    print(f"{len(seen)} honest calls, {sum(a == b for a, b in seen)} with the same code")
    assert all(theirs == ours for theirs, ours in seen)
    assert len({code for code, _ in seen}) > len(seen) * 0.9, "each connection has its own"


@pytest.mark.parametrize("product", ["forward", "play", "lines"], indirect=True)
def test_whoever_relays_every_picture_makes_the_two_codes_differ(
    product: Product, assure: Assure, medecin: Medecin
) -> None:
    seen: list[tuple[str, str]] = []

    for _ in calls(assure, medecin):
        (said, theirs), (found, ours) = ends(assure), ends(medecin)
        assert (said, found) == ("shown", "shown")
        seen.append((theirs, ours))

    differing = sum(a != b for a, b in seen)
    print(f"{len(seen)} intercepted calls ({product.entry[1]}), {differing} with different codes")
    # Two codes are equal by chance once in 100,000.
    assert differing == len(seen)


@pytest.mark.parametrize(
    ("product", "doctor"),
    [("silence", "unavailable"), ("lie", "other")],
    indirect=["product"],
)
def test_whoever_breaks_the_exchange_leaves_no_code_to_be_trusted(
    product: Product, doctor: str, assure: Assure, medecin: Medecin
) -> None:
    call = calls(assure, medecin)
    next(call)

    said, code = ends(assure)

    assert (said, code) == ("unavailable", "")
    expect(medecin.page.locator("#spoken-code")).to_have_attribute("data-found", doctor)
    for person in (assure, medecin):
        expect(person.page.locator("#code-word")).to_contain_text("dites rien de confidentiel")
