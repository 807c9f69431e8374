"""Providers that behave like the real ones, on this machine: a mail relay, OVHcloud, smsmode, and a
gateway. What they do next is said by the test; what they were given is kept."""

import asyncio
import hashlib
import json
import socket
import ssl
import warnings
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from certs.authority import check_names, make_authority, make_certificate
from controle.convocation import Canal, GenreEnvoi
from server.notify.parcel import Parcel

USER, PASSWORD = "telecontrole", "un-mot-de-passe-de-relais"
FROM = "ne-pas-repondre@cpam-exemple.fr"
TO, PHONE = "camille@exemple.fr", "+33601020304"


def parcel(key: str = "cle-1", channel: Canal = Canal.COURRIEL, **other: Any) -> Parcel:
    values: dict[str, Any] = {
        "key": key,
        "channel": channel,
        "kind": GenreEnvoi.RAPPEL,
        "to": TO if channel is Canal.COURRIEL else PHONE,
        "language": "fr",
        "subject": "Votre rendez-vous de demain" if channel is Canal.COURRIEL else "",
        "text": "Bonjour,\n\nVotre rendez-vous est demain à 14 h 30.\n",
    }
    return Parcel(**values | other)


@dataclass
class Certificates:
    """A server's TLS context, and the CA file that vouches for it."""

    context: ssl.SSLContext
    authority: str


def certificates(folder: Path) -> Certificates:
    now, names = datetime.now(UTC), check_names(["localhost", "127.0.0.1"])
    authority = make_authority(names, now)
    server = make_certificate(authority, names, now)
    (folder / "ca.pem").write_bytes(authority.pem())
    (folder / "server.pem").write_bytes(server.pem() + server.key_pem())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem")
    return Certificates(context, str(folder / "ca.pem"))


@dataclass
class Stored:
    """A message that the relay has taken."""

    sender: str
    to: list[str]
    options: list[str]
    raw: bytes

    @property
    def mail(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=default)


@dataclass
class Relay:
    """A real SMTP server (aiosmtpd). Each entry of `rcpt` and `data` is what it does once, then it
    accepts: an answer ("451 4.7.1 later"), "stall", "drop" (before storing), "drop after"."""

    tls: ssl.SSLContext | None = None
    #: TLS from the first byte, instead of STARTTLS.
    implicit: bool = False
    auth: bool = False
    dsn: bool = True
    #: Seconds that it takes for each message.
    delay: float = 0.0
    greeting: str = ""
    mail: deque[str] = field(default_factory=deque)
    rcpt: deque[str] = field(default_factory=deque)
    data: deque[str] = field(default_factory=deque)
    stored: list[Stored] = field(default_factory=list)
    logins: list[bytes] = field(default_factory=list)
    connections: int = 0
    noops: int = 0
    #: Set when a message has come in whole.
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    busy: int = 0
    busiest: int = 0
    open: set[Any] = field(default_factory=set)
    port: int = 0

    async def __aenter__(self) -> "Relay":
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._protocol, "127.0.0.1", 0, ssl=self.tls if self.implicit else None
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.hang_up()
        # A failed handshake leaves aiosmtpd's task waiting for ever.
        left = [one for one in asyncio.all_tasks() if "SMTP._handle_client" in repr(one)]
        for one in left:
            one.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def hang_up(self) -> None:
        """Every connection is cut, without a word."""
        for protocol in list(self.open):
            transport = protocol.transport
            if transport is not None and not transport.is_closing():
                transport.abort()

    def _protocol(self) -> SMTP:
        with warnings.catch_warnings():
            # aiosmtpd does not know of the TLS that the listening socket does for it.
            warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS")
            return Protocol(
                self,
                Handler(self),
                hostname="localhost",
                tls_context=None if self.implicit else self.tls,
                require_starttls=self.tls is not None and not self.implicit,
                auth_required=self.auth,
                auth_require_tls=not self.implicit,
                authenticator=self.authenticate,
                loop=asyncio.get_running_loop(),
            )

    def authenticate(self, _: Any, __: Any, ___: Any, ____: str, data: LoginPassword) -> AuthResult:
        self.logins.append(data.login)
        good = data == LoginPassword(USER.encode(), PASSWORD.encode())
        return AuthResult(success=good, handled=False)


