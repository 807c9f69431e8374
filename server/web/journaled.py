"""Which requests go on the access journal: one line for each route, and nothing is given before.

Notes are not here: what is read and written of them is put on the journal by medecin/notes.py,
with the version.
"""

import time
from collections import OrderedDict
from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from server.journal.lines import Access, Who
from server.keys import AGENT, CONFIG, JOURNAL, SESSION

from .errors import Handler, route_of
from .http import UNSAFE

ONE = "/api/console/telecontroles/{id}"
AGENT_ONE = "/api/agent/telecontroles/{id}"

#: Every answer of the agent's side about one télécontrôle shows where its assuré is reached.
CONTACTS = (
    f"GET {AGENT_ONE}",
    *(
        f"POST {AGENT_ONE}/{act}"
        for act in (
            "deplacer", "reaffecter", "coordonnees", "renvoyer", "appels", "justification",
            "annuler", "presentiel", "taches/{genre}", "taches/{genre}/faite",
        )
    ),
    f"DELETE {AGENT_ONE}/presentiel",
)  # fmt: skip

TABLE: Mapping[str, Access] = {
    f"GET {ONE}": Access.OPENED,
    f"GET {ONE}/releve": Access.RECORD_EXPORTED,
    f"GET {ONE}/justifications/{{justification}}/piece": Access.DOCUMENT_READ,
    "GET /api/assure/releve": Access.RECORD_EXPORTED,
    **dict.fromkeys(CONTACTS, Access.CONTACTS_READ),
    f"GET {AGENT_ONE}/messages/{{envoi}}": Access.MESSAGE_READ,
    f"GET {AGENT_ONE}/justifications/{{justification}}/document": Access.DOCUMENT_READ,
    "GET /api/agent/telecontroles": Access.LIST_READ,
    # Who was to be received meanwhile.
    "POST /api/agent/medecins/{medecin}/absences": Access.LIST_READ,
    "GET /api/agent/medecins/{medecin}/rendez-vous": Access.LIST_READ,
    "GET /api/agent/telecontroles.csv": Access.LIST_EXPORTED,
    "GET /api/agent/envois": Access.SENDS_READ,
    "GET /api/agent/envois.csv": Access.SENDS_EXPORTED,
}
#: A page asks for these again by itself, as things change: that is the same reading.
AGAIN = frozenset({Access.OPENED, Access.LIST_READ, Access.SENDS_READ, Access.CONTACTS_READ})
#: Readings that are remembered as having just been put on the journal.
REMEMBERED = 20_000

ROLES = {"console": "medecin_conseil", "agent": "agent", "assure": "assure"}

#: Session, kind, télécontrôle: when it was put on the journal last.
Seen = OrderedDict[tuple[str, Access, str], float]
SEEN: web.AppKey[Seen] = web.AppKey("seen", OrderedDict)


@web.middleware
async def journaled(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Inside web/gates.py: who asks is known. What is refused gives nothing and leaves no line.

    :raises JournalAway: then nothing is given either.
    """
    kind = TABLE.get(f"{request.method} {route_of(request)}")
    if kind is None:
        return await handler(request)
    if request.method in UNSAFE:
        # What is done is not undone: its answer is put on the journal before it is.
        await note(request, kind)
        return await handler(request)
    answer = await handler(request)
    if answer.status < HTTPStatus.MULTIPLE_CHOICES:
        await note(request, kind)
    return answer


async def note(request: web.Request, kind: Access) -> None:
    app, session = request.app, request[SESSION]
    which = request.match_info
    telecontrole = which.get("id", "") or session.telecontrole
    key = (session.reference, kind, telecontrole)
    seen, now = app[SEEN], time.monotonic()
    again = app[CONFIG].journal_same.total_seconds()
    if kind in AGAIN and now - seen.get(key, -again) < again:
        return
    by = request[AGENT].id if AGENT in request else session.subject
    target = which.get("justification", "") or which.get("envoi", "")
    who = Who(by, ROLES[session.kind], session.reference)
    await app[JOURNAL].write(who, kind, telecontrole, target[:36])
    if kind in AGAIN:
        seen[key] = now
        seen.move_to_end(key)
        while len(seen) > REMEMBERED:
            seen.popitem(last=False)
