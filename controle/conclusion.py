"""Les conclusions administratives: lesquelles pour quel contexte, et ce que chacune exige."""

from dataclasses import dataclass
from enum import StrEnum

from controle.etats import Contexte


class Conclusion(StrEnum):
    """Ce que le medecin-conseil conclut, sans rien de medical."""

    ARRET_JUSTIFIE = "arret_justifie"
    REPRISE_A_DATE = "reprise_a_date"
    REPRISE_TEMPS_PARTIEL_THERAPEUTIQUE = "reprise_temps_partiel_therapeutique"
    STABILISATION = "stabilisation"
    ORIENTATION_INVALIDITE = "orientation_invalidite"
    EXAMEN_COMPLEMENTAIRE = "examen_complementaire"
    GUERISON = "guerison"
    CONSOLIDATION = "consolidation"
    SOINS_POST_CONSOLIDATION = "soins_post_consolidation"
    FAVORABLE = "favorable"
    DEFAVORABLE = "defavorable"
    REVISION_CATEGORIE = "revision_categorie"
    PIECES_ATTENDUES = "pieces_attendues"
    PRESENTIEL_NECESSAIRE = "presentiel_necessaire"
    CONTROLE_IMPOSSIBLE = "controle_impossible"


LIBELLES_CONCLUSION: dict[Conclusion, str] = {
    Conclusion.ARRET_JUSTIFIE: "Arrêt médicalement justifié",
    Conclusion.REPRISE_A_DATE: "Reprise du travail à une date",
    Conclusion.REPRISE_TEMPS_PARTIEL_THERAPEUTIQUE: "Reprise à temps partiel thérapeutique",
    Conclusion.STABILISATION: "Stabilisation",
    Conclusion.ORIENTATION_INVALIDITE: "Orientation vers l'invalidité",
    Conclusion.EXAMEN_COMPLEMENTAIRE: "Examen complémentaire",
    Conclusion.GUERISON: "Guérison",
    Conclusion.CONSOLIDATION: "Consolidation",
    Conclusion.SOINS_POST_CONSOLIDATION: "Soins après consolidation",
    Conclusion.FAVORABLE: "Avis favorable",
    Conclusion.DEFAVORABLE: "Avis défavorable",
    Conclusion.REVISION_CATEGORIE: "Révision de la catégorie",
    Conclusion.PIECES_ATTENDUES: "Pièces attendues",
    Conclusion.PRESENTIEL_NECESSAIRE: "Examen en personne nécessaire",
    Conclusion.CONTROLE_IMPOSSIBLE: "Contrôle impossible",
}


@dataclass(frozen=True)
class Exigence:
    """Ce qu'une conclusion exige, et hors de quoi elle ne veut rien."""

    date: bool = False
    #: La date ne peut etre passee: une reprise s'annonce, elle ne se decouvre pas.
    a_venir: bool = False
    categorie: bool = False
    sequelles: bool = False
    #: Elle change les droits de l'assure: s'il etait la, la lui a-t-on dite, et quand?
    annonce: bool = False


_RIEN = Exigence()
EXIGENCES: dict[Conclusion, Exigence] = dict.fromkeys(Conclusion, _RIEN) | {
    Conclusion.REPRISE_A_DATE: Exigence(date=True, a_venir=True, annonce=True),
    Conclusion.REPRISE_TEMPS_PARTIEL_THERAPEUTIQUE: Exigence(date=True, a_venir=True, annonce=True),
    Conclusion.STABILISATION: Exigence(date=True, annonce=True),
    Conclusion.GUERISON: Exigence(date=True, annonce=True),
    Conclusion.CONSOLIDATION: Exigence(date=True, sequelles=True, annonce=True),
    Conclusion.FAVORABLE: Exigence(categorie=True),
    Conclusion.DEFAVORABLE: Exigence(annonce=True),
    Conclusion.REVISION_CATEGORIE: Exigence(categorie=True, annonce=True),
}
CATEGORIES = frozenset({1, 2, 3})

_ARRET = (
    Conclusion.ARRET_JUSTIFIE,
    Conclusion.REPRISE_A_DATE,
    Conclusion.REPRISE_TEMPS_PARTIEL_THERAPEUTIQUE,
    Conclusion.STABILISATION,
    Conclusion.ORIENTATION_INVALIDITE,
    Conclusion.EXAMEN_COMPLEMENTAIRE,
    Conclusion.PRESENTIEL_NECESSAIRE,
    Conclusion.CONTROLE_IMPOSSIBLE,
)
_AT_MP = (
    *_ARRET,
    Conclusion.GUERISON,
    Conclusion.CONSOLIDATION,
    Conclusion.SOINS_POST_CONSOLIDATION,
)
_INVALIDITE = (
    Conclusion.FAVORABLE,
    Conclusion.DEFAVORABLE,
    Conclusion.REVISION_CATEGORIE,
    Conclusion.PIECES_ATTENDUES,
    Conclusion.PRESENTIEL_NECESSAIRE,
    Conclusion.CONTROLE_IMPOSSIBLE,
)
CONCLUSIONS: dict[Contexte, tuple[Conclusion, ...]] = {
    Contexte.ARRET_MALADIE: _ARRET,
    Contexte.AT_MP: _AT_MP,
    Contexte.INVALIDITE: _INVALIDITE,
    Contexte.MALADIE_AUTRE: _ARRET,
}


@dataclass(frozen=True)
class Choix:
    """Une ligne du formulaire."""

    conclusion: Conclusion
    libelle: str
    exigence: Exigence


def choix(contexte: Contexte) -> tuple[Choix, ...]:
    """Les conclusions possibles pour ce contexte, dans l'ordre du formulaire."""
    return tuple(
        Choix(conclusion, LIBELLES_CONCLUSION[conclusion], EXIGENCES[conclusion])
        for conclusion in CONCLUSIONS[contexte]
    )
