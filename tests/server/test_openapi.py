"""The OpenAPI document: it is valid, it is what is served, and what is served is as it says."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, get_args
from urllib.parse import urlencode

import pytest
from caisse_people import API, LIST, Caisse, at, caisse, wanted, working_day
from conftest import Serve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from server_people import Answer, Service
from sqlalchemy import text

from controle import agenda, calendrier
from controle.refus import Refus
from server.caisse import asked, contacts, slots
from server.identity.secrets import new_secret
from server.store import schema as t
from server.store.sql import written
from server.web.caisse_messages import Contexte
from server.web.openapi import LABELS
from server.web.operations import OPERATIONS
from server.web.problems import KINDS, PREFIX

DOCUMENT = f"{API}/openapi.json"
METHODS = {"get", "post"}


async def document(service: Service) -> dict[str, Any]:
    answer = await service.browser().get(DOCUMENT)
    assert answer.status == 200
    told: dict[str, Any] = answer.json
    return told


@pytest.mark.row("AI-03")
async def test_the_document_is_openapi_3_1_and_public(service: Service) -> None:
    told = await document(service)

    validate(told)
    assert told["openapi"].startswith("3.1")
    assert told["servers"] == [{"url": service.config.origin}]


@pytest.mark.row("AI-03")
async def test_the_routes_and_the_document_are_the_same_list(service: Service) -> None:
    told = await document(service)

    listed = {
        (method, path)
        for path, item in told["paths"].items()
        for method in item
        if method in METHODS
    }
    served = {
        (route.method.lower(), route.resource.canonical)
        for route in service.app.router.routes()
        if route.resource is not None and route.resource.canonical.startswith(f"{API}/")
    }

    assert listed == {(method, path) for method, path in served if method != "head"}


@pytest.mark.row("AI-03")
async def test_every_operation_says_who_may_and_what_can_go_wrong(service: Service) -> None:
    told = await document(service)

    for path, method, one in operations(told):
        if path == DOCUMENT:
            continue
        assert one["security"][0]["cle"], path
        assert {"401", "403", "422", "429", "500"} <= set(one["responses"]), path
        if method == "post":
            assert {"400", "409"} <= set(one["responses"]), path


async def test_every_word_of_the_domain_is_told_in_words(service: Service) -> None:
    schemas = (await document(service))["components"]["schemas"]

    for name in LABELS:
        assert set(schemas[name]["enum"]) == set(LABELS[name]), name
        assert schemas[name]["description"].count("\n- ") == len(LABELS[name]) - 1


def operations(told: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in told["paths"].items():
        for method, one in item.items():
            yield path, method, one


# --- the contract -------------------------------------------------------------------------------


class Contract:
    """Checks answers against the document; a field that it does not tell is a fault too."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told
        self.components = json.loads(json.dumps(told["components"]))
        for schema in self.components["schemas"].values():
            if schema.get("type") == "object":
                schema["additionalProperties"] = False
        self.met: set[tuple[str, str, str]] = set()

    def check(self, method: str, path: str, answer: Answer) -> None:
        template, one = self.operation(method, path)
        assert str(answer.status) in one["responses"], (method, path, answer.status, answer.raw)
        told = one["responses"][str(answer.status)]
        (media, content), *_ = told["content"].items()
        assert answer.headers["Content-Type"].partition(";")[0] == media
        schema = content["schema"] | {"components": self.components}
        Draft202012Validator(schema).validate(answer.json)
        for name, header in told["headers"].items():
            assert not header.get("required") or name in answer.headers, (path, name)
        self.met.add((method, template, str(answer.status)))

    def operation(self, method: str, path: str) -> tuple[str, dict[str, Any]]:
        bare = path.partition("?")[0]
        for template, item in self.told["paths"].items():
            if method.lower() in item and matches(template, bare):
                return template, item[method.lower()]
        raise AssertionError((method, path))


def matches(template: str, path: str) -> bool:
    parts, given_parts = template.split("/"), path.split("/")
    pairs = zip(parts, given_parts, strict=False)
    return len(parts) == len(given_parts) and all(p in (g, "{id}") for p, g in pairs)


