"""The spoken code, the gesture and the document frame, as two people meet them on their pages."""

import re
from pathlib import Path
from typing import Any

import pytest
from people import Assure, Medecin, Person
from playwright.sync_api import expect
from product import Product
from test_accessible import sound

WEB_CLIENT = Path(__file__).parents[2] / "web-client"
#: Before the hour only: the photograph of a document that somebody joins is drawn again, smaller.
JOINED = {"assure-space.js"}
CALL_PATH = sorted(one for one in WEB_CLIENT.glob("*.js") if one.name not in JOINED)
#: Every way of a browser to keep a picture or a sound.
KEEPING = re.compile(
    r"canvas|toBlob|toDataURL|getImageData|ImageCapture|drawImage|captureStream|MediaRecorder"
    r"|createImageBitmap|grabFrame|takePhoto|MediaStreamTrackProcessor|VideoFrame\b|VideoEncoder",
    re.IGNORECASE,
)
#: The same, watched while the page runs.
TRAP = """
window.__kept = [];
const trap = (owner, name) => {
  if (owner?.[name]) owner[name] = () => { __kept.push(name); throw new Error(name); };
};
trap(HTMLCanvasElement.prototype, 'toBlob');
trap(HTMLCanvasElement.prototype, 'toDataURL');
trap(HTMLCanvasElement.prototype, 'getContext');
trap(HTMLVideoElement.prototype, 'captureStream');
for (const name of ['ImageCapture', 'MediaRecorder', 'OffscreenCanvas', 'createImageBitmap',
                    'MediaStreamTrackProcessor', 'VideoFrame', 'VideoEncoder']) trap(window, name);
"""


def code_of(person: Person) -> str:
    """The five digits, once they are there."""
    digits = person.page.locator("#code-digits")
    expect(digits).to_be_visible()
    return digits.get_attribute("data-code") or ""


def found(person: Person, what: str) -> None:
    expect(person.page.locator("#spoken-code")).to_have_attribute("data-found", what)


def facts(product: Product, assure: Assure, directory: Path) -> list[dict[str, Any]]:
    record = product.record(assure.appointment["id"], directory / "record.json")
    return [line["fait"] for line in record["lignes"]]


@pytest.fixture
def talking(meeting: tuple[Assure, Medecin]) -> tuple[Assure, Medecin]:
    """Both see each other."""
    assure, medecin = meeting
    medecin.admit()
    medecin.sees_the_other()
    return assure, medecin


@pytest.mark.row("CO-06")
def test_nobody_sees_a_code_before_the_admission(meeting: tuple[Assure, Medecin]) -> None:
    assure, medecin = meeting

    expect(assure.page.locator("#spoken-code")).to_be_hidden()
    expect(medecin.page.locator("#spoken-code")).to_be_hidden()


@pytest.mark.row("CO-06")
@pytest.mark.row("OP-02")
def test_both_show_the_same_code_of_the_certificates_that_are_on_record(
    talking: tuple[Assure, Medecin], product: Product, tmp_path: Path
) -> None:
    assure, medecin = talking

    assert code_of(assure) == code_of(medecin)
    medecin.click("Identique")
    found(medecin, "identical")
    expect(assure.page.locator("#code-word")).to_contain_text("codes identiques")

    kept = facts(product, assure, tmp_path)
    shown = {one["role"]: one for one in kept if one["genre"] == "code_affiche"}
    ours, theirs = shown["medecin_conseil"]["details"], shown["assure"]["details"]
    assert (ours["local"], ours["remote"]) == (theirs["remote"], theirs["local"])
    assert (ours["local"], ours["remote"]) == certificates(medecin)
    assert {one["source"] for one in shown.values()} == {"declaration"}
    [verdict] = [one for one in kept if one["genre"] == "code_identique"]
    assert (verdict["role"], verdict["details"]) == ("medecin_conseil", ours)


