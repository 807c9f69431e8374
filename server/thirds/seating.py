"""Third participants between the record and the room: who may enter, which seat was whose."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import cast, get_args

from msgspec.structs import replace as changed

from controle.presence import Fait, GenreFait
from server.store.bulk import Dismissed, Third, ThirdSeated
from server.store.facts import Milestone
from server.store.page import Page
from server.store.sql import written
from signaling.protocol import ThirdKind, ThirdSeat
from signaling.room import NotAllowed, Occurrence
from signaling.rooms import Memory
from signaling.seats import ThirdPlace

from . import information

SEATS, KINDS = get_args(ThirdSeat), get_args(ThirdKind)
GONE = frozenset({GenreFait.TIERS_EXCLU, GenreFait.TIERS_RETIRE})
THERE = frozenset({GenreFait.TIERS_ENTRE, GenreFait.TIERS_REVENU})
SAID: dict[GenreFait, dict[str, bool]] = {
    GenreFait.TIERS_ADMIS: {"admitted": True},
    GenreFait.TIERS_REMIS_EN_ATTENTE: {"admitted": False},
    GenreFait.TIERS_REFUSE: {"objected": True},
    GenreFait.TIERS_ACCEPTE: {"objected": False},
}


def check_third(third: Third | None, room: str) -> None:
    """:raises NotAllowed: this invitation opens another room, or none any more."""
    if third is None or third.telecontrole != room:
        raise NotAllowed("closed", "Cette invitation n'est pas pour ce rendez-vous.")
    if third.revoked:
        raise NotAllowed("removed", "Cette invitation a été retirée.")
    if third.information != information.VERSION:
        raise NotAllowed("information", "Lisez d'abord l'information sur le secret.")


def with_third(memory: Memory, third: Third | None) -> Memory:
    """What the room must know of who comes in."""
    if third is None or third.kind not in KINDS:
        raise NotAllowed("closed", "Cette invitation n'est pas pour ce rendez-vous.")
    seat = cast(ThirdSeat, third.seat) if third.seat in SEATS else None
    return replace(memory, kind=cast(ThirdKind, third.kind), seat=seat)


def keep_third(page: Page, room: str, occurrence: Occurrence, now: datetime) -> None:
    """What the invitation keeps of it: the seat, or that it does not hold any more."""
    if occurrence.kind == "third_removed":
        page.dismiss_third(Dismissed(room, str(occurrence.detail["siege"]), written(now)))
    elif occurrence.kind in ("third_joined", "third_returned"):
        seat = str(occurrence.detail["siege"])
        page.seat_third(ThirdSeated(room, occurrence.about, seat))


def seats_of(facts: Iterable[Fait | Milestone]) -> tuple[ThirdPlace, ...]:
    """Who was there and has not been seen to leave, all lost; and to whom the assuré objects."""
    places: dict[ThirdSeat, ThirdPlace] = {}
    for fact in facts:
        if fact.genre is GenreFait.REDEMARRAGE_SERVEUR:
            places = {seat: away(place, fact.instant) for seat, place in places.items()}
        elif fact.genre is GenreFait.REAFFECTE:
            places = {seat: changed(place, admitted=False) for seat, place in places.items()}
        elif fact.details.get("siege") in SEATS:
            _one(places, cast(ThirdSeat, fact.details["siege"]), fact)
    return tuple(away(places[seat]) for seat in sorted(places))


def _one(places: dict[ThirdSeat, ThirdPlace], seat: ThirdSeat, fact: Fait | Milestone) -> None:
    kind, before = cast(ThirdKind, fact.details.get("qualite")), places.get(seat)
    if fact.genre in GONE:
        places.pop(seat, None)
    elif fact.genre is GenreFait.TIERS_ENTRE:
        # An objection is to a person: it outlives their leaving.
        same = before is not None and before.kind == kind and before.objected
        places[seat] = ThirdPlace(seat, kind, since=fact.instant, objected=same)
    elif before is None:
        return
    elif fact.genre is GenreFait.TIERS_SORTI:
        places[seat] = changed(before, presence="left", since=fact.instant, admitted=False)
    elif fact.genre is GenreFait.TIERS_PERDU:
        places[seat] = away(before, fact.instant)
    elif fact.genre in THERE:
        places[seat] = changed(before, presence="present", since=fact.instant)
    elif fact.genre in SAID:
        places[seat] = changed(before, **SAID[fact.genre])


def away(place: ThirdPlace, since: datetime | None = None) -> ThirdPlace:
    if place.presence != "present":
        return place
    return changed(place, presence="lost", since=since or place.since)
