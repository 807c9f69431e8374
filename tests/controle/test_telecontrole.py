"""Un telecontrole: ses etats, sa porte, et l'unique demande de presentiel."""

from collections.abc import Callable
from datetime import datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from scenes import FENETRE, a, un_telecontrole

from controle.etats import AVANT_ENTREE, LIBELLES_ETAT
from controle.issue import Conclusion, Issue, Qualification, conclure
from controle.refus import Refus
from controle.suite import autre_date, suivre_en_visio
from controle.telecontrole import (
    LIBELLES_CONTEXTE,
    SUITES,
    Acces,
    Contexte,
    Etat,
    OriginePresentiel,
    PorteFermee,
    Telecontrole,
    TransitionImpossible,
)

VIVANTS = [Etat.CONVOQUE, Etat.ACCUSE, Etat.RAPPELE, Etat.EN_ATTENTE, Etat.EN_COURS]


def test_chaque_etat_et_chaque_contexte_a_un_libelle_et_une_suite() -> None:
    assert set(SUITES) == set(LIBELLES_ETAT) == set(Etat)

    assert set(LIBELLES_CONTEXTE) == set(Contexte)


def test_le_chemin_ordinaire_mene_du_brouillon_a_la_cloture() -> None:
    controle = un_telecontrole(Etat.BROUILLON)

    controle.convoquer()
    controle.accuser_reception()
    controle.rappeler()
    controle.entrer(a(-5))
    controle.admettre()
    controle.remettre_en_attente()
    controle.admettre()
    controle.terminer()
    controle.cloturer(a(30))

    assert controle.etat is Etat.CLOTURE
    assert controle.presentiel is None


@pytest.mark.row("JO-10")
@pytest.mark.parametrize(
    ("minutes", "attendu"),
    [
        (-15.01, Acces.TROP_TOT),
        (-15, Acces.OUVERT),
        (0, Acces.OUVERT),
        (30, Acces.OUVERT),
        (30.01, Acces.TROP_TARD),
    ],
)
def test_la_porte_ouvre_un_quart_d_heure_avant_et_ferme_une_demi_heure_apres(
    minutes: float, attendu: Acces
) -> None:
    for etat in AVANT_ENTREE:
        assert un_telecontrole(etat).acces(a(minutes), FENETRE) is attendu


@pytest.mark.row("JO-10")
@pytest.mark.parametrize(
    ("etat", "attendu"),
    [
        (Etat.REFUSE, Acces.REFUSE),
        (Etat.ANNULE_SERVICE, Acces.ANNULE),
        (Etat.REPORTE, Acces.REPORTE),
        (Etat.CONVERTI_PRESENTIEL, Acces.PRESENTIEL),
        (Etat.ABSENCE_JUSTIFIEE, Acces.PRESENTIEL),
        (Etat.TERMINE, Acces.TERMINE),
        (Etat.CLOTURE, Acces.TERMINE),
        (Etat.BROUILLON, Acces.TROP_TOT),
    ],
)
def test_chaque_fin_a_sa_porte_quelle_que_soit_l_heure(etat: Etat, attendu: Acces) -> None:
    for minutes in (-60, 0, 60):
        assert un_telecontrole(etat).acces(a(minutes), FENETRE) is attendu


def test_qui_attend_ou_est_admis_n_est_jamais_trop_tard() -> None:
    controle = un_telecontrole()
    controle.entrer(a(29))

    assert controle.acces(a(50), FENETRE) is Acces.OUVERT

    controle.admettre()
    assert controle.acces(a(90), FENETRE) is Acces.OUVERT


def test_on_n_entre_pas_par_une_porte_fermee() -> None:
    controle = un_telecontrole()

    with pytest.raises(PorteFermee) as refus:
        controle.entrer(a(-30))

    assert refus.value.acces is Acces.TROP_TOT
    assert controle.etat is Etat.RAPPELE


def test_admettre_qui_n_attend_pas_est_refuse() -> None:
    controle = un_telecontrole()

    with pytest.raises(TransitionImpossible) as refus:
        controle.admettre()

    assert refus.value.code == "transition_impossible"


@pytest.mark.row("IP-01")
@pytest.mark.parametrize("etat", [Etat.BROUILLON, *VIVANTS])
def test_refuser_deux_fois_ne_fait_qu_une_demande_de_presentiel(etat: Etat) -> None:
    controle = un_telecontrole(etat)

    premiere = controle.refuser_visio(a(0))
    seconde = controle.refuser_visio(a(1))

    assert premiere == seconde == controle.presentiel
    assert premiere.origine is OriginePresentiel.REFUS
    assert controle.etat is Etat.REFUSE


@pytest.mark.row("CO-18")
@pytest.mark.parametrize("etat", VIVANTS)
def test_l_assure_peut_demander_le_presentiel_avant_ou_pendant(etat: Etat) -> None:
    controle = un_telecontrole(etat)

    demande = controle.demander_presentiel(a(3))

    assert demande.origine is OriginePresentiel.DEMANDE_ASSURE
    assert demande.telecontrole == controle.id
    assert controle.etat is Etat.CONVERTI_PRESENTIEL


@pytest.mark.row("CO-18")
def test_apres_la_fin_il_est_trop_tard_pour_refuser_ou_demander() -> None:
    controle = un_telecontrole(Etat.TERMINE)

    for geste in (controle.refuser_visio, controle.demander_presentiel):
        with pytest.raises(TransitionImpossible):
            geste(a(40))

    assert controle.presentiel is None


