"""A room of two robots with real ICE, DTLS and SRTP, through the same signaling as everybody."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

import msgspec

from media.robot import ConnectionLost, NegotiationFailed, RobotPeer

from .client import Peer, PeerRefused
from .measure import Tally
from .room import DEADLINE, Access, Line, Seated, code_of
from .words import FLOWING, NOTHING, READY, new_mark


class _Seat:
    """One robot and its socket."""

    def __init__(self, role: str) -> None:
        self.role = role
        self.robot = RobotPeer()
        self.signals: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self.seated, self.admitted = asyncio.Event(), asyncio.Event()
        self.peer: Peer | None = None

    def heard(self, name: bytes, payload: bytes, at: float) -> None:
        if name == b"signal":
            described = msgspec.json.decode(payload).get("description")
            if described:
                self.signals.put_nowait(described)
        elif name in (b"snapshot", b"state"):
            self.seated.set()
            if b'"phase":"admitted"' in payload:
                self.admitted.set()

    async def enter(self, line: Line, access: Access) -> None:
        auth = {"token": access.token, "instance": f"{new_mark()}-media"}
        self.peer = await Peer.open(
            line.host, line.port, access.path, tls=line.tls, server_name=line.server_name,
            auth=auth, on_event=self.heard, deadline=DEADLINE,
        )  # fmt: skip
        await self.seated.wait()

    async def ask(self, event: str, payload: object) -> None:
        if self.peer is None:
            raise PeerRefused("closed")
        answer = await self.peer.ask(event, payload)
        if not answer.get("ok"):
            raise PeerRefused(f"refused_{code_of(msgspec.json.encode(answer))}")

    async def close(self) -> None:
        await self.robot.close()
        if self.peer is not None:
            self.peer.close()
            await asyncio.wait((self.peer.closed,), timeout=2)
            self.peer.abort()


async def play(
    line: Line, access: Seated, tally: Tally, stay: Callable[[], Awaitable[None]]
) -> None:
    """From the first socket to the last picture; what fails is counted."""
    assure, doctor = _Seat("assure"), _Seat("medecin_conseil")
    try:
        async with asyncio.timeout(DEADLINE):
            await assure.enter(line, access.assure)
            await doctor.enter(line, access.medecin_conseil)
            await _meet(assure, doctor, tally)
        tally.count("media_rooms", monotonic())
        await stay()
    except PeerRefused as refused:
        tally.fail(f"media_{refused.code}", monotonic())
    except (ConnectionLost, NegotiationFailed, TimeoutError):
        tally.fail("media_not_connected", monotonic())
    finally:
        for seat in (assure, doctor):
            await seat.close()


async def _meet(assure: _Seat, doctor: _Seat, tally: Tally) -> None:
    began = monotonic()
    offer = {"sdp": await doctor.robot.offer(), "negotiation": 1, "fresh": True}
    await doctor.ask("offer", offer)
    answer = await assure.robot.accept_offer((await assure.signals.get())["sdp"])
    await assure.ask("answer", {"sdp": answer, "negotiation": 1, "fresh": True})
    await doctor.robot.accept_answer((await doctor.signals.get())["sdp"])
    await asyncio.gather(assure.robot.connected(), doctor.robot.connected())
    tally.time("media_up", monotonic() - began, began)
    for seat in (assure, doctor):
        await seat.ask("media", READY)
    admitted = monotonic()
    await doctor.ask("admit", NOTHING)
    await assure.admitted.wait()
    for seat in (assure, doctor):
        await seat.robot.open_media()
    await asyncio.gather(assure.robot.received(frames=1), doctor.robot.received(frames=1))
    tally.time("picture", monotonic() - admitted, admitted)
    for seat in (assure, doctor):
        await seat.ask("media", FLOWING)
