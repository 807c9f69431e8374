"""Le calendrier: J-2, la veille, les jours ouvres; partout, et les nuits de changement d'heure."""

from contextlib import nullcontext, suppress
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zones import FUSEAUX, aucun_ferie, feries

from controle.calendrier import (
    ConvocationTardive,
    DateImpossible,
    HeureInexistante,
    HorsHoraires,
    JourNonOuvre,
    Regles,
    dernier_instant_convocation,
    dire_date,
    est_ouvre,
    fenetre_rappel,
    instant_local,
    premiere_date_possible,
    verifier_date,
    verifier_heures,
)
from controle.refus import Refus

PARIS = "Europe/Paris"
REGLES = Regles()
STRICT = Regles(strict_48h=True)
DEMI_HEURE = timedelta(minutes=30)
UN_INSTANT = timedelta(microseconds=1)

instants = st.integers(0, 5 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
fuseaux = st.sampled_from(FUSEAUX)
regles = st.sampled_from([REGLES, STRICT, Regles(jours=7), Regles(jours=3, strict_48h=True)])
quarts = st.integers(8 * 4, 18 * 4 + 2).map(lambda n: time(n // 4, n % 4 * 15))
jours = st.dates(date(2026, 1, 5), date(2030, 12, 31))


def a_paris(texte: str) -> datetime:
    return datetime.fromisoformat(texte).replace(tzinfo=ZoneInfo(PARIS)).astimezone(UTC)


def verifier(debut: datetime, maintenant: datetime, regles: Regles = REGLES) -> None:
    verifier_date(debut, DEMI_HEURE, PARIS, maintenant, regles, feries)


# --- J-2 ----------------------------------------------------------------------------------------


@pytest.mark.row("CN-02")
def test_a_j_moins_2_a_23_h_59_on_peut_encore_convoquer() -> None:
    verifier(a_paris("2026-12-03T10:00"), a_paris("2026-12-01T23:59:59.999999"))


@pytest.mark.row("CN-02")
def test_a_j_moins_1_a_minuit_c_est_trop_tard_et_le_refus_dit_la_premiere_date() -> None:
    with pytest.raises(ConvocationTardive) as refus:
        verifier(a_paris("2026-12-03T10:00"), a_paris("2026-12-02T00:00"))

    assert refus.value.premiere_date == date(2026, 12, 4)
    assert (refus.value.code, refus.value.champ) == ("convocation_tardive", "start")
    assert refus.value.message == (
        "La convocation doit partir au plus tard deux jours avant : "
        "première date possible, le vendredi 4 décembre 2026."
    )


@pytest.mark.row("CN-02")
def test_une_date_passee_est_trop_tardive() -> None:
    with pytest.raises(ConvocationTardive) as refus:
        verifier(a_paris("2026-11-02T10:00"), a_paris("2026-12-04T12:00"))

    assert refus.value.premiere_date == date(2026, 12, 7)


@pytest.mark.row("CN-02")
@pytest.mark.parametrize(
    ("lundi", "maintenant", "heures"),
    [
        ("2026-03-30T10:00", "2026-03-28T10:00", 47),  # la nuit ou l'on perd une heure
        ("2026-10-26T10:00", "2026-10-24T10:00", 49),  # celle ou l'on en gagne une
    ],
)
def test_une_nuit_de_changement_d_heure_ne_change_pas_le_delai(
    lundi: str, maintenant: str, heures: int
) -> None:
    debut, depart = a_paris(lundi), a_paris(maintenant)
    samedi = depart.astimezone(ZoneInfo(PARIS)).date()

    verifier(debut, depart)
    limite = dernier_instant_convocation(debut, PARIS, REGLES)

    assert debut - depart == timedelta(hours=heures)
    assert limite == a_paris(f"{samedi + timedelta(days=1)}T00:00")


@pytest.mark.row("CN-02")
def test_en_mode_strict_il_faut_aussi_48_heures_reelles() -> None:
    jeudi = a_paris("2026-12-03T10:00")

    verifier(jeudi, a_paris("2026-12-01T09:59"), STRICT)
    with pytest.raises(ConvocationTardive) as refus:
        verifier(jeudi, a_paris("2026-12-01T10:00"), STRICT)

    assert refus.value.premiere_date == date(2026, 12, 4)
    assert "48 heures" in refus.value.message
    lundi = a_paris("2026-03-30T10:00")  # 47 heures apres le samedi a 10 h
    assert dernier_instant_convocation(lundi, PARIS, STRICT) == a_paris("2026-03-28T09:00")


@pytest.mark.row("CN-02")
def test_le_jour_est_celui_de_la_caisse_pas_celui_de_paris() -> None:
    jeudi = date(2026, 12, 3)
    matin = {fuseau: instant_local(jeudi, time(8), fuseau) for fuseau in FUSEAUX}

    limites = {f: dernier_instant_convocation(matin[f], f, REGLES) for f in FUSEAUX}

    assert limites["Indian/Reunion"] == datetime(2026, 12, 1, 20, tzinfo=UTC)
    assert limites["America/Guadeloupe"] == datetime(2026, 12, 2, 4, tzinfo=UTC)
    assert limites["Pacific/Tahiti"] == datetime(2026, 12, 2, 10, tzinfo=UTC)
    assert limites["Pacific/Noumea"] == datetime(2026, 12, 1, 13, tzinfo=UTC)


#: Les deux qui changent d'heure, au quart d'heure; les autres, a l'heure.
PAS = {fuseau: timedelta(hours=1) for fuseau in FUSEAUX} | {
    PARIS: timedelta(minutes=15),
    "America/Miquelon": timedelta(minutes=15),
}


@pytest.mark.row("CN-02")
@pytest.mark.parametrize("fuseau", FUSEAUX)
def test_de_2026_a_2030_chaque_heure_a_sa_limite_a_minuit(fuseau: str) -> None:
    zone, fautes = ZoneInfo(fuseau), []
    debut = datetime(2026, 1, 1, tzinfo=UTC)

    while debut.year < 2031:
        limite = dernier_instant_convocation(debut, fuseau, REGLES)
        jour = debut.astimezone(zone).date()
        avant = (limite - UN_INSTANT).astimezone(zone).date()
        if (jour - limite.astimezone(zone).date()).days != 1 or (jour - avant).days != 2:
            fautes.append(debut)
        debut += PAS[fuseau]

    assert fautes == []


@pytest.mark.row("CN-02")
@given(fuseau=fuseaux, debut=instants, recul=st.integers(0, 4 * 24 * 60), regles=regles)
def test_on_peut_convoquer_si_et_seulement_si_le_jour_j_moins_2_n_est_pas_fini(
    fuseau: str, debut: datetime, recul: int, regles: Regles
) -> None:
    zone = ZoneInfo(fuseau)
    maintenant = debut - timedelta(minutes=recul)
    jours_pleins = (debut.astimezone(zone).date() - maintenant.astimezone(zone).date()).days

    permis = maintenant < dernier_instant_convocation(debut, fuseau, regles)

    en_jours = jours_pleins >= regles.jours
    en_heures = not regles.strict_48h or recul > 48 * 60
    assert permis == (en_jours and en_heures)


@pytest.mark.row("CN-02")
@given(fuseau=fuseaux, maintenant=instants, regles=regles, heure=quarts)
def test_la_premiere_date_dite_est_acceptee_et_il_n_y_en_a_pas_d_avant(
    fuseau: str, maintenant: datetime, regles: Regles, heure: time
) -> None:
    premiere = premiere_date_possible(maintenant, fuseau, regles, feries, heure)
    debut = instant_local(premiere, heure, fuseau)

    verifier_date(debut, DEMI_HEURE, fuseau, maintenant, regles, feries)

    jour = premiere - timedelta(days=1)
    while jour >= maintenant.astimezone(ZoneInfo(fuseau)).date():
        with pytest.raises((ConvocationTardive, JourNonOuvre)):
            verifier_date(
                instant_local(jour, heure, fuseau), DEMI_HEURE, fuseau, maintenant, regles, feries
            )
        jour -= timedelta(days=1)


def test_un_calendrier_sans_aucun_jour_ouvre_est_une_erreur_pas_une_boucle() -> None:
    with pytest.raises(ValueError, match="aucun jour"):
        premiere_date_possible(a_paris("2026-12-01T10:00"), PARIS, REGLES, lambda jour: True)


@pytest.mark.row("CN-02")
def test_une_caisse_ne_peut_pas_baisser_le_plancher() -> None:
    with pytest.raises(ValueError, match="deux jours"):
        Regles(jours=1)

    for heures in ({"ouverture": time(19)}, {"rappel_de": time(20)}):
        with pytest.raises(ValueError, match="plage"):
            Regles(**heures)  # type: ignore[arg-type]


# --- le rappel ----------------------------------------------------------------------------------


@pytest.mark.row("CN-03")
@given(fuseau=fuseaux, debut=instants)
def test_le_rappel_part_la_veille_entre_8_h_et_19_h_a_la_caisse(
    fuseau: str, debut: datetime
) -> None:
    zone = ZoneInfo(fuseau)

    de, a = (borne.astimezone(zone) for borne in fenetre_rappel(debut, fuseau, REGLES))

    veille = debut.astimezone(zone).date() - timedelta(days=1)
    assert (de.date(), de.time()) == (veille, time(8))
    assert (a.date(), a.time()) == (veille, time(19))


@pytest.mark.row("CN-03")
@given(fuseau=fuseaux, debut=instants, regles=regles)
def test_le_rappel_vient_toujours_apres_la_fin_du_delai_de_convocation(
    fuseau: str, debut: datetime, regles: Regles
) -> None:
    de, a = fenetre_rappel(debut, fuseau, regles)

    assert dernier_instant_convocation(debut, fuseau, regles) <= de < a < debut


# --- les jours et les heures --------------------------------------------------------------------


@pytest.mark.row("CA-02")
@pytest.mark.parametrize(
    ("jour", "ouvre"),
    [
        ("2026-12-24", True),
        ("2026-12-25", False),
        ("2026-12-26", False),  # un samedi
        ("2026-12-27", False),
        ("2026-12-28", True),
    ],
)
def test_on_convoque_du_lundi_au_vendredi_hors_jours_feries(jour: str, ouvre: bool) -> None:
    assert est_ouvre(date.fromisoformat(jour), feries) is ouvre

    if not ouvre:
        with pytest.raises(JourNonOuvre):
            verifier(a_paris(f"{jour}T10:00"), a_paris("2026-12-01T10:00"))


@pytest.mark.row("CA-02")
@pytest.mark.parametrize(
    ("heure", "refuse"),
    [("07:59", True), ("08:00", False), ("18:30", False), ("18:31", True), ("23:45", True)],
)
def test_un_rendez_vous_tient_dans_les_heures_d_ouverture(heure: str, refuse: bool) -> None:
    debut = a_paris(f"2026-12-09T{heure}")

    with pytest.raises(HorsHoraires) if refuse else nullcontext():
        verifier_heures(debut, DEMI_HEURE, PARIS, REGLES, feries)


@pytest.mark.parametrize(
    ("jour", "heure", "fuseau"),
    [
        ("2026-03-29", "02:30", PARIS),  # sautee
        ("2026-10-25", "02:00", PARIS),  # double
        ("2026-10-25", "02:59", PARIS),
        ("2026-03-08", "02:30", "America/Miquelon"),
        ("2026-11-01", "01:30", "America/Miquelon"),
    ],
)
def test_une_heure_sautee_ou_double_est_refusee(jour: str, heure: str, fuseau: str) -> None:
    with pytest.raises(HeureInexistante) as refus:
        instant_local(date.fromisoformat(jour), time.fromisoformat(heure), fuseau)

    assert refus.value.code == "heure_inexistante"


@pytest.mark.parametrize("jour", [date.min, date(1999, 12, 31), date(2101, 1, 1), date.max])
def test_une_annee_invraisemblable_est_refusee(jour: date) -> None:
    with pytest.raises(DateImpossible) as refus:
        instant_local(jour, time(10), PARIS)

    assert (refus.value.code, refus.value.champ) == ("date_impossible", "start")


@given(jour=jours, heure=st.times().map(lambda h: h.replace(fold=0)), fuseau=fuseaux)
def test_une_heure_locale_acceptee_se_relit_telle_quelle(
    jour: date, heure: time, fuseau: str
) -> None:
    try:
        instant = instant_local(jour, heure, fuseau)
    except HeureInexistante:
        assert fuseau in {PARIS, "America/Miquelon"}
        assert jour.weekday() == 6
        return

    relu = instant.astimezone(ZoneInfo(fuseau))
    assert (relu.date(), relu.time()) == (jour, heure)
    assert instant.tzinfo is UTC


@pytest.mark.row("CA-02")
@given(fuseau=fuseaux, maintenant=instants, debut=instants, minutes=st.integers(10, 120))
def test_ce_qui_passe_est_un_jour_ouvre_aux_heures_ouvertes_et_a_temps(
    fuseau: str, maintenant: datetime, debut: datetime, minutes: int
) -> None:
    duree = timedelta(minutes=minutes)
    local = debut.astimezone(ZoneInfo(fuseau))
    fin = (debut + duree).astimezone(ZoneInfo(fuseau))

    with suppress(Refus):
        verifier_date(debut, duree, fuseau, maintenant, REGLES, aucun_ferie)
        assert local.weekday() < 5
        assert time(8) <= local.time() <= fin.time() <= time(19)
        assert local.date() == fin.date()


@pytest.mark.parametrize(
    ("jour", "texte"),
    [
        ("2026-12-01", "mardi 1er décembre 2026"),
        ("2027-02-28", "dimanche 28 février 2027"),
        ("2028-08-02", "mercredi 2 août 2028"),
    ],
)
def test_une_date_se_dit_en_francais(jour: str, texte: str) -> None:
    assert dire_date(date.fromisoformat(jour)) == texte


def test_les_noms_des_jours_et_des_mois_sont_tous_differents() -> None:
    dites = [dire_date(date(2026, 1, 1) + timedelta(days=n)) for n in range(365)]

    assert all(avant != apres for avant, apres in pairwise(dites))
    assert len({dite.split()[0] for dite in dites}) == 7
    assert len({dite.split()[2] for dite in dites}) == 12
