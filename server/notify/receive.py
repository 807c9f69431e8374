"""Receipts: what a provider tells afterwards changes the row of its message, once."""

from collections.abc import Callable
from datetime import datetime

from controle.convocation import EtatEnvoi
from server.store.sql import RegistreSql, UniteSql

from . import outbox
from .endings import Endings
from .outbox import Envoi
from .receipts import Receipt

IN_COURSE = frozenset({EtatEnvoi.CONFIE, EtatEnvoi.ENVOYE})
#: Not thought to have arrived; an attempt may have, all the same.
DOUBTED = frozenset({EtatEnvoi.PREPARE, EtatEnvoi.ECHEC, EtatEnvoi.PERIME})


class Receipts:
    """In any order and any number of times, they come to the same: that it arrived is stronger
    than that it did not."""

    def __init__(
        self,
        registre: RegistreSql,
        endings: Endings,
        changed: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._registre = registre
        self._endings = endings
        self._changed = changed

    async def receive(self, receipt: Receipt) -> bool:
        """Whether it is about a message of ours; a second one changes nothing."""
        if not (receipt.key or receipt.reference):
            return False
        async with self._registre.transaction() as unite:
            envoi = await outbox.by_receipt(
                unite.connection, receipt.channel, receipt.key, receipt.reference
            )
            if envoi is None:
                return False
            news = await self._apply(unite, envoi, receipt, receipt.at)
        if news:
            self._changed(envoi.telecontrole)
        return True

    async def _apply(self, unite: UniteSql, envoi: Envoi, receipt: Receipt, now: datetime) -> bool:
        if receipt.state == "delivered" and may_have_arrived(envoi):
            await self._endings.delivered(unite, envoi, now)
            return True
        if receipt.state == "failed" and envoi.state in IN_COURSE:
            reason = receipt.reason or "non_remis"
            await self._endings.lost(unite, envoi, EtatEnvoi.ECHEC, reason, now)
            return True
        return False


def may_have_arrived(envoi: Envoi) -> bool:
    if envoi.state in IN_COURSE:
        return True
    # A « delivered » of what never left is a forgery or a mistake.
    left = envoi.sent is not None or envoi.unsure > 0
    return envoi.state in DOUBTED and left
