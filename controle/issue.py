"""L'issue: ce qu'une personne signe, une fois verifie que les faits et les regles le permettent.

La partie administrative n'a pas de texte libre: ses motifs sont ceux d'une liste.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from controle import forme
from controle.absence import exiger_procedure
from controle.annonce import Annonce, noter
from controle.conclusion import (
    CATEGORIES,
    CONCLUSIONS,
    EXIGENCES,
    LIBELLES_CONCLUSION,
    Choix,
    Conclusion,
    Exigence,
    choix,
)
from controle.etats import AVANT_ENTREE, Contexte
from controle.intervalles import Presences
from controle.motif import MotifAnticipation, MotifCorrection
from controle.presence import Fait
from controle.qualification import (
    INCIDENTS,
    LIBELLES_QUALIFICATION,
    Proposition,
    Qualification,
    proposer,
)
from controle.refus_issue import (
    AucunAppel,
    CategorieHorsContexte,
    CategorieManquante,
    ConclusionHorsContexte,
    ControleSansObjet,
    ConvocationNonRemise,
    DateInutile,
    DateManquante,
    DatePassee,
    EntretienEnCours,
    IdentiteNonControlee,
    IssueScellee,
    JustificationEnAttente,
    MotifAnticipationInconnu,
    MotifCorrectionInconnu,
    QualificationIncoherente,
    RappelNonEnvoye,
    SequellesInutiles,
    SequellesManquantes,
    SignataireManquant,
    TropTotPourConclure,
)
from controle.telecontrole import Etat, Fenetre, OriginePresentiel, Telecontrole

__all__ = [
    "LIBELLES_CONCLUSION",
    "LIBELLES_QUALIFICATION",
    "AucunAppel",
    "CategorieHorsContexte",
    "CategorieManquante",
    "Choix",
    "Conclusion",
    "ConclusionHorsContexte",
    "ControleSansObjet",
    "ConvocationNonRemise",
    "DateInutile",
    "DateManquante",
    "DatePassee",
    "DemandeIssue",
    "EntretienEnCours",
    "Exigence",
    "IdentiteNonControlee",
    "Issue",
    "IssueScellee",
    "JustificationEnAttente",
    "Proposition",
    "Qualification",
    "QualificationIncoherente",
    "RappelNonEnvoye",
    "SequellesInutiles",
    "SequellesManquantes",
    "SignataireManquant",
    "TropTotPourConclure",
    "choix",
    "conclure",
    "empecher",
    "etablir",
    "proposer",
]


@dataclass(frozen=True)
class DemandeIssue:
    """Ce que le formulaire demande d'enregistrer, mots non encore verifies."""

    qualification: str
    conclusion: str
    date_effet: date | None = None
    categorie: int | None = None
    sequelles: bool | None = None
    motif_correction: str | None = None
    #: Pourquoi conclure avant la fin du delai de grace (controle.motif).
    motif_anticipation: str | None = None
    #: Le resultat annonce oralement: oui ou non, et l'heure de la montre.
    annonce: bool | None = None
    annonce_heure: time | None = None


