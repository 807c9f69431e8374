"""What has happened before somebody opens the demo: messages sent days ago, and days to come.

By the same services as a real one, under a clock set to then: nothing here writes a state of its
own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.engine import Row

from controle.besoins import Besoin
from controle.calendrier import Regles
from controle.convocation import Canal, EtatEnvoi
from controle.justification import MotifAbsence

from . import keys
from .clock import Moment, SystemClock
from .config import Config
from .identity.links import Links
from .identity.secrets import Keeper
from .notify import notices, senders
from .notify.drafts import Drafts
from .notify.endings import Endings
from .notify.postman import Postman
from .notify.receipts import Receipt
from .notify.receive import Receipts
from .record import Recorder
from .store import people
from .store import schema as t
from .store.database import Database
from .store.sql import RegistreSql
from .web.agent_messages import PlanForm
from .web.hooks import RECEIPTS

if TYPE_CHECKING:
    from .rings import Rings

#: The convocation left so many days before, in the morning.
CONVOKED = timedelta(days=4)


class Then(SystemClock):
    """A clock that stands where the story is."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def moment(self) -> Moment:
        """Its own boot: these facts are placed by the wall clock alone."""
        return Moment(self.at, self.at.timestamp(), "demonstration")


async def live_through(
    database: Database, config: Config, rings: "Rings", telecontroles: Sequence[str]
) -> None:
    """Today's convocations, then their reminders: sent and delivered when they should have been."""
    registre = RegistreSql(database)
    links = Links(Keeper(config.secret), database.safe.vault)
    first, last = await _between(registre, telecontroles)
    clock = Then(_local(first - CONVOKED, time(10, 2)))
    endings = Endings(Recorder(clock, rings.seals))
    postman = Postman(
        registre=registre,
        senders=senders.spool(),
        drafts=Drafts(links, config.origin),
        endings=endings,
        clock=clock,
        config=config,
    )
    async with registre.transaction() as unite:
        for one in telecontroles:
            un = await unite.telecontrole(one)
            assure = await people.assure(unite.connection, un.assure)
            await notices.convoke(unite.connection, un, assure, Regles(), clock())
    receipts = Receipts(registre, endings)
    # Around midnight the day is two days.
    eves = {_local(day - timedelta(days=1), time(9, 1)) for day in (first, last)}
    for moment in (clock.at, *sorted(eves)):
        clock.at = moment
        await postman.once()
        clock.at += timedelta(seconds=20)
        await _all_delivered(registre, receipts, clock.at, telecontroles)


async def _between(
    registre: RegistreSql, telecontroles: Sequence[str]
) -> tuple[datetime, datetime]:
    """The first hour and the last."""
    async with registre.lecture() as unite:
        hours = [(await unite.telecontrole(one)).debut for one in telecontroles]
    return min(hours), max(hours)


def _local(day: datetime, hour: time) -> datetime:
    zone = ZoneInfo("Europe/Paris")
    return datetime.combine(day.astimezone(zone).date(), hour, zone).astimezone(UTC)


async def _all_delivered(
    registre: RegistreSql, receipts: Receipts, at: datetime, telecontroles: Sequence[str]
) -> None:
    for envoi in await _on_the_way(registre, telecontroles):
        await receipts.receive(Receipt(Canal(envoi.canal), envoi.id, "", "delivered", "", at))


async def _on_the_way(
    registre: RegistreSql, telecontroles: Sequence[str]
) -> Sequence[Row[Any, Any, Any]]:
    """Sent, and no receipt came yet."""
    async with registre.lecture() as unite:
        rows = await unite.connection.execute(
            select(t.envoi.c.id, t.envoi.c.canal, t.envoi.c.telecontrole)
            .where(t.envoi.c.telecontrole.in_(telecontroles))
            .where(t.envoi.c.etat == str(EtatEnvoi.ENVOYE))
        )
        return rows.all()


# --- the days to come ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Coming:
    """Somebody who is convoked for one of the next days."""

    civilite: str
    nom: str
    contexte: str
    langue: str = "fr"
    telephone: bool = True


COMING = (
    Coming("Mme", "Kervella", "arret_de_travail"),
    Coming("M.", "Haddad", "risque_professionnel", "ar"),
    Coming("Mme", "Yilmaz", "pension", "tr"),
    Coming("M.", "Pereira", "arret_de_travail", "pt"),
    Coming("Mme", "Le Roux", "arret_de_travail", "fr-falc"),
    Coming("M.", "Smith", "autre_prestation", "en"),
)


async def plan_ahead(app: web.Application, caisse: people.Caisse, doctors: Sequence[str]) -> None:
    """Six appointments in the next days, and what became of them so far."""
    planning, registre = app[keys.PLANNING], app[keys.REGISTRE]
    planned = []
    for index, one in enumerate(COMING):
        async with registre.transaction() as unite:
            doctor = doctors[index % len(doctors)]
            free = await planning.slots(unite, caisse, doctor, None, None, limit=6)
            start = free[min(index, len(free) - 1)].debut.astimezone(ZoneInfo(caisse.fuseau))
            form = PlanForm(
                civility=one.civilite,
                name=one.nom,
                context=one.contexte,
                doctor=doctor,
                start=start.strftime("%Y-%m-%dT%H:%M"),
                mail=f"assure{index + 21}@exemple.fr",
                phone=f"+336399801{index + 1:02d}",
                language=one.langue,
                reference=f"DOS-{2026_000 + index}",
            )
            planned.append(await planning.plan(unite, caisse.id, form, "agent-1"))
    await planning.tell(*planned)
    await app[keys.POSTMAN].once()
    await _what_they_did(app, [un.id for un in planned])


async def _what_they_did(app: web.Application, ids: Sequence[str]) -> None:
    """One confirmed with a need, one refused, one cannot come, one was not reached."""
    space, links = app[keys.SPACE], app[keys.LINKS]
    async with app[keys.REGISTRE].lecture() as unite:
        secrets = [await links.secret_of(unite.connection, one) or "" for one in ids]
    now = app[keys.CLOCK]()
    for envoi in await _on_the_way(app[keys.REGISTRE], ids):
        channel = Canal(envoi.canal)
        if envoi.telecontrole == ids[4]:
            reason = "550" if channel is Canal.COURRIEL else "number"
            receipt = Receipt(channel, envoi.id, "", "failed", reason, now)
        else:
            receipt = Receipt(channel, envoi.id, "", "delivered", "", now)
        await app[RECEIPTS].receive(receipt)
    await space.acknowledge(secrets[0])
    await space.declare(secrets[1], [Besoin.INTERPRETE.value])
    await app[keys.DOOR].refuse(secrets[2], None)
    await space.justify(secrets[3], MotifAbsence.TRANSPORT, None)
