"""People who wait, meet and are cut off, and what they then ask to be attested."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from server_people import Answer, Appointment, Browser, Service
from sqlalchemy import select

from controle.presence import GenreFait
from server.notify import shown
from server.rings import Rings
from server.store import schema as t

ASK = "/api/assure/attestation"


async def waiting(
    service: Service, minutes: float = 16, doctor: bool = False
) -> tuple[Appointment, Browser, Any]:
    """Somebody who came at the hour and has waited so long; their browser and their seat."""
    appointment = await service.appoint()
    browser = await service.assure(appointment)
    seat = await service.seat(browser)
    if doctor:
        await service.seat(await service.doctor(), appointment)
    service.clock.pass_by(60 * minutes)
    return appointment, browser, seat


async def ask(browser: Browser, appointment: Appointment, form: str = "json") -> Answer:
    return await browser.post(ASK, {"link": appointment.link, "form": form})


async def attested(browser: Browser, appointment: Appointment, form: str = "json") -> bytes:
    answer = await ask(browser, appointment, form)
    assert answer.status == 200, answer.raw
    return answer.raw


async def code_by_sms(service: Service, appointment: Appointment) -> str:
    """The last one that left for this appointment."""
    async with service.registre.lecture() as unite:
        sends = await unite.connection.scalars(
            select(t.envoi.c.id)
            .where(t.envoi.c.telecontrole == appointment.id, t.envoi.c.genre == "code")
            .order_by(t.envoi.c.cree.desc(), t.envoi.c.rang.desc())
        )
        words = (await shown.one(unite.connection, sends.all()[0])).text
    (code,) = re.findall(r"\b\d{6}\b", words)
    return str(code)


async def come_back(service: Service, appointment: Appointment) -> Browser:
    """Another day, with the link and a new code."""
    browser = service.browser()
    await browser.ok(f"{ASK}/code", {"link": appointment.link})
    code = await code_by_sms(service, appointment)
    await browser.ok(f"{ASK}/session", {"link": appointment.link, "code": code})
    return browser


async def deliveries(service: Service, appointment: Appointment) -> list[Any]:
    facts = await service.facts(appointment.id)
    return [fact for fact in facts if fact.genre is GenreFait.ATTESTATION_DELIVREE]


def foreign_keys(to: Path) -> Path:
    """Another installation's."""
    rings = Rings.open(to.parent / "others", datetime.now(UTC))
    to.write_text(json.dumps(rings.seals.jwks()))
    return to
