"""La qualification de la presence: ce que les faits proposent, et qu'une personne decide.

La table ne propose jamais une absence, justifiee ou non: cela est a une personne de le dire
(RGPD, article 22). Ce que l'on ne sait pas expliquer profite a l'assure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from controle.intervalles import Intervalle, Presences
from controle.presence import Fait, GenreFait, Role
from controle.telecontrole import Etat, Fenetre, OriginePresentiel, Telecontrole


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


@dataclass(frozen=True)
class Proposition:
    """Ce que les faits suggerent, et pourquoi, en phrases."""

    qualification: Qualification
    raisons: tuple[str, ...]


@dataclass(frozen=True)
class Constats:
    """Ce que la table regarde, et rien d'autre."""

    refus: bool = False
    interruption: bool = False
    venu: bool = False
    en_retard: bool = False
    encore_la: bool = False
    tentative: bool = False
    delai_ecoule: bool = False
    medecin_venu: bool = False
    medecin_tardif: bool = False
    attente_depassee: bool = False
    admis: bool = False
    media: bool = False
    panne_serveur: bool = False
    #: Ce qui manquait encore a la fin, selon qui a ete perdu le premier.
    coupure_assure: bool = False
    coupure_medecin: bool = False
    coupure_media: bool = False


@dataclass(frozen=True)
class Regle:
    """Si tous ces constats sont vrais, et ceux-la faux: cette qualification."""

    qualification: Qualification
    raison: str
    si: frozenset[str] = frozenset()
    sauf: frozenset[str] = frozenset()

    def convient(self, vrais: frozenset[str]) -> bool:
        """La regle s'applique-t-elle a ces constats?"""
        return self.si <= vrais and not self.sauf & vrais


def _regle(qualification: Qualification, si: str, raison: str) -> Regle:
    """`si`: des constats separes par des espaces, « ! » devant ceux qui doivent etre faux."""
    mots = si.split()
    return Regle(
        qualification,
        raison,
        frozenset(mot for mot in mots if not mot.startswith("!")),
        frozenset(mot[1:] for mot in mots if mot.startswith("!")),
    )


