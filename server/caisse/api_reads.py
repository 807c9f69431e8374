"""What the caisse's own system reads: its télécontrôles, and the conclusions in their order.

No name, no contact, no free text: the caisse has the first two, and the third is nobody's.
"""

import base64
import binascii
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ColumnElement, Select, and_, select, tuple_
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.besoins import Besoin
from controle.conclusion import LIBELLES_CONCLUSION, Conclusion
from controle.convocation import Canal, EtatEnvoi, GenreEnvoi
from controle.presentiel import EtatPresentiel
from controle.qualification import Qualification
from controle.recours import recours
from controle.registre import TelecontroleInconnu
from controle.remise import remise
from controle.telecontrole import Etat
from controle.telecontrole import Telecontrole as Un
from server.store import schema as t
from server.store import tasks
from server.store.sql import UniteSql, read, written
from server.web.caisse_messages import (
    Contexte,
    Issue,
    Lieu,
    Message,
    Notification,
    PageIssues,
    PageTelecontroles,
    Prescripteur,
    Presentiel,
    RechercheIssues,
    RechercheTelecontroles,
    Recours,
    RendezVous,
    ResumeTelecontrole,
    Telecontrole,
)
from server.web.problems import Refused

from .contacts import WORDS


async def own(unite: UniteSql, caisse: str, identifier: str) -> Un:
    """One of this caisse's.

    :raises TelecontroleInconnu: it is not there, or not theirs: the same answer.
    """
    un = await unite.telecontrole(identifier)
    if un.caisse != caisse:
        raise TelecontroleInconnu
    return un


async def detail(unite: UniteSql, caisse: str, identifier: str) -> Telecontrole:
    """:raises TelecontroleInconnu: as `own`."""
    un = await own(unite, caisse, identifier)
    connection = unite.connection
    row = (await connection.execute(_rows().where(t.telecontrole.c.id == un.id))).mappings().one()
    summary = msgspec.structs.asdict(_summary(row))
    sent = await _messages(connection, un.id)
    current = [(one["genre"], one["canal"], one["etat"]) for one in sent if one["sujet"] == un.id]
    return Telecontrole(
        **summary,
        remise=remise([(GenreEnvoi(g), Canal(c), EtatEnvoi(e)) for g, c, e in current]),
        besoins=[Besoin(besoin) for besoin in un.besoins],
        presentiel=await _presentiel(connection, un),
        precedent=un.suite_de,
        suivant=await connection.scalar(
            select(t.telecontrole.c.id).where(t.telecontrole.c.suite_de == un.id)
        ),
        messages=[_message(one) for one in sent],
    )


async def listed(
    unite: UniteSql, caisse: str, zone: str, wanted: RechercheTelecontroles
) -> PageTelecontroles:
    """By hour; the days are the caisse's."""
    start, identifier = t.telecontrole.c.debut, t.telecontrole.c.id
    query = _rows().where(t.telecontrole.c.caisse == caisse).order_by(start, identifier)
    if wanted.de:
        query = query.where(start >= _midnight(wanted.de, "de", zone))
    if wanted.a:
        query = query.where(start < _midnight(wanted.a, "a", zone, days=1))
    if wanted.etat:
        query = query.where(t.telecontrole.c.etat == str(wanted.etat))
    if wanted.reference:
        query = query.where(t.assure.c.reference == wanted.reference)
    if wanted.curseur:
        query = query.where(tuple_(start, identifier) > _opened(wanted.curseur, str, str))
    rows = (await unite.connection.execute(query.limit(wanted.limite + 1))).mappings().all()
    page = rows[: wanted.limite]
    more = len(rows) > wanted.limite
    return PageTelecontroles(
        elements=[_summary(row) for row in page],
        suite=_closed(page[-1]["debut"], page[-1]["id"]) if more else None,
    )


# --- conclusions --------------------------------------------------------------------------------


