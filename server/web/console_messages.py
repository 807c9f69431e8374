"""What the console of a médecin-conseil asks in words that agents use too."""

from .agent_messages import Id, Local, SiteOption, Slot
from .messages import Body, Place


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