#: La premiere qui convient. La derniere convient toujours: l'inconnu profite a l'assure.
TABLE: tuple[Regle, ...] = (
    _regle(Qualification.REFUS, "refus", "L'assuré a refusé la visioconférence."),
    _regle(
        Qualification.INTERRUPTION_ASSURE,
        "interruption",
        "L'assuré a demandé que le contrôle ait lieu en personne.",
    ),
    _regle(
        Qualification.INCIDENT_CAISSE,
        "!venu panne_serveur",
        "Le service a été en panne et l'assuré a pu être empêché d'entrer.",
    ),
    _regle(
        Qualification.INCIDENT_INCONNU,
        "!venu tentative",
        "L'assuré a essayé d'entrer sans y parvenir.",
    ),
    _regle(
        Qualification.NON_CONNECTE,
        "!venu delai_ecoule",
        "L'assuré n'est pas entré dans la salle avant la fin du délai de grâce.",
    ),
    _regle(
        Qualification.NON_CONNECTE,
        "!venu",
        "L'assuré n'est pas entré dans la salle ; le délai de grâce n'est pas écoulé.",
    ),
    _regle(
        Qualification.MEDECIN_ABSENT,
        "!admis !medecin_venu",
        "L'assuré est venu ; le médecin-conseil n'est pas entré dans la salle.",
    ),
    # La page du medecin-conseil entre seule dans la salle, pour preparer la liaison: qu'il y soit
    # ne prouve pas qu'il etait la. L'attente, elle, est certaine.
    _regle(
        Qualification.MEDECIN_ABSENT,
        "!admis attente_depassee",
        "L'assuré a attendu plus que le délai de grâce sans être admis.",
    ),
    _regle(
        Qualification.EN_RETARD,
        "!admis encore_la en_retard",
        "L'assuré est arrivé en retard et attend d'être admis.",
    ),
    _regle(
        Qualification.PRESENT,
        "!admis encore_la",
        "L'assuré est arrivé à l'heure et attend d'être admis.",
    ),
    _regle(
        Qualification.MEDECIN_ABSENT,
        "!admis medecin_tardif",
        "L'assuré est venu ; le médecin-conseil est arrivé après le délai de grâce.",
    ),
    _regle(
        Qualification.INCIDENT_CAISSE,
        "!admis panne_serveur",
        "Le service a été en panne pendant que l'assuré attendait.",
    ),
    _regle(
        Qualification.INCIDENT_CAISSE,
        "!admis coupure_medecin",
        "La connexion du médecin-conseil a été perdue la première.",
    ),
    _regle(
        Qualification.INCIDENT_ASSURE,
        "!admis coupure_assure",
        "L'assuré attendait ; sa connexion a été perdue et n'est pas revenue.",
    ),
    _regle(
        Qualification.EN_RETARD,
        "admis media en_retard !coupure_assure !coupure_medecin !coupure_media",
        "L'assuré est arrivé en retard ; l'entretien a eu lieu avec image et son.",
    ),
    _regle(
        Qualification.PRESENT,
        "admis media !coupure_assure !coupure_medecin !coupure_media",
        "L'entretien a eu lieu avec image et son.",
    ),
    _regle(
        Qualification.INCIDENT_CAISSE,
        "admis panne_serveur",
        "Le service a été en panne pendant l'entretien.",
    ),
    _regle(
        Qualification.INCIDENT_CAISSE,
        "admis coupure_medecin",
        "La connexion du médecin-conseil a été perdue la première.",
    ),
    _regle(
        Qualification.INCIDENT_ASSURE,
        "admis coupure_assure",
        "La connexion de l'assuré a été perdue la première et n'est pas revenue.",
    ),
    _regle(
        Qualification.INCIDENT_INCONNU,
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
    return Proposition(regle.qualification, (regle.raison, *_circonstances(constats)))


_CIRCONSTANCES: dict[str, str] = {
    "panne_serveur": "Le serveur a redémarré pendant le rendez-vous.",
    "medecin_tardif": "Le médecin-conseil est arrivé après le délai de grâce.",
    "coupure_media": "L'image et le son étaient perdus à la fin.",
}


def _circonstances(constats: Constats) -> tuple[str, ...]:
    """Ce qu'il faut aussi savoir avant de decider."""
    return tuple(phrase for nom, phrase in _CIRCONSTANCES.items() if getattr(constats, nom))


# --- les constats -------------------------------------------------------------------------------

_TENTATIVES = frozenset(
    {
        GenreFait.SECOND_FACTEUR_REUSSI,
        GenreFait.SECOND_FACTEUR_ECHOUE,
        GenreFait.INFORMATION_ACCEPTEE,
    }
)
_RETABLIT = frozenset(
    {GenreFait.ENTREE, GenreFait.RETOUR, GenreFait.REPRISE, GenreFait.MEDIA_MAINTENU}
)


def constater(
    telecontrole: Telecontrole,
    presences: Presences,
    faits: Sequence[Fait],
    maintenant: datetime,
    fenetre: Fenetre,
) -> Constats:
    """Ce que la table regarde, tire de l'etat, des presences et des faits."""
    arrivee = presences.assure.premiere_arrivee
    medecin = presences.medecin_conseil.premiere_arrivee
    grace = telecontrole.debut + fenetre.grace_absence
    genres = {fait.genre for fait in faits}
    perdu = _premier_perdu(faits)
    return Constats(
        refus=telecontrole.etat is Etat.REFUSE,
        interruption=_est_demande_par_assure(telecontrole),
        venu=arrivee is not None,
        en_retard=arrivee is not None and arrivee > telecontrole.debut + fenetre.tolerance_retard,
        encore_la=any(i.fin is None or i.fin == presences.fin for i in _assure(presences)),
        tentative=bool(genres & _TENTATIVES),
        delai_ecoule=maintenant >= grace,
        medecin_venu=medecin is not None,
        medecin_tardif=medecin is not None and medecin > grace,
        attente_depassee=presences.attente >= fenetre.grace_absence.total_seconds(),
        admis=presences.admis_a is not None,
        media=bool(presences.ensemble_avec_media),
        panne_serveur=GenreFait.REDEMARRAGE_SERVEUR in genres,
        coupure_assure=perdu is Role.ASSURE,
        coupure_medecin=perdu is Role.MEDECIN_CONSEIL,
        coupure_media=_est_media_perdu(faits),
    )


def _assure(presences: Presences) -> Sequence[Intervalle]:
    return presences.assure.intervalles


def _est_demande_par_assure(telecontrole: Telecontrole) -> bool:
    demande = telecontrole.presentiel
    return (
        telecontrole.etat is Etat.CONVERTI_PRESENTIEL
        and demande is not None
        and demande.origine is OriginePresentiel.DEMANDE_ASSURE
    )


def _premier_perdu(faits: Sequence[Fait]) -> Role | None:
    """De ceux dont la connexion manquait encore a la fin, celui qui a ete perdu le premier."""
    perdus: dict[str, None] = {}
    for fait in faits:
        if fait.genre is GenreFait.FIN:
            break
        if fait.role is not None and fait.genre is GenreFait.PERTE:
            perdus[fait.role] = None
        elif fait.role is not None and fait.genre in _RETABLIT:
            perdus.pop(fait.role, None)
    return Role(next(iter(perdus))) if perdus else None


def _est_media_perdu(faits: Sequence[Fait]) -> bool:
    """L'image et le son manquaient-ils encore d'un cote a la fin?"""
    perdus: set[str | None] = set()
    for fait in faits:
        if fait.genre is GenreFait.FIN:
            break
        if fait.genre is GenreFait.MEDIA_PERDU and fait.details.get("cause") != "closed":
            perdus.add(fait.role)
        elif fait.genre in {GenreFait.MEDIA_ETABLI, GenreFait.MEDIA_MAINTENU}:
            perdus.discard(fait.role)
        elif fait.genre is GenreFait.REMISE_EN_ATTENTE:
            perdus.clear()
    return bool(perdus)
