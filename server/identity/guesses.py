"""Wrong secrets, counted by the network they come from: whoever has a right one never feels it."""

import time
from ipaddress import ip_address, ip_network

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

#: One person has a whole IPv6 network (RFC 6177): it counts as one address.
NETWORK_BITS = 64


class TooManyTries(Exception):
    """Too many wrong ones from one network; `wait` seconds, then again."""

    def __init__(self, wait: int) -> None:
        super().__init__(wait)
        self.wait = wait


class Guesses:
    """Failures alone are counted: two hundred people with good links behind one address do not
    meet the one who guesses there. One process's memory: with several workers each counts its
    own."""

    def __init__(self, per_minute: int) -> None:
        self._rate = RateLimitItemPerMinute(per_minute)
        self._window = MovingWindowRateLimiter(MemoryStorage())

    async def check(self, address: str) -> None:
        """:raises TooManyTries: this network has guessed enough for now."""
        if not await self._window.test(self._rate, network(address)):
            raise await self._too_many(address)

    async def wrong(self, address: str) -> None:
        """One more.

        :raises TooManyTries: and it is not even told that it was wrong.
        """
        if not await self._window.hit(self._rate, network(address)):
            raise await self._too_many(address)

    async def _too_many(self, address: str) -> TooManyTries:
        reset, _ = await self._window.get_window_stats(self._rate, network(address))
        return TooManyTries(max(1, -int(-(reset - time.time()) // 1)))


def network(address: str) -> str:
    """What counts as one: an IPv4 address (also one that an IPv6 socket saw), an IPv6 /64."""
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((int(found), NETWORK_BITS), strict=False))
