"""The herald of one service, and the places that its settings name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from certs.signing_keys import KeyRing
from controle.convocation import Canal
from server.clock import SystemClock
from server.config import Config, ConfigurationError
from server.notify.courriel import mail_address
from server.notify.parcel import Sender
from server.notify.smtp import SmtpSender
from server.store.database import Database

from .file_place import FilePlace
from .heads import Heads
from .herald import Herald
from .herald import Watch as HeadWatch
from .mail_place import MailPlace
from .places import Place, Places
from .places import Watch as PlaceWatch
from .stamp_place import Authority, StampPlace, roots_of


class Watch(HeadWatch, PlaceWatch, Protocol):
    """Who measures both."""


def herald(
    config: Config,
    database: Database,
    seals: KeyRing,
    clock: SystemClock,
    senders: Mapping[Canal, Sender],
    watch: Watch,
) -> Herald:
    """:raises ConfigurationError: settings that could not work."""
    heads = Heads(database, seals, clock, every=config.head_every, at_rest=config.head_at_rest)
    places = Places(database, clock, places_of(config, database, senders), watch)
    return Herald(database, heads, places, watch, config.head_every)


def places_of(config: Config, database: Database, senders: Mapping[Canal, Sender]) -> list[Place]:
    """:raises ConfigurationError: as above."""
    check(config)
    places: list[Place] = [FilePlace(file_of(config))]
    mailer = senders.get(Canal.COURRIEL)
    # The demo's own outbox is no other place.
    if config.witness_mail and isinstance(mailer, SmtpSender):
        places.append(
            MailPlace(mailer, config.witness_mail, config.origin, config.witness_mail_every)
        )
    if config.tsa_url:
        authority = Authority(
            config.tsa_url, roots_of(Path(config.tsa_roots)), config.tsa_timeout.total_seconds()
        )
        places.append(StampPlace(database, authority, file_of(config).parent, config.tsa_every))
    return places


def file_of(config: Config) -> Path:
    """The file of heads: the one that is set, or one of our own, which proves nothing."""
    if config.witness_file:
        return Path(config.witness_file)
    file = config.data_dir / "temoin" / "tetes.jsonl"
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return file


def is_elsewhere(config: Config) -> bool:
    """Whether any head leaves this machine's own data directory."""
    return bool(config.witness_file or config.witness_mail or config.tsa_url)


def check(config: Config) -> None:
    """:raises ConfigurationError: naming the setting."""
    if config.witness_file and not Path(config.witness_file).parent.is_dir():
        raise ConfigurationError("witness_file: its directory is not there")
    if config.witness_mail and not config.smtp_host:
        raise ConfigurationError("witness_mail: needs smtp_host")
    if config.witness_mail and mail_address(config.witness_mail) is None:
        raise ConfigurationError("witness_mail: not a mail address")
    if config.tsa_url:
        _check_authority(config)


def _check_authority(config: Config) -> None:
    # Plain http is usual there, and harmless: a hash leaves, and what comes back is signed.
    if urlsplit(config.tsa_url).scheme not in ("http", "https"):
        raise ConfigurationError("tsa_url: http:// or https://")
    try:
        found = roots_of(Path(config.tsa_roots))
    except (OSError, ValueError) as wrong:
        raise ConfigurationError("tsa_roots: a PEM file of the authority's roots") from wrong
    if not found:
        raise ConfigurationError("tsa_roots: no certificate in it")