@dataclass(frozen=True)
class Issue:
    """Une version signee de l'issue; la premiere est 1."""

    version: int
    qualification: Qualification
    conclusion: Conclusion
    date_effet: date | None
    categorie: int | None
    sequelles: bool | None
    motif_correction: str | None
    signataire: str
    instant: datetime
    motif_anticipation: str | None = None
    annonce: Annonce | None = None

    def en_dict(self) -> dict[str, object]:
        """L'issue telle qu'elle s'exporte; le motif d'une anticipation n'y est que s'il y en a un,
        pour que l'empreinte des issues d'avant reste la meme."""
        anticipation = (
            {}
            if self.motif_anticipation is None
            else {"motif_anticipation": self.motif_anticipation}
        )
        return {
            "version": self.version,
            "qualification": str(self.qualification),
            "conclusion": str(self.conclusion),
            "date_effet": self.date_effet.isoformat() if self.date_effet else None,
            "categorie": self.categorie,
            "sequelles": self.sequelles,
            "motif_correction": self.motif_correction,
            "signataire": self.signataire,
            "instant": forme.ecrire_instant(self.instant),
            **anticipation,
            **self._annonce_en_dict(),
        }

    def _annonce_en_dict(self) -> dict[str, object]:
        """Rien s'il n'y en a pas: l'empreinte des issues d'avant reste la meme."""
        if self.annonce is None:
            return {}
        instant = self.annonce.instant
        return {
            "annonce": self.annonce.faite,
            "annonce_instant": forme.ecrire_instant(instant) if instant else None,
        }

    def empreinte(self) -> str:
        """L'empreinte que la chaine retient de cette version."""
        return forme.empreinte("telecontrole-issue/1", forme.canonique(self.en_dict()))


def etablir(
    telecontrole: Telecontrole,
    presences: Presences,
    identite_controlee: bool,  # noqa: FBT001
    precedentes: Sequence[Issue],
    demande: DemandeIssue,
    signataire: str,
    maintenant: datetime,
    fenetre: Fenetre,
    *,
    faits: Sequence[Fait] = (),
    justification_en_attente: bool = False,
) -> Issue:
    """L'issue signee, ou le refus (un type par raison, dans controle.refus_issue).

    `faits`: la chaine. Sans eux, rien ne prouve que l'assure a ete convoque, rappele et appele:
    une absence injustifiee ne peut pas etre signee.
    """
    if not signataire.strip():
        raise SignataireManquant
    motif, anticipation = _motifs(demande)
    empecher(
        telecontrole,
        presences,
        identite_controlee,
        precedentes,
        maintenant,
        fenetre,
        anticipation=anticipation is not None,
    )
    if precedentes and motif is None:
        raise IssueScellee
    tot = _est_trop_tot(telecontrole, presences, maintenant, fenetre)
    qualification = _qualification(telecontrole, presences, demande, maintenant, fenetre)
    if tot and qualification is not Qualification.NON_CONNECTE:
        raise TropTotPourConclure
    if qualification is Qualification.ABSENCE_INJUSTIFIEE:
        exiger_procedure(telecontrole, faits, justification_en_attente=justification_en_attente)
    conclusion = _conclusion(telecontrole.contexte, demande)
    _exiger(conclusion, demande, _jour(telecontrole, precedentes, maintenant))
    annonce = noter(
        EXIGENCES[conclusion].annonce,
        demande.annonce,
        demande.annonce_heure,
        presences.admis_a,
        maintenant,
        telecontrole.fuseau,
    )
    return Issue(
        version=len(precedentes) + 1,
        qualification=qualification,
        conclusion=conclusion,
        date_effet=demande.date_effet,
        categorie=demande.categorie,
        sequelles=demande.sequelles,
        motif_correction=motif if precedentes else None,
        motif_anticipation=anticipation if tot else None,
        signataire=signataire,
        instant=maintenant,
        annonce=annonce,
    )


def _motifs(demande: DemandeIssue) -> tuple[str | None, str | None]:
    """Ceux de la liste, s'ils sont dits: rien d'autre ne s'ecrit dans la partie administrative."""
    motif = (demande.motif_correction or "").strip() or None
    anticipation = (demande.motif_anticipation or "").strip() or None
    if motif is not None and motif not in list(MotifCorrection):
        raise MotifCorrectionInconnu
    if anticipation is not None and anticipation not in list(MotifAnticipation):
        raise MotifAnticipationInconnu
    return motif, anticipation


