"""The grammar of candidates: what browsers say passes, everything else is refused."""

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from media.candidate import CandidateRefused, candidate_kind, check_candidate

HOST = "candidate:2687437259 1 udp 2122260223 192.0.2.2 43210 typ host"
REAL = {
    HOST + " generation 0 ufrag vWe4 network-id 1 network-cost 10": "host",
    "candidate:1 1 UDP 2122252543 1f4712db-ea17-4bcf-a596-105139dfd8bf.local 54596 typ host "
    "generation 0": "host",
    "candidate:0 2 UDP 2122252542 fd00::2 50000 typ host": "host",
    "candidate:842163049 1 udp 1677729535 203.0.113.9 46154 typ srflx raddr 0.0.0.0 rport 0 "
    "generation 0 ufrag EEtu network-cost 999": "srflx",
    "candidate:3 1 udp 1862270975 203.0.113.9 46154 typ prflx raddr 10.0.0.1 rport 9": "prflx",
    "candidate:4 1 udp 41885695 198.51.100.3 60000 typ relay raddr 203.0.113.9 rport 46154 "
    "generation 0": "relay",
    "candidate:5 1 tcp 1518280447 192.0.2.2 9 typ host tcptype active generation 0": "host",
    "candidate:bc5fb7c23a4df0d7e8b7f2a3d0a7b5c1 1 udp 2130706431 192.0.2.2 60000 typ host": "host",
}


@pytest.mark.parametrize(("candidate", "kind"), REAL.items())
def test_what_browsers_and_aiortc_say_passes(candidate: str, kind: str) -> None:
    check_candidate(candidate)

    assert candidate_kind(candidate) == kind


def test_the_end_of_candidates_passes() -> None:
    check_candidate("")

    assert candidate_kind("") is None


REFUSED = {
    HOST.removeprefix("candidate:"): "prefix",
    "a=" + HOST: "prefix",
    HOST + " generation": "extension",
    HOST + "  generation 0": "extension",
    HOST + " generation 0 generation 1": "extension",
    HOST + " ": "extension",
    HOST + "\r\na=x": "character",
    HOST + " ufrag é": "character",
    HOST + " x " + "y" * 512: "too_long",
    HOST.replace("typ host", "typ hose"): "type",
    HOST.replace("typ", "type"): "grammar",
    "candidate:": "grammar",
    HOST.replace("2687437259 ", "x" * 33 + " "): "foundation",
    HOST.replace("2687437259 ", "a-b "): "foundation",
    HOST.replace(" 1 udp", " 3 udp"): "component",
    HOST.replace("udp", "sctp"): "transport",
    HOST.replace("2122260223", "0"): "priority",
    HOST.replace("2122260223", "2147483648"): "priority",
    HOST.replace("2122260223", "-1"): "priority",
    HOST.replace("2122260223", "9" * 11): "priority",
    HOST.replace("192.0.2.2", "evil.example"): "address",
    HOST.replace("192.0.2.2", "a.b.local"): "address",
    HOST.replace("192.0.2.2", "192.0.2.256"): "address",
    HOST.replace("192.0.2.2", "fe80::1%eth0"): "address",
    HOST.replace("43210", "65536"): "port",
    HOST.replace("43210", "4_3"): "port",
    HOST + " raddr 192.0.2.2": "related_address",
    HOST + " rport 9": "related_address",
    HOST + " raddr evil.example rport 9": "address",
    HOST + " raddr 192.0.2.2 rport 70000": "port",
    HOST + " tcptype active": "tcptype",
    HOST.replace("udp", "tcp"): "tcptype",
    HOST.replace("udp", "tcp") + " tcptype no": "tcptype",
}


@pytest.mark.row("SP-02")
@pytest.mark.parametrize(("candidate", "reason"), REFUSED.items())
def test_what_is_out_of_the_grammar_is_refused(candidate: str, reason: str) -> None:
    with pytest.raises(CandidateRefused) as refusal:
        check_candidate(candidate)

    assert refusal.value.reason == reason


mutated = st.builds(
    lambda text, at, cut, new: text[: at % len(text)] + new + text[at % len(text) + cut :],
    st.sampled_from(list(REAL)),
    st.integers(min_value=0),
    st.integers(min_value=0, max_value=8),
    st.text(max_size=8),
)


@pytest.mark.row("SP-02")
@given(candidate=st.text() | mutated | mutated.map("candidate:".__add__))
@example(candidate="candidate:" + " " * 500)
@example(candidate="candidate:" + "1 " * 250)
@example(candidate="\ud800")
def test_any_text_passes_or_is_refused_and_nothing_else(candidate: str) -> None:
    try:
        check_candidate(candidate)
    except CandidateRefused:
        return

    assert candidate.isascii()
    assert "\n" not in candidate


ADDRESSES = st.sampled_from(
    ["192.0.2.2", "10.0.0.5", "2001:db8::1", "::", "::ffff:192.0.2.1", "256.1.1.1", "1.2.3",
     "01.2.3.4", "1.2.3.4.5", ":::", "fe80::1", "12345::", "...", "a.b", "dead:beef",
     "1f4712db-ea17.local", "x" * 63 + ".local", "x" * 64 + ".local", ".local", "a.b.local"],
)  # fmt: skip


@given(
    foundation=st.sampled_from(["1", "842163049", "aZ+/", "x" * 33, ""]),
    component=st.sampled_from(["1", "2", "3"]),
    transport=st.sampled_from(["udp", "UDP", "uDp", "tcp", "sctp"]),
    priority=st.sampled_from(["0", "1", "2122260223", "2147483647", "2147483648", "9999999999"]),
    address=ADDRESSES,
    port=st.sampled_from(["0", "9", "65535", "65536", "99999", "123456", "-1"]),
    kind=st.sampled_from(["host", "srflx", "relay", "hots"]),
    related=st.none() | st.tuples(ADDRESSES, st.sampled_from(["0", "46154", "70000"])),
    tail=st.sampled_from(
        ["", " generation 0", " generation 0 ufrag EEtu network-id 1 network-cost 10", " ufrag",
         " x y", " generation 0 generation 0", " network-cost 99999",
         " generation 0 network-id  network-cost 9", " generation  ufrag EEtu"]
    ),
)  # fmt: skip
def test_the_quick_look_and_the_careful_one_agree(
    foundation: str, component: str, transport: str, priority: str, address: str, port: str,
    kind: str, related: tuple[str, str] | None, tail: str,
) -> None:  # fmt: skip
    middle = f" raddr {related[0]} rport {related[1]}" if related else ""
    text = (
        f"candidate:{foundation} {component} {transport} {priority} {address} {port}"
        f" typ {kind}{middle}{tail}"
    )

    assert verdict(check_candidate, text) == verdict(candidate_kind, text)


def verdict(look: Callable[[str], object], text: str) -> bool:
    try:
        look(text)
    except CandidateRefused:
        return False
    return True
