"""Our fast path alone, with a relay as small as the others': `python -m benchmarks.signaling.path`.

No token, no record, no rules of a room; but each message is decoded to its type, checked by it and
encoded anew, as the product does. What this costs more than Node is ours, what `ours` costs more
than this is what the product checks and keeps.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping

import msgspec
import uvloop
from aiohttp import web

from signaling.frames import Answer, encode, text
from signaling.library import SocketServer
from signaling.limits import Limits
from signaling.namespace import MALFORMED
from signaling.protocol import CLIENT_TO_SERVER, Accepted, Refused
from signaling.transport import Engine

from .children import announce

DECODERS = {name: msgspec.json.Decoder(kind) for name, kind in CLIENT_TO_SERVER.items()}
DONE = Accepted()


class Relay:
    """signaling.transport's Door: whoever names a room is in it, and hears the other."""

    names: Mapping[bytes, str] = {name.encode(): name for name in CLIENT_TO_SERVER}

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rooms: dict[str, list[str]] = {}
        self._room_of: dict[str, list[str]] = {}

    async def connect(self, sid: str, auth: bytes, welcome: Callable[[], None]) -> Refused | None:
        room = self._rooms.setdefault(msgspec.json.decode(auth)["token"], [])
        room.append(sid)
        self._room_of[sid] = room
        welcome()
        return None

    def heard(self, sid: str, event: str, payload: bytes) -> int | Answer | Awaitable[Answer]:
        try:
            message = DECODERS[event].decode(payload)
        except msgspec.ValidationError:
            return MALFORMED
        frame = text(b'42["%b",%b]' % (event.encode(), encode(message)))
        for other in self._room_of[sid]:
            if other != sid:
                self._engine.sessions[other].write(frame)
        return DONE

    async def gone(self, sid: str) -> None:
        if sid in self._room_of:
            self._room_of.pop(sid).remove(sid)


async def serve() -> None:
    bound = announce()
    origin = f"http://127.0.0.1:{bound.getsockname()[1]}"
    limits = Limits(pending_per_address=1_000_000, rate=1e9, burst=10**9, sockets=1_000_000)
    sio = SocketServer(limits=limits, events={}, origins=[origin], address_of=lambda peer, _: peer)
    sio.engine.door = Relay(sio.engine)
    runner = web.AppRunner(web.Application(), access_log=None)
    await runner.setup()
    await sio.site(runner, bound).start()
    await asyncio.Event().wait()


def main() -> int:
    uvloop.run(serve())
    return 0


if __name__ == "__main__":
    sys.exit(main())
