"""The audit: is this store, or this copy of one, what the service wrote and the witnesses knew?

It writes nothing, believes nothing, and names the first thing that does not agree. Memory: what
the heads attest, and one chain at a time.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from cryptography import x509
from sqlalchemy import Select, select
from sqlalchemy.engine import Connection

from controle.chaine import Ligne, Sceau
from controle.examen import Chaine, Inscrite, examiner
from controle.forme import FormeIllisible
from controle.temoignage import Constat, Jalon, Suite, TeteRegistre, comparer
from controle.verification import SignatureValide
from server.store import schema as t
from server.store.sql import issue_of

from .elsewhere import Elsewhere, changes_of
from .erasure import text_of
from .line_keys import LineKeys, is_afterwards
from .stamp_place import TokenRefused, imprint, verified

#: Rows that are fetched at once; télécontrôles that are asked for at once.
ROWS, ASKED = 2_000, 400
#: What is named; a store that was rewritten from end to end would name all of it.
NAMED = 20


@dataclass
class Report:
    """`findings`: in the order in which they are best read; `notes`: what was not checked."""

    findings: list[Constat] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    telecontroles: int = 0
    lines: int = 0
    afterwards: int = 0
    unattested: int = 0
    erased: int = 0
    stamped: datetime | None = None
    head: TeteRegistre | None = None

    def found(self, finding: Constat | None) -> None:
        if finding is not None and len(self.findings) < NAMED:
            self.findings.append(finding)


class Audit:
    """`lines`: the keys of marks (None: they cannot be verified); `roots`: the authority's;
    `since`: only the chains that changed from then on."""

    def __init__(
        self,
        connection: Connection,
        valid: SignatureValide,
        elsewhere: Elsewhere,
        *,
        lines: LineKeys | None = None,
        roots: Sequence[x509.Certificate] = (),
        since: datetime | None = None,
    ) -> None:
        self._connection = connection
        self._valid = valid
        self._elsewhere = elsewhere
        self._keys = lines
        self._roots = roots
        self._since = since
        self._store = Suite("du registre", valid)
        #: Of each head of the store: what a time stamp of it is about.
        self._imprints: dict[str, TeteRegistre] = {}
        #: The télécontrôles that changed since `since`.
        self._recent: set[str] = set()
        self.report = Report()

    def run(self) -> Report:
        report = self.report
        self._read_heads()
        for suite in self._elsewhere.suites:
            report.found(comparer(self._store, suite))
            report.found(suite.rupture)
        report.findings += self._elsewhere.findings
        report.found(self._store.rupture)
        report.notes += self._elsewhere.notes
        report.head = self._store.derniere
        self._check_tokens()
        self._check_chains()
        if self._keys is None:
            report.notes.append("les marques n'ont pas été vérifiées : sans les clés des lignes")
        return report

    # --- heads ----------------------------------------------------------------------------------

    def _read_heads(self) -> None:
        for row in self._stream(select(t.tete).order_by(t.tete.c.numero)):
            try:
                head = TeteRegistre.depuis_dict(json.loads(row.contenu))
                changes = changes_of(json.loads(row.changements))
            except (ValueError, FormeIllisible, RecursionError):
                self._store.rompre(row.numero, "elle est illisible")
                return
            if (row.numero, row.empreinte) != (head.numero, head.empreinte):
                self._store.rompre(row.numero, "elle n'est pas à sa place")
                return
            if self._store.derniere is None and head.numero != 1:
                self._store.rompre(1, "elle manque")
                return
            self._store.ajouter(head, changes)
            if self._store.rupture is not None:
                return
            self._imprints[imprint(head)] = head
            if self._since is not None and head.instant >= self._since:
                self._recent.update(one.telecontrole for one in changes)

    def _check_tokens(self) -> None:
        for token in self._elsewhere.tokens:
            where = f"Horodatage {token.file}"
            head = self._imprints.get(token.digest)
            if head is None:
                self.report.found(Constat(where, "aucune tête du registre n'est celle qu'il date"))
                continue
            if not self._roots:
                self.report.notes.append(f"{token.file} : signature non vérifiée (--roots)")
                continue
            try:
                when = verified(token.data, head, self._roots)
            except TokenRefused:
                self.report.found(Constat(where, "il n'est pas d'une autorité reconnue"))
                continue
            self.report.stamped = max(filter(None, (self.report.stamped, when)))

    # --- chains ---------------------------------------------------------------------------------

    def _check_chains(self) -> None:
        milestones, seals, issues = self._milestones(), self._seals(), self._issues()
        gone = self._erased()
        for identifier, rows in groupby(self._lines(), key=lambda row: row.telecontrole):
            known = milestones.pop(identifier, [])
            chain = Chaine(
                telecontrole=identifier,
                inscrites=[self._read(row) for row in rows],
                jalons=[one for one in known if not one.efface],
                sceaux=seals.get(identifier, []),
                issues=issues.pop(identifier, {}),
            )
            self.report.telecontroles += 1
            self.report.lines += len(chain.inscrites)
            self.report.found(examiner(chain, self._valid))
        if self._since is None:
            self._check_orphans(issues)
        for identifier, known in milestones.items():
            if identifier in gone or known[-1].efface:
                self.report.erased += 1
            elif self._since is None or identifier in self._recent:
                last = max(known, key=lambda one: one.longueur)
                raison = f"il manque : la tête {last.numero} en atteste {last.longueur} lignes"
                self.report.found(Constat(f"Télécontrôle {identifier}", raison))

    def _check_orphans(self, issues: dict[str, dict[int, str]]) -> None:
        """An outcome of a télécontrôle that has no line at all."""
        for identifier, versions in issues.items():
            chain = Chaine(identifier, [], [], [], versions)
            self.report.found(examiner(chain, self._valid))

    def _milestones(self) -> dict[str, list[Jalon]]:
        """What the store's own heads attest, and those of the other places."""
        merged = {one: list(known) for one, known in self._store.jalons.items()}
        for suite in self._elsewhere.suites:
            for identifier, known in suite.jalons.items():
                both = merged.get(identifier, []) + known
                merged[identifier] = list(dict.fromkeys(both))
        return merged

    def _lines(self) -> Iterator[Any]:
        c = t.ligne.c
        query = select(t.ligne).order_by(c.telecontrole, c.seq)
        if self._since is None:
            yield from self._stream(query)
            return
        fresh = select(c.telecontrole).where(c.attestee.is_(None)).distinct()
        wanted = sorted(self._recent | set(self._connection.scalars(fresh)))
        for start in range(0, len(wanted), ASKED):
            yield from self._stream(query.where(c.telecontrole.in_(wanted[start : start + ASKED])))

    def _read(self, row: Any) -> Inscrite:
        """A line as it stands; its columns must say what it says."""
        if row.attestee is None:
            self.report.unattested += 1
        try:
            line = Ligne.depuis_dict(json.loads(row.contenu))
        except (ValueError, FormeIllisible, RecursionError):
            return Inscrite(None, None)
        said = (line.telecontrole, line.seq, str(line.fait.genre), line.empreinte)
        if said != (row.telecontrole, row.seq, row.genre, row.empreinte):
            return Inscrite(None, None)
        return Inscrite(line, self._marked(row))

    def _marked(self, row: Any) -> bool | None:
        if row.marque is None:
            return False
        if is_afterwards(row.marque):
            self.report.afterwards += 1
        return None if self._keys is None else self._keys.verifies(row.marque, row.contenu)

    def _seals(self) -> dict[str, list[Sceau | None]]:
        found: defaultdict[str, list[Sceau | None]] = defaultdict(list)
        for row in self._stream(select(t.sceau).order_by(t.sceau.c.id)):
            try:
                found[row.telecontrole].append(Sceau.depuis_dict(json.loads(row.contenu)))
            except (ValueError, FormeIllisible, RecursionError):
                found[row.telecontrole].append(None)
        return found

    def _issues(self) -> dict[str, dict[int, str]]:
        """By version, the hash of each outcome; empty where it cannot be one."""
        found: defaultdict[str, dict[int, str]] = defaultdict(dict)
        for row in self._stream(select(t.issue)):
            try:
                digest = issue_of(row._mapping).empreinte()
            except (ValueError, TypeError, KeyError):
                digest = ""
            found[row.telecontrole][row.version] = digest
        return found

    def _erased(self) -> set[str]:
        """Those whose destruction was said, with a good mark."""
        found = set()
        for row in self._stream(select(t.efface)):
            text = text_of(row.telecontrole, row.longueur, row.tete, row.instant)
            if self._keys is None or self._keys.verifies(row.marque or "", text):
                found.add(row.telecontrole)
            else:
                where = f"Télécontrôle {row.telecontrole}"
                self.report.found(Constat(where, "son effacement n'est pas du service"))
        return found

    def _stream(self, query: Select[Any]) -> Iterator[Any]:
        return iter(self._connection.execution_options(yield_per=ROWS).execute(query))
