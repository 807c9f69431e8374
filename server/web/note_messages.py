"""The medical notes, between the console of a médecin-conseil and this service; nobody else's.

`web-client/api.d.ts` is printed from here too.
"""

from typing import Annotated

from msgspec import Meta

from .messages import Body


class NoteForm(Body, frozen=True):
    """PUT /api/console/telecontroles/{id}/note: the text as it is now, and the revision that it
    was written over (0: there was none)."""

    text: Annotated[str, Meta(max_length=60_000)]
    revision: Annotated[int, Meta(ge=0)]


class NoteVersion(Body, frozen=True):
    """One version: whose, and when it was written last."""

    version: int
    author: str
    at: str


class NoteText(Body, frozen=True):
    """GET …/note/versions/{version}: a former version."""

    version: int
    author: str
    at: str
    text: str


class Note(Body, frozen=True):
    """GET or PUT …/note: the last version, and what there was before it."""

    text: str
    #: To be sent back with the next text; another one by then: 409.
    revision: int
    version: int
    #: Empty: nothing was written yet.
    author: str
    saved: str | None
    #: An outcome is signed: what is written now becomes a version of its own.
    sealed: bool
    #: Characters that one version may have.
    characters: int
    before: list[NoteVersion]
