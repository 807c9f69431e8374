"""The caisse's own system: a client with a key, a day far enough ahead, a clock at a local hour."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from server_people import Answer, Browser, Service

from server.caisse.feries import feries
from server.identity.api_keys import SCOPES, ApiKeys, Scope
from server.identity.secrets import Keeper
from server.store import people

API = "/api/v1"
LIST = f"{API}/telecontroles"
NUMBERS = itertools.count(1)
REUNION = people.Caisse("caisse-974", "CGSS de La Réunion", "Indian/Reunion", "3646", "", "974")
PARIS = "Europe/Paris"


@dataclass
class Caisse:
    """The caller: every request with its key, every POST with a fresh Idempotency-Key."""

    browser: Browser
    secret: str
    key: str
    doctor: str = "mc-1"
    answers: list[tuple[str, str, Answer]] = field(default_factory=list)

    async def ask(
        self, method: str, path: str, body: Any = None, name: str | None = None, **more: Any
    ) -> Answer:
        headers = {"Authorization": f"Bearer {self.secret}"}
        if method == "POST":
            headers["Idempotency-Key"] = name or f"n-{next(NUMBERS)}"
        headers |= more.pop("headers", {})
        sent = {k: v for k, v in headers.items() if v is not None}
        answer = await self.browser.ask(method, path, body, headers=sent, **more)
        self.answers.append((method, path, answer))
        return answer

    async def get(self, path: str, **more: Any) -> Answer:
        return await self.ask("GET", path, **more)

    async def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        return await self.ask("POST", path, body, **more)

    async def plan(self, start: str, **more: Any) -> Answer:
        return await self.post(LIST, wanted(start, self.doctor, **more))

    async def planned(self, start: str, **more: Any) -> Any:
        answer = await self.plan(start, **more)
        assert answer.status == 201, answer.raw
        return answer.json


def wanted(start: str, doctor: str = "mc-1", **more: Any) -> dict[str, Any]:
    """A body that is accepted, of a person of its own."""
    number = next(NUMBERS)
    body = {
        "civilite": "Mme",
        "nom": f"Zwijnaarde{number}",
        "contexte": "arret_de_travail",
        "medecin_conseil": doctor,
        "debut_local": start,
        "courriel": f"assure{number}@exemple.fr",
        "telephone": "0639980001",
        "reference": f"DOSSIER-{number}",
    }
    return {name: value for name, value in (body | more).items() if value is not None}


async def caisse(
    service: Service,
    scopes: tuple[Scope, ...] = SCOPES,
    of: str = "caisse-1",
    doctor: str = "mc-1",
) -> Caisse:
    keys = ApiKeys(Keeper(service.config.secret))
    async with service.registre.transaction() as unite:
        key, secret = await keys.make(unite.connection, of, "essai", scopes, service.clock())
    return Caisse(service.browser(), secret, key.id, doctor)


async def reunion(service: Service) -> Caisse:
    """A caisse elsewhere, with a médecin-conseil of its own."""
    async with service.registre.transaction() as unite:
        await people.add_caisse(unite.connection, REUNION)
        doctor = people.Medecin("mc-974", REUNION.id, "Dr Paul Hoarau", "Praticien-conseil")
        await people.add_medecin(unite.connection, doctor)
    return await caisse(service, of=REUNION.id, doctor="mc-974")


def working_day(service: Service, after: int = 20, zone: str = PARIS, territory: str = "") -> date:
    """A day with no holiday around it, a Wednesday: J-2 and J-1 are ordinary days too."""
    day = service.clock().astimezone(ZoneInfo(zone)).date() + timedelta(days=after)
    closed = feries(territory)
    while day.weekday() != 2 or any(closed(day - timedelta(days=n)) for n in range(3)):
        day += timedelta(days=1)
    return day


def at(day: date, hour: int = 10, minute: int = 0) -> str:
    return f"{day.isoformat()}T{hour:02d}:{minute:02d}"


def set_clock(service: Service, day: date, hour: time, zone: str) -> None:
    """The service's clock shows this hour at the caisse."""
    wall = datetime.combine(day, hour, ZoneInfo(zone)).astimezone(UTC)
    service.clock.pass_by((wall - service.clock()).total_seconds())
