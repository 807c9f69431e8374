"""The rules of sound before picture, without a call: what is seen of a network, what is sent."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

WEB_CLIENT = Path(__file__).parents[2] / "web-client"
SITE = "https://telecontrole.test"

pytestmark = pytest.mark.row("CO-03")

#: A network of so many kbit/s, as the browser sees it: what it believes follows what is sent.
LADDER = """async (networks) => {
  const { Ladder } = await import('./sending.js');
  const ladder = new Ladder();
  const seen = [];
  let at = 0;
  for (const { seconds, ...look } of networks)
    for (let i = 0; i < seconds; i++) {
      const move = ladder.look({ available: null, loss: 0, rtt: 40, ...look });
      at++;
      if (move) seen.push([at, move, ladder.paused ? 0 : ladder.picture.bitrate / 1000]);
    }
  return seen;
}"""


def served(route: Route) -> None:
    name = route.request.url.removeprefix(f"{SITE}/")
    if name:
        route.fulfill(path=WEB_CLIENT / name, content_type="text/javascript")
    else:
        route.fulfill(body="<!doctype html><title>rules</title>", content_type="text/html")


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    one = browser.new_page()
    one.route(f"{SITE}/**", served)
    one.goto(f"{SITE}/")
    yield one
    one.close()


def moves(page: Page, *networks: dict[str, Any]) -> list[tuple[int, str, int]]:
    """(second, move, kbit/s of the picture from then on; 0: paused)."""
    return [(at, move, kbits) for at, move, kbits in page.evaluate(LADDER, list(networks))]


GOOD: dict[str, Any] = {"seconds": 20, "available": 2_000_000}


def test_a_good_network_changes_nothing(page: Page) -> None:
    assert moves(page, {"seconds": 120, "available": 2_000_000, "loss": 0.02}) == []


def test_a_cautious_beginning_of_the_browser_is_not_a_slow_network(page: Page) -> None:
    beginning = [{"seconds": 2, "available": 300_000}, {"seconds": 3, "available": 700_000}]

    assert moves(page, *beginning, GOOD) == []


def test_a_slower_network_gets_the_step_that_fits_within_three_seconds(page: Page) -> None:
    at, move, kbits = moves(page, GOOD, {"seconds": 10, "available": 240_000})[0]

    assert (move, kbits) == ("down", 250)
    assert at - 20 <= 3


@pytest.mark.parametrize("loss", [0.0, 0.05])
def test_under_the_floor_the_picture_is_paused_within_three_seconds(
    page: Page, loss: float
) -> None:
    found = moves(page, GOOD, {"seconds": 8, "available": 75_000, "loss": loss, "rtt": 300})

    assert [move for _, move, _ in found] == ["pause"]
    assert found[0][0] - 20 <= 3


def test_at_the_beginning_of_a_call_a_queue_that_fills_is_enough(page: Page) -> None:
    slow = [{"seconds": 3, "available": 300_000}, {"seconds": 4, "available": 90_000, "rtt": 900}]

    found = moves(page, *slow)

    assert found[-1][1] == "pause"
    assert found[-1][0] <= 5


def test_the_picture_comes_back_with_room_for_it_and_climbs_by_steps(page: Page) -> None:
    found = moves(
        page, GOOD, {"seconds": 10, "available": 75_000}, {"seconds": 60, "available": 600_000}
    )

    assert [(move, kbits) for _, move, kbits in found[1:4]] == [
        ("up", 120),
        ("up", 250),
        ("up", 600),
    ]
    paused, back, higher = (at for at, _, _ in found[:3])
    assert 8 <= back - paused <= 15
    assert higher - back >= 5


def test_a_trial_that_fails_is_not_repeated_each_few_seconds(page: Page) -> None:
    """Five minutes of a network that carries the voice alone, as the browser cannot tell."""
    found = moves(page, GOOD, *[{"seconds": 10, "available": 75_000}] * 30)

    pauses = [at for at, move, _ in found if move == "pause"]
    gaps = [b - a for a, b in pairwise(pauses)]
    assert len(pauses) <= 8
    assert gaps == sorted(gaps), "longer each time"


def test_a_browser_that_believes_nothing_is_judged_by_loss_and_delay(page: Page) -> None:
    lossy = moves(page, {"seconds": 20}, {"seconds": 20, "loss": 0.3})
    delayed = moves(page, {"seconds": 20}, {"seconds": 20, "rtt": 1500})

    assert lossy[-1][1] == delayed[-1][1] == "pause"
    assert moves(page, {"seconds": 20}, {"seconds": 20, "loss": 0.05}) == []


def test_saving_data_lowers_the_best_step_and_the_volume_that_is_announced(page: Page) -> None:
    said = page.evaluate(
        """async () => {
          const { Ladder, volume } = await import('./sending.js');
          const ladder = new Ladder();
          const changed = ladder.save(true);
          for (let i = 0; i < 60; i++) ladder.look({ available: 5e6, loss: 0, rtt: 20 });
          const { bitrate } = ladder.picture;
          return { changed, bitrate, volumes: [volume(20, true), volume(20, false)] };
        }"""
    )

    assert said == {"changed": True, "bitrate": 250_000, "volumes": [100, 470]}


# --- what is said of it -------------------------------------------------------------------------

JUDGE = """async (looks) => {
  const { Opinion, judge } = await import('./quality.js');
  const opinion = new Opinion();
  const base = { lossUp: 0, lossDown: 0, rtt: 40, concealed: 0, limited: '', sentFps: 30,
    sentWidth: 640 };
  const said = [];
  looks.forEach(([times, seen, state], i) => {
    for (let n = 0; n < times; n++)
      if (opinion.hear(judge({ ...base, ...seen }, state)))
        said.push([i, n + 1, opinion.verdict.level, opinion.verdict.cause]);
  });
  return said;
}"""


@pytest.mark.parametrize(
    ("seen", "state", "level", "cause"),
    [
        ({"lossDown": 0.06}, {}, "fair", "loss"),
        ({"lossUp": 0.2}, {}, "poor", "loss"),
        ({"concealed": 0.2}, {}, "poor", "loss"),
        ({"rtt": 500}, {}, "fair", "delay"),
        ({"rtt": 1200, "lossUp": 0.06}, {}, "poor", "delay"),
        ({"limited": "cpu"}, {}, "fair", "cpu"),
        ({"limited": "bandwidth", "sentWidth": 160}, {}, "fair", "bitrate"),
        ({}, {"paused": True}, "poor", "bitrate"),
    ],
)
def test_each_trouble_has_its_word_and_its_cause(
    page: Page, seen: dict[str, Any], state: dict[str, Any], level: str, cause: str
) -> None:
    said = page.evaluate(JUDGE, [[5, seen, state]])

    assert said == [[0, 3, level, cause]], "said once, after three seconds of it"


def test_nothing_is_said_of_a_hiccup_and_what_is_said_does_not_flicker(page: Page) -> None:
    bad, fine = {"lossDown": 0.2}, {"lossDown": 0.0}
    hiccups = [[2, bad, {}], [1, fine, {}]] * 10
    trouble = [[4, bad, {}], [5, fine, {}], [1, bad, {}], [12, fine, {}]]

    assert page.evaluate(JUDGE, hiccups) == []
    assert page.evaluate(JUDGE, trouble) == [[0, 3, "poor", "loss"], [3, 6, "good", ""]]


def test_what_was_measured_becomes_figures_with_their_units(page: Page) -> None:
    """Two looks a second apart, as a browser gives them."""
    sample = page.evaluate(
        """async () => {
          const { Figures } = await import('./figures.js');
          const look = (n) => new Map([
            { id: 'o', type: 'outbound-rtp', kind: 'video', bytesSent: 25_000 * n,
              framesSent: 20 * n, frameWidth: 320, qualityLimitationReason: 'bandwidth' },
            { id: 'i', type: 'inbound-rtp', kind: 'audio', bytesReceived: 4_000 * n,
              packetsReceived: 45 * n, packetsLost: 5 * n,
              totalSamplesReceived: 48_000 * n, concealedSamples: 4_800 * n,
              silentConcealedSamples: 2_400 * n },
            { id: 'r', type: 'remote-inbound-rtp', kind: 'video', fractionLost: 0.25,
              roundTripTime: 0.2, timestamp: n },
            { id: 't', type: 'transport', selectedCandidatePairId: 'p' },
            { id: 'p', type: 'candidate-pair', localCandidateId: 'l', remoteCandidateId: 'm',
              currentRoundTripTime: 0.1, availableOutgoingBitrate: 150_000 },
            { id: 'l', type: 'local-candidate', candidateType: 'relay' },
            { id: 'm', type: 'remote-candidate', candidateType: 'host' },
          ].map((one) => [one.id, one]));
          const figures = new Figures();
          return [figures.read(look(1), 1000), figures.read(look(2), 2000)];
        }"""
    )

    assert sample[0] is None
    assert sample[1] == {
        "at": 2000, "up": 200_000, "down": 32_000, "lossUp": 0.25, "lossDown": 0.1, "rtt": 200,
        "available": 150_000, "fps": None, "width": None, "sentFps": 20, "sentWidth": 320,
        "concealed": 0.05, "limited": "bandwidth", "relayed": True,
    }  # fmt: skip


@pytest.mark.row("CO-04")
def test_after_an_outage_the_picture_begins_whole_and_the_outage_is_not_held_against_it(
    page: Page,
) -> None:
    """What the browser believes then is no reason to pause; what was lost is not waited for."""
    found = page.evaluate(
        """async () => {
          const { Watching } = await import('./watching.js');
          const shaped = [];
          class Call extends EventTarget {
            transport = 'flowing';
            flows = true;
            state = { phase: 'admitted', held: [] };
            shape(picture) { shaped.push(picture); }
            talk() {}
            async stats() {
              return new Map([['p', { id: 'p', type: 'candidate-pair', selected: true,
                availableOutgoingBitrate: 5_000 }]]);
            }
            says(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
          }
          const call = new Call();
          const watching = new Watching(call);
          call.says('transport', 'flowing');
          const first = shaped.length;
          call.flows = false;
          call.says('flows', false);
          await new Promise((done) => setTimeout(done, 4_500));
          call.flows = true;
          call.says('flows', true);
          call.says('transport', 'lost');
          call.says('transport', 'ready');
          const before = shaped.length;
          call.says('transport', 'flowing');
          call.says('closed');
          return { first, before, shaped, paused: watching.paused };
        }"""
    )

    whole = {"bitrate": 1_500_000, "scale": 1, "active": True, "whole": True}
    assert found == {"first": 0, "before": 1, "shaped": [whole, whole], "paused": False}


@pytest.mark.row("CO-04")
def test_with_no_interface_the_service_is_tried_again_soon_and_not_for_ever(page: Page) -> None:
    tried = page.evaluate(
        """async () => {
          const { Mending } = await import('./mending.js');
          let tries = 0;
          const mending = new Mending({
            offers: false, path: () => 'lost', online: () => false, there: () => true,
            ask: async () => {}, offer: async () => {}, probe: async () => {}, despair() {},
            // An attempt fails at once, and says so.
            reconnect() { tries++; queueMicrotask(() => mending.unreached()); },
          });
          mending.unreached();
          await new Promise((done) => setTimeout(done, 3_200));
          const soon = tries;
          await new Promise((done) => setTimeout(done, 12_000));
          mending.stop();
          return [soon, tries];
        }"""
    )

    # Every 0.6 s for some ten seconds, then every 3 s.
    assert 3 <= tried[0] <= 6
    assert 14 <= tried[1] <= 20
