"""python-socketio on aiohttp as its documentation shows it: `python -m benchmarks.signaling.plain`.

Every default kept; one catch-all handler hands each event to the other side of the room.
"""

import sys
from typing import Any

import socketio
from aiohttp import web

from .children import announce

sio = socketio.AsyncServer(async_mode="aiohttp")
rooms: dict[str, str] = {}


@sio.event  # type: ignore[untyped-decorator]
async def connect(sid: str, _: dict[str, Any], auth: dict[str, str]) -> None:
    rooms[sid] = auth["token"]
    await sio.enter_room(sid, rooms[sid])


@sio.event  # type: ignore[untyped-decorator]
async def disconnect(sid: str, _: str) -> None:
    rooms.pop(sid, None)


@sio.on("*")  # type: ignore[untyped-decorator]
async def relay(event: str, sid: str, data: object) -> dict[str, bool]:
    await sio.emit(event, data, room=rooms[sid], skip_sid=sid)
    return {"ok": True}


def main() -> int:
    app = web.Application()
    sio.attach(app)
    web.run_app(app, sock=announce(), print=None, access_log=None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
