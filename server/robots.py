"""The demo's participants: aiortc at the other end, through the same doors as everybody.

For trying the product alone with one browser, and for tests; never in a service.
"""

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import socketio
import structlog

from media.robot import ConnectionLost, NegotiationFailed, RobotPeer

log = structlog.get_logger()

CONNECTION_WAIT = 20.0
#: Seconds that a doctor's robot stays with an assuré who is not there.
AWAY = 30.0


class Account:
    """One person's browser: cookies, JSON requests, sockets."""

    def __init__(self, base: str, ca: Path) -> None:
        self.base = base
        context = ssl.create_default_context(cafile=str(ca))
        self.http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context))

    async def request(self, method: str, path: str, body: object = None) -> Any:
        async with self.http.request(method, self.base + path, json=body) as answer:
            if answer.status >= 400:
                raise aiohttp.ClientError(f"{path}: {answer.status}")
            return await answer.json()

    async def post(self, path: str, body: object = None) -> Any:
        return await self.request("POST", path, body if body is not None else {})

    async def reachable(self) -> None:
        """Wait for the server to listen."""
        while True:
            with suppress(aiohttp.ClientError):
                async with self.http.get(f"{self.base}/healthz"):
                    return
            await asyncio.sleep(0.2)

    async def close(self) -> None:
        await self.http.close()


class RoomRobot:
    """One seat of one room: follows the room's state, answers or makes offers."""

    def __init__(self, account: Account, access: Mapping[str, Any], role: str) -> None:
        self._account = account
        self._access = access
        self._role = role
        self._peer: RobotPeer | None = None
        self._negotiation = 0
        self._peer_of: str | None = None
        self._client: socketio.AsyncClient | None = None
        self._work: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self._open = False
        self._watching: set[asyncio.Task[None]] = set()
        self.state: dict[str, Any] = {}

    async def stay(self) -> None:
        """Enter, and stay until the room is closed or this is cancelled."""
        client = socketio.AsyncClient(
            http_session=self._account.http, reconnection=False, handle_sigint=False
        )
        self._client = client
        for event in ("snapshot", "state", "signal", "renegotiate", "replaced", "disconnect"):
            client.on(event, self._noted(event))
        auth = {"token": self._access["token"], "instance": secrets.token_hex(12)}
        try:
            await client.connect(self._account.base, transports=["websocket"], auth=auth)
            while await self._step(*await self._next()):
                pass
        finally:
            for task in self._watching:
                task.cancel()
            if self._peer is not None:
                await self._peer.close()
            await client.disconnect()

    def _noted(self, event: str) -> Any:
        async def note(payload: Any = None, *_: Any) -> None:
            self._work.put_nowait((event, payload))

        return note

    async def _next(self) -> tuple[str, Any]:
        """The next message; a doctor whose assuré is away for long goes on to the next one."""
        away = self.state.get("assure", {}).get("presence") in ("left", "lost")
        waits = AWAY if away and self._role == "medecin_conseil" else None
        try:
            async with asyncio.timeout(waits):
                return await self._work.get()
        except TimeoutError:
            if self._client is not None:
                for event in ("send_back", "leave"):
                    await self._client.call(event, {}, timeout=5)
            return ("disconnect", None)

    async def _step(self, event: str, payload: Any) -> bool:
        """One message of the server; False ends the stay."""
        if event in ("replaced", "disconnect"):
            return False
        if event == "snapshot":
            for signal in payload["signals"]:
                self._work.put_nowait(("signal", signal))
            payload = payload["state"]
        if event in ("snapshot", "state"):
            await self._follow(payload)
            return bool(payload["phase"] != "ended")
        try:
            await (self._signal(payload) if event == "signal" else self._offer())
        except (NegotiationFailed, ConnectionLost):
            log.info("robot_negotiation_failed")
        return True

    async def _follow(self, state: dict[str, Any]) -> None:
        self.state = state
        if self._role == "medecin_conseil":
            await self._receive(state)
        await self._gate(state["phase"] == "admitted")

    async def _receive(self, state: dict[str, Any]) -> None:
        """The doctor's side: connect with whoever waits, then admit."""
        assure = state["assure"]
        if assure["presence"] == "present" and assure["instance"] != self._peer_of:
            self._peer_of = assure["instance"]
            await self._offer()
        ready = self._peer is not None and assure["transport"] == "ready"
        if ready and state["phase"] == "waiting" and assure["presence"] == "present":
            await self._emit("admit", {})

    async def _offer(self) -> None:
        if self._role != "medecin_conseil":
            return
        peer = await self._new_peer()
        self._negotiation = max(self._negotiation, self.state.get("negotiation", 0)) + 1
        sdp = await peer.offer()
        await self._emit("offer", {"sdp": sdp, "negotiation": self._negotiation, "fresh": True})

    async def _signal(self, signal: dict[str, Any]) -> None:
        described, candidate = signal["description"], signal["candidate"]
        if signal["kind"] == "offer":
            if not described["fresh"]:
                # aiortc cannot restart ICE: a new connection is asked for instead.
                await self._emit("renegotiate", {"reason": "fresh"})
                return
            self._negotiation = described["negotiation"]
            answer = await (await self._new_peer()).accept_offer(described["sdp"])
            reply = {"sdp": answer, "negotiation": self._negotiation, "fresh": True}
            await self._emit("answer", reply)
        elif self._peer is None or (described or candidate)["negotiation"] != self._negotiation:
            return
        elif signal["kind"] == "answer":
            await self._peer.accept_answer(described["sdp"])
        else:
            await self._peer.add_candidate(
                candidate["candidate"], candidate["sdp_mid"], candidate["sdp_m_line_index"]
            )

    async def _new_peer(self) -> RobotPeer:
        if self._peer is not None:
            await self._peer.close()
        self._open = False
        peer = RobotPeer(servers=self._access["ice_servers"], policy=self._access["ice_policy"])
        self._peer = peer
        self._watch(self._report(peer))
        return peer

    def _watch(self, work: Coroutine[Any, Any, None]) -> None:
        """Beside the messages; ends with the stay."""
        task = asyncio.create_task(work)
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)

    async def _report(self, peer: RobotPeer) -> None:
        """Say that the path is up, once it is."""
        with suppress(ConnectionLost, TimeoutError):
            async with asyncio.timeout(CONNECTION_WAIT):
                await peer.connected()
            await self._emit("media", {"state": "ready"})
            await self._gate(self.state.get("phase") == "admitted")

    async def _gate(self, admitted: bool) -> None:  # noqa: FBT001
        if self._peer is None or admitted == self._open:
            return
        self._open = admitted
        await self._emit("devices", {"microphone": True, "camera": True})
        if admitted:
            await self._peer.open_media()
            self._watch(self._report_flow(self._peer))
        else:
            await self._peer.close_media()

    async def _report_flow(self, peer: RobotPeer) -> None:
        with suppress(ConnectionLost, TimeoutError):
            async with asyncio.timeout(CONNECTION_WAIT):
                await peer.received(sounds=1)
            await self._emit("media", {"state": "flowing"})

    async def _emit(self, event: str, payload: object) -> None:
        if self._client is not None and self._client.connected:
            await self._client.emit(event, payload)


