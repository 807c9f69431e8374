"""The tools of the call come late, or never: nobody waits for them, and nothing said is lost."""

from collections.abc import Callable

import pytest
from people import Assure, Medecin
from playwright.sync_api import Page, Route, expect
from third_people import Tiers, admit, hears_and_sees, invite, tiles

Opener = Callable[..., Page]
TOOLS = "**/assure-tools.js"


class Held:
    """A file that is on its way for as long as one likes."""

    def __init__(self, page: Page) -> None:
        self.routes: list[Route] = []
        page.route(TOOLS, self._hold)

    def _hold(self, route: Route) -> None:
        self.routes.append(route)

    def come(self) -> None:
        assert self.routes
        for route in self.routes:
            route.continue_()


@pytest.mark.row("CO-03")
@pytest.mark.row("CO-07")
def test_the_assure_is_in_before_the_tools_and_finds_what_was_written_and_who_has_come(
    assure: Assure, medecin: Medecin, new_page: Opener
) -> None:
    held = Held(assure.page)
    medecin.open_console()
    assure.wait()
    assure.connection_ready()
    expect(assure.page.locator("#chat-open")).to_have_count(0)

    medecin.admit()
    assure.sees_the_other()
    medecin.sees_the_other()
    medecin.click("Écrire")
    medecin.page.locator("#chat-field").fill("Bonjour, je commence.")
    medecin.page.keyboard.press("Enter")
    tiers = Tiers(new_page(), *invite(medecin, "Interprète"))
    tiers.wait()
    admit(medecin, "Interprète")
    tiers.is_in()
    hears_and_sees(medecin, 2)
    hears_and_sees(assure, 1)

    held.come()
    expect(assure.page.locator("#chat-log .chat-text")).to_have_text("Bonjour, je commence.")
    for person in (assure, tiers):
        hears_and_sees(person, 2)
    assert tiles(assure) == ["Interprète"]


@pytest.mark.row("CO-03")
def test_tools_that_never_come_are_said_and_the_call_goes_on(
    assure: Assure, medecin: Medecin
) -> None:
    assure.page.route(TOOLS, lambda route: route.abort())
    medecin.open_console()
    assure.wait()
    expect(assure.page.locator("#notice")).to_contain_text("Rechargez-la pour les avoir")
    assure.connection_ready()
    medecin.admit()
    assure.sees_the_other()
    medecin.sees_the_other()
