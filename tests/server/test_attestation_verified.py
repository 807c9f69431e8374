"""Genuine, or not: by its token, by each of its documents, with the published keys alone."""

import asyncio
import json
import random
import re
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attested import attested, foreign_keys, waiting
from command import outcome
from server_people import ORIGIN, Service

from certs.jwk import public_keys_from_jwks
from controle.attestation_forme import CHAMPS, lire_document
from controle.attestation_mots import PHRASES, TITRES, lignes
from server import keys
from server.attestation import offline, qr
from server.attestation.page import page
from server.attestation.press import PdfUnavailable, Press
from server.attestation.verifying import (
    ALTERED,
    ILLEGIBLE,
    OTHER_PAGE,
    UNKNOWN_KEY,
    Keys,
    judge_file,
    judge_token,
)

pytestmark = [pytest.mark.row("OP-04"), pytest.mark.row("DO-05")]

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class Given:
    """The three documents of one attestation, and the keys that the service publishes."""

    def __init__(self, documents: dict[str, bytes], jwks: dict[str, Any]) -> None:
        self.json, self.html, self.pdf = (documents[form] for form in ("json", "html", "pdf"))
        self.jwks = jwks
        self.keys: Keys = public_keys_from_jwks(jwks).get
        self.signed = lire_document(json.loads(self.json))
        self.token = self.signed.jeton()


async def all_forms(service: Service) -> Given:
    appointment, browser, _ = await waiting(service, doctor=True)
    forms = ("json", "html", "pdf")
    documents = {form: await attested(browser, appointment, form) for form in forms}
    return Given(documents, service.app[keys.RINGS].seals.jwks())


KEPT: list[Given] = []


@pytest.fixture
async def given(serve: Callable[[], Awaitable[Service]]) -> Given:
    """Made once for the whole file: the documents need no server any more."""
    if not KEPT:
        KEPT.append(await all_forms(await serve()))
    return KEPT[0]


# --- each document ------------------------------------------------------------------------------


async def test_each_document_and_the_token_are_genuine_with_the_published_keys(
    given: Given,
) -> None:
    assert judge_token(given.token, given.keys).reason == ""
    for document in (given.json, given.html, given.pdf):
        verdict = judge_file(document, given.keys)
        assert verdict.reason == ""
        assert verdict.signed is not None
        assert verdict.signed.attestation.assure == "Mme Zwijnaarde"


async def test_every_letter_of_a_token_counts(given: Given) -> None:
    draw = random.Random(4)  # noqa: S311

    for at, letter in enumerate(given.token):
        other = draw.choice(LETTERS.replace(letter, ""))
        forged = given.token[:at] + other + given.token[at + 1 :]
        assert judge_token(forged, given.keys).reason in (ALTERED, ILLEGIBLE, UNKNOWN_KEY), at


async def test_every_field_of_the_json_counts(given: Given) -> None:
    document = json.loads(given.json)

    for name, _ in CHAMPS:
        value = document[name]
        others = [value + 1 if isinstance(value, int) else f"{value}A", None, ""]
        for other in [one for one in others if one != value]:
            forged = json.dumps(document | {name: other}).encode()
            assert judge_file(forged, given.keys).reason, (name, other)


async def test_every_byte_of_the_json_counts_but_for_its_layout(given: Given) -> None:
    draw = random.Random(5)  # noqa: S311

    wrong = 0
    for at in draw.sample(range(len(given.json)), 300):
        forged = bytearray(given.json)
        forged[at] ^= 1 << draw.randrange(8)
        try:
            same = json.loads(forged) == json.loads(given.json)
        except ValueError:
            same = False
        wrong += bool(judge_file(bytes(forged), given.keys).reason)
        assert same or judge_file(bytes(forged), given.keys).reason
    assert wrong > 250


async def test_a_name_written_twice_in_the_json_is_not_read(given: Given) -> None:
    twice = given.json.replace(b"{\n", b'{\n "assure": "M. Autre",\n', 1)

    assert judge_file(twice, given.keys).reason == ILLEGIBLE


