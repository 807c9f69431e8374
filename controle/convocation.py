"""Ce qui s'ecrit a l'assure: quels messages, par ou, et dans quel etat ils disent vrai."""

from collections.abc import Mapping
from enum import StrEnum

from controle.etats import AVANT_ENTREE, Etat


class GenreEnvoi(StrEnum):
    """Ce que dit un message."""

    CONVOCATION = "convocation"
    #: Une convocation a une nouvelle date, qui remplace celle d'avant.
    DEPLACEMENT = "deplacement"
    #: Une nouvelle date, parce que le service n'etait pas au rendez-vous: avec ses excuses.
    EXCUSE = "excuse"
    RAPPEL = "rappel"
    ANNULATION = "annulation"
    PRESENTIEL = "presentiel"
    RAPPEL_PRESENTIEL = "rappel_presentiel"
    ANNULATION_PRESENTIEL = "annulation_presentiel"
    CODE = "code"


class Canal(StrEnum):
    """Par ou un message part. Le courrier est une tache: une personne l'imprime et le poste."""

    COURRIEL = "courriel"
    SMS = "sms"
    COURRIER = "courrier"


class EtatEnvoi(StrEnum):
    """Ou en est un message."""

    PREPARE = "prepare"
    #: Remis au prestataire sans reponse notee encore: parti peut-etre.
    CONFIE = "confie"
    ENVOYE = "envoye"
    REMIS = "remis"
    ECHEC = "echec"
    #: Trop tard: il n'est plus parti.
    PERIME = "perime"
    #: Sans objet: annule, refuse, deplace avant son heure.
    RETIRE = "retire"


LIBELLES_GENRE: dict[GenreEnvoi, str] = {
    GenreEnvoi.CONVOCATION: "Convocation",
    GenreEnvoi.DEPLACEMENT: "Nouvelle date",
    GenreEnvoi.EXCUSE: "Excuses et nouvelle date",
    GenreEnvoi.RAPPEL: "Rappel",
    GenreEnvoi.ANNULATION: "Annulation",
    GenreEnvoi.PRESENTIEL: "Convocation en présentiel",
    GenreEnvoi.RAPPEL_PRESENTIEL: "Rappel du présentiel",
    GenreEnvoi.ANNULATION_PRESENTIEL: "Annulation du présentiel",
    GenreEnvoi.CODE: "Code d'accès",
}
LIBELLES_CANAL: dict[Canal, str] = {
    Canal.COURRIEL: "Courriel",
    Canal.SMS: "SMS",
    Canal.COURRIER: "Courrier",
}
LIBELLES_ENVOI: dict[EtatEnvoi, str] = {
    EtatEnvoi.PREPARE: "À envoyer",
    EtatEnvoi.CONFIE: "En cours d'envoi",
    EtatEnvoi.ENVOYE: "Envoyé",
    EtatEnvoi.REMIS: "Remis",
    EtatEnvoi.ECHEC: "Échec",
    EtatEnvoi.PERIME: "Trop tard, non envoyé",
    EtatEnvoi.RETIRE: "Sans objet",
}

#: Convoquent a une visioconference: l'une d'elles, remise, rend la convocation opposable.
CONVOQUENT = frozenset({GenreEnvoi.CONVOCATION, GenreEnvoi.DEPLACEMENT, GenreEnvoi.EXCUSE})
PARTIS = frozenset({EtatEnvoi.ENVOYE, EtatEnvoi.REMIS})

#: Qui n'est pas venu peut aussi etre attendu en personne: la visio derriere soi, seul compte le
#: rendez-vous donne (server/notify/judgement.py).
_EN_PERSONNE = frozenset(Etat) - AVANT_ENTREE - {Etat.BROUILLON}

#: Dans quels etats chaque message dit vrai. Une convocation n'annonce jamais une annulation, un
#: rappel ne part jamais apres un refus: le modele se choisit ici, et nulle part ailleurs.
VAUT_DANS: Mapping[GenreEnvoi, frozenset[Etat]] = {
    GenreEnvoi.CONVOCATION: AVANT_ENTREE,
    GenreEnvoi.DEPLACEMENT: AVANT_ENTREE,
    GenreEnvoi.EXCUSE: AVANT_ENTREE,
    GenreEnvoi.RAPPEL: AVANT_ENTREE,
    GenreEnvoi.ANNULATION: frozenset({Etat.ANNULE_SERVICE}),
    GenreEnvoi.PRESENTIEL: _EN_PERSONNE,
    GenreEnvoi.RAPPEL_PRESENTIEL: _EN_PERSONNE,
    GenreEnvoi.ANNULATION_PRESENTIEL: _EN_PERSONNE,
    GenreEnvoi.CODE: frozenset(Etat) - {Etat.BROUILLON},
}


def vaut(genre: GenreEnvoi, etat: Etat) -> bool:
    """Ce message dit-il encore vrai, le telecontrole etant dans cet etat?"""
    return etat in VAUT_DANS[genre]
