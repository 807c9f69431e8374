"""La table de decision: essayee sur toutes les combinaisons, et sur des scenes."""

from dataclasses import fields
from itertools import product

import pytest
from scenes import ASSURE, FENETRE, MEDECIN, G, Scene, a, un_telecontrole

from controle.intervalles import presences
from controle.qualification import (
    INCIDENTS,
    LIBELLES_QUALIFICATION,
    TABLE,
    Constats,
    Qualification,
    appliquer,
    proposer,
)
from controle.telecontrole import Etat, Telecontrole

pytestmark = pytest.mark.row("OP-03")

NOMS = [champ.name for champ in fields(Constats)]
Q = Qualification


def proposition(scene: Scene, controle: Telecontrole | None = None, minutes: float = 40) -> Q:
    vues = presences(scene.faits, a(minutes))
    return proposer(
        controle or un_telecontrole(Etat.TERMINE), vues, scene.faits, a(minutes), FENETRE
    ).qualification


def test_chaque_qualification_a_un_libelle() -> None:
    assert set(LIBELLES_QUALIFICATION) == set(Qualification)


def test_aucune_combinaison_ne_propose_une_absence() -> None:
    rencontrees: set[Qualification] = set()

    for valeurs in product([False, True], repeat=len(NOMS)):
        constats = Constats(**dict(zip(NOMS, valeurs, strict=True)))
        proposition = appliquer(constats)
        rencontrees.add(proposition.qualification)
        _verifier_les_invariants(constats, proposition.qualification)
        assert proposition.raisons

    assert rencontrees == set(Q) - {Q.ABSENCE_JUSTIFIEE, Q.ABSENCE_INJUSTIFIEE}


def _verifier_les_invariants(constats: Constats, propose: Qualification) -> None:
    if constats.refus:
        assert propose is Q.REFUS
        return
    if constats.interruption:
        assert propose is Q.INTERRUPTION_ASSURE
        return
    if propose is Q.NON_CONNECTE:
        assert not constats.venu
        assert not constats.tentative
        assert not constats.panne_serveur
    if propose is Q.MEDECIN_ABSENT:
        assert constats.venu
        assert not constats.admis
    if propose is Q.INCIDENT_ASSURE:
        assert constats.coupure_assure or (constats.obstacle and not constats.venu)
        assert not constats.panne_serveur
        assert not (constats.venu and constats.coupure_commune)
    if constats.venu and not constats.admis and not constats.medecin_venu:
        assert propose is Q.MEDECIN_ABSENT
    if propose in {Q.PRESENT, Q.EN_RETARD}:
        assert constats.venu
        assert (propose is Q.EN_RETARD) == constats.en_retard


def test_chaque_regle_de_la_table_sert() -> None:
    servies = {
        next(
            r for r in TABLE if r.convient(frozenset(n for n, v in zip(NOMS, vs, strict=True) if v))
        )
        for vs in product([False, True], repeat=len(NOMS))
    }

    assert servies == set(TABLE)


def un_entretien(arrivee: float = 0) -> Scene:
    return (
        Scene()
        .fait(arrivee, G.ENTREE, ASSURE)
        .fait(arrivee + 10, G.ENTREE, MEDECIN)
        .fait(arrivee + 20, G.ADMISSION, MEDECIN)
        .fait(arrivee + 25, G.MEDIA_ETABLI, ASSURE)
        .fait(arrivee + 25, G.MEDIA_ETABLI, MEDECIN)
    )


def test_un_entretien_mene_a_bien_est_present() -> None:
    assert proposition(un_entretien().fait(900, G.FIN, MEDECIN)) is Q.PRESENT


def test_une_arrivee_a_plus_de_cinq_minutes_est_en_retard() -> None:
    assert proposition(un_entretien(299).fait(900, G.FIN, MEDECIN)) is Q.PRESENT

    assert proposition(un_entretien(301).fait(900, G.FIN, MEDECIN)) is Q.EN_RETARD


def test_ce_qui_se_perd_une_fois_l_assure_sorti_de_lui_meme_n_est_pas_un_incident() -> None:
    """« Quitter »: l'autre page voit la liaison tomber, puis se ferme."""
    scene = un_entretien().fait(900, G.SORTIE, ASSURE)
    scene.fait(903, G.MEDIA_PERDU, MEDECIN, cause="disconnected").fait(905, G.PERTE, MEDECIN)

    assert proposition(scene.fait(1200, G.FIN, MEDECIN)) is Q.PRESENT
    assert presences(scene.faits).interruptions == 0


