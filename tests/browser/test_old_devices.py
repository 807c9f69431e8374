"""An old phone on 3G: what it loads until the waiting room, and from whom."""

from urllib.parse import urlsplit

import pytest
from people import Assure
from playwright.sync_api import expect
from product import Product

#: 3G: 1.6 Mbit/s down, 768 kbit/s up, 300 ms; a processor six times slower than this one.
NETWORK = {
    "offline": False,
    "latency": 300,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 768_000 / 8,
}
SLOWER = 6
#: Bytes on the wire until the waiting room, styles, scripts and words.
MOST = 300_000


@pytest.mark.row("AC-08")
def test_the_waiting_room_is_reached_on_an_old_phone_with_300_kb_of_our_own(
    product: Product, assure: Assure
) -> None:
    phone = assure.page.context.new_cdp_session(assure.page)
    phone.send("Network.enable")
    phone.send("Network.emulateNetworkConditions", NETWORK)
    phone.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    loaded: list[float] = []
    hosts: set[str | None] = set()
    phone.on("Network.loadingFinished", lambda one: loaded.append(one["encodedDataLength"]))
    phone.on("Network.requestWillBeSent", lambda one: hosts.add(host(one["request"]["url"])))

    assure.wait()
    expect(assure.page.get_by_text("Vous êtes arrivé à")).to_be_visible()

    since = "performance.getEntriesByName('tc:snapshot')[0].startTime"
    print(f"\n  {len(loaded)} requests, {sum(loaded) / 1000:.0f} kB,", end=" ")
    print(f"{assure.page.evaluate(since) / 1000:.1f} s with the gestures of a robot")
    assert sum(loaded) <= MOST
    assert hosts <= {urlsplit(product.ready["base"]).hostname}


def host(url: str) -> str | None:
    """Whose it is; the product's own for what the page makes itself."""
    parts = urlsplit(url)
    return parts.hostname if parts.scheme.startswith("http") else "localhost"
