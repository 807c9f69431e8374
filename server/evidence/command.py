"""`telecontrole audit`: a store, or a copy of one, against its keys and what is kept elsewhere.

Offline: no service runs, nothing is written, the copy is opened to read only. Exit status: 0
intact, 1 altered, 2 unreadable.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from urllib.parse import quote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from certs.jwk import JwksRefused, public_keys_from_jwks
from certs.key_index import KeyRingDamaged
from certs.signing_keys import KeyRing
from controle import forme
from controle.verification import SignatureValide
from server.config import Config, ConfigurationError, from_environment
from server.store.postgresql import ONE_MOMENT

from .audit import Audit, Report
from .elsewhere import Elsewhere
from .line_keys import LineKeys, LineKeysDamaged
from .making import file_of
from .stamp_place import roots_of


@dataclass(frozen=True, slots=True)
class Asked:
    """What the auditor says; where nothing is said, the configuration's."""

    config: Config
    #: A copy of the store; None: the service's own.
    database: Path | None = None
    #: Files and folders of the other places.
    heads: Sequence[Path] = ()
    #: The published keys (JWKS); None: those in `data_dir`.
    keys: Path | None = None
    roots: Path | None = None
    since: datetime | None = None


class Unreadable(Exception):
    """The audit cannot be made; the message says why, in French."""


def arguments(one: argparse.ArgumentParser) -> None:
    """The options of the command."""
    one.add_argument("--config", type=Path, help="fichier TOML")
    one.add_argument("--data-dir", type=Path, help="où sont les clés, si ce n'est dans la sienne")
    one.add_argument("--database", type=Path, metavar="FICHIER", help="une copie de la base SQLite")
    one.add_argument(
        "--heads", type=Path, action="append", default=[], metavar="CHEMIN",
        help="témoin : fichier de têtes, courriel .eml, horodatage .tsr, ou leur dossier",
    )  # fmt: skip
    one.add_argument("--keys", type=Path, help="les clés publiées (/.well-known/sceaux.json)")
    one.add_argument("--roots", type=Path, help="racines de l'autorité d'horodatage (PEM)")
    one.add_argument("--since", type=a_day, metavar="DATE", help="ce qui a changé depuis ce jour")


def a_day(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), time(), UTC)


def main(options: argparse.Namespace) -> int:
    try:
        config = from_environment(options.config)
    except ConfigurationError as wrong:
        sys.stderr.write(f"telecontrole: configuration refusée : {wrong}\n")
        return 2
    if options.data_dir is not None:
        config = replace(config, data_dir=options.data_dir)
    return run(
        Asked(
            config=config,
            database=options.database,
            heads=options.heads,
            keys=options.keys,
            roots=options.roots,
            since=options.since,
        )
    )


def run(asked: Asked) -> int:
    try:
        report, elsewhere = audited(asked)
    except Unreadable as wrong:
        sys.stderr.write(f"telecontrole: {wrong}\n")
        return 2
    for line in told(report, elsewhere, asked):
        sys.stdout.write(line + "\n")
    return 1 if report.findings else 0


def audited(asked: Asked) -> tuple[Report, Elsewhere]:
    """:raises Unreadable:"""
    try:
        valid = signatures(asked)
        elsewhere = Elsewhere.read(places(asked), valid)
        roots = roots_of(roots_file(asked)) if roots_file(asked) != Path() else ()
        keys = line_keys(asked.config)
    except FileNotFoundError as wrong:
        raise Unreadable(f"introuvable : {wrong.args[-1]}") from wrong
    except (OSError, ValueError, KeyRingDamaged, JwksRefused, LineKeysDamaged) as wrong:
        raise Unreadable(f"illisible : {wrong}") from wrong
    engine = opened(asked)
    try:
        with engine.connect() as connection:
            audit = Audit(connection, valid, elsewhere, lines=keys, roots=roots, since=asked.since)
            return audit.run(), elsewhere
    except SQLAlchemyError as wrong:
        raise Unreadable(f"cette base ne se lit pas : {type(wrong).__name__}") from wrong
    finally:
        engine.dispose()


def signatures(asked: Asked) -> SignatureValide:
    """By the published keys, or by the service's own ring; never one that is made here."""
    if asked.keys is not None:
        published = public_keys_from_jwks(json.loads(asked.keys.read_bytes()))

        def valid(kid: str, message: bytes, signature: bytes) -> bool:
            return kid in published and signs(published[kid], message, signature)

        return valid
    index = asked.config.data_dir / "keys" / "seals" / "index.json"
    if not index.exists():
        raise Unreadable(f"pas de clés dans {index.parent} : donnez --keys")
    return KeyRing.open(index.parent, datetime.now(UTC), permanent=True).verify


def signs(key: Ed25519PublicKey, message: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def places(asked: Asked) -> list[Path]:
    """What was named, or the service's own file where there is one."""
    if asked.heads:
        return list(asked.heads)
    own = file_of(asked.config)
    return [own] if own.exists() else []


def roots_file(asked: Asked) -> Path:
    return asked.roots or Path(asked.config.tsa_roots)


def line_keys(config: Config) -> LineKeys | None:
    directory = config.data_dir / "keys" / "lines"
    return LineKeys.read(directory) if directory.is_dir() else None


def opened(asked: Asked) -> Engine:
    """To read only; a copy in a folder that cannot be written to is opened as it is."""
    if asked.database is None and not asked.config.database.startswith("sqlite"):
        engine = create_engine(asked.config.database, poolclass=NullPool)
        return engine.execution_options(**ONE_MOMENT)
    named = asked.database or Path(make_url(asked.config.database).database or "")
    if not named.is_file():
        raise Unreadable(f"pas de base de données : {named}")
    for way in ("mode=ro", "mode=ro&immutable=1"):
        address = f"sqlite:///file:{quote(str(named.resolve()))}?{way}&uri=true"
        engine = create_engine(address, poolclass=NullPool)
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1 FROM tete LIMIT 1"))
        except SQLAlchemyError:
            continue
        return engine
    raise Unreadable(f"{named} n'est pas une base lisible, ou elle est d'une autre version")


def told(report: Report, elsewhere: Elsewhere, asked: Asked) -> list[str]:
    """What is printed, the verdict first."""
    lines = []
    if report.findings:
        lines.append(f"Altéré. {report.findings[0]}.")
        lines += [f"  et aussi : {one}." for one in report.findings[1:]]
    else:
        lines.append("Intact. Rien n'a été modifié, effacé, ajouté ni ramené en arrière.")
    if report.head is not None:
        when = forme.ecrire_instant(report.head.instant)[:19].replace("T", " à ")
        lines.append(f"  Dernière tête : n° {report.head.numero}, du {when} (UTC)")
    lines.append(
        f"  Lu : {report.telecontroles} télécontrôles, {report.lines} lignes, dont "
        f"{report.unattested} depuis la dernière tête et {report.afterwards} d'avant les marques ;"
        f" {report.erased} effacés au terme de leur conservation"
    )
    for suite in elsewhere.suites:
        upto = suite.derniere.numero if suite.derniere else 0
        lines.append(f"  Comparé à la tête {upto} {suite.nom}")
    if report.stamped is not None:
        lines.append(f"  Horodaté le {report.stamped.isoformat()}")
    if not elsewhere.suites:
        lines.append("  Attention : sans témoin extérieur, une copie antérieure ne se voit pas")
    elif not asked.heads and not asked.config.witness_file:
        lines.append("  Attention : ce témoin est sur le disque du service ; il ne prouve rien")
    lines += [f"  Attention : {note}" for note in report.notes]
    return lines
