"""What is told of a candidate or a description when its sender's addresses are not."""

import ipaddress
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.apart import candidate_apart, description_apart
from media.candidate import CandidateRefused, check_candidate
from media.sdp import SdpRefused, check_description

SAMPLES = Path(__file__).parent / "samples"
#: Chromium 156, as the product's pages make them.
OFFER = (SAMPLES / "chromium_offer.sdp").read_bytes().decode()
ANSWER = (SAMPLES / "chromium_answer.sdp").read_bytes().decode()

RELAY = "198.51.100.3"
RELAYED = f"candidate:4 1 udp 41885695 {RELAY} 60000 typ relay raddr 203.0.113.9 rport 46154"

pytestmark = pytest.mark.row("SP-08")


def told(candidate: str) -> str | None:
    return candidate_apart(candidate, check_candidate(candidate))


@pytest.mark.parametrize(
    "candidate",
    [
        "candidate:1 1 udp 2122260223 192.168.1.20 43210 typ host generation 0",
        "candidate:1 1 udp 2122260223 2001:db8::7 43210 typ host generation 0",
        "candidate:1 1 UDP 2122252543 1f4712db-ea17-4bcf-a596-105139dfd8bf.local 9 typ host",
        "candidate:8 1 udp 1677729535 203.0.113.9 46154 typ srflx raddr 0.0.0.0 rport 0",
        "candidate:3 1 udp 1862270975 203.0.113.9 46154 typ prflx raddr 10.0.0.1 rport 9",
        "candidate:5 1 tcp 1518280447 192.0.2.2 9 typ host tcptype active",
    ],
)
def test_of_an_address_of_one_s_own_nothing_is_told(candidate: str) -> None:
    assert told(candidate) is None


def test_of_a_relay_all_is_told_but_where_it_is_reached_from() -> None:
    assert told(f"{RELAYED} generation 0 ufrag EEtu network-id 1 network-cost 10") == (
        f"candidate:4 1 udp 41885695 {RELAY} 60000 typ relay raddr 0.0.0.0 rport 9"
        " generation 0 ufrag EEtu"
    )


def test_the_end_of_candidates_is_told() -> None:
    assert told("") == ""


@pytest.mark.parametrize("kind", ["offer", "answer"])
def test_what_chromium_says_stays_a_description_that_passes(kind: str) -> None:
    sdp = description_apart(OFFER if kind == "offer" else ANSWER)

    check_description(sdp, "offer" if kind == "offer" else "answer")
    assert addresses(sdp) == set()
    assert sdp.count("\r\n") == (OFFER if kind == "offer" else ANSWER).count("\r\n")


def test_a_default_address_is_replaced_and_the_description_passes() -> None:
    """What Chromium writes once it has gathered: ports, c=, a=rtcp and the candidates."""
    sdp = (
        OFFER.replace("m=audio 9 ", "m=audio 46154 ", 1)
        .replace("c=IN IP4 0.0.0.0", "c=IN IP4 203.0.113.9", 1)
        .replace("IN IP4 127.0.0.1", "IN IP6 2001:db8::7")
        .replace("s=-", "s=le poste de 10.0.0.5")
        .replace("a=mid:0", "a=rtcp:46155 IN IP4 203.0.113.9\r\na=mid:0")
    )
    sdp += f"a={RELAYED} generation 0\r\na=candidate:1 1 udp 9 10.0.0.5 4 typ host\r\n"

    said = description_apart(sdp)

    check_description(said, "offer")
    assert addresses(said) == {RELAY}
    assert said.count("a=candidate:") == 1
    assert {"m=audio 9", "c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0", "s=-"} <= {
        line if not line.startswith("m=") else " ".join(line.split(" ")[:2])
        for line in said.splitlines()
    }


# --- any address, anywhere --------------------------------------------------------------------

IPV4 = st.ip_addresses(v=4).map(str).filter(lambda one: not one.startswith("0."))
IPV6 = st.ip_addresses(v=6).map(str)
MDNS = st.uuids().map(lambda one: f"{one}.local")
ADDRESS = IPV4 | IPV6 | MDNS
KIND = st.sampled_from(["host", "srflx", "prflx", "relay"])


