"""L'annonce orale: une conclusion qui change les droits a-t-elle ete dite a l'assure, et quand?"""

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from controle.refus_issue import (
    AnnonceInutile,
    AnnonceManquante,
    HeureAnnonceFausse,
    HeureAnnonceManquante,
)


@dataclass(frozen=True)
class Annonce:
    """Ce que le medecin-conseil en dit; `instant` est None si rien n'a ete annonce."""

    faite: bool
    instant: datetime | None


def noter(
    exigee: bool,  # noqa: FBT001
    faite: bool | None,  # noqa: FBT001
    heure: time | None,
    admis_a: datetime | None,
    maintenant: datetime,
    fuseau: str,
) -> Annonce | None:
    """L'annonce telle qu'elle se garde; None quand l'assure n'etait pas la pour l'entendre.

    `heure` est celle d'une montre, le jour de l'admission, dans le fuseau du rendez-vous.

    :raises AnnonceManquante, HeureAnnonceManquante, HeureAnnonceFausse, AnnonceInutile:
    """
    if not exigee or admis_a is None:
        if faite is not None or heure is not None:
            raise AnnonceInutile
        return None
    if faite is None:
        raise AnnonceManquante
    if not faite:
        if heure is not None:
            raise AnnonceInutile
        return Annonce(faite=False, instant=None)
    if heure is None:
        raise HeureAnnonceManquante
    la = admis_a.astimezone(ZoneInfo(fuseau))
    instant = datetime.combine(la.date(), heure, la.tzinfo).astimezone(maintenant.tzinfo)
    # Une montre n'a pas de secondes: la minute de l'admission en fait partie.
    if not admis_a.replace(second=0, microsecond=0) <= instant <= maintenant:
        raise HeureAnnonceFausse
    return Annonce(faite=True, instant=instant)
