"""What is written to the assuré: true, neutral, complete, the same in every language.

`SNAPSHOTS=write .venv/bin/python -m pytest tests/server/test_messages.py` writes the snapshots
anew: read their difference in git before keeping it.
"""

import os
import re
from collections import Counter
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
from message_scenes import (
    APPOINTMENT,
    APPOINTMENTS,
    CANCELS,
    CONVENES,
    IN_PERSON,
    LINK,
    NOW,
    ORIGIN,
    PLACE,
    details_for,
    everything,
    rendered,
    unfolded,
)
from message_words import CANCELLED, FORBIDDEN, FORBIDDEN_IN_VIEW, SAID, found, words

from controle.convocation import VAUT_DANS, Canal, GenreEnvoi
from controle.etats import Etat
from server.notify import wording
from server.notify.messages import LANGUAGES, RIGHTS, TEMPLATES, ForeignLink, NoSuchMessage, render

SNAPSHOTS = Path(__file__).parent / "snapshots" / "messages"
#: A domain may say « controle »; the words around it may not.
NEUTRAL = "https://rdv.example"
LETTERS = (Canal.COURRIEL, Canal.COURRIER)

each_language = pytest.mark.parametrize("language", LANGUAGES)
each_appointment = pytest.mark.parametrize("kind", APPOINTMENTS)


# --- which message may be written ---------------------------------------------------------------


def test_every_kind_in_every_state_has_a_template_or_a_refusal() -> None:
    assert set(TEMPLATES) == set(product(GenreEnvoi, Etat))

    for (kind, state), channel, language in product(TEMPLATES, Canal, LANGUAGES):
        exists = kind is not GenreEnvoi.CODE or channel is Canal.SMS
        if state in VAUT_DANS[kind] and exists:
            assert render(kind, state, channel, language, details_for(kind), NOW).text
        else:
            with pytest.raises(NoSuchMessage):
                render(kind, state, channel, language, details_for(kind), NOW)


@pytest.mark.row("CN-03")
@pytest.mark.parametrize("state", [Etat.ANNULE_SERVICE, Etat.REFUSE, Etat.REPORTE])
def test_no_reminder_can_be_written_once_the_appointment_is_cancelled_refused_or_moved(
    state: Etat,
) -> None:
    details = details_for(GenreEnvoi.RAPPEL)

    with pytest.raises(NoSuchMessage):
        render(GenreEnvoi.RAPPEL, state, Canal.COURRIEL, "fr", details, NOW)


@each_language
@pytest.mark.row("CN-01")
def test_a_convocation_never_says_cancelled(language: str) -> None:
    for kind, channel in product(GenreEnvoi, Canal):
        if kind is GenreEnvoi.CODE and channel is not Canal.SMS:
            continue
        message = rendered(kind, channel, language)

        said = found(CANCELLED[language], everything(message))

        expected = kind in CANCELS and not (channel is Canal.SMS and language == "ar")
        assert bool(said) is expected, (kind, channel, said)
        assert ("CANCEL" in message.calendar) is (kind in CANCELS and channel is Canal.COURRIEL)


@each_language
@pytest.mark.row("CN-15")
def test_what_each_message_says_is_what_was_read_and_kept(language: str) -> None:
    for kind in GenreEnvoi:
        for name, now in snapshots(kind, language).items():
            kept = SNAPSHOTS / language / name
            if os.environ.get("SNAPSHOTS") == "write":
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_text(now)
            assert now == kept.read_text(), f"{kept}: see the first lines of this file"


def test_no_snapshot_is_of_a_message_that_is_gone() -> None:
    kept = {str(file.relative_to(SNAPSHOTS)) for file in SNAPSHOTS.rglob("*.*")}

    now = {
        f"{language}/{name}"
        for language, kind in product(LANGUAGES, GenreEnvoi)
        for name in snapshots(kind, language)
    }

    assert kept == now


def snapshots(kind: GenreEnvoi, language: str) -> dict[str, str]:
    """The files of one kind: all that is text in one, the HTML in another, to open as it is."""
    channels = [Canal.SMS] if kind is GenreEnvoi.CODE else list(Canal)
    messages = {channel: rendered(kind, channel, language) for channel in channels}
    parts = []
    for channel, message in messages.items():
        head = [f"##### {channel}", message.subject, message.text.rstrip()]
        parts += [part for part in head if part]
        parts += [unfolded(message.calendar).replace("\r\n", "\n").rstrip()]
    files = {f"{kind}.txt": "\n\n".join(part for part in parts if part) + "\n"}
    if Canal.COURRIEL in messages:
        files[f"{kind}.html"] = messages[Canal.COURRIEL].html + "\n"
    return files


# --- what every message says --------------------------------------------------------------------


