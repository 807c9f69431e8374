"""SMS leave by each provider's own protocol, and each answer has its verdict."""

import json
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from providers import PHONE, Gateway, Ovh, Said, Smsmode, SmsService, closed_port
from providers import parcel as parcel_of

from controle.convocation import Canal
from server.config import Config, ConfigurationError
from server.notify import senders
from server.notify.parcel import Outcome, Sender, Verdict
from server.notify.receipts import callback_url
from server.notify.sms_http import Template
from server.notify.sms_ovh import Account, signature
from server.notify.spool import SpoolSender

pytestmark = pytest.mark.row("AI-05")

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SECRET = "s" * 32
KINDS: dict[str, type[SmsService]] = {"ovh": Ovh, "smsmode": Smsmode, "http": Gateway}
KEYS: dict[str, dict[str, str]] = {
    "ovh": {
        "sms_key": Ovh.application_key,
        "sms_secret": Ovh.application_secret,
        "sms_consumer_key": Ovh.consumer_key,
        "sms_service": Ovh.service,
    },
    "smsmode": {"sms_key": Smsmode.key},
    "http": {"sms_key": Gateway.key, "sms_reference_field": "message.id"},
}


def settings(name: str, url: str, **other: Any) -> Config:
    """`sms_url` for OVHcloud is its whole base, version included."""
    values: dict[str, Any] = {
        "sms_provider": name,
        "sms_url": f"{url}/1.0" if name == "ovh" else url,
        "sms_from": "AMELI",
        "origin": "https://visio.cpam-exemple.fr",
        "hooks_secret": SECRET,
        "sms_timeout": timedelta(seconds=0.3),
    }
    return Config(**values | KEYS[name] | other)


def sms(key: str = "cle-1", **other: Any) -> Any:
    text = "CPAM 34: RDV par visio demain a 14 h 30. Tel 3646"
    return parcel_of(key, Canal.SMS, **{"text": text} | other)


Build = Callable[..., Sender]


@pytest.fixture
async def sender_of() -> AsyncIterator[Build]:
    built: list[Sender] = []

    def build(name: str, url: str, **other: Any) -> Sender:
        sender = senders.build(settings(name, url, **other), lambda: NOW)[Canal.SMS]
        built.append(sender)
        return sender

    yield build
    for sender in built:
        await sender.close()


@pytest.fixture(params=list(KINDS))
async def service(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, SmsService]]:
    """Each provider in turn."""
    async with KINDS[request.param]() as running:
        yield request.param, running


@pytest.fixture
async def ovh() -> AsyncIterator[Ovh]:
    running = Ovh()
    async with running:
        yield running


async def test_ovh_takes_a_signed_job_for_one_number_and_names_it(
    ovh: Ovh, sender_of: Build
) -> None:
    outcome = await sender_of("ovh", ovh.url).send(sms())

    assert outcome == Outcome(Verdict.ACCEPTED, reference="870000001")
    [job] = ovh.taken
    assert (job["receivers"], job["sender"]) == ([PHONE], "AMELI")
    assert (job["noStopClause"], job["charset"]) == (True, "UTF-8")


def test_the_signature_is_the_one_of_their_documentation() -> None:
    account = Account(
        application_key="7kbG7Bk7S9Nt7ZSV",
        application_secret="EXEgWIz07P0HYwtQDs7cNIqCiQaWSuHF",
        consumer_key="MtSwSrPpNjqfVSmJhLbPyr2i45lSwPU1",
        service="",
        sender="",
    )

    told = signature(account, "GET", "https://eu.api.ovh.com/1.0/domains/", "", 1366560945)

    assert told == "$1$d3705e8afb27a0d2970a322b96550abfc67bb798"


async def test_their_clock_is_asked_once_and_again_when_they_say_it_is_wrong(
    ovh: Ovh, sender_of: Build
) -> None:
    sender = sender_of("ovh", ovh.url)
    await sender.send(sms("cle-1"))
    await sender.send(sms("cle-2"))
    asked = ovh.times_asked
    later = ovh.time() + 3600
    ovh.time = lambda: later

    refused = await sender.send(sms("cle-3"))
    again = await sender.send(sms("cle-3"))

    assert (asked, ovh.times_asked) == (1, 2)
    assert (refused, again.verdict) == (Outcome(Verdict.LATER, "auth"), Verdict.ACCEPTED)


