"""What each language must say, and must never say, for test_messages.py."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    """The frozen appointment of message_scenes.py as this language says it."""

    day: str
    hour: str
    zone: str
    short_day: str
    short_hour: str
    #: The zone, and how to say that one cannot come, in an SMS.
    short_zone: str
    short_absence: tuple[str, ...]
    #: How to justify an absence, in a mail.
    absence: str
    direction: str = "ltr"


_FR = Said(
    "mardi 1er décembre 2026", "14 h 30", "heure de Paris",
    "mardi 01/12/2026", "14h30", "heure de Paris",
    ("empechement", "Empechement"), "justifiez une absence",
)  # fmt: skip

SAID = {
    "fr": _FR,
    "fr-falc": Said(
        _FR.day, _FR.hour, _FR.zone, _FR.short_day, _FR.short_hour, _FR.short_zone,
        ("absence", "Absence"), "Vous pouvez dire que vous serez absent",
    ),
    "en": Said(
        "Tuesday, 1 December 2026", "14:30", "Paris time", "Tue 1 Dec 2026", "14:30",
        "Paris time", ("cannot come",), "justify an absence",
    ),
    "ar": Said(
        "الثلاثاء، 1 ديسمبر 2026", "14:30", "بتوقيت باريس", _FR.short_day, _FR.short_hour,
        _FR.short_zone, _FR.short_absence, "تبرير الغياب، قبل الموعد", "rtl",
    ),
    "pt": Said(
        "terça-feira, 1 de dezembro de 2026", "14:30", "hora de Paris", "terca, 01/12/2026",
        "14:30", "hora de Paris", ("ausencia", "Ausencia"), "justificar uma ausência",
    ),
    "tr": Said(
        "1 Aralık 2026 Salı", "14:30", "Paris saati", "01.12.2026 Sal", "14:30", "Paris saati",
        ("mazeret", "Mazeret"), "mazeret bildirebilir",
    ),
    "es": Said(
        "martes, 1 de diciembre de 2026", "14:30", "hora de París", "mar 01/12/2026", "14:30",
        "hora de Paris", ("ausencia", "Ausencia"), "justificar una ausencia",
    ),
}  # fmt: skip

_FRENCH = (
    r"\barr[êe]ts?\b", "maladi", "malade", "invalid", "accident", "patholog", "diagnos",
    r"\btravail\b", "ordonnance", "incapac", "handicap", "h[ôo]pita", "sympt[ôo]m", "sant[ée]",
    r"\bsoins?\b", "patient", "journali", "bless", "grossesse", "docteur",
)  # fmt: skip
#: Nothing about health or about what the control is on, anywhere (row CN-08).
FORBIDDEN = {
    "fr": _FRENCH,
    "fr-falc": _FRENCH,
    "en": (
        "sick", r"\bill(ness)?\b", "disease", "disab", "accident", "patholog", "diagnos",
        "treatment", "prescription", "hospital", "symptom", "health", "injur", "patient",
        r"\bwork\b", r"\bleave\b", "check-up",
    ),
    "ar": (
        "مرض", "مريض", "عجز", "إعاقة", "حادث", "تشخيص", "علاج", "وصفة", "مستشفى", "أعراض",
        "صحة", "إصابة", "عطلة",
    ),
    "pt": (
        "doen[çt]", "baixa", "invalid", "incapac", "acident", "patolog", "diagn", "receita",
        "hospita", "sintoma", "sa[úu]de", r"\bles[ãõao]", "paciente", "trabalho", "defici",
    ),
    "tr": (
        "hasta", "rapor", "malul", "engelli", r"\bkaza\b", "patoloji", "te[şs]his", "re[çc]ete",
        "semptom", "sa[ğg]l[ıi]k", "yaralan", r"\bi[şs]\b",
    ),
    "es": (
        "enferm", r"\bbaja\b", "invalid", "incapac", "accident", "patolog", "diagn", "receta",
        "hospital", "s[íi]ntoma", "salud", "lesi", "paciente", "trabajo", "discapac",
    ),
}  # fmt: skip
#: And in what shows on a locked screen or a shared calendar (subject, SMS, iCalendar), not even
#: that a doctor or a control is behind it.
FORBIDDEN_IN_VIEW = (
    "m[ée]di[ck]", "m[ée]dec", "doctor", "hekim", "t[ıi]bb", "طب", "contr[ôo]l", "kontrol",
    "review", "مراقبة", r"s[ée]curit", "seguri", "security", "güvenlik", "cnam",
)  # fmt: skip
#: What only a cancellation says.
CANCELLED = {
    "fr": ("annul", "supprim"),
    "fr-falc": ("annul", "supprim"),
    "en": ("cancel", "called off"),
    "ar": ("إلغاء", "ألغ", "ملغ"),
    "pt": ("cancel", "anul"),
    "tr": ("iptal",),
    "es": ("cancel", "anul"),
}


def found(patterns: tuple[str, ...], text: str) -> list[str]:
    return [p for p in patterns if re.search(p, text, re.IGNORECASE)]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)
