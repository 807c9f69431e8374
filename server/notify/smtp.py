"""Mail leaves here: a few connections to one relay (RFC 5321), opened when needed and used again.

What an attempt comes to depends on one instant, the final dot: before it nothing can have left,
after it only the relay's answer can tell.
"""

import asyncio
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from ipaddress import ip_address

import aiosmtplib
from aiosmtplib import SMTPException, SMTPResponse, SMTPResponseException
from aiosmtplib.protocol import normalize_message_line_endings

from controle.convocation import Canal

from . import courriel
from .parcel import Outcome, Parcel, Verdict

#: An idle connection is asked (NOOP) after so many seconds, and not used again after so many.
ASK_AFTER = 5.0
TOO_OLD = 60.0
#: A refusal of ourselves, not of the message: no or wrong authentication (RFC 4954, 6).
OURS = frozenset({530, 534, 535, 538})
#: The other way to say it: « 554 5.7.1 relay access denied ». It would burn every message.
NO_RELAYING = re.compile(
    r"relay(?:ing)?\b.{0,20}\b(?:denied|not permitted|not allowed|prohibited)|unable to relay", re.I
)


@dataclass(frozen=True, slots=True)
class Relay:
    """Where mail leaves, and how."""

    host: str
    port: int
    #: "starttls" (obligatory, never « if offered »), "tls" or "none" (loopback).
    security: str
    user: str
    password: str
    #: A CA file of one's own, or empty.
    authority: str
    #: Seconds for each command.
    timeout: float
    connections: int
    #: What we say we are (EHLO).
    hostname: str


class Trouble(Exception):
    """An attempt that did not end well, as the outcome it comes to."""

    def __init__(self, verdict: Verdict, reason: str) -> None:
        super().__init__(reason)
        self.outcome = Outcome(verdict, reason)


class Connection:
    """One connection to the relay, and since when it has been idle."""

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self.client = client
        self.used = False
        self.idle_since = 0.0

    @property
    def open(self) -> bool:
        return self.client.is_connected

    async def answers(self, now: float) -> bool:
        """Whether it can be used again; closed when it cannot."""
        good = False
        try:
            idle = now - self.idle_since
            if self.open and ASK_AFTER <= idle < TOO_OLD:
                await self.client.noop(timeout=ASK_AFTER)
            good = self.open and idle < TOO_OLD
        except (SMTPException, OSError):
            pass
        finally:
            if not good:
                self.client.close()
        return good

    async def end(self) -> None:
        with suppress(SMTPException, OSError):
            await self.client.quit(timeout=1)
        self.client.close()


