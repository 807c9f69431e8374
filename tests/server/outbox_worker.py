"""A server's postman as a process of its own, that stops where it is told and waits to be killed.

`python outbox_worker.py FOLDER PROVIDER_PORT MOMENT WHERE`: WHERE is `claimed`, `handed`,
`answered`, `noted`, or `nowhere` (ends when nothing is due).
"""

import asyncio
import sys
from datetime import datetime
from pathlib import Path

from outbox_scenes import Clock, Office

from controle.convocation import Canal
from server.notify.parcel import Outcome, Parcel, Verdict


class Wire:
    """Speaks to the provider of the test over TCP: one line with the key, one line back."""

    channel = Canal.COURRIEL
    idempotent = False
    capacity = 4

    def __init__(self, port: int, where: str) -> None:
        self._port = port
        self._where = where

    async def send(self, parcel: Parcel) -> Outcome:
        await self.at("claimed")
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(f"{parcel.key}\n".encode())
        await writer.drain()
        await self.at("handed")
        answer = (await reader.readline()).decode().strip()
        writer.close()
        await self.at("answered")
        return Outcome(Verdict.ACCEPTED, reference=answer)

    async def at(self, place: str) -> None:
        if place == self._where:
            print(place, flush=True)
            await asyncio.Event().wait()

    async def close(self) -> None:
        """Nothing is open."""


async def main(folder: str, port: str, moment: str, where: str) -> None:
    clock = Clock(datetime.fromisoformat(moment))
    office = await Office.open(Path(folder), Path(), clock)
    wire = Wire(int(port), where)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await office.postman(wire, outbox_batch=4).once()
    await wire.at("noted")
    await office.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
