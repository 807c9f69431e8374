"""What a service must not start with: one check for each group of settings."""

import re
from datetime import timedelta
from pathlib import Path

from .config import DEFAULT_SECRET, Config, ConfigurationError

MIN_SECRET_LENGTH = 32
ORIGIN = re.compile(r"https://[A-Za-z0-9.\[\]:-]+")
#: RFC 9116, section 2.5.3; one line of a text file.
CONTACT = re.compile(r"(?:mailto:|https://)[\x21-\x7e]{3,256}")
ISSUER = re.compile(r"https://[A-Za-z0-9.\[\]:-]+(/[^?#\s]*)?")
#: What an id token may be signed with: asymmetric only, never `none`.
OIDC_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"}
)
#: What the demo leaves in its data directory.
DEMO_FILE = "demo.json"

#: Bytes that a character may take in a body.
NOTE_BYTES = 4
#: CNIL, délibération 2021-122: six months to a year, three years at most.
JOURNAL_LEAST = timedelta(days=180)
JOURNAL_MOST = timedelta(days=1_096)

#: The two months in which an outcome can be contested, and the post.
RECORD_LEAST = timedelta(days=92)
#: A database bounds what one question may name.
BATCH_MOST = 400
HOUR = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")

#: An echo is for hearing oneself, not for staying.
ECHO_MOST = timedelta(seconds=60)

#: The convocation leaves at the latest two days before.
LEGAL_DAYS = 2
LAST_HOUR = 23


def check_for_service(config: Config) -> None:
    """:raises ConfigurationError: for what `serve` must not start with."""
    if config.secret == DEFAULT_SECRET or len(config.secret) < MIN_SECRET_LENGTH:
        raise ConfigurationError(
            f"secret: a value of its own, {MIN_SECRET_LENGTH} characters at least, is needed"
        )
    _check_certificate(config)
    if not config.origin.startswith("https://"):
        raise ConfigurationError("origin: browsers give camera and microphone to https only")
    if not ORIGIN.fullmatch(config.origin):
        raise ConfigurationError("origin: https://host or https://host:port, nothing after")
    # Read here too, so that a network that is none is refused before anything is opened.
    _ = config.proxies, config.networks()
    if not config.tls_certificate and config.host not in ("127.0.0.1", "::1", "localhost"):
        raise ConfigurationError("host: without tls_certificate, listen on loopback only")
    _check_relay(config)
    if config.security_contact and not CONTACT.fullmatch(config.security_contact):
        raise ConfigurationError("security_contact: mailto:… or https://…")
    if config.head_every < timedelta(seconds=1) or config.head_at_rest < config.head_every:
        raise ConfigurationError("head_every: a second at least, and not beyond head_at_rest")
    _check_guesses(config)
    if config.vault_rest < timedelta(0):
        raise ConfigurationError("vault_rest: 0 at least")
    _check_processes(config)
    _check_messages(config)
    _check_documents(config)
    _check_equipment(config)
    _check_professionals(config)
    _check_walls(config)
    _check_keeping(config)


def _check_certificate(config: Config) -> None:
    if bool(config.tls_certificate) != bool(config.tls_key):
        raise ConfigurationError("tls_certificate and tls_key go together")
    for file in (config.tls_certificate, config.tls_key):
        if file and not Path(file).is_file():
            raise ConfigurationError(f"{file}: no such file")


def _check_relay(config: Config) -> None:
    for name in ("ice_policy", "ice_policy_doctor", "ice_policy_third"):
        if getattr(config, name) == "relay" and not config.turn_urls:
            raise ConfigurationError(f"{name}: relay needs turn_urls")
    if config.turn_urls and len(config.turn_secret) < MIN_SECRET_LENGTH:
        raise ConfigurationError(f"turn_secret: {MIN_SECRET_LENGTH} characters at least")


def _check_guesses(config: Config) -> None:
    """None at all would shut everybody out; more for one than for all would bound nothing."""
    if config.wrong_links_per_minute < 1:
        raise ConfigurationError("wrong_links_per_minute: 1 at least")
    if not 1 <= config.code_tries <= config.code_tries_in_all:
        raise ConfigurationError("code_tries: 1 at least, code_tries_in_all at most")
    if config.third_invitations < 1:
        raise ConfigurationError("third_invitations: 1 at least")
    if not 1 <= config.codes_per_network <= config.codes_per_link:
        raise ConfigurationError("codes_per_network: 1 at least, codes_per_link at most")


def _check_processes(config: Config) -> None:
    if config.workers < 1:
        raise ConfigurationError("workers: 1 at least")
    if config.workers > 1 and not config.redis_url:
        raise ConfigurationError("workers: more than one need redis_url")
    if config.loadtest_key and config.loadtest == "refused":
        raise ConfigurationError("loadtest_key: a service refuses load tests (loadtest)")
    if config.loadtest == "allowed" and len(config.loadtest_key) < MIN_SECRET_LENGTH:
        raise ConfigurationError(f"loadtest_key: {MIN_SECRET_LENGTH} characters at least")


