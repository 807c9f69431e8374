"""A provider that lies, is slow, or is away: no session ever, and a page that says what to do.

Against a provider of ours that signs whatever we want (oidc_liar.py); the honest flow is tried
against a real one (test_oidc_flow.py).
"""

import gzip
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from conftest import Serve
from oidc_liar import OTHER_KEY, Claims, Liar
from oidc_people import CLIENT_SECRET, RPPS, known
from server_people import Answer, HandClock, Service

JWKS, TOKEN, DISCOVERY = "/jwks", "/token", "/.well-known/openid-configuration"


# Ends after the service, which keeps its connections.
@pytest.fixture(autouse=True)
async def liar(tmp_path: Path) -> AsyncIterator[Liar]:
    one = Liar()
    server = await one.start(tmp_path)
    yield one
    one.released.set()
    await server.close()


async def tried(serve: Serve, liar: Liar, **settings: Any) -> tuple[Service, Answer, str]:
    """A login by this provider: the service, what the return was answered with, its page."""
    service = await serve(clock=HandClock(timedelta(0)), **liar.settings(**settings))
    await known(service)
    browser = service.browser()
    answer = await liar.send_back(browser, int(service.clock().timestamp()))
    assert ("__Host-console" in browser.cookies) == (answer.status == 303)
    return service, answer, answer.raw.decode()


async def test_the_same_provider_lets_in_when_it_does_not_lie(serve: Serve, liar: Liar) -> None:
    _, answer, _ = await tried(serve, liar)

    assert answer.status == 303


def without(name: str) -> Callable[[Claims], Claims]:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


def put(name: str, value: Any) -> Callable[[Claims], Claims]:
    return lambda claims: {**claims, name: value(claims) if callable(value) else value}


LIES = {
    "nonce of another login": put("nonce", "N" * 32),
    "no nonce": without("nonce"),
    "a nonce among several": put("nonce", lambda c: [c["nonce"], "x"]),
    "another issuer": put("iss", "https://autre.exemple.invalid"),
    "an issuer with a slash more": put("iss", lambda c: c["iss"] + "/"),
    "issuers in a list": put("iss", lambda c: [c["iss"]]),
    "no issuer": without("iss"),
    "for another client": put("aud", "autre"),
    "for us and another": put("aud", ["telecontrole", "autre"]),
    "authorised to another": put("azp", "autre"),
    "for nobody": put("aud", []),
    "no audience": without("aud"),
    "expired": put("exp", lambda c: c["iat"] - 60),
    "expiry as text": put("exp", "9999999999"),
    "no expiry": without("exp"),
    "of before this login": put("iat", lambda c: c["iat"] - 120),
    "of the future": put("iat", lambda c: c["iat"] + 3600),
    "no date": without("iat"),
    "not valid yet": put("nbf", lambda c: c["iat"] + 3600),
    "authenticated in the future": put("auth_time", lambda c: c["iat"] + 3600),
    "authenticated at a word": put("auth_time", "hier"),
    "nobody": without("sub"),
    "nobody in words": put("sub", ""),
    "a number": put("sub", 12),
}


@pytest.mark.row("ID-01")
@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
async def test_a_token_that_is_not_of_this_login_opens_nothing(
    serve: Serve, liar: Liar, lie: Callable[[Claims], Claims]
) -> None:
    liar.claims = lie

    _, answer, page = await tried(serve, liar)

    assert answer.status == 502
    assert "Par sécurité, la connexion est refusée" in page


def came_along(liar: Liar, claims: Claims) -> str:
    other = OTHER_KEY
    return liar.signed(claims, other, kid="k9", jwk=other.as_dict(private=False))


SIGNATURES: dict[str, Callable[[Liar, Claims], str]] = {
    "alg none": Liar.unsigned,
    "HMAC with the public key in PEM": lambda liar, claims: liar.confused(
        claims, liar.key.as_pem(private=False)
    ),
    "HMAC with our client secret": lambda liar, claims: liar.confused(
        claims, CLIENT_SECRET.encode()
    ),
    "another key of the same name": lambda liar, claims: liar.signed(claims, OTHER_KEY),
    "an algorithm that is not on the list": lambda liar, claims: liar.signed(
        claims, liar.key, alg="RS512"
    ),
    "a key of an unknown name": lambda liar, claims: liar.signed(claims, liar.key, kid="k9"),
    "an access token": lambda liar, claims: liar.signed(claims, liar.key, typ="at+jwt"),
    "a key that came along": came_along,
    "an unknown critical header": Liar.critical,
    "cut short": lambda liar, claims: liar.signed(claims, liar.key)[:-8],
    "changed after it was signed": lambda liar, claims: changed(liar.signed(claims, liar.key)),
    "no token at all": lambda liar, claims: "",
    "words": lambda liar, claims: "é.é.é",
    "half a megabyte": lambda liar, claims: liar.signed({**claims, "x": "x" * 180_000}, liar.key),
}  # fmt: skip


