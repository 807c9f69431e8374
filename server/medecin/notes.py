"""The notes of a médecin-conseil on their own télécontrôle: who may, and on the journal first.

R.4127-104 CSP: what is written here is for the service médical, never for the caisse.
"""

from collections.abc import Sequence

from controle.refus import Refus
from server.clock import SystemClock
from server.identity.sessions import Session
from server.journal.lines import Access, Who
from server.journal.store import Journal
from server.notes.store import Kept, NotesStore
from server.store import people
from server.store.sql import RegistreSql, UniteSql
from server.web.note_messages import Note, NoteForm, NoteText, NoteVersion

from .outcomes import own

#: What a text may hold beside what is printed.
BLANKS = frozenset("\n\t")
FIRST_PRINTED = " "
DELETE = "\x7f"


class NoteTropLongue(Refus):
    """More characters than one version may have."""

    code = "note_trop_longue"
    champ = "text"


class NoteIllisible(Refus):
    """Something else than text."""

    code = "note_illisible"
    phrase = "Cette note contient des caractères qui ne sont pas du texte."
    champ = "text"


class NoteInconnue(Refus):
    """No such version."""

    code = "note_inconnue"
    phrase = "Cette version n'existe pas."


class Notes:
    """`characters`: the longest text."""

    def __init__(
        self,
        *,
        clock: SystemClock,
        registre: RegistreSql,
        store: NotesStore,
        journal: Journal,
        characters: int,
    ) -> None:
        self._clock = clock
        self._registre = registre
        self._store = store
        self._journal = journal
        self._characters = characters

    async def read(self, session: Session, telecontrole: str) -> Note:
        """The last version; an empty one where nothing was written, which nobody has read.

        :raises TelecontroleInconnu: it is not there, or not theirs.
        :raises Away: the notes or the journal.
        """
        sealed = await self._own(session, telecontrole)
        history = await self._store.history(telecontrole)
        if history:
            number = str(history[-1].version)
            await self._journal.write(who(session), Access.NOTE_READ, telecontrole, number)
        return await self._shown(history, sealed=sealed)

    async def version(self, session: Session, telecontrole: str, number: int) -> NoteText:
        """:raises NoteInconnue: there is no such version."""
        await self._own(session, telecontrole)
        kept = await self._store.version(telecontrole, number)
        if kept is None:
            raise NoteInconnue
        await self._journal.write(who(session), Access.NOTE_READ, telecontrole, str(number))
        names = await self._names([kept])
        return NoteText(
            version=kept.version,
            author=names[kept.author],
            at=kept.at.isoformat(),
            text=kept.text,
        )

    async def save(self, session: Session, telecontrole: str, form: NoteForm) -> Note:
        """:raises NoteConcurrente: somebody has saved since; nothing is written.
        :raises NoteTropLongue, NoteIllisible, TropDeVersions: it is not taken.
        """
        text = self._checked(form.text)
        sealed = await self._own(session, telecontrole)

        async def journal(number: int) -> None:
            target = str(number)
            await self._journal.write(who(session), Access.NOTE_WRITTEN, telecontrole, target)

        history = await self._store.save(
            telecontrole,
            text,
            session.subject,
            self._clock(),
            revision=form.revision,
            sealed=sealed,
            before=journal,
        )
        return await self._shown(history, sealed=sealed)

    def _checked(self, text: str) -> str:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if len(text) > self._characters:
            raise NoteTropLongue(f"Cette note dépasse {self._characters} caractères.")
        printed = (one >= FIRST_PRINTED and one != DELETE for one in text if one not in BLANKS)
        if not all(printed) or any("\ud800" <= one <= "\udfff" for one in text):
            raise NoteIllisible
        return text

    async def _own(self, session: Session, telecontrole: str) -> bool:
        """Whether an outcome of it is signed.

        :raises TelecontroleInconnu: it is not there, or not theirs: the same answer.
        """
        async with self._registre.glance() as unite:
            un = await own(unite, session, telecontrole)
            return bool(await unite.issues(un.id))

    async def _shown(self, history: Sequence[Kept], *, sealed: bool) -> Note:
        names = await self._names(history)
        last = history[-1] if history else None
        return Note(
            text=last.text if last else "",
            revision=last.revision if last else 0,
            version=last.version if last else 0,
            author=names[last.author] if last else "",
            saved=last.at.isoformat() if last else None,
            sealed=sealed,
            characters=self._characters,
            before=[
                NoteVersion(version=one.version, author=names[one.author], at=one.at.isoformat())
                for one in history[:-1]
            ],
        )

    async def _names(self, history: Sequence[Kept]) -> dict[str, str]:
        async with self._registre.glance() as unite:
            return {one.author: await _name(unite, one.author) for one in history}


async def _name(unite: UniteSql, doctor: str) -> str:
    return (await people.medecin(unite.connection, doctor)).nom


def who(session: Session) -> Who:
    return Who(session.subject, "medecin_conseil", session.reference)
