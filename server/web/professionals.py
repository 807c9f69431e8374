"""How médecins-conseils and agents log in: which way there is, off to the provider, and back."""

from html import escape
from typing import cast

import structlog
from aiohttp import web
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from server.identity.guesses import network
from server.identity.oidc_login import OidcLogin
from server.identity.oidc_refusals import LoginRefused, OtherWay, TooManyLogins
from server.identity.oidc_settings import RETURN
from server.identity.sessions import Kind, give_cookie
from server.keys import CONFIG, PROVIDER

from .http import answer
from .login_words import told
from .messages import LoginStart, LoginWay
from .pages import CLIENT_VERSION
from .sessions import cut_session, find_session

log = structlog.get_logger()
routes = web.RouteTableDef()

WAY = "/api/connexion/{audience:console|agent}"
#: Lax, unlike every other cookie: the browser comes back from another site.
COOKIE = "__Host-connexion"
#: A provider's answer has five parameters; a code of 2,000 characters is a long one.
PARAMETERS, LONGEST = 12, 4_096

PAGE = """<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} — télécontrôle</title>
<link rel="icon" href="/favicon.ico" type="image/svg+xml">
<link rel="stylesheet" href="/static/{version}/style.css">
<link rel="stylesheet" href="/static/{version}/console.css">
</head>
<body class="console-page">
<main class="login">
<p class="service">télécontrôle</p>
<h1>{title}</h1>
<p class="banner danger">{why}</p>
<p>{advice}</p>
<p><a class="button" href="{back}">Revenir à la console</a></p>
</main>
</body>
</html>
"""


class Arrivals:
    """Logins begun, by network: one process's memory."""

    def __init__(self, per_minute: int) -> None:
        self._rate = RateLimitItemPerMinute(per_minute)
        self._window = MovingWindowRateLimiter(MemoryStorage())

    async def count(self, origin: str) -> None:
        """:raises TooManyLogins: this network has begun enough of them."""
        if not await self._window.hit(self._rate, origin):
            raise TooManyLogins(60)


ARRIVALS = web.AppKey("arrivals", Arrivals)


@routes.get(WAY)
async def way(request: web.Request) -> web.Response:
    """Which button the login screen shows."""
    config = request.app[CONFIG]
    if config.professionals == "local":
        return answer(LoginWay(mode="local"))
    label = f"Se connecter avec {config.oidc_name}"
    return answer(LoginWay(mode="oidc", label=label))


@routes.post(WAY)
async def begin(request: web.Request) -> web.Response:
    """Where to go; a session that this browser has will be replaced by the one that comes."""
    app = request.app
    provider, kind = provider_of(app), cast(Kind, request.match_info["audience"])
    await app[ARRIVALS].count(network(request.remote or ""))
    url, browser = await provider.begin(kind, await find_session(request, kind))
    response = answer(LoginStart(url=url), status=201)
    life = int(app[CONFIG].login_attempt.total_seconds())
    response.set_cookie(
        COOKIE, browser, max_age=life, path="/", secure=True, httponly=True, samesite="Lax"
    )
    return response


@routes.get(RETURN, allow_head=False)
async def back(request: web.Request) -> web.Response:
    """The browser is back: a session, or a page that says why not. Where it goes then is ours."""
    try:
        provider = provider_of(request.app)
        opened = await provider.end(read_query(request), request.cookies.get(COOKIE, ""))
    except LoginRefused as wrong:
        log.info("login_refused", code=wrong.code, reason=wrong.reason)
        return refused(request, wrong)
    if opened.replaced:
        await cut_session(request.app, opened.replaced)
    kind, config = opened.session.kind, request.app[CONFIG]
    response = web.Response(status=303, headers={"Location": f"/{kind}"})
    give_cookie(response, kind, opened.secret, config.console_session)
    return finished(response)


def provider_of(app: web.Application) -> OidcLogin:
    """:raises OtherWay: links let in here."""
    provider = app.get(PROVIDER)
    if provider is None:
        raise OtherWay
    return provider


def read_query(request: web.Request) -> dict[str, str]:
    """Each parameter once, none too long; else as if nothing had come."""
    pairs = list(request.query.items())
    query = dict(pairs)
    if len(pairs) > PARAMETERS or len(query) != len(pairs):
        return {}
    return query if all(len(value) <= LONGEST for value in query.values()) else {}


def refused(request: web.Request, wrong: LoginRefused) -> web.Response:
    words = told(wrong, request.app[CONFIG].oidc_name)
    text = PAGE.format(
        title=escape(words.title),
        why=escape(words.why),
        advice=escape(words.advice),
        version=request.app[CLIENT_VERSION],
        back=back_to(request),
    )
    return finished(web.Response(status=words.status, text=text, content_type="text/html"))


def back_to(request: web.Request) -> str:
    """The console that was left for the provider."""
    return "/agent" if request.cookies.get(COOKIE, "").startswith("agent.") else "/console"


def finished(response: web.Response) -> web.Response:
    """The attempt is over; nothing of it is kept by a cache."""
    response.del_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Lax")
    response.headers["Cache-Control"] = "no-store"
    return response
