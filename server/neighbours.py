"""What this worker does at the word of another (signaling's Server), and what it tells them."""

from collections.abc import Collection, Sequence
from typing import Protocol

from controle.presence import GenreFait
from controle.telecontrole import Etat
from signaling.calls import Turns
from signaling.cluster import Cluster
from signaling.crossing import Change

from .pusher import Kind, Pusher
from .record import Recorder
from .store.sql import RegistreSql

#: Seconds in which a console that lost its worker is back on another.
RELOAD = 8.0


class Sockets(Protocol):
    """A namespace, to whom a session's end is told."""

    async def close_session(self, session: str) -> None: ...


class Neighbours:
    """Between the cluster and the parts of this worker that others concern."""

    def __init__(
        self,
        *,
        cluster: Cluster,
        registre: RegistreSql,
        recorder: Recorder,
        pusher: Pusher,
        sockets: Sequence[Sockets],
    ) -> None:
        self._cluster = cluster
        self._registre = registre
        self._recorder = recorder
        self._pusher = pusher
        self._sockets = sockets
        self._turns = Turns()
        pusher.elsewhere = self._tell

    def _tell(self, kind: Kind, identifier: str, doctor: str) -> None:
        self._cluster.changed(kind, identifier, doctor)

    # --- at the word of another -----------------------------------------------------------------

    async def interrupted(self, room: str) -> None:
        """Whoever waits or talks there lost the server for some seconds."""
        async with self._registre.transaction() as unite:
            un = await unite.telecontrole(room)
            if un.etat in (Etat.EN_ATTENTE, Etat.EN_COURS):
                await unite.inscrire(un.id, self._recorder.fact(GenreFait.REDEMARRAGE_SERVEUR))

    def changed(self, kind: Change, identifier: str) -> None:
        self._pusher.heard(kind, identifier)

    def signed_out(self, session: str) -> None:
        for one in self._sockets:
            self._turns.then("signed out", one.close_session(session))

    def consoles_lost(self, doctors: Collection[str]) -> None:
        for doctor in doctors:
            self._pusher.heard("doctor", doctor, after=RELOAD)
        # What was last known of that worker's rooms is not known any more.
        for doctor in self._cluster.consoles:
            self._pusher.heard("day", doctor)
