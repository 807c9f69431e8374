"""What two people write to each other: page to page, seen while it is typed, kept nowhere."""

from collections.abc import Callable

import pytest
from people import Assure, Medecin, Person
from playwright.sync_api import Locator, Page, expect
from product import Product
from test_accessible import Keyboard, sound
from two_pages import CHANNELS, Wire, ask_for, connections, kept_by, told

CANARY = "hérisson-7f3a"
HOSTILE = '<img src=x onerror="__watch.hit=1"> https://zqx.invalid/ \u202egnp.exe'


def log_of(person: Person) -> Locator:
    return person.page.locator("#chat-log")


def field_of(person: Person) -> Locator:
    return person.page.locator("#chat-field")


def write(person: Person, text: str) -> None:
    """As with a keyboard: typed, then Enter."""
    field_of(person).press_sequentially(text)
    person.page.keyboard.press("Enter")


def open_chat(assure: Assure, medecin: Medecin) -> None:
    medecin.click("Écrire")
    assure.page.locator(".more summary").click()
    assure.click("Écrire au médecin")


@pytest.fixture
def wires(assure: Assure, medecin: Medecin) -> list[Wire]:
    for person in (assure, medecin):
        person.page.add_init_script(CHANNELS)
    return [Wire(assure.page), Wire(medecin.page)]


@pytest.fixture
def talking(wires: list[Wire], meeting: tuple[Assure, Medecin]) -> tuple[Assure, Medecin]:
    assure, medecin = meeting
    medecin.admit()
    medecin.sees_the_other()
    return assure, medecin


@pytest.mark.row("CO-07")
def test_both_write_page_to_page_and_nothing_of_it_is_anywhere_else(
    talking: tuple[Assure, Medecin], wires: list[Wire], product: Product
) -> None:
    assure, medecin = talking
    open_chat(assure, medecin)

    write(medecin, f"Bonjour {CANARY}")
    field_of(assure).press_sequentially("une ligne")
    assure.page.keyboard.press("Shift+Enter")
    write(assure, "puis l'autre")

    expect(log_of(assure)).to_contain_text(f"Bonjour {CANARY}")
    expect(log_of(medecin).locator(".theirs .chat-text")).to_have_text("une ligne\npuis l'autre")
    expect(log_of(assure).locator(".mine .chat-state")).to_have_text(", remis")
    expect(log_of(medecin)).to_have_attribute("role", "log")
    expect(field_of(assure)).to_be_focused()

    # What is written is words, whatever they look like.
    field_of(assure).fill(HOSTILE)
    assure.page.keyboard.press("Enter")
    expect(log_of(medecin).locator(".theirs .chat-text").last).to_have_text(HOSTILE)
    assert log_of(medecin).locator("a, img").count() == 0
    assert medecin.page.evaluate("__watch.hit") is None

    # Whoever has closed the panel is told, and finds how many there are.
    medecin.page.get_by_role("button", name="Fermer : Écrire").click()
    write(assure, "Êtes-vous là ?")
    write(assure, "Docteur ?")
    expect(medecin.page.get_by_role("button", name="Écrire 2 messages non lus")).to_be_visible()
    expect(medecin.page.locator("#status")).to_contain_text("L'assuré écrit : Docteur ?")
    medecin.page.get_by_role("button", name="Écrire 2 messages non lus").click()
    expect(field_of(medecin)).to_be_focused()
    expect(medecin.button("Écrire")).to_be_visible()

    # Longer than one message may be, and quicker than a person writes.
    field_of(assure).fill("x" * 1_000)
    assure.page.keyboard.type("yz")
    expect(assure.page.locator("#chat-count")).to_have_text("1000 / 1000")
    for _ in range(12):
        field_of(assure).fill("vite")
        assure.page.keyboard.press("Enter")
    expect(assure.page.locator("#chat-state")).to_contain_text("très vite")
    expect(field_of(assure)).to_have_value("vite")

    assert kept_by(product, CANARY) == []
    assert not any(wire.holds(CANARY) for wire in wires)
    assert any(CANARY in one for one in told(medecin, "conversation"))


