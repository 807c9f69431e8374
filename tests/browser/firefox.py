"""Debian's Firefox, driven by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/) alone.

Playwright drives a Firefox of its own making, which Debian does not have. What is here is what a
person does: open a page, press what has a name, type, look.
"""

import asyncio
import json
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

FIREFOX = "/usr/bin/firefox-esr"
#: A camera and a microphone that are none, given without a question; no word to its makers.
PREFERENCES: dict[str, object] = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "intl.accept_languages": "fr-FR, fr",
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "extensions.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
}
#: Seconds.
START, ANSWER, PATIENCE = 60.0, 30.0, 40.0


class Refused(Exception):
    """What Firefox answered instead."""


class Firefox:
    """One running browser. Its socket has a loop of its own: Playwright keeps this thread's."""

    def __init__(self, profile: Path) -> None:
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFERENCES.items()]
        (profile / "user.js").write_text("\n".join(lines) + "\n")
        self._process = subprocess.Popen(
            [FIREFOX, "--headless", "--no-remote", "--remote-debugging-port", "0",
             "--profile", str(profile)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def start(self) -> None:
        address = self._address()
        # What it goes on saying must be read, or it stops.
        threading.Thread(target=lambda: list(self._process.stderr or ()), daemon=True).start()
        self._run(self._connect(f"{address}/session"))
        self.ask("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})

    def _address(self) -> str:
        until = time.monotonic() + START
        for line in self._process.stderr or ():
            if found := re.search(r"listening on (ws://\S+)", line):
                return found[1]
            assert time.monotonic() < until, "Firefox did not start"
        raise AssertionError("Firefox ended")

    def ask(self, method: str, **parameters: object) -> Any:
        return self._run(self._ask(method, parameters))

    def page(self, script: str) -> "FirefoxPage":
        """A new tab; `script` runs in it before those of any page."""
        user = self.ask("browser.createUserContext")["userContext"]
        context = self.ask("browsingContext.create", type="tab", userContext=user)["context"]
        self.ask(
            "script.addPreloadScript", functionDeclaration=f"() => {{ {script} }}",
            contexts=[context],
        )  # fmt: skip
        return FirefoxPage(self, context)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)
        self._run(self._session.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if self._process.stderr is not None:
            self._process.stderr.close()

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START + ANSWER)

    async def _connect(self, address: str) -> None:
        self._session = aiohttp.ClientSession()
        self._socket = await self._session.ws_connect(address, max_msg_size=0)
        self._reader = self._loop.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            said = json.loads(message.data)
            waiting = self._answers.pop(said.get("id") or 0, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(said)

    async def _ask(self, method: str, parameters: dict[str, object]) -> Any:
        number = next(self._numbers)
        answer = self._answers[number] = self._loop.create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        said = await asyncio.wait_for(answer, ANSWER)
        if said["type"] == "error":
            raise Refused(f"{method}: {said['error']}: {said['message']}")
        return said["result"]


class FirefoxPage:
    """One tab, as a person uses it."""

    def __init__(self, firefox: Firefox, context: str) -> None:
        self._firefox = firefox
        self._context = context

    def goto(self, url: str) -> None:
        self._firefox.ask(
            "browsingContext.navigate", context=self._context, url=url, wait="interactive"
        )

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited; as JSON."""
        answer = self._firefox.ask(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})))()",
            target={"context": self._context},
            awaitPromise=True,
        )
        if answer["type"] == "exception":
            raise Refused(answer["exceptionDetails"]["text"])
        text = answer["result"].get("value")
        return None if text is None else json.loads(text)

    def until(self, expression: str) -> Any:
        """Its value, once that is something."""
        until = time.monotonic() + PATIENCE
        while not (value := self.evaluate(expression)):
            seen = self.evaluate("document.body.innerText.slice(0, 600)")
            assert time.monotonic() < until, f"{expression} never came; the page says: {seen}"
            time.sleep(0.1)
        return value

    def click(self, name: str, role: str = "button") -> None:
        """Press what has that name, where it is."""
        node = self._named(role, name)
        self._firefox.ask(
            "input.performActions",
            context=self._context,
            actions=[
                {
                    "type": "pointer",
                    "id": "mouse",
                    "actions": [
                        {"type": "pointerMove", "x": 0, "y": 0,
                         "origin": {"type": "element", "element": {"sharedId": node}}},
                        {"type": "pointerDown", "button": 0},
                        {"type": "pointerUp", "button": 0},
                    ],
                }
            ],
        )  # fmt: skip

    def fill(self, name: str, text: str) -> None:
        self.click(name, role="textbox")
        keys = [{"type": kind, "value": one} for one in text for kind in ("keyDown", "keyUp")]
        self._firefox.ask(
            "input.performActions",
            context=self._context,
            actions=[{"type": "key", "id": "keys", "actions": keys}],
        )

    def see(self, text: str) -> None:
        self.until(f"document.body.innerText.includes({json.dumps(text)})")

    def _named(self, role: str, name: str) -> str:
        until = time.monotonic() + PATIENCE
        while True:
            found = self._firefox.ask(
                "browsingContext.locateNodes",
                context=self._context,
                locator={"type": "accessibility", "value": {"role": role, "name": name}},
                maxNodeCount=1,
            )["nodes"]
            if found:
                self._firefox.ask(
                    "script.callFunction",
                    functionDeclaration="(one) => one.scrollIntoView({ block: 'center' })",
                    arguments=[{"sharedId": found[0]["sharedId"]}],
                    target={"context": self._context},
                    awaitPromise=False,
                )
                return str(found[0]["sharedId"])
            assert time.monotonic() < until, f"no {role} « {name} »"
            time.sleep(0.1)


@contextmanager
def firefox(profile: Path) -> Iterator[Firefox]:
    running = Firefox(profile)
    try:
        running.start()
        yield running
    finally:
        running.stop()
