"""What happens on the signaling channel, in plain numbers.

Counting is on the way of every message: it adds to a number and does nothing else, and who shows
the numbers (server/meters.py) reads them when it is asked. The words that are counted by are
closed lists: whatever a client sends, it makes no new one, and none names a person or a room.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Literal, get_args

from .protocol import (
    CLIENT_TO_SERVER,
    CONSOLE_TO_SERVER,
    SERVER_TO_CLIENT,
    SERVER_TO_CONSOLE,
    Actor,
    Candidate,
    Description,
    Media,
    Message,
    Renegotiate,
    Role,
)
from .room import Room

Kind = Literal["room", "console"]
Path = Literal["direct", "relayed", "unknown"]

KINDS: tuple[Kind, ...] = get_args(Kind)
ROLES: tuple[Role, ...] = get_args(Role)
#: What a page says of its path to the other.
CLAIMS = ("ready", "flowing", "lost")
OTHER = "other"
#: Why CONNECT, or an event, is refused (docs/protocol.md); the domain's other codes are « other ».
CODES = (
    "token_expired", "token_invalid", "token_lives_too_long", "token_not_yet_valid",
    "token_unknown_key", "token_wrong_algorithm", "token_wrong_audience", "token_wrong_issuer",
    "token_wrong_signature", "token_wrong_type", "token_revoked", "token_used",
    "closed", "too_early", "too_late", "information", "ended", "unavailable",
    "replaced", "malformed", "not_seated", "wrong_role", "assure_absent", "peer_absent", "in_call",
    "stale", "too_often",
    "sdp_refused", "candidate_refused", "too_many_candidates", "not_admitted", "no_challenge",
    "third_absent", "third_objected", "full", "removed",
    "transition_impossible", "porte_fermee", "telecontrole_inconnu", "forme_illisible", OTHER,
)  # fmt: skip
#: Seconds; joining should stay under 0.3, a first frame under 0.35.
JOIN = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0)
FRAME = (0.1, 0.15, 0.2, 0.25, 0.35, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0, 30.0)
#: An admission after which nothing flowed for so many seconds is counted as one without media.
PATIENCE = 60.0


class Timings:
    """How long something took, counted into buckets; `bounds`: their upper ends, in seconds."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Iterable[float]) -> None:
        self.bounds = tuple(bounds)
        #: Not cumulated; the last one has no upper end.
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds


class Tally:
    """The counts of one server process, since its start. `clock`: seconds, monotonic."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self.clock = clock
        #: Events by name; those that their namespace does not know never come so far.
        self.events_in = dict.fromkeys((*CLIENT_TO_SERVER, *CONSOLE_TO_SERVER), 0)
        self.events_out = dict.fromkeys((*SERVER_TO_CLIENT, *SERVER_TO_CONSOLE), 0)
        self.events_refused = dict.fromkeys(CODES, 0)
        self.joins = dict.fromkeys(KINDS, 0)
        self.joins_refused = {kind: dict.fromkeys(CODES, 0) for kind in KINDS}
        self.join_seconds = {kind: Timings(JOIN) for kind in KINDS}
        self.frame_seconds = {role: Timings(FRAME) for role in ROLES}
        #: Admissions after which this side's media did not come in time.
        self.frameless = dict.fromkeys(ROLES, 0)
        self.admissions = 0
        #: What the pages said of their paths, each time it became something else.
        self.claims = {role: dict.fromkeys(CLAIMS, 0) for role in ROLES}
        self.paths: dict[Role, dict[Path, int]] = {
            role: dict.fromkeys(get_args(Path), 0) for role in ROLES
        }
        self.connections = 0
        self.ice_restarts = 0
        self.renegotiations = dict.fromkeys(get_args(Renegotiate.__annotations__["reason"]), 0)
        #: Who was admitted, by room, and has not got the other's media yet: oldest first.
        self._awaited: dict[str, tuple[float, set[Role]]] = {}

    # --- sockets --------------------------------------------------------------------------------

    def joined(self, kind: Kind, since: float) -> None:
        """The first snapshot (or day) is on its way; `since`: `clock()` when CONNECT came."""
        self.joins[kind] += 1
        self.join_seconds[kind].add(self.clock() - since)

    def refused(self, kind: Kind, code: str) -> None:
        """CONNECT was answered with this code."""
        codes = self.joins_refused[kind]
        codes[code if code in codes else OTHER] += 1

    # --- events ---------------------------------------------------------------------------------

    def received(self, event: str) -> None:
        """A client sent this; its name is one of the protocol's."""
        self.events_in[event] += 1

    def sent(self, event: str) -> None:
        """One socket, or all consoles of one person, were sent this."""
        self.events_out[event] += 1

    def answered(self, code: str) -> None:
        """An event was refused with this code."""
        codes = self.events_refused
        codes[code if code in codes else OTHER] += 1

    def done(self, role: Actor, message: Message) -> None:
        """What a client asked with this payload was done."""
        if isinstance(message, Candidate):
            # The most frequent of all.
            return
        if isinstance(message, Description):
            if role == "medecin_conseil":
                self._offered(message)
        elif isinstance(message, Media) and role != "tiers":
            if message.state == "flowing" and not message.continuous:
                self.paths[role][message.path or "unknown"] += 1
        elif isinstance(message, Renegotiate):
            self.renegotiations[message.reason] += 1

    def _offered(self, offer: Description) -> None:
        if offer.fresh:
            self.connections += 1
        elif offer.negotiation > 1:
            self.ice_restarts += 1

    # --- rooms ----------------------------------------------------------------------------------

    def changed(self, before: Room, after: Room) -> None:
        """A room has a new version. Nothing to do with what is merely relayed."""
        if before.phase != after.phase:
            self._moved(before, after)
        for role in ROLES:
            said = after.place(role).transport
            if said != before.place(role).transport and said != "none":
                self.claims[role][said] += 1
                if said == "flowing":
                    self._flows(after.id, role)

    def _moved(self, before: Room, after: Room) -> None:
        if before.phase == "admitted":
            self._awaited.pop(before.id, None)
        if after.phase == "admitted":
            self.admissions += 1
            self.expire()
            self._awaited[after.id] = (self.clock(), set(ROLES))

    def _flows(self, room: str, role: Role) -> None:
        since, waiting = self._awaited.get(room, (0.0, set[Role]()))
        if role in waiting:
            waiting.remove(role)
            self.frame_seconds[role].add(self.clock() - since)
            if not waiting:
                del self._awaited[room]

    def expire(self) -> None:
        """Those who have waited for too long are counted and forgotten, so that this stays small
        whatever became of their rooms."""
        late = self.clock() - PATIENCE
        while self._awaited:
            room, (since, waiting) = next(iter(self._awaited.items()))
            if since > late:
                return
            del self._awaited[room]
            for role in waiting:
                self.frameless[role] += 1
