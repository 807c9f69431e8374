"""An operation of the caisse's API: what comes in, what goes out, done once. Who may
ask it is said in permissions.py.

`OPERATIONS` is what there is: the routes and the OpenAPI document are both made of it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

import msgspec
from aiohttp import web
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from controle.refus import Refus
from controle.registre import TelecontroleInconnu
from controle.telecontrole import Telecontrole
from server.caisse.planning import Planning
from server.clock import SystemClock
from server.identity.api_keys import ApiKey, ApiKeys, Scope
from server.identity.secrets import Keeper
from server.keys import API_KEY
from server.store.sql import RegistreSql, UniteSql

from .caisse_messages import Given, Taken
from .idempotency import Kept, Requests, name_of
from .permissions import scope_of
from .problems import MEDIA_TYPE, PREFIX, QUOTA, Refused, SeveralRefused, described, malformed

T = TypeVar("T", bound=Taken)
JSON = "application/json"
REALM = 'Bearer realm="telecontrole"'
WINDOW = 60


class CaisseApi:
    """What the operations need: keys, quota, kept answers, and who carries out."""

    def __init__(
        self,
        *,
        keeper: Keeper,
        clock: SystemClock,
        registre: RegistreSql,
        planning: Planning,
        per_minute: int,
    ) -> None:
        self.keys = ApiKeys(keeper)
        self.requests = Requests(keeper)
        self.clock = clock
        self.registre = registre
        self.planning = planning
        self._limit = RateLimitItemPerMinute(per_minute)
        # In this process: with several servers each counts its own.
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def quota(self, key: str) -> tuple[bool, dict[str, str]]:
        """Whether this key may ask once more, and the headers that say how much is left.

        draft-ietf-httpapi-ratelimit-headers: seconds until the window is full again.
        """
        allowed = self._limiter.hit(self._limit, key)
        left = self._limiter.get_window_stats(self._limit, key)
        remaining = left.remaining if allowed else 0
        return allowed, {
            "RateLimit-Policy": f'"cle";q={self._limit.amount};w={WINDOW}',
            "RateLimit": f'"cle";r={remaining};t={WINDOW}',
        }


CAISSE_API = web.AppKey("caisse_api", CaisseApi)


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request, let in and read."""

    api: CaisseApi
    key: ApiKey
    now: datetime
    #: The télécontrôle of the path; empty where there is none.
    id: str
    given: T


