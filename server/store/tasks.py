"""What an agent has to do: one task of each kind for a télécontrôle, opened again when due."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from . import schema as t
from .sql import written

PRESCRIBER = "informer_prescripteur"

LABELS: dict[str, str] = {
    "courrier": "Poster la convocation par courrier",
    "courrier_annulation": "Prévenir de l'annulation par courrier ou par téléphone",
    "courrier_presentiel": "Poster la convocation en présentiel par courrier",
    "non_remise": "Convocation non remise : joindre l'assuré autrement",
    "appeler": "Appeler l'assuré",
    "acces_verrouille": "Cinq codes erronés : appeler l'assuré, vérifier son numéro",
    "besoins": "Organiser les besoins déclarés",
    "mauvais_destinataire": "Vérifier les coordonnées : une autre personne a reçu le message",
    "a_replanifier": "Donner une nouvelle date : aucun créneau libre",
    PRESCRIBER: "Informer le prescripteur et le médecin traitant",
    # Derived from the request and the justification themselves (planned.py): cannot be forgotten.
    "presentiel_a_fixer": "Fixer le rendez-vous en présentiel",
    "justification": "Examiner la justification d'absence",
}


def label(kind: str) -> str:
    return LABELS.get(kind, "À faire")


async def open_task(
    connection: AsyncConnection, telecontrole: str, caisse: str, kind: str, now: datetime
) -> None:
    """Due now; one that is open already keeps its date, one that was done is due again."""
    mine = (t.tache.c.telecontrole == telecontrole, t.tache.c.genre == kind)
    known = (await connection.execute(select(t.tache.c.faite).where(*mine))).first()
    if known is None:
        await connection.execute(
            insert(t.tache).values(
                telecontrole=telecontrole, genre=kind, caisse=caisse, cree=written(now)
            )
        )
    elif known.faite is not None:
        again = {"cree": written(now), "faite": None, "faite_par": None}
        await connection.execute(update(t.tache).where(*mine).values(again))


async def close_task(
    connection: AsyncConnection, telecontrole: str, kind: str, by: str, now: datetime
) -> bool:
    """Done by somebody (or by the service itself); False when nothing was open."""
    changed = await connection.execute(
        update(t.tache)
        .where(t.tache.c.telecontrole == telecontrole, t.tache.c.genre == kind)
        .where(t.tache.c.faite.is_(None))
        .values(faite=written(now), faite_par=by)
    )
    return bool(changed.rowcount)


async def was_done(connection: AsyncConnection, telecontrole: str, kind: str) -> bool:
    """Somebody has done it since it was last opened."""
    done = select(t.tache.c.faite).where(
        t.tache.c.telecontrole == telecontrole, t.tache.c.genre == kind
    )
    return await connection.scalar(done) is not None


async def withdraw(connection: AsyncConnection, telecontrole: str, kind: str) -> None:
    """It was not to be done after all: as if it had never been asked."""
    mine = (t.tache.c.telecontrole == telecontrole, t.tache.c.genre == kind)
    await connection.execute(delete(t.tache).where(*mine))


async def close_all(connection: AsyncConnection, telecontrole: str, by: str, now: datetime) -> None:
    """The appointment is over or replaced: nothing is left to do about it."""
    await connection.execute(
        update(t.tache)
        .where(t.tache.c.telecontrole == telecontrole, t.tache.c.faite.is_(None))
        .values(faite=written(now), faite_par=by)
    )


async def open_tasks(
    connection: AsyncConnection, telecontroles: Collection[str]
) -> dict[str, list[tuple[str, str]]]:
    """(kind, since) of what is open, for each of these télécontrôles."""
    rows: list[Row[tuple[str, str, str]]] = list(
        await connection.execute(
            select(t.tache.c.telecontrole, t.tache.c.genre, t.tache.c.cree)
            .where(t.tache.c.telecontrole.in_(telecontroles), t.tache.c.faite.is_(None))
            .order_by(t.tache.c.cree, t.tache.c.genre)
        )
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        found.setdefault(row.telecontrole, []).append((row.genre, row.cree))
    return found
