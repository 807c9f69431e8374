"""Rooms for our own server, made before anything is measured: real appointments of now, sessions,
the information accepted; and the tokens that let two people in."""

import http.client
import json
from datetime import UTC, datetime
from pathlib import Path

from server.clock import SystemClock
from server.identity.sessions import Session
from server.loadtest import making
from server.record import Recorder
from server.rings import Rings
from server.store.database import open_database
from server.store.sql import RegistreSql
from server.web import loadtest
from signaling.access import Tokens
from signaling.protocol import Role

from .ours import LOADTEST_KEY, wide

RUN = "mesures1"
Seats = list[tuple[str, str]]


async def seed(data: Path, count: int) -> tuple[list[str], Seats]:
    """Fill a data directory; the rooms' ids, and signed tokens of each, the assuré's first."""
    config, now = wide(data), datetime.now(UTC)
    database = await open_database(config.database)
    rings = Rings.open(data, now)
    tokens = Tokens(rings.tokens, config.origin, config.token_lifetime)
    recorder = Recorder(SystemClock(), rings.seals)
    rooms: list[str] = []
    signed: Seats = []
    try:
        async with RegistreSql(database).transaction() as unite:
            for done in range(0, count, loadtest.MAX_AT_ONCE):
                some = min(loadtest.MAX_AT_ONCE, count - done)
                made = await making.make(unite.connection, recorder, RUN, some, now)
                seats = await making.seats(unite.connection, RUN, made)
                rooms += made
                signed += [_signed(tokens, room, seats[room], now) for room in made]
    finally:
        await database.close()
    return rooms, signed


def _signed(tokens: Tokens, room: str, seats: making.Seats, now: datetime) -> tuple[str, str]:
    def one(seat: Session, role: Role) -> str:
        return tokens.issue(
            "room", subject=seat.subject, role=role, room=room, session=seat.reference, now=now
        )

    return one(seats[0], "assure"), one(seats[1], "medecin_conseil")


def issued(port: int, rooms: list[str]) -> Seats:
    """The same from the running server, as it gives them to its own pages. Blocks."""
    tokens: Seats = []
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {LOADTEST_KEY}", "Content-Type": "application/json"}
    for done in range(0, len(rooms), loadtest.MAX_AT_ONCE):
        asked = json.dumps({"run": RUN, "rooms": rooms[done : done + loadtest.MAX_AT_ONCE]})
        connection.request("POST", f"{loadtest.PATH}/jetons", asked, headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise ConnectionRefusedError(f"no tokens: {answer.status}")
        for one in json.loads(body)["rooms"]:
            tokens.append((one["assure"]["token"], one["medecin_conseil"]["token"]))
    connection.close()
    return tokens