async def test_a_number_that_ovh_does_not_take_is_refused(ovh: Ovh, sender_of: Build) -> None:
    ovh.invalid = frozenset({PHONE})

    outcome = await sender_of("ovh", ovh.url).send(sms())

    assert (outcome, ovh.taken) == (Outcome(Verdict.REFUSED, "number"), [])


@pytest.mark.parametrize("wrong", ["sms_secret", "sms_key", "sms_consumer_key"])
async def test_a_wrong_key_of_ovh_burns_no_message(ovh: Ovh, sender_of: Build, wrong: str) -> None:
    outcome = await sender_of("ovh", ovh.url, **{wrong: "autre"}).send(sms())

    assert (outcome, ovh.taken) == (Outcome(Verdict.LATER, "auth"), [])


async def test_smsmode_takes_a_message_with_our_key_and_where_to_tell_its_fate(
    sender_of: Build,
) -> None:
    async with Smsmode() as smsmode:
        outcome = await sender_of("smsmode", smsmode.url).send(sms("cle-9"))

    assert outcome == Outcome(Verdict.ACCEPTED, reference="8f1a-1")
    assert smsmode.taken == [
        {
            "recipient": {"to": PHONE.removeprefix("+")},
            "body": {"text": sms().text},
            "refClient": "cle-9",
            "from": "AMELI",
            "callbackUrlStatus": callback_url("https://visio.cpam-exemple.fr", "smsmode", SECRET),
        }
    ]


@pytest.mark.row("CN-04")
async def test_only_a_gateway_with_idempotency_keys_drops_a_second_message(
    service: tuple[str, SmsService], sender_of: Build
) -> None:
    name, provider = service
    sender = sender_of(name, provider.url)

    outcomes = [await sender.send(sms("cle-1")) for _ in range(2)]

    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert len(provider.taken) == (1 if sender.idempotent else 2)
    assert sender.idempotent == (name == "http")


async def test_the_gateway_gets_what_its_template_says(sender_of: Build) -> None:
    body = '{"a": [{"n": "{to}"}], "b": "<{from}> {text}", "k": "{key}", "{to}": 1, "c": null}'
    async with Gateway() as gateway:
        outcome = await sender_of("http", gateway.url, sms_body=body).send(sms("cle-1"))

    assert outcome == Outcome(Verdict.ACCEPTED, reference="g-cle-1")
    sent = gateway.taken[0]["sent"]
    told = {"a": [{"n": PHONE}], "b": f"<AMELI> {sms().text}", "k": "cle-1", "{to}": 1, "c": None}
    assert sent == told


