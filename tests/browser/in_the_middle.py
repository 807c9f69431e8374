"""The signaling server when it is somebody else's: `python in_the_middle.py WAY demo …`.

The product as it is, in one process with who stands in the middle: each offer and each answer that
it should pass on is replaced by that of an aiortc peer of its own, so that DTLS ends here on both
sides. Pictures, sound and the data channel go on to the other side, decrypted here.

`WAY` is what becomes of the spoken code:
  forward   its messages go on as they are
  play      it is played with each side, as if by the other
  silence   its messages are lost
  lie       another nonce is revealed than was committed to
  lines     as forward, and the SDP says the honest fingerprint first, ours last
"""

import asyncio
import os
import re
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from aiortc import RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay
from aiortc.sdp import candidate_from_sdp

import signaling.rooms
from media.spoken_code import PREFIX, CodeFailed, Exchange, fingerprints
from signaling import verbs
from signaling.frames import encode
from signaling.protocol import Candidate, Description, Role, Signal
from signaling.room import Room, Step, other

FINGERPRINT = re.compile(r"^a=fingerprint:sha-256 \S+", re.MULTILINE | re.IGNORECASE)


class Leg:
    """Our connection with one of the two, and what it said of the code there."""

    def __init__(self, role: Role) -> None:
        #: Who is at the other end of it.
        self.role: Role = role
        self.pc = RTCPeerConnection()
        self.channel: RTCDataChannel = self.pc.createDataChannel(
            "telecontrole", negotiated=True, id=0
        )
        self.code: Exchange | None = None

    def exchange(self) -> Exchange:
        """Ours with them, as if we were the other."""
        if self.code is None:
            self.code = Exchange(other(self.role), *fingerprints(self.pc))
        return self.code

    def tracks(self) -> list[Any]:
        return [one.receiver.track for one in self.pc.getTransceivers()]


class Middle:
    """Of one negotiation of one room."""

    def __init__(self, way: str, give: Callable[[Role, Signal], None]) -> None:
        self.way = way
        self.give = give
        self.doctor = Leg("medecin_conseil")
        self.assure = Leg("assure")
        self.relay = MediaRelay()
        self.early: dict[Role, list[Candidate]] = {"assure": [], "medecin_conseil": []}
        self.honest: dict[Role, str] = {}

    def leg(self, role: Role) -> Leg:
        return self.doctor if role == "medecin_conseil" else self.assure

    async def offered(self, offer: Description) -> None:
        """The médecin-conseil's offer comes here, and another goes to the assuré."""
        self.honest["medecin_conseil"] = offer.sdp
        await self.doctor.pc.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
        for track in self.doctor.tracks():
            self.assure.pc.addTrack(self.relay.subscribe(track))
        self._wire()
        pc = self.assure.pc
        await pc.setLocalDescription(await pc.createOffer())
        self._give("assure", "offer", pc, offer)
        await self._feed("medecin_conseil")

    async def answered(self, answer: Description) -> None:
        self.honest["assure"] = answer.sdp
        await self.assure.pc.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))
        await self._feed("assure")
        for track in self.assure.tracks():
            self.doctor.pc.addTrack(self.relay.subscribe(track))
        pc = self.doctor.pc
        await pc.setLocalDescription(await pc.createAnswer())
        self._give("medecin_conseil", "answer", pc, answer)

    async def candidate(self, role: Role, one: Candidate) -> None:
        if self.leg(role).pc.remoteDescription is None:
            self.early[role].append(one)
        elif one.candidate and ".local " not in one.candidate:
            found = candidate_from_sdp(one.candidate.removeprefix("candidate:"))
            found.sdpMid = one.sdp_mid
            found.sdpMLineIndex = one.sdp_m_line_index
            await self.leg(role).pc.addIceCandidate(found)

    async def _feed(self, role: Role) -> None:
        early, self.early[role] = self.early[role], []
        for one in early:
            await self.candidate(role, one)

    def _give(self, to: Role, kind: Any, pc: RTCPeerConnection, asked: Description) -> None:
        sdp = pc.localDescription.sdp
        if self.way == "lines":
            sdp = _two_faced(sdp, self.honest[other(to)])
        description = Description(sdp=sdp, negotiation=asked.negotiation, fresh=asked.fresh)
        self.give(to, Signal(seq=1, kind=kind, description=description))

    # --- the data channel -------------------------------------------------------------------------

    def _wire(self) -> None:
        for leg in (self.doctor, self.assure):
            leg.channel.on("message", partial(self._heard, leg))
        if self.way in ("play", "lie"):
            self.assure.channel.on("open", self._begin)

    def _begin(self) -> None:
        self._say(self.assure, self.assure.exchange().begin())

    def _heard(self, leg: Leg, word: str) -> None:
        there = self.leg(other(leg.role))
        if not word.startswith(PREFIX.strip()) or self.way in ("forward", "lines"):
            self._say(there, word)
        elif self.way != "silence":
            self._play(leg, word)

    def _play(self, leg: Leg, word: str) -> None:
        exchange = leg.exchange()
        try:
            said = exchange.take(word)
        except CodeFailed:
            return
        if self.way == "lie" and said and "reveal" in said:
            said = f"{PREFIX}reveal {os.urandom(32).hex()}"
        self._say(leg, said)

    def _say(self, leg: Leg, word: str | None) -> None:
        if word and leg.channel.readyState == "open":
            leg.channel.send(word)


