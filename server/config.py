"""Every setting, typed, read once: a TOML file, then TELECONTROLE_… of the environment."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from media.ice import IceSettings, Policy
from signaling.protocol import Actor, Role, SeatName
from signaling.seats import SEATS

#: What a configuration must not be left with (`telecontrole serve` refuses it).
DEFAULT_SECRET = "changez-moi"  # noqa: S105
ENVIRONMENT_PREFIX = "TELECONTROLE_"

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
    #: What is logged; at « debug » too without a name, an address, a code or a medical word.
    log_level: Literal["debug", "info", "warning"] = "info"
    #: Where to report a vulnerability: « mailto:… » or « https://… »; empty: not published.
    security_contact: str = ""

    stun_urls: tuple[str, ...] = ()
    turn_urls: tuple[str, ...] = ()
    turn_secret: str = ""
    turn_ttl_seconds: int = 5_400
    #: « relay »: neither side ever learns an address of the other.
    ice_policy: Literal["all", "relay"] = "all"
    #: « relay »: the assuré never learns an address of the médecin-conseil.
    ice_policy_doctor: Literal["all", "relay"] = "all"
    #: « relay »: nobody else in the room learns an address of a third participant.
    ice_policy_third: Literal["all", "relay"] = "all"
    #: Invitations of third participants that may hold at once, for one télécontrôle.
    third_invitations: int = 4

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
    #: Wrong codes at one link: from one network before it waits for `code_lock`, and from all of
    #: them together before all wait.
    code_tries: int = 5
    code_tries_in_all: int = 15
    code_lock: timedelta = timedelta(minutes=15)
    code_resend: timedelta = timedelta(seconds=30)
    #: Codes that may be asked for with one link within `code_lock`: by one network, by all.
    codes_per_network: int = 3
    codes_per_link: int = 5
    #: Wrong links and login links a minute from one network; right ones are not counted.
    wrong_links_per_minute: int = 20

    #: How médecins-conseils and agents log in: by an OpenID Connect provider, or by a link that
    #: is made on this machine (`telecontrole login`) and a code of their authenticator.
    professionals: Literal["oidc", "local"] = "local"
    #: The provider, exactly as its discovery document names itself; and its name on the button.
    oidc_issuer: str = ""
    oidc_name: str = "Pro Santé Connect"
    oidc_client_id: str = ""
    #: One of the two: a secret, or the PEM file of a private key (private_key_jwt).
    oidc_client_secret: str = ""
    oidc_client_key: str = ""
    #: A certificate authority of one's own, PEM; empty: the system's.
    oidc_ca: str = ""
    oidc_scopes: tuple[str, ...] = ("openid",)
    #: Authentications that are strong enough: by context (acr), by method (amr); one of each.
    oidc_acr: tuple[str, ...] = ()
    oidc_amr: tuple[str, ...] = ()
    #: Claims that say which médecin-conseil, which agent (docs/annuaire.exemple.toml).
    oidc_doctor_claim: str = "SubjectNameID"
    oidc_agent_claim: str = "sub"
    oidc_algorithms: tuple[str, ...] = ("RS256", "PS256", "ES256")
    #: How old an authentication may be; 0: the provider's own session decides.
    oidc_max_age: timedelta = timedelta(0)
    oidc_timeout: timedelta = timedelta(seconds=10)
    oidc_answer_bytes: int = 262_144
    oidc_leeway: timedelta = timedelta(seconds=30)
    #: How long the provider's description and keys are believed; how often an unknown key makes
    #: us ask again; how long one that is away is not asked.
    oidc_keys_kept: timedelta = timedelta(hours=1)
    oidc_keys_again: timedelta = timedelta(seconds=30)
    oidc_away: timedelta = timedelta(seconds=5)
    #: A login must come back from the provider within this time; how many may be on their way.
    login_attempt: timedelta = timedelta(minutes=10)
    login_attempts: int = 10_000
    #: Logins begun from one address, a minute: a caisse's people often share one.
    logins_per_minute: int = 120
    #: How often open sockets are compared with the sessions that were closed.
    session_check: timedelta = timedelta(seconds=10)

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

    #: After everything was sealed anew, so long until the vault's former key is destroyed: whoever
    #: has read or written under it is done by then.
    vault_rest: timedelta = timedelta(seconds=60)

    #: The notes of the service médical: their own database, and the directory of their keys, which
    #: may be on another disk; empty: in `data_dir`. Characters of one version, versions of a note.
    medical_database_url: str = ""
    medical_keys_dir: str = ""
    note_characters: int = 12_000
    note_versions: int = 200
    #: Who read what: its own database and keys too; how long it is kept, and within which time
    #: a page that asks again is still the same reading.
    journal_database_url: str = ""
    journal_keys_dir: str = ""
    journal_keep: timedelta = timedelta(days=365)
    journal_same: timedelta = timedelta(minutes=5)

    #: How long things are kept (docs/guides/conservation.md), all to be confirmed by the caisse's
    #: data protection officer: a whole télécontrôle after its last appointment or outcome; a
    #: document after the outcome; messages, their recipients, links and the equipment test after
    #: the appointment;
    #: sessions, codes, tokens and answers after they have ceased to serve; medical notes as the
    #: service médical says. Rows that go in one transaction.
    keep_record: timedelta = timedelta(days=730)
    keep_documents: timedelta = timedelta(days=30)
    keep_messages: timedelta = timedelta(days=92)
    keep_links: timedelta = timedelta(days=92)
    keep_equipment: timedelta = timedelta(days=92)
    keep_spent: timedelta = timedelta(days=7)
    keep_notes: timedelta = timedelta(days=730)
    keep_batch: int = 100
    #: When the service purges, each day, by the machine's own time; empty: only who runs
    #: `telecontrole purge` does.
    purge_hour: str = "03:30"

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

    #: How often a signed head of the whole register is made: where something changed, where
    #: nothing did (docs/guides/preuve.md).
    head_every: timedelta = timedelta(seconds=60)
    head_at_rest: timedelta = timedelta(hours=1)
    #: Where heads go: an append-only file, on another disk (empty: one in `data_dir`, which proves
    #: nothing); somebody's mailbox, not more often than that; a time-stamping authority (RFC
    #: 3161), whose roots are PEM.
    witness_file: str = ""
    witness_mail: str = ""
    witness_mail_every: timedelta = timedelta(hours=4)
    tsa_url: str = ""
    tsa_roots: str = ""
    tsa_every: timedelta = timedelta(days=1)
    tsa_timeout: timedelta = timedelta(seconds=15)

    #: Attestations of one appointment in a day; what its page could not open, on its record.
    attestations_per_day: int = 10
    obstacles: int = 10
    #: PDFs made at once, waiting to be, and how long one may take.
    pdf_at_once: int = 1
    pdf_waiting: int = 16
    pdf_timeout: timedelta = timedelta(seconds=30)

    #: The equipment test: echoes at once in one process (0: two for each core), how long one lasts,
    #: how many may wait, how long its answer may take; how long a code lets test the network, and
    #: how many verdicts one télécontrôle takes.
    echo_at_once: int = 0
    echo_seconds: timedelta = timedelta(seconds=10)
    echo_waiting: int = 16
    echo_answer: timedelta = timedelta(seconds=15)
    equipment_access: timedelta = timedelta(minutes=30)
    equipment_tests: int = 20

    body_bytes: int = 65_536
    heartbeat: timedelta = timedelta(seconds=60)
    connect_deadline_seconds: float = 10.0
    pending_sockets_per_address: int = 64
    messages_per_second: float = 30.0
    messages_burst: int = 120
    #: Of what one person says in a room, what goes on its record (signaling/pace.py).
    said_per_second: float = 1.0
    said_burst: int = 120
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
    def medical_database(self) -> str:
        return self.medical_database_url or f"sqlite+aiosqlite:///{self.data_dir / 'medical.db'}"

    @property
    def medical_keys(self) -> Path:
        return Path(self.medical_keys_dir or self.data_dir / "keys" / "medical")

    @property
    def journal_database(self) -> str:
        return self.journal_database_url or f"sqlite+aiosqlite:///{self.data_dir / 'journal.db'}"

    @property
    def journal_keys(self) -> Path:
        return Path(self.journal_keys_dir or self.data_dir / "keys" / "journal")

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

    def ice_policy_of(self, role: Actor) -> Policy:
        """By which ways this side may be reached: the stricter of the two settings."""
        own = {"medecin_conseil": self.ice_policy_doctor, "tiers": self.ice_policy_third}
        return "relay" if own.get(role) == "relay" else self.ice_policy

    @property
    def kept_apart(self) -> frozenset[SeatName]:
        """Whose addresses nobody else in the room ever learns."""
        apart: set[SeatName] = {r for r in get_args(Role) if self.ice_policy_of(r) == "relay"}
        return frozenset(apart | set(SEATS) if self.ice_policy_of("tiers") == "relay" else apart)

    @property
    def proxies(self) -> tuple[Network, ...]:
        return _networks("trusted_proxies", self.trusted_proxies)

    def networks(self) -> tuple[Network, ...]:
        return _networks("metrics_networks", self.metrics_networks)


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
