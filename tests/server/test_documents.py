"""A document that justifies an absence: known by its content, cleaned, unreadable where it lies."""

import asyncio
import io
import zlib
from threading import Event
from time import process_time
from uuid import uuid4

import pytest
from PIL import Image
from server_people import Service
from sqlalchemy import insert, select

from controle.justification import MotifAbsence
from server.assure.documents import Document, DocumentRefused, Documents, DocumentTooLarge, cleaned
from server.identity.vault import Unreadable
from server.store import schema as t
from server.store.sql import written

PAPER = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
GPS, MAKER, ORIENTATION = 0x8825, 0x010F, 0x0112


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 20), **more: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "navy").save(out, kind, **more)  # type: ignore[arg-type]
    return out.getvalue()


def telling(orientation: int = 1) -> bytes:
    """As a phone makes it: where, with what, and which way up."""
    exif = Image.Exif()
    exif[MAKER] = "Telephone de Mme Zwijnaarde"
    exif[ORIENTATION] = orientation
    exif.get_ifd(GPS)[1] = "N"
    return picture(exif=exif, comment=b"vu en consultation", icc_profile=b"profil d'encre")


def acting(extra: bytes) -> bytes:
    return PAPER.replace(b"trailer", b"2 0 obj\n" + extra + b"\nendobj\ntrailer")


def packed(objects: bytes, dictionary: bytes = b"/Filter /FlateDecode") -> bytes:
    """Objects in a compressed stream, where they are not seen from outside."""
    body = zlib.compress(objects)
    return acting(b"<< /Type /ObjStm " + dictionary + b" >>\nstream\n" + body + b"\nendstream")


def broken(size: int) -> bytes:
    """So many bytes, and then no Flate any more."""
    deflater = zlib.compressobj()
    return deflater.compress(bytes(size)) + deflater.flush(zlib.Z_SYNC_FLUSH) + b"\x07" * 8


def refused(content: bytes) -> str:
    with pytest.raises(DocumentRefused) as wrong:
        cleaned(content)
    return wrong.value.code


@pytest.mark.row("CN-14")
def test_a_picture_keeps_nothing_but_its_pixels() -> None:
    document = cleaned(telling() + b"<script>behind the end</script>")

    kept = Image.open(io.BytesIO(document.content))
    assert (document.type, kept.format, kept.size) == ("image/jpeg", "JPEG", (40, 20))
    assert dict(kept.getexif()) == {}
    assert "icc_profile" not in kept.info
    for word in (b"Zwijnaarde", b"consultation", b"encre", b"script", b"Exif"):
        assert word not in document.content


@pytest.mark.row("CN-14")
def test_a_picture_that_was_turned_stays_upright() -> None:
    document = cleaned(telling(orientation=6))

    assert Image.open(io.BytesIO(document.content)).size == (20, 40)


@pytest.mark.row("CN-14")
def test_a_see_through_picture_is_shown_on_white() -> None:
    out = io.BytesIO()
    Image.new("LA", (8, 8), (0, 0)).save(out, "PNG")

    document = cleaned(out.getvalue())

    assert document.type == "image/jpeg"
    assert Image.open(io.BytesIO(document.content)).getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.row("CN-14")
@pytest.mark.parametrize(
    ("mode", "kind"),
    [("1", "PNG"), ("P", "PNG"), ("I;16", "PNG"), ("RGBA", "PNG"), ("L", "JPEG"), ("CMYK", "JPEG")],
)
def test_every_way_to_keep_colours_becomes_the_same(mode: str, kind: str) -> None:
    out = io.BytesIO()
    Image.new(mode, (4_000, 8)).save(out, kind)

    kept = Image.open(io.BytesIO(cleaned(out.getvalue()).content))

    assert (kept.mode, kept.size) == ("RGB", (3_508, 7))


@pytest.mark.row("CN-14")
def test_a_large_picture_is_made_the_size_of_a_page() -> None:
    document = cleaned(picture("PNG", (5_000, 1_000)))

    assert Image.open(io.BytesIO(document.content)).size == (3_508, 702)


