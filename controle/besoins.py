"""Ce dont l'assure dit avoir besoin pour que le rendez-vous se passe bien."""

from collections.abc import Iterable
from enum import StrEnum

from controle.refus import Refus


class Besoin(StrEnum):
    """Un besoin pratique, jamais une raison medicale."""

    LSF = "lsf"
    INTERPRETE = "interprete"
    FAUTEUIL = "fauteuil"
    VUE = "vue"
    ACCOMPAGNANT = "accompagnant"
    SOUS_TITRES = "sous_titres"
    ECRIT = "ecrit"


LIBELLES_BESOIN: dict[Besoin, str] = {
    Besoin.LSF: "Un interprète en langue des signes française",
    Besoin.INTERPRETE: "Un interprète dans une autre langue",
    Besoin.FAUTEUIL: "Un lieu accessible en fauteuil roulant, en cas de rendez-vous sur place",
    Besoin.VUE: "De l'aide parce que je vois mal l'écran",
    Besoin.ACCOMPAGNANT: "Une personne de mon choix à mes côtés",
    Besoin.SOUS_TITRES: "Des sous-titres pendant l'entretien",
    Besoin.ECRIT: "Écrire et lire au lieu de parler et d'entendre",
}
#: Qui a l'un de ces besoins trouve l'ecrit devant soi pendant l'entretien.
PAR_ECRIT = frozenset({Besoin.ECRIT, Besoin.LSF, Besoin.SOUS_TITRES})


class BesoinInconnu(Refus):
    """Ce besoin n'est pas dans la liste."""

    code = "besoin_inconnu"
    phrase = "Ce besoin n'est pas dans la liste."
    champ = "needs"


def lire_besoins(mots: Iterable[str]) -> tuple[Besoin, ...]:
    """Les besoins nommes, une fois chacun et dans l'ordre du formulaire, ou `BesoinInconnu`."""
    nommes = set(mots)
    if not nommes <= set(Besoin):
        raise BesoinInconnu
    return tuple(besoin for besoin in Besoin if besoin in nommes)


def ecrit(besoins: Iterable[str]) -> bool:
    """L'assure compte ecrire ou lire."""
    return not PAR_ECRIT.isdisjoint(besoins)
