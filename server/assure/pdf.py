"""Whether a PDF is only paper: cut off, protected, or able to act by itself (ISO 32000-1).

Nothing is parsed: a reader repairs what a parser would refuse. Names are looked for in the file
as it is and in what its compressed streams hold.
"""

import re
import zlib
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
#: A page of paper has a few.
MAX_STREAMS = 10_000


def hazard(content: bytes) -> Hazard:
    """What is wrong with it, or nothing."""
    if not content.startswith(b"%PDF-") or b"%%EOF" not in content[-1_024:]:
        return "broken"
    plain = _named(content)
    if PROTECTED.search(plain):
        return "protected"
    if ACTIVE.search(plain) or _acts_within(content, len(PACKED.findall(plain))):
        return "active"
    return ""


def _acts_within(content: bytes, packed: int) -> bool:
    """Something active in a compressed stream; or one, of the `packed` that hold objects, that
    cannot be looked through."""
    total = 0
    for count, opening in enumerate(STREAM.finditer(content)):
        head = _named(content[max(0, opening.start() - 2_048) : opening.start()])
        dictionary = head[head.rfind(b" obj") + 1 :]
        part, whole = _inflated(content, opening.end())
        total += len(part)
        if ACTIVE.search(_named(part)) or total > ALL_BYTES or count > MAX_STREAMS:
            return True
        if PACKED.search(dictionary):
            packed -= 1
            if not whole or STRANGE.search(dictionary):
                return True
    return packed > 0


def _inflated(content: bytes, start: int) -> tuple[bytes, bool]:
    """The beginning of a stream, and whether that is all of it; nothing where it is no Flate."""
    inflater, out = zlib.decompressobj(), bytearray()
    try:
        while not inflater.eof and len(out) < STREAM_BYTES and start < len(content):
            # Fed bit by bit: what is left over is copied at each step.
            out += inflater.decompress(content[start : start + CHUNK], STREAM_BYTES)
            while inflater.unconsumed_tail and len(out) < STREAM_BYTES:
                out += inflater.decompress(inflater.unconsumed_tail, STREAM_BYTES)
            start += CHUNK
    except zlib.error:
        return b"", False
    return bytes(out), inflater.eof


def _named(content: bytes) -> bytes:
    return ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), content)
