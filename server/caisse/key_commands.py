"""The command `cle-api`: make, revoke and list the keys of a caisse's own system."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from server.config import Config
from server.identity.api_keys import SCOPES, ApiKeys, Scope
from server.identity.secrets import Keeper
from server.offline import refuse, say
from server.rings import vault_of
from server.store import people
from server.store.database import open_database

T = TypeVar("T")
MAX_NAME = 120


def make(config: Config, caisse: str, name: str, scopes: str) -> int:
    """Print a new key, once; `scopes` with commas between them."""
    wanted = {scope.strip() for scope in scopes.split(",") if scope.strip()}
    unknown = sorted(wanted - {*SCOPES})
    if unknown or not wanted:
        what = f"portée inconnue : {', '.join(unknown)}" if unknown else "donnez une portée"
        return refuse(f"{what}. Elles sont : {', '.join(SCOPES)}.")
    if not name.strip() or len(name) > MAX_NAME:
        return refuse("donnez un nom à cette clé : qui s'en sert.")

    async def work(connection: AsyncConnection) -> tuple[str, str] | None:
        if not await people.knows_caisse(connection, caisse):
            return None
        granted = [cast(Scope, scope) for scope in wanted]
        keys = ApiKeys(Keeper(config.secret))
        key, secret = await keys.make(connection, caisse, name.strip(), granted, _now())
        return key.id, secret

    made = asyncio.run(_within(config, work))
    if made is None:
        return refuse(f"{caisse} : pas de caisse de ce nom ; voir « telecontrole annuaire ».")
    say(f"Clé {made[0]} ({', '.join(sorted(wanted))}). Elle n'est montrée qu'une fois :")
    say(made[1])
    return 0


def revoke(config: Config, identifier: str) -> int:
    """At once: the next request with it is refused."""
    keys = ApiKeys(Keeper(config.secret))
    if not asyncio.run(_within(config, lambda c: keys.revoke(c, identifier, _now()))):
        return refuse(f"{identifier} : pas de clé valable de ce nom.")
    say(f"Clé {identifier} révoquée.")
    return 0


def show(config: Config) -> int:
    """One line for each key, without its secret, which nobody has."""
    for key in asyncio.run(_within(config, ApiKeys(Keeper(config.secret)).listed)):
        state = f"révoquée le {key.revoquee:%Y-%m-%d}" if key.revoquee else "valable"
        scopes = ",".join(sorted(key.portees))
        say(f"{key.id}  {key.caisse}  {key.nom}  {scopes}  {key.cree:%Y-%m-%d}  {state}")
    return 0


async def _within(config: Config, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    database = await open_database(config.database, vault_of(config, _now()))
    try:
        async with database.write() as connection:
            return await work(connection)
    finally:
        await database.close()


def _now() -> datetime:
    return datetime.now(UTC)
