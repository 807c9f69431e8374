"""To try it alone: a robot at the other end, through the same doors as everybody."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from people import Assure, Medecin
from playwright.sync_api import Page, expect
from product import Product


@pytest.fixture
def product(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Product]:
    """A demo whose other end is a robot; it must end when it is told to."""
    running = Product(tmp_path, "--robot", request.param)
    running.start()
    yield running
    running.stop()


@pytest.mark.parametrize("product", ["medecin"], indirect=True)
def test_a_robot_doctor_admits_whoever_waits(product: Product, assure: Assure) -> None:
    assure.wait()

    assure.sees_the_other()

    assure.hears_the_other()


@pytest.mark.parametrize("product", ["assure"], indirect=True)
def test_a_robot_assure_waits_is_admitted_and_seen_to_the_end(
    product: Product, new_page: Callable[..., Page]
) -> None:
    medecin = Medecin(new_page(), product.ready["medecins"][0]["connexion"])
    medecin.open_console()

    medecin.admit()
    medecin.sees_the_other()
    medecin.click("Identité vérifiée")
    medecin.end()
    medecin.choose("Arrêt médicalement justifié")
    medecin.click("Enregistrer l'issue")

    expect(medecin.page.get_by_text("Issue scellée, version 1")).to_be_visible()
