"""The path is mended and the truth is said: a lost service, a lost network, no way at all."""

import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from people import Assure, Medecin, Person
from playwright.sync_api import Page, expect
from product import Product

#: Neither page finds any way to the other: no relay, and nothing else allowed.
NO_WAY = """
const Peer = RTCPeerConnection;
window.RTCPeerConnection = class extends Peer {
  constructor(config) { super({ ...config, iceTransportPolicy: 'relay' }); }
};
"""
#: On any host but localhost the Socket.IO client closes its socket when the device is offline.
SOCKETS = """
const sockets = [];
window.WebSocket = class extends WebSocket {
  constructor(...all) { super(...all); sockets.push(this); }
};
addEventListener('offline', () => sockets.forEach((one) => one.close()));
"""
GOES_ON = "La conversation continue, nous rétablissons le service."


@pytest.fixture
def product(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """With credentials of a relay that is not there: the pages ask for them all the same."""
    monkeypatch.setenv("TELECONTROLE_TURN_URLS", "turn:127.0.0.1:9?transport=udp")
    monkeypatch.setenv("TELECONTROLE_TURN_SECRET", secrets.token_hex(24))
    running = Product(tmp_path)
    running.start()
    yield running
    running.stop()


def ufrag(person: Person) -> str:
    """Another one after each ICE restart."""
    sdp = person.page.evaluate("() => __watch.peers.at(-1).currentLocalDescription.sdp")
    return re.findall(r"a=ice-ufrag:(\S+)", sdp)[0]


def restarted(person: Person, before: str) -> None:
    person.page.wait_for_function(
        "(before) => !__watch.peers.at(-1).currentLocalDescription.sdp.includes(before)",
        arg=f"a=ice-ufrag:{before}\r\n",
        timeout=60_000,
    )


def in_call(assure: Assure, medecin: Medecin) -> None:
    medecin.open_console()
    assure.wait()
    assure.connection_ready()
    medecin.admit()
    assure.sees_the_other()
    medecin.sees_the_other()


@pytest.mark.row("OPS-03")
@pytest.mark.row("CO-04")
def test_without_the_service_the_picture_goes_on_and_the_pages_say_so(
    assure: Assure, medecin: Medecin, product: Product
) -> None:
    in_call(assure, medecin)
    product.kill()

    expect(assure.page.locator("#lost")).to_contain_text(GOES_ON, timeout=20_000)
    expect(medecin.page.locator("#call-problem")).to_contain_text(GOES_ON, timeout=20_000)
    expect(assure.page.get_by_text("Connexion interrompue")).to_have_count(0)
    expect(medecin.page.get_by_text("Image interrompue")).to_have_count(0)
    before = medecin.media()
    medecin.sees_the_other(since=before["frames"])
    assert medecin.media()["samples"] > before["samples"]

    product.restart()

    expect(assure.page.locator("#lost")).to_be_hidden(timeout=60_000)
    expect(medecin.page.locator("#call-problem")).to_be_hidden(timeout=60_000)
    assert assure.watched("peers.length") == medecin.watched("peers.length") == 1


@pytest.mark.row("JO-12")
@pytest.mark.row("CO-04")
def test_a_network_that_comes_back_mends_the_same_connection_and_a_reload_needs_no_admission(
    assure: Assure, medecin: Medecin
) -> None:
    assure.page.add_init_script(SOCKETS)
    in_call(assure, medecin)
    before = ufrag(assure)

    assure.page.context.set_offline(True)
    expect(assure.page.locator("#lost")).to_be_visible(timeout=20_000)
    assure.page.wait_for_timeout(10_000)
    assure.page.context.set_offline(False)

    restarted(assure, before)
    expect(assure.page.locator("#lost")).to_be_hidden(timeout=30_000)
    medecin.sees_the_other(since=medecin.media()["frames"])
    assert assure.watched("peers.length") == medecin.watched("peers.length") == 1

    assure.page.reload()

    assure.sees_the_other()
    expect(medecin.button("Admettre")).to_have_count(0)
    medecin.sees_the_other()


@pytest.mark.row("ID-07")
@pytest.mark.row("JO-07")
def test_a_device_whose_network_comes_back_leaves_the_seat_to_the_one_that_took_it_meanwhile(
    assure: Assure, medecin: Medecin, new_page: Callable[..., Page]
) -> None:
    assure.page.add_init_script(SOCKETS)
    in_call(assure, medecin)
    assure.page.context.set_offline(True)
    expect(assure.page.locator("#lost")).to_be_visible(timeout=20_000)

    tablet = Assure(new_page(820, 1180, has_touch=True), assure.appointment)
    tablet.follow_link()
    tablet.prove_identity()
    tablet.click("Activer ma caméra et mon micro")
    tablet.click("Entrer dans la salle d'attente")
    tablet.sees_the_other()
    assure.page.context.set_offline(False)

    elsewhere = "autre appareil"
    expect(assure.page.get_by_role("heading", name=elsewhere)).to_be_visible(timeout=30_000)
    medecin.sees_the_other(since=medecin.media()["frames"])
    tablet.sees_the_other(since=tablet.media()["frames"])
    assert tablet.screen() == "call"

    assure.click("Reprendre ici")
    assure.sees_the_other()
    expect(tablet.page.get_by_role("heading", name=elsewhere)).to_be_visible()


@pytest.mark.row("CO-04")
def test_no_way_at_all_is_said_within_fifteen_seconds_with_a_remedy_and_kept_for_the_record(
    assure: Assure, medecin: Medecin, product: Product, tmp_path: Path
) -> None:
    for person in (assure, medecin):
        person.page.add_init_script(NO_WAY)
    medecin.open_console()
    assure.wait()
    medecin.admit()

    expect(assure.page.locator("#lost")).to_contain_text("Essayez un autre réseau", timeout=15_000)
    expect(medecin.page.locator("#call-problem")).to_contain_text("présentiel", timeout=15_000)
    assert assure.page.locator("#no-picture").is_visible()

    medecin.end()
    expect(assure.page.get_by_role("heading", name="terminé")).to_be_visible()
    record = product.record(assure.appointment["id"], tmp_path / "record.json")
    facts = [line["fait"] for line in record["lignes"]]
    lost = [one for one in facts if one["genre"] == "media_perdu"]
    assert {one["role"] for one in lost} == {"assure", "medecin_conseil"}
    assert {one["details"]["cause"] for one in lost} == {"failed"}
    assert "media_etabli" not in {one["genre"] for one in facts}


def username(person: Person) -> str:
    return person.page.evaluate(
        "() => __watch.peers.at(-1).getConfiguration().iceServers.map((s) => s.username).join('')"
    )


@pytest.mark.row("CO-04")
def test_both_sides_have_fresh_relay_credentials_before_an_ice_restart(
    assure: Assure, medecin: Medecin
) -> None:
    in_call(assure, medecin)
    known = [username(one) for one in (assure, medecin)]
    before = [ufrag(one) for one in (assure, medecin)]
    # Old enough to be renewed.
    assure.page.wait_for_timeout(32_000)

    assure.page.evaluate("() => dispatchEvent(new Event('online'))")

    for person, former in zip((assure, medecin), before, strict=True):
        restarted(person, former)
    fresh = [username(one) for one in (assure, medecin)]
    assert all(new and new != old for new, old in zip(fresh, known, strict=True)), (known, fresh)
    assert assure.watched("peers.length") == medecin.watched("peers.length") == 1
    medecin.sees_the_other(since=medecin.media()["frames"])