@pytest.mark.row("IP-01")
def test_un_examen_clinique_necessaire_laisse_l_entretien_continuer() -> None:
    controle = un_telecontrole(Etat.EN_COURS)

    demande = controle.constater_examen_clinique(a(5))
    assert controle.etat is Etat.EN_COURS
    assert controle.acces(a(45), FENETRE) is Acces.OUVERT

    controle.terminer()
    assert controle.etat is Etat.CONVERTI_PRESENTIEL
    assert controle.demander_presentiel(a(6)) == demande


@pytest.mark.row("IP-01")
def test_un_doute_sur_l_identite_mene_au_presentiel() -> None:
    controle = un_telecontrole(Etat.EN_COURS)

    demande = controle.identite_non_confirmee(a(2))

    assert controle.etat is Etat.IDENTITE_NON_CONFIRMEE
    assert demande.origine is OriginePresentiel.IDENTITE


@pytest.mark.row("IP-01")
@pytest.mark.parametrize("vers", [Etat.CONVERTI_PRESENTIEL, Etat.INCIDENT_TECHNIQUE])
def test_une_sortie_dont_personne_n_a_dit_l_origine_a_quand_meme_sa_demande(vers: Etat) -> None:
    controle = un_telecontrole(Etat.TERMINE)

    controle.cloturer(a(30), vers)

    assert controle.etat is vers
    assert controle.presentiel is not None


def test_un_debut_sans_fuseau_est_refuse() -> None:
    with pytest.raises(ValueError, match="fuseau"):
        un_telecontrole(debut=a(0).replace(tzinfo=None))


def _conclure(qualification: Qualification) -> Callable[[Telecontrole, datetime], None]:
    """Une issue est signee: ce que controle.issue en fait, sans ce qu'elle verifie."""

    def geste(controle: Telecontrole, instant: datetime) -> None:
        impossible = Conclusion.CONTROLE_IMPOSSIBLE
        conclure(
            controle,
            Issue(1, qualification, impossible, None, None, None, None, "mc-1", instant),
        )

    return geste


GESTES: dict[str, Callable[[Telecontrole, datetime], object]] = {
    "convoquer": lambda c, t: c.convoquer(),
    "accuser": lambda c, t: c.accuser_reception(),
    "rappeler": lambda c, t: c.rappeler(),
    "entrer": lambda c, t: c.entrer(t),
    "admettre": lambda c, t: c.admettre(),
    "renvoyer": lambda c, t: c.remettre_en_attente(),
    "terminer": lambda c, t: c.terminer(),
    "refuser": lambda c, t: c.refuser_visio(t),
    "demander": lambda c, t: c.demander_presentiel(t),
    "examiner": lambda c, t: c.constater_examen_clinique(t),
    "douter": lambda c, t: c.identite_non_confirmee(t),
    "annuler": lambda c, t: c.annuler(),
    "cloturer": lambda c, t: c.cloturer(t),
    "justifier": lambda c, t: c.justifier_absence(t),
    "excuser": lambda c, t: c.constater_medecin_absent(t),
    "deplacer": lambda c, t: autre_date(c, "tc-2", t),
    "suivre": lambda c, t: suivre_en_visio(c, "tc-2", t, incidents_de_la_serie=1, accord=True),
} | {f"signer {qualification}": _conclure(qualification) for qualification in Qualification}

#: Ces sorties menent en personne, toujours.
EN_PERSONNE = {
    Etat.REFUSE,
    Etat.CONVERTI_PRESENTIEL,
    Etat.IDENTITE_NON_CONFIRMEE,
    Etat.ABSENCE_JUSTIFIEE,
}


class UnTelecontrole(RuleBasedStateMachine):
    """Tous les gestes, dans n'importe quel ordre: exactement une suite a chaque sortie."""

    def __init__(self) -> None:
        super().__init__()
        self.controle = un_telecontrole(Etat.BROUILLON)

    @rule(nom=st.sampled_from(sorted(GESTES)), minutes=st.integers(-20, 90))
    def faire(self, nom: str, minutes: int) -> None:
        controle = self.controle
        avant, demande, suivi = controle.etat, controle.presentiel, controle.suivi_par
        try:
            GESTES[nom](controle, a(minutes))
        except Refus:
            assert controle.etat is avant
            assert controle.presentiel == demande
            assert controle.suivi_par == suivi
        assert controle.etat is avant or controle.etat in SUITES[avant]
        remplacee = nom == "suivre" and controle.suivi_par is not None
        assert demande is None or remplacee or controle.presentiel is demande
        assert suivi in {None, controle.suivi_par}

    @invariant()
    def une_sortie_en_personne_n_est_jamais_sans_demande(self) -> None:
        if self.controle.etat in EN_PERSONNE:
            assert self.controle.presentiel is not None

    @invariant()
    def un_incident_a_exactement_une_suite(self) -> None:
        if self.controle.etat is Etat.INCIDENT_TECHNIQUE:
            assert (self.controle.presentiel is None) != (self.controle.suivi_par is None)

    @invariant()
    def il_n_y_a_jamais_deux_suites(self) -> None:
        assert self.controle.presentiel is None or self.controle.suivi_par is None

    @invariant()
    def un_medecin_absent_n_est_pas_oppose_a_l_assure(self) -> None:
        if self.controle.suivi_par is not None:
            assert self.controle.etat in {Etat.REPORTE, Etat.INCIDENT_TECHNIQUE}


UnTelecontrole.TestCase.settings = settings(max_examples=200, stateful_step_count=25)


@pytest.mark.row("IP-01")
class TestUnTelecontrole(UnTelecontrole.TestCase):  # type: ignore[misc]
    """Quoi qu'on fasse, les suites sont permises et la demande est unique."""
