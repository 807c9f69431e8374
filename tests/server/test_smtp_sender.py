"""Mail leaves through a real relay in every mood, and each attempt says how it ended."""

import asyncio
import io
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest
from providers import FROM, PASSWORD, TO, USER, Certificates, Relay, certificates, closed_port
from providers import parcel as parcel_of

from controle.convocation import Canal
from server.config import Config, ConfigurationError
from server.notify import senders
from server.notify.courriel import mail_address
from server.notify.parcel import Outcome, Verdict
from server.notify.smtp import Connection, SmtpSender

pytestmark = pytest.mark.row("AI-05")

CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:PUBLISH\r\nBEGIN:VEVENT\r\nUID:1@exemple.fr\r\n"
    "SUMMARY:Rendez-vous à distance\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("relay"))


def settings(relay: Relay, **other: Any) -> Config:
    values: dict[str, Any] = {
        "mail_from": FROM,
        "mail_from_name": "Assurance maladie de l’Hérault",
        "smtp_host": "127.0.0.1",
        "smtp_port": relay.port,
        "smtp_tls": "none",
        "smtp_connections": 4,
        "origin": "https://visio.cpam-exemple.fr",
    }
    return Config(**values | other)


Build = Callable[..., SmtpSender]


@pytest.fixture
async def sender_of() -> AsyncIterator[Build]:
    """Builds senders from settings; all are closed after the test."""
    built: list[SmtpSender] = []

    def build(relay: Relay, **other: Any) -> SmtpSender:
        sender = senders.build(settings(relay, **other))[Canal.COURRIEL]
        assert isinstance(sender, SmtpSender)
        built.append(sender)
        return sender

    yield build
    for sender in built:
        await sender.close()


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    async with Relay() as running:
        yield running


async def test_a_message_that_the_relay_takes_is_accepted(relay: Relay, sender_of: Build) -> None:
    outcome = await sender_of(relay).send(parcel_of("cle-42"))

    assert outcome == Outcome(Verdict.ACCEPTED, reference="cle-42")
    [stored] = relay.stored
    assert (stored.sender, stored.to) == (FROM, [TO])
    assert stored.mail["Message-ID"] == "<cle-42@cpam-exemple.fr>"


@pytest.mark.row("CN-10")
async def test_mail_has_text_html_and_calendar_and_says_that_a_machine_wrote_it(
    relay: Relay, sender_of: Build
) -> None:
    html = "<p>Votre rendez-vous est demain à <strong>14 h 30</strong>.</p>"
    sent = parcel_of(html=html, calendar=CALENDAR, calendar_method="PUBLISH", language="en")

    await sender_of(relay).send(sent)

    mail = relay.stored[0].mail
    assert mail["From"] == f"Assurance maladie de l’Hérault <{FROM}>"
    assert (mail["To"], mail["Subject"]) == (TO, "Votre rendez-vous de demain")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert (mail["Content-Language"], mail["Reply-To"]) == ("en", None)
    assert parsedate_to_datetime(mail["Date"]).tzinfo is not None
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == [
        "multipart/mixed", "multipart/alternative",
        "text/plain", "text/html", "text/calendar", "text/calendar",
    ]  # fmt: skip
    *_, plain, page, invitation, file = mail.walk()
    assert plain.get_content() == sent.text.replace("\n", "\r\n")
    assert page.get_content().strip() == html
    assert invitation["Content-Type"].params["method"] == "PUBLISH"
    assert invitation.get_content() == CALENDAR
    assert file.get_filename() == "rendez-vous.ics"
    assert file.get_content() == CALENDAR


async def test_what_goes_over_the_wire_is_seven_bits_and_short_lines(
    relay: Relay, sender_of: Build
) -> None:
    long = "é" * 5_000 + "\n.\n..\nFrom ici\n"

    await sender_of(relay).send(parcel_of(text=long, html=f"<p>{long}</p>"))

    raw = relay.stored[0].raw
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 78
    plain = relay.stored[0].mail.get_body(("plain",))
    assert plain is not None
    assert plain.get_content() == long.replace("\n", "\r\n")


