"""`make demo-turn`: two people meet by the relay alone, over UDP, over TCP, and over TLS."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from people import Assure, Medecin, chromium
from playwright.sync_api import Browser, BrowserType
from product import Product

pytestmark = [
    pytest.mark.row("CO-05"),
    pytest.mark.skipif(not shutil.which("turnserver"), reason="coturn is not installed"),
]

#: A page on a network that lets nothing out but one way to the relay.
ONE_WAY = """
const Peer = window.__Peer = RTCPeerConnection;
const one_way = (config) => ({ ...config, iceTransportPolicy: 'relay',
  iceServers: config.iceServers.map(({ urls, ...rest }) =>
    ({ ...rest, urls: [urls].flat().filter((url) => url.startsWith('WAY')) })) });
window.RTCPeerConnection = class extends Peer {
  constructor(config) {
    super(one_way(config));
    [window.__relay] = config.iceServers;
  }
  setConfiguration(config) { super.setConfiguration(one_way(config)); }
};
"""

#: Two connections of one page that reach each other by the relay alone, or not.
LOOP = """async ([scheme, transport]) => {
  const urls = __relay.urls.filter((url) => url.startsWith(scheme) && url.endsWith(transport));
  const config = { iceServers: [{ ...__relay, urls }], iceTransportPolicy: 'relay' };
  const [one, two] = [new __Peer(config), new __Peer(config)];
  one.onicecandidate = ({ candidate }) => candidate && two.addIceCandidate(candidate);
  two.onicecandidate = ({ candidate }) => candidate && one.addIceCandidate(candidate);
  const heard = new Promise((done) => {
    two.ondatachannel = ({ channel }) => { channel.onmessage = ({ data }) => done(data); };
  });
  const channel = one.createDataChannel('loop');
  channel.onopen = () => channel.send('through');
  await one.setLocalDescription();
  await two.setRemoteDescription(one.localDescription);
  await two.setLocalDescription();
  await one.setRemoteDescription(two.localDescription);
  const never = new Promise((done) => setTimeout(() => done('nothing'), 20_000));
  const said = await Promise.race([heard, never]);
  const relayed = await RELAYED(one);
  one.close(); two.close();
  return { said, ...relayed };
}"""
#: How a connection leaves this machine.
RELAYED = """(async (pc) => {
  const report = await pc.getStats();
  const transport = [...report.values()].find(({ type }) => type === 'transport');
  const local = report.get(report.get(transport.selectedCandidatePairId).localCandidateId);
  return { type: local.candidateType, by: local.relayProtocol };
})"""


@pytest.fixture(scope="module")
def browser(engine: BrowserType) -> Iterator[Browser]:
    """The demo's authority is nobody's else: TURN over TLS asks for it too."""
    running = chromium(engine, "--ignore-certificate-errors")
    yield running
    running.close()


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    running = Product(tmp_path, "--turn")
    running.start()
    yield running
    running.stop()


def test_they_meet_over_tls_alone_and_a_page_reaches_the_relay_by_each_way(
    assure: Assure, medecin: Medecin
) -> None:
    for person in (assure, medecin):
        person.page.add_init_script(ONE_WAY.replace("WAY", "turns:"))

    medecin.open_console()
    assure.wait()
    assure.connection_ready()
    medecin.admit()
    medecin.sees_the_other()
    assure.sees_the_other()

    for person in (assure, medecin):
        way = person.page.evaluate(f"{RELAYED}(__watch.peers.at(-1))")
        assert way == {"type": "relay", "by": "tls"}
    for scheme, transport, by in (
        ("turn:", "udp", "udp"),
        ("turn:", "tcp", "tcp"),
        ("turns:", "tcp", "tls"),
    ):
        looped = assure.page.evaluate(LOOP.replace("RELAYED", RELAYED), [scheme, transport])
        assert looped == {"said": "through", "type": "relay", "by": by}
