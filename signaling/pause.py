"""The hold: either person pauses, and nobody sends sound or picture until whoever paused resumes.

Rules like those of room.py. Each side has its own: what one person paused the other cannot undo,
and with two of them the consultation goes on when both are over. It outlives the loss of either
page, and ends with the admission: sent back, left, handed over or ended.
"""

from datetime import datetime

from msgspec.structs import replace

from .checks import in_call
from .protocol import Hold, Role
from .room import Occurrence, Room, Step


def hold(room: Room, role: Role, wanted: Hold, now: datetime) -> Step:
    """Pause, or take one's own pause back. Said again, it is not new."""
    in_call(room)
    if wanted.on == any(by == role for by, _ in room.held):
        return Step(room)
    others = tuple(one for one in room.held if one[0] != role)
    held = (*others, (role, now)) if wanted.on else others
    after = replace(room, held=held, version=room.version + 1)
    return Step(after, (Occurrence("held" if wanted.on else "resumed", role),))
