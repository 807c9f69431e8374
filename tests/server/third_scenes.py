"""A third participant: invited, let in by link and code, seated; and what they signal."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server_people import Appointment, Browser, Seat, Service

SAMPLES = Path(__file__).parents[1] / "media" / "samples"
OFFER = (SAMPLES / "chromium_offer.sdp").read_bytes().decode()
ANSWER = (SAMPLES / "chromium_answer.sdp").read_bytes().decode()
HOST = "candidate:1 1 udp 2122260223 192.0.2.2 43210 typ host generation 0"
INFORMATION = {"version": "2026-11"}


@dataclass(frozen=True)
class Invited:
    """What who invites was shown, once."""

    id: str
    link: str
    code: str


def path(appointment: Appointment, audience: str = "console") -> str:
    return f"/api/{audience}/telecontroles/{appointment.id}/tiers"


async def invite(
    inviter: Browser,
    appointment: Appointment,
    kind: str = "interprete",
    audience: str = "console",
) -> Invited:
    made = await inviter.ok(path(appointment, audience), {"kind": kind})
    return Invited(made["id"], made["link"].partition("#")[2], made["code"])


async def came(service: Service, invited: Invited, *, informed: bool = True) -> Browser:
    """A browser that has entered by link and code."""
    browser = service.browser()
    await browser.ok("/api/tiers/session", {"link": invited.link, "code": invited.code})
    if informed:
        await browser.ok("/api/tiers/information", INFORMATION)
    return browser


async def seated(service: Service, browser: Browser, instance: str = "") -> Seat:
    access = await browser.ok("/api/tiers/jeton")
    seat = await Seat.enter(service.base, access["token"], instance)
    service._open.append(seat)
    return seat


@dataclass(frozen=True)
class Scene:
    """Everybody in the room, the assuré admitted, the third participant still waiting."""

    appointment: Appointment
    doctor: Browser
    doctor_seat: Seat
    assure_seat: Seat
    invited: Invited
    third: Browser
    third_seat: Seat


async def scene(service: Service, kind: str = "interprete") -> Scene:
    appointment = await service.appoint()
    assure = await service.assure(appointment)
    doctor = await service.doctor()
    doctor_seat = await service.seat(doctor, appointment)
    assure_seat = await service.seat(assure)
    await doctor_seat.done("admit")
    invited = await invite(doctor, appointment, kind)
    third = await came(service, invited)
    third_seat = await seated(service, third, "page-of-third")
    await doctor_seat.until(lambda: bool(doctor_seat.state["thirds"]))
    await assure_seat.until(lambda: bool(assure_seat.state["thirds"]))
    return Scene(appointment, doctor, doctor_seat, assure_seat, invited, third, third_seat)


def offer(to: str, negotiation: int = 1) -> dict[str, Any]:
    return {"to": to, "sdp": OFFER, "negotiation": negotiation, "fresh": True}


def answer(to: str, negotiation: int = 1) -> dict[str, Any]:
    return {"to": to, "sdp": ANSWER, "negotiation": negotiation, "fresh": True}


def ice(to: str, negotiation: int = 1) -> dict[str, Any]:
    return {"to": to, "negotiation": negotiation, "candidate": HOST, "sdp_mid": "0"}


def heard(seat: Seat, event: str) -> list[Any]:
    return [payload for name, payload in seat.heard if name == event]
