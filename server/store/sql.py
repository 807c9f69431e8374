"""The domain's registre (controle/registre.py) over SQL."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, delete, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.annonce import Annonce
from controle.chaine import Ligne, Sceau, Tete, chainer_et_ecrire, genese
from controle.etats import AVANT_ENTREE
from controle.issue import Conclusion, Issue, Qualification
from controle.presence import Fait
from controle.registre import SceauIncoherent, TelecontroleInconnu, VersionConcurrente
from controle.telecontrole import Contexte, DemandePresentiel, Etat, OriginePresentiel, Telecontrole
from server.identity.secrets import new_short_code

from . import schema as t
from .chains import marker, row_of
from .database import Database
from .sealed import ALTERED, ERASED, Safe, person, safe_of, shown

#: Declared needs: what they are sealed for, how none are kept, and how long their text is.
NEEDS = "telecontrole.besoins"
NO_NEEDS = "[]"
NEEDS_LENGTH = 256


def written(instant: datetime) -> str:
    """An instant as it is stored: UTC, always with microseconds, so that text sorts as time."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def read(text: str) -> datetime:
    return datetime.fromisoformat(text)


class UniteSql:
    """One transaction; all of it is kept or none."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    async def telecontrole(self, identifiant: str) -> Telecontrole:
        rows = await self.connection.execute(_telecontrole_of(), {"id": identifiant})
        found = rows.mappings().one_or_none()
        if found is None:
            raise TelecontroleInconnu
        return telecontrole_of(found, safe_of(self.connection))

    async def du_medecin(self, medecin: str, de: datetime, a: datetime) -> Sequence[Telecontrole]:
        """Those of a médecin-conseil whose hour is in [de, a), by hour."""
        return await self._telecontroles(
            telecontroles()
            .where(t.telecontrole.c.medecin_conseil == medecin)
            .where(t.telecontrole.c.debut >= written(de), t.telecontrole.c.debut < written(a))
            .order_by(t.telecontrole.c.debut, t.telecontrole.c.id)
        )

    async def en_etat(self, *etats: Etat) -> Sequence[Telecontrole]:
        return await self._telecontroles(
            telecontroles().where(t.telecontrole.c.etat.in_([str(etat) for etat in etats]))
        )

    async def expected(self, de: datetime, a: datetime) -> Sequence[Telecontrole]:
        """Those whose hour is in [de, a) and whose assuré has not come yet."""
        return await self._telecontroles(
            telecontroles()
            .where(t.telecontrole.c.debut >= written(de), t.telecontrole.c.debut < written(a))
            .where(t.telecontrole.c.etat.in_([str(etat) for etat in AVANT_ENTREE]))
        )

    async def enregistrer(self, un: Telecontrole) -> None:
        """Insert or update, with its in-person request if it has one."""
        values = {
            "caisse": un.caisse,
            "medecin_conseil": un.medecin_conseil,
            "assure": un.assure,
            "contexte": str(un.contexte),
            "debut": written(un.debut),
            "fuseau": un.fuseau,
            "duree_minutes": round(un.duree.total_seconds() / 60),
            "etat": str(un.etat),
            "examen_clinique": un.examen_clinique,
            "serie": un.serie,
            "sequence": un.sequence,
            "suite_de": un.suite_de,
            "besoins": await self._needs(un),
        }
        changed = await self.connection.execute(_CHANGE, {"which": un.id, **values})
        if not changed.rowcount:
            un.code = un.code or new_short_code()
            await self.connection.execute(_ADD, {"id": un.id, "code": un.code, **values})
        if un.presentiel is not None:
            await self._keep_request(un.presentiel)
        elif un.suivi_par is not None:
            # Agreed to: another call takes the place of the in-person request (row IP-05).
            await self.connection.execute(
                delete(t.demande_presentiel).where(t.demande_presentiel.c.telecontrole == un.id)
            )

    async def _needs(self, un: Telecontrole) -> str:
        """Sealed; that there are none is no secret."""
        if not un.besoins:
            return NO_NEEDS
        # The length would say which ones.
        text = json.dumps(un.besoins).ljust(NEEDS_LENGTH)
        whose = await person(self.connection, un.assure)
        return whose.seal_text(NEEDS, un.id, text)

    async def _keep_request(self, demande: DemandePresentiel) -> None:
        known = await self.connection.scalar(
            select(t.demande_presentiel.c.telecontrole).where(
                t.demande_presentiel.c.telecontrole == demande.telecontrole
            )
        )
        if known is None:
            await self.connection.execute(
                insert(t.demande_presentiel).values(
                    telecontrole=demande.telecontrole,
                    origine=str(demande.origine),
                    instant=written(demande.instant),
                )
            )

    async def _telecontroles(self, query: Select[Any]) -> list[Telecontrole]:
        rows = (await self.connection.execute(query)).mappings()
        safe = safe_of(self.connection)
        return [telecontrole_of(row, safe) for row in rows]

    # --- the chain ------------------------------------------------------------------------------

    async def inscrire(self, identifiant: str, fait: Fait) -> Ligne:
        """Append a fact; durable when the transaction is left."""
        head = await self.tete(identifiant)
        if head is None:
            await self._check_known(identifiant)
        ligne, text = chainer_et_ecrire(identifiant, head, fait)
        row = row_of(ligne, text, marker(self.connection))
        await self.connection.execute(_APPEND, row)
        return ligne

    async def _check_known(self, identifiant: str) -> None:
        if await self.connection.scalar(_KNOWN, {"id": identifiant}) is None:
            raise TelecontroleInconnu

    async def tete(self, identifiant: str) -> Tete | None:
        """The last line's number and hash."""
        last = (await self.connection.execute(_HEAD, {"id": identifiant})).first()
        return (last.seq, last.empreinte) if last else None

    async def lignes(self, identifiant: str) -> Sequence[Ligne]:
        return [Ligne.depuis_dict(contenu) for contenu in await self.contenus(identifiant)]

    async def contenus(self, identifiant: str) -> list[object]:
        """The lines as they are stored, whatever somebody may have made of them."""
        rows = await self.connection.scalars(
            select(t.ligne.c.contenu)
            .where(t.ligne.c.telecontrole == identifiant)
            .order_by(t.ligne.c.seq)
        )
        return [_json(text) for text in rows]

    async def sceller(self, sceau: Sceau) -> None:
        head = await self.tete(sceau.telecontrole) or (0, genese(sceau.telecontrole))
        if (sceau.longueur, sceau.tete) != head:
            raise SceauIncoherent
        await self.connection.execute(
            insert(t.sceau).values(
                telecontrole=sceau.telecontrole, contenu=json.dumps(sceau.en_dict())
            )
        )

    async def sceaux(self, identifiant: str) -> Sequence[Sceau]:
        rows = await self.connection.scalars(
            select(t.sceau.c.contenu)
            .where(t.sceau.c.telecontrole == identifiant)
            .order_by(t.sceau.c.id)
        )
        return [Sceau.depuis_dict(json.loads(text)) for text in rows]

    # --- the outcome ----------------------------------------------------------------------------

    async def issues(self, identifiant: str) -> Sequence[Issue]:
        rows = await self.connection.execute(_ISSUES, {"id": identifiant})
        return [issue_of(row) for row in rows.mappings()]

    async def enregistrer_issue(self, identifiant: str, issue: Issue) -> None:
        """Insert only: a version, once signed, is never updated."""
        if issue.version != len(await self.issues(identifiant)) + 1:
            raise VersionConcurrente
        await self.connection.execute(
            insert(t.issue).values(
                telecontrole=identifiant,
                version=issue.version,
                qualification=str(issue.qualification),
                conclusion=str(issue.conclusion),
                date_effet=issue.date_effet.isoformat() if issue.date_effet else None,
                categorie=issue.categorie,
                sequelles=issue.sequelles,
                motif_correction=issue.motif_correction,
                motif_anticipation=issue.motif_anticipation,
                signataire=issue.signataire,
                instant=written(issue.instant),
                annonce=issue.annonce.faite if issue.annonce else None,
                annonce_instant=written(issue.annonce.instant)
                if issue.annonce and issue.annonce.instant
                else None,
            )
        )


