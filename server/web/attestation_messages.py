"""What the HTTP API of attestations takes and gives; printed to web-client/api.d.ts."""

from typing import Annotated, Literal

from msgspec import Meta

from .messages import Body, Secret


class AttestationAsked(Body, frozen=True):
    """POST /api/assure/attestation, with the session of this link: the document itself."""

    link: Secret
    form: Literal["html", "pdf", "json"]


class TokenToVerify(Body, frozen=True):
    """POST /api/attestation: for browsers that cannot verify an Ed25519 signature themselves."""

    token: Annotated[str, Meta(max_length=4_096)]


class TokenVerified(Body, frozen=True):
    """`reason` in a sentence; empty: a key of this service signed it."""

    genuine: bool
    reason: str


class Obstacle(Body, frozen=True):
    """POST /api/assure/obstacle: why this page could not open the camera or the microphone."""

    cause: Literal[
        "absent",
        "refuse",
        "ignore",
        "systeme",
        "introuvable",
        "occupe",
        "incompatible",
        "interrompu",
        "securite",
        "technique",
    ]
