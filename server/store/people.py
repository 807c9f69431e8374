"""Caisses, médecins-conseils and assurés: who is behind the ids of the domain.

What an assuré's row says of them is sealed under their own key (sealed.py).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from . import schema as t
from .sealed import ALTERED, ERASED, Person, Safe, person, safe_of, shown

#: An announced delay holds for so long: for the half-day, never for tomorrow.
DELAY_HOLDS = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Caisse:
    id: str
    nom: str
    fuseau: str
    telephone: str
    horaires: str = ""
    territoire: str = ""
    strict_48h: bool = False
    responsable: str = ""
    dpd: str = ""
    conservation: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """Where somebody is received; `acces` and `horaires` in words, `genre` « caisse » or
    « visio_accompagnee » (a booth, somebody to help)."""

    id: str
    caisse: str
    nom: str
    adresse: str
    acces: str
    horaires: str
    genre: str


@dataclass(frozen=True, slots=True)
class Agent:
    id: str
    caisse: str
    nom: str


@dataclass(frozen=True, slots=True)
class Medecin:
    id: str
    caisse: str
    nom: str
    fonction: str
    retard_minutes: int = 0
    retard_annonce: str | None = None

    def delay(self, now: datetime) -> int:
        """The minutes of delay that hold now."""
        if self.retard_annonce is None:
            return 0
        announced = datetime.fromisoformat(self.retard_annonce)
        return self.retard_minutes if now - announced < DELAY_HOLDS else 0


@dataclass(frozen=True, slots=True)
class Assure:
    id: str
    caisse: str
    civilite: str
    nom: str
    courriel: str
    telephone: str
    adresse: str = ""
    langue: str = "fr"
    reference: str = ""


#: The columns of an assuré that are sealed.
SEALED = ("civilite", "nom", "courriel", "telephone", "adresse")


async def add_caisse(connection: AsyncConnection, caisse: Caisse) -> None:
    await connection.execute(insert(t.caisse).values(_values(caisse)))


async def add_medecin(connection: AsyncConnection, medecin: Medecin) -> None:
    await connection.execute(insert(t.medecin_conseil).values(_values(medecin)))


async def add_agent(connection: AsyncConnection, agent: Agent) -> None:
    await connection.execute(insert(t.agent).values(_values(agent)))


async def add_site(connection: AsyncConnection, site: Site) -> None:
    await connection.execute(insert(t.site).values(_values(site)))


async def agent(connection: AsyncConnection, identifier: str) -> Agent:
    row = await connection.execute(select(t.agent).where(t.agent.c.id == identifier))
    return Agent(**row.mappings().one())


async def knows_agent(connection: AsyncConnection, identifier: str) -> bool:
    found = await connection.scalar(select(t.agent.c.id).where(t.agent.c.id == identifier))
    return found is not None


async def add_assure(connection: AsyncConnection, assure: Assure) -> None:
    """With a key of their own, from the first word that is written about them."""
    kept, whose = safe_of(connection).new(assure.id)
    row = _values(assure) | _sealed(whose, assure) | {"cle": kept}
    await connection.execute(_ADD_ASSURE, row)


async def save_assure(connection: AsyncConnection, assure: Assure) -> None:
    """:raises PersonneEffacee: their key was destroyed."""
    whose = await person(connection, assure.id)
    row = _values(assure) | _sealed(whose, assure) | {"whose": assure.id}
    await connection.execute(_SAVE_ASSURE, row)


_ADD_ASSURE = insert(t.assure)
_SAVE_ASSURE = update(t.assure).where(t.assure.c.id == bindparam("whose"))
_ASSURE_OF = (
    select(t.assure)
    .where(t.assure.c.caisse == bindparam("caisse"))
    .where(t.assure.c.reference == bindparam("reference"))
    .where(t.assure.c.cle != "")
    .limit(1)
)
_CAISSE = select(t.caisse).where(t.caisse.c.id == bindparam("id"))
_ASSURE = select(t.assure).where(t.assure.c.id == bindparam("id"))
_MEDECIN = select(t.medecin_conseil).where(t.medecin_conseil.c.id == bindparam("id"))


async def caisse(connection: AsyncConnection, identifier: str) -> Caisse:
    row = await connection.execute(_CAISSE, {"id": identifier})
    return Caisse(**row.mappings().one())


async def knows_caisse(connection: AsyncConnection, identifier: str) -> bool:
    found = await connection.scalar(select(t.caisse.c.id).where(t.caisse.c.id == identifier))
    return found is not None


async def knows_medecin(connection: AsyncConnection, identifier: str) -> bool:
    found = await connection.scalar(
        select(t.medecin_conseil.c.id).where(t.medecin_conseil.c.id == identifier)
    )
    return found is not None


async def medecin(connection: AsyncConnection, identifier: str) -> Medecin:
    row = await connection.execute(_MEDECIN, {"id": identifier})
    return Medecin(**row.mappings().one())


async def assure(connection: AsyncConnection, identifier: str) -> Assure:
    """Of somebody who was erased: « données effacées » for a name, and no way to reach them.

    :raises Unreadable: their row was changed in the store.
    """
    row = await connection.execute(_ASSURE, {"id": identifier})
    return opened(safe_of(connection), row.mappings().one())


async def assure_of(connection: AsyncConnection, caisse: str, reference: str) -> Assure | None:
    """Whom the caisse's own system calls so; who was erased is nobody any more."""
    rows = await connection.execute(_ASSURE_OF, {"caisse": caisse, "reference": reference})
    row = rows.mappings().first()
    return opened(safe_of(connection), row) if row else None


def opened(safe: Safe, row: RowMapping) -> Assure:
    """Of a row of the table."""
    identifier, whose = row["id"], safe.person(row["id"], row["cle"])
    told = dict.fromkeys(SEALED, "")
    if whose is not None:
        told = {one: whose.open_text(_purpose(one), identifier, row[one]) for one in SEALED}
    elif row["nom"]:
        told["nom"] = ERASED
    return Assure(
        id=identifier,
        caisse=row["caisse"],
        langue=row["langue"],
        reference=row["reference"],
        **told,
    )


def called(whose: Person | None, identifier: str, civilite: str, nom: str) -> str:
    """« Mme Durand », of the two columns as they are kept; for a screen."""
    if whose is None:
        return ERASED if nom else ""
    told = shown(whose, _purpose("nom"), identifier, nom)
    title = shown(whose, _purpose("civilite"), identifier, civilite)
    return told if ALTERED in (told, title) else f"{title} {told}".strip()


def _sealed(whose: Person, assure: Assure) -> dict[str, object]:
    return {one: whose.seal_text(_purpose(one), assure.id, getattr(assure, one)) for one in SEALED}


def _purpose(column: str) -> str:
    return f"assure.{column}"


async def set_delay(
    connection: AsyncConnection, medecin_id: str, minutes: int, now: datetime
) -> None:
    await connection.execute(
        update(t.medecin_conseil)
        .where(t.medecin_conseil.c.id == medecin_id)
        .values(retard_minutes=minutes, retard_annonce=now.isoformat())
    )


def _values(person: Caisse | Site | Agent | Medecin | Assure) -> dict[str, object]:
    return {name: getattr(person, name) for name in person.__slots__}
