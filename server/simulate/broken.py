"""Postmen with a fault each, to see that the oracle notices: a check that cannot fail is none."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from controle.convocation import VAUT_DANS
from server.notify import judgement
from server.notify.carrier import STILL, Carrier, Held
from server.notify.details import Details
from server.notify.drafts import Draft, Drafts
from server.notify.judgement import Ruling
from server.notify.outbox import Envoi
from server.notify.postman import Postman

from .ends import Faults


class AlwaysTrue(Carrier):
    """Believes that every message still says the truth."""

    def _ruling(self, envoi: Envoi, now: datetime) -> Ruling:
        return judgement.still(envoi, now, idempotent=self._sender.idempotent)


class NeverLate(Carrier):
    """Does not look at the clock."""

    def _ruling(self, envoi: Envoi, now: datetime) -> Ruling:
        return super()._ruling(replace(envoi, until=None), now)

    async def _looked_at_again(self, held: Held) -> Ruling:
        return STILL


class Forgetful(Carrier):
    """Tries again for ever when it does not know."""

    def _ruling(self, envoi: Envoi, now: datetime) -> Ruling:
        return super()._ruling(replace(envoi, unsure=0, holder=None), now)


class Willing(Drafts):
    """Writes any message, true or not: the templates alone would stop the one above."""

    @classmethod
    def instead_of(cls, drafts: Drafts) -> "Willing":
        return cls(drafts._links, drafts._origin)

    def write(
        self, gathered: Sequence[tuple[Envoi, Details | None]], now: datetime
    ) -> dict[str, Draft]:
        hoped = [(replace(e, standing=min(VAUT_DANS[e.kind])), said) for e, said in gathered]
        return super().write(hoped, now)


class LyingPostman(Postman):
    carrier = AlwaysTrue

    def __init__(self, *, drafts: Drafts, **rest: Any) -> None:
        super().__init__(drafts=Willing.instead_of(drafts), **rest)


class LatePostman(Postman):
    carrier = NeverLate


class ForgetfulPostman(Postman):
    carrier = Forgetful


POSTMEN: Mapping[str, type[Postman]] = {
    "none": Postman,
    "vrai": LyingPostman,
    "heure": LatePostman,
    "oubli": ForgetfulPostman,
}
#: Where the usual faults are too rare for it to show.
FAULTS: Mapping[str, Faults] = {
    "oubli": Faults(silent_taken=25),
    "heure": Faults(greylisted=25),
}
