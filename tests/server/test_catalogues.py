"""The languages: complete, the same facts in each, and a version that tells every changed word."""

import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from message_scenes import rendered
from message_words import FORBIDDEN, FORBIDDEN_IN_VIEW, found

from controle.convocation import Canal, GenreEnvoi
from server.notify import wording
from server.notify.messages import LANGUAGES, load

ZONES = (
    "Europe/Paris", "America/Guadeloupe", "America/Martinique", "America/Cayenne",
    "Indian/Reunion", "Indian/Mayotte", "America/Miquelon", "America/St_Barthelemy",
    "America/Marigot", "Pacific/Tahiti", "Pacific/Noumea", "Pacific/Wallis",
    "Pacific/Marquesas", "Pacific/Gambier",
)  # fmt: skip
each_language = pytest.mark.parametrize("language", LANGUAGES)


def catalogue(language: str) -> dict[str, str]:
    return wording.catalogue(wording.CATALOGUES / f"{language}.po")


def placeholders(text: str) -> Counter[str]:
    return Counter(set(re.findall(r"\{[^}]*\}", text)))


@each_language
@pytest.mark.row("CN-15")
@pytest.mark.row("AC-06")
def test_each_catalogue_has_the_keys_and_placeholders_of_the_french_one(language: str) -> None:
    reference, own = catalogue("fr"), catalogue(language)
    if wording.LANGUAGES[language].sms:
        reference = {key: text for key, text in reference.items() if not key.startswith("sms.")}

    assert set(own) == set(reference)
    assert {k: placeholders(v) for k, v in own.items()} == {
        k: placeholders(v) for k, v in reference.items()
    }


@each_language
@pytest.mark.row("AC-06")
def test_no_key_is_untranslated_doubtful_or_written_twice(language: str) -> None:
    source = (wording.CATALOGUES / f"{language}.po").read_text()
    with (wording.CATALOGUES / f"{language}.po").open("rb") as file:
        entries = [entry for entry in read_po(file) if entry.id]
    # The same word in both languages.
    alike = {"fact.day", "fact.code", "calendar.in_person"}

    assert all(entry.string and not entry.fuzzy for entry in entries)
    assert len(re.findall(r'^msgid "[^"]', source, re.MULTILINE)) == len(entries)
    if language not in ("fr", "fr-falc"):
        french = catalogue("fr")
        same = {e.id for e in entries if e.string == french[str(e.id)]} - alike
        assert not same


@pytest.mark.row("CN-15")
def test_an_unknown_language_is_french_and_a_region_is_its_language() -> None:
    def subject(language: str) -> str:
        return rendered(GenreEnvoi.CONVOCATION, Canal.COURRIEL, language).subject

    assert subject("xx") == subject("") == subject("fr")
    assert subject("pt-BR") == subject("pt_PT") == subject("pt")
    assert subject("FR-FALC") == subject("fr-falc")


@each_language
@pytest.mark.row("AC-06")
def test_every_zone_of_the_republic_is_said_in_words(language: str) -> None:
    spoken = wording.wording(language)

    said = {spoken.zone(zone) for zone in ZONES}

    assert len(said) == len(ZONES)
    assert not any("/" in text or "_" in text for text in said)
    assert "Berlin" in spoken.zone("Europe/Berlin")


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Europe/Paris", "14 h 30 (heure de Paris)"),
        ("Indian/Reunion", "17 h 30 (heure de La Réunion)"),
        ("America/Guadeloupe", "9 h 30 (heure de Guadeloupe)"),
        ("Pacific/Marquesas", "4 h 00 (heure des Marquises)"),
    ],
)
@pytest.mark.row("CN-01")
def test_the_hour_is_the_one_of_the_caisse(zone: str, said: str) -> None:
    assert said in rendered(GenreEnvoi.CONVOCATION, Canal.COURRIEL, "fr", zone=zone).text


@pytest.mark.row("CN-11")
def test_one_changed_word_is_another_version(tmp_path: Path) -> None:
    before = wording.wording("fr").version
    text = (wording.CATALOGUES / "fr.po").read_text()

    (tmp_path / "fr.po").write_text(text.replace("sans donner de raison", "sans raison", 1))
    after = wording.Wording("fr", tmp_path).version

    assert before != after
    assert before.startswith(f"{wording.DATED}.fr.")
    versions = {rendered(GenreEnvoi.RAPPEL, Canal.COURRIEL, each).version for each in LANGUAGES}
    assert len(versions) == len(LANGUAGES)


def test_every_catalogue_can_be_read_at_the_start() -> None:
    load()


@pytest.mark.row("CN-08")
def test_the_catalogues_have_none_of_the_forbidden_words_either() -> None:
    for language in LANGUAGES:
        for key, text in catalogue(language).items():
            assert not found(FORBIDDEN[language], text), key
            if key.startswith(("sms.", "subject.", "calendar.")):
                assert not found(FORBIDDEN_IN_VIEW, text), key