@each_language
@each_appointment
@pytest.mark.row("CN-01")
@pytest.mark.row("CN-03")
def test_every_mail_and_letter_has_date_hour_zone_link_phone_and_how_to_justify(
    language: str, kind: GenreEnvoi
) -> None:
    said = SAID[language]
    for channel in LETTERS:
        message = rendered(kind, channel, language)

        for text in (said.day, said.hour, said.zone, APPOINTMENT.helpline, APPOINTMENT.code):
            assert text in message.text
        # A cancellation: nothing has to be done, nothing is left to justify, the link is dead.
        alive = kind not in CANCELS
        assert (LINK in message.text) is alive
        assert (said.absence in " ".join(message.text.split())) is alive
        if channel is Canal.COURRIEL:
            assert said.day in message.subject


@each_language
@each_appointment
@pytest.mark.row("CN-01")
def test_every_sms_has_date_hour_zone_link_phone_and_how_to_justify(
    language: str, kind: GenreEnvoi
) -> None:
    said = SAID[language]

    text = rendered(kind, Canal.SMS, language).text

    for piece in (said.short_day, said.short_hour, said.short_zone, APPOINTMENT.helpline):
        assert piece in text
    alive = kind not in CANCELS
    assert (LINK in text) is alive
    assert any(piece in text for piece in said.short_absence) is alive


@each_language
@pytest.mark.row("CN-11")
def test_every_message_that_convenes_has_the_nine_blocks_of_the_rights(language: str) -> None:
    spoken = wording.wording(language)
    facts = ("226-1", "L.323-6", "R.323-12", "R.142-1-A", "CRA", "CMRA", "LSF", "CNIL")
    given = (APPOINTMENT.controller, APPOINTMENT.dpo, APPOINTMENT.retention)

    for kind, channel in product(CONVENES, LETTERS):
        text = rendered(kind, channel, language).text
        assert len(RIGHTS) == 9
        for right in RIGHTS:
            assert f"* {spoken.say(f'rights.{right}.title')}\n" in text
        text = " ".join(text.split())
        for fact in (*facts, *given, f"{ORIGIN}/verifier", APPOINTMENT.code):
            assert fact in text


@each_language
@pytest.mark.row("CN-11")
def test_the_other_messages_say_where_the_rights_are_and_how_to_verify(language: str) -> None:
    spoken = wording.wording(language)

    for kind in set(APPOINTMENTS) - set(CONVENES):
        text = " ".join(rendered(kind, Canal.COURRIEL, language).text.split())
        assert spoken.say("rights.pointer") in text
        assert f"{ORIGIN}/verifier" in text


@each_language
@pytest.mark.row("IP-02")
def test_an_appointment_in_person_says_where_how_to_get_in_and_when_it_is_open(
    language: str,
) -> None:
    for kind in IN_PERSON:
        mail = rendered(kind, Canal.COURRIEL, language).text
        for fact in (PLACE.name, PLACE.address, PLACE.access, PLACE.hours):
            assert fact in mail
    for kind in (GenreEnvoi.PRESENTIEL, GenreEnvoi.RAPPEL_PRESENTIEL):
        sms = rendered(kind, Canal.SMS, language).text
        assert f"{PLACE.name} {PLACE.address}" in sms


@each_language
def test_without_a_link_an_appointment_in_person_is_answered_by_phone(language: str) -> None:
    mail = rendered(GenreEnvoi.PRESENTIEL, Canal.COURRIEL, language, link="")
    sms = rendered(GenreEnvoi.PRESENTIEL, Canal.SMS, language, link="")

    assert "/rdv" not in everything(mail) + sms.text
    assert SAID[language].absence in " ".join(mail.text.split())
    assert sms.text.endswith(APPOINTMENT.helpline)


def test_an_appointment_in_person_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="place"):
        rendered(GenreEnvoi.PRESENTIEL, Canal.COURRIEL, "fr", place=None)


@pytest.mark.parametrize("kind", [*CONVENES[:3], GenreEnvoi.RAPPEL])
@pytest.mark.row("CN-01")
def test_an_appointment_by_video_without_a_link_is_refused(kind: GenreEnvoi) -> None:
    for channel in Canal:
        with pytest.raises(ValueError, match="link"):
            rendered(kind, channel, "fr", link="")


@each_language
@pytest.mark.row("CN-06")
def test_a_new_date_says_which_date_it_replaces(language: str) -> None:
    before = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
    spoken = wording.wording(language)

    for kind in (GenreEnvoi.DEPLACEMENT, GenreEnvoi.EXCUSE):
        text = rendered(kind, Canal.COURRIEL, language).text

        assert spoken.day(before, "Europe/Paris") in " ".join(text.split())
        assert spoken.day(APPOINTMENT.start, "Europe/Paris") in text


