"""A process that writes facts in groups, several rooms at once, until it is killed.

`python ledger_writer.py FOLDER ROOM…`: says each fact on a line once it is acknowledged.
"""

import asyncio
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from ledger_scenes import Court

from server.store import database
from signaling.room import Occurrence

#: Writers of one room: their facts are in one group, of one chain.
SIDES = ("assure", "medecin_conseil")


Say = Callable[[str, str], None]


def say(room: str, word: str) -> None:
    print(room, word, flush=True)


async def speak(court: Court, room: str, side: str, run: str, tell: Say) -> None:
    for turn in range(1_000_000):
        word = f"{run}/{side}/{turn}"
        await court.witness.record(
            room, [Occurrence("media_lost", None, claim=True, detail={"cause": word})], None
        )
        tell(room, word)


def child(folder: str, run: str, rooms: list[str], heard: Connection) -> None:
    """The same in a process that was forked, imports and all, to be killed a thousand times."""

    def tell(room: str, word: str) -> None:
        heard.send_bytes(f"{room} {word}".encode())

    # The store is up to date, and looking whether it is costs more than all that is tried here.
    database.migrate = lambda *_, **__: None
    asyncio.run(main(folder, run, *rooms, tell=tell))


async def main(folder: str, run: str, *rooms: str, tell: Say = say) -> None:
    court = await Court.open(Path(folder), Path())
    async with asyncio.TaskGroup() as together:
        for room in rooms:
            for side in SIDES:
                together.create_task(speak(court, room, side, run, tell))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
