"""What the command does without a server: export, verify, rotate, retire."""

import asyncio
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidSignature

from certs.jwk import JwksRefused, public_keys_from_jwks
from certs.signing_keys import KeyRing, KeyUnknown
from controle.registre import TelecontroleInconnu
from controle.verification import verifier

from .apart.database import Away
from .apart.key_files import KeyFiles
from .clock import SystemClock
from .config import Config
from .evidence.line_keys import LineKeys
from .journal.lines import Access, operator
from .journal.store import Journal
from .record import Recorder
from .rings import Rings, vault_of
from .store.database import open_database
from .store.sql import RegistreSql

#: A record is some hundred kilobytes; beyond this it is something else.
MAX_RECORD_BYTES = 50_000_000


def export(config: Config, identifier: str, file: Path) -> int:
    """Write one télécontrôle's record; works beside a running server.

    Exit status: 0 written, 1 written but it no longer agrees with its seals, 2 refused.
    """
    where = config.data_dir
    try:
        wanted = str(UUID(identifier))
    except ValueError:
        return refuse(f"{identifier} n'est pas un identifiant de télécontrôle.")
    if not config.database_url and not (where / "telecontrole.db").exists():
        return refuse(f"Pas de base de données dans {where}.")
    try:
        exported = asyncio.run(_exported(config, wanted))
        # Whoever exports is on the journal before there is a file.
        asyncio.run(_journaled(config, wanted))
    except TelecontroleInconnu:
        return refuse(f"Pas de télécontrôle {wanted} dans {where}.")
    except Away as wrong:
        return refuse(f"rien n'est exporté : {wrong.message}")
    record, intact = exported
    try:
        file.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n")
    except OSError as wrong:
        return refuse(f"{file} : {wrong.strerror}")
    if not intact:
        refuse(
            "Relevé écrit, mais il ne correspond plus à ses sceaux : voir « telecontrole verify »."
        )
    return 0 if intact else 1


async def _exported(config: Config, wanted: str) -> tuple[dict[str, object], bool]:
    now = datetime.now(UTC)
    database = await open_database(config.database, vault_of(config, now))
    try:
        recorder = Recorder(SystemClock(), Rings.open(config.data_dir, now).seals)
        async with RegistreSql(database).lecture() as unite:
            await unite.telecontrole(wanted)
            record = await recorder.export(unite, wanted)
            return record, recorder.intact(record)
    finally:
        await database.close()


async def _journaled(config: Config, telecontrole: str) -> None:
    journal = Journal(config.journal_database, KeyFiles(config.journal_keys), SystemClock())
    try:
        await journal.write(operator(), Access.RECORD_EXPORTED, telecontrole)
    finally:
        await journal.close()


def verify(file: Path, keys: Path | None) -> int:
    """Check a record against the published keys, or against those it carries (and say so).

    Exit status: 0 intact, 1 altered, 2 unreadable.
    """
    try:
        record = _read(file)
        published = public_keys_from_jwks(_read(keys) if keys else _keys_of(record))
    except (OSError, ValueError, RecursionError, JwksRefused) as wrong:
        return refuse(f"Illisible : {wrong}")

    def valid(kid: str, message: bytes, signature: bytes) -> bool:
        key = published.get(kid)
        if key is None:
            return False
        try:
            key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    verdict = verifier(record, valid)
    if verdict.valide:
        say(f"Intact. {verdict.raison}")
        if keys is None:
            say(
                "Clé de signature prise dans le fichier, à comparer à celle que le service publie :"
            )
            for kid in sorted(published):
                say(f"  {kid}")
        return 0
    line = f"Ligne {verdict.premiere_ligne} : " if verdict.premiere_ligne else ""
    say(f"Altéré. {line}{verdict.raison}")
    return 1


def _read(file: Path) -> Mapping[str, object]:
    if file.stat().st_size > MAX_RECORD_BYTES:
        raise ValueError("fichier trop grand")
    content = json.loads(file.read_bytes())
    if not isinstance(content, dict):
        raise ValueError("ce n'est pas un relevé")
    return content


def _keys_of(record: Mapping[str, object]) -> Mapping[str, object]:
    keys = record.get("cles")
    if not isinstance(keys, dict):
        raise ValueError("le relevé ne porte pas de clé ; donnez --keys")
    return keys


def rotate(data_dir: Path, use: str, now: datetime) -> str:
    """A new key for `use`; a running server takes it up by itself."""
    if use == "lines":
        return LineKeys.open(data_dir / "keys" / "lines", now).rotate(now)
    return _ring(data_dir, use, now).rotate(now)


def retire(data_dir: Path, use: str, kid: str, now: datetime) -> int:
    """Destroy a key that was stolen; a running server stops believing in it by itself.

    Exit status: 0 done, 2 no such key.
    """
    if use == "lines":
        return refuse("les clés des lignes ne se détruisent pas : elles vérifient ; changez-en.")
    try:
        successor = _ring(data_dir, use, now).withdraw(kid, now)
    except KeyUnknown:
        return refuse(f"pas de clé {use} de ce nom qui signe encore : {kid}")
    if successor is not None:
        say(f"Nouvelle clé {use} : {successor}")
    say(f"Clé {use} détruite : {kid}")
    say(RETIRED[use])
    return 0


#: What it means, for who has just done it.
RETIRED = {
    "tokens": "Les jetons qu'elle a signés ne valent plus rien : qui est en salle y revient seul.",
    "seals": (
        "Sa clé publique reste, pour vérifier ce qu'elle a scellé. Depuis le vol, un sceau de "
        "cette clé ne prouve rien à lui seul : comparez aux têtes gardées ailleurs."
    ),
}


def _ring(data_dir: Path, use: str, now: datetime) -> KeyRing:
    rings = Rings.open(data_dir, now)
    return rings.tokens if use == "tokens" else rings.seals


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def refuse(text: str) -> int:
    sys.stderr.write(f"telecontrole: {text}\n")
    return 2
