"""Les faits dates d'un telecontrole: ce qui est garde pour dire qui etait la, et quand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

#: Qui planifie et ecrit: une personne de la caisse ou le serveur lui-meme. Ce n'est pas une
#: place de la salle.
SERVICE = "service"
#: Un tiers, qui ne fait que venir aider: sa place et sa qualite sont dans les details du fait.
TIERS = "tiers"


class Role(StrEnum):
    """Les deux places de la salle."""

    ASSURE = "assure"
    MEDECIN_CONSEIL = "medecin_conseil"

    @property
    def autre(self) -> "Role":
        """L'autre place."""
        return Role.MEDECIN_CONSEIL if self is Role.ASSURE else Role.ASSURE


class GenreFait(StrEnum):
    """Ce qui peut arriver et doit laisser une trace."""

    SECOND_FACTEUR_REUSSI = "second_facteur_reussi"
    SECOND_FACTEUR_ECHOUE = "second_facteur_echoue"
    INFORMATION_ACCEPTEE = "information_acceptee"
    ENTREE = "entree"
    SORTIE = "sortie"
    PERTE = "perte"
    REPRISE = "reprise"
    RETOUR = "retour"
    ADMISSION = "admission"
    REMISE_EN_ATTENTE = "remise_en_attente"
    MEDIA_PRET = "media_pret"
    MEDIA_ETABLI = "media_etabli"
    MEDIA_PERDU = "media_perdu"
    MEDIA_MAINTENU = "media_maintenu"
    PRESENCE_CONSTATEE = "presence_constatee"
    RETARD_ANNONCE = "retard_annonce"
    IDENTITE_CONTROLEE = "identite_controlee"
    EXAMEN_CLINIQUE = "examen_clinique"
    REFUS_VISIO = "refus_visio"
    DEMANDE_PRESENTIEL = "demande_presentiel"
    CODE_AFFICHE = "code_affiche"
    CODE_INDISPONIBLE = "code_indisponible"
    CODE_IDENTIQUE = "code_identique"
    CODE_DIFFERENT = "code_different"
    CAMERA_SIGNALEE = "camera_signalee"
    GESTE_DEMANDE = "geste_demande"
    GESTE_FAIT = "geste_fait"
    GESTE_NON_FAIT = "geste_non_fait"
    GESTE_NON_PROPOSE = "geste_non_propose"
    FIN = "fin"
    REDEMARRAGE_SERVEUR = "redemarrage_serveur"
    ISSUE_ENREGISTREE = "issue_enregistree"
    PLANIFIE = "planifie"
    DEPLACE = "deplace"
    ANNULE = "annule"
    REAFFECTE = "reaffecte"
    MESSAGE_ENVOYE = "message_envoye"
    MESSAGE_REMIS = "message_remis"
    MESSAGE_ECHOUE = "message_echoue"
    ACCUSE_RECEPTION = "accuse_reception"
    BESOINS_DECLARES = "besoins_declares"
    MAUVAIS_DESTINATAIRE = "mauvais_destinataire"
    JUSTIFICATION_DEPOSEE = "justification_deposee"
    JUSTIFICATION_DECIDEE = "justification_decidee"
    APPEL_TENTE = "appel_tente"
    OBSTACLE_TECHNIQUE = "obstacle_technique"
    ATTESTATION_DELIVREE = "attestation_delivree"
    PRESENTIEL_FIXE = "presentiel_fixe"
    PRESENTIEL_ANNULE = "presentiel_annule"
    PERSONNES_PRESENTES = "personnes_presentes"
    PAUSE = "pause"
    REPRISE_ENTRETIEN = "reprise_entretien"
    TIERS_INVITE = "tiers_invite"
    TIERS_RETIRE = "tiers_retire"
    TIERS_INFORME = "tiers_informe"
    TIERS_ENTRE = "tiers_entre"
    TIERS_PERDU = "tiers_perdu"
    TIERS_REVENU = "tiers_revenu"
    TIERS_REPRIS = "tiers_repris"
    TIERS_SORTI = "tiers_sorti"
    TIERS_ADMIS = "tiers_admis"
    TIERS_REMIS_EN_ATTENTE = "tiers_remis_en_attente"
    TIERS_EXCLU = "tiers_exclu"
    TIERS_REFUSE = "tiers_refuse"
    TIERS_ACCEPTE = "tiers_accepte"


