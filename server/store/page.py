"""What a group of jobs needs of the store, read at once; what they change, written at once.

Between the two, everything is in memory and nothing waits: a job sees what the jobs before it
have changed. Read and written within one transaction, never kept beyond it: others write too.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from sqlalchemy.engine import Connection

from controle.chaine import Ligne, Sceau, Tete, chainer_et_ecrire
from controle.presence import Fait
from controle.registre import TelecontroleInconnu
from controle.telecontrole import Etat, Telecontrole
from signaling.protocol import InPerson

from . import bulk
from .bulk import Dismissed, Third, ThirdSeated
from .chains import Mark, marker, row_of
from .facts import MILESTONES, Milestone, Milestones, milestone
from .people import Medecin
from .sql import read


@dataclass(frozen=True, slots=True)
class Needs:
    """What one job will look at."""

    telecontrole: str
    #: Who comes in: a session, a token of single use; then the room's memory is read too.
    session: str = ""
    token: str = ""
    #: Whom the médecin-conseil is in a call with.
    calls: bool = False
    #: The invitation of a third participant who comes in.
    third: str = ""


@dataclass(slots=True)
class Page:
    """The rows of one group, and what becomes of them. `mark`: what its lines are marked with."""

    mark: Mark
    _telecontroles: dict[str, Telecontrole] = field(default_factory=dict)
    _heads: dict[str, Tete] = field(default_factory=dict)
    _medecins: dict[str, Medecin] = field(default_factory=dict)
    _in_call: dict[str, set[str]] = field(default_factory=dict)
    _milestones: dict[str, list[Fait | Milestone]] = field(default_factory=dict)
    _in_person: dict[str, InPerson] = field(default_factory=dict)
    _sessions: dict[str, datetime] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    _thirds: dict[str, Third] = field(default_factory=dict)
    # What is written at the end.
    _tokens: list[dict[str, object]] = field(default_factory=list)
    _lines: list[dict[str, object]] = field(default_factory=list)
    _states: dict[str, Etat] = field(default_factory=dict)
    _seals: list[Sceau] = field(default_factory=list)
    _seats: list[ThirdSeated] = field(default_factory=list)
    _dismissed: list[Dismissed] = field(default_factory=list)

    @classmethod
    def read(cls, connection: Connection, needs: Sequence[Needs]) -> Self:
        """All that these jobs need, in at most six statements; one more for third participants."""
        page = cls(mark=marker(connection))
        rooms = {one.telecontrole for one in needs}
        for un, head, medecin in bulk.telecontroles(connection, rooms):
            page._telecontroles[un.id] = un
            page._medecins[medecin.id] = medecin
            if head is not None:
                page._heads[un.id] = head
        page._read_coming(connection, [one for one in needs if one.token])
        page._read_calls(connection, {one.telecontrole for one in needs if one.calls})
        return page

    def _read_coming(self, connection: Connection, coming: Sequence[Needs]) -> None:
        for reference, expires in bulk.sessions(connection, {one.session for one in coming}):
            self._sessions[reference] = read(expires)
        for third in bulk.thirds(connection, {one.third for one in coming if one.third}):
            self._thirds[third.id] = third
        self._used.update(bulk.used_tokens(connection, {one.token for one in coming}))
        rooms = {one.telecontrole for one in coming} & self._telecontroles.keys()
        for identifier, contenu in bulk.milestones(connection, rooms):
            self._milestones.setdefault(identifier, []).append(milestone(contenu))
        self._in_person.update(bulk.in_person(connection, rooms))

    def _read_calls(self, connection: Connection, rooms: Set[str]) -> None:
        known = self._telecontroles
        asked = {known[one].medecin_conseil for one in rooms & known.keys()}
        for medecin, identifier in bulk.calls(connection, asked):
            self._in_call.setdefault(medecin, set()).add(identifier)

    # --- what a job looks at --------------------------------------------------------------------

    def alive(self, session: str, now: datetime) -> bool:
        """Whether a token made for this session may still be used."""
        return session in self._sessions and self._sessions[session] >= now

    def used(self, token: str) -> bool:
        return token in self._used

    def telecontrole(self, identifier: str) -> Telecontrole:
        """To look at, as the room's rules need it: without what follows it or replaces it.

        :raises TelecontroleInconnu: there is none.
        """
        if identifier not in self._telecontroles:
            raise TelecontroleInconnu
        return self._telecontroles[identifier]

    def medecin(self, identifier: str) -> Medecin:
        return self._medecins[identifier]

    def in_call(self, medecin: str) -> frozenset[str]:
        """The télécontrôles that this médecin-conseil is in a call with: one at most."""
        return frozenset(self._in_call.get(medecin, ()))

    def milestones(self, identifier: str) -> Milestones:
        return Milestones(self._milestones.get(identifier, ()))

    def in_person(self, identifier: str) -> InPerson | None:
        return self._in_person.get(identifier)

    def third(self, identifier: str) -> Third | None:
        """The invitation of a third participant."""
        return self._thirds.get(identifier)

    # --- what it changes ------------------------------------------------------------------------

    def use(self, token: str, expires: int) -> None:
        self._used.add(token)
        self._tokens.append({"jti": token, "expire": expires})

    def seat_third(self, seated: ThirdSeated) -> None:
        self._seats.append(seated)

    def dismiss_third(self, dismissed: Dismissed) -> None:
        self._dismissed.append(dismissed)

    def draft(self, identifier: str) -> "Draft":
        """What a job makes of one télécontrôle; nothing of it counts before `keep`.

        :raises TelecontroleInconnu: there is none.
        """
        un = Telecontrole(**vars(self.telecontrole(identifier)))
        return Draft(self, un, self._heads.get(identifier))

    def keep(self, draft: "Draft") -> None:
        un = draft.un
        if un.etat is not self._telecontroles[un.id].etat:
            self._states[un.id] = un.etat
            calls = self._in_call.setdefault(un.medecin_conseil, set())
            (calls.add if un.etat is Etat.EN_COURS else calls.discard)(un.id)
        self._telecontroles[un.id] = un
        if draft.head is not None:
            self._heads[un.id] = draft.head
        known = self._milestones.setdefault(un.id, [])
        known.extend(line.fait for line in draft.lines if line.fait.genre in MILESTONES)
        self._lines.extend(draft.rows)
        self._seals.extend(draft.seals)

    def write(self, connection: Connection) -> None:
        """All that was kept."""
        bulk.insert_tokens(connection, self._tokens)
        bulk.insert_lines(connection, self._lines)
        bulk.update_states(connection, self._states)
        bulk.insert_seals(connection, self._seals)
        bulk.seat_thirds(connection, self._seats)
        bulk.dismiss_thirds(connection, self._dismissed)


class Draft:
    """One job's work on one télécontrôle and the end of its chain."""

    __slots__ = ("_page", "head", "lines", "rows", "seals", "un")

    def __init__(self, page: Page, un: Telecontrole, head: Tete | None) -> None:
        self._page = page
        self.un = un
        self.head = head
        self.lines: list[Ligne] = []
        self.rows: list[dict[str, object]] = []
        self.seals: list[Sceau] = []

    def inscribe(self, fact: Fait) -> None:
        line, text = chainer_et_ecrire(self.un.id, self.head, fact)
        self.head = line.tete
        self.lines.append(line)
        self.rows.append(row_of(line, text, self._page.mark))

    def seal(self, sceau: Sceau) -> None:
        self.seals.append(sceau)

    def keep(self) -> None:
        """Now it counts: for the jobs after this one, and in the store."""
        self._page.keep(self)