@pytest.mark.row("CN-04")
async def test_the_message_id_is_the_same_at_every_attempt(relay: Relay, sender_of: Build) -> None:
    relay.data = deque(["451 4.7.1 later", "drop after"])
    sender = sender_of(relay)

    verdicts = [(await sender.send(parcel_of("cle-7"))).verdict for _ in range(3)]

    assert verdicts == [Verdict.LATER, Verdict.UNKNOWN, Verdict.ACCEPTED]
    ids = {stored.mail["Message-ID"] for stored in relay.stored}
    assert (len(relay.stored), ids) == (2, {"<cle-7@cpam-exemple.fr>"})
    assert not sender.idempotent


@pytest.mark.row("CN-04")
async def test_receipts_are_asked_for_by_our_key_where_the_relay_knows_them(
    relay: Relay, sender_of: Build
) -> None:
    sender = sender_of(relay)
    await sender.send(parcel_of("cle-1"))
    await sender.close()
    relay.dsn = False

    await sender.send(parcel_of("cle-2"))

    asked = ["RET=HDRS", "ENVID=cle-1", "NOTIFY=SUCCESS,FAILURE,DELAY"]
    assert [stored.options for stored in relay.stored] == [asked, []]


@pytest.mark.parametrize(
    ("stage", "answer", "expected"),
    [
        ("rcpt", "451 4.7.1 greylisted", Outcome(Verdict.LATER, "451")),
        ("rcpt", "452 4.2.2 mailbox full", Outcome(Verdict.LATER, "452")),
        ("data", "451 4.3.0 later", Outcome(Verdict.LATER, "451")),
        ("data", "421 4.3.2 closing", Outcome(Verdict.LATER, "421")),
        ("rcpt", "550 5.1.1 no such user", Outcome(Verdict.REFUSED, "550")),
        ("data", "554 5.7.1 not wanted", Outcome(Verdict.REFUSED, "554")),
        ("mail", "550 5.7.1 not for you", Outcome(Verdict.LATER, "sender-550")),
        ("mail", "451 4.7.1 later", Outcome(Verdict.LATER, "451")),
        ("rcpt", "554 5.7.1 Relay access denied", Outcome(Verdict.LATER, "auth-554")),
        ("rcpt", "530 5.7.0 authentication required", Outcome(Verdict.LATER, "auth-530")),
        ("rcpt", "drop", Outcome(Verdict.LATER, "disconnected")),
        ("rcpt", "stall", Outcome(Verdict.LATER, "timeout")),
        ("data", "drop", Outcome(Verdict.UNKNOWN, "disconnected")),
        ("data", "drop after", Outcome(Verdict.UNKNOWN, "disconnected")),
        ("data", "stall", Outcome(Verdict.UNKNOWN, "timeout")),
    ],
)
async def test_each_mood_of_the_relay_has_its_verdict_and_the_next_message_leaves(
    relay: Relay, sender_of: Build, stage: str, answer: str, expected: Outcome
) -> None:
    setattr(relay, stage, deque([answer]))
    sender = sender_of(relay, smtp_timeout=Config().code_resend / 100)

    outcome = await sender.send(parcel_of("cle-1"))

    assert outcome == expected
    assert (await sender.send(parcel_of("cle-2"))).verdict is Verdict.ACCEPTED


async def test_a_relay_that_is_not_there_is_for_later(sender_of: Build) -> None:
    outcome = await sender_of(Relay(port=closed_port())).send(parcel_of())

    assert outcome == Outcome(Verdict.LATER, "unreachable")


async def test_a_relay_that_wants_nobody_burns_no_message(relay: Relay, sender_of: Build) -> None:
    relay.greeting = "554 5.3.2 not today"

    outcome = await sender_of(relay).send(parcel_of())

    assert outcome == Outcome(Verdict.LATER, "connect-554")


@pytest.mark.parametrize("implicit", [False, True])
async def test_mail_leaves_over_tls_with_a_password(
    authority: Certificates, sender_of: Build, *, implicit: bool
) -> None:
    async with Relay(tls=authority.context, implicit=implicit, auth=True) as relay:
        sender = sender_of(
            relay,
            smtp_tls="tls" if implicit else "starttls",
            smtp_ca=authority.authority,
            smtp_user=USER,
            smtp_password=PASSWORD,
        )

        outcome = await sender.send(parcel_of())
        await sender.close()

    assert outcome.verdict is Verdict.ACCEPTED
    assert relay.logins == [USER.encode()]


async def test_a_relay_without_starttls_gets_neither_password_nor_message(
    relay: Relay, sender_of: Build
) -> None:
    sender = sender_of(relay, smtp_tls="starttls", smtp_user=USER, smtp_password=PASSWORD)

    outcome = await sender.send(parcel_of())

    assert outcome == Outcome(Verdict.LATER, "starttls")
    assert (relay.stored, relay.logins) == ([], [])


