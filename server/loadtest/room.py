"""One room as a load test lives it: who comes, what they say, what they must see, how long it took.

Both sides are in one process, so that one clock measures from the sending to the arrival.
"""

import asyncio
import random
import ssl
from asyncio import Future
from collections.abc import Awaitable
from time import monotonic
from typing import Literal, TypeVar
from urllib.parse import urlencode

import msgspec

from .client import Peer, PeerRefused
from .measure import Tally
from .words import CANDIDATES, DEVICES, NOTHING, READY, Words, new_mark

#: Seconds that any one step may take.
DEADLINE = 30.0
#: A page that lost its server tries again after so many seconds at the earliest, for so long.
SOONEST = 0.4
RETURN_DEADLINE = 60.0
_MESSAGES = CANDIDATES + 1
_PHASES = (b"waiting", b"admitted", b"ended")

T = TypeVar("T")
Role = Literal["assure", "medecin_conseil"]
ROLES: tuple[Role, Role] = ("assure", "medecin_conseil")


class Access(msgspec.Struct, frozen=True):
    """What the server gave for one seat (server/web/messages.py RoomAccess)."""

    room: str
    token: str
    #: Brings both sides to the same of several processes; empty: there is one.
    salle: str = ""

    @property
    def path(self) -> str:
        return f"/socket.io/?{urlencode({'salle': self.salle})}" if self.salle else "/socket.io/"


class Seated(msgspec.Struct, frozen=True):
    assure: Access
    medecin_conseil: Access
    console: str = ""

    def of(self, role: Role) -> Access:
        return self.assure if role == "assure" else self.medecin_conseil


class Line(msgspec.Struct, frozen=True):
    """How to reach the server. `host` is an address: its name was looked up once."""

    host: str
    port: int
    server_name: str
    tls: ssl.SSLContext | None


