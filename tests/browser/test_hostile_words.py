"""Names, notes, files and devices that are markup or turn the text around: shown, never obeyed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hostile_words import CORPUS, ELSEWHERE, MARK, MARKUP, WRITING
from people import Assure, Medecin
from playwright.sync_api import Page, expect
from product import Product
from secretary import Agent

SEED = str(Path(__file__).with_name("hostile_words.py"))
#: Called by what is run: counts, and the devices are called so too.
TRAPS = f"""
window.__hits = [];
window.{MARK} = () => __hits.push('run');
for (const name of ['alert', 'confirm', 'prompt', 'print', 'open'])
  window[name] = () => {{ __hits.push(name); return null; }};
const names = {json.dumps(list(MARKUP))};
const listed = navigator.mediaDevices?.enumerateDevices.bind(navigator.mediaDevices);
if (listed) navigator.mediaDevices.enumerateDevices = async () => (await listed()).map(
  (one, index) => ({{ kind: one.kind, deviceId: one.deviceId, groupId: one.groupId,
                     label: names[index % names.length] }}));
"""
#: What none of our pages has by itself.
INSERTED = f"""() => [
  ...document.querySelectorAll(
    '.{MARK}, base, object, embed, form[action*="{ELSEWHERE}"], [style*="inset"], iframe[srcdoc],'
    + ' script:not([src]), a[href^="javascript:" i], [src*="{ELSEWHERE}"], [href*="{ELSEWHERE}"]'),
  ...[...document.querySelectorAll('*')].filter(
    (one) => [...one.attributes].some((a) => a.name.startsWith('on'))),
].map((one) => one.outerHTML.slice(0, 120))"""

WIDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"


class Watched:
    """Every page of a test, and what happened on it that should not."""

    def __init__(self) -> None:
        self.views: list[str] = []
        self.wrong: list[str] = []

    def trap(self, page: Page) -> Page:
        page.context.add_init_script(TRAPS)
        page.on("dialog", lambda dialog: (self.wrong.append(dialog.message), dialog.dismiss()))
        page.on("request", self._asked)
        return page

    def _asked(self, request: Any) -> None:
        if ELSEWHERE in request.url and "?" not in request.url and "#" not in request.url:
            self.wrong.append(request.url)

    def look(self, page: Page, view: str) -> None:
        """Nothing ran, nothing was inserted, nothing had to be blocked; no word is too long."""
        self.views.append(view)
        hits = page.evaluate("() => [...__hits, ...__watch.violations]")
        self.wrong += [f"{view}: {one}" for one in [*hits, *page.evaluate(INSERTED)]]
        if page.evaluate(WIDE):
            self.wrong.append(f"{view}: a long word widens the page")


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    """The demo of people with such names, one télécontrôle each."""
    running = Product(tmp_path, "--telecontroles", str(len(CORPUS)))
    running.entry = (SEED,)
    running.start()
    yield running
    running.stop()
    log = running.log.read_text()
    assert "request_failed" not in log
    assert MARK not in log


@pytest.fixture
def watched() -> Watched:
    return Watched()


def told(watched: Watched, record_property: Callable[[str, object], None]) -> None:
    record_property("payloads", len(CORPUS))
    record_property("views", len(watched.views))
    print(f"{len(CORPUS)} payloads × {len(watched.views)} views: {len(watched.wrong)} executed")
    assert watched.wrong == []


@pytest.mark.row("SP-06")
def test_these_words_are_obeyed_by_a_page_without_our_rules(
    new_page: Callable[..., Page], watched: Watched
) -> None:
    page = watched.trap(new_page(1440, 900))
    page.goto("about:blank")
    ran = 0

    for one in (one for one in MARKUP if "refresh" not in one):
        page.set_content(f"<body>{one}")
        watched.look(page, one)
        ran += page.evaluate("__hits.splice(0).length > 0")

    assert ran >= 6
    assert len(watched.wrong) > len(MARKUP)


# --- the agent ----------------------------------------------------------------------------------


@pytest.mark.row("SP-06")
def test_no_word_is_obeyed_on_the_agent_s_console(
    product: Product, new_page: Callable[..., Page], watched: Watched, record_property: Any
) -> None:
    page = watched.trap(new_page(1440, 900))
    agent = Agent(page, product.ready["base"])
    agent.open_console()
    expect(page.locator("#list tr[data-id]").first).to_be_visible()

    watched.look(page, "list")
    shown = page.locator("#list tr[data-id]").all_inner_texts()
    for one in product.appointments:
        page.goto(f"{agent.base}/agent?tc={one['id']}")
        expect(agent.panel.get_by_role("heading", name="Messages")).to_be_visible()
        watched.look(page, f"panel of {one['assure']}")
    page.get_by_role("button", name="Voir le texte").first.click()
    expect(page.locator("#text-body")).not_to_be_empty()
    watched.look(page, "text of a message")
    for one in CORPUS[:4]:
        page.goto(f"{agent.base}/agent?vue=liste")
        page.get_by_label("Nom, référence ou code").fill(one)
        page.wait_for_load_state("networkidle")
        watched.look(page, "search")
    for view in ("envois", "planifier", "absences"):
        page.goto(f"{agent.base}/agent?vue={view}&q={quote(MARKUP[1])}&tc={quote(MARKUP[2])}")
        expect(page.locator(f'[data-view-name="{view}"] h1')).to_be_visible()
        page.wait_for_load_state("networkidle")
        watched.look(page, view)
    import_of(page, agent.base)
    watched.look(page, "import")

    assert any(MARKUP[0] in row for row in shown)
    told(watched, record_property)


def import_of(page: Page, base: str) -> None:
    """A file whose name and every cell are such words."""
    page.goto(f"{base}/agent?vue=importer")
    # Nobody can choose a file before it is shown; Playwright can.
    expect(page.get_by_role("heading", name="Importer des télécontrôles")).to_be_visible()
    head = "civility;name;context;doctor;start;mail;phone;address;language;reference"
    lines = [
        ";".join(f'"{one.replace(chr(34), chr(34) * 2)}"' for _ in range(10)) for one in CORPUS
    ]
    content = "\r\n".join((head, *lines))
    page.get_by_label("Fichier CSV ou JSON").set_input_files(
        {"name": f"{MARKUP[1]}.csv", "mimeType": "text/csv", "buffer": content.encode()}
    )
    expect(page.locator("#import-lines tr").first).to_be_visible()


# --- the médecin-conseil and the assuré ---------------------------------------------------------


@pytest.mark.row("SP-06")
def test_no_word_is_obeyed_on_the_doctor_s_console(
    product: Product, new_page: Callable[..., Page], watched: Watched, record_property: Any
) -> None:
    page = watched.trap(new_page(1440, 900))
    first = product.appointments[0]
    page.goto(product.ready["console"])
    expect(page.locator("#login-offer li").first).to_be_visible()
    watched.look(page, "login")
    page.goto("about:blank")
    medecin = Medecin(page, product.login_of(first))
    medecin.open_console()
    watched.look(page, "day")

    if medecin.button("Toute la journée").is_visible():
        medecin.click("Toute la journée")
    mine = product.appointments_of(first["medecin_id"])
    for one in mine:
        page.locator(f'[data-id="{one["id"]}"] .row-main').click()
        note = page.get_by_label("Notes médicales sur ce télécontrôle")
        expect(note).to_be_editable()
        note.fill("\n".join(CORPUS))
        expect(page.locator("#note-state")).to_contain_text("Enregistré à")
        watched.look(page, f"details of {one['assure']}")
    other = next(one for one in product.appointments if one["medecin_id"] != first["medecin_id"])
    Medecin(watched.trap(new_page(1440, 900)), product.login_of(other)).open_console()
    medecin.click("Confier à un confrère")
    expect(page.get_by_label("Confrère", exact=True)).to_contain_text("<")
    watched.look(page, "handing over")

    assert len(mine) > 10
    told(watched, record_property)


@pytest.mark.row("SP-06")
def test_no_word_is_obeyed_on_the_assure_s_pages(
    product: Product, new_page: Callable[..., Page], watched: Watched, record_property: Any
) -> None:
    page = watched.trap(new_page(360, 640))
    base = product.ready["base"]
    assure = Assure(page, product.appointments[0])
    assure.follow_link()
    watched.look(page, "link")
    assure.prove_identity()
    expect(assure.button("J'ai lu et je continue")).to_be_visible()
    watched.look(page, "information")
    assure.prepare()
    camera = page.get_by_label("Caméra", exact=True)
    expect(camera.locator("option").first).to_contain_text("<")
    watched.look(page, "devices")
    assure.click("Entrer dans la salle d'attente")
    expect(page.get_by_role("heading", name="salle d'attente")).to_be_visible()
    watched.look(page, "waiting room")
    for address in ("/rdv", "/console", "/agent", "/attestation", "/verifier", "/demo/envois"):
        for one in (MARKUP[1], MARKUP[7], WRITING[0]):
            page.goto("about:blank")
            page.goto(f"{base}{address}?x={quote(one)}#{quote(one, safe='')}")
            page.wait_for_load_state("networkidle")
            watched.look(page, address)

    told(watched, record_property)


# --- the direction of a line --------------------------------------------------------------------

#: Where a name stands on a line, and where what follows it begins and ends.
ORDER = """([tag, name]) => {
  const line = document.createElement('p');
  const typed = document.createElement(tag);
  typed.textContent = name;
  line.append('Rendez-vous de ', typed, ' 12 12:30 (3)');
  document.querySelector('main').append(line);
  const range = document.createRange();
  range.selectNodeContents(typed.nextSibling);
  const [mine, next] = [typed.getBoundingClientRect(), range.getBoundingClientRect()];
  line.remove();
  return mine.right <= next.left + 1 || mine.bottom <= next.bottom - 1;
}"""


@pytest.mark.row("SP-06")
def test_a_name_that_turns_the_text_around_leaves_its_neighbours_where_they_are(
    product: Product, new_page: Callable[..., Page]
) -> None:
    page = new_page(1440, 900)
    page.goto(product.ready["base"])

    on_one_line = [one for one in WRITING if len(one) < 120]
    turned = {
        tag: [one for one in on_one_line if not page.evaluate(ORDER, [tag, one])]
        for tag in ("strong", "a", "span", "u")
    }

    # style.css says nothing of <u>: there, the same names do turn what follows them.
    assert turned.pop("u")
    assert turned == {"strong": [], "a": [], "span": []}
