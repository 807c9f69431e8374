"""The bodies of the equipment test, both directions (server/web/equipment.py)."""

from typing import Annotated, Literal

from msgspec import Meta

from .messages import Body, Colour, IceServer, Problem, Secret

#: What `POST …/acces` gave; empty for who has entered with the room's own code.
Pass = Annotated[str, Meta(pattern=r"^(?:[0-9]{9,12}\.[0-9a-f]{64})?$")]
#: A camera or a microphone; `faible`: it is there and gives nothing.
Device = Literal["ok", "faible", "refuse", "introuvable", "occupe", "panne", "non_teste"]
Kbps = Annotated[int, Meta(ge=0, le=100_000)]


class EquipmentLink(Body, frozen=True):
    """POST /api/assure/materiel/acces: by the code that was sent, a pass, or the session."""

    link: Secret
    code: Annotated[str, Meta(pattern=r"^(?:[0-9]{6})?$")] = ""
    access: Pass = ""


class EquipmentAccess(Body, frozen=True):
    """What the network's test needs."""

    access: str
    expires_in: int
    ice_servers: list[IceServer]
    echo_seconds: float


class EchoOffer(Body, frozen=True):
    """POST /api/assure/materiel/echo: a complete offer, without trickling."""

    link: Secret
    sdp: Annotated[str, Meta(max_length=16_384)]
    access: Pass = ""


class EchoLine(Body, frozen=True):
    """A line of its answer: how many come before; at last the description, or why there is none."""

    before: int | None = None
    answer: str | None = None
    error: Problem | None = None


class EquipmentParts(Body, frozen=True):
    """What was tried, and how it went, as codes."""

    navigateur: Literal["ok", "partiel", "incompatible"]
    camera: Device = "non_teste"
    micro: Device = "non_teste"
    haut_parleur: Literal["ok", "non_entendu", "non_teste"] = "non_teste"
    reseau: Literal["ok", "faible", "mauvais", "aucun", "non_teste"] = "non_teste"
    echo: Literal["ok", "partiel", "echec", "occupe", "non_teste"] = "non_teste"
    chemin: Literal["direct", "relais", "inconnu"] = "inconnu"
    #: By which ways our relay is reached; None: there is no such way, or it was not tried.
    udp: bool | None = None
    tcp: bool | None = None
    tls: bool | None = None


class EquipmentVerdict(Body, frozen=True):
    """POST /api/assure/materiel/verdict: the last one is kept, with the appointment."""

    link: Secret
    colour: Colour
    parts: EquipmentParts
    access: Pass = ""
    #: Measured by the page; None: not measured.
    up_kbps: Kbps | None = None
    down_kbps: Kbps | None = None
    loss_percent: Annotated[int, Meta(ge=0, le=100)] | None = None
    rtt_ms: Annotated[int, Meta(ge=0, le=60_000)] | None = None
