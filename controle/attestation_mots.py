"""Les mots d'une attestation: chaque ligne qu'elle dit, en francais.

Ils sont ceux du format 1 et ne changent plus: d'autres mots seraient un autre format. La page de
verification les ecrit aussi (web-client/attestation-words.js); un test tient les deux ensemble.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from controle.attestation import Attestation, Cote, Genre, Interruption
from controle.qualification import Motif

Ligne = tuple[str, str]

TITRES: dict[Genre, str] = {
    Genre.PRESENCE: "Attestation de présence",
    Genre.INCIDENT: "Attestation d'incident technique",
    Genre.MEDECIN_ABSENT: "Attestation d'attente : le médecin-conseil n'est pas venu",
}

PHRASES: dict[Genre, str] = {
    Genre.PRESENCE: ("Cette personne s'est présentée à son télécontrôle, aux heures ci-dessous."),
    Genre.INCIDENT: (
        "Un incident technique a empêché ou interrompu ce télécontrôle. Un incident technique "
        "n'est ni une absence ni un refus : il ne peut pas être reproché à l'assuré."
    ),
    Genre.MEDECIN_ABSENT: (
        "Cette personne s'est présentée à son télécontrôle et a attendu, sans que le "
        "médecin-conseil la reçoive. Cela ne peut pas lui être reproché."
    ),
}

MOTIFS: dict[Motif, str] = {
    Motif.SERVICE: "le service de télécontrôle a été en panne",
    Motif.MATERIEL: "la caméra ou le micro de l'assuré n'ont pas pu être ouverts",
    Motif.ACCES: "l'assuré a essayé d'entrer sans y parvenir",
    Motif.LIAISON_ASSURE: "la liaison de l'assuré a été perdue et n'est pas revenue",
    Motif.LIAISON_MEDECIN: "la liaison du médecin-conseil a été perdue la première",
    Motif.LIAISON_COMMUNE: "les deux liaisons ont été perdues ensemble",
    Motif.INCONNU: "la cause n'est pas établie ; le doute profite à l'assuré",
}
COTES: dict[Cote, str] = {
    Cote.ASSURE: "côté assuré",
    Cote.CAISSE: "côté caisse",
    Cote.INCONNU: "cause inconnue",
}

#: Ce que l'attestation ne dit pas.
RESERVE = (
    "Ce document dit des heures, vues par le service. Il ne dit rien de la santé, ni de ce que le "
    "médecin-conseil conclut."
)

_JOURS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_MOIS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
    "octobre", "novembre", "décembre",
)  # fmt: skip


def lignes(une: Attestation) -> list[Ligne]:
    """Chaque ligne: ce dont elle parle, ce qu'elle en dit."""
    h = _Heures(une)
    return [
        ("Assuré", une.assure),
        ("Caisse", une.caisse),
        ("Rendez-vous", f"{h.jour(une.debut)} à {h.minute(une.debut)}, {une.minutes} min"),
        ("Fuseau horaire", une.fuseau),
        ("Code de la convocation", une.code),
        *([("Première tentative d'entrée", h.heure(une.essai))] if une.essai else []),
        ("Arrivée de l'assuré", h.heure(une.arrivee) if une.arrivee else "n'a pas pu entrer"),
        ("Salle d'attente", _attente(une, h)),
        ("Admission", h.heure(une.admission) if une.admission else "n'a pas été admis"),
        ("Temps ensemble, avec image et son", duree(une.ensemble)),
        *([("Pauses demandées, comptées à part", duree(une.pause))] if une.pause else []),
        ("Interruptions", _interruptions(une)),
        *_dites(une.interruptions_dites, h),
        ("Fin du rendez-vous", h.heure(une.fin) if une.fin else "pas de fin enregistrée"),
        ("Médecin-conseil", _medecin(une, h)),
        *_incident(une),
        ("Observé jusqu'à", h.heure(une.observe)),
        ("Délivrée", f"{h.jour(une.emise)} à {h.seconde(une.emise)}"),
        ("Relevé, ligne", f"{une.chaine_seq}, empreinte {une.chaine_tete}"),
        ("Clé de signature", une.cle),
    ]


def _attente(une: Attestation, h: "_Heures") -> str:
    if une.attente_de is None:
        return "aucune attente"
    fin = f"à {h.heure(une.attente_a)}" if une.attente_a else "encore en attente"
    return f"de {h.heure(une.attente_de)} {fin}, {duree(une.attente)} en tout"


def _interruptions(une: Attestation) -> str:
    if not une.interruptions:
        return "aucune"
    return f"{une.interruptions}, {duree(une.interruptions_duree)} en tout"


def _dites(interruptions: Sequence[Interruption], h: "_Heures") -> list[Ligne]:
    return [
        (
            f"Interruption {rang}",
            f"de {h.heure(une.de)} {f'à {h.heure(une.a)}' if une.a else 'sans reprise'}, "
            f"{COTES[une.cote]}",
        )
        for rang, une in enumerate(interruptions, start=1)
    ]


def _medecin(une: Attestation, h: "_Heures") -> str:
    if une.medecin_arrivee is None:
        return "n'est pas venu"
    la = f"page ouverte dans la salle à {h.heure(une.medecin_arrivee)}, {duree(une.medecin_duree)}"
    if une.medecin_retard is None:
        return f"{la} ; n'a pas fait entrer l'assuré"
    if une.medecin_retard == 0:
        return f"{la} ; sans retard"
    return f"{la} ; {une.medecin_retard} min de retard"


def _incident(une: Attestation) -> list[Ligne]:
    if une.genre is not Genre.INCIDENT or une.cote is None:
        return []
    return [("Cause de l'incident", f"{MOTIFS.get(une.motif, une.motif)} ({COTES[une.cote]})")]


def duree(secondes: int) -> str:
    """« 1 h 02 min 03 s »."""
    heures, reste = divmod(secondes, 3600)
    minutes, secondes = divmod(reste, 60)
    if heures:
        return f"{heures} h {minutes:02} min {secondes:02} s"
    return f"{minutes} min {secondes:02} s" if minutes else f"{secondes} s"


class _Heures:
    """Les heures, dans le fuseau du rendez-vous; le jour est dit quand c'en est un autre."""

    def __init__(self, une: Attestation) -> None:
        self._zone = ZoneInfo(une.fuseau)
        self._jour = une.debut.astimezone(self._zone).date()

    def jour(self, instant: datetime) -> str:
        la = instant.astimezone(self._zone)
        return f"{_JOURS[la.weekday()]} {la.day} {_MOIS[la.month - 1]} {la.year}"

    def minute(self, instant: datetime) -> str:
        return f"{instant.astimezone(self._zone):%H:%M}"

    def seconde(self, instant: datetime) -> str:
        return f"{instant.astimezone(self._zone):%H:%M:%S}"

    def heure(self, instant: datetime) -> str:
        la = instant.astimezone(self._zone)
        meme = la.date() == self._jour
        return f"{la:%H:%M:%S}" if meme else f"{la:%H:%M:%S} le {la:%d/%m/%Y}"
