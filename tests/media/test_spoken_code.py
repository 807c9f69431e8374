"""The spoken code without a connection: honest ends agree, and no trick makes two codes equal."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.spoken_code import CodeFailed, Exchange, code_of, commitment

SCRIPT = Path(__file__).with_name("spoken_code.mjs")
ROOT = SCRIPT.parents[2]
NODE = shutil.which("node", path=f"{os.environ['PATH']}{os.pathsep}{ROOT / '.venv' / 'bin'}")
TRIALS = 1_000
#: Of so many pairs of codes, this many may be equal by chance: each is one in 100,000.
CHANCE = 3

BYTES = st.binary(min_size=32, max_size=32)

pytestmark = pytest.mark.row("CO-06")


@pytest.fixture(scope="module")
def trials() -> dict[str, Any]:
    """What the pages' own module does, a thousand times each."""
    if NODE is None:
        pytest.skip("needs node")
    done = subprocess.run(
        [NODE, str(SCRIPT), str(TRIALS)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_two_honest_pages_always_show_the_same_five_digits(trials: dict[str, Any]) -> None:
    [table] = trials["honest"].values()

    assert table == {"same": TRIALS, "different": 0, "one_side": 0, "none": 0, "malformed": 0}


def test_whoever_stands_in_the_middle_makes_the_codes_differ_or_fail(
    trials: dict[str, Any],
) -> None:
    attacks = trials["attacks"]
    print(json.dumps(attacks, indent=2))

    assert len(attacks) == 12
    assert all(sum(table.values()) == TRIALS for table in attacks.values())
    assert sum(table["same"] for table in attacks.values()) <= CHANCE


@pytest.mark.parametrize(
    "way",
    [
        "the_nonce_of_an_earlier_exchange",
        "ones_own_nonce_sent_back",
        "two_of_the_same_role",
        "no_certificate_on_either_side",
    ],
)
def test_what_can_only_be_a_trick_gives_no_code_to_who_could_be_fooled(
    trials: dict[str, Any], way: str
) -> None:
    table = trials["attacks"][way]

    assert table["same"] == table["different"] == 0


@pytest.mark.parametrize("way", ["another_nonce_revealed_than_committed", "one_message_lost"])
def test_a_broken_commitment_or_a_lost_message_leaves_one_side_without_a_code(
    trials: dict[str, Any], way: str
) -> None:
    table = trials["attacks"][way]

    assert table["same"] == table["different"] == 0
    assert table["one_side"] + table["none"] == TRIALS


def test_what_is_not_the_next_message_ends_the_exchange_without_a_code(
    trials: dict[str, Any],
) -> None:
    ends = trials["refused"]

    assert len(ends) == 9
    for name, several in ends.items():
        assert all(one["code"] == "" for one in several), name
        assert name == "silence" or all(one["failure"] for one in several), name


def test_a_page_makes_a_bounded_number_of_tries(trials: dict[str, Any]) -> None:
    assert trials["most"] == trials["limit"] == 16


def test_a_message_after_the_last_one_takes_the_code_away(trials: dict[str, Any]) -> None:
    assert trials["once"] == {"before": 5, "after": ""}


def test_of_several_fingerprints_a_browser_without_certificates_takes_none(
    trials: dict[str, Any],
) -> None:
    kept = trials["fallback"]

    assert kept.pop("one") == kept.pop("one_twice") == "0a" * 32
    assert len(kept) == 4
    assert set(kept.values()) == {None}


def test_a_certificate_that_is_not_that_of_every_transport_is_none(
    trials: dict[str, Any],
) -> None:
    assert trials["shown"] == {"one": True, "two": False, "none": False, "no_channel": False}


def test_another_client_computes_the_same_codes(trials: dict[str, Any]) -> None:
    assert len(trials["vectors"]) == 200
    for doctor, doctor_nonce, assure, assure_nonce, code, first in trials["vectors"]:
        parts = (bytes.fromhex(one) for one in (doctor, doctor_nonce, assure, assure_nonce))

        assert code_of(*parts) == code
        assert first == f"code commit {commitment(bytes.fromhex(doctor_nonce)).hex()}"


@given(doctor=BYTES, assure=BYTES, nonces=st.tuples(BYTES, BYTES))
def test_two_robots_agree(doctor: bytes, assure: bytes, nonces: tuple[bytes, bytes]) -> None:
    one = Exchange("medecin_conseil", doctor, assure, nonces[0])
    other = Exchange("assure", assure, doctor, nonces[1])

    word, to = one.begin(), other
    while word:
        word, to = to.take(word), one if to is other else other

    assert one.code == other.code
    assert len(one.code) == 5


@settings(max_examples=200)
@given(role=st.sampled_from(["assure", "medecin_conseil"]), words=st.lists(st.text(max_size=90)))
def test_a_robot_takes_nothing_else(role: Any, words: list[str]) -> None:
    one = Exchange(role, b"a" * 32, b"b" * 32)

    for word in words:
        with pytest.raises(CodeFailed):
            one.take(word)

    assert one.code == ""
