"""What is refused, as a status and a sentence: one table, one middleware, one body."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog
from aiohttp import web
from sqlalchemy.exc import DataError

from controle.calendrier import ConvocationTardive
from controle.refus import Refus
from media.sdp import SdpRefused
from server.apart.database import Away
from server.assure.documents import DocumentTooLarge
from server.assure.door import CodeRefused, DoorClosed
from server.assure.verification import CodeUnknown
from server.attestation.making import TooManyAttestations
from server.attestation.press import PdfUnavailable
from server.equipment.echo_process import EchoUnavailable
from server.equipment.turns import EchoFull, EchoReplaced
from server.identity.guesses import TooManyTries
from server.identity.local_login import SecondFactorWanted
from server.identity.oidc_refusals import LoginRefused, TooManyLogins
from server.identity.second_factor import TooManyCodes

from .login_words import told as told_of
from .messages import Failure, Problem

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Unauthenticated(Exception):
    """No session, or not any more."""


class Forbidden(Exception):
    """The request does not come from our own pages."""


class BadBody(Exception):
    """The body is not what the route takes; `field` when one can be named."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


#: Refusals of the domain that are about the state of things (409); the others are about what
#: was filled in (422).
CONFLICTS = frozenset(
    {
        "transition_impossible", "entretien_en_cours", "trop_tot_pour_conclure",
        "identite_non_controlee", "issue_scellee", "version_concurrente", "controle_sans_objet",
        "sceau_incoherent",
        "convocation_non_remise", "rappel_non_envoye", "aucun_appel", "justification_en_attente",
        "creneau_pris", "medecin_indisponible", "deja_decide", "justification_impossible",
        "presentiel_sans_demande", "presentiel_deja_fixe", "presentiel_termine",
        "presentiel_a_venir", "suite_deja_donnee", "presentiel_attendu", "accord_manquant",
        "incidents_trop_nombreux", "deja_planifie", "tache_inconnue", "envoi_en_cours",
        "trop_tard_pour_envoyer", "trop_de_justifications", "trop_de_besoins", "personne_effacee",
        "rien_a_attester", "attente_trop_courte", "entretien_non_fini",
        "trop_de_tiers", "trop_tard_pour_inviter",
        "transfert_en_entretien", "confrere_absent", "note_concurrente", "trop_de_versions",
        "trop_de_tests",
    }
)  # fmt: skip

#: The door's states: status and sentence. Each has its own page (row JO-10).
DOORS: dict[str, tuple[int, str]] = {
    "inconnu": (404, "Ce lien n'est pas valable."),
    "trop_tot": (425, "La salle n'est pas encore ouverte."),
    "trop_tard": (410, "L'heure du rendez-vous est passée."),
    "refuse": (410, "La visioconférence a été refusée."),
    "annule": (410, "Ce rendez-vous est annulé."),
    "reporte": (410, "Ce rendez-vous est reporté."),
    "presentiel": (410, "Ce rendez-vous aura lieu en présentiel."),
    "termine": (410, "Ce rendez-vous est terminé."),
    "ouvert": (409, "Ce rendez-vous est en cours sur un autre appareil."),
    "autre": (401, "Un code par SMS est nécessaire pour ce rendez-vous."),
}


def problem_of(wrong: Exception) -> tuple[int, Problem]:
    """Status and problem of each refusal; whatever is not here is a bug (500)."""
    for kind, told in TABLE:
        if isinstance(wrong, kind):
            return told(wrong)
    return 500, Problem(code="panne", message="Le service a rencontré une erreur. Réessayez.")


def domain(wrong: Refus) -> tuple[int, Problem]:
    first = wrong.premiere_date.isoformat() if isinstance(wrong, ConvocationTardive) else None
    problem = Problem(code=wrong.code, message=wrong.message, field=wrong.champ, first_date=first)
    if wrong.code in ("telecontrole_inconnu", "piece_inconnue", "note_inconnue", "tiers_inconnu"):
        return 404, problem
    if wrong.code == "reserve_au_service_medical":
        return 403, problem
    if wrong.code == "document_efface":
        return 410, problem
    return 409 if wrong.code in CONFLICTS else 422, problem


def door(wrong: DoorClosed) -> tuple[int, Problem]:
    status, message = DOORS[wrong.acces]
    return status, Problem(code=wrong.acces, message=message)


def too_many(wrong: TooManyCodes) -> tuple[int, Problem]:
    message = f"Trop de codes demandés. Réessayez dans {minutes(wrong.wait)}."
    return 429, Problem(code="verrouille", message=message, retry_after=wrong.wait)


def unauthenticated(_: Unauthenticated) -> tuple[int, Problem]:
    return 401, Problem(code="session", message="Votre session est fermée. Reconnectez-vous.")


def forbidden(_: Forbidden) -> tuple[int, Problem]:
    return 403, Problem(code="origine", message="Cette demande ne vient pas de notre page.")


def bad_body(wrong: BadBody) -> tuple[int, Problem]:
    return 422, Problem(code="demande", message=wrong.message, field=wrong.field)


def unstorable(_: DataError) -> tuple[int, Problem]:
    """PostgreSQL keeps no NUL and no number beyond its own; SQLite finds nothing of that name."""
    return 422, Problem(code="demande", message="Une valeur envoyée n'est pas acceptable.")


def code_problem(wrong: CodeRefused) -> tuple[int, Problem]:
    checked = wrong.checked
    if checked.verdict == "locked":
        message = f"Trop d'essais. Attendez {minutes(checked.wait)}, puis demandez un nouveau code."
        return 429, Problem(
            code="verrouille", message=message, field="code", retry_after=checked.wait
        )
    if checked.verdict == "expired":
        message = "Ce code n'est plus valable. Demandez-en un nouveau."
        return 403, Problem(code="code_expire", message=message, field="code")
    left = "un essai" if checked.left == 1 else f"{checked.left} essais"
    message = f"Ce code n'est pas le bon. Il vous reste {left}."
    return 403, Problem(code="code_faux", message=message, field="code")


