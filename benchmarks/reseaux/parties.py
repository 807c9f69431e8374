"""Who is measured: our product's two pages, and a naive client's."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from far import FarProduct, Relay, page_in
from laboratory import Laboratory
from people import Assure, Medecin
from playwright.sync_api import Browser, Error, Page

from certs.tls import ensure_local_tls
from media.ice import turn_credentials

from . import ROOT

#: Seconds for a page or a picture to come; what takes longer never came.
PATIENCE = 40.0
#: Admissions of one connection after the first.
AGAIN = 2


class NeverCame(Exception):
    """A picture did not come within PATIENCE."""


def marks(page: Page, name: str) -> list[float]:
    """The hours of a step, in ms (Date.now's clock)."""
    found: list[float] = page.evaluate(
        """(name) => performance.getEntriesByName('tc:' + name)
             .map((mark) => performance.timeOrigin + mark.startTime)""",
        name,
    )
    return found


def pictures(pages: tuple[Page, Page], since: float, step: str) -> tuple[float, float]:
    """From the `step` that came after `since` to each side's first picture after it, in ms."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        begun = [at for at in marks(pages[1], step) if at > since]
        if begun:
            firsts = [[at for at in marks(page, "first-frame") if at > begun[0]] for page in pages]
            if all(firsts):
                return firsts[0][0] - begun[0], firsts[1][0] - begun[0]
        pages[0].wait_for_timeout(100)
    raise NeverCame(step)


class Call(Protocol):
    """Two pages in a call: the assuré's, the médecin-conseil's."""

    pages: tuple[Page, Page]

    def kill(self) -> None: ...
    def restart(self) -> None: ...


class Party(Protocol):
    name: str

    def warm(self) -> Any: ...
    def cold(self) -> Any: ...


class OurCall:
    def __init__(self, product: FarProduct, browsers: tuple[Browser, Browser]) -> None:
        self._product = product
        appointment = product.appointments[0]
        self.pages = (page_in(browsers[0], 360, 640), page_in(browsers[1], 1440, 900))
        self.assure = Assure(self.pages[0], appointment)
        self.medecin = Medecin(self.pages[1], product.login_of(appointment))

    def kill(self) -> None:
        self._product.kill()

    def restart(self) -> None:
        self._product.restart()

    def admitted(self) -> tuple[float, float]:
        since = now(self.pages[1])
        self.medecin.admit()
        return pictures(self.pages, since, "admit-sent")


def now(page: Page) -> float:
    return float(page.evaluate("performance.timeOrigin + performance.now()"))


class Ours:
    """The demo, begun anew for each call."""

    name = "ours"

    def __init__(self, lab: Laboratory, relay: Relay, browsers: tuple[Browser, Browser]) -> None:
        self._lab, self._relay, self._browsers = lab, relay, browsers

    @contextmanager
    def _call(self) -> Iterator[OurCall]:
        with tempfile.TemporaryDirectory(prefix="telecontrole-") as folder:
            product = FarProduct(self._lab, self._relay, Path(folder))
            product.start()
            call = OurCall(product, self._browsers)
            try:
                yield call
            finally:
                with suppress(Error):
                    for page in call.pages:
                        page.context.close()
                product.stop()

    @contextmanager
    def warm(self) -> Iterator[tuple[OurCall, dict[str, Any]]]:
        """Both there and the connection ready, then the click; and some more of them."""
        with self._call() as call:
            call.medecin.open_console()
            call.assure.wait()
            call.pages[0].get_by_text("Connexion prête").wait_for(timeout=PATIENCE * 1000)
            first = call.admitted()
            again = []
            for _ in range(AGAIN):
                call.pages[0].wait_for_timeout(1_000)
                call.medecin.click("Remettre en attente")
                call.pages[0].wait_for_timeout(1_000)
                again.append(call.admitted())
            yield call, {"warm": first, "again": again}

    @contextmanager
    def cold(self) -> Iterator[tuple[OurCall, dict[str, Any]]]:
        """The console opens when the assuré waits already, and its médecin clicks at once."""
        with self._call() as call:
            call.assure.wait()
            since = now(call.pages[1])
            call.pages[1].goto(call.medecin.login)
            call.medecin.admit()
            yield call, {"cold": pictures(call.pages, since, "admit-sent")}


class NaiveCall:
    def __init__(self, party: "Naive", browsers: tuple[Browser, Browser]) -> None:
        self._party = party
        self.pages = (page_in(browsers[0], 360, 640), page_in(browsers[1], 1440, 900))

    def kill(self) -> None:
        self._party.kill()

    def restart(self) -> None:
        self._party.start()


class Naive:
    """`naive.py` on a host of its own; its two people get the same relay as ours."""

    name = "naive"

    def __init__(self, lab: Laboratory, relay: Relay, browsers: tuple[Browser, Browser]) -> None:
        self._lab, self._browsers = lab, browsers
        self._address = lab.addresses["pn"]
        self._folder = tempfile.TemporaryDirectory(prefix="telecontrole-")
        self._tls = ensure_local_tls(Path(self._folder.name), [self._address], datetime.now(UTC))
        user, password = turn_credentials(relay.secret, "naive", int(time.time()) + 6 * 3600)
        self._servers = [{"urls": list(relay.urls), "username": user, "credential": password}]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603
            [*self._lab.inside("pn"), sys.executable, "-m", "benchmarks.reseaux.naive",
             self._address, str(self._tls.certificate), str(self._tls.key)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        assert self._process.stdin is not None  # noqa: S101
        assert self._process.stdout is not None  # noqa: S101
        self._process.stdin.write(json.dumps(self._servers) + "\n")
        self._process.stdin.flush()
        if not self._process.stdout.readline():
            raise RuntimeError("the naive server did not start")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @contextmanager
    def cold(self) -> Iterator[tuple[NaiveCall, dict[str, Any]]]:
        """One has joined; the other has the page open, and clicks."""
        self.start()
        call = NaiveCall(self, self._browsers)
        try:
            for page in call.pages:
                page.goto(f"https://{self._address}/naive.html")
            call.pages[0].get_by_role("button").click()
            call.pages[0].get_by_text("joined").wait_for(timeout=PATIENCE * 1000)
            since = now(call.pages[1])
            call.pages[1].get_by_role("button").click()
            yield call, {"cold": pictures(call.pages, since, "admit-sent")}
        finally:
            with suppress(Error):
                for page in call.pages:
                    page.context.close()
            self.kill()

    #: It knows no waiting room.
    warm = cold
