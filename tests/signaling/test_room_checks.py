"""What is checked during the call: the word on the spoken code, a gesture at random, a document."""

import secrets
from collections import Counter

import pytest
from msgspec import ValidationError
from room_scenes import LATER, admitted, both, ended, joined, kinds, refusal

from signaling import checks
from signaling import room as rules
from signaling.checks import GESTURES, challenge, challenge_result, draw, framing, spoken_code
from signaling.namespace import decoded
from signaling.protocol import ChallengeResult, Framing, Role, SpokenCode
from signaling.room import Room
from signaling.verbs import VERBS

OURS, THEIRS = "a1" * 32, "b2" * 32
SHOWN = SpokenCode(result="shown", local=OURS, remote=THEIRS)
SAME = SpokenCode(result="identical", local=OURS, remote=THEIRS)
DIFFERENT = SpokenCode(result="different", local=OURS, remote=THEIRS)
NONE = SpokenCode(result="unavailable")


def asked(room: Room | None = None) -> Room:
    return challenge(room or admitted(), draw()).room


# --- the spoken code ----------------------------------------------------------------------------


@pytest.mark.row("CO-06")
@pytest.mark.parametrize("role", ["assure", "medecin_conseil"])
def test_each_side_puts_the_code_and_both_certificates_on_record_as_its_word(role: Role) -> None:
    step = spoken_code(both(), role, SHOWN)

    [fact] = step.occurrences

    assert (fact.kind, fact.role, fact.claim) == ("code_shown", role, True)
    assert fact.detail == {"local": OURS, "remote": THEIRS}
    assert step.room.place(role).shown().code == "shown"


@pytest.mark.row("CO-06")
def test_a_missing_code_is_on_record_too() -> None:
    step = spoken_code(both(), "assure", NONE)

    [fact] = step.occurrences

    assert (fact.kind, fact.detail) == ("code_unavailable", {})


@pytest.mark.row("CO-06")
def test_the_same_word_again_is_not_a_new_fact() -> None:
    room = spoken_code(both(), "assure", SHOWN).room

    step = spoken_code(room, "assure", SHOWN)

    assert (step.room, step.occurrences) == (room, ())


@pytest.mark.row("CO-06")
def test_the_same_result_over_other_certificates_is_a_new_fact() -> None:
    room = spoken_code(both(), "assure", SHOWN).room

    step = spoken_code(room, "assure", SpokenCode(result="shown", local=OURS, remote=OURS))

    assert kinds(step) == ["code_shown"]


@pytest.mark.row("CO-06")
def test_the_medecin_conseil_says_that_the_codes_are_identical_or_not() -> None:
    room = spoken_code(admitted(), "medecin_conseil", SAME).room

    step = spoken_code(room, "medecin_conseil", DIFFERENT)

    assert kinds(step) == ["code_different"]
    assert step.room.medecin_conseil.shown().code == "different"


@pytest.mark.row("CO-06")
def test_the_assure_may_say_that_they_differ_and_nothing_follows_from_it() -> None:
    room = admitted()

    step = spoken_code(room, "assure", DIFFERENT)

    assert kinds(step) == ["code_different"]
    assert (step.room.phase, step.room.assure.presence) == (room.phase, "present")


@pytest.mark.row("CO-06")
def test_the_assure_does_not_say_that_the_codes_are_identical() -> None:
    code = refusal(lambda: spoken_code(admitted(), "assure", SAME))

    assert code == "wrong_role"


@pytest.mark.row("CO-06")
@pytest.mark.parametrize("word", [SAME, DIFFERENT])
def test_codes_are_not_compared_before_admission(word: SpokenCode) -> None:
    code = refusal(lambda: spoken_code(both(), "medecin_conseil", word))

    assert code == "not_admitted"


@pytest.mark.row("CO-06")
def test_another_page_has_not_said_anything_of_the_code() -> None:
    room = spoken_code(both(), "assure", SHOWN).room

    anew = joined(room, "assure", sid="s-2", page="another-page", now=LATER)

    assert anew.assure.shown().code == ""


