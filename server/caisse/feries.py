"""A caisse's calendar: the public holidays of its territory, and the delays it has chosen."""

from datetime import date, time
from functools import cache

import holidays

from controle.calendrier import Feries, Regles
from server.config import Config
from server.store.people import Caisse

#: A year beyond which nothing is planned: the library computes years one by one.
LAST_YEAR = 2100


class UnknownTerritory(ValueError):
    """No such subdivision of France; the library knows its own (« 57 », « 974 », « NC »)."""


@cache
def feries(territory: str) -> Feries:
    """Whether a day is a public holiday there; empty: mainland France.

    Alsace and Moselle (« 6AE », « 57 ») have two more, the overseas territories their own.

    :raises UnknownTerritory: at the first call, not at the first date.
    """
    try:
        days = holidays.country_holidays("FR", subdiv=territory or None)
    except NotImplementedError as wrong:
        raise UnknownTerritory(territory) from wrong

    def is_holiday(day: date) -> bool:
        return day.year <= LAST_YEAR and day in days

    return is_holiday


def rules_of(caisse: Caisse, config: Config) -> Regles:
    """The delays of this caisse: its own strictness, the service's hours."""
    return Regles(
        jours=config.convocation_days,
        strict_48h=caisse.strict_48h,
        rappel_de=time(config.reminder_from_hour),
        rappel_jusque=time(config.reminder_until_hour),
    )
