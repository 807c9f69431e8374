"""A médecin-conseil who is away between two hours: read, and refused, in one way."""

from sqlalchemy.ext.asyncio import AsyncConnection

from controle.agenda import Plage
from controle.refus import Refus
from server.store import agenda, people
from server.store.people import Agent, Caisse
from server.web.agent_messages import AbsenceForm

from .slots import MedecinInconnu, local_instant


class AbsenceInversee(Refus):
    """It ends before it begins."""

    code = "absence_inversee"
    phrase = "La fin de l'absence doit venir après son début."
    champ = "end"


async def theirs(connection: AsyncConnection, agent: Agent, doctor: str) -> Caisse:
    """The caisse of both.

    :raises MedecinInconnu: not of the agent's caisse.
    """
    if await agenda.caisse_of(connection, doctor) != agent.caisse:
        raise MedecinInconnu
    return await people.caisse(connection, agent.caisse)


async def absence(
    connection: AsyncConnection, agent: Agent, doctor: str, form: AbsenceForm
) -> Plage:
    """The form's local hours, as instants.

    :raises MedecinInconnu: not of the agent's caisse.
    :raises DateIllisible, HeureInexistante, DateImpossible, AbsenceInversee: no such time.
    """
    caisse = await theirs(connection, agent, doctor)
    start, end = (local_instant(text, caisse.fuseau) for text in (form.start, form.end))
    if end <= start:
        raise AbsenceInversee
    return Plage(start, end)
