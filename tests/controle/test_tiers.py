"""Les tiers: annonces par les besoins, et presents selon le releve (ligne CO-08)."""

import pytest
from scenes import MEDECIN, G, Scene, a

from controle.besoins import Besoin
from controle.periodes import Intervalle
from controle.tiers import LIBELLES_QUALITE, Qualite, annonces, presences_tiers

SIEGE = {"siege": "tiers1", "qualite": "interprete"}
TOUJOURS = (Intervalle(a(-60), None),)


def minutes(periodes: tuple[Intervalle, ...]) -> list[tuple[float, float | None]]:
    return [
        ((p.debut - a()).total_seconds(), (p.fin - a()).total_seconds() if p.fin else None)
        for p in periodes
    ]


@pytest.mark.row("CO-08")
def test_les_besoins_annoncent_les_tiers_dans_l_ordre_du_formulaire() -> None:
    assert annonces([Besoin.ACCOMPAGNANT, Besoin.VUE, Besoin.LSF]) == (
        Qualite.INTERPRETE_LSF,
        Qualite.PROCHE,
    )
    assert set(LIBELLES_QUALITE) == set(Qualite)


@pytest.mark.row("CO-08")
def test_un_tiers_ne_prend_part_qu_admis_et_pendant_l_admission_de_l_assure() -> None:
    scene = Scene().fait(0, G.TIERS_ENTRE, "tiers", **SIEGE)
    scene.fait(60, G.TIERS_ADMIS, MEDECIN, **SIEGE).fait(300, G.TIERS_SORTI, "tiers", **SIEGE)
    admissions = (Intervalle(a(2), a(3)),)

    (tiers,) = presences_tiers(scene.faits, admissions)

    assert (tiers.siege, tiers.qualite) == ("tiers1", "interprete")
    assert minutes(tiers.sejours) == [(0, 300)]
    assert minutes(tiers.participations) == [(120, 180)]


@pytest.mark.row("CO-08")
def test_une_perte_breve_n_efface_pas_l_admission_un_depart_l_efface() -> None:
    scene = Scene().fait(0, G.TIERS_ENTRE, "tiers", **SIEGE).fait(1, G.TIERS_ADMIS, **SIEGE)
    scene.fait(10, G.TIERS_PERDU, "tiers", **SIEGE).fait(20, G.TIERS_REVENU, "tiers", **SIEGE)
    scene.fait(30, G.TIERS_SORTI, "tiers", **SIEGE).fait(40, G.TIERS_ENTRE, "tiers", **SIEGE)
    scene.fait(50, G.FIN)

    (tiers,) = presences_tiers(scene.faits, TOUJOURS)

    assert minutes(tiers.sejours) == [(0, 10), (20, 30), (40, 50)]
    assert minutes(tiers.participations) == [(1, 10), (20, 30)]


@pytest.mark.row("CO-08")
@pytest.mark.parametrize("fin", [G.TIERS_EXCLU, G.TIERS_REMIS_EN_ATTENTE, G.TIERS_RETIRE])
def test_exclu_remis_en_attente_ou_retire_ne_prend_plus_part(fin: G) -> None:
    scene = Scene().fait(0, G.TIERS_ENTRE, "tiers", **SIEGE).fait(1, G.TIERS_ADMIS, **SIEGE)
    scene.fait(9, fin, **SIEGE)

    (tiers,) = presences_tiers(scene.faits, TOUJOURS)

    assert minutes(tiers.participations) == [(1, 9)]


@pytest.mark.row("CO-08")
def test_apres_une_panne_la_fin_est_la_derniere_fois_vue_et_le_dit() -> None:
    scene = Scene().fait(0, G.TIERS_ENTRE, "tiers", **SIEGE).fait(1, G.TIERS_ADMIS, **SIEGE)
    scene.fait(60, G.PRESENCE_CONSTATEE, tiers1="present").fait(200, G.REDEMARRAGE_SERVEUR)
    scene.fait(210, G.TIERS_REVENU, "tiers", **SIEGE).fait(300, G.FIN)

    (tiers,) = presences_tiers(scene.faits, TOUJOURS)

    assert minutes(tiers.participations) == [(1, 60), (210, 300)]
    assert [p.fin_estimee for p in tiers.sejours] == [True, False]


@pytest.mark.row("CO-08")
def test_deux_tiers_ne_se_melent_pas() -> None:
    autre = {"siege": "tiers2", "qualite": "proche"}
    scene = Scene().fait(0, G.TIERS_ENTRE, "tiers", **SIEGE).fait(5, G.TIERS_ENTRE, **autre)
    scene.fait(10, G.TIERS_ADMIS, **autre).fait(20, G.TIERS_SORTI, **SIEGE).fait(30, G.FIN)

    premier, second = presences_tiers(scene.faits, TOUJOURS)

    assert minutes(premier.sejours) == [(0, 20)]
    assert minutes(premier.participations) == []
    assert minutes(second.participations) == [(10, 30)]
