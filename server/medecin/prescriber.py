"""Who wrote the prescription is told what became of it: a task of the caisse's agents (OP-11).

The task says whom to inform, nothing of why. Writing to them (MSSanté) is not this service's.
"""

from collections.abc import Sequence
from datetime import datetime

from controle.issue import Issue
from controle.prescription import Tache, tache
from controle.telecontrole import Telecontrole
from server.store import tasks
from server.store.sql import UniteSql

KIND = tasks.PRESCRIBER


async def follow(
    unite: UniteSql, un: Telecontrole, earlier: Sequence[Issue], signed: Issue, now: datetime
) -> None:
    """Open it, leave it, open it again or take it back, as the new version asks."""
    connection = unite.connection
    last = earlier[-1] if earlier else None
    done = await tasks.was_done(connection, un.id, KIND)
    wanted = tache(last, signed, deja_faite=done)
    if wanted is Tache.OUVRIR:
        await tasks.open_task(connection, un.id, un.caisse, KIND, now)
    elif wanted is Tache.RETIRER:
        await tasks.withdraw(connection, un.id, KIND)
