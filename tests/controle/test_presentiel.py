"""Le rendez-vous en personne: demande d'abord, un seul a la fois, convoque comme l'autre."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import a, un_telecontrole
from zones import feries

from controle.calendrier import (
    ConvocationTardive,
    HorsHoraires,
    JourNonOuvre,
    Regles,
    instant_local,
)
from controle.etats import LIBELLES_ORIGINE, OriginePresentiel
from controle.presentiel import (
    LIBELLES_PRESENTIEL,
    EtatPresentiel,
    PresentielAVenir,
    PresentielDejaFixe,
    PresentielSansDemande,
    PresentielTermine,
    RendezVousPresentiel,
    fixer,
)
from controle.refus import Refus
from controle.telecontrole import Telecontrole

REGLES = Regles()
LUNDI = instant_local(date(2026, 3, 23), time(10), "Europe/Paris")
MARDI = LUNDI + timedelta(days=1)


def refuse() -> Telecontrole:
    controle = un_telecontrole()
    controle.refuser_visio(a(-60))
    return controle


def donner(
    *existants: RendezVousPresentiel,
    controle: Telecontrole | None = None,
    debut: datetime = LUNDI,
    fuseau: str | None = None,
) -> RendezVousPresentiel:
    return fixer(
        f"rdv-{len(existants) + 1}",
        controle or refuse(),
        existants,
        site="site-1",
        medecin_conseil="mc-1",
        debut=debut,
        maintenant=a(0),
        regles=REGLES,
        feries=feries,
        fuseau=fuseau,
    )


def test_chaque_etat_et_chaque_origine_a_un_libelle() -> None:
    assert set(LIBELLES_PRESENTIEL) == set(EtatPresentiel)

    assert set(LIBELLES_ORIGINE) == set(OriginePresentiel)


@pytest.mark.row("IP-01")
def test_une_demande_mene_a_un_rendez_vous_sur_un_site() -> None:
    rdv = donner()

    assert (rdv.telecontrole, rdv.site, rdv.medecin_conseil) == ("tc-1", "site-1", "mc-1")
    assert (rdv.etat, rdv.sequence, rdv.est_actif) == (EtatPresentiel.CONVOQUE, 0, True)


@pytest.mark.row("IP-01")
def test_sans_demande_il_n_y_a_pas_de_presentiel() -> None:
    with pytest.raises(PresentielSansDemande) as refus:
        donner(controle=un_telecontrole())

    assert refus.value.code == "presentiel_sans_demande"


@pytest.mark.row("IP-01")
def test_un_second_rendez_vous_n_est_pas_donne_tant_que_le_premier_tient() -> None:
    premier = donner()

    with pytest.raises(PresentielDejaFixe) as refus:
        donner(premier)
    assert refus.value.code == "presentiel_deja_fixe"

    premier.constater(LUNDI, honore=True)
    with pytest.raises(PresentielDejaFixe):
        donner(premier)


@pytest.mark.row("IP-01")
def test_annule_ou_manque_un_rendez_vous_peut_etre_redonne() -> None:
    annule, manque = donner(), donner()
    annule.annuler()
    annule.annuler()
    manque.constater(LUNDI, honore=False)

    for passe in (annule, manque):
        assert donner(passe, debut=MARDI).est_actif


@pytest.mark.row("CN-02")
@pytest.mark.parametrize(
    ("debut", "refus"),
    [
        (a(24 * 60), ConvocationTardive),
        (LUNDI - timedelta(days=1), JourNonOuvre),
        (LUNDI + timedelta(hours=10), HorsHoraires),
    ],
)
def test_le_presentiel_suit_le_meme_calendrier(debut: datetime, refus: type[Refus]) -> None:
    with pytest.raises(refus):
        donner(debut=debut)

    rdv = donner()
    with pytest.raises(refus):
        rdv.deplacer("rdv-2", debut, a(0), REGLES, feries)
    assert rdv.est_actif


def test_le_presentiel_est_a_l_heure_du_site() -> None:
    a_sept_heures_utc = datetime(2026, 3, 23, 7, tzinfo=UTC)  # 11 h a La Reunion

    assert donner(debut=a_sept_heures_utc, fuseau="Indian/Reunion").fuseau == "Indian/Reunion"

    with pytest.raises(HorsHoraires):
        donner(debut=a_sept_heures_utc, fuseau="America/Martinique")


def test_deplace_il_est_remplace_par_un_autre() -> None:
    rdv = donner()

    autre = rdv.deplacer("rdv-2", MARDI, a(0), REGLES, feries, site="site-2")

    assert (rdv.etat, rdv.est_actif, rdv.debut) == (EtatPresentiel.DEPLACE, False, LUNDI)
    assert (autre.id, autre.site, autre.debut) == ("rdv-2", "site-2", MARDI)
    assert (autre.sequence, autre.est_actif, autre.telecontrole) == (1, True, "tc-1")


def test_ce_qui_est_fini_ne_change_plus() -> None:
    annule, deplace, honore = donner(), donner(), donner()
    annule.annuler()
    deplace.deplacer("rdv-2", MARDI, a(0), REGLES, feries)
    honore.constater(LUNDI, honore=True)

    for rdv in (annule, deplace, honore):
        with pytest.raises(PresentielTermine):
            rdv.deplacer("rdv-3", MARDI, a(0), REGLES, feries)
        with pytest.raises(PresentielTermine):
            rdv.constater(LUNDI, honore=False)
    for rdv in (deplace, honore):
        with pytest.raises(PresentielTermine):
            rdv.annuler()


def test_on_ne_dit_pas_avant_l_heure_s_il_a_eu_lieu() -> None:
    rdv = donner()

    with pytest.raises(PresentielAVenir):
        rdv.constater(LUNDI - timedelta(seconds=1), honore=False)

    assert rdv.est_actif


def test_un_debut_de_presentiel_sans_fuseau_est_refuse() -> None:
    with pytest.raises(ValueError, match="fuseau"):
        RendezVousPresentiel("rdv-1", "tc-1", "site-1", "mc-1", LUNDI.replace(tzinfo=None))


@pytest.mark.row("IP-01")
@given(gestes=st.lists(st.sampled_from(["fixer", "annuler", "deplacer", "honorer", "manquer"])))
def test_quoi_qu_on_fasse_un_seul_rendez_vous_tient(gestes: list[str]) -> None:
    controle, tous = refuse(), list[RendezVousPresentiel]()

    for geste in gestes:
        dernier = tous[-1] if tous else None
        try:
            if geste == "fixer":
                tous.append(donner(*tous, controle=controle))
            elif dernier is not None and geste == "annuler":
                dernier.annuler()
            elif dernier is not None and geste == "deplacer":
                tous.append(dernier.deplacer(f"d-{len(tous)}", MARDI, a(0), REGLES, feries))
            elif dernier is not None:
                dernier.constater(MARDI, honore=geste == "honorer")
        except (PresentielDejaFixe, PresentielTermine):
            pass
        assert sum(rdv.est_actif for rdv in tous) <= 1
        assert sum(rdv.etat is EtatPresentiel.HONORE for rdv in tous) <= 1
