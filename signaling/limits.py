"""Every bound of the signaling channel, and the bucket that bounds a socket's messages."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic


@dataclass(frozen=True, slots=True)
class Limits:
    """Every bound of the signaling channel; docs/protocol.md prints them for client writers."""

    #: Largest message in bytes, after which the socket is closed (code 1009).
    message_bytes: int = 65_536
    #: Seconds to send the request for a socket, and then CONNECT with a valid token.
    connect_deadline: float = 10.0
    #: Sockets of one address that have not authenticated yet; a hospital shares one address,
    #: so those that have are not counted.
    pending_per_address: int = 64
    #: Sockets in all.
    sockets: int = 20_000
    #: Messages per second a socket may send for long, and at once (trickled candidates burst).
    rate: float = 30.0
    burst: int = 120
    #: Bytes that wait for a reader before it is cut.
    buffer_bytes: int = 262_144
    #: Seconds that a closed socket may take to say goodbye before its connection is dropped.
    linger: float = 5.0
    #: Each socket is pinged so often, and cut when it has not answered the one before.
    ping_interval: float = 10.0
    #: What clients are told: so long after an interval without a ping, the server is gone.
    ping_timeout: float = 10.0


class Bucket:
    """A token bucket: `burst` at once, `rate` per second on the long run.

    It is filled when it is found empty, with what has come together since it was filled last: the
    clock is not read for each message.
    """

    __slots__ = ("_burst", "_clock", "_left", "_rate", "_then")

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left, self._then = float(burst), clock()

    def take(self) -> bool:
        if self._left < 1:
            now = self._clock()
            self._left = min(self._burst, self._left + (now - self._then) * self._rate)
            self._then = now
            if self._left < 1:
                return False
        self._left -= 1
        return True