async def everything(service: Service, us: Caisse) -> None:
    """Every route, well and badly asked."""
    day, after = working_day(service), working_day(service) + timedelta(days=1)
    one = await us.planned(at(day), telephone=None)
    await us.get(f"{LIST}/{one['id']}")
    body = wanted(at(day, 15))
    await us.post(LIST, body, name="deux-fois")
    await us.post(LIST, body, name="deux-fois")
    await us.post(LIST, wanted(at(day, 16)), name="deux-fois")
    await us.plan(at(day, 15))
    await us.plan(at(service.clock().date()))
    await us.plan(at(day, 16), nom="", inconnu=1)
    await us.plan(at(day, 23), civilite="?", courriel="?", langue="klingon", medecin_conseil="mc-9")
    moved = await us.post(f"{LIST}/{one['id']}/deplacement", {"debut_local": at(after)})
    await us.post(f"{LIST}/{one['id']}/deplacement", {"debut_local": at(after, 11)})
    await us.post(f"{LIST}/{moved.json['id']}/annulation")
    await us.post(f"{LIST}/{one['id']}/annulation")
    for path in ("", "/issue"):
        await us.get(f"{LIST}/{moved.json['id']}{path}")
        await us.get(f"{LIST}/inconnu{path}")
    await us.get(LIST)
    await us.get(f"{LIST}?limite=1&etat=reporte")
    await us.get(f"{LIST}?de=demain")
    await us.get(f"{API}/creneaux?medecin_conseil=mc-1&de={day}")
    await us.get(f"{API}/creneaux?medecin_conseil=mc-9")
    await us.get(f"{API}/issues?curseur=faux")
    await in_person(service, us)
    await concluded(service, us)
    await without_right(us)


async def in_person(service: Service, us: Caisse) -> None:
    """The way out, before and after it has a date."""
    un = await service.appoint(60)
    browser = service.browser()
    await browser.ok("/api/assure/refus", {"link": un.link})
    await us.get(f"{LIST}/{un.id}")
    async with service.registre.transaction() as unite:
        site = {
            "id": "s-1",
            "caisse": "caisse-1",
            "nom": "Rennes",
            "adresse": "1 rue",
            "genre": "caisse",
        }
        await unite.connection.execute(t.site.insert().values(**site, acces="", horaires="8 h"))
        await unite.connection.execute(
            t.rendez_vous.insert().values(
                id="r-1",
                telecontrole=un.id,
                site="s-1",
                medecin_conseil="mc-1",
                debut=written(service.clock() + timedelta(days=9)),
                fuseau="Europe/Paris",
                duree_minutes=30,
                etat="convoque",
                sequence=0,
            )
        )
    given_one = (await us.get(f"{LIST}/{un.id}")).json
    assert given_one["presentiel"]["rendez_vous"]["lieu"]["nom"] == "Rennes"


async def concluded(service: Service, us: Caisse) -> None:
    un, doctor = await service.appoint(-40), await service.doctor()
    form = {"qualification": "non_connecte", "conclusion": "controle_impossible"}
    await doctor.ok(f"/api/console/telecontroles/{un.id}/issue", form)
    await us.get(f"{LIST}/{un.id}/issue")
    await us.get(f"{API}/issues")


async def without_right(us: Caisse) -> None:
    for method, path in (("GET", LIST), ("POST", LIST)):
        await us.ask(method, path, {}, headers={"Authorization": None})
    await us.post(LIST, {}, headers={"Idempotency-Key": None})
    await us.post(LIST, data=b"{")
    await us.post(LIST, data=b"x", headers={"Content-Type": "text/plain"})
    await us.post(LIST, data=b" " * 70_000)
    await us.post(LIST, {}, headers={"Origin": "https://ailleurs.test"})


@pytest.mark.row("AI-03")
async def test_every_answer_is_as_the_document_says(serve: Serve) -> None:
    service = await serve()
    us, contract = await caisse(service), Contract(await document(service))
    reader = await caisse(service, ("telecontroles:lire",))

    await everything(service, us)
    await reader.post(LIST, {})
    await reader.get(f"{API}/issues")

    for method, path, answer in (*us.answers, *reader.answers):
        contract.check(method, path, answer)
    told = {(method.upper(), path) for path, method, _ in operations(contract.told)}
    met = {(method, path) for method, path, status in contract.met if status < "300"}
    assert met == told - {("GET", DOCUMENT)}
    statuses = {int(status) for _, _, status in contract.met}
    assert statuses == {200, 201, 400, 401, 403, 404, 409, 413, 415, 422}


