"""Letters: what a person prints and posts, because nothing else gets through.

A letter is a row of the outbox like any other message, so that it is seen to be waiting, and a
task; no sender takes it (docs/guides/agent.md).
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.convocation import CONVOQUENT, Canal, EtatEnvoi, GenreEnvoi
from controle.presence import SERVICE, Detail, GenreFait
from controle.telecontrole import Telecontrole
from server.notify import outbox
from server.notify.drafts import Drafts
from server.notify.outbox import Due, put
from server.record import Recorder
from server.store import schema as t
from server.store import tasks
from server.store.people import Assure
from server.store.sql import UniteSql

#: The tasks that are about a letter, and what each letter says.
LETTERS: dict[str, frozenset[GenreEnvoi]] = {
    "courrier": CONVOQUENT | {GenreEnvoi.PRESENTIEL},
    "courrier_presentiel": frozenset({GenreEnvoi.PRESENTIEL}),
}


async def due(
    connection: AsyncConnection,
    un: Telecontrole,
    assure: Assure,
    kind: GenreEnvoi,
    until: datetime,
    now: datetime,
    subject: str = "",
) -> None:
    """To be posted before `until`."""
    task = "courrier_presentiel" if kind is GenreEnvoi.PRESENTIEL else "courrier"
    letter = Due(
        telecontrole=un.id,
        kind=kind,
        channel=Canal.COURRIER,
        to=assure.adresse,
        language=assure.langue,
        start=now,
        until=until,
        subject=subject,
        assure=assure.id,
    )
    await put(connection, letter, now)
    await tasks.open_task(connection, un.id, un.caisse, task, now)


async def posted(
    unite: UniteSql, drafts: Drafts, recorder: Recorder, telecontrole: str, task: str, now: datetime
) -> None:
    """Somebody has posted them: the words are kept, and that they left goes on record."""
    rows = await unite.connection.scalars(
        select(t.envoi.c.id)
        .where(t.envoi.c.telecontrole == telecontrole)
        .where(t.envoi.c.canal == str(Canal.COURRIER))
        .where(t.envoi.c.etat == str(EtatEnvoi.PREPARE))
        .where(t.envoi.c.genre.in_([str(kind) for kind in LETTERS[task]]))
    )
    waiting = await outbox.held(unite.connection, list(rows))
    gathered = await drafts.gather(unite.connection, list(waiting.values()))
    written = drafts.write(gathered, now)
    for envoi in waiting.values():
        draft = written[envoi.id]
        await outbox.change(
            unite.connection,
            envoi,
            etat=str(EtatEnvoi.ENVOYE),
            envoye=now,
            essais=1,
            contenu=draft.content or None,
            version=draft.version,
        )
        details: dict[str, Detail] = {
            "envoi": envoi.id,
            "genre": str(envoi.kind),
            "canal": str(envoi.channel),
            "version": draft.version,
        }
        fact = recorder.fact(GenreFait.MESSAGE_ENVOYE, SERVICE, details=details)
        await unite.inscrire(telecontrole, fact)
