"""Whether there is something to attest now: asked by the door, the space, and the making."""

from collections.abc import Sequence
from datetime import datetime

from controle.attestation import peut_attester
from controle.chronologie import corriger
from controle.etats import AVANT_ENTREE, Etat
from controle.intervalles import presences
from controle.presence import Fait
from controle.refus import Refus
from controle.telecontrole import Fenetre, Telecontrole
from server.clock import SystemClock
from server.store.sql import UniteSql


def until_now(clock: SystemClock, facts: Sequence[Fait]) -> datetime:
    """« Now » on the facts' own time line: a step of the wall clock adds no minute."""
    now = clock.moment()
    return corriger(facts, now.wall, now.monotonic, now.boot)


def check(clock: SystemClock, fenetre: Fenetre, un: Telecontrole, facts: Sequence[Fait]) -> None:
    """:raises Refus: nothing, or not yet."""
    now = until_now(clock, facts)
    peut_attester(un, presences(facts, now), facts, now, fenetre)


async def possible(clock: SystemClock, fenetre: Fenetre, unite: UniteSql, un: Telecontrole) -> bool:
    """Whether a page may offer it. Before the grace is over nothing is read: that is when
    everybody comes."""
    early = clock() < un.debut + fenetre.grace_absence
    if early and un.etat in AVANT_ENTREE | {Etat.EN_ATTENTE, Etat.EN_COURS}:
        return False
    try:
        check(clock, fenetre, un, [ligne.fait for ligne in await unite.lignes(un.id)])
    except Refus:
        return False
    return True
