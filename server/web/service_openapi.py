"""The OpenAPI 3.1 document of every route that is not the caisse's API, from permissions.py.

`python -m server.web.service_openapi` prints it. Served nowhere: these routes are for our own
pages and for the machines we know; what a caisse builds on is `/api/v1/openapi.json`.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from . import agent_messages as agent
from . import attestation_messages as attestation
from . import console_messages as console
from . import equipment_messages as equipment
from . import loadtest, messages
from . import thirds_messages as thirds
from .journaled import TABLE as JOURNALED
from .messages import Body, Failure
from .note_messages import NoteForm
from .permissions import TABLE, Asker, Line
from .roles import PROOFS

Json = dict[str, Any]

VERSION = "1.0.0"
JSON = "application/json"
REFERENCE = "#/components/schemas/{name}"
#: Another document tells these; a socket speaks no HTTP after its first request.
TOLD_ELSEWHERE: frozenset[Asker] = frozenset({"caisse", "room_token"})

ONE = "/api/console/telecontroles/{id}"
FILE = "/api/agent/telecontroles/{id}"

#: The body of each route, as its handler reads it.
TAKES: Mapping[str, type[Body]] = {
    "POST /api/assure/lien": messages.Link,
    "POST /api/assure/code": messages.Link,
    "POST /api/assure/session": messages.Entering,
    "POST /api/assure/refus": messages.Link,
    "POST /api/assure/accuse": messages.Link,
    "POST /api/assure/besoins": messages.Needs,
    "POST /api/assure/erreur": messages.Link,
    "POST /api/assure/agenda": messages.Link,
    "POST /api/assure/information": messages.Consent,
    "POST /api/assure/attestation/code": messages.Link,
    "POST /api/assure/attestation/session": messages.Entering,
    "POST /api/assure/attestation": attestation.AttestationAsked,
    "POST /api/assure/materiel/code": messages.Link,
    "POST /api/assure/materiel/acces": equipment.EquipmentLink,
    "POST /api/assure/materiel/echo": equipment.EchoOffer,
    "POST /api/assure/materiel/verdict": equipment.EquipmentVerdict,
    "POST /api/assure/obstacle": attestation.Obstacle,
    "POST /api/tiers/lien": thirds.ThirdKnock,
    "POST /api/tiers/session": thirds.ThirdEntering,
    "POST /api/tiers/information": thirds.ThirdConsent,
    f"POST {ONE}/tiers": thirds.ThirdForm,
    f"POST {FILE}/tiers": thirds.ThirdForm,
    "POST /api/attestation": attestation.TokenToVerify,
    "POST /api/verification": messages.VerificationAsked,
    "POST /api/verification/reponse": messages.VerificationAnswered,
    "POST /api/console/session": messages.Login,
    f"POST {ONE}/identite": messages.IdentityCheck,
    f"POST {ONE}/issue": messages.OutcomeForm,
    f"PUT {ONE}/note": NoteForm,
    f"POST {ONE}/appels": agent.CallForm,
    f"POST {ONE}/transfert": console.TransferForm,
    f"POST {ONE}/presentiel": console.InPersonChosen,
    f"POST {ONE}/justifications/{{justification}}/decision": agent.DecisionForm,
    "POST /api/agent/session": messages.Login,
    "POST /api/agent/telecontroles": agent.PlanForm,
    f"POST {FILE}/deplacer": agent.MoveForm,
    f"POST {FILE}/reaffecter": agent.ReassignForm,
    f"POST {FILE}/coordonnees": agent.ContactForm,
    f"POST {FILE}/renvoyer": agent.ResendForm,
    f"POST {FILE}/appels": agent.CallForm,
    f"POST {FILE}/justification": agent.ReasonDecided,
    f"POST {FILE}/presentiel": agent.InPersonForm,
    "POST /api/agent/medecins/{medecin}/absences": agent.AbsenceForm,
    "POST /api/essai-de-charge/salles": loadtest.Wanted,
    "POST /api/essai-de-charge/jetons": loadtest.Again,
    "POST /api/essai-de-charge/oubli": loadtest.Done,
}
#: Their address says all; a body, if one comes, is not read.
TAKE_NOTHING = frozenset(
    {
        "POST /api/assure/jeton", "POST /api/assure/presentiel", "POST /api/tiers/jeton",
        "POST /api/connexion/{audience}",
        f"POST {ONE}/salle", f"POST {ONE}/examen-clinique",
        f"POST {FILE}/annuler", f"POST {FILE}/taches/{{genre}}",
        f"POST {FILE}/taches/{{genre}}/faite",
        "POST /hooks/sms/ovh/{token}",
    }
)  # fmt: skip

TEXT: Json = {"type": "string"}
#: What is not a JSON object of ours, by media type.
TAKE_OTHER: Mapping[str, Json] = {
    "POST /api/assure/justification": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {
                    "link": {"type": "string", "pattern": "^[A-Za-z0-9_-]{16,128}$"},
                    "reason": TEXT,
                    "document": {"type": "string", "format": "binary"},
                },
                "required": ["link", "reason"],
            }
        }
    },
    "POST /api/agent/import": {
        "text/csv": {"schema": TEXT},
        JSON: {"schema": {"type": "array", "items": {"type": "object"}, "maxItems": 200}},
    },
    "POST /hooks/courriel": {"message/rfc822": {"schema": TEXT}},
    "POST /hooks/sms/http": {JSON: {"schema": {"type": "object"}}},
    "POST /hooks/sms/smsmode/{token}": {JSON: {"schema": {"type": "object"}}},
}

DAY: Json = {"type": "string", "format": "date"}
WORD: Json = {"type": "string", "maxLength": 100}
FLAG: Json = {"type": "string", "enum": ["0", "1"]}
PAGE: Json = {"type": "integer", "minimum": 1, "maximum": 100_000}
SEARCH: Json = {
    "de": DAY, "a": DAY, "medecin": WORD, "etat": WORD, "remise": WORD, "taches": FLAG, "q": WORD,
}  # fmt: skip
HOUR: Json = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$"}
SENDS: Json = {"etat": WORD, "canal": WORD, "genre": WORD}
QUERIES: Mapping[str, Json] = {
    "GET /api/agent/telecontroles": SEARCH | {"page": PAGE},
    "GET /api/agent/telecontroles.csv": SEARCH,
    "GET /api/agent/medecins/{medecin}/rendez-vous": {"de": HOUR, "a": HOUR},
    "GET /api/agent/envois": SENDS | {"page": PAGE},
    "GET /api/agent/envois.csv": SENDS,
    "GET /api/agent/creneaux": {
        "medecin": WORD, "de": DAY, "minutes": {"type": "integer", "minimum": 10, "maximum": 120},
    },
    "POST /api/agent/import": {"tout_ou_rien": FLAG, "essai": FLAG},
    "GET /connexion/retour": dict.fromkeys(("code", "state", "iss", "error"), WORD),
    "GET /hooks/sms/ovh/{token}": dict.fromkeys(("id", "ptt", "date"), WORD),
    "POST /hooks/sms/ovh/{token}": dict.fromkeys(("id", "ptt", "date"), WORD),
}  # fmt: skip


def document(lines: Sequence[Line] = TABLE) -> Json:
    """As JSON values."""
    paths: Json = {}
    for line in lines:
        if line.asker not in TOLD_ELSEWHERE:
            paths.setdefault(line.path, {})[line.method.lower()] = operation(line)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Télécontrôle : ce que demandent nos pages et les machines connues",
            "version": VERSION,
            "description": "Sans engagement de stabilité : nos pages en sont les seuls clients.",
        },
        "paths": paths,
        "components": {"schemas": schemas(), "securitySchemes": schemes()},
    }


def schemas() -> Json:
    kinds: list[Any] = [Failure, *dict.fromkeys(TAKES.values())]
    return msgspec.json.schema_components(kinds, ref_template=REFERENCE)[1]


def operation(line: Line) -> Json:
    told: Json = {
        "operationId": route(line),
        "summary": f"{PROOFS[line.asker][0]}{of_whom(line)}",
        "security": [{line.asker: []}] if line.asker in SCHEMES else [],
        "parameters": parameters(line),
        "responses": responses(line),
    }
    content = content_of(line)
    if content:
        told["requestBody"] = {"required": True, "content": content}
    return told


def route(line: Line) -> str:
    return f"{line.method} {line.path}"


def of_whom(line: Line) -> str:
    where = "" if line.where == "service" else f", {line.where} only"
    return (f", of their own {line.owned}" if line.owned else "") + where


def content_of(line: Line) -> Json:
    kind = TAKES.get(route(line))
    if kind is None:
        return TAKE_OTHER.get(route(line), {})
    return {JSON: {"schema": {"$ref": REFERENCE.format(name=kind.__name__)}}}


# --- who asks -----------------------------------------------------------------------------------


def cookie(name: str) -> Json:
    return {"type": "apiKey", "in": "cookie", "name": name}


#: What OpenAPI has a word for. The others prove themselves in the body, by the path or by where
#: they are (docs/roles.md).
SCHEMES: Mapping[Asker, Json] = {
    "assure": cookie("__Host-assure"),
    "tiers": cookie("__Host-tiers"),
    "medecin_conseil": cookie("__Host-console"),
    "agent": cookie("__Host-agent"),
    "signed_receipt": {"type": "apiKey", "in": "header", "name": "X-Signature"},
    "load_test": {"type": "http", "scheme": "bearer"},
}


def schemes() -> Json:
    return {asker: told | {"description": PROOFS[asker][1]} for asker, told in SCHEMES.items()}


# --- parameters ---------------------------------------------------------------------------------

UUID: Json = {"type": "string", "format": "uuid"}
#: What a path may name; any other word of a path is a short text.
IN_PATHS: Mapping[str, Json] = {
    "id": UUID, "envoi": UUID, "justification": UUID,
    "audience": {"type": "string", "enum": ["console", "agent"]},
    "version": {"type": "string", "maxLength": 64},
}  # fmt: skip
SHORT: Json = {"type": "string", "minLength": 1, "maxLength": 64}


def parameters(line: Line) -> list[Json]:
    named = [
        {"in": "path", "name": name, "required": True, "schema": IN_PATHS.get(name, SHORT)}
        for name in re.findall(r"\{(\w+)\}", line.path)
    ]
    asked = QUERIES.get(route(line), {})
    return named + [
        {"in": "query", "name": name, "required": False, "schema": schema}
        for name, schema in asked.items()
    ]


# --- what comes back ----------------------------------------------------------------------------

CREATED = frozenset(
    {
        "POST /api/assure/session", "POST /api/console/session", "POST /api/agent/session",
        "POST /api/tiers/session", f"POST {ONE}/tiers", f"POST {FILE}/tiers",
        "POST /api/connexion/{audience}", "POST /api/agent/telecontroles",
        f"POST {FILE}/deplacer", "POST /api/agent/medecins/{medecin}/absences",
        f"POST {ONE}/issue", f"POST {ONE}/appels", f"POST {ONE}/presentiel",
        "POST /api/essai-de-charge/salles",
    }
)  # fmt: skip
EMPTY = frozenset(
    {
        "POST /api/assure/accuse", "POST /api/assure/besoins", "POST /api/assure/erreur",
        "POST /api/assure/justification", "POST /api/assure/attestation/session",
        "POST /api/assure/obstacle", "POST /api/assure/materiel/verdict", f"POST {ONE}/transfert",
        "POST /hooks/courriel", "POST /hooks/sms/http", "POST /hooks/sms/smsmode/{token}",
        "GET /hooks/sms/ovh/{token}", "POST /hooks/sms/ovh/{token}",
    }
)  # fmt: skip
#: By who asks: not proved, or the state of what their link or session names.
BY_ASKER: Mapping[Asker, tuple[int, ...]] = {
    "link": (401, 403, 404, 409, 410, 425, 429),
    "third_link": (401, 403, 404, 409, 410, 425, 429),
    "login": (401, 403, 404, 429),
    "assure": (401, 404, 409, 410, 425, 429),
    "tiers": (401, 404, 409, 410, 425, 429),
    "medecin_conseil": (401,),
    "agent": (401,),
    "signed_receipt": (403, 404),
    "receipt_token": (404,),
    "metrics_network": (403,),
    "load_test": (401, 429),
}
#: One route's own.
OWN: Mapping[str, tuple[int, ...]] = {
    "GET /readyz": (503,),
    "GET /.well-known/security.txt": (404,),
    "POST /api/agent/telecontroles": (409,),
    "GET /api/agent/medecins/{medecin}/absences": (422,),
    "POST /api/verification": (404, 429),
    "POST /api/verification/reponse": (403, 404, 429),
    "POST /api/assure/attestation": (503,),
    "POST /api/assure/materiel/echo": (503,),
}


def responses(line: Line) -> Json:
    good = success(line)
    found = {str(status): {"description": "Fait."} for status in good}
    refused = sorted(statuses(line) - good)
    return found | {str(status): failure(line, status) for status in refused}


def success(line: Line) -> set[int]:
    if route(line) in CREATED:
        return {201}
    if route(line) in EMPTY:
        return {204}
    if line.method == "DELETE" and line.path.endswith("/session"):
        # 200 says where the provider's own session is closed.
        return {200, 204}
    return {200}


def statuses(line: Line) -> set[int]:
    """Every status that a refusal of this route may have."""
    found = {*BY_ASKER.get(line.asker, ()), *OWN.get(route(line), ())}
    if line.changes:
        found |= {403, 422}
    if content_of(line):
        found |= {413}
    if line.owned or "{" in line.path:
        found |= {404}
    if line.changes and line.owned:
        found |= {409}
    if route(line) in JOURNALED or "/note" in line.path:
        # Nothing is given that cannot be put on the access journal; notes have their own store.
        found |= {503}
    if QUERIES.get(route(line)):
        found |= {422}
    return found


def failure(line: Line, status: int) -> Json:
    if not line.path.startswith("/api/"):
        return {"description": "Refusé."}
    content = {JSON: {"schema": {"$ref": REFERENCE.format(name="Failure")}}}
    return {"description": "Refusé.", "content": content}


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document()), indent=1) + b"\n")
