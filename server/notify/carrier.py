"""One channel of the outbox: claim what is due, hand it over, note what came of it."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog

from controle.convocation import EtatEnvoi, GenreEnvoi
from controle.telecontrole import Etat
from server.store.sql import RegistreSql, UniteSql

from . import judgement, outbox
from .drafts import Draft, Drafts
from .endings import Endings
from .judgement import Ruling
from .outbox import Envoi, change, change_all
from .parcel import Outcome, Parcel, Sender, Verdict

log = structlog.get_logger()

#: A claim older than this is looked at again before its message is handed over: the appointment
#: may have been cancelled since.
FRESH = timedelta(seconds=2)
#: What one sender may have in hand: at work, and next.
AHEAD = 2
#: Seconds that messages on their way have to end when a server stops.
STOPPING = 5.0

WORDLESS = "modele"
STILL = Ruling(EtatEnvoi.CONFIE)
NOT_OURS = Ruling(EtatEnvoi.CONFIE, "not_ours")
GIVEN_BACK = Ruling(EtatEnvoi.PREPARE)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to look, how long a claim holds, how long to wait between attempts."""

    poll: timedelta
    lease: timedelta
    backoff: Sequence[timedelta]
    batch: int


@dataclass(frozen=True, slots=True)
class Held:
    """A message in our hands since `taken`."""

    envoi: Envoi
    parcel: Parcel
    taken: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of it: the provider's word, or why it was not handed over."""

    held: Held
    outcome: Outcome | None = None
    ruling: Ruling = NOT_OURS


@dataclass(slots=True)
class Work:
    """What is in hand and what is not noted yet."""

    sending: set["asyncio.Task[Ended]"] = field(default_factory=set)
    ended: list[Ended] = field(default_factory=list)


