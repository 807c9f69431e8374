"""One way of one host's access to the network: what it delays, drops and holds back.

Pure: the hour is an argument and chance is given, so that its rules are tested without waiting.
"""

from collections.abc import Callable
from dataclasses import dataclass

TCP, UDP = 6, 17
HTTPS = 443


@dataclass(frozen=True)
class Conditions:
    """What a link is like. Seconds, shares of one, thousands of bits a second."""

    delay: float = 0.0
    loss: float = 0.0
    #: 0: as quick as this machine.
    kbps: float = 0.0
    #: How much may wait in front of a slow link, in seconds of that link; what is more is dropped.
    queue: float = 0.4
    #: « only_443 » lets nothing pass but TCP to or from that port: many hospitals and offices.
    passes: str = "all"

    def __post_init__(self) -> None:
        """:raises ValueError: for a link that cannot be."""
        if self.delay < 0 or self.kbps < 0 or self.queue <= 0 or not 0 <= self.loss <= 1:
            raise ValueError(f"no link is like that: {self}")
        if self.passes not in ALLOWS:
            raise ValueError(f"passes: one of {', '.join(ALLOWS)}")


def _ports(packet: bytes) -> tuple[int, int]:
    """Source and destination of an IPv4 packet's TCP or UDP."""
    start = (packet[0] & 15) * 4
    found = packet[start : start + 4]
    return int.from_bytes(found[:2], "big"), int.from_bytes(found[2:], "big")


ALLOWS: dict[str, Callable[[bytes], bool]] = {
    "all": lambda _: True,
    "no_udp": lambda packet: packet[9] != UDP,
    "only_443": lambda packet: packet[9] == TCP and HTTPS in _ports(packet),
}


class Link:
    """Takes one packet after the other and says when each comes out at its end, if it does."""

    def __init__(self, chance: Callable[[], float], conditions: Conditions | None = None) -> None:
        """`chance` gives numbers from 0 to 1, as random.random."""
        self._chance = chance
        self.conditions = conditions or Conditions()
        self._free = 0.0
        self._dark_until = 0.0

    def cut(self, until: float) -> None:
        """Nothing passes before that hour."""
        self._dark_until = until

    def take(self, packet: bytes, now: float) -> float | None:
        """The hour at which an IPv4 packet that enters now comes out; None: it is lost."""
        like = self.conditions
        if now < self._dark_until or not ALLOWS[like.passes](packet):
            return None
        if like.loss and self._chance() < like.loss:
            return None
        out = now
        if like.kbps:
            begins = max(now, self._free)
            if begins - now > like.queue:
                return None
            out = self._free = begins + len(packet) * 8 / (like.kbps * 1000)
        return out + like.delay
