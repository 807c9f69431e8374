"""What two pages say to each other and to the service, watched and disturbed from within."""

from collections.abc import Callable
from typing import Any

from people import Person
from playwright.sync_api import Page, Request, WebSocket
from product import Product

#: Kept by name, what is said on them, and a channel that is full once `__full` bytes went by it.
CHANNELS = """
window.__channels = {};
window.__told = [];
window.__bytes = 0;
window.__full = Infinity;
const create = RTCPeerConnection.prototype.createDataChannel;
RTCPeerConnection.prototype.createDataChannel = function (label, ...more) {
  const one = create.call(this, label, ...more);
  __channels[label] = one;
  return one;
};
const send = RTCDataChannel.prototype.send;
RTCDataChannel.prototype.send = function (data) {
  if (typeof data === 'string') __told.push(this.label + ' ' + data);
  else __bytes += data.byteLength;
  return send.call(this, data);
};
const waiting = Object.getOwnPropertyDescriptor(RTCDataChannel.prototype, 'bufferedAmount').get;
Object.defineProperty(RTCDataChannel.prototype, 'bufferedAmount', {
  get() { return __bytes > __full ? 1e9 : waiting.call(this); },
});
// As a channel that empties: whoever has begun to wait for it is told.
window.__empties = () => {
  __full = Infinity;
  for (const one of Object.values(__channels)) one.dispatchEvent(new Event('bufferedamountlow'));
};
"""
#: A module of the page, the same one that it runs itself.
MODULE = """(name) => import(new URL(name, document.querySelector('script[type=module]').src))"""


def told(person: Person, channel: str) -> list[str]:
    """The texts that this page sent on that channel."""
    everything: list[str] = person.page.evaluate("__told")
    return [one.partition(" ")[2] for one in everything if one.startswith(channel + " ")]


def ask_for(person: Person, what: str) -> None:
    """The assuré asks for another path: `failed` (an ICE restart), `fresh` (a new connection)."""
    person.page.evaluate(
        f"async (what) => {{ const {{ stage }} = await ({MODULE})('./tools.js');"
        " await stage.call.ask('renegotiate', { reason: what }) }",
        what,
    )


def until(person: Person, condition: str) -> None:
    """The page's policy lets Playwright evaluate, not poll by itself."""
    for _ in range(200):
        if person.page.evaluate(condition):
            return
        person.page.wait_for_timeout(50)
    raise AssertionError(condition)


def both_flow(person: Person) -> None:
    """The service has heard from both pages that the other's picture or voice comes."""
    until(
        person,
        f"({MODULE})('./tools.js').then(({{ stage: {{ call }} }}) =>"
        " ['assure', 'medecin_conseil'].every((one) =>"
        " call?.state?.[one].transport === 'flowing'))",
    )


def connections(person: Person) -> int:
    return int(person.page.evaluate("__watch.peers.length"))


class Wire:
    """All that a page sends to the service and gets from it: requests, and frames of its socket."""

    def __init__(self, page: Page) -> None:
        self.said: list[str] = []
        page.on("request", self._request)
        page.on("websocket", self._socket)

    def _request(self, request: Request) -> None:
        self.said.append(f"{request.url} {request.post_data or ''}")

    def _socket(self, socket: WebSocket) -> None:
        keep: Callable[[Any], None] = lambda frame: self.said.append(str(frame))  # noqa: E731
        socket.on("framesent", keep)
        socket.on("framereceived", keep)

    def holds(self, word: str) -> bool:
        return any(word in one for one in self.said)


def kept_by(product: Product, *words: str) -> list[str]:
    """Where the service holds one of these: its log and every file of its data."""
    files = [product.log, *(one for one in product.data_dir.rglob("*") if one.is_file())]
    return [one.name for one in files for word in words if word.encode() in one.read_bytes()]
