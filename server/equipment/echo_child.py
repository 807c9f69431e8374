"""Its own process: echo peers, asked for and told of line by line on its standard streams.

Encoding a picture takes milliseconds of a core: here they are not the signaling's. It holds no key
and reads no file; it ends when its parent does.
"""

import asyncio
import json
import logging
import os
import resource
import sys
from contextlib import suppress
from typing import Any

from media.connection import NegotiationFailed
from media.echo import EchoLimits, EchoPeer
from media.sdp import SdpRefused

#: Bytes of address space; many threads share it.
MEMORY = 6_000_000_000
#: Longer than any description with its settings.
LINE = 65_536


class Echoes:
    """The peers of this process, by the parent's number for each."""

    def __init__(self) -> None:
        self._running: dict[int, asyncio.Task[None]] = {}
        self._ended: dict[int, asyncio.Event] = {}

    def take(self, asked: dict[str, Any]) -> None:
        number = asked["id"]
        if asked.get("end"):
            if number in self._ended:
                self._ended[number].set()
            return
        self._ended[number] = asyncio.Event()
        self._running[number] = asyncio.create_task(self._echo(number, asked))

    async def close(self) -> None:
        for ended in self._ended.values():
            ended.set()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _echo(self, number: int, asked: dict[str, Any]) -> None:
        limits = EchoLimits(asked["seconds"], asked["bytes"])
        peer = EchoPeer(servers=asked["servers"], policy=asked["policy"], limits=limits)
        try:
            tell(number, answer=await peer.answer(asked["sdp"]))
            await self._until_over(number, peer)
        except SdpRefused as wrong:
            tell(number, refused=wrong.reason)
        except NegotiationFailed:
            tell(number, refused="negotiation")
        finally:
            # Its place is free once it costs nothing more.
            with suppress(Exception):
                await peer.close()
            tell(number, over=True)
            del self._running[number], self._ended[number]

    async def _until_over(self, number: int, peer: EchoPeer) -> None:
        by_itself = asyncio.ensure_future(peer.over())
        asked_for = asyncio.ensure_future(self._ended[number].wait())
        try:
            await asyncio.wait((by_itself, asked_for), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in (by_itself, asked_for):
                one.cancel()
            await asyncio.gather(by_itself, asked_for, return_exceptions=True)


def tell(number: int, **what: Any) -> None:
    sys.stdout.write(json.dumps({"id": number, **what}) + "\n")
    sys.stdout.flush()


async def run() -> None:
    reader = asyncio.StreamReader(LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    echoes = Echoes()
    while line := await reader.readline():
        echoes.take(json.loads(line))
    await echoes.close()


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    # Whoever is in a call comes first.
    os.nice(10)
    # A library may quote an address.
    logging.disable(logging.CRITICAL)
    asyncio.run(run())


if __name__ == "__main__":
    main()
