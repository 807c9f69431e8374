"""La convocation est-elle arrivee? Toutes les combinaisons de deux messages, puis le courrier."""

from itertools import permutations, product

import pytest

from controle.convocation import CONVOQUENT, Canal, EtatEnvoi, GenreEnvoi
from controle.remise import LIBELLES_REMISE, Remise, remise

pytestmark = pytest.mark.row("CN-05")

E, C, G = EtatEnvoi, Canal, GenreEnvoi

#: Un message, puis l'autre: « remise », « cours », « partielle », « perdue »; le tableau entier.
_TABLE = """
          prepare confie envoye    remis  echec     perime    retire
prepare   cours   cours  cours     remise cours     cours     cours
confie    cours   cours  cours     remise cours     cours     cours
envoye    cours   cours  cours     remise partielle partielle cours
remis     remise  remise remise    remise remise    remise    remise
echec     cours   cours  partielle remise perdue    perdue    perdue
perime    cours   cours  partielle remise perdue    perdue    perdue
retire    cours   cours  cours     remise perdue    perdue    perdue
"""
_MOTS: dict[str, Remise] = {
    "cours": "en_cours",
    "remise": "remise",
    "partielle": "partielle",
    "perdue": "non_remise",
}


def _cas() -> list[tuple[EtatEnvoi, EtatEnvoi, Remise]]:
    colonnes, *lignes = (ligne.split() for ligne in _TABLE.strip().splitlines())
    return [
        (E(ligne[0]), E(colonne), _MOTS[mot])
        for ligne in lignes
        for colonne, mot in zip(colonnes, ligne[1:], strict=True)
    ]


def test_le_tableau_est_complet_et_chaque_reponse_a_un_libelle() -> None:
    assert {(un, autre) for un, autre, _ in _cas()} == set(product(E, repeat=2))

    assert set(LIBELLES_REMISE) == set(_MOTS.values())


@pytest.mark.parametrize(("courriel", "sms", "attendu"), _cas())
def test_les_deux_canaux_disent_ensemble_si_elle_est_remise(
    courriel: EtatEnvoi, sms: EtatEnvoi, attendu: Remise
) -> None:
    envois = [(G.CONVOCATION, C.COURRIEL, courriel), (G.CONVOCATION, C.SMS, sms)]

    for ordre in permutations(envois):
        assert remise(ordre) == attendu


@pytest.mark.parametrize("canal", [C.COURRIEL, C.SMS])
@pytest.mark.parametrize("genre", sorted(CONVOQUENT))
def test_un_seul_canal_suffit_a_remettre_comme_a_echouer(canal: Canal, genre: GenreEnvoi) -> None:
    attendus: dict[EtatEnvoi, Remise] = {
        E.PREPARE: "en_cours",
        E.CONFIE: "en_cours",
        E.ENVOYE: "en_cours",
        E.REMIS: "remise",
        E.ECHEC: "non_remise",
        E.PERIME: "non_remise",
        E.RETIRE: "non_remise",
    }

    assert {etat: remise([(genre, canal, etat)]) for etat in E} == attendus


def test_sans_aucun_message_rien_n_est_remis() -> None:
    assert remise([]) == "non_remise"


@pytest.mark.parametrize(
    ("courrier", "attendu"),
    [
        (E.PREPARE, "non_remise"),
        (E.CONFIE, "non_remise"),
        (E.ENVOYE, "partielle"),
        (E.REMIS, "remise"),
        (E.RETIRE, "non_remise"),
    ],
)
def test_un_courrier_ne_compte_qu_une_fois_poste(courrier: EtatEnvoi, attendu: Remise) -> None:
    perdus = [(G.CONVOCATION, C.COURRIEL, E.ECHEC), (G.CONVOCATION, C.SMS, E.PERIME)]

    assert remise([*perdus, (G.CONVOCATION, C.COURRIER, courrier)]) == attendu


@pytest.mark.parametrize("genre", sorted(set(G) - CONVOQUENT))
def test_un_autre_message_ne_dit_rien_de_la_convocation(genre: GenreEnvoi) -> None:
    perdus = [(G.CONVOCATION, C.COURRIEL, E.ECHEC), (G.CONVOCATION, C.SMS, E.ECHEC)]

    assert remise([*perdus, (genre, C.SMS, E.REMIS)]) == "non_remise"
