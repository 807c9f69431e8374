"""What a message's end changes: its row, the record of its télécontrôle, and who must act."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update

from controle.convocation import CONVOQUENT, Canal, EtatEnvoi, GenreEnvoi
from controle.presence import SERVICE, Fait, GenreFait
from controle.remise import remise
from controle.telecontrole import SUITES, Etat
from server.caisse import post
from server.identity.vault import Unreadable
from server.record import Recorder
from server.store import people, tasks
from server.store import schema as t
from server.store.chains import inscribe
from server.store.sql import UniteSql

from . import outbox
from .judgement import Ruling, holds
from .outbox import Envoi, change, change_all

#: A letter takes their place when no channel delivers.
CONVENE = CONVOQUENT | {GenreEnvoi.PRESENTIEL}
#: « Le rappel est parti » may follow these (Telecontrole.rappeler): a state that changed meanwhile
#: is left as it is.
REMINDABLE = [str(etat) for etat, suites in SUITES.items() if Etat.RAPPELE in suites]
LOST = frozenset({EtatEnvoi.ECHEC, EtatEnvoi.PERIME})


@dataclass(frozen=True, slots=True)
class Endings:
    """`keep_codes`: the demo alone shows the codes that it has sent."""

    recorder: Recorder
    keep_codes: bool = False

    async def sent(
        self, unite: UniteSql, taken: Sequence[tuple[Envoi, str]], now: datetime
    ) -> None:
        """Providers have taken them, under these names of theirs."""
        state = {"etat": str(EtatEnvoi.ENVOYE), "envoye": now, "motif": ""}
        for codes in (False, True):
            some = [one for one in taken if (one[0].kind is GenreEnvoi.CODE) is codes]
            await change_all(
                unite.connection,
                [
                    (envoi, state | {"reference": name[:128] or None} | self._put_down(envoi))
                    for envoi, name in some
                ],
            )
        await self._write_sent(unite, [envoi for envoi, _ in taken])

    async def delivered(self, unite: UniteSql, envoi: Envoi, now: datetime) -> None:
        """It has arrived; that it had left may not be on record yet."""
        sent = envoi.sent or now
        await change(
            unite.connection,
            envoi,
            etat=str(EtatEnvoi.REMIS),
            envoye=sent,
            remis=now,
            motif="",
            **self._put_down(envoi),
        )
        if envoi.sent is None:
            await self._write_sent(unite, [envoi])
        fact = self._fact(GenreFait.MESSAGE_REMIS, envoi)
        await unite.inscrire(envoi.telecontrole, fact)

    async def lost(
        self, unite: UniteSql, envoi: Envoi, state: EtatEnvoi, reason: str, now: datetime
    ) -> None:
        """It will not arrive, or nobody can tell: on record, and shown to somebody."""
        await change(
            unite.connection, envoi, etat=str(state), motif=reason[:64], **self._put_down(envoi)
        )
        fact = self._fact(GenreFait.MESSAGE_ECHOUE, envoi, motif=reason[:64])
        await unite.inscrire(envoi.telecontrole, fact)
        if holds(envoi):
            await self._escalate(unite, envoi, now)

    async def withdrawn(self, unite: UniteSql, envoi: Envoi, reason: str) -> None:
        """It has become untrue: nobody has to do anything about it."""
        await change(
            unite.connection,
            envoi,
            etat=str(EtatEnvoi.RETIRE),
            motif=reason,
            **self._put_down(envoi),
        )

    async def settle(self, unite: UniteSql, envoi: Envoi, ruling: Ruling, now: datetime) -> None:
        """It is not handed over, and will not be."""
        if ruling.state is EtatEnvoi.RETIRE:
            await self.withdrawn(unite, envoi, ruling.reason)
        else:
            await self.lost(unite, envoi, ruling.state, ruling.reason, now)

    def _put_down(self, envoi: Envoi) -> dict[str, object]:
        """In nobody's hands; a code is not kept any longer than it takes to send it."""
        free: dict[str, object] = {"porteur": None, "bail": None}
        if envoi.kind is GenreEnvoi.CODE and not self.keep_codes:
            free["contenu"] = None
        return free

    async def _write_sent(self, unite: UniteSql, envois: Sequence[Envoi]) -> None:
        facts = [
            (one.telecontrole, self._fact(GenreFait.MESSAGE_ENVOYE, one, version=one.version))
            for one in envois
        ]
        await inscribe(unite.connection, facts)
        reminded = [one.telecontrole for one in envois if one.kind is GenreEnvoi.RAPPEL]
        if reminded:
            await unite.connection.execute(
                update(t.telecontrole)
                .where(t.telecontrole.c.id.in_(reminded), t.telecontrole.c.etat.in_(REMINDABLE))
                .values(etat=str(Etat.RAPPELE))
            )

    def _fact(self, kind: GenreFait, envoi: Envoi, **more: str) -> Fait:
        details = {"envoi": envoi.id, "genre": str(envoi.kind), "canal": str(envoi.channel)}
        return self.recorder.fact(kind, SERVICE, details=details | more)

    # --- when nothing arrives (row CN-05) -------------------------------------------------------

    async def _escalate(self, unite: UniteSql, envoi: Envoi, now: datetime) -> None:
        """Somebody must act when no channel is left; one lost of two is shown, no more."""
        if envoi.kind is GenreEnvoi.CODE:
            return
        others = await outbox.siblings(unite.connection, envoi)
        if not none_left(envoi.kind, others):
            return
        if envoi.kind not in CONVENE:
            await self._task(unite, envoi, "appeler", now)
            return
        await self._task(unite, envoi, "non_remise", now)
        written = any(o.kind is envoi.kind and o.channel is Canal.COURRIER for o in others)
        if not written and not envoi.too_late(now):
            await self._letter(unite, envoi, now)

    async def _letter(self, unite: UniteSql, envoi: Envoi, now: datetime) -> None:
        """There is still time for a letter, if we know where to."""
        try:
            assure = await people.assure(unite.connection, envoi.assure)
        except Unreadable:
            # Their row was altered: the task that was just opened is all that can be done.
            return
        if not assure.adresse:
            return
        un = await unite.telecontrole(envoi.telecontrole)
        until = envoi.until or un.debut
        await post.due(unite.connection, un, assure, envoi.kind, until, now, subject=envoi.subject)

    async def _task(self, unite: UniteSql, envoi: Envoi, kind: str, now: datetime) -> None:
        await tasks.open_task(unite.connection, envoi.telecontrole, envoi.caisse, kind, now)


def none_left(kind: GenreEnvoi, others: list[Envoi]) -> bool:
    """Of the messages about one appointment: no channel has delivered this, none will."""
    if kind in CONVOQUENT:
        return remise([(one.kind, one.channel, one.state) for one in others]) == "non_remise"
    mine = [one.state for one in others if one.kind is kind and one.channel is not Canal.COURRIER]
    return all(state in LOST | {EtatEnvoi.RETIRE} for state in mine)
