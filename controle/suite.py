"""La suite d'un telecontrole par un autre: une nouvelle date, une seule, dans la meme serie."""

from datetime import datetime

from controle.presentiel import PresentielDejaFixe, suite_d_incident
from controle.refus import Refus
from controle.telecontrole import (
    Etat,
    OriginePresentiel,
    SuiteDejaDonnee,
    Telecontrole,
    TransitionImpossible,
)


class AccordManquant(Refus):
    """Apres un incident, une nouvelle visio se propose, elle ne s'impose pas."""

    code = "accord_manquant"
    phrase = (
        "Après un incident technique, une nouvelle visioconférence demande l'accord de l'assuré."
    )


class IncidentsTropNombreux(Refus):
    """Deux incidents d'une meme serie: la suite est en personne."""

    code = "incidents_trop_nombreux"
    phrase = "Après deux incidents techniques, le rendez-vous a lieu en présentiel."


class PresentielAttendu(Refus):
    """Le presentiel est demande pour une autre raison: une visio ne le remplace pas."""

    code = "presentiel_attendu"
    phrase = "Un rendez-vous en présentiel est attendu : une visioconférence ne le remplace pas."


def autre_date(
    telecontrole: Telecontrole,
    identifiant: str,
    debut: datetime,
    *,
    medecin_conseil: str | None = None,
) -> Telecontrole:
    """Le telecontrole qui remplace celui-ci, encore a convoquer; celui-ci est reporte.

    Le calendrier et l'agenda se verifient avant (controle.calendrier, controle.agenda).

    :raises SuiteDejaDonnee: un autre le remplace deja.
    :raises PresentielAttendu: sa suite est deja demandee en personne.
    :raises TransitionImpossible: il ne peut plus etre reporte.
    """
    if telecontrole.suivi_par is not None:
        raise SuiteDejaDonnee
    if telecontrole.presentiel is not None:
        raise PresentielAttendu
    telecontrole.reporter()
    return _suivre(telecontrole, identifiant, debut, medecin_conseil)


def suivre_en_visio(
    telecontrole: Telecontrole,
    identifiant: str,
    debut: datetime,
    *,
    incidents_de_la_serie: int,
    accord: bool,
    presentiel_fixe: bool = False,
    medecin_conseil: str | None = None,
) -> Telecontrole:
    """Apres un incident, le telecontrole qui suit celui-ci: il prend la place de la demande de
    presentiel, pour qu'il n'y ait qu'une suite.

    `incidents_de_la_serie` compte celui-ci; `presentiel_fixe`: un rendez-vous en personne est
    deja donne.

    :raises AccordManquant: l'assure n'a pas dit oui.
    :raises IncidentsTropNombreux: la serie en compte deja deux.
    :raises PresentielDejaFixe: la suite est deja donnee, en personne.
    :raises PresentielAttendu: le presentiel est demande pour une autre raison.
    :raises SuiteDejaDonnee: la suite est deja donnee, en visio.
    """
    if telecontrole.suivi_par is not None:
        raise SuiteDejaDonnee
    if telecontrole.etat is not Etat.INCIDENT_TECHNIQUE:
        raise TransitionImpossible(telecontrole.etat, Etat.CONVOQUE)
    if not accord:
        raise AccordManquant
    if suite_d_incident(incidents_de_la_serie, accord_visio=accord) != "visio":
        raise IncidentsTropNombreux
    if presentiel_fixe:
        raise PresentielDejaFixe
    demande = telecontrole.presentiel
    if demande is not None and demande.origine is not OriginePresentiel.INCIDENT_TECHNIQUE:
        raise PresentielAttendu
    telecontrole.presentiel = None
    return _suivre(telecontrole, identifiant, debut, medecin_conseil)


def _suivre(
    telecontrole: Telecontrole, identifiant: str, debut: datetime, medecin_conseil: str | None
) -> Telecontrole:
    telecontrole.suivi_par = identifiant
    return Telecontrole(
        id=identifiant,
        caisse=telecontrole.caisse,
        medecin_conseil=medecin_conseil or telecontrole.medecin_conseil,
        assure=telecontrole.assure,
        contexte=telecontrole.contexte,
        debut=debut,
        fuseau=telecontrole.fuseau,
        duree=telecontrole.duree,
        serie=telecontrole.serie,
        sequence=telecontrole.sequence + 1,
        suite_de=telecontrole.id,
        besoins=telecontrole.besoins,
    )
