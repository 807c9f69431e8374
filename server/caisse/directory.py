"""The annuaire: caisses, médecins-conseils, agents and sites, from one TOML file into the store.

`telecontrole annuaire FILE` may be run again: what is there is changed, what is not is added, and
nobody is ever deleted. All of a file is kept or none of it.
"""

import asyncio
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import available_timezones

import msgspec
from msgspec import Meta, Struct
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.agenda import Disponibilite
from server.config import Config
from server.identity.secrets import Keeper
from server.offline import refuse, say
from server.rings import vault_of
from server.store import agenda
from server.store import schema as t
from server.store.database import open_database
from server.web.caisse_messages import LINE, Brief, Id, Line, Name
from server.web.problems import malformed

from . import identified
from .feries import UnknownTerritory, feries

Jour = Literal["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"]
JOURS: tuple[str, ...] = get_args(Jour)
Hour = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)")]
Told = Annotated[str, Meta(min_length=1, max_length=2000, pattern=LINE)]

Rpps = Annotated[str, Meta(pattern=r"^([0-9]{11})?$(?!\n)")]
Identifier = Annotated[str, Meta(max_length=255, pattern=r"^\S*$(?!\n)")]
#: Kept as a keyed hash in a table of its own (identified.py).
APART = frozenset({"rpps", "identifiant"})

HEADING = re.compile(r"\s*\[\[\s*(\w+)\s*\]\]")


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the file; its words are the columns'."""


class CaisseEntry(Entry, frozen=True):
    id: Id
    nom: Name
    fuseau: str
    telephone: Brief
    #: Every convocation says them (row CN-11).
    responsable: Told
    dpd: Told
    conservation: Told
    horaires: Line = ""
    territoire: Brief = ""
    strict_48h: bool = False


class MedecinEntry(Entry, frozen=True):
    id: Id
    caisse: Id
    nom: Name
    fonction: Name = "Médecin-conseil"
    #: What the identity provider's claim holds: the RPPS number, or what another one gives.
    rpps: Rpps = ""
    identifiant: Identifier = ""


class AgentEntry(Entry, frozen=True):
    id: Id
    caisse: Id
    nom: Name
    identifiant: Identifier = ""


class SiteEntry(Entry, frozen=True):
    id: Id
    caisse: Id
    nom: Name
    adresse: Line
    acces: Line = ""
    horaires: Line = ""
    genre: Literal["caisse", "visio_accompagnee"] = "caisse"


class DisponibiliteEntry(Entry, frozen=True):
    medecin: Id
    jour: Jour
    de: Hour
    a: Hour


#: In the order in which they are written: who is named comes before who names.
KINDS: dict[str, type[Entry]] = {
    "caisse": CaisseEntry,
    "medecin": MedecinEntry,
    "agent": AgentEntry,
    "site": SiteEntry,
    "disponibilite": DisponibiliteEntry,
}
TABLES = {"caisse": t.caisse, "medecin": t.medecin_conseil, "agent": t.agent, "site": t.site}


class DirectoryRefused(Exception):
    """The file is not taken; all that is wrong with it, one line each."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry, and where it stands in the file, in words."""

    kind: str
    where: str
    entry: Any


def apply(config: Config, file: Path) -> int:
    """Read the file into the store, and say what changed. Exit status: 0, or 2 when refused."""
    try:
        placed = read(file.read_text())
        lines = asyncio.run(_written(config, placed))
    except (OSError, UnicodeDecodeError) as wrong:
        return refuse(f"{file} : illisible ({type(wrong).__name__})")
    except DirectoryRefused as wrong:
        for fault in wrong.faults:
            refuse(f"{file} : {fault}")
        return refuse("annuaire refusé, rien n'est changé.")
    for line in lines:
        say(line)
    return 0


async def _written(config: Config, placed: Sequence[Placed]) -> list[str]:
    now = datetime.now(UTC)
    database = await open_database(config.database, vault_of(config, now))
    try:
        async with database.write() as connection:
            return await write(connection, placed, Keeper(config.secret), now)
    finally:
        await database.close()


