"""L'agenda: jamais deux rendez-vous a la fois, jamais hors des heures du medecin-conseil."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zones import FUSEAUX, feries

from controle.agenda import (
    CreneauPris,
    Disponibilite,
    MedecinIndisponible,
    Plage,
    creneaux_libres,
    verifier_creneau,
)
from controle.calendrier import Regles, instant_local, verifier_date, verifier_heures

pytestmark = pytest.mark.row("CA-02")

PARIS = "Europe/Paris"
REGLES = Regles()
DEMI_HEURE = timedelta(minutes=30)
LUNDI = date(2026, 12, 7)
AVANT = datetime(2026, 12, 1, 9, tzinfo=UTC)


def plage(de: str, a: str, jour: date = LUNDI, fuseau: str = PARIS) -> Plage:
    debut, fin = (instant_local(jour, time.fromisoformat(heure), fuseau) for heure in (de, a))
    return Plage(debut, fin)


def heures(plages: list[Plage], fuseau: str = PARIS) -> list[str]:
    return [f"{p.debut.astimezone(ZoneInfo(fuseau)):%H:%M}" for p in plages]


def libres(
    disponibilites: tuple[Disponibilite, ...] = (),
    occupes: tuple[Plage, ...] = (),
    absences: tuple[Plage, ...] = (),
    maintenant: datetime = AVANT,
    jours: int = 1,
    delai: bool = True,
    limite: int = 50,
) -> list[Plage]:
    return creneaux_libres(
        LUNDI, jours, DEMI_HEURE, PARIS, REGLES, feries, disponibilites, occupes, absences,
        maintenant, delai, limite,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("de", "a", "chevauche"),
    [
        ("09:00", "09:30", False),
        ("09:00", "10:00", False),
        ("09:45", "10:15", True),
        ("10:00", "10:30", True),
        ("10:10", "10:20", True),
        ("09:00", "12:00", True),
        ("10:30", "11:00", False),
    ],
)
def test_deux_rendez_vous_qui_se_suivent_ne_se_chevauchent_pas(
    de: str, a: str, chevauche: bool
) -> None:
    dix_heures, autre = plage("10:00", "10:30"), plage(de, a)

    assert dix_heures.chevauche(autre) is autre.chevauche(dix_heures) is chevauche


def test_une_plage_vide_ou_sans_fuseau_n_existe_pas() -> None:
    with pytest.raises(ValueError, match="finit"):
        Plage(AVANT, AVANT)

    with pytest.raises(ValueError, match="fuseau"):
        Plage(AVANT.replace(tzinfo=None), AVANT)


@pytest.mark.parametrize(("jour", "de", "a"), [(7, 9, 10), (-1, 9, 10), (0, 10, 10), (0, 11, 9)])
def test_une_disponibilite_impossible_est_refusee(jour: int, de: int, a: int) -> None:
    with pytest.raises(ValueError, match="disponibilite"):
        Disponibilite(jour, time(de), time(a))


def test_un_creneau_deja_pris_est_refuse() -> None:
    with pytest.raises(CreneauPris) as refus:
        verifier_creneau(plage("10:00", "10:30"), [plage("10:15", "10:45")], [], [], PARIS)

    assert (refus.value.code, refus.value.champ) == ("creneau_pris", "start")


def test_un_medecin_absent_n_est_pas_disponible() -> None:
    with pytest.raises(MedecinIndisponible) as refus:
        verifier_creneau(plage("10:00", "10:30"), [], [plage("08:00", "12:00")], [], PARIS)

    assert refus.value.code == "medecin_indisponible"


def test_hors_de_ses_disponibilites_un_medecin_ne_recoit_pas() -> None:
    siennes = [Disponibilite(0, time(9), time(12)), Disponibilite(0, time(12), time(14))]

    verifier_creneau(plage("09:00", "09:30"), [], [], siennes, PARIS)
    verifier_creneau(plage("11:45", "12:15"), [], [], siennes, PARIS)
    for hors in (plage("08:45", "09:15"), plage("13:45", "14:15")):
        with pytest.raises(MedecinIndisponible):
            verifier_creneau(hors, [], [], siennes, PARIS)


def test_les_disponibilites_sont_a_l_heure_et_au_jour_de_la_caisse() -> None:
    mardi_matin = [Disponibilite(1, time(8), time(12))]
    noumea = plage("08:00", "08:30", date(2026, 12, 8), "Pacific/Noumea")  # lundi 21 h en UTC

    verifier_creneau(noumea, [], [], mardi_matin, "Pacific/Noumea")

    with pytest.raises(MedecinIndisponible):
        verifier_creneau(noumea, [], [], mardi_matin, PARIS)


def test_sans_disponibilites_les_heures_ouvertes_sont_libres() -> None:
    assert heures(libres()) == [f"{h:02}:{m:02}" for h in range(8, 19) for m in (0, 30)]


def test_ce_qui_est_pris_ou_absent_n_est_pas_propose() -> None:
    matin = (Disponibilite(0, time(9), time(11, 30)),)

    proposes = libres(matin, (plage("09:10", "09:40"),), (plage("11:00", "18:00"),))

    assert heures(proposes) == ["10:00", "10:30"]


def test_une_disponibilite_plus_large_que_l_ouverture_s_y_arrete() -> None:
    proposes = libres((Disponibilite(0, time(6), time(9)), Disponibilite(0, time(20), time(22))))

    assert heures(proposes) == ["08:00", "08:30"]


@pytest.mark.row("CN-02")
def test_seuls_les_creneaux_que_l_on_peut_encore_convoquer_sont_proposes() -> None:
    dimanche = instant_local(LUNDI - timedelta(days=1), time(10), PARIS)

    assert libres(maintenant=dimanche, jours=2)[0].debut == instant_local(
        LUNDI + timedelta(days=1), time(8), PARIS
    )
    assert len(libres(maintenant=dimanche, jours=1)) == 0
    assert len(libres(maintenant=dimanche, jours=1, delai=False)) == 22


def test_sans_delai_le_passe_n_est_pas_propose() -> None:
    midi = instant_local(LUNDI, time(12), PARIS)

    assert heures(libres(maintenant=midi, delai=False))[0] == "12:30"


def test_on_ne_propose_ni_week_end_ni_ferie_ni_plus_que_demande() -> None:
    noel = creneaux_libres(
        date(2026, 12, 24), 5, DEMI_HEURE, PARIS, REGLES, feries, (), (), (), AVANT
    )

    assert {p.debut.date() for p in noel} == {date(2026, 12, 24), date(2026, 12, 28)}
    assert len(libres(jours=30, limite=7)) == 7
    assert libres(jours=30, limite=0) == []


def test_un_rendez_vous_sans_duree_est_une_erreur() -> None:
    with pytest.raises(ValueError, match="dure"):
        creneaux_libres(LUNDI, 1, timedelta(0), PARIS, REGLES, feries, (), (), (), AVANT)


plages = st.lists(
    st.tuples(st.integers(0, 4 * 24 * 12), st.integers(1, 40)).map(
        lambda t: Plage(
            AVANT + timedelta(days=2, minutes=5 * t[0]),
            AVANT + timedelta(days=2, minutes=5 * (t[0] + t[1])),
        )
    ),
    max_size=8,
)
disponibilites = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 22), st.integers(1, 8)).map(
        lambda t: Disponibilite(t[0], time(t[1]), time(min(t[1] + t[2], 23)))
    ),
    max_size=6,
)


@given(
    fuseau=st.sampled_from(FUSEAUX),
    minutes=st.sampled_from([20, 30, 45]),
    siennes=disponibilites,
    occupes=plages,
    absences=plages,
    recul=st.integers(0, 96),
)
def test_chaque_creneau_propose_est_accepte_et_aucun_n_en_chevauche_un_autre(
    fuseau: str,
    minutes: int,
    siennes: list[Disponibilite],
    occupes: list[Plage],
    absences: list[Plage],
    recul: int,
) -> None:
    duree, maintenant = timedelta(minutes=minutes), AVANT + timedelta(hours=recul)

    proposes = creneaux_libres(
        date(2026, 12, 2), 6, duree, fuseau, REGLES, feries, siennes, occupes, absences, maintenant
    )

    for propose in proposes:
        verifier_creneau(propose, occupes, absences, siennes, fuseau)
        verifier_date(propose.debut, duree, fuseau, maintenant, REGLES, feries)
        verifier_heures(propose.debut, duree, fuseau, REGLES, feries)
    assert all(avant.fin <= apres.debut for avant, apres in pairwise(proposes))
