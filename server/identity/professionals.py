"""Which professional an identifier names: an RPPS number, an address, a subject; kept hashed."""

import re

from .secrets import Keeper
from .sessions import Kind

#: « 8 », then the eleven digits of the RPPS: the national identifier of a professional, as cards
#: and Pro Santé Connect write it (« 0 » would be an ADELI number, which is not ours).
NATIONAL = re.compile(r"8[0-9]{11}")


def normal(identifier: str, kind: Kind) -> str:
    """As the annuaire writes it: eleven digits of a médecin, addresses in small letters."""
    text = identifier.strip()
    if kind == "console" and NATIONAL.fullmatch(text):
        return text[1:]
    return text.casefold() if "@" in text else text


def hashed(keeper: Keeper, kind: Kind, identifier: str) -> str:
    return keeper.hashed("professionnel", kind, normal(identifier, kind))