async def issue(unite: UniteSql, caisse: str, identifier: str) -> Issue:
    """The version that holds.

    :raises Refused: none is signed yet.
    """
    un = await own(unite, caisse, identifier)
    rows = await unite.connection.execute(
        _issues(caisse)
        .where(t.issue.c.telecontrole == un.id)
        .order_by(t.issue.c.version.desc())
        .limit(1)
    )
    row = rows.mappings().first()
    if row is None:
        raise Refused("issue_absente", "Aucune conclusion n'est signée pour ce télécontrôle.")
    return _issue(row)


async def feed(unite: UniteSql, caisse: str, wanted: RechercheIssues) -> PageIssues:
    """Every version of every conclusion, in the order of their signatures, from the cursor on.

    There is one writer, who reads the clock once it writes: none is kept after a later one.
    """
    place = (t.issue.c.instant, t.issue.c.telecontrole, t.issue.c.version)
    query = _issues(caisse).order_by(*place)
    if wanted.curseur:
        query = query.where(tuple_(*place) > _opened(wanted.curseur, str, str, int))
    rows = (await unite.connection.execute(query.limit(wanted.limite + 1))).mappings().all()
    page = rows[: wanted.limite]
    cursor = wanted.curseur or ""
    if page:
        last = page[-1]
        cursor = _closed(last["instant"], last["telecontrole"], last["version"])
    return PageIssues(
        elements=[_issue(row) for row in page], curseur=cursor, encore=len(rows) > wanted.limite
    )


def _issues(caisse: str) -> Select[Any]:
    return (
        select(
            t.issue,
            t.assure.c.reference,
            t.medecin_conseil.c.fonction,
            t.tache.c.cree.label("a_informer"),
            t.tache.c.faite.label("informe"),
        )
        .join(t.telecontrole, t.telecontrole.c.id == t.issue.c.telecontrole)
        .join(t.assure, t.assure.c.id == t.telecontrole.c.assure)
        .outerjoin(t.medecin_conseil, t.medecin_conseil.c.id == t.issue.c.signataire)
        .outerjoin(t.tache, and_(*_of_prescriber()))
        .where(t.telecontrole.c.caisse == caisse)
    )


def _of_prescriber() -> tuple[ColumnElement[bool], ...]:
    return (t.tache.c.telecontrole == t.issue.c.telecontrole, t.tache.c.genre == tasks.PRESCRIBER)


def _issue(row: RowMapping) -> Issue:
    return Issue(
        telecontrole=row["telecontrole"],
        reference=row["reference"],
        version=row["version"],
        qualification=Qualification(row["qualification"]),
        conclusion=Conclusion(row["conclusion"]),
        libelle=LIBELLES_CONCLUSION[Conclusion(row["conclusion"])],
        date_effet=row["date_effet"],
        categorie=row["categorie"],
        signee=shown(read(row["instant"])),
        fonction_signataire=row["fonction"] or "",
        notification=_notification(row),
    )


def _notification(row: RowMapping) -> Notification:
    """What the caisse's own letter needs (row OP-10)."""
    found = recours(Qualification(row["qualification"]), Conclusion(row["conclusion"]))
    told = row["annonce_instant"]
    return Notification(
        annonce_orale=row["annonce"],
        annonce=shown(read(told)) if told else None,
        recours=Recours(commission=found.commission, delai_mois=found.delai_mois, texte=found.texte)
        if found
        else None,
        prescripteur=_prescriber(row),
    )


def _prescriber(row: RowMapping) -> Prescripteur | None:
    """Whether somebody is to tell them, and has (row OP-11)."""
    if row["a_informer"] is None:
        return None
    done = row["informe"]
    return Prescripteur(
        demande=shown(read(row["a_informer"])), fait=shown(read(done)) if done else None
    )


# --- the parts of a télécontrôle ----------------------------------------------------------------


def _rows() -> Select[Any]:
    return select(t.telecontrole, t.assure.c.reference).join(
        t.assure, t.assure.c.id == t.telecontrole.c.assure
    )


