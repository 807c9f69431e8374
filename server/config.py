"""Every setting, typed, read once: a TOML file, then TELECONTROLE_… of the environment."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from media.ice import IceSettings

#: What a configuration must not be left with (`telecontrole serve` refuses it).
DEFAULT_SECRET = "changez-moi"  # noqa: S105
MIN_SECRET_LENGTH = 32
ORIGIN = re.compile(r"https://[A-Za-z0-9.\[\]:-]+")
ENVIRONMENT_PREFIX = "TELECONTROLE_"

#: The convocation leaves at the latest two days before.
LEGAL_DAYS = 2
LAST_HOUR = 23

Network = IPv4Network | IPv6Network


class ConfigurationError(Exception):
    """The settings do not allow to start; the message names the setting."""


@dataclass(frozen=True, slots=True)
class Config:
    """One server. Durations are in seconds where a name says so, timedeltas otherwise."""

    #: Where databases, keys and certificates live.
    data_dir: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = 8443
    #: The public origin, as browsers see it; no trailing slash.
    origin: str = "https://localhost:8443"
    #: Other origins that may open a socket or post (the demo: the machine's own addresses).
    more_origins: tuple[str, ...] = ()
    #: SQLAlchemy URL; empty: SQLite in `data_dir`.
    database_url: str = ""
    #: Certificate chain and key; both empty: plain HTTP behind a proxy on this machine.
    tls_certificate: str = ""
    tls_key: str = ""
    #: Keys codes and addresses before they are hashed for storage.
    secret: str = DEFAULT_SECRET
    #: Networks of the reverse proxies whose X-Forwarded-For is believed.
    trusted_proxies: tuple[str, ...] = ()
    #: How long browsers keep to https once they came over it (HSTS).
    hsts: timedelta = timedelta(days=730)
    #: Networks that may read /metrics.
    metrics_networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    helpline: str = "3646"

    stun_urls: tuple[str, ...] = ()
    turn_urls: tuple[str, ...] = ()
    turn_secret: str = ""
    turn_ttl_seconds: int = 5_400
    ice_policy: Literal["all", "relay"] = "all"

    #: The room opens so long before the appointment and stays open so long after it.
    open_before: timedelta = timedelta(minutes=15)
    open_after: timedelta = timedelta(minutes=30)
    #: Nobody is « absent » before this much of the appointment has gone by.
    absence_grace: timedelta = timedelta(minutes=15)
    #: A lost assuré returns without a new admission within this time.
    reconnection_grace: timedelta = timedelta(seconds=120)

    token_lifetime: timedelta = timedelta(minutes=5)
    assure_session: timedelta = timedelta(hours=4)
    console_idle: timedelta = timedelta(minutes=30)
    console_session: timedelta = timedelta(hours=10)
    login_lifetime: timedelta = timedelta(minutes=15)
    code_lifetime: timedelta = timedelta(minutes=10)
    code_tries: int = 5
    code_lock: timedelta = timedelta(minutes=15)
    code_resend: timedelta = timedelta(seconds=30)
    #: Codes that one link may ask for within `code_lock`.
    codes_per_link: int = 5

    #: Who mail comes from. One fixed domain of the caisse, with SPF, DKIM and DMARC.
    mail_from: str = ""
    mail_from_name: str = "Assurance maladie"
    #: Where mail leaves; empty: none is sent, and what is due waits and is shown.
    smtp_host: str = ""
    smtp_port: int = 587
    #: `none` is for a relay on this machine only.
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    #: A certificate authority of one's own, PEM; empty: the system's.
    smtp_ca: str = ""
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_timeout: timedelta = timedelta(seconds=30)
    smtp_connections: int = 16
    #: Where SMS leave: OVHcloud, smsmode, or any gateway that takes a POST; empty: none is sent.
    sms_provider: Literal["", "ovh", "smsmode", "http"] = ""
    #: Overrides the provider's own address (a proxy; obligatory for `http`).
    sms_url: str = ""
    #: The name or number that an SMS comes from, as registered with the provider.
    sms_from: str = ""
    #: OVHcloud: application key, application secret, consumer key, service name.
    #: smsmode: the API key in `sms_key`. http: a bearer token in `sms_key`.
    sms_key: str = ""
    sms_secret: str = ""
    sms_consumer_key: str = ""
    sms_service: str = ""
    #: http: the JSON body, where {to}, {text}, {from} and {key} stand in its strings; and the
    #: field of the answer that holds the message's reference.
    sms_body: str = '{"to": "{to}", "text": "{text}", "from": "{from}", "id": "{key}"}'
    sms_reference_field: str = "id"
    sms_timeout: timedelta = timedelta(seconds=15)
    sms_connections: int = 8
    #: Authenticates the receipts that mail servers and SMS providers post to /hooks/…
    hooks_secret: str = ""

    #: How often what is due is looked for, and how long a server that took a message may be
    #: silent before another takes it up.
    outbox_poll: timedelta = timedelta(seconds=5)
    outbox_lease: timedelta = timedelta(minutes=3)
    #: Minutes between attempts; the last one goes on until it is too late.
    outbox_backoff: tuple[str, ...] = ("1", "5", "15", "30", "60")
    #: What one server takes at once.
    outbox_batch: int = 64

    #: Days between the convocation and the appointment, in the caisse's calendar.
    convocation_days: int = 2
    #: The hours of the eve between which the reminder leaves, in the caisse's time.
    reminder_from_hour: int = 8
    reminder_until_hour: int = 19
    slot: timedelta = timedelta(minutes=30)

    #: A document that justifies an absence, and how many one télécontrôle may hold.
    document_bytes: int = 5_000_000
    documents: int = 3
    #: Lines and bytes of one import.
    import_lines: int = 5_000
    import_bytes: int = 5_000_000
    #: Requests of one key of the API, a minute.
    api_per_minute: int = 600
    #: « Est-ce bien un message de ma caisse ? »: tries a minute from one address.
    verifications_per_minute: int = 5

    body_bytes: int = 65_536
    heartbeat: timedelta = timedelta(seconds=60)
    connect_deadline_seconds: float = 10.0
    pending_sockets_per_address: int = 64
    messages_per_second: float = 30.0
    messages_burst: int = 120
    #: Sockets in all, in one process.
    sockets: int = 20_000
    #: What may wait for a reader that does not read before its socket is cut.
    socket_buffer_bytes: int = 262_144

    #: Server processes on this machine; more than one need `redis_url`.
    workers: int = 1
    #: Where they tell each other what crosses: « redis://127.0.0.1:6379/0 ».
    redis_url: str = ""

    #: A load test may make rooms of its own here, with `loadtest_key`. Not in production.
    loadtest: Literal["refused", "allowed"] = "refused"
    loadtest_key: str = ""

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'telecontrole.db'}"

    @property
    def origins(self) -> tuple[str, ...]:
        return (self.origin, *self.more_origins)

    @property
    def ice(self) -> IceSettings:
        return IceSettings(
            stun_urls=self.stun_urls,
            turn_urls=self.turn_urls,
            turn_secret=self.turn_secret,
            turn_ttl_seconds=self.turn_ttl_seconds,
            policy=self.ice_policy,
        )

    @property
    def proxies(self) -> tuple[Network, ...]:
        return _networks("trusted_proxies", self.trusted_proxies)

    def networks(self) -> tuple[Network, ...]:
        return _networks("metrics_networks", self.metrics_networks)

    def check_for_service(self) -> None:
        """:raises ConfigurationError: for what `serve` must not start with."""
        if self.secret == DEFAULT_SECRET or len(self.secret) < MIN_SECRET_LENGTH:
            raise ConfigurationError(
                f"secret: a value of its own, {MIN_SECRET_LENGTH} characters at least, is needed"
            )
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ConfigurationError("tls_certificate and tls_key go together")
        for file in (self.tls_certificate, self.tls_key):
            if file and not Path(file).is_file():
                raise ConfigurationError(f"{file}: no such file")
        if not self.origin.startswith("https://"):
            raise ConfigurationError("origin: browsers give camera and microphone to https only")
        if not ORIGIN.fullmatch(self.origin):
            raise ConfigurationError("origin: https://host or https://host:port, nothing after")
        # Read here too, so that a network that is none is refused before anything is opened.
        _ = self.proxies, self.networks()
        if not self.tls_certificate and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise ConfigurationError("host: without tls_certificate, listen on loopback only")
        if self.ice_policy == "relay" and not self.turn_urls:
            raise ConfigurationError("ice_policy: relay needs turn_urls")
        if self.turn_urls and len(self.turn_secret) < MIN_SECRET_LENGTH:
            raise ConfigurationError(f"turn_secret: {MIN_SECRET_LENGTH} characters at least")
        self._check_processes()
        self._check_messages()

    def _check_processes(self) -> None:
        if self.workers < 1:
            raise ConfigurationError("workers: 1 at least")
        if self.workers > 1 and not self.redis_url:
            raise ConfigurationError("workers: more than one need redis_url")
        if self.loadtest_key and self.loadtest == "refused":
            raise ConfigurationError("loadtest_key: a service refuses load tests (loadtest)")
        if self.loadtest == "allowed" and len(self.loadtest_key) < MIN_SECRET_LENGTH:
            raise ConfigurationError(f"loadtest_key: {MIN_SECRET_LENGTH} characters at least")

    def _check_messages(self) -> None:
        if self.convocation_days < LEGAL_DAYS:
            raise ConfigurationError(f"convocation_days: {LEGAL_DAYS} at least")
        if not 0 <= self.reminder_from_hour < self.reminder_until_hour <= LAST_HOUR:
            raise ConfigurationError("reminder_from_hour: before reminder_until_hour")
        if not self.outbox_backoff or not all(is_minutes(one) for one in self.outbox_backoff):
            raise ConfigurationError("outbox_backoff: minutes, « 1,5,15 »")
        # An attempt that outlives its lease would be made twice (docs/decisions/0014).
        if self.outbox_lease <= max(3 * self.smtp_timeout, 4 * self.sms_timeout):
            raise ConfigurationError(
                "outbox_lease: longer than three smtp_timeout and four sms_timeout"
            )


def read(path: Path | None, environment: Mapping[str, str]) -> Config:
    """The configuration of `path` (TOML, optional), overridden by the environment.

    :raises ConfigurationError: an unknown setting, or a value of the wrong kind.
    """
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values.update(tomllib.loads(path.read_text()))
        except (OSError, tomllib.TOMLDecodeError) as wrong:
            raise ConfigurationError(f"{path}: {wrong}") from wrong
    for name, text in environment.items():
        if name.startswith(ENVIRONMENT_PREFIX):
            values[name.removeprefix(ENVIRONMENT_PREFIX).lower()] = text
    return replace(Config(), **{name: _value(name, value) for name, value in values.items()})


def _value(name: str, value: Any) -> Any:
    kinds = get_type_hints(Config)
    if name not in {setting.name for setting in fields(Config)}:
        raise ConfigurationError(f"{name}: no such setting")
    try:
        return _converted(kinds[name], value)
    except (TypeError, ValueError, OverflowError) as wrong:
        kind = getattr(kinds[name], "__name__", kinds[name])
        # Not the value: it may be a secret in the wrong place.
        raise ConfigurationError(f"{name}: this is not a {kind}") from wrong


def _converted(kind: Any, value: Any) -> Any:
    if kind is Path:
        return Path(value)
    if kind is timedelta:
        return timedelta(seconds=float(value))
    if kind == tuple[str, ...]:
        texts = value.split(",") if isinstance(value, str) else [_text(one) for one in value]
        return tuple(text.strip() for text in texts if text.strip())
    if kind is str:
        return _text(value)
    if kind in (int, float):
        # From the environment it is text; what is neither (true, 8443.5 for a port) is refused.
        if isinstance(value, bool) or not isinstance(value, (str, int, kind)):
            raise TypeError(value)
        return kind(value)
    if get_origin(kind) is Literal and value in get_args(kind):
        return value
    raise ValueError(value)


def is_minutes(text: str) -> bool:
    try:
        return 0 < float(text) < float("inf")
    except ValueError:
        return False


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _networks(name: str, texts: tuple[str, ...]) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(text) for text in texts)
    except ValueError as wrong:
        raise ConfigurationError(f"{name}: {wrong}") from wrong


def from_environment(path: Path | None = None) -> Config:
    return read(path, os.environ)
