"""The calendar entry: the exact instant in every zone, one UID for its whole life, neutral."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from icalendar import Calendar, Component, Event
from message_scenes import APPOINTMENT, LINK, NOW, ORIGIN, PLACE, rendered

from controle.convocation import Canal, GenreEnvoi
from server.notify import ics
from server.notify.messages import LANGUAGES
from server.notify.wording import wording

ZONES = (
    "Europe/Paris", "America/Guadeloupe", "America/Martinique", "America/Cayenne",
    "Indian/Reunion", "Indian/Mayotte", "America/Miquelon", "America/St_Barthelemy",
    "America/Marigot", "Pacific/Tahiti", "Pacific/Noumea", "Pacific/Wallis",
    "Pacific/Marquesas", "Pacific/Gambier",
)  # fmt: skip
#: The last Sundays of March and October, and those of Saint-Pierre-et-Miquelon, which changes with
#: North America.
CHANGES = (
    date(2026, 3, 29), date(2026, 10, 25), date(2027, 3, 28), date(2027, 10, 31),
    date(2026, 3, 8), date(2026, 11, 1), date(2027, 3, 14), date(2027, 11, 7),
)  # fmt: skip

FOR_EVER = datetime.max  # noqa: DTZ901

Onset = tuple[datetime, timedelta]


def parsed(text: str) -> tuple[Calendar, Event]:
    calendar = Calendar.from_ical(text)
    (event,) = calendar.walk("VEVENT")
    assert isinstance(calendar, Calendar)
    assert isinstance(event, Event)
    return calendar, event


def convoked(start: datetime, zone: str) -> str:
    details = replace(APPOINTMENT, start=start, zone=zone)
    return ics.calendar("PUBLISH", wording("fr"), details, NOW)


def onsets(zone: Component) -> list[Onset]:
    """When each observance starts, in UTC, and its offset, as RFC 5545 §3.6.5 reads them."""
    found = []
    for part in zone.subcomponents:
        moments = [part.DTSTART, *(moment for moment, _ in part.rdates)]
        found += [(moment - part.TZOFFSETFROM, part.TZOFFSETTO) for moment in moments]
    return sorted(found)


def by_the_vtimezone(calendar: Calendar, name: str) -> datetime:
    """The instant that a calendar finds which knows nothing of zones but what it was sent."""
    (event,) = calendar.walk("VEVENT")
    written = event[name]
    local = written.dt.replace(tzinfo=None)
    if "TZID" not in written.params:
        return local.replace(tzinfo=UTC)
    (zone,) = calendar.walk("VTIMEZONE")
    assert zone["TZID"] == written.params["TZID"]
    known = onsets(zone)
    candidates = [
        local - offset
        for (start, offset), (end, _) in pairwise([*known, (FOR_EVER, timedelta())])
        if start <= local - offset < end
    ]
    # An hour that happens twice is the first (RFC 5545 §3.3.5).
    return min(candidates).replace(tzinfo=UTC)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.row("CN-07")
def test_the_instant_is_exact_in_every_zone_on_the_days_when_the_hour_changes(zone: str) -> None:
    for day in CHANGES:
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        for half_hour in range(-4, 2 * 34):
            start = midnight + timedelta(minutes=30 * half_hour)

            calendar, event = parsed(convoked(start, zone))

            assert event.DTSTART.astimezone(UTC) == start
            assert by_the_vtimezone(calendar, "DTSTART") == start
            assert by_the_vtimezone(calendar, "DTEND") == start + timedelta(minutes=30)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.row("CN-07")
def test_the_entry_is_in_the_hours_of_the_caisse_and_brings_its_zone(zone: str) -> None:
    calendar, event = parsed(convoked(APPOINTMENT.start, zone))

    assert [z["TZID"] for z in calendar.walk("VTIMEZONE")] == [zone]
    assert event["DTSTART"].params["TZID"] == zone
    assert event["DTEND"].params["TZID"] == zone


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.row("CN-07")
def test_the_entry_is_published_neutral_and_asks_for_no_answer(language: str) -> None:
    message = rendered(GenreEnvoi.CONVOCATION, Canal.COURRIEL, language)

    calendar, event = parsed(message.calendar)

    assert message.calendar_method == calendar["METHOD"] == "PUBLISH"
    assert event["UID"] == f"{APPOINTMENT.series}@telecontrole.example"
    assert (event["SEQUENCE"], event["STATUS"], event["CLASS"]) == (0, "CONFIRMED", "PRIVATE")
    assert event["DTSTAMP"].dt == NOW
    assert event["URL"] == LINK
    assert APPOINTMENT.caisse in event["SUMMARY"]
    assert APPOINTMENT.helpline in event["DESCRIPTION"]
    assert not {"ATTENDEE", "ATTACH", "LOCATION"} & set(event)
    assert not event.subcomponents


@pytest.mark.row("CN-06")
def test_a_new_date_and_a_cancellation_are_the_same_entry_with_a_higher_sequence() -> None:
    _, first = parsed(rendered(GenreEnvoi.CONVOCATION, Canal.COURRIEL, "fr").calendar)
    _, moved = parsed(rendered(GenreEnvoi.DEPLACEMENT, Canal.COURRIEL, "fr").calendar)
    message = rendered(GenreEnvoi.ANNULATION, Canal.COURRIEL, "fr", sequence=2)
    calendar, gone = parsed(message.calendar)

    assert first["UID"] == moved["UID"] == gone["UID"]
    assert [event["SEQUENCE"] for event in (first, moved, gone)] == [0, 1, 2]
    assert message.calendar_method == calendar["METHOD"] == "CANCEL"
    assert gone["STATUS"] == "CANCELLED"
    assert LINK not in message.calendar
    assert "URL" not in gone


@pytest.mark.row("IP-02")
def test_an_appointment_in_person_has_a_place() -> None:
    _, event = parsed(rendered(GenreEnvoi.PRESENTIEL, Canal.COURRIEL, "fr").calendar)

    assert event["LOCATION"] == f"{PLACE.name}, {PLACE.address}"
    assert event["SUMMARY"] == "Rendez-vous CPAM de Bretagne"


@pytest.mark.parametrize("channel", [Canal.SMS, Canal.COURRIER])
def test_only_a_mail_brings_an_entry(channel: Canal) -> None:
    message = rendered(GenreEnvoi.CONVOCATION, channel, "fr")

    assert (message.calendar, message.calendar_method) == ("", "")


def test_a_reminder_changes_nothing_in_the_calendar() -> None:
    assert rendered(GenreEnvoi.RAPPEL, Canal.COURRIEL, "fr").calendar == ""


def test_the_uid_is_of_the_host_without_its_port() -> None:
    origin = f"{ORIGIN}:8443"

    message = rendered(
        GenreEnvoi.CONVOCATION, Canal.COURRIEL, "fr", origin=origin, link=f"{origin}/rdv#x"
    )

    _, event = parsed(message.calendar)
    assert event["UID"] == f"{APPOINTMENT.series}@telecontrole.example"


def test_signs_of_the_format_in_a_name_stay_in_the_name() -> None:
    message = rendered(
        GenreEnvoi.CONVOCATION, Canal.COURRIEL, "fr", caisse='CPAM; "A", B\\n:\r\nEND:VEVENT'
    )

    _, event = parsed(message.calendar)

    assert event["SUMMARY"] == 'Rendez-vous CPAM; "A", B\\n: END:VEVENT par visio'
    assert "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n" in message.calendar
