"""A médecin-conseil who writes on a télécontrôle, and what the two stores beside then hold."""

from pathlib import Path
from typing import Any

import stores
from server_people import Answer, Appointment, Browser, Service

#: Words of medicine that are nowhere else in the product.
CANARY = "tendinopathie calcifiante zzq-canari"


def note_path(appointment: Appointment, rest: str = "") -> str:
    return f"/api/console/telecontroles/{appointment.id}/note{rest}"


async def write(
    doctor: Browser, appointment: Appointment, text: str = CANARY, revision: int = 0
) -> Answer:
    body = {"text": text, "revision": revision}
    return await doctor.ask("PUT", note_path(appointment), body)


async def read(doctor: Browser, appointment: Appointment) -> Any:
    return await doctor.ok(note_path(appointment), method="GET")


def rows(service: Service, file: str, query: str, *values: str) -> list[Any]:
    """Of a database of its own, as whoever holds it reads and changes it."""
    return stores.ask(service.data / file, query, *values)


def journal(service: Service, appointment: Appointment | None = None) -> list[tuple[str, ...]]:
    """(who, role, kind, target) of each line, the oldest first."""
    query = "SELECT qui, role, genre, objet FROM acces WHERE telecontrole LIKE ? ORDER BY seq"
    return rows(service, "journal.db", query, appointment.id if appointment else "%")


def bytes_of(directory: Path, start: str) -> bytes:
    """A database's file and those that SQLite keeps beside it."""
    return b"".join(path.read_bytes() for path in sorted(directory.glob(f"{start}*")))
