"""Médecins-conseils and agents log in by OpenID Connect: the whole flow against a real provider."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import Serve
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey
from oidc_people import CLIENT_SECRET, RETURN, RPPS, NodeProvider, come_back, known, leave, log_in
from server_people import HandClock, SeatRefused, Service

from server import closing, keys
from server.store import people


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProvider]:
    one = NodeProvider.start(tmp_path_factory.mktemp("provider"))
    yield one
    one.stop()


@pytest.fixture
async def hospital(serve: Serve, provider: NodeProvider) -> Service:
    """A service whose annuaire knows one médecin-conseil."""
    # The provider reads the real clock.
    service = await serve(clock=HandClock(timedelta(0)), **provider.settings())
    await known(service)
    return service


# --- who comes in -------------------------------------------------------------------------------


@pytest.mark.row("ID-01")
@pytest.mark.row("AI-06")
async def test_a_medecin_conseil_of_the_annuaire_comes_in_by_their_rpps_number(
    hospital: Service, provider: NodeProvider
) -> None:
    browser, answer = await log_in(hospital, provider)
    session = await browser.get("/api/console/session")

    assert (answer.status, answer.headers["Location"]) == (303, "/console")
    assert session.json["doctor"]["name"] == "Dr Claire Quemeneur"
    assert RPPS not in hospital.dump()


@pytest.mark.row("ID-01")
async def test_an_agent_comes_in_by_their_own_claim_and_into_their_own_console(
    hospital: Service, provider: NodeProvider
) -> None:
    async with hospital.registre.transaction() as unite:
        agent = people.Agent("ag-1", "caisse-1", "Maëlle Le Bihan")
        await people.add_agent(unite.connection, agent)
    await known(hospital, kind="agent", who="ag-1", by="Maelle@exemple.invalid")

    browser, answer = await log_in(hospital, provider, "le-bihan", "agent")
    own = await browser.get("/api/agent/session")
    console = await browser.get("/api/console/session")

    assert (answer.status, answer.headers["Location"]) == (303, "/agent")
    assert (own.status, console.status) == (200, 401)


@pytest.mark.row("ID-01")
@pytest.mark.parametrize("account", ["inconnue", "sans-numero", "le-bihan"])
async def test_whoever_is_not_in_the_annuaire_is_refused_and_learns_nothing_of_it(
    hospital: Service, provider: NodeProvider, account: str
) -> None:
    browser, answer = await log_in(hospital, provider, account)
    page = answer.raw.decode()

    assert answer.status == 403
    assert "Accès non ouvert" in page
    assert "Quemeneur" not in page
    assert "__Host-console" not in browser.cookies


@pytest.mark.row("ID-01")
async def test_a_medecin_conseil_does_not_enter_the_agents_console(
    hospital: Service, provider: NodeProvider
) -> None:
    await known(hospital, by="claire@exemple.invalid")

    _, answer = await log_in(hospital, provider, "quemeneur", "agent")

    assert answer.status == 403
    assert 'href="/agent"' in answer.raw.decode()


async def test_who_gives_up_at_the_provider_is_told_so(
    hospital: Service, provider: NodeProvider
) -> None:
    _, answer = await log_in(hospital, provider, "refus")

    assert answer.status == 403
    assert "refusée ou abandonnée" in answer.raw.decode()


@pytest.mark.row("ID-01")
async def test_strength_is_asked_for_as_essential_with_pkce_and_a_nonce(hospital: Service) -> None:
    url = await leave(hospital.browser())
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}

    assert asked["claims"] == '{"id_token": {"acr": {"essential": true, "values": ["eidas2"]}}}'
    assert (asked["acr_values"], asked["code_challenge_method"]) == ("eidas2", "S256")
    assert (asked["response_type"], asked["redirect_uri"]) == ("code", RETURN)
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 32


# --- one login, one browser, once ---------------------------------------------------------------


@pytest.mark.row("ID-01")
async def test_a_return_serves_once(hospital: Service, provider: NodeProvider) -> None:
    browser = hospital.browser()
    address = await provider.authenticate(await leave(browser), "quemeneur")
    cookie = browser.cookies["__Host-connexion"]

    first = await come_back(browser, address)
    browser.cookies["__Host-connexion"] = cookie
    again = await come_back(browser, address)

    assert (first.status, again.status) == (303, 400)


@pytest.mark.row("ID-01")
async def test_a_code_that_has_served_does_not_serve_in_another_login(
    hospital: Service, provider: NodeProvider
) -> None:
    browser = hospital.browser()
    used = await provider.authenticate(await leave(browser), "quemeneur")
    await come_back(browser, used)
    state = parse_qs(urlsplit(await leave(browser)).query)["state"][0]
    code, issuer = (parse_qs(urlsplit(used).query)[name][0] for name in ("code", "iss"))

    answer = await browser.get(f"/connexion/retour?code={code}&state={state}&iss={issuer}")

    assert answer.status == 403


@pytest.mark.row("ID-01")
async def test_another_browser_cannot_end_a_login_nor_spoil_it(
    hospital: Service, provider: NodeProvider
) -> None:
    browser, thief, victim = hospital.browser(), hospital.browser(), hospital.browser()
    address = await provider.authenticate(await leave(browser), "quemeneur")
    await leave(victim)

    answers = [await come_back(one, address) for one in (thief, victim)]
    right = await come_back(browser, address)

    assert [answer.status for answer in answers] == [400, 400]
    assert right.status == 303
    assert "__Host-console" not in {**thief.cookies, **victim.cookies}


@pytest.mark.row("ID-01")
@pytest.mark.parametrize(
    "change",
    [
        lambda query: {**query, "state": "A" * 32},
        lambda query: {**query, "state": ""},
        lambda query: {name: value for name, value in query.items() if name != "state"},
        lambda query: {**query, "code": "x" * 5_000},
        lambda query: {**query, **{f"p{number}": "1" for number in range(20)}},
    ],
)
async def test_a_return_that_is_not_ours_is_refused_before_the_provider_is_asked(
    hospital: Service, provider: NodeProvider, change: object
) -> None:
    browser = hospital.browser()
    address = await provider.authenticate(await leave(browser), "quemeneur")
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    changed = change(query)  # type: ignore[operator]

    answer = await browser.get(
        "/connexion/retour?" + "&".join(f"{n}={v}" for n, v in changed.items())
    )

    assert answer.status == 400
    assert "périmée" in answer.raw.decode()


@pytest.mark.row("ID-01")
async def test_an_answer_in_the_name_of_another_issuer_is_refused(
    hospital: Service, provider: NodeProvider
) -> None:
    browser = hospital.browser()
    address = await provider.authenticate(await leave(browser), "quemeneur")
    without, _, _ = address.partition("&iss=")

    other = await come_back(browser, f"{without}&iss=https://autre.exemple.invalid")
    address = await provider.authenticate(await leave(browser), "quemeneur")
    none = await come_back(browser, address.partition("&iss=")[0])

    assert (other.status, none.status) == (502, 502)


@pytest.mark.row("ID-01")
async def test_a_login_that_took_too_long_is_over(
    hospital: Service, provider: NodeProvider
) -> None:
    browser = hospital.browser()
    address = await provider.authenticate(await leave(browser), "quemeneur")

    hospital.clock.pass_by(601)

    assert (await come_back(browser, address)).status == 400


@pytest.mark.row("ID-01")
@pytest.mark.parametrize("more", ["next", "redirect_uri", "return_to", "target_link_uri"])
async def test_nobody_is_sent_elsewhere_after_a_login(
    hospital: Service, provider: NodeProvider, more: str
) -> None:
    browser = hospital.browser()
    address = await provider.authenticate(await leave(browser), "quemeneur")

    answer = await come_back(browser, f"{address}&{more}=https://autre.exemple.invalid/")

    assert (answer.status, answer.headers["Location"]) == (303, "/console")


async def test_a_login_is_begun_by_our_own_page_only(hospital: Service) -> None:
    browser = hospital.browser()

    other = await browser.post("/api/connexion/console", headers={"Sec-Fetch-Site": "cross-site"})
    by_link = await browser.get("/api/connexion/console")

    assert other.status == 403
    assert by_link.json == {"mode": "oidc", "label": "Se connecter avec Pro Santé Connect"}


async def test_a_head_request_uses_up_no_login(hospital: Service, provider: NodeProvider) -> None:
    browser = hospital.browser()
    address = await provider.authenticate(await leave(browser), "quemeneur")
    parts = urlsplit(address)

    head = await browser.ask("HEAD", f"{parts.path}?{parts.query}")

    assert head.status == 405
    assert (await come_back(browser, address)).status == 303


@pytest.mark.row("SP-03")
async def test_logins_on_their_way_are_few_from_one_address_and_bounded_in_all(
    serve: Serve, provider: NodeProvider, tmp_path: Path
) -> None:
    clock = HandClock(timedelta(0))
    few = await serve(tmp_path / "few", clock=clock, **provider.settings(logins_per_minute=2))
    crowd = await serve(tmp_path / "crowd", clock=clock, **provider.settings(login_attempts=2))

    by_address = [(await few.browser().post("/api/connexion/console")).status for _ in range(3)]
    in_all = [(await crowd.browser().post("/api/connexion/console")).status for _ in range(3)]
    clock.pass_by(601)
    later = await crowd.browser().post("/api/connexion/console")

    assert by_address == [201, 201, 429]
    assert in_all == [201, 201, 429]
    assert later.status == 201


# --- the provider changes -----------------------------------------------------------------------


@pytest.mark.row("AI-06")
async def test_a_new_key_of_the_provider_is_found_in_course_of_service(
    hospital: Service, provider: NodeProvider
) -> None:
    _, before = await log_in(hospital, provider)
    provider.rotate()
    hospital.clock.monotonic += 31

    _, after = await log_in(hospital, provider)

    assert (before.status, after.status) == (303, 303)


@pytest.mark.row("AI-06")
async def test_unknown_keys_do_not_make_us_ask_the_provider_each_time(
    hospital: Service, provider: NodeProvider
) -> None:
    await log_in(hospital, provider)
    provider.rotate()

    _, at_once = await log_in(hospital, provider)
    hospital.clock.monotonic += 31
    _, later = await log_in(hospital, provider)

    assert (at_once.status, later.status) == (502, 303)


@pytest.mark.row("AI-06")
async def test_we_prove_ourselves_by_a_private_key_where_that_is_set_up(
    serve: Serve, tmp_path: Path
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "client.pem").write_bytes(pem)
    public = ECKey.import_key(pem).as_dict(private=False)
    method = {
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "client_secret": None,
        "jwks": {"keys": [public]},
    }
    with NodeProvider.start(tmp_path, client=method) as provider:
        own = {"oidc_client_secret": "", "oidc_client_key": str(tmp_path / "client.pem")}
        service = await serve(clock=HandClock(timedelta(0)), **provider.settings(**own))
        await known(service)

        _, answer = await log_in(service, provider)

    assert answer.status == 303


# --- sessions -----------------------------------------------------------------------------------


@pytest.mark.row("ID-01")
async def test_a_new_login_closes_the_session_that_this_browser_had(
    hospital: Service, provider: NodeProvider
) -> None:
    browser, _ = await log_in(hospital, provider)
    seat = await hospital.console(browser)
    before = dict(browser.cookies)

    await log_in(hospital, provider, browser=browser)
    await seat.until(lambda: seat.cut)
    old = hospital.browser()
    old.cookies = before

    assert (await browser.get("/api/console/session")).status == 200
    assert (await old.get("/api/console/session")).status == 401


@pytest.mark.row("ID-01")
async def test_logging_out_ends_the_providers_session_too(
    hospital: Service, provider: NodeProvider
) -> None:
    browser = hospital.browser()
    async with provider.person() as person:
        address = await provider.authenticate(await leave(browser), "quemeneur", person)
        await come_back(browser, address)

        left = await browser.ask("DELETE", "/api/console/session", {})
        page = await person.get(left.json["next"])

    asked = parse_qs(urlsplit(left.json["next"]).query)
    assert asked["post_logout_redirect_uri"] == [f"{hospital.config.origin}/console"]
    assert (page.status_code, "Se déconnecter" in page.text) == (200, True)
    assert (await browser.get("/api/console/session")).status == 401
    assert "session_fournisseur" not in [
        line.split('"')[1] for line in hospital.dump().splitlines() if line.startswith("INSERT")
    ]


@pytest.mark.row("ID-01")
async def test_a_session_revoked_elsewhere_is_refused_at_once_and_cut_at_the_next_check(
    hospital: Service, provider: NodeProvider
) -> None:
    browser, _ = await log_in(hospital, provider)
    console = await hospital.console(browser)
    token = (await browser.ok("/api/console/session", method="GET"))["token"]

    async with hospital.registre.transaction() as unite:
        count = await hospital.app[keys.SESSIONS].revoke_all(
            unite.connection, "mc-1", ["console", "agent"], hospital.clock()
        )
    refused = await browser.get("/api/console/session")
    await closing.check(hospital.app, hospital.clock())
    await console.until(lambda: console.cut)

    assert (count, refused.status) == (1, 401)
    with pytest.raises(SeatRefused):
        await type(console).enter(hospital.base, token, namespace="/console")


@pytest.mark.row("ID-01")
async def test_a_console_ends_with_its_session_and_a_call_goes_on(
    hospital: Service, provider: NodeProvider
) -> None:
    browser, _ = await log_in(hospital, provider)
    console = await hospital.console(browser)
    appointment = await hospital.appoint()
    seat = await hospital.seat(browser, appointment)

    later = hospital.clock() + hospital.config.console_session + timedelta(seconds=1)
    await closing.check(hospital.app, later)
    await console.until(lambda: console.cut)
    told = await hospital.browser().get("/healthz")

    assert (told.status, seat.cut) == (200, False)


@pytest.mark.row("ID-01")
async def test_another_identifier_in_the_annuaire_closes_what_the_former_opened(
    hospital: Service, provider: NodeProvider
) -> None:
    browser, _ = await log_in(hospital, provider)

    await known(hospital, by="10007777777")
    _, again = await log_in(hospital, provider)

    assert (await browser.get("/api/console/session")).status == 401
    assert again.status == 403


@pytest.mark.row("ID-01")
async def test_a_login_link_opens_nothing_where_the_provider_lets_people_in(
    hospital: Service,
) -> None:
    link = await hospital.login_link(once=True, expires=datetime.now(UTC) + timedelta(minutes=5))

    answer = await hospital.browser().post("/api/console/session", {"login": link})

    assert (answer.status, answer.error["code"]) == (403, "connexion_autrement")


@pytest.mark.row("SP-03")
async def test_nothing_of_a_login_lies_open_in_the_store(
    hospital: Service, provider: NodeProvider
) -> None:
    browser = hospital.browser()
    url = await leave(browser)
    asked = parse_qs(urlsplit(url).query)
    waiting = hospital.dump()
    await come_back(browser, await provider.authenticate(url, "quemeneur"))
    dump = waiting + hospital.dump()

    secrets = [asked["state"][0], asked["nonce"][0], *browser.cookies.values(), CLIENT_SECRET, RPPS]
    assert [one for one in secrets if one in dump] == []
    assert "eyJ" not in dump