def changed(token: str) -> str:
    head, body, signature = token.split(".")
    return f"{head}.{body[:-4]}AAAA.{signature}"


@pytest.mark.row("ID-01")
@pytest.mark.parametrize("made", SIGNATURES.values(), ids=SIGNATURES.keys())
async def test_a_token_that_is_not_signed_as_it_must_opens_nothing(
    serve: Serve, liar: Liar, made: Callable[[Liar, Claims], str]
) -> None:
    liar.made = lambda claims: made(liar, claims)

    _, answer, _ = await tried(serve, liar)

    assert answer.status == 502


WEAK: dict[str, tuple[Callable[[Claims], Claims], dict[str, Any]]] = {
    "a lower acr": (put("acr", "eidas1"), {}),
    "no acr": (without("acr"), {}),
    "an acr in a list": (put("acr", ["eidas2"]), {}),
    "a password alone": (put("amr", ["pwd"]), {"oidc_amr": ("mfa", "pop")}),
    "no amr": (without("amr"), {"oidc_amr": ("mfa",)}),
    "amr as text": (put("amr", "mfa"), {"oidc_amr": ("mfa",)}),
    "too long ago": (
        put("auth_time", lambda c: c["iat"] - 7200), {"oidc_max_age": timedelta(hours=1)},
    ),
}  # fmt: skip


@pytest.mark.row("ID-01")
@pytest.mark.parametrize(("lie", "settings"), WEAK.values(), ids=WEAK.keys())
async def test_an_authentication_that_is_too_weak_opens_nothing(
    serve: Serve, liar: Liar, lie: Callable[[Claims], Claims], settings: dict[str, Any]
) -> None:
    liar.claims = lie

    _, answer, page = await tried(serve, liar, **settings)

    assert answer.status == 403
    assert "Un mot de passe seul ne suffit jamais" in page


@pytest.mark.row("ID-01")
async def test_an_authentication_by_method_is_enough_where_that_is_what_is_wanted(
    serve: Serve, liar: Liar
) -> None:
    liar.claims = put("amr", ["pwd", "mfa"])

    _, answer, _ = await tried(serve, liar, oidc_acr=(), oidc_amr=("mfa",))

    assert answer.status == 303


@pytest.mark.row("ID-01")
async def test_when_the_age_of_an_authentication_counts_it_must_be_said(
    serve: Serve, liar: Liar
) -> None:
    _, answer, _ = await tried(serve, liar, oidc_max_age=timedelta(hours=1))

    assert answer.status == 502


# --- what it says elsewhere ---------------------------------------------------------------------


@pytest.mark.row("ID-01")
async def test_what_userinfo_says_of_somebody_else_is_not_believed(
    serve: Serve, liar: Liar
) -> None:
    liar.claims = without("SubjectNameID")
    liar.userinfo = {"sub": "somebody else", "SubjectNameID": f"8{RPPS}"}

    _, answer, _ = await tried(serve, liar)

    assert answer.status == 502


@pytest.mark.row("ID-01")
@pytest.mark.parametrize(
    ("claims", "status"),
    [({}, 303), ({"aud": "autre"}, 502), ({"iss": "https://autre.exemple.invalid"}, 502)],
)
async def test_a_signed_userinfo_is_checked_as_a_token_is(
    serve: Serve, liar: Liar, claims: Claims, status: int
) -> None:
    liar.claims = without("SubjectNameID")
    told = {"sub": "somebody", "SubjectNameID": f"8{RPPS}", "aud": "telecontrole", **claims}
    liar.userinfo = liar.signed(told, liar.key)

    _, answer, _ = await tried(serve, liar)

    assert answer.status == status


@pytest.mark.row("ID-01")
async def test_an_address_that_was_not_verified_names_nobody(serve: Serve, liar: Liar) -> None:
    liar.claims = lambda claims: {**claims, "email": "c@exemple.invalid", "email_verified": False}
    service = await serve(clock=HandClock(timedelta(0)), **liar.settings(oidc_doctor_claim="email"))
    await known(service, by="c@exemple.invalid")

    answer = await liar.send_back(service.browser(), int(service.clock().timestamp()))

    assert answer.status == 403


