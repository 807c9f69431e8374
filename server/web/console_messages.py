"""What the console of a médecin-conseil asks in words that agents use too."""

from typing import Literal

from .agent_messages import Id, Local, SiteOption, Slot
from .messages import Body, Choice, Place


class InPersonChoices(Body, frozen=True):
    """GET or POST /api/console/telecontroles/{id}/presentiel: what is fixed, what could be."""

    #: An in-person appointment is asked for.
    requested: bool
    timezone: str
    booked: Place | None
    #: None: the caisse receives nowhere, an agent must find a place.
    sites: list[SiteOption]
    #: The next free hours of this médecin-conseil.
    slots: list[Slot]


class InPersonChosen(Body, frozen=True):
    """POST …/presentiel: one of the hours that were proposed."""

    site: Id
    start: Local


class Colleague(Body, frozen=True):
    """Another médecin-conseil of the service, as they are at this moment."""

    id: str
    name: str
    function: str
    #: A console of theirs is open.
    online: bool
    in_call: bool
    #: People in their waiting room.
    waiting: int


class TransferChoices(Body, frozen=True):
    """GET /api/console/telecontroles/{id}/transfert: to whom, and why, it may be handed over."""

    #: Not in a call, and not over.
    possible: bool
    #: The assuré waits: only somebody who is there can receive them.
    online_only: bool
    #: Who is there and free first.
    colleagues: list[Colleague]
    reasons: list[Choice]


class TransferForm(Body, frozen=True):
    """POST …/transfert: it is that colleague's from now on."""

    doctor: Id
    reason: Literal["retard", "absence", "deport", "competence", "technique"]
