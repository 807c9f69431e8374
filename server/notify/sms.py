"""What the senders of SMS share: one POST to a provider, and what its answer comes to.

An SMS costs money and a person's trust: nothing is repeated here, no redirect is followed, and a
request that may have arrived is UNKNOWN, not LATER.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from .parcel import Outcome, Verdict

MAX_ANSWER = 65_536
#: What providers name us a message by.
REFERENCE = re.compile(r"[A-Za-z0-9._:-]{1,128}")
#: The answer is late, or lost, behind the door that took the request: it may have left.
MAYBE = frozenset({408, 504, 524})
#: A 400 that is about the number and not about us.
NUMBER = re.compile(r"receiver|recipient|phone|msisdn|number|destinataire|num[eé]ro", re.I)
CREDIT = re.compile(r"credit|cr[eé]dit|balance|solde", re.I)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, Retry-After in seconds, and body as JSON (None when it is none, or too long)."""

    status: int
    retry_after: float
    body: Any
    #: The body's words, to look for codes in: never kept, never logged.
    text: str

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class Undelivered(Exception):
    """No answer came, as the outcome it comes to."""

    def __init__(self, verdict: Verdict, reason: str) -> None:
        super().__init__(reason)
        self.outcome = Outcome(verdict, reason)


class Provider:
    """The HTTP side of a provider: one session, opened at the first request."""

    def __init__(self, timeout: float, connections: int) -> None:
        self._timeout = timeout
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        """:raises Undelivered: when no answer came."""
        try:
            async with self._opened().request(
                method, url, headers=headers, data=body, allow_redirects=False
            ) as response:
                return await _answer(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as wrong:
            raise Undelivered(Verdict.LATER, _unreached(wrong)) from wrong
        except (aiohttp.ClientError, OSError) as wrong:
            reason = "timeout" if isinstance(wrong, TimeoutError) else "disconnected"
            raise Undelivered(Verdict.UNKNOWN, reason) from wrong

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            limits = aiohttp.ClientTimeout(
                total=2 * self._timeout, connect=self._timeout, sock_read=self._timeout
            )
            # A connection for each request: on one kept open, « the server closed it » could mean
            # before or after it read our POST.
            connector = aiohttp.TCPConnector(limit=self._connections, force_close=True)
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=limits,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"Accept-Encoding": "identity"},
            )
        return self._session


def refusal(answer: Answer) -> Outcome:
    """What an answer other than 2xx comes to."""
    status, words = answer.status, answer.text
    if status in MAYBE:
        return Outcome(Verdict.UNKNOWN, str(status))
    if status == 429:
        return Outcome(Verdict.LATER, "throttled", retry_after=answer.retry_after)
    if status == 402 or (400 <= status < 500 and CREDIT.search(words)):
        return Outcome(Verdict.LATER, "credit")
    if status in (401, 403, 407):
        return Outcome(Verdict.LATER, "auth")
    if status in (400, 422) and NUMBER.search(words):
        return Outcome(Verdict.REFUSED, "number")
    # Whatever else is wrong with the request is so for every message: it waits for us to mend it.
    return Outcome(Verdict.LATER, str(status), retry_after=answer.retry_after)


def accepted(reference: object) -> Outcome:
    """Taken: an answer without a usable reference is an SMS sent all the same."""
    text = str(reference) if isinstance(reference, str | int) else ""
    return Outcome(Verdict.ACCEPTED, reference=text if REFERENCE.fullmatch(text) else "")


async def _answer(response: aiohttp.ClientResponse) -> Answer:
    raw = b""
    async for chunk in response.content.iter_chunked(8192):
        raw += chunk
        if len(raw) > MAX_ANSWER:
            # The status says enough; the rest is not waited for.
            raw = b""
            break
    text = raw.decode(errors="replace")
    return Answer(response.status, _seconds(response), _json(text), text)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _seconds(response: aiohttp.ClientResponse) -> float:
    """Retry-After in seconds; as a date it is left to our own back-off."""
    told = response.headers.get("Retry-After", "")
    return min(float(told), 86_400.0) if told.isascii() and told.isdigit() else 0.0


def _unreached(wrong: Exception) -> str:
    if isinstance(wrong, aiohttp.ClientSSLError):
        return "tls"
    return "timeout" if isinstance(wrong, TimeoutError) else "unreachable"
