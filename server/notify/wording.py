"""The words, language by language: catalogues, dates, hours and zones as people say them.

A catalogue is a gettext file whose msgid is a dotted key; fr.po is the reference. « Modèle à
valider » by a lawyer and the data protection officer of each caisse.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.pofile import read_po

CATALOGUES = Path(__file__).parent / "catalogues"
TEMPLATE = Path(__file__).parent / "templates" / "courriel.html"
#: The day when the texts were last gone through; the hash beside it tells every changed word.
DATED = "2026-11-22"

#: First strong isolate, pop: a phone number or a name keeps its order inside Arabic.
_ISOLATE, _POP = "\u2068", "\u2069"


@dataclass(frozen=True, slots=True)
class Language:
    """How a language is written. Patterns are those of CLDR."""

    locale: str
    #: For the `lang` attribute.
    tag: str
    hour: str = "HH:mm"
    short_hour: str = "HH:mm"
    short_day: str = "EEE dd/MM/y"
    colon: str = ": "
    rtl: bool = False
    #: Which catalogue its SMS come from, when not its own (docs/decisions/0015-sms-in-gsm7.md).
    sms: str = ""


_FRENCH = Language(
    "fr", "fr", hour="H 'h' mm", short_hour="H'h'mm", short_day="EEEE dd/MM/y", colon=" : "
)
LANGUAGES: Mapping[str, Language] = {
    "fr": _FRENCH,
    "fr-falc": _FRENCH,
    "en": Language("en_GB", "en", short_day="EEE d MMM y"),
    "ar": Language("ar", "ar", rtl=True, sms="fr"),
    "pt": Language("pt_PT", "pt", short_day="EEE, dd/MM/y"),
    "tr": Language("tr", "tr", short_day="dd.MM.y EEE"),
    "es": Language("es", "es"),
}


def known(language: str) -> str:
    """The language asked for, or the nearest: « pt-BR » is written « pt », the unknown French."""
    asked = language.lower().replace("_", "-")
    return next((name for name in (asked, asked.split("-")[0]) if name in LANGUAGES), "fr")


class Wording:
    """One language's words."""

    def __init__(self, name: str, folder: Path = CATALOGUES) -> None:
        source = folder / f"{name}.po"
        self.name = name
        self.language = LANGUAGES[name]
        self._locale = Locale.parse(self.language.locale)
        self._words = catalogue(source)
        digest = hashlib.sha256(source.read_bytes() + TEMPLATE.read_bytes()).hexdigest()[:8]
        self.version = f"{DATED}.{name}.{digest}"

    def say(self, key: str, **values: str) -> str:
        """:raises KeyError: no such text, or a value that it asks for is missing."""
        apart = {name: self.isolated(value) for name, value in values.items()}
        return self._words[key].format(**apart)

    def isolated(self, value: str) -> str:
        """« 02 99 01 02 03 » read from right to left would be another number."""
        return f"{_ISOLATE}{value}{_POP}" if self.language.rtl else value

    @staticmethod
    def bare(text: str) -> str:
        """Without the marks of `isolated`: a mail header has no use for them."""
        return text.replace(_ISOLATE, "").replace(_POP, "")

    def day(self, moment: datetime, zone: str) -> str:
        """« mardi 1er décembre 2026 »."""
        local = moment.astimezone(ZoneInfo(zone))
        said = format_date(local, "full", locale=self._locale)
        # CLDR has no word for the first of a month, French has.
        return said.replace(" 1 ", " 1er ", 1) if self.language.locale == "fr" else said

    def hour(self, moment: datetime, zone: str) -> str:
        """« 14 h 30 »."""
        return self._formatted(moment, zone, self.language.hour)

    def short_day(self, moment: datetime, zone: str) -> str:
        """« mardi 01/12/2026 », for SMS."""
        return self._formatted(moment, zone, self.language.short_day)

    def short_hour(self, moment: datetime, zone: str) -> str:
        return self._formatted(moment, zone, self.language.short_hour)

    def zone(self, zone: str) -> str:
        """« heure de Paris »; a zone outside the Republic by the city of its name."""
        city = zone.rsplit("/", 1)[-1].replace("_", " ")
        return self._words.get(f"zone.{zone}") or self.say("zone.other", city=city)

    def _formatted(self, moment: datetime, zone: str, pattern: str) -> str:
        return format_datetime(moment.astimezone(ZoneInfo(zone)), pattern, locale=self._locale)


def catalogue(source: Path) -> dict[str, str]:
    """Key to words, of one .po file.

    :raises PoFileError: the file is not gettext.
    """
    with source.open("rb") as file:
        read = read_po(file, abort_invalid=True)
    return {str(m.id): str(m.string) for m in read if m.id and m.string and not m.fuzzy}


@cache
def wording(name: str) -> Wording:
    """Read once."""
    return Wording(name)
