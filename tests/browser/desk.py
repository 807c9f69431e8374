"""A desk where cameras and microphones are plugged in and out under the page: what a browser with
fake devices cannot do while it runs."""

from typing import Any, Literal

from people import Person

Kind = Literal["audio", "video"]

#: Wraps the browser's own devices: what is there is real, what is not there is not found.
DESK = """
window.__desk = { audio: true, video: true, label: '', tracks: [], contexts: [], answered: null };
{
  const media = navigator.mediaDevices;
  const open = media.getUserMedia.bind(media);
  const list = media.enumerateDevices.bind(media);
  const clone = MediaStreamTrack.prototype.clone;
  media.getUserMedia = async (wanted) => {
    await __desk.answered;
    for (const kind of ['audio', 'video'])
      if (wanted[kind] && !__desk[kind]) throw new DOMException('none', 'NotFoundError');
    const stream = await open(wanted);
    __desk.tracks.push(...stream.getTracks());
    return stream;
  };
  media.enumerateDevices = async () =>
    (await list()).filter(({ kind }) => kind === 'audiooutput' || __desk[kind.slice(0, 5)]);
  MediaStreamTrack.prototype.clone = function () {
    const copy = clone.call(this);
    __desk.tracks.push(copy);
    return copy;
  };
  const label = Object.getOwnPropertyDescriptor(MediaStreamTrack.prototype, 'label').get;
  Object.defineProperty(MediaStreamTrack.prototype, 'label', {
    get() { return (this.kind === 'video' && __desk.label) || label.call(this); } });
  window.AudioContext = class extends AudioContext {
    constructor(...all) { super(...all); __desk.contexts.push(this); }
  };
  __desk.ask = () => {
    __desk.answered = new Promise((done) => (__desk.answer = done));
  };
  __desk.end = (kind) => {
    for (const track of __desk.tracks)
      if (track.kind === kind && track.readyState === 'live') {
        track.stop();
        track.dispatchEvent(new Event('ended'));
      }
  };
  __desk.have = (kind, there) => {
    __desk[kind] = there;
    if (!there) __desk.end(kind);
    media.dispatchEvent(new Event('devicechange'));
  };
}
"""


def without(*kinds: Kind) -> str:
    """The desk, with none of these on it."""
    return DESK + "".join(f"__desk.{kind} = false;" for kind in kinds)


class Desk:
    """The desk of one page."""

    def __init__(self, person: Person) -> None:
        self.page = person.page

    def unplug_one(self, kind: Kind) -> None:
        """The device in use is pulled out; others are still there."""
        self.page.evaluate("(kind) => __desk.end(kind)", kind)

    def unplug_all(self, kind: Kind) -> None:
        self.page.evaluate("(kind) => __desk.have(kind, false)", kind)

    def plug_in(self, kind: Kind) -> None:
        self.page.evaluate("(kind) => __desk.have(kind, true)", kind)

    def ask(self) -> None:
        """From now on the browser's question stays without an answer."""
        self.page.evaluate("() => __desk.ask()")

    def answer(self) -> None:
        """« Autoriser », to all that was asked."""
        self.page.evaluate("() => __desk.answer()")

    def live(self) -> int:
        """Captured tracks, copies too, that are still open: a light is on."""
        return self.count("tracks.filter((t) => t.readyState === 'live')")

    def listening(self) -> int:
        return self.count("contexts.filter((c) => c.state !== 'closed')")

    def count(self, what: str) -> int:
        return int(self.page.evaluate(f"__desk.{what}.length"))


def negotiated(person: Person) -> Any:
    """What was negotiated; the same before and after: nothing was negotiated between."""
    return person.page.evaluate(
        "() => [__watch.peers.length, __watch.peers.at(-1).currentLocalDescription.sdp]"
    )