def _check_walls(config: Config) -> None:
    """Three stores, three places: one dump must not hold two of them."""
    places = (config.database, config.medical_database, config.journal_database)
    if len(set(places)) != len(places):
        raise ConfigurationError("medical_database_url, journal_database_url: each its own")
    if config.medical_keys == config.journal_keys:
        raise ConfigurationError("medical_keys_dir, journal_keys_dir: each its own")
    if config.note_characters < 1 or config.note_versions < 1:
        raise ConfigurationError("note_characters, note_versions: 1 at least")
    if NOTE_BYTES * config.note_characters > config.body_bytes:
        raise ConfigurationError("note_characters: a note must fit into body_bytes")
    if not JOURNAL_LEAST <= config.journal_keep <= JOURNAL_MOST:
        raise ConfigurationError("journal_keep: between six months and three years")
    if not timedelta(0) <= config.journal_same <= timedelta(hours=1):
        raise ConfigurationError("journal_same: an hour at most")


def _check_keeping(config: Config) -> None:
    """Nothing outlives the record that says whose it is; none of it goes before its use."""
    kept = ("documents", "messages", "links", "equipment", "spent", "notes")
    for name in (f"keep_{one}" for one in kept):
        if not timedelta(days=1) <= getattr(config, name) <= config.keep_record:
            raise ConfigurationError(f"{name}: a day at least, keep_record at most")
    if config.keep_record < RECORD_LEAST:
        raise ConfigurationError(f"keep_record: {RECORD_LEAST.days} days at least")
    if not 1 <= config.keep_batch <= BATCH_MOST:
        raise ConfigurationError(f"keep_batch: from 1 to {BATCH_MOST}")
    if config.purge_hour and not HOUR.fullmatch(config.purge_hour):
        raise ConfigurationError("purge_hour: « 03:30 », or empty")


def _check_professionals(config: Config) -> None:
    if (config.data_dir / DEMO_FILE).exists():
        raise ConfigurationError("data_dir: the demo's; its logins are for everybody")
    named = {"session_check": config.session_check, "login_attempt": config.login_attempt}
    named |= {"oidc_timeout": config.oidc_timeout}
    for name, duration in named.items():
        if duration <= timedelta(0):
            raise ConfigurationError(f"{name}: longer than nothing")
    if config.professionals == "oidc":
        _check_oidc(config)


def _check_oidc(config: Config) -> None:
    """What would let in too easily is refused, not corrected."""
    if not ISSUER.fullmatch(config.oidc_issuer):
        raise ConfigurationError("oidc_issuer: https://…, without query or fragment")
    if not config.oidc_client_id:
        raise ConfigurationError("oidc_client_id: as the provider gave it")
    if bool(config.oidc_client_secret) == bool(config.oidc_client_key):
        raise ConfigurationError("oidc_client_secret: that, or oidc_client_key; not both")
    for name, file in (("oidc_client_key", config.oidc_client_key), ("oidc_ca", config.oidc_ca)):
        if file and not Path(file).is_file():
            raise ConfigurationError(f"{name}: no such file")
    _check_oidc_trust(config)


def _check_oidc_trust(config: Config) -> None:
    """How strong an authentication, signed how, about whom."""
    if not config.oidc_acr and not config.oidc_amr:
        raise ConfigurationError("oidc_acr: which authentication is strong (or oidc_amr)")
    if not config.oidc_algorithms or not OIDC_ALGORITHMS.issuperset(config.oidc_algorithms):
        allowed = ", ".join(sorted(OIDC_ALGORITHMS))
        raise ConfigurationError(f"oidc_algorithms: among {allowed}")
    if "openid" not in config.oidc_scopes:
        raise ConfigurationError("oidc_scopes: openid is one of them")
    for name in ("oidc_doctor_claim", "oidc_agent_claim", "oidc_name"):
        if not getattr(config, name).strip():
            raise ConfigurationError(f"{name}: not empty")


def _check_documents(config: Config) -> None:
    for name in ("attestations_per_day", "obstacles", "pdf_at_once"):
        if getattr(config, name) < 1:
            raise ConfigurationError(f"{name}: 1 at least")
    if config.pdf_waiting < 0 or config.pdf_timeout <= timedelta(0):
        raise ConfigurationError("pdf_waiting, pdf_timeout: not below zero")


def _check_equipment(config: Config) -> None:
    if config.echo_at_once < 0 or config.echo_waiting < 0:
        raise ConfigurationError("echo_at_once, echo_waiting: 0 at least")
    if not timedelta(seconds=2) <= config.echo_seconds <= ECHO_MOST:
        raise ConfigurationError("echo_seconds: from 2 to 60")
    if not timedelta(seconds=1) <= config.echo_answer <= ECHO_MOST:
        raise ConfigurationError("echo_answer: from 1 to 60")
    if config.equipment_access <= timedelta(0) or config.equipment_tests < 1:
        raise ConfigurationError("equipment_access, equipment_tests: more than nothing")


def _check_messages(config: Config) -> None:
    if config.convocation_days < LEGAL_DAYS:
        raise ConfigurationError(f"convocation_days: {LEGAL_DAYS} at least")
    if not 0 <= config.reminder_from_hour < config.reminder_until_hour <= LAST_HOUR:
        raise ConfigurationError("reminder_from_hour: before reminder_until_hour")
    if not config.outbox_backoff or not all(is_minutes(one) for one in config.outbox_backoff):
        raise ConfigurationError("outbox_backoff: minutes, « 1,5,15 »")
    # An attempt that outlives its lease would be made twice (docs/decisions/0014).
    if config.outbox_lease <= max(3 * config.smtp_timeout, 4 * config.sms_timeout):
        raise ConfigurationError(
            "outbox_lease: longer than three smtp_timeout and four sms_timeout"
        )


def is_minutes(text: str) -> bool:
    try:
        return 0 < float(text) < float("inf")
    except ValueError:
        return False