@pytest.mark.row("AI-06")
@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://autre.exemple.invalid"},
        {"token_endpoint": "http://localhost/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": ""},
        {"end_session_endpoint": "http://localhost/"},
        {"code_challenge_methods_supported": ["plain"]},
        {"jwks_uri": 5},
    ],
    ids=str,
)
async def test_a_description_that_is_not_the_one_set_up_leads_nobody_there(
    serve: Serve, liar: Liar, change: Claims
) -> None:
    liar.metadata = change
    service = await serve(**liar.settings())

    answer = await service.browser().post("/api/connexion/console")

    assert (answer.status, answer.error["code"]) == (502, "reponse_invalide")


# --- away, slow, endless ------------------------------------------------------------------------


def huge() -> web.StreamResponse:
    return web.Response(body=b'{"keys": [' + b" " * 300_000 + b"]}")


def bomb() -> web.StreamResponse:
    body = gzip.compress(b" " * 5_000_000)
    return web.Response(body=body, headers={"Content-Encoding": "gzip"})


ANSWERS: dict[str, tuple[Callable[[], web.StreamResponse], int]] = {
    "huge": (huge, 502),
    "compressed": (bomb, 502),
    "no JSON": (lambda: web.Response(text="<html>"), 502),
    "deep JSON": (lambda: web.Response(text="[" * 100_000), 502),
    "a list": (lambda: web.json_response([]), 502),
    "broken": (lambda: web.Response(status=500), 503),
    "too many requests": (lambda: web.Response(status=429), 503),
}


@pytest.mark.row("SP-03")
@pytest.mark.parametrize("path", [DISCOVERY, JWKS, TOKEN])
@pytest.mark.parametrize("said", ANSWERS)
async def test_no_answer_of_the_provider_stops_us(
    serve: Serve, liar: Liar, path: str, said: str
) -> None:
    answer_with, expected = ANSWERS[said]
    service = await serve(clock=HandClock(timedelta(0)), **liar.settings())
    await known(service)
    liar.instead = {path: answer_with}

    if path == DISCOVERY:
        answer = await service.browser().post("/api/connexion/console")
    else:
        answer = await liar.send_back(service.browser(), int(service.clock().timestamp()))

    assert answer.status == expected


@pytest.mark.row("SP-03")
@pytest.mark.parametrize("path", [DISCOVERY, JWKS, TOKEN])
async def test_a_redirect_of_the_provider_is_not_followed(
    serve: Serve, liar: Liar, path: str
) -> None:
    def elsewhere() -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": f"{liar.issuer}/ailleurs"})

    service = await serve(clock=HandClock(timedelta(0)), **liar.settings())
    liar.instead = {path: elsewhere}

    if path == DISCOVERY:
        answer = await service.browser().post("/api/connexion/console")
    else:
        answer = await liar.send_back(service.browser(), int(service.clock().timestamp()))

    assert answer.status in (502, 503)
    assert "/ailleurs" not in liar.asked


@pytest.mark.row("SP-03")
async def test_a_provider_that_does_not_answer_is_given_up_and_said_to_be_away(
    serve: Serve, liar: Liar
) -> None:
    liar.stuck = {TOKEN}

    _, answer, page = await tried(serve, liar, oidc_timeout=timedelta(milliseconds=200))

    assert answer.status == 503
    assert "Pro Santé Connect ne répond pas" in page


@pytest.mark.row("SP-03")
async def test_who_comes_behind_an_absent_provider_does_not_wait_for_it_again(
    serve: Serve, liar: Liar
) -> None:
    liar.stuck = {DISCOVERY}
    service = await serve(
        clock=HandClock(timedelta(0)), **liar.settings(oidc_timeout=timedelta(milliseconds=200))
    )

    answers = [(await service.browser().post("/api/connexion/console")).status for _ in range(20)]
    asked = liar.asked.count(DISCOVERY)
    liar.stuck = set()
    service.clock.pass_by(6)
    back = await service.browser().post("/api/connexion/console")

    assert (set(answers), asked) == ({503}, 1)
    assert back.status == 201


@pytest.mark.row("ID-01")
async def test_a_provider_whose_certificate_we_do_not_know_is_not_believed(
    serve: Serve, liar: Liar
) -> None:
    service = await serve(**liar.settings(oidc_ca=""))

    answer = await service.browser().post("/api/connexion/console")

    assert (answer.status, answer.error["code"]) == (503, "fournisseur_absent")