@each_language
@pytest.mark.row("CN-06")
@pytest.mark.row("IP-02")
def test_in_person_too_a_change_says_what_it_replaces(language: str) -> None:
    before = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
    spoken = wording.wording(language)
    new_date, same_date = (
        spoken.bare(spoken.say(f"subject.{key}", day=spoken.day(APPOINTMENT.start, "Europe/Paris")))
        for key in ("new_date", "appointment")
    )

    for previous, subject in ((before, new_date), (APPOINTMENT.start, same_date)):
        mail = rendered(GenreEnvoi.PRESENTIEL, Canal.COURRIEL, language, previous=previous)
        sms = rendered(GenreEnvoi.PRESENTIEL, Canal.SMS, language, previous=previous)

        replaced = spoken.say(
            "presentiel.previous",
            previous_day=spoken.day(previous, "Europe/Paris"),
            previous_hour=spoken.hour(previous, "Europe/Paris"),
        )
        assert " ".join(replaced.split()) in " ".join(mail.text.split())
        assert mail.subject == subject
        assert sms.text != rendered(GenreEnvoi.PRESENTIEL, Canal.SMS, language).text


@each_language
def test_the_access_code_comes_first_and_is_for_nobody_else(language: str) -> None:
    text = rendered(GenreEnvoi.CODE, Canal.SMS, language).text

    assert text.startswith("493817")
    assert "10 " in text
    assert "https" not in text


@each_language
@pytest.mark.row("CN-01")
def test_the_letter_says_the_same_as_the_mail_without_a_button(language: str) -> None:
    mail = rendered(GenreEnvoi.CONVOCATION, Canal.COURRIEL, language)
    letter = rendered(GenreEnvoi.CONVOCATION, Canal.COURRIER, language)

    assert Counter(words(mail.text)) - Counter(words(letter.text)) <= Counter(
        words(wording.wording(language).say("page.button"))
    )
    assert "<a " not in letter.html
    assert letter.calendar == ""


# --- what no message says -----------------------------------------------------------------------


@each_language
@pytest.mark.row("CN-08")
def test_no_message_says_a_word_of_health_or_of_the_context(language: str) -> None:
    for kind, channel in product(APPOINTMENTS, Canal):
        message = rendered(kind, channel, language, origin=NEUTRAL, link=f"{NEUTRAL}/rdv#x")
        in_view = f"{message.subject}\n{unfolded(message.calendar)}"
        sms_language = "fr" if channel is Canal.SMS and language == "ar" else language

        assert not found(FORBIDDEN[sms_language], everything(message)), kind
        assert not found(FORBIDDEN_IN_VIEW, in_view), kind
        if channel is Canal.SMS:
            assert not found(FORBIDDEN_IN_VIEW, message.text), kind


@each_language
@pytest.mark.row("CN-08")
def test_no_message_has_a_number_as_long_as_a_nir(language: str) -> None:
    nir = re.compile(
        r"(?<!\d)[12][ .]?\d{2}[ .]?(?:0[1-9]|1[0-2]|[2-9]\d)[ .]?(?:\d{2}|2[AB])"
        r"[ .]?\d{3}[ .]?\d{3}(?:[ .]?\d{2})?(?!\d)"
    )
    assert nir.search("2 85 05 78 006 084 91")

    for kind, channel in product(APPOINTMENTS, Canal):
        text = everything(rendered(kind, channel, language))
        assert not re.search(r"\d{13}|\d{15}", text)
        assert not nir.search(text)


def test_a_line_break_in_a_name_never_becomes_a_header() -> None:
    attack = "CPAM\r\nBcc: tous@exemple.fr\x00\u2028fin\u202e"

    for kind, channel, language in product(APPOINTMENTS, Canal, LANGUAGES):
        message = rendered(kind, channel, language, caisse=attack, helpline="36\n46")
        for line in (message.subject, *unfolded(message.calendar).split("\r\n")):
            assert not re.search(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e]", line)
            assert not line.startswith("Bcc")
        assert not re.search(r"[\r\x00\u2028\u202e]", message.text + message.html)
        assert "\nBcc" not in message.text


def test_html_in_a_name_is_written_not_obeyed() -> None:
    message = rendered(
        GenreEnvoi.CONVOCATION,
        Canal.COURRIEL,
        "fr",
        caisse='<img src="https://mal.example/x">{link}',
    )

    assert "<img" not in message.html
    assert "&lt;img" in message.html
    assert "{link}" in message.text


@pytest.mark.parametrize(
    "link",
    [
        "https://mal.example/rdv#x",
        f"{ORIGIN}.mal.example/rdv#x",
        f"{ORIGIN}@mal.example/rdv",
        f'{ORIGIN}/rdv#x" onclick="y',
        f"{ORIGIN}/rdv#x\r\ny",
        "javascript:alert(1)",
    ],
)
@pytest.mark.row("CN-10")
def test_a_link_to_elsewhere_is_refused(link: str) -> None:
    with pytest.raises(ForeignLink):
        rendered(GenreEnvoi.CONVOCATION, Canal.COURRIEL, "fr", link=link)


def test_a_moment_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 12, 1, 14, 30)  # noqa: DTZ001

    with pytest.raises(ValueError, match="time zone"):
        rendered(GenreEnvoi.CONVOCATION, Canal.SMS, "fr", start=naive)