@pytest.mark.parametrize("perdu", [G.MEDIA_PERDU, G.PERTE])
def test_ce_qui_s_est_perdu_avant_que_l_assure_ne_sorte_reste_un_incident(perdu: G) -> None:
    scene = un_entretien().fait(300, perdu, MEDECIN).fait(400, G.SORTIE, ASSURE)

    assert proposition(scene.fait(900, G.FIN, MEDECIN)) in INCIDENTS
    assert presences(scene.faits).interruptions == 1


def test_qui_n_est_pas_venu_est_non_connecte() -> None:
    scene = Scene().fait(0, G.ENTREE, MEDECIN)

    assert proposition(scene, un_telecontrole()) is Q.NON_CONNECTE


def test_qui_a_essaye_d_entrer_sans_y_parvenir_a_un_incident_inconnu() -> None:
    scene = Scene().fait(-60, G.SECOND_FACTEUR_ECHOUE, ASSURE).fait(0, G.ENTREE, MEDECIN)

    assert proposition(scene, un_telecontrole()) is Q.INCIDENT_INCONNU


@pytest.mark.row("OP-13")
@pytest.mark.row("WR-05")
def test_un_assure_qui_attend_un_medecin_qui_ne_vient_pas_n_est_pas_absent() -> None:
    scene = Scene().fait(-300, G.ENTREE, ASSURE).fait(1500, G.SORTIE, ASSURE)
    attendu = un_telecontrole(Etat.EN_ATTENTE)

    assert proposition(scene, attendu) is Q.MEDECIN_ABSENT

    scene.fait(1600, G.ENTREE, MEDECIN)
    assert proposition(scene, attendu) is Q.MEDECIN_ABSENT


@pytest.mark.row("WR-05")
def test_une_console_ouverte_sans_personne_ne_fait_pas_porter_l_attente_a_l_assure() -> None:
    scene = Scene()
    scene.fait(0, G.ENTREE, ASSURE)
    scene.fait(0.1, G.ENTREE, MEDECIN)
    attendu = un_telecontrole(Etat.EN_ATTENTE)

    assert proposition(scene, attendu, minutes=10) is Q.PRESENT
    assert proposition(scene, attendu, minutes=20) is Q.MEDECIN_ABSENT


def test_le_premier_perdu_dit_de_quel_cote_est_l_incident() -> None:
    assure_d_abord = un_entretien().fait(100, G.PERTE, ASSURE).fait(150, G.PERTE, MEDECIN)
    medecin_d_abord = un_entretien().fait(100, G.PERTE, MEDECIN).fait(150, G.PERTE, ASSURE)

    assert proposition(assure_d_abord) is Q.INCIDENT_ASSURE
    assert proposition(medecin_d_abord) is Q.INCIDENT_CAISSE


def test_une_coupure_reparee_n_est_pas_un_incident() -> None:
    scene = un_entretien().fait(100, G.PERTE, ASSURE).fait(130, G.RETOUR, ASSURE)
    scene.fait(135, G.MEDIA_ETABLI, ASSURE).fait(900, G.FIN, MEDECIN)

    assert proposition(scene) is Q.PRESENT


def test_un_media_perdu_sans_cause_connue_profite_a_l_assure() -> None:
    scene = un_entretien().fait(100, G.MEDIA_PERDU, ASSURE, cause="failed")
    scene.fait(200, G.FIN, MEDECIN)

    assert proposition(scene) is Q.INCIDENT_INCONNU


def test_une_panne_du_serveur_est_a_la_caisse() -> None:
    scene = Scene().fait(-60, G.REDEMARRAGE_SERVEUR)

    assert proposition(scene, un_telecontrole()) is Q.INCIDENT_CAISSE


@pytest.mark.row("CO-18")
def test_un_refus_et_une_demande_de_presentiel_ne_sont_jamais_des_incidents() -> None:
    refuse, interrompu = un_telecontrole(), un_telecontrole(Etat.EN_COURS)
    refuse.refuser_visio(a(-60))
    interrompu.demander_presentiel(a(5))

    assert proposition(Scene(), refuse) is Q.REFUS
    assert proposition(un_entretien(), interrompu) is Q.INTERRUPTION_ASSURE
    assert not {Q.REFUS, Q.INTERRUPTION_ASSURE} & INCIDENTS
