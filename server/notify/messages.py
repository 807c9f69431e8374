"""The messages: which one is true now, in which language, on which channel (rows CN-01 to CN-11).

Neutral: no NIR, no pathology, no context (features.md CN-08). « Modèle à valider » by a lawyer and
the data protection officer of each caisse: docs/guides/messages.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from controle.convocation import CONVOQUENT, Canal, GenreEnvoi, vaut
from controle.etats import Etat

from . import ics
from .details import Details, ForeignLink, Place, checked
from .letters import LETTERS, RIGHTS, Scribe
from .short_texts import short_text
from .typeset import html, plain, template
from .wording import LANGUAGES as _LANGUAGES
from .wording import Wording, known, wording

__all__ = [
    "LANGUAGES",
    "RIGHTS",
    "TEMPLATES",
    "Details",
    "ForeignLink",
    "NoSuchMessage",
    "Place",
    "Rendered",
    "load",
    "render",
]

LANGUAGES: tuple[str, ...] = tuple(_LANGUAGES)

#: Every kind in every state: the template, or None where the message would not be true.
TEMPLATES: Mapping[tuple[GenreEnvoi, Etat], GenreEnvoi | None] = {
    (kind, state): kind if vaut(kind, state) else None for kind in GenreEnvoi for state in Etat
}

_IN_PERSON = frozenset({GenreEnvoi.PRESENTIEL, GenreEnvoi.RAPPEL_PRESENTIEL})
_BY_VIDEO = CONVOQUENT | {GenreEnvoi.RAPPEL}
#: What an appointment's calendar entry becomes; a reminder changes nothing in it.
_CALENDARS = {
    GenreEnvoi.CONVOCATION: "PUBLISH",
    GenreEnvoi.DEPLACEMENT: "PUBLISH",
    GenreEnvoi.EXCUSE: "PUBLISH",
    GenreEnvoi.PRESENTIEL: "PUBLISH",
    GenreEnvoi.ANNULATION: "CANCEL",
    GenreEnvoi.ANNULATION_PRESENTIEL: "CANCEL",
}


class NoSuchMessage(Exception):
    """This kind is not true in this state, or does not exist on this channel."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One message as it leaves. `version` names the texts: one changed word changes it."""

    subject: str
    text: str
    html: str
    calendar: str
    calendar_method: str
    version: str


def load() -> None:
    """Read every catalogue and the template, so that a broken one stops the start.

    :raises OSError: a catalogue is missing.
    """
    template()
    for name in LANGUAGES:
        wording(name)


def render(
    kind: GenreEnvoi, state: Etat, channel: Canal, language: str, details: Details, now: datetime
) -> Rendered:
    """One message. An unknown language is French.

    :raises NoSuchMessage: it is not true in this state, or does not exist on this channel.
    :raises ForeignLink: its link would lead elsewhere than to the origin.
    :raises ValueError: a moment without a time zone, an appointment in person without a place
        or by video without a link.
    """
    if TEMPLATES[kind, state] is None:
        raise NoSuchMessage(f"{kind} in {state}")
    if kind in _IN_PERSON and details.place is None:
        raise ValueError("an appointment in person without a place")
    if kind in _BY_VIDEO and not details.link:
        raise ValueError("an appointment by video without a link")
    spoken, facts = wording(known(language)), checked(details)
    if channel is Canal.SMS:
        return _sms(kind, spoken, facts)
    if kind not in LETTERS:
        raise NoSuchMessage(f"{kind} by {channel}")
    return _letter(kind, spoken, facts, now, paper=channel is Canal.COURRIER)


def _sms(kind: GenreEnvoi, spoken: Wording, details: Details) -> Rendered:
    written = wording(spoken.language.sms or spoken.name)
    return Rendered("", short_text(kind, written, details), "", "", "", written.version)


def _letter(
    kind: GenreEnvoi, spoken: Wording, details: Details, now: datetime, *, paper: bool
) -> Rendered:
    letter = LETTERS[kind](Scribe(spoken, details, paper=paper))
    method = "" if paper else _CALENDARS.get(kind, "")
    return Rendered(
        subject=letter.subject,
        text=plain(letter, spoken),
        html=html(letter, spoken),
        calendar=ics.calendar(method, spoken, details, now) if method else "",
        calendar_method=method,
        version=spoken.version,
    )
