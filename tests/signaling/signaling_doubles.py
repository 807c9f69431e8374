"""What the tests of signaling share: a clock, a fake record, a fake desk, people on sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import socketio
from aiohttp import web

from certs.signing_keys import KeyRing
from signaling.access import Access, Kind, Tokens
from signaling.library import SocketServer
from signaling.limits import Limits
from signaling.namespace import ConsoleNamespace, RoomNamespace
from signaling.protocol import (
    CLIENT_TO_SERVER,
    CONSOLE_TO_SERVER,
    SERVER_TO_CLIENT,
    Day,
    Message,
    Role,
)
from signaling.room import NotAllowed, Occurrence, Room
from signaling.rooms import Memory, Rooms
from signaling.transport import Session

SAMPLES = Path(__file__).parents[1] / "media" / "samples"
OFFER = (SAMPLES / "chromium_offer.sdp").read_bytes().decode()
ANSWER = (SAMPLES / "chromium_answer.sdp").read_bytes().decode()
HOST = "candidate:1 1 udp 2122260223 192.0.2.2 43210 typ host generation 0"

ORIGIN = "https://telecontrole.example"
GRACE = timedelta(seconds=60)
#: How long a test waits for what must come.
PATIENCE = 5.0

ROLES: tuple[Role, ...] = ("assure", "medecin_conseil")


class Clock:
    """A clock that goes on only when told."""

    def __init__(self, now: datetime = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class FakeWitness:
    """A record in memory. `down`: it fails; `slow`: it waits; `refusing`: the domain says no."""

    def __init__(self) -> None:
        self.facts: list[tuple[str, str, str | None]] = []
        self.details: list[Mapping[str, object]] = []
        self.used: set[str] = set()
        self.revoked: set[str] = set()
        self.memories: dict[str, Memory] = {}
        self.down = False
        self.refusing: NotAllowed | None = None
        self.door_open = asyncio.Event()
        self.door_open.set()
        self.at_the_door = asyncio.Event()
        self.pen_free = asyncio.Event()
        self.pen_free.set()
        self.writing = asyncio.Event()

    async def enter(self, access: Access) -> Memory:
        self.at_the_door.set()
        await self.door_open.wait()
        if self.down:
            raise OSError("no database")
        if access.session in self.revoked:
            raise NotAllowed("token_revoked", "Cette session est fermée.")
        if access.jti in self.used:
            raise NotAllowed("token_used", "Cet accès a déjà servi.")
        self.used.add(access.jti)
        return self.memories.get(access.room, Memory("waiting"))

    async def arrive(self, access: Access, come: Callable[[Memory], Sequence[Occurrence]]) -> None:
        memory = await self.enter(access)
        try:
            occurrences = come(memory)
            if occurrences:
                await self.record(access.room, occurrences, access)
        except BaseException:
            self.used.discard(access.jti)
            raise

    async def record(self, room: str, occurrences: Sequence[Occurrence], by: Access | None) -> None:
        self.writing.set()
        await self.pen_free.wait()
        if self.down:
            raise OSError("no database")
        if self.refusing is not None:
            raise self.refusing
        self.facts += [(room, one.kind, one.role) for one in occurrences]
        self.details += [one.detail for one in occurrences]

    def changed(self, room: Room) -> None:
        pass

    def kinds(self, room: str = "R") -> list[str]:
        return [kind for where, kind, _ in self.facts if where == room]


class FakeDesk:
    """A desk without appointments."""

    def __init__(self, witness: FakeWitness) -> None:
        self._witness = witness
        self.delays: list[tuple[str, int]] = []
        self.gone: list[str] = []

    async def enter_console(self, access: Access) -> None:
        await self._witness.enter(access)

    async def day(self, doctor: str) -> Day:
        return Day(
            date="2026-11-23", timezone="Europe/Paris", server_time="2026-11-23T09:00:00+00:00",
            delay_minutes=0, entries=[],
        )  # fmt: skip

    async def announce_delay(self, doctor: str, minutes: int) -> None:
        self.delays.append((doctor, minutes))

    async def console_opened(self, doctor: str) -> None:
        pass

    async def console_gone(self, doctor: str) -> None:
        self.gone.append(doctor)


class FakeVoice:
    """Remembers what was said to which socket."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, Message]] = []
        self.closed: list[str] = []
        self.on_close: Callable[[str], Any] | None = None
        self.tasks: list[asyncio.Future[Any]] = []

    def say(self, sid: str, event: str, body: bytes) -> None:
        self.said.append((sid, event, msgspec.json.decode(body, type=SERVER_TO_CLIENT[event])))

    def close(self, sid: str) -> None:
        self.closed.append(sid)
        if self.on_close is not None:
            self.tasks.append(asyncio.ensure_future(self.on_close(sid)))

    def events(self, sid: str) -> list[str]:
        return [event for to, event, _ in self.said if to == sid]