@pytest.mark.row("CO-07")
@pytest.mark.parametrize("size", [(360, 640), (820, 900), (820, 1180)])
def test_what_is_pressed_stays_under_the_finger(
    meeting: tuple[Assure, Medecin], size: tuple[int, int]
) -> None:
    """The line that had the focus makes room: after the press that takes the focus from it."""
    assure, medecin = meeting
    assure.page.set_viewport_size({"width": size[0], "height": size[1]})
    medecin.admit()
    assure.click("Personne d'autre")
    expect(assure.button("Modifier")).to_be_focused()
    medecin.click("Écrire")
    write(medecin, "Bonjour")
    said = assure.button("D'accord.")
    said.scroll_into_view_if_needed()
    before = said.bounding_box()

    said.hover()
    assure.page.mouse.down()
    pressed = said.bounding_box()
    assure.page.mouse.up()

    assert before
    assert pressed
    assert abs(pressed["y"] - before["y"]) < 1
    expect(log_of(medecin)).to_contain_text("D'accord.")
    expect(assure.button("Modifier")).to_be_hidden()


@pytest.mark.row("CO-07")
def test_what_is_written_outlives_the_connection_and_what_waits_arrives_once(
    talking: tuple[Assure, Medecin],
) -> None:
    assure, medecin = talking
    open_chat(assure, medecin)
    write(assure, "avant")
    expect(log_of(medecin)).to_contain_text("avant")

    ask_for(assure, "failed")
    write(medecin, "pendant")
    expect(log_of(assure)).to_contain_text("pendant")
    assert connections(assure) == 1

    # No channel, as between two connections: said, kept, sent by itself once there is one.
    assure.page.evaluate("__channels.conversation.close()")
    assure.page.wait_for_function("() => __channels.conversation.readyState === 'closed'")
    write(assure, "sans liaison")
    expect(assure.page.locator("#chat-state")).to_contain_text("remis dès qu'elle est là")
    expect(log_of(assure).locator(".mine .chat-state").last).to_have_text(", pas encore remis")
    assert "sans liaison" not in (log_of(medecin).text_content() or "")
    ask_for(assure, "fresh")

    expect(log_of(medecin)).to_contain_text("sans liaison")
    expect(log_of(assure).locator(".mine .chat-state").last).to_have_text(", remis")
    expect(assure.page.locator("#chat-state")).to_be_hidden()
    assert connections(assure) == connections(medecin) == 2
    for person in (assure, medecin):
        texts = log_of(person).locator(".chat-text").all_text_contents()
        assert texts == ["avant", "pendant", "sans liaison"]


