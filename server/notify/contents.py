"""The words of a message as they were rendered: sealed in the outbox, opened to send or to show."""

import msgspec

from server.identity.vault import Unreadable
from server.store.sealed import ALTERED, ERASED, Person, shown

from .messages import Rendered

PURPOSE = "envoi"


def sealed(whose: Person, envoi: str, rendered: Rendered) -> str:
    return whose.seal_text(PURPOSE, envoi, msgspec.json.encode(rendered).decode())


def opened(whose: Person | None, envoi: str, content: str) -> Rendered:
    """:raises Unreadable: sealed for another person or message; or this person was erased."""
    if whose is None:
        raise Unreadable
    return msgspec.json.decode(whose.open_text(PURPOSE, envoi, content), type=Rendered)


def displayed(whose: Person | None, envoi: str, content: str) -> Rendered:
    """As a screen shows it: where it does not open, why."""
    told = ERASED
    if whose is not None:
        told = shown(whose, PURPOSE, envoi, content)
        if told != ALTERED:
            return msgspec.json.decode(told, type=Rendered)
    return Rendered(told, told, html="", calendar="", calendar_method="", version="")
