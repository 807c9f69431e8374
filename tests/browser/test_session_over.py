"""A session that ends while somebody works: nobody is thrown out of a call by a clock."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from people import Assure, Medecin
from playwright.sync_api import expect
from product import Product


def age(product: Product, column: str, by: timedelta) -> None:
    """As if that moment of the console's session had been so long ago."""
    then = (datetime.now(UTC) - by).isoformat(timespec="microseconds")
    with sqlite3.connect(product.data_dir / "telecontrole.db", timeout=10) as database:
        database.execute(f"UPDATE session SET {column} = ? WHERE genre = 'console'", (then,))  # noqa: S608
    database.close()


def in_call(meeting: tuple[Assure, Medecin]) -> tuple[Assure, Medecin]:
    _, medecin = meeting
    medecin.admit()
    medecin.sees_the_other()
    # Gone with the page, if it goes.
    medecin.page.evaluate("window.__same = true")
    return meeting


def still_talks(medecin: Medecin) -> None:
    """A second after it is told that the session is over, it is the same page, and sees."""
    medecin.page.wait_for_timeout(1000)
    assert medecin.page.evaluate("window.__same")
    medecin.sees_the_other(medecin.media()["frames"])


@pytest.mark.row("CA-01")
def test_a_session_whose_time_is_up_leaves_the_call_to_its_end(
    meeting: tuple[Assure, Medecin], product: Product
) -> None:
    assure, medecin = in_call(meeting)

    age(product, "expire", timedelta(seconds=1))

    # The service looks every ten seconds, and closes the day's socket.
    expect(medecin.page.get_by_text("L'entretien continue")).to_be_visible(timeout=25_000)
    still_talks(medecin)
    medecin.end()
    expect(assure.page.get_by_role("heading", name="terminé")).to_be_visible()
    expect(medecin.page.locator("#login")).to_be_visible()


@pytest.mark.row("CA-01")
def test_a_call_outlasts_a_console_that_was_not_touched_for_half_an_hour(
    meeting: tuple[Assure, Medecin], product: Product
) -> None:
    assure, medecin = in_call(meeting)

    age(product, "vue", timedelta(minutes=31))
    # The console asks for what is new of that person.
    assure.click("Couper le micro")

    expect(medecin.page.get_by_text("L'entretien continue")).to_be_visible()
    still_talks(medecin)
