"""Reads what the other places kept: the append-only file, saved mails, tokens; nothing is believed
before it is verified."""

import email
import email.policy
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from controle.forme import FormeIllisible
from controle.temoignage import Changement, Constat, Suite, TeteRegistre, est_signee
from controle.verification import SignatureValide

from .mail_place import BEGIN, END
from .stamp_place import TokenRefused, digest_of

#: A mail or a token of ours is some kilobytes.
LONGEST_MAIL = 1_000_000
SUFFIXES = frozenset({".jsonl", ".eml", ".tsr"})


@dataclass(frozen=True, slots=True)
class Token:
    """A time stamp, and the hash it is about."""

    file: str
    digest: str
    data: bytes


@dataclass
class Elsewhere:
    """`suites`: what each place attests; `findings`: what cannot be read or is not signed."""

    suites: list[Suite] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    findings: list[Constat] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, paths: list[Path], valid: SignatureValide) -> "Elsewhere":
        """:raises OSError: a path that is not there."""
        found = cls()
        for path in paths:
            for file in _files(path):
                found._take(file, valid)
        return found

    def _take(self, file: Path, valid: SignatureValide) -> None:
        if file.suffix == ".eml":
            self._mail(file, valid)
        elif file.suffix == ".tsr":
            self._token(file)
        else:
            self._lines(file, valid)

    def _lines(self, file: Path, valid: SignatureValide) -> None:
        suite = Suite(f"du témoin {file.name}", valid)
        broken = 0
        with file.open("rb") as opened:
            for line in opened:
                read = entry(line)
                if read is None:
                    broken += 1
                else:
                    suite.ajouter(*read)
        if broken:
            # Half a line is what a power loss leaves; the head itself comes again after it.
            self.notes.append(f"{file.name} : {broken} ligne(s) illisible(s), passée(s)")
        self.suites.append(suite)

    def _mail(self, file: Path, valid: SignatureValide) -> None:
        where = Constat(f"Courriel {file.name}", "il ne porte pas de tête du service")
        try:
            if file.stat().st_size > LONGEST_MAIL:
                raise ValueError
            head = TeteRegistre.depuis_dict(json.loads(_between(file)))
        except (ValueError, FormeIllisible, RecursionError):
            self.findings.append(where)
            return
        if not est_signee(head, valid):
            self.findings.append(where)
            return
        suite = Suite(f"du courriel {file.name}", valid)
        # Alone, without its changes: only which head it is counts.
        suite.derniere, suite.empreintes[head.numero] = head, head.empreinte
        self.suites.append(suite)

    def _token(self, file: Path) -> None:
        try:
            if file.stat().st_size > LONGEST_MAIL:
                raise TokenRefused("long")
            data = file.read_bytes()
            self.tokens.append(Token(file.name, digest_of(data), data))
        except TokenRefused:
            self.findings.append(Constat(f"Horodatage {file.name}", "il est illisible"))


def _files(path: Path) -> Iterator[Path]:
    """A file, or those of a folder that we know how to read."""
    if path.is_dir():
        yield from sorted(one for one in path.iterdir() if one.suffix in SUFFIXES)
    elif path.is_file():
        yield path
    else:
        raise FileNotFoundError(path)


def entry(line: bytes) -> tuple[TeteRegistre, list[Changement]] | None:
    """A line of the file; None: it cannot be read."""
    try:
        content = json.loads(line)
        head = TeteRegistre.depuis_dict(content["tete"])
        return head, changes_of(content["changements"])
    except (ValueError, KeyError, TypeError, RecursionError, FormeIllisible):
        return None


def changes_of(lists: object) -> list[Changement]:
    """:raises FormeIllisible:"""
    if not isinstance(lists, list):
        raise FormeIllisible
    return [Changement.depuis_liste(one) for one in lists]


def _between(file: Path) -> str:
    """What stands between our marks in the text of a mail, as it was saved.

    :raises ValueError: there are none.
    """
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    body = mail.get_body(("plain",))
    if body is None:
        raise ValueError
    _, found, rest = body.get_content().partition(BEGIN)
    head, ended, _ = rest.partition(END)
    if not found or not ended:
        raise ValueError
    return "".join(head.split("\n"))
