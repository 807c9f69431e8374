"""What agents read of their caisse: the session, lists, one télécontrôle, messages, slots."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.calendrier import dernier_instant_convocation
from controle.convocation import Canal, EtatEnvoi
from controle.registre import TelecontroleInconnu
from controle.telecontrole import Fenetre, Telecontrole
from controle.tiers import INVITABLE
from server.clock import SystemClock
from server.equipment import verdicts
from server.notify import outbox
from server.notify.contents import displayed
from server.notify.drafts import Drafts
from server.notify.judgement import holds
from server.notify.wording import LANGUAGES
from server.store import agenda, appointments, people, planned, sends, tasks
from server.store import schema as t
from server.store.people import Agent, Caisse
from server.store.planned import Filters
from server.store.sealed import safe_of
from server.store.sends import Wanted
from server.store.sql import RegistreSql, UniteSql
from server.web.agent_messages import (
    AbsenceForm,
    AbsenceList,
    AbsenceShown,
    AgentSession,
    InPerson,
    Message,
    MessageList,
    MessageText,
    Named,
    Planned,
    PlannedDetail,
    PlannedList,
    Progress,
    Slot,
    Slots,
)
from server.web.messages import Choice

from . import agent_view as view
from .agents import own
from .away import absence, theirs
from .contacts import CONTEXT_LABELS
from .justified import is_medical, justifications
from .planning import Planning

LANGUAGE_LABELS = {
    "fr": "Français",
    "fr-falc": "Français facile à lire (FALC)",
    "en": "Anglais",
    "ar": "Arabe",
    "pt": "Portugais",
    "tr": "Turc",
    "es": "Espagnol",
}


@dataclass(frozen=True, slots=True)
class Search:
    """The query of a list, as it was asked for; days are the caisse's."""

    start: date | None = None
    end: date | None = None
    doctor: str = ""
    state: str = ""
    delivery: str = ""
    tasks: bool = False
    words: str = ""
    page: int = 1


