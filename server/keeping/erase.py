"""One person is erased before the term, on request: their key is destroyed, the record stays.

RGPD art. 17. What proves that the control took place is kept to its term, and says nobody's name
any more; notes of the service médical are its own to decide on.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.etats import VIVANTS, Etat
from controle.presentiel import ACTIFS
from controle.refus import Refus
from server.journal.lines import Access, operator
from server.journal.store import Journal
from server.store import schema as t
from server.store.database import Database
from server.store.sealed import PersonneEffacee, forget
from server.store.sql import written

from .purge import wiping
from .reports import Reports
from .terms import Kind

#: An appointment of yesterday that nobody has ended is not to come any more.
STILL = timedelta(days=1)


class Motif(StrEnum):
    """Why, of article 17(1); nothing else about the person is kept with it."""

    OPPOSITION = "opposition"
    RETRAIT = "retrait"
    ILLICITE = "traitement_illicite"
    INUTILE = "plus_necessaire"
    OBLIGATION = "obligation_legale"
    ERREUR = "erreur_de_personne"


class PersonneInconnue(Refus):
    """No such person."""

    code = "personne_inconnue"
    phrase = "Aucune personne de cet identifiant."


class PersonneAttendue(Refus):
    """A télécontrôle of theirs is still to come: they could not be reached for it any more."""

    code = "personne_attendue"
    phrase = (
        "Cette personne est encore attendue à un rendez-vous : annulez-le, ou attendez qu'il ait "
        "eu lieu."
    )


class Erasing:
    def __init__(self, database: Database, journal: Journal, reports: Reports) -> None:
        self._database = database
        self._journal = journal
        self._reports = reports

    async def erase(self, assure: str, why: Motif, now: datetime) -> dict[str, Any]:
        """The signed report, which does not say whom.

        :raises PersonneInconnue, PersonneEffacee, PersonneAttendue: nothing was done.
        :raises JournalAway: nor then.
        """
        async with self._database.read() as connection:
            await check(connection, assure, now)
        await self._journal.write(operator(), Access.PERSON_ERASED, "", assure)
        async with self._database.write() as connection:
            # Somebody may have planned for them meanwhile.
            await check(connection, assure, now)
            await wiping(connection)
            counts = await _erase(connection, assure, now)
            report = await self._reports.erased(connection, str(why), counts)
        await self._database.settle()
        return report


async def check(connection: AsyncConnection, assure: str, now: datetime) -> None:
    """:raises Refus: this person cannot be erased now."""
    kept = await connection.scalar(select(t.assure.c.cle).where(t.assure.c.id == assure))
    if kept is None:
        raise PersonneInconnue
    if not kept:
        raise PersonneEffacee
    if await connection.scalar(_to_come(assure, now)):
        raise PersonneAttendue


def _to_come(assure: str, now: datetime) -> Any:
    un, other = t.telecontrole.c, t.rendez_vous.c
    expected = [str(state) for state in VIVANTS | {Etat.BROUILLON}]
    in_person = exists(
        select(1).where(
            other.telecontrole == un.id,
            other.etat.in_([str(state) for state in ACTIFS]),
            other.debut >= written(now - STILL),
        )
    )
    video = un.etat.in_(expected) & (un.debut >= written(now - STILL))
    return select(func.count()).where(un.assure == assure, or_(video, in_person))


async def _erase(connection: AsyncConnection, assure: str, now: datetime) -> Mapping[str, int]:
    """All that names them or leads to them: key, reference, documents, links, sessions."""
    await forget(connection, assure)
    await connection.execute(update(t.assure).where(t.assure.c.id == assure).values(reference=""))
    mine = select(t.telecontrole.c.id).where(t.telecontrole.c.assure == assure)
    given = select(t.justification.c.id).where(t.justification.c.telecontrole.in_(mine))
    documents = await connection.execute(delete(t.piece).where(t.piece.c.justification.in_(given)))
    await connection.execute(
        update(t.envoi).where(t.envoi.c.telecontrole.in_(mine)).values(reference=None)
    )
    links = await connection.execute(delete(t.lien).where(t.lien.c.telecontrole.in_(mine)))
    codes = await connection.execute(
        delete(t.code_acces).where(t.code_acces.c.telecontrole.in_(mine))
    )
    tests = await connection.execute(
        delete(t.essai_materiel).where(t.essai_materiel.c.telecontrole.in_(mine))
    )
    invited = await connection.execute(delete(t.tiers).where(t.tiers.c.telecontrole.in_(mine)))
    theirs = (t.session.c.genre == "assure") & (t.session.c.sujet == assure)
    thirds = (t.session.c.genre == "tiers") & t.session.c.telecontrole.in_(mine)
    sessions = await connection.execute(delete(t.session).where(or_(theirs, thirds)))
    gone = {
        Kind.PEOPLE: 1,
        Kind.DOCUMENTS: documents.rowcount,
        Kind.LINKS: links.rowcount + invited.rowcount,
        Kind.CODES: codes.rowcount,
        Kind.EQUIPMENT: tests.rowcount,
        Kind.SESSIONS: sessions.rowcount,
    }
    return {str(kind): count for kind, count in gone.items() if count}
