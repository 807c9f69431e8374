"""What the record says of a pause to a server that has just started."""

from datetime import UTC, datetime, timedelta

import pytest

from controle.presence import GenreFait as G
from server.store.facts import MILESTONES, Milestone, Milestones

pytestmark = pytest.mark.row("CO-12")

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def known(*facts: tuple[G, str | None]) -> Milestones:
    return Milestones(
        [
            Milestone(genre, NOW + timedelta(seconds=at), role, {})
            for at, (genre, role) in enumerate(facts)
        ]
    )


def test_who_paused_and_has_not_resumed_still_holds() -> None:
    both = known((G.PAUSE, "assure"), (G.PAUSE, "medecin_conseil"))
    one = known((G.PAUSE, "assure"), (G.PAUSE, "medecin_conseil"), (G.REPRISE_ENTRETIEN, "assure"))

    assert both.held() == (("assure", NOW), ("medecin_conseil", NOW + timedelta(seconds=1)))
    assert one.held() == (("medecin_conseil", NOW + timedelta(seconds=1)),)


@pytest.mark.parametrize(
    "ending",
    [
        (G.REMISE_EN_ATTENTE, "medecin_conseil"),
        (G.SORTIE, "assure"),
        (G.REAFFECTE, "service"),
        (G.FIN, "medecin_conseil"),
    ],
)
def test_what_ends_the_admission_leaves_no_pause_behind(ending: tuple[G, str]) -> None:
    assert known((G.PAUSE, "assure"), ending).held() == ()


def test_a_lost_connection_and_a_restart_end_no_pause() -> None:
    facts = known((G.PAUSE, "assure"), (G.PERTE, "assure"), (G.REDEMARRAGE_SERVEUR, None))

    assert facts.held() == (("assure", NOW),)


def test_the_facts_of_a_pause_are_among_those_that_a_room_remembers() -> None:
    assert {G.PAUSE, G.REPRISE_ENTRETIEN, G.REMISE_EN_ATTENTE, G.SORTIE} <= set(MILESTONES)
