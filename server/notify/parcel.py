"""What is handed to a sender, and what a sender answers: the seam between outbox and providers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from controle.convocation import Canal, GenreEnvoi


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message, ready to leave. `key` is the outbox's id: the same at every attempt, and what
    Message-ID and providers' idempotency keys are made of."""

    key: str
    channel: Canal
    kind: GenreEnvoi
    to: str
    language: str
    subject: str
    text: str
    #: Mail only; empty for an SMS.
    html: str = ""
    #: An iCalendar object (RFC 5545), or empty, and its METHOD (PUBLISH, CANCEL).
    calendar: str = ""
    calendar_method: str = ""


class Verdict(StrEnum):
    """How one attempt ended."""

    #: The provider has taken it.
    ACCEPTED = "accepted"
    #: Not now (4xx, throttled, refused connection): nothing was taken, try again.
    LATER = "later"
    #: Never (5xx, unknown number): trying again is useless.
    REFUSED = "refused"
    #: Handed over, and no answer came: it may have left.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`reason`: a short code ("550", "timeout", "throttled"): no address, no number, no words of
    the provider. `reference`: what the provider's receipts will name it by."""

    verdict: Verdict
    reason: str = ""
    reference: str = ""
    #: Seconds that the provider asks to wait (Retry-After), 0 when it does not say.
    retry_after: float = 0.0


class Sender(Protocol):
    """One provider of one channel."""

    channel: Canal
    #: The provider drops a second message of the same key.
    idempotent: bool
    #: Messages that may be with it at the same time.
    capacity: int

    async def send(self, parcel: Parcel) -> Outcome:
        """One attempt. Never raises for what the provider does: the outcome says it."""

    async def close(self) -> None:
        """Ends its connections."""
