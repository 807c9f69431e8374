"""A WebSocket relay on aiohttp and uvloop, no Socket.IO: `python -m benchmarks.signaling.bare`.

A message is a JSON list of a name and a payload; `join` comes first. What comes is read, for its
name, and its text handed on.
"""

import json
import sys

import uvloop
from aiohttp import web

from .children import announce

rooms: dict[str, set[web.WebSocketResponse]] = {}


async def meet(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(compress=False, heartbeat=25)
    await socket.prepare(request)
    room: set[web.WebSocketResponse] = set()
    async for message in socket:
        name, payload = json.loads(message.data)
        if name == "join":
            room = rooms.setdefault(payload["token"], set())
            room.add(socket)
            await socket.send_str('["joined"]')
            continue
        for other in room:
            if other is not socket:
                await other.send_str(message.data)
    room.discard(socket)
    return socket


def main() -> int:
    app = web.Application()
    app.router.add_get("/ws", meet)
    uvloop.install()
    web.run_app(app, sock=announce(), print=None, access_log=None, loop=uvloop.new_event_loop())
    return 0


if __name__ == "__main__":
    sys.exit(main())
