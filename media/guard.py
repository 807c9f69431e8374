"""The guard against strangers' datagrams: only those from the other side's addresses reach DTLS.

aioice 0.13 hands any datagram that is not STUN, whoever sent it, to aiortc's DTLS, which one
forged ClientHello, alert or empty datagram during set-up is enough to kill (OWASP ASVS 5.0,
17.2.6; the same flaw as CVE-2023-51443 elsewhere). STUN needs no guard: it is authenticated.
"""

from typing import Any, cast

from aioice.ice import Connection, StunProtocol

#: RFC 7983, section 7: the first byte of a STUN message is 0 to 3.
_LAST_STUN_BYTE = 3


class _GuardedProtocol(StunProtocol):
    """A socket that lets data in from known addresses only; changes no state of its own."""

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        datagram = cast(bytes, data)
        if not datagram:
            return
        if datagram[0] <= _LAST_STUN_BYTE:
            super().datagram_received(datagram, addr)
        elif _is_known(self.receiver, addr[0], addr[1]):
            component = self.local_candidate.component
            Connection.data_received(self.receiver, datagram, component)


def guard(connection: Connection) -> None:
    """Drop what comes from elsewhere than the other side; call it before candidates are gathered.

    Known are the nominated pair's address and the remote candidates', be they signalled or
    learned from a check that carried the right password (RFC 8445, section 7.3.1.3).
    """
    gather = connection.get_component_candidates

    async def gather_guarded(*args: Any, **kwargs: Any) -> Any:
        candidates = await gather(*args, **kwargs)
        for protocol in connection._protocols:
            protocol.__class__ = _GuardedProtocol
        return candidates

    connection.get_component_candidates = gather_guarded  # type: ignore[method-assign]
    # aioice's own way in is shut, so nothing enters while gathering, nor as malformed STUN.
    connection.data_received = _refuse  # type: ignore[method-assign, assignment]


def _refuse(_data: bytes, _component: int) -> None:
    """Drop a datagram."""


def _is_known(connection: Connection, host: str, port: int) -> bool:
    nominated = connection._nominated.values()
    return any(pair.remote_addr == (host, port) for pair in nominated) or any(
        candidate._network_host == host and candidate.port == port
        for candidate in connection._remote_candidates
    )
