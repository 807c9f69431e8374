"""Reminders that are all due at the same minute, against a mail relay that takes 200 ms each.

`python -m benchmarks.rappels [N]`: 5,000 by default; prints how far it is, and the total.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from uuid import uuid4

import uvloop

from certs.signing_keys import KeyRing
from controle.convocation import Canal, GenreEnvoi
from controle.telecontrole import Contexte, Telecontrole
from server import logs
from server.clock import SystemClock
from server.config import Config
from server.identity.links import Links
from server.identity.secrets import Keeper
from server.notify import outbox, senders
from server.notify.drafts import Drafts
from server.notify.endings import Endings
from server.notify.outbox import Due
from server.notify.postman import Postman
from server.record import Recorder
from server.store import people
from server.store.database import Database, open_database
from server.store.sql import RegistreSql

ROOT = Path(__file__).resolve().parents[1]
SECRET = "une-mesure-sans-aucune-personne-dedans"  # noqa: S105
CAISSE = people.Caisse("caisse", "CPAM de Bretagne", "Europe/Paris", "3646")
MEDECIN = people.Medecin("medecin", CAISSE.id, "Dr Le Goff", "Médecin-conseil")


@dataclass
class Relay:
    """The other process: where it is, and what it got."""

    port: int = 0
    got: Counter[str] = field(default_factory=Counter)


@contextlib.asynccontextmanager
async def slow_relay(seconds: float) -> AsyncIterator[Relay]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.slow_relay", str(seconds),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out = cast(asyncio.StreamReader, process.stdout)
    relay = Relay(int(await out.readline()))

    async def listen() -> None:
        async for line in out:
            relay.got[line.decode().strip()] += 1

    listening = asyncio.create_task(listen())
    try:
        yield relay
    finally:
        process.terminate()
        await process.wait()
        await listening


async def seed(registre: RegistreSql, links: Links, count: int, now: datetime) -> None:
    """So many appointments tomorrow; of each, the reminder is due now."""
    async with registre.transaction() as unite:
        await people.add_caisse(unite.connection, CAISSE)
        await people.add_medecin(unite.connection, MEDECIN)
        for n in range(count):
            assure = people.Assure(str(uuid4()), CAISSE.id, "Mme", f"P{n}", f"p{n}@exemple.fr", "")
            await people.add_assure(unite.connection, assure)
            un = Telecontrole(
                str(uuid4()), CAISSE.id, MEDECIN.id, assure.id,
                Contexte.ARRET_MALADIE, now + timedelta(days=1),
            )  # fmt: skip
            un.convoquer()
            await unite.enregistrer(un)
            await links.make(unite.connection, un.id, now)
            due = Due(
                un.id, GenreEnvoi.RAPPEL, Canal.COURRIEL, assure.courriel, "fr",
                now, now + timedelta(hours=11),
            )  # fmt: skip
            await outbox.put(unite.connection, due, now)


async def measure(count: int, seconds: float, folder: Path, *, quiet: bool) -> dict[str, object]:
    """Seed, send, and watch until nothing waits."""
    clock = SystemClock()
    database: Database = await open_database(f"sqlite+aiosqlite:///{folder / 'rappels.db'}")
    links = Links(Keeper(SECRET), database.safe.vault)
    registre = RegistreSql(database)
    await seed(registre, links, count, clock())
    async with slow_relay(seconds) as relay:
        config = replace(
            Config(), smtp_host="127.0.0.1", smtp_port=relay.port, smtp_tls="none",
            mail_from="ne-pas-repondre@caisse.exemple.fr", origin="https://controle.exemple.fr",
        )  # fmt: skip
        carried = senders.build(config)
        recorder = Recorder(clock, KeyRing.open(folder / "keys", clock(), permanent=True))
        postman = Postman(
            registre=registre,
            senders=carried,
            drafts=Drafts(links, config.origin),
            endings=Endings(recorder),
            clock=clock,
            config=config,
        )
        began = time.perf_counter()
        working = asyncio.create_task(postman.run())
        seen = await watch(registre, count, began, quiet=quiet)
        total = time.perf_counter() - began
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
        for sender in carried.values():
            await sender.close()
    await database.close()
    return {
        "messages": count,
        "received": sum(relay.got.values()),
        "twice": sum(1 for times in relay.got.values() if times > 1),
        "progress": seen,
        "seconds": round(total, 1),
        "per_second": round(count / total, 1),
        "connections": config.smtp_connections,
    }


async def watch(registre: RegistreSql, count: int, began: float, *, quiet: bool) -> list[int]:
    """How many are still to leave, again and again, as the console and /metrics show it."""
    seen: list[int] = []
    while not seen or seen[-1]:
        async with registre.lecture() as unite:
            now = await outbox.progress(unite.connection, datetime.now(UTC))
        seen.append(now.waiting + now.sending)
        if not quiet:
            passed = time.perf_counter() - began
            say(f"{passed:6.1f} s  {now.sent:>6} partis  {seen[-1]:>6} à partir")
        await asyncio.sleep(2 if count > 500 else 0.2)
    return seen


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("messages", type=int, nargs="?", default=5_000)
    parser.add_argument("--seconds", type=float, default=0.2, help="what the relay takes for each")
    parser.add_argument("--json", action="store_true", help="prints the result alone, as JSON")
    options = parser.parse_args()
    logs.configure()
    with tempfile.TemporaryDirectory(prefix="telecontrole-") as folder:
        result = uvloop.run(
            measure(options.messages, options.seconds, Path(folder), quiet=options.json)
        )
    if options.json:
        say(json.dumps(result))
    else:
        say(
            f"{result['received']} messages en {result['seconds']} s "
            f"({result['per_second']} par seconde, {result['connections']} connexions), "
            f"{result['twice']} en double"
        )
    return 0 if result["received"] == options.messages and not result["twice"] else 1


if __name__ == "__main__":
    sys.exit(main())