def certificates(person: Person) -> tuple[str, str]:
    """The two that the browser's own statistics name."""
    found_: list[str] = person.page.evaluate(
        """async () => {
          const report = await __watch.peers.at(-1).getStats();
          const transport = [...report.values()].find((s) => s.type === 'transport');
          return [transport.localCertificateId, transport.remoteCertificateId]
            .map((id) => report.get(id).fingerprint.replaceAll(':', '').toLowerCase());
        }"""
    )
    return found_[0], found_[1]


@pytest.mark.row("CO-06")
@pytest.mark.parametrize("who", ["assure", "medecin"])
def test_different_codes_warn_both_and_end_nothing(
    talking: tuple[Assure, Medecin], product: Product, tmp_path: Path, who: str
) -> None:
    assure, medecin = talking
    code_of(assure)

    (assure if who == "assure" else medecin).page.locator("#code-different").click()

    for person in (assure, medecin):
        found(person, "different")
        expect(person.page.locator("#code-word")).to_contain_text("dites rien de confidentiel")
        expect(person.page.locator("#code-word")).to_contain_text("en présentiel")
    role = "assure" if who == "assure" else "medecin_conseil"
    kept = facts(product, assure, tmp_path)
    assert [one["role"] for one in kept if one["genre"] == "code_different"] == [role]
    assert assure.screen() == "call"
    frames = assure.media()["frames"]
    assure.sees_the_other(since=frames)


@pytest.mark.row("CO-06")
def test_a_verdict_can_be_taken_back(talking: tuple[Assure, Medecin]) -> None:
    assure, medecin = talking
    code_of(assure)
    different = assure.page.locator("#code-different")

    different.click()
    found(medecin, "different")
    different.click()

    found(medecin, "shown")
    found(assure, "shown")


@pytest.mark.row("CO-06")
def test_another_certificate_in_the_same_connection_takes_the_code_away(
    talking: tuple[Assure, Medecin],
) -> None:
    assure, medecin = talking
    code_of(medecin)

    medecin.page.evaluate(
        "RTCDtlsTransport.prototype.getRemoteCertificates = () => [new ArrayBuffer(300)]"
    )

    found(medecin, "unavailable")
    expect(medecin.page.locator("#code-digits")).to_be_hidden()
    found(assure, "unavailable")


@pytest.mark.row("CO-06")
def test_a_browser_that_shows_no_certificate_takes_the_fingerprint_it_keeps(
    assure: Assure, medecin: Medecin
) -> None:
    without = "delete RTCDtlsTransport.prototype.getRemoteCertificates"
    assure.page.add_init_script(without)
    medecin.open_console()
    assure.wait()
    assure.connection_ready()

    medecin.admit()

    assert code_of(assure) == code_of(medecin)


@pytest.mark.row("CO-06")
def test_a_browser_that_makes_no_certificate_to_be_read_has_no_code(
    assure: Assure, medecin: Medecin
) -> None:
    assure.page.add_init_script("RTCPeerConnection.generateCertificate = undefined")
    medecin.open_console()
    assure.wait()
    assure.connection_ready()

    medecin.admit()

    found(assure, "unavailable")
    found(medecin, "unavailable")
    expect(assure.page.locator("#code-word")).to_contain_text("Code indisponible")


@pytest.mark.row("CO-06")
def test_a_new_connection_asks_for_a_new_comparison(talking: tuple[Assure, Medecin]) -> None:
    assure, medecin = talking
    before = code_of(medecin)
    medecin.click("Identique")
    found(medecin, "identical")

    assure.page.reload()

    expect(medecin.page.locator("#code-word")).to_contain_text("nouveau code")
    assert code_of(assure) == code_of(medecin) != before
    expect(medecin.button("Identique")).to_have_attribute("aria-pressed", "false")


