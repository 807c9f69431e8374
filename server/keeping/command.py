"""The commands `purge` and `effacer`: what goes, and the report of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from certs.files import write_atomically
from certs.key_index import KeyRingDamaged
from controle.refus import Refus
from server.apart.database import Away
from server.apart.key_files import KeyFiles
from server.config import Config
from server.journal.store import Journal
from server.notes.store import NotesStore
from server.offline import refuse, say
from server.rings import Rings, lines_of, vault_of
from server.store.database import KeysMissing, open_database

from .erase import Erasing, Motif
from .making import purge_of
from .purge import Stores
from .reports import Reports
from .terms import LABELS, Kind

BACKUPS = (
    "Les sauvegardes d'avant, et un fichier -wal en cours de lecture, gardent ce qui vient de "
    "partir : détruisez-les à leur terme, puis « telecontrole coffre rotate »."
)


@dataclass(frozen=True, slots=True)
class Opened:
    """The installation's stores, and its reports."""

    stores: Stores
    reports: Reports


def purge(config: Config, file: Path | None, *, dry: bool) -> int:
    """Exit status: 0 done, 1 something could not be purged, 2 refused."""

    async def work(opened: Opened) -> int:
        one = purge_of(config, opened.stores, opened.reports, _now(), _told)
        if dry:
            would = await one.would()
            _keep(file, {str(kind): would[kind] for kind in sorted(would)})
            _count("Partiraient maintenant (rien n'est changé) :", would)
            return 0
        report = await one.run()
        _keep(file, report)
        return _shown(report)

    return within(config, work)


def history(config: Config) -> int:
    """Exit status: 0 every report is as it was signed, 1 one is not."""

    async def work(opened: Opened) -> int:
        reports = await opened.reports.all()
        for report, right in reports:
            counts = ", ".join(f"{count} {kind}" for kind, count in report["effaces"].items())
            verdict = "" if right else "  ALTÉRÉ, OU LE PRÉCÉDENT MANQUE"
            say(
                f"{report['numero']:>6}  {report['fin'][:19]}  {report['genre']:<10}  "
                f"{counts or 'rien'}{verdict}"
            )
        say(f"{len(reports)} rapport(s).")
        return 0 if all(right for _, right in reports) else 1

    return within(config, work)


def erase(config: Config, assure: str, why: str) -> int:
    """Exit status: 0 done, 2 refused: nothing was done."""

    async def work(opened: Opened) -> int:
        erasing = Erasing(opened.stores.main, opened.stores.journal, opened.reports)
        report = await erasing.erase(assure, Motif(why), _now())
        say(f"Effacée. Son relevé reste, sans nom. Rapport n° {report['numero']} :")
        status = _shown(report)
        say("Ses notes médicales relèvent du service médical : elles n'ont pas été touchées.")
        return status

    return within(config, work)


def _shown(report: Mapping[str, Any]) -> int:
    _count("Parti :", {Kind(kind): count for kind, count in report["effaces"].items()})
    missing = report.get("incomplet", [])
    for kind in missing:
        say(f"  PAS FAIT : {LABELS[Kind(kind)]} (base indisponible)")
    say(
        f"Rapport n° {report['numero']}, du {report['debut']} au {report['fin']}, signé par la clé "
        f"{report['cle']} :\n  {report['signature']}"
    )
    say(BACKUPS)
    return 1 if missing else 0


def _count(title: str, counts: Mapping[Kind, int]) -> None:
    say(title)
    for kind in Kind:
        if counts.get(kind):
            say(f"  {LABELS[kind]:<40}{counts[kind]:>9}")
    if not any(counts.values()):
        say("  rien")


def _told(kind: Kind, count: int) -> None:
    say(f"  {LABELS[kind]} : {count}")


def _keep(file: Path | None, content: Mapping[str, Any]) -> None:
    if file is not None:
        text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
        write_atomically(file, text.encode() + b"\n")


def within(config: Config, work: Callable[[Opened], Awaitable[int]]) -> int:
    """Run over this installation's stores; a refusal is a sentence and exit status 2."""

    async def run() -> int:
        async with opened(config) as one:
            return await work(one)

    try:
        return asyncio.run(run())
    except Refus as refused:
        return refuse(str(refused))
    except Away as away:
        return refuse(f"rien n'a été fait : {away.message}")
    except (KeyRingDamaged, KeysMissing) as wrong:
        return refuse(str(wrong))


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Opened]:
    """Beside a running service, or without one."""
    now = _now()
    database = await open_database(config.database, vault_of(config, now), lines_of(config, now))
    notes = NotesStore(config.medical_database, KeyFiles(config.medical_keys), config.note_versions)
    journal = Journal(config.journal_database, KeyFiles(config.journal_keys), _now)
    try:
        reports = Reports(database, Rings.open(config.data_dir, now).seals, _now)
        yield Opened(Stores(database, notes, journal), reports)
    finally:
        for store in (journal, notes, database):
            await store.close()


def _now() -> datetime:
    return datetime.now(UTC)
