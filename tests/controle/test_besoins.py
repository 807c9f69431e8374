"""Les besoins que l'assure declare: une liste fermee, jamais une raison medicale."""

import pytest
from scenes import un_telecontrole

from controle.besoins import LIBELLES_BESOIN, Besoin, BesoinInconnu, ecrit, lire_besoins


def test_chaque_besoin_a_un_libelle() -> None:
    assert set(LIBELLES_BESOIN) == set(Besoin)


def test_les_besoins_se_lisent_dans_l_ordre_du_formulaire_une_fois_chacun() -> None:
    assert lire_besoins(["vue", "lsf", "vue"]) == (Besoin.LSF, Besoin.VUE)

    assert lire_besoins([]) == ()
    assert un_telecontrole(besoins=lire_besoins(["lsf"])).besoins == ("lsf",)


@pytest.mark.parametrize("mots", [["dialyse"], ["lsf", ""], ["LSF"]])
def test_un_besoin_hors_de_la_liste_est_refuse(mots: list[str]) -> None:
    with pytest.raises(BesoinInconnu) as refus:
        lire_besoins(mots)

    assert (refus.value.code, refus.value.champ) == ("besoin_inconnu", "needs")


@pytest.mark.row("AC-02")
@pytest.mark.parametrize(
    ("besoins", "par_ecrit"),
    [([], False), (["fauteuil", "interprete"], False), (["vue", "ecrit"], True), (["lsf"], True)],
)
def test_qui_n_entend_ou_ne_parle_pas_compte_ecrire(besoins: list[str], par_ecrit: bool) -> None:
    assert ecrit(besoins) is par_ecrit
