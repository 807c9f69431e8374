"""Join links and login links: found by the hash of their secret, never kept themselves."""

from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import schema as t
from server.store.sql import read, written

from .secrets import Keeper, new_secret


class Links:
    """The join links of télécontrôles and the login links of médecins-conseils."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    async def make(self, connection: AsyncConnection, telecontrole: str, now: datetime) -> str:
        """A new join link; the secret to put behind the `#`."""
        secret = new_secret()
        await connection.execute(
            insert(t.lien).values(
                empreinte=self._keeper.hashed("lien", secret),
                telecontrole=telecontrole,
                cree=written(now),
            )
        )
        return secret

    async def telecontrole(self, connection: AsyncConnection, secret: str) -> str | None:
        """Which télécontrôle the link is for; None for an unknown or revoked one."""
        found: str | None = await connection.scalar(
            select(t.lien.c.telecontrole).where(
                t.lien.c.empreinte == self._keeper.hashed("lien", secret),
                t.lien.c.revoque.is_(None),
            )
        )
        return found

    async def make_login(
        self,
        connection: AsyncConnection,
        medecin: str,
        *,
        expires: datetime | None,
        once: bool,
    ) -> str:
        """A login link for the console. The demo's are lasting, a service's are for one use."""
        secret = new_secret()
        await connection.execute(
            insert(t.connexion).values(
                empreinte=self._keeper.hashed("connexion", secret),
                medecin_conseil=medecin,
                expire=written(expires) if expires else None,
                unique=once,
            )
        )
        return secret

    async def login(self, connection: AsyncConnection, secret: str, now: datetime) -> str | None:
        """Whose login this is, if it still opens; one that is for one use is used up."""
        hashed = self._keeper.hashed("connexion", secret)
        row = (
            await connection.execute(select(t.connexion).where(t.connexion.c.empreinte == hashed))
        ).first()
        if row is None or (row.unique and row.utilise):
            return None
        if row.expire and read(row.expire) < now:
            return None
        await connection.execute(
            update(t.connexion)
            .where(t.connexion.c.empreinte == hashed)
            .values(utilise=written(now))
        )
        return str(row.medecin_conseil)