class Carrier:
    """`worker`: this server's name in the rows that it holds. Another server may carry the same
    channel: whoever claims a row first has it."""

    def __init__(
        self,
        *,
        registre: RegistreSql,
        sender: Sender,
        drafts: Drafts,
        endings: Endings,
        clock: Callable[[], datetime],
        pace: Pace,
        worker: str,
    ) -> None:
        self._registre = registre
        self._sender = sender
        self._drafts = drafts
        self._endings = endings
        self._clock = clock
        self._pace = pace
        self._worker = worker
        self._slots = asyncio.Semaphore(sender.capacity)
        self._most = min(pace.batch, AHEAD * sender.capacity)
        self._work = Work()
        self._wake = asyncio.Event()
        self._look = True
        self._stopping = False
        self._pivot = str(uuid4())

    # --- the loop -------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled; then what is on its way has some seconds to be noted."""
        try:
            while True:
                await whole(self._turn())
                await self._woken()
        finally:
            await self._stop()

    def nudge(self) -> None:
        """Something new may be due."""
        self._look = True
        self._wake.set()

    async def once(self) -> int:
        """Everything that is due now, handed over and noted; how many messages."""
        count = 0
        while True:
            held, found, settled = await self._claim(self._pace.batch)
            count += len(held)
            self._work.ended += await asyncio.gather(*(self._hand_over(one) for one in held))
            await self._note()
            if found < self._pace.batch or not (held or settled):
                return count

    async def _turn(self) -> None:
        try:
            await self._work_on()
        except Exception:
            # A full disk, a database that is away: what has ended is kept, and noted later.
            log.exception("outbox_turn_failed", reason=str(self._sender.channel))
            self._look = False

    async def _work_on(self) -> None:
        await self._note()
        if self._look and self._has_room:
            asked = self._most - len(self._work.sending)
            # Before, not after: who nudges meanwhile has put what this look may not have seen.
            self._look = False
            held, found, _ = await self._claim(asked)
            self._look |= found == asked
            for one in held:
                task = asyncio.create_task(self._hand_over(one))
                self._work.sending.add(task)
                task.add_done_callback(self._over)

    @property
    def _has_room(self) -> bool:
        return len(self._work.sending) <= self._most // 2

    def _over(self, task: "asyncio.Task[Ended]") -> None:
        self._work.sending.discard(task)
        if not task.cancelled() and task.exception() is None:
            self._work.ended.append(task.result())
        self._wake.set()

    async def _woken(self) -> None:
        """Until a message has ended, somebody has nudged, or it is time to look again."""
        if self._look and self._has_room:
            return
        try:
            async with asyncio.timeout(self._pace.poll.total_seconds()):
                await self._wake.wait()
        except TimeoutError:
            self._look = True
        self._wake.clear()

    async def _stop(self) -> None:
        """What waits for its turn is given back; what is on its way has some seconds."""
        self._stopping = True
        if self._work.sending:
            await asyncio.wait(self._work.sending, timeout=STOPPING)
        for task in tuple(self._work.sending):
            # Handed over, and no answer: its lease will end, and it is uncertain.
            task.cancel()
        with suppress(Exception):
            await self._note()

    # --- claiming -------------------------------------------------------------------------------

    async def _claim(self, limit: int) -> tuple[list[Held], int, int]:
        """What we hold now, how many rows were due, and how many of them ended here.

        Words are found outside of the transaction that claims: writing a letter takes
        milliseconds, in which nobody else could write.
        """
        async with self._registre.lecture() as unite:
            found = await outbox.due(
                unite.connection, self._clock(), self._sender.channel, limit, self._pivot
            )
            wordless = [
                one
                for one in found
                if one.content is None and self._ruling(one, self._clock()).leaves
            ]
            gathered = await self._drafts.gather(unite.connection, wordless)
        if not found:
            return [], 0, 0
        drafts: dict[str, Draft] = {}
        if gathered:
            drafts = await asyncio.to_thread(self._drafts.write, gathered, self._clock())
        held, settled = await self._take(found, drafts)
        return held, len(found), settled

    async def _take(
        self, found: Sequence[Envoi], drafts: dict[str, Draft]
    ) -> tuple[list[Held], int]:
        """Judge and claim, in one short transaction."""
        drawn = {envoi.id: envoi.standing for envoi in found}
        held, claims, settled = [], [], 0
        async with self._registre.transaction() as unite:
            now = self._clock()
            for envoi in await outbox.due_again(unite.connection, now, drawn):
                ruling = self._ruling(envoi, now)
                words = _words(envoi, drafts.get(envoi.id), drawn[envoi.id])
                if ruling.leaves and words is None:
                    continue
                parcel = self._parcel(envoi, words.content) if ruling.leaves and words else None
                if parcel is None:
                    lost = Ruling(EtatEnvoi.ECHEC, WORDLESS) if ruling.leaves else ruling
                    await self._endings.settle(unite, envoi, lost, now)
                    settled += 1
                elif words is not None:
                    claims.append((envoi, self._claimed(envoi, words, now)))
                    held.append(Held(envoi, parcel, now))
            await change_all(unite.connection, claims)
        return held, settled

    def _claimed(self, envoi: Envoi, words: Draft, now: datetime) -> dict[str, object]:
        return {
            "contenu": words.content,
            "version": words.version,
            "etat": str(EtatEnvoi.CONFIE),
            "porteur": self._worker,
            "bail": now + self._pace.lease,
            "essais": envoi.attempts + 1,
            "incertains": judgement.unsure(envoi),
        }

    def _parcel(self, envoi: Envoi, content: str) -> Parcel | None:
        if not content:
            return None
        try:
            return self._drafts.parcel(envoi, content)
        except Exception:
            log.exception("message_not_opened", telecontrole=envoi.telecontrole)
            return None

    def _ruling(self, envoi: Envoi, now: datetime) -> Ruling:
        return judgement.ruling(envoi, now, idempotent=self._sender.idempotent)

    # --- handing over ---------------------------------------------------------------------------

    async def _hand_over(self, held: Held) -> Ended:
        async with self._slots:
            ruling = await self._looked_at_again(held)
            if not ruling.leaves or ruling is NOT_OURS:
                return Ended(held, ruling=ruling)
            try:
                return Ended(held, await self._sender.send(held.parcel))
            except Exception:
                log.exception("sender_failed", reason=str(self._sender.channel))
                return Ended(held, Outcome(Verdict.UNKNOWN, "error"))

    async def _looked_at_again(self, held: Held) -> Ruling:
        """After a wait: what was claimed may have become untrue, too late, or another server's."""
        now = self._clock()
        if self._stopping:
            return GIVEN_BACK
        if not held.envoi.too_late(now) and now - held.taken <= FRESH:
            return STILL
        try:
            return await self._renewed(held)
        except Exception:
            log.exception("outbox_claim_failed", telecontrole=held.envoi.telecontrole)
            return GIVEN_BACK

    async def _renewed(self, held: Held) -> Ruling:
        async with self._registre.transaction() as unite:
            now = self._clock()
            envoi = (await outbox.held(unite.connection, [held.envoi.id])).get(held.envoi.id)
            if envoi is None or not self._is_ours(envoi):
                return NOT_OURS
            # Nothing was handed over under this claim: it adds no doubt.
            ruling = self._ruling(replace(envoi, holder=None), now)
            if ruling.leaves:
                await change(unite.connection, envoi, bail=now + self._pace.lease)
            return ruling

    def _is_ours(self, envoi: Envoi) -> bool:
        return envoi.state is EtatEnvoi.CONFIE and envoi.holder == self._worker

    # --- noting ---------------------------------------------------------------------------------

    async def _note(self) -> None:
        """All that ended together, in one transaction; if that fails, one by one. What cannot be
        noted stays in memory: it is noted later, or its lease ends and it is uncertain."""
        ended, self._work.ended = self._work.ended, []
        if not ended:
            return
        try:
            await self._note_together(ended)
        except Exception:
            log.exception("outbox_note_failed", count=len(ended))
            await self._note_apart(ended)

    async def _note_apart(self, ended: Sequence[Ended]) -> None:
        for one in ended:
            try:
                await self._note_together([one])
            except Exception:
                log.exception("outbox_note_failed", telecontrole=one.held.envoi.telecontrole)
                if self._clock() - one.held.taken < self._pace.lease:
                    self._work.ended.append(one)

    async def _note_together(self, ended: Sequence[Ended]) -> None:
        async with self._registre.transaction() as unite:
            now = self._clock()
            rows = await outbox.held(unite.connection, [one.held.envoi.id for one in ended])
            taken = []
            for one in ended:
                envoi = rows[one.held.envoi.id]
                name = one.outcome.reference if one.outcome else ""
                if not self._is_ours(envoi):
                    if name:
                        # A receipt was quicker than we: only the provider's name is missing.
                        await change(unite.connection, envoi, reference=name[:128])
                elif one.outcome and one.outcome.verdict is Verdict.ACCEPTED:
                    taken.append((envoi, name))
                else:
                    await self._note_one(unite, envoi, one, now)
            await self._endings.sent(unite, taken, now)

    async def _note_one(self, unite: UniteSql, envoi: Envoi, ended: Ended, now: datetime) -> None:
        outcome = ended.outcome
        if outcome is None and ended.ruling is GIVEN_BACK:
            await self._back(unite, envoi, prochain=now, essais=envoi.attempts - 1)
        elif outcome is None:
            await self._endings.settle(unite, envoi, ended.ruling, now)
        elif outcome.verdict is Verdict.REFUSED:
            await self._endings.lost(unite, envoi, EtatEnvoi.ECHEC, outcome.reason, now)
        elif outcome.verdict is Verdict.LATER:
            await self._later(unite, envoi, outcome, now)
        else:
            await self._doubt(unite, envoi, outcome, now)

    async def _later(self, unite: UniteSql, envoi: Envoi, outcome: Outcome, now: datetime) -> None:
        """Nothing was taken: again after a pause, as long as it is of use."""
        again = judgement.next_attempt(
            envoi.attempts, now, envoi.until, self._pace.backoff, outcome.retry_after
        )
        if again is None:
            maybe = envoi.unsure > 0
            state = EtatEnvoi.ECHEC if maybe else EtatEnvoi.PERIME
            reason = judgement.UNCERTAIN if maybe else judgement.TOO_LATE
            await self._endings.lost(unite, envoi, state, reason, now)
            return
        await self._back(unite, envoi, prochain=again, motif=outcome.reason[:64])

    async def _back(self, unite: UniteSql, envoi: Envoi, **values: object) -> None:
        free = {"etat": str(EtatEnvoi.PREPARE), "porteur": None, "bail": None}
        await change(unite.connection, envoi, **(free | values))

    async def _doubt(self, unite: UniteSql, envoi: Envoi, outcome: Outcome, now: datetime) -> None:
        """It may have left: nobody has it in hand, and it is taken up again after a pause."""
        pause = self._pace.lease
        if self._sender.idempotent or envoi.kind is GenreEnvoi.CODE:
            pause = self._pace.backoff[min(envoi.attempts, len(self._pace.backoff)) - 1]
        await change(
            unite.connection,
            envoi,
            porteur=None,
            bail=now + pause,
            incertains=envoi.unsure + 1,
            motif=outcome.reason[:64],
        )


def _words(envoi: Envoi, draft: Draft | None, state: Etat) -> Draft | None:
    """Those of the first attempt, or those written just now, unless `state`, for which they were
    written, is over: then next time."""
    if envoi.content is not None:
        return Draft(envoi.id, envoi.content, envoi.version)
    return draft if envoi.standing is state else None


async def whole(turn: Coroutine[Any, Any, None]) -> None:
    """To its end, even when we are cancelled meanwhile: a claim that was written and then
    forgotten would be uncertain."""
    task = asyncio.create_task(turn)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
