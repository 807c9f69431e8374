"""A request that changes something may come twice, and is done once (Idempotency-Key).

draft-ietf-httpapi-idempotency-key-header: the answer is kept with the effect, in one transaction,
and given again to the same request. Refusals of the domain are kept too; a bug is not.
"""

import re
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from server.identity.secrets import Keeper
from server.store import schema as t
from server.store.sealed import safe_of
from server.store.sql import written

from .problems import Refused

#: What an answer is sealed for: it may name declared needs.
PURPOSE = "requete.reponse"
#: How long an answer is kept; after that the same key is a new request.
KEPT = timedelta(hours=24)
#: The draft's string, quoted (RFC 8941 §3.3.3), or the same without its quotes.
NAME = re.compile(
    r'"([\x21\x23-\x5b\x5d-\x7e]{1,128})"|([\x21\x23-\x5b\x5d-\x7e]{1,128})', re.ASCII
)


class Kept(msgspec.Struct, frozen=True):
    """An answer as it was given."""

    status: int
    location: str
    media_type: str
    body: msgspec.Raw


def name_of(header: str | None) -> str:
    """The key that the client drew.

    :raises Refused: there is none, or it is none.
    """
    found = NAME.fullmatch(header or "")
    if found is None:
        raise Refused(
            "idempotence_absente",
            "Donnez un en-tête Idempotency-Key de votre choix (un UUID), neuf pour chaque demande.",
        )
    return found[1] or found[2]


class Requests:
    """`keeper`: what was asked is kept as a keyed hash: it held a name and an address."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    async def known(
        self,
        connection: AsyncConnection,
        api_key: str,
        name: str,
        asked: tuple[str, ...],
        now: datetime,
    ) -> Kept | None:
        """The answer that was given; what is older than a day is forgotten first.

        :raises Refused: the name served for something else.
        """
        await connection.execute(delete(t.requete).where(t.requete.c.instant < written(now - KEPT)))
        found = await connection.execute(
            select(t.requete.c.empreinte, t.requete.c.reponse).where(
                t.requete.c.cle_api == api_key, t.requete.c.cle == name
            )
        )
        row = found.first()
        if row is None:
            return None
        if not self._keeper.same(row.empreinte, "requete", *asked):
            raise Refused(
                "idempotence_reprise",
                "Cette Idempotency-Key a déjà servi à une autre demande : prenez-en une neuve.",
            )
        vault = safe_of(connection).vault
        answer = vault.open_text(PURPOSE, f"{api_key}\0{name}", row.reponse)
        return msgspec.json.decode(answer, type=Kept)

    async def keep(
        self,
        connection: AsyncConnection,
        api_key: str,
        name: str,
        asked: tuple[str, ...],
        answer: Kept,
        now: datetime,
    ) -> None:
        """:raises Refused: another server has just answered it: nothing of ours is done."""
        row = {
            "cle_api": api_key,
            "cle": name,
            "empreinte": self._keeper.hashed("requete", *asked),
            "statut": answer.status,
            "reponse": safe_of(connection).vault.seal_text(
                PURPOSE, f"{api_key}\0{name}", msgspec.json.encode(answer).decode()
            ),
            "instant": written(now),
        }
        try:
            await connection.execute(insert(t.requete).values(row))
        except IntegrityError:
            raise Refused(
                "demande_en_cours", "La même demande est en cours : recommencez dans un instant."
            ) from None
