"""Everybody who may ask something of a service, and everything that they may ask for."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from aiohttp import web
from caisse_people import reunion
from server_people import Answer, Browser, Service
from sqlalchemy import update
from third_scenes import came
from third_scenes import invite as invited

from server.demo import DemoDay
from server.identity.api_keys import SCOPES, ApiKeys, Scope
from server.identity.secrets import Keeper
from server.notify import receipts
from server.store import people
from server.store import schema as t
from server.web.demo import demo_routes
from server.web.permissions import Line

#: What stands for every handler: whoever reads this was let in.
LET_IN = 299
HOOKS_SECRET = "un-secret-pour-les-accuses-de-reception"
LOAD_KEY = "une-cle-pour-les-essais-de-charge-assez-longue"
#: Where monitoring is; everybody else comes from the network of this machine.
MONITORING = "10.9.8.7"

SETTINGS: dict[str, Any] = {
    "hooks_secret": HOOKS_SECRET,
    "loadtest": "allowed",
    "loadtest_key": LOAD_KEY,
    "metrics_networks": ("10.9.8.0/24",),
    "trusted_proxies": ("127.0.0.0/8",),
    "api_per_minute": 1_000_000,
    "extra": demo_routes(DemoDay([], [], [])),
}


@dataclass
class Person:
    """One who asks: by what, and whose objects are theirs."""

    name: str
    browser: Browser
    headers: dict[str, str] = field(default_factory=dict)
    caisse: str = ""
    doctor: str = ""
    scopes: tuple[Scope, ...] = ()

    def proves(self, line: Line) -> bool:
        """As the table has it."""
        if line.asker in ("public", "link", "third_link", "login", "room_token"):
            return True
        if line.asker == "caisse":
            return line.scope in self.scopes
        return line.asker == self.name.partition(" ")[0]

    def owns(self, line: Line, of: "Thing") -> bool:
        if line.asker == "medecin_conseil":
            return of.doctor == self.doctor
        return of.caisse == self.caisse


@dataclass(frozen=True)
class Thing:
    """A télécontrôle, with its médecin-conseil, as a path may name them."""

    name: str
    id: str
    doctor: str
    caisse: str

    def at(self, path: str) -> str:
        known = {"id": self.id, "medecin": self.doctor, "audience": "console"}
        return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], str(uuid4())), path)


UNKNOWN = Thing("unknown", "11111111-1111-4111-8111-111111111111", "mc-nobody", "")
NO_ID = Thing("no id", "..%2f..", "%00", "")


@dataclass(frozen=True)
class Cast:
    service: Service
    people: Mapping[str, Person]
    things: tuple[Thing, ...]

    async def ask(self, person: Person, method: str, line: Line, of: Thing) -> Answer:
        path, headers = of.at(line.path), dict(person.headers)
        if person.name == "receipt_token":
            provider = path.split("/")[3] if path.startswith("/hooks/sms/") else ""
            token = receipts.token(provider, HOOKS_SECRET)
            path = re.sub(r"[^/]+$", token, path) if line.asker == "receipt_token" else path
        if person.name == "signed_receipt":
            stamp = str(int(self.service.clock().timestamp()))
            signed = hmac.new(HOOKS_SECRET.encode(), f"{stamp}.".encode(), hashlib.sha256)
            headers |= {"X-Timestamp": stamp, "X-Signature": f"sha256={signed.hexdigest()}"}
        return await person.browser.ask(method, path, headers=headers)


async def cast_of(service: Service) -> Cast:
    """Sessions are real, and were opened as a person opens them."""
    own = await service.appoint()
    colleague = await service.appoint(60, medecin="mc-2")
    elsewhere = await reunion(service)
    far = await service.appoint(120, medecin="mc-974")
    async with service.registre.transaction() as unite:
        await unite.connection.execute(
            update(t.telecontrole).where(t.telecontrole.c.id == far.id).values(caisse="caisse-974")
        )
        await people.add_agent(unite.connection, people.Agent("ag-974", "caisse-974", "J. Payet"))
    assure, doctor = await service.assure(own), await service.doctor()
    everyone = [
        Person("nobody", service.browser()),
        Person("assure", assure),
        Person("tiers", await came(service, await invited(doctor, own))),
        Person("medecin_conseil", doctor, doctor="mc-1", caisse="caisse-1"),
        Person("medecin_conseil 2", await service.doctor("mc-2"), doctor="mc-2", caisse="caisse-1"),
        Person("agent", await service.agent(), caisse="caisse-1"),
        Person("agent 974", await service.agent("ag-974"), caisse="caisse-974"),
        Person("signed_receipt", service.browser()),
        Person("receipt_token", service.browser()),
        Person("metrics_network", service.browser(), {"X-Forwarded-For": MONITORING}),
        Person("load_test", service.browser(), {"Authorization": f"Bearer {LOAD_KEY}"}),
        Person("thief", await thief(service, assure, doctor)),
        Person("caisse 974", service.browser(), bearer(elsewhere.secret), "caisse-974", "", SCOPES),
    ]
    for scope in (*SCOPES, None):
        scopes = SCOPES if scope is None else (scope,)
        secret = await key(service, scopes)
        name = f"caisse {scope or 'all'}"
        everyone.append(Person(name, service.browser(), bearer(secret), "caisse-1", scopes=scopes))
    things = (
        Thing("own", own.id, "mc-1", "caisse-1"),
        Thing("colleague's", colleague.id, "mc-2", "caisse-1"),
        Thing("another caisse's", far.id, "mc-974", "caisse-974"),
        UNKNOWN,
        NO_ID,
    )
    return Cast(service, {one.name: one for one in everyone}, things)


async def key(service: Service, scopes: tuple[Scope, ...]) -> str:
    keys = ApiKeys(Keeper(service.config.secret))
    async with service.registre.transaction() as unite:
        return (await keys.make(unite.connection, "caisse-1", "essai", scopes, service.clock()))[1]


async def thief(service: Service, assure: Browser, doctor: Browser) -> Browser:
    """Every cookie is a real one, of another kind of session."""
    one = service.browser()
    one.cookies = {
        "__Host-console": assure.cookies["__Host-assure"],
        "__Host-agent": doctor.cookies["__Host-console"],
        "__Host-assure": doctor.cookies["__Host-console"],
        "__Host-tiers": assure.cookies["__Host-assure"],
    }
    return one


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def open_every_handler(app: web.Application) -> None:
    """Only what stands before the handlers is asked: none of them does anything any more."""

    async def let_in(_: web.Request) -> web.Response:
        return web.Response(status=LET_IN)

    for route in app.router.routes():
        route._handler = let_in
