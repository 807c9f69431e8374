"""A hundred honest connections and a hundred intercepted ones of each kind, over real DTLS.

The product's own modules, two ends in one page and no picture: what a hundred whole calls take
minutes for (test_spoken_code_attack.py) is done here in seconds.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from people import chromium
from playwright.sync_api import Browser, Page, Route

CALLS = 100
HERE = Path(__file__).parent
WEB_CLIENT = HERE.parents[1] / "web-client"
SITE = "https://telecontrole.test"

pytestmark = pytest.mark.row("CO-06")


def served(route: Route) -> None:
    """The client's own files, and the script of the trials."""
    name = route.request.url.removeprefix(f"{SITE}/")
    if not name:
        route.fulfill(body="<!doctype html><title>calls</title>", content_type="text/html")
        return
    file = HERE / name if name == "spoken_code_calls.js" else WEB_CLIENT / name
    route.fulfill(path=file, content_type="text/javascript")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that finds itself without a name server."""
    running = chromium(browser.browser_type, "--disable-features=WebRtcHideLocalIpsWithMdns")
    page = running.new_page()
    page.route(f"{SITE}/**", served)
    page.goto(f"{SITE}/")
    yield page
    running.close()


def calls(page: Page, way: str) -> list[list[tuple[str, str]]]:
    return [
        [(state, code) for state, code in ends]
        for ends in page.evaluate(
            """async ([way, times]) => {
              const { call } = await import('./spoken_code_calls.js');
              const all = [];
              for (let i = 0; i < times; i++) all.push(await call(way));
              return all;
            }""",
            [way, CALLS],
        )
    ]


def test_a_hundred_honest_connections_show_the_same_code(page: Page) -> None:
    seen = calls(page, "honest")

    same = sum(doctor == assure for doctor, assure in seen)
    print(f"{len(seen)} honest connections, {same} with the same code")
    assert same == CALLS
    assert {state for ends in seen for state, _ in ends} == {"shown"}
    assert len({code for (_, code), _ in seen}) > CALLS * 0.9, "each has its own"


@pytest.mark.parametrize("way", ["forward", "play"])
def test_a_hundred_intercepted_connections_show_different_codes(page: Page, way: str) -> None:
    seen = calls(page, way)

    different = sum(doctor[1] != assure[1] for doctor, assure in seen)
    print(f"{len(seen)} intercepted connections ({way}), {different} with different codes")
    assert {state for ends in seen for state, _ in ends} == {"shown"}
    # Two codes are equal by chance once in 100,000: one run in 1,000 may see that.
    assert different >= CALLS - 1
