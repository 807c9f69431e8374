"""What is checked of each other during the call: the spoken code, a gesture, a document in view.

Rules like those of room.py: a verb takes the room as it is and gives the room as it becomes.
"""

import secrets
from collections.abc import Callable
from typing import Literal

from msgspec.structs import replace

from .protocol import Challenge, ChallengeResult, Framing, Role, SpokenCode
from .room import NotAllowed, Occurrence, OccurrenceKind, Room, Step, seated, wrong_role

CODES: dict[Literal["shown", "unavailable", "identical", "different"], OccurrenceKind] = {
    "shown": "code_shown",
    "unavailable": "code_unavailable",
    "identical": "code_identical",
    "different": "code_different",
}
RESULTS: dict[Literal["done", "not_done", "not_offered"], OccurrenceKind] = {
    "done": "challenge_done",
    "not_done": "challenge_not_done",
    "not_offered": "challenge_not_offered",
}

#: Digits to read aloud.
DIGITS = 4
#: Every gesture, each as likely as the others; none needs more than a face and a hand.
GESTURES: tuple[Literal["digits", "fingers", "hand", "turn_left", "turn_right"], ...] = (
    "digits", "fingers", "hand", "turn_left", "turn_right",
)  # fmt: skip


def spoken_code(room: Room, role: Role, word: SpokenCode) -> Step:
    """One side's word, with the certificates it sees (row CO-06). Said again, it is not new."""
    in_room(room)
    compared = word.result in ("identical", "different")
    if word.result == "identical" and role != "medecin_conseil":
        raise wrong_role()
    if compared:
        in_call(room)
    place = room.place(role)
    seen = f"{word.local} {word.remote}"
    if (place.code, place.certificates) == (word.result, seen):
        return Step(room)
    after = seated(room, role, replace(place, code=word.result, certificates=seen))
    detail: dict[str, str | int | bool] = {"local": word.local, "remote": word.remote}
    occurrence = Occurrence(
        CODES[word.result],
        role,
        claim=True,
        detail={name: value for name, value in detail.items() if value},
    )
    return Step(after, (occurrence,))


def challenge(room: Room, drawn: Challenge) -> Step:
    """Ask for a gesture that nobody could know beforehand (row ID-04)."""
    in_call(room)
    after = replace(room, challenge=drawn, version=room.version + 1)
    detail = {"gesture": drawn.kind}
    return Step(after, (Occurrence("challenge_asked", "medecin_conseil", detail=detail),))


def challenge_result(room: Room, role: Role, seen: ChallengeResult) -> Step:
    """What the médecin-conseil saw; it may also be that they asked for nothing."""
    in_call(room)
    if room.challenge is None and seen.result != "not_offered":
        raise NotAllowed("no_challenge", "Aucun geste n'est demandé en ce moment.")
    kind = RESULTS[seen.result]
    asked = room.challenge.kind if room.challenge else ""
    detail: dict[str, str | int | bool] = {"gesture": asked} if asked else {}
    after = replace(room, challenge=None, version=room.version + 1)
    return Step(after, (Occurrence(kind, role, claim=True, detail=detail),))


def framing(room: Room, wanted: Framing) -> Step:
    """Help to hold a document in view (row ID-03); nothing of it is kept."""
    in_call(room)
    if room.framing == wanted.on:
        return Step(room)
    return Step(replace(room, framing=wanted.on, version=room.version + 1))


def draw(below: Callable[[int], int] = secrets.randbelow) -> Challenge:
    """A gesture at random; `below(n)` gives a number from 0 to n - 1."""
    kind = GESTURES[below(len(GESTURES))]
    if kind == "digits":
        return Challenge(kind=kind, number=str(below(10**DIGITS)).zfill(DIGITS))
    if kind == "fingers":
        return Challenge(kind=kind, number=str(1 + below(5)))
    return Challenge(kind=kind)


def in_room(room: Room) -> None:
    if room.phase == "ended":
        raise NotAllowed("ended", "Ce télécontrôle est terminé.")


def in_call(room: Room) -> None:
    in_room(room)
    if room.phase != "admitted":
        raise NotAllowed("not_admitted", "L'assuré n'est pas admis.")
