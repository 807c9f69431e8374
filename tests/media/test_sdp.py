"""The gate of descriptions: real ones pass, changed ones are refused by name."""

import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.robot import RobotPeer
from media.sdp import MAX_LENGTH, SdpRefused, check_description

Kind = Literal["offer", "answer"]

SAMPLES = Path(__file__).parent / "samples"
#: Chromium 156, as the product's pages make them (audio, video, negotiated data channel).
OFFER = (SAMPLES / "chromium_offer.sdp").read_bytes().decode()
ANSWER = (SAMPLES / "chromium_answer.sdp").read_bytes().decode()
HOST = "a=candidate:1 1 udp 2122260223 192.0.2.2 43210 typ host generation 0\r\n"

pytestmark = pytest.mark.row("SP-02")


def line(sdp: str, start: str) -> str:
    """The first line that begins so, with its ending."""
    return next(text for text in sdp.splitlines(keepends=True) if text.startswith(start))


FINGERPRINT = line(OFFER, "a=fingerprint:")
OTHER = "a=fingerprint:sha-256 " + ":".join(["00"] * 32) + "\r\n"


def reason(sdp: str, kind: Kind = "offer") -> str:
    with pytest.raises(SdpRefused) as refusal:
        check_description(sdp, kind)
    return refusal.value.reason


def test_a_real_chromium_offer_and_answer_pass() -> None:
    check_description(OFFER, "offer")
    check_description(ANSWER, "answer")


def test_lines_may_end_with_lf_alone() -> None:
    check_description(OFFER.replace("\r\n", "\n"), "offer")


def test_64_candidates_pass_and_one_more_does_not() -> None:
    check_description(OFFER + HOST * 64, "offer")

    assert reason(OFFER + HOST * 65) == "too_many_candidates"


async def test_a_robot_s_offer_and_answer_pass() -> None:
    caller, answerer = RobotPeer(), RobotPeer()
    offer = await caller.offer()

    answer = await answerer.accept_offer(offer)

    check_description(offer, "offer")
    check_description(answer, "answer")
    await caller.close()
    await answerer.close()


def test_one_fingerprint_for_the_whole_session_passes() -> None:
    check_description(
        OFFER.replace(FINGERPRINT, "").replace("t=0 0\r\n", "t=0 0\r\n" + FINGERPRINT), "offer"
    )


def test_a_bundled_section_takes_the_transport_of_its_bundle() -> None:
    """RFC 8843, section 7.1.3: only the first section of a bundle must describe the transport."""
    head, *others = OFFER.split("m=")
    transport = ("a=fingerprint:", "a=setup:", "a=ice-ufrag:", "a=ice-pwd:")
    bare = [
        "".join(
            text for text in section.splitlines(keepends=True) if not text.startswith(transport)
        )
        for section in others[1:]
    ]

    check_description("m=".join([head, others[0], *bare]), "offer")

    lonely = head.replace("a=group:BUNDLE 0 1 2\r\n", "")
    assert reason("m=".join([lonely, others[0], *bare])) == "missing_fingerprint"


def test_a_rejected_section_needs_no_transport() -> None:
    check_description(OFFER + "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:9\r\n", "offer")


def test_an_answer_is_not_an_offer() -> None:
    assert reason(OFFER, "answer") == "setup"
    assert reason(ANSWER, "offer") == "setup"


