"""Documents joined to a justification: known by their content, cleaned, kept encrypted.

A picture is decoded and encoded anew: no position, no serial number, nothing behind its end. A
PDF is kept as it is, and refused where it could act by itself. Nothing takes longer than a large
photo does.
"""

import asyncio
import io
import re
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from PIL import Image, ImageOps
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.refus import Refus
from server.store import schema as t
from server.store.sealed import Person, PersonneEffacee, safe_of

from .pdf import hazard

PURPOSE = "piece"
JPEG = b"\xff\xd8\xff"
PICTURES = (JPEG, b"\x89PNG\r\n\x1a\n")
#: What almost any phone's camera gives in one picture.
MAX_PIXELS = 51_000_000
#: What is held in memory: an A4 page at 600 dots per inch. A larger JPEG is decoded at a half.
LOADED_PIXELS = 36_000_000
#: An A4 page at 300 dots per inch: what is larger is made so.
MAX_SIDE = 3_508
READABLE_SIDE = 2_400
QUALITY = 88
#: Each scan of a progressive JPEG goes over the whole picture: five megabytes may hold sixty
#: thousand of them, ten minutes of a processor. Cameras and programs write a dozen.
MAX_SCANS = 64
#: The next marker that a decoder obeys, whatever lies before it: no stuffing, restart or reserved
#: one (ITU-T T.81, B.1.1).
MARKER = re.compile(rb"\xff([\xc0-\xcf\xd8-\xfe])")
SOI, EOI, SOS = 0xD8, 0xD9, 0xDA
#: Modes in which a picture is made smaller by averaging; a palette would be averaged to nonsense.
SCALABLE = frozenset({"L", "LA", "RGB", "RGBA", "CMYK"})


class DocumentRefused(Refus):
    """Not one that is taken; its message says what to do instead."""

    champ = "document"


class DocumentTooLarge(DocumentRefused):
    code = "document_trop_lourd"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"Ce document est trop lourd : {limit // 1_000_000} Mo au plus. Photographiez une "
            "seule page, ou envoyez votre demande sans document."
        )


class DocumentUnknown(DocumentRefused):
    code = "document_inconnu"
    phrase = "Ce type de document n'est pas accepté. Envoyez un PDF, ou une photo JPEG ou PNG."


class DocumentHeic(DocumentRefused):
    code = "document_heic"
    phrase = (
        "Ce format de photo (HEIC) ne se lit pas partout. Faites une capture d'écran de la photo "
        "et envoyez la capture, ou choisissez « Le plus compatible » dans les réglages de "
        "l'appareil photo."
    )


class DocumentErased(Refus):
    """It was given by somebody who was erased since."""

    code = "document_efface"
    phrase = "Ce document a été effacé."


class DocumentBroken(DocumentRefused):
    code = "document_illisible"
    phrase = "Ce document est vide, abîmé ou incomplet. Choisissez-en un autre."


class PictureTooLarge(DocumentRefused):
    code = "image_trop_grande"
    phrase = "Cette image est trop grande. Envoyez plutôt une capture d'écran de la photo."


class PdfProtected(DocumentRefused):
    code = "pdf_protege"
    phrase = (
        "Ce PDF est protégé par un mot de passe. Enregistrez-le sans mot de passe, ou envoyez une "
        "photo de la page."
    )


class PdfActive(DocumentRefused):
    code = "pdf_actif"
    phrase = (
        "Ce PDF contient un programme ou un autre fichier : il ne peut pas être accepté. Envoyez "
        "plutôt une photo ou une capture d'écran de la page."
    )


HAZARDS: dict[str, type[DocumentRefused]] = {
    "broken": DocumentBroken,
    "protected": PdfProtected,
    "active": PdfActive,
}


@dataclass(frozen=True, slots=True)
class Document:
    """`type`: application/pdf or image/jpeg, as its content says, whatever its name said."""

    type: str
    content: bytes