class Meeting:
    """The assuré, the médecin-conseil, and maybe the latter's console."""

    def __init__(self, line: Line, access: Seated, tally: Tally) -> None:
        self._line, self._tally, self.access = line, tally, access
        self.room = access.assure.room
        self._words = Words(new_mark())
        self._peers: dict[str, Peer] = {}
        self._sent: dict[str, float] = {}
        self._got = {"assure": 0, "medecin_conseil": 0}
        self._phase: dict[str, bytes] = {}
        #: What each side waits for: a snapshot, or a phase.
        self._seen: dict[str, Future[float]] = {}
        self._exchanged: Future[None] | None = None
        #: Sockets may go now: the storm, or the end.
        self._parting = False
        self.step = "connect"

    # --- coming ---------------------------------------------------------------------------------

    async def arrive(self, *roles: Role, console: bool) -> None:
        """Enter one after the other, as people do."""
        for role in roles:
            await self.enter(role, self.access.of(role))
        if console:
            await self._open("console", {"token": self.access.console}, "/console", "day")

    async def enter(self, role: Role, access: Access) -> float:
        """Connected and seated; the seconds until the room was seen."""
        auth = {"token": access.token, "instance": f"{self._words.mark.decode()}-{role[:7]}"}
        return await self._open(role, auth, "/", "snapshot", access.path)

    async def _open(
        self, who: str, auth: object, namespace: str, first: str, path: str = "/socket.io/"
    ) -> float:
        line, began = self._line, monotonic()
        self.step = "connect"
        seen = self._expect(who, first)

        def heard(name: bytes, payload: bytes, at: float) -> None:
            self._heard(who, name, payload, at)

        peer = await Peer.open(
            line.host, line.port, path, tls=line.tls, server_name=line.server_name,
            namespace=namespace, auth=auth, on_event=heard, deadline=DEADLINE,
        )  # fmt: skip
        self._peers[who] = peer
        peer.closed.add_done_callback(self._closed)
        self._tally.time("connect", peer.open_at - began, began)
        self._tally.count("opened", began)
        self.step = first
        arrived = await self._before(seen)
        self._tally.time("join" if who != "console" else "console", arrived - began, began)
        return arrived - began

    def _closed(self, word: Future[str]) -> None:
        now = monotonic()
        self._tally.count("closed", now)
        if not self._parting:
            self._tally.fail(f"closed_{word.result()}", now)

    # --- what is said ---------------------------------------------------------------------------

    async def negotiate(self) -> None:
        """Offer, answer, ten candidates each way, devices, and both say that the path is up."""
        self.step = "offer"
        self._exchanged = asyncio.get_running_loop().create_future()
        self._say("medecin_conseil", ("offer", self._words.offer))
        await self._before(self._exchanged)
        self.step = "ready"
        began = monotonic()
        await self._answered([self._ask(role, "media", READY) for role in ROLES])
        self._tally.time("ack", monotonic() - began, began)

    def _say(self, role: Role, description: tuple[str, bytes]) -> None:
        """A description and its candidates, as they trickle on a good line: at once."""
        peer, words = self._peers[role], self._words
        said = [description, *(("candidate", one) for one in words.candidates)]
        frames = [peer.event(name, payload, self._checked) for name, payload in said]
        frames.append(peer.event("devices", DEVICES, self._checked))
        self._sent[role] = monotonic()
        peer.send(*frames)

    async def admit(self) -> None:
        self.step = "admission"
        seen, began = self._expect("assure", "admitted"), monotonic()
        answer = self._ask("medecin_conseil", "admit", NOTHING)
        self._tally.time("admission", await self._before(seen) - began, began)
        await self._answered([answer])
        self._tally.count("met", monotonic())

    async def end(self) -> None:
        """The médecin-conseil ends it; both see it."""
        self.step = "end"
        seen, began = [self._expect(role, "ended") for role in ROLES], monotonic()
        answer = self._ask("medecin_conseil", "end", NOTHING)
        self._parting = True
        self._tally.time("end", max([await self._before(one) for one in seen]) - began, began)
        await self._answered([answer])
        self._tally.count("done", monotonic())

    def _ask(self, role: Role, event: str, payload: bytes) -> Future[None]:
        answer: Future[None] = asyncio.get_running_loop().create_future()

        def answered(raw: bytes, at: float) -> None:
            self._checked(raw, at)
            if not answer.done():
                answer.set_result(None)

        self._peers[role].emit(event, payload, answered)
        return answer

    async def _answered(self, answers: list[Future[None]]) -> None:
        for answer in answers:
            await self._before(answer)

    def _checked(self, raw: bytes, at: float) -> None:
        if b'"ok":true' not in raw:
            self._tally.fail(f"refused_{code_of(raw)}", at)

    # --- what is heard --------------------------------------------------------------------------

    def _heard(self, who: str, name: bytes, payload: bytes, at: float) -> None:
        if name == b"signal":
            self._relayed(who, payload, at)
            return
        if self._is_foreign(who, payload):
            self._tally.count("cross_room", at)
        if name in (b"snapshot", b"state"):
            self._follow(who, name, payload, at)
        elif name == b"day":
            self._see(who, "day", at)
        elif name == b"replaced":
            self._tally.fail("replaced", at)

    def _is_foreign(self, who: str, payload: bytes) -> bool:
        """Pages of this room begin with its mark, and a console's entries are of its room."""
        key = b'"instance":"'
        if payload.count(key) != payload.count(key + self._words.mark):
            return True
        return who == "console" and payload.count(b'"id":"') != payload.count(
            b'"id":"%b"' % self.room.encode()
        )

    def _relayed(self, who: str, payload: bytes, at: float) -> None:
        if self._words.mark not in payload:
            self._tally.count("cross_room", at)
            return
        sender = "medecin_conseil" if who == "assure" else "assure"
        if sender in self._sent:
            self._tally.time("relay", at - self._sent[sender], at)
        self._got[who] += 1
        if who == "assure" and b'"kind":"offer"' in payload[:64]:
            self._say("assure", ("answer", self._words.answer))
        whole = all(count >= _MESSAGES for count in self._got.values())
        if whole and self._exchanged is not None and not self._exchanged.done():
            self._exchanged.set_result(None)

    def _follow(self, who: str, name: bytes, payload: bytes, at: float) -> None:
        phase = payload.partition(b'"phase":"')[2].partition(b'"')[0]
        self._phase[who] = phase
        if name == b"snapshot":
            self._see(who, "snapshot", at)
        if phase in _PHASES:
            self._see(who, phase.decode(), at)

    def _expect(self, who: str, what: str) -> Future[float]:
        self._seen[f"{who} {what}"] = future = asyncio.get_running_loop().create_future()
        return future

    def _see(self, who: str, what: str, at: float) -> None:
        future = self._seen.pop(f"{who} {what}", None)
        if future is not None and not future.done():
            future.set_result(at)

    async def _before(self, what: Awaitable[T]) -> T:
        """:raises PeerRefused: it did not come in time."""
        try:
            async with asyncio.timeout(DEADLINE):
                return await what
        except TimeoutError:
            raise PeerRefused(f"timeout_{self.step}") from None

    # --- going, and coming back -----------------------------------------------------------------

    def expect_storm(self) -> None:
        self._parting = True

    def cut(self) -> None:
        """Every line falls at once."""
        for peer in self._peers.values():
            peer.abort()

    async def come_back(self, fresh: Seated, spread: float) -> None:
        """As pages do: each by itself, within `spread` seconds, again and again until it is in."""
        self._sent.clear()
        await asyncio.wait([peer.closed for peer in self._peers.values()], timeout=RETURN_DEADLINE)
        consoles = "console" in self._peers
        self._phase.clear()
        self._parting = False
        ways = [self._return(role, fresh, spread) for role in ROLES]
        if consoles:
            ways.append(self._return("console", fresh, spread))
        await asyncio.gather(*ways)
        self.step = "return"
        if any(self._phase.get(role) != b"admitted" for role in ROLES):
            raise PeerRefused("not_admitted_any_more")
        await self._answered([self._ask(role, "devices", DEVICES) for role in ROLES])

    async def _return(self, who: Role | Literal["console"], fresh: Seated, spread: float) -> None:
        began = monotonic()
        while True:
            await asyncio.sleep(random.uniform(SOONEST, spread))  # noqa: S311
            try:
                if who == "console":
                    await self._open(who, {"token": fresh.console}, "/console", "day")
                else:
                    took = await self.enter(who, fresh.of(who))
                    self._tally.time("back", took, monotonic())
            except PeerRefused as refused:
                late = monotonic() - began > RETURN_DEADLINE + spread
                if late or refused.code.startswith("token_"):
                    raise
                self._tally.count("retries", monotonic())
            else:
                return

    async def leave(self) -> None:
        """Say goodbye, and wait until the sockets are gone."""
        self._parting = True
        for peer in self._peers.values():
            peer.close()
        if self._peers:
            await asyncio.wait([peer.closed for peer in self._peers.values()], timeout=2)
        self.cut()

    def drop(self) -> None:
        self._parting = True
        self.cut()


def code_of(raw: bytes) -> str:
    try:
        answer = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return "unreadable"
    return str(answer.get("code", "unknown")) if isinstance(answer, dict) else "unreadable"
