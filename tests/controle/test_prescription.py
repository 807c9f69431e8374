"""Quand le prescripteur doit etre informe, et de nouveau."""

from datetime import UTC, date, datetime

import pytest

from controle.conclusion import Conclusion
from controle.issue import Issue
from controle.prescription import Tache, a_informer, tache
from controle.qualification import Qualification

pytestmark = pytest.mark.row("OP-11")

REPRISE, JUSTIFIE = Conclusion.REPRISE_A_DATE, Conclusion.ARRET_JUSTIFIE
LUNDI, MARDI = date(2026, 12, 7), date(2026, 12, 8)


def issue(conclusion: Conclusion, effet: date | None = None) -> Issue:
    return Issue(
        version=1,
        qualification=Qualification.PRESENT,
        conclusion=conclusion,
        date_effet=effet,
        categorie=None,
        sequelles=None,
        motif_correction=None,
        signataire="mc-1",
        instant=datetime(2026, 12, 1, 10, tzinfo=UTC),
    )


def test_une_reprise_ou_une_consolidation_se_dit_au_prescripteur() -> None:
    dites = {conclusion for conclusion in Conclusion if a_informer(issue(conclusion))}

    assert dites == {
        Conclusion.REPRISE_A_DATE,
        Conclusion.REPRISE_TEMPS_PARTIEL_THERAPEUTIQUE,
        Conclusion.STABILISATION,
        Conclusion.GUERISON,
        Conclusion.CONSOLIDATION,
    }
    assert tache(None, issue(REPRISE, LUNDI), deja_faite=False) is Tache.OUVRIR
    assert tache(None, issue(JUSTIFIE), deja_faite=False) is Tache.LAISSER


def test_une_correction_qui_ne_change_pas_ce_qui_est_dit_ne_redemande_rien() -> None:
    for faite in (False, True):
        meme = tache(issue(REPRISE, LUNDI), issue(REPRISE, LUNDI), deja_faite=faite)
        assert meme is Tache.LAISSER


def test_une_autre_date_se_dit_de_nouveau() -> None:
    autre = tache(issue(REPRISE, LUNDI), issue(REPRISE, MARDI), deja_faite=True)

    assert autre is Tache.OUVRIR


def test_ce_qui_n_est_plus_vrai_se_dit_a_qui_l_avait_appris_et_s_oublie_sinon() -> None:
    avant, apres = issue(REPRISE, LUNDI), issue(JUSTIFIE)

    assert tache(avant, apres, deja_faite=True) is Tache.OUVRIR
    assert tache(avant, apres, deja_faite=False) is Tache.RETIRER


def test_une_fois_rectifie_rien_ne_se_redit() -> None:
    suite = tache(issue(JUSTIFIE), issue(Conclusion.EXAMEN_COMPLEMENTAIRE), deja_faite=True)

    assert suite is Tache.LAISSER
