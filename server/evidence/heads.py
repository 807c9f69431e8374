"""Makes a head of the whole register: what changed since the last one, counted, chained, signed.

The cost is that of what changed: the lines that no head covers yet are found by an index that
holds them alone, and a head covers at most `MOST` of them, so that who writes facts waits for some
milliseconds only; then another head follows. It is written in the ledger's own way (store/lane.py).
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.engine import Connection

from certs.signing_keys import KeyRing
from controle import forme
from controle.temoignage import Changement, MotifTete, TeteRegistre, suivante
from server.clock import SystemClock
from server.store import schema as t
from server.store.database import Database

#: Lines that one head covers at most, and destroyed chains.
MOST = 500


class Heads:
    """`every`: how often; where nothing changes, `at_rest`."""

    def __init__(
        self,
        database: Database,
        seals: KeyRing,
        clock: SystemClock,
        *,
        every: timedelta,
        at_rest: timedelta,
    ) -> None:
        self._database = database
        self._seals = seals
        self._clock = clock
        self._every = every
        self._at_rest = at_rest

    async def make(self, why: MotifTete) -> bool:
        """A head, where one is due; whether more remains to be covered."""
        return await self._database.write_with(partial(self._make, why))

    def _make(self, why: MotifTete, connection: Connection) -> bool:
        now, last = self._clock(), last_head(connection)
        if why is MotifTete.MINUTE and last is not None and now - last.instant < self._every / 2:
            # Another process of the service made one just now.
            return False
        lines = connection.execute(_NEW_LINES).all()
        erased = connection.execute(_NEW_ERASED).all()
        if last is not None and not lines and not erased:
            if now - last.instant < self._at_rest:
                return False
            why = MotifTete.REPOS
        self._write(connection, last, lines, erased, now, why)
        return MOST in (len(lines), len(erased))

    def _write(
        self,
        connection: Connection,
        last: TeteRegistre | None,
        lines: Sequence[Any],
        erased: Sequence[Any],
        now: datetime,
        why: MotifTete,
    ) -> None:
        ends = {line.telecontrole: Changement(*line) for line in lines}
        gone = [Changement(one.telecontrole, one.longueur, one.tete, efface=True) for one in erased]
        head = suivante(
            last,
            last.registre if last else str(uuid4()),
            [*ends.values(), *gone],
            nouveaux=sum(line.seq == 1 for line in lines),
            nouvelles=len(lines),
            instant=now,
            motif=str(why if last else MotifTete.OUVERTURE),
        )
        self._seals.refresh()
        head = head.signee(*self._seals.sign(head.octets()))
        connection.execute(insert(t.tete), row_of(head, [*ends.values(), *gone]))
        covered = [
            {"one": end.telecontrole, "upto": end.longueur, "head": head.numero}
            for end in ends.values()
        ]
        if covered:
            connection.execute(_COVER, covered)
        if gone:
            connection.execute(
                _COVER_ERASED, [{"one": end.telecontrole, "head": head.numero} for end in gone]
            )


def row_of(head: TeteRegistre, changes: Sequence[Changement]) -> dict[str, object]:
    """A head as it is stored."""
    return {
        "numero": head.numero,
        "empreinte": head.empreinte,
        "contenu": forme.ecrire(head.en_dict()),
        "changements": json.dumps([one.en_liste() for one in changes], separators=(",", ":")),
    }


def last_head(connection: Connection) -> TeteRegistre | None:
    text = connection.scalar(_LAST)
    return TeteRegistre.depuis_dict(json.loads(text)) if text is not None else None


_LAST = select(t.tete.c.contenu).order_by(t.tete.c.numero.desc()).limit(1)
_NEW_LINES = (
    select(t.ligne.c.telecontrole, t.ligne.c.seq, t.ligne.c.empreinte)
    .where(t.ligne.c.attestee.is_(None))
    .order_by(t.ligne.c.telecontrole, t.ligne.c.seq)
    .limit(MOST)
)
_COVER = (
    update(t.ligne)
    .where(t.ligne.c.attestee.is_(None), t.ligne.c.telecontrole == bindparam("one"))
    .where(t.ligne.c.seq <= bindparam("upto"))
    .values(attestee=bindparam("head"))
)
_NEW_ERASED = (
    select(t.efface.c.telecontrole, t.efface.c.longueur, t.efface.c.tete)
    .where(t.efface.c.attestee.is_(None))
    .order_by(t.efface.c.telecontrole)
    .limit(MOST)
)
_COVER_ERASED = (
    update(t.efface)
    .where(t.efface.c.telecontrole == bindparam("one"))
    .values(attestee=bindparam("head"))
)
#: Heads made so far: the number of the last one.
COUNT = select(func.max(t.tete.c.numero))
