"""A real product, a real Chromium, and people who use them."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from log_scan import found_in
from people import Assure, Medecin, chromium
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, sync_playwright
from product import PRESSED, Product

#: What each page counts, before any of our scripts runs.
WATCH = """
window.__watch = { captures: 0, peers: [], violations: [] };
addEventListener('securitypolicyviolation', (e) => __watch.violations.push(e.violatedDirective));
const media = navigator.mediaDevices;
const open = media?.getUserMedia?.bind(media);
if (open) media.getUserMedia = (wanted) => { __watch.captures++; return open(wanted); };
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...all) { super(...all); __watch.peers.push(this); }
};
"""


@pytest.fixture(scope="session", autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    PRESSED.unlink(missing_ok=True)


@pytest.fixture(scope="session")
def engine() -> Iterator[BrowserType]:
    """Playwright's Chromium: there can be one Playwright in a process."""
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="session")
def browser(engine: BrowserType) -> Iterator[Browser]:
    running = chromium(engine)
    yield running
    running.close()


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    """A demo of its own for each test, with nothing left of it."""
    running = Product(tmp_path)
    running.start()
    yield running
    running.stop()
    assert found_in(running.log.read_text(), running.ready) == []


@pytest.fixture
def new_page(browser: Browser, product: Product) -> Iterator[Callable[..., Page]]:
    """Opens a page in a browser context of its own (`context=` for a second tab of one)."""
    contexts: list[BrowserContext] = []

    def open_page(
        width: int = 1440,
        height: int = 900,
        *,
        context: BrowserContext | None = None,
        **more: object,
    ) -> Page:
        if context is None:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                ignore_https_errors=True,
                locale="fr-FR",
                timezone_id="Europe/Paris",
                **more,  # type: ignore[arg-type]
            )
            context.set_default_timeout(20_000)
            context.add_init_script(WATCH)
            contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    errors: list[str] = []
    yield open_page
    for context in contexts:
        context.close()
    assert not errors, errors


@pytest.fixture
def assure(product: Product, new_page: Callable[..., Page]) -> Assure:
    """The first assuré of the day, on a phone-sized page."""
    return Assure(new_page(360, 640, has_touch=True), product.appointments[0])


@pytest.fixture
def medecin(product: Product, new_page: Callable[..., Page]) -> Medecin:
    """The doctor of the first assuré, at a console."""
    return Medecin(new_page(1440, 900), product.login_of(product.appointments[0]))


@pytest.fixture
def meeting(assure: Assure, medecin: Medecin) -> tuple[Assure, Medecin]:
    """Both there, the transport warm, nobody admitted yet."""
    medecin.open_console()
    assure.wait()
    assure.connection_ready()
    return assure, medecin


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last and get more time.

    Playwright's synchronous API keeps an event loop running in this thread: asynchronous tests
    cannot follow it.
    """
    here = Path(__file__).parent
    items.sort(key=lambda item: here in Path(item.path).parents)
    for item in items:
        if here in Path(item.path).parents:
            item.add_marker(pytest.mark.timeout(int(os.environ.get("BROWSER_TIMEOUT", "240"))))
