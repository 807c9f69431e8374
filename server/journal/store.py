"""The access journal as it is kept: lines are added, and purged from the oldest on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Column, Integer, MetaData, String, Table, delete, func, insert, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from server.apart.database import Apart, Away, versions
from server.apart.key_files import KeyFiles, KeyMissing
from server.store.sql import written

from .anchor import Anchor, End
from .lines import GENESIS, Access, Line, Who, purged_to

VERSION = 1
#: Lines that are read at once.
PAGE = 2_000

metadata = MetaData()
versions(metadata)

acces = Table(
    "acces",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("instant", String(32), nullable=False, index=True),
    Column("qui", String(64), nullable=False, index=True),
    Column("role", String(16), nullable=False),
    Column("session", String(64), nullable=False),
    Column("genre", String(32), nullable=False),
    Column("telecontrole", String(36), nullable=False, index=True),
    Column("objet", String(128), nullable=False),
    Column("precedent", String(64), nullable=False),
    Column("cle", Integer, nullable=False),
    Column("marque", String(64), nullable=False),
)


class JournalAway(Away):
    """What cannot be put on the journal is not given."""

    code = "journal_indisponible"
    message = "L'accès ne peut pas être journalisé : rien n'est montré. Réessayez."


@dataclass(frozen=True, slots=True)
class Wanted:
    """Empty: whatever; instants from `start` on, and before `end`."""

    telecontrole: str = ""
    who: str = ""
    start: datetime | None = None
    end: datetime | None = None


class Journal:
    """`clock`: when it happened."""

    def __init__(self, url: str, keys: KeyFiles, clock: Callable[[], datetime]) -> None:
        self._apart = Apart(url, metadata, VERSION, JournalAway)
        self._keys = keys
        self._anchor = Anchor(keys.directory)
        self._clock = clock

    async def write(self, who: Who, kind: Access, telecontrole: str = "", target: str = "") -> None:
        """On the disk once this returns; what it is about is given afterwards only.

        :raises JournalAway: it could not be written.
        """
        async with self._apart.write() as connection:
            line = await self._append(connection, who, kind, telecontrole, target)
        self._keep_end(line)

    async def _append(
        self,
        connection: AsyncConnection,
        who: Who,
        kind: Access,
        telecontrole: str,
        target: str,
    ) -> Line:
        seq, before = await self._end(connection)
        number, key = self._keys.current()
        line = Line(
            seq + 1, written(self._clock()), who, str(kind), telecontrole, target, before, number
        )
        line = replace(line, mark=line.marked(key))
        await connection.execute(insert(acces).values(_row(line)))
        return line

    async def _end(self, connection: AsyncConnection) -> End:
        """The last line, or where the anchor says that it was: a cut leaves a hole for good."""
        last = (
            await connection.execute(
                select(acces.c.seq, acces.c.marque).order_by(acces.c.seq.desc()).limit(1)
            )
        ).first()
        kept = (last.seq, last.marque) if last else (0, GENESIS)
        return max(kept, self._anchor.read() or kept, key=lambda end: end[0])

    def _keep_end(self, line: Line) -> None:
        try:
            self._anchor.write((line.seq, line.mark))
        except OSError as wrong:
            raise JournalAway from wrong

    # --- the auditor ----------------------------------------------------------------------------

    async def find(self, wanted: Wanted) -> list[Line]:
        """The oldest first."""
        query = select(acces).order_by(acces.c.seq)
        if wanted.telecontrole:
            query = query.where(acces.c.telecontrole == wanted.telecontrole)
        if wanted.who:
            query = query.where(acces.c.qui == wanted.who)
        if wanted.start is not None:
            query = query.where(acces.c.instant >= written(wanted.start))
        if wanted.end is not None:
            query = query.where(acces.c.instant < written(wanted.end))
        async with self._apart.read() as connection:
            return [_line(row) for row in (await connection.execute(query)).mappings()]

    async def verify(self) -> tuple[int, list[str]]:
        """How many lines there are, and what is wrong with them, each in a sentence."""
        async with self._apart.read() as connection:
            lines: list[Line] = []
            last = -1
            while page := await _page(connection, last):
                lines += page
                last = page[-1].seq
        return len(lines), [*self._wrong(lines), *self._cut(lines)]

    def _wrong(self, lines: Sequence[Line]) -> list[str]:
        found = []
        seq, mark = _beginning(lines)
        for line in lines:
            if line.seq != seq + 1:
                found.append(f"Lignes {seq + 1} à {line.seq - 1} : absentes.")
            elif line.before != mark:
                found.append(f"Ligne {line.seq} : ne suit pas la ligne {seq} telle qu'elle est.")
            if not self._holds(line):
                found.append(f"Ligne {line.seq} : altérée.")
            seq, mark = line.seq, line.mark
        return found

    def _cut(self, lines: Sequence[Line]) -> list[str]:
        """Against the anchor, which may be behind."""
        anchored = self._anchor.read()
        if anchored is None:
            return ["Le fichier de tête manque à côté des clés, ou ne se lit pas."] * bool(lines)
        marks = {line.seq: line.mark for line in lines}
        last = max(marks, default=0)
        if last < anchored[0]:
            return [f"Lignes {last + 1} à {anchored[0]} : coupées."]
        if marks.get(anchored[0], anchored[1]) != anchored[1]:
            return [f"Ligne {anchored[0]} : remplacée."]
        return []

    def _holds(self, line: Line) -> bool:
        try:
            return line.marked(self._keys.key(line.key)) == line.mark
        except KeyMissing:
            return False

    async def purge(self, before: datetime, who: Who) -> int:
        """Lines older than that go; one of them says until which, so that it is no cut."""
        async with self._apart.write() as connection:
            kept = await connection.scalar(
                select(func.min(acces.c.seq)).where(acces.c.instant >= written(before))
            )
            old = select(acces.c.seq, acces.c.marque).order_by(acces.c.seq.desc()).limit(1)
            if kept is not None:
                old = old.where(acces.c.seq < kept)
            last = (await connection.execute(old)).first()
            if last is None:
                return 0
            target = f"{last.seq}:{last.marque}"
            line = await self._append(connection, who, Access.JOURNAL_PURGED, "", target)
            gone = await connection.execute(delete(acces).where(acces.c.seq <= last.seq))
        self._keep_end(line)
        await self._apart.settle()
        return gone.rowcount

    async def close(self) -> None:
        await self._apart.close()


def _beginning(lines: Sequence[Line]) -> End:
    """What the first line follows: nothing, or what a purge has said that it took away."""
    ends = [purged_to(line) for line in lines if line.kind == Access.JOURNAL_PURGED]
    return max(ends, default=(0, GENESIS))


async def _page(connection: AsyncConnection, after: int) -> list[Line]:
    query = select(acces).where(acces.c.seq > after).order_by(acces.c.seq).limit(PAGE)
    return [_line(row) for row in (await connection.execute(query)).mappings()]


def _row(line: Line) -> dict[str, object]:
    return {
        "seq": line.seq,
        "instant": line.at,
        "qui": line.who.id,
        "role": line.who.role,
        "session": line.who.session,
        "genre": line.kind,
        "telecontrole": line.telecontrole,
        "objet": line.target,
        "precedent": line.before,
        "cle": line.key,
        "marque": line.mark,
    }


def _line(row: RowMapping) -> Line:
    return Line(
        seq=row["seq"],
        at=row["instant"],
        who=Who(row["qui"], row["role"], row["session"]),
        kind=row["genre"],
        telecontrole=row["telecontrole"],
        target=row["objet"],
        before=row["precedent"],
        key=row["cle"],
        mark=row["marque"],
    )
