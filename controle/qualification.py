"""La qualification de la presence: ce que les faits proposent, et qu'une personne decide.

La table ne propose jamais une absence, justifiee ou non: cela est a une personne de le dire
(RGPD, article 22). Ce que l'on ne sait pas expliquer profite a l'assure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from controle.constats import Constats, constater
from controle.intervalles import Presences
from controle.presence import Fait
from controle.telecontrole import Fenetre, Telecontrole

__all__ = [
    "INCIDENTS",
    "LIBELLES_QUALIFICATION",
    "TABLE",
    "Constats",
    "Motif",
    "Proposition",
    "Qualification",
    "Regle",
    "appliquer",
    "constater",
    "proposer",
]


class Qualification(StrEnum):
    """Comment s'est passee la venue de l'assure."""

    PRESENT = "present"
    EN_RETARD = "en_retard"
    NON_CONNECTE = "non_connecte"
    INCIDENT_ASSURE = "incident_assure"
    INCIDENT_CAISSE = "incident_caisse"
    INCIDENT_INCONNU = "incident_inconnu"
    REFUS = "refus"
    INTERRUPTION_ASSURE = "interruption_assure"
    MEDECIN_ABSENT = "medecin_absent"
    ABSENCE_JUSTIFIEE = "absence_justifiee"
    ABSENCE_INJUSTIFIEE = "absence_injustifiee"


LIBELLES_QUALIFICATION: dict[Qualification, str] = {
    Qualification.PRESENT: "Présent",
    Qualification.EN_RETARD: "Présent, en retard",
    Qualification.NON_CONNECTE: "Non connecté",
    Qualification.INCIDENT_ASSURE: "Incident technique, côté assuré",
    Qualification.INCIDENT_CAISSE: "Incident technique, côté caisse",
    Qualification.INCIDENT_INCONNU: "Incident technique, cause inconnue",
    Qualification.REFUS: "Visioconférence refusée",
    Qualification.INTERRUPTION_ASSURE: "Visioconférence interrompue à la demande de l'assuré",
    Qualification.MEDECIN_ABSENT: "Médecin-conseil absent",
    Qualification.ABSENCE_JUSTIFIEE: "Absence justifiée",
    Qualification.ABSENCE_INJUSTIFIEE: "Absence injustifiée",
}

INCIDENTS = frozenset(
    {
        Qualification.INCIDENT_ASSURE,
        Qualification.INCIDENT_CAISSE,
        Qualification.INCIDENT_INCONNU,
    }
)


class Motif(StrEnum):
    """La raison principale, en un mot: une attestation le porte."""

    VOLONTE = "volonte"
    SERVICE = "service"
    MATERIEL = "materiel"
    ACCES = "acces"
    ABSENCE = "absence"
    ATTENTE = "attente"
    ENTRETIEN = "entretien"
    LIAISON_ASSURE = "liaison_assure"
    LIAISON_MEDECIN = "liaison_medecin"
    LIAISON_COMMUNE = "liaison_commune"
    INCONNU = "inconnu"


@dataclass(frozen=True)
class Proposition:
    """Ce que les faits suggerent, et pourquoi, en phrases."""

    qualification: Qualification
    raisons: tuple[str, ...]
    motif: "Motif"


@dataclass(frozen=True)
class Regle:
    """Si tous ces constats sont vrais, et ceux-la faux: cette qualification."""

    qualification: Qualification
    raison: str
    motif: Motif
    si: frozenset[str] = frozenset()
    sauf: frozenset[str] = frozenset()

    def convient(self, vrais: frozenset[str]) -> bool:
        """La regle s'applique-t-elle a ces constats?"""
        return self.si <= vrais and not self.sauf & vrais


def _regle(qualification: Qualification, motif: Motif, si: str, raison: str) -> Regle:
    """`si`: des constats separes par des espaces, « ! » devant ceux qui doivent etre faux."""
    mots = si.split()
    return Regle(
        qualification,
        raison,
        motif,
        frozenset(mot for mot in mots if not mot.startswith("!")),
        frozenset(mot[1:] for mot in mots if mot.startswith("!")),
    )


