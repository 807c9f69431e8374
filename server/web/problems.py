"""What the caisse's API refuses, as RFC 9457 problem details: one table, one middleware."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import structlog
from aiohttp import web
from msgspec import UNSET

from controle.calendrier import ConvocationTardive
from controle.refus import Refus

from .caisse_messages import ErreurDeChamp, Probleme
from .errors import Handler, problem_of, route_of

log = structlog.get_logger()

PREFIX = "/api/v1"
#: How much this key may still ask: headers of every answer, once the key is known.
QUOTA = web.RequestKey("quota", dict[str, str])
MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of problem: its status, and the title that never changes (RFC 9457 §3.1.3)."""

    status: int
    title: str


KINDS: dict[str, Kind] = {
    "idempotence_absente": Kind(400, "En-tête Idempotency-Key absent ou mal formé"),
    "cle_refusee": Kind(401, "Clé d'API absente, inconnue ou révoquée"),
    "portee_manquante": Kind(403, "La clé d'API n'a pas cette portée"),
    "origine": Kind(403, "Demande d'une page web"),
    "adresse_inconnue": Kind(404, "Adresse inconnue"),
    "telecontrole_inconnu": Kind(404, "Télécontrôle inconnu"),
    "issue_absente": Kind(404, "Pas encore de conclusion signée"),
    "methode": Kind(405, "Méthode non permise à cette adresse"),
    "demande_en_cours": Kind(409, "La même demande est déjà en cours"),
    "creneau_pris": Kind(409, "Créneau déjà pris"),
    "deja_planifie": Kind(409, "Rendez-vous déjà planifié"),
    "medecin_indisponible": Kind(409, "Médecin-conseil indisponible"),
    "suite_deja_donnee": Kind(409, "Un autre rendez-vous suit déjà"),
    "transition_impossible": Kind(409, "Impossible à ce stade du contrôle"),
    "trop_grand": Kind(413, "Corps trop grand"),
    "type_de_corps": Kind(415, "Un corps JSON est attendu"),
    "civilite_inconnue": Kind(422, "Civilité inconnue"),
    "contexte_inconnu": Kind(422, "Contexte inconnu"),
    "convocation_tardive": Kind(422, "Trop tard pour convoquer à cette date"),
    "courriel_invalide": Kind(422, "Adresse de courriel inutilisable"),
    "date_illisible": Kind(422, "Date inexistante"),
    "date_impossible": Kind(422, "Date hors du calendrier"),
    "demande": Kind(422, "Demande mal formée"),
    "heure_inexistante": Kind(422, "Heure inexistante ou double"),
    "hors_horaires": Kind(422, "Hors des heures d'ouverture"),
    "idempotence_reprise": Kind(422, "Idempotency-Key déjà utilisée pour une autre demande"),
    "jour_non_ouvre": Kind(422, "Jour non ouvré"),
    "langue_inconnue": Kind(422, "Langue inconnue"),
    "medecin_inconnu": Kind(422, "Médecin-conseil inconnu"),
    "nom_vide": Kind(422, "Nom vide"),
    "reference_d_autrui": Kind(422, "Référence d'une autre personne"),
    "reference_interdite": Kind(422, "Référence interdite"),
    "sans_contact": Kind(422, "Aucun moyen d'écrire à cette personne"),
    "telephone_invalide": Kind(422, "Numéro de téléphone inutilisable"),
    "trop_de_demandes": Kind(429, "Trop de demandes"),
    "panne": Kind(500, "Erreur du service"),
}
#: What a server says by itself, as our codes.
HTTP_CODES = {404: "adresse_inconnue", 405: "methode", 413: "trop_grand", 415: "type_de_corps"}

#: The domain names fields as the agent's forms do; this API has its own words.
FIELDS = {
    "start": "debut_local",
    "doctor": "medecin_conseil",
    "civility": "civilite",
    "name": "nom",
    "context": "contexte",
    "mail": "courriel",
    "phone": "telephone",
    "address": "adresse",
    "language": "langue",
    "minutes": "duree_minutes",
}


