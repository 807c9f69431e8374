"""Relay-only, with a real TURN server and two real pages: no address passes the server."""

import re
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from people import Assure, Medecin
from playwright.sync_api import Page
from product import Product

from media.ice import turn_credentials

SECRET = secrets.token_hex(24)
KIND = re.compile(r" typ (host|srflx|prflx|relay)")

pytestmark = [
    pytest.mark.row("SP-08"),
    pytest.mark.skipif(not shutil.which("turnserver"), reason="coturn is not installed"),
]


class Coturn:
    """Debian's, on this machine's loopback, which the test alone allows as a peer."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.port = free_port()

    def start(self) -> None:
        settings = {
            "listening-port": self.port, "listening-ip": "127.0.0.1", "relay-ip": "127.0.0.1",
            "min-port": 49152, "max-port": 49999, "realm": "telecontrole.test",
            "static-auth-secret": SECRET, "log-file": self._directory / "turn.log",
            "pidfile": self._directory / "turn.pid", "userdb": self._directory / "turn.db",
        }  # fmt: skip
        flags = ["use-auth-secret", "fingerprint", "allow-loopback-peers", "no-cli", "no-tls",
                 "no-dtls", "simple-log", "cli-password=unused"]  # fmt: skip
        config = self._directory / "turn.conf"
        lines = [*(f"{name}={value}" for name, value in settings.items()), *flags]
        config.write_text("\n".join(lines) + "\n")
        self._process = subprocess.Popen(
            ["turnserver", "-c", str(config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._directory,
        )
        deadline = time.monotonic() + 20
        while not answers(self.port):
            assert self._process.poll() is None, "coturn did not start"
            assert time.monotonic() < deadline, "coturn does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)

    @property
    def url(self) -> str:
        return f"turn:127.0.0.1:{self.port}?transport=udp"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def turn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    one = Coturn(tmp_path_factory.mktemp("turn"))
    one.start()
    yield one
    one.stop()


class Wire:
    """Every frame of a page's sockets, both ways."""

    def __init__(self, page: Page) -> None:
        self.sent: list[str] = []
        self.received: list[str] = []
        page.on("websocket", self._opened)

    def _opened(self, one: Any) -> None:
        one.on("framesent", lambda frame: self.sent.append(str(frame)))
        one.on("framereceived", lambda frame: self.received.append(str(frame)))

    def kinds(self, frames: list[str]) -> set[str]:
        return set(KIND.findall("\n".join(frames)))

    def addresses(self) -> set[str]:
        """In what the server told this page of the other side."""
        found: set[str] = set()
        for frame in self.received:
            if '"signal"' not in frame:
                continue
            text = re.sub(r"a=fingerprint:\S+", "", frame)
            found |= set(re.findall(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", text))
            found |= set(re.findall(r"[\w-]+\.local", text))
        return found - {"0.0.0.0"}  # noqa: S104


@pytest.fixture
def product(tmp_path: Path, turn: Coturn, policy: dict[str, str], monkeypatch: Any) -> Any:
    monkeypatch.setenv("TELECONTROLE_TURN_URLS", turn.url)
    monkeypatch.setenv("TELECONTROLE_TURN_SECRET", SECRET)
    for name, value in policy.items():
        monkeypatch.setenv(f"TELECONTROLE_{name.upper()}", value)
    running = Product(tmp_path)
    running.start()
    yield running
    running.stop()


#: A page that gathers all it can, whatever it was told: the server must not count on it.
DISOBEDIENT = """
const Peer = RTCPeerConnection;
window.RTCPeerConnection = class extends Peer {
  constructor(config) { super({ ...config, iceTransportPolicy: 'all' }); }
};
"""


def met(assure: Assure, medecin: Medecin) -> tuple[dict[str, Any], dict[str, Any]]:
    medecin.open_console()
    assure.wait()
    assure.connection_ready()
    medecin.admit()
    medecin.sees_the_other()
    assure.sees_the_other()
    return assure.path(), medecin.path()


@pytest.mark.parametrize("policy", [{"ice_policy": "relay"}], ids=["both sides"])
def test_two_pages_meet_by_relays_alone_and_learn_no_address(
    assure: Assure, medecin: Medecin
) -> None:
    wires = Wire(assure.page), Wire(medecin.page)

    paths = met(assure, medecin)

    assert [(one["local"], one["remote"]) for one in paths] == [("relay", "relay")] * 2
    for wire in wires:
        assert wire.kinds(wire.received) == {"relay"}
        # The relay listens on loopback here; nothing else was told.
        assert wire.addresses() <= {"127.0.0.1"}


@pytest.mark.parametrize("policy", [{"ice_policy": "relay"}], ids=["both sides"])
def test_a_page_that_does_not_obey_is_not_heard_either(assure: Assure, medecin: Medecin) -> None:
    for page in (assure.page, medecin.page):
        page.add_init_script(DISOBEDIENT)
    wires = Wire(assure.page), Wire(medecin.page)

    paths = met(assure, medecin)

    for wire in wires:
        assert "host" in wire.kinds(wire.sent)
        assert wire.kinds(wire.received) == {"relay"}
        assert wire.addresses() <= {"127.0.0.1"}
    assert {one["remote"] for one in paths} <= {"relay", "prflx"}


@pytest.mark.parametrize("policy", [{"ice_policy_doctor": "relay"}], ids=["the doctor alone"])
def test_the_doctor_alone_may_be_kept_apart(assure: Assure, medecin: Medecin) -> None:
    of_the_doctor, of_the_assure = Wire(assure.page), Wire(medecin.page)

    to_the_doctor, _ = met(assure, medecin)

    assert to_the_doctor["remote"] == "relay"
    assert of_the_doctor.kinds(of_the_doctor.received) == {"relay"}
    assert of_the_doctor.addresses() <= {"127.0.0.1"}
    assert "host" in of_the_assure.kinds(of_the_assure.received)


# --- the credentials ----------------------------------------------------------------------------

GATHER = """async ([url, username, credential]) => {
  const pc = new RTCPeerConnection({ iceTransportPolicy: 'relay',
    iceServers: [{ urls: [url], username, credential }] });
  const said = { relays: 0, errors: [] };
  pc.onicecandidate = ({ candidate }) => { if (candidate?.candidate) said.relays++; };
  pc.onicecandidateerror = (event) => said.errors.push(event.errorCode);
  pc.createDataChannel('x');
  const done = new Promise((resolve) => {
    pc.onicegatheringstatechange = () => pc.iceGatheringState === 'complete' && resolve();
  });
  await pc.setLocalDescription();
  await done;
  pc.close();
  return said;
}"""


def gathered(browser: Any, turn: Coturn, username: str, credential: str) -> dict[str, Any]:
    page = browser.new_page()
    try:
        return page.evaluate(GATHER, [turn.url, username, credential])
    finally:
        page.close()


def test_a_credential_opens_the_relay_until_it_expires_and_nobody_else_s_does(
    browser: Any, turn: Coturn
) -> None:
    now = int(datetime.now(UTC).timestamp())
    mine = turn_credentials(SECRET, "one", now + 600)
    theirs = turn_credentials(SECRET, "two", now + 600)
    expired = turn_credentials(SECRET, "one", now - 60)
    prolonged = (f"{now + 6000}:one", mine[1])
    other_secret = turn_credentials(secrets.token_hex(24), "one", now + 600)

    assert gathered(browser, turn, *mine)["relays"] > 0
    assert gathered(browser, turn, *theirs)["relays"] > 0
    refused = {
        "expired": expired,
        "another's password": (mine[0], theirs[1]),
        "a longer life with the same password": prolonged,
        "of another service": other_secret,
    }
    for why, credential in refused.items():
        said = gathered(browser, turn, *credential)
        assert said["relays"] == 0, why
        assert 401 in said["errors"], (why, said)