CHANGES: dict[str, tuple[Callable[[str], str], str]] = {
    "empty": (lambda sdp: "", "unfinished_line"),
    "too long": (lambda sdp: sdp + "a=x:" + "y" * MAX_LENGTH + "\r\n", "too_long"),
    "too many lines": (lambda sdp: sdp + "a=x\n" * 600, "too_many_lines"),
    "an unfinished last line": (lambda sdp: sdp[:-2], "unfinished_line"),
    "another version": (lambda sdp: sdp.replace("v=0", "v=1"), "version"),
    "no version first": (lambda sdp: "s=-\r\n" + sdp, "version"),
    "an empty line": (lambda sdp: sdp + "\r\n", "line"),
    "a control character": (lambda sdp: sdp.replace("s=-", "s=\x00"), "line"),
    "a carriage return within a line": (lambda sdp: sdp.replace("s=-", "s=-\ra=x"), "line"),
    "another alphabet": (lambda sdp: sdp.replace("s=-", "s=é"), "line"),
    "a line that is not x=": (lambda sdp: sdp + "ab=c\r\n", "line"),
    "no media": (lambda sdp: sdp.split("m=")[0], "sections"),
    "five media": (lambda sdp: sdp + "m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n" * 2, "sections"),
    "text media": (lambda sdp: sdp.replace("m=audio", "m=text"), "media"),
    "a port out of range": (lambda sdp: sdp.replace("m=audio 9", "m=audio 65536"), "media"),
    "two ports": (lambda sdp: sdp.replace("m=audio 9", "m=audio 9/2"), "media"),
    "media without keys": (lambda sdp: sdp.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"), "profile"),
    "media with SDES": (lambda sdp: sdp.replace("UDP/TLS/RTP/SAVPF", "RTP/SAVPF"), "profile"),
    "data without DTLS": (lambda sdp: sdp.replace("UDP/DTLS/SCTP", "SCTP"), "profile"),
    "SDES keys": (lambda sdp: sdp + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n", "sdes"),
    "SDES keys, disguised": (lambda sdp: sdp + "a=Crypto :1 x inline:x\r\n", "sdes"),
    "a key line": (lambda sdp: sdp + "k=clear:x\r\n", "sdes"),
    "no fingerprint": (lambda sdp: sdp.replace(FINGERPRINT, ""), "fingerprints"),
    "two fingerprints, honest first": (
        lambda sdp: sdp.replace(FINGERPRINT, FINGERPRINT + OTHER),
        "repeated_attribute",
    ),
    "two fingerprints, honest last": (
        lambda sdp: sdp.replace(FINGERPRINT, OTHER + FINGERPRINT),
        "repeated_attribute",
    ),
    "the same fingerprint twice": (
        lambda sdp: sdp.replace(FINGERPRINT, FINGERPRINT * 2),
        "repeated_attribute",
    ),
    "another fingerprint in one section": (
        lambda sdp: sdp.replace(FINGERPRINT, OTHER, 1),
        "fingerprints",
    ),
    "another fingerprint for the session": (
        lambda sdp: sdp.replace("t=0 0\r\n", "t=0 0\r\n" + OTHER),
        "fingerprints",
    ),
    "another fingerprint in a rejected section": (
        lambda sdp: sdp + "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n" + OTHER,
        "fingerprints",
    ),
    "a fingerprint in disguise": (
        lambda sdp: sdp + OTHER.replace("fingerprint", "Fingerprint"),
        "disguised_attribute",
    ),
    "a fingerprint after a space": (
        lambda sdp: sdp + OTHER.replace("fingerprint:", "fingerprint "),
        "disguised_attribute",
    ),
    "a fingerprint behind a space": (
        lambda sdp: sdp + OTHER.replace("a=", "a= "),
        "disguised_attribute",
    ),
    "a weak hash": (lambda sdp: sdp.replace("sha-256", "sha-1"), "fingerprint"),
    "a long hash": (lambda sdp: sdp.replace("sha-256", "sha-512"), "fingerprint"),
    "a short fingerprint": (lambda sdp: sdp.replace(FINGERPRINT[-5:], "\r\n"), "fingerprint"),
    "a lower-case fingerprint": (
        lambda sdp: sdp.replace(FINGERPRINT, FINGERPRINT.lower()),
        "fingerprint",
    ),
    "a short user fragment": (
        lambda sdp: sdp.replace(line(sdp, "a=ice-ufrag:"), "a=ice-ufrag:abc\r\n"),
        "ice_ufrag",
    ),
    "a short password": (
        lambda sdp: sdp.replace(line(sdp, "a=ice-pwd:"), "a=ice-pwd:" + "x" * 21 + "\r\n"),
        "ice_pwd",
    ),
    "a password too long": (
        lambda sdp: sdp.replace(line(sdp, "a=ice-pwd:"), "a=ice-pwd:" + "x" * 257 + "\r\n"),
        "ice_pwd",
    ),
    "no user fragment": (
        lambda sdp: sdp.replace(line(sdp, "a=ice-ufrag:"), ""),
        "missing_ice_ufrag",
    ),
    "no password": (lambda sdp: sdp.replace(line(sdp, "a=ice-pwd:"), ""), "missing_ice_pwd"),
    "no DTLS role": (lambda sdp: sdp.replace("a=setup:actpass\r\n", ""), "missing_setup"),
    "a DTLS role chosen by the offer": (lambda sdp: sdp.replace("actpass", "active"), "setup"),
    "two DTLS roles": (
        lambda sdp: sdp.replace("a=setup:actpass\r\n", "a=setup:actpass\r\n" * 2),
        "repeated_attribute",
    ),
    "a line ended by CR alone": (
        lambda sdp: sdp.replace("a=mid:0\r\n", "a=mid:0\ra=x:y\r\n"),
        "line",
    ),
    "a CR after its LF": (lambda sdp: sdp.replace("a=mid:0\r\n", "a=mid:0\n\r"), "line"),
    "a line of a vertical tab": (lambda sdp: sdp.replace("a=mid:0", "a=mid:0\va=x:y"), "line"),
    "a bad candidate": (lambda sdp: sdp + HOST.replace("192.0.2.2", "x.fr"), "candidate_address"),
    "a candidate in disguise": (
        lambda sdp: sdp + HOST.replace("candidate", "CANDIDATE"),
        "disguised_attribute",
    ),
}


@pytest.mark.parametrize("change", CHANGES, ids=list(CHANGES))
def test_a_changed_offer_is_refused(change: str) -> None:
    apply, expected = CHANGES[change]

    assert apply(OFFER) != OFFER
    assert reason(apply(OFFER)) == expected


def passes_or_is_refused(sdp: str, kind: Kind) -> None:
    try:
        check_description(sdp, kind)
    except SdpRefused:
        return

    assert sdp.isascii()
    lines = sdp.lower().splitlines()
    fingerprints = {text for text in lines if text.startswith("a=fingerprint")}
    assert len(fingerprints) == 1
    assert fingerprints.pop().startswith("a=fingerprint:sha-256 ")
    assert not any(text.startswith("a=crypto") for text in lines)


@given(sdp=st.text() | st.text().map("v=0\r\n".__add__), kind=st.sampled_from(["offer", "answer"]))
def test_any_text_passes_or_is_refused_and_nothing_else(sdp: str, kind: Kind) -> None:
    passes_or_is_refused(sdp, kind)


edits = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=len(OFFER)),
        st.integers(min_value=0, max_value=200),
        st.text(max_size=10)
        | st.sampled_from(
            ["\r", "\n", "\r\na=", "\r\nm=", FINGERPRINT, OTHER, HOST, "a=group:BUNDLE"]
        ),
    ),
    min_size=1,
    max_size=4,
)


