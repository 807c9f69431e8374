"""What became of a message comes back: from mail servers and SMS providers, proved and bounded."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given, settings
from hypothesis import strategies as st

from controle.convocation import Canal
from server import keys
from server.config import Config
from server.notify import receipts
from server.notify.receipts import Receipt
from server.web import hooks
from server.web.errors import refusals
from server.web.gates import permitted
from server.web.http import add_headers, only_our_pages
from server.web.permissions import LINES, lines_of

pytestmark = pytest.mark.row("CN-04")

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
KEY = "5b0c1a52-8f5e-4f2e-9d57-0c8f6a1f2b3c"
DOMAIN = "cpam-exemple.fr"
SECRET = "un-secret-de-plus-de-trente-deux-caracteres"


def dsn(
    *,
    action: str = "failed",
    status: str = "5.1.1",
    envelope: str = f"Original-Envelope-Id: {KEY}\n",
    returned: str = f"Message-ID: <{KEY}@{DOMAIN}>\n",
    kind: str = "text/rfc822-headers",
) -> bytes:
    """A notification as Postfix writes it (RFC 3464, appendix E)."""
    return f"""From: MAILER-DAEMON@mx.exemple.fr
To: ne-pas-repondre@{DOMAIN}
Subject: Undelivered Mail Returned to Sender
Message-ID: <20261122.1@mx.exemple.fr>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain; charset=us-ascii

<camille@exemple.fr>: host mx.exemple.fr said: 550 no such user

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.exemple.fr
{envelope}Arrival-Date: Sun, 22 Nov 2026 10:00:00 +0100

Final-Recipient: rfc822; camille@exemple.fr
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 <camille@exemple.fr>: no such user

--B
Content-Type: {kind}

From: ne-pas-repondre@{DOMAIN}
{returned}Subject: Votre rendez-vous

--B--
""".replace("\n", "\r\n").encode()


def of(state: Any, reason: str = "") -> Receipt:
    return Receipt(Canal.COURRIEL, KEY, "", state, reason, NOW)


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (dsn(), of("failed", "5.1.1")),
        (dsn(action="delivered", status="2.0.0"), of("delivered")),
        (dsn(action="delayed", status="4.4.1"), of("delayed", "4.4.1")),
        (dsn(action="Failed (said the server)"), None),
        (dsn(action="relayed", status="2.0.0"), None),
        (dsn(action="expanded", status="2.0.0"), None),
        (dsn(status="no idea"), of("failed")),
        # Without our envelope id, the Message-ID of what is returned names it.
        (dsn(envelope=""), of("failed", "5.1.1")),
        (dsn(envelope="", kind="message/rfc822"), of("failed", "5.1.1")),
        (dsn(envelope=f"Original-Envelope-Id: {KEY.replace('-', '+2D')}\n"), of("failed", "5.1.1")),
        (dsn(envelope="Original-Envelope-Id: a+0Ab\n"), of("failed", "5.1.1")),
        # Another domain's Message-ID is not ours, whatever stands before the @.
        (dsn(envelope="", returned=f"Message-ID: <{KEY}@autre-exemple.fr>\n"), None),
        (dsn(envelope="", returned=""), None),
        (dsn().replace(b"multipart/report", b"multipart/mixed"), None),
        (b"Subject: absent du bureau\r\n\r\nJe reviens lundi.", None),
        (b"", None),
        (dsn() + b"x" * receipts.MAX_BYTES, None),
    ],
)
def test_a_notification_of_the_mail_server_is_read(raw: bytes, read: Receipt | None) -> None:
    assert receipts.of_dsn(raw, DOMAIN, NOW) == read


@given(st.binary(max_size=2_000), st.integers(0, 2_000), st.integers(0, 2_000))
@settings(max_examples=200, deadline=None)
def test_garbage_in_a_notification_is_a_receipt_of_ours_or_nothing(
    garbage: bytes, start: int, end: int
) -> None:
    raw = dsn()

    read = receipts.of_dsn(raw[:start] + garbage + raw[max(start, end) :], DOMAIN, NOW)

    assert read is None or (read.state in ("delivered", "failed", "delayed") and read.key)


def test_a_notification_nested_without_end_is_nothing() -> None:
    level = 'Content-Type: multipart/report; boundary="{0}"\r\n\r\n--{0}\r\n'

    raw = "".join(level.format(f"b{number}") for number in range(4_000)).encode()

    assert receipts.of_dsn(raw, DOMAIN, NOW) is None


@pytest.mark.parametrize(
    ("told", "state", "reason"),
    [
        ({"ptt": "4", "description": "1"}, "delivered", ""),
        ({"ptt": "0", "description": "1"}, "delivered", ""),
        ({"description": "1"}, "delivered", ""),
        ({"ptt": "23", "description": "2"}, "failed", "ptt-23"),
        ({"ptt": "8"}, "failed", "ptt-8"),
        ({"ptt": "0", "description": "16"}, "failed", "ptt-0"),
        ({"ptt": "1", "description": "8"}, "delayed", "ptt-1"),
        ({"description": "4"}, "delayed", ""),
        # Accepted by the operator, cannot be known, being created: nothing yet.
        ({"ptt": "3", "description": "1"}, None, ""),
        ({"ptt": "6"}, None, ""),
        ({"ptt": "0", "description": "0"}, None, ""),
        ({"ptt": "quatre"}, None, ""),
        ({}, None, ""),
    ],
)
def test_what_ovh_tells_is_read(told: dict[str, str], state: Any, reason: str) -> None:
    read = receipts.of_ovh({"id": "870000001", "date": "20261122100000"} | told, NOW)

    expected = Receipt(Canal.SMS, "", "870000001", state, reason, NOW)
    assert read == (expected if state else None)


@pytest.mark.parametrize(
    ("value", "state", "reason"),
    [
        ("DELIVERED", "delivered", ""),
        ("UNDELIVERED", "failed", "UNDELIVERED"),
        ("UNDELIVERABLE", "failed", "UNDELIVERABLE"),
        ("ENROUTE", None, ""),
        ("SCHEDULED", None, ""),
        (None, None, ""),
    ],
)
def test_what_smsmode_tells_is_read(value: str | None, state: Any, reason: str) -> None:
    told = {"messageId": "8f1a-1", "refClient": KEY, "status": {"value": value}, "from": "AMELI"}

    read = receipts.of_smsmode(json.dumps(told).encode(), NOW)

    assert read == (Receipt(Canal.SMS, KEY, "8f1a-1", state, reason, NOW) if state else None)


def test_what_a_gateway_tells_is_read() -> None:
    told = {"id": "g-1", "state": "failed", "reason": "absent"}
    words = {"key": KEY, "state": "failed", "reason": "le 06 12 34 56 78 n'existe pas"}

    by_reference = receipts.of_gateway(json.dumps(told).encode(), NOW)
    by_key = receipts.of_gateway(json.dumps(words).encode(), NOW)

    assert by_reference == Receipt(Canal.SMS, "", "g-1", "failed", "absent", NOW)
    assert by_key == Receipt(Canal.SMS, KEY, "", "failed", "", NOW)


@given(
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=10),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["key", "id", "state", "status", "value", "messageId"]), inner
                )
            ),
        ).map(lambda told: json.dumps(told).encode()),
    )
)
def test_garbage_in_a_callback_is_a_receipt_or_nothing(raw: bytes) -> None:
    for read in (receipts.of_smsmode(raw, NOW), receipts.of_gateway(raw, NOW)):
        assert read is None or read.key or read.reference


class Outbox:
    """Notes what it knows, once."""

    def __init__(self) -> None:
        self.known = {KEY, "870000001", "8f1a-1"}
        self.states: dict[str, str] = {}
        self.heard: list[Receipt] = []
        self.down = False

    async def receive(self, receipt: Receipt) -> None:
        if self.down:
            raise RuntimeError("the store is away")
        self.heard.append(receipt)
        name = receipt.key or receipt.reference
        if name in self.known:
            self.states[name] = receipt.state


class Clock:
    """A clock of the test's."""

    now = NOW

    def __call__(self) -> datetime:
        return self.now


