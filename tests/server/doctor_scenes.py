"""What is on record, in the outbox and asked for around an appointment, for the doctor's side."""

from typing import Any

import aiohttp
from server_people import Answer, Appointment, Browser, Service
from sqlalchemy import insert, select, update

from controle.calendrier import Regles
from controle.presence import SERVICE, GenreFait
from server import keys
from server.notify import notices
from server.record import Recorder
from server.store import schema as t

SITE = {
    "id": "site-1", "caisse": "caisse-1", "nom": "Rennes centre", "genre": "caisse",
    "adresse": "1 rue de l'Exemple, 35000 Rennes", "acces": "De plain-pied", "horaires": "",
}  # fmt: skip


def path(appointment: Appointment, rest: str = "") -> str:
    return f"/api/console/telecontroles/{appointment.id}{rest}"


async def detail(doctor: Browser, appointment: Appointment) -> Any:
    return await doctor.ok(path(appointment), method="GET")


async def rows(service: Service, table: Any, *where: Any) -> list[Any]:
    async with service.registre.lecture() as unite:
        return list(await unite.connection.execute(select(table).where(*where)))


async def requests(service: Service, appointment: Appointment) -> list[str]:
    """Why in person: one line for each request."""
    mine = t.demande_presentiel.c.telecontrole == appointment.id
    return [row.origine for row in await rows(service, t.demande_presentiel, mine)]


async def note(
    service: Service, appointment: Appointment, kind: GenreFait, role: str = SERVICE, **details: Any
) -> None:
    recorder = Recorder(service.clock, service.app[keys.RINGS].seals)
    async with service.registre.transaction() as unite:
        await unite.inscrire(appointment.id, recorder.fact(kind, role, details=details))


async def convoked(service: Service, appointment: Appointment) -> None:
    await note(service, appointment, GenreFait.MESSAGE_REMIS, envoi="e1", genre="convocation")


async def reminded(service: Service, appointment: Appointment) -> None:
    await note(service, appointment, GenreFait.MESSAGE_ENVOYE, envoi="e2", genre="rappel")


async def site(service: Service) -> None:
    async with service.registre.transaction() as unite:
        await unite.connection.execute(insert(t.site).values(SITE))


async def announced(service: Service, appointment: Appointment) -> None:
    """Its convocation and its reminder are in the outbox, and have not left yet."""
    async with service.registre.transaction() as unite:
        un = await unite.telecontrole(appointment.id)
        await notices.convoke(unite.connection, un, appointment.assure, Regles(), service.clock())
        later = update(t.envoi).values(du="2100-01-01T00:00:00.000000+00:00", limite=None)
        await unite.connection.execute(later)


async def pending(service: Service, appointment: Appointment) -> set[str]:
    """What would still leave about the visio."""
    mine = t.envoi.c.sujet == appointment.id
    found = await rows(service, t.envoi, mine)
    return {row.genre for row in found if row.etat == "prepare"} - {"code"}


async def justify(
    browser: Browser, link: str, reason: str = "sante", document: bytes | None = None
) -> Answer:
    """As a browser sends the form."""
    form = aiohttp.MultipartWriter("form-data")
    for name, value in (("link", link), ("reason", reason), ("document", document)):
        if value is not None:
            form.append(value).set_content_disposition("form-data", name=name)
    return await browser.ask(
        "POST",
        "/api/assure/justification",
        data=await form.as_bytes(),
        headers={"Content-Type": form.headers["Content-Type"]},
    )


async def justified(service: Service, appointment: Appointment, document: bytes | None) -> str:
    """Its id."""
    given = await justify(service.browser(), appointment.link, "sante", document)
    assert given.status < 300
    mine = t.justification.c.telecontrole == appointment.id
    return str((await rows(service, t.justification, mine))[0].id)