async def test_every_byte_of_the_page_counts(given: Given) -> None:
    draw = random.Random(6)  # noqa: S311

    for at in draw.sample(range(len(given.html)), 40):
        forged = bytearray(given.html)
        forged[at] ^= 1 << draw.randrange(7)
        assert judge_file(bytes(forged), given.keys).reason, at


async def test_a_page_whose_words_were_changed_around_a_genuine_code_is_named(
    given: Given,
) -> None:
    forged = given.html.replace(b"Mme Zwijnaarde", b"M. Zwijnaarde")

    verdict = judge_file(forged, given.keys)

    assert verdict.reason == OTHER_PAGE
    assert verdict.signed is not None


async def test_a_pdf_with_another_code_or_with_two_is_not_genuine(given: Given) -> None:
    other = given.token[:300] + LETTERS[LETTERS.index(given.token[300]) - 1] + given.token[301:]
    link = b"stream\n" + zlib.compress(f"({ORIGIN}/attestation#{other})".encode()) + b"\nendstream"

    two = judge_file(given.pdf + link, given.keys)
    one = judge_file(b"%PDF-1.7\n" + link, given.keys)

    assert two.reason == ILLEGIBLE
    assert one.reason in (ALTERED, ILLEGIBLE)


async def test_the_keys_of_another_service_prove_nothing(given: Given, tmp_path: Path) -> None:
    others = json.loads(foreign_keys(tmp_path / "others.json").read_text())

    assert judge_token(given.token, public_keys_from_jwks(others).get).reason == UNKNOWN_KEY


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"{}", b"[]", b"null", b"<html>", b"%PDF-1.7", b"\xff" * 100, b"{" * 100_000,
        b"x" * 3_000_000, b"%PDF-1.7\nstream\n" + zlib.compress(b" " * 50_000_000),
        b'<a href="https://x/attestation#AAAA">', b"%PDF-1.7 /attestation#AAAA",
    ],
    ids=range(13),
)  # fmt: skip
def test_anything_else_is_illegible_at_a_bounded_cost(content: bytes) -> None:
    assert judge_file(content, lambda _: None).reason == ILLEGIBLE


# --- the code, the page, the PDF ----------------------------------------------------------------


async def test_the_code_is_small_enough_to_be_scanned_from_paper(given: Given) -> None:
    drawn = qr.code("https://telecontrole.cpam-bretagne.assurance-maladie.exemple.fr", given.token)

    assert drawn.version <= 18
    assert drawn.version <= qr.MAX_VERSION
    assert drawn.error == "M"


async def test_the_page_says_every_line_in_a_table_with_headers(given: Given) -> None:
    text = given.html.decode()
    une = given.signed.attestation

    assert '<html lang="fr">' in text
    assert text.count("<h1>") == 1
    assert text.count('<th scope="row">') == len(lignes(une))
    assert 'role="img"' in text
    assert f"<title>{qr.TITLE}</title>" in text
    assert "<script" not in text
    assert re.findall(r'(?:src|href)="(?!https://controle\.test/attestation#)', text) == []


async def test_a_name_that_is_markup_stays_a_name(given: Given) -> None:
    une = replace(given.signed.attestation, assure="<script>alert(1)</script>")

    assert "<script>" not in page(replace(given.signed, attestation=une), ORIGIN)


async def test_the_pdf_is_tagged_titled_in_french_one_page_and_the_same_each_time(
    given: Given,
) -> None:
    press = Press(1, 1, timedelta(seconds=60))
    drawn = page(given.signed, ORIGIN)

    first, second = await press.pdf(drawn), await press.pdf(drawn)
    inside = pdf_text(first)

    assert first == second
    assert b"pdfuaid:part" in inside
    assert b"/MarkInfo" in inside
    assert b"/StructTreeRoot" in inside
    assert b"/Lang (fr)" in inside
    assert re.search(rb"/Type\s*/Pages[^>]*/Count 1|/Count 1[^>]*/Type\s*/Pages", inside)
    assert b"/Headers" in inside
    assert re.search(rb"/Alt \((?:C|\xfe\xff\x00C)|/Alt <feff0043", inside)
    assert b"/Outlines" in inside


