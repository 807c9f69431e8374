"""From the link to the picture, step by step, warm and cold: which step a regression is in.

Nothing here fails for being slow (machines are shared); the order of the steps must hold. `make
bench-admission` prints the table; docs/performance.md keeps it with its date.
"""

from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest
from people import Assure, Medecin
from playwright.sync_api import Page
from product import Product

STEPS = (
    "script", "socket", "snapshot", "capture", "local-description", "first-candidate",
    "ice", "dtls", "admit-sent", "admit-received", "first-frame",
)  # fmt: skip
ROUNDS = 3


def marks(page: Page) -> dict[str, float]:
    """The first time of each step, in ms of the machine's clock."""
    found: list[list[object]] = page.evaluate(
        """performance.getEntriesByType('mark').filter((m) => m.name.startsWith('tc:'))
             .map((m) => [m.name.slice(3), performance.timeOrigin + m.startTime])"""
    )
    found.append(["html", page.evaluate("performance.timeOrigin")])
    first: dict[str, float] = {}
    for name, at in found:
        first.setdefault(str(name), float(str(at)))
    return first


def frames_shown(person: Assure | Medecin) -> None:
    person.page.wait_for_function(
        "() => performance.getEntriesByName('tc:first-frame').length > 0", timeout=20_000
    )


def meet_warm(assure: Assure, medecin: Medecin) -> None:
    """The doctor is there, the connection is ready, then the click."""
    medecin.open_console()
    assure.wait()
    assure.connection_ready()
    medecin.admit()


def meet_cold(assure: Assure, medecin: Medecin) -> None:
    """The doctor opens the console when the assuré waits already, and clicks at once."""
    assure.wait()
    medecin.page.goto(medecin.login)
    medecin.admit()


@pytest.mark.row("CO-01")
@pytest.mark.parametrize("meet", [meet_warm, meet_cold])
def test_each_step_of_the_way_to_the_picture_is_there_and_in_order(
    meet: Callable[[Assure, Medecin], None],
    product: Product,
    new_page: Callable[..., Page],
    capsys: pytest.CaptureFixture[str],
    record_property: Callable[[str, object], None],
) -> None:
    doctor = product.appointments[0]["medecin_id"]
    rounds = []
    for appointment in product.appointments_of(doctor)[:ROUNDS]:
        assure = Assure(new_page(360, 640), appointment)
        medecin = Medecin(new_page(), product.login_of(appointment))
        meet(assure, medecin)
        frames_shown(assure)
        frames_shown(medecin)
        rounds.append((marks(assure.page), marks(medecin.page)))
        medecin.end()
        assure.page.context.close()
        medecin.page.context.close()

    for theirs, ours in rounds:
        for steps in (theirs, ours):
            assert steps["html"] < steps["socket"] < steps["snapshot"]
            assert steps["local-description"] < steps["ice"] <= steps["dtls"]
            assert steps["dtls"] < steps["first-frame"]
        if meet is meet_warm:
            assert max(theirs["dtls"], ours["dtls"]) < ours["admit-sent"]
        assert ours["admit-sent"] <= theirs["admit-received"]

    with capsys.disabled():
        print(table(meet.__name__.removeprefix("meet_"), rounds))


def table(name: str, rounds: list[tuple[dict[str, float], dict[str, float]]]) -> str:
    """Medians in ms: each step since the page's HTML, and the picture since the click."""
    lines = [f"\n{name}: ms since the page's own HTML (median of {len(rounds)})"]
    for step in STEPS:
        cells = []
        for side in (0, 1):
            seen = [r[side][step] - r[side]["html"] for r in rounds if step in r[side]]
            cells.append(f"{median(seen):8.0f}" if seen else "       -")
        lines.append(f"  {step:<18} assuré {cells[0]}   médecin {cells[1]}")
    for side, who in ((0, "assuré"), (1, "médecin")):
        waits = [r[side]["first-frame"] - r[1]["admit-sent"] for r in rounds]
        lines.append(
            f"  click « Admettre » to first remote frame, {who}: median {median(waits):.0f} ms, "
            f"worst {max(waits):.0f} ms"
        )
    return "\n".join(lines)


def test_the_join_page_is_small(
    product: Product, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    """Bytes and requests of the join page, as they travel; ceilings of performance.md."""
    page = new_page(360, 640)
    page.goto(product.appointments[0]["lien"])
    page.get_by_role("button", name="Continuer").wait_for()
    page.wait_for_load_state("networkidle")

    # Usable as soon as the link's state is there; who goes no further fetches nothing more.
    welcome = fetched(page)
    assert sum(size for _, size in welcome) < 22_000, welcome
    assert len(welcome) <= 11, welcome

    # The room's modules come while one waits for the code and types it.
    page.get_by_role("button", name="Continuer").click()
    page.get_by_label("Code reçu par SMS").wait_for()
    everything = settled(page, "/people.js")
    assert sum(size for _, size in everything) < 84_000, everything
    assert len(everything) <= 43, everything
    assert all(name.startswith(product.ready["base"]) for name, _ in everything)


def settled(page: Page, last: str) -> list[tuple[str, int]]:
    """All that was fetched, once `last` has come and then nothing for a second: modules name other
    modules, and the network is idle between them."""
    before: list[tuple[str, int]] = []
    for _ in range(30):
        page.wait_for_timeout(1_000)
        now = fetched(page)
        if now == before and any(name.endswith(last) for name, _ in now):
            return now
        before = now
    raise AssertionError(before)


def fetched(page: Page) -> list[tuple[str, int]]:
    """Each address and what came of it, in bytes as they travel."""
    found: list[list[object]] = page.evaluate(
        """['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type))
             .map((e) => [e.name, e.encodedBodySize])"""
    )
    return [(str(name), int(str(size))) for name, size in found]
