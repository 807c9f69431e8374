"""Who a professional is to an identity provider, their authenticator, and logins on their way."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from . import schema as t
from .sql import read, written


@dataclass(frozen=True, slots=True)
class Authenticator:
    """The authenticator of one professional; `sealed` is its secret, encrypted."""

    sealed: str | None = None
    #: The last step (of 30 s) whose code was used.
    step: int = 0
    tries: int = 0
    locked_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login that has left for the provider; `state` and `browser` are hashes."""

    state: str
    browser: str
    kind: str
    sealed: str
    #: The session that it will replace, if its browser had one.
    replaces: str | None
    expires: datetime


def _of(kind: str, subject: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return t.professionnel.c.genre == kind, t.professionnel.c.sujet == subject


async def _keep(connection: AsyncConnection, kind: str, subject: str, **values: object) -> None:
    done = await connection.execute(
        update(t.professionnel).where(*_of(kind, subject)).values(values)
    )
    if done.rowcount == 0:
        await connection.execute(
            insert(t.professionnel).values(genre=kind, sujet=subject, **values)
        )


# --- who --------------------------------------------------------------------------------------


async def subject_of(connection: AsyncConnection, kind: str, identifier: str) -> str | None:
    """Whose hashed identifier this is."""
    found: str | None = await connection.scalar(
        select(t.professionnel.c.sujet).where(
            t.professionnel.c.genre == kind, t.professionnel.c.identifiant == identifier
        )
    )
    return found


async def identifiers(connection: AsyncConnection, kind: str) -> dict[str, str]:
    """The hashed identifier of everybody who has one."""
    rows = await connection.execute(
        select(t.professionnel.c.sujet, t.professionnel.c.identifiant).where(
            t.professionnel.c.genre == kind, t.professionnel.c.identifiant.is_not(None)
        )
    )
    return {row.sujet: row.identifiant for row in rows}


async def forget_identifiers(
    connection: AsyncConnection, kind: str, subjects: Collection[str]
) -> None:
    """Before others are given: two people may have swapped theirs."""
    await connection.execute(
        update(t.professionnel)
        .where(t.professionnel.c.genre == kind, t.professionnel.c.sujet.in_(subjects))
        .values(identifiant=None)
    )


async def identify(connection: AsyncConnection, kind: str, subject: str, identifier: str) -> None:
    await _keep(connection, kind, subject, identifiant=identifier)


# --- their authenticator ------------------------------------------------------------------------


async def authenticator(connection: AsyncConnection, kind: str, subject: str) -> Authenticator:
    row = (await connection.execute(select(t.professionnel).where(*_of(kind, subject)))).first()
    if row is None:
        return Authenticator()
    locked = read(row.verrou) if row.verrou else None
    return Authenticator(row.totp, row.totp_pas, row.essais, locked)


async def enrol(connection: AsyncConnection, kind: str, subject: str, sealed: str) -> None:
    """Another authenticator: what was tried with the former one counts no more."""
    await _keep(connection, kind, subject, totp=sealed, totp_pas=0, essais=0, verrou=None)


async def use_step(connection: AsyncConnection, kind: str, subject: str, step: int) -> bool:
    """False: a code of this step, or of a later one, has served already."""
    done = await connection.execute(
        update(t.professionnel)
        .where(*_of(kind, subject), t.professionnel.c.totp_pas < step)
        .values(totp_pas=step, essais=0, verrou=None)
    )
    return done.rowcount == 1


async def count_try(
    connection: AsyncConnection, kind: str, subject: str, tries: int, locked: datetime | None
) -> None:
    await _keep(connection, kind, subject, essais=tries, verrou=written(locked) if locked else None)


# --- logins on their way ------------------------------------------------------------------------


async def begin(connection: AsyncConnection, attempt: Attempt) -> None:
    await connection.execute(
        insert(t.connexion_en_cours).values(
            etat=attempt.state,
            navigateur=attempt.browser,
            genre=attempt.kind,
            scelle=attempt.sealed,
            remplace=attempt.replaces,
            expire=written(attempt.expires),
        )
    )


async def take(
    connection: AsyncConnection, state: str, browser: str, now: datetime
) -> Attempt | None:
    """The attempt, which is there no more; None: unknown, used, too old, of another browser.

    Another browser's cookie takes nothing away from the right one.
    """
    mine = t.connexion_en_cours.c.etat == state, t.connexion_en_cours.c.navigateur == browser
    row = (await connection.execute(select(t.connexion_en_cours).where(*mine))).first()
    if row is None:
        return None
    done = await connection.execute(delete(t.connexion_en_cours).where(*mine))
    if done.rowcount != 1 or read(row.expire) < now:
        return None
    return Attempt(state, browser, row.genre, row.scelle, row.remplace, read(row.expire))


async def on_their_way(connection: AsyncConnection, now: datetime) -> int:
    """How many; those that are too old go."""
    await connection.execute(
        delete(t.connexion_en_cours).where(t.connexion_en_cours.c.expire < written(now))
    )
    count = await connection.scalar(select(func.count()).select_from(t.connexion_en_cours))
    return int(count or 0)


# --- the provider's side of a session -----------------------------------------------------------


async def keep_token(
    connection: AsyncConnection, session: str, sealed: str, expires: datetime
) -> None:
    await connection.execute(
        insert(t.session_fournisseur).values(
            reference=session, scelle=sealed, expire=written(expires)
        )
    )


async def take_token(connection: AsyncConnection, session: str) -> str | None:
    """The sealed id token of this session, which is kept no more."""
    mine = t.session_fournisseur.c.reference == session
    sealed: str | None = await connection.scalar(select(t.session_fournisseur.c.scelle).where(mine))
    if sealed is not None:
        await connection.execute(delete(t.session_fournisseur).where(mine))
    return sealed


async def forget(connection: AsyncConnection, now: datetime) -> None:
    """What has expired."""
    for table in (t.session_fournisseur, t.connexion_en_cours):
        await connection.execute(delete(table).where(table.c.expire < written(now)))
