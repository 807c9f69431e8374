"""La convocation est-elle arrivee? Ce que disent ses messages, ensemble."""

from collections.abc import Sequence
from typing import Literal

from controle.convocation import CONVOQUENT, Canal, EtatEnvoi, GenreEnvoi

Remise = Literal["en_cours", "remise", "partielle", "non_remise"]

LIBELLES_REMISE: dict[Remise, str] = {
    "en_cours": "Convocation en cours d'envoi",
    "remise": "Convocation remise",
    "partielle": "Convocation envoyée, remise non confirmée",
    "non_remise": "Convocation non remise",
}

_PERDUS = frozenset({EtatEnvoi.ECHEC, EtatEnvoi.PERIME})
_EN_ROUTE = frozenset({EtatEnvoi.PREPARE, EtatEnvoi.CONFIE})


def remise(envois: Sequence[tuple[GenreEnvoi, Canal, EtatEnvoi]]) -> Remise:
    """L'etat de la convocation a la date actuelle; seuls les messages de cette date sont donnes.

    Un seul message remis suffit. Un courrier a poster n'est pas encore un message en route: tant
    qu'une personne ne l'a pas poste, la convocation reste non remise.
    """
    utiles = [
        (canal, etat)
        for genre, canal, etat in envois
        if genre in CONVOQUENT and etat is not EtatEnvoi.RETIRE
    ]
    if any(etat is EtatEnvoi.REMIS for _, etat in utiles):
        return "remise"
    if any(etat in _EN_ROUTE and canal is not Canal.COURRIER for canal, etat in utiles):
        return "en_cours"
    if all(etat is not EtatEnvoi.ENVOYE for _, etat in utiles):
        return "non_remise"
    if any(etat in _PERDUS for _, etat in utiles):
        return "partielle"
    return "en_cours"
