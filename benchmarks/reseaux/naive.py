"""A naive service: a page, and a socket that passes what one says to the other.

`python -m benchmarks.reseaux.naive ADDRESS CERTIFICATE KEY`: on port 443; the ICE servers, as JSON,
on the first line of standard input, whose end ends it. Prints a line once it listens.
"""

import asyncio
import json
import ssl
import sys
from pathlib import Path

from aiohttp import web

HERE = Path(__file__).parent
JOINED = json.dumps({"joined": True})


class Pair:
    """Whoever is there; the first is told of the second."""

    def __init__(self) -> None:
        self._there: list[web.WebSocketResponse] = []

    async def relay(self, request: web.Request) -> web.WebSocketResponse:
        one = web.WebSocketResponse()
        await one.prepare(request)
        for other in self._there:
            await other.send_str(JOINED)
        self._there.append(one)
        try:
            async for message in one:
                for other in self._there:
                    if other is not one:
                        await other.send_str(message.data)
        finally:
            self._there.remove(one)
        return one


async def serve(address: str, certificate: str, key: str, servers: list[object]) -> None:
    app = web.Application()

    async def ice(_: web.Request) -> web.Response:
        return web.json_response({"iceServers": servers})

    def file(name: str) -> None:
        async def give(_: web.Request) -> web.FileResponse:
            return web.FileResponse(HERE / name)

        app.router.add_get("/" + name, give)

    app.add_routes([web.get("/ice", ice), web.get("/relay", Pair().relay)])
    file("naive.html")
    file("naive.js")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, address, 443, ssl_context=tls).start()
    sys.stdout.write("there\n")
    sys.stdout.flush()
    # Its end is ours, however who started us ended.
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:4], json.loads(sys.stdin.readline())))
