"""Messages follow the person: what waits goes to the corrected address, what did not arrive is
sent again, and one may be sent once more by hand."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.convocation import CONVOQUENT, Canal, EtatEnvoi, GenreEnvoi, vaut
from controle.presentiel import EtatPresentiel
from controle.refus import Refus
from controle.telecontrole import Etat, Telecontrole
from server.notify.outbox import RECIPIENT, Due, put
from server.store import schema as t
from server.store.people import Assure
from server.store.sealed import person
from server.store.sql import UniteSql, read

from . import post
from .contacts import by_sms_or_mail, needs_letter

#: They say where and when to be; the others are not sent twice.
CONVENING = CONVOQUENT | {
    GenreEnvoi.RAPPEL,
    GenreEnvoi.PRESENTIEL,
    GenreEnvoi.RAPPEL_PRESENTIEL,
}
_WAITING = frozenset({EtatEnvoi.PREPARE, EtatEnvoi.CONFIE})


class TropTardPourEnvoyer(Refus):
    """The convocation would arrive too late to count."""

    code = "trop_tard_pour_envoyer"
    phrase = "Il est trop tard pour renvoyer la convocation : appelez, ou déplacez le rendez-vous."
    champ = "channel"


class EnvoiEnCours(Refus):
    """It is about to leave, or leaving."""

    code = "envoi_en_cours"
    phrase = "Ce message est déjà en cours d'envoi."
    champ = "channel"


class CanalAbsent(Refus):
    """This person has no such address."""

    code = "canal_absent"
    phrase = "Cette personne n'a pas d'adresse pour ce canal : complétez ses coordonnées."
    champ = "channel"


@dataclass(frozen=True, slots=True)
class Sent:
    """The last message of a kind by a channel."""

    subject: str
    kind: GenreEnvoi
    channel: Canal
    state: EtatEnvoi
    start: datetime
    until: datetime | None
    rank: int


def address(assure: Assure, channel: Canal) -> str:
    """Where this channel reaches them; empty: nowhere."""
    if channel is Canal.COURRIEL:
        return assure.courriel
    return by_sms_or_mail(assure).telephone if channel is Canal.SMS else assure.adresse


async def follow_person(
    unite: UniteSql, before: Assure, now_is: Assure, now: datetime
) -> dict[str, int]:
    """All that is theirs, as `follow`: how many messages of each télécontrôle leave again."""
    return {
        identifier: await follow(unite, await unite.telecontrole(identifier), before, now_is, now)
        for identifier in await concerned(unite.connection, before.id)
    }


async def follow(
    unite: UniteSql, un: Telecontrole, before: Assure, now_is: Assure, now: datetime
) -> int:
    """What changes for one télécontrôle when its assuré's details do; how many leave again."""
    connection = unite.connection
    await _redirect(connection, un.id, now_is)
    told = await _last(connection, un)
    again = 0
    for channel in (Canal.COURRIEL, Canal.SMS):
        to = address(now_is, channel)
        if not to or to == address(before, channel):
            continue
        for kind, subject in {(one.kind, one.subject) for one in told}:
            again += await _once_more(connection, un, now_is, told, (kind, subject, channel), now)
    if needs_letter(now_is) and not needs_letter(before):
        await _letters(connection, un, now_is, told, now)
    return again


async def _redirect(connection: AsyncConnection, telecontrole: str, assure: Assure) -> None:
    """What has not left yet: to the new address, or not at all where there is none any more."""
    whose = await person(connection, assure.id)
    for channel in Canal:
        to = address(assure, channel)
        waiting = (
            select(t.envoi.c.id, t.envoi.c.contenu)
            .where(t.envoi.c.telecontrole == telecontrole, t.envoi.c.canal == str(channel))
            .where(t.envoi.c.etat == str(EtatEnvoi.PREPARE))
            .where(t.envoi.c.genre != str(GenreEnvoi.CODE))
        )
        for row in (await connection.execute(waiting)).all():
            # Each is sealed for its own row.
            values = {"destinataire": whose.seal_text(RECIPIENT, row.id, to)}
            if not to:
                values = {"etat": str(EtatEnvoi.RETIRE)}
            if row.contenu is None:
                values["langue"] = assure.langue
            await connection.execute(update(t.envoi).where(t.envoi.c.id == row.id).values(values))