def _summary(row: RowMapping) -> ResumeTelecontrole:
    start = read(row["debut"])
    return ResumeTelecontrole(
        id=row["id"],
        code=row["code"],
        reference=row["reference"],
        contexte=cast(Contexte, WORDS[row["contexte"]]),
        medecin_conseil=row["medecin_conseil"],
        debut=shown(start),
        debut_local=local(start, row["fuseau"]),
        fuseau=row["fuseau"],
        duree_minutes=row["duree_minutes"],
        etat=Etat(row["etat"]),
    )


async def _messages(connection: AsyncConnection, telecontrole: str) -> list[RowMapping]:
    """Codes apart: they are the call's, not the appointment's."""
    rows = await connection.execute(
        select(t.envoi)
        .where(t.envoi.c.telecontrole == telecontrole, t.envoi.c.genre != str(GenreEnvoi.CODE))
        .order_by(t.envoi.c.du, t.envoi.c.cree, t.envoi.c.canal)
    )
    return list(rows.mappings())


def _message(row: RowMapping) -> Message:
    return Message(
        genre=GenreEnvoi(row["genre"]),
        canal=Canal(row["canal"]),
        etat=EtatEnvoi(row["etat"]),
        prevu=shown(read(row["du"])),
        envoye=shown(read(row["envoye"])) if row["envoye"] else None,
        remis=shown(read(row["remis"])) if row["remis"] else None,
        essais=row["essais"],
    )


async def _presentiel(connection: AsyncConnection, un: Un) -> Presentiel | None:
    if un.presentiel is None:
        return None
    rows = await connection.execute(
        select(t.rendez_vous, *(t.site.c[name] for name in ("nom", "adresse", "acces", "horaires")))
        .join(t.site, t.site.c.id == t.rendez_vous.c.site)
        .where(t.rendez_vous.c.telecontrole == un.id)
        .order_by(t.rendez_vous.c.sequence.desc(), t.rendez_vous.c.debut.desc())
    )
    given = sorted(rows.mappings(), key=lambda row: row["etat"] != str(EtatPresentiel.CONVOQUE))
    return Presentiel(
        origine=un.presentiel.origine,
        demande=shown(un.presentiel.instant),
        rendez_vous=_rendez_vous(given[0]) if given else None,
    )


def _rendez_vous(row: RowMapping) -> RendezVous:
    start = read(row["debut"])
    return RendezVous(
        id=row["id"],
        debut=shown(start),
        debut_local=local(start, row["fuseau"]),
        fuseau=row["fuseau"],
        duree_minutes=row["duree_minutes"],
        etat=EtatPresentiel(row["etat"]),
        medecin_conseil=row["medecin_conseil"],
        lieu=Lieu(
            id=row["site"],
            nom=row["nom"],
            adresse=row["adresse"],
            acces=row["acces"],
            horaires=row["horaires"],
        ),
    )


# --- instants, days, cursors --------------------------------------------------------------------


def shown(instant: datetime) -> str:
    """RFC 3339, to the second: « 2026-12-01T13:30:00Z »."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def local(instant: datetime, zone: str) -> str:
    """« 2026-12-01T14:30 »."""
    return instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")


def day_of(text: str, field: str) -> date:
    """:raises Refused: no such day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("demande", "Cette date n'existe pas.", field) from None


def _midnight(text: str, field: str, zone: str, days: int = 0) -> str:
    """When that day (or so many later) begins at the caisse, as it is stored."""
    day = day_of(text, field) + timedelta(days=days)
    return written(datetime.combine(day, time(0), ZoneInfo(zone)))


def _closed(*place: str | int) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _opened(cursor: str, *kinds: type) -> tuple[str | int, ...]:
    """:raises Refused: none of ours."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        place = msgspec.json.decode(raw, type=list[str | int])
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        place = []
    if [type(one) for one in place] != list(kinds):
        raise Refused("demande", "Ce curseur n'en est pas un : reprenez sans lui.", "curseur")
    return tuple(place)
