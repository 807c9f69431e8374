"""The appointment for a calendar: iCalendar (RFC 5545), published (RFC 5546 §3.2.1), not an
invitation: nothing asks for an answer, and a calendar that syncs says nothing medical (row CN-07).
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, vCalAddress

from .details import Details, host_of
from .wording import Wording

#: Neutral too: some calendars show it.
PRODUCT = "-//Rendez-vous par visio//FR"


def calendar(method: str, wording: Wording, details: Details, now: datetime) -> str:
    """PUBLISH: the appointment, or its new date under the same UID. CANCEL: the dead link is not
    repeated."""
    made = Calendar()
    made.add("PRODID", PRODUCT)
    made.add("VERSION", "2.0")
    made.add("METHOD", method)
    local = details.start.astimezone(ZoneInfo(details.zone))
    made.add_component(_timezone(details.zone, local.year))
    made.add_component(_event(wording, details, now, alive=method != "CANCEL"))
    written: bytes = made.to_ical()
    return written.decode()


def _event(wording: Wording, details: Details, now: datetime, *, alive: bool) -> Event:
    event = Event()
    event.add("UID", f"{details.series}@{host_of(details.origin)}")
    event.add("SEQUENCE", details.sequence)
    event.add("DTSTAMP", now.astimezone(UTC))
    event.add("DTSTART", _moment(details.start, details.zone))
    event.add("DTEND", _moment(details.start + timedelta(minutes=details.minutes), details.zone))
    event.add("STATUS", "CONFIRMED" if alive else "CANCELLED")
    event.add("CLASS", "PRIVATE")
    where = "in_person" if details.place else "visio"
    event.add("SUMMARY", wording.say(f"calendar.{where}", caisse=details.caisse))
    event.add("DESCRIPTION", _description(wording, details, alive=alive))
    event.add("ORGANIZER", _organizer(details))
    if alive and details.link:
        event.add("URL", details.link)
    if details.place:
        event.add("LOCATION", f"{details.place.name}, {details.place.address}")
    return event


def _description(wording: Wording, details: Details, *, alive: bool) -> str:
    colon = wording.language.colon
    lines = [f"{wording.say('fact.help')}{colon}{details.helpline}"]
    if alive and details.link:
        lines.insert(0, f"{wording.say('page.button')}{colon}{details.link}")
    return "\n".join(lines)


def _organizer(details: Details) -> vCalAddress:
    """RFC 5546 wants one; a mail address would invite answers that nobody reads."""
    organizer = vCalAddress(details.origin)
    organizer.params["CN"] = details.caisse
    return organizer


def _moment(moment: datetime, zone: str) -> datetime:
    """In the zone's own hours, save in the hour that happens twice: RFC 5545 §3.3.5 has words for
    the first of the two only."""
    local = moment.astimezone(UTC).astimezone(ZoneInfo(zone))
    return local.astimezone(UTC) if local.fold else local


@cache
def _timezone(zone: str, year: int) -> Timezone:
    """The zone's hours from the year before to the year after."""
    made = Timezone.from_tzid(zone, first_date=date(year - 1, 1, 1), last_date=date(year + 2, 1, 1))
    made.pop("COMMENT", None)
    for onset in made.daylight:
        _in_former_hours(onset)
    return made


def _in_former_hours(part: TimezoneDaylight) -> None:
    """icalendar 7.3 writes the onset of summer in summer hours; RFC 5545 §3.6.5 wants the hours
    before it, or a calendar that knows the zone from here alone is an hour late that morning."""
    ahead = part.TZOFFSETTO - part.TZOFFSETFROM
    part.DTSTART -= ahead
    later = [moment - ahead for moment, _ in part.rdates]
    part.pop("RDATE", None)
    if later:
        part.add("RDATE", later)
