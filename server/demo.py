"""A day of one caisse, seeded around now, with everything that a newcomer needs to try it.

Imaginary people and numbers (the 06 39 98 range is reserved for fiction by the Arcep).
"""

import secrets
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import msgspec

from certs.files import write_atomically
from certs.tls import ensure_local_tls
from controle.telecontrole import Contexte, Telecontrole

from .config import Config
from .identity.links import Links
from .identity.secrets import Keeper, new_code
from .identity.sessions import Kind
from .store import people
from .store.database import Database
from .store.sql import RegistreSql, UniteSql

CAISSE = people.Caisse(
    "caisse-demo",
    "CPAM de Bretagne (démonstration)",
    "Europe/Paris",
    "3646",
    horaires="du lundi au vendredi, de 8 h 30 à 17 h 30",
    responsable="CPAM de Bretagne (démonstration)",
    dpd="dpd@exemple.invalid",
    conservation="deux ans",
)
SITES = (
    people.Site(
        "site-1",
        CAISSE.id,
        "CPAM de Rennes, accueil Colombier",
        "7 cours des Alliés, 35000 Rennes",
        "Métro Charles de Gaulle. Entrée de plain-pied, ascenseur, boucle magnétique à l'accueil.",
        "du lundi au vendredi, de 8 h 30 à 17 h 30",
        "caisse",
    ),
    people.Site(
        "site-2",
        CAISSE.id,
        "France services de Redon",
        "3 rue Notre-Dame, 35600 Redon",
        "Gare à 300 m. Un agent vous installe dans une cabine et reste à côté pour vous aider.",
        "du lundi au jeudi, de 9 h à 17 h",
        "visio_accompagnee",
    ),
)
AGENTS = (people.Agent("agent-1", CAISSE.id, "Maëlle Le Bihan"),)
MEDECINS = (
    people.Medecin("medecin-1", CAISSE.id, "Dr Claire Le Goff", "Médecin-conseil"),
    people.Medecin("medecin-2", CAISSE.id, "Dr Antoine Mercier", "Médecin-conseil"),
)
ASSURES = (
    ("Mme", "Durand"), ("M.", "Ben Salah"), ("Mme", "Nguyen"), ("M.", "Lefèvre"),
    ("Mme", "Oliveira"), ("M.", "Traoré"), ("Mme", "Martin"), ("M.", "Guégan"),
)  # fmt: skip
CONTEXTES = (
    Contexte.ARRET_MALADIE, Contexte.AT_MP, Contexte.INVALIDITE, Contexte.ARRET_MALADIE,
)  # fmt: skip
#: Minutes from now (on a five-minute grid) for each doctor in turn; the first six are open now.
HOURS = (0, 0, 15, 15, -15, -15, 150, 165)
SLOT = timedelta(minutes=15)


class DemoAppointment(msgspec.Struct, frozen=True):
    """What the demo knows of one télécontrôle; `link` is the secret behind the `#`."""

    id: str
    doctor: str
    doctor_id: str
    start: datetime
    assure: str
    link: str
    code: str


class DemoLogin(msgspec.Struct, frozen=True):
    """The ready-made login of a doctor or an agent; `secret` goes behind the `#`."""

    id: str
    name: str
    secret: str


class DemoDay(msgspec.Struct, frozen=True):
    """The seeded day. Kept in the data directory, so that a restart finds it again."""

    logins: list[DemoLogin]
    agents: list[DemoLogin]
    appointments: list[DemoAppointment]

    def code_of(self, telecontrole: str) -> str:
        """The demo's code is drawn beforehand, so that it can be printed."""
        return next((a.code for a in self.appointments if a.id == telecontrole), new_code())

    def open_at(self, now: datetime, config: Config) -> bool:
        """Somebody can still join: the day is worth keeping."""
        return any(now < a.start + config.open_after for a in self.appointments)


def addresses() -> list[str]:
    """This machine's own IPv4 address on its network, if it has one; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # A documentation address (RFC 5737): connecting a datagram socket sends no packet.
            probe.connect(("192.0.2.1", 9))
            found = probe.getsockname()[0]
        except OSError:
            return []
    return [] if found.startswith(("127.", "0.")) else [found]


def configure(data_dir: Path, port: int, now: datetime, base: Config) -> tuple[Config, Path]:
    """A configuration for the demo, and its certificate authority's file."""
    names = ["localhost", "127.0.0.1", "::1", *addresses()]
    tls = ensure_local_tls(data_dir / "tls", names, now)
    # As browsers write an origin: without the port of https.
    at = "" if port == 443 else f":{port}"
    others = [f"https://{'[::1]' if name == '::1' else name}{at}" for name in names[1:]]
    config = replace(
        base,
        data_dir=data_dir,
        # Every interface, so that a phone on the same network can join.
        host="0.0.0.0",  # noqa: S104
        port=port,
        origin=f"https://localhost{at}",
        more_origins=tuple(others),
        tls_certificate=str(tls.certificate),
        tls_key=str(tls.key),
        # The whole of « localhost » is the developer's: not for longer than a try-out.
        hsts=timedelta(minutes=5),
        secret=_secret(data_dir / "secret"),
    )
    return config, tls.ca