class Refused(Exception):
    """This API's own refusals. `field`: in the body or the query."""

    def __init__(
        self,
        code: str,
        detail: str,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.field = field
        self.headers = headers


class SeveralRefused(Exception):
    """All that the domain found wrong with one request; the first says the status."""

    def __init__(self, refusals: Sequence[Refus]) -> None:
        super().__init__(", ".join(one.code for one in refusals))
        self.refusals = refusals


def described(wrong: Exception) -> Probleme:
    """The body of a refusal; of a bug, nothing but that it is one."""
    if isinstance(wrong, Refused):
        return problem(wrong.code, wrong.detail, wrong.field)
    if isinstance(wrong, SeveralRefused):
        first, *others = [described(one) for one in wrong.refusals]
        errors = [error for one in (first, *others) for error in one.errors or ()]
        return msgspec.structs.replace(first, errors=errors or UNSET)
    if isinstance(wrong, web.HTTPException):
        code = HTTP_CODES.get(wrong.status, "demande")
        return problem(code, f"{KINDS[code].title}.", status=wrong.status)
    status, told = problem_of(wrong)
    field = FIELDS.get(told.field, told.field) if told.field else None
    first_date = wrong.premiere_date.isoformat() if isinstance(wrong, ConvocationTardive) else UNSET
    known = problem(told.code, told.message, field, status=status)
    return msgspec.structs.replace(known, premiere_date=first_date)


def problem(
    code: str, detail: str, field: str | None = None, status: int | None = None
) -> Probleme:
    kind = KINDS.get(code) or Kind(status or 422, "Demande refusée")
    error = ErreurDeChamp(pointeur=pointer(field), code=code, detail=detail) if field else None
    return Probleme(
        type=f"/problemes/{code}",
        title=kind.title,
        status=kind.status,
        detail=detail,
        code=code,
        errors=[error] if error else UNSET,
    )


def pointer(field: str) -> str:
    """RFC 6901, as the fragment of a URI."""
    escaped = field.replace("~", "~0").replace("/", "~1")
    return "#/" + escaped


def refusal(wrong: Exception) -> web.Response:
    body = described(wrong)
    headers = dict(wrong.headers or {}) if isinstance(wrong, Refused) else {}
    if isinstance(wrong, web.HTTPMethodNotAllowed):
        headers["Allow"] = wrong.headers["Allow"]
    return web.Response(
        status=body.status,
        body=msgspec.json.encode(body),
        content_type=MEDIA_TYPE,
        headers=headers,
    )


def is_expected(wrong: Exception) -> bool:
    expected = Refused | SeveralRefused | web.HTTPException
    return isinstance(wrong, expected) or problem_of(wrong)[0] < 500


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Under /api/v1 whatever goes wrong is a problem, unknown addresses and bugs too."""
    if not request.path.startswith(f"{PREFIX}/"):
        return await handler(request)
    try:
        response = await handler(request)
    except (ConnectionResetError, TimeoutError):
        raise
    except Exception as wrong:
        if not is_expected(wrong):
            log.exception("request_failed", route=route_of(request), method=request.method)
        response = refusal(wrong)
    response.headers.update(request.get(QUOTA, {}))
    return response


#: « Object missing required field `nom` - at `$.x` », « … unknown field `y` », « … - at `$.z` ».
NAMED = re.compile(r"(missing required|unknown) field `(.{1,200}?)`", re.DOTALL)
PATH = re.compile(r"- at `\$\.([^`]{1,200})`$")
LENGTH = re.compile(r"of length (<=|>=) (\d+)")
BOUND = re.compile(r"(<=|>=) (\d+)")


def malformed(wrong: msgspec.ValidationError) -> Refused:
    """msgspec's finding, in French, at its field; never what was in it."""
    text = str(wrong)
    named, path = NAMED.search(text), PATH.search(text)
    if named:
        missing = named[1].startswith("missing")
        sentence = "Ce champ est obligatoire." if missing else "Ce champ n'existe pas."
        return Refused("demande", sentence, named[2])
    return Refused("demande", _finding(text), path[1] if path else None)


def _finding(text: str) -> str:
    length, bound = LENGTH.search(text), BOUND.search(text)
    if length:
        most = "au plus" if length[1] == "<=" else "au moins"
        return f"Il faut {most} {length[2]} caractère{'s' if int(length[2]) > 1 else ''}."
    if bound:
        return f"Il faut {'au plus' if bound[1] == '<=' else 'au moins'} {bound[2]}."
    if "Invalid enum value" in text:
        return "Cette valeur n'est pas dans la liste."
    if "regex" in text:
        return "Cette valeur n'a pas la forme attendue."
    return "Cette valeur n'est pas du type attendu."
