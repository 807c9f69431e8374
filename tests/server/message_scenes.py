"""One imaginary appointment, frozen: what every message of the tests and snapshots is about."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from controle.convocation import VAUT_DANS, Canal, GenreEnvoi
from server.notify.messages import Details, Place, Rendered, render

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ORIGIN = "https://telecontrole.example"
LINK = f"{ORIGIN}/rdv#Zk3vQhX1s7wB0cTnYpLrEaUdGmJi"
PLACE = Place(
    name="Agence de Rennes",
    address="7 cours des Alliés, 35000 Rennes",
    access="entrée de plain-pied, métro Charles-de-Gaulle",
    hours="de 8 h 30 à 17 h",
)
APPOINTMENT = Details(
    caisse="CPAM de Bretagne",
    helpline="02 99 01 02 03",
    helpline_hours="du lundi au vendredi",
    start=datetime(2026, 12, 1, 13, 30, tzinfo=UTC),
    zone="Europe/Paris",
    minutes=30,
    link=LINK,
    origin=ORIGIN,
    code="K7QF-2M9D",
    series="0f8fad5b-d9cb-469f-a165-70867728950e",
    sequence=0,
    controller="CPAM de Bretagne",
    dpo="dpo@cpam.example",
    retention="deux ans",
    access_code="493817",
    access_minutes=10,
)

CONVENES = (
    GenreEnvoi.CONVOCATION,
    GenreEnvoi.DEPLACEMENT,
    GenreEnvoi.EXCUSE,
    GenreEnvoi.PRESENTIEL,
)
CANCELS = (GenreEnvoi.ANNULATION, GenreEnvoi.ANNULATION_PRESENTIEL)
IN_PERSON = (
    GenreEnvoi.PRESENTIEL,
    GenreEnvoi.RAPPEL_PRESENTIEL,
    GenreEnvoi.ANNULATION_PRESENTIEL,
)
#: Every kind that is an appointment, and the access code beside them.
APPOINTMENTS = tuple(kind for kind in GenreEnvoi if kind is not GenreEnvoi.CODE)


def details_for(kind: GenreEnvoi, **changes: Any) -> Details:
    """The appointment as this kind of message knows it."""
    details = replace(APPOINTMENT, **changes)
    if kind in IN_PERSON:
        details = replace(details, place=changes.get("place", PLACE))
    if kind in (GenreEnvoi.DEPLACEMENT, GenreEnvoi.EXCUSE):
        details = replace(
            details,
            previous=datetime(2026, 11, 27, 8, 0, tzinfo=UTC),
            sequence=details.sequence + 1,
        )
    return details


def rendered(kind: GenreEnvoi, channel: Canal, language: str, **changes: Any) -> Rendered:
    """In a state where it is true: which one makes no difference to the words."""
    state = min(VAUT_DANS[kind])
    return render(kind, state, channel, language, details_for(kind, **changes), NOW)


def everything(message: Rendered) -> str:
    """All that leaves, in one text."""
    return "\n".join((message.subject, message.text, message.html, unfolded(message.calendar)))


def unfolded(calendar: str) -> str:
    """iCalendar lines joined again (RFC 5545 §3.1)."""
    return calendar.replace("\r\n ", "")
