"""SMS: the GSM alphabet, and two segments whatever the caisse is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from message_scenes import APPOINTMENTS, CANCELS, IN_PERSON, NOW, ORIGIN, PLACE, rendered

from controle.convocation import Canal, GenreEnvoi
from server.notify import gsm
from server.notify.messages import LANGUAGES, Place

LONG_LINK = f"{ORIGIN}/rdv#".ljust(90, "x")
LONG_CAISSE = "CPAM des Alpes-de-Haute-Provence et Mons"
ALPHABET = gsm.BASIC | gsm.EXTENSION


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", GenreEnvoi)
@pytest.mark.parametrize("zone", ["Europe/Paris", "America/Miquelon", "America/St_Barthelemy"])
@pytest.mark.row("CN-08")
def test_an_sms_fits_in_two_segments_with_the_longest_link_and_name(
    language: str, kind: GenreEnvoi, zone: str
) -> None:
    assert (len(LONG_LINK), len(LONG_CAISSE)) == (90, 40)

    text = rendered(kind, Canal.SMS, language, caisse=LONG_CAISSE, link=LONG_LINK, zone=zone).text

    assert set(text) <= ALPHABET
    assert gsm.segments(text) <= 2
    if kind in APPOINTMENTS:
        assert "CPAM des Alp" in text
        assert "02 99 01 02 03" in text
        assert (LONG_LINK in text) is (kind not in CANCELS)
    if kind in IN_PERSON and kind not in CANCELS:
        assert "7 cours des Alliés, 35000 Rennes" in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.row("CN-08")
def test_a_change_in_person_fits_too(language: str) -> None:
    text = rendered(
        GenreEnvoi.PRESENTIEL,
        Canal.SMS,
        language,
        caisse=LONG_CAISSE,
        link=LONG_LINK,
        zone="America/Miquelon",
        previous=NOW,
    ).text

    assert set(text) <= ALPHABET
    assert gsm.segments(text) <= 2
    assert PLACE.address in text


def test_the_name_of_the_caisse_is_cut_first_then_the_name_of_the_place() -> None:
    place = Place(name="Maison des services " * 5, address=PLACE.address, access="", hours="")

    text = rendered(
        GenreEnvoi.PRESENTIEL, Canal.SMS, "fr", caisse=LONG_CAISSE, link=LONG_LINK, place=place
    ).text

    assert gsm.segments(text) <= 2
    assert text.startswith("CPAM des Alp. : ")
    assert "Maison des" in text
    assert PLACE.address in text
    assert LONG_LINK in text


def test_accents_outside_the_alphabet_fall_and_the_others_stay() -> None:
    assert gsm.transliterated("déjà où, œuvre « fête » ça, ğüşıİç…") == (
        'déjà où, oeuvre "fete" ca, güsiIc...'.replace('"fete"', '" fete "')
    )


@given(st.text())
def test_any_text_becomes_the_alphabet_and_a_text_of_it_stays(text: str) -> None:
    written = gsm.transliterated(text)

    assert set(written) <= ALPHABET
    assert gsm.transliterated(written) == written


@given(st.text(alphabet=sorted(ALPHABET), max_size=500))
def test_segments_hold_all_the_septets_and_cut_no_character(text: str) -> None:
    count, total = gsm.segments(text), gsm.septets(text)

    assert count == 1 if total <= 160 else count * 153 >= total
    # A cut before a two-septet character leaves at most one septet empty in each segment.
    assert total <= 160 or (count - 1) * 152 < total


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("a" * 152 + "€" + "a" * 152, 3),
    ],
)
def test_segments_are_counted_as_the_network_counts_them(text: str, count: int) -> None:
    assert gsm.segments(text) == count


def test_what_is_not_of_the_alphabet_has_no_length() -> None:
    with pytest.raises(ValueError, match="alphabet"):
        gsm.septets("ê")
