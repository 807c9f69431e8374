"""SMS as the network counts it: the GSM 7-bit alphabet (3GPP TS 23.038), septets and segments."""

import unicodedata

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: Each takes two septets, an escape and itself.
EXTENSION = frozenset("\f^{}\\[~]|€")
ONE_SEGMENT = 160
#: A segment of several loses seven septets to the header that joins them.
JOINED_SEGMENT = 153

#: What no decomposition gives.
_NEIGHBOURS = {
    "œ": "oe", "Œ": "OE", "ı": "i", "’": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"',
    "–": "-", "—": "-", "‑": "-", "·": ".", "•": "-", "ð": "d", "ł": "l", "Ł": "L",
}  # fmt: skip


def transliterated(text: str) -> str:
    """The nearest text of the alphabet; é è à ù ò ì stay, ê î ô ç lose their mark."""
    return "".join(_nearest(c) for c in unicodedata.normalize("NFC", text))


def septets(text: str) -> int:
    """How many it takes. The text must be of the alphabet."""
    return sum(_width(c) for c in text)


def segments(text: str) -> int:
    """How many SMS it takes. A two-septet character is never cut."""
    if septets(text) <= ONE_SEGMENT:
        return 1
    count, filled = 1, 0
    for width in map(_width, text):
        if filled + width > JOINED_SEGMENT:
            count, filled = count + 1, 0
        filled += width
    return count


def _width(char: str) -> int:
    if char in BASIC:
        return 1
    if char in EXTENSION:
        return 2
    raise ValueError("not of the GSM alphabet")


def _nearest(char: str) -> str:
    if char in BASIC or char in EXTENSION:
        return char
    if char in _NEIGHBOURS:
        return _NEIGHBOURS[char]
    parts = unicodedata.normalize("NFKD", char)
    return "".join(c for c in parts if c in BASIC or c in EXTENSION) or (
        "" if unicodedata.combining(char) else "?"
    )