async def assure_robot(ready: Mapping[str, Any], ca: Path, appointment: Mapping[str, Any]) -> None:
    """An assuré who follows the link, enters, and stays."""
    account = Account(ready["base"], ca)
    try:
        await account.reachable()
        link = appointment["lien"].partition("#")[2]
        await account.post("/api/assure/code", {"link": link})
        entering = {"link": link, "code": appointment["code"]}
        visit = await account.post("/api/assure/session", entering)
        version = {"version": visit["information"]["version"]}
        visit = await account.post("/api/assure/information", version)
        while True:
            await RoomRobot(account, visit["access"], "assure").stay()
            await asyncio.sleep(1)
            visit = {"access": await account.post("/api/assure/jeton")}
    except (aiohttp.ClientError, socketio.exceptions.ConnectionError):
        # The appointment is over, or its hour has passed: the robot goes home.
        log.info("robot_left")
    finally:
        await account.close()


async def doctor_robot(ready: Mapping[str, Any], ca: Path, doctor: Mapping[str, Any]) -> None:
    """A doctor who admits whoever waits, one after the other, and stays with them."""
    account = Account(ready["base"], ca)
    try:
        await account.reachable()
        login = {"login": doctor["connexion"].partition("#")[2]}
        console = await account.post("/api/console/session", login)
        while True:
            waiting: asyncio.Queue[str] = asyncio.Queue()
            client = await _watch_day(account, console["token"], waiting)
            try:
                while client.connected:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(5):
                            one = await waiting.get()
                        await _receive(account, one)
            finally:
                await client.disconnect()
            await asyncio.sleep(1)
            console = await account.request("GET", "/api/console/session")
    finally:
        await account.close()


async def _receive(account: Account, telecontrole: str) -> None:
    """One after the other; a room that closed meanwhile is not the end of the day."""
    try:
        access = await account.post(f"/api/console/telecontroles/{telecontrole}/salle")
        await RoomRobot(account, access, "medecin_conseil").stay()
    except (aiohttp.ClientError, socketio.exceptions.ConnectionError):
        log.info("robot_left")


async def _watch_day(
    account: Account, token: str, waiting: asyncio.Queue[str]
) -> socketio.AsyncClient:
    """The console's socket; whoever arrives is put into `waiting`."""
    client = socketio.AsyncClient(
        http_session=account.http, reconnection=False, handle_sigint=False
    )

    async def entry(one: dict[str, Any]) -> None:
        if one["assure"]["presence"] == "present" and one["phase"] == "waiting":
            waiting.put_nowait(one["id"])

    async def day(whole: dict[str, Any]) -> None:
        for one in whole["entries"]:
            await entry(one)

    client.on("entry", entry, namespace="/console")
    client.on("day", day, namespace="/console")
    await client.connect(
        account.base, transports=["websocket"], namespaces=["/console"], auth={"token": token}
    )
    return client


@asynccontextmanager
async def run_robot(which: str, ready: Mapping[str, Any], ca: Path) -> AsyncIterator[None]:
    """While the block lasts, robots are at the end named by `which` (none when empty)."""
    work: list[Any] = []
    if which == "medecin":
        work = [doctor_robot(ready, ca, doctor) for doctor in ready["medecins"]]
    elif which == "assure":
        # One for each doctor: the first of their day.
        firsts = {a["medecin_id"]: a for a in reversed(ready["telecontroles"])}
        work = [assure_robot(ready, ca, a) for a in firsts.values()]
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        for running in tasks:
            running.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
