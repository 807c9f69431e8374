"""SMS by smsmode: POST /sms/v1/messages of its REST API (dev.smsmode.com/sms/v1).

`X-Api-Key` says who we are. `refClient` is our key: smsmode gives it back with each receipt, and
does not use it to drop a second message. `callbackUrlStatus` says where receipts go; they are not
signed, so the address itself holds a token (web/hooks.py).
"""

import json

from controle.convocation import Canal

from .parcel import Outcome, Parcel
from .sms import Provider, Undelivered, accepted, refusal

ADDRESS = "https://rest.smsmode.com"


class SmsmodeSender:
    """A sender of SMS. `refClient` is a reference, not an idempotency key."""

    channel = Canal.SMS
    idempotent = False

    def __init__(
        self,
        provider: Provider,
        *,
        key: str,
        sender: str,
        callback: str,
        capacity: int,
        address: str = "",
    ) -> None:
        self.capacity = capacity
        self._provider = provider
        self._key = key
        self._sender = sender
        self._callback = callback
        self._url = f"{(address or ADDRESS).rstrip('/')}/sms/v1/messages"

    async def send(self, parcel: Parcel) -> Outcome:
        headers = {
            "X-Api-Key": self._key,
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        body = json.dumps(self._message(parcel)).encode()
        try:
            answer = await self._provider.request("POST", self._url, headers, body)
        except Undelivered as wrong:
            return wrong.outcome
        if not answer.ok:
            return refusal(answer)
        return accepted(answer.body.get("messageId") if isinstance(answer.body, dict) else None)

    async def close(self) -> None:
        await self._provider.close()

    def _message(self, parcel: Parcel) -> dict[str, object]:
        message: dict[str, object] = {
            # International, without its sign.
            "recipient": {"to": parcel.to.removeprefix("+")},
            "body": {"text": parcel.text},
            "refClient": parcel.key,
        }
        if self._sender:
            message["from"] = self._sender
        if self._callback:
            message["callbackUrlStatus"] = self._callback
        return message
