"""The sound of an arrival: one console, never in a consultation, and something to see as well."""

from collections.abc import Callable

import pytest
from people import Assure, Medecin
from playwright.sync_api import Page, expect
from product import Product

#: Notes that begin (two make a chime), and how often the screen was asked to stay on.
WATCH_SOUND = """
window.__notes = 0;
const begin = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...all) { __notes++; return begin.apply(this, all); };
window.__locks = [];
const ask = WakeLock.prototype.request;
WakeLock.prototype.request = async function (...all) {
  const lock = await ask.apply(this, all).catch((wrong) => { __locks.push(null); throw wrong; });
  __locks.push(lock);
  return lock;
};
"""
CHIME = 2


def notes(*tabs: Page) -> list[int]:
    return [tab.evaluate("__notes") for tab in tabs]


def settled(*tabs: Page) -> list[int]:
    """After the time in which a console decides whether it is the one."""
    tabs[0].wait_for_timeout(2_000)
    return notes(*tabs)


@pytest.mark.row("WR-09")
@pytest.mark.row("WR-08")
@pytest.mark.row("AC-07")
def test_one_console_rings_for_an_arrival_and_none_during_a_consultation(
    product: Product, new_page: Callable[..., Page]
) -> None:
    mine = product.appointments_of(product.appointments[0]["medecin_id"])
    first, second, third = (Assure(new_page(360, 640, has_touch=True), one) for one in mine[:3])
    medecin = Medecin(new_page(), product.login_of(mine[0]))
    medecin.page.context.add_init_script(WATCH_SOUND)
    medecin.open_console()
    other = new_page(context=medecin.page.context)
    other.goto(f"{product.ready['base']}/console")
    expect(other.get_by_role("heading", name="Ma journée")).to_be_visible()
    tabs = (medecin.page, other)
    for tab in tabs:
        # A browser lets nothing sound before it is touched.
        tab.get_by_role("heading", name="Ma journée").click()

    first.wait()
    for tab in tabs:
        expect(tab.locator("#badge")).to_have_text("1 personne attend")
    assert sorted(settled(*tabs)) == [0, CHIME]

    # In a consultation it is seen, not heard.
    here = next(tab for tab in tabs if tab.locator("#banner-replaced").is_hidden())
    away = next(tab for tab in tabs if tab is not here)
    Medecin(here, "").admit()
    expect(here.locator("#call")).to_be_visible(timeout=20_000)
    rung = notes(*tabs)
    second.wait()
    expect(here.locator("#badge")).to_have_text("1 personne attend")
    expect(here.get_by_role("log")).to_contain_text("vient d'arriver")
    assert settled(*tabs) == rung
    assert here.evaluate("__locks.length") >= 1
    # Come back from behind another window, the screen is held again.
    here.evaluate(
        """async () => {
          for (const lock of __locks) await lock?.release();
          __locks.length = 0;
          document.dispatchEvent(new Event('visibilitychange'));
        }"""
    )
    for _ in range(50):
        if here.evaluate("__locks.length"):
            break
        here.wait_for_timeout(100)
    assert here.evaluate("__locks.length") == 1

    # Off in one tab is off in all of this browser; what is seen stays.
    Medecin(here, "").end()
    expect(here.locator("#call")).to_be_hidden(timeout=20_000)
    away.bring_to_front()
    away.get_by_role("button", name="Son des arrivées").click()
    expect(here.get_by_role("button", name="Son des arrivées")).to_have_attribute(
        "aria-pressed", "false"
    )
    third.wait()
    expect(here.locator("#badge")).to_have_text("2 personnes attendent")
    assert settled(*tabs) == rung
