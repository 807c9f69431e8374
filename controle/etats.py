"""Le vocabulaire d'un telecontrole, en donnees: contextes, etats et ce qui peut suivre quoi."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Contexte(StrEnum):
    """Ce sur quoi porte le controle."""

    ARRET_MALADIE = "arret_maladie"
    AT_MP = "at_mp"
    INVALIDITE = "invalidite"
    MALADIE_AUTRE = "maladie_autre"


LIBELLES_CONTEXTE: dict[Contexte, str] = {
    Contexte.ARRET_MALADIE: "Arrêt de travail (maladie)",
    Contexte.AT_MP: "Accident du travail ou maladie professionnelle",
    Contexte.INVALIDITE: "Demande d'invalidité",
    Contexte.MALADIE_AUTRE: "Maladie, hors arrêt de travail",
}


class Etat(StrEnum):
    """Ou en est un telecontrole."""

    BROUILLON = "brouillon"
    CONVOQUE = "convoque"
    ACCUSE = "accuse"
    RAPPELE = "rappele"
    EN_ATTENTE = "en_attente"
    EN_COURS = "en_cours"
    TERMINE = "termine"
    CLOTURE = "cloture"
    REFUSE = "refuse"
    ABSENCE_JUSTIFIEE = "absence_justifiee"
    ABSENCE_INJUSTIFIEE = "absence_injustifiee"
    ANNULE_SERVICE = "annule_service"
    REPORTE = "reporte"
    NON_CONNECTE = "non_connecte"
    INCIDENT_TECHNIQUE = "incident_technique"
    CONVERTI_PRESENTIEL = "converti_presentiel"
    IDENTITE_NON_CONFIRMEE = "identite_non_confirmee"


LIBELLES_ETAT: dict[Etat, str] = {
    Etat.BROUILLON: "Brouillon",
    Etat.CONVOQUE: "Convoqué",
    Etat.ACCUSE: "Convocation reçue",
    Etat.RAPPELE: "Rappel envoyé",
    Etat.EN_ATTENTE: "En salle d'attente",
    Etat.EN_COURS: "En cours",
    Etat.TERMINE: "Terminé, à conclure",
    Etat.CLOTURE: "Clôturé",
    Etat.REFUSE: "Visio refusée",
    Etat.ABSENCE_JUSTIFIEE: "Absence justifiée",
    Etat.ABSENCE_INJUSTIFIEE: "Absence injustifiée",
    Etat.ANNULE_SERVICE: "Annulé par le service",
    Etat.REPORTE: "Reporté",
    Etat.NON_CONNECTE: "Non connecté",
    Etat.INCIDENT_TECHNIQUE: "Incident technique",
    Etat.CONVERTI_PRESENTIEL: "Converti en présentiel",
    Etat.IDENTITE_NON_CONFIRMEE: "Identité non confirmée",
}

#: L'assure n'est pas encore entre.
AVANT_ENTREE = frozenset({Etat.CONVOQUE, Etat.ACCUSE, Etat.RAPPELE})
#: La porte donne sur la salle.
VIVANTS = AVANT_ENTREE | {Etat.EN_ATTENTE, Etat.EN_COURS}
#: La suite se passe en personne: un second geste de l'assure n'y change rien.
EN_PRESENTIEL = frozenset(
    {
        Etat.REFUSE,
        Etat.CONVERTI_PRESENTIEL,
        Etat.IDENTITE_NON_CONFIRMEE,
        Etat.ABSENCE_JUSTIFIEE,
    }
)
#: Sans issue signee, il en reste une a signer; ailleurs elle est sans objet, ou deja la.
A_CONCLURE = frozenset(Etat) - {
    Etat.BROUILLON,
    Etat.ANNULE_SERVICE,
    Etat.REPORTE,
    Etat.CLOTURE,
}

_SORTIES_LIBRES = frozenset({Etat.REFUSE, Etat.CONVERTI_PRESENTIEL})
_SORTIES_SERVICE = frozenset({Etat.ANNULE_SERVICE, Etat.REPORTE})
_SORTIES_SANS_ENTREE = (
    _SORTIES_LIBRES
    | _SORTIES_SERVICE
    | {
        Etat.EN_ATTENTE,
        Etat.NON_CONNECTE,
        Etat.ABSENCE_JUSTIFIEE,
        Etat.ABSENCE_INJUSTIFIEE,
        Etat.INCIDENT_TECHNIQUE,
    }
)

#: Ce qui peut suivre quoi. Une issue corrigee ne va que dans le sens de l'assure: rien ne sort
#: d'un etat qui a mene au presentiel, et une absence injustifiee peut devenir justifiee, jamais
#: l'inverse.
SUITES: dict[Etat, frozenset[Etat]] = {
    Etat.BROUILLON: _SORTIES_LIBRES | _SORTIES_SERVICE | {Etat.CONVOQUE},
    Etat.CONVOQUE: _SORTIES_SANS_ENTREE | {Etat.ACCUSE, Etat.RAPPELE},
    Etat.ACCUSE: _SORTIES_SANS_ENTREE | {Etat.RAPPELE},
    Etat.RAPPELE: _SORTIES_SANS_ENTREE,
    Etat.EN_ATTENTE: _SORTIES_LIBRES
    | _SORTIES_SERVICE
    | {
        Etat.EN_COURS,
        Etat.TERMINE,
        Etat.CLOTURE,
        Etat.ABSENCE_JUSTIFIEE,
        Etat.INCIDENT_TECHNIQUE,
        Etat.IDENTITE_NON_CONFIRMEE,
    },
    Etat.EN_COURS: _SORTIES_LIBRES
    | {
        Etat.EN_ATTENTE,
        Etat.TERMINE,
        Etat.INCIDENT_TECHNIQUE,
        Etat.IDENTITE_NON_CONFIRMEE,
    },
    Etat.TERMINE: frozenset(
        {
            Etat.CLOTURE,
            Etat.REPORTE,
            Etat.CONVERTI_PRESENTIEL,
            Etat.INCIDENT_TECHNIQUE,
            Etat.IDENTITE_NON_CONFIRMEE,
        }
    ),
    Etat.CLOTURE: frozenset({Etat.CONVERTI_PRESENTIEL}),
    Etat.NON_CONNECTE: frozenset(
        {Etat.ABSENCE_JUSTIFIEE, Etat.ABSENCE_INJUSTIFIEE, Etat.INCIDENT_TECHNIQUE}
    ),
    Etat.ABSENCE_INJUSTIFIEE: frozenset({Etat.ABSENCE_JUSTIFIEE, Etat.INCIDENT_TECHNIQUE}),
    Etat.INCIDENT_TECHNIQUE: frozenset({Etat.CONVERTI_PRESENTIEL}),
    Etat.REFUSE: frozenset(),
    Etat.ABSENCE_JUSTIFIEE: frozenset(),
    Etat.ANNULE_SERVICE: frozenset(),
    Etat.REPORTE: frozenset(),
    Etat.CONVERTI_PRESENTIEL: frozenset(),
    Etat.IDENTITE_NON_CONFIRMEE: frozenset(),
}


class Acces(StrEnum):
    """Ce que la porte de la salle repond."""

    OUVERT = "ouvert"
    TROP_TOT = "trop_tot"
    TROP_TARD = "trop_tard"
    REFUSE = "refuse"
    ANNULE = "annule"
    REPORTE = "reporte"
    PRESENTIEL = "presentiel"
    TERMINE = "termine"


#: Les etats ou la porte ne regarde plus l'heure.
ACCES_PAR_ETAT: dict[Etat, Acces] = {
    Etat.BROUILLON: Acces.TROP_TOT,
    Etat.TERMINE: Acces.TERMINE,
    Etat.CLOTURE: Acces.TERMINE,
    Etat.REFUSE: Acces.REFUSE,
    Etat.ABSENCE_JUSTIFIEE: Acces.PRESENTIEL,
    Etat.ABSENCE_INJUSTIFIEE: Acces.TROP_TARD,
    Etat.ANNULE_SERVICE: Acces.ANNULE,
    Etat.REPORTE: Acces.REPORTE,
    Etat.NON_CONNECTE: Acces.TROP_TARD,
    Etat.INCIDENT_TECHNIQUE: Acces.TERMINE,
    Etat.CONVERTI_PRESENTIEL: Acces.PRESENTIEL,
    Etat.IDENTITE_NON_CONFIRMEE: Acces.PRESENTIEL,
}


class OriginePresentiel(StrEnum):
    """Pourquoi la suite se passe en personne."""

    REFUS = "refus"
    ABSENCE_JUSTIFIEE = "absence_justifiee"
    EXAMEN_CLINIQUE = "examen_clinique"
    IDENTITE = "identite"
    INCIDENT_TECHNIQUE = "incident_technique"
    DEMANDE_ASSURE = "demande_assure"


LIBELLES_ORIGINE: dict[OriginePresentiel, str] = {
    OriginePresentiel.REFUS: "Visioconférence refusée",
    OriginePresentiel.ABSENCE_JUSTIFIEE: "Absence justifiée",
    OriginePresentiel.EXAMEN_CLINIQUE: "Examen en personne nécessaire",
    OriginePresentiel.IDENTITE: "Identité à confirmer en personne",
    OriginePresentiel.INCIDENT_TECHNIQUE: "Incident technique",
    OriginePresentiel.DEMANDE_ASSURE: "Demandé par l'assuré",
}

#: Un telecontrole qui finit ainsi ne reste jamais sans suite.
ORIGINE_PAR_ETAT: dict[Etat, OriginePresentiel] = {
    Etat.REFUSE: OriginePresentiel.REFUS,
    Etat.ABSENCE_JUSTIFIEE: OriginePresentiel.ABSENCE_JUSTIFIEE,
    Etat.CONVERTI_PRESENTIEL: OriginePresentiel.EXAMEN_CLINIQUE,
    Etat.IDENTITE_NON_CONFIRMEE: OriginePresentiel.IDENTITE,
    Etat.INCIDENT_TECHNIQUE: OriginePresentiel.INCIDENT_TECHNIQUE,
}


@dataclass(frozen=True)
class DemandePresentiel:
    """Un rendez-vous en personne est a donner; un telecontrole en a au plus un."""

    telecontrole: str
    origine: OriginePresentiel
    instant: datetime


@dataclass(frozen=True)
class Fenetre:
    """Les delais qu'une caisse peut regler."""

    #: La porte ouvre si longtemps avant l'heure, et ferme si longtemps apres.
    avant: timedelta = timedelta(minutes=15)
    apres: timedelta = timedelta(minutes=30)
    #: Avant ce delai, personne ne peut etre dit absent.
    grace_absence: timedelta = timedelta(minutes=15)
    #: Une place perdue est gardee si longtemps sans nouvelle admission.
    grace_reconnexion: timedelta = timedelta(seconds=120)
    #: Une arrivee plus tardive est dite en retard.
    tolerance_retard: timedelta = timedelta(minutes=5)