async def _last(connection: AsyncConnection, un: Telecontrole) -> list[Sent]:
    """The newest of each (subject, kind, channel), where it still says the truth."""
    rows = await connection.execute(
        select(t.envoi, t.rendez_vous.c.etat.label("booking"))
        .outerjoin(t.rendez_vous, t.rendez_vous.c.id == t.envoi.c.sujet)
        .where(t.envoi.c.telecontrole == un.id)
        .where(t.envoi.c.genre.in_([str(kind) for kind in CONVENING]))
        .order_by(t.envoi.c.rang)
    )
    newest: dict[tuple[str, str, str], Sent] = {}
    for row in rows.mappings():
        holds = row["booking"] in (None, str(EtatPresentiel.CONVOQUE))
        kind = GenreEnvoi(row["genre"])
        if holds and vaut(kind, un.etat):
            newest[row["sujet"], row["genre"], row["canal"]] = Sent(
                subject=row["sujet"],
                kind=kind,
                channel=Canal(row["canal"]),
                state=EtatEnvoi(row["etat"]),
                start=read(row["du"]),
                until=read(row["limite"]) if row["limite"] else None,
                rank=row["rang"],
            )
    return list(newest.values())


async def _once_more(
    connection: AsyncConnection,
    un: Telecontrole,
    assure: Assure,
    told: list[Sent],
    what: tuple[GenreEnvoi, str, Canal],
    now: datetime,
) -> int:
    """By this channel, unless it has arrived, is about to leave, or would come too late."""
    kind, subject, channel = what
    others = [one for one in told if (one.kind, one.subject) == (kind, subject)]
    mine = next((one for one in others if one.channel is channel), None)
    if mine is not None and mine.state in _WAITING | {EtatEnvoi.REMIS}:
        return 0
    model = mine or others[0]
    if model.until is not None and now >= model.until:
        return 0
    due = Due(
        telecontrole=un.id,
        kind=kind,
        channel=channel,
        to=address(assure, channel),
        language=assure.langue,
        start=max(model.start, now),
        until=model.until,
        subject=subject,
        assure=assure.id,
        rank=await _rank(connection, subject, kind, channel),
    )
    await put(connection, due, now)
    return 1


async def _rank(connection: AsyncConnection, subject: str, kind: GenreEnvoi, channel: Canal) -> int:
    ranks = await connection.scalars(
        select(t.envoi.c.rang)
        .where(t.envoi.c.sujet == subject, t.envoi.c.genre == str(kind))
        .where(t.envoi.c.canal == str(channel))
    )
    return max(ranks, default=-1) + 1


async def _letters(
    connection: AsyncConnection,
    un: Telecontrole,
    assure: Assure,
    told: list[Sent],
    now: datetime,
) -> None:
    """No channel is left: what convokes is posted."""
    convening = CONVOQUENT | {GenreEnvoi.PRESENTIEL}
    written_already = {(one.subject, one.kind) for one in told if one.channel is Canal.COURRIER}
    wanted = {
        (one.subject, one.kind): one.until
        for one in told
        if one.kind in convening and one.state is not EtatEnvoi.REMIS
    }
    for (subject, kind), until in wanted.items():
        if until is not None and now < until and (subject, kind) not in written_already:
            await post.due(connection, un, assure, kind, until, now, subject)


async def resend(
    unite: UniteSql, un: Telecontrole, assure: Assure, channel: Canal, now: datetime
) -> None:
    """The convocation to the visio, once more.

    :raises CanalAbsent, EnvoiEnCours, TropTardPourEnvoyer: why it does not leave.
    """
    connection = unite.connection
    if not address(assure, channel):
        raise CanalAbsent
    told = [one for one in await _last(connection, un) if one.kind in CONVOQUENT]
    if any(one.channel is channel and one.state in _WAITING for one in told):
        raise EnvoiEnCours
    # What was delivered may be sent once more too: a message is easily lost from sight.
    told = [replace(one, state=EtatEnvoi.ENVOYE) for one in told]
    kinds = {(one.kind, one.subject) for one in told}
    leave = [
        await _once_more(connection, un, assure, told, (kind, subject, channel), now)
        for kind, subject in kinds
    ]
    if not any(leave):
        raise TropTardPourEnvoyer


async def concerned(connection: AsyncConnection, assure: str) -> list[str]:
    """The télécontrôles of this person for which a message still waits or may be sent again."""
    over = (Etat.ANNULE_SERVICE, Etat.REPORTE, Etat.CLOTURE)
    rows = await connection.scalars(
        select(t.telecontrole.c.id)
        .where(t.telecontrole.c.assure == assure)
        .where(
            t.telecontrole.c.etat.not_in([str(etat) for etat in over])
            | t.telecontrole.c.id.in_(_booked())
        )
        .order_by(t.telecontrole.c.debut)
    )
    return list(rows)


def _booked() -> Select[tuple[str]]:
    return select(t.rendez_vous.c.telecontrole).where(
        t.rendez_vous.c.etat == str(EtatPresentiel.CONVOQUE)
    )
