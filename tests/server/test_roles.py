"""Every route and every role: whose session opens what, and nothing else (row CA-03)."""

import pytest
from server_people import Browser, Service

from server import keys
from server.store import people

LOGIN = "/api/{}/session"
ROLES = ("assure", "console", "agent")
#: Before any session: the link, the code or the login is what is checked.
OPEN = {
    "/api/assure/session", "/api/assure/lien", "/api/assure/code", "/api/assure/refus",
    "/api/assure/choix", "/api/assure/accuse", "/api/assure/besoins", "/api/assure/justification",
    "/api/assure/erreur", "/api/assure/agenda",
}  # fmt: skip


def routes_of(service: Service, role: str) -> list[tuple[str, str]]:
    """The method and a path of every route of this audience that wants a session."""
    one = "11111111-1111-4111-8111-111111111111"
    found = []
    for route in service.app.router.routes():
        place = route.resource.canonical if route.resource else ""
        opens = route.method == "POST" and place == LOGIN.format(role)
        if place.startswith(f"/api/{role}/") and not opens and place not in OPEN:
            told = place
            for name in ("{id}", "{envoi}", "{justification}", "{genre}", "{medecin}"):
                told = told.replace(name, one)
            found.append((route.method, told))
    return [(method, told) for method, told in found if method != "HEAD"]


async def logged_in(service: Service) -> dict[str, Browser]:
    """One browser of each role, and one of nobody."""
    async with service.registre.transaction() as unite:
        await people.add_agent(unite.connection, people.Agent("agent-1", "caisse-1", "A. Morin"))
        login = await service.app[keys.LINKS].make_login(
            unite.connection, "agent-1", expires=None, once=True, kind="agent"
        )
    agent = service.browser()
    await agent.ok("/api/agent/session", {"login": login})
    return {
        "assure": await service.assure(await service.appoint()),
        "console": await service.doctor(),
        "agent": agent,
        "nobody": service.browser(),
    }


@pytest.mark.row("CA-03")
@pytest.mark.parametrize("audience", ROLES)
async def test_a_route_opens_to_its_own_role_alone(service: Service, audience: str) -> None:
    browsers = await logged_in(service)
    routes = routes_of(service, audience)

    opened = [
        (role, method, told)
        for role, browser in browsers.items()
        if role != audience
        for method, told in routes
        if (await browser.ask(method, told, {})).status != 401
    ]

    assert opened == []
    assert len(routes) >= 3


@pytest.mark.row("CA-03")
async def test_no_cookie_of_one_role_serves_as_anothers(console: Browser) -> None:
    secret = console.cookies["__Host-agent"]
    thief = Browser(console.base)
    thief.cookies = {"__Host-console": secret, "__Host-assure": secret}

    answers = [await thief.get(LOGIN.format(role)) for role in ("console", "agent")]
    await thief.close()

    assert {answer.status for answer in answers} == {401}
