"""What the style sheets may not do: flash, loop, or move for who asked for no movement."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.row("AC-07")

CLIENT = Path(__file__).parents[1] / "web-client"
SHEETS = sorted(CLIENT.glob("*.css"))
PAGES = sorted(CLIENT.glob("*.html"))
#: WCAG 2.2, 2.3.1: three flashes a second, so no phase shorter than this may repeat, in ms.
FLASH = 334


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.stem)
def test_no_style_sheet_repeats_an_animation(sheet: Path) -> None:
    text = sheet.read_text()

    assert not re.search(r"\binfinite\b|animation-iteration-count:\s*+(?!1\b)", text)
    assert not re.search(r"\bblink\b", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_has_the_sheet_that_stops_movement(page: Path) -> None:
    assert "/style.css" in page.read_text()


def test_less_motion_stops_animations_and_transitions_alike() -> None:
    text = (CLIENT / "style.css").read_text()

    [block] = re.findall(r"@media \(prefers-reduced-motion: reduce\) \{(.*?)\n\}", text, re.DOTALL)

    for rule in ("animation-duration: 0.01ms !important", "transition: none !important"):
        assert rule in block


@pytest.mark.parametrize("script", sorted(CLIENT.glob("*.js")), ids=lambda script: script.stem)
def test_no_script_shows_and_hides_quickly(script: Path) -> None:
    for body, period in re.findall(r"setInterval\((.*?),\s*([\d_]+)\)", script.read_text()):
        quick = int(period.replace("_", "")) < FLASH
        assert not (quick and ("hidden" in body or "classList" in body)), body
