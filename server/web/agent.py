"""/api/agent: what agents ask, each a few lines over server/caisse/agents.py, agent_reads.py."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from aiohttp import web

from controle.convocation import Canal, EtatEnvoi, GenreEnvoi
from controle.registre import TelecontroleInconnu
from controle.remise import LIBELLES_REMISE
from controle.telecontrole import Etat
from server.caisse.agent_reads import Search
from server.caisse.agents import Agents, agent_of
from server.caisse.imports import model
from server.caisse.office import AgentOffice
from server.caisse.tables import FichierIllisible, FichierTropLong, read_csv, read_json
from server.identity.sessions import give_cookie
from server.keys import AGENT, CONFIG, DOCUMENTS, REGISTRE, SESSION
from server.store.people import Agent
from server.store.sends import UNDELIVERED, Wanted

from .agent_messages import (
    AbsenceForm,
    CallForm,
    ContactForm,
    InPersonForm,
    MoveForm,
    PlanForm,
    ReasonDecided,
    ReassignForm,
    ResendForm,
)
from .errors import BadBody
from .exports import MOST, messages_csv, model_csv, planned_csv
from .http import answer, body
from .sessions import logged_in, logged_out, wanted

routes = web.RouteTableDef()

LIST = "/api/agent/telecontroles"
ONE = f"{LIST}/{{id}}"
CHUNK = 65_536


OFFICE = web.AppKey("office", AgentOffice)


# --- who asks -----------------------------------------------------------------------------------


@routes.post("/api/agent/session")
async def log_in(request: web.Request) -> web.Response:
    session, cookie = await logged_in(request, "agent")
    async with request.app[REGISTRE].glance() as unite:
        agent = await agent_of(unite, session)
    response = answer(await request.app[OFFICE].reads.session(agent), status=201)
    give_cookie(response, "agent", cookie, request.app[CONFIG].console_session)
    return response


@routes.get("/api/agent/session")
async def who(request: web.Request) -> web.Response:
    return answer(await request.app[OFFICE].reads.session(request[AGENT]))


@routes.delete("/api/agent/session")
async def log_out(request: web.Request) -> web.Response:
    return await logged_out(request, request[SESSION])


# --- lists and details --------------------------------------------------------------------------


@routes.get(LIST)
async def listed(request: web.Request) -> web.Response:
    agent = request[AGENT]
    return answer(await request.app[OFFICE].reads.listed(agent, search_of(request)))


@routes.get(f"{LIST}.csv")
async def listed_csv(request: web.Request) -> web.Response:
    agent = request[AGENT]
    found = await request.app[OFFICE].reads.listed(agent, search_of(request, whole=True), MOST)
    return planned_csv(found.items)


@routes.get(ONE)
async def detail(request: web.Request) -> web.Response:
    agent = request[AGENT]
    return answer(await request.app[OFFICE].reads.detail(agent, wanted(request)))


@routes.get(f"{ONE}/messages/{{envoi}}")
async def text(request: web.Request) -> web.Response:
    agent = request[AGENT]
    envoi = wanted(request, "envoi")
    return answer(await request.app[OFFICE].reads.text(agent, wanted(request), envoi))


@routes.get(f"{ONE}/justifications/{{justification}}/document")
async def document(request: web.Request) -> web.Response:
    """What the assuré joined; never what belongs to the service médical."""
    agent, app = request[AGENT], request.app
    identifier = wanted(request, "justification")
    given = await app[OFFICE].reads.document(agent, wanted(request), identifier)
    async with app[REGISTRE].lecture() as unite:
        found = await app[DOCUMENTS].open(unite.connection, given)
    if found is None:
        raise TelecontroleInconnu
    suffix = "pdf" if found.type == "application/pdf" else "jpg"
    name = f'attachment; filename="justificatif.{suffix}"'
    headers = {"Content-Disposition": name}
    return web.Response(body=found.content, content_type=found.type, headers=headers)


@routes.get("/api/agent/envois")
async def messages(request: web.Request) -> web.Response:
    agent = request[AGENT]
    asked = messages_wanted(request, agent)
    return answer(await request.app[OFFICE].reads.messages(agent, asked, page_of(request)))


@routes.get("/api/agent/envois.csv")
async def messages_as_csv(request: web.Request) -> web.Response:
    agent = request[AGENT]
    asked = messages_wanted(request, agent)
    return messages_csv((await request.app[OFFICE].reads.messages(agent, asked, 1, MOST)).items)


@routes.get("/api/agent/progression")
async def progress(request: web.Request) -> web.Response:
    return answer(await request.app[OFFICE].reads.progress(request[AGENT]))


@routes.get("/api/agent/creneaux")
async def slots(request: web.Request) -> web.Response:
    agent = request[AGENT]
    doctor = request.query.get("medecin", "")[:36]
    start, minutes = day_of(request, "de"), number_of(request, "minutes", 10, 120)
    return answer(await request.app[OFFICE].reads.slots(agent, doctor, start, minutes))


# --- acts ---------------------------------------------------------------------------------------


@routes.post(LIST)
async def plan(request: web.Request) -> web.Response:
    agent, office = request[AGENT], request.app[OFFICE]
    new = await office.acts.plan(agent, await body(request, PlanForm))
    return answer(await office.reads.detail(agent, new), status=201)


#: A form applied to one télécontrôle; the id of the one to show then.
Act = Callable[[Agent, str, Any], Awaitable[str]]


def act(path: str, form: type[Any], verb: Callable[[Agents], Act], status: int = 200) -> None:
    """POST …/{path}: the form, the verb, and the télécontrôle as it is then."""

    async def handler(request: web.Request) -> web.Response:
        agent, office = request[AGENT], request.app[OFFICE]
        given = await body(request, form)
        changed = await verb(office.acts)(agent, wanted(request), given)
        return answer(await office.reads.detail(agent, changed), status=status)

    routes.post(f"{ONE}/{path}")(handler)


act("deplacer", MoveForm, lambda acts: acts.move, 201)
act("reaffecter", ReassignForm, lambda acts: acts.reassign)
act("coordonnees", ContactForm, lambda acts: acts.correct)
act("renvoyer", ResendForm, lambda acts: acts.resend)
act("appels", CallForm, lambda acts: acts.called)
act("justification", ReasonDecided, lambda acts: acts.decide)
act("presentiel", InPersonForm, lambda acts: acts.book)


@routes.post(f"{ONE}/annuler")
async def cancel(request: web.Request) -> web.Response:
    agent, office = request[AGENT], request.app[OFFICE]
    changed = await office.acts.cancel(agent, wanted(request))
    return answer(await office.reads.detail(agent, changed))


@routes.delete(f"{ONE}/presentiel")
async def unbook(request: web.Request) -> web.Response:
    agent, office = request[AGENT], request.app[OFFICE]
    changed = await office.acts.unbook(agent, wanted(request))
    return answer(await office.reads.detail(agent, changed))


@routes.post(f"{ONE}/taches/{{genre}}")
@routes.post(f"{ONE}/taches/{{genre}}/faite")
async def done(request: web.Request) -> web.Response:
    agent, office = request[AGENT], request.app[OFFICE]
    changed = await office.acts.done(agent, wanted(request), request.match_info["genre"][:32])
    return answer(await office.reads.detail(agent, changed))


@routes.post("/api/agent/medecins/{medecin}/absences")
async def absent(request: web.Request) -> web.Response:
    """The appointments of that time, to be given to others or moved."""
    agent, office = request[AGENT], request.app[OFFICE]
    form = await body(request, AbsenceForm)
    doctor = request.match_info["medecin"][:36]
    await office.acts.absent(agent, doctor, form)
    return answer(await office.reads.during(agent, doctor, form), status=201)


@routes.get("/api/agent/medecins/{medecin}/absences")
async def absences(request: web.Request) -> web.Response:
    """Those that are not over."""
    agent, office = request[AGENT], request.app[OFFICE]
    return answer(await office.reads.absences(agent, request.match_info["medecin"][:36]))


@routes.delete("/api/agent/medecins/{medecin}/absences/{absence}")
async def here_again(request: web.Request) -> web.Response:
    """That one is not, after all: those that are left."""
    agent, office = request[AGENT], request.app[OFFICE]
    doctor = request.match_info["medecin"][:36]
    await office.acts.here_again(agent, doctor, request.match_info["absence"][:36])
    return answer(await office.reads.absences(agent, doctor))


@routes.get("/api/agent/medecins/{medecin}/rendez-vous")
async def during(request: web.Request) -> web.Response:
    """What is still to be given to others or moved, of a time that was said to be an absence."""
    agent, told = request[AGENT], request.query
    form = AbsenceForm(start=told.get("de", "")[:16], end=told.get("a", "")[:16])
    doctor = request.match_info["medecin"][:36]
    return answer(await request.app[OFFICE].reads.during(agent, doctor, form))


# --- import -------------------------------------------------------------------------------------


@routes.post("/api/agent/import")
async def import_file(request: web.Request) -> web.Response:
    agent, app = request[AGENT], request.app
    reader = {"text/csv": read_csv, "application/json": read_json}.get(request.content_type)
    if reader is None:
        raise FichierIllisible("Choisissez un fichier CSV ou JSON.")
    content = await content_of(request, app[CONFIG].import_bytes)
    lines = reader(content, app[CONFIG].import_lines)
    whole, dry = is_set(request, "tout_ou_rien"), is_set(request, "essai")
    return answer(await app[OFFICE].imports.run(agent, lines, whole=whole, dry=dry))


@routes.get("/api/agent/modele.csv")
async def import_model(request: web.Request) -> web.Response:
    told = await request.app[OFFICE].reads.session(request[AGENT])
    doctor = told.doctors[0].id if told.doctors else ""
    return model_csv(model(doctor, told.first_date, told.slot_minutes))


async def content_of(request: web.Request, limit: int) -> bytes:
    """A file is larger than other bodies: read piece by piece, up to its own limit.

    :raises FichierTropLong: longer than `limit` bytes.
    """
    content = bytearray()
    async for piece in request.content.iter_chunked(CHUNK):
        content += piece
        if len(content) > limit:
            raise FichierTropLong(f"Ce fichier dépasse {limit // 1_000_000} Mo : coupez-le.")
    return bytes(content)


# --- the query ----------------------------------------------------------------------------------


def search_of(request: web.Request, *, whole: bool = False) -> Search:
    """:raises BadBody: a value that no filter has."""
    return Search(
        start=day_of(request, "de"),
        end=day_of(request, "a"),
        doctor=request.query.get("medecin", "")[:36],
        state=word_of(request, "etat", Etat),
        delivery=word_of(request, "remise", LIBELLES_REMISE),
        tasks=is_set(request, "taches"),
        words=request.query.get("q", "")[:100],
        page=1 if whole else page_of(request),
    )


def messages_wanted(request: web.Request, agent: Agent) -> Wanted:
    return Wanted(
        caisse=agent.caisse,
        state=word_of(request, "etat", (*EtatEnvoi, UNDELIVERED)),
        channel=word_of(request, "canal", Canal),
        kind=word_of(request, "genre", GenreEnvoi),
    )


def word_of(request: web.Request, name: str, known: Any) -> str:
    word = request.query.get(name, "")
    if word and word not in list(known):
        raise BadBody("Ce filtre n'existe pas.", name)
    return word


def day_of(request: web.Request, name: str) -> date | None:
    told = request.query.get(name, "")
    try:
        return date.fromisoformat(told) if told else None
    except ValueError:
        raise BadBody("Cette date n'existe pas.", name) from None


def number_of(request: web.Request, name: str, least: int, most: int) -> int | None:
    told = request.query.get(name, "")
    if not told:
        return None
    if not told.isascii() or not told.isdigit() or not least <= int(told[:9]) <= most:
        raise BadBody("Ce nombre n'est pas possible.", name)
    return int(told)


def page_of(request: web.Request) -> int:
    return number_of(request, "page", 1, 100_000) or 1


def is_set(request: web.Request, name: str) -> bool:
    return request.query.get(name, "") in {"1", "true", "oui"}
