"""A small register with its heads and its witness, to be copied, tampered with and audited."""

import asyncio
import json
import os
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ledger_scenes import Court

from controle.chaine import Ligne, MotifSceau, chainer_et_ecrire
from controle.issue import Conclusion, Issue, Qualification
from controle.presence import GenreFait, Role
from controle.telecontrole import Etat
from controle.temoignage import MotifTete
from server.config import Config
from server.evidence.audit import Report
from server.evidence.command import Asked, audited
from server.evidence.file_place import FilePlace
from server.evidence.heads import Heads
from server.evidence.herald import Herald
from server.evidence.line_keys import LineKeys
from server.evidence.places import Place, Places
from server.rings import Rings

#: `make fuzz` and `make endurance` run the long mode; `make test` a share of it.
LONG = bool(os.environ.get("TELECONTROLE_LONG"))
#: A médecin-conseil each.
ROOMS = ("mc-1", "mc-2", "mc-3", "mc-4")
#: Facts of each room, between its first line and its end.
FACTS = 9


@dataclass
class Noted:
    """Who measures; notes it."""

    failed: int = 0
    refused: list[str] = field(default_factory=list)

    def head_failed(self) -> None:
        self.failed += 1

    def head_refused(self, place: str) -> None:
        self.refused.append(place)


class Register:
    """A store whose heads are made when a test says so."""

    def __init__(self, court: Court, data: Path, places: Sequence[Place]) -> None:
        self.court = court
        self.data = data
        self.noted = Noted()
        self.heads = Heads(
            court.database,
            Rings.open(data, datetime.now(UTC)).seals,
            court.clock,  # type: ignore[arg-type]
            every=timedelta(seconds=60),
            at_rest=timedelta(hours=1),
        )
        self.places = Places(court.database, court.clock, places, self.noted)  # type: ignore[arg-type]
        self.herald = Herald(
            court.database, self.heads, self.places, self.noted, timedelta(seconds=60)
        )

    async def head(self, why: MotifTete = MotifTete.FIN) -> None:
        """A minute goes by; a head, which leaves for the other places."""
        self.court.clock.pass_by(60)
        await self.herald.once(why)
        await self.places.tell()


async def open_register(data: Path, blank: Path, *places: Place) -> Register:
    court = await Court.open(data, blank)
    # Seals of the scenes and heads are signed by the same ring, as in the service.
    court.recorder._seals = Rings.open(data, datetime.now(UTC)).seals
    return Register(court, data, places)


@dataclass(frozen=True)
class Kept:
    """What a register has left: its folder, the witness's, an older copy, its télécontrôles."""

    data: Path
    witness: Path
    older: Path
    rooms: Sequence[str]

    def copy(self, to: Path) -> "Kept":
        """The store alone: keys and witness are not who tampers' to write."""
        to.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.data / "telecontrole.db", to / "telecontrole.db")
        return replace(self, data=to)

    @property
    def file(self) -> Path:
        return self.data / "telecontrole.db"


async def _lived(folder: Path, blank: Path) -> Kept:
    data, witness = folder / "data", folder / "temoin"
    witness.mkdir(parents=True)
    register = await open_register(data, blank, FilePlace(witness / "tetes.jsonl"))
    court = register.court
    rooms = await court.rooms(*ROOMS, etat=Etat.EN_ATTENTE)
    older = folder / "ancienne.db"
    for turn in range(FACTS):
        for room in rooms:
            await court.record(room, "media_lost")
        if turn % 3 == 2:
            await register.head()
        if turn == 5:
            _backup(data / "telecontrole.db", older)
    for room in rooms:
        await _concluded(court, room)
    await register.head()
    await court.close()
    return Kept(data, witness, older, rooms)


async def _concluded(court: Court, room: str) -> None:
    """An end, an outcome, their seals."""
    signed = Issue(
        version=1,
        qualification=next(iter(Qualification)),
        conclusion=next(iter(Conclusion)),
        date_effet=None,
        categorie=None,
        sequelles=None,
        motif_correction=None,
        signataire="mc",
        instant=court.clock(),
    )
    fact = court.recorder.fact
    async with court.registre.transaction() as unite:
        await unite.inscrire(room, fact(GenreFait.FIN, Role.MEDECIN_CONSEIL))
        await court.recorder.seal(unite, room, MotifSceau.FIN)
        await unite.enregistrer_issue(room, signed)
        details = {"version": 1, "empreinte": signed.empreinte()}
        await unite.inscrire(
            room, fact(GenreFait.ISSUE_ENREGISTREE, Role.MEDECIN_CONSEIL, details=details)
        )
        await court.recorder.seal(unite, room, MotifSceau.ISSUE)


def _backup(file: Path, to: Path) -> None:
    """As an exploitant makes one: whole, beside a running service."""
    source = sqlite3.connect(file)
    source.execute("VACUUM INTO ?", (str(to),))
    source.close()


def lived(folder: Path, blank: Path) -> Kept:
    """Made once; its -wal is folded in, so that one file is the whole store."""
    kept = asyncio.run(_lived(folder, blank))
    _backup(kept.file, folder / "plie.db")
    for suffix in ("-wal", "-shm"):
        kept.file.with_name(kept.file.name + suffix).unlink(missing_ok=True)
    shutil.move(folder / "plie.db", kept.file)
    return kept


def audit(kept: Kept, store: Path, *, heads: bool = True) -> Report:
    """As the command does, with the keys and the witness of `kept`, on the store of `store`."""
    asked = Asked(
        replace(Config(), data_dir=kept.data),
        database=store,
        heads=[kept.witness] if heads else [kept.witness / "rien"],
    )
    if not heads:
        (kept.witness / "rien").mkdir(exist_ok=True)
    return audited(asked)[0]


class Thief:
    """Who can write the store; recomputes plain hashes, and marks only with `keys`."""

    def __init__(self, file: Path, keys: LineKeys | None = None) -> None:
        self.store = sqlite3.connect(file)
        self._keys = keys

    def close(self) -> None:
        self.store.commit()
        self.store.close()

    def chain(self, room: str) -> list[dict[str, Any]]:
        """Its rows, each a dictionary of its columns."""
        found = self.store.execute(
            "SELECT * FROM ligne WHERE telecontrole = ? ORDER BY seq", (room,)
        )
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found]

    def replace(self, room: str, rows: Sequence[dict[str, Any]]) -> None:
        self.store.execute("DELETE FROM ligne WHERE telecontrole = ?", (room,))
        for row in rows:
            names = ", ".join(row)
            marks = ", ".join("?" * len(row))
            self.store.execute(
                f"INSERT INTO ligne ({names}) VALUES ({marks})",  # noqa: S608
                list(row.values()),
            )

    def recompute(self, room: str, rows: Sequence[dict[str, Any]], first: int) -> None:
        """Number and hash again from `first` (from 1) on; seals that contradict it go."""
        head = None if first == 1 else (rows[first - 2]["seq"], rows[first - 2]["empreinte"])
        for row in rows[first - 1 :]:
            fact = Ligne.depuis_dict(json.loads(row["contenu"])).fait
            line, text = chainer_et_ecrire(room, head, fact)
            head = line.tete
            row |= {"seq": line.seq, "empreinte": line.empreinte, "contenu": text}
            row["genre"] = str(fact.genre)
            if self._keys is not None:
                row["marque"] = self._keys.marker()(text)
        self.replace(room, rows)
        self.store.execute("DELETE FROM sceau WHERE telecontrole = ?", (room,))
