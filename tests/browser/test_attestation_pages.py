"""The attestation, from the assuré's pages to whoever verifies it, on a phone and at a desk."""

import json
import re
import ssl
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from people import Assure, Medecin
from playwright.sync_api import Page, Route, expect
from product import Product
from test_accessible import LOOKS, sound
from two_pages import both_flow

from controle.attestation import Attestation, Cote, Genre, Interruption
from controle.attestation_forme import AttestationSignee, contenu, lire_jeton, octets_a_signer
from controle.attestation_mots import PHRASES, RESERVE, TITRES, lignes
from controle.qualification import Motif
from server.rings import Rings

pytestmark = [pytest.mark.row("OP-04"), pytest.mark.row("DO-05")]

#: The last hour before the clocks go back, in Paris.
START = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
NO_ED25519 = """
const before = SubtleCrypto.prototype.importKey;
SubtleCrypto.prototype.importKey = function (format, key, algorithm, ...more) {
  if (algorithm?.name === 'Ed25519') {
    return Promise.reject(new DOMException('x', 'NotSupportedError'));
  }
  return before.call(this, format, key, algorithm, ...more);
};
"""


def later(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def presence() -> Attestation:
    return Attestation(
        genre=Genre.PRESENCE, caisse="CPAM d'Ille-et-Vilaine", assure="Mme Zoé N'Guyên « É »",
        code="K7QF-2M9D", debut=START, fuseau="Europe/Paris", minutes=30, essai=later(-90),
        arrivee=later(-60), attente_de=later(-60), attente_a=later(1805), attente=1865,
        admission=later(1805), ensemble=3723, interruptions=4, interruptions_duree=61,
        interruptions_dites=(
            Interruption(later(1900), later(1905), Cote.ASSURE),
            Interruption(later(2000), later(2030), Cote.CAISSE),
            Interruption(later(2100), None, Cote.INCONNU),
        ),
        fin=later(5600), medecin_arrivee=later(1800), medecin_duree=3800, medecin_retard=30,
        cote=None, motif=Motif.ENTRETIEN, observe=later(5600), chaine_seq=41, chaine_tete="ab" * 32,
        emise=later(3 * 86_400), cle="",
    )  # fmt: skip


def variants() -> list[Attestation]:
    """Every sentence at least once."""
    une = presence()
    away = replace(
        une, genre=Genre.MEDECIN_ABSENT, fuseau="Indian/Reunion", essai=None, attente_a=None,
        admission=None, ensemble=0, interruptions=0, interruptions_duree=0, interruptions_dites=(),
        fin=None, medecin_arrivee=None, medecin_duree=0, medecin_retard=None, motif=Motif.ATTENTE,
        attente=59, debut=datetime(2026, 12, 1, 8, 0, tzinfo=UTC),
    )  # fmt: skip
    incident = replace(
        away, genre=Genre.INCIDENT, fuseau="America/Martinique", arrivee=None, attente_de=None,
        attente=0, essai=later(0), cote=Cote.INCONNU, motif=Motif.ACCES,
    )  # fmt: skip
    return [
        une,
        away,
        incident,
        replace(away, medecin_arrivee=later(0), medecin_duree=60),
        replace(une, medecin_retard=0, genre=Genre.INCIDENT, cote=Cote.CAISSE, motif=Motif.SERVICE),
        *(replace(incident, motif=motif) for motif in Motif),
    ]


class Issuer:
    """Signs with the demo's own key, so that a page of the demo can verify."""

    def __init__(self, product: Product) -> None:
        self.base = product.ready["base"]
        self._seals = Rings.open(product.data_dir, datetime.now(UTC)).seals

    def token(self, une: Attestation) -> str:
        une = replace(une, cle=self._seals.current.kid)
        signature = self._seals.current.private.sign(octets_a_signer(contenu(une)))
        return AttestationSignee(une, signature).jeton()

    def address(self, une: Attestation) -> str:
        return f"{self.base}/attestation#{self.token(une)}"


@pytest.fixture
def issuer(product: Product) -> Issuer:
    return Issuer(product)


def verdict(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)
    assert page.evaluate("document.activeElement.tagName") == "H1"


def shown(page: Page) -> list[tuple[str, str]]:
    rows: list[list[str]] = page.evaluate(
        "() => [...document.querySelectorAll('#lines tr')]"
        ".map((row) => [...row.children].map((cell) => cell.textContent))"
    )
    return [(what, said) for what, said in rows]


# --- whoever verifies ---------------------------------------------------------------------------


def test_the_page_says_authentic_and_every_line_as_the_document_does(
    issuer: Issuer, new_page: Callable[..., Page]
) -> None:
    page = new_page(360, 640)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data}"))

    for une in variants():
        token = issuer.token(une)
        page.goto("about:blank")
        page.goto(f"{issuer.base}/attestation#{token}")
        verdict(page, "Authentique")
        assert shown(page) == lignes(lire_jeton(token).attestation)
        assert page.locator("#title").inner_text() == TITRES[une.genre]
        assert page.locator("#sentence").inner_text() == PHRASES[une.genre]
        assert page.locator("#reserve").inner_text() == RESERVE
        assert "Vérifié par votre navigateur" in page.locator("#how").inner_text()
        assert not any(token in one.replace(f"/attestation#{token}", "") for one in sent)
    assert not any("/api/" in one for one in sent)
    assert page.evaluate("__watch.violations") == []


