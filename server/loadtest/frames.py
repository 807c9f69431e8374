"""WebSocket frames (RFC 6455) as a load client needs them: cut out of any chunking, and made."""

from collections.abc import Iterator

#: Longer messages than this end the connection: what they would cost here is bounded.
MAX_MESSAGE = 4_194_304

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
_CONTINUATION, _FINAL, _RESERVED, _MASKED, _CONTROL = 0x0, 0x80, 0x70, 0x80, 0x8
_SHORT, _LONG_16, _LONG_64 = 125, 126, 127
#: A client must mask (section 5.3); with a key of zeros the payload stays as it is. The key only
#: keeps browsers' scripts from writing bytes of their choice to a proxy: there is no script here.
_NO_MASK = bytes(4)


class FrameError(Exception):
    """What came is no frame that a server sends."""


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """One whole message of a client."""
    size = len(payload)
    if size <= _SHORT:
        return bytes((_FINAL | opcode, _MASKED | size)) + _NO_MASK + payload
    if size < 1 << 16:
        head = bytes((_FINAL | opcode, _MASKED | _LONG_16)) + size.to_bytes(2)
    else:
        head = bytes((_FINAL | opcode, _MASKED | _LONG_64)) + size.to_bytes(8)
    return head + _NO_MASK + payload


class Frames:
    """Cuts a server's bytes into messages; control frames come between the parts of one."""

    __slots__ = ("_first", "_held", "_need", "_parts")

    def __init__(self) -> None:
        #: Bytes of a frame that is not whole yet, and how many it takes to go on.
        self._held = bytearray()
        self._need = 2
        #: The message that is coming in several frames, and what its first one was.
        self._parts = bytearray()
        self._first = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The messages that these bytes complete, each as opcode and payload.

        :raises FrameError: at the first thing that is none; the connection is over then.
        """
        if self._held:
            self._held += data
            if len(self._held) < self._need:
                return
            data = bytes(self._held)
            self._held.clear()
        at, end = 0, len(data)
        while (body := _body(data, at, end)) is not None:
            start, stop = body
            if stop > end:
                break
            message = self._message(data[at], data[start:stop])
            if message is not None:
                yield message
            at = stop
        self._held += data[at:]
        # Without a whole header, one byte more may be enough to go on.
        self._need = body[1] - at if body is not None else end - at + 1

    def _message(self, first: int, payload: bytes) -> tuple[int, bytes] | None:
        opcode = first & 0x0F
        if opcode & _CONTROL:
            if not first & _FINAL or len(payload) > _SHORT:
                raise FrameError("control")
            return opcode, payload
        if (opcode == _CONTINUATION) != bool(self._first):
            raise FrameError("continuation")
        if first & _FINAL and not self._first:
            return opcode, payload
        return self._part(first, opcode, payload)

    def _part(self, first: int, opcode: int, payload: bytes) -> tuple[int, bytes] | None:
        self._parts += payload
        if len(self._parts) > MAX_MESSAGE:
            raise FrameError("too_long")
        self._first = self._first or opcode
        if not first & _FINAL:
            return None
        whole, kind = bytes(self._parts), self._first
        self._parts.clear()
        self._first = 0
        return kind, whole


def _body(data: bytes, at: int, end: int) -> tuple[int, int] | None:
    """Where the payload of the frame at `at` starts and stops; None: its header is not whole."""
    if end - at < 2:
        return None
    if data[at] & _RESERVED or data[at + 1] & _MASKED:
        raise FrameError("header")
    size = data[at + 1]
    start = at + 2
    if size >= _LONG_16:
        extended = 2 if size == _LONG_16 else 8
        start += extended
        if start > end:
            return None
        size = int.from_bytes(data[at + 2 : start])
        if size > MAX_MESSAGE:
            raise FrameError("too_long")
    return start, start + size
