"""What was purged: counted in the transaction that destroys it, signed once it is over.

A report names no person: counts by kind, from when to when. Each holds the hash of the one that
was ended before it, so that one that is taken away is missed. Who was killed left a report without
an end; the next one goes on with it, so that nothing that went is counted nowhere.
"""

import json
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import Row
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from certs.signing_keys import KeyRing
from controle import forme
from controle.refus import Refus
from controle.verification import SignatureValide, lire_signature
from server.store import schema as t
from server.store.database import Database
from server.store.sql import written

FORMAT = "telecontrole-purge/1"
DOMAIN = b"telecontrole-purge/1\n"
HASHED = "telecontrole-empreinte-purge/1"
#: Who counts nothing for so long is taken to be dead.
LEASE = timedelta(minutes=10)

Genre = Literal["purge", "effacement"]


class PurgeEnCours(Refus):
    """Another process is at it."""

    code = "purge_en_cours"
    phrase = "Une purge est déjà en cours. Si elle a été tuée, elle se reprend dans dix minutes."


@dataclass(slots=True)
class Run:
    """One purge under way."""

    number: int
    holder: str
    begun: str
    counts: Counter[str] = field(default_factory=Counter)


class Reports:
    def __init__(self, database: Database, seals: KeyRing, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._seals = seals
        self._clock = clock

    async def begin(self) -> Run:
        """A new purge, or the one that was interrupted.

        :raises PurgeEnCours: another process has it in hand.
        """
        now = self._clock()
        try:
            async with self._database.write() as connection:
                mine = _mine(now)
                open_one = (
                    await connection.execute(
                        select(t.purge).where(t.purge.c.fin.is_(None)).limit(1)
                    )
                ).first()
                if open_one is not None:
                    return await self._take_up(connection, open_one, mine, now)
                run = Run(await _next(connection), mine["porteur"], written(now))
                await connection.execute(insert(t.purge).values(_row(run, "purge") | mine))
                return run
        except IntegrityError as wrong:
            raise PurgeEnCours from wrong

    async def _take_up(
        self, connection: AsyncConnection, row: Row[Any], mine: Mapping[str, str], now: datetime
    ) -> Run:
        taken = await connection.execute(
            update(t.purge)
            .where(t.purge.c.numero == row.numero, t.purge.c.fin.is_(None))
            .where(t.purge.c.bail <= written(now))
            .values(mine)
        )
        if not taken.rowcount:
            raise PurgeEnCours
        counts = Counter(json.loads(row.contenu))
        return Run(row.numero, mine["porteur"], row.debut, counts)

    async def count(self, connection: AsyncConnection, run: Run, gone: Mapping[str, int]) -> None:
        """In the transaction in which they go.

        :raises PurgeEnCours: another process took us for dead; nothing of this goes.
        """
        counts = run.counts + Counter(gone)
        done = await connection.execute(
            update(t.purge)
            .where(t.purge.c.numero == run.number, t.purge.c.porteur == run.holder)
            .where(t.purge.c.fin.is_(None))
            .values(contenu=json.dumps(counts), bail=written(self._clock() + LEASE))
        )
        if not done.rowcount:
            raise PurgeEnCours
        run.counts = counts

    async def end(
        self, run: Run, limits: Mapping[str, str], missing: Collection[str]
    ) -> dict[str, Any]:
        """`limits`: before when each kind went; `missing`: kinds that could not be done."""
        async with self._database.write() as connection:
            report = await self._signed(
                connection, run, "purge", {"avant": dict(limits), "incomplet": sorted(missing)}
            )
            await connection.execute(
                update(t.purge)
                .where(t.purge.c.numero == run.number, t.purge.c.porteur == run.holder)
                .values(_ended(report))
            )
        return report

    async def erased(
        self, connection: AsyncConnection, reason: str, counts: Mapping[str, int]
    ) -> dict[str, Any]:
        """One person was erased on request, in the caller's transaction: that, and why."""
        now = self._clock()
        mine = _mine(now)
        run = Run(await _next(connection), mine["porteur"], written(now), Counter(counts))
        report = await self._signed(connection, run, "effacement", {"motif": reason})
        row = _row(run, "effacement") | mine | _ended(report)
        await connection.execute(insert(t.purge).values(row))
        return report

    async def _signed(
        self, connection: AsyncConnection, run: Run, genre: Genre, more: Mapping[str, object]
    ) -> dict[str, Any]:
        content: dict[str, object] = {
            "format": FORMAT,
            "numero": run.number,
            "genre": genre,
            "debut": run.begun,
            "fin": written(self._clock()),
            "effaces": {kind: run.counts[kind] for kind in sorted(run.counts)},
            "precedent": await _last(connection),
            **more,
        }
        self._seals.refresh()
        kid, signature = self._seals.sign(DOMAIN + forme.canonique(content))
        return content | {"cle": kid, "signature": signature}

    async def all(self) -> list[tuple[dict[str, Any], bool]]:
        """Every report that was ended, in that order, and whether it is as it was signed and in
        its place."""
        async with self._database.read() as connection:
            rows = (await connection.execute(_ENDED)).all()
        found, before = [], ""
        for row in rows:
            report = json.loads(row.contenu) | {"cle": row.cle, "signature": row.signature}
            same = (row.numero, row.fin) == (report.get("numero"), report.get("fin"))
            right = same and report.get("precedent") == before
            found.append((report, right and holds(report, self._seals.verify)))
            before = digest(report)
        return found

    async def last_purge(self) -> datetime | None:
        """When the last one that was ended had begun."""
        async with self._database.read() as connection:
            found = await connection.scalar(
                select(func.max(t.purge.c.debut)).where(
                    t.purge.c.genre == "purge", t.purge.c.fin.is_not(None)
                )
            )
        return datetime.fromisoformat(found) if found else None


def holds(report: Mapping[str, Any], valid: SignatureValide) -> bool:
    """Whether a report, of the store or of a file, is as the service signed it."""
    try:
        signature = lire_signature(report["signature"])
        return valid(str(report["cle"]), DOMAIN + forme.canonique(_content(report)), signature)
    except (KeyError, TypeError, ValueError, Refus):
        return False


def digest(report: Mapping[str, Any]) -> str:
    """What the next one holds of it."""
    return forme.empreinte(HASHED, forme.canonique(_content(report)))


def _content(report: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in report.items() if name not in ("cle", "signature")}


def _ended(report: Mapping[str, Any]) -> dict[str, object]:
    return {
        "fin": report["fin"],
        "contenu": forme.ecrire(_content(report)),
        "cle": report["cle"],
        "signature": report["signature"],
    }


def _mine(now: datetime) -> dict[str, str]:
    return {"porteur": secrets.token_hex(16), "bail": written(now + LEASE)}


def _row(run: Run, genre: Genre) -> dict[str, object]:
    return {
        "numero": run.number,
        "genre": genre,
        "debut": run.begun,
        "contenu": json.dumps(run.counts),
        "cle": "",
        "signature": "",
    }


async def _next(connection: AsyncConnection) -> int:
    return (await connection.scalar(select(func.max(t.purge.c.numero))) or 0) + 1


_ENDED = select(t.purge).where(t.purge.c.fin.is_not(None)).order_by(t.purge.c.fin, t.purge.c.numero)


async def _last(connection: AsyncConnection) -> str:
    """The hash of the report that was ended last; empty for the first."""
    newest = _ENDED.with_only_columns(t.purge.c.contenu).order_by(None)
    text = await connection.scalar(
        newest.order_by(t.purge.c.fin.desc(), t.purge.c.numero.desc()).limit(1)
    )
    return digest(json.loads(text)) if text else ""
