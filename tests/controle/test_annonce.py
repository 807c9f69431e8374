"""L'annonce orale: exigee quand la conclusion change les droits d'un assure qui etait la."""

from datetime import date, time
from typing import Any

import pytest
from scenes import ASSURE, FENETRE, MEDECIN, G, Scene, a, un_telecontrole

from controle.annonce import Annonce, noter
from controle.conclusion import EXIGENCES, Conclusion
from controle.etats import Etat
from controle.intervalles import presences
from controle.issue import DemandeIssue, Issue, etablir
from controle.refus_issue import (
    AnnonceInutile,
    AnnonceManquante,
    HeureAnnonceFausse,
    HeureAnnonceManquante,
)

pytestmark = pytest.mark.row("OP-09")

RECU = (
    Scene()
    .fait(0, G.ENTREE, ASSURE)
    .fait(10, G.ENTREE, MEDECIN)
    .fait(330, G.ADMISSION, MEDECIN)
    .fait(900, G.FIN, MEDECIN)
)
ATTENDU = Scene().fait(0, G.ENTREE, ASSURE).fait(900, G.FIN, MEDECIN)


def signer(scene: Scene = RECU, **mots: Any) -> Issue:
    reprise = {"conclusion": "reprise_a_date", "date_effet": date(2026, 3, 12)} | mots
    return etablir(
        un_telecontrole(Etat.TERMINE),
        presences(scene.faits, a(40)),
        True,
        (),
        DemandeIssue(**({"qualification": "present"} | reprise)),
        "mc-1",
        a(40),
        FENETRE,
        faits=scene.faits,
    )


def test_une_reprise_ne_se_signe_pas_sans_dire_si_elle_a_ete_annoncee() -> None:
    with pytest.raises(AnnonceManquante):
        signer()

    assert signer(annonce=False).annonce == Annonce(faite=False, instant=None)


def test_une_annonce_a_une_heure_entre_l_admission_et_maintenant() -> None:
    with pytest.raises(HeureAnnonceManquante):
        signer(annonce=True)
    for heure in (time(10, 4), time(10, 41), time(9, 5)):
        with pytest.raises(HeureAnnonceFausse):
            signer(annonce=True, annonce_heure=heure)

    assert signer(annonce=True, annonce_heure=time(10, 5)).annonce == Annonce(
        faite=True, instant=a(5)
    )


def test_rien_n_est_a_annoncer_a_qui_n_a_pas_ete_recu() -> None:
    assert signer(ATTENDU).annonce is None

    with pytest.raises(AnnonceInutile):
        signer(ATTENDU, annonce=True, annonce_heure=time(10, 5))


def test_un_arret_justifie_n_a_pas_d_annonce_a_noter() -> None:
    justifie = {"conclusion": "arret_justifie", "date_effet": None}

    assert signer(**justifie).annonce is None
    with pytest.raises(AnnonceInutile):
        signer(**justifie, annonce=False)
    with pytest.raises(AnnonceInutile):
        noter(True, False, time(10, 5), a(5), a(40), "Europe/Paris")


def test_les_conclusions_qui_changent_les_droits_sont_celles_la() -> None:
    changent = {conclusion for conclusion, exigence in EXIGENCES.items() if exigence.annonce}

    assert changent == {
        Conclusion.REPRISE_A_DATE,
        Conclusion.REPRISE_TEMPS_PARTIEL_THERAPEUTIQUE,
        Conclusion.STABILISATION,
        Conclusion.GUERISON,
        Conclusion.CONSOLIDATION,
        Conclusion.DEFAVORABLE,
        Conclusion.REVISION_CATEGORIE,
    }


def test_l_annonce_est_dans_l_empreinte_et_son_absence_ne_change_pas_les_anciennes() -> None:
    oui, non = signer(annonce=True, annonce_heure=time(10, 6)), signer(annonce=False)

    assert oui.en_dict()["annonce_instant"] == "2026-03-10T09:06:00.000000Z"
    assert oui.empreinte() != non.empreinte()
    assert "annonce" not in signer(ATTENDU).en_dict()
