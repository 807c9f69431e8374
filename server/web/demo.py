"""What only the demo serves: its front page, its outbox, its ready-made logins."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from html import escape

from aiohttp import web

from controle.convocation import LIBELLES_CANAL, LIBELLES_GENRE, Canal, GenreEnvoi
from server.demo import AGENTS, CAISSE, MEDECINS, DemoDay
from server.keys import REGISTRE
from server.notify.shown import Shown, latest
from server.notify.wording import wording

from .http import POLICY, answer
from .messages import Doctor, LoginOffer
from .pages import CLIENT_VERSION

FRENCH = wording("fr")

#: A code is blanked once it has left; the demo prints its own on the first page.
FORGOTTEN = "Le code de cette page : voir « Liens »."
#: The mail's page may be framed by the outbox, has its own small style, and nothing else.
MAIL_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; "
        "sandbox allow-popups allow-popups-to-escape-sandbox"
    ),
    "X-Frame-Options": "SAMEORIGIN",
}

PAGE = """<!doctype html>
<html lang="fr">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} — télécontrôle</title>
<link rel="icon" href="/favicon.ico" type="image/svg+xml">
<link rel="stylesheet" href="/static/{version}/style.css">
<link rel="stylesheet" href="/static/{version}/demo.css">
<body class="demo">
<header class="demo-head"><p class="demo-brand">télécontrôle <span>démonstration</span></p>
<nav aria-label="Démonstration"><a href="/demo">Liens</a> <a href="/demo/envois">Envois</a>
<a href="/console">Console</a> <a href="/agent">Secrétariat</a></nav></header>
<main>{body}</main>
</body>
</html>
"""


def demo_routes(day: DemoDay) -> web.RouteTableDef:
    routes = web.RouteTableDef()

    @routes.get("/demo")
    async def front(request: web.Request) -> web.Response:
        return page(request, "Essayer", front_page(day))

    @routes.get("/demo/envois")
    async def outbox_page(request: web.Request) -> web.Response:
        return page(request, "Courriels et SMS envoyés", outbox(await sent(request)))

    @routes.get("/demo/envois.json")
    async def outbox_json(request: web.Request) -> web.Response:
        return web.json_response([asdict(one) for one in await sent(request)])

    @routes.get("/demo/envois/{id}")
    async def mail_page(request: web.Request) -> web.Response:
        """The mail's own HTML, in a frame that can do nothing."""
        for one in await sent(request):
            if one.id == request.match_info["id"] and one.html:
                return web.Response(text=one.html, content_type="text/html", headers=MAIL_HEADERS)
        raise web.HTTPNotFound

    @routes.get("/api/console/connexions")
    async def logins(_: web.Request) -> web.Response:
        doctors = [
            Doctor(id=m.id, name=m.nom, function=m.fonction, caisse=CAISSE.nom) for m in MEDECINS
        ]
        return answer(
            LoginOffer(doctors=doctors, links=[f"/console#{one.secret}" for one in day.logins])
        )

    @routes.get("/api/agent/connexions")
    async def agent_logins(_: web.Request) -> web.Response:
        agents = [
            Doctor(id=one.id, name=one.nom, function="Agent", caisse=CAISSE.nom) for one in AGENTS
        ]
        return answer(
            LoginOffer(doctors=agents, links=[f"/agent#{one.secret}" for one in day.agents])
        )

    return routes


def page(request: web.Request, title: str, body: str) -> web.Response:
    text = PAGE.format(title=escape(title), version=request.app[CLIENT_VERSION], body=body)
    # The outbox frames the mails that our own server renders.
    policy = f"{POLICY}; frame-src 'self'"
    return web.Response(
        text=text, content_type="text/html", headers={"Content-Security-Policy": policy}
    )


def front_page(day: DemoDay) -> str:
    logins = "".join(
        f'<li><a href="/console#{escape(one.secret)}">{escape(one.name)}</a></li>'
        for one in day.logins
    )
    agents = "".join(
        f'<li><a href="/agent#{escape(one.secret)}">{escape(one.name)}</a></li>'
        for one in day.agents
    )
    rows = "".join(
        f"<tr><td>{FRENCH.hour(a.start, CAISSE.fuseau)}</td><td>{escape(a.assure)}</td>"
        f"<td>{escape(a.doctor)}</td><td><code>{a.code}</code></td>"
        f'<td><a href="/rdv#{escape(a.link)}">Rejoindre</a></td></tr>'
        for a in sorted(day.appointments, key=lambda a: a.start)
    )
    return (
        "<h1>Essayer le télécontrôle</h1>"
        "<p>Ouvrez la console d'un médecin-conseil dans une fenêtre, le lien d'un de ses assurés "
        "dans une autre (ou sur un téléphone du même réseau).</p>"
        f"<h2>Médecins-conseils</h2><ul>{logins}</ul>"
        f"<h2>Secrétariat</h2><ul>{agents}</ul>"
        "<h2>Assurés</h2><div class='demo-table' tabindex='0' role='region' aria-label='Assurés'>"
        "<table><thead><tr><th scope='col'>Heure</th>"
        "<th scope='col'>Assuré</th><th scope='col'>Médecin-conseil</th>"
        f"<th scope='col'>Code SMS</th><th scope='col'>Lien</th></tr></thead><tbody>{rows}</tbody>"
        "</table></div>"
    )


async def sent(request: web.Request) -> list[Shown]:
    async with request.app[REGISTRE].lecture() as unite:
        return await latest(unite.connection)


def outbox(sent: Iterable[Shown]) -> str:
    items = "".join(message(one) for one in sent)
    return (
        "<h1>Courriels et SMS envoyés</h1>"
        "<p>Ce que les assurés de la démonstration reçoivent, le plus récent d'abord.</p>"
        f"<ol class='demo-outbox'>{items or '<li>Rien encore.</li>'}</ol>"
    )


def message(one: Shown) -> str:
    hour = FRENCH.hour(datetime.fromisoformat(one.sent), CAISSE.fuseau)
    kind = LIBELLES_GENRE[GenreEnvoi(one.kind)]
    head = (
        f"<p class='demo-meta'><strong>{LIBELLES_CANAL[Canal(one.channel)]}</strong> "
        f"à {escape(one.to)}, {hour} · {kind}</p>"
    )
    if one.channel == Canal.COURRIEL:
        body = (
            f"<h2>{escape(one.subject)}</h2>"
            f"<iframe class='demo-mail' src='/demo/envois/{one.id}' sandbox='allow-popups "
            f"allow-popups-to-escape-sandbox' title='{escape(one.subject)}'></iframe>"
            f"<details><summary>En texte seul</summary><p class='demo-text'>{linked(one.text)}</p>"
            "</details>"
        )
    else:
        body = f"<p class='demo-text demo-bubble'>{linked(one.text or FORGOTTEN)}</p>"
    return f"<li class='demo-message demo-{escape(one.channel)}'>{head}{body}</li>"


def linked(text: str) -> str:
    """Escaped, with our own links clickable."""
    words = [
        f'<a href="{escape(word)}">{escape(word)}</a>'
        if word.startswith("https://")
        else escape(word)
        for word in text.split(" ")
    ]
    lines = " ".join(words)
    # A link stands on its own line in the mail.
    return "\n".join(
        f'<a href="{line}">{line}</a>' if line.startswith("https://") else line
        for line in lines.split("\n")
    )
