"""The days of médecins-conseils: those that are asked for together are read together.

After a restart every console asks for its day within seconds, while people come back to their
rooms. A list is read in three statements, and so are thirty-two; between two groups the loop is
everybody else's: a person at the door comes before a list.
"""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import islice

from server.drain import Drain
from server.store.sql import RegistreSql
from signaling.protocol import Day

from .entries import Entries

#: Days of one reading: some milliseconds, in which nobody else is served.
MOST = 32
#: Seconds between the beginnings of two readings. A lone one goes at once.
PACE = 0.05


class NoSuchDoctor(LookupError):
    """There is no médecin-conseil of this id."""


class Days:
    """What waits to be read, and one task that reads it while there is some."""

    def __init__(self, registre: RegistreSql, entries: Entries) -> None:
        self._registre = registre
        self._entries = entries
        self._waiting: dict[str, asyncio.Future[Day]] = {}
        self._reader = Drain(self._read_waiting, lambda: bool(self._waiting), self._give_up)

    async def day(self, doctor: str) -> Day:
        """As it is after this was asked; in no transaction of the caller's.

        :raises NoSuchDoctor: there is none of this id.
        """
        asked = self._waiting.get(doctor)
        if asked is None:
            asked = self._waiting[doctor] = asyncio.get_running_loop().create_future()
        self._reader.wake()
        # Several may wait for the same: who goes away must not take it from the others.
        return await asyncio.shield(asked)

    def _give_up(self) -> None:
        """Nobody may wait for ever."""
        for asked in self._waiting.values():
            asked.cancel()
        self._waiting.clear()

    async def _read_waiting(self) -> None:
        while self._waiting:
            group = {one: self._waiting.pop(one) for one in list(islice(self._waiting, MOST))}
            await self._read(group)
            await asyncio.sleep(PACE)

    async def _read(self, group: Mapping[str, asyncio.Future[Day]]) -> None:
        try:
            found = await self._found(list(group))
        except Exception as wrong:
            if len(group) > 1:
                # One of them cannot be read: the others must not miss theirs.
                for doctor, asked in group.items():
                    await self._read({doctor: asked})
                return
            for asked in group.values():
                asked.set_exception(wrong)
            return
        except BaseException:
            for asked in group.values():
                asked.cancel()
            raise
        for doctor, asked in group.items():
            if doctor in found:
                asked.set_result(found[doctor])
            else:
                asked.set_exception(NoSuchDoctor(doctor))

    async def _found(self, doctors: Sequence[str]) -> Mapping[str, Day]:
        async with self._registre.glance() as unite:
            return await self._entries.days(unite, doctors)