class RegistreSql:
    """The registre of one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[UniteSql]:
        async with self.database.write() as connection:
            yield UniteSql(connection)

    @asynccontextmanager
    async def quick_transaction(self) -> AsyncIterator[UniteSql]:
        """`transaction()` for small statements: in the loop's own thread where it can be."""
        async with self.database.write_quickly() as connection:
            yield UniteSql(connection)

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[UniteSql]:
        """`lecture()` for a few rows by their keys: in the loop's own thread where it can be."""
        async with self.database.glance() as connection:
            yield UniteSql(connection)

    @asynccontextmanager
    async def lecture(self) -> AsyncIterator[UniteSql]:
        """To read only: waits for no writer."""
        async with self.database.read() as connection:
            yield UniteSql(connection)


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


@cache
def telecontroles() -> Select[Any]:
    """Made once: a statement is immutable, and this one costs more to make than to run."""
    after = t.telecontrole.alias()
    successor = select(after.c.id).where(after.c.suite_de == t.telecontrole.c.id).scalar_subquery()
    return (
        select(
            t.telecontrole,
            t.assure.c.cle,
            successor.label("suivi_par"),
            t.demande_presentiel.c.origine,
            t.demande_presentiel.c.instant.label("demande_instant"),
        )
        .join(t.assure, t.assure.c.id == t.telecontrole.c.assure)
        .outerjoin(t.demande_presentiel, t.demande_presentiel.c.telecontrole == t.telecontrole.c.id)
    )