class Protocol(SMTP):
    """aiosmtpd's, which counts its connections and knows the options of RFC 3461."""

    def __init__(self, relay: Relay, handler: "Handler", **settings: Any) -> None:
        super().__init__(handler, **settings)
        self.relay = relay
        self.dsn: list[str] = []

    def connection_made(self, transport: Any) -> None:
        if self not in self.relay.open:
            self.relay.connections += 1
            self.relay.open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.relay.open.discard(self)
        super().connection_lost(error)

    async def push(self, status: Any) -> None:
        if self.relay.greeting and isinstance(status, str) and status.startswith("220 localhost"):
            status = self.relay.greeting
        await super().push(status)

    async def smtp_NOOP(self, arg: str) -> None:  # noqa: N802
        self.relay.noops += 1
        await super().smtp_NOOP(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        self.dsn = []
        if self.relay.mail and await act(self, self.relay.mail.popleft()):
            return
        await super().smtp_MAIL(self.without_dsn(arg))

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        if self.relay.rcpt and await act(self, self.relay.rcpt.popleft()):
            return
        await super().smtp_RCPT(self.without_dsn(arg))

    def without_dsn(self, arg: str | None) -> str | None:
        words = (arg or "").split(" ")
        ours = ("RET=", "ENVID=", "NOTIFY=") if self.relay.dsn else ()
        self.dsn += [word for word in words if word.startswith(ours)]
        return " ".join(word for word in words if not word.startswith(ours) or not ours)


async def act(protocol: SMTP, what: str) -> bool:
    """Does it instead of what it would do; False when it is « drop after »."""
    if what == "stall":
        await asyncio.Event().wait()
    if what == "drop":
        protocol.transport.abort()  # type: ignore[union-attr]
        return True
    if what == "drop after":
        return False
    await protocol.push(what)
    if what.startswith("421"):
        protocol.transport.close()  # type: ignore[union-attr]
    return True


class Handler:
    """What aiosmtpd asks."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, _: Envelope, hostname: str, answers: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*answers[:-1], "250-DSN", answers[-1]] if self.relay.dsn else answers

    async def handle_DATA(  # noqa: N802
        self, server: Protocol, _: Session, envelope: Envelope
    ) -> str:
        relay = self.relay
        relay.busy += 1
        relay.busiest = max(relay.busiest, relay.busy)
        relay.arrived.set()
        try:
            await asyncio.sleep(relay.delay)
            what = relay.data.popleft() if relay.data else ""
            if what == "stall":
                await asyncio.Event().wait()
            if what == "drop":
                server.transport.abort()  # type: ignore[union-attr]
                return "421 gone"
            if what and what != "drop after":
                return what
            relay.stored.append(
                Stored(
                    str(envelope.mail_from),
                    list(envelope.rcpt_tos),
                    list(server.dsn),
                    bytes(envelope.original_content or b""),
                )
            )
            if what == "drop after":
                server.transport.abort()  # type: ignore[union-attr]
            return "250 2.0.0 queued"
        finally:
            relay.busy -= 1


@dataclass
class Said:
    """What a provider answers once: an HTTP answer, or "stall" / "drop" once it has read."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    instead: str = ""


@dataclass
class SmsService:
    """A provider of SMS: keeps what it takes, answers from `next`, then accepts."""

    next: deque[Said] = field(default_factory=deque)
    taken: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    async def __aenter__(self) -> "SmsService":
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.answer)
        self._stop = asyncio.Event()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await self._runner.cleanup()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        self.requests.append((body, dict(request.headers)))
        if self.next and request.method == "POST":
            said = self.next.popleft()
            if said.instead == "stall":
                await self._stop.wait()
            if said.instead:
                request.transport.abort()  # type: ignore[union-attr]
            return web.json_response(said.body, status=said.status, headers=said.headers)
        return self.accept(request, body)

    def accept(self, request: web.Request, body: str) -> web.Response:
        raise NotImplementedError


class Ovh(SmsService):
    """OVHcloud's API: checks the signature itself, against its own clock."""

    application_key, application_secret = "cle-application", "secret-application"
    consumer_key, service = "cle-consommateur", "sms-ab12345-1"
    #: Its clock.
    time: Callable[[], int] = staticmethod(lambda: 1_900_000_000)
    times_asked = 0
    invalid: frozenset[str] = frozenset()

    def accept(self, request: web.Request, body: str) -> web.Response:
        if request.path == "/1.0/auth/time":
            self.times_asked += 1
            return web.json_response(self.time())
        wrong = self.wrong(request, body)
        if wrong:
            return web.json_response({"errorCode": wrong, "message": wrong}, status=400)
        if request.path != f"/1.0/sms/{self.service}/jobs":
            return web.json_response({"message": "Got an invalid (or empty) URL"}, status=404)
        job = json.loads(body)
        refused = [number for number in job["receivers"] if number in self.invalid]
        good = [number for number in job["receivers"] if number not in self.invalid]
        self.taken += [job | {"receivers": good}] if good else []
        return web.json_response(
            {
                "totalCreditsRemoved": len(good),
                "ids": [870_000_000 + len(self.taken)] if good else [],
                "validReceivers": good,
                "invalidReceivers": refused,
            }
        )

    def wrong(self, request: web.Request, body: str) -> str:
        given = request.headers
        signed = "+".join(
            (
                self.application_secret, self.consumer_key, "POST",
                f"{self.url}{request.path}", body, given["X-Ovh-Timestamp"],
            )
        )  # fmt: skip
        if abs(int(given["X-Ovh-Timestamp"]) - self.time()) > 30:
            return "QUERY_TIME_OUT"
        if given["X-Ovh-Application"] != self.application_key:
            return "INVALID_KEY"
        right = "$1$" + hashlib.sha1(signed.encode(), usedforsecurity=False).hexdigest()
        return "" if given["X-Ovh-Signature"] == right else "INVALID_SIGNATURE"


class Smsmode(SmsService):
    """smsmode's REST API: takes twice what it is given twice."""

    key = "cle-smsmode"

    def accept(self, request: web.Request, body: str) -> web.Response:
        if request.path != "/sms/v1/messages":
            return web.json_response({"message": "Not found"}, status=404)
        if request.headers.get("X-Api-Key") != self.key:
            return web.json_response({"message": "Unauthorized"}, status=401)
        self.taken.append(json.loads(body))
        return web.json_response(
            {
                "messageId": f"8f1a-{len(self.taken)}",
                "acceptedAt": "2026-11-22T10:00:00.000",
                "status": {"value": "ENROUTE"},
            },
            status=201,
        )


class Gateway(SmsService):
    """A gateway that keeps to Idempotency-Key."""

    key = "jeton-passerelle"

    def accept(self, request: web.Request, body: str) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.json_response({}, status=401)
        name = request.headers["Idempotency-Key"]
        if name not in [one["name"] for one in self.taken]:
            self.taken.append({"name": name, "sent": json.loads(body)})
        return web.json_response({"message": {"id": f"g-{name}"}}, status=202)


def closed_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
