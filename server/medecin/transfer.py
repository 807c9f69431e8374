"""A médecin-conseil hands an assuré over to a colleague of the same service (row WR-07).

The assuré keeps their place and their wait; the former médecin-conseil loses the room at once.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from controle.agenda import Plage
from controle.etats import AVANT_ENTREE
from controle.presence import GenreFait, Role
from controle.telecontrole import Telecontrole
from controle.transfert import LIBELLES_TRANSFERT, TRANSFERABLES, MotifTransfert, transferer
from server.caisse.planning import Planning
from server.clock import SystemClock
from server.identity.sessions import Session
from server.record import Recorder
from server.store import colleagues, people
from server.store.sql import RegistreSql, UniteSql
from server.web.console_messages import Colleague, TransferChoices, TransferForm
from server.web.messages import Choice
from signaling.protocol import Reception
from signaling.rooms import Rooms

from .outcomes import own

#: How far back a colleague is looked for in a call, or as waited for.
EVENING = timedelta(hours=12)


class Transfers:
    """`online`: whether a console of this médecin-conseil is open; `reception`: what whoever waits
    is told of the one they wait for."""

    def __init__(
        self,
        *,
        clock: SystemClock,
        registre: RegistreSql,
        recorder: Recorder,
        planning: Planning,
        rooms: Rooms,
        online: Callable[[str], bool],
        reception: Callable[[UniteSql, Telecontrole], Awaitable[Reception]],
    ) -> None:
        self._clock = clock
        self._registre = registre
        self._recorder = recorder
        self._planning = planning
        self._rooms = rooms
        self._online = online
        self._reception = reception

    async def choices(self, session: Session, telecontrole: str) -> TransferChoices:
        """Whom it could be handed over to, who is there and free first; nobody when it is too
        late for that."""
        async with self._registre.lecture() as unite:
            un = await own(unite, session, telecontrole)
            since = self._clock() - EVENING
            service = await colleagues.of_service(unite.connection, un.caisse, since)
        found = [
            Colleague(
                id=one.id,
                name=one.nom,
                function=one.fonction,
                online=self._online(one.id),
                in_call=one.in_call > 0,
                waiting=one.waiting,
            )
            for one in service
            if one.id != un.medecin_conseil
        ]
        return TransferChoices(
            possible=un.etat in TRANSFERABLES,
            # Who waits is not handed over to somebody who is not there.
            online_only=un.etat not in AVANT_ENTREE,
            colleagues=sorted(found, key=lambda one: (not one.online, one.in_call, one.waiting)),
            reasons=[Choice(code=code, label=label) for code, label in LIBELLES_TRANSFERT.items()],
        )

    async def hand_over(self, session: Session, telecontrole: str, form: TransferForm) -> None:
        """It is the colleague's from now on.

        :raises Refus: it is in a call or over; the colleague is of another caisse, away, or taken
            at that hour.
        """
        async with self._registre.quick_transaction() as unite:
            un = await own(unite, session, telecontrole)
            before = await self._give(unite, un, form.doctor)
            details = {
                "par": before,
                "de": before,
                "a": un.medecin_conseil,
                "motif": str(MotifTransfert(form.reason)),
            }
            fact = self._recorder.fact(GenreFait.REAFFECTE, Role.MEDECIN_CONSEIL, details=details)
            await unite.enregistrer(un)
            await unite.inscrire(un.id, fact)
            reception = await self._reception(unite, un)
        await self._rooms.hand_over(un.id, un.medecin_conseil, reception)
        await self._planning.tell(un, before=before)

    async def _give(self, unite: UniteSql, un: Telecontrole, doctor: str) -> str:
        """Whose it was."""
        caisse = await people.caisse(unite.connection, un.caisse)
        expected = un.etat in AVANT_ENTREE
        before = transferer(un, doctor, en_ligne=self._online(doctor))
        await self._planning.available.hold(unite.connection, caisse, doctor)
        if expected:
            plage = Plage(un.debut, un.debut + un.duree)
            await self._planning.available.check_agenda(unite.connection, caisse, doctor, plage)
        return before
