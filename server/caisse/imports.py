"""Planning by file: every line examined, each with its report, all or the good ones kept."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from controle.agenda import Plage
from controle.refus import Refus
from server.store.people import Agent
from server.store.sql import RegistreSql, UniteSql
from server.web.agent_messages import ImportReport, LineError, LineReport, PlanForm

from .asked import Asked, DejaPlanifie
from .contacts import ReferenceDAutrui, same_name
from .planning import Planning
from .tables import Line

#: Lines kept at a time: nobody else writes meanwhile, and somebody may be at the door.
TOGETHER = 20


class _NotAll(Exception):
    """One line is refused: nothing of the file is kept."""


@dataclass
class _Held:
    """What earlier lines of the same file take, while nothing is written."""

    slots: dict[str, list[Plage]] = field(default_factory=dict)
    starts: set[tuple[str, str]] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)

    def add(self, asked: Asked) -> None:
        self.slots.setdefault(asked.medecin, []).append(asked.plage)
        reference = asked.assure.reference
        if reference:
            self.starts.add((reference, asked.plage.debut.isoformat()))
            self.names[reference] = asked.assure.nom

    def refuses(self, asked: Asked) -> Refus | None:
        reference = asked.assure.reference
        if (reference, asked.plage.debut.isoformat()) in self.starts:
            return DejaPlanifie()
        name = self.names.get(reference)
        if name is not None and not same_name(name, asked.assure.nom):
            return ReferenceDAutrui()
        return None


class Imports:
    """Checks without writing first: whoever only tries holds nobody up."""

    def __init__(self, *, registre: RegistreSql, planning: Planning) -> None:
        self._registre = registre
        self._planning = planning

    async def run(
        self, agent: Agent, lines: Sequence[Line], *, whole: bool, dry: bool
    ) -> ImportReport:
        """`whole`: all or nothing; `dry`: nothing is planned, whatever the report says."""
        if dry or whole:
            reports = await self._examined(agent, lines)
            refused = any(not one.accepted for one in reports)
            if dry or refused or not reports:
                return _report(reports, applied=False)
            return await self._all(agent, lines)
        return await self._each(agent, lines)

    async def _examined(self, agent: Agent, lines: Sequence[Line]) -> list[LineReport]:
        held, reports = _Held(), []
        async with self._registre.lecture() as unite:
            for line in lines:
                reports.append(await self._examine(unite, agent, line, held))
        return reports

    async def _examine(self, unite: UniteSql, agent: Agent, line: Line, held: _Held) -> LineReport:
        if line.form is None:
            return _refused(line, line.errors)
        asked, wrong = await self._planning.examine(unite, agent.caisse, line.form, held.slots)
        if asked is not None and (again := held.refuses(asked)) is not None:
            wrong = [again]
        if asked is None or wrong:
            return _refused(line, _errors(wrong))
        held.add(asked)
        return LineReport(line=line.number, accepted=True, id=None, errors=[])

    async def _all(self, agent: Agent, lines: Sequence[Line]) -> ImportReport:
        """Somebody may have taken a slot since: then nothing is kept, and the report says why."""
        reports: list[LineReport] = []
        try:
            async with self._registre.quick_transaction() as unite:
                for line in lines:
                    reports.append(await self._plan(unite, agent, line))
                if any(not one.accepted for one in reports):
                    raise _NotAll
        except _NotAll:
            unkept = [
                LineReport(line=r.line, accepted=r.accepted, id=None, errors=r.errors)
                for r in reports
            ]
            return _report(unkept, applied=False)
        await self._planning.tell()
        return _report(reports, applied=True)

    async def _each(self, agent: Agent, lines: Sequence[Line]) -> ImportReport:
        reports: list[LineReport] = []
        for start in range(0, len(lines), TOGETHER):
            async with self._registre.quick_transaction() as unite:
                for line in lines[start : start + TOGETHER]:
                    reports.append(await self._plan(unite, agent, line))
            await self._planning.tell()
        return _report(reports, applied=any(one.accepted for one in reports))

    async def _plan(self, unite: UniteSql, agent: Agent, line: Line) -> LineReport:
        """Examined and written in the same transaction: what is refused has written nothing."""
        # The store may answer without waiting for anything: who is in a call is heard in between.
        await asyncio.sleep(0)
        if line.form is None:
            return _refused(line, line.errors)
        asked, wrong = await self._planning.examine(unite, agent.caisse, line.form)
        if asked is None:
            return _refused(line, _errors(wrong))
        un = await self._planning.write(unite, asked, agent.id)
        return LineReport(line=line.number, accepted=True, id=un.id, errors=[])


def _refused(line: Line, errors: list[LineError]) -> LineReport:
    return LineReport(line=line.number, accepted=False, id=None, errors=errors)


def _errors(wrong: Sequence[Refus]) -> list[LineError]:
    return [LineError(field=one.champ or "", code=one.code, message=one.message) for one in wrong]


def _report(lines: list[LineReport], *, applied: bool) -> ImportReport:
    accepted = sum(one.accepted for one in lines)
    return ImportReport(
        accepted=accepted, refused=len(lines) - accepted, applied=applied, lines=lines
    )


def model(doctor: str, first_date: str, minutes: int) -> list[list[str]]:
    """A file that would be accepted but for its imaginary person."""
    line = PlanForm(
        civility="Mme",
        name="Exemple",
        reference="REF-0001",
        context="arret_de_travail",
        doctor=doctor,
        start=f"{first_date}T09:00",
        minutes=minutes,
        mail="exemple@exemple.fr",
        phone="06 39 98 00 00",
        language="fr",
    )
    names = list(line.__struct_fields__)
    return [names, [str(getattr(line, name)) for name in names]]
