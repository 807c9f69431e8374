"""The client's address behind our own proxies; nobody else's X-Forwarded-For is believed."""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from server.config import Network

from .errors import Handler

Address = IPv4Address | IPv6Address


def believing(proxies: Sequence[Network]) -> Middleware:
    """A middleware after which `request.remote` is the last address that is not a proxy's.

    Read from the right: what stands left of the first address that we do not trust was written
    by a stranger. Host and scheme are not taken: the public origin is a setting.
    """

    @web.middleware
    async def believe(request: web.Request, handler: Handler) -> web.StreamResponse:
        peer = address(request.remote)
        if peer is None or not is_in(peer, proxies):
            return await handler(request)
        chain = ",".join(request.headers.getall(hdrs.X_FORWARDED_FOR, ())).split(",")
        return await handler(request.clone(remote=str(client(peer, chain, proxies))))

    return believe


def behind(proxies: Sequence[Network]) -> Callable[[str, Sequence[str]], str]:
    """The same for a socket: of its connection's address and the values of X-Forwarded-For."""

    def find(connection: str, forwarded: Sequence[str]) -> str:
        # Most often there is no proxy to look for.
        peer = address(connection) if proxies else None
        if peer is None or not is_in(peer, proxies):
            return connection
        return str(client(peer, ",".join(forwarded).split(","), proxies))

    return find


def client(peer: Address, chain: Sequence[str], proxies: Sequence[Network]) -> Address:
    """The right-most address of `chain` that is no proxy; what cannot be read ends the reading."""
    last = peer
    for text in reversed(chain):
        one = address(text.strip())
        if one is None:
            break
        last = one
        if not is_in(one, proxies):
            break
    return last


def address(text: str | None) -> Address | None:
    """An address; an IPv4 one that an IPv6 socket saw is itself again."""
    try:
        found = ip_address(text or "")
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def is_in(one: Address, networks: Sequence[Network]) -> bool:
    return any(one in network for network in networks)