LIBELLES_FAIT: dict[GenreFait, str] = {
    GenreFait.SECOND_FACTEUR_REUSSI: "Code reçu par SMS confirmé",
    GenreFait.SECOND_FACTEUR_ECHOUE: "Code reçu par SMS erroné",
    GenreFait.INFORMATION_ACCEPTEE: "Information lue et acceptée",
    GenreFait.ENTREE: "Entrée dans la salle",
    GenreFait.SORTIE: "Sortie de la salle",
    GenreFait.PERTE: "Connexion perdue",
    GenreFait.REPRISE: "Place reprise depuis une autre page",
    GenreFait.RETOUR: "Retour après une perte de connexion",
    GenreFait.ADMISSION: "Admission par le médecin-conseil",
    GenreFait.REMISE_EN_ATTENTE: "Retour en salle d'attente",
    GenreFait.MEDIA_PRET: "Liaison audio et vidéo prête",
    GenreFait.MEDIA_ETABLI: "Image et son reçus",
    GenreFait.MEDIA_PERDU: "Image et son perdus",
    GenreFait.MEDIA_MAINTENU: "Image et son reçus sans interruption",
    GenreFait.PRESENCE_CONSTATEE: "Présence constatée",
    GenreFait.RETARD_ANNONCE: "Retard annoncé par le médecin-conseil",
    GenreFait.IDENTITE_CONTROLEE: "Identité contrôlée",
    GenreFait.EXAMEN_CLINIQUE: "Examen clinique nécessaire",
    GenreFait.REFUS_VISIO: "Visioconférence refusée par l'assuré",
    GenreFait.DEMANDE_PRESENTIEL: "Rendez-vous en personne demandé par l'assuré",
    GenreFait.CODE_AFFICHE: "Code de vérification affiché",
    GenreFait.CODE_INDISPONIBLE: "Code de vérification indisponible : appel non vérifié",
    GenreFait.CODE_IDENTIQUE: "Codes de vérification identiques",
    GenreFait.CODE_DIFFERENT: "Codes de vérification différents : appel non vérifié",
    GenreFait.CAMERA_SIGNALEE: "Caméra virtuelle signalée par la page : simple indication",
    GenreFait.GESTE_DEMANDE: "Geste de vérification demandé",
    GenreFait.GESTE_FAIT: "Geste de vérification fait",
    GenreFait.GESTE_NON_FAIT: "Geste de vérification non fait",
    GenreFait.GESTE_NON_PROPOSE: "Geste de vérification non proposé",
    GenreFait.FIN: "Fin de l'entretien",
    GenreFait.REDEMARRAGE_SERVEUR: "Redémarrage du serveur",
    GenreFait.ISSUE_ENREGISTREE: "Issue enregistrée",
    GenreFait.PLANIFIE: "Rendez-vous planifié",
    GenreFait.DEPLACE: "Rendez-vous déplacé",
    GenreFait.ANNULE: "Rendez-vous annulé par le service",
    GenreFait.REAFFECTE: "Rendez-vous confié à un autre médecin-conseil",
    GenreFait.MESSAGE_ENVOYE: "Message envoyé",
    GenreFait.MESSAGE_REMIS: "Message remis",
    GenreFait.MESSAGE_ECHOUE: "Message non remis",
    GenreFait.ACCUSE_RECEPTION: "Convocation reçue, dit l'assuré",
    GenreFait.BESOINS_DECLARES: "Besoins déclarés par l'assuré",
    GenreFait.MAUVAIS_DESTINATAIRE: "Message reçu par une autre personne",
    GenreFait.JUSTIFICATION_DEPOSEE: "Absence justifiée par l'assuré",
    GenreFait.JUSTIFICATION_DECIDEE: "Justification examinée",
    GenreFait.APPEL_TENTE: "Appel téléphonique tenté",
    GenreFait.OBSTACLE_TECHNIQUE: "Caméra ou micro indisponibles, dit la page de l'assuré",
    GenreFait.ATTESTATION_DELIVREE: "Attestation délivrée à l'assuré",
    GenreFait.PRESENTIEL_FIXE: "Rendez-vous en présentiel fixé",
    GenreFait.PRESENTIEL_ANNULE: "Rendez-vous en présentiel annulé",
    GenreFait.PERSONNES_PRESENTES: "Personnes présentes dans la pièce",
    GenreFait.PAUSE: "Entretien mis en pause",
    GenreFait.REPRISE_ENTRETIEN: "Entretien repris après une pause",
    GenreFait.TIERS_INVITE: "Tiers invité",
    GenreFait.TIERS_RETIRE: "Invitation d'un tiers retirée",
    GenreFait.TIERS_INFORME: "Information lue et acceptée par le tiers",
    GenreFait.TIERS_ENTRE: "Arrivée d'un tiers",
    GenreFait.TIERS_PERDU: "Connexion du tiers perdue",
    GenreFait.TIERS_REVENU: "Retour du tiers après une perte de connexion",
    GenreFait.TIERS_REPRIS: "Place du tiers reprise depuis une autre page",
    GenreFait.TIERS_SORTI: "Départ du tiers",
    GenreFait.TIERS_ADMIS: "Tiers admis par le médecin-conseil",
    GenreFait.TIERS_REMIS_EN_ATTENTE: "Tiers remis en attente",
    GenreFait.TIERS_EXCLU: "Participation du tiers terminée par le médecin-conseil",
    GenreFait.TIERS_REFUSE: "L'assuré s'oppose à la présence du tiers",
    GenreFait.TIERS_ACCEPTE: "L'assuré retire son opposition à la présence du tiers",
}


class Source(StrEnum):
    """D'ou l'on tient un fait."""

    #: Le serveur l'a vu.
    SERVEUR = "serveur"
    #: L'un des deux cotes l'affirme.
    DECLARATION = "declaration"


Detail = str | int | bool | None


@dataclass(frozen=True)
class Fait:
    """Un fait, date deux fois: l'heure du mur, et l'horloge monotone de la machine.

    `monotone` (secondes, a la microseconde) ne se compare qu'au sein d'une meme `execution`,
    l'identifiant du demarrage de la machine.
    """

    genre: GenreFait
    instant: datetime
    monotone: float
    execution: str
    role: str | None = None
    source: Source = Source.SERVEUR
    details: Mapping[str, Detail] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.instant.tzinfo is None:
            raise ValueError("instant sans fuseau horaire")
        object.__setattr__(self, "monotone", round(self.monotone, 6))


def finit_l_admission(fait: Fait) -> bool:
    """L'assure n'est plus admis: remis en attente, confie a un autre, sorti, ou c'est fini."""
    if fait.genre is GenreFait.SORTIE:
        return fait.role == Role.ASSURE
    return fait.genre in {GenreFait.REMISE_EN_ATTENTE, GenreFait.REAFFECTE, GenreFait.FIN}
