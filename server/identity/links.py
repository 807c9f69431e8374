"""Join links and login links: found by the hash of their secret, never kept themselves."""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import schema as t
from server.store.sql import read, written

from .secrets import Keeper, new_secret
from .sessions import Kind
from .vault import Unreadable, Vault

_MAKE = insert(t.lien)
_TELECONTROLE = select(t.lien.c.telecontrole).where(
    t.lien.c.empreinte == bindparam("hashed"), t.lien.c.revoque.is_(None)
)


class Links:
    """The join links of télécontrôles and the login links of professionals."""

    def __init__(self, keeper: Keeper, vault: Vault) -> None:
        self._keeper = keeper
        self._vault = vault

    async def make(self, connection: AsyncConnection, telecontrole: str, now: datetime) -> str:
        """A new join link; the secret to put behind the `#`."""
        secret = new_secret()
        row = {
            "empreinte": self._keeper.hashed("lien", secret),
            "telecontrole": telecontrole,
            "cree": written(now),
            "scelle": self._vault.seal_text("lien", telecontrole, secret),
        }
        await connection.execute(_MAKE, row)
        return secret

    async def secret_of(self, connection: AsyncConnection, telecontrole: str) -> str | None:
        """The secret of its latest link that holds, to write it into another message."""
        sealed = await connection.scalar(
            select(t.lien.c.scelle)
            .where(t.lien.c.telecontrole == telecontrole, t.lien.c.revoque.is_(None))
            .where(t.lien.c.scelle != "")
            .order_by(t.lien.c.cree.desc())
            .limit(1)
        )
        return self._vault.open_text("lien", telecontrole, sealed) if sealed else None

    async def secrets_of(
        self, connection: AsyncConnection, telecontroles: Collection[str]
    ) -> dict[str, str]:
        """The same for many at once; one without a link that holds, or that can be read, is not
        in it."""
        rows = await connection.execute(
            select(t.lien.c.telecontrole, t.lien.c.scelle)
            .where(t.lien.c.telecontrole.in_(telecontroles), t.lien.c.revoque.is_(None))
            .where(t.lien.c.scelle != "")
            .order_by(t.lien.c.cree)
        )
        found = {}
        for un, sealed in {row.telecontrole: row.scelle for row in rows}.items():
            with suppress(Unreadable):
                found[un] = self._vault.open_text("lien", un, sealed)
        return found

    async def telecontrole(self, connection: AsyncConnection, secret: str) -> str | None:
        """Which télécontrôle the link is for; None for an unknown or revoked one."""
        hashed = self._keeper.hashed("lien", secret)
        found: str | None = await connection.scalar(_TELECONTROLE, {"hashed": hashed})
        return found

    async def make_login(
        self,
        connection: AsyncConnection,
        subject: str,
        *,
        expires: datetime | None,
        once: bool,
        kind: Kind = "console",
    ) -> str:
        """A login link for a console. The demo's are lasting, a service's are for one use."""
        secret = new_secret()
        await connection.execute(
            insert(t.connexion).values(
                empreinte=self._keeper.hashed("connexion", secret),
                genre=kind,
                sujet=subject,
                expire=written(expires) if expires else None,
                unique=once,
            )
        )
        return secret

    async def whose(
        self,
        connection: AsyncConnection,
        secret: str,
        now: datetime,
        kind: Kind = "console",
        *,
        lasting: bool = True,
    ) -> str | None:
        """Whose login this is, if it still opens; it is not used by that. `lasting`: the demo's
        are good too, which are for more than one use."""
        hashed = self._keeper.hashed("connexion", secret)
        row = (
            await connection.execute(select(t.connexion).where(t.connexion.c.empreinte == hashed))
        ).first()
        if row is None or row.genre != kind or (row.unique and row.utilise):
            return None
        if (row.expire and read(row.expire) < now) or not (row.unique or lasting):
            return None
        return str(row.sujet)

    async def login(
        self, connection: AsyncConnection, secret: str, now: datetime, kind: Kind = "console"
    ) -> str | None:
        """Whose login this is, if it still opens; one that is for one use is used up."""
        subject = await self.whose(connection, secret, now, kind)
        if subject is None:
            return None
        used = await connection.execute(
            update(t.connexion)
            .where(t.connexion.c.empreinte == self._keeper.hashed("connexion", secret))
            # Of two that come at once with the same link, one.
            .where(t.connexion.c.utilise.is_(None) | t.connexion.c.unique.is_(False))
            .values(utilise=written(now))
        )
        return subject if used.rowcount == 1 else None
