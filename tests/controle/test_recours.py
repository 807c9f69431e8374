"""Ce que la decision de la caisse doit dire du recours."""

from itertools import product

import pytest

from controle.conclusion import Conclusion
from controle.qualification import Qualification
from controle.recours import Commission, Recours, recours

pytestmark = pytest.mark.row("OP-10")


def test_une_conclusion_qui_change_les_droits_va_a_la_commission_medicale_sous_deux_mois() -> None:
    for conclusion in (Conclusion.REPRISE_A_DATE, Conclusion.DEFAVORABLE, Conclusion.CONSOLIDATION):
        assert recours(Qualification.PRESENT, conclusion) == Recours(Commission.CMRA, 2)


def test_une_absence_injustifiee_va_a_la_commission_administrative() -> None:
    impossible = Conclusion.CONTROLE_IMPOSSIBLE

    assert recours(Qualification.ABSENCE_INJUSTIFIEE, impossible) == Recours(Commission.CRA, 2)


def test_un_arret_justifie_ou_un_incident_ne_se_contestent_pas() -> None:
    assert recours(Qualification.PRESENT, Conclusion.ARRET_JUSTIFIE) is None
    assert recours(Qualification.INCIDENT_CAISSE, Conclusion.CONTROLE_IMPOSSIBLE) is None


def test_tout_recours_dit_son_delai_et_son_texte() -> None:
    for qualification, conclusion in product(Qualification, Conclusion):
        found = recours(qualification, conclusion)
        assert found is None or (found.delai_mois, found.texte) == (2, "R. 142-1-A")