@pytest.mark.row("CN-14")
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "document_illisible"),
        (b"<html><script>1</script></html>", "document_inconnu"),
        (picture("GIF"), "document_inconnu"),
        (b"MZ\x90\x00", "document_inconnu"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "document_heic"),
        (picture()[:200], "document_illisible"),
        (picture("PNG")[:60], "document_illisible"),
        (b"\xff\xd8\xff" + b"\0" * 64, "document_illisible"),
    ],
)
def test_what_is_neither_a_picture_nor_a_pdf_is_refused_with_advice(
    content: bytes, code: str
) -> None:
    assert refused(content) == code


def announcing(width: int, height: int) -> bytes:
    """A small PNG whose header says that it is large."""
    header = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    crc = zlib.crc32(header).to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4, "big") + header + crc + picture("PNG")[33:]


@pytest.mark.row("CN-14")
@pytest.mark.parametrize("size", [(50_000, 50_000), (12_000, 9_000), (8_160, 6_120)])
def test_a_picture_that_would_fill_the_memory_is_refused_by_its_header(
    size: tuple[int, int],
) -> None:
    assert refused(announcing(*size)) == "image_trop_grande"


def progressive(scans: int, side: int = 2_048) -> bytes:
    """A grey JPEG of so many scans, each of a few bytes: « nothing here » for all blocks."""

    def segment(marker: int, *content: int | bytes) -> bytes:
        body = b"".join(bytes([one]) if isinstance(one, int) else one for one in content)
        return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body

    one_code = bytes([1, *[0] * 15])
    blocks = (side // 8) ** 2
    size = side.to_bytes(2, "big")
    first = segment(0xDA, 1, 1, 0, 0, 0, 0) + bytes(-(-blocks // 8))
    # Sixteen bits for 2^14 blocks without a coefficient (T.81, G.1.2.2).
    empty = segment(0xDA, 1, 1, 0, 1, 63, 0) + bytes(2 * -(-blocks // 2**14) + 2)
    return b"".join(
        (
            b"\xff\xd8",
            segment(0xDB, 0, b"\1" * 64),
            segment(0xC2, 8, size, size, 1, 1, 0x11, 0),
            segment(0xC4, 0x00, one_code, 0),
            segment(0xC4, 0x10, one_code, 0xE0),
            first,
            empty * (scans - 1),
            b"\xff\xd9",
        )
    )


@pytest.mark.row("CN-14")
def test_a_picture_of_countless_scans_is_refused_before_it_is_drawn() -> None:
    # Of the 5 MB that may be sent: ten minutes of a processor, and of everybody else's turn.
    many = progressive(60_000)
    hidden = progressive(300).replace(b"\xff\xda", b"\xff\x05\xff\xff\xff\xda", 1)

    began = process_time()

    assert (refused(many), refused(hidden)) == ("image_trop_grande", "image_trop_grande")
    assert process_time() - began < 2
    assert cleaned(progressive(12)).type == "image/jpeg"
    assert cleaned(picture("JPEG", (400, 300), progressive=True)).type == "image/jpeg"


@pytest.mark.row("CN-14")
async def test_a_document_that_nobody_waits_for_any_more_still_has_its_turn() -> None:
    going, ended, open_ones = Event(), Event(), []

    def clean(content: bytes) -> Document:
        open_ones.append(content)
        going.set()
        assert ended.wait(10)
        return Document("application/pdf", content)

    documents = Documents(limit=1_000, clean=clean)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await documents.cleaned(b"first")
    assert going.is_set()
    second = asyncio.create_task(documents.cleaned(b"second"))
    await asyncio.sleep(0.1)
    before = list(open_ones)
    ended.set()

    # One large picture is open at a time, whatever became of the request.
    assert (await second).content == b"second"
    assert (before, open_ones) == ([b"first"], [b"first", b"second"])


@pytest.mark.row("CN-14")
def test_a_photo_of_fifty_million_pixels_is_taken() -> None:
    kept = Image.open(io.BytesIO(cleaned(picture("JPEG", (8_160, 6_120))).content))

    assert kept.size == (3_508, 2_631)


@pytest.mark.row("CN-14")
def test_a_pdf_that_is_only_paper_is_kept_as_it_is() -> None:
    packed_paper = packed(b"3 0 << /Type /Page >>")

    assert cleaned(PAPER) == Document("application/pdf", PAPER)
    assert cleaned(packed_paper).content == packed_paper


@pytest.mark.row("CN-14")
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (PAPER[:40], "document_illisible"),
        (acting(b"<< /S /JavaScript /JS (app.alert(1)) >>"), "pdf_actif"),
        (acting(b"<< /S /J#61vaScript >>"), "pdf_actif"),
        (acting(b"<< /S /Launch /F (cmd.exe) >>"), "pdf_actif"),
        (acting(b"<< /Names << /EmbeddedFiles 3 0 R >> >>"), "pdf_actif"),
        (acting(b"<< /AcroForm << /XFA 3 0 R >> >>"), "pdf_actif"),
        (packed(b"3 0 << /S /JavaScript >>"), "pdf_actif"),
        (packed(b"3 0 <<>>", b"/Filter [/ASCII85Decode /FlateDecode]"), "pdf_actif"),
        (acting(b"<< /Type /ObjStm >>\nstream\n3 0 <<>>\nendstream"), "pdf_actif"),
        (packed(b" " * 5_000_000), "pdf_actif"),
        (acting(b"stream\n" * 10_002), "pdf_actif"),
        (acting(b"<< /Type /ObjStm " + b" " * 3_000 + b">>"), "pdf_actif"),
        (PAPER.replace(b"/Root", b"/Encrypt 2 0 R /Root"), "pdf_protege"),
        (
            acting((b"stream\n" + zlib.compress(b"#41" * 1_300_000) + b"\nendstream\n") * 60),
            "pdf_actif",
        ),
        (acting((b"stream\n" + broken(3_900_000)) * 1_000), "pdf_actif"),
    ],
)
def test_a_pdf_that_could_act_or_cannot_be_looked_through_is_refused(
    content: bytes, code: str
) -> None:
    began = process_time()

    assert refused(content) == code
    assert process_time() - began < 5


@pytest.mark.row("CN-14")
async def test_too_many_bytes_are_refused_before_they_are_looked_at() -> None:
    documents = Documents(limit=1_000)

    with pytest.raises(DocumentTooLarge):
        await documents.cleaned(b"x" * 1_001)


@pytest.mark.row("CN-14")
async def test_a_document_is_unreadable_where_it_lies_and_opens_in_its_place_alone(
    service: Service,
) -> None:
    documents = Documents(5_000_000)
    mine, other = await justified(service), await justified(service)
    kept = await documents.cleaned(PAPER)

    async with service.registre.transaction() as unite:
        await documents.keep(unite.connection, mine, kept)
        sealed = await unite.connection.scalar(select(t.piece.c.contenu))
        moved = {"justification": other, "type": kept.type, "taille": 1, "contenu": sealed}
        await unite.connection.execute(insert(t.piece).values(moved))

    async with service.registre.lecture() as unite:
        assert await documents.open(unite.connection, mine) == kept
        assert await documents.open(unite.connection, "nobody") is None
        with pytest.raises(Unreadable):
            await documents.open(unite.connection, other)
    assert b"Catalog".hex() not in service.dump().lower()


async def justified(service: Service) -> str:
    """A justification without its document yet."""
    appointment, identifier = await service.appoint(2_000), str(uuid4())
    async with service.registre.transaction() as unite:
        await unite.connection.execute(
            insert(t.justification).values(
                id=identifier,
                telecontrole=appointment.id,
                motif=str(MotifAbsence.SANTE),
                depose=written(service.clock()),
                etat="deposee",
            )
        )
    return identifier
