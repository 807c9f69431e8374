"""Which médecin-conseil each room of this process is for, both ways."""

from collections.abc import Collection, KeysView


class Whose:
    """Known of the rooms that somebody entered by this process; kept as long as they are."""

    def __init__(self) -> None:
        self._doctor: dict[str, str] = {}
        self._rooms: dict[str, set[str]] = {}

    @property
    def known(self) -> KeysView[str]:
        """The rooms of which it is known."""
        return self._doctor.keys()

    def doctor(self, room: str) -> str | None:
        return self._doctor.get(room)

    def rooms(self, doctor: str) -> frozenset[str]:
        return frozenset(self._rooms.get(doctor, ()))

    def put(self, room: str, doctor: str) -> None:
        """It may have been a colleague's."""
        if self._doctor.get(room) != doctor:
            self._drop(room)
            self._doctor[room] = doctor
            self._rooms.setdefault(doctor, set()).add(room)

    def keep(self, rooms: Collection[str]) -> None:
        """Forget every other room."""
        for room in self.known - set(rooms):
            self._drop(room)

    def _drop(self, room: str) -> None:
        doctor = self._doctor.pop(room, None)
        if doctor is not None:
            mine = self._rooms[doctor]
            mine.discard(room)
            if not mine:
                del self._rooms[doctor]
