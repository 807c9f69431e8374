"""What crosses between workers: sealed, typed, bounded, and nothing else is read."""

from datetime import UTC
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from signaling_doubles import OFFER

from signaling import crossing
from signaling.access import Access
from signaling.crossing import (
    ALL,
    MAX_BYTES,
    SEAL,
    Ask,
    Frame,
    Said,
    Sealer,
    Unreadable,
    payload_of,
    written,
)
from signaling.protocol import (
    CLIENT_TO_SERVER,
    SERVER_TO_CLIENT,
    Description,
    InPerson,
    Reception,
    RoomState,
    Seat,
    Signal,
    Snapshot,
)
from signaling.room import MAX_SIGNALS, Room
from signaling.rooms import Memory
from signaling.seats import Place, ThirdPlace

SECRET = "un-secret-de-test-assez-long-pour-servir"
SEALER = Sealer(SECRET)
WORKER = "0123456789abcdef"
AT = "2026-11-23T09:00:00+00:00"

TEXTS = st.text(min_size=1, max_size=64)
MOMENTS = st.datetimes(timezones=st.just(UTC))
ROLES = st.sampled_from(["assure", "medecin_conseil"])
THIRD_SEATS = st.sampled_from(["tiers1", "tiers2"])
#: One at most of a third's: of a larger set, bytes come in any order.
APART = st.frozensets(ROLES) | st.frozensets(THIRD_SEATS, max_size=1)
KINDS = st.sampled_from(["interprete", "interprete_lsf", "medecin_assistant", "proche"])
THIRDS = st.lists(
    st.builds(
        ThirdPlace, seat=THIRD_SEATS, kind=KINDS, presence=st.sampled_from(["present", "lost"]),
        since=st.none() | MOMENTS, sid=st.none() | TEXTS, admitted=st.booleans(), holder=TEXTS,
    ),
    max_size=2,
).map(tuple)  # fmt: skip
PHASES = st.sampled_from(["waiting", "admitted", "ended"])
RAW = st.builds(
    lambda sdp, number: written(Description(sdp=sdp, negotiation=number, fresh=True)),
    st.text(min_size=1, max_size=200),
    st.integers(0, 1_000_000),
)
#: How to make what Hypothesis cannot guess from the types.
BY_FIELD: dict[str, st.SearchStrategy[Any]] = {
    "access": st.builds(
        Access, kind=st.just("room"), subject=TEXTS, role=ROLES | st.just("tiers"), room=TEXTS,
        jti=TEXTS, session=TEXTS, expires=st.integers(0, 2**40),
    ),
    "memory": st.builds(
        Memory, phase=PHASES, admitted_at=st.none() | MOMENTS, ended_at=st.none() | MOMENTS,
        lost=st.frozensets(ROLES), lost_since=st.dictionaries(ROLES, MOMENTS),
        reception=st.builds(Reception, doctor=st.just("busy"), delay_minutes=st.integers(0, 240)),
        company=st.dictionaries(ROLES, st.just(("proche", "proche"))), apart=APART,
        thirds=THIRDS, kind=st.none() | KINDS, seat=st.none() | THIRD_SEATS,
    ),
    "room": TEXTS,
    "reception": st.builds(Reception, doctor=st.just("absent"), name=TEXTS, function=TEXTS),
    "in_person": st.none() | st.builds(
        InPerson, start=TEXTS, timezone=TEXTS, site=TEXTS, address=TEXTS
    ),
    "payload": RAW,
    "doctors": st.lists(TEXTS, max_size=20),
    "instance": st.from_regex(r"\A[A-Za-z0-9_-]{8,32}\Z"),
    "kind": st.sampled_from(["entry", "doctor", "day"]),
    "by": st.sampled_from(["assure", "medecin_conseil", "service"]),
    "reason": st.sampled_from(["ended", "in_person", "identity", "refused", "cancelled"]),
    "at": MOMENTS,
    "call": st.integers(0, 2**53),
    "version": st.integers(0, 2**53),
    "event": st.sampled_from(sorted(CLIENT_TO_SERVER)),
    "here": st.booleans(),
    "moved": st.booleans(),
}  # fmt: skip
PLACES = st.builds(
    Place,
    presence=st.sampled_from(["absent", "present", "lost", "left"]),
    since=st.none() | MOMENTS,
    sid=st.none() | TEXTS,
    instance=st.none() | TEXTS,
    holder=TEXTS,
    company=st.none() | st.just(("interprete",)),
)
SHADOWS = st.builds(
    crossing.Shadow,
    room=st.builds(
        Room, id=TEXTS, phase=PHASES, assure=PLACES, medecin_conseil=PLACES,
        version=st.integers(0, 2**53), admitted_at=st.none() | MOMENTS, apart=APART,
        thirds=THIRDS,
    ),
)  # fmt: skip