class Documents:
    """`limit`: bytes of one document, as it comes; `clean`: what may be kept of it."""

    def __init__(self, limit: int, clean: Callable[[bytes], Document] | None = None) -> None:
        self.limit = limit
        self._clean = clean or cleaned
        #: A large picture takes much memory while it is open: one at a time, also where nobody
        #: waits for it any more. A thread of their own: messages are written in the common ones.
        self._one = ThreadPoolExecutor(1, "document")

    async def cleaned(self, content: bytes) -> Document:
        """What may be kept of it.

        :raises DocumentRefused: neither a PDF nor a picture, or not a safe one.
        """
        if len(content) > self.limit:
            raise DocumentTooLarge(self.limit)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._one, self._clean, content)

    async def keep(
        self, connection: AsyncConnection, justification: str, document: Document
    ) -> None:
        """:raises PersonneEffacee: whose it is was erased."""
        whose = await _whose(connection, justification)
        if whose is None:
            raise PersonneEffacee
        await connection.execute(
            insert(t.piece).values(
                justification=justification,
                type=document.type,
                taille=len(document.content),
                contenu=whose.seal(PURPOSE, justification, document.content),
            )
        )

    async def open(self, connection: AsyncConnection, justification: str) -> Document | None:
        """The document as it was kept. Who may ask for it is for the caller to know.

        :raises DocumentErased: whose it was was erased.
        :raises Unreadable: it is not what was sealed for this justification.
        """
        mine = select(t.piece).where(t.piece.c.justification == justification)
        row = (await connection.execute(mine)).first()
        if row is None:
            return None
        whose = await _whose(connection, justification)
        if whose is None:
            raise DocumentErased
        return Document(row.type, whose.open(PURPOSE, justification, row.contenu))


async def _whose(connection: AsyncConnection, justification: str) -> Person | None:
    rows = await connection.execute(
        select(t.assure.c.id, t.assure.c.cle)
        .join(t.telecontrole, t.telecontrole.c.assure == t.assure.c.id)
        .join(t.justification, t.justification.c.telecontrole == t.telecontrole.c.id)
        .where(t.justification.c.id == justification)
    )
    row = rows.one()
    return safe_of(connection).person(row.id, row.cle)


def cleaned(content: bytes) -> Document:
    """By its first bytes; the name and the type that a browser gives are not looked at.

    :raises DocumentRefused: it is not one that is taken.
    """
    if not content:
        raise DocumentBroken
    if content.startswith(b"%PDF-"):
        found = hazard(content)
        if found:
            raise HAZARDS[found]
        return Document("application/pdf", content)
    if content.startswith(PICTURES):
        if content.startswith(JPEG) and scans(content) > MAX_SCANS:
            raise PictureTooLarge
        return Document("image/jpeg", redrawn(content))
    raise DocumentHeic if content[4:8] == b"ftyp" else DocumentUnknown


def scans(content: bytes) -> int:
    """How many a JPEG goes over its picture, found as a decoder finds them: from marker to marker,
    up to its end. What lies within a segment (the small picture of an EXIF) counts for nothing."""
    count = place = 0
    while found := MARKER.search(content, place):
        marker, place = content[found.start(1)], found.end()
        if marker == EOI:
            break
        count += marker == SOS
        if marker != SOI:
            place += int.from_bytes(content[place : place + 2], "big")
    return count


def redrawn(content: bytes) -> bytes:
    """The picture alone, upright, as a JPEG: no EXIF, no colour profile, no comment.

    :raises DocumentRefused: it cannot be decoded, or has too many pixels.
    """
    try:
        with warnings.catch_warnings():
            # Pillow's own bound is ours, below; a warning would be a file that lies.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as picture:
                return _encoded(picture)
    except Image.DecompressionBombError as wrong:
        raise PictureTooLarge from wrong
    except (OSError, ValueError, SyntaxError) as wrong:
        raise DocumentBroken from wrong


def _encoded(picture: Image.Image) -> bytes:
    # So far the header alone was read.
    if picture.width * picture.height > MAX_PIXELS:
        raise PictureTooLarge
    picture.draft("RGB", (READABLE_SIDE, READABLE_SIDE))
    if picture.width * picture.height > LOADED_PIXELS:
        raise PictureTooLarge
    ImageOps.exif_transpose(picture, in_place=True)
    small = picture if picture.mode in SCALABLE else picture.convert("RGBA")
    small.thumbnail((MAX_SIDE, MAX_SIDE))
    out = io.BytesIO()
    _on_white(small).save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


def _on_white(picture: Image.Image) -> Image.Image:
    """Opaque and in three colours; a new picture has nothing of the old one's `info`."""
    seen = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    bare = Image.new("RGB", seen.size, "white")
    bare.paste(seen, mask=seen if seen.mode == "RGBA" else None)
    return bare
