"""The senders that the settings ask for: one of mail, one of SMS, or none where none is set."""

from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from controle.convocation import Canal
from server.clock import SystemClock
from server.config import Config, ConfigurationError
from server.config_checks import MIN_SECRET_LENGTH

from .courriel import Letterhead, MessageRefused, clean, mail_address
from .parcel import Sender
from .receipts import callback_url
from .sms import Provider
from .sms_http import HttpSender, Template, TemplateRefused
from .sms_ovh import Account, OvhSender
from .sms_smsmode import SmsmodeSender
from .smtp import Relay, SmtpSender, is_loopback
from .spool import SpoolSender

Clock = Callable[[], datetime]


def build(config: Config, clock: Clock | None = None) -> dict[Canal, Sender]:
    """Nothing is opened before the first message; `close` of each ends what was.

    A channel that is not set has no sender: what is due by it waits, and is shown.

    :raises ConfigurationError: settings that would not send, or would send in clear.
    """
    clock = clock or SystemClock()
    if config.hooks_secret and len(config.hooks_secret) < MIN_SECRET_LENGTH:
        raise ConfigurationError(f"hooks_secret: {MIN_SECRET_LENGTH} characters at least")
    senders: dict[Canal, Sender] = {}
    if config.smtp_host:
        senders[Canal.COURRIEL] = mail(config, clock)
    if config.sms_provider:
        senders[Canal.SMS] = sms(config, clock)
    return senders


def spool() -> dict[Canal, Sender]:
    """The demo's."""
    return {canal: SpoolSender(canal) for canal in (Canal.COURRIEL, Canal.SMS)}


def mail(config: Config, clock: Clock) -> SmtpSender:
    """:raises ConfigurationError: see `build`."""
    if config.smtp_tls == "none" and not is_loopback(config.smtp_host):
        raise ConfigurationError("smtp_tls: none is for a relay on this machine only")
    if config.smtp_connections < 1:
        raise ConfigurationError("smtp_connections: one at least")
    relay = Relay(
        host=config.smtp_host,
        port=config.smtp_port,
        security=config.smtp_tls,
        user=config.smtp_user,
        password=config.smtp_password,
        authority=config.smtp_ca,
        timeout=config.smtp_timeout.total_seconds(),
        connections=config.smtp_connections,
        hostname=our_name(config.origin),
    )
    try:
        return SmtpSender(relay, letterhead(config), clock)
    except OSError as wrong:
        raise ConfigurationError("smtp_ca: no certificates can be read from it") from wrong


def letterhead(config: Config) -> Letterhead:
    """:raises ConfigurationError: an address or a name that no mail can come from."""
    address = mail_address(config.mail_from)
    if address is None:
        raise ConfigurationError("mail_from: the mail address that messages come from is needed")
    try:
        return Letterhead(address, clean(config.mail_from_name, "name"))
    except MessageRefused as wrong:
        raise ConfigurationError("mail_from_name: one short line") from wrong


def our_name(origin: str) -> str:
    """Who we are to a relay (EHLO): our public name, or its address as a literal."""
    host = urlsplit(origin).hostname or "localhost"
    if ":" in host:
        return f"[IPv6:{host}]"
    return f"[{host}]" if host.replace(".", "").isdigit() else host


def sms(config: Config, clock: Clock) -> Sender:
    """:raises ConfigurationError: see `build`."""
    if config.sms_connections < 1:
        raise ConfigurationError("sms_connections: one at least")
    check_address(config.sms_url)
    for name in ("sms_key", "sms_secret", "sms_consumer_key"):
        value: str = getattr(config, name)
        if not (value.isascii() and value.isprintable()):
            raise ConfigurationError(f"{name}: printable ASCII only")
    provider = Provider(config.sms_timeout.total_seconds(), config.sms_connections)
    return {"ovh": ovh, "smsmode": smsmode, "http": gateway}[config.sms_provider](
        config, provider, clock
    )


def ovh(config: Config, provider: Provider, clock: Clock) -> Sender:
    needed(config, "sms_key", "sms_secret", "sms_consumer_key", "sms_service")
    account = Account(
        application_key=config.sms_key,
        application_secret=config.sms_secret,
        consumer_key=config.sms_consumer_key,
        service=config.sms_service,
        sender=config.sms_from,
    )
    return OvhSender(
        provider, account, clock, capacity=config.sms_connections, address=config.sms_url
    )


def smsmode(config: Config, provider: Provider, _: Clock) -> Sender:
    needed(config, "sms_key")
    secret = config.hooks_secret
    return SmsmodeSender(
        provider,
        key=config.sms_key,
        sender=config.sms_from,
        callback=callback_url(config.origin, "smsmode", secret) if secret else "",
        capacity=config.sms_connections,
        address=config.sms_url,
    )


def gateway(config: Config, provider: Provider, _: Clock) -> Sender:
    needed(config, "sms_url")
    try:
        template = Template(config.sms_body)
    except TemplateRefused as wrong:
        raise ConfigurationError(f"sms_body: {wrong}") from wrong
    return HttpSender(
        provider,
        url=config.sms_url,
        key=config.sms_key,
        sender=config.sms_from,
        template=template,
        reference_field=config.sms_reference_field,
        capacity=config.sms_connections,
    )


def needed(config: Config, *names: str) -> None:
    for name in names:
        if not getattr(config, name):
            raise ConfigurationError(f"{name}: needed by sms_provider = {config.sms_provider}")


def check_address(url: str) -> None:
    """Numbers and codes go over https, or stay on this machine."""
    parts = urlsplit(url)
    if (
        url
        and parts.scheme != "https"
        and not (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    ):
        raise ConfigurationError("sms_url: https is needed, but for this machine itself")
