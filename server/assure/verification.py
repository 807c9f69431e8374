"""« Est-ce bien un message de ma caisse ? » (row CN-09): a short code, then a code by SMS to the
phone that the caisse knows, then what the appointment is."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select

from controle.telecontrole import Acces, Etat, Fenetre, Telecontrole
from server.clock import SystemClock
from server.config import Config
from server.identity.guesses import Guesses
from server.identity.second_factor import SecondFactor, Sent
from server.identity.secrets import SHORT_ALPHABET, Keeper
from server.notify.codes import Codes
from server.store import people
from server.store import schema as t
from server.store.sql import RegistreSql, UniteSql

from .door import CodeRefused
from .standing import InPerson, in_person

#: Compared with when no code was found: the same work is done. Not one that is ever drawn.
NOBODYS = "0000-0000"


class CodeUnknown(Exception):
    """No message of ours carries this code."""


@dataclass(frozen=True, slots=True)
class Genuine:
    """The message is ours: whose, and about what."""

    un: Telecontrole
    caisse: people.Caisse
    access: Acces
    in_person: InPerson | None


class Verification:
    """`second_factor`: the one of usage « verification », apart from the door's; `nudge`: a
    message is due."""

    def __init__(
        self,
        *,
        config: Config,
        clock: SystemClock,
        registre: RegistreSql,
        keeper: Keeper,
        second_factor: SecondFactor,
        codes: Codes,
        fenetre: Fenetre,
        nudge: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._registre = registre
        self._keeper = keeper
        self._second_factor = second_factor
        self._codes = codes
        self._fenetre = fenetre
        self._nudge = nudge
        #: Thirty-nine bits are few: who has guessed enough is not even told of a right one.
        self._guesses = Guesses(config.verifications_per_minute)
        #: One at a time: a burst of guesses cannot all pass before the first is counted.
        self._turn = asyncio.Lock()

    async def ask(self, code: str, address: str) -> Sent:
        """A known code: an SMS leaves for the phone of the file.

        :raises CodeUnknown, TooManyTries: from this address.
        :raises TooManyCodes: too many SMS were asked for.
        :raises WithoutPhone: none can be sent.
        """
        identifier = await self._known(code, address)
        now = self._clock()
        async with self._registre.quick_transaction() as unite:
            un = await unite.telecontrole(identifier)
            sent = await self._codes.send(self._second_factor, unite.connection, un, now, address)
        self._nudge()
        return sent

    async def answer(self, code: str, sms: str, address: str) -> Genuine:
        """The code that was sent too: the message is genuine, and about this.

        :raises CodeUnknown, TooManyTries: from this address.
        :raises CodeRefused: not the code that was sent.
        """
        identifier = await self._known(code, address)
        now = self._clock()
        async with self._registre.quick_transaction() as unite:
            checked = await self._second_factor.check(
                unite.connection, identifier, sms, now, address
            )
            found = await self._genuine(unite, identifier)
        if checked.verdict != "right":
            raise CodeRefused(checked)
        return found

    async def _genuine(self, unite: UniteSql, identifier: str) -> Genuine:
        un = await unite.telecontrole(identifier)
        return Genuine(
            un=un,
            caisse=await people.caisse(unite.connection, un.caisse),
            access=un.acces(self._clock(), self._fenetre),
            in_person=await in_person(unite.connection, un.id),
        )

    async def _known(self, code: str, address: str) -> str:
        """The télécontrôle of this code; the same work for a right and a wrong one."""
        wanted = normal(code)
        async with self._turn:
            await self._guesses.check(address)
            async with self._registre.lecture() as unite:
                row = (
                    await unite.connection.execute(
                        select(t.telecontrole.c.id, t.telecontrole.c.code)
                        .where(t.telecontrole.c.code == wanted)
                        .where(t.telecontrole.c.etat != str(Etat.BROUILLON))
                    )
                ).first()
            kept = self._keeper.hashed("verification", row.code if row else NOBODYS)
            same = self._keeper.same(kept, "verification", wanted)
            if row is None or not same:
                await self._guesses.wrong(address)
                raise CodeUnknown
        return str(row.id)


def normal(code: str) -> str:
    """« k7qf 2m9d » as it was drawn. No sign that is left out of the alphabet is guessed at."""
    signs = re.sub(r"[^0-9A-Z]", "", code.upper())
    if len(signs) != 8 or not set(signs) <= set(SHORT_ALPHABET):
        return "-"
    return f"{signs[:4]}-{signs[4:]}"
