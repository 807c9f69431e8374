"""Rooms of an imaginary caisse, open now: made in bulk, given tokens, forgotten afterwards.

Nothing of them can be sent: their people have no address and no number, and nothing is put into the
outbox. One médecin-conseil for each room, who can then be in a call in every one of them at once.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.chaine import chainer_et_ecrire
from controle.presence import GenreFait, Role
from controle.telecontrole import Contexte, Etat
from server.assure import information
from server.identity.secrets import new_short_code
from server.identity.sessions import Session
from server.record import Recorder
from server.store import people
from server.store import schema as t
from server.store.chains import Mark, marker, row_of
from server.store.sql import written

#: Ids of the caisses that load tests make, and forget: no real one begins so.
PREFIX = "essai-de-charge-"
#: What a store may hold of them: a bound that a forgotten load test does not go over.
MAX_ROOMS = 50_000
#: What one run may last.
LIFE = timedelta(hours=8)
DURATION_MINUTES = 30

Seats = tuple[Session, Session]


class TooManyRooms(Exception):
    """The store holds as many imaginary rooms as it may."""


async def make(
    connection: AsyncConnection, recorder: Recorder, run: str, count: int, now: datetime
) -> list[str]:
    """So many rooms of the run, by their ids.

    :raises TooManyRooms: nothing is made then.
    """
    caisse = PREFIX + run
    if await _held(connection) + count > MAX_ROOMS:
        raise TooManyRooms
    if not await people.knows_caisse(connection, caisse):
        await people.add_caisse(
            connection, people.Caisse(caisse, "essai de charge", "Europe/Paris", "")
        )
    rooms = [str(uuid4()) for _ in range(count)]
    for table, rows in _rows(caisse, rooms, recorder, now, marker(connection)):
        await connection.execute(insert(table), rows)
    return rooms


async def _held(connection: AsyncConnection) -> int:
    return (
        await connection.scalar(
            select(func.count())
            .select_from(t.telecontrole)
            .where(t.telecontrole.c.caisse.startswith(PREFIX))
        )
        or 0
    )


def _rows(
    caisse: str, rooms: Sequence[str], recorder: Recorder, now: datetime, mark: Mark
) -> list[tuple[Any, list[dict[str, Any]]]]:
    """A room, its two people, their two sessions, and the first line of its record."""
    doctors, assures, controls, sessions, lines = [], [], [], [], []
    moment, later = written(now), written(now + LIFE)
    for room in rooms:
        doctor, assure = str(uuid4()), str(uuid4())
        doctors.append({"id": doctor, "caisse": caisse, "nom": "Essai", "fonction": "Essai"})
        assures.append(
            # Nobody: no name to seal, and no key.
            {"id": assure, "caisse": caisse, "civilite": "", "nom": "", "courriel": "",
             "telephone": ""}
        )  # fmt: skip
        controls.append(
            {"id": room, "caisse": caisse, "medecin_conseil": doctor, "assure": assure,
             "contexte": str(Contexte.ARRET_MALADIE), "debut": moment, "fuseau": "Europe/Paris",
             "duree_minutes": DURATION_MINUTES, "etat": str(Etat.CONVOQUE),
             "examen_clinique": False, "serie": room, "code": new_short_code()}
        )  # fmt: skip
        sessions += [
            # No cookie opens them: what is kept as its hash is the hash of nothing.
            {"empreinte": secrets.token_hex(32), "reference": secrets.token_hex(16),
             "genre": kind, "sujet": subject, "telecontrole": room if kind == "assure" else None,
             "vue": moment, "expire": later}
            for kind, subject in (("assure", assure), ("console", doctor))
        ]  # fmt: skip
        lines.append(_informed(room, recorder, mark))
    return [
        (t.medecin_conseil, doctors),
        (t.assure, assures),
        (t.telecontrole, controls),
        (t.session, sessions),
        (t.ligne, lines),
    ]


def _informed(room: str, recorder: Recorder, mark: Mark) -> dict[str, Any]:
    accepted = {"version": information.VERSION, "empreinte": information.digest()}
    fact = recorder.fact(GenreFait.INFORMATION_ACCEPTEE, Role.ASSURE, details=accepted)
    return row_of(*chainer_et_ecrire(room, None, fact), mark)


async def seats(connection: AsyncConnection, run: str, rooms: Sequence[str]) -> dict[str, Seats]:
    """For those of these rooms that are of this run: the assuré's session and the doctor's."""
    of_assure, of_doctor = t.session.alias(), t.session.alias()
    rows = await connection.execute(
        select(
            t.telecontrole.c.id,
            t.telecontrole.c.assure,
            t.telecontrole.c.medecin_conseil,
            of_assure.c.reference.label("assure_session"),
            of_doctor.c.reference.label("doctor_session"),
        )
        .join(of_assure, of_assure.c.telecontrole == t.telecontrole.c.id)
        .join(of_doctor, of_doctor.c.sujet == t.telecontrole.c.medecin_conseil)
        .where(t.telecontrole.c.id.in_(rooms), t.telecontrole.c.caisse == PREFIX + run)
    )
    return {
        row.id: (
            Session(row.assure_session, "assure", row.assure, row.id),
            Session(row.doctor_session, "console", row.medecin_conseil, ""),
        )
        for row in rows
    }


async def known(connection: AsyncConnection, run: str) -> list[str]:
    """The rooms of this run; of every run when it is empty."""
    caisse = t.telecontrole.c.caisse
    mine = caisse == PREFIX + run if run else caisse.startswith(PREFIX)
    return list(await connection.scalars(select(t.telecontrole.c.id).where(mine)))


async def forget(connection: AsyncConnection, run: str) -> int:
    """As if they had never been; how many rooms that were."""

    def mine(column: Any) -> Any:
        return column == PREFIX + run if run else column.startswith(PREFIX)

    rooms = select(t.telecontrole.c.id).where(mine(t.telecontrole.c.caisse))
    doctors = select(t.medecin_conseil.c.id).where(mine(t.medecin_conseil.c.caisse))
    assures = select(t.assure.c.id).where(mine(t.assure.c.caisse))
    for table in (t.ligne, t.sceau, t.tache, t.demande_presentiel):
        await connection.execute(delete(table).where(table.c.telecontrole.in_(rooms)))
    for subjects in (doctors, assures):
        await connection.execute(delete(t.session).where(t.session.c.sujet.in_(subjects)))
    gone = await connection.execute(delete(t.telecontrole).where(mine(t.telecontrole.c.caisse)))
    for table in (t.assure, t.medecin_conseil):
        await connection.execute(delete(table).where(mine(table.c.caisse)))
    await connection.execute(delete(t.caisse).where(mine(t.caisse.c.id)))
    return gone.rowcount
