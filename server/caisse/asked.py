"""What is asked for: a form whose every word was checked, before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from controle.agenda import Plage
from controle.refus import Refus
from controle.telecontrole import Contexte
from server.store import people
from server.store.people import Assure, Caisse, assure_of
from server.store.planned import is_planned
from server.web.agent_messages import PlanForm

from . import contacts
from .slots import Slots, local_instant

#: What other lines of the same import already hold, by médecin-conseil.
Taken = Mapping[str, Sequence[Plage]]
NOTHING: Taken = {}
#: How somebody new is written to, where nobody has said otherwise.
FRENCH = "fr"


class DejaPlanifie(Refus):
    """The same person at the same instant: the same file sent twice."""

    code = "deja_planifie"
    phrase = "Ce rendez-vous est déjà planifié."
    champ = "reference"


@dataclass(frozen=True, slots=True)
class Asked:
    """A télécontrôle to write. `known`: this person has a row already."""

    caisse: Caisse
    assure: Assure
    known: bool
    contexte: Contexte
    medecin: str
    plage: Plage


class Forms:
    """Reads forms; every fault is found, so that an import can say them all at once."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    async def read(
        self, connection: AsyncConnection, caisse_id: str, form: PlanForm, taken: Taken = NOTHING
    ) -> tuple[Asked | None, list[Refus]]:
        """What is asked, or all that is wrong with it; in a transaction that writes, the hour
        stays free until its end."""
        caisse = await people.caisse(connection, caisse_id)
        wrong: list[Refus] = []
        assure, known = await _assure(connection, caisse, form, wrong)
        contexte = contacts.read_context(form.context)
        if contexte is None:
            wrong.append(contacts.ContexteInconnu())
        try:
            plage = self._plage(caisse, form)
            await self._slots.hold(connection, caisse, form.doctor)
            if known:
                await _not_planned_yet(connection, assure, plage.debut)
            others = taken.get(form.doctor, ())
            await self._slots.check(connection, caisse, form.doctor, plage, others)
        except Refus as refused:
            wrong.append(refused)
        if wrong or contexte is None:
            return None, wrong
        return Asked(caisse, assure, known, contexte, form.doctor, plage), []

    def _plage(self, caisse: Caisse, form: PlanForm) -> Plage:
        start = local_instant(form.start, caisse.fuseau)
        return Plage(start, start + self._slots.duration(form.minutes))


async def _assure(
    connection: AsyncConnection, caisse: Caisse, form: PlanForm, wrong: list[Refus]
) -> tuple[Assure, bool]:
    """As the form makes them; whom the reference names is completed, not emptied."""
    contact, faults = contacts.read_contact(form)
    civility, name = contacts.read_civility(form.civility), contacts.tidy(form.name)
    if civility is None:
        faults.append(contacts.CiviliteInconnue())
    if not name:
        faults.append(contacts.NomVide())
    reference = contacts.tidy(form.reference)
    if contacts.is_nir(reference):
        faults.append(contacts.ReferenceInterdite())
        reference = ""
    known = await assure_of(connection, caisse.id, reference) if reference else None
    if known is not None and name and not contacts.same_name(known.nom, name):
        faults.append(contacts.ReferenceDAutrui())
    assure = Assure(
        id=known.id if known else str(uuid4()),
        caisse=caisse.id,
        civilite=civility or (known.civilite if known else ""),
        nom=name,
        courriel=contact.courriel or (known.courriel if known else ""),
        telephone=contact.telephone or (known.telephone if known else ""),
        adresse=contact.adresse or (known.adresse if known else ""),
        langue=contact.langue or (known.langue if known else FRENCH),
        reference=reference,
    )
    if not contacts.reachable(assure) and not any(f.champ in {"mail", "phone"} for f in faults):
        faults.append(contacts.SansContact())
    wrong += faults
    return assure, known is not None


async def _not_planned_yet(connection: AsyncConnection, assure: Assure, start: datetime) -> None:
    if await is_planned(connection, assure.id, start):
        raise DejaPlanifie
