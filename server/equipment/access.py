"""Who may test their equipment, and when: from the convocation to the call, with a code or within
the visit.

Camera, microphone and loudspeaker are tested in the page alone. The relay, the echo and a verdict
that is kept are not for whoever holds the link: a code of their own opens them, before the hour
too. It opens nothing else: what comes back is no session, and the record has no line of it — it is
no try to enter the room (docs/decisions/0033).
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from controle.etats import AVANT_ENTREE
from controle.telecontrole import Acces, Etat, Fenetre, Telecontrole
from media.ice import IceSettings, Policy, ice_servers
from server.assure.door import CodeRefused, DoorClosed
from server.clock import SystemClock
from server.config import Config
from server.identity.links import Links
from server.identity.second_factor import SecondFactor, Sent
from server.identity.secrets import Keeper
from server.identity.sessions import Session
from server.notify.codes import Codes
from server.store import tasks
from server.store.sql import RegistreSql, UniteSql
from server.technical.browsers import Family
from server.web.equipment_messages import EquipmentAccess, EquipmentVerdict
from server.web.messages import IceServer

from . import verdicts

#: Credentials of the relay, for a test and its echo: seconds.
RELAY_SECONDS = 900
#: While somebody may still come.
EXPECTED = AVANT_ENTREE | {Etat.EN_ATTENTE}


class Equipment:
    """`second_factor`: the one of usage « materiel »; `changed`: a console's entry did."""

    def __init__(
        self,
        *,
        config: Config,
        clock: SystemClock,
        registre: RegistreSql,
        links: Links,
        keeper: Keeper,
        second_factor: SecondFactor,
        codes: Codes,
        fenetre: Fenetre,
        changed: Callable[[str], None],
        nudge: Callable[[], None],
    ) -> None:
        self._config = config
        self._clock = clock
        self._registre = registre
        self._links = links
        self._keeper = keeper
        self._second_factor = second_factor
        self._codes = codes
        self._fenetre = fenetre
        self._changed = changed
        self._nudge = nudge

    # --- the code -------------------------------------------------------------------------------

    async def send_code(self, link: str, address: str) -> Sent:
        """A code to the phone that the caisse knows.

        :raises DoorClosed: unknown link, or nobody is expected any more.
        """
        now = self._clock()
        async with self._registre.quick_transaction() as unite:
            un = await self._expected(unite, link)
            sent = await self._codes.send(self._second_factor, unite.connection, un, now, address)
        self._nudge()
        return sent

    async def enter(
        self, link: str, code: str, given: str, session: Session | None, address: str
    ) -> EquipmentAccess:
        """By a code, else by what was given before, else by the visit's session.

        :raises DoorClosed: none of the three, unknown link, or nobody is expected any more.
        :raises CodeRefused: not the code that was sent.
        """
        if not code:
            un = await self.allowed(link, given, session)
        else:
            un = await self._check(link, code, address)
        now = self._clock()
        expires = int((now + self._config.equipment_access).timestamp())
        return EquipmentAccess(
            access=f"{expires}.{self._mark(un.id, expires)}",
            expires_in=int(self._config.equipment_access.total_seconds()),
            ice_servers=[IceServer(**one) for one in ice_servers(*self._relay(un.id), now)],
            echo_seconds=self._config.echo_seconds.total_seconds(),
        )

    async def _check(self, link: str, code: str, address: str) -> Telecontrole:
        now = self._clock()
        async with self._registre.quick_transaction() as unite:
            un = await self._expected(unite, link)
            checked = await self._second_factor.check(unite.connection, un.id, code, now, address)
            if checked.counted and checked.verdict == "locked":
                await tasks.open_task(unite.connection, un.id, un.caisse, "acces_verrouille", now)
        if checked.verdict != "right":
            # Outside: a wrong code that was counted stays counted.
            raise CodeRefused(checked)
        return un

    async def allowed(self, link: str, given: str, session: Session | None) -> Telecontrole:
        """
        :raises DoorClosed: not, or not now.
        """
        async with self._registre.lecture() as unite:
            un = await self._expected(unite, link)
        inside = session is not None and session.telecontrole == un.id
        if not inside and not self._holds(un.id, given):
            raise DoorClosed("autre")
        return un

    async def _expected(self, unite: UniteSql, link: str) -> Telecontrole:
        identifier = await self._links.telecontrole(unite.connection, link)
        if identifier is None:
            raise DoorClosed("inconnu")
        un = await unite.telecontrole(identifier)
        acces = un.acces(self._clock(), self._fenetre)
        if un.etat not in EXPECTED or acces not in (Acces.TROP_TOT, Acces.OUVERT):
            raise DoorClosed(acces.value)
        return un

    def _mark(self, telecontrole: str, expires: int) -> str:
        return self._keeper.hashed("materiel", telecontrole, str(expires))

    def _holds(self, telecontrole: str, given: str) -> bool:
        expires, _, mark = given.partition(".")
        if not mark or int(expires) < self._clock().timestamp():
            return False
        return self._keeper.same(mark, "materiel", telecontrole, expires)

    # --- what it opens --------------------------------------------------------------------------

    def _relay(self, telecontrole: str) -> tuple[IceSettings, str]:
        """The relay's settings for a short while, under a name that says nothing."""
        ttl = min(RELAY_SECONDS, self._config.turn_ttl_seconds)
        name = self._keeper.hashed("turn", "materiel", telecontrole)[:12]
        return replace(self._config.ice, turn_ttl_seconds=ttl), name

    def of_the_echo(self, now: datetime) -> tuple[list[dict[str, object]], Policy]:
        """How the echo is reached: by our relay alone where there is one, so that nobody learns
        an address of this machine, and its firewall needs no hole."""
        settings, name = self._relay("echo")
        policy: Policy = "relay" if settings.turn_urls else "all"
        return ice_servers(settings, name, now), policy

    async def keep(self, un: Telecontrole, verdict: EquipmentVerdict, browser: Family) -> None:
        """
        :raises TooManyTests: enough were kept.
        """
        most = self._config.equipment_tests
        async with self._registre.quick_transaction() as unite:
            await verdicts.keep(unite.connection, un.id, verdict, browser, self._clock(), most)
        self._changed(un.id)
