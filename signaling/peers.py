"""What one worker knows of the others: their rooms as they last told them, their consoles."""

from collections.abc import Collection
from dataclasses import dataclass, field

from .room import Room


@dataclass(slots=True)
class Peer:
    """Another worker. `doctors`: who has a console there."""

    doctors: set[str]
    rooms: dict[str, Room] = field(default_factory=dict)


class Peers:
    """A room is known of one worker at most: the last who told it."""

    def __init__(self) -> None:
        self._peers: dict[str, Peer] = {}
        self._owners: dict[str, str] = {}

    def __contains__(self, worker: str) -> bool:
        return worker in self._peers

    def __len__(self) -> int:
        return len(self._peers)

    def all(self) -> list[str]:
        return list(self._peers)

    def met(self, worker: str, doctors: Collection[str]) -> set[str]:
        """It tells all anew; the doctors of whom this changes anything."""
        before = self.forget(worker)
        self._peers[worker] = Peer(set(doctors))
        return before ^ set(doctors)

    def forget(self, worker: str) -> set[str]:
        """The doctors who had a console there."""
        gone = self._peers.pop(worker, None)
        if gone is None:
            return set()
        for room in gone.rooms:
            del self._owners[room]
        return gone.doctors

    # --- rooms ----------------------------------------------------------------------------------

    def room(self, identifier: str) -> Room | None:
        owner = self._owners.get(identifier)
        return self._peers[owner].rooms[identifier] if owner else None

    def owner(self, identifier: str) -> str | None:
        return self._owners.get(identifier)

    def told(self, worker: str, room: Room) -> None:
        self.not_there(room.id)
        self._owners[room.id] = worker
        self._peers[worker].rooms[room.id] = room

    def not_there(self, identifier: str, worker: str | None = None) -> None:
        """It is not that worker's (or anybody's that is known) any more."""
        owner = self._owners.get(identifier)
        if owner is not None and worker in (None, owner):
            del self._owners[identifier]
            del self._peers[owner].rooms[identifier]

    # --- consoles -------------------------------------------------------------------------------

    def console(self, worker: str, doctor: str, *, here: bool) -> None:
        doctors = self._peers[worker].doctors
        doctors.add(doctor) if here else doctors.discard(doctor)

    def with_console_of(self, doctor: str) -> list[str]:
        return [worker for worker, peer in self._peers.items() if doctor in peer.doctors]