class Desk:
    """A server with the hooks alone, behind the middlewares of the real one."""

    def __init__(self, client: TestClient[Any, Any], outbox: Outbox, clock: Clock) -> None:
        self.client, self.outbox, self.clock = client, outbox, clock

    async def post(self, path: str, body: bytes = b"", **headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.post(path, data=body, headers=named) as answer:
            await answer.read()
            return answer.status

    async def signed(self, path: str, body: bytes, secret: str = SECRET) -> int:
        stamp = str(int(NOW.timestamp()))
        sign = receipts.signature(stamp, body, secret)
        return await self.post(path, body, X_Signature=sign, X_Timestamp=stamp)


async def open_desk(stack: AsyncExitStack, **other: Any) -> Desk:
    config = Config(**{"hooks_secret": SECRET, "mail_from": f"ne-pas-repondre@{DOMAIN}"} | other)
    middlewares = [refusals, only_our_pages, permitted]
    app = web.Application(middlewares=middlewares, client_max_size=65_536)
    outbox, clock = Outbox(), Clock()
    app[keys.CONFIG] = config
    app[keys.CLOCK] = clock  # type: ignore[misc]
    app[hooks.RECEIPTS] = outbox
    app.on_response_prepare.append(add_headers)
    app.router.add_routes(hooks.routes)
    app[LINES] = lines_of(app.router)
    client = TestClient(TestServer(app))
    return Desk(await stack.enter_async_context(client), outbox, clock)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
async def desk(stack: AsyncExitStack) -> Desk:
    return await open_desk(stack)


OVH = f"/hooks/sms/ovh/{receipts.token('ovh', SECRET)}"
SMSMODE = f"/hooks/sms/smsmode/{receipts.token('smsmode', SECRET)}"
DELIVERED = json.dumps({"messageId": "8f1a-1", "status": {"value": "DELIVERED"}}).encode()
GATEWAY = json.dumps({"key": KEY, "state": "delivered"}).encode()


async def test_each_way_leads_to_the_outbox(desk: Desk) -> None:
    statuses = [
        await desk.signed("/hooks/courriel", dsn()),
        (await desk.client.get(f"{OVH}?id=870000001&ptt=4&date=x&description=1")).status,
        await desk.post(f"{OVH}?id=870000001&ptt=4"),
        await desk.post(SMSMODE, DELIVERED),
        await desk.signed("/hooks/sms/http", GATEWAY),
    ]

    assert statuses == [204] * 5
    assert desk.outbox.states == {KEY: "delivered", "870000001": "delivered", "8f1a-1": "delivered"}
    assert [receipt.at for receipt in desk.outbox.heard] == [NOW] * 5


def test_the_callback_address_is_the_one_that_is_answered() -> None:
    assert receipts.callback_url("https://visio.fr", "ovh", SECRET) == f"https://visio.fr{OVH}"


async def test_a_receipt_that_comes_twice_or_of_nobodys_message_changes_nothing(
    desk: Desk,
) -> None:
    unknown = DELIVERED.replace(b"8f1a-1", b"8f1a-9")

    statuses = [await desk.post(SMSMODE, body) for body in (DELIVERED, DELIVERED, unknown)]

    assert statuses == [204] * 3
    assert desk.outbox.states == {"8f1a-1": "delivered"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/hooks/sms/ovh/0000?id=870000001&ptt=4", 404),
        (f"{OVH.replace('ovh', 'smsmode')}", 404),
        (f"{OVH[:-1]}?id=870000001&ptt=4", 404),
        ("/hooks/sms/ovh/%C3%A9%FF", 404),
        ("/hooks/courriel", 403),
        ("/hooks/sms/http", 403),
        ("/hooks/sms/ovh", 404),
        ("/hooks/sms/autre/x", 404),
    ],
)
async def test_a_forged_receipt_is_not_heard(desk: Desk, path: str, status: int) -> None:
    assert await desk.post(path, DELIVERED) == status
    assert desk.outbox.heard == []


