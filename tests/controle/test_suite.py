"""La suite d'un telecontrole: une autre date, une seule, dans la meme serie; jamais sans fin."""

from datetime import timedelta
from typing import Any

import pytest
from scenes import a, un_telecontrole

from controle.etats import AVANT_ENTREE
from controle.presentiel import (
    PresentielDejaFixe,
    origine_par_defaut_apres_incidents,
    suite_d_incident,
)
from controle.suite import (
    AccordManquant,
    IncidentsTropNombreux,
    PresentielAttendu,
    autre_date,
    suivre_en_visio,
)
from controle.telecontrole import (
    Etat,
    OriginePresentiel,
    SuiteDejaDonnee,
    Telecontrole,
    TransitionImpossible,
)

DEMAIN = a(7 * 24 * 60)


def en_incident() -> Telecontrole:
    """Un incident a ete conclu: le presentiel est demande, a moins d'un accord."""
    controle = un_telecontrole(Etat.TERMINE, besoins=("lsf",))
    controle.cloturer(a(30), Etat.INCIDENT_TECHNIQUE, OriginePresentiel.INCIDENT_TECHNIQUE)
    return controle


def suivre(controle: Telecontrole, incidents: int = 1, **autres: Any) -> Telecontrole:
    options = {"accord": True} | autres
    return suivre_en_visio(controle, "tc-2", DEMAIN, incidents_de_la_serie=incidents, **options)


# --- une autre date -----------------------------------------------------------------------------


@pytest.mark.parametrize("etat", [Etat.BROUILLON, *sorted(AVANT_ENTREE), Etat.EN_ATTENTE])
def test_une_autre_date_est_un_autre_telecontrole_de_la_meme_serie(etat: Etat) -> None:
    controle = un_telecontrole(etat, besoins=("lsf",), duree=timedelta(minutes=45), code="ABCD")

    suivant = autre_date(controle, "tc-2", DEMAIN)

    assert (controle.etat, controle.suivi_par) == (Etat.REPORTE, "tc-2")
    assert (suivant.id, suivant.debut, suivant.etat) == ("tc-2", DEMAIN, Etat.BROUILLON)
    assert (suivant.serie, suivant.sequence, suivant.suite_de) == ("tc-1", 1, "tc-1")
    assert (suivant.besoins, suivant.duree) == (controle.besoins, controle.duree)
    assert (suivant.medecin_conseil, suivant.code, suivant.suivi_par) == ("mc-1", "", None)


def test_une_serie_garde_son_premier_rendez_vous() -> None:
    premier = un_telecontrole()
    second = autre_date(premier, "tc-2", DEMAIN, medecin_conseil="mc-2")

    troisieme = autre_date(second, "tc-3", DEMAIN + timedelta(days=7))

    assert (troisieme.serie, troisieme.suite_de, troisieme.sequence) == ("tc-1", "tc-2", 2)
    assert troisieme.medecin_conseil == "mc-2"
    assert premier.presentiel is second.presentiel is troisieme.presentiel is None


def test_un_rendez_vous_n_a_pas_deux_suites() -> None:
    controle = un_telecontrole()
    autre_date(controle, "tc-2", DEMAIN)

    with pytest.raises(SuiteDejaDonnee) as refus:
        autre_date(controle, "tc-3", DEMAIN)

    assert (refus.value.code, controle.suivi_par) == ("suite_deja_donnee", "tc-2")


@pytest.mark.parametrize("etat", [Etat.CLOTURE, Etat.ANNULE_SERVICE, Etat.EN_COURS])
def test_ce_qui_est_fini_n_est_pas_reporte(etat: Etat) -> None:
    controle = un_telecontrole(etat)

    with pytest.raises(TransitionImpossible):
        autre_date(controle, "tc-2", DEMAIN)

    assert (controle.etat, controle.suivi_par) == (etat, None)


@pytest.mark.row("IP-01")
def test_qui_est_attendu_en_personne_ne_recoit_pas_aussi_une_autre_visio() -> None:
    controle = un_telecontrole(Etat.EN_ATTENTE)
    controle.constater_examen_clinique(a(5))

    with pytest.raises(PresentielAttendu):
        autre_date(controle, "tc-2", DEMAIN)

    assert controle.suivi_par is None


# --- le service absent --------------------------------------------------------------------------


@pytest.mark.row("OP-13")
@pytest.mark.parametrize("etat", [*sorted(AVANT_ENTREE), Etat.EN_ATTENTE])
def test_un_medecin_absent_donne_une_autre_date_et_rien_contre_l_assure(etat: Etat) -> None:
    controle = un_telecontrole(etat)

    controle.constater_medecin_absent(a(30))
    controle.constater_medecin_absent(a(31))
    suivant = autre_date(controle, "tc-2", DEMAIN)

    assert (controle.etat, controle.presentiel) == (Etat.REPORTE, None)
    assert suivant.suite_de == controle.id


