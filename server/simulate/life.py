"""What befalls the appointments: people plan, move, cancel, refuse, justify, come or do not."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from controle.chaine import MotifSceau
from controle.etats import AVANT_ENTREE
from controle.justification import EtatJustification, Justification, MotifAbsence
from controle.presence import SERVICE, GenreFait, Role
from controle.refus import Refus
from controle.telecontrole import Etat, OriginePresentiel, Telecontrole
from server.assure.door import DoorClosed
from server.store import schema as t
from server.store.sql import UniteSql, read, written
from server.web.agent_messages import InPersonForm, MoveForm, PlanForm

from .clock import Timeline
from .oracle import Oracle
from .world import Place, World

CONTEXTS = ("arret_de_travail", "risque_professionnel", "pension", "autre_prestation")
LANGUAGES = ("fr",) * 17 + ("fr-falc", "en", "pt", "ar", "tr", "es")
AGENT = "agent-simule"
HALF_HOURS = tuple(time(h, m) for h in range(8, 18) for m in (0, 30))
LONGEST_AHEAD = 25


@dataclass(slots=True)
class Case:
    """One télécontrôle of the story; `n` is its number in every run of a seed."""

    n: int
    id: str
    place: Place
    doctor: str
    start: datetime
    dice: random.Random
    moves: int = 0


Deed = Callable[[Case], Awaitable[None]]


class Life:
    """Draws what happens and does it through the services; `numbers` names every télécontrôle."""

    def __init__(self, world: World, timeline: Timeline, oracle: Oracle, seed: int) -> None:
        self._world = world
        self._timeline = timeline
        self._oracle = oracle
        self._seed = seed
        self.tally: Counter[str] = Counter()
        self.numbers: dict[str, int] = {}
        self._touched: set[str] = set()

    # --- planning -------------------------------------------------------------------------------

    async def plan(self, place: Place, dice: random.Random) -> None:
        """One more appointment; an hour that is taken is asked for too, and refused."""
        for _ in range(6):
            form = self._form(place, dice)
            try:
                async with self._world.registre.transaction() as unite:
                    un = await self._world.planning.plan(unite, place.caisse.id, form, AGENT)
            except Refus as refused:
                self.tally[f"refus {refused.code}"] += 1
                continue
            await self._world.planning.tell(un)
            self.tally["planifié"] += 1
            self._live(self._case(un, place))
            return
        self.tally["sans créneau"] += 1

    def _form(self, place: Place, dice: random.Random) -> PlanForm:
        n = len(self.numbers)
        ahead = dice.choice([1, 2, 2, 3, *range(3, LONGEST_AHEAD), *range(7, 15)])
        here = self._timeline.clock.now.astimezone(ZoneInfo(place.caisse.fuseau)).date()
        mail, phone, address = _contact(n, dice)
        return PlanForm(
            civility=dice.choice(["Mme", "M."]),
            name=f"Personne {n}",
            context=dice.choice(CONTEXTS),
            doctor=dice.choice(place.doctors),
            start=local(here + timedelta(days=ahead), dice.choice(HALF_HOURS)),
            mail=mail,
            phone=phone,
            address=address,
            language=dice.choice(LANGUAGES),
        )

    def _case(self, un: Telecontrole, place: Place, moves: int = 0) -> Case:
        n = self.numbers.setdefault(un.id, len(self.numbers))
        dice = random.Random(f"{self._seed}/{n}")  # noqa: S311
        self._touched.add(un.medecin_conseil)
        return Case(n, un.id, place, un.medecin_conseil, un.debut, dice, moves)

    def look(self) -> None:
        """After every instant: the agendas that changed."""
        for doctor in self._touched:
            self._oracle.booked(doctor)
        self._touched.clear()

    # --- what may happen before the hour --------------------------------------------------------

    def _live(self, case: Case) -> None:
        """Draw the story of one appointment."""
        dice, now = case.dice, self._timeline.clock.now
        ahead = case.start - now

        def some_time() -> datetime:
            return now + ahead * dice.random()

        for chance, deed in (
            (0.45, self._acknowledge), (0.07, self._move), (0.04, self._cancel),
            (0.07, self._refuse), (0.05, self._justify), (0.04, self._reassign),
        ):  # fmt: skip
            if dice.random() < chance:
                self._do(some_time(), deed, case)
        self._do(case.start + timedelta(minutes=10), self._hour, case)

    def _do(self, when: datetime, deed: Deed, case: Case) -> None:
        async def act() -> None:
            try:
                await deed(case)
            except (Refus, DoorClosed) as refused:
                name = refused.code if isinstance(refused, Refus) else f"porte {refused.acces}"
                self.tally[f"refus {name}"] += 1

        self._timeline.deed(when, act)

    async def _acknowledge(self, case: Case) -> None:
        await self._world.space.acknowledge(await self._link(case))
        self.tally["accusé"] += 1

    async def _refuse(self, case: Case) -> None:
        await self._world.door.refuse(await self._link(case), None)
        self.tally["refusé"] += 1
        self._book_later(case)

    async def _cancel(self, case: Case) -> None:
        async with self._world.registre.transaction() as unite:
            un = await unite.telecontrole(case.id)
            await self._world.planning.cancel(unite, un, AGENT)
        await self._world.planning.tell(un)
        self.tally["annulé"] += 1

    async def _move(self, case: Case) -> None:
        start = self._timeline.clock.now + timedelta(days=case.dice.randint(1, 12))
        day = start.astimezone(ZoneInfo(case.place.caisse.fuseau)).date()
        form = MoveForm(
            start=local(day, case.dice.choice(HALF_HOURS)),
            doctor=case.dice.choice([None, *case.place.doctors]),
        )
        async with self._world.registre.transaction() as unite:
            old = await unite.telecontrole(case.id)
            new = await self._world.planning.move(unite, old, form, AGENT)
        await self._world.planning.tell(old, new)
        self.tally["déplacé"] += 1
        self._live(self._case(new, case.place, case.moves + 1))

    async def _reassign(self, case: Case) -> None:
        doctor = case.dice.choice(case.place.doctors)
        async with self._world.registre.transaction() as unite:
            un = await unite.telecontrole(case.id)
            before = await self._world.planning.reassign(unite, un, doctor, AGENT)
        await self._world.planning.tell(un, before=before)
        self.tally["réaffecté"] += 1
        self._touched.add(doctor)

    async def _justify(self, case: Case) -> None:
        motif = case.dice.choice(list(MotifAbsence))
        await self._world.space.justify(await self._link(case), motif, None)
        self.tally["justification"] += 1
        hours = case.dice.uniform(1, 72)
        self._do(self._timeline.clock.now + timedelta(hours=hours), self._decide, case)

    async def _decide(self, case: Case) -> None:
        """A person accepts, or does not."""
        now = self._timeline.clock.now
        async with self._world.registre.transaction() as unite:
            one = await _deposited(unite, case.id)
            if one is None:
                return
            accepted = case.dice.random() < 0.7
            decide = one.accepter if accepted else one.refuser
            decide(AGENT, now, service_medical=True)
            await unite.connection.execute(
                update(t.justification)
                .where(t.justification.c.id == one.id)
                .values(etat=str(one.etat), decide=written(now), decide_par=AGENT)
            )
            if accepted:
                un = await unite.telecontrole(case.id)
                un.justifier_absence(now)
                await unite.enregistrer(un)
            details = {"etat": str(one.etat)}
            await self._fact(unite, case.id, GenreFait.JUSTIFICATION_DECIDEE, details=details)
            await self._seal(unite, case.id)
        self.tally[f"justification {one.etat}"] += 1
        if accepted:
            self._book_later(case)

    # --- the hour -------------------------------------------------------------------------------

    async def _hour(self, case: Case) -> None:
        """They meet, or do not."""
        async with self._world.registre.transaction() as unite:
            if (await unite.telecontrole(case.id)).etat not in AVANT_ENTREE:
                return
        dice = case.dice.random()
        for share, deed in (
            (0.06, self._doctor_absent), (0.10, self._nobody_comes), (0.04, self._incident),
            (0.04, self._clinical), (0.02, self._identity), (0.02, self._stop),
        ):  # fmt: skip
            if dice < share:
                await deed(case)
                return
            dice -= share
        await self._inside(case, lambda un, _: un.terminer(), "tenu")
        self._do(self._timeline.clock.now + timedelta(hours=2), self._conclude, case)

    async def _inside(
        self, case: Case, then: Callable[[Telecontrole, datetime], object], name: str
    ) -> None:
        """Both were there; `then` is how it ended."""
        now = self._timeline.clock.now
        async with self._world.registre.transaction() as unite:
            un = await unite.telecontrole(case.id)
            un.entrer(now)
            await self._fact(unite, un.id, GenreFait.ENTREE, Role.ASSURE)
            un.admettre()
            await self._fact(unite, un.id, GenreFait.ADMISSION, Role.MEDECIN_CONSEIL)
            then(un, now)
            await unite.enregistrer(un)
            await self._world.recorder.end(unite, un.id, Role.MEDECIN_CONSEIL, "ended")
        self.tally[name] += 1

    async def _conclude(self, case: Case) -> None:
        async with self._world.registre.transaction() as unite:
            un = await unite.telecontrole(case.id)
            un.cloturer(self._timeline.clock.now)
            await unite.enregistrer(un)

    async def _clinical(self, case: Case) -> None:
        def examine(un: Telecontrole, now: datetime) -> None:
            un.constater_examen_clinique(now)
            un.terminer()

        await self._inside(case, examine, "examen clinique")
        self._book_later(case)

    async def _identity(self, case: Case) -> None:
        await self._inside(
            case, lambda un, now: un.identite_non_confirmee(now), "identité non confirmée"
        )
        self._book_later(case)

    async def _stop(self, case: Case) -> None:
        await self._inside(case, lambda un, now: un.demander_presentiel(now), "demande en cours")
        self._book_later(case)

    async def _incident(self, case: Case) -> None:
        """The network failed: in person, unless they agree on another try."""

        def fail(un: Telecontrole, now: datetime) -> None:
            un.remettre_en_attente()
            origine = OriginePresentiel.INCIDENT_TECHNIQUE
            un.cloturer(now, Etat.INCIDENT_TECHNIQUE, origine)

        await self._inside(case, fail, "incident technique")
        self._book_later(case)

    async def _doctor_absent(self, case: Case) -> None:
        """Apologies and a new date, at once (row OP-13)."""
        async with self._world.registre.transaction() as unite:
            old = await unite.telecontrole(case.id)
            old.constater_medecin_absent(self._timeline.clock.now)
            await unite.enregistrer(old)
            new = await self._world.planning.follow_up_doctor_absent(unite, old, AGENT)
            if new is None:
                await self._seal(unite, old.id)
        self.tally["médecin absent"] += 1
        if new is not None:
            await self._world.planning.tell(old, new)
            self._live(self._case(new, case.place, case.moves + 1))
        elif old.presentiel is not None:
            self._book_later(case)

    async def _nobody_comes(self, case: Case) -> None:
        async with self._world.registre.transaction() as unite:
            un = await unite.telecontrole(case.id)
            un.cloturer(self._timeline.clock.now, Etat.NON_CONNECTE)
            await unite.enregistrer(un)
            await self._seal(unite, un.id)
        self.tally["non connecté"] += 1
        if case.dice.random() < 0.5:
            hours = case.dice.uniform(1, 96)
            self._do(self._timeline.clock.now + timedelta(hours=hours), self._justify, case)

    # --- in person ------------------------------------------------------------------------------

    def _book_later(self, case: Case) -> None:
        hours = case.dice.uniform(1, 120)
        self._do(self._timeline.clock.now + timedelta(hours=hours), self._book, case)

    async def _book(self, case: Case) -> None:
        """Where and when; an hour that is taken is asked for too. A few are moved or cancelled."""
        dice = case.dice
        for _ in range(6):
            day = self._timeline.clock.now.astimezone(ZoneInfo(case.place.caisse.fuseau)).date()
            ahead = timedelta(days=dice.randint(2, 20))
            doctor = dice.choice(case.place.doctors)
            form = InPersonForm(
                site=case.place.site,
                start=local(day + ahead, dice.choice(HALF_HOURS)),
                doctor=doctor,
            )
            try:
                async with self._world.registre.transaction() as unite:
                    un = await unite.telecontrole(case.id)
                    await self._world.in_person.book(unite, un, form, AGENT)
            except Refus as refused:
                self.tally[f"refus {refused.code}"] += 1
                continue
            await self._world.planning.tell()
            self._touched.add(doctor)
            self.tally["présentiel fixé"] += 1
            self._after_booking(case)
            return

    def _after_booking(self, case: Case) -> None:
        hours, fate = case.dice.uniform(1, 240), case.dice.random()
        soon = self._timeline.clock.now + timedelta(hours=hours)
        if fate < 0.1:
            self._do(soon, self._book, case)
        elif fate < 0.2:
            self._do(soon, self._unbook, case)

    async def _unbook(self, case: Case) -> None:
        async with self._world.registre.transaction() as unite:
            un = await unite.telecontrole(case.id)
            await self._world.in_person.cancel(unite, un, AGENT)
        await self._world.planning.tell()
        self.tally["présentiel annulé"] += 1
        self._book_later(case)

    # --- small parts ----------------------------------------------------------------------------

    async def _link(self, case: Case) -> str:
        async with self._world.registre.lecture() as unite:
            return await self._world.links.secret_of(unite.connection, case.id) or ""

    async def _seal(self, unite: UniteSql, telecontrole: str) -> None:
        """What is over is signed, as the consoles do."""
        await self._world.recorder.seal(unite, telecontrole, MotifSceau.FIN)

    async def _fact(
        self,
        unite: UniteSql,
        telecontrole: str,
        kind: GenreFait,
        role: str = SERVICE,
        details: dict[str, str] | None = None,
    ) -> None:
        await unite.inscrire(telecontrole, self._world.recorder.fact(kind, role, details=details))


async def _deposited(unite: UniteSql, telecontrole: str) -> Justification | None:
    """The one that waits for a decision."""
    rows = await unite.connection.execute(
        select(t.justification)
        .where(t.justification.c.telecontrole == telecontrole)
        .where(t.justification.c.etat == str(EtatJustification.DEPOSEE))
        .limit(1)
    )
    row = rows.mappings().first()
    if row is None:
        return None
    motif, given = MotifAbsence(row["motif"]), read(row["depose"])
    return Justification(row["id"], telecontrole, motif, given)


def local(day: date, hour: time) -> str:
    """« 2026-12-01T14:30 »."""
    return f"{day}T{hour:%H:%M}"


def _contact(n: int, dice: random.Random) -> tuple[str, str, str]:
    """Mail, phone, address: most people have all, some have one, a few a letter box only."""
    mail, phone, address = f"p{n}@exemple.fr", f"06399{80000 + n % 10000:05d}", "1 rue des Dunes"
    fate = dice.random()
    if fate < 0.01:
        return "", "0139980101", address
    if fate < 0.05:
        return mail, "", address
    if fate < 0.09:
        return "", phone, address
    return mail, phone, address if fate < 0.6 else ""