@cache
def _telecontrole_of() -> Select[Any]:
    return telecontroles().where(t.telecontrole.c.id == bindparam("id"))


_ADD = insert(t.telecontrole)
_CHANGE = update(t.telecontrole).where(t.telecontrole.c.id == bindparam("which"))
_KNOWN = select(t.telecontrole.c.id).where(t.telecontrole.c.id == bindparam("id"))
_APPEND = insert(t.ligne)
_HEAD = (
    select(t.ligne.c.seq, t.ligne.c.empreinte)
    .where(t.ligne.c.telecontrole == bindparam("id"))
    .order_by(t.ligne.c.seq.desc())
    .limit(1)
)
_ISSUES = (
    select(t.issue).where(t.issue.c.telecontrole == bindparam("id")).order_by(t.issue.c.version)
)


def needs_of(row: RowMapping, safe: Safe) -> tuple[str, ...]:
    """Of a row with its `id`, `assure`, `besoins` and the assuré's `cle`; none of who was erased,
    nor where they were altered."""
    if row["besoins"] == NO_NEEDS:
        return ()
    whose = safe.seen(row["assure"], row["cle"])
    told = shown(whose, NEEDS, row["id"], row["besoins"])
    return () if told in (ERASED, ALTERED) else tuple(json.loads(told))


def telecontrole_of(row: RowMapping, safe: Safe) -> Telecontrole:
    """Of a row of `telecontroles()`."""
    demande = None
    if row["origine"] is not None:
        demande = DemandePresentiel(
            row["id"], OriginePresentiel(row["origine"]), read(row["demande_instant"])
        )
    return Telecontrole(
        id=row["id"],
        caisse=row["caisse"],
        medecin_conseil=row["medecin_conseil"],
        assure=row["assure"],
        contexte=Contexte(row["contexte"]),
        debut=read(row["debut"]),
        fuseau=row["fuseau"],
        duree=timedelta(minutes=row["duree_minutes"]),
        etat=Etat(row["etat"]),
        presentiel=demande,
        examen_clinique=row["examen_clinique"],
        serie=row["serie"],
        sequence=row["sequence"],
        suite_de=row["suite_de"],
        suivi_par=row["suivi_par"],
        besoins=needs_of(row, safe),
        code=row["code"],
    )


def issue_of(row: RowMapping) -> Issue:
    """A stored outcome; raises ValueError for what cannot be one."""
    return Issue(
        version=row["version"],
        qualification=Qualification(row["qualification"]),
        conclusion=Conclusion(row["conclusion"]),
        date_effet=date.fromisoformat(row["date_effet"]) if row["date_effet"] else None,
        categorie=row["categorie"],
        sequelles=row["sequelles"],
        motif_correction=row["motif_correction"],
        motif_anticipation=row["motif_anticipation"],
        signataire=row["signataire"],
        instant=read(row["instant"]),
        annonce=_annonce(row),
    )


def _annonce(row: RowMapping) -> Annonce | None:
    if row["annonce"] is None:
        return None
    at = row["annonce_instant"]
    return Annonce(faite=row["annonce"], instant=read(at) if at else None)