@st.composite
def candidates(draw: st.DrawFn) -> tuple[str, str]:
    """A candidate that passes, and the address of its owner."""
    own, kind = draw(ADDRESS), draw(KIND)
    reached = RELAY if kind == "relay" else own
    text = f"candidate:{draw(st.integers(1, 2**31))} 1 udp 41885695 {reached} 50000 typ {kind}"
    tails = [f" raddr {own} rport 4242"] if kind == "relay" else [""]
    tails += [" generation 0", " network-id 1", f" x-from {own}", " ufrag EEtu", f" ufrag {own}"]
    for tail in dict.fromkeys(draw(st.permutations(tails))[: draw(st.integers(1, len(tails)))]):
        if tail.split(" ")[1:2] not in [one.split(" ")[:1] for one in text.split("typ ")[1:]]:
            text += tail
    return text, own


@settings(max_examples=500)
@given(candidates())
def test_no_address_of_its_owner_is_in_what_is_told_of_any_candidate(one: tuple[str, str]) -> None:
    candidate, own = one
    try:
        kind = check_candidate(candidate)
    except CandidateRefused:
        return

    said = candidate_apart(candidate, kind)

    assert said is None or own not in said
    assert addresses(said or "") <= {RELAY}
    if said:
        assert check_candidate(said) == "relay"


PLACES = st.sampled_from(
    [
        lambda sdp, a: sdp.replace("c=IN IP4 0.0.0.0", f"c=IN {family(a)} {a}", 1),
        lambda sdp, a: sdp.replace("c=IN IP4 0.0.0.0", f"c=IN {family(a)} {a}"),
        lambda sdp, a: sdp.replace("IN IP4 127.0.0.1", f"IN {family(a)} {a}"),
        lambda sdp, a: sdp.replace("o=- ", f"o={a} "),
        lambda sdp, a: sdp.replace("s=-", f"s={a}"),
        lambda sdp, a: sdp.replace("a=mid:0", f"a=rtcp:40000 IN {family(a)} {a}\r\na=mid:0"),
        lambda sdp, a: sdp + f"a=candidate:1 1 udp 2122260223 {a} 43210 typ host\r\n",
        lambda sdp, a: sdp + f"a=candidate:1 1 udp 9 {a} 4 typ srflx raddr 10.0.0.1 rport 9\r\n",
        lambda sdp, a: sdp + f"a=candidate:1 1 udp 9 {RELAY} 4 typ relay raddr {a} rport 9\r\n",
        lambda sdp, a: sdp + f"a=remote-candidates:1 {a} 43210\r\n",
        lambda sdp, a: sdp + f"a=x-from:{a}\r\n",
        lambda sdp, a: sdp + f"a=ssrc:1 cname:{a}\r\n",
        lambda sdp, a: sdp.replace("s=-\r\n", f"s=-\r\ni=chez moi, {a}\r\n"),
        lambda sdp, a: sdp.replace("m=audio 9 ", "m=audio 43210 "),
    ]
)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from([OFFER, ANSWER]), st.lists(st.tuples(PLACES, ADDRESS), max_size=4))
def test_no_address_of_its_owner_is_in_what_is_told_of_any_description(
    sdp: str, hidden: list[tuple[object, str]]
) -> None:
    for place, address in hidden:
        sdp = place(sdp, address)  # type: ignore[operator]
    kind = "offer" if "a=setup:actpass" in sdp else "answer"
    try:
        check_description(sdp, "offer" if kind == "offer" else "answer")
        said = description_apart(sdp)
    except SdpRefused:
        return

    check_description(said, "offer" if kind == "offer" else "answer")
    assert addresses(said) <= {RELAY}
    assert not [address for _, address in hidden if address in said and not in_hex(address, said)]
    assert "m=audio 43210" not in said


@pytest.mark.parametrize("line", ["a=x-from:192.168.1.20", "a=x:fe80::1", "a=x:abc.LOCAL"])
def test_an_address_where_none_can_be_taken_out_is_refused(line: str) -> None:
    with pytest.raises(SdpRefused) as refused:
        description_apart(f"{OFFER}{line}\r\n")

    assert refused.value.reason == "address"


def family(address: str) -> str:
    return "IP6" if ":" in address else "IP4"


def in_hex(address: str, said: str) -> bool:
    """« :: » and the like stand in no line but that of the fingerprint."""
    return not [line for line in said.splitlines() if address in line and "fingerprint" not in line]


def addresses(text: str) -> set[str]:
    """All that somebody could take for an address, but those that are nobody's."""
    found = set()
    for line in text.splitlines():
        if line.startswith("a=fingerprint:"):
            continue
        for word in re.split(r"[ \t,;=/]|(?<=[a-z]):", line):
            if word.endswith(".local") or is_address(word):
                found.add(word)
    return found - {"0.0.0.0"}  # noqa: S104


def is_address(word: str) -> bool:
    try:
        ipaddress.ip_address(word)
    except ValueError:
        return False
    return True