@pytest.mark.row("AI-03")
async def test_a_bug_is_a_problem_without_its_words_and_is_not_kept(service: Service) -> None:
    us, contract = await caisse(service), Contract(await document(service))
    body = wanted(at(working_day(service)))
    async with service.registre.transaction() as unite:
        await unite.connection.execute(text("ALTER TABLE lien RENAME TO lien_perdu"))

    broken = await us.post(LIST, body, name="encore")
    async with service.registre.transaction() as unite:
        await unite.connection.execute(text("ALTER TABLE lien_perdu RENAME TO lien"))
    repaired = await us.post(LIST, body, name="encore")

    contract.check("POST", LIST, broken)
    assert (broken.status, broken.json["code"]) == (500, "panne")
    assert b"lien" not in broken.raw
    assert repaired.status == 201


async def test_too_many_is_a_problem_that_the_document_tells(serve: Serve) -> None:
    service = await serve(api_per_minute=1)
    us, contract = await caisse(service), Contract(await document(service))

    await us.get(LIST)
    answer = await us.get(LIST)

    assert answer.status == 429
    contract.check("GET", LIST, answer)


# --- whatever comes in --------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
LIKELY: dict[str, st.SearchStrategy[Any]] = {
    "civilite": st.sampled_from(["Mme", "M.", ""]),
    "nom": st.text(max_size=20),
    "contexte": st.sampled_from(["arret_de_travail", "pension"]),
    "medecin_conseil": st.sampled_from(["mc-1", "mc-2", "mc-9"]),
    "debut_local": st.from_regex(
        r"2[01][0-9]{2}-(0[1-9]|1[0-2])-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]", fullmatch=True
    ),
    "courriel": st.emails() | TEXT,
    "telephone": st.from_regex(r"\+?[0-9 .]{2,20}", fullmatch=True),
    "adresse": st.text(max_size=40),
    "langue": st.sampled_from(["fr", "en", "FR", ""]),
    "reference": st.text(max_size=20),
    "duree_minutes": st.integers(0, 200),
}
FORMS = st.fixed_dictionaries({}, optional={k: kind | JSON for k, kind in LIKELY.items()}) | JSON
NEARLY = st.fixed_dictionaries(LIKELY)
QUERIES = st.dictionaries(
    st.sampled_from(["de", "a", "etat", "reference", "curseur", "limite", "medecin_conseil"])
    | st.text(max_size=8),
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True) | st.text(max_size=30),
    max_size=4,
)
WALK = settings(
    max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


@pytest.mark.row("AI-03")
async def test_no_body_and_no_parameter_ever_makes_it_fail(serve: Serve) -> None:
    service = await serve(api_per_minute=1_000_000)
    us, contract = await caisse(service), Contract(await document(service))
    one = await us.planned(at(working_day(service)))
    loop = asyncio.get_running_loop()
    posts = [LIST, f"{LIST}/{one['id']}/deplacement", f"{LIST}/{one['id']}/annulation"]
    gets = [LIST, f"{API}/issues", f"{API}/creneaux", f"{LIST}/{one['id']}"]

    def walked(method: str, path: str, **more: Any) -> None:
        asked = us.ask(method, path, **more)
        answer = asyncio.run_coroutine_threadsafe(asked, loop).result(10)
        assert answer.status < 500, (method, path, more, answer.raw)
        contract.check(method, path, answer)

    @WALK
    @given(path=st.sampled_from(posts), form=FORMS | NEARLY)
    def bodies(path: str, form: Any) -> None:
        walked("POST", path, data=json.dumps(form).encode(), name=new_secret())

    @WALK
    @given(path=st.sampled_from(gets), query=QUERIES)
    def parameters(path: str, query: dict[str, str]) -> None:
        walked("GET", f"{path}?{urlencode(query, errors='replace')}")

    await asyncio.to_thread(bodies)
    await asyncio.to_thread(parameters)


@pytest.mark.parametrize("module", [contacts, slots, asked, calendrier, agenda])
def test_every_refusal_of_a_date_or_a_person_has_its_type_of_problem(module: ModuleType) -> None:
    refusals = {kind.code for kind in vars(module).values() if is_refusal(kind)}

    assert refusals
    assert refusals <= set(KINDS)


def is_refusal(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Refus) and kind is not Refus


def test_the_contexts_are_the_agents_words() -> None:
    assert get_args(Contexte) == tuple(contacts.CONTEXTS)


def test_the_page_for_who_integrates_names_every_problem_and_every_address() -> None:
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text()

    untold = [code for code in KINDS if f"`{code}`" not in page]
    unsaid = [f"{one.method} `{PREFIX}{one.path}" for one in OPERATIONS]

    assert untold == []
    assert [line for line in unsaid if line not in page] == []
