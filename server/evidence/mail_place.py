"""A mailbox that the service does not administer: the last head, in a mail, now and then.

One head holds all those before it: the mail of ten o'clock says what the store was at ten o'clock.
It names nobody.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol
from urllib.parse import urlsplit

from controle import forme
from controle.temoignage import TeteRegistre
from server.notify.parcel import Outcome, Verdict

from .places import NotTaken, Sent

BEGIN, END = "-----BEGIN TELECONTROLE HEAD-----", "-----END TELECONTROLE HEAD-----"

TEXT = """\
Registre des télécontrôles de {origin}

À garder tel quel, en dehors du service : ce courriel permet de vérifier, plus tard, que rien n'a
été effacé, remplacé ou ramené en arrière avant le {when}.

Tête n° {number} : {telecontroles} télécontrôles, {lines} lignes attestées.
Empreinte : {digest}

{begin}
{head}
{end}

Pour vérifier : telecontrole audit --heads CE_COURRIEL.eml
"""


class Mailer(Protocol):
    """Who sends a plain mail (server/notify/smtp.py)."""

    async def tell(self, key: str, to: str, subject: str, text: str) -> Outcome: ...


class MailPlace:
    """`to`: somebody who cannot write the store; `every`: not more often."""

    name = "courriel"
    last_only = True

    def __init__(self, mailer: Mailer, to: str, origin: str, every: timedelta) -> None:
        self._mailer = mailer
        self._to = to
        self._origin = origin
        self.every = every

    async def known(self) -> None:
        """A mailbox does not say what it has."""

    async def take(self, heads: Sequence[Sent]) -> None:
        head = heads[-1].head
        site = urlsplit(self._origin).hostname or "?"
        outcome = await self._mailer.tell(
            f"tete-{head.registre[:8]}-{head.numero}",
            self._to,
            f"Télécontrôle {site} : tête n° {head.numero}",
            text_of(head, self._origin),
        )
        # Handed over without an answer: the next one, sooner or later, holds this one too.
        if outcome.verdict not in (Verdict.ACCEPTED, Verdict.UNKNOWN):
            raise NotTaken(outcome.reason or "refused")


def text_of(head: TeteRegistre, origin: str) -> str:
    return TEXT.format(
        origin=origin,
        when=forme.ecrire_instant(head.instant)[:19].replace("T", " à ") + " (UTC)",
        number=head.numero,
        telecontroles=head.telecontroles,
        lines=head.lignes,
        digest=head.empreinte,
        begin=BEGIN,
        head=forme.ecrire(head.en_dict()),
        end=END,
    )