def test_the_page_says_which_part_is_wrong(
    issuer: Issuer, product: Product, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    token = issuer.token(presence())
    stranger = Rings.open(tmp_path / "elsewhere", datetime.now(UTC)).seals
    une = replace(presence(), cle=stranger.current.kid)
    foreign = AttestationSignee(
        une, stranger.current.private.sign(octets_a_signer(contenu(une)))
    ).jeton()
    lied = AttestationSignee(
        replace(lire_jeton(token).attestation, assure="M. Autre"), lire_jeton(token).signature
    ).jeton()
    page = new_page(360, 640)

    for wrong, words in (
        (lied, "ne correspond pas à sa signature"),
        (foreign, "pas signée par une clé que ce service publie"),
        (token[:-9], "pas une attestation, ou elle est incomplète"),
        (token.lower(), "pas une attestation, ou elle est incomplète"),
        ("N'IMPORTE-QUOI", "pas une attestation, ou elle est incomplète"),
    ):
        page.goto("about:blank")
        page.goto(f"{issuer.base}/attestation#{wrong}")
        verdict(page, "Non vérifiée")
        expect(page.locator("#reason")).to_contain_text(words)
        assert page.locator("#lines tr").count() == 0


def test_every_twentieth_letter_of_a_token_counts_in_the_browser_too(
    issuer: Issuer, new_page: Callable[..., Page]
) -> None:
    token = issuer.token(presence())
    page = new_page()
    page.goto(f"{issuer.base}/attestation")

    wrong: list[str] = page.evaluate(
        """async (token) => {
          const base = document.querySelector('script[type=module]').src;
          const { verify } = await import(base.replace('attestation.js', 'attestation-token.js'));
          const said = [(await verify(token)).reason];
          for (let at = 0; at < token.length; at += 20) {
            const other = token[at] === 'A' ? 'B' : 'A';
            const forged = token.slice(0, at) + other + token.slice(at + 1);
            said.push((await verify(forged)).reason);
          }
          return said;
        }""",
        token,
    )

    assert wrong[0] == ""
    assert all(wrong[1:])
    assert len(wrong) > 30


def test_a_browser_without_ed25519_asks_the_server(
    issuer: Issuer, new_page: Callable[..., Page]
) -> None:
    page = new_page(360, 640)
    page.add_init_script(NO_ED25519)

    page.goto(issuer.address(presence()))
    verdict(page, "Authentique")
    told = page.locator("#how").inner_text()
    page.goto(f"{issuer.base}/attestation#{issuer.token(presence())[:-12]}AAAAAAAAAAAA")

    verdict(page, "Non vérifiée")
    assert "le service l'a fait" in told


def test_without_the_keys_it_is_neither_confirmed_nor_denied(
    issuer: Issuer, new_page: Callable[..., Page]
) -> None:
    page = new_page(360, 640)

    def away(route: Route) -> None:
        route.abort()

    page.route("**/.well-known/sceaux.json", away)
    page.goto(issuer.address(presence()))
    verdict(page, "La vérification n'a pas pu se faire")
    page.unroute("**/.well-known/sceaux.json", away)
    page.get_by_role("button", name="Réessayer").click()

    verdict(page, "Authentique")


def test_an_address_can_be_pasted_by_the_keyboard_alone(
    issuer: Issuer, new_page: Callable[..., Page]
) -> None:
    page = new_page(360, 640)
    page.goto(f"{issuer.base}/attestation")
    field = page.get_by_label("Collez ici l'adresse")
    address = issuer.address(presence())

    field.focus()
    page.keyboard.insert_text("https://exemple.fr/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Il manque la fin de l'adresse")
    field.fill(f"{address[:80]}\n{address[80:]}")
    field.press("Tab")
    page.keyboard.press("Enter")

    verdict(page, "Authentique")


@pytest.mark.row("AC-01")
@pytest.mark.parametrize(("width", "height", "scheme"), LOOKS)
def test_axe_finds_nothing_on_the_page_that_verifies(
    issuer: Issuer, new_page: Callable[..., Page], width: int, height: int, scheme: str
) -> None:
    page = new_page(width, height, color_scheme=scheme)
    looked = Assure(page, {})

    page.goto(f"{issuer.base}/attestation")
    verdict(page, "Vérifier une attestation")
    sound(looked)
    page.goto(issuer.address(presence()))
    verdict(page, "Authentique")
    sound(looked)
    page.goto(f"{issuer.base}/attestation#AAAA")
    verdict(page, "Non vérifiée")
    sound(looked)


# --- the assuré ---------------------------------------------------------------------------------


def ended(meeting: tuple[Assure, Medecin]) -> Assure:
    assure, medecin = meeting
    medecin.admit()
    assure.sees_the_other()
    both_flow(assure)
    medecin.end()
    expect(assure.page.get_by_role("heading", name="Le rendez-vous est terminé")).to_be_visible()
    return assure


def download(assure: Assure, button: str, to: Path) -> Path:
    with assure.page.expect_download() as coming:
        assure.click(button)
    coming.value.save_as(to / coming.value.suggested_filename)
    return to / coming.value.suggested_filename


def published(product: Product, to: Path) -> Path:
    trusting = ssl._create_unverified_context()  # noqa: S323
    with urllib.request.urlopen(  # noqa: S310
        f"{product.ready['base']}/.well-known/sceaux.json", context=trusting
    ) as answer:
        (to / "sceaux.json").write_bytes(answer.read())
    return to / "sceaux.json"


def test_after_the_end_the_assure_takes_it_as_pdf_and_page_and_both_verify_offline(
    product: Product, meeting: tuple[Assure, Medecin], tmp_path: Path
) -> None:
    assure = ended(meeting)

    assure.click("Obtenir mon attestation")
    # The window's module is fetched now.
    expect(assure.page.locator("#attestation-title")).to_be_focused()
    sound(assure)
    documents = [
        download(assure, "Télécharger le PDF", tmp_path),
        download(assure, "Télécharger la page web", tmp_path),
    ]
    expect(assure.page.locator("#attestation-news")).to_contain_text("est téléchargée")

    keys_file = published(product, tmp_path)
    for document in documents:
        told = product.run("verify", str(document), "--keys", str(keys_file))
        assert told.returncode == 0, told.stdout + told.stderr
        assert "Attestation de présence" in told.stdout
        assert assure.appointment["assure"].split()[-1] in told.stdout


def code_in_the_outbox(product: Product, page: Page) -> str:
    """The one code that the demo did not print beforehand, once it has left."""
    printed = {one["code"] for one in product.appointments}
    for _ in range(100):
        texts = [one["text"] for one in outbox(product)]
        codes = {code for text in texts for code in re.findall(r"\b\d{6}\b", text)}
        if codes - printed:
            return str((codes - printed).pop())
        page.wait_for_timeout(100)
    raise AssertionError("no code left")


def outbox(product: Product) -> list[dict[str, Any]]:
    trusting = ssl._create_unverified_context()  # noqa: S323
    with urllib.request.urlopen(  # noqa: S310
        f"{product.ready['base']}/demo/envois.json", context=trusting
    ) as answer:
        sends: list[dict[str, Any]] = json.load(answer)
    return sends


def test_another_day_the_link_and_a_new_code_give_it_on_another_device(
    product: Product, meeting: tuple[Assure, Medecin], new_page: Callable[..., Page], tmp_path: Path
) -> None:
    appointment = ended(meeting).appointment
    other = Assure(new_page(360, 640), appointment)

    other.follow_link()
    other.click("Obtenir mon attestation")
    other.click("Télécharger la page web")
    field = other.page.locator("#attestation-code")
    expect(field).to_be_focused()
    sound(other)
    field.fill("12")
    field.press("Enter")
    expect(other.page.locator("#attestation-error")).to_contain_text("6 chiffres")
    code = code_in_the_outbox(product, other.page)
    with other.page.expect_download() as coming:
        field.fill(code)
        field.press("Enter")
    coming.value.save_as(tmp_path / "attestation.html")

    told = product.run(
        "verify", str(tmp_path / "attestation.html"), "--keys", str(published(product, tmp_path))
    )
    assert told.returncode == 0, told.stdout


@pytest.mark.row("WR-05")
@pytest.mark.row("OP-13")
def test_after_fifteen_minutes_of_waiting_it_is_offered_where_one_waits(
    product: Product, assure: Assure
) -> None:
    assure.page.clock.install()
    assure.wait()
    offer = assure.page.locator("section[data-screen='waiting']").get_by_role(
        "button", name="Obtenir mon attestation"
    )
    # Only then does the page know since when one waits.
    expect(assure.page.get_by_text("Vous êtes arrivé à")).to_be_visible()
    expect(offer).to_be_hidden()
    # In one go: the page's connection is lost by such a jump, and its return sets the clock right.
    assure.page.clock.fast_forward("16:00")

    expect(offer).to_be_visible()
    offer.focus()
    offer.press("Enter")
    assure.button("Télécharger le PDF").press("Enter")

    # The server counts by its own clock: its word is shown, and waiting goes on behind it.
    expect(assure.page.locator("#attestation-error")).to_contain_text("Votre attente est notée")
    assure.click("Fermer")
    expect(assure.page.get_by_role("heading", name="salle d'attente")).to_be_visible()


@pytest.mark.row("OP-05")
def test_a_camera_that_is_refused_is_told_to_the_service(product: Product, assure: Assure) -> None:
    assure.follow_link()
    assure.prove_identity()
    assure.click("J'ai lu et je continue")
    assure.page.evaluate(
        "() => { navigator.mediaDevices.getUserMedia = async () => {"
        " throw new DOMException('x', 'NotAllowedError'); }; }"
    )

    with assure.page.expect_response("**/api/assure/obstacle") as told:
        assure.click("Activer ma caméra et mon micro")

    assert told.value.status == 204
    assert json.loads(told.value.request.post_data or "") == {"cause": "refuse"}
