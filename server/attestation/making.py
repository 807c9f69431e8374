"""An attestation for the assuré: after the second factor, from the facts on record as they are."""

from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass

from certs.signing_keys import KeyRing
from controle.attestation import PERIODE, Emission, attester, delivrees
from controle.attestation_forme import AttestationSignee, contenu, octets_a_signer
from controle.intervalles import presences
from controle.presence import Fait, GenreFait, Role
from controle.qualification import Qualification
from controle.telecontrole import Fenetre, Telecontrole
from server.assure.door import CodeRefused, DoorClosed, Entered
from server.clock import SystemClock
from server.config import Config
from server.identity.links import Links
from server.identity.second_factor import SecondFactor, Sent
from server.identity.sessions import Session, Sessions
from server.notify.codes import Codes
from server.record import Recorder
from server.store import people, tasks
from server.store.sql import RegistreSql, UniteSql

from . import offer


class TooManyAttestations(Exception):
    """As many as one appointment gets in a day; `wait` seconds, then again."""

    def __init__(self, wait: int) -> None:
        super().__init__(wait)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Made:
    """Signed, and not yet on record as given out."""

    telecontrole: str
    signed: AttestationSignee


class Attestations:
    """`second_factor`: the one of usage « attestation », apart from the door's; `nudge`: a message
    is due."""

    def __init__(
        self,
        *,
        config: Config,
        clock: SystemClock,
        registre: RegistreSql,
        links: Links,
        second_factor: SecondFactor,
        sessions: Sessions,
        codes: Codes,
        recorder: Recorder,
        seals: KeyRing,
        fenetre: Fenetre,
        nudge: Callable[[], None],
    ) -> None:
        self._config = config
        self._clock = clock
        self._registre = registre
        self._links = links
        self._second_factor = second_factor
        self._sessions = sessions
        self._codes = codes
        self._recorder = recorder
        self._seals = seals
        self._fenetre = fenetre
        self._nudge = nudge

    # --- the second factor, apart from the door's ----------------------------------------------

    async def send_code(self, link: str, address: str) -> Sent:
        """A code to the phone that the caisse knows, where there is something to attest.

        :raises DoorClosed: unknown link.
        :raises Refus: there is nothing to attest.
        """
        now = self._clock()
        async with self._registre.transaction() as unite:
            un = await self._behind(unite, link)
            facts = [ligne.fait for ligne in await unite.lignes(un.id)]
            offer.check(self._clock, self._fenetre, un, facts)
            sent = await self._codes.send(self._second_factor, unite.connection, un, now, address)
        self._nudge()
        return sent

    async def enter(self, link: str, code: str, address: str) -> Entered:
        """The link and the code together open a session. No fact: it is no try to enter the room.

        :raises DoorClosed: as `send_code`.
        :raises CodeRefused: not the code that was sent.
        """
        now = self._clock()
        async with self._registre.transaction() as unite:
            un = await self._behind(unite, link)
            checked = await self._second_factor.check(unite.connection, un.id, code, now, address)
            right = checked.verdict == "right"
            if checked.counted and checked.verdict == "locked":
                await tasks.open_task(unite.connection, un.id, un.caisse, "acces_verrouille", now)
            if right:
                session, secret = await self._sessions.open(
                    unite.connection, "assure", un.assure, now, un.id
                )
        if not right:
            raise CodeRefused(checked)
        return Entered(session, secret)

    async def _behind(self, unite: UniteSql, link: str) -> Telecontrole:
        identifier = await self._links.telecontrole(unite.connection, link)
        if identifier is None:
            raise DoorClosed("inconnu")
        return await unite.telecontrole(identifier)

    # --- the attestation ------------------------------------------------------------------------

    async def make(self, session: Session, link: str) -> Made:
        """Signed, from the record as it is; writes nothing.

        :raises DoorClosed: unknown link, or the session is another appointment's.
        :raises Refus: there is nothing to attest, or not yet.
        :raises TooManyAttestations: enough were given out for today.
        """
        self._seals.refresh()
        async with self._registre.lecture() as unite:
            un = await self._behind(unite, link)
            if session.telecontrole != un.id:
                raise DoorClosed("autre")
            lines = await unite.lignes(un.id)
            facts = [ligne.fait for ligne in lines]
            offer.check(self._clock, self._fenetre, un, facts)
            self._check_room(facts)
            caisse = await people.caisse(unite.connection, un.caisse)
            assure = await people.assure(unite.connection, un.assure)
            signed = await unite.issues(un.id)
            now = self._clock()
            counted = offer.until_now(self._clock, facts)
            attestation = attester(
                un,
                presences(facts, counted),
                facts,
                counted,
                self._fenetre,
                lines[-1].tete,
                Emission(
                    caisse.nom, f"{assure.civilite} {assure.nom}", now, self._seals.current.kid
                ),
                medecin_absent=bool(signed)
                and signed[-1].qualification is Qualification.MEDECIN_ABSENT,
            )
        _, signature = self._seals.sign(octets_a_signer(contenu(attestation)))
        return Made(un.id, AttestationSignee(attestation, urlsafe_b64decode(signature + "==")))

    async def given(self, made: Made) -> None:
        """On record: that it was given out, and a hash of its signature, which shows later that
        this very document is ours and says nothing of what is in it.

        :raises TooManyAttestations: others came first.
        """
        details = {
            "genre": str(made.signed.attestation.genre),
            "empreinte": made.signed.empreinte(),
        }
        async with self._registre.transaction() as unite:
            self._check_room([ligne.fait for ligne in await unite.lignes(made.telecontrole)])
            fact = self._recorder.fact(GenreFait.ATTESTATION_DELIVREE, Role.ASSURE, details=details)
            await unite.inscrire(made.telecontrole, fact)

    def _check_room(self, facts: list[Fait]) -> None:
        now = self._clock()
        given = delivrees(facts, now)
        if len(given) >= self._config.attestations_per_day:
            wait = given[-self._config.attestations_per_day] + PERIODE - now
            raise TooManyAttestations(max(1, int(wait.total_seconds())))