@pytest.mark.parametrize(
    "text", ['"}, {"to": "+33600000000', "{key} {to} {{from}}", 'fin\\" \u2028 \n \x00', "é€{", ""]
)
def test_nothing_in_a_text_breaks_out_of_the_template(text: str) -> None:
    template = Template('{"to": "{to}", "text": "{text}", "from": "{from}", "id": "{key}"}')

    filled = template.fill({"to": PHONE, "text": text, "from": "AMELI", "key": "cle-1"})

    assert json.loads(filled) == {"to": PHONE, "text": text, "from": "AMELI", "id": "cle-1"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (Said(400, {"message": "Invalid recipient number"}), Outcome(Verdict.REFUSED, "number")),
        (Said(400, {"message": "receivers: bad format"}), Outcome(Verdict.REFUSED, "number")),
        (Said(400, {"message": "sender is unknown"}), Outcome(Verdict.LATER, "400")),
        (Said(402, {}), Outcome(Verdict.LATER, "credit")),
        (Said(403, {"message": "Not enough credits"}), Outcome(Verdict.LATER, "credit")),
        (Said(401, {}), Outcome(Verdict.LATER, "auth")),
        (Said(403, {}), Outcome(Verdict.LATER, "auth")),
        (Said(404, {}), Outcome(Verdict.LATER, "404")),
        (Said(429, {}), Outcome(Verdict.LATER, "throttled")),
        (
            Said(429, {}, {"Retry-After": "120"}),
            Outcome(Verdict.LATER, "throttled", retry_after=120.0),
        ),
        (
            Said(503, {}, {"Retry-After": "Sun, 22 Nov 2026 10:00:00 GMT"}),
            Outcome(Verdict.LATER, "503"),
        ),
        (Said(302, {}, {"Location": "http://127.0.0.1:9/"}), Outcome(Verdict.LATER, "302")),
        (Said(500, {}), Outcome(Verdict.LATER, "500")),
        (Said(502, {}), Outcome(Verdict.LATER, "502")),
        (Said(504, {}), Outcome(Verdict.UNKNOWN, "504")),
        (Said(instead="stall"), Outcome(Verdict.UNKNOWN, "timeout")),
        (Said(instead="drop"), Outcome(Verdict.UNKNOWN, "disconnected")),
        (Said(200, "x" * 200_000), Outcome(Verdict.ACCEPTED)),
        (Said(200, [[]]), Outcome(Verdict.ACCEPTED)),
        (Said(200, {"ids": ["a b"], "messageId": "\n"}), Outcome(Verdict.ACCEPTED)),
    ],
)
async def test_each_answer_has_its_verdict_and_the_next_message_leaves(
    service: tuple[str, SmsService], sender_of: Build, said: Said, expected: Outcome
) -> None:
    name, provider = service
    sender = sender_of(name, provider.url)
    provider.next = deque([said])

    outcome = await sender.send(sms("cle-1"))

    assert outcome == expected
    assert (await sender.send(sms("cle-2"))).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize("name", list(KINDS))
async def test_a_provider_that_is_not_there_is_for_later(sender_of: Build, name: str) -> None:
    outcome = await sender_of(name, f"http://127.0.0.1:{closed_port()}").send(sms())

    assert outcome == Outcome(Verdict.LATER, "unreachable")


async def test_a_lost_clock_of_ovh_is_for_later_nothing_was_sent(sender_of: Build) -> None:
    async with Smsmode() as no_clock:
        outcome = await sender_of("ovh", no_clock.url).send(sms())

    assert outcome == Outcome(Verdict.LATER, "clock")


@pytest.mark.parametrize("channel", [Canal.COURRIEL, Canal.SMS])
async def test_the_demo_takes_everything_and_sends_nothing(channel: Canal) -> None:
    sender = senders.spool()[channel]

    outcome = await sender.send(parcel_of("cle-1", channel))

    assert isinstance(sender, SpoolSender)
    assert (outcome, sender.channel) == (Outcome(Verdict.ACCEPTED, reference="cle-1"), channel)
    await sender.close()


@pytest.mark.parametrize(
    ("name", "wrong", "named"),
    [
        ("ovh", {"sms_service": ""}, "sms_service"),
        ("ovh", {"sms_url": "http://eu.api.ovh.com/1.0"}, "sms_url"),
        ("smsmode", {"sms_key": ""}, "sms_key"),
        ("smsmode", {"sms_key": "cle\r\nX: y"}, "sms_key"),
        ("http", {"sms_url": ""}, "sms_url"),
        ("http", {"sms_body": "{to} {text}"}, "sms_body"),
        ("http", {"sms_body": '{"to": "{to}"}'}, "sms_body"),
        ("http", {"sms_connections": 0}, "sms_connections"),
    ],
)
def test_settings_that_would_not_send_or_send_in_clear_are_refused(
    name: str, wrong: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"^{named}"):
        senders.build(settings(name, "https://sms.exemple.fr", **wrong))


@pytest.mark.row("OPS-05")
async def test_neither_numbers_nor_keys_are_logged_or_told(
    service: tuple[str, SmsService], sender_of: Build, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    name, provider = service
    sender = sender_of(name, provider.url)
    words = {"message": f"{PHONE} is not a number", "to": PHONE}
    provider.next = deque([Said(400, words), Said(500, words), Said(instead="drop")])

    outcomes = [await sender.send(sms()) for _ in range(4)]

    told = caplog.text + repr(outcomes)
    for secret in (PHONE, PHONE[1:], "14 h 30", *KEYS[name].values()):
        assert secret not in told or secret == "message.id"