class House:
    """A running signaling server over fakes."""

    def __init__(self, directory: Path, limits: Limits) -> None:
        self.clock = Clock()
        self.tokens = Tokens(KeyRing.open(directory, datetime.now(UTC)), ORIGIN)
        self.witness = FakeWitness()
        self.desk = FakeDesk(self.witness)
        self.rooms = Rooms(self.witness, self.clock, GRACE)
        self.door = RoomNamespace(self.tokens, self.rooms)
        self.consoles = ConsoleNamespace(self.tokens, self.desk)
        #: What each socket's address was made of.
        self.addresses: list[tuple[str, Sequence[str]]] = []
        self.sio = SocketServer(
            limits=limits,
            events={"/": CLIENT_TO_SERVER.keys(), "/console": CONSOLE_TO_SERVER.keys()},
            origins=[ORIGIN],
            address_of=self._address_of,
        )
        self.sio.register_namespace(self.door)
        self.sio.register_namespace(self.consoles)
        self.app = web.Application()
        self.sio.attach(self.app)
        self.url = ""

    def _address_of(self, peer: str, forwarded: Sequence[str]) -> str:
        self.addresses.append((peer, forwarded))
        return forwarded[0] if forwarded else peer

    def token(self, role: Role, room: str = "R", *, session: str = "", kind: Kind = "room") -> str:
        return self.tokens.issue(
            kind, subject=f"{role} of {room}", role=role, room=room,
            session=session or f"session of {role}", now=datetime.now(UTC),
        )  # fmt: skip

    def sid(self, role: Role, room: str = "R") -> str:
        found = self.rooms.get(room)
        assert found is not None
        sid = found.place(role).sid
        assert sid is not None
        return sid

    def session(self, role: Role, room: str = "R") -> Session:
        """The socket that holds this seat."""
        return self.sio.engine.sessions[self.sid(role, room)]

    def presence(self, role: Role, room: str = "R") -> str:
        found = self.rooms.get(room)
        return found.place(role).presence if found else "no room"

    def version(self, room: str = "R") -> int:
        found = self.rooms.get(room)
        return found.version if found else 0


@asynccontextmanager
async def open_house(
    directory: Path,
    limits: Limits | None = None,
    *,
    front: bool = True,
    on_app: Callable[[web.Application], object] = lambda _: None,
) -> AsyncIterator[House]:
    """`front`: as the service listens; otherwise each socket comes by aiohttp's route."""
    house = House(directory, limits or Limits(rate=10_000, burst=10_000))
    on_app(house.app)
    runner = web.AppRunner(house.app)
    await runner.setup()
    bound = socket.create_server(("127.0.0.1", 0))
    site = house.sio.site(runner, bound) if front else web.SockSite(runner, bound)
    await site.start()
    house.url = f"http://127.0.0.1:{bound.getsockname()[1]}/"
    try:
        yield house
    finally:
        house.witness.door_open.set()
        house.witness.pen_free.set()
        await house.sio.stopped()
        await runner.cleanup()


class Person:
    """One page of one person, on a python-socketio client."""

    def __init__(
        self, house: House, role: Role, room: str = "R", *, instance: str = "", session: str = ""
    ) -> None:
        self.house, self.role, self.room = house, role, room
        self.instance = instance or f"page-of-{role}"
        self.session = session
        self.heard: list[tuple[str, Any]] = []
        self.refusal: dict[str, Any] = {}
        self.state: dict[str, Any] = {}
        self._news = asyncio.Condition()
        self.closed = asyncio.Event()
        self.client = socketio.AsyncClient(reconnection=False)
        self.client.on("*", self._hear)
        self.client.on("connect_error", self._refused)
        self.client.on("disconnect", self._closed)

    async def _hear(self, event: str, message: Any) -> None:
        async with self._news:
            self.heard.append((event, message))
            if event in ("snapshot", "state"):
                self.state = message["state"] if event == "snapshot" else message
            self._news.notify_all()

    async def _refused(self, refusal: Any) -> None:
        self.refusal = refusal

    async def _closed(self, reason: str) -> None:
        self.closed.set()

    async def connect(self, token: str) -> None:
        await self.client.connect(
            self.house.url,
            auth={"token": token, "instance": self.instance},
            transports=["websocket"],
            namespaces=["/"],
            wait_timeout=PATIENCE,
        )

    async def enter(self) -> "Person":
        """Into the room, until its snapshot."""
        await self.connect(self.house.token(self.role, self.room, session=self.session))
        await self.hears("snapshot")
        return self

    async def refused(self, token: str) -> str:
        """The code that a connection with this token is refused with."""
        try:
            await self.connect(token)
        except socketio.exceptions.ConnectionError:
            return str(self.refusal["data"]["code"])
        return ""

    async def ask(self, event: str, payload: object = None) -> dict[str, Any]:
        answer: dict[str, Any] = await self.client.call(
            event, payload if payload is not None else {}, timeout=PATIENCE
        )
        return answer

    async def hears(self, event: str, that: Callable[[Any], bool] = lambda _: True) -> Any:
        """The first message of that name and kind, already there or still to come."""

        def found() -> list[Any]:
            return [message for name, message in self.heard if name == event and that(message)]

        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: bool(found()))
            return found()[0]

    async def sees(self, that: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The room, once it is as told."""
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: bool(self.state) and that(self.state))
            return self.state

    async def barrier(self) -> None:
        """Whatever was said to this page before is heard when this returns."""
        await self.ask("devices", {"microphone": False, "camera": False})

    async def drop(self) -> None:
        """The network is gone: no goodbye of any kind."""
        self.client.eio.ws._response.connection.transport.abort()
        async with asyncio.timeout(PATIENCE):
            await self.closed.wait()

    async def stop(self) -> None:
        await self.client.disconnect()


@asynccontextmanager
async def people(*some: Person) -> AsyncIterator[None]:
    """They are in the room, and go home at the end."""
    try:
        for person in some:
            await person.enter()
        yield
    finally:
        for person in some:
            await person.stop()


def description(sdp: str = OFFER, negotiation: int = 1, *, fresh: bool = True) -> dict[str, Any]:
    return {"sdp": sdp, "negotiation": negotiation, "fresh": fresh}


def candidate_of(negotiation: int = 1, text: str = HOST) -> dict[str, Any]:
    return {"negotiation": negotiation, "candidate": text, "sdp_mid": "0", "sdp_m_line_index": 0}
