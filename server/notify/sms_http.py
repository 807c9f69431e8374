"""SMS by any gateway that takes a POST of JSON: the template is the operator's (`sms_body`).

What is asked of the gateway: 2xx when it has the message; `Idempotency-Key` makes it drop a second
one of the same key; 400 or 422 naming the number when there is no such number; 402, 429 and
Retry-After as HTTP says. Receipts are posted to /hooks/sms/http, signed (web/hooks.py).
"""

import json
import re
from typing import Any

from controle.convocation import Canal

from .parcel import Outcome, Parcel
from .sms import Provider, Undelivered, accepted, refusal

PLACE = re.compile(r"\{(to|text|from|key)\}")


class TemplateRefused(ValueError):
    """The template is no JSON, or has no place for the number and the text."""


class Template:
    """JSON whose strings hold {to}, {text}, {from}, {key}.

    It is parsed first and filled afterwards: a quote, a brace or a « {key} » in the text is text.
    """

    def __init__(self, source: str) -> None:
        """:raises TemplateRefused:"""
        try:
            self._parsed = json.loads(source)
        except (ValueError, RecursionError) as wrong:
            raise TemplateRefused("this is not JSON") from wrong
        places = set(PLACE.findall(source))
        if not {"to", "text"} <= places:
            raise TemplateRefused("{to} and {text} are needed")

    def fill(self, values: dict[str, str]) -> bytes:
        return json.dumps(_filled(self._parsed, values)).encode()


def _filled(part: Any, values: dict[str, str]) -> Any:
    if isinstance(part, str):
        return PLACE.sub(lambda place: values[place[1]], part)
    if isinstance(part, list):
        return [_filled(one, values) for one in part]
    if isinstance(part, dict):
        return {name: _filled(one, values) for name, one in part.items()}
    return part


def field(body: Any, path: str) -> Any:
    """What is at `path` (« message.id »), or None."""
    for name in path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body


class HttpSender:
    """A sender of SMS through a gateway that keeps to the Idempotency-Key header."""

    channel = Canal.SMS
    idempotent = True

    def __init__(
        self,
        provider: Provider,
        *,
        url: str,
        key: str,
        sender: str,
        template: Template,
        reference_field: str,
        capacity: int,
    ) -> None:
        self.capacity = capacity
        self._provider = provider
        self._url = url
        self._key = key
        self._sender = sender
        self._template = template
        self._reference_field = reference_field

    async def send(self, parcel: Parcel) -> Outcome:
        headers = {"Content-Type": "application/json", "Idempotency-Key": parcel.key}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        values = {"to": parcel.to, "text": parcel.text, "from": self._sender, "key": parcel.key}
        try:
            answer = await self._provider.request(
                "POST", self._url, headers, self._template.fill(values)
            )
        except Undelivered as wrong:
            return wrong.outcome
        if not answer.ok:
            return refusal(answer)
        return accepted(field(answer.body, self._reference_field))

    async def close(self) -> None:
        await self._provider.close()
