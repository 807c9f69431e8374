"""The keys of a caisse's own system: what each may do; kept as keyed hashes, revocable."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from uuid import uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import schema as t
from server.store.sql import read, written

from .secrets import Keeper, new_secret

Scope = Literal["telecontroles:lire", "telecontroles:ecrire", "issues:lire"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

#: By which a secret scanner knows that a file holds one of ours.
PREFIX = "tlc_"
#: Longer than any of ours: not hashed for nothing.
MAX_LENGTH = 128


@dataclass(frozen=True, slots=True)
class ApiKey:
    """Who asks, for which caisse, and what this key may do."""

    id: str
    caisse: str
    nom: str
    portees: frozenset[str]
    cree: datetime
    revoquee: datetime | None = None

    def may(self, scope: str) -> bool:
        return scope in self.portees


class ApiKeys:
    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    async def make(
        self,
        connection: AsyncConnection,
        caisse: str,
        name: str,
        scopes: Collection[Scope],
        now: datetime,
    ) -> tuple[ApiKey, str]:
        """A new key, and its secret: told now, and never again."""
        secret = PREFIX + new_secret()
        key = ApiKey(str(uuid4()), caisse, name, frozenset(scopes), now)
        await connection.execute(
            insert(t.cle_api).values(
                id=key.id,
                caisse=caisse,
                nom=name,
                empreinte=self._hashed(secret),
                portees=json.dumps(sorted(key.portees)),
                cree=written(now),
            )
        )
        return key, secret

    async def find(self, connection: AsyncConnection, secret: str) -> ApiKey | None:
        """The key that holds, or None: unknown and revoked are the same to who asks."""
        if not secret or len(secret) > MAX_LENGTH:
            return None
        found = await connection.execute(
            select(t.cle_api).where(
                t.cle_api.c.empreinte == self._hashed(secret), t.cle_api.c.revoquee.is_(None)
            )
        )
        row = found.mappings().first()
        return _key(row) if row else None

    async def revoke(self, connection: AsyncConnection, identifier: str, now: datetime) -> bool:
        """At once, for good; False when there was none that held."""
        changed = await connection.execute(
            update(t.cle_api)
            .where(t.cle_api.c.id == identifier, t.cle_api.c.revoquee.is_(None))
            .values(revoquee=written(now))
        )
        return bool(changed.rowcount)

    async def listed(self, connection: AsyncConnection) -> list[ApiKey]:
        """All of them, revoked ones too, by caisse and date."""
        rows = await connection.execute(
            select(t.cle_api).order_by(t.cle_api.c.caisse, t.cle_api.c.cree, t.cle_api.c.id)
        )
        return [_key(row) for row in rows.mappings()]

    def _hashed(self, secret: str) -> str:
        return self._keeper.hashed("cle_api", secret)


def _key(row: RowMapping) -> ApiKey:
    return ApiKey(
        id=row["id"],
        caisse=row["caisse"],
        nom=row["nom"],
        portees=frozenset(json.loads(row["portees"])),
        cree=read(row["cree"]),
        revoquee=read(row["revoquee"]) if row["revoquee"] else None,
    )
