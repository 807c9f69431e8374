"""What only the demo serves: its front page, its outbox, its ready-made logins."""

from collections.abc import Iterable
from datetime import datetime
from html import escape

from aiohttp import web

from server.demo import CAISSE, MEDECINS, DemoDay
from server.keys import REGISTRE
from server.notify.messages import french_hour
from server.notify.outbox import Sent, latest

from .http import answer
from .messages import Doctor, LoginOffer
from .pages import CLIENT_VERSION

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
<a href="/console">Console</a></nav></header>
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
        async with request.app[REGISTRE].lecture() as unite:
            sent = await latest(unite.connection)
        return page(request, "Courriels et SMS envoyés", outbox(sent))

    @routes.get("/demo/envois.json")
    async def outbox_json(request: web.Request) -> web.Response:
        async with request.app[REGISTRE].lecture() as unite:
            sent = await latest(unite.connection)
        return web.json_response(
            [{name: getattr(one, name) for name in Sent.__slots__} for one in sent]
        )

    @routes.get("/api/console/connexions")
    async def logins(_: web.Request) -> web.Response:
        doctors = [
            Doctor(id=m.id, name=m.nom, function=m.fonction, caisse=CAISSE.nom) for m in MEDECINS
        ]
        return answer(
            LoginOffer(doctors=doctors, links=[f"/console#{one.secret}" for one in day.logins])
        )

    return routes


def page(request: web.Request, title: str, body: str) -> web.Response:
    text = PAGE.format(title=escape(title), version=request.app[CLIENT_VERSION], body=body)
    return web.Response(text=text, content_type="text/html")


def front_page(day: DemoDay) -> str:
    logins = "".join(
        f'<li><a href="/console#{escape(one.secret)}">{escape(one.doctor)}</a></li>'
        for one in day.logins
    )
    rows = "".join(
        f"<tr><td>{french_hour(a.start, CAISSE.fuseau)}</td><td>{escape(a.assure)}</td>"
        f"<td>{escape(a.doctor)}</td><td><code>{a.code}</code></td>"
        f'<td><a href="/rdv#{escape(a.link)}">Rejoindre</a></td></tr>'
        for a in sorted(day.appointments, key=lambda a: a.start)
    )
    return (
        "<h1>Essayer le télécontrôle</h1>"
        "<p>Ouvrez la console d'un médecin-conseil dans une fenêtre, le lien d'un de ses assurés "
        "dans une autre (ou sur un téléphone du même réseau).</p>"
        f"<h2>Médecins-conseils</h2><ul>{logins}</ul>"
        "<h2>Assurés</h2><div class='demo-table' tabindex='0' role='region' aria-label='Assurés'>"
        "<table><thead><tr><th scope='col'>Heure</th>"
        "<th scope='col'>Assuré</th><th scope='col'>Médecin-conseil</th>"
        f"<th scope='col'>Code SMS</th><th scope='col'>Lien</th></tr></thead><tbody>{rows}</tbody>"
        "</table></div>"
    )


def outbox(sent: Iterable[Sent]) -> str:
    items = "".join(message(one) for one in sent)
    return (
        "<h1>Courriels et SMS envoyés</h1>"
        "<p>Ce que les assurés de la démonstration reçoivent, le plus récent d'abord.</p>"
        f"<ol class='demo-outbox'>{items or '<li>Rien encore.</li>'}</ol>"
    )


def message(one: Sent) -> str:
    channel = "SMS" if one.canal == "sms" else "Courriel"
    hour = french_hour(datetime.fromisoformat(one.instant), CAISSE.fuseau)
    subject = f"<h2>{escape(one.objet)}</h2>" if one.objet else ""
    return (
        f"<li class='demo-message demo-{escape(one.canal)}'>"
        f"<p class='demo-meta'><strong>{channel}</strong> à {escape(one.destinataire)}, {hour}</p>"
        f"{subject}<p class='demo-text'>{linked(one.corps)}</p></li>"
    )


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
