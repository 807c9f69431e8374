"""What a message may say: the only facts that reach a template, checked once at the door."""

import re
import unicodedata
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

_Record = TypeVar("_Record", "Details", "Place")
_URL = re.compile(r"[!#-;=?-Z_a-z~%]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an in-person appointment is."""

    name: str
    address: str
    access: str
    hours: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """All that a message may say. No name, no number of the assuré, no context: what is not here
    cannot leak (row CN-08)."""

    caisse: str
    helpline: str
    helpline_hours: str = ""
    start: datetime
    zone: str
    minutes: int
    #: `{origin}/rdv#secret`; empty only for an in-person appointment.
    link: str
    #: `https://host[:port]`, the only place that a message points to.
    origin: str
    #: Short code of the convocation, to verify at `{origin}/verifier` that a message is genuine.
    code: str
    #: Stable part of the iCalendar UID, and its SEQUENCE.
    series: str
    sequence: int
    #: The date that this one replaces.
    previous: datetime | None = None
    place: Place | None = None
    controller: str = ""
    dpo: str = ""
    retention: str = ""
    #: Kind CODE only.
    access_code: str = ""
    access_minutes: int = 0


class ForeignLink(ValueError):
    """A link that leads elsewhere than to the configured origin."""


def checked(details: Details) -> Details:
    """The same details, each text on one line and without invisible characters.

    :raises ForeignLink: the link is not of the origin.
    :raises ValueError: a moment without a zone.
    """
    moments = (details.start, details.previous)
    if any(moment is not None and moment.tzinfo is None for moment in moments):
        raise ValueError("a moment without a time zone")
    if details.link and not _leads_home(details.link, details.origin):
        raise ForeignLink
    place = details.place and _one_line(details.place)
    return replace(_one_line(details), place=place)


def host_of(origin: str) -> str:
    return urlsplit(origin).hostname or ""


def _leads_home(link: str, origin: str) -> bool:
    return link.startswith(f"{origin}/") and _URL.fullmatch(link) is not None


def _one_line(record: _Record) -> _Record:
    texts = {f.name: getattr(record, f.name) for f in fields(record)}
    cleaned: dict[str, Any] = {k: _clean(v) for k, v in texts.items() if isinstance(v, str)}
    return replace(record, **cleaned)


def _clean(text: str) -> str:
    """One line: a CR LF would become a mail header, a direction mark would turn the text over."""
    spaced = (" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    seen = (c for c in spaced if unicodedata.category(c) not in ("Cf", "Cs", "Co"))
    return " ".join("".join(seen).split())
