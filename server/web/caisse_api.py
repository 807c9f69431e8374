"""/api/v1: what the caisse's own system may do, each a few lines over server/caisse/planning.py.

Docstrings of operations are read by who integrates: they are in the OpenAPI document.
"""

from functools import cache

import msgspec
from aiohttp import web

from server.caisse import api_reads
from server.keys import CONFIG
from server.store import people
from server.store.sql import UniteSql

from . import openapi
from .agent_messages import MoveForm, PlanForm
from .caisse_messages import (
    Creneau,
    Creneaux,
    Deplacement,
    Issue,
    NouveauTelecontrole,
    PageIssues,
    PageTelecontroles,
    RechercheCreneaux,
    RechercheIssues,
    RechercheTelecontroles,
    Rien,
    Telecontrole,
)
from .operations import OPERATIONS, Call, Done, changes, reads, routes
from .problems import PREFIX, SeveralRefused

__all__ = ["routes"]

LIST = "/telecontroles"
ONE = "/telecontroles/{id}"
#: What can be wrong with a date, wherever one is given.
DATES = (
    "convocation_tardive", "jour_non_ouvre", "hors_horaires", "heure_inexistante",
    "date_illisible", "date_impossible", "creneau_pris", "medecin_indisponible", "medecin_inconnu",
)  # fmt: skip
CONTACTS = (
    "deja_planifie", "civilite_inconnue", "nom_vide", "courriel_invalide", "telephone_invalide",
    "langue_inconnue", "sans_contact", "reference_interdite", "reference_d_autrui",
)  # fmt: skip


@changes(LIST, NouveauTelecontrole, Telecontrole, 201, DATES + CONTACTS)
async def planifier(unite: UniteSql, call: Call[NouveauTelecontrole]) -> Done:
    """Donne un rendez-vous ; la convocation part aussitôt, le rappel la veille."""
    asked, wrong = await call.api.planning.examine(unite, call.key.caisse, _plan(call.given))
    if asked is None:
        raise SeveralRefused(wrong)
    un = await call.api.planning.write(unite, asked, call.key.id)
    shown = await api_reads.detail(unite, call.key.caisse, un.id)
    return Done(shown, (un,), f"{PREFIX}{LIST}/{un.id}")


@reads(LIST, RechercheTelecontroles, PageTelecontroles)
async def lister(unite: UniteSql, call: Call[RechercheTelecontroles]) -> PageTelecontroles:
    """Les télécontrôles de la caisse, par heure de début."""
    caisse = await people.caisse(unite.connection, call.key.caisse)
    return await api_reads.listed(unite, caisse.id, caisse.fuseau, call.given)


@reads(ONE, Rien, Telecontrole)
async def lire(unite: UniteSql, call: Call[Rien]) -> Telecontrole:
    """Un télécontrôle : son état, sa remise, son code, ses besoins, sa suite, ses messages."""
    return await api_reads.detail(unite, call.key.caisse, call.id)


@changes(
    f"{ONE}/deplacement",
    Deplacement,
    Telecontrole,
    201,
    (*DATES, "telecontrole_inconnu", "transition_impossible", "suite_deja_donnee"),
)
async def deplacer(unite: UniteSql, call: Call[Deplacement]) -> Done:
    """Donne une autre date : un nouveau télécontrôle remplace celui-ci, qui est reporté."""
    un = await api_reads.own(unite, call.key.caisse, call.id)
    form = MoveForm(start=call.given.debut_local, doctor=call.given.medecin_conseil)
    new = await call.api.planning.move(unite, un, form, call.key.id)
    shown = await api_reads.detail(unite, call.key.caisse, new.id)
    return Done(shown, (un, new), f"{PREFIX}{LIST}/{new.id}")


@changes(
    f"{ONE}/annulation",
    Rien,
    Telecontrole,
    200,
    ("telecontrole_inconnu", "transition_impossible"),
)
async def annuler(unite: UniteSql, call: Call[Rien]) -> Done:
    """Annule ; l'assuré est prévenu. Déjà annulé : rien de plus."""
    un = await api_reads.own(unite, call.key.caisse, call.id)
    await call.api.planning.cancel(unite, un, call.key.id)
    return Done(await api_reads.detail(unite, call.key.caisse, un.id), (un,))


@reads(f"{ONE}/issue", Rien, Issue, ("issue_absente",))
async def conclusion(unite: UniteSql, call: Call[Rien]) -> Issue:
    """La conclusion administrative qui fait foi : la dernière version signée."""
    return await api_reads.issue(unite, call.key.caisse, call.id)


@reads("/issues", RechercheIssues, PageIssues)
async def conclusions(unite: UniteSql, call: Call[RechercheIssues]) -> PageIssues:
    """Toutes les conclusions, dans l'ordre des signatures : gardez `curseur` et revenez."""
    return await api_reads.feed(unite, call.key.caisse, call.given)


@reads("/creneaux", RechercheCreneaux, Creneaux, ("medecin_inconnu",))
async def creneaux(unite: UniteSql, call: Call[RechercheCreneaux]) -> Creneaux:
    """Les premiers créneaux libres d'un médecin-conseil, assez tôt pour convoquer."""
    caisse, planning = await people.caisse(unite.connection, call.key.caisse), call.api.planning
    start = api_reads.day_of(call.given.de, "de") if call.given.de else None
    free = await planning.slots(
        unite, caisse, call.given.medecin_conseil, start, call.given.duree_minutes
    )
    return Creneaux(
        creneaux=[
            Creneau(
                debut=api_reads.shown(one.debut),
                debut_local=api_reads.local(one.debut, caisse.fuseau),
            )
            for one in free
        ],
        premiere_date=planning.available.first_date(caisse).isoformat(),
        fuseau=caisse.fuseau,
    )


@routes.route("GET", f"{PREFIX}/openapi.json")
async def document(request: web.Request) -> web.Response:
    """Public: what there is, for a generator of clients."""
    return web.Response(body=_document(request.app[CONFIG].origin), content_type="application/json")


@cache
def _document(origin: str) -> bytes:
    return msgspec.json.encode(openapi.document(OPERATIONS, origin))


def _plan(given: NouveauTelecontrole) -> PlanForm:
    """The agents' form: the same checks for both."""
    return PlanForm(
        civility=given.civilite,
        name=given.nom,
        context=given.contexte,
        doctor=given.medecin_conseil,
        start=given.debut_local,
        mail=given.courriel,
        phone=given.telephone,
        address=given.adresse,
        language=given.langue,
        reference=given.reference,
        minutes=given.duree_minutes,
    )
