"""Ce qu'une decision de la caisse doit dire du recours: devant qui, en combien de temps.

Le service n'envoie pas de decision: il donne a la caisse de quoi ecrire la sienne. Une contestation
d'ordre medical va a la commission medicale de recours amiable, les autres a la commission de
recours amiable (code de la securite sociale, art. R. 142-1-A et R. 142-8). A valider par un
juriste.
"""

from dataclasses import dataclass
from enum import StrEnum

from controle.conclusion import EXIGENCES, Conclusion
from controle.qualification import Qualification

DELAI_MOIS = 2
TEXTE = "R. 142-1-A"


class Commission(StrEnum):
    """Devant qui se conteste d'abord une decision."""

    CMRA = "cmra"
    CRA = "cra"


@dataclass(frozen=True)
class Recours:
    """`delai_mois` court de la notification par la caisse."""

    commission: Commission
    delai_mois: int = DELAI_MOIS
    texte: str = TEXTE


def recours(qualification: Qualification, conclusion: Conclusion) -> Recours | None:
    """Le recours que la decision doit indiquer; None s'il n'y a rien a contester."""
    if EXIGENCES[conclusion].annonce:
        return Recours(Commission.CMRA)
    if qualification is Qualification.ABSENCE_INJUSTIFIEE:
        return Recours(Commission.CRA)
    return None
