"""Files in, tables out: CSV or JSON read strictly, CSV written so that no cell is a formula."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from controle.refus import Refus
from server.web.agent_messages import LineError, PlanForm

#: What a spreadsheet's first line may call each field.
COLUMNS: dict[str, str] = {
    "civilite": "civility",
    "nom": "name",
    "contexte": "context",
    "medecin": "doctor",
    "debut": "start",
    "duree": "minutes",
    "courriel": "mail",
    "telephone": "phone",
    "adresse": "address",
    "langue": "language",
    "reference": "reference",
}
FIELDS: dict[str, Any] = {field.name: field for field in msgspec.structs.fields(PlanForm)}
REQUIRED = [name for name, field in FIELDS.items() if field.required]
#: As a French spreadsheet writes it: « 01/12/2026 14:30 ».
FRENCH = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})[ T](\d{1,2})[:h](\d{2})(?::00)?")
ISO = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2})(?::00)?")
#: A spreadsheet would run what begins so, some also in full width (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
UNREADABLE = (
    "Ce fichier n'est pas en UTF-8 : dans votre tableur, enregistrez-le au format "
    "« CSV UTF-8 », puis recommencez."
)


class FichierIllisible(Refus):
    """Not a file that can be read; its message says what to do."""

    code = "fichier_illisible"
    champ = "file"


class FichierTropLong(Refus):
    """More lines, or bytes, than one import may have."""

    code = "fichier_trop_long"
    champ = "file"


@dataclass(frozen=True, slots=True)
class Line:
    """One line, as a form or as what is wrong with it. `number` is the spreadsheet's."""

    number: int
    form: PlanForm | None
    errors: list[LineError]


def read_csv(content: bytes, limit: int) -> list[Line]:
    """With a first line of column names; `;` or `,`.

    :raises FichierIllisible: not UTF-8, no known columns, broken quotes.
    :raises FichierTropLong: more than `limit` lines.
    """
    text = _text(content)
    delimiter = _delimiter(text.splitlines()[0] if text.strip() else "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = _header(next(reader))
        return list(_lines(reader, header, limit))
    except csv.Error:
        raise FichierIllisible(
            f"Le fichier est mal formé vers la ligne {reader.line_num} : vérifiez les guillemets."
        ) from None


def _lines(reader: Any, header: Sequence[str], limit: int) -> Iterator[Line]:
    before, count = reader.line_num, 0
    for cells in reader:
        number, before = before + 1, reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        count += 1
        if count > limit:
            raise FichierTropLong(f"Un import a au plus {limit} lignes : coupez le fichier.")
        if len(cells) != len(header):
            wrong = f"Cette ligne a {len(cells)} colonnes, la première en a {len(header)}."
            yield Line(number, None, [LineError(field="", code="colonnes", message=wrong)])
        else:
            yield _line(number, dict(zip(header, cells, strict=True)))


def read_json(content: bytes, limit: int) -> list[Line]:
    """An array of objects, numbered from 1.

    :raises FichierIllisible: not JSON, or not such an array.
    :raises FichierTropLong: more than `limit` objects.
    """
    try:
        objects = msgspec.json.decode(content, type=list[dict[str, Any]])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise FichierIllisible("Le fichier JSON doit être un tableau d'objets.") from None
    if len(objects) > limit:
        raise FichierTropLong(f"Un import a au plus {limit} lignes : coupez le fichier.")
    return [_line(number, one) for number, one in enumerate(objects, start=1)]


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FichierIllisible(UNREADABLE) from None
    if "\0" in text:
        raise FichierIllisible(UNREADABLE)
    return text


def _delimiter(first: str) -> str:
    """The one that the names are separated by, for certain."""
    candidates = [one for one in (";", ",") if one in first]
    if len(candidates) != 1:
        raise FichierIllisible(
            "La première ligne doit nommer les colonnes, séparées par des points-virgules ou des "
            "virgules : partez du modèle."
        )
    return candidates[0]


def _header(cells: Sequence[str]) -> list[str]:
    names = [_name(cell) for cell in cells]
    unknown = [cell.strip()[:40] for cell, name in zip(cells, names, strict=True) if not name]
    if unknown:
        raise FichierIllisible(f"Colonne inconnue : « {unknown[0]} ». Partez du modèle.")
    if len(set(names)) != len(names):
        raise FichierIllisible("Une colonne est donnée deux fois. Partez du modèle.")
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise FichierIllisible(f"Il manque la colonne « {missing[0]} ». Partez du modèle.")
    return names


def _name(cell: str) -> str:
    name = cell.strip().lower().replace("é", "e")
    return COLUMNS.get(name, name if name in FIELDS else "")


def _line(number: int, given: dict[str, Any]) -> Line:
    """Every field on its own, so that every fault is said."""
    values: dict[str, Any] = {}
    errors = [
        LineError(field=name[:40], code="champ_inconnu", message="Ce champ n'existe pas.")
        for name in given
        if not _name(name)
    ]
    for name, field in FIELDS.items():
        raw = next((value for key, value in given.items() if _name(key) == name), None)
        value = raw.strip() if isinstance(raw, str) else raw
        if value in (None, ""):
            if field.required and name != "civility":
                errors.append(_error(name, "champ_manquant", "Ce champ est obligatoire."))
            continue
        if name == "start" and isinstance(value, str):
            value = _moment(value)
        try:
            values[name] = msgspec.convert(value, type=field.type, strict=name != "minutes")
        except msgspec.ValidationError:
            errors.append(_error(name, "champ_invalide", WRONG.get(name, "Valeur non valable.")))
    if errors:
        return Line(number, None, errors)
    return Line(number, PlanForm(**{"civility": ""} | values), [])


WRONG = {
    "start": "Écrivez la date et l'heure comme 2026-12-01T14:30 ou 01/12/2026 14:30.",
    "minutes": "La durée est un nombre de minutes, de 10 à 120.",
    "context": "Contexte inconnu.",
}


def _error(field: str, code: str, message: str) -> LineError:
    return LineError(field=field, code=code, message=message)


def _moment(text: str) -> str:
    """As the form takes it; what is neither of both is left for the form to refuse."""
    if found := FRENCH.fullmatch(text):
        day, month, year, hour, minute = found.groups()
        return f"{year}-{int(month):02d}-{int(day):02d}T{int(hour):02d}:{minute}"
    if found := ISO.fullmatch(text):
        return "T".join(found.groups())
    return text


# --- out ----------------------------------------------------------------------------------------


def write_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """For spreadsheets: `;`, UTF-8 with its mark, and no cell that could be a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig")


def harmless(cell: str) -> str:
    """Some skip what is blank before a formula: a cell that begins with it is marked too."""
    blank = cell[:1].isspace() or cell[:1] in ("\0", "\ufeff")
    return f"'{cell}" if blank or cell.startswith(FORMULA) else cell
