"""Bodies of /api/tiers, and of invitations on the console and at the agent's, as types."""

from typing import Literal

from signaling.protocol import ThirdKind

from .messages import Access, Body, Code, Information, RoomAccess, Secret


class ThirdForm(Body, frozen=True):
    """Invite somebody to a télécontrôle, by what they are there for."""

    kind: ThirdKind


class ThirdInvited(Body, frozen=True):
    """A new invitation. `link` and `code` are shown this once; each goes its own way."""

    id: str
    kind: ThirdKind
    link: str
    code: str
    #: When the room closes to who has not entered.
    until: str


class ThirdInvitation(Body, frozen=True):
    """An invitation that was made."""

    id: str
    kind: ThirdKind
    created: str
    by: Literal["medecin_conseil", "agent"]
    revoked: bool
    #: The link and the code were used.
    entered: bool
    #: Too many wrong codes: another one must be made.
    locked: bool


class ThirdList(Body, frozen=True):
    """All of one télécontrôle; `needs`: whom the assuré has announced to need."""

    invitations: list[ThirdInvitation]
    #: How many may hold at once.
    most: int
    needs: list[ThirdKind]


class ThirdKnock(Body, frozen=True):
    """POST /api/tiers/lien: the secret of an invitation (its URL fragment)."""

    link: Secret


class ThirdEntering(Body, frozen=True):
    """POST /api/tiers/session: the link, and the code that was told by another way."""

    link: Secret
    code: Code


class ThirdConsent(Body, frozen=True):
    """POST /api/tiers/information: the version that was read."""

    version: str


class ThirdVisit(Body, frozen=True):
    """An open session of a third participant. It says nothing about the assuré."""

    kind: ThirdKind
    start: str
    timezone: str
    minutes: int
    doctor_name: str
    doctor_function: str
    helpline: str
    information: Information
    access: RoomAccess


class ThirdLink(Body, frozen=True):
    """Where the appointment of an invitation stands; changes nothing, and names nobody."""

    access: Access
    helpline: str
    kind: ThirdKind | Literal[""] = ""
    start: str | None = None
    timezone: str = "Europe/Paris"
    #: Seconds until the room opens, for trop_tot.
    opens_in: int | None = None
    visit: ThirdVisit | None = None
