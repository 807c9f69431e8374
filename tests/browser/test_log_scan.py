"""The reader of logs finds what it is for: without this, silence would prove nothing."""

import pytest
from log_scan import found_in
from product import Product

LEAKS = {
    "mail address": "camille.petit@courriel.example",
    "phone number": "to 06 39 98 01 23",
    "token": "auth eyJhbGciOiJFZERTQSJ9.eyJzdWIi",
    "description": "a=fingerprint:sha-256 AA",
    "address": "peer 192.168.1.20 left",
    "medical word": "conclusion arret_justifie",
    "statement with values": "INSERT INTO assure VALUES ('x')",
}


@pytest.mark.row("OPS-05")
@pytest.mark.parametrize("kind", LEAKS)
def test_each_kind_of_leak_is_found(kind: str) -> None:
    nobody: dict[str, list[object]] = {"telecontroles": [], "medecins": []}

    found = found_in(f'{{"event": "x", "reason": "{LEAKS[kind]}"}}', nobody)

    assert [one.partition(":")[0] for one in found] == [kind]


@pytest.mark.row("OPS-05")
def test_the_day_s_own_names_links_and_codes_are_found(product: Product) -> None:
    one = product.appointments[0]
    secret = one["lien"].rpartition("#")[2]

    found = found_in(f"{one['assure']}\n{secret}\n code {one['code']} tried", product.ready)

    assert {kind.partition(":")[0] for kind in found} == {"name of an assuré", "link", "code"}


@pytest.mark.row("OPS-05")
def test_the_demo_s_log_is_talkative_enough_to_mean_something(product: Product) -> None:
    product.stop()

    lines = product.log.read_text().splitlines()

    assert sum("debug" in line for line in lines) > 5
    assert any("serving" in line for line in lines)