@pytest.mark.row("CO-07")
@pytest.mark.row("AC-02")
def test_who_does_not_speak_writes_from_the_keyboard_and_each_letter_is_seen(
    product: Product, wires: list[Wire], assure: Assure, medecin: Medecin
) -> None:
    link = assure.appointment["lien"]
    assure.page.goto(product.ready["base"] + "/verifier")
    declared = assure.page.evaluate(
        "async (link) => (await fetch('/api/assure/besoins', { method: 'POST',"
        " headers: { 'Content-Type': 'application/json' },"
        " body: JSON.stringify({ link, needs: ['ecrit'] }) })).status",
        link.rpartition("#")[2],
    )
    assert declared < 300
    medecin.open_console()
    assure.wait()
    assure.connection_ready()
    medecin.admit()
    medecin.sees_the_other()

    # On both sides the field is there without being looked for, and the assuré's text is live.
    for person in (assure, medecin):
        expect(field_of(person)).to_be_visible()
        expect(person.page.locator("#chat .chat-code")).to_contain_text("feuille")
    switch = assure.page.get_by_role("switch", name="Texte en temps réel")
    expect(switch).to_have_attribute("aria-checked", "true")
    front = assure.page.locator('section[data-screen="call"] .controls > #chat-open')
    expect(front).to_be_visible()

    theirs = Keyboard(assure)
    theirs.type_into("Votre message au médecin", "Je n'entens")
    expect(medecin.page.locator("#chat-typed")).to_have_text("Je n'entens")
    for _ in range(2):
        assure.page.keyboard.press("Backspace")
    assure.page.keyboard.type("nds pas.")
    expect(medecin.page.locator("#chat-typed")).to_have_text("Je n'entends pas.")
    # A letter is no news for a screen reader, a line is.
    assert medecin.page.locator("#chat-typed").evaluate("(one) => !one.closest('[aria-live]')")
    assert "entends" not in (log_of(medecin).text_content() or "")

    # Another connection in the middle of a sentence: the same sentence, nothing mixed.
    ask_for(assure, "fresh")
    assure.page.wait_for_function("() => __channels.conversation.readyState === 'open'")
    medecin.page.wait_for_function("() => __channels.conversation.readyState === 'open'")
    field_of(assure).press("Home")
    assure.page.keyboard.type("Bonjour. ")
    expect(medecin.page.locator("#chat-typed")).to_have_text("Bonjour. Je n'entends pas.")
    assure.page.keyboard.press("Enter")
    expect(log_of(medecin)).to_contain_text("Bonjour. Je n'entends pas.")
    expect(medecin.page.locator("#chat-typed")).to_have_text("")

    # The other way too, for who reads. Then not any more.
    medecin.page.get_by_role("switch", name="Texte en temps réel").click()
    field_of(medecin).press_sequentially("D'accord, j'éc")
    expect(assure.page.locator("#chat-typed")).to_have_text("D'accord, j'éc")
    medecin.page.get_by_role("switch", name="Texte en temps réel").click()
    expect(assure.page.locator("#chat-typed")).to_be_hidden()
    write(medecin, "ris aussi.")
    expect(log_of(assure)).to_contain_text("D'accord, j'écris aussi.")
    theirs.not_lost()


@pytest.mark.row("CO-07")
def test_a_page_that_is_not_ours_can_neither_flood_nor_mix_what_is_typed(
    talking: tuple[Assure, Medecin],
) -> None:
    assure, medecin = talking
    open_chat(assure, medecin)

    taken = assure.page.evaluate(
        """async () => {
          const say = (topic, content) =>
            __channels.conversation.send(JSON.stringify({ topic, content }));
          for (const content of [null, 3, {}, { id: 'x' }, { id: 'aaaaaaaa', text: 5 },
               { id: 'aaaaaaaa', text: 'y'.repeat(1001) }, { id: '<b>aaaaaaa', text: 'z' }])
            say('message', content);
          for (let n = 0; n < 500; n++) say('message', { id: `aaaaaaaa${n}`, text: `flot ${n}` });
          for (const content of [null, {}, { page: 1 }, { page: 'p', turn: -1, seq: 0, keep: 0,
               text: 'a' }, { page: 'p', turn: 1, seq: 1, keep: 900, text: 'b'.repeat(900) }])
            say('typed', content);
          for (const topic of ['live', 'message_heard', 'typed_again', 'zqx']) say(topic, null);
          say('message', { id: 'bbbbbbbb-end', text: 'trop tôt' });
        }"""
    )
    assert taken is None
    medecin.page.wait_for_function(
        "() => document.querySelectorAll('#chat-log .theirs').length >= 60"
    )
    write(medecin, "Je vous lis")

    expect(log_of(assure)).to_contain_text("Je vous lis")
    assert log_of(medecin).locator(".theirs").count() <= 80
    assert medecin.page.locator("#chat-typed").text_content() == ""


