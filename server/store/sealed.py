"""What is written about a person, under a key of their own: sealed, opened, forgotten.

The key is kept in the person's row, sealed by the service's vault (`assure.cle`). Where it was
destroyed, nothing of theirs opens any more, here or in a copy of a table: rows stay, chains verify.
"""

import base64
from collections import OrderedDict
from typing import Any

import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.convocation import EtatEnvoi
from controle.refus import Refus
from server.identity.vault import (
    BY_DERIVED,
    BY_PERSON,
    Unreadable,
    Vault,
    bound,
    decrypt,
    encrypt,
    unpacked,
)

from . import schema as t

log = structlog.get_logger()

#: What is shown in the place of what was erased.
ERASED = "données effacées"
#: And of what was changed in the store, by somebody who does not have the keys.
ALTERED = "données illisibles"
#: Under this name a connection holds the safe of its database.
SAFE = "safe"
#: What a sealed key is bound to, with the person's id.
PURPOSE = "assure.cle"
KEY_BITS = 256
#: Keys that a process has opened and keeps at hand.
AT_HAND = 4_096
#: A text under a person's key begins so.
MARK = "p."


class PersonneEffacee(Refus):
    """This person's key was destroyed: nothing can be written about them any more."""

    code = "personne_effacee"
    phrase = "Les données de cette personne ont été effacées."


class Person:
    """What opens and seals what is about one person; lives in memory alone."""

    __slots__ = ("_cipher", "_id", "_vault")

    def __init__(self, identifier: str, key: bytes, vault: Vault) -> None:
        self._id = identifier
        self._cipher = AESGCM(key)
        self._vault = vault

    def seal(self, purpose: str, row: str, content: bytes) -> bytes:
        return BY_PERSON + encrypt(self._cipher, content, bound(purpose, row, self._id))

    def open(self, purpose: str, row: str, sealed: bytes) -> bytes:
        """:raises Unreadable: not sealed for this person, purpose and row; or changed since."""
        if sealed[:1] == BY_DERIVED:
            # Before people had keys the service's own sealed it; a rotation seals it again.
            return self._vault.open(purpose, row, sealed)
        if sealed[:1] != BY_PERSON:
            raise Unreadable
        return decrypt(self._cipher, sealed[1:], bound(purpose, row, self._id))

    def seal_text(self, purpose: str, row: str, text: str) -> str:
        """« p.… »; nothing stays nothing: it says that a channel is not known."""
        if not text:
            return ""
        return MARK + base64.b64encode(self.seal(purpose, row, text.encode())).decode()

    def open_text(self, purpose: str, row: str, sealed: str) -> str:
        """:raises Unreadable: not sealed for this person, purpose and row; or changed since."""
        return self.open(purpose, row, unpacked(sealed)).decode() if sealed else ""


class Safe:
    """The people's keys of one database. What it has opened it keeps at hand, a bounded number:
    each use compares with the row, so a key that was destroyed or sealed anew is not used."""

    def __init__(self, vault: Vault, at_hand: int = AT_HAND) -> None:
        self.vault = vault
        self._at_hand = at_hand
        self._opened: OrderedDict[str, tuple[str, Person]] = OrderedDict()

    def new(self, identifier: str) -> tuple[str, Person]:
        """A key for a new person, as it is kept in their row, and opened."""
        key = AESGCM.generate_key(KEY_BITS)
        kept = self.vault.seal_text(PURPOSE, identifier, base64.b64encode(key).decode())
        return kept, self._keep(identifier, kept, Person(identifier, key, self.vault))

    def person(self, identifier: str, kept: str) -> Person | None:
        """Of a person's row; None where their key was destroyed.

        :raises Unreadable: it is not the key of that person.
        """
        if not kept:
            self._opened.pop(identifier, None)
            return None
        known = self._opened.get(identifier)
        if known is not None and known[0] == kept:
            self._opened.move_to_end(identifier)
            return known[1]
        return self._keep(identifier, kept, self.unwrapped(identifier, kept))

    def seen(self, identifier: str, kept: str) -> Person | None:
        """As `person`, for a screen or one row of many: one that was altered is told in the log,
        and must not keep the others from being seen."""
        try:
            return self.person(identifier, kept)
        except Unreadable:
            log.error("sealed_value_altered", reason=PURPOSE)
            return None

    def unwrapped(self, identifier: str, kept: str) -> Person:
        """As `person`, and not kept at hand: for who goes through many."""
        key = base64.b64decode(self.vault.open_text(PURPOSE, identifier, kept))
        return Person(identifier, key, self.vault)

    def at_hand(self, identifier: str) -> Person | None:
        """To seal with: what would be written for somebody who was forgotten meanwhile opens for
        nobody."""
        known = self._opened.get(identifier)
        return known[1] if known else None

    def drop(self, identifier: str) -> None:
        self._opened.pop(identifier, None)

    def _keep(self, identifier: str, kept: str, person: Person) -> Person:
        self._opened[identifier] = kept, person
        self._opened.move_to_end(identifier)
        while len(self._opened) > self._at_hand:
            self._opened.popitem(last=False)
        return person