def code_unknown(_: CodeUnknown) -> tuple[int, Problem]:
    return 404, Problem(
        code="code_inconnu",
        message="Nous ne connaissons pas ce code. Ce message ne vient peut-être pas de nous.",
        field="code",
    )


def too_large(wrong: DocumentTooLarge) -> tuple[int, Problem]:
    return 413, Problem(code=wrong.code, message=wrong.message, field=wrong.champ)


def too_many_tries(wrong: TooManyTries) -> tuple[int, Problem]:
    message = f"Trop d'essais. Réessayez dans {minutes(wrong.wait)}, ou appelez votre caisse."
    return 429, Problem(code="trop_d_essais", message=message, retry_after=wrong.wait)


def second_factor(wrong: SecondFactorWanted) -> tuple[int, Problem]:
    """The link is good; the authenticator's code is missing, wrong, or not to be tried now."""
    tried = wrong.tried
    if tried is None:
        message = "Entrez le code à six chiffres de votre application d'authentification."
        return 401, Problem(code="second_facteur", message=message, field="code")
    if tried.verdict == "none":
        message = "Aucune application d'authentification n'est liée à votre compte. Demandez un "
        message += "nouveau lien de connexion à votre service informatique."
        return 403, Problem(code="second_facteur_absent", message=message)
    if tried.verdict == "locked":
        message = f"Trop d'essais. Attendez {minutes(tried.wait)}, puis demandez un nouveau lien."
        return 429, Problem(code="verrouille", message=message, retry_after=tried.wait)
    left = "un essai" if tried.left == 1 else f"{tried.left} essais"
    message = f"Ce code n'est pas le bon, ou il a déjà servi. Il vous reste {left}."
    return 403, Problem(code="code_faux", message=message, field="code")


def login_refused(wrong: LoginRefused) -> tuple[int, Problem]:
    words = told_of(wrong)
    wait = wrong.wait if isinstance(wrong, TooManyLogins) else None
    message = f"{words.why} {words.advice}"
    return words.status, Problem(code=wrong.code, message=message, retry_after=wait)


def too_many_attestations(wrong: TooManyAttestations) -> tuple[int, Problem]:
    message = "Plusieurs attestations ont déjà été délivrées pour ce rendez-vous. Réessayez demain."
    return 429, Problem(code="trop_d_attestations", message=message, retry_after=wrong.wait)


def no_pdf(_: PdfUnavailable) -> tuple[int, Problem]:
    message = "Le PDF n'a pas pu être préparé. Prenez la page web : elle dit la même chose."
    return 503, Problem(code="pdf_indisponible", message=message, retry_after=30)


def echo_full(_: EchoFull) -> tuple[int, Problem]:
    message = "Trop de personnes font un essai en ce moment. Réessayez dans une minute."
    return 503, Problem(code="essai_complet", message=message, retry_after=60)


def echo_unavailable(_: EchoUnavailable) -> tuple[int, Problem]:
    message = "L'essai d'appel n'a pas pu commencer. Réessayez dans un instant."
    return 503, Problem(code="essai_indisponible", message=message, retry_after=10)


def echo_replaced(_: EchoReplaced) -> tuple[int, Problem]:
    message = "Un autre essai a commencé, ici ou sur un autre appareil : il remplace celui-ci."
    return 409, Problem(code="essai_remplace", message=message)


def sdp_refused(_: SdpRefused) -> tuple[int, Problem]:
    return 422, Problem(code="description", message="Cette demande d'appel est mal formée.")


def away(wrong: Away) -> tuple[int, Problem]:
    log.warning("away", code=wrong.code)
    return 503, Problem(code=wrong.code, message=wrong.message)


TABLE: tuple[tuple[type[Exception], Callable[[Any], tuple[int, Problem]]], ...] = (
    (DocumentTooLarge, too_large),
    (Refus, domain),
    (Away, away),
    (DoorClosed, door),
    (CodeRefused, code_problem),
    (TooManyCodes, too_many),
    (TooManyAttestations, too_many_attestations),
    (PdfUnavailable, no_pdf),
    (EchoFull, echo_full),
    (EchoUnavailable, echo_unavailable),
    (EchoReplaced, echo_replaced),
    (SdpRefused, sdp_refused),
    (CodeUnknown, code_unknown),
    (TooManyTries, too_many_tries),
    (SecondFactorWanted, second_factor),
    (LoginRefused, login_refused),
    (Unauthenticated, unauthenticated),
    (Forbidden, forbidden),
    (BadBody, bad_body),
    (DataError, unstorable),
)


def minutes(seconds: int) -> str:
    whole = max(1, -(-seconds // 60))
    return "une minute" if whole == 1 else f"{whole} minutes"


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every refusal of an API route becomes its JSON; a bug is logged by place, not by words."""
    try:
        return await handler(request)
    except web.HTTPException as answer:
        if not request.path.startswith("/api/"):
            raise
        return failure(answer.status, Problem(code="http", message=answer.reason))
    except (ConnectionResetError, TimeoutError):
        raise
    except Exception as wrong:
        status, problem = problem_of(wrong)
        if status == 500:
            log.exception("request_failed", route=route_of(request), method=request.method)
        return failure(status, problem)


def failure(status: int, problem: Problem) -> web.Response:
    body = msgspec.json.encode(Failure(error=problem))
    headers = {"Retry-After": str(problem.retry_after)} if problem.retry_after else None
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)


def route_of(request: web.Request) -> str:
    """The route's pattern: a path could carry an id."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else ""