def empecher(
    telecontrole: Telecontrole,
    presences: Presences,
    identite_controlee: bool,  # noqa: FBT001
    precedentes: Sequence[Issue],
    maintenant: datetime,
    fenetre: Fenetre,
    *,
    anticipation: bool = False,
) -> None:
    """Leve le refus qui empeche, pour l'instant, d'enregistrer quoi que ce soit.

    `anticipation`: le medecin-conseil dit par ecrit pourquoi il n'attend pas la fin du delai de
    grace; l'heure du rendez-vous, elle, est toujours attendue.
    """
    etat = telecontrole.etat
    if etat is Etat.EN_COURS:
        raise EntretienEnCours
    if etat in {Etat.BROUILLON, Etat.ANNULE_SERVICE} or (etat is Etat.REPORTE and not precedentes):
        raise ControleSansObjet
    permise = anticipation and maintenant >= telecontrole.debut
    if not permise and _est_trop_tot(telecontrole, presences, maintenant, fenetre):
        raise TropTotPourConclure
    if presences.admis_a is not None and not identite_controlee:
        raise IdentiteNonControlee


def _est_trop_tot(
    telecontrole: Telecontrole, presences: Presences, maintenant: datetime, fenetre: Fenetre
) -> bool:
    """Personne n'est venu, rien ne s'est termine autrement, et le delai court encore."""
    venu = presences.assure.premiere_arrivee is not None
    return (
        telecontrole.etat in AVANT_ENTREE
        and not venu
        and maintenant < telecontrole.debut + fenetre.grace_absence
    )


# --- la qualification ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Faits:
    """Ce que les faits permettent de dire."""

    venu: bool
    admis: bool
    #: L'assure a lui-meme refuse la visio, ou demande a etre recu.
    demande: bool
    delai_ecoule: bool
    #: Une personne a deja accepte la raison de l'absence.
    justifie: bool


_VOLONTES = frozenset({OriginePresentiel.REFUS, OriginePresentiel.DEMANDE_ASSURE})

#: Ce que chaque qualification suppose; une qui n'est pas ici est toujours possible.
_SUPPOSE: dict[Qualification, Callable[[_Faits], bool]] = {
    Qualification.PRESENT: lambda faits: faits.venu,
    Qualification.EN_RETARD: lambda faits: faits.venu,
    Qualification.INTERRUPTION_ASSURE: lambda faits: faits.venu or faits.demande,
    Qualification.MEDECIN_ABSENT: lambda faits: faits.venu and not faits.admis,
    Qualification.NON_CONNECTE: lambda faits: not (faits.venu or faits.admis or faits.demande),
    Qualification.ABSENCE_JUSTIFIEE: lambda faits: not faits.admis,
    Qualification.ABSENCE_INJUSTIFIEE: lambda faits: (
        faits.delai_ecoule and not (faits.venu or faits.admis or faits.demande or faits.justifie)
    ),
}


def _qualification(
    telecontrole: Telecontrole,
    presences: Presences,
    demande: DemandeIssue,
    maintenant: datetime,
    fenetre: Fenetre,
) -> Qualification:
    if demande.qualification not in list(Qualification):
        raise QualificationIncoherente
    qualification = Qualification(demande.qualification)
    faits = _Faits(
        venu=presences.assure.premiere_arrivee is not None,
        admis=presences.admis_a is not None,
        demande=_est_demande_par_assure(telecontrole),
        delai_ecoule=maintenant >= telecontrole.debut + fenetre.grace_absence,
        justifie=telecontrole.etat is Etat.ABSENCE_JUSTIFIEE,
    )
    if qualification in _SUPPOSE and not _SUPPOSE[qualification](faits):
        raise QualificationIncoherente
    return qualification


def _est_demande_par_assure(telecontrole: Telecontrole) -> bool:
    presentiel = telecontrole.presentiel
    return presentiel is not None and presentiel.origine in _VOLONTES


# --- la conclusion ------------------------------------------------------------------------------


def _conclusion(contexte: Contexte, demande: DemandeIssue) -> Conclusion:
    if demande.conclusion not in CONCLUSIONS[contexte]:
        raise ConclusionHorsContexte
    return Conclusion(demande.conclusion)