@given(sample=st.sampled_from([OFFER, ANSWER]), changes=edits)
def test_a_mutated_description_passes_or_is_refused_and_nothing_else(
    sample: str, changes: list[tuple[int, int, str]]
) -> None:
    sdp = sample
    for at, cut, new in changes:
        sdp = sdp[:at] + new + sdp[at + cut :]

    passes_or_is_refused(sdp, "offer" if sample is OFFER else "answer")


@given(
    sample=st.sampled_from([OFFER, ANSWER]),
    order=st.randoms(use_true_random=False),
    dropped=st.integers(min_value=0, max_value=30),
)
def test_shuffled_lines_pass_or_are_refused_and_nothing_else(
    sample: str, order: Random, dropped: int
) -> None:
    first, *lines = sample.splitlines(keepends=True)
    order.shuffle(lines)

    passes_or_is_refused(first + "".join(lines[dropped:]), "offer")


@pytest.mark.parametrize(
    "text",
    [
        "a=fingerprint:sha-256 " + "AA:" * 5400,
        "a=candidate:" + "1 " * 8000,
        "a=" + ":" * 16_000,
        "m=" + "audio " * 2600,
        "a=group:BUNDLE " + "0 " * 8000,
        "a=x\n" * 590,
        "a=group:BUNDLE 7\n" * 590,
        "\r" * 16_000,
        " " * 16_000,
    ],
    ids=lambda text: text[:16].encode("unicode_escape").decode(),
)
def test_the_worst_text_takes_a_moment_only(text: str) -> None:
    sections = "m=audio 9 UDP/TLS/RTP/SAVPF 0\na=mid:0\n"
    started = time.perf_counter()

    for sdp in (f"v=0\n{text}\n", f"v=0\n{text[:16_200]}\n{sections}", OFFER + text + "\n"):
        passes_or_is_refused(sdp, "offer")

    assert time.perf_counter() - started < 0.1