@pytest.mark.row("CO-06")
@pytest.mark.row("SP-02")
@pytest.mark.parametrize(
    "wrong",
    [
        {"result": "verified"},
        {"result": "shown", "local": "A1" * 32},
        {"result": "shown", "local": "a1" * 33},
        {"result": "shown", "remote": "a1" * 31},
        {"result": "shown", "remote": "z" * 64},
        {"result": "shown", "remote": ("a1" * 32) + "\n"},
    ],
)
def test_a_fingerprint_is_sixty_four_digits_or_nothing(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        decoded((wrong,), SpokenCode)


# --- a gesture ----------------------------------------------------------------------------------


@pytest.mark.row("ID-04")
def test_the_gesture_is_drawn_from_the_systems_randomness() -> None:
    drawn = Counter(draw().kind for _ in range(2_000))
    numbers = Counter(one.number for one in (draw() for _ in range(2_000)) if one.kind == "digits")

    # Each of five is one in five: further than this from 400 is one run in 10 ** 15.
    assert set(drawn) == set(GESTURES)
    assert all(250 < times < 550 for times in drawn.values())
    assert all(len(number) == 4 for number in numbers)
    assert numbers.most_common(1)[0][1] < 10
    assert draw.__defaults__ == (secrets.randbelow,)


@pytest.mark.row("ID-04")
def test_both_see_the_gesture_that_is_asked_for() -> None:
    step = challenge(admitted(), checks.Challenge(kind="digits", number="0042"))

    state = step.room.state(LATER)

    assert state.challenge is not None
    assert (state.challenge.kind, state.challenge.number) == ("digits", "0042")
    assert kinds(step) == ["challenge_asked"]
    assert step.occurrences[0].detail == {"gesture": "digits"}


@pytest.mark.row("ID-04")
@pytest.mark.parametrize(
    ("result", "kind"),
    [
        ("done", "challenge_done"),
        ("not_done", "challenge_not_done"),
        ("not_offered", "challenge_not_offered"),
    ],
)
def test_the_medecin_conseil_says_what_they_saw_and_nothing_follows(result: str, kind: str) -> None:
    room = asked()

    step = challenge_result(
        room, "medecin_conseil", decoded(({"result": result},), ChallengeResult)
    )

    [fact] = step.occurrences
    assert (fact.kind, fact.claim) == (kind, True)
    assert step.room.challenge is None
    assert (step.room.phase, step.room.assure) == (room.phase, room.assure)


@pytest.mark.row("ID-04")
def test_that_none_was_asked_for_can_be_said_without_asking() -> None:
    step = challenge_result(admitted(), "medecin_conseil", ChallengeResult(result="not_offered"))

    assert kinds(step) == ["challenge_not_offered"]


@pytest.mark.row("ID-04")
def test_a_gesture_that_was_not_asked_for_cannot_be_done() -> None:
    done = ChallengeResult(result="done")

    code = refusal(lambda: challenge_result(admitted(), "medecin_conseil", done))

    assert code == "no_challenge"


# --- a document in view -------------------------------------------------------------------------


@pytest.mark.row("ID-03")
def test_the_help_to_show_a_document_leaves_no_trace() -> None:
    shown = framing(admitted(), Framing(on=True))

    again = framing(shown.room, Framing(on=True))
    hidden = framing(shown.room, Framing(on=False))

    assert shown.room.state(LATER).framing
    assert not hidden.room.state(LATER).framing
    assert kinds(shown) == kinds(again) == kinds(hidden) == []
    assert again.room is shown.room


@pytest.mark.row("ID-03")
@pytest.mark.row("ID-04")
@pytest.mark.parametrize("close", ["send_back", "end"])
def test_nothing_is_asked_any_more_of_who_is_not_in_view(close: str) -> None:
    room = framing(asked(), Framing(on=True)).room

    after = rules.send_back(room, "medecin_conseil").room if close == "send_back" else ended(room)

    assert (after.challenge, after.framing) == (None, False)


@pytest.mark.row("ID-03")
@pytest.mark.row("ID-04")
@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("challenge", None),
        ("challenge_result", ChallengeResult(result="not_offered")),
        ("framing", Framing(on=True)),
    ],
)
def test_nothing_is_asked_of_who_waits_nor_after_the_end(event: str, payload: object) -> None:
    waiting = refusal(lambda: VERBS[event](both(), "medecin_conseil", payload))
    over = refusal(lambda: VERBS[event](ended(), "medecin_conseil", payload))

    assert (waiting, over) == ("not_admitted", "ended")
