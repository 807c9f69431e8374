"""A time-stamping authority (RFC 3161): signs that a head was there at that instant.

It learns a hash and nothing else. What it answers is believed only once it is verified: for this
very head, with our nonce, by a certificate of `roots`. The token is kept in the store and, as a
file, beside the append-only file: a token that only the store has goes with the store.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from sqlalchemy import delete, insert

from certs.files import write_atomically
from controle.temoignage import TeteRegistre
from server.store import schema as t
from server.store.database import Database
from server.store.sql import written

from .places import NotTaken, Sent

#: A token with its certificates is some kilobytes.
LONGEST = 65_536
QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"


class TokenRefused(Exception):
    """It is no token of this head by an authority that we trust; the reason is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Authority:
    """`url`: where; `roots`: whose certificates; `timeout` in seconds."""

    url: str
    roots: tuple[x509.Certificate, ...]
    timeout: float


class StampPlace:
    """`folder`: where tokens are written as files too."""

    name = "horodatage"
    last_only = True

    def __init__(
        self, database: Database, authority: Authority, folder: Path, every: timedelta
    ) -> None:
        self._database = database
        self._authority = authority
        self._folder = folder
        self.every = every

    async def known(self) -> None:
        """It keeps nothing for us."""

    async def take(self, heads: Sequence[Sent]) -> None:
        head = heads[-1].head
        request = (
            TimestampRequestBuilder()
            .data(head.octets())
            .hash_algorithm(HashAlgorithm.SHA256)
            .nonce(nonce=True)
            .cert_request(cert_request=True)
            .build()
        )
        answer = await self._asked(request.as_bytes())
        try:
            when = verified(answer, head, self._authority.roots, nonce=request.nonce)
        except TokenRefused as wrong:
            raise NotTaken(wrong.reason) from wrong
        await self._keep(head, when, answer)

    async def _asked(self, request: bytes) -> bytes:
        """:raises NotTaken: it did not answer, or not as the RFC says."""
        limit = aiohttp.ClientTimeout(total=self._authority.timeout)
        try:
            async with (
                aiohttp.ClientSession(timeout=limit) as session,
                session.post(
                    self._authority.url,
                    data=request,
                    headers={"Content-Type": QUERY},
                    allow_redirects=False,
                ) as answer,
            ):
                body = await answer.content.read(LONGEST + 1)
                if answer.status != 200 or answer.content_type != REPLY or len(body) > LONGEST:
                    raise NotTaken(f"answer-{answer.status}")
                # One read may give less than all of it.
                while len(body) <= LONGEST and (more := await answer.content.read(LONGEST)):
                    body += more
        except (aiohttp.ClientError, TimeoutError, OSError) as wrong:
            raise NotTaken("unreachable") from wrong
        if len(body) > LONGEST:
            raise NotTaken("answer-long")
        return body

    async def _keep(self, head: TeteRegistre, when: datetime, token: bytes) -> None:
        try:
            await asyncio.to_thread(
                write_atomically, self._folder / f"tete-{head.numero}.tsr", token
            )
        except OSError as wrong:
            raise NotTaken("unwritable") from wrong
        async with self._database.write() as connection:
            mine = t.horodatage.c.numero == head.numero
            await connection.execute(delete(t.horodatage).where(mine))
            await connection.execute(
                insert(t.horodatage).values(numero=head.numero, instant=written(when), jeton=token)
            )


def verified(
    token: bytes,
    head: TeteRegistre,
    roots: Sequence[x509.Certificate],
    nonce: int | None = None,
) -> datetime:
    """When the authority saw this head.

    :raises TokenRefused:
    """
    answer = decoded(token)
    builder = VerifierBuilder(roots=list(roots), nonce=nonce)
    try:
        builder.build().verify_message(answer, head.octets())
    except (VerificationError, ValueError) as wrong:
        raise TokenRefused("token") from wrong
    return answer.tst_info.gen_time


def digest_of(token: bytes) -> str:
    """The hash of what it stamps (hexadecimal), to find the head; nothing is verified.

    :raises TokenRefused: it cannot be read.
    """
    return decoded(token).tst_info.message_imprint.message.hex()


def imprint(head: TeteRegistre) -> str:
    return hashlib.sha256(head.octets()).hexdigest()


def decoded(token: bytes) -> TimeStampResponse:
    try:
        answer = decode_timestamp_response(token)
        # A refusal has no token: asking for what it says raises.
        _ = answer.tst_info
    except Exception as wrong:
        raise TokenRefused("token") from wrong
    return answer


def roots_of(file: Path) -> tuple[x509.Certificate, ...]:
    """Those of a PEM file.

    :raises OSError, ValueError: there is none in it.
    """
    return tuple(x509.load_pem_x509_certificates(file.read_bytes()))
