"""What is held on a person, as one accessible page in French: to read, to print, to keep."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from controle.presence import GenreFait

from .gather import Gathered, Row, needs_words
from .held import EXCLUDED, HELD, JOURNAL, NOTES, Held, Told
from .page_style import PAGE, STYLE

MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
    "octobre", "novembre", "décembre",
)  # fmt: skip
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
PARIS = "Europe/Paris"
#: Whose fact it is, on the record.
WHO = {
    "assure": "vous",
    "medecin_conseil": "médecin-conseil",
    "tiers": "tiers",
    "service": "service",
}
#: Shown as a list; the others one after the other, each in a table of its own.
LISTS = frozenset({"tache", "lien", "code_acces", "session"})
#: The heading says it; long hashes are in the JSON file and in the signed record.
UNSAID = frozenset({"telecontrole", "empreinte"})
#: Of a fact's details, what leads to another row; in the JSON file and in the signed record.
REFERENCES = frozenset({"empreinte", "envoi", "version"})
#: What a fact's line holds beside the fact's own details.
FACTS = ("N°", "Le", "Fait", "Par", "Détail")


@dataclass(frozen=True, slots=True)
class Part:
    """A table with its caption; without a head, its first column names its rows. `text`: what a
    message or a note said; `link`: a file of the folder."""

    caption: str
    rows: Sequence[Sequence[str]]
    head: Sequence[str] = ()
    text: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page under a heading."""

    title: str
    parts: list[Part] = field(default_factory=list)
    subs: "list[Section]" = field(default_factory=list)
    words: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page says besides: of the caisse, when it was made, how notes are asked for."""

    caisse: str
    dpd: str
    made: datetime
    telephone: str


_TEMPLATE = Environment(autoescape=True, undefined=StrictUndefined).from_string(PAGE)


def page(found: Gathered, asked: Asked, journal: Sequence[Row], notes: Sequence[Row] | None) -> str:
    """`notes`: None where they were not asked for with the keys of the service médical."""
    by_name = {held.table.name: held for held in HELD}
    person = found.tables["assure"][0]
    sections = [
        Section("Qui vous êtes pour nous", [_card(by_name["assure"], person, PARIS)]),
        *(_control(found, by_name, one) for one in found.tables["telecontrole"]),
        _read(journal),
        _notes(notes),
        _excluded(),
    ]
    return _TEMPLATE.render(
        style=Markup(STYLE),  # noqa: S704
        caisse=asked.caisse,
        dpd=asked.dpd,
        telephone=asked.telephone,
        made=instant(asked.made.isoformat(), PARIS),
        sections=sections,
    )


def _control(found: Gathered, by_name: Mapping[str, Held], one: Row) -> Section:
    """Everything about one télécontrôle."""
    zone = one["fuseau"]
    section = Section(f"Contrôle du {instant(one['debut'], zone)}")
    given = {row["id"] for row in found.tables["justification"] if row["telecontrole"] == one["id"]}
    for name, held in by_name.items():
        if name == "assure":
            continue
        rows = [row for row in found.tables[name] if _is_of(name, row, one["id"], given)]
        if rows:
            section.subs.append(Section(held.title, _parts(held, rows, zone)))
    attested = [
        row
        for row in found.tables["ligne"]
        if row["telecontrole"] == one["id"] and row["genre"] == GenreFait.ATTESTATION_DELIVREE
    ]
    if attested:
        section.subs.append(Section("Attestations délivrées", [_facts(attested, zone)]))
    path = f"releves/{one['id']}.json"
    if path in found.files:
        link = Part("Relevé de présence signé", (), link=path)
        section.subs.append(Section("Relevé de présence", [link]))
    return section


def _is_of(table: str, row: Row, one: str, given: set[str]) -> bool:
    if table == "telecontrole":
        return bool(row["id"] == one)
    if table == "piece":
        return row["justification"] in given
    return bool(row["telecontrole"] == one)


def _parts(held: Held, rows: Sequence[Row], zone: str) -> list[Part]:
    if held.table.name == "ligne":
        return [_facts(rows, zone)]
    if held.table.name == "sceau":
        return [_seals(rows, zone)]
    if held.table.name in LISTS:
        return [_list(held, rows, zone)]
    return [_card(held, row, zone, number) for number, row in enumerate(rows, 1)]


def _card(held: Held, row: Row, zone: str, number: int = 1) -> Part:
    """One row, its columns one under the other."""
    lines, text, link = [], "", ""
    for name, told in held.columns.items():
        value = row[name]
        if name in UNSAID or value in (None, "", []):
            continue
        if told.how == "message":
            lines.append((f"{told.label} : objet", value["objet"]))
            text = value["texte"]
        elif told.how == "file" and "/" in value:
            link = value
        else:
            lines.append((told.label, words(told, value, zone)))
    caption = held.title if number == 1 else f"{held.title}, suite ({number})"
    return Part(caption, lines, text=text, link=link)


def _list(held: Held, rows: Sequence[Row], zone: str) -> Part:
    shown = {name: told for name, told in held.columns.items() if name not in UNSAID}
    return Part(
        held.title,
        [[words(told, row[name], zone) for name, told in shown.items()] for row in rows],
        [told.label for told in shown.values()],
    )


def _facts(rows: Sequence[Row], zone: str) -> Part:
    """The chain, in words; its hashes are in the record."""
    told = next(held for held in HELD if held.table.name == "ligne").columns["genre"]
    lines = []
    for row in rows:
        fact = row["contenu"].get("fait", row["contenu"]) if _is_map(row["contenu"]) else {}
        lines.append(
            (
                str(row["seq"]),
                instant(str(fact.get("instant", "")), zone),
                words(told, row["genre"], zone),
                WHO.get(str(fact.get("role")), str(fact.get("role") or "")),
                details(fact.get("details", {})),
            )
        )
    return Part("Faits, dans l'ordre", lines, FACTS)


def _seals(rows: Sequence[Row], zone: str) -> Part:
    lines = [
        (instant(str(seal.get("instant", "")), zone), str(seal.get("motif", "")))
        for seal in (row["contenu"] for row in rows)
        if _is_map(seal)
    ]
    return Part("Sceaux du relevé", lines, ("Le", "Pourquoi"))


def _read(journal: Sequence[Row]) -> Section:
    said = (
        "Chaque consultation de vos contrôles est inscrite : à quel titre, quoi, quand. Les listes "
        "que les professionnels consultent, où votre nom a pu figurer, ne sont pas rattachées à "
        "vous."
    )
    return Section(JOURNAL.title, [_list_of(JOURNAL, journal)], words=(said,))


def _list_of(held: Held, rows: Sequence[Row]) -> Part:
    """Of rows that are of several télécontrôles: which one is said."""
    return Part(
        held.title,
        [[words(told, row[name], PARIS) for name, told in held.columns.items()] for row in rows],
        [told.label for told in held.columns.values()],
    )


MEDICAL = (
    "Les notes que le médecin-conseil a pu prendre sont couvertes par le secret médical : la "
    "caisse et l'exploitant de ce service n'y ont pas accès. Vous pouvez les demander au service "
    "médical, directement ou par un médecin de votre choix (article L.1111-7 du code de la santé "
    "publique)."
)
COMMAND = (
    "Pour le service médical : la même commande avec « --notes », suivie du dossier de ses clés, "
    "ajoute les notes à cette page."
)


def _notes(notes: Sequence[Row] | None) -> Section:
    if notes is None:
        return Section(NOTES.title, words=(MEDICAL, COMMAND))
    if not notes:
        return Section(NOTES.title, words=("Aucune note n'est gardée.",))
    parts = []
    for row in notes:
        lines = [
            (told.label, words(told, row[name], PARIS))
            for name, told in NOTES.columns.items()
            if name != "contenu"
        ]
        parts.append(Part("Note médicale", lines, text=row["contenu"]))
    return Section(NOTES.title, parts)


def _excluded() -> Section:
    """What is not given, and why; each reason once."""
    why: dict[str, list[str]] = {}
    for what, reason in EXCLUDED.items():
        why.setdefault(reason, []).append(what)
    rows = [(reason, ", ".join(sorted(names))) for reason, names in why.items()]
    part = Part("Ce qui n'est pas donné, et pourquoi", rows, ("Raison", "Colonnes ou tables"))
    return Section("Ce qui ne figure pas ici", [part])


# --- words --------------------------------------------------------------------------------------


def words(told: Told, value: Any, zone: str) -> str:
    """A value as a person reads it."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return "oui" if value else "non"
    if told.how == "needs":
        return needs_words(value)
    if told.words is not None:
        return next((text for code, text in told.words.items() if str(code) == value), str(value))
    return instant(value, zone) if isinstance(value, str) else str(value)


def instant(text: str, zone: str) -> str:
    """« 14 janvier 2027 à 9 h 00 », where a text is an instant; else the text."""
    if not INSTANT.match(text):
        return text
    at = datetime.fromisoformat(text).astimezone(ZoneInfo(zone))
    # A line is not broken between a number and its word.
    day, hour = f"{at.day}~{MONTHS[at.month - 1]}", f"à~{at.hour}~h~{at.minute:02d}"
    return f"{day} {at.year} {hour}".replace("~", "\u00a0")


def details(of: Any) -> str:
    if not _is_map(of):
        return ""
    said = (f"{name} : {_plain(value)}" for name, value in of.items() if name not in REFERENCES)
    return " ; ".join(said)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "oui" if value else "non"
    return "—" if value is None else str(value)


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapping)
