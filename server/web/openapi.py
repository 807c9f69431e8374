"""The OpenAPI 3.1 document of the caisse's API, built from its operations and their types."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from controle.besoins import LIBELLES_BESOIN
from controle.conclusion import LIBELLES_CONCLUSION
from controle.convocation import LIBELLES_CANAL, LIBELLES_ENVOI, LIBELLES_GENRE
from controle.etats import LIBELLES_ETAT, LIBELLES_ORIGINE
from controle.presentiel import LIBELLES_PRESENTIEL
from controle.qualification import LIBELLES_QUALIFICATION

from .caisse_messages import Given, Probleme, Taken
from .operations import JSON, Operation
from .problems import KINDS, MEDIA_TYPE, PREFIX

Json = dict[str, Any]

VERSION = "1.0.0"
REFERENCE = "#/components/schemas/{name}"
SECURITY = "cle"
LABELS: Mapping[str, Mapping[Any, str]] = {
    "Besoin": LIBELLES_BESOIN,
    "Canal": LIBELLES_CANAL,
    "Conclusion": LIBELLES_CONCLUSION,
    "Etat": LIBELLES_ETAT,
    "EtatEnvoi": LIBELLES_ENVOI,
    "EtatPresentiel": LIBELLES_PRESENTIEL,
    "GenreEnvoi": LIBELLES_GENRE,
    "OriginePresentiel": LIBELLES_ORIGINE,
    "Qualification": LIBELLES_QUALIFICATION,
}
#: What may happen to every operation, and to every one that changes something.
ALWAYS = ("cle_refusee", "portee_manquante", "demande", "trop_de_demandes", "panne")
CHANGING = (
    "idempotence_absente", "idempotence_reprise", "demande_en_cours", "trop_grand",
    "type_de_corps", "origine",
)  # fmt: skip

RATE_HEADERS: Json = {
    "RateLimit-Policy": {"description": "« q » demandes par « w » secondes, pour cette clé."},
    "RateLimit": {"description": "« r » : ce qui reste ; « t » : secondes pour retrouver tout."},
}
HEADERS: dict[int, Json] = {
    401: {"WWW-Authenticate": {"description": "RFC 6750."}},
    403: {"WWW-Authenticate": {"description": "RFC 6750 ; la portée qui manque."}},
    429: {"Retry-After": {"description": "Secondes à attendre."}},
}


def document(operations: Sequence[Operation], origin: str) -> Json:
    """As JSON values; `origin`: where this service is."""
    paths: Json = {}
    schemas = components(operations)
    for one in operations:
        paths.setdefault(PREFIX + one.path, {})[one.method.lower()] = operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Télécontrôle : API de la caisse",
            "version": VERSION,
            "description": "Planifier, déplacer, annuler, suivre ; recevoir les conclusions.",
        },
        "servers": [{"url": origin}],
        "security": [{SECURITY: []}],
        "paths": paths | {f"{PREFIX}/openapi.json": {"get": ITSELF}},
        "components": {
            "schemas": schemas,
            "securitySchemes": {SECURITY: {"type": "http", "scheme": "bearer"}},
        },
    }


ITSELF: Json = {
    "operationId": "document",
    "summary": "Ce document.",
    "security": [],
    "responses": {"200": {"description": "OpenAPI 3.1", "content": {JSON: {"schema": {}}}}},
}


def operation(one: Operation) -> Json:
    told: Json = {
        "operationId": one.name,
        "summary": one.summary,
        "description": f"Portée : `{one.scope}`.",
        "security": [{SECURITY: [one.scope]}],
        "parameters": parameters(one),
        "responses": responses(one),
    }
    if one.changes and has_fields(one.takes):
        content = {JSON: {"schema": reference(one.takes)}}
        told["requestBody"] = {"required": True, "content": content}
    return told


def has_fields(kind: type[Taken]) -> bool:
    return bool(msgspec.structs.fields(kind))


def reference(kind: type[Given | Taken]) -> Json:
    return {"$ref": REFERENCE.format(name=kind.__name__)}


# --- what comes in ------------------------------------------------------------------------------


def parameters(one: Operation) -> list[Json]:
    found: list[Json] = []
    if one.names_one:
        found.append(parameter("path", "id", {"type": "string", "format": "uuid"}, required=True))
    if one.changes:
        schema = {"type": "string", "minLength": 1, "maxLength": 128, "examples": ["8e03978e-40d5"]}
        found.append(parameter("header", "Idempotency-Key", schema, required=True))
        return found
    (_,), known = msgspec.json.schema_components([one.takes], ref_template=REFERENCE)
    query = known[one.takes.__name__]
    for name, schema in query["properties"].items():
        required = name in query.get("required", ())
        found.append(parameter("query", name, absent_not_null(schema), required=required))
    return found


def parameter(place: str, name: str, schema: Json, *, required: bool) -> Json:
    return {"in": place, "name": name, "required": required, "schema": schema}


def absent_not_null(schema: Json) -> Json:
    """A parameter that is not there is not there: it is never null."""
    kinds = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    return kinds[0] if len(kinds) == 1 else schema


# --- what goes out ------------------------------------------------------------------------------


def responses(one: Operation) -> Json:
    own = ("telecontrole_inconnu",) if one.names_one else ()
    codes = {*ALWAYS, *(CHANGING if one.changes else ()), *own, *one.refusals}
    statuses = sorted({KINDS[code].status for code in codes})
    return {str(one.status): success(one)} | {
        str(status): failure(status, [code for code in sorted(codes) if is_of(code, status)])
        for status in statuses
    }


def is_of(code: str, status: int) -> bool:
    return KINDS[code].status == status


def success(one: Operation) -> Json:
    headers = dict(RATE_HEADERS)
    if one.status == HTTPStatus.CREATED:
        headers["Location"] = {"description": "Le télécontrôle créé.", "required": True}
    if one.changes:
        headers["Idempotency-Replayed"] = {
            "description": "« true » : la réponse déjà donnée à cette même demande."
        }
    return {
        "description": (one.gives.__doc__ or "").strip(),
        "headers": with_schemas(headers),
        "content": {JSON: {"schema": reference(one.gives)}},
    }


def failure(status: int, codes: Sequence[str]) -> Json:
    lines = [f"- `{code}` : {KINDS[code].title}" for code in codes]
    return {
        "description": "\n".join(lines),
        "headers": with_schemas(HEADERS.get(status, {})),
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "allOf": [reference(Probleme)],
                    "properties": {"code": {"enum": list(codes)}, "status": {"const": status}},
                }
            }
        },
    }


def with_schemas(headers: Json) -> Json:
    return {name: told | {"schema": {"type": "string"}} for name, told in headers.items()}


def components(operations: Sequence[Operation]) -> Json:
    """Bodies and answers; parameters are told where they are taken."""
    kinds: list[Any] = [Probleme]
    for one in operations:
        kinds.append(one.gives)
        if has_fields(one.takes):
            kinds.append(one.takes)
    _, known = msgspec.json.schema_components(dict.fromkeys(kinds), ref_template=REFERENCE)
    for one in operations:
        if not one.changes:
            known.pop(one.takes.__name__, None)
    return known | {name: known[name] | {"description": told} for name, told in in_words(known)}


def in_words(known: Json) -> Iterator[tuple[str, str]]:
    """The domain's words with what people read instead of them."""
    for name, labels in LABELS.items():
        if name in known:
            yield name, "\n".join(f"- `{word}` : {label}" for word, label in labels.items())
