"""The command `acces`: a folder with all that is held on one person (RGPD art. 15)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from certs.files import write_atomically
from controle.refus import Refus
from server.clock import SystemClock
from server.config import Config
from server.journal.lines import Access, operator
from server.offline import refuse, say
from server.record import Recorder
from server.rings import Rings
from server.store import people
from server.store import schema as t
from server.store.sql import UniteSql

from .command import Opened, within
from .gather import Gathered, Row, gather, journal_of, names, notes_of, people_of
from .page import Asked, page

FORMAT = "telecontrole-acces/1"


class PlusieursPersonnes(Refus):
    """Several rows have this reference: a person must say which are the same."""

    code = "plusieurs_personnes"

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__(
            "Plusieurs personnes portent cette référence ; donnez --assure, une à la fois : "
            + ", ".join(ids)
        )


class ReferenceInconnue(Refus):
    code = "reference_inconnue"
    phrase = "Personne ne porte cette référence à cette caisse."


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom, by an id or by caisse and reference; where to; `keys`: the directory of the service
    médical's keys, « . » for the configured one, None: without the notes."""

    assure: str
    caisse: str
    reference: str
    folder: Path
    keys: Path | None


def give(config: Config, wanted: Wanted) -> int:
    """Exit status: 0 written, 2 refused: nothing was written."""
    if wanted.folder.exists() and (not wanted.folder.is_dir() or any(wanted.folder.iterdir())):
        return refuse(f"{wanted.folder} n'est pas un dossier vide.")
    if wanted.keys is not None and wanted.keys != Path():
        if not wanted.keys.is_dir():
            return refuse(f"pas de clés dans {wanted.keys}.")
        config = replace(config, medical_keys_dir=str(wanted.keys))

    async def work(opened: Opened) -> int:
        files = await _files(config, opened, wanted)
        write(wanted.folder, files)
        say(f"{len(files)} fichier(s) dans {wanted.folder} : ouvrez index.html.")
        say("Ce dossier est en clair : remettez-le à la personne par une voie sûre, puis")
        say("détruisez-le.")
        if wanted.keys is None:
            say("Les notes médicales n'y sont pas. Le service médical les ajoute par :")
            say(f"  telecontrole acces --assure {_id_in(files)} --dossier DOSSIER --notes CLÉS")
        return 0

    return within(config, work)


async def _files(config: Config, opened: Opened, wanted: Wanted) -> Mapping[str, bytes]:
    """On the journal before anything is written anywhere.

    :raises Refus, Away: nothing is given.
    """
    notes: list[Row] | None = None
    journal = opened.stores.journal
    async with opened.stores.main.read() as connection:
        assure = wanted.assure or _only(
            await people_of(connection, wanted.caisse, wanted.reference)
        )
        found = await gather(connection, assure)
        called = await names(connection)
        recorder = Recorder(SystemClock(), Rings.open(config.data_dir, _now()).seals)
        for one in found.telecontroles:
            record = await recorder.export(UniteSql(connection), one)
            found.files[f"releves/{one}.json"] = _json(record)
        caisse = await people.caisse(connection, await _caisse_of(connection, assure))
    read = await journal_of(journal, found.telecontroles)
    for one in (*found.telecontroles, ""):
        await journal.write(operator(), Access.PERSON_TOLD, one, assure)
    if wanted.keys is not None:
        for one in found.telecontroles:
            await journal.write(operator(), Access.NOTE_READ, one)
        notes = await notes_of(opened.stores.notes, found.telecontroles, called["doctor"])
    asked = Asked(caisse.nom, caisse.dpd, _now(), caisse.telephone)
    return folder(found, asked, read, notes)


def folder(
    found: Gathered, asked: Asked, journal: Sequence[Row], notes: Sequence[Row] | None
) -> Mapping[str, bytes]:
    """Every file, by its path."""
    content: dict[str, Any] = {
        "format": FORMAT,
        "fait_le": asked.made.isoformat(),
        "caisse": asked.caisse,
        "assure": found.assure,
        "donnees": found.tables,
        "consultations": journal,
        "notes_medicales": notes,
    }
    return {
        "donnees.json": _json(content),
        "index.html": page(found, asked, journal, notes).encode(),
        **found.files,
    }


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """For this account alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_atomically(path, content)


def _id_in(files: Mapping[str, bytes]) -> str:
    return str(json.loads(files["donnees.json"])["assure"])


def _only(found: Sequence[str]) -> str:
    if not found:
        raise ReferenceInconnue
    if len(found) > 1:
        raise PlusieursPersonnes(found)
    return found[0]


async def _caisse_of(connection: AsyncConnection, assure: str) -> str:
    found = await connection.execute(select(t.assure.c.caisse).where(t.assure.c.id == assure))
    return str(found.scalar_one())


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"


def _now() -> datetime:
    return datetime.now(UTC)
