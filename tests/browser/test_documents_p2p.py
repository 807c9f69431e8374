"""A document from the assuré's page to the doctor's: once admitted, whole, and nowhere else."""

import io
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from people import Assure, Medecin
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import FilePayload, Page, expect
from product import Product
from test_accessible import Keyboard, sound
from two_pages import CHANNELS, Wire, ask_for, connections, kept_by, told

CANARY = b"herisson-gps-7f3a"
MAX_BYTES = 10 * 1024 * 1024
ORIENTATION, GPS, MAKE = 0x0112, 0x8825, 0x010F


def photograph(width: int = 320, height: int = 200, *, noise: bool = False) -> bytes:
    """As a phone writes it: lying, with the place where it was taken, and a film behind its end."""
    pixels = os.urandom(width * height * 3) if noise else bytes(range(256)) * (width * height)
    picture = Image.frombytes("RGB", (width, height), pixels[: width * height * 3])
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[MAKE] = CANARY.decode()
    exif.get_ifd(GPS)[1] = "N"
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=92, exif=exif, comment=CANARY, progressive=not noise)
    return out.getvalue() + CANARY


def paper(*more: bytes) -> bytes:
    """One empty page."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
        *more,
    ]
    out = b"%PDF-1.4\n"
    for number, one in enumerate(objects, 1):
        out += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    return out + b"trailer << /Size 4 /Root 1 0 R >>\nstartxref\n0\n%%EOF\n"


def file(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def choose(assure: Assure, name: str, content: bytes) -> None:
    with assure.page.expect_file_chooser() as chooser:
        assure.click("Choisir un fichier")
    chooser.value.set_files(file(name, content))


@pytest.fixture
def wires(assure: Assure, medecin: Medecin) -> list[Wire]:
    for person in (assure, medecin):
        person.page.add_init_script(CHANNELS)
    return [Wire(assure.page), Wire(medecin.page)]


@pytest.mark.row("WR-06")
@pytest.mark.row("CO-11")
@pytest.mark.row("DO-03")
def test_a_document_waits_for_the_admission_and_arrives_whole_over_a_lost_connection(
    wires: list[Wire], meeting: tuple[Assure, Medecin], product: Product
) -> None:
    assure, medecin = meeting
    picture = photograph(1_800, 1_500, noise=True)
    assert 2_000_000 < len(picture) < MAX_BYTES
    assure.click("Montrer un document")
    choose(assure, "IMG_\u202egpj.exe\n.jpg", picture)
    mine = assure.page.locator("#documents-list li")
    expect(mine).to_contain_text("Gardé sur cette page. Il sera remis au médecin quand")

    # Before the admission nothing leaves, and what another page would send is not taken.
    assure.page.evaluate(
        "(sha256) => __channels.documents.send(JSON.stringify("
        "{ kind: 'offer', id: 'aaaaaaaa', number: 1, size: 5, sha256 }))",
        sha256(b"zqx").hexdigest(),
    )
    assert assure.page.evaluate("__bytes") == 0
    assert told(medecin, "documents") == []

    # Half of it goes, each piece once, then the connection is lost for good.
    assure.page.evaluate("__full = 1_500_000")
    medecin.admit()
    medecin.page.wait_for_function(
        "() => document.querySelector('#documents-list progress')?.value > 1_400_000"
    )
    assert assure.page.evaluate("__bytes") < 1_520_000
    ask_for(assure, "fresh")
    medecin.page.wait_for_function("() => __watch.peers.length === 2")
    assure.page.evaluate("__empties()")

    expect(mine).to_contain_text("Remis au médecin à", timeout=30_000)
    expect(mine.locator("bdi")).to_have_text("IMG_gpj.exe.jpg")
    theirs = medecin.page.locator("#documents-list li")
    expect(theirs).to_have_count(1)
    expect(theirs).to_contain_text("Document 1 Photo")
    assert "IMG" not in (theirs.text_content() or "")
    resumed = [one for one in told(medecin, "documents") if '"take"' in one]
    assert '"from":0}' in resumed[0]
    assert '"from":0}' not in resumed[-1]
    assert connections(medecin) == 2

    # It is shown the way up that it was held, and only as long as it is shown.
    shown = medecin.page.locator(".documents-frame img")
    expect(shown).to_be_visible()
    size = shown.evaluate("(one) => [one.naturalWidth, one.naturalHeight]")
    assert size == [1_500, 1_800]
    medecin.click("Agrandir")
    expect(medecin.page.locator(".documents-zoom")).to_have_text("150 %")
    medecin.click("Tourner")
    assert shown.evaluate("(one) => one.style.rotate") == "90deg"
    assure.page.get_by_role("button", name="Retirer IMG_gpj.exe.jpg").click()
    expect(theirs).to_have_count(0)
    expect(shown).to_be_hidden()

    assert kept_by(product, "IMG_", CANARY.decode()) == []
    assert not any(wire.holds("IMG_") for wire in wires)
    for person in (assure, medecin):
        assert person.watched("violations") == []


@pytest.mark.row("CO-11")
@pytest.mark.row("DO-03")
def test_what_a_reload_cut_in_the_middle_holds_up_nothing_that_is_shown_after_it(
    wires: list[Wire], meeting: tuple[Assure, Medecin]
) -> None:
    assure, medecin = meeting
    medecin.admit()
    assure.sees_the_other()
    assure.page.evaluate("__full = 600_000")
    assure.page.locator(".more summary").click()
    assure.click("Montrer un document")
    choose(assure, "IMG_1.jpg", photograph(1_800, 1_500, noise=True))
    medecin.page.wait_for_function(
        "() => document.querySelector('#documents-list progress')?.value > 300_000"
    )

    assure.page.reload()
    assure.sees_the_other()
    theirs = medecin.page.locator("#documents-list li")
    expect(theirs).to_contain_text("réception interrompue à")
    assure.page.locator(".more summary").click()
    assure.click("Montrer un document")
    choose(assure, "IMG_1.jpg", photograph())

    expect(assure.page.locator("#documents-list li")).to_contain_text("Remis au médecin à")
    expect(theirs).to_have_count(2)
    expect(theirs.first).to_contain_text("réception interrompue à")
    expect(theirs.last).to_contain_text("reçu à")


@pytest.mark.row("WR-06")
@pytest.mark.row("CO-11")
def test_documents_of_a_wrong_kind_are_refused_on_both_pages_with_what_to_do(
    wires: list[Wire], meeting: tuple[Assure, Medecin], tmp_path: Path
) -> None:
    assure, medecin = meeting
    medecin.admit()
    medecin.sees_the_other()
    assure.page.locator(".more summary").click()
    assure.click("Montrer un document")
    problem = assure.page.locator("#documents-problem")
    for name, content, words in (
        ("a.jpg", b"MZ\x90\x00" * 100, "ni une photo"),
        ("a.jpg", b"\x00\x00\x00\x18ftypheic" + bytes(100), "HEIC"),
        ("a.jpg", photograph()[:300], "incomplet"),
        ("a.pdf", paper(b"<< /S /J#61vaScript /JS (app.alert\\(1\\)) >>"), "programme"),
        ("a.pdf", paper(b"<< /Encrypt 4 0 R >>"), "mot de passe"),
    ):
        choose(assure, name, content)
        expect(problem).to_contain_text(words)
    large = tmp_path / "large.pdf"
    with large.open("wb") as out:
        out.truncate(MAX_BYTES + 1)
    with assure.page.expect_file_chooser() as chooser:
        assure.click("Choisir un fichier")
    chooser.value.set_files(large)
    expect(problem).to_contain_text("dépasse 10")
    assert assure.page.evaluate("__bytes") == 0

    # A page that is not ours does not check: the doctor's does.
    refused = assure.page.evaluate(
        """async (page) => {
          const channel = __channels.documents;
          const heard = [];
          channel.addEventListener('message', ({ data }) => heard.push(JSON.parse(data)));
          const hex = async (bytes) => [...new Uint8Array(await crypto.subtle.digest('SHA-256',
            bytes))].map((one) => one.toString(16).padStart(2, '0')).join('');
          const give = async (number, bytes, sha256) => {
            const id = 'document' + number;
            channel.send(JSON.stringify({ kind: 'offer', id, number, size: bytes.length,
              sha256: sha256 ?? await hex(bytes) }));
            for (let tries = 0; tries < 2; tries++) {
              const whole = new Uint8Array(8 + bytes.length);
              new DataView(whole.buffer).setUint32(0, number);
              whole.set(bytes, 8);
              await new Promise((done) => setTimeout(done, 300));
              channel.send(whole);
            }
          };
          const text = (words) => new TextEncoder().encode(words);
          await give(1, text('<html><script>zqx()</script>'));
          await give(2, text(page), '0'.repeat(64));
          await give(3, text('%PDF-1.4 /Launch %%EOF'));
          channel.send(JSON.stringify({ kind: 'offer', id: 'document4', number: 4,
            size: 11 * 1024 * 1024, sha256: '0'.repeat(64) }));
          for (let n = 10; n < 30; n++) channel.send(JSON.stringify({ kind: 'offer',
            id: 'document' + n, number: n, size: 9, sha256: '0'.repeat(64) }));
          while (heard.filter(({ kind }) => kind === 'refused').length < 8)
            await new Promise((done) => channel.addEventListener('message', done, { once: true }));
          return heard.filter(({ kind }) => kind === 'refused').map(({ id, why }) => id + why);
        }""",
        paper().decode("latin1"),
    )
    assert refused[:4] == ["document1type", "document2differs", "document3active", "document4large"]
    assert all(one.endswith("many") for one in refused[4:])
    assert medecin.page.locator("#documents-list li").count() == 10
    assert medecin.page.locator(".documents-frame img").is_hidden()

    # Paper is opened by the browser's own reader.
    assure.page.reload()
    assure.sees_the_other()
    assure.page.locator(".more summary").click()
    assure.click("Montrer un document")
    medecin.page.reload()
    medecin.sees_the_other()
    choose(assure, "certificat.pdf", paper())
    opening = medecin.page.get_by_role("button", name="Ouvrir le document 1")
    expect(opening).to_be_visible()
    with medecin.page.expect_popup() as opened:
        opening.click()
    assert opened.value.url.startswith("blob:")
    medecin.end()
    expect(medecin.page.locator("#documents-list li")).to_have_count(0)


#: What is left of each file, as numbers; or why it is not taken.
BARE = """async ([name, file]) => {
  const { bare, kindOf } = await import(name);
  const bytes = new Uint8Array(file);
  try { return [...bare(bytes, kindOf(bytes))]; } catch (error) { return error.flaw; }
}"""


@pytest.mark.row("DO-03")
def test_a_picture_travels_without_where_it_was_taken_and_pixel_for_pixel(
    product: Product, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    page.goto(product.ready["base"] + "/console")
    module = page.evaluate(
        "new URL('./documents-look.js', document.querySelector('script[type=module]').src).href"
    )

    def bare(content: bytes) -> Any:
        left = page.evaluate(BARE, [module, list(content)])
        return bytes(left) if isinstance(left, list) else left

    pictures = [photograph(), photograph(64, 48, noise=True), described_png()]
    for before in pictures:
        after = bare(before)
        assert CANARY in before
        assert CANARY not in after
        ours, theirs = (Image.open(io.BytesIO(one)) for one in (after, before))
        assert ours.tobytes() == theirs.tobytes()
        assert ours.getexif().get_ifd(GPS) == {}
        assert ours.getexif().get(ORIENTATION) == theirs.getexif().get(ORIENTATION)
        assert bare(after) == after

    huge = described_png()[:16] + (40_000).to_bytes(4) * 2 + described_png()[24:]
    assert bare(huge) == "pixels"
    # Cut anywhere: refused, or a picture; never an accident.
    for length in range(4, 700, 7):
        assert isinstance(bare(photograph(16, 16)[:length]), bytes | str)


def described_png() -> bytes:
    about = PngInfo()
    about.add_text("Author", CANARY.decode())
    out = io.BytesIO()
    Image.new("RGB", (30, 20), "red").save(out, "PNG", pnginfo=about)
    return out.getvalue() + CANARY


@pytest.mark.row("WR-06")
def test_all_that_the_waiting_room_offers_is_reached_by_keyboard_alone(
    meeting: tuple[Assure, Medecin],
) -> None:
    assure, _ = meeting
    theirs = Keyboard(assure)
    for name in (
        "Couper le micro",
        "Couper la caméra",
        "Réglages",
        "Écrire au médecin",
        "Montrer un document",
        "Relire vos droits",
        "Demander un rendez-vous en présentiel",
        "Quitter",
    ):
        theirs.reach(name)

    theirs.press("Relire vos droits")
    rights = assure.page.locator("#rights")
    expect(rights).to_contain_text("présentiel")
    information = assure.page.locator("#information").text_content() or "nothing was read"
    assert (rights.locator(".panel-body").text_content() or "") == information
    assure.page.keyboard.press("Tab")
    theirs.not_lost()
    theirs.press("Fermer : Vos droits")
    expect(assure.button("Relire vos droits")).to_be_focused()
    theirs.press("Montrer un document")
    expect(assure.button("Choisir un fichier")).to_be_focused()
    theirs.press("Fermer : Montrer un document")
    expect(assure.button("Montrer un document")).to_be_focused()
    theirs.press("Écrire au médecin")
    expect(assure.page.locator("#chat-field")).to_be_focused()


@pytest.mark.row("AC-01")
@pytest.mark.row("WR-06")
@pytest.mark.parametrize(
    ("small", "large"), [("light", "dark"), ("dark", "light")], ids=["light", "dark"]
)
def test_axe_finds_nothing_where_documents_are_shown(
    product: Product, new_page: Callable[..., Page], small: str, large: str
) -> None:
    appointment = product.appointments[0]
    assure = Assure(new_page(360, 640, has_touch=True, color_scheme=small), appointment)
    medecin = Medecin(new_page(1440, 900, color_scheme=large), product.login_of(appointment))
    medecin.open_console()
    assure.wait()
    assure.connection_ready()
    assure.click("Relire vos droits")
    assure.click("Montrer un document")
    choose(assure, "radio.jpg", photograph())
    expect(assure.page.locator("#documents-list")).to_contain_text("Gardé sur cette page")
    sound(assure)
    medecin.admit()
    medecin.sees_the_other()
    expect(medecin.page.locator(".documents-frame img")).to_be_visible()
    expect(assure.page.locator("#documents-list")).to_contain_text("Remis au médecin")
    sound(assure)
    sound(medecin)
