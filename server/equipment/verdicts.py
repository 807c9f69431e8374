"""The last equipment test of each appointment: a hint for who receives, not a fact on record."""

import json
from datetime import datetime

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.refus import Refus
from server.store import schema as t
from server.store.sql import written
from server.technical.browsers import Family
from server.web.equipment_messages import EquipmentVerdict
from server.web.messages import EquipmentShown

from . import words

#: Figures are kept to this: finer ones tell one line from another.
STEP = 10


class TooManyTests(Refus):
    """As many as one appointment takes."""

    code = "trop_de_tests"
    phrase = (
        "Vous avez déjà testé votre matériel plusieurs fois : le dernier résultat gardé reste le "
        "même. Celui-ci reste affiché ici."
    )


async def keep(
    connection: AsyncConnection,
    telecontrole: str,
    verdict: EquipmentVerdict,
    browser: Family,
    now: datetime,
    most: int,
) -> None:
    """In the place of the one before.

    :raises TooManyTests: `most` were kept.
    """
    mine = t.essai_materiel.c.telecontrole == telecontrole
    made = await connection.scalar(select(t.essai_materiel.c.essais).where(mine))
    if made is not None and made >= most:
        raise TooManyTests
    values = {
        "couleur": verdict.colour,
        "parties": msgspec.json.encode(verdict.parts).decode(),
        "mesures": json.dumps(_rounded(verdict)),
        "navigateur": browser,
        "instant": written(now),
        "essais": (made or 0) + 1,
    }
    if made is None:
        row = insert(t.essai_materiel).values(telecontrole=telecontrole, **values)
        await connection.execute(row)
    else:
        await connection.execute(update(t.essai_materiel).where(mine).values(values))


def _rounded(verdict: EquipmentVerdict) -> dict[str, int | None]:
    fine = {
        "up_kbps": verdict.up_kbps, "down_kbps": verdict.down_kbps, "rtt_ms": verdict.rtt_ms,
    }  # fmt: skip
    rounded = {
        name: None if value is None else round(value / STEP) * STEP for name, value in fine.items()
    }
    return rounded | {"loss_percent": verdict.loss_percent}


async def shown(connection: AsyncConnection, telecontrole: str) -> EquipmentShown | None:
    mine = t.essai_materiel.c.telecontrole == telecontrole
    row = (await connection.execute(select(t.essai_materiel).where(mine))).first()
    if row is None:
        return None
    parts, figures = json.loads(row.parties), json.loads(row.mesures)
    return EquipmentShown(
        colour=row.couleur,
        label=words.COLOURS[row.couleur],
        at=row.instant,
        remarks=words.remarks(parts),
        details=words.details(row.navigateur, parts, figures),
    )
