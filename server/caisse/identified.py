"""By which identifier each professional of the annuaire comes back from the identity provider."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from server.identity.professionals import hashed, normal
from server.identity.secrets import Keeper
from server.identity.sessions import Kind, Sessions
from server.store import professionals as store

#: The tables of the annuaire that are people who log in, and where they do.
CONSOLES: Mapping[str, Kind] = {"medecin": "console", "agent": "agent"}


class IdentifierTaken(Exception):
    """Somebody whom the file does not name has it already; `person` is who would get it."""

    def __init__(self, person: str) -> None:
        super().__init__(person)
        self.person = person


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody of the file; `identifier` empty: the provider does not let them in."""

    kind: str
    person: str
    identifier: str


def doubles(named: Sequence[Named]) -> Iterator[str]:
    """Identifiers that the file gives to several people; it does not say which."""
    given = [(one.kind, normal(one.identifier, CONSOLES[one.kind])) for one in named]
    for (kind, identifier), times in Counter(given).items():
        if identifier and times > 1:
            yield f"[[{kind}]] : {times} personnes ont le même identifiant professionnel."


async def identify(
    connection: AsyncConnection, keeper: Keeper, named: Sequence[Named], now: datetime
) -> list[str]:
    """One line for each who has another identifier than before. Their sessions are closed: who
    opened them may be somebody else.

    :raises IdentifierTaken: it is of somebody whom the file does not name.
    """
    lines = []
    for kind, console in CONSOLES.items():
        before = await store.identifiers(connection, console)
        wanted = {
            one.person: hashed(keeper, console, one.identifier) if one.identifier else None
            for one in named
            if one.kind == kind
        }
        changed = [person for person, new in wanted.items() if before.get(person) != new]
        others = {known for person, known in before.items() if person not in wanted}
        for person in changed:
            if wanted[person] in others:
                raise IdentifierTaken(person)
        await store.forget_identifiers(connection, console, changed)
        for person in changed:
            new = wanted[person]
            if new is not None:
                await store.identify(connection, console, person, new)
            await Sessions(keeper, {}).revoke_all(connection, person, [console], now)
            lines.append(f"~ identifiant de {person}")
    return lines
