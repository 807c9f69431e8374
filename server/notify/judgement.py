"""What becomes of a message when its time has come: does it still leave? Pure, time is given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from controle.convocation import EtatEnvoi, GenreEnvoi, vaut
from controle.presentiel import EtatPresentiel

from .outbox import Envoi

TOO_LATE = "trop_tard"
UNCERTAIN = "incertain"

#: After an attempt whose end nobody knows, one more; a second one is where it stops.
MAX_UNSURE = 2
#: An attempt that would come too late is made so long before it is too late.
LAST_TRY = timedelta(minutes=2)

#: What must be true of the in-person appointment that a message is about.
BOOKING: dict[GenreEnvoi, bool] = {
    GenreEnvoi.PRESENTIEL: True,
    GenreEnvoi.RAPPEL_PRESENTIEL: True,
    GenreEnvoi.ANNULATION_PRESENTIEL: False,
}


@dataclass(frozen=True, slots=True)
class Ruling:
    """CONFIE: it leaves. Any other state is its last, `reason` a code."""

    state: EtatEnvoi
    reason: str = ""

    @property
    def leaves(self) -> bool:
        return self.state is EtatEnvoi.CONFIE


def holds(envoi: Envoi) -> bool:
    """Does it still say the truth?"""
    if not vaut(envoi.kind, envoi.standing):
        return False
    if envoi.kind not in BOOKING:
        return True
    if envoi.booking is None:
        return False
    return (envoi.booking == EtatPresentiel.CONVOQUE) is BOOKING[envoi.kind]


def unsure(envoi: Envoi) -> int:
    """With the attempt of a server that had it in hand and fell silent."""
    return envoi.unsure + (envoi.state is EtatEnvoi.CONFIE and envoi.holder is not None)


def ruling(envoi: Envoi, now: datetime, *, idempotent: bool) -> Ruling:
    """:param idempotent: the provider drops a second message of the same key."""
    if not holds(envoi):
        return Ruling(EtatEnvoi.RETIRE, UNCERTAIN if unsure(envoi) else "")
    return still(envoi, now, idempotent=idempotent)


def still(envoi: Envoi, now: datetime, *, idempotent: bool) -> Ruling:
    """It is true: is there still time, and another attempt to make?"""
    if envoi.too_late(now):
        # « Not sent » would be a lie of what may have left.
        maybe = unsure(envoi) > 0
        return Ruling(EtatEnvoi.ECHEC, UNCERTAIN) if maybe else Ruling(EtatEnvoi.PERIME, TOO_LATE)
    if unsure(envoi) >= MAX_UNSURE and not idempotent:
        return Ruling(EtatEnvoi.ECHEC, UNCERTAIN)
    return Ruling(EtatEnvoi.CONFIE)


def next_attempt(
    attempts: int,
    now: datetime,
    until: datetime | None,
    backoff: Sequence[timedelta],
    retry_after: float = 0.0,
) -> datetime | None:
    """When to try again after so many attempts; None when it would be too late."""
    pause = backoff[min(attempts, len(backoff)) - 1]
    wished = now + max(pause, timedelta(seconds=retry_after))
    if until is None or wished < until:
        return wished
    last = until - LAST_TRY
    return last if now < last else None