@pytest.mark.row("CO-06")
@pytest.mark.row("AC-01")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_checks_are_readable_by_everybody(product: Product, new_page: Any, scheme: str) -> None:
    appointment = product.appointments[0]
    assure = Assure(new_page(360, 640, color_scheme=scheme), appointment)
    medecin = Medecin(new_page(1440, 900, color_scheme=scheme), product.login_of(appointment))
    medecin.open_console()
    assure.wait()
    assure.connection_ready()
    medecin.admit()
    code = code_of(assure)

    assert assure.page.locator("#code-digits .unseen").text_content() == ", ".join(code)
    assert assure.page.locator("#code-digits > span").first.get_attribute("aria-hidden") == "true"
    medecin.click("Proposer un geste au hasard")
    medecin.click("Aider à montrer la pièce d'identité")
    expect(assure.page.locator("#framing")).to_be_visible()
    sound(assure)
    sound(medecin)
    different = medecin.button("Différent")
    different.focus()
    medecin.page.keyboard.press("Enter")
    found(assure, "different")
    assert different.evaluate("(node) => node === document.activeElement")
    sound(assure)
    sound(medecin)


@pytest.mark.row("ID-04")
def test_the_gesture_of_the_server_is_read_by_both_and_its_result_is_the_doctors(
    talking: tuple[Assure, Medecin], product: Product, tmp_path: Path
) -> None:
    assure, medecin = talking
    asked = assure.page.locator("#challenge")
    expect(asked).to_be_hidden()

    medecin.click("Proposer un geste au hasard")
    expect(asked).to_be_visible()
    expect(medecin.page.locator("#gesture-word")).to_contain_text(asked.text_content() or "?")
    medecin.click("Geste non fait")

    expect(asked).to_be_hidden()
    expect(medecin.page.locator("#gesture-word")).to_contain_text("geste non fait")
    assert medecin.focused() != "BODY"
    kept = [one for one in facts(product, assure, tmp_path) if one["genre"].startswith("geste")]
    assert [one["genre"] for one in kept] == ["geste_demande", "geste_non_fait"]
    assert [one["source"] for one in kept] == ["serveur", "declaration"]
    assert assure.screen() == "call"


@pytest.mark.row("ID-04")
def test_that_no_gesture_was_offered_can_be_noted(
    talking: tuple[Assure, Medecin], product: Product, tmp_path: Path
) -> None:
    assure, medecin = talking

    medecin.click("Geste non proposé")

    expect(medecin.page.locator("#gesture-word")).to_contain_text("non proposé")
    kinds = [one["genre"] for one in facts(product, assure, tmp_path)]
    assert kinds.count("geste_non_propose") == 1


@pytest.mark.row("ID-03")
def test_the_frame_for_a_document_keeps_no_picture(assure: Assure, medecin: Medecin) -> None:
    for person in (assure, medecin):
        person.page.add_init_script(TRAP)
    medecin.open_console()
    assure.wait()
    assure.connection_ready()
    medecin.admit()
    medecin.sees_the_other()

    medecin.click("Aider à montrer la pièce d'identité")
    expect(assure.page.locator("#framing")).to_contain_text("Tenez votre pièce d'identité")
    expect(assure.page.locator("#framing")).to_be_visible()
    frame = assure.page.evaluate(
        "(() => { const s = getComputedStyle(document.querySelector('#self'), '::after');"
        " return parseFloat(s.width) / parseFloat(s.height) })()"
    )
    medecin.click("Aider à montrer la pièce d'identité")
    medecin.click("Identité vérifiée")

    expect(assure.page.locator("#framing")).to_be_hidden()
    assert 1.5 < frame < 1.7, "the shape of an identity card"
    assert assure.page.evaluate("__kept") == medecin.page.evaluate("__kept") == []


@pytest.mark.row("ID-03")
@pytest.mark.parametrize("file", CALL_PATH, ids=lambda file: file.name)
def test_no_page_knows_how_to_keep_a_picture_or_a_sound(file: Path) -> None:
    assert KEEPING.findall(file.read_text()) == []