@dataclass(frozen=True, slots=True)
class Done:
    """What a change answers, and whom it concerns once it is kept."""

    content: Given
    touched: tuple[Telecontrole, ...]
    location: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of the API, as the document tells it."""

    method: str
    path: str
    name: str
    summary: str
    scope: Scope
    takes: type[Taken]
    gives: type[Given]
    status: int
    #: Codes of its own problems (problems.KINDS).
    refusals: tuple[str, ...]

    @property
    def changes(self) -> bool:
        return self.method == "POST"

    @property
    def names_one(self) -> bool:
        return "{id}" in self.path


OPERATIONS: list[Operation] = []
routes = web.RouteTableDef()

Reads = Callable[[UniteSql, Call[T]], Awaitable[Given]]
Changes = Callable[[UniteSql, Call[T]], Awaitable[Done]]


def reads(
    path: str, takes: type[T], gives: type[Given], refusals: tuple[str, ...] = ()
) -> Callable[[Reads[T]], Reads[T]]:
    """Makes an operation of a function that reads."""

    def make(effect: Reads[T]) -> Reads[T]:
        scope, name = scope_of("GET", PREFIX + path), _named(effect)
        _listed(Operation("GET", path, *name, scope, takes, gives, 200, refusals))

        async def handle(request: web.Request) -> web.Response:
            call = _call(request, queried(request, takes))
            async with call.api.registre.lecture() as unite:
                content = await effect(unite, call)
            return web.Response(body=msgspec.json.encode(content), content_type=JSON)

        routes.route("GET", PREFIX + path)(handle)
        return effect

    return make


def changes(
    path: str,
    takes: type[T],
    gives: type[Given],
    status: int,
    refusals: tuple[str, ...],
) -> Callable[[Changes[T]], Changes[T]]:
    """Makes an operation of a function that changes something: once for each Idempotency-Key."""

    def make(effect: Changes[T]) -> Changes[T]:
        scope, told = scope_of("POST", PREFIX + path), _named(effect)
        _listed(Operation("POST", path, *told, scope, takes, gives, status, refusals))

        async def handle(request: web.Request) -> web.Response:
            name = name_of(request.headers.get("Idempotency-Key"))
            queried(request, Taken)
            call = _call(request, await sent(request, takes))
            return await once(name, request.path, call, effect, status)

        routes.route("POST", PREFIX + path)(handle)
        return effect

    return make


def _named(effect: Callable[..., object]) -> tuple[str, str]:
    return effect.__name__, (effect.__doc__ or "").strip()


def _listed(operation: Operation) -> None:
    OPERATIONS.append(operation)


# --- coming in ----------------------------------------------------------------------------------


async def admitted(request: web.Request, scope: Scope) -> ApiKey:
    """The key of this request, which may do this, and has not asked too often (gates.py).

    :raises Refused: 401, 429 or 403.
    """
    api = request.app[CAISSE_API]
    async with api.registre.lecture() as unite:
        key = await api.keys.find(unite.connection, bearer(request))
    if key is None:
        sentence = "Donnez une clé d'API valable : « Authorization: Bearer … »."
        raise Refused("cle_refusee", sentence, headers={"WWW-Authenticate": REALM})
    allowed, request[QUOTA] = api.quota(key.id)
    if not allowed:
        sentence = "Trop de demandes : attendez une minute."
        raise Refused("trop_de_demandes", sentence, headers={"Retry-After": str(WINDOW)})
    if not key.may(scope):
        challenge = f'{REALM}, error="insufficient_scope", scope="{scope}"'
        sentence = f"Il faut la portée {scope}."
        raise Refused("portee_manquante", sentence, headers={"WWW-Authenticate": challenge})
    return key


def bearer(request: web.Request) -> str:
    """The secret (RFC 6750 §2.1); empty when there is none, or several."""
    found = request.headers.getall("Authorization", ())
    scheme, _, secret = (found[0] if len(found) == 1 else "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def _call(request: web.Request, given: T) -> Call[T]:
    api = request.app[CAISSE_API]
    return Call(api, request[API_KEY], api.clock(), _wanted(request), given)


def _wanted(request: web.Request) -> str:
    """The id of the path, as it is kept; what is no id is not there."""
    if "id" not in request.match_info:
        return ""
    try:
        return str(UUID(request.match_info["id"]))
    except ValueError:
        raise TelecontroleInconnu from None


def queried(request: web.Request, wanted: type[T]) -> T:
    """The parameters, each once and none unknown."""
    given = dict(request.query)
    if len(given) != len(request.query):
        raise Refused("demande", "Un paramètre est donné deux fois.")
    try:
        return msgspec.convert(given, wanted, strict=False)
    except msgspec.ValidationError as wrong:
        raise malformed(wrong) from None


async def sent(request: web.Request, wanted: type[T]) -> T:
    """The body; it may be missing where nothing has to be said."""
    raw = await request.read()
    if not raw and not msgspec.structs.fields(wanted):
        return wanted()
    if request.content_type != JSON:
        raise Refused("type_de_corps", "Un corps JSON est attendu (application/json).")
    try:
        return msgspec.json.decode(raw, type=wanted)
    except msgspec.ValidationError as wrong:
        raise malformed(wrong) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Refused("demande", "Ce corps n'est pas du JSON.") from None


# --- being done, once ---------------------------------------------------------------------------


async def once(
    name: str, path: str, call: Call[T], effect: Changes[T], status: int
) -> web.Response:
    """The effect and its answer in one transaction; or the answer that was given before."""
    api, key = call.api, call.key.id
    # The body as it was understood: spaces and the order of fields are no other request.
    asked = (path, msgspec.json.encode(call.given).decode())
    async with api.registre.transaction() as unite:
        before = await api.requests.known(unite.connection, key, name, asked, call.now)
        if before is not None:
            return response(before, replayed=True)
        answer, touched = await attempt(unite, call, effect, status)
        await api.requests.keep(unite.connection, key, name, asked, answer, call.now)
    if touched:
        await api.planning.tell(*touched)
    return response(answer)


async def attempt(
    unite: UniteSql, call: Call[T], effect: Changes[T], status: int
) -> tuple[Kept, tuple[Telecontrole, ...]]:
    """What to keep: the answer, or the refusal, of which nothing else is kept."""
    try:
        async with unite.connection.begin_nested():
            done = await effect(unite, call)
    except (Refus, SeveralRefused) as wrong:
        told = described(wrong)
        return Kept(told.status, "", MEDIA_TYPE, _raw(told)), ()
    return Kept(status, done.location, JSON, _raw(done.content)), done.touched


def _raw(content: msgspec.Struct) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(content))


def response(kept: Kept, *, replayed: bool = False) -> web.Response:
    headers = {"Location": kept.location} if kept.location else {}
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    return web.Response(
        status=kept.status, body=bytes(kept.body), content_type=kept.media_type, headers=headers
    )
