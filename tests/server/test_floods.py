"""Attacks by many sockets against a server of its own: it stays small, and others go on meeting.

Few and short here; `make floods` does it with 5,000 of each and prints the table.
"""

import asyncio
from collections.abc import Callable

import pytest

from benchmarks.floods.siege import Felt, besieged

#: More than one attack may cost, whatever its kind: 400 sockets with 100 kB each, which aiohttp
#: holds three times until its cycles are collected, and room to move.
MEGABYTES = 160
COUNT = 400
#: Just longer than the server's patience with a socket that enters no room.
PATIENCE = 11.0


@pytest.fixture(scope="module")
def felt() -> dict[str, Felt]:
    attacks = [
        ("head", COUNT, 1.0),
        ("body", COUNT, 1.0),
        ("websocket_pongs", COUNT, PATIENCE),
        ("oversize", COUNT, 1.0),
        ("fragments", COUNT, 1.0),
        ("bomb", COUNT, 1.0),
        ("pipelined", COUNT, 1.0),
        ("flood", 10, 2.0),
        ("unread", 10, 2.0),
    ]
    return {one.kind: one for one in asyncio.run(besieged(attacks))}


KINDS = (
    "head", "body", "websocket_pongs", "oversize", "fragments", "bomb", "pipelined", "flood",
    "unread",
)  # fmt: skip


@pytest.mark.row("SP-05")
@pytest.mark.parametrize("kind", KINDS)
def test_under_attack_others_meet_and_the_server_stays_small(
    felt: dict[str, Felt], kind: str, record_property: Callable[[str, object], None]
) -> None:
    attack = felt[kind]
    record_property("megabytes", [attack.before, attack.peak, attack.after])

    assert attack.seen["open"] > 0
    assert attack.refused == 0
    assert len(attack.joins) > 2
    assert len(attack.relays) == len(attack.joins) / 2
    assert attack.peak - attack.before < MEGABYTES


@pytest.mark.row("SP-02")
def test_sockets_that_never_enter_are_gone_when_their_time_is_over(felt: dict[str, Felt]) -> None:
    silent = felt["websocket_pongs"]

    # Two of those who are still there meet just then.
    assert silent.held <= 4


@pytest.mark.row("SP-02")
def test_who_says_what_is_not_allowed_is_cut_at_once(felt: dict[str, Felt]) -> None:
    held = {kind: felt[kind].held for kind in ("oversize", "bomb", "pipelined", "flood")}

    assert all(count <= 4 for count in held.values()), held
