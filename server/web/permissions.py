"""Who may ask what: one line for each route. gates.py enforces it before any handler runs, and
docs/roles.md is printed from it; the events of sockets have theirs in signaling/rights.py.

A route without a line here stops the start. To add one: name it under who may ask, and say in
`owned` whose the object of its path must be.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from server.identity.api_keys import Scope

#: Who asks, by what proves it.
Asker = Literal[
    "public", "link", "login",
    "assure", "medecin_conseil", "agent",
    "third_link", "tiers",
    "caisse", "signed_receipt", "receipt_token", "room_token",
    "metrics_network", "load_test",
]  # fmt: skip
#: Whose the object of the path must be; else it is not there. Empty: the path names none, or the
#: session itself says which one (an assuré's is for one télécontrôle).
Owned = Literal["", "telecontrole", "medecin"]
#: Where the route is at all.
Where = Literal["service", "demo", "load test"]

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Line:
    """One route: `method` and the path's template, as the router has them."""

    method: str
    path: str
    asker: Asker
    owned: Owned = ""
    #: Of the caisse's system alone: what its key must be allowed.
    scope: Scope | None = None
    where: Where = "service"

    @property
    def changes(self) -> bool:
        return self.method in UNSAFE


def may(
    asker: Asker,
    *routes: str,
    owned: Owned = "",
    scope: Scope | None = None,
    where: Where = "service",
) -> Iterator[Line]:
    """A line for each « METHOD /path »; HEAD goes with GET."""
    for route in routes:
        method, _, path = route.partition(" ")
        yield Line(method, path, asker, owned, scope, where)


