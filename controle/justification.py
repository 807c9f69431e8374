"""Une absence justifiee: pourquoi, dans une liste, avec ou sans piece; une personne en decide.

Un motif de sante ne se dit qu'en un mot, et seul le service medical en decide: l'agent de la
caisse n'en lit rien.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from controle.etats import AVANT_ENTREE, Etat
from controle.presence import SERVICE
from controle.refus import Refus
from controle.telecontrole import Telecontrole


class MotifAbsence(StrEnum):
    """Pourquoi l'assure ne peut pas venir, ou n'est pas venu."""

    SANTE = "sante"
    OBLIGATION_PROFESSIONNELLE = "obligation_professionnelle"
    OBLIGATION_FAMILIALE = "obligation_familiale"
    CONVOCATION_OFFICIELLE = "convocation_officielle"
    TRANSPORT = "transport"
    MATERIEL = "materiel"
    DECES_PROCHE = "deces_proche"
    AUTRE = "autre"


LIBELLES_MOTIF: dict[MotifAbsence, str] = {
    MotifAbsence.SANTE: "Une raison de santé",
    MotifAbsence.OBLIGATION_PROFESSIONNELLE: "Je travaille à cette heure",
    MotifAbsence.OBLIGATION_FAMILIALE: "Je m'occupe d'un enfant ou d'un proche",
    MotifAbsence.CONVOCATION_OFFICIELLE: "J'ai une autre convocation (tribunal, préfecture…)",
    MotifAbsence.TRANSPORT: "Un problème de transport",
    MotifAbsence.MATERIEL: "Je n'ai pas de téléphone, d'ordinateur ou d'Internet",
    MotifAbsence.DECES_PROCHE: "Le décès d'un proche",
    MotifAbsence.AUTRE: "Une autre raison",
}

#: Le service medical seul en decide.
MOTIFS_MEDICAUX = frozenset({MotifAbsence.SANTE})

LIBELLES_MOTIF_AGENT: dict[MotifAbsence, str] = {
    MotifAbsence.SANTE: "Motif relevant du service médical",
    MotifAbsence.OBLIGATION_PROFESSIONNELLE: "Obligation professionnelle",
    MotifAbsence.OBLIGATION_FAMILIALE: "Obligation familiale",
    MotifAbsence.CONVOCATION_OFFICIELLE: "Autre convocation officielle",
    MotifAbsence.TRANSPORT: "Transport",
    MotifAbsence.MATERIEL: "Pas de matériel ou de connexion",
    MotifAbsence.DECES_PROCHE: "Décès d'un proche",
    MotifAbsence.AUTRE: "Autre motif",
}


class EtatJustification(StrEnum):
    """Ou en est son examen."""

    DEPOSEE = "deposee"
    ACCEPTEE = "acceptee"
    REFUSEE = "refusee"


LIBELLES_JUSTIFICATION: dict[EtatJustification, str] = {
    EtatJustification.DEPOSEE: "À examiner",
    EtatJustification.ACCEPTEE: "Acceptée",
    EtatJustification.REFUSEE: "Refusée",
}


class DejaDecide(Refus):
    """Cette justification a deja ete acceptee ou refusee."""

    code = "deja_decide"
    phrase = "Cette justification a déjà été examinée."


class DecideurManquant(Refus):
    """Une personne decide, jamais un programme (RGPD, article 22)."""

    code = "decideur_manquant"
    phrase = "Une justification est examinée par une personne."


class ReserveAuServiceMedical(Refus):
    """Un motif de sante: l'agent de la caisse n'en decide pas."""

    code = "reserve_au_service_medical"
    phrase = "Ce motif relève du service médical : lui seul peut l'examiner."


class JustificationImpossible(Refus):
    """Le controle a eu lieu, ou s'est termine autrement."""

    code = "justification_impossible"
    phrase = "Il n'y a pas d'absence à justifier pour ce rendez-vous."


@dataclass
class Justification:
    """Ce que l'assure a dit; `piece`: a-t-il joint un document? `decide_par`: une personne."""

    id: str
    telecontrole: str
    motif: MotifAbsence
    depose: datetime
    etat: EtatJustification = EtatJustification.DEPOSEE
    piece: bool = False
    decide: datetime | None = None
    decide_par: str | None = None

    @property
    def est_en_attente(self) -> bool:
        """Personne ne l'a encore examinee."""
        return self.etat is EtatJustification.DEPOSEE

    def accepter(self, par: str, maintenant: datetime, *, service_medical: bool = False) -> None:
        """Elle est acceptee; le presentiel suit (`Telecontrole.justifier_absence`)."""
        self._decider(EtatJustification.ACCEPTEE, par, maintenant, service_medical=service_medical)

    def refuser(self, par: str, maintenant: datetime, *, service_medical: bool = False) -> None:
        """Elle est refusee; rien d'autre ne change: une personne qualifiera l'absence."""
        self._decider(EtatJustification.REFUSEE, par, maintenant, service_medical=service_medical)

    def _decider(
        self, etat: EtatJustification, par: str, maintenant: datetime, *, service_medical: bool
    ) -> None:
        if not par.strip() or par == SERVICE:
            raise DecideurManquant
        if self.motif in MOTIFS_MEDICAUX and not service_medical:
            raise ReserveAuServiceMedical
        if not self.est_en_attente:
            raise DejaDecide
        self.etat, self.decide, self.decide_par = etat, maintenant, par


#: Rien ne s'est termine autrement: l'absence peut encore s'expliquer, avant ou apres l'heure.
JUSTIFIABLES = AVANT_ENTREE | {Etat.EN_ATTENTE, Etat.NON_CONNECTE, Etat.ABSENCE_INJUSTIFIEE}


def peut_justifier(
    telecontrole: Telecontrole, maintenant: datetime, delai: timedelta | None = None
) -> bool:
    """L'assure peut-il justifier une absence? `delai`: jusqu'a quand apres l'heure (None: sans
    limite, aucun texte n'en donne)."""
    if delai is not None and maintenant > telecontrole.debut + delai:
        return False
    return telecontrole.etat in JUSTIFIABLES


def deposer(
    identifiant: str,
    telecontrole: Telecontrole,
    motif: MotifAbsence,
    maintenant: datetime,
    *,
    piece: bool = False,
) -> Justification:
    """La justification deposee, a examiner, ou `JustificationImpossible`."""
    if not peut_justifier(telecontrole, maintenant):
        raise JustificationImpossible
    return Justification(identifiant, telecontrole.id, motif, maintenant, piece=piece)