@pytest.mark.parametrize("implicit", [False, True])
async def test_a_relay_that_nobody_vouches_for_gets_nothing(
    authority: Certificates, sender_of: Build, *, implicit: bool
) -> None:
    async with Relay(tls=authority.context, implicit=implicit) as relay:
        sender = sender_of(relay, smtp_tls="tls" if implicit else "starttls")

        outcome = await sender.send(parcel_of())

    assert outcome == Outcome(Verdict.LATER, "tls")
    assert relay.stored == []


async def test_a_wrong_password_burns_no_message(authority: Certificates, sender_of: Build) -> None:
    async with Relay(tls=authority.context, auth=True) as relay:
        sender = sender_of(
            relay,
            smtp_tls="starttls",
            smtp_ca=authority.authority,
            smtp_user=USER,
            smtp_password="faux",
        )

        outcome = await sender.send(parcel_of())

    assert outcome == Outcome(Verdict.LATER, "auth-535")


async def test_one_connection_serves_many_messages(relay: Relay, sender_of: Build) -> None:
    sender = sender_of(relay)
    relay.rcpt = deque(["550 5.1.1 no such user"])

    for number in range(10):
        await sender.send(parcel_of(f"cle-{number}"))

    assert (relay.connections, len(relay.stored)) == (1, 9)


@pytest.mark.parametrize("how", ["without a word", "with 421"])
async def test_a_connection_that_the_relay_closed_meanwhile_is_opened_again(
    relay: Relay, sender_of: Build, how: str
) -> None:
    sender = sender_of(relay)
    await sender.send(parcel_of("cle-1"))
    if how == "with 421":
        relay.mail = deque(["421 4.4.2 idle too long"])
    else:
        relay.hang_up()

    outcome = await sender.send(parcel_of("cle-2"))

    assert outcome.verdict is Verdict.ACCEPTED
    assert (relay.connections, len(relay.stored)) == (2, 2)


async def test_an_idle_connection_is_asked_before_it_is_used_again_and_an_old_one_is_not(
    relay: Relay,
) -> None:
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=relay.port, start_tls=False)
    await client.connect()
    connection = Connection(client)

    just_used = await connection.answers(1.0)
    asked = relay.noops
    idle = await connection.answers(10.0)
    old = await connection.answers(100.0)

    assert (just_used, asked, idle, relay.noops, old) == (True, 0, True, 1, False)
    assert not connection.open


async def test_an_attempt_that_is_cut_short_does_not_leave_its_connection_to_the_next(
    relay: Relay, sender_of: Build
) -> None:
    relay.data = deque(["stall"])
    sender = sender_of(relay)
    cut = asyncio.create_task(sender.send(parcel_of("cle-1")))
    await relay.arrived.wait()

    cut.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cut
    outcome = await sender.send(parcel_of("cle-2"))

    assert outcome == Outcome(Verdict.ACCEPTED, reference="cle-2")
    assert relay.connections == 2


async def test_two_hundred_messages_share_sixteen_connections(sender_of: Build) -> None:
    async with Relay(delay=0.05) as relay:
        sender = sender_of(relay, smtp_connections=16)

        outcomes = await asyncio.gather(*(sender.send(parcel_of(f"k{n}")) for n in range(200)))
        await sender.close()

    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert len({stored.mail["Message-ID"] for stored in relay.stored}) == 200
    assert relay.busiest > 1
    assert relay.connections <= 16
    assert sender.capacity == 16


@pytest.mark.row("CN-10")
@pytest.mark.parametrize(
    "poison",
    [
        "\r\nBcc: x@exemple.fr", "\nBcc: x@exemple.fr", "\rBcc: x@exemple.fr", "\r\n\r\nbody",
        "\x00", "\x0bBcc: x@exemple.fr", "\x0cBcc:", "\x1cBcc:", "\x85Bcc:", "\u2028Bcc:",
        "\u2029Bcc:", "\ud800",
    ],
)  # fmt: skip
@pytest.mark.parametrize("where", ["subject", "to", "key", "calendar_method"])
async def test_no_line_break_makes_a_header_of_its_own(
    relay: Relay, sender_of: Build, where: str, poison: str
) -> None:
    sound: dict[str, Any] = {
        "subject": "Objet",
        "to": TO,
        "key": "cle-1",
        "calendar_method": "PUBLISH",
    }
    sender = sender_of(relay)

    sent = parcel_of(**{"calendar": CALENDAR} | sound | {where: sound[where] + poison})
    outcome = await sender.send(sent)

    assert outcome.verdict is Verdict.REFUSED
    assert outcome.reason in {"subject", "address", "key", "calendar"}
    assert (relay.stored, relay.connections) == ([], 0)