def _exiger(conclusion: Conclusion, demande: DemandeIssue, jour: date) -> None:
    exigence = EXIGENCES[conclusion]
    _exiger_date(exigence, demande.date_effet, jour)
    if exigence.categorie and demande.categorie not in CATEGORIES:
        raise CategorieManquante
    if not exigence.categorie and demande.categorie is not None:
        raise CategorieHorsContexte
    if exigence.sequelles and demande.sequelles is None:
        raise SequellesManquantes
    if not exigence.sequelles and demande.sequelles is not None:
        raise SequellesInutiles


def _exiger_date(exigence: Exigence, date_effet: date | None, jour: date) -> None:
    if not exigence.date and date_effet is not None:
        raise DateInutile
    if exigence.date and date_effet is None:
        raise DateManquante
    if exigence.a_venir and date_effet is not None and date_effet < jour:
        raise DatePassee


def _jour(telecontrole: Telecontrole, precedentes: Sequence[Issue], maintenant: datetime) -> date:
    """Le jour de la premiere signature, a la caisse: une correction peut dire une date qui,
    depuis, est passee."""
    signature = precedentes[0].instant if precedentes else maintenant
    return signature.astimezone(ZoneInfo(telecontrole.fuseau)).date()


# --- la suite -----------------------------------------------------------------------------------

_SUITES: dict[Qualification, tuple[Etat, OriginePresentiel | None]] = {
    Qualification.PRESENT: (Etat.CLOTURE, None),
    Qualification.EN_RETARD: (Etat.CLOTURE, None),
    Qualification.NON_CONNECTE: (Etat.NON_CONNECTE, None),
    Qualification.INCIDENT_ASSURE: (Etat.INCIDENT_TECHNIQUE, OriginePresentiel.INCIDENT_TECHNIQUE),
    Qualification.INCIDENT_CAISSE: (Etat.INCIDENT_TECHNIQUE, OriginePresentiel.INCIDENT_TECHNIQUE),
    Qualification.INCIDENT_INCONNU: (Etat.INCIDENT_TECHNIQUE, OriginePresentiel.INCIDENT_TECHNIQUE),
    Qualification.REFUS: (Etat.REFUSE, OriginePresentiel.REFUS),
    Qualification.INTERRUPTION_ASSURE: (Etat.CONVERTI_PRESENTIEL, OriginePresentiel.DEMANDE_ASSURE),
    Qualification.MEDECIN_ABSENT: (Etat.REPORTE, None),
    Qualification.ABSENCE_JUSTIFIEE: (Etat.ABSENCE_JUSTIFIEE, OriginePresentiel.ABSENCE_JUSTIFIEE),
    Qualification.ABSENCE_INJUSTIFIEE: (Etat.ABSENCE_INJUSTIFIEE, None),
}
_SANS_CONTROLE = frozenset({Conclusion.PRESENTIEL_NECESSAIRE, Conclusion.CONTROLE_IMPOSSIBLE})


def conclure(telecontrole: Telecontrole, issue: Issue) -> None:
    """L'issue signee fait avancer le telecontrole, et demande le presentiel s'il le faut."""
    vers, origine = _suite(issue)
    telecontrole.cloturer(issue.instant, vers, origine)


def _suite(issue: Issue) -> tuple[Etat, OriginePresentiel | None]:
    vers, origine = _SUITES[issue.qualification]
    if issue.qualification in INCIDENTS and issue.conclusion not in _SANS_CONTROLE:
        return Etat.CLOTURE, None
    if issue.conclusion is Conclusion.PRESENTIEL_NECESSAIRE and origine is None:
        converti = vers in {Etat.CLOTURE, Etat.REPORTE}
        return Etat.CONVERTI_PRESENTIEL if converti else vers, OriginePresentiel.EXAMEN_CLINIQUE
    return vers, origine