def any_of(kind: Any) -> st.SearchStrategy[Any]:
    if kind is crossing.Shadow:
        return SHADOWS
    names = kind.__struct_fields__
    return st.builds(kind, **{name: BY_FIELD.get(name, TEXTS) for name in names})


MESSAGES = st.one_of([any_of(kind) for kind in get_args(crossing.AnyCrossing)])


def frame(message: Any, **other: Any) -> Frame:
    return Frame(**{"sender": WORKER, "to": ALL, "number": 1, "message": message, **other})


def by_content(one: Frame) -> bytes:
    """Raw bytes compare by what they hold; what a set holds has no order."""
    return msgspec.json.encode(one, order="deterministic")


@given(MESSAGES)
def test_every_message_arrives_as_it_left(message: Any) -> None:
    arrived = SEALER.open(SEALER.seal(frame(message)))

    assert by_content(arrived) == by_content(frame(message))
    assert type(arrived.message) is type(message)


@given(st.binary(max_size=2_000))
def test_bytes_of_a_stranger_are_refused_and_nothing_else_happens(garbage: bytes) -> None:
    with pytest.raises(Unreadable):
        SEALER.open(garbage)


@given(st.binary(max_size=500) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
).map(msgspec.json.encode))  # fmt: skip
def test_even_well_sealed_what_is_not_as_agreed_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        SEALER.open(SEALER._seal_of(body) + body)


@given(MESSAGES, st.data())
def test_one_changed_bit_is_enough(message: Any, data: st.DataObject) -> None:
    sealed = bytearray(SEALER.seal(frame(message)))
    where = data.draw(st.integers(0, len(sealed) - 1))
    sealed[where] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(Unreadable):
        SEALER.open(bytes(sealed))


def test_another_service_s_key_opens_nothing() -> None:
    sealed = Sealer("another-secret").seal(frame(crossing.SignedOut(session="s")))

    with pytest.raises(Unreadable, match="seal"):
        SEALER.open(sealed)


@pytest.mark.parametrize(
    ("field", "value"),
    [("sender", "not a worker"), ("number", "1"), ("message", {"type": "eval"}),
     ("message", {"type": "cut", "sid": "x" * 65}), ("message", {"type": "cut"}),
     ("message", {"type": "cut", "sid": "x", "more": 1})],
)  # fmt: skip
def test_each_field_is_checked_at_the_other_end(field: str, value: object) -> None:
    fields = {"sender": WORKER, "to": ALL, "number": 1, "message": {"type": "cut", "sid": "x"}}
    good = msgspec.json.encode(list(fields.values()))
    body = msgspec.json.encode(list((fields | {field: value}).values()))

    SEALER.open(SEALER._seal_of(good) + good)
    with pytest.raises(Unreadable, match="form"):
        SEALER.open(SEALER._seal_of(body) + body)


def test_what_is_too_large_is_neither_sent_nor_read() -> None:
    huge = Said(sid="s", event="state", payload=msgspec.Raw(b'"' + b"x" * MAX_BYTES + b'"'))

    with pytest.raises(Unreadable, match="too_large"):
        SEALER.seal(frame(huge))
    with pytest.raises(Unreadable, match="size"):
        SEALER.open(bytes(MAX_BYTES + SEAL + 1))


def test_the_largest_snapshot_of_a_room_crosses() -> None:
    signal = Signal(
        seq=1, kind="offer", description=Description(sdp="é" * 5_000, negotiation=1, fresh=True)
    )
    state = RoomState(
        version=1, phase="waiting", server_time=AT, assure=Seat(presence="present"),
        medecin_conseil=Seat(presence="present"), reception=Reception(doctor="busy"), negotiation=1,
    )  # fmt: skip
    snapshot = Snapshot(you="assure", state=state, signals=[signal] * MAX_SIGNALS)
    said = Said(sid="s", event="snapshot", payload=written(snapshot))

    arrived = SEALER.open(SEALER.seal(frame(said))).message

    assert isinstance(arrived, Said)
    assert payload_of(arrived.payload, "snapshot", SERVER_TO_CLIENT) == snapshot


@pytest.mark.parametrize(
    ("event", "payload"),
    [("admit", b"[]"), ("offer", b"{}"), ("offer", b'{"sdp":1,"negotiation":1,"fresh":true}'),
     ("__init__", b"{}"), ("devices", b'{"microphone":"yes","camera":false}')],
)  # fmt: skip
def test_a_payload_is_checked_again_at_the_other_end(event: str, payload: bytes) -> None:
    with pytest.raises(Unreadable):
        payload_of(msgspec.Raw(payload), event, CLIENT_TO_SERVER)


def test_a_payload_that_is_as_agreed_is_its_type() -> None:
    offer = Description(sdp=OFFER, negotiation=1, fresh=True)
    ask = Ask(sid="s", event="offer", payload=written(offer))

    arrived = SEALER.open(SEALER.seal(frame(ask))).message

    assert isinstance(arrived, Ask)
    assert payload_of(arrived.payload, arrived.event, CLIENT_TO_SERVER) == offer
