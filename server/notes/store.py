"""The notes as they are kept: two tables of a database that the administrative store never opens.

Nothing in it can be read without the keys of the service médical but ids, hours and lengths.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.refus import Refus
from server.apart.database import Apart, Away, versions
from server.apart.key_files import KeyFiles
from server.store.sql import read, written

from .safe import Safe, Unreadable, open_text, seal_text

VERSION = 1

metadata = MetaData()
versions(metadata)

#: One for each télécontrôle that has notes; its row gone, they open never again.
dossier = Table(
    "dossier",
    metadata,
    Column("telecontrole", String(36), primary_key=True),
    #: Which key of the service médical wraps the data key.
    Column("cle", Integer, nullable=False, index=True),
    Column("enveloppe", LargeBinary, nullable=False),
    #: Grows with each save: who saves says which one they have read.
    Column("revision", Integer, nullable=False),
)

note = Table(
    "note",
    metadata,
    Column("telecontrole", String(36), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("auteur", String(36), nullable=False),
    Column("instant", String(32), nullable=False),
    Column("contenu", LargeBinary, nullable=False),
)


class NotesAway(Away):
    code = "notes_indisponibles"
    message = "Les notes médicales sont momentanément indisponibles. Réessayez."


class NoteConcurrente(Refus):
    """Somebody, or another tab, has saved since this text was read: neither is lost."""

    code = "note_concurrente"
    phrase = "Cette note a été modifiée ailleurs depuis que vous l'avez ouverte."


class TropDeVersions(Refus):
    """As many as one télécontrôle may hold."""

    code = "trop_de_versions"
    phrase = "Cette note a trop de versions : elle ne peut plus être complétée."


@dataclass(frozen=True, slots=True)
class Kept:
    """One version; `text` once it was opened."""

    version: int
    revision: int
    author: str
    at: datetime
    text: str = ""


#: What is done once nothing prevents a save any more, and before it is one.
Before = Callable[[int], Awaitable[None]]


class NotesStore:
    """`most`: versions of one note."""

    def __init__(self, url: str, keys: KeyFiles, most: int) -> None:
        self._apart = Apart(url, metadata, VERSION, NotesAway)
        self._keys = keys
        self._safe = Safe(keys)
        self._most = most

    async def history(self, telecontrole: str) -> list[Kept]:
        """Every version, the last one opened."""
        async with self._apart.read() as connection:
            found = [_kept(row) for row in await _versions(connection, telecontrole)]
            if not found:
                return []
            return [*found[:-1], await self._opened(connection, telecontrole, found[-1].version)]

    async def version(self, telecontrole: str, version: int) -> Kept | None:
        async with self._apart.read() as connection:
            known = select(note.c.version).where(
                note.c.telecontrole == telecontrole, note.c.version == version
            )
            if await connection.scalar(known) is None:
                return None
            return await self._opened(connection, telecontrole, version)

    async def save(
        self,
        telecontrole: str,
        text: str,
        author: str,
        now: datetime,
        *,
        revision: int,
        sealed: bool,
        before: Before,
    ) -> list[Kept]:
        """Over the last version while it is a draft of the same author; else as a new one.
        Every version after it, the last one opened.

        `revision`: the one that was read; `sealed`: an outcome is signed, what is there stays.

        :raises NoteConcurrente: it is not the last one any more.
        :raises TropDeVersions: there are too many.
        """
        async with self._apart.write() as connection:
            known = await self._dossier(connection, telecontrole)
            if (known.revision if known else 0) != revision:
                raise NoteConcurrente
            history = [_kept(row) for row in await _versions(connection, telecontrole)]
            last = history[-1] if history else None
            again = last is not None and last.author == author and not sealed
            number = (last.version if last else 0) + (0 if again else 1)
            if number > self._most:
                raise TropDeVersions
            await before(number)
            data_key = await self._key_for(connection, telecontrole, revision + 1)
            kept = Kept(number, revision + 1, author, now, text)
            values = {
                "revision": kept.revision,
                "auteur": author,
                "instant": written(now),
                "contenu": seal_text(data_key, _place(telecontrole, kept), text),
            }
            if again:
                here = (note.c.telecontrole == telecontrole, note.c.version == number)
                await connection.execute(update(note).where(*here).values(values))
            else:
                row = {"telecontrole": telecontrole, "version": number} | values
                await connection.execute(insert(note).values(row))
        return [*history[: number - 1], kept]

    async def erase(self, telecontrole: str) -> bool:
        """Destroy the data key, and what it has sealed; whether there was anything."""
        async with self._apart.write() as connection:
            gone = await connection.execute(
                delete(dossier).where(dossier.c.telecontrole == telecontrole)
            )
            await connection.execute(delete(note).where(note.c.telecontrole == telecontrole))
        await self._apart.settle()
        return bool(gone.rowcount)

    async def telecontroles(self, after: str, most: int) -> Sequence[str]:
        """Those that have notes, by their id, those behind `after`: for who purges."""
        mine = select(dossier.c.telecontrole).where(dossier.c.telecontrole > after)
        async with self._apart.read() as connection:
            ordered = mine.order_by(dossier.c.telecontrole).limit(most)
            return (await connection.scalars(ordered)).all()

    # --- keys -----------------------------------------------------------------------------------

    async def rotate(self, batch: int = 200) -> tuple[int, int]:
        """A new wrapping key, every data key wrapped anew, the former keys destroyed; beside a
        running service. The new key's number, and how many data keys.

        :raises Unreadable: one is under a key that is not there; nothing is destroyed then.
        """
        new, count = self._keys.rotate(), 0
        while done := await self._rewrap(new, batch):
            count += done
        async with self._apart.write() as connection:
            # Whoever writes now waits; whoever writes next looks at the keys again.
            left = await connection.scalar(
                select(func.count()).select_from(dossier).where(dossier.c.cle != new)
            )
            if not left:
                for number in self._keys.numbers():
                    if number < new:
                        self._keys.destroy(number)
        await self._apart.settle()
        return new, count

    async def _rewrap(self, new: int, batch: int) -> int:
        async with self._apart.write() as connection:
            rows = (
                await connection.execute(select(dossier).where(dossier.c.cle != new).limit(batch))
            ).all()
            for row in rows:
                data_key = self._safe.unwrap(row.telecontrole, row.cle, row.enveloppe)
                number, wrapped = self._safe.wrap(row.telecontrole, data_key)
                await connection.execute(
                    update(dossier)
                    .where(dossier.c.telecontrole == row.telecontrole)
                    .values(cle=number, enveloppe=wrapped)
                )
        return len(rows)

    async def _key_for(
        self, connection: AsyncConnection, telecontrole: str, revision: int
    ) -> bytes:
        """The data key, made at the first save; the dossier is at `revision` then."""
        known = await self._dossier(connection, telecontrole)
        if known is not None:
            await connection.execute(
                update(dossier)
                .where(dossier.c.telecontrole == telecontrole)
                .values(revision=revision)
            )
            return self._safe.unwrap(telecontrole, known.cle, known.enveloppe)
        number, wrapped, data_key = self._safe.new_data_key(telecontrole)
        row = {"telecontrole": telecontrole, "cle": number, "enveloppe": wrapped}
        await connection.execute(insert(dossier).values(row | {"revision": revision}))
        return data_key

    # --- rows -----------------------------------------------------------------------------------

    async def _opened(self, connection: AsyncConnection, telecontrole: str, version: int) -> Kept:
        """:raises Unreadable: it is not what was sealed there."""
        row = (
            await connection.execute(
                select(note).where(note.c.telecontrole == telecontrole, note.c.version == version)
            )
        ).one()
        known = await self._dossier(connection, telecontrole)
        if known is None:
            raise Unreadable
        data_key = self._safe.unwrap(telecontrole, known.cle, known.enveloppe)
        kept = _kept(row)
        text = open_text(data_key, _place(telecontrole, kept), row.contenu)
        return Kept(kept.version, kept.revision, kept.author, kept.at, text)

    async def _dossier(self, connection: AsyncConnection, telecontrole: str) -> Any:
        mine = select(dossier).where(dossier.c.telecontrole == telecontrole)
        return (await connection.execute(mine)).first()

    async def close(self) -> None:
        await self._apart.close()


async def _versions(connection: AsyncConnection, telecontrole: str) -> Sequence[Any]:
    """Without their content."""
    columns = (note.c.version, note.c.revision, note.c.auteur, note.c.instant)
    mine = select(*columns).where(note.c.telecontrole == telecontrole).order_by(note.c.version)
    return (await connection.execute(mine)).all()


def _kept(row: Any) -> Kept:
    return Kept(row.version, row.revision, row.auteur, read(row.instant))


def _place(telecontrole: str, kept: Kept) -> tuple[str, ...]:
    """A version moved, given an older state, another hour or another author does not open."""
    return (
        telecontrole, str(kept.version), str(kept.revision), kept.author, written(kept.at),
    )  # fmt: skip