def safe_of(connection: AsyncConnection | Connection) -> Safe:
    """Of the database that this connection leads to (database.py puts it there)."""
    safe: Safe = connection.info[SAFE]
    return safe


async def person(connection: AsyncConnection, identifier: str) -> Person:
    """To write something about somebody.

    :raises PersonneEffacee: their key was destroyed.
    """
    safe = safe_of(connection)
    found = safe.at_hand(identifier)
    if found is None:
        kept = await connection.scalar(select(t.assure.c.cle).where(t.assure.c.id == identifier))
        found = safe.person(identifier, kept or "")
    if found is None:
        raise PersonneEffacee
    return found


async def person_of(connection: AsyncConnection, telecontrole: str) -> Person | None:
    """Whom a télécontrôle is about; None where their key was destroyed."""
    rows = await connection.execute(
        select(t.assure.c.id, t.assure.c.cle)
        .join(t.telecontrole, t.telecontrole.c.assure == t.assure.c.id)
        .where(t.telecontrole.c.id == telecontrole)
    )
    row = rows.one()
    return safe_of(connection).person(row.id, row.cle)


def shown(whose: Person | None, purpose: str, row: str, sealed: str) -> str:
    """As a screen or an export shows it."""
    if whose is None:
        return ERASED if sealed else ""
    try:
        return whose.open_text(purpose, row, sealed)
    except Unreadable:
        log.error("sealed_value_altered", reason=purpose)
        return ALTERED


async def forget(connection: AsyncConnection, assure_id: str) -> bool:
    """Erase a person by destroying their key, in the caller's transaction; False: it was gone.

    Afterwards nobody can read their name, civility, contacts and declared needs, the messages that
    were written to them, the documents that they gave: not from this store, nor with a copy of any
    other table. Rows, references, dates, states and the chain stay as they are and verify. What
    waited to be sent to them is withdrawn. Screens and exports show « données effacées ».

    A copy of the store that was made before (a backup, SQLite's -wal file) still holds the key,
    sealed by the service's: it is beyond reach once that one was rotated (`telecontrole coffre
    rotate`) or the copy is gone. Who purges says so, and calls `Database.settle` at the end.
    """
    if connection.dialect.name == "sqlite":
        # The place where the key lay is written over, not only given free.
        await connection.exec_driver_sql("PRAGMA secure_delete=ON")
    gone = await connection.execute(
        update(t.assure).where(t.assure.c.id == assure_id, t.assure.c.cle != "").values(cle="")
    )
    safe_of(connection).drop(assure_id)
    if not gone.rowcount:
        return False
    await _nothing_waits(connection, assure_id)
    await _nothing_older(connection, assure_id)
    return True


async def _nothing_waits(connection: AsyncConnection, assure_id: str) -> None:
    await connection.execute(
        update(t.envoi)
        .where(t.envoi.c.telecontrole.in_(_theirs(assure_id)))
        .where(t.envoi.c.etat == str(EtatEnvoi.PREPARE))
        .values(etat=str(EtatEnvoi.RETIRE))
    )


async def _nothing_older(connection: AsyncConnection, assure_id: str) -> None:
    """What the service's own key has sealed, before people had keys, and no rotation has sealed
    again: it would go on opening."""
    await connection.execute(
        update(t.envoi)
        .where(t.envoi.c.telecontrole.in_(_theirs(assure_id)), t.envoi.c.contenu.is_not(None))
        .where(~under_person(t.envoi.c.contenu))
        .values(contenu=MARK)
    )
    given = select(t.justification.c.id).where(
        t.justification.c.telecontrole.in_(_theirs(assure_id))
    )
    await connection.execute(
        update(t.piece)
        .where(t.piece.c.justification.in_(given))
        .where(func.substr(t.piece.c.contenu, 1, 1) != BY_PERSON)
        .values(contenu=BY_PERSON)
    )


def _theirs(assure_id: str) -> Any:
    return select(t.telecontrole.c.id).where(t.telecontrole.c.assure == assure_id)


def under_person(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Of a column of sealed texts."""
    return column.startswith(MARK, autoescape=True)
