"""When somebody can be received: the caisse's calendar and a médecin-conseil's agenda together."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from controle.agenda import Plage, creneaux_libres, verifier_creneau
from controle.calendrier import Regles, instant_local, premiere_date_possible, verifier_date
from controle.refus import Refus
from server.clock import SystemClock
from server.config import Config
from server.store import agenda
from server.store.people import Caisse

from .feries import feries, rules_of

#: How far a free slot is looked for.
SEARCH_DAYS = 60


class MedecinInconnu(Refus):
    """No médecin-conseil of this caisse has this id."""

    code = "medecin_inconnu"
    phrase = "Ce médecin-conseil n'est pas de votre caisse."
    champ = "doctor"


class DateIllisible(Refus):
    """No such day, or no such hour."""

    code = "date_illisible"
    phrase = "Cette date n'existe pas : écrivez-la comme 2026-12-01T14:30."
    champ = "start"


class Slots:
    """Checks an hour, and finds free ones; the same for visio and in person."""

    def __init__(self, config: Config, clock: SystemClock) -> None:
        self._config = config
        self._clock = clock

    def rules(self, caisse: Caisse) -> Regles:
        return rules_of(caisse, self._config)

    def duration(self, minutes: int | None) -> timedelta:
        return timedelta(minutes=minutes) if minutes else self._config.slot

    def first_date(self, caisse: Caisse) -> date:
        """The first working day for which there is still time to convoke."""
        return premiere_date_possible(
            self._clock(), caisse.fuseau, self.rules(caisse), feries(caisse.territoire)
        )

    async def hold(self, connection: AsyncConnection, caisse: Caisse, doctor: str) -> None:
        """Nobody else books this médecin-conseil until the end of the transaction.

        :raises MedecinInconnu: not of this caisse.
        """
        if await agenda.caisse_of(connection, doctor) != caisse.id:
            raise MedecinInconnu

    async def check(
        self,
        connection: AsyncConnection,
        caisse: Caisse,
        doctor: str,
        plage: Plage,
        taken: Sequence[Plage] = (),
        but: Collection[str] = (),
    ) -> None:
        """:raises Refus: the calendar's (too late, no working day), or the agenda's."""
        verifier_date(
            plage.debut,
            plage.fin - plage.debut,
            caisse.fuseau,
            self._clock(),
            self.rules(caisse),
            feries(caisse.territoire),
        )
        await self.check_agenda(connection, caisse, doctor, plage, taken, but)

    async def check_agenda(
        self,
        connection: AsyncConnection,
        caisse: Caisse,
        doctor: str,
        plage: Plage,
        taken: Sequence[Plage] = (),
        but: Collection[str] = (),
    ) -> None:
        """`taken`: held, and not in the store yet; `but`: about to be given up.

        :raises CreneauPris, MedecinIndisponible: what the agenda says.
        """
        verifier_creneau(
            plage,
            [*await agenda.occupied(connection, doctor, plage, but), *taken],
            await agenda.absences(connection, doctor, plage),
            await agenda.availabilities(connection, doctor),
            caisse.fuseau,
        )

    async def free(
        self,
        connection: AsyncConnection,
        caisse: Caisse,
        doctor: str,
        start: date | None = None,
        minutes: int | None = None,
        limit: int = 50,
    ) -> list[Plage]:
        """The first free ones from that day on for which there is still time to convoke.

        :raises MedecinInconnu: not of this caisse.
        """
        if await agenda.caisse_of(connection, doctor) != caisse.id:
            raise MedecinInconnu
        first = max(start or date.min, self.first_date(caisse))
        between = _around(first, SEARCH_DAYS)
        return creneaux_libres(
            first,
            SEARCH_DAYS,
            self.duration(minutes),
            caisse.fuseau,
            self.rules(caisse),
            feries(caisse.territoire),
            await agenda.availabilities(connection, doctor),
            await agenda.occupied(connection, doctor, between),
            await agenda.absences(connection, doctor, between),
            self._clock(),
            limite=limit,
        )


def local_instant(text: str, zone: str) -> datetime:
    """« 2026-12-01T14:30 » at the caisse, in UTC.

    :raises DateIllisible: no such day.
    :raises HeureInexistante: skipped, or twice there, when the clocks change.
    """
    try:
        local = datetime.strptime(text, "%Y-%m-%dT%H:%M")  # noqa: DTZ007
        return instant_local(local.date(), local.time(), zone)
    except (ValueError, OverflowError):
        raise DateIllisible from None


def _around(day: date, days: int) -> Plage:
    """Those days, wherever the caisse is."""
    begin = datetime.combine(day, time(0), UTC)
    return Plage(begin - timedelta(days=1), begin + timedelta(days=days + 1))
