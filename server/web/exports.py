"""The agent's lists as CSV, whole and for a spreadsheet."""

from collections.abc import Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from aiohttp import web

from controle.remise import LIBELLES_REMISE
from server.caisse.tables import write_csv
from server.store.sql import read

from .agent_messages import Message, Planned

#: More than any caisse plans in the time that one looks at.
MOST = 20_000
IN_PERSON = {"": "", "a_fixer": "À fixer", "fixe": "Fixé"}
JUSTIFICATION = {"": "", "deposee": "À examiner", "acceptee": "Acceptée", "refusee": "Refusée"}
PLANNED = (
    "code", "reference", "assure", "date", "heure", "fuseau", "duree_minutes", "contexte",
    "medecin", "etat", "convocation", "recue", "besoins", "justification", "presentiel",
    "a_faire",
)  # fmt: skip
MESSAGES = (
    "assure", "message", "canal", "destinataire", "etat", "prevu", "limite", "envoye", "remis",
    "essais", "motif", "version", "telecontrole",
)  # fmt: skip


def planned_csv(items: list[Planned]) -> web.Response:
    return _file("telecontroles.csv", [PLANNED, *_planned(items)])


def messages_csv(items: list[Message]) -> web.Response:
    return _file("envois.csv", [MESSAGES, *_messages(items)])


def model_csv(rows: list[list[str]]) -> web.Response:
    return _file("modele.csv", rows)


def _planned(items: list[Planned]) -> Iterator[tuple[str, ...]]:
    for one in items:
        local = read(one.start).astimezone(ZoneInfo(one.timezone))
        yield (
            one.code,
            one.reference,
            one.assure,
            local.strftime("%d/%m/%Y"),
            local.strftime("%H:%M"),
            one.timezone,
            str(one.minutes),
            one.context,
            one.doctor.name,
            one.state_label,
            LIBELLES_REMISE[one.delivery],
            "oui" if one.acknowledged else "",
            " ".join(one.needs),
            JUSTIFICATION[one.justification],
            IN_PERSON[one.in_person],
            ", ".join(task.label for task in one.tasks),
        )


def _messages(items: list[Message]) -> Iterator[tuple[str, ...]]:
    for one in items:
        yield (
            one.assure,
            one.kind_label,
            one.channel_label,
            one.to,
            one.state_label,
            one.due,
            one.until or "",
            one.sent or "",
            one.delivered or "",
            str(one.tries),
            one.reason,
            one.version,
            one.telecontrole,
        )


def _file(name: str, rows: Iterable[Sequence[str]]) -> web.Response:
    return web.Response(
        body=write_csv(rows),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
