"""Two people, the product and a relay, each on a host of its own network (lab.py)."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# The product as a process and the gestures of people are those of tests/browser.
sys.path.append(str(Path(__file__).parents[1] / "browser"))

from far import FarProduct, Relay, browser_at, page_in
from hearing import Sample, read
from lab import LabRefused
from laboratory import Laboratory
from log_scan import found_in
from people import Assure, Medecin, Person
from playwright.sync_api import Browser, sync_playwright

#: Generous: machines are shared, and what must come is waited for, not timed.
COMES = 60_000


@pytest.fixture(scope="session")
def lab() -> Iterator[Laboratory]:
    """The network; skipped, saying why, where this machine cannot make one."""
    try:
        one = Laboratory()
    except LabRefused as refused:
        pytest.skip(f"no network of our own here: {refused}")
    yield one
    one.close()


@pytest.fixture(scope="session")
def relay(lab: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    if not shutil.which("turnserver"):
        pytest.skip("coturn is not installed")
    one = Relay(lab, tmp_path_factory.mktemp("relay"))
    one.start()
    yield one
    one.stop()


@pytest.fixture(scope="session")
def browsers(
    lab: Laboratory, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Browser, Browser]]:
    """The assuré's and the médecin-conseil's."""
    folder = tmp_path_factory.mktemp("browsers")
    with sync_playwright() as playwright:
        both = [browser_at(lab, host, playwright.chromium, folder) for host in ("pa", "pb")]
        yield both[0], both[1]
        for one in both:
            one.close()


@pytest.fixture
def settings() -> dict[str, object]:
    """Of the product, besides its relay; a test gives others by `@pytest.mark.parametrize`."""
    return {}


@pytest.fixture
def product(
    lab: Laboratory, relay: Relay, tmp_path: Path, settings: dict[str, object]
) -> Iterator[FarProduct]:
    lab.heal()
    running = FarProduct(lab, relay, tmp_path, **settings)
    running.start()
    yield running
    running.stop()
    lab.heal()
    assert found_in(running.log.read_text(), running.ready) == []


@pytest.fixture
def people(
    browsers: tuple[Browser, Browser], product: FarProduct
) -> Iterator[tuple[Assure, Medecin]]:
    """The first assuré of the day and their médecin-conseil."""
    appointment = product.appointments[0]
    assure = Assure(page_in(browsers[0], 360, 640), appointment)
    medecin = Medecin(page_in(browsers[1], 1440, 900), product.login_of(appointment))
    yield assure, medecin
    for one in (assure, medecin):
        one.page.context.close()


@pytest.fixture
def call(people: tuple[Assure, Medecin]) -> Callable[[], tuple[Assure, Medecin]]:
    """Makes the two meet, by whatever network there is then."""

    def meet() -> tuple[Assure, Medecin]:
        assure, medecin = people
        medecin.open_console()
        assure.wait()
        assure.page.get_by_text("Connexion prête").wait_for(timeout=COMES)
        medecin.admit()
        for one in people:
            sees(one)
        return people

    return meet


def samples(person: Person) -> list[Sample]:
    return read(person.watched("samples"))


def sees(person: Person, since: float = 0.0, comes: float = COMES) -> None:
    """Until pictures of the other move: some that came after that hour (ms)."""
    person.page.wait_for_function(
        """(since) => {
          const late = __watch.samples.filter((one) => one.at > since);
          const last = late.at(-1);
          const rising = (one) => one.peer === last.peer && last.frames >= one.frames + 5;
          return last && late.some(rising);
        }""",
        arg=since,
        timeout=comes,
    )


def now(person: Person) -> float:
    return float(person.page.evaluate("performance.timeOrigin + performance.now()"))


def loses(person: Person) -> None:
    """Until the page itself knows that nothing comes any more."""
    person.page.wait_for_function(
        "() => __watch.samples.at(-1)?.state !== 'connected'", timeout=COMES
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Last, and with more time: an outage of a minute takes a minute."""
    here = Path(__file__).parent
    items.sort(key=lambda item: here in Path(item.path).parents)
    for item in items:
        if here in Path(item.path).parents:
            item.add_marker(pytest.mark.timeout(600))
