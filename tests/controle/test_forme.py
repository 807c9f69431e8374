"""La lecture stricte: un instant et des secondes n'ont qu'une ecriture, la seule qui se lise."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controle.forme import (
    FormeIllisible,
    ecrire_instant,
    ecrire_secondes,
    lire_instant,
    lire_secondes,
)

ZONES = st.integers(-1_439, 1_439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
#: Un jour de marge: en UTC, l'annee reste ecrite.
INSTANTS = st.datetimes(
    min_value=datetime(1, 1, 2),  # noqa: DTZ001
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=ZONES,
)


@given(INSTANTS)
def test_un_instant_ecrit_se_relit_en_utc_et_s_ecrit_de_meme(instant: datetime) -> None:
    relu = lire_instant(ecrire_instant(instant))
    assert relu == instant
    assert relu.tzinfo is UTC
    assert ecrire_instant(relu) == ecrire_instant(instant)


@given(INSTANTS, st.integers(0, 26), st.sampled_from("0123456789-:.TZ +,W\n٣"))
def test_ce_qui_se_lit_est_ce_qui_s_ecrirait(instant: datetime, place: int, signe: str) -> None:
    texte = ecrire_instant(instant)
    autre = texte[:place] + signe + texte[place + 1 :]
    try:
        relu = lire_instant(autre)
    except FormeIllisible:
        return
    assert ecrire_instant(relu) == autre


@pytest.mark.parametrize(
    "autre",
    [
        "2026-11-23T05:00:00Z", "2026-11-23T05:00:00.000Z", "2026-11-23T05:00:00.000000+00:00",
        "2026-11-23 05:00:00.000000Z", "2026-11-23T05:00:00,000000Z", "20261123T050000.000000Z",
        "2026-11-23T24:00:00.000000Z", "2026-11-23T23:59:60.000000Z", "2026-02-29T05:00:00.000000Z",
        "0000-11-23T05:00:00.000000Z", "2026-11-23T05:00:00.000000Z\n", "2026-W47-1T05:00:00Z",
        "٢٠٢٦-11-23T05:00:00.000000Z", "", None, 0, b"2026-11-23T05:00:00.000000Z",
    ],
)  # fmt: skip
def test_une_autre_ecriture_d_un_instant_ne_se_lit_pas(autre: object) -> None:
    with pytest.raises(FormeIllisible):
        lire_instant(autre)


@given(st.floats(-1e14, 1e14))
def test_des_secondes_ecrites_se_relisent(secondes: float) -> None:
    texte = ecrire_secondes(secondes)
    assert ecrire_secondes(lire_secondes(texte)) == texte
