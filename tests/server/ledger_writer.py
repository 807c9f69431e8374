"""A process that writes facts in groups, several rooms at once, until it is killed.

`python ledger_writer.py FOLDER ROOM…`: says each fact on a line once it is acknowledged.
"""

import asyncio
import sys
from pathlib import Path

from ledger_scenes import Court

from signaling.room import Occurrence

#: Writers of one room: their facts are in one group, of one chain.
SIDES = ("assure", "medecin_conseil")


async def speak(court: Court, room: str, side: str, run: str) -> None:
    for turn in range(1_000_000):
        word = f"{run}/{side}/{turn}"
        await court.witness.record(
            room, [Occurrence("media_lost", None, claim=True, detail={"cause": word})], None
        )
        print(room, word, flush=True)


async def main(folder: str, run: str, *rooms: str) -> None:
    court = await Court.open(Path(folder), Path())
    async with asyncio.TaskGroup() as together:
        for room in rooms:
            for side in SIDES:
                together.create_task(speak(court, room, side, run))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
