"""Pourquoi une issue est corrigee, ou signee avant l'heure: des motifs d'une liste, aucun medical.

Ce qu'il faut en dire de plus est du cote du service medical, dans ses notes (R.4127-104 CSP).
"""

from enum import StrEnum


class MotifCorrection(StrEnum):
    ERREUR_DE_SAISIE = "erreur_de_saisie"
    ELEMENT_NOUVEAU = "element_nouveau"
    PRESENCE_PRECISEE = "presence_precisee"
    SITUATION_REEXAMINEE = "situation_reexaminee"
    SUITE_DE_RECOURS = "suite_de_recours"


class MotifAnticipation(StrEnum):
    ASSURE_A_PREVENU = "assure_a_prevenu"
    APPEL_SANS_SUITE = "appel_sans_suite"
    CONVOCATION_NON_RECUE = "convocation_non_recue"
    EMPECHEMENT_DU_SERVICE = "empechement_du_service"
    INCIDENT_TECHNIQUE = "incident_technique"


LIBELLES_CORRECTION: dict[MotifCorrection, str] = {
    MotifCorrection.ERREUR_DE_SAISIE: "Erreur de saisie",
    MotifCorrection.ELEMENT_NOUVEAU: "Élément nouveau reçu",
    MotifCorrection.PRESENCE_PRECISEE: "Circonstances de la présence précisées",
    MotifCorrection.SITUATION_REEXAMINEE: "Situation réexaminée",
    MotifCorrection.SUITE_DE_RECOURS: "Suite d'un recours",
}

LIBELLES_ANTICIPATION: dict[MotifAnticipation, str] = {
    MotifAnticipation.ASSURE_A_PREVENU: "L'assuré a prévenu qu'il ne viendrait pas",
    MotifAnticipation.APPEL_SANS_SUITE: "Appelé, l'assuré ne peut pas se connecter",
    MotifAnticipation.CONVOCATION_NON_RECUE: "La convocation n'a pas été reçue",
    MotifAnticipation.EMPECHEMENT_DU_SERVICE: "Le service ne peut pas attendre",
    MotifAnticipation.INCIDENT_TECHNIQUE: "Incident technique signalé",
}