@pytest.mark.row("OP-13")
def test_avant_l_heure_le_medecin_n_est_pas_encore_absent() -> None:
    controle = un_telecontrole(Etat.EN_ATTENTE)

    with pytest.raises(TransitionImpossible):
        controle.constater_medecin_absent(a(-1))

    assert controle.etat is Etat.EN_ATTENTE


@pytest.mark.row("OP-13")
@pytest.mark.parametrize("etat", sorted(set(Etat) - AVANT_ENTREE - {Etat.EN_ATTENTE, Etat.REPORTE}))
def test_un_medecin_n_est_pas_absent_d_un_entretien_commence_ou_fini(etat: Etat) -> None:
    with pytest.raises(TransitionImpossible):
        un_telecontrole(etat).constater_medecin_absent(a(30))


# --- l'incident technique -----------------------------------------------------------------------


@pytest.mark.row("IP-05")
@pytest.mark.parametrize(
    ("incidents", "accord", "suite"),
    [
        (1, True, "visio"),
        (1, False, "presentiel"),
        (2, True, "presentiel"),
        (2, False, "presentiel"),
        (9, True, "presentiel"),
    ],
)
def test_apres_deux_incidents_d_une_serie_la_suite_est_en_personne(
    incidents: int, accord: bool, suite: str
) -> None:
    assert suite_d_incident(incidents, accord) == suite

    assert origine_par_defaut_apres_incidents(incidents) == (
        "visio" if incidents < 2 else "presentiel"
    )


@pytest.mark.row("IP-05")
@pytest.mark.row("IP-01")
def test_avec_l_accord_de_l_assure_une_visio_prend_la_place_du_presentiel() -> None:
    controle = en_incident()

    suivant = suivre(controle)

    assert (controle.etat, controle.presentiel) == (Etat.INCIDENT_TECHNIQUE, None)
    assert (controle.suivi_par, suivant.suite_de) == ("tc-2", "tc-1")
    assert suivant.besoins == ("lsf",)


@pytest.mark.row("IP-05")
@pytest.mark.parametrize(
    ("autres", "refus"),
    [
        ({"accord": False}, AccordManquant),
        ({"incidents": 2}, IncidentsTropNombreux),
        ({"presentiel_fixe": True}, PresentielDejaFixe),
    ],
)
def test_sans_accord_ou_apres_deux_incidents_le_presentiel_reste_demande(
    autres: dict[str, Any], refus: type[Exception]
) -> None:
    controle = en_incident()

    with pytest.raises(refus):
        suivre(controle, **autres)

    assert controle.presentiel is not None
    assert controle.suivi_par is None


@pytest.mark.row("IP-01")
def test_un_presentiel_demande_pour_une_autre_raison_n_est_pas_remplace() -> None:
    controle = un_telecontrole(Etat.EN_COURS)
    controle.constater_examen_clinique(a(5))
    controle.remettre_en_attente()
    controle.cloturer(a(30), Etat.INCIDENT_TECHNIQUE, OriginePresentiel.INCIDENT_TECHNIQUE)

    with pytest.raises(PresentielAttendu):
        suivre(controle)

    assert controle.presentiel is not None
    assert controle.presentiel.origine is OriginePresentiel.EXAMEN_CLINIQUE


@pytest.mark.row("IP-01")
def test_corriger_l_issue_d_un_incident_suivi_en_visio_ne_lui_donne_pas_une_seconde_suite() -> None:
    controle = en_incident()
    suivre(controle)

    controle.cloturer(a(60), Etat.INCIDENT_TECHNIQUE, OriginePresentiel.INCIDENT_TECHNIQUE)
    assert controle.presentiel is None

    with pytest.raises(SuiteDejaDonnee):
        controle.cloturer(a(60), Etat.CONVERTI_PRESENTIEL, OriginePresentiel.EXAMEN_CLINIQUE)
    with pytest.raises(SuiteDejaDonnee):
        suivre(controle)
    assert (controle.etat, controle.presentiel) == (Etat.INCIDENT_TECHNIQUE, None)


@pytest.mark.row("IP-05")
def test_seul_un_incident_se_suit_en_visio() -> None:
    for etat in set(Etat) - {Etat.INCIDENT_TECHNIQUE}:
        with pytest.raises(TransitionImpossible):
            suivre(un_telecontrole(etat))
