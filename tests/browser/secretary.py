"""An agent of the caisse at their console, with the gestures of a person."""

import re
from collections.abc import Mapping

from people import Person
from playwright.sync_api import Locator, Page, expect
from test_accessible import faults

#: The range 06 39 98 is reserved for fiction by the Arcep.
REACHABLE = {"Courriel": "a@exemple.fr", "Téléphone": "06 39 98 12 34"}
#: How the buttons of free slots are named: « mardi 1er décembre à 14 h 30 ».
SLOT = re.compile(r"\d{1,2} h \d{2}$")


class Agent(Person):
    """An agent of the caisse, with what they see and click."""

    def __init__(self, page: Page, base: str) -> None:
        super().__init__(page)
        self.base = base

    def open_console(self) -> None:
        """By the demo's first button."""
        self.page.goto(f"{self.base}/agent")
        self.page.locator("#login-agents button").first.click()
        expect(self.title("Télécontrôles")).to_be_visible()

    def title(self, name: str) -> Locator:
        return self.page.get_by_role("heading", level=1, name=name)

    def view(self, name: str) -> None:
        self.page.get_by_role("navigation", name="Console").get_by_role("link", name=name).click()

    def row(self, name: str) -> Locator:
        return self.page.locator("#list tr[data-id]", has_text=name)

    def search(self, name: str) -> None:
        self.page.get_by_label("Nom, référence ou code").fill(name)
        expect(self.row(name)).to_have_count(1)

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("complementary")

    @property
    def state(self) -> Locator:
        return self.panel.get_by_role("list", name="État")

    def act(self, name: str) -> None:
        self.panel.get_by_role("button", name=name, exact=True).click()

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def confirm(self, name: str) -> None:
        self.dialog.get_by_role("button", name=name, exact=True).click()

    @property
    def doctor(self) -> Locator:
        return self.page.get_by_label("Médecin-conseil", exact=True).locator("visible=true")

    def slots(self) -> Locator:
        return self.page.get_by_role("button", name=SLOT)

    def begin(self, name: str, contact: Mapping[str, str] = REACHABLE) -> None:
        """The planning form, but for its date."""
        self.page.get_by_role("link", name="Planifier", exact=True).click()
        self.page.get_by_label("Nom de l'assuré").fill(name)
        for label, value in contact.items():
            self.page.get_by_label(label).fill(value)
        self.page.get_by_label("Objet du contrôle").select_option(index=1)
        self.doctor.select_option(index=1)
        expect(self.slots().first).to_be_visible()

    def plan(self, name: str, slot: int = 0, contact: Mapping[str, str] = REACHABLE) -> None:
        """One télécontrôle, at a free slot; the panel shows it."""
        self.begin(name, contact)
        self.slots().nth(slot).click()
        self.click("Planifier et convoquer")
        self.sees(name)

    def sees(self, name: str) -> None:
        expect(self.panel.get_by_role("heading", name=name)).to_be_visible()
        expect(self.panel.get_by_role("heading", name="Messages")).to_be_visible()

    def sound(self) -> None:
        """No fault, no horizontal scroll."""
        self.page.wait_for_timeout(250)  # a fade is a contrast fault while it lasts
        assert faults(self.page) == []
        assert self.page.evaluate(
            "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
