"""The equipment test through our own relay: a real coturn, the very path of the call."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from people import Assure
from playwright.sync_api import expect
from product import Product
from test_equipment_page import begin, come_back, part, verdict
from test_relay_only import SECRET, Coturn, turn

__all__ = ["turn"]

pytestmark = pytest.mark.row("JO-04")


@pytest.fixture
def product(tmp_path: Path, turn: Coturn, monkeypatch: Any) -> Any:
    # By UDP and by TCP it answers; TLS it has none.
    ways = (turn.url, turn.url.replace("udp", "tcp"), turn.url.replace("turn:", "turns:", 1))
    monkeypatch.setenv("TELECONTROLE_TURN_URLS", ",".join(ways))
    monkeypatch.setenv("TELECONTROLE_TURN_SECRET", SECRET)
    running = Product(tmp_path)
    running.start()
    yield running
    running.stop()


def test_the_relay_is_measured_by_each_way_and_the_echo_comes_by_it(
    product: Product, assure: Assure
) -> None:
    assure.wait()

    begin(assure)
    assure.click("Tester ma connexion")
    come_back(assure)
    remote = assure.path()["remote"]

    expect(verdict(assure)).to_contain_text("Votre appareil est prêt")
    expect(part(assure, "reseau")).to_contain_text("Relais : UDP oui, TCP oui, TLS non.")
    # The echo tells no address of its machine.
    assert remote == "relay"
    with sqlite3.connect(product.data_dir / "telecontrole.db") as database:
        ((parts, figures),) = database.execute("SELECT parties, mesures FROM essai_materiel")
    assert json.loads(parts)["chemin"] == "relais"
    measured = json.loads(figures)
    assert measured["down_kbps"] > 100
    assert 0 <= measured["loss_percent"] <= 100
    database.close()