TABLE: tuple[Line, ...] = (
    *may(
        "public",
        "GET /", "GET /rdv", "GET /console", "GET /agent", "GET /verifier", "GET /tiers",
        "GET /attestation", "POST /api/attestation",
        "GET /static/{version}/{name}", "GET /favicon.ico",
        "GET /healthz", "GET /readyz",
        "GET /.well-known/jwks.json", "GET /.well-known/sceaux.json",
        "GET /.well-known/security.txt",
        "GET /api/assure/choix",
        "POST /api/verification", "POST /api/verification/reponse",
        "GET /api/v1/openapi.json",
    ),
    # --- the assuré
    *may(
        "link",
        "POST /api/assure/lien", "POST /api/assure/code", "POST /api/assure/session",
        "POST /api/assure/refus",
        "POST /api/assure/attestation/code", "POST /api/assure/attestation/session",
        "POST /api/assure/materiel/code", "POST /api/assure/materiel/acces",
        "POST /api/assure/materiel/echo", "POST /api/assure/materiel/verdict",
        "POST /api/assure/accuse", "POST /api/assure/besoins", "POST /api/assure/erreur",
        "POST /api/assure/agenda", "POST /api/assure/justification",
    ),
    *may(
        "assure",
        "POST /api/assure/information", "POST /api/assure/jeton", "POST /api/assure/presentiel",
        "GET /api/assure/releve",
        "POST /api/assure/attestation", "POST /api/assure/obstacle",
        "DELETE /api/assure/session",
    ),
    # --- third participants
    *may("third_link", "POST /api/tiers/lien", "POST /api/tiers/session"),
    *may(
        "tiers",
        "POST /api/tiers/information", "POST /api/tiers/jeton", "DELETE /api/tiers/session",
    ),
    # --- professionals
    *may(
        "public",
        "GET /api/connexion/{audience}",
    ),
    *may(
        "login",
        "POST /api/console/session", "POST /api/agent/session",
        "POST /api/connexion/{audience}", "GET /connexion/retour",
    ),
    *may("medecin_conseil", "GET /api/console/session", "DELETE /api/console/session"),
    *may(
        "medecin_conseil",
        "GET /api/console/telecontroles/{id}",
        "GET /api/console/telecontroles/{id}/releve",
        "POST /api/console/telecontroles/{id}/salle",
        "POST /api/console/telecontroles/{id}/identite",
        "POST /api/console/telecontroles/{id}/examen-clinique",
        "POST /api/console/telecontroles/{id}/issue",
        "GET /api/console/telecontroles/{id}/note",
        "PUT /api/console/telecontroles/{id}/note",
        "GET /api/console/telecontroles/{id}/note/versions/{version}",
        "POST /api/console/telecontroles/{id}/appels",
        "GET /api/console/telecontroles/{id}/tiers",
        "POST /api/console/telecontroles/{id}/tiers",
        "DELETE /api/console/telecontroles/{id}/tiers/{invitation}",
        "GET /api/console/telecontroles/{id}/transfert",
        "POST /api/console/telecontroles/{id}/transfert",
        "GET /api/console/telecontroles/{id}/presentiel",
        "POST /api/console/telecontroles/{id}/presentiel",
        "GET /api/console/telecontroles/{id}/justifications/{justification}/piece",
        "POST /api/console/telecontroles/{id}/justifications/{justification}/decision",
        owned="telecontrole",
    ),
    *may(
        "agent",
        "GET /api/agent/session", "DELETE /api/agent/session",
        "GET /api/agent/telecontroles", "GET /api/agent/telecontroles.csv",
        "POST /api/agent/telecontroles",
        "GET /api/agent/envois", "GET /api/agent/envois.csv",
        "GET /api/agent/progression", "GET /api/agent/creneaux",
        "POST /api/agent/import", "GET /api/agent/modele.csv",
    ),
    *may(
        "agent",
        "GET /api/agent/telecontroles/{id}",
        "GET /api/agent/telecontroles/{id}/messages/{envoi}",
        "GET /api/agent/telecontroles/{id}/justifications/{justification}/document",
        "POST /api/agent/telecontroles/{id}/deplacer",
        "POST /api/agent/telecontroles/{id}/reaffecter",
        "POST /api/agent/telecontroles/{id}/coordonnees",
        "POST /api/agent/telecontroles/{id}/renvoyer",
        "POST /api/agent/telecontroles/{id}/appels",
        "GET /api/agent/telecontroles/{id}/tiers",
        "POST /api/agent/telecontroles/{id}/tiers",
        "DELETE /api/agent/telecontroles/{id}/tiers/{invitation}",
        "POST /api/agent/telecontroles/{id}/justification",
        "POST /api/agent/telecontroles/{id}/annuler",
        "POST /api/agent/telecontroles/{id}/presentiel",
        "DELETE /api/agent/telecontroles/{id}/presentiel",
        "POST /api/agent/telecontroles/{id}/taches/{genre}",
        "POST /api/agent/telecontroles/{id}/taches/{genre}/faite",
        owned="telecontrole",
    ),
    *may(
        "agent",
        "GET /api/agent/medecins/{medecin}/absences",
        "POST /api/agent/medecins/{medecin}/absences",
        "DELETE /api/agent/medecins/{medecin}/absences/{absence}",
        "GET /api/agent/medecins/{medecin}/rendez-vous",
        owned="medecin",
    ),
    # --- machines
    *may(
        "caisse",
        "GET /api/v1/telecontroles", "GET /api/v1/creneaux",
        scope="telecontroles:lire",
    ),
    *may(
        "caisse", "GET /api/v1/telecontroles/{id}",
        owned="telecontrole", scope="telecontroles:lire",
    ),
    *may("caisse", "POST /api/v1/telecontroles", scope="telecontroles:ecrire"),
    *may(
        "caisse",
        "POST /api/v1/telecontroles/{id}/deplacement",
        "POST /api/v1/telecontroles/{id}/annulation",
        owned="telecontrole", scope="telecontroles:ecrire",
    ),
    *may("caisse", "GET /api/v1/issues", scope="issues:lire"),
    *may(
        "caisse", "GET /api/v1/telecontroles/{id}/issue",
        owned="telecontrole", scope="issues:lire",
    ),
    *may("signed_receipt", "POST /hooks/courriel", "POST /hooks/sms/http"),
    *may(
        "receipt_token",
        "GET /hooks/sms/ovh/{token}", "POST /hooks/sms/ovh/{token}",
        "POST /hooks/sms/smsmode/{token}",
    ),
    *may("room_token", "* /socket.io/"),
    *may("metrics_network", "GET /metrics"),
    # --- not in `serve`, or not by itself
    *may(
        "public",
        "GET /demo", "GET /demo/envois", "GET /demo/envois.json", "GET /demo/envois/{id}",
        "GET /api/console/connexions", "GET /api/agent/connexions",
        where="demo",
    ),
    *may(
        "load_test",
        "POST /api/essai-de-charge/salles", "POST /api/essai-de-charge/jetons",
        "POST /api/essai-de-charge/oubli",
        where="load test",
    ),
)  # fmt: skip


class RouteWithoutLine(Exception):
    """Nobody said who may ask this: the service does not start."""


#: Each route of the application with its line.
Lines = Mapping[web.AbstractRoute, Line]
LINES: web.AppKey[Lines] = web.AppKey("lines", Mapping)


def lines_of(router: web.UrlDispatcher, more: Iterable[Line] = ()) -> Lines:
    """:raises RouteWithoutLine: a route has none; a line without a route is another command's."""
    known = {(one.method, one.path): one for one in (*TABLE, *more)}
    found = {}
    for route in router.routes():
        method = "GET" if route.method == "HEAD" else route.method
        path = route.resource.canonical if route.resource else ""
        if (method, path) not in known:
            raise RouteWithoutLine(f"{method} {path}: no line in server/web/permissions.py")
        found[route] = known[method, path]
    return found


def scope_of(method: str, path: str) -> Scope:
    """What a key of the caisse's system must be allowed, to ask this."""
    for one in TABLE:
        if (one.method, one.path) == (method, path) and one.scope is not None:
            return one.scope
    raise RouteWithoutLine(f"{method} {path}: no scope in server/web/permissions.py")
