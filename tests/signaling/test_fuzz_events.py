"""Any bytes as any event of any side: an answer or a cut, never a failure, never a word elsewhere.

`make fuzz` tries some twenty times as many.
"""

import asyncio
import json
from pathlib import Path
from struct import pack
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from signaling_doubles import ANSWER, HOST, OFFER, ROLES, House, description

from signaling.limits import Limits
from signaling.protocol import CLIENT_TO_SERVER
from signaling.transport import Session

#: Why a socket may be cut for what it said; « failed » would be our own mistake.
CUTS = {"malformed", "unknown_event", "binary", "connect_twice", "too_big", "too_fast"}

#: As real as what is mutated below.
REAL: dict[str, list[dict[str, Any]]] = {
    "offer": [description()],
    "answer": [description(ANSWER)],
    "candidate": [{"negotiation": 1, "candidate": HOST, "sdp_mid": "0", "sdp_m_line_index": 0}],
    "renegotiate": [{"reason": "network"}],
    "devices": [{"microphone": True, "camera": False}],
    "media": [{"state": "ready"}, {"state": "flowing", "path": "direct"}],
}

texts = st.text(max_size=40) | st.sampled_from(
    ["\ud800", "\x00", "\u202e", "é" * 20, "__proto__", OFFER[:200], HOST, "9" * 400]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def payloads(draw: st.DrawFn, event: str) -> Any:
    """Something real, with a field or two of it made into anything; or anything at all."""
    real = REAL.get(event, [{}])
    if draw(st.integers(0, 3)) == 0:
        return draw(values)
    payload = dict(draw(st.sampled_from(real)))
    for name in draw(st.lists(st.sampled_from([*payload, "extra"]), max_size=2)):
        payload[name] = draw(values)
    return payload


@st.composite
def packets(draw: st.DrawFn) -> bytes:
    """Mostly events of the protocol; sometimes a packet of any kind, or bytes."""
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return draw(st.binary(max_size=60))
    if kind == 1:
        return draw(st.sampled_from([b"40", b"41", b"42", b"43", b"44", b"45", b"3", b"1", b""]))
    event = draw(st.sampled_from([*CLIENT_TO_SERVER, "connect", "disconnect", "opened"]))
    body = json.dumps([event, draw(payloads(event))], ensure_ascii=True)
    number = draw(st.sampled_from(["", "0", "17", "9" * 30, "-1"]))
    return f"42{number}{body}".encode()


class Wire(asyncio.Transport):
    """A connection of which one sees what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None: ...

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def close(self) -> None: ...

    def abort(self) -> None: ...


def masked(payload: bytes) -> bytes:
    """One text frame, as a client sends it."""
    size = len(payload)
    head = pack("!BB", 0x81, 0x80 | size) if size < 126 else pack("!BBH", 0x81, 0xFE, size)
    return head + bytes(4) + payload


async def seated(house: House, role: Any, room: str) -> tuple[Session, Wire]:
    wire = Wire()
    session = house.sio.engine.open(wire, "192.0.2.1", b"")
    auth = {"token": house.token(role, room), "instance": f"{room}-{role}"[:20]}
    session.data_received(masked(b"40" + json.dumps(auth).encode()))
    await settled(house)
    assert session.seated
    return session, wire


async def settled(house: House) -> None:
    """Everything that was asked is done."""
    while house.sio.engine._tasks:
        await asyncio.wait(set(house.sio.engine._tasks))


@pytest.mark.row("SP-02")
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(said=st.lists(st.tuples(st.sampled_from(ROLES), packets()), min_size=1, max_size=25))
def test_whatever_is_said_is_answered_or_cut(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[Any, bytes]]
) -> None:
    asyncio.run(hear(tmp_path_factory.getbasetemp() / "keys", said))


async def hear(keys: Path, said: list[tuple[Any, bytes]]) -> None:
    house = House(keys, Limits(rate=10_000, burst=10_000))
    here = {role: await seated(house, role, "R") for role in ROLES}
    there = {role: await seated(house, role, "there") for role in ROLES}
    before = {role: wire.written for role, (_, wire) in there.items()}

    for role, packet in said:
        session, _ = here[role]
        session.data_received(masked(packet))
        await settled(house)

    assert set(house.sio.engine.cut) <= CUTS
    assert all(not session.cut for session, _ in there.values())
    assert {role: wire.written for role, (_, wire) in there.items()} == before
    assert house.rooms.get("R") is not None
    await house.sio.stopped()
