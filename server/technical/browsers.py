"""Which family of browser: the engine that carries the call, and phone or computer; no more.

What a browser says of itself tells one person from another. Eight words do not: the header is read
once, when the session is opened, and only its word is kept (docs/decisions/0019).
"""

from typing import Literal, get_args

Family = Literal[
    "chrome_mobile", "chrome_ordinateur", "firefox_mobile", "firefox_ordinateur",
    "safari_mobile", "safari_ordinateur", "autre_mobile", "autre_ordinateur",
]  # fmt: skip
FAMILIES: tuple[Family, ...] = get_args(Family)
#: What may be read of a header.
LENGTH = 512
#: In this order: every browser claims to be the ones before it. On iOS all are WebKit inside, and
#: Edge, Opera or Samsung Internet are Chromium.
ENGINES = (
    ("CriOS/", "safari"), ("FxiOS/", "safari"), ("EdgiOS/", "safari"), ("Firefox/", "firefox"),
    ("Chrome/", "chrome"), ("Chromium/", "chrome"), ("Version/", "safari"),
)  # fmt: skip
MOBILE = ("Mobi", "Android", "iPhone", "iPad")


def family(user_agent: str) -> Family:
    """The word for a User-Agent header, whatever is in it. An iPad that says to be a Mac is
    believed."""
    read = user_agent[:LENGTH]
    engine = next((word for sign, word in ENGINES if sign in read), "autre")
    device = "mobile" if any(sign in read for sign in MOBILE) else "ordinateur"
    return next(word for word in FAMILIES if word == f"{engine}_{device}")
