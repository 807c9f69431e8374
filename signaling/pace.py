"""How often what one person says goes on a room's record: a line of it costs whoever reads it.

Without this bound a page within all others' could add a hundred thousand lines an hour, and each
look at that télécontrôle would stop the whole process for seconds.
"""

from .limits import Bucket
from .room import NotAllowed

#: Never refused: who enters, who leaves, and the end.
FREE = frozenset({"admit", "send_back", "end", "leave", "third_admit", "third_remove"})


class Pace:
    """Of each person in each room, whatever socket they come by: `rate` lines a second for long,
    `burst` at once."""

    def __init__(self, rate: float = 1.0, burst: int = 120) -> None:
        self._rate, self._burst = rate, burst
        self._of: dict[str, dict[str, Bucket]] = {}

    def check(self, room: str, person: str, event: str) -> None:
        """One more line.

        :raises NotAllowed: they have said too much in a short time.
        """
        if event in FREE:
            return
        people = self._of.setdefault(room, {})
        if person not in people:
            people[person] = Bucket(self._rate, self._burst)
        if not people[person].take():
            raise NotAllowed("too_often", "Trop de changements à la fois. Attendez un instant.")

    def forget(self, room: str) -> None:
        """Nobody is there any more."""
        self._of.pop(room, None)