# --- reading ------------------------------------------------------------------------------------


def read(text: str) -> list[Placed]:
    """:raises DirectoryRefused: with everything that the file alone shows to be wrong."""
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as wrong:
        raise DirectoryRefused([f"TOML illisible : {wrong}"]) from None
    faults = [
        f"« {name} » n'existe pas ici : {', '.join(KINDS)}."
        for name in content
        if name not in KINDS
    ]
    placed: list[Placed] = []
    for kind, wanted in KINDS.items():
        for where, raw in _entries(kind, content.get(kind, []), text, faults):
            try:
                placed.append(Placed(kind, where, msgspec.convert(raw, wanted)))
            except msgspec.ValidationError as wrong:
                told = malformed(wrong)
                faults.append(f"{where}, « {told.field} » : {told.detail}")
    faults += [*_doubles(placed), *_unknown_places(placed), *_impossible_hours(placed)]
    faults += [*_two_identifiers(placed), *identified.doubles(_named(placed))]
    if faults:
        raise DirectoryRefused(faults)
    return placed


def _entries(
    kind: str, raws: object, text: str, faults: list[str]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each table of this kind, with its name in words: « [[medecin]] 2 (mc-2), ligne 14 »."""
    if not isinstance(raws, list) or not all(isinstance(raw, dict) for raw in raws):
        faults.append(f"« {kind} » s'écrit [[{kind}]], une fois pour chacun.")
        return
    headings = [match[1] if (match := HEADING.match(line)) else "" for line in text.splitlines()]
    lines = [number for number, name in enumerate(headings, 1) if name == kind]
    for index, raw in enumerate(raws):
        name = f" ({raw['id']})" if isinstance(raw.get("id"), str) else ""
        line = f", ligne {lines[index]}" if len(lines) == len(raws) else ""
        yield f"[[{kind}]] {index + 1}{name}{line}", raw


def _doubles(placed: Sequence[Placed]) -> Iterator[str]:
    named = [(one.kind, one.entry.id) for one in placed if one.kind in TABLES]
    for (kind, identifier), times in Counter(named).items():
        if times > 1:
            yield f"[[{kind}]] « {identifier} » y est {times} fois."


def _unknown_places(placed: Sequence[Placed]) -> Iterator[str]:
    zones = available_timezones()
    for one in placed:
        if isinstance(one.entry, CaisseEntry):
            if one.entry.fuseau not in zones:
                yield f"{one.where}, « fuseau » : {one.entry.fuseau} n'est pas un fuseau (IANA)."
            try:
                feries(one.entry.territoire)
            except UnknownTerritory:
                yield f"{one.where}, « territoire » : {one.entry.territoire} n'est pas connu."


def _impossible_hours(placed: Sequence[Placed]) -> Iterator[str]:
    """An hour that ends before it begins, or that overlaps another of the same day."""
    hours: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for one in placed:
        entry = one.entry
        if isinstance(entry, DisponibiliteEntry):
            if entry.de >= entry.a:
                yield f"{one.where} : elle finit avant de commencer."
            day = hours.setdefault((entry.medecin, entry.jour), [])
            day.append((entry.de, entry.a, one.where))
    for day in hours.values():
        for before, after in pairwise(sorted(day)):
            if after[0] < before[1]:
                yield f"{after[2]} : elle en chevauche une autre."


def _two_identifiers(placed: Sequence[Placed]) -> Iterator[str]:
    for one in placed:
        if isinstance(one.entry, MedecinEntry) and one.entry.rpps and one.entry.identifiant:
            yield f"{one.where} : « rpps » ou « identifiant », pas les deux."


def _named(placed: Sequence[Placed]) -> list[identified.Named]:
    return [
        identified.Named(
            one.kind, one.entry.id, getattr(one.entry, "rpps", "") or one.entry.identifiant
        )
        for one in placed
        if one.kind in identified.CONSOLES
    ]


# --- writing ------------------------------------------------------------------------------------


async def write(
    connection: AsyncConnection, placed: Sequence[Placed], keeper: Keeper, now: datetime
) -> list[str]:
    """What was done, in words, one line for each change and a last one that counts.

    :raises DirectoryRefused: it names somebody who is not there, or moves them to another caisse.
    """
    before = {kind: await _known(connection, kind) for kind in TABLES}
    faults = [*_strangers(placed, before), *_moved(placed, before)]
    if faults:
        raise DirectoryRefused(faults)
    lines: list[str] = []
    for one in placed:
        if one.kind in TABLES:
            lines += await _upsert(connection, one, before[one.kind].get(one.entry.id))
    for doctor, weekly in _weeks(placed).items():
        lines += await _available(connection, doctor, weekly)
    try:
        lines += await identified.identify(connection, keeper, _named(placed), now)
    except identified.IdentifierTaken as wrong:
        fault = f"{wrong.person} : cet identifiant professionnel est déjà celui d'un autre."
        raise DirectoryRefused([fault]) from None
    added = sum(line.startswith("+") for line in lines)
    return [*lines, f"{added} ajouts, {len(lines) - added} changements."]


async def _known(connection: AsyncConnection, kind: str) -> dict[str, Mapping[str, Any]]:
    rows = await connection.execute(select(TABLES[kind]))
    return {row["id"]: dict(row) for row in rows.mappings()}


def _strangers(placed: Sequence[Placed], before: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Who names a caisse or a médecin-conseil that neither the file nor the store has."""
    there = {kind: {*known} for kind, known in before.items()}
    for one in placed:
        if one.kind in TABLES:
            there[one.kind].add(one.entry.id)
    for one in placed:
        for kind in ("caisse", "medecin"):
            named = getattr(one.entry, kind, None)
            if named is not None and named not in there[kind]:
                yield f"{one.where}, « {kind} » : {named} n'existe pas."


def _moved(
    placed: Sequence[Placed], before: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> Iterator[str]:
    """Télécontrôles and sessions hang on their caisse: nobody is moved to another."""
    for one in placed:
        known = before.get(one.kind, {}).get(getattr(one.entry, "id", ""))
        caisse = getattr(one.entry, "caisse", None)
        if known is not None and caisse is not None and known["caisse"] != caisse:
            yield f"{one.where}, « caisse » : {known['caisse']} ne change pas ; prenez un autre id."


async def _upsert(
    connection: AsyncConnection, one: Placed, known: Mapping[str, Any] | None
) -> list[str]:
    table, given = TABLES[one.kind], msgspec.structs.asdict(one.entry)
    values = {name: value for name, value in given.items() if name not in APART}
    if known is None:
        await connection.execute(insert(table).values(values))
        return [f"+ {one.kind} {one.entry.id}"]
    changed = [name for name, value in values.items() if known[name] != value]
    if not changed:
        return []
    await connection.execute(update(table).where(table.c.id == one.entry.id).values(values))
    return [f"~ {one.kind} {one.entry.id} : {', '.join(changed)}"]


def _weeks(placed: Sequence[Placed]) -> dict[str, list[Disponibilite]]:
    """The hours of every médecin-conseil that the file describes; none: the ordinary hours."""
    weeks: dict[str, list[Disponibilite]] = {
        one.entry.id: [] for one in placed if one.kind == "medecin"
    }
    for one in placed:
        entry = one.entry
        if isinstance(entry, DisponibiliteEntry):
            hours = time.fromisoformat(entry.de), time.fromisoformat(entry.a)
            week = weeks.setdefault(entry.medecin, [])
            week.append(Disponibilite(JOURS.index(entry.jour), *hours))
    return weeks


async def _available(
    connection: AsyncConnection, doctor: str, weekly: Sequence[Disponibilite]
) -> list[str]:
    wanted = sorted(weekly, key=lambda one: (one.jour, one.de))
    if await agenda.availabilities(connection, doctor) == wanted:
        return []
    await agenda.set_availabilities(connection, doctor, wanted)
    return [f"~ disponibilités de {doctor}"]
