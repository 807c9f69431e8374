"""The product, a relay and two browsers, each on a host of the laboratory."""

import json
import secrets
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from laboratory import Laboratory
from people import ARGUMENTS
from playwright.sync_api import Browser, BrowserType, Page
from product import Product

from certs.tls import ensure_local_tls

CHROMIUM = "/usr/bin/chromium"
PATIENCE = 30
WATCHING = Path(__file__).with_name("watching.js")


class Relay:
    """coturn on its own host: UDP and TCP on 3478, TLS on 443."""

    def __init__(self, lab: Laboratory, directory: Path) -> None:
        self._lab = lab
        self._directory = directory
        self.address = lab.addresses["pt"]
        self.secret = secrets.token_hex(24)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def urls(self) -> tuple[str, ...]:
        return (
            f"turn:{self.address}:3478?transport=udp",
            f"turn:{self.address}:3478?transport=tcp",
            f"turns:{self.address}:443?transport=tcp",
        )

    def start(self) -> None:
        tls = ensure_local_tls(self._directory / "tls", [self.address], datetime.now(UTC))
        settings = {
            "listening-port": 3478, "tls-listening-port": 443, "listening-ip": self.address,
            "relay-ip": self.address, "realm": "telecontrole.test", "cert": tls.certificate,
            "pkey": tls.key, "static-auth-secret": self.secret, "cli-password": "unused",
            "log-file": self._directory / "turn.log", "pidfile": self._directory / "turn.pid",
            "userdb": self._directory / "turn.db",
        }  # fmt: skip
        flags = ("use-auth-secret", "fingerprint", "no-cli", "no-dtls", "simple-log")
        config = self._directory / "turn.conf"
        lines = [*(f"{name}={value}" for name, value in settings.items()), *flags]
        config.write_text("\n".join(lines) + "\n")
        self._process = subprocess.Popen(
            [*self._lab.inside("pt"), "turnserver", "-c", str(config)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self._directory,
        )  # fmt: skip
        deadline = time.monotonic() + PATIENCE
        # Its sockets, read from inside: nobody but its own network can reach it.
        while not self._listening():
            assert self._process.poll() is None, "coturn did not start"
            assert time.monotonic() < deadline, "coturn does not listen"
            time.sleep(0.05)

    def _listening(self) -> bool:
        assert self._process is not None
        table = Path(f"/proc/{self._process.pid}/net/tcp")
        ports = [line.split()[1].rpartition(":")[2] for line in table.read_text().splitlines()[1:]]
        return {f"{port:04X}" for port in (3478, 443)} <= set(ports)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=20)


class FarProduct(Product):
    """The demo on the service's host, at port 443, which alone passes everywhere."""

    patience = 180

    def __init__(self, lab: Laboratory, relay: Relay, directory: Path, *options: str, **more: Any):
        super().__init__(directory, *options)
        self._address = lab.addresses["ps"]
        settings = {"turn_urls": ",".join(relay.urls), "turn_secret": relay.secret, **more}
        named = [f"TELECONTROLE_{name.upper()}={value}" for name, value in settings.items()]
        # `start` gives it a worse place than the browsers' (5); what it answers is measured here.
        self.around = (*lab.inside("ps"), "nice", "-n", "-5", "env", *named)

    def start(self, port: int = 443) -> None:
        super().start(port)
        self.ready = json.loads(json.dumps(self.ready).replace("localhost", self._address))

    @property
    def port(self) -> int:
        # A browser leaves it out of an origin.
        return 443


def browser_at(
    lab: Laboratory, host: str, kind: BrowserType, directory: Path, more: Sequence[str] = ()
) -> Browser:
    """Debian's Chromium on a host. Its remote control is a pipe, which crosses namespaces."""
    script = directory / f"chromium-{host}"
    script.write_text(f'#!/bin/sh\nexec {" ".join(lab.inside(host))} {CHROMIUM} "$@"\n')
    script.chmod(0o755)
    # A context's `ignore_https_errors` is for pages; TURN over TLS asks the whole browser.
    certificates = "--ignore-certificate-errors"
    return kind.launch(executable_path=script, args=[*ARGUMENTS, certificates, *more])


def page_in(browser: Browser, width: int, height: int) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": height}, ignore_https_errors=True,
        locale="fr-FR", timezone_id="Europe/Paris",
    )  # fmt: skip
    context.set_default_timeout(40_000)
    context.add_init_script(path=WATCHING)
    return context.new_page()
