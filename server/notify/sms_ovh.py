"""SMS by OVHcloud: POST /1.0/sms/{serviceName}/jobs, signed.

Written from « API SMS Cookbook », « First steps with the OVHcloud APIs » and « Everything you need
to know about SMS users » (docs.ovhcloud.com). A job has no idempotency key, and its receipts come
to the one callback address of the SMS account (web/hooks.py says which to give), by GET.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from controle.convocation import Canal

from .parcel import Outcome, Parcel, Verdict
from .sms import Answer, Provider, Undelivered, accepted, refusal

ADDRESS = "https://eu.api.ovh.com/1.0"
#: What a 400 of a wrong signature, key or clock calls itself.
OURS = ("SIGNATURE", "CREDENTIAL", "INVALID_KEY", "QUERY_TIME_OUT", "TIMESTAMP")


@dataclass(frozen=True, slots=True)
class Account:
    """The keys of an application, and the SMS service it sends through."""

    application_key: str
    application_secret: str
    consumer_key: str
    service: str
    #: A registered sender; empty: a short number of OVHcloud's.
    sender: str


def signature(account: Account, method: str, url: str, body: str, timestamp: int) -> str:
    """`$1$` and the SHA-1 that OVHcloud asks for."""
    parts = (account.application_secret, account.consumer_key, method, url, body, str(timestamp))
    # Their protocol, not our choice: SHA-1 here is keyed by the secret.
    return "$1$" + hashlib.sha1("+".join(parts).encode(), usedforsecurity=False).hexdigest()


class OvhSender:
    """A sender of SMS. Nothing at OVHcloud drops a second one of the same key."""

    channel = Canal.SMS
    idempotent = False

    def __init__(
        self,
        provider: Provider,
        account: Account,
        clock: Callable[[], datetime],
        *,
        capacity: int,
        address: str = "",
    ) -> None:
        self.capacity = capacity
        self._provider = provider
        self._account = account
        self._clock = clock
        self._address = (address or ADDRESS).rstrip("/")
        #: Seconds between their clock and ours, asked once: a signature is good for little time.
        self._ahead: float | None = None

    async def send(self, parcel: Parcel) -> Outcome:
        try:
            now = await self._their_time()
        except Undelivered as wrong:
            # Nothing of the message has been sent: whatever happened, it is « later ».
            return Outcome(Verdict.LATER, wrong.outcome.reason)
        body = json.dumps(self._job(parcel), ensure_ascii=False)
        url = f"{self._address}/sms/{quote(self._account.service, safe='')}/jobs"
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-Ovh-Application": self._account.application_key,
            "X-Ovh-Consumer": self._account.consumer_key,
            "X-Ovh-Timestamp": str(now),
            "X-Ovh-Signature": signature(self._account, "POST", url, body, now),
        }
        try:
            answer = await self._provider.request("POST", url, headers, body.encode())
        except Undelivered as wrong:
            return wrong.outcome
        return self._read(answer)

    async def close(self) -> None:
        await self._provider.close()

    def _job(self, parcel: Parcel) -> dict[str, object]:
        job: dict[str, object] = {
            "message": parcel.text,
            "receivers": [parcel.to],
            # Not advertising: without « STOP », and at once, nights and Sundays too.
            "noStopClause": True,
            "priority": "high",
            "charset": "UTF-8",
            "coding": "7bit",
        }
        if self._account.sender:
            return job | {"sender": self._account.sender}
        return job | {"senderForResponse": True}

    def _read(self, answer: Answer) -> Outcome:
        if answer.status == 400 and any(code in answer.text.upper() for code in OURS):
            # Ask them the time again: ours may have been set since.
            self._ahead = None
            return Outcome(Verdict.LATER, "auth")
        if not answer.ok:
            return refusal(answer)
        told = answer.body if isinstance(answer.body, dict) else {}
        if told.get("invalidReceivers") and not told.get("validReceivers"):
            return Outcome(Verdict.REFUSED, "number")
        identifiers = told.get("ids")
        return accepted(identifiers[0] if isinstance(identifiers, list) and identifiers else None)

    async def _their_time(self) -> int:
        ours = self._clock().timestamp()
        if self._ahead is None:
            answer = await self._provider.request("GET", f"{self._address}/auth/time", {})
            if not answer.ok or not isinstance(answer.body, int):
                raise Undelivered(Verdict.LATER, "clock")
            self._ahead = answer.body - ours
        return round(ours + self._ahead)
