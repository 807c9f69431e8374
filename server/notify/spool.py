"""The demo's sender: nothing leaves, and the messages are shown from the outbox."""

from controle.convocation import Canal

from .parcel import Outcome, Parcel, Verdict


class SpoolSender:
    """Takes everything at once."""

    idempotent = True
    capacity = 16

    def __init__(self, channel: Canal) -> None:
        self.channel = channel

    async def send(self, parcel: Parcel) -> Outcome:
        return Outcome(Verdict.ACCEPTED, reference=parcel.key)

    async def close(self) -> None:
        """Nothing is open."""
