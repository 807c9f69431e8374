"""Whether a PDF is only paper: cut off, protected, or able to act by itself (ISO 32000-1).

Nothing is parsed: a reader repairs what a parser would refuse. Names are looked for in the file
as it is and in what its compressed streams hold.
"""

import re
import zlib
from contextlib import suppress
from typing import Literal

Hazard = Literal["", "broken", "protected", "active"]

#: Actions, programs, files within the file (§7.11.4, §12.6.4, §13).
ACTIVE = re.compile(
    rb"/(JavaScript|Launch|EmbeddedFiles?|RichMedia|XFA|SubmitForm|ImportData|GoToE|Rendition)"
    rb"(?![A-Za-z0-9])"
)
PROTECTED = re.compile(rb"/Encrypt(?![A-Za-z0-9])")
#: A name may be written « /J#61vaScript » (§7.3.5).
ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
STREAM = re.compile(rb"(?<!end)stream\r?\n")
#: Objects may lie in a compressed stream (§7.5.7); packed otherwise than by Flate alone, they
#: cannot be looked through.
PACKED = re.compile(rb"/ObjStm(?![A-Za-z0-9])")
STRANGE = re.compile(rb"/(ASCII|LZW|RunLength|Crypt|Predictor)")
#: What one stream, and all of them, may be inflated to.
STREAM_BYTES = 4_000_000
ALL_BYTES = 256_000_000
CHUNK = 16_384
PIECE = 262_144
#: A page of paper has a few.
MAX_STREAMS = 10_000
#: Escapes that are undone, in all: what is compressed or a picture has one in 35,000 bytes by
#: chance, paper none. Each is a call: of 250 MB of them, half a minute.
MAX_ESCAPES = 200_000


class _TooMany(Exception):
    """More escapes than paper has."""


class _Names:
    """Content as a reader understands its names, up to `MAX_ESCAPES` in all."""

    def __init__(self) -> None:
        self._left = MAX_ESCAPES

    def of(self, content: bytes) -> bytes:
        """:raises _TooMany: it would take too long."""
        named, undone = ESCAPED.subn(_sign, content, count=self._left + 1)
        self._left -= undone
        if self._left < 0:
            raise _TooMany
        return named


def _sign(found: re.Match[bytes]) -> bytes:
    return bytes([int(found[1], 16)])


def hazard(content: bytes) -> Hazard:
    """What is wrong with it, or nothing."""
    if not content.startswith(b"%PDF-") or b"%%EOF" not in content[-1_024:]:
        return "broken"
    names = _Names()
    try:
        plain = names.of(content)
        if PROTECTED.search(plain):
            return "protected"
        if ACTIVE.search(plain) or _acts_within(content, len(PACKED.findall(plain)), names):
            return "active"
    except _TooMany:
        return "active"
    return ""


def _acts_within(content: bytes, packed: int, names: _Names) -> bool:
    """Something active in a compressed stream; or one, of the `packed` that hold objects, that
    cannot be looked through."""
    total = 0
    for count, opening in enumerate(STREAM.finditer(content)):
        head = names.of(content[max(0, opening.start() - 2_048) : opening.start()])
        dictionary = head[head.rfind(b" obj") + 1 :]
        part, whole = _inflated(content, opening.end())
        total += len(part)
        if ACTIVE.search(names.of(part)) or total > ALL_BYTES or count > MAX_STREAMS:
            return True
        if PACKED.search(dictionary):
            packed -= 1
            if not whole or STRANGE.search(dictionary):
                return True
    return packed > 0


def _inflated(content: bytes, start: int) -> tuple[bytes, bool]:
    """The beginning of a stream, up to where it breaks, and whether that is all of it; nothing
    where it is no Flate."""
    inflater, out = zlib.decompressobj(), bytearray()
    with suppress(zlib.error):
        while start < len(content) and not inflater.eof and len(out) < STREAM_BYTES:
            # Fed bit by bit: what is left over is copied at each step. Read bit by bit: what came
            # before a fault was work too, and counts.
            fed = content[start : start + CHUNK]
            while fed and not inflater.eof and len(out) < STREAM_BYTES:
                out += inflater.decompress(fed, PIECE)
                fed = inflater.unconsumed_tail
            start += CHUNK
    return bytes(out), inflater.eof