async def test_a_signature_is_good_for_its_body_its_secret_and_five_minutes(desk: Desk) -> None:
    stamp = str(int(NOW.timestamp()))
    good = receipts.signature(stamp, GATEWAY, SECRET)
    path = "/hooks/sms/http"

    forged = [
        await desk.signed(path, GATEWAY, secret="un-autre-secret"),
        await desk.post(path, GATEWAY + b" ", X_Signature=good, X_Timestamp=stamp),
        await desk.post(path, GATEWAY, X_Signature=good),
        await desk.post(path, GATEWAY, X_Signature=good, X_Timestamp=str(int(stamp) + 1)),
        await desk.post(path, GATEWAY, X_Signature="sha256=\u00e9", X_Timestamp=stamp),
    ]
    desk.clock.now = NOW + timedelta(minutes=6)
    replayed = await desk.signed(path, GATEWAY)

    assert (forged, replayed) == ([403] * 5, 403)
    assert desk.outbox.heard == []


async def test_without_a_secret_there_are_no_such_addresses(stack: AsyncExitStack) -> None:
    desk = await open_desk(stack, hooks_secret="")

    statuses = [
        await desk.signed("/hooks/courriel", dsn(), secret=""),
        await desk.post(f"/hooks/sms/ovh/{receipts.token('ovh', '')}?id=870000001&ptt=4"),
        await desk.post(f"/hooks/sms/smsmode/{receipts.token('smsmode', '')}", DELIVERED),
        await desk.signed("/hooks/sms/http", GATEWAY, secret=""),
    ]

    assert statuses == [404] * 4
    assert desk.outbox.heard == []


async def test_a_body_is_bounded(desk: Desk) -> None:
    statuses = [
        await desk.signed("/hooks/courriel", b"x" * 70_000),
        await desk.post(SMSMODE, b"x" * 70_000),
    ]

    assert statuses == [413] * 2


async def test_a_receipt_that_could_not_be_kept_is_asked_for_again(desk: Desk) -> None:
    desk.outbox.down = True

    status = await desk.post(SMSMODE, DELIVERED)

    assert status == 500


async def test_head_tells_nothing_to_the_outbox(desk: Desk) -> None:
    answer = await desk.client.head(f"{OVH}?id=870000001&ptt=4")

    assert (answer.status, desk.outbox.heard) == (405, [])


@pytest.mark.row("OPS-05")
async def test_what_is_posted_is_not_logged(
    desk: Desk, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    # As in the real server (logs.CHATTY): the access log would show the token.
    caplog.set_level(logging.WARNING, logger="aiohttp.access")

    await desk.signed("/hooks/courriel", dsn())
    await desk.signed("/hooks/courriel", dsn()[:500])
    await desk.signed("/hooks/courriel", dsn(), secret="un-autre-secret")
    await desk.post(SMSMODE, DELIVERED)
    await desk.post(SMSMODE, DELIVERED[:-3])
    await desk.post(OVH)

    told = caplog.text + "".join(capsys.readouterr())
    for secret in ("camille@exemple.fr", KEY, "8f1a-1", SMSMODE.rpartition("/")[2], SECRET):
        assert secret not in told