def _two_faced(sdp: str, honest: str) -> str:
    """Who reads the first fingerprint sees the other person's; the browser checks the last."""
    found = FINGERPRINT.search(honest)
    assert found
    return FINGERPRINT.sub(lambda ours: f"{found[0]}\r\n{ours[0]}", sdp)


class Attack:
    """Takes the place of the verbs that relay."""

    def __init__(self, way: str) -> None:
        self.way = way
        self.rooms: signaling.rooms.Rooms | None = None
        self.middles: dict[str, Middle] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.turns: dict[str, asyncio.Lock] = {}

    def offer(self, true: Any, room: Room, role: Role, offer: Description) -> Step:
        step: Step = true(room, role, offer)
        if step.relay is not None and offer.fresh:
            self.middles[room.id] = Middle(self.way, partial(self._give, room.id))
            self._later(room.id, self.middles[room.id].offered(offer))
        return Step(step.room)

    def answer(self, true: Any, room: Room, role: Role, answer: Description) -> Step:
        step: Step = true(room, role, answer)
        if step.relay is not None:
            self._later(room.id, self.middles[room.id].answered(answer))
        return Step(step.room)

    def candidate(self, true: Any, room: Room, role: Role, one: Candidate) -> Step:
        step: Step = true(room, role, one)
        if step.relay is not None and room.id in self.middles:
            self._later(room.id, self.middles[room.id].candidate(role, one))
        return Step(step.room)

    def _give(self, room: str, to: Role, signal: Signal) -> None:
        assert self.rooms is not None
        found = self.rooms.get(room)
        assert found is not None
        self.rooms._to(found.place(to), "signal", encode(signal))

    def _later(self, room: str, work: Coroutine[Any, Any, None]) -> None:
        """One thing after the other, in each room."""
        task = asyncio.ensure_future(self._in_turn(room, work))
        self.tasks.add(task)
        task.add_done_callback(self._done)

    async def _in_turn(self, room: str, work: Coroutine[Any, Any, None]) -> None:
        async with self.turns.setdefault(room, asyncio.Lock()):
            await work

    def _done(self, task: "asyncio.Task[None]") -> None:
        self.tasks.discard(task)
        if not task.cancelled() and task.exception():
            print("in the middle:", repr(task.exception()), file=sys.stderr, flush=True)


def stand_in_the_middle(way: str) -> None:
    """From now on, every room that this process makes is ours."""
    attack = Attack(way)
    for table in (verbs.VERBS, *verbs.VERBS_OF.values()):
        for name in ("offer", "answer", "candidate"):
            if name in table:
                table[name] = partial(getattr(attack, name), table[name])
    made = signaling.rooms.Rooms.__init__

    def known(self: signaling.rooms.Rooms, *all_: Any, **named: Any) -> None:
        made(self, *all_, **named)
        attack.rooms = self

    signaling.rooms.Rooms.__init__ = known  # type: ignore[method-assign]


if __name__ == "__main__":
    from server.__main__ import main

    stand_in_the_middle(sys.argv.pop(1))
    sys.exit(main())
