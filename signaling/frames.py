"""What is written to a socket: WebSocket text frames of Engine.IO and Socket.IO packets."""

from struct import pack

import msgspec

from .protocol import SERVER_TO_CLIENT, SERVER_TO_CONSOLE, Accepted, Refused

Answer = Accepted | Refused

ENGINE_PING = b"\x81\x012"
DISCONNECT = b"\x81\x0241"

encode = msgspec.json.encode


_HEADS = [pack("!BB", 0x81, size) for size in range(126)]


def text_head(size: int) -> bytes:
    """Before the payload of one unmasked text frame (RFC 6455, section 5.2)."""
    if size < 126:
        return _HEADS[size]
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2)
    return pack("!BBQ", 0x81, 127, size)


def text(payload: bytes) -> bytes:
    """One text frame."""
    return text_head(len(payload)) + payload


def goodbye(code: int) -> bytes:
    """A Close frame."""
    return pack("!BBH", 0x88, 2, code)


_STARTS = {event: f'42["{event}",'.encode() for event in (*SERVER_TO_CLIENT, *SERVER_TO_CONSOLE)}


def event_frame(event: str, body: bytes) -> bytes:
    """`body`: the event's payload, encoded."""
    start = _STARTS[event]
    size = len(start) + len(body) + 1
    if 125 < size < 65_536:
        # Most by far.
        return b"".join((b"\x81\x7e", size.to_bytes(2), start, body, b"]"))
    return b"".join((text_head(size), start, body, b"]"))


def ack_frame(number: bytes, answer: Answer) -> bytes:
    return text(b"43%b[%b]" % (number, encode(answer)))
