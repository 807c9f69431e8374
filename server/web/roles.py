"""Prints docs/roles.md from the two tables: `python -m server.web.roles > docs/roles.md`."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from signaling.rights import CONSOLE_EVENTS, EVENTS, PHASES, ROLES, Right

from .permissions import TABLE, Asker, Line, Owned

HEAD = """# Who may ask what

Printed from `server/web/permissions.py` (routes) and `signaling/rights.py` (events) by
`python -m server.web.roles > docs/roles.md`; a test holds them together. Both are what the server
obeys, not a description of it: `server/web/gates.py` looks up the line of a route before its
handler runs, and a room looks up the verb of an event in the sender's own column. What has no line
is refused; a route without one stops the start ([0023](decisions/0023-roles-routes-events.md)).
"""

PROOFS: Mapping[Asker, tuple[str, str]] = {
    "public": ("nobody in particular", "nothing"),
    "link": (
        "holder of a link",
        "the secret of a convocation link, in the body. Before the code, nobody is named",
    ),
    "login": (
        "a professional at the door",
        "the secret of a login link, in the body, or the answer of the identity provider",
    ),
    "assure": ("assuré", "cookie `__Host-assure`: link and code. For one télécontrôle"),
    "third_link": (
        "holder of a third participant's invitation",
        "the secret of its link, in the body; then a code too. The assuré is never named",
    ),
    "tiers": ("third participant", "cookie `__Host-tiers`: link and code. For one télécontrôle"),
    "medecin_conseil": ("médecin-conseil", "cookie `__Host-console`"),
    "agent": ("agent", "cookie `__Host-agent`"),
    "caisse": ("the caisse's own system", "an API key (`Authorization: Bearer`), and its scope"),
    "signed_receipt": ("mail server or SMS gateway", "HMAC of the body by `hooks_secret`"),
    "receipt_token": ("SMS provider", "the token in the address that it was given"),
    "room_token": ("a page with a room or console token", "the token, in CONNECT; once"),
    "metrics_network": ("monitoring", "an address of `metrics_networks`"),
    "load_test": ("load tester", "`loadtest_key`; where `loadtest` allows it"),
}
OWNED: Mapping[tuple[Asker, Owned], str] = {
    ("medecin_conseil", "telecontrole"): "their own télécontrôle",
    ("agent", "telecontrole"): "télécontrôle of their caisse",
    ("caisse", "telecontrole"): "télécontrôle of the key's caisse",
    ("agent", "medecin"): "médecin-conseil of their caisse",
}
#: Who asks for what their own secret or session names, and nothing else.
BY_ITSELF: Mapping[Asker, str] = {
    "link": "the link's own télécontrôle",
    "assure": "the session's own télécontrôle",
    "third_link": "the invitation's own télécontrôle",
    "tiers": "the session's own télécontrôle",
    "medecin_conseil": "their own day",
    "agent": "their caisse",
    "caisse": "the key's caisse",
}

#: Roles of the field (agents, who are administrative, and the others above exist).
ABSENT: Sequence[tuple[str, str]] = (
    ("`agent_medical` (secretariat under medical secrecy)", "agents see no medical data at all"),
    ("`superviseur`", "none"),
    (
        "`admin_technique`",
        "no account: whoever has a shell on the machine (`telecontrole …`) is trusted",
    ),
    ("`auditeur`", "none: a signed record is verified offline (`telecontrole verify`)"),
)


def document() -> str:
    return "\n".join([HEAD, numbers(), askers(), routes(), events(), absent()])


def numbers() -> str:
    changing = sum(line.changes for line in TABLE)
    rooms = len(EVENTS) * len(ROLES) * (len(PHASES) + 1)
    return (
        f"{len(TABLE)} routes, of which {changing} change something, for {len(PROOFS)} kinds of "
        f"who asks; {len(EVENTS) + len(CONSOLE_EVENTS)} events.\n"
        "`tests/server/test_permissions.py` asks every route as everybody, for what is theirs,\n"
        "somebody else's, another caisse's and nobody's; `tests/signaling/test_rights.py` sends\n"
        f"every event in every role and phase, and without a seat ({rooms} combinations).\n"
    )


def askers() -> str:
    rows = [(f"`{name}`", who, proof) for name, (who, proof) in PROOFS.items()]
    return "## Who asks\n\n" + table(("name", "who", "what proves it"), rows)


def routes() -> str:
    parts = ["## Routes\n"]
    for asker, lines in groupby(sorted(TABLE, key=place), key=lambda line: line.asker):
        parts.append(f"### {PROOFS[asker][0][0].upper()}{PROOFS[asker][0][1:]}\n")
        parts.append(filled(("route", "of what", "scope", "where"), list(map(row, lines))))
    return "\n".join(parts)


def place(line: Line) -> tuple[int, str, str]:
    return list(PROOFS).index(line.asker), line.path, line.method


def row(line: Line) -> tuple[str, str, str, str]:
    return (
        f"{line.method} `{line.path}`",
        OWNED[line.asker, line.owned] if line.owned else BY_ITSELF.get(line.asker, ""),
        f"`{line.scope}`" if line.scope else "",
        "" if line.where == "service" else f"{line.where} only",
    )


def events() -> str:
    rooms = (room_row(event, right) for event, right in EVENTS.items())
    consoles = ((f"`{event}`", words(roles)) for event, roles in CONSOLE_EVENTS.items())
    return (
        "## Events of sockets\n\nThe token in CONNECT names one room, one seat and one role; a "
        "token is for rooms or for\nconsoles. What else must hold (`docs/protocol.md`) is each "
        "event's own.\n\n### Namespace `/`\n\n"
        + table(("event", "role", *(f"{phase}" for phase in PHASES)), rooms)
        + "\n### Namespace `/console`\n\n"
        + table(("event", "role"), consoles)
    )


def room_row(event: str, right: Right) -> tuple[str, ...]:
    phases = ("yes" if phase in right.phases else "refused" for phase in PHASES)
    return (f"`{event}`", words(right.roles), *phases)


def absent() -> str:
    return (
        "## Roles of the field that do not exist yet\n\n"
        "The field's `agent_caisse` is « agent » here. These have no account, no session and no "
        "line above:\n\n"
        + table(("role", "today"), ABSENT)
        + "\nMédecins-conseils see their own télécontrôles alone: a colleague's are not there. "
        "Agents see\nevery télécontrôle of their caisse.\n"
    )


def words(roles: Iterable[str]) -> str:
    names = {"assure": "assuré", "medecin_conseil": "médecin-conseil", "tiers": "tiers"}
    return ", ".join(names[role] for role in ROLES if role in set(roles))


def filled(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Without the columns that say nothing."""
    columns = [column for column in range(len(head)) if any(one[column] for one in rows)]
    return table(
        [head[column] for column in columns], [[one[column] for column in columns] for one in rows]
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(lined(head, rows)) + "\n"


def lined(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for one in rows:
        yield f"| {' | '.join(one)} |"


if __name__ == "__main__":
    sys.stdout.write(document())