def _secret(file: Path) -> str:
    """The demo's own, made once: links go on opening after a restart."""
    if not file.exists():
        write_atomically(file, secrets.token_urlsafe(32).encode())
    return file.read_text()


async def day_of(
    database: Database, config: Config, now: datetime, count: int
) -> tuple[DemoDay, bool]:
    """The day that is in the data directory if it is not over, or else a new one (True)."""
    file = config.data_dir / "demo.json"
    if file.exists():
        kept = _kept(file)
        if kept is not None and kept.open_at(now, config):
            return kept, False
    day = await seed(database, config, now, count)
    write_atomically(file, msgspec.json.encode(day))
    return day, True


def _kept(file: Path) -> DemoDay | None:
    """What is there, unless another version of the demo wrote it."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=DemoDay)
    except msgspec.ValidationError:
        return None


async def seed(database: Database, config: Config, now: datetime, count: int) -> DemoDay:
    """Write `count` télécontrôles shared by two médecins-conseils."""
    registre = RegistreSql(database)
    links = Links(Keeper(config.secret), database.safe.vault)
    async with registre.transaction() as unite:
        if not await people.knows_caisse(unite.connection, CAISSE.id):
            await people.add_caisse(unite.connection, CAISSE)
            for medecin in MEDECINS:
                await people.add_medecin(unite.connection, medecin)
            for agent in AGENTS:
                await people.add_agent(unite.connection, agent)
            for site in SITES:
                await people.add_site(unite.connection, site)
        appointments = [await appoint(unite, links, config, now, index) for index in range(count)]
        logins = [await _login(unite, links, one, "console") for one in MEDECINS]
        agents = [await _login(unite, links, one, "agent") for one in AGENTS]
    return DemoDay(logins, agents, appointments)


async def _login(
    unite: UniteSql, links: Links, who: people.Medecin | people.Agent, kind: Kind
) -> DemoLogin:
    secret = await links.make_login(unite.connection, who.id, expires=None, once=False, kind=kind)
    return DemoLogin(who.id, who.nom, secret)


async def appoint(
    unite: UniteSql, links: Links, config: Config, now: datetime, index: int
) -> DemoAppointment:
    """One assuré, one télécontrôle, its link and its two messages."""
    assure, medecin = _assure(index), MEDECINS[index % len(MEDECINS)]
    await people.add_assure(unite.connection, assure)
    grid = now.replace(minute=now.minute - now.minute % 5, second=0, microsecond=0)
    un = Telecontrole(
        id=str(uuid4()),
        caisse=CAISSE.id,
        medecin_conseil=medecin.id,
        assure=assure.id,
        contexte=CONTEXTES[index // len(MEDECINS) % len(CONTEXTES)],
        debut=grid.astimezone(UTC) + timedelta(minutes=_minutes(index)),
        fuseau=CAISSE.fuseau,
        duree=SLOT,
    )
    un.convoquer()
    await unite.enregistrer(un)
    link = await links.make(unite.connection, un.id, now)
    name = f"{assure.civilite} {assure.nom}"
    return DemoAppointment(un.id, medecin.nom, medecin.id, un.debut, name, link, new_code())


def _minutes(index: int) -> int:
    """The first eight as in HOURS; more of them (for tests) are all open now."""
    return HOURS[index] if index < len(HOURS) else index % 3 * 5


def _assure(index: int) -> people.Assure:
    civilite, nom = ASSURES[index % len(ASSURES)]
    suffix = "" if index < len(ASSURES) else f" {index + 1}"
    return people.Assure(
        id=str(uuid4()),
        caisse=CAISSE.id,
        civilite=civilite,
        nom=nom + suffix,
        courriel=f"assure{index + 1}@exemple.invalid",
        telephone=f"+336399800{index + 1:02d}",
    )


def ready(config: Config, ca: Path, day: DemoDay) -> dict[str, object]:
    """What the ready file holds."""
    base = config.origin
    return {
        "base": base,
        "ca": str(ca.resolve()),
        "console": f"{base}/console",
        "outbox": f"{base}/demo/envois",
        "metrics": f"{base}/metrics",
        "medecins": [
            {
                "id": login.id,
                "nom": login.name,
                "connexion": f"{base}/console#{login.secret}",
            }
            for login in day.logins
        ],
        "agents": [
            {"id": one.id, "nom": one.name, "connexion": f"{base}/agent#{one.secret}"}
            for one in day.agents
        ],
        "agent": f"{base}/agent",
        "telecontroles": [
            {
                "id": a.id,
                "medecin": a.doctor,
                "medecin_id": a.doctor_id,
                "debut": a.start.isoformat(),
                "assure": a.assure,
                "lien": f"{base}/rdv#{a.link}",
                "code": a.code,
            }
            for a in day.appointments
        ],
    }