class SmtpSender:
    """A sender of mail. Its Message-ID never changes, but no relay drops a second one for it."""

    channel = Canal.COURRIEL
    idempotent = False

    def __init__(
        self, relay: Relay, letterhead: courriel.Letterhead, clock: Callable[[], datetime]
    ) -> None:
        self.capacity = relay.connections
        self._relay = relay
        self._letterhead = letterhead
        self._clock = clock
        self._tls = _tls_context(relay)
        self._slots = asyncio.Semaphore(relay.connections)
        self._idle: list[Connection] = []

    async def send(self, parcel: Parcel) -> Outcome:
        """One attempt, of three times `timeout` at most once a connection is free."""
        try:
            mail = courriel.build(parcel, self._letterhead, self._clock())
            to = courriel.recipient(parcel.to)
        except courriel.MessageRefused as wrong:
            return Outcome(Verdict.REFUSED, wrong.reason)
        return await self._attempt(parcel.key, to, mail)

    async def tell(self, key: str, to: str, subject: str, text: str) -> Outcome:
        """One attempt at a plain mail of the service itself; as `send`."""
        try:
            mail = courriel.plain(key, to, subject, text, self._letterhead, self._clock())
        except courriel.MessageRefused as wrong:
            return Outcome(Verdict.REFUSED, wrong.reason)
        return await self._attempt(key, to, mail)

    async def _attempt(self, key: str, to: str, mail: EmailMessage) -> Outcome:
        async with self._slots:
            try:
                await self._deliver(key, to, mail)
            except Trouble as trouble:
                return trouble.outcome
        return Outcome(Verdict.ACCEPTED, reference=key)

    async def close(self) -> None:
        idle, self._idle = self._idle, []
        await asyncio.gather(*(connection.end() for connection in idle))

    async def _deliver(self, key: str, to: str, mail: EmailMessage) -> None:
        """:raises Trouble: when the relay has not said that it has the message."""
        connection = await self._prepared(key, to)
        try:
            answer = await self._hand_over(connection.client, mail.as_bytes())
        except BaseException:
            connection.client.close()
            raise
        self._keep(connection)
        if not 200 <= answer.code < 300:
            raise Trouble(*_refusal(answer.code, answer.message))

    async def _prepared(self, key: str, to: str) -> Connection:
        """A connection where the relay waits for the message; nothing can have left so far."""
        connection: Connection | None = None
        try:
            async with asyncio.timeout(2 * self._relay.timeout):
                while True:
                    connection = await self._taken()
                    try:
                        await self._envelope(connection.client, key, to)
                    except (SMTPException, OSError) as wrong:
                        if connection.used and _is_gone(wrong):
                            # It was closed while it waited: another one, once or until none is.
                            connection.client.close()
                            continue
                        raise
                    return connection
        except BaseException as wrong:
            if connection is not None:
                await self._after_refusal(connection, wrong)
            if isinstance(wrong, SMTPException | OSError):
                raise _before_dot(wrong) from wrong
            raise

    async def _taken(self) -> Connection:
        """An idle connection that still answers, or a new one."""
        while self._idle:
            connection = self._idle.pop()
            if await connection.answers(asyncio.get_running_loop().time()):
                return connection
        client = aiosmtplib.SMTP(
            hostname=self._relay.host,
            port=self._relay.port,
            username=self._relay.user or None,
            password=self._relay.password if self._relay.user else None,
            local_hostname=self._relay.hostname,
            timeout=self._relay.timeout,
            use_tls=self._relay.security == "tls",
            start_tls=self._relay.security == "starttls",
            tls_context=self._tls,
        )
        try:
            await client.connect()
        except (SMTPException, OSError) as wrong:
            raise _no_connection(wrong) from wrong
        return Connection(client)

    async def _envelope(self, client: aiosmtplib.SMTP, key: str, to: str) -> None:
        """MAIL, RCPT and DATA up to the relay's « go on » (354)."""
        if client.is_ehlo_or_helo_needed:
            await client.ehlo()
        receipts = client.supports_extension("dsn")
        # RFC 3461: the relay tells what becomes of it, and calls it by our key.
        about = ["RET=HDRS", f"ENVID={key}"] if receipts else []
        await client.mail(self._letterhead.address, options=about)
        notify = ["NOTIFY=SUCCESS,FAILURE,DELAY"] if receipts else []
        await client.rcpt(to, options=notify)
        answer = await client.execute_command(b"DATA")
        if answer.code != 354:
            raise aiosmtplib.SMTPDataError(answer.code, answer.message)

    async def _hand_over(self, client: aiosmtplib.SMTP, message: bytes) -> SMTPResponse:
        """The message and its final dot: from here on, silence is not « no »."""
        protocol = client.protocol
        if protocol is None or not protocol.is_connected:
            raise Trouble(Verdict.LATER, "disconnected")
        protocol.write(_dotted(message))
        try:
            return await protocol.read_response(timeout=self._relay.timeout)
        except SMTPResponseException as wrong:
            raise Trouble(Verdict.UNKNOWN, "answer") from wrong
        except (SMTPException, OSError) as wrong:
            raise Trouble(Verdict.UNKNOWN, _silence(wrong)) from wrong

    def _keep(self, connection: Connection) -> None:
        """« 421 » is answered and then done: what is closing is not kept."""
        if connection.open:
            connection.used = True
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle.append(connection)

    async def _after_refusal(self, connection: Connection, wrong: BaseException) -> None:
        """A refused recipient is no reason to leave: the next message may use the connection."""
        if isinstance(wrong, SMTPResponseException) and connection.open:
            with suppress(SMTPException, OSError):
                await connection.client.rset()
                self._keep(connection)
                return
        connection.client.close()


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _tls_context(relay: Relay) -> ssl.SSLContext | None:
    """:raises OSError, ssl.SSLError: when `authority` cannot be read."""
    if relay.security == "none":
        return None
    return ssl.create_default_context(cafile=relay.authority or None)


def _dotted(message: bytes) -> bytes:
    """With its dots doubled and its end (RFC 5321, 4.5.2)."""
    lines = normalize_message_line_endings(message)
    stuffed = b"." + lines if lines.startswith(b".") else lines
    return stuffed.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def _is_gone(wrong: Exception) -> bool:
    """The relay left: EOF, reset, or « 421 closing »."""
    if isinstance(wrong, SMTPResponseException):
        return wrong.code == 421
    return isinstance(wrong, ConnectionError) and not isinstance(wrong, TimeoutError)


def _no_connection(wrong: Exception) -> Trouble:
    """Whatever a relay says before a message is about us, not about the message."""
    return Trouble(Verdict.LATER, _why_no_connection(wrong))


def _why_no_connection(wrong: Exception) -> str:
    if isinstance(wrong, ssl.SSLError) or isinstance(wrong.__cause__, ssl.SSLError):
        return "tls"
    if isinstance(wrong, aiosmtplib.SMTPAuthenticationError):
        return f"auth-{wrong.code}"
    if isinstance(wrong, SMTPResponseException):
        return f"connect-{wrong.code}"
    if isinstance(wrong, TimeoutError):
        return "timeout"
    if isinstance(wrong, OSError):
        return "unreachable"
    # No STARTTLS where it is obligatory, no AUTH where there is a user: we do not go on in clear.
    return "starttls" if str(wrong).startswith("SMTP STARTTLS") else "auth"


def _before_dot(wrong: SMTPException | OSError) -> Trouble:
    if isinstance(wrong, aiosmtplib.SMTPSenderRefused) and wrong.code >= 500:
        return Trouble(Verdict.LATER, f"sender-{wrong.code}")
    if isinstance(wrong, SMTPResponseException):
        return Trouble(*_refusal(wrong.code, wrong.message))
    return Trouble(Verdict.LATER, _silence(wrong))


def _silence(wrong: Exception) -> str:
    return "timeout" if isinstance(wrong, TimeoutError) else "disconnected"


def _refusal(code: int, message: str) -> tuple[Verdict, str]:
    """4xx: try again; 5xx: never, unless it is us that the relay does not want."""
    if not 500 <= code < 600:
        return Verdict.LATER, str(code)
    if code in OURS or NO_RELAYING.search(message):
        return Verdict.LATER, f"auth-{code}"
    return Verdict.REFUSED, str(code)
