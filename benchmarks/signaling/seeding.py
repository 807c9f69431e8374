"""Rooms for our own server, made before anything is measured: appointments of now, sessions, the
information accepted, and both tokens of each. One médecin-conseil a room, as at any moment."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import insert

from controle.chaine import chainer
from controle.presence import GenreFait, Role
from controle.telecontrole import Contexte, Etat
from server.clock import SystemClock
from server.record import Recorder
from server.rings import Rings
from server.store import people
from server.store import schema as t
from server.store.database import open_database
from server.store.sql import RegistreSql, written
from signaling.access import Tokens
from signaling.protocol import Role as SeatRole

from .ours import LONG, wide

CAISSE = people.Caisse("caisse", "CPAM de Bretagne", "Europe/Paris", "3646")


async def seed(data: Path, rooms: int) -> list[tuple[str, str]]:
    """Fill a data directory; the tokens of each room, the assuré's first."""
    config, clock, now = wide(data), SystemClock(), datetime.now(UTC)
    database = await open_database(config.database)
    rings = Rings.open(data, now)
    recorder, names = Recorder(clock, rings.seals), [str(uuid4()) for _ in range(rooms)]
    try:
        async with RegistreSql(database).transaction() as unite:
            await people.add_caisse(unite.connection, CAISSE)
            for table, rows in _people(names, now):
                await unite.connection.execute(insert(table), rows)
            await unite.connection.execute(insert(t.ligne), _informed(names, recorder))
    finally:
        await database.close()
    tokens = Tokens(rings.tokens, config.origin, config.token_lifetime)
    return await asyncio.to_thread(_tokens, names, tokens, now)


def _people(names: list[str], now: datetime) -> list[tuple[Any, list[dict[str, Any]]]]:
    """A room, its two people and their two sessions all go by one number."""
    moment, later = written(now), written(now + LONG)
    in_caisse = {"caisse": CAISSE.id}
    doctors, assures, rooms, sessions = [], [], [], []
    for number, name in enumerate(names):
        doctor, assure = f"mc-{number}", f"as-{number}"
        doctors.append({"id": doctor, "nom": f"Dr N{number}", "fonction": "", **in_caisse})
        assures.append(
            {"id": assure, "civilite": "Mme", "nom": f"N{number}", "courriel": "",
             "telephone": "", **in_caisse}
        )  # fmt: skip
        rooms.append(
            {"id": name, "medecin_conseil": doctor, "assure": assure, "debut": moment,
             "contexte": str(Contexte.ARRET_MALADIE), "etat": str(Etat.CONVOQUE),
             "fuseau": CAISSE.fuseau, "duree_minutes": 30, "examen_clinique": False,
             "serie": name, "code": f"N-{number}", **in_caisse}
        )  # fmt: skip
        for kind, subject in (("assure", assure), ("console", doctor)):
            sessions.append(
                {"empreinte": subject, "reference": subject, "genre": kind, "sujet": subject,
                 "telecontrole": name if kind == "assure" else None, "vue": moment,
                 "expire": later}
            )  # fmt: skip
    return [
        (t.medecin_conseil, doctors),
        (t.assure, assures),
        (t.telecontrole, rooms),
        (t.session, sessions),
    ]


def _informed(names: list[str], recorder: Recorder) -> list[dict[str, Any]]:
    """The first line of each record."""
    rows = []
    for name in names:
        line = chainer(name, None, recorder.fact(GenreFait.INFORMATION_ACCEPTEE, Role.ASSURE))
        rows.append(
            {"telecontrole": name, "seq": line.seq, "genre": str(line.fait.genre),
             "empreinte": line.empreinte, "contenu": json.dumps(line.en_dict())}
        )  # fmt: skip
    return rows


def _tokens(names: list[str], tokens: Tokens, now: datetime) -> list[tuple[str, str]]:
    def one(kind: SeatRole, subject: str, room: str) -> str:
        return tokens.issue("room", subject=subject, role=kind, room=room, session=subject, now=now)

    return [
        (one("assure", f"as-{n}", name), one("medecin_conseil", f"mc-{n}", name))
        for n, name in enumerate(names)
    ]
