"""Justifier une absence: avant ou apres, dans une liste; une personne decide, et rien d'autre."""

from datetime import timedelta

import pytest
from scenes import a, un_telecontrole

from controle.etats import AVANT_ENTREE
from controle.justification import (
    JUSTIFIABLES,
    LIBELLES_JUSTIFICATION,
    LIBELLES_MOTIF,
    LIBELLES_MOTIF_AGENT,
    MOTIFS_MEDICAUX,
    DecideurManquant,
    DejaDecide,
    EtatJustification,
    Justification,
    JustificationImpossible,
    MotifAbsence,
    ReserveAuServiceMedical,
    deposer,
    peut_justifier,
)
from controle.presence import SERVICE
from controle.telecontrole import Etat, OriginePresentiel, TransitionImpossible

pytestmark = pytest.mark.row("CN-14")


def une_justification(motif: MotifAbsence = MotifAbsence.TRANSPORT) -> Justification:
    return deposer("j-1", un_telecontrole(), motif, a(-60), piece=True)


def test_chaque_motif_et_chaque_etat_a_ses_libelles() -> None:
    assert set(LIBELLES_MOTIF) == set(LIBELLES_MOTIF_AGENT) == set(MotifAbsence)

    assert set(LIBELLES_JUSTIFICATION) == set(EtatJustification)


@pytest.mark.row("CA-03")
def test_l_agent_ne_lit_rien_d_un_motif_medical() -> None:
    for motif in MOTIFS_MEDICAUX:
        assert LIBELLES_MOTIF_AGENT[motif] == "Motif relevant du service médical"

    mots = ("sant", "malad", "hôpital", "hospital", "soin", "accident")
    assert not any(mot in dit.lower() for dit in LIBELLES_MOTIF_AGENT.values() for mot in mots)


def test_une_justification_deposee_attend_une_personne() -> None:
    justification = une_justification()

    assert justification.est_en_attente
    assert (justification.depose, justification.piece) == (a(-60), True)
    assert (justification.decide, justification.decide_par) == (None, None)


@pytest.mark.parametrize("minutes", [-3 * 24 * 60, 0, 3 * 24 * 60])
@pytest.mark.parametrize("etat", sorted(JUSTIFIABLES))
def test_on_justifie_avant_comme_apres_l_heure(etat: Etat, minutes: int) -> None:
    assert peut_justifier(un_telecontrole(etat), a(minutes))


@pytest.mark.parametrize("etat", sorted(set(Etat) - JUSTIFIABLES))
def test_on_ne_justifie_pas_ce_qui_a_fini_autrement(etat: Etat) -> None:
    with pytest.raises(JustificationImpossible) as refus:
        deposer("j-1", un_telecontrole(etat), MotifAbsence.AUTRE, a(30))

    assert refus.value.code == "justification_impossible"


def test_une_caisse_peut_donner_un_delai() -> None:
    controle, delai = un_telecontrole(Etat.NON_CONNECTE), timedelta(days=10)

    assert peut_justifier(controle, a(0) + delai, delai)
    assert not peut_justifier(controle, a(1) + delai, delai)


def test_une_personne_accepte_ou_refuse_une_seule_fois() -> None:
    acceptee, refusee = une_justification(), une_justification()

    acceptee.accepter("agent-1", a(5))
    refusee.refuser("agent-1", a(6))

    assert (acceptee.etat, acceptee.decide, acceptee.decide_par) == (
        EtatJustification.ACCEPTEE,
        a(5),
        "agent-1",
    )
    for decision in (acceptee.accepter, acceptee.refuser, refusee.accepter, refusee.refuser):
        with pytest.raises(DejaDecide) as refus:
            decision("agent-2", a(7))
        assert refus.value.code == "deja_decide"
    assert (refusee.etat, refusee.decide_par) == (EtatJustification.REFUSEE, "agent-1")


@pytest.mark.parametrize("par", ["", "  ", SERVICE])
def test_une_machine_n_en_decide_jamais(par: str) -> None:
    justification = une_justification()

    for decision in (justification.accepter, justification.refuser):
        with pytest.raises(DecideurManquant):
            decision(par, a(5))

    assert justification.est_en_attente


@pytest.mark.row("CA-03")
@pytest.mark.parametrize("motif", sorted(MOTIFS_MEDICAUX))
def test_un_motif_medical_ne_se_decide_qu_au_service_medical(motif: MotifAbsence) -> None:
    justification = une_justification(motif)

    with pytest.raises(ReserveAuServiceMedical):
        justification.accepter("agent-1", a(5))
    assert justification.est_en_attente

    justification.accepter("mc-1", a(6), service_medical=True)
    assert justification.etat is EtatJustification.ACCEPTEE


@pytest.mark.row("IP-01")
@pytest.mark.parametrize("etat", sorted(JUSTIFIABLES))
def test_acceptee_elle_mene_a_un_presentiel_et_un_seul(etat: Etat) -> None:
    controle = un_telecontrole(etat)

    premiere = controle.justifier_absence(a(5))
    seconde = controle.justifier_absence(a(6))

    assert controle.etat is Etat.ABSENCE_JUSTIFIEE
    assert premiere is seconde is controle.presentiel
    assert premiere.origine is OriginePresentiel.ABSENCE_JUSTIFIEE


@pytest.mark.row("IP-01")
def test_apres_un_refus_de_la_visio_le_presentiel_deja_demande_reste_le_seul() -> None:
    controle = un_telecontrole()
    demande = controle.refuser_visio(a(-60))

    assert controle.justifier_absence(a(-30)) is demande
    assert controle.etat is Etat.REFUSE


@pytest.mark.parametrize("etat", [Etat.BROUILLON, Etat.EN_COURS, Etat.TERMINE, Etat.CLOTURE])
def test_on_ne_justifie_pas_l_absence_de_qui_est_venu(etat: Etat) -> None:
    controle = un_telecontrole(etat)

    with pytest.raises(TransitionImpossible):
        controle.justifier_absence(a(30))

    assert controle.presentiel is None


def test_refusee_elle_ne_change_rien_au_telecontrole() -> None:
    controle = un_telecontrole(Etat.NON_CONNECTE)
    justification = deposer("j-1", controle, MotifAbsence.AUTRE, a(60))

    justification.refuser("agent-1", a(90))

    assert controle == un_telecontrole(Etat.NON_CONNECTE)
    assert AVANT_ENTREE < JUSTIFIABLES