def pdf_text(pdf: bytes) -> bytes:
    parts = [pdf]
    for found in re.finditer(rb"stream\r?\n", pdf):
        try:
            parts.append(zlib.decompressobj().decompress(pdf[found.end() :]))
        except zlib.error:
            continue
    return b"\n".join(parts)


async def test_a_renderer_that_takes_too_long_is_ended(given: Given) -> None:
    press = Press(1, 0, timedelta(milliseconds=50))

    with pytest.raises(PdfUnavailable):
        await press.pdf(page(given.signed, ORIGIN))

    assert press._inside == 0


async def test_beyond_the_queue_a_pdf_is_refused_at_once(given: Given) -> None:
    press = Press(1, 1, timedelta(seconds=60))
    drawn = page(given.signed, ORIGIN)

    asked = await asyncio.gather(*[press.pdf(drawn) for _ in range(5)], return_exceptions=True)

    assert [isinstance(one, bytes) for one in asked] == [True, True, False, False, False]
    assert all(isinstance(one, PdfUnavailable) for one in asked[2:])


async def test_the_renderer_knows_no_secret_of_ours(
    given: Given, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = tmp_path / "environment"
    spy = tmp_path / "python"
    spy.write_text(f"#!/bin/sh\nenv > {said}\ncat > /dev/null\nprintf %%PDF-\n")
    spy.chmod(0o700)
    monkeypatch.setenv("TELECONTROLE_SECRET", "un-secret")
    monkeypatch.setattr("sys.executable", str(spy))

    await Press(1, 0, timedelta(seconds=30)).pdf("<p>")

    assert "SECRET" not in said.read_text()


# --- the server's word, and the command's -------------------------------------------------------


async def test_a_browser_that_cannot_verify_may_ask_the_server(service: Service) -> None:
    given = await all_forms(service)
    anybody = service.browser()

    genuine = await anybody.ok("/api/attestation", {"token": given.token})
    forged = await anybody.ok("/api/attestation", {"token": given.token[:-8] + "AAAAAAAA"})

    assert genuine == {"genuine": True, "reason": ""}
    assert forged == {"genuine": False, "reason": ALTERED}


async def test_the_command_verifies_a_document_without_any_server(
    given: Given, tmp_path: Path
) -> None:
    file = tmp_path / "attestation.pdf"
    file.write_bytes(given.pdf)

    status, printed = await outcome("verify", str(file), "--keys", str(kept_keys(given, tmp_path)))

    signed = judge_file(given.pdf, given.keys).signed
    assert status == 0, printed
    assert signed is not None
    une = signed.attestation
    for words in ("Authentique.", TITRES[une.genre], PHRASES[une.genre], une.chaine_tete):
        assert words in printed


async def test_what_the_command_says_of_each_document(
    given: Given, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys_file = kept_keys(given, tmp_path)
    others = foreign_keys(tmp_path / "others.json")

    def said(content: bytes, keys: Path | None = keys_file) -> tuple[int, str]:
        file = tmp_path / "document"
        file.write_bytes(content)
        assert offline.recognises(file)
        status = offline.verify(file, keys)
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    altered = said(given.json.replace(b"Zwijnaarde", b"Zwijnaardo"))
    stranger = said(given.json, others)
    assert said(given.json)[0] == said(given.html)[0] == 0
    assert altered[0] == 1
    assert ALTERED in altered[1]
    assert "Zwijnaardo" not in altered[1]
    assert stranger[0] == 1
    assert UNKNOWN_KEY in stranger[1]
    assert said(given.json, None)[0] == 2
    assert said(given.json, tmp_path / "none.json")[0] == 2
    assert not offline.recognises(tmp_path / "none.json")


def kept_keys(given: Given, to: Path) -> Path:
    file = to / "sceaux.json"
    file.write_text(json.dumps(given.jwks))
    return file
