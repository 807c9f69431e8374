"""One line of the access journal, and the mark that ties it to the one before.

A mark is an HMAC under a key that the database does not hold: whoever edits, moves, adds or cuts
lines cannot make the marks that would hide it. No content and no name is in a line.
"""

import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from enum import StrEnum

GENESIS = "0" * 64
PURPOSE = b"telecontrole acces 1\n"


class Access(StrEnum):
    """What was done; its words are in LABELS."""

    NOTE_READ = "note_lue"
    NOTE_WRITTEN = "note_ecrite"
    NOTE_ERASED = "note_effacee"
    DOCUMENT_READ = "document_lu"
    RECORD_EXPORTED = "releve_exporte"
    OPENED = "telecontrole_ouvert"
    CONTACTS_READ = "coordonnees_lues"
    MESSAGE_READ = "message_lu"
    LIST_READ = "liste_lue"
    LIST_EXPORTED = "liste_exportee"
    SENDS_READ = "envois_lus"
    SENDS_EXPORTED = "envois_exportes"
    PERSON_TOLD = "donnees_communiquees"
    PERSON_ERASED = "personne_effacee"
    JOURNAL_READ = "journal_lu"
    JOURNAL_PURGED = "journal_purge"


LABELS: dict[Access, str] = {
    Access.NOTE_READ: "Note médicale lue",
    Access.NOTE_WRITTEN: "Note médicale écrite",
    Access.NOTE_ERASED: "Notes médicales détruites",
    Access.DOCUMENT_READ: "Document lu",
    Access.RECORD_EXPORTED: "Relevé exporté",
    Access.OPENED: "Télécontrôle ouvert",
    Access.CONTACTS_READ: "Coordonnées lues",
    Access.MESSAGE_READ: "Message lu",
    Access.LIST_READ: "Liste lue",
    Access.LIST_EXPORTED: "Liste exportée",
    Access.SENDS_READ: "Liste des envois lue",
    Access.SENDS_EXPORTED: "Liste des envois exportée",
    Access.PERSON_TOLD: "Données communiquées à la personne",
    Access.PERSON_ERASED: "Données d'une personne effacées",
    Access.JOURNAL_READ: "Journal lu",
    Access.JOURNAL_PURGED: "Journal purgé",
}


@dataclass(frozen=True, slots=True)
class Who:
    """`role`: medecin_conseil, agent, assure or exploitant; `session`: its reference, which opens
    nothing."""

    id: str
    role: str
    session: str = ""


def operator() -> Who:
    """An account of the machine, by its number: its name could be a person's."""
    return Who(f"uid-{os.getuid()}", "exploitant")


@dataclass(frozen=True, slots=True)
class Line:
    """`target`: which of several, where the télécontrôle does not say it: a version, an id."""

    seq: int
    #: As it is stored, like the kind: whatever somebody may have made of it can be read.
    at: str
    who: Who
    kind: str
    telecontrole: str
    target: str
    #: The mark of the line before.
    before: str
    key: int
    mark: str = ""

    def marked(self, key: bytes) -> str:
        """The mark that this line must have."""
        content = json.dumps(
            [
                self.seq, self.at, self.who.id, self.who.role, self.who.session,
                self.kind, self.telecontrole, self.target, self.before, self.key,
            ],
            ensure_ascii=False,
            separators=(",", ":"),
        )  # fmt: skip
        return hmac.new(key, PURPOSE + content.encode(), hashlib.sha256).hexdigest()


def purged_to(line: Line) -> tuple[int, str]:
    """Of a purge: the last line that went, and its mark."""
    seq, _, mark = line.target.partition(":")
    return (int(seq), mark) if seq.isdecimal() else (0, "")
