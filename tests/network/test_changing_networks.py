"""Calls over networks that are slow, cut, filtered or changed under them; a server that dies.

No duration is asserted: `make network-report` measures them. Here what must come does come.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import COMES, loses, now, samples, sees
from far import FarProduct
from hearing import grown, within
from laboratory import Laboratory
from people import Assure, Medecin
from playwright.sync_api import expect

Call = Callable[[], tuple[Assure, Medecin]]


def facts(product: FarProduct, assure: Assure, file: Path) -> list[dict[str, Any]]:
    """The record, once it was found whole."""
    record = product.record(assure.appointment["id"], file)
    assert product.run("verify", str(file)).returncode == 0
    return [line["fait"] for line in record["lignes"]]


def losses(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Of the media: who told, and why as they know."""
    return [
        (one["role"], one["details"]["cause"]) for one in found if one["genre"] == "media_perdu"
    ]


def recovered(*people: Assure | Medecin, outage: float = 0) -> None:
    """Pictures that come from now on, on both sides, and pages that speak of no interruption any
    more: what they know of it is told. The outage lasts so many seconds more."""
    hours = [now(one) for one in people]
    for one, hour in zip(people, hours, strict=True):
        sees(one, hour, COMES + outage * 1000)
    for one in people:
        expect(one.page.locator("#lost, #call-problem")).to_be_hidden(timeout=COMES)


@pytest.mark.row("CO-04")
def test_a_cut_link_and_a_changed_address_are_mended_on_the_same_connection(
    lab: Laboratory, product: FarProduct, call: Call, tmp_path: Path
) -> None:
    lab.become(rtt=50)
    assure, medecin = call()
    assert samples(assure)[-1].rtt > 0.04
    assert not samples(assure)[-1].relayed

    # Three seconds: it may hold. Twenty: both pages see that it is gone, and mend it.
    lab.cut("pa", 3)
    recovered(assure, medecin)
    lab.cut("pa", 20)
    loses(assure)
    recovered(assure, medecin)
    # From one network into another, which the browser is told of.
    lab.move("pa", "10.19.1.2")
    recovered(assure, medecin)
    lab.unplug("pa")
    loses(assure)
    loses(medecin)
    lab.plug("pa")
    recovered(assure, medecin)

    assert assure.watched("peers.length") == 1
    assert medecin.watched("peers.length") == 1
    expect(medecin.button("Admettre")).to_have_count(0)
    medecin.end()
    expect(assure.page.get_by_role("heading", name="terminé")).to_be_visible(timeout=COMES)
    found = facts(product, assure, tmp_path / "record.json")
    told = losses(found)
    assert {"assure", "medecin_conseil"} <= {role for role, _ in told}, told
    # The page whose network changed says so; the other only knows that the path is gone.
    assert ("assure", "network") in told
    assert {cause for _, cause in told} <= {"network", "disconnected", "failed"}
    kinds = [one["genre"] for one in found]
    assert kinds.count("admission") == 1
    assert kinds.count("media_etabli") > 2


@pytest.mark.row("CO-05")
@pytest.mark.parametrize("passes", ["no_udp", "only_443"])
def test_with_all_udp_dropped_the_call_goes_by_the_relay(
    passes: str, lab: Laboratory, call: Call
) -> None:
    lab.become(rtt=50, passes=passes)

    ways = [samples(one)[-1] for one in call()]

    assert [(way.local, way.remote) for way in ways] == [("relay", "relay")] * 2
    kinds = {way.relay for way in ways}
    assert kinds <= ({"tls"} if passes == "only_443" else {"tls", "tcp"})


@pytest.mark.row("CO-05")
@pytest.mark.row("CO-04")
@pytest.mark.parametrize("settings", [{"turn_ttl_seconds": 60, "ice_policy": "relay"}])
def test_after_an_outage_of_a_minute_the_relay_takes_fresh_credentials(
    lab: Laboratory, call: Call
) -> None:
    lab.become(rtt=50)
    assure, medecin = call()

    # From here to past the end of every credential that was given until now.
    lab.cut("pa", 62)
    for one in (assure, medecin):
        loses(one)
    recovered(assure, medecin, outage=62)

    for one in (assure, medecin):
        way = samples(one)[-1]
        assert (way.local, way.remote) == ("relay", "relay")


@pytest.mark.row("OPS-03")
def test_a_server_that_is_killed_costs_no_second_of_sound_or_picture(
    lab: Laboratory, product: FarProduct, call: Call, tmp_path: Path
) -> None:
    lab.become(rtt=50)
    assure, medecin = call()
    begin = [now(one) for one in (assure, medecin)]

    product.kill()
    for one in (assure, medecin):
        sees(one, now(one))
    product.restart()
    expect(assure.page.locator("#lost")).to_be_hidden(timeout=COMES)
    medecin.click("Identité vérifiée")
    recovered(assure, medecin)

    for one, since in zip((assure, medecin), begin, strict=True):
        seen = within(samples(one), since, now(one))
        assert {look.state for look in seen} == {"connected"}
        assert {look.peer for look in seen} == {1}
        # Each look has more sound than the one before, or the next but one: none was missed.
        stood = [a.at for a, c in zip(seen, seen[10:], strict=False) if c.sound <= a.sound]
        assert stood == [], "two seconds without one packet of sound"
        assert grown(seen, "frames") > 0
    medecin.end()
    expect(assure.page.get_by_role("heading", name="terminé")).to_be_visible(timeout=COMES)
    kinds = [one["genre"] for one in facts(product, assure, tmp_path / "record.json")]
    assert kinds.count("redemarrage_serveur") == 1
    assert "media_maintenu" in kinds
    assert "media_perdu" not in kinds
    assert kinds.count("admission") == 1
