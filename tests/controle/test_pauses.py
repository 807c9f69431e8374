"""Les pauses de l'entretien: comptees a part, jamais comme une coupure ni comme une absence."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import ASSURE, FENETRE, MEDECIN, G, Scene, a, un_telecontrole

from controle.attestation import EntretienNonFini, peut_attester
from controle.constats import Constats, constater
from controle.intervalles import Intervalle, presences
from controle.periodes import croiser, total
from controle.qualification import Qualification, appliquer
from controle.telecontrole import Etat

pytestmark = pytest.mark.row("CO-12")


def un_entretien() -> Scene:
    return (
        Scene()
        .fait(0, G.ENTREE, ASSURE)
        .fait(10, G.ENTREE, MEDECIN)
        .fait(60, G.ADMISSION, MEDECIN)
        .fait(61, G.MEDIA_ETABLI, MEDECIN)
        .fait(62, G.MEDIA_ETABLI, ASSURE)
    )


def secondes(periodes: tuple[Intervalle, ...]) -> list[tuple[float, float | None]]:
    return [
        (
            (p.debut - a()).total_seconds(),
            None if p.fin is None else (p.fin - a()).total_seconds(),
        )
        for p in periodes
    ]


def constats(scene: Scene, etat: Etat = Etat.TERMINE) -> Constats:
    vues = presences(scene.faits)
    return constater(un_telecontrole(etat), vues, scene.faits, a(60), FENETRE)


def test_une_pause_est_comptee_a_part_et_ne_coupe_rien() -> None:
    scene = un_entretien().fait(100, G.PAUSE, ASSURE).fait(160, G.REPRISE_ENTRETIEN, ASSURE)
    scene.fait(300, G.FIN, MEDECIN)

    vues = presences(scene.faits)

    assert secondes(vues.pauses) == [(100, 160)]
    assert secondes(vues.ensemble_avec_media) == [(62, 100), (160, 300)]
    assert (vues.duree_pause, vues.duree_ensemble) == (60, 178)
    assert (vues.interruptions, vues.assure.duree, vues.medecin_conseil.duree) == (0, 300, 290)


def test_deux_pauses_qui_se_recouvrent_ne_comptent_qu_une_fois() -> None:
    scene = un_entretien().fait(100, G.PAUSE, ASSURE).fait(120, G.PAUSE, MEDECIN)
    scene.fait(140, G.REPRISE_ENTRETIEN, ASSURE).fait(150, G.REPRISE_ENTRETIEN, MEDECIN)

    vues = presences(scene.faits, a(secondes=200))

    assert (secondes(vues.pauses), vues.duree_pause) == ([(100, 150)], 50)


@pytest.mark.parametrize(
    "fin", [(G.FIN, MEDECIN), (G.REMISE_EN_ATTENTE, MEDECIN), (G.SORTIE, ASSURE)]
)
def test_ce_qui_finit_l_admission_finit_la_pause(fin: tuple[G, str]) -> None:
    scene = un_entretien().fait(100, G.PAUSE, ASSURE).fait(150, *fin)

    vues = presences(scene.faits, a(secondes=400))

    assert secondes(vues.pauses) == [(100, 150)]


def test_un_media_perdu_pendant_la_pause_n_est_pas_une_coupure_de_l_entretien() -> None:
    scene = un_entretien().fait(100, G.PAUSE, MEDECIN).fait(110, G.MEDIA_PERDU, ASSURE)
    scene.fait(130, G.MEDIA_ETABLI, ASSURE).fait(160, G.REPRISE_ENTRETIEN, MEDECIN)
    scene.fait(300, G.FIN, MEDECIN)

    vues = presences(scene.faits)

    assert vues.interruptions == 0


def test_un_media_qui_ne_revient_pas_manque_des_la_reprise() -> None:
    scene = un_entretien().fait(100, G.PAUSE, MEDECIN).fait(110, G.MEDIA_PERDU, ASSURE)
    scene.fait(160, G.REPRISE_ENTRETIEN, MEDECIN).fait(300, G.FIN, MEDECIN)

    vues = presences(scene.faits)

    assert secondes(vues.coupures) == [(160, 300)]
    assert constats(scene).coupure_media


def test_finir_pendant_une_pause_n_est_pas_un_incident_technique() -> None:
    scene = un_entretien().fait(100, G.PAUSE, MEDECIN).fait(110, G.MEDIA_PERDU, ASSURE)
    scene.fait(300, G.FIN, MEDECIN)

    vus = constats(scene)

    assert not vus.coupure_media
    assert appliquer(vus).qualification is Qualification.PRESENT


def test_la_page_fermee_pendant_une_pause_reste_une_connexion_perdue() -> None:
    scene = un_entretien().fait(100, G.PAUSE, ASSURE).fait(110, G.PERTE, ASSURE)
    scene.fait(300, G.FIN, MEDECIN)

    assert constats(scene).coupure_assure


def test_une_pause_n_est_pas_la_fin_de_l_entretien() -> None:
    scene = un_entretien().fait(100, G.PAUSE, ASSURE)

    with pytest.raises(EntretienNonFini):
        peut_attester(
            un_telecontrole(Etat.EN_COURS), presences(scene.faits), scene.faits, a(60), FENETRE
        )


GENRES = [
    (G.PAUSE, ASSURE), (G.PAUSE, MEDECIN),
    (G.REPRISE_ENTRETIEN, ASSURE), (G.REPRISE_ENTRETIEN, MEDECIN),
    (G.MEDIA_PERDU, ASSURE), (G.MEDIA_ETABLI, ASSURE), (G.MEDIA_ETABLI, MEDECIN),
    (G.PERTE, ASSURE), (G.RETOUR, ASSURE), (G.REMISE_EN_ATTENTE, MEDECIN), (G.ADMISSION, MEDECIN),
]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(GENRES), st.integers(1, 90)), max_size=25))
def test_les_durees_s_ajoutent_sans_se_recouvrir(suite: list[tuple[tuple[G, str], int]]) -> None:
    scene, t = un_entretien(), 62.0
    for (genre, role), apres in suite:
        t += apres
        scene.fait(t, genre, role)
    scene.fait(t + 10, G.FIN, MEDECIN)
    limite = a(secondes=t + 10)

    vues = presences(scene.faits)

    # L'admission est faite de temps ensemble, de pauses et du reste, qui ne se recouvrent pas.
    admis = total(vues.admissions, limite)
    occupe = total((*vues.ensemble_avec_media, *vues.pauses), limite)
    assert vues.duree_ensemble + vues.duree_pause == occupe <= admis
    assert croiser(vues.ensemble_avec_media, vues.pauses) == ()
    assert croiser(vues.pauses, vues.admissions) == vues.pauses
    # Sans les pauses, les memes faits donnent au plus tant de temps ensemble de plus.
    sans = [f for f in scene.faits if f.genre not in (G.PAUSE, G.REPRISE_ENTRETIEN)]
    autrement = presences(sans)
    assert autrement.duree_ensemble <= vues.duree_ensemble + vues.duree_pause
    # Mettre en pause, c'est aussi etre la.
    assert autrement.assure.duree <= vues.assure.duree
    assert total(vues.coupures, limite) <= total(autrement.coupures, limite)
    assert limite - a() >= timedelta(seconds=admis)