#: La premiere qui convient. La derniere convient toujours: l'inconnu profite a l'assure.
TABLE: tuple[Regle, ...] = (
    _regle(Qualification.REFUS, Motif.VOLONTE, "refus", "L'assuré a refusé la visioconférence."),
    _regle(
        Qualification.INTERRUPTION_ASSURE,
        Motif.VOLONTE,
        "interruption",
        "L'assuré a demandé que le contrôle ait lieu en personne.",
    ),
    _regle(
        Qualification.INCIDENT_CAISSE,
        Motif.SERVICE,
        "!venu panne_serveur",
        "Le service a été en panne et l'assuré a pu être empêché d'entrer.",
    ),
    _regle(
        Qualification.INCIDENT_ASSURE,
        Motif.MATERIEL,
        "!venu obstacle",
        "La page de l'assuré n'a pas pu ouvrir sa caméra ou son micro.",
    ),
    _regle(
        Qualification.INCIDENT_INCONNU,
        Motif.ACCES,
        "!venu tentative",
        "L'assuré a essayé d'entrer sans y parvenir.",
    ),
    _regle(
        Qualification.NON_CONNECTE,
        Motif.ABSENCE,
        "!venu delai_ecoule",
        "L'assuré n'est pas entré dans la salle avant la fin du délai de grâce.",
    ),
    _regle(
        Qualification.NON_CONNECTE,
        Motif.ABSENCE,
        "!venu",
        "L'assuré n'est pas entré dans la salle ; le délai de grâce n'est pas écoulé.",
    ),
    _regle(
        Qualification.MEDECIN_ABSENT,
        Motif.ATTENTE,
        "!admis !medecin_venu",
        "L'assuré est venu ; le médecin-conseil n'est pas entré dans la salle.",
    ),
    # La page du medecin-conseil entre seule dans la salle, pour preparer la liaison: qu'il y soit
    # ne prouve pas qu'il etait la. L'attente, elle, est certaine.
    _regle(
        Qualification.MEDECIN_ABSENT,
        Motif.ATTENTE,
        "!admis attente_depassee",
        "L'assuré a attendu plus que le délai de grâce sans être admis.",
    ),
    _regle(
        Qualification.EN_RETARD,
        Motif.ATTENTE,
        "!admis encore_la en_retard",
        "L'assuré est arrivé en retard et attend d'être admis.",
    ),
    _regle(
        Qualification.PRESENT,
        Motif.ATTENTE,
        "!admis encore_la",
        "L'assuré est arrivé à l'heure et attend d'être admis.",
    ),
    _regle(
        Qualification.MEDECIN_ABSENT,
        Motif.ATTENTE,
        "!admis medecin_tardif",
        "L'assuré est venu ; le médecin-conseil est arrivé après le délai de grâce.",
    ),
    _regle(
        Qualification.INCIDENT_CAISSE,
        Motif.SERVICE,
        "!admis panne_serveur",
        "Le service a été en panne pendant que l'assuré attendait.",
    ),
    _regle(
        Qualification.INCIDENT_CAISSE,
        Motif.LIAISON_COMMUNE,
        "!admis coupure_commune",
        "Les deux connexions ont été perdues ensemble : elles n'ont que le service en commun.",
    ),
    _regle(
        Qualification.INCIDENT_CAISSE,
        Motif.LIAISON_MEDECIN,
        "!admis coupure_medecin",
        "La connexion du médecin-conseil a été perdue la première.",
    ),
    _regle(
        Qualification.INCIDENT_ASSURE,
        Motif.LIAISON_ASSURE,
        "!admis coupure_assure",
        "L'assuré attendait ; sa connexion a été perdue et n'est pas revenue.",
    ),
    _regle(
        Qualification.EN_RETARD,
        Motif.ENTRETIEN,
        "admis media en_retard !coupure_assure !coupure_medecin !coupure_commune !coupure_media",
        "L'assuré est arrivé en retard ; l'entretien a eu lieu avec image et son.",
    ),
    _regle(
        Qualification.PRESENT,
        Motif.ENTRETIEN,
        "admis media !coupure_assure !coupure_medecin !coupure_commune !coupure_media",
        "L'entretien a eu lieu avec image et son.",
    ),
    _regle(
        Qualification.INCIDENT_CAISSE,
        Motif.SERVICE,
        "admis panne_serveur",
        "Le service a été en panne pendant l'entretien.",
    ),
    _regle(
        Qualification.INCIDENT_CAISSE,
        Motif.LIAISON_COMMUNE,
        "admis coupure_commune",
        "Les deux connexions ont été perdues ensemble : elles n'ont que le service en commun.",
    ),
    _regle(
        Qualification.INCIDENT_CAISSE,
        Motif.LIAISON_MEDECIN,
        "admis coupure_medecin",
        "La connexion du médecin-conseil a été perdue la première.",
    ),
    _regle(
        Qualification.INCIDENT_ASSURE,
        Motif.LIAISON_ASSURE,
        "admis coupure_assure",
        "La connexion de l'assuré a été perdue la première et n'est pas revenue.",
    ),
    _regle(
        Qualification.INCIDENT_INCONNU,
        Motif.INCONNU,
        "",
        "La cause n'est pas établie : le doute profite à l'assuré.",
    ),
)


def proposer(
    telecontrole: Telecontrole,
    presences: Presences,
    faits: Sequence[Fait],
    maintenant: datetime,
    fenetre: Fenetre,
) -> Proposition:
    """Ce que les faits suggerent; une personne decide."""
    return appliquer(constater(telecontrole, presences, faits, maintenant, fenetre))


def appliquer(constats: Constats) -> Proposition:
    """La premiere regle de la table qui convient."""
    vrais = frozenset(champ.name for champ in fields(constats) if getattr(constats, champ.name))
    regle = next(regle for regle in TABLE if regle.convient(vrais))
    raisons = (regle.raison, *_circonstances(constats))
    return Proposition(regle.qualification, raisons, regle.motif)


_CIRCONSTANCES: dict[str, str] = {
    "panne_serveur": "Le serveur a redémarré pendant le rendez-vous.",
    "medecin_tardif": "Le médecin-conseil est arrivé après le délai de grâce.",
    "obstacle": "La page de l'assuré n'a pas pu, d'abord, ouvrir sa caméra ou son micro.",
    "coupure_media": "L'image et le son étaient perdus à la fin.",
}


def _circonstances(constats: Constats) -> tuple[str, ...]:
    """Ce qu'il faut aussi savoir avant de decider."""
    return tuple(phrase for nom, phrase in _CIRCONSTANCES.items() if getattr(constats, nom))