async def test_a_line_break_in_the_text_stays_in_the_text(relay: Relay, sender_of: Build) -> None:
    text = "Bonjour,\r\n.\r\nMAIL FROM:<x@exemple.fr>\r\n\x00Bcc: x@exemple.fr\n"

    await sender_of(relay).send(parcel_of(text=text))

    [stored] = relay.stored
    assert stored.mail["Bcc"] is None
    assert "MAIL FROM:<x@exemple.fr>" in stored.mail.get_content()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (" Camille.Dupont+ameli@exemple.fr ", "Camille.Dupont+ameli@exemple.fr"),
        ("a@hôpital-exemple.fr", "a@xn--hpital-exemple-0ob.fr"),
        ("prénom@exemple.fr", None),
        ("a" * 65 + "@exemple.fr", None),
        ("a@b@exemple.fr", None),
        ('"a b"@exemple.fr', None),
        ("a@[127.0.0.1]", None),
        ("a@localhost", None),
        ("Camille <a@exemple.fr>", None),
        ("", None),
    ],
)
def test_a_mail_address_is_read_strictly(written: str, read: str | None) -> None:
    assert mail_address(written) == read


async def test_an_accented_domain_is_written_as_servers_know_it(
    relay: Relay, sender_of: Build
) -> None:
    sender = sender_of(relay)

    outcome = await sender.send(parcel_of(to="a@hôpital-exemple.fr"))
    refused = await sender.send(parcel_of(to="prénom@exemple.fr"))

    assert outcome.verdict is Verdict.ACCEPTED
    assert relay.stored[0].to == ["a@xn--hpital-exemple-0ob.fr"]
    assert refused == Outcome(Verdict.REFUSED, "address")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"smtp_host": "relais.exemple.fr", "smtp_tls": "none"}, "smtp_tls"),
        ({"mail_from": ""}, "mail_from"),
        ({"mail_from": "x@exemple.fr\r\nBcc: y@exemple.fr"}, "mail_from"),
        ({"mail_from_name": "Nous\nBcc: y@exemple.fr"}, "mail_from_name"),
        ({"smtp_ca": "/nowhere/ca.pem", "smtp_tls": "tls"}, "smtp_ca"),
        ({"smtp_connections": 0}, "smtp_connections"),
        ({"hooks_secret": "court"}, "hooks_secret"),
    ],
)
def test_settings_that_would_not_send_or_send_in_clear_are_refused(
    wrong: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"^{named}"):
        senders.build(settings(Relay(port=25), **wrong))


def test_without_a_relay_there_is_no_sender_of_mail() -> None:
    assert senders.build(Config()) == {}


@pytest.mark.row("OPS-05")
async def test_neither_addresses_nor_passwords_are_logged_or_told(
    authority: Certificates, sender_of: Build, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for noisy in ("mail.log", "asyncio"):
        caplog.set_level(logging.CRITICAL, logger=noisy)
    moods = ["550 5.1.1 <camille@exemple.fr> unknown", "451 <camille@exemple.fr> later", "drop"]
    outcomes = []
    async with Relay(tls=authority.context, auth=True, rcpt=deque(moods)) as relay:
        for password in ("faux-mot-de-passe", PASSWORD):
            sender = sender_of(
                relay,
                smtp_tls="starttls",
                smtp_ca=authority.authority,
                smtp_user=USER,
                smtp_password=password,
            )
            outcomes += [await sender.send(parcel_of()) for _ in moods]
            await sender.close()

    told = io.StringIO()
    print(caplog.text, outcomes, file=told)
    for secret in ("camille", PASSWORD, "faux-mot-de-passe", "14 h 30"):
        assert secret not in told.getvalue()


def test_a_ca_file_is_read_when_the_sender_is_built(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("this is no certificate")

    with pytest.raises(ConfigurationError, match="smtp_ca"):
        senders.build(settings(Relay(), smtp_tls="tls", smtp_ca=str(tmp_path / "ca.pem")))
