"""Ce que la conclusion change a une prescription: qui l'a ecrite doit en etre informe.

L'arret qui n'est plus justifie est dit a l'assure, a la caisse et au prescripteur; une date de
guerison ou de consolidation, au medecin traitant. Le service ne leur ecrit pas: une personne de
la caisse s'en charge, et le dit fait.
"""

from enum import Enum, auto

from controle.conclusion import Conclusion
from controle.issue import Issue

#: Elles mettent fin a ce qui est prescrit, ou en changent la suite.
CHANGENT = frozenset(
    {
        Conclusion.REPRISE_A_DATE,
        Conclusion.REPRISE_TEMPS_PARTIEL_THERAPEUTIQUE,
        Conclusion.STABILISATION,
        Conclusion.GUERISON,
        Conclusion.CONSOLIDATION,
    }
)


class Tache(Enum):
    """Ce que la nouvelle version fait de la tache « informer le prescripteur »."""

    LAISSER = auto()
    OUVRIR = auto()
    RETIRER = auto()


def a_informer(issue: Issue | None) -> bool:
    """Le prescripteur doit-il savoir quelque chose de cette version?"""
    return issue is not None and issue.conclusion in CHANGENT


def tache(precedente: Issue | None, issue: Issue, *, deja_faite: bool) -> Tache:
    """Ce qui lui a ete dit et n'est plus vrai se dit de nouveau; ce qui ne l'a pas ete s'oublie."""
    if precedente is None or not a_informer(precedente):
        return Tache.OUVRIR if a_informer(issue) else Tache.LAISSER
    if _dit(precedente) == _dit(issue):
        return Tache.LAISSER
    return Tache.OUVRIR if deja_faite or a_informer(issue) else Tache.RETIRER


def _dit(issue: Issue) -> tuple[object, ...]:
    return issue.conclusion, issue.date_effet