class AgentReads:
    """`silent`: the channels that have no provider."""

    def __init__(
        self,
        *,
        clock: SystemClock,
        registre: RegistreSql,
        planning: Planning,
        drafts: Drafts,
        fenetre: Fenetre,
        silent: Collection[Canal] = (),
    ) -> None:
        self._clock = clock
        self._registre = registre
        self._planning = planning
        self._drafts = drafts
        self._fenetre = fenetre
        self._silent = [str(channel) for channel in Canal if channel in silent]

    async def session(self, agent: Agent) -> AgentSession:
        available = self._planning.available
        async with self._registre.lecture() as unite:
            caisse = await people.caisse(unite.connection, agent.caisse)
            sites = await appointments.sites(unite.connection, caisse.id)
            doctors = await doctors_of(unite.connection, caisse.id)
        today = self._clock().astimezone(ZoneInfo(caisse.fuseau)).date()
        return AgentSession(
            id=agent.id,
            name=agent.nom,
            caisse=caisse.nom,
            timezone=caisse.fuseau,
            today=today.isoformat(),
            first_date=available.first_date(caisse).isoformat(),
            slot_minutes=int(available.duration(None).total_seconds() // 60),
            doctors=doctors,
            sites=[view.site(row) for row in sites],
            contexts=_choices(CONTEXT_LABELS),
            languages=_choices({code: LANGUAGE_LABELS.get(code, code) for code in LANGUAGES}),
            call_results=_choices(view.CALL_RESULTS),
            silent_channels=self._silent,
        )

    # --- télécontrôles --------------------------------------------------------------------------

    async def listed(self, agent: Agent, search: Search, size: int = planned.PAGE) -> PlannedList:
        async with self._registre.lecture() as unite:
            caisse = await people.caisse(unite.connection, agent.caisse)
            wanted = _filters(caisse, search)
            total, rows = await planned.page(unite.connection, wanted, search.page, size)
            items = await _planned(unite.connection, rows)
        pages = max(1, -(-total // size))
        return PlannedList(items=items, total=total, page=search.page, pages=pages)

    async def absences(self, agent: Agent, doctor: str) -> AbsenceList:
        """Of one médecin-conseil, those that are not over.

        :raises MedecinInconnu: not of the agent's caisse.
        """
        now = self._clock()
        async with self._registre.lecture() as unite:
            caisse = await theirs(unite.connection, agent, doctor)
            found = await agenda.absences_to_come(unite.connection, doctor, now)
        items = [
            AbsenceShown(id=identifier, start=away.debut.isoformat(), end=away.fin.isoformat())
            for identifier, away in found
        ]
        return AbsenceList(items=items, timezone=caisse.fuseau)

    async def during(self, agent: Agent, doctor: str, form: AbsenceForm) -> PlannedList:
        """What somebody else must take, or be moved, where this médecin-conseil is away then: by
        video or in person; all on one page.

        :raises Refus: as `away.absence`.
        """
        async with self._registre.lecture() as unite:
            away = await absence(unite.connection, agent, doctor, form)
            concerned = await agenda.during(unite.connection, doctor, away)
            wanted = Filters(agent.caisse, ids=concerned)
            total, rows = await planned.page(unite.connection, wanted, 1, len(concerned) or 1)
            items = await _planned(unite.connection, rows)
        return PlannedList(items=items, total=total, page=1, pages=1)

    async def detail(self, agent: Agent, identifier: str) -> PlannedDetail:
        """:raises TelecontroleInconnu: it is not there, or another caisse's."""
        async with self._registre.lecture() as unite:
            connection = unite.connection
            un = await own(unite, agent, identifier)
            caisse = await people.caisse(connection, un.caisse)
            assure = await people.assure(connection, un.assure)
            _, rows = await planned.page(connection, Filters(agent.caisse, ids=[un.id]), 1)
            _, sent = await sends.page(
                connection, Wanted(agent.caisse, telecontrole=un.id), 1, MANY
            )
            facts = [ligne.fait for ligne in await unite.lignes(un.id)]
            booked = (await appointments.active(connection, [un.id])).get(un.id)
            return PlannedDetail(
                planned=(await _planned(connection, rows))[0],
                mail=assure.courriel,
                phone=assure.telephone,
                address=assure.adresse,
                language=assure.langue,
                messages=[view.message(row) for row in sent],
                history=view.history(facts, await agents_of(connection, caisse.id)),
                justifications=[
                    view.justification(one) for one in await justifications(connection, un.id)
                ],
                in_person=await self._in_person(unite, un),
                previous=un.suite_de,
                next=await planned.successor(connection, un.id),
                equipment=await verdicts.shown(connection, un.id),
                actions=view.actions(
                    un,
                    booked=booked is not None,
                    in_time=self._in_time(un, caisse),
                    invitable=un.acces(self._clock(), self._fenetre) in INVITABLE,
                ),
            )

    def _in_time(self, un: Telecontrole, caisse: Caisse) -> bool:
        rules = self._planning.available.rules(caisse)
        return self._clock() < dernier_instant_convocation(un.debut, un.fuseau, rules)

    async def _in_person(self, unite: UniteSql, un: Telecontrole) -> InPerson | None:
        booked = (await appointments.active(unite.connection, [un.id])).get(un.id)
        if booked is None:
            return view.in_person(un, None, None, "")
        place = await appointments.site_of(unite.connection, un.caisse, booked.site)
        doctor = await people.medecin(unite.connection, booked.medecin_conseil)
        return view.in_person(un, booked, place, doctor.nom)

    async def document(self, agent: Agent, identifier: str, justification: str) -> str:
        """The id of a document that this agent may read.

        :raises TelecontroleInconnu: it is not there, not theirs, or the service médical's alone.
        """
        async with self._registre.lecture() as unite:
            un = await own(unite, agent, identifier)
            for one in await justifications(unite.connection, un.id):
                if one.id == justification and one.piece and not is_medical(one):
                    return one.id
        raise TelecontroleInconnu

    # --- messages -------------------------------------------------------------------------------

    async def messages(
        self, agent: Agent, wanted: Wanted, number: int, size: int = sends.PAGE
    ) -> MessageList:
        async with self._registre.lecture() as unite:
            total, rows = await sends.page(unite.connection, wanted, number, size)
        items: list[Message] = [view.message(row) for row in rows]
        return MessageList(items=items, total=total, page=number, pages=max(1, -(-total // size)))

    async def text(self, agent: Agent, identifier: str, envoi: str) -> MessageText:
        """The words that left, or would leave now. Only a letter, which an agent posts, has its
        link.

        :raises TelecontroleInconnu: not there, another caisse's, or a code.
        """
        async with self._registre.lecture() as unite:
            row = await sends.one(unite.connection, agent.caisse, identifier, envoi)
            if row is None:
                raise TelecontroleInconnu
            content, version = row["contenu"], row["version"]
            if content is None:
                content, version = await self._preview(unite, envoi)
            whose = safe_of(unite.connection).seen(row["assure"], row["cle"])
        if not content:
            return MessageText(subject="", text="", version=version)
        words = displayed(whose, envoi, content)
        to_post = row["canal"] == str(Canal.COURRIER) and row["etat"] == str(EtatEnvoi.PREPARE)
        text = words.text if to_post else view.without_secret(words.text)
        return MessageText(subject=words.subject, text=text, version=version)

    async def _preview(self, unite: UniteSql, envoi: str) -> tuple[str, str]:
        """As it would leave now; nothing, where it has become untrue."""
        held = await outbox.held(unite.connection, [envoi])
        true = [one for one in held.values() if holds(one)]
        gathered = await self._drafts.gather(unite.connection, true)
        written = self._drafts.write(gathered, self._clock()).get(envoi)
        return (written.content, written.version) if written else ("", "")

    async def progress(self, agent: Agent) -> Progress:
        now = self._clock()
        async with self._registre.lecture() as unite:
            caisse = await people.caisse(unite.connection, agent.caisse)
            today = _midnight(now.astimezone(ZoneInfo(caisse.fuseau)).date(), caisse.fuseau)
            far = await sends.progress(unite.connection, caisse.id, now, today)
        return Progress(
            waiting=far.waiting,
            sending=far.sending,
            sent_today=far.sent_today,
            failed=far.failed,
            expired=far.expired,
            oldest_due=far.oldest.isoformat() if far.oldest else None,
        )

    async def slots(
        self, agent: Agent, doctor: str, start: date | None, minutes: int | None
    ) -> Slots:
        """:raises MedecinInconnu: not of this caisse."""
        async with self._registre.lecture() as unite:
            caisse = await people.caisse(unite.connection, agent.caisse)
            free = await self._planning.slots(unite, caisse, doctor, start, minutes)
        return Slots(
            slots=[
                Slot(start=view.local(one.debut, caisse.fuseau), at=one.debut.isoformat())
                for one in free
            ],
            first_date=self._planning.available.first_date(caisse).isoformat(),
        )


#: More messages than one appointment ever has.
MANY = 500


async def doctors_of(connection: AsyncConnection, caisse: str) -> list[Named]:
    rows = await connection.execute(
        select(t.medecin_conseil.c.id, t.medecin_conseil.c.nom)
        .where(t.medecin_conseil.c.caisse == caisse)
        .order_by(t.medecin_conseil.c.nom)
    )
    return [Named(id=row.id, name=row.nom) for row in rows]


async def agents_of(connection: AsyncConnection, caisse: str) -> dict[str, str]:
    """Their names, for the history."""
    rows = await connection.execute(
        select(t.agent.c.id, t.agent.c.nom).where(t.agent.c.caisse == caisse)
    )
    return {row.id: row.nom for row in rows}


async def _planned(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> list[Planned]:
    waiting = await tasks.open_tasks(connection, [row["id"] for row in rows])
    return [view.planned(row, waiting.get(row["id"], [])) for row in rows]


def _filters(caisse: Caisse, search: Search) -> Filters:
    end = search.end + timedelta(days=1) if search.end else None
    return Filters(
        caisse=caisse.id,
        start=_midnight(search.start, caisse.fuseau) if search.start else None,
        end=_midnight(end, caisse.fuseau) if end else None,
        doctor=search.doctor,
        state=search.state,
        delivery=search.delivery,
        tasks=search.tasks,
        words=search.words,
    )


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(0), ZoneInfo(zone))


def _choices(labels: dict[str, str]) -> list[Choice]:
    return [Choice(code=code, label=label) for code, label in labels.items()]