#: Two ends of the text that is typed, and between them a path that loses one batch in three.
LOSSES = """async (name) => {
  const { OwnText, OtherText } = await import(name);
  let seed = 7;
  const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
  const letters = 'aé😀 z';
  let gaps = 0;
  for (let round = 0; round < 60; round++) {
    const other = new OtherText(1000);
    const batches = [];
    const own = new OwnText((batch) => (batches.push(structuredClone(batch)), true));
    let text = '';
    for (let step = 0; step < 40; step++) {
      const at = random(text.length + 1);
      const cut = random(3);
      text = text.slice(0, at) + [...letters][random(5)] + text.slice(at + cut);
      own.type(text);
      own.again();
      while (batches.length) {
        const batch = batches.shift();
        if (random(3) === 0) continue;
        const found = other.take(batch);
        if (found === 'gap') gaps++;
        if (found === 'taken' && batch.keep === 0 && other.text !== batch.text) return 'mixed';
      }
    }
    own.again();
    for (const batch of batches) other.take(batch);
    if (other.text !== text) return `other: ${other.text} / ${text}`;
  }
  return 'same';
}"""


@pytest.mark.row("CO-07")
def test_what_is_lost_on_the_way_never_mixes_the_text_that_is_typed(
    product: Product, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    page.goto(product.ready["base"] + "/console")
    module = page.evaluate(
        "new URL('./chat-live.js', document.querySelector('script[type=module]').src).href"
    )

    assert page.evaluate(LOSSES, module) == "same"
    order = """async (name) => {
      const { OtherText } = await import(name);
      const one = new OtherText(20);
      const take = (seq, keep, text, turn = 1, page = 'p') =>
        one.take({ page, turn, seq, keep, text }) + ':' + one.text;
      return [take(0, 0, 'abc'), take(1, 3, 'd'), take(3, 4, 'f'), take(1, 0, 'vieux'),
              take(4, 0, 'abcdef'), take(5, 6, 'x'.repeat(15)), (one.finished('p', 1), one.text),
              take(6, 0, 'tard'), take(0, 0, 'après', 2), take(0, 0, 'autre', 1, 'q')];
    }"""
    assert page.evaluate(order, module) == [
        "taken:abc", "taken:abcd", "gap:abcd", "no:abcd", "taken:abcdef", "no:abcdef", "",
        "no:", "taken:après", "taken:autre",
    ]  # fmt: skip


@pytest.mark.row("WR-03")
def test_who_waits_and_the_doctor_write_to_each_other_before_any_admission(
    wires: list[Wire], assure: Assure, medecin: Medecin, product: Product
) -> None:
    # Nobody at the other end yet: it is said, and kept.
    assure.wait()
    assure.click("Écrire au médecin")
    assure.click("J'ai un problème.")
    expect(assure.page.locator("#chat-state")).to_contain_text("Pas de liaison directe")
    expect(log_of(assure).locator(".chat-state")).to_have_text(", pas encore remis")
    assure.page.get_by_role("button", name="Fermer : Écrire").click()

    medecin.open_console()
    name = assure.appointment["assure"].split()[-1]
    banner = medecin.page.locator("#banners").get_by_text(f"{name} attend et vous écrit")
    expect(banner).to_be_visible()
    expect(medecin.page.locator("#status")).to_contain_text("attend et vous écrit")
    medecin.click("Lire")
    expect(banner).to_be_hidden()
    theirs = medecin.page.locator("#waiting-words-log")
    expect(theirs).to_contain_text("J'ai un problème.")
    expect(medecin.page.locator("#waiting-words-field")).to_be_focused()
    medecin.click("Je suis à vous dans quelques minutes.")

    # They had closed it: told at the top of the page, and by a number on the command.
    expect(assure.page.locator("#notice")).to_contain_text("Le médecin vous écrit")
    assure.page.get_by_role("button", name="Écrire au médecin 1 message non lu").click()
    expect(log_of(assure)).to_contain_text("Je suis à vous dans quelques minutes.")
    assure.click("D'accord.")
    medecin.page.locator("#waiting-words-field").press_sequentially(CANARY)
    medecin.page.keyboard.press("Enter")

    expect(log_of(assure)).to_contain_text(CANARY)
    expect(theirs.locator(".mine .chat-state").last).to_have_text(", remis")
    expect(theirs.locator(".theirs .chat-text").last).to_have_text("D'accord.")
    assert assure.media()["sent"] == medecin.media()["sent"] == 0
    assert kept_by(product, CANARY, "dans quelques minutes") == []
    assert not any(wire.holds(CANARY) for wire in wires)
    # Once admitted, both go on with the same conversation.
    medecin.admit()
    medecin.sees_the_other()
    medecin.click("Écrire")
    expect(log_of(medecin)).to_contain_text("D'accord.")


@pytest.mark.row("WR-03")
def test_what_is_begun_to_one_who_waits_is_shown_with_nobody_else_and_is_not_lost(
    product: Product, new_page: Callable[..., Page]
) -> None:
    mine = product.appointments_of(product.appointments[0]["medecin_id"])[:2]
    medecin = Medecin(new_page(), product.login_of(mine[0]))
    medecin.open_console()
    rows = [medecin.page.locator(f'[data-id="{one["id"]}"] .row-main') for one in mine]
    for one in mine:
        Assure(new_page(360, 640, has_touch=True), one).wait()
    field = medecin.page.locator("#waiting-words-field")
    opened = medecin.page.get_by_text("Écrire à la personne qui attend")

    # Without the picture, which nobody is called with before they are next.
    rows[1].click()
    opened.click()
    field.fill("à l'un")
    rows[0].click()
    opened.click()
    expect(field).to_have_value("")
    field.fill("à l'autre")
    rows[1].click()
    opened.click()

    path = medecin.page.locator("#waiting-words [role=status]").first
    expect(path).to_contain_text("directement")
    expect(field).to_have_value("à l'un")
    rows[0].click()
    opened.click()
    expect(field).to_have_value("à l'autre")


@pytest.mark.row("CO-07")
@pytest.mark.row("AC-01")
def test_a_panel_that_is_closed_gives_the_focus_to_what_is_seen(
    meeting: tuple[Assure, Medecin],
) -> None:
    assure, medecin = meeting
    assure.click("Écrire au médecin")
    medecin.admit()
    assure.sees_the_other()
    # What opened it is within « Plus » now, which is folded.
    field_of(assure).click()

    assure.page.get_by_role("button", name="Fermer : Écrire").click()

    assert assure.page.evaluate("document.activeElement.getClientRects().length") == 1
    assert assure.focused() != "BODY"


@pytest.mark.row("AC-01")
@pytest.mark.row("CO-07")
@pytest.mark.parametrize(
    ("small", "large"), [("light", "dark"), ("dark", "light")], ids=["light", "dark"]
)
def test_axe_finds_nothing_where_one_writes(
    product: Product, new_page: Callable[..., Page], small: str, large: str
) -> None:
    appointment = product.appointments[0]
    assure = Assure(new_page(360, 640, has_touch=True, color_scheme=small), appointment)
    medecin = Medecin(new_page(1440, 900, color_scheme=large), product.login_of(appointment))
    medecin.open_console()
    assure.wait()
    assure.connection_ready()
    assure.click("Écrire au médecin")
    write(assure, "Bonjour")
    medecin.click("Lire")
    sound(assure)
    sound(medecin)
    medecin.admit()
    medecin.sees_the_other()
    medecin.click("Écrire")
    for person in (assure, medecin):
        person.page.get_by_role("switch", name="Texte en temps réel").click()
        field_of(person).press_sequentially("Je")
    expect(medecin.page.locator("#chat-typed")).to_have_text("Je")
    sound(assure)
    sound(medecin)
    for person in (assure, medecin):
        assert person.watched("violations") == []
