"""What an assuré's way in costs the processor: link, code, session, information, room token.

`python -m benchmarks.arrivals [N]`: N people one after the other (300 by default), by HTTP on this
machine to the real application and its store; then as many empty requests to a bare aiohttp, so
that the ratio says how much is ours. One process serves and asks: the figures hold both ends.
"""

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import aiohttp
import uvloop
from aiohttp import web
from aiohttp.test_utils import TestServer

from controle.telecontrole import Contexte, Etat, Telecontrole
from server import logs
from server.app import create_app
from server.assure import information
from server.config import Config
from server.identity.links import Links
from server.identity.secrets import Keeper
from server.identity.vault import Vault
from server.parts import Parts
from server.rings import Rings
from server.store import people
from server.store.database import Database, open_database
from server.store.sql import RegistreSql

SECRET = "une-mesure-sans-aucune-personne-dedans"  # noqa: S105
CODE = "424242"
CAISSE = people.Caisse("caisse", "CPAM de Bretagne", "Europe/Paris", "3646")
MEDECIN = people.Medecin("medecin", CAISSE.id, "Dr Le Goff", "Médecin-conseil")
#: The ways in, in their order.
STEPS = ("lien", "code", "session", "information", "jeton")
#: People who come before it counts.
FIRST = 10

#: Sends this body to that path; the answer, checked.
Ask = Callable[[str, dict[str, str]], Awaitable[None]]


class Visitor:
    """One browser. Cookies by hand: `__Host-` ones are Secure, and this speaks plain HTTP."""

    def __init__(self, http: aiohttp.ClientSession, base: str) -> None:
        self._http, self._base = http, base
        self._cookie = ""

    async def ask(self, path: str, body: dict[str, str]) -> None:
        headers = {"Cookie": self._cookie} if self._cookie else {}
        async with self._http.post(self._base + path, json=body, headers=headers) as answer:
            said = await answer.read()
            if answer.status >= 300:
                raise RuntimeError(f"{path}: {answer.status} {said.decode()}")
            given = answer.headers.get("Set-Cookie", "")
            self._cookie = given.partition(";")[0] or self._cookie


async def come_in(ask: Ask, link: str, spent: dict[str, list[float]]) -> None:
    """Milliseconds of processor for each step are put with the others."""
    bodies: dict[str, dict[str, str]] = {
        "lien": {"link": link},
        "code": {"link": link},
        "session": {"link": link, "code": CODE},
        "information": {"version": information.VERSION},
        "jeton": {},
    }
    for step in STEPS:
        began = time.process_time()
        await ask(f"/api/assure/{step}", bodies[step])
        spent[step].append((time.process_time() - began) * 1000)


# --- ours -----------------------------------------------------------------------------------------


async def appointments(config: Config, database: Database, count: int) -> list[str]:
    """The secrets of so many links, each to a télécontrôle of this minute."""
    links = Links(Keeper(config.secret), Vault(config.secret, database.safe.vault.keys))
    now, made = datetime.now(UTC), list[str]()
    async with RegistreSql(database).quick_transaction() as unite:
        await people.add_caisse(unite.connection, CAISSE)
        await people.add_medecin(unite.connection, MEDECIN)
        for number in range(count):
            who = people.Assure(
                str(uuid4()), CAISSE.id, "Mme", "Exemple", f"a{number}@exemple.invalid",
                "+33639980199",
            )  # fmt: skip
            await people.add_assure(unite.connection, who)
            un = Telecontrole(
                id=str(uuid4()),
                caisse=CAISSE.id,
                medecin_conseil=MEDECIN.id,
                assure=who.id,
                contexte=Contexte.ARRET_MALADIE,
                debut=now + timedelta(minutes=1),
                etat=Etat.CONVOQUE,
            )
            await unite.enregistrer(un)
            made.append(await links.make(unite.connection, un.id, now))
    return made


@contextlib.asynccontextmanager
async def ours(count: int) -> AsyncIterator[tuple[str, list[str]]]:
    """Its address, and the links that open it."""
    with tempfile.TemporaryDirectory() as folder:
        config = replace(
            Config(),
            data_dir=Path(folder),
            origin="https://controle.invalid",
            secret=SECRET,
        )
        database = await open_database(config.database)
        links = await appointments(config, database, count)
        parts = Parts(
            config=config,
            database=database,
            rings=Rings.open(Path(folder), datetime.now(UTC)),
            codes=lambda _: CODE,
        )
        server = TestServer(await create_app(parts))
        await server.start_server(shutdown_timeout=0.1)
        try:
            yield str(server.make_url("")).rstrip("/"), links
        finally:
            await server.close()
            await database.close()


# --- the peer -------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def bare(count: int) -> AsyncIterator[tuple[str, list[str]]]:
    """Reads the body and says yes: what five requests cost whoever answers them with aiohttp."""

    async def yes(request: web.Request) -> web.Response:
        await request.json()
        return web.json_response({})

    app = web.Application()
    app.router.add_post("/api/assure/{step}", yes)
    server = TestServer(app)
    await server.start_server(shutdown_timeout=0.1)
    try:
        yield str(server.make_url("")).rstrip("/"), [""] * count
    finally:
        await server.close()


# --- the measure ----------------------------------------------------------------------------------


async def measured(
    serving: Callable[[int], contextlib.AbstractAsyncContextManager[tuple[str, list[str]]]],
    count: int,
) -> dict[str, float]:
    """Milliseconds of processor of each step, the median."""
    spent: dict[str, list[float]] = {step: [] for step in STEPS}
    async with serving(count + FIRST) as (base, links):
        for number, link in enumerate(links):
            if number == FIRST:
                spent = {step: [] for step in STEPS}
            async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
                await come_in(Visitor(http, base).ask, link, spent)
    return {step: round(statistics.median(some), 2) for step, some in spent.items()}


async def run(count: int) -> dict[str, object]:
    found = {"ours": await measured(ours, count), "bare": await measured(bare, count)}
    sums = {name: round(sum(steps.values()), 2) for name, steps in found.items()}
    return {
        "arrivals": count,
        **found,
        "sums": sums,
        "ratio": round(sums["ours"] / sums["bare"], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=300)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with Path(os.devnull).open("w") as nowhere:
        # Written as in service, and not into the figures.
        logs.configure(nowhere)
        told = uvloop.run(run(asked.count))
    sys.stdout.write(json.dumps(told, indent=None if asked.json else 1) + "\n")


if __name__ == "__main__":
    main()
