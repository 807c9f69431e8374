"""From facts to figures: what is counted, that sums agree, and that few are not shown."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controle.presence import Detail, Fait, GenreFait, Role
from server.technical.browsers import FAMILIES
from server.technical.figures import FEW, FEWEST, Call, Figures, call, cell, percentiles, share

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ASSURE, DOCTOR = Role.ASSURE, Role.MEDECIN_CONSEIL
G = GenreFait


def fact(
    kind: GenreFait, second: float, role: Role | None = None, **details: Detail
) -> Fait:  # fmt: skip
    return Fait(
        kind, START + timedelta(seconds=second), 100 + second, "boot-1", role, details=details
    )


def met(path: str = "direct", end: float = 600) -> list[Fait]:
    """Both come, admitted at 60 s, media 0.15 and 0.3 s later, ended."""
    said: dict[str, Detail] = {"path": path} if path else {}
    return [
        fact(G.SECOND_FACTEUR_REUSSI, 0, ASSURE, navigateur="firefox_ordinateur"),
        fact(G.ENTREE, 1, ASSURE),
        fact(G.ENTREE, 30, DOCTOR),
        fact(G.MEDIA_PRET, 31, ASSURE, **said),
        fact(G.ADMISSION, 60, DOCTOR),
        fact(G.MEDIA_ETABLI, 60.15, DOCTOR, **said),
        fact(G.MEDIA_ETABLI, 60.3, ASSURE, **said),
        fact(G.FIN, end, DOCTOR),
    ]


# --- one télécontrôle ---------------------------------------------------------------------------


@pytest.mark.row("ST-04")
def test_a_call_is_established_when_each_side_got_the_other_s_media() -> None:
    both = call(met())
    one = call([f for f in met() if not (f.genre is G.MEDIA_ETABLI and f.role == ASSURE)])

    assert both.established
    assert (one.arrived, one.admitted, one.established) == (True, True, False)


def test_the_time_to_media_counts_from_the_admission_by_the_monotonic_clock() -> None:
    facts = met()
    facts[5] = Fait(
        G.MEDIA_ETABLI, START - timedelta(hours=1), 160.15, "boot-1", DOCTOR
    )  # fmt: skip

    found = call(facts)

    assert found.waits == pytest.approx({ASSURE: 0.3, DOCTOR: 0.15})


def test_a_call_that_was_relayed_at_one_moment_needed_the_relay() -> None:
    moved = [*met()[:-1], fact(G.MEDIA_ETABLI, 90, ASSURE, path="relayed"), met()[-1]]

    found = (call(met()).path, call(met("")).path, call(moved).path)

    assert found == ("direct", "inconnu", "relaye")


def test_only_what_is_lost_during_the_conversation_is_a_cut_of_it() -> None:
    facts = [
        *met()[:3],
        fact(G.PERTE, 40, ASSURE),
        fact(G.RETOUR, 45, ASSURE),
        *met()[4:7],
        fact(G.MEDIA_PERDU, 100, ASSURE, cause="disconnected"),
        fact(G.MEDIA_ETABLI, 110, ASSURE),
        fact(G.PERTE, 200, DOCTOR),
        fact(G.RETOUR, 203, DOCTOR),
        fact(G.MEDIA_ETABLI, 204, DOCTOR),
        fact(G.FIN, 600, DOCTOR),
    ]

    found = call(facts)

    assert (found.cuts, found.lost_sockets, found.lost_media) == (2, 1, 1)
    assert found.duration == pytest.approx(540)


def test_media_that_was_stopped_on_purpose_is_no_cut() -> None:
    found = call([*met()[:-1], fact(G.MEDIA_PERDU, 100, ASSURE, cause="closed"), met()[-1]])

    assert (found.cuts, found.lost_media) == (0, 0)


def test_nobody_who_came_is_nobody_who_arrived() -> None:
    found = call([fact(G.SECOND_FACTEUR_REUSSI, 0, ASSURE, navigateur="chrome_mobile")])

    assert (found.arrived, found.admitted, found.browser) == (False, False, "chrome_mobile")


def test_a_word_that_is_no_family_of_browsers_is_not_one() -> None:
    found = call([fact(G.SECOND_FACTEUR_REUSSI, 0, ASSURE, navigateur="Mozilla/5.0 (X11)")])

    assert found.browser == ""


# --- many ---------------------------------------------------------------------------------------


def test_one_restart_that_many_saw_is_one() -> None:
    seen = [Call(restarts=(START + timedelta(milliseconds=i),)) for i in range(40)]
    later = Call(restarts=(START + timedelta(hours=1),))

    assert Figures([*seen, later]).restarts == 2


calls = st.builds(
    Call,
    arrived=st.booleans(),
    admitted=st.booleans(),
    waits=st.dictionaries(st.sampled_from(Role), st.floats(0, 60)),
    path=st.sampled_from(["direct", "relaye", "inconnu"]),
    duration=st.floats(0, 7_200),
    cuts=st.integers(0, 5),
    lost_sockets=st.integers(0, 5),
    lost_media=st.integers(0, 5),
    restarts=st.just(()),
    browser=st.sampled_from(["", *FAMILIES]),
).map(
    lambda one: (
        one if one.admitted and one.arrived else Call(arrived=one.arrived, browser=one.browser)
    )
)


@given(st.lists(calls), st.lists(calls))
def test_the_figures_of_two_periods_add_up_to_those_of_both(
    first: list[Call], second: list[Call]
) -> None:
    apart, together = (Figures(first), Figures(second)), Figures([*second, *first])

    for name in ("arrived", "admitted", "established", "cuts", "lost_sockets", "lost_media"):
        assert sum(getattr(one, name) for one in apart) == getattr(together, name)
    assert apart[0].paths + apart[1].paths == together.paths
    assert apart[0].browsers + apart[1].browsers == together.browsers
    assert sum(one.duration for one in apart) == pytest.approx(together.duration)


@given(st.lists(calls))
def test_every_call_is_in_one_place_of_each_table(several: list[Call]) -> None:
    found = Figures(several)

    with_media = [one for one in several if one.arrived and one.waits]
    assert found.established <= found.admitted <= found.arrived <= len(several)
    assert sum(found.paths.values()) == len(with_media)
    assert sum(found.browsers.values()) == sum(1 for one in several if one.browser)
    assert sum(map(len, found.waits.values())) == sum(len(one.waits) for one in with_media)


@given(st.lists(calls, max_size=40))
def test_no_count_below_ten_is_ever_shown(several: list[Call]) -> None:
    found = Figures(several).shown()

    found.pop("redemarrages_du_serveur")
    for value in leaves(found):
        assert not (isinstance(value, int) and value < FEWEST)


@given(st.lists(calls, max_size=FEWEST - 1))
def test_few_calls_give_no_share_no_percentile_and_no_rate(several: list[Call]) -> None:
    found = Figures(several).shown()

    found.pop("redemarrages_du_serveur")
    assert {value for value in leaves(found) if not isinstance(value, int)} <= {FEW, None}


@given(st.lists(st.floats(0, 100), min_size=FEWEST, max_size=300))
def test_percentiles_are_values_that_were_measured_in_their_order(values: list[float]) -> None:
    found: dict[str, Any] = percentiles(values)

    rounded = sorted(round(value, 3) for value in values)
    assert found["mesures"] == len(values)
    assert rounded[0] <= found["p50"] <= found["p95"] <= rounded[-1]
    assert {found["p50"], found["p95"]} <= set(rounded)


def test_percentiles_agree_with_the_library_s() -> None:
    values = [index / 100 for index in range(1, 1_001)]

    found = percentiles(values)

    cuts = quantiles(values, n=100)
    assert (found["p50"], found["p95"]) == pytest.approx((cuts[49], cuts[94]), abs=0.01)


def test_nine_are_few_and_ten_are_ten() -> None:
    assert (cell(0), cell(9), cell(10)) == (FEW, FEW, 10)
    assert (share(9, 9), share(9, 10)) == (None, 0.9)


def leaves(table: dict[str, Any]) -> Iterator[Any]:
    for value in table.values():
        if isinstance(value, dict):
            yield from leaves(value)
        else:
            yield value
