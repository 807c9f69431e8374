"""The rules of a link (link.py), with the hour and chance given: nothing is waited for."""

import pytest
from link import TCP, UDP, Conditions, Link


def packet(protocol: int = UDP, size: int = 1_000, source: int = 5_000, to: int = 6_000) -> bytes:
    """IPv4 without options: its first byte, its protocol at the tenth, then the two ports."""
    head = bytearray(20)
    head[0], head[9] = 0x45, protocol
    return bytes(head) + source.to_bytes(2, "big") + to.to_bytes(2, "big") + bytes(size - 24)


def never() -> float:
    return 1.0


def test_a_link_delays_each_packet_and_keeps_their_order() -> None:
    link = Link(never, Conditions(delay=0.025))

    out = [link.take(packet(), at) for at in (10.0, 10.001, 10.002)]

    assert out == pytest.approx([10.025, 10.026, 10.027])


def test_a_link_loses_what_chance_says() -> None:
    drawn = iter([0.01, 0.9, 0.049, 0.05])
    link = Link(lambda: next(drawn), Conditions(loss=0.05))

    out = [link.take(packet(), 0.0) is not None for _ in range(4)]

    assert out == [False, True, False, True]


def test_a_slow_link_sends_one_packet_after_the_other() -> None:
    link = Link(never, Conditions(kbps=80, delay=0.01))

    out = [link.take(packet(size=1_000), 0.0) for _ in range(3)]

    # 8,000 bits at 80,000 a second: a tenth of a second each.
    assert out == pytest.approx([0.11, 0.21, 0.31])


def test_a_slow_link_drops_what_would_wait_too_long_and_goes_on() -> None:
    link = Link(never, Conditions(kbps=80, queue=0.4))

    out = [link.take(packet(size=1_000), 0.0) for _ in range(8)]
    later = link.take(packet(size=1_000), 0.3)

    assert [at is not None for at in out] == [True] * 5 + [False] * 3
    assert later == pytest.approx(0.6)


def test_a_link_that_rests_owes_nothing_afterwards() -> None:
    link = Link(never, Conditions(kbps=80))
    link.take(packet(size=1_000), 0.0)

    assert link.take(packet(size=1_000), 60.0) == pytest.approx(60.1)


def test_a_link_that_is_cut_lets_nothing_pass_until_its_hour() -> None:
    link = Link(never)
    link.cut(until=23.0)

    assert link.take(packet(), 22.9) is None
    assert link.take(packet(), 23.0) == 23.0


@pytest.mark.parametrize(
    ("passes", "udp", "tcp", "https", "answer"),
    [
        ("all", True, True, True, True),
        ("no_udp", False, True, True, True),
        ("only_443", False, False, True, True),
    ],
)
def test_a_firewall_lets_pass_what_it_is_named_for(
    passes: str, udp: bool, tcp: bool, https: bool, answer: bool
) -> None:
    link = Link(never, Conditions(passes=passes))
    sent = (
        packet(UDP, to=443),
        packet(TCP, to=3478),
        packet(TCP, to=443),
        packet(TCP, source=443, to=5_000),
    )

    passed = [link.take(one, 0.0) is not None for one in sent]

    assert passed == [udp, tcp, https, answer]


@pytest.mark.parametrize(
    "wrong", [{"delay": -1}, {"loss": 1.5}, {"kbps": -1}, {"queue": 0}, {"passes": "some"}]
)
def test_a_link_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"link|one of"):
        Conditions(**wrong)  # type: ignore[arg-type]
