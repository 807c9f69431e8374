"""The outbox: what is due leaves once, in its time, by each channel, while it is true."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from outbox_scenes import (
    ACCEPTED,
    EVE,
    EVENING,
    FLOOR,
    LATER,
    MONDAY,
    REFUSED,
    UNKNOWN,
    Office,
    Provider,
)
from sqlalchemy import update

from controle.convocation import Canal, GenreEnvoi
from controle.telecontrole import Etat
from server.notify import outbox
from server.notify.judgement import LAST_TRY, next_attempt
from server.notify.outbox import Due
from server.notify.receipts import Receipt
from server.store import schema as t
from server.store import sealed

CONVOCATION, RAPPEL = GenreEnvoi.CONVOCATION, GenreEnvoi.RAPPEL


@pytest.fixture
async def office(tmp_path: Path, blank: Path) -> AsyncIterator[Office]:
    one = await Office.open(tmp_path, blank)
    yield one
    await one.close()


def receipt(key: str, state: str, at: datetime, channel: Canal = Canal.COURRIEL) -> Receipt:
    return Receipt(channel, key, "", state, "5.1.1" if state == "failed" else "", at)  # type: ignore[arg-type]


# --- once, in its time --------------------------------------------------------------------------


@pytest.mark.row("CN-01")
@pytest.mark.row("CN-04")
async def test_a_convocation_leaves_once_by_each_channel_and_is_on_record(office: Office) -> None:
    un = await office.convoke()

    await office.postman().once()
    await office.postman().once()

    assert office.mail.kinds() == office.sms.kinds() == ["convocation"]
    assert await office.states(un, CONVOCATION) == {"courriel": "envoye", "sms": "envoye"}
    assert (await office.facts(un)).count(("message_envoye", "convocation")) == 2
    assert await office.intact(un)


@pytest.mark.row("CN-03")
async def test_the_reminder_leaves_on_the_eve_even_after_two_restarts(office: Office) -> None:
    un = await office.convoke()
    await office.postman().once()

    for moment in (EVE - timedelta(seconds=1), EVE, EVE + timedelta(hours=3)):
        office.clock.wall = moment
        await office.postman(worker=f"server-{moment:%H%M%S}").once()
        assert office.sms.kinds().count("rappel") == (moment >= EVE)

    assert office.mail.kinds() == office.sms.kinds() == ["convocation", "rappel"]
    assert await office.etat(un) is Etat.RAPPELE


@pytest.mark.row("CN-03")
async def test_a_server_stopped_for_three_hours_on_the_eve_reminds_once(office: Office) -> None:
    await office.convoke()
    await office.postman().once()

    office.clock.wall = EVE + timedelta(hours=3)
    await office.postman().once()
    await office.postman().once()

    assert office.mail.kinds() == office.sms.kinds() == ["convocation", "rappel"]


@pytest.mark.row("CN-03")
async def test_a_reminder_never_leaves_after_the_hours_of_the_eve(office: Office) -> None:
    un = await office.convoke()
    await office.postman().once()

    office.clock.wall = EVENING
    await office.postman().once()

    assert "rappel" not in office.mail.kinds() + office.sms.kinds()
    assert await office.states(un, RAPPEL) == {"courriel": "perime", "sms": "perime"}
    assert ("message_echoue", "rappel") in await office.facts(un)
    assert await office.tasks(un) == {"appeler"}


@pytest.mark.row("CN-03")
@pytest.mark.parametrize("way", ["cancel", "refuse"])
async def test_no_reminder_after_a_cancellation_or_a_refusal(office: Office, way: str) -> None:
    un = await office.convoke()
    await office.postman().once()

    await getattr(office, way)(un)
    office.clock.wall = EVE
    await office.postman().once()

    assert "rappel" not in office.mail.kinds() + office.sms.kinds()
    assert set((await office.states(un, RAPPEL)).values()) == {"retire"}
    assert not await office.tasks(un)


@pytest.mark.row("CN-02")
async def test_a_convocation_never_leaves_after_the_floor(office: Office) -> None:
    un = await office.convoke()

    office.clock.wall = FLOOR
    await office.postman().once()

    assert not office.mail.tries
    assert not office.sms.tries
    assert set((await office.states(un, CONVOCATION)).values()) == {"perime"}
    assert await office.tasks(un) == {"non_remise"}


async def test_a_channel_without_a_provider_waits_then_is_shown_as_too_late(
    office: Office,
) -> None:
    un = await office.convoke()
    await office.postman(office.mail).once()
    assert (await office.row(un, channel="sms")).etat == "prepare"

    office.clock.wall = FLOOR
    await office.postman(office.mail).once()

    assert await office.states(un, CONVOCATION) == {"courriel": "envoye", "sms": "perime"}
    assert ("message_echoue", "convocation") in await office.facts(un)


# --- trying again -------------------------------------------------------------------------------


@pytest.mark.row("CN-04")
async def test_a_provider_that_is_down_three_times_gets_one_message_at_the_fourth(
    office: Office,
) -> None:
    un = await office.convoke(telephone="")
    office.mail.answers = [LATER, LATER, LATER]

    for _ in range(12):
        await office.postman().once()
        office.clock.pass_by(minutes=5)

    assert len(office.mail.tries) == 4
    assert len(office.mail.taken) == 1
    assert (await office.row(un)).etat == "envoye"
    assert len({(one.key, one.text) for one in office.mail.tries}) == 1


@pytest.mark.row("CN-04")
@pytest.mark.parametrize("way", ["cancel", "refuse"])
async def test_what_is_tried_again_stops_when_it_has_become_untrue(
    office: Office, way: str
) -> None:
    un = await office.convoke(telephone="")
    office.mail.answers = [LATER]
    await office.postman().once()

    await getattr(office, way)(un)
    office.clock.pass_by(minutes=5)
    await office.postman().once()

    assert "convocation" not in office.mail.kinds()
    assert (await office.row(un)).etat == "retire"


async def test_a_last_attempt_is_made_just_before_it_is_too_late(office: Office) -> None:
    un = await office.convoke(telephone="")
    office.clock.wall = FLOOR - timedelta(minutes=40)
    office.mail.answers = [LATER] * 50

    while office.clock.wall <= FLOOR:
        await office.postman().once()
        office.clock.pass_by(minutes=1)

    assert len(office.mail.tries) >= 5
    assert not office.mail.taken
    assert (await office.row(un)).etat == "perime"
    assert await office.tasks(un) == {"non_remise"}


def test_the_pause_between_attempts_grows_and_the_provider_may_ask_for_more() -> None:
    minutes = tuple(timedelta(minutes=m) for m in (1, 5, 15))

    def wait(attempts: int, until: datetime | None = None, asked: float = 0) -> timedelta | None:
        at = next_attempt(attempts, MONDAY, until, minutes, asked)
        return at - MONDAY if at else None

    assert [wait(n) for n in (1, 2, 3, 9)] == [*minutes, minutes[-1]]
    assert wait(1, asked=600) == timedelta(minutes=10)
    assert wait(3, MONDAY + timedelta(minutes=9)) == timedelta(minutes=9) - LAST_TRY
    assert wait(3, MONDAY + LAST_TRY) is None


# --- failure shows (CN-05) ----------------------------------------------------------------------


@pytest.mark.row("CN-05")
async def test_both_channels_refused_open_a_task(office: Office) -> None:
    un = await office.convoke()
    office.mail.answers, office.sms.answers = [REFUSED], [REFUSED]

    await office.postman().once()

    assert await office.states(un, CONVOCATION) == {"courriel": "echec", "sms": "echec"}
    assert await office.tasks(un) == {"non_remise"}
    assert (await office.row(un)).motif == "550"


@pytest.mark.row("CN-05")
async def test_one_channel_refused_is_shown_and_the_other_is_enough(office: Office) -> None:
    un = await office.convoke()
    office.mail.answers = [REFUSED]

    await office.postman().once()

    assert await office.states(un, CONVOCATION) == {"courriel": "echec", "sms": "envoye"}
    assert ("message_echoue", "convocation") in await office.facts(un)
    assert not await office.tasks(un)


@pytest.mark.row("CN-05")
async def test_a_postal_address_makes_a_letter_while_there_is_time(office: Office) -> None:
    un = await office.convoke(telephone="", adresse="3 rue des Dunes, 29900 Concarneau")
    office.mail.answers = [REFUSED]

    await office.postman().once()

    assert await office.states(un, CONVOCATION) == {"courriel": "echec", "courrier": "prepare"}
    assert await office.tasks(un) == {"non_remise", "courrier"}


@pytest.mark.row("CN-05")
async def test_a_letter_that_nobody_posted_in_time_is_too_late(office: Office) -> None:
    un = await office.convoke(telephone="", adresse="3 rue des Dunes, 29900 Concarneau")
    office.mail.answers = [REFUSED]
    await office.postman().once()

    office.clock.wall = FLOOR
    await office.postman().once()

    assert (await office.row(un, channel="courrier")).etat == "perime"


async def test_one_message_that_cannot_be_written_does_not_stop_the_others(
    office: Office,
) -> None:
    broken, whole = await office.convoke(telephone=""), await office.convoke(telephone="")
    async with office.registre.transaction() as unite:
        # Its link was revoked: it would lead nowhere.
        mine = t.lien.c.telecontrole == broken.id
        await unite.connection.execute(
            update(t.lien).where(mine).values(revoque=MONDAY.isoformat())
        )

    await office.postman().once()

    assert (await office.row(broken)).etat == "echec"
    assert (await office.row(broken)).motif == "modele"
    assert (await office.row(whole)).etat == "envoye"


# --- nobody knows whether it left ---------------------------------------------------------------


@pytest.mark.row("CN-04")
async def test_an_attempt_without_an_answer_is_made_once_more_at_most(office: Office) -> None:
    un = await office.convoke(telephone="")
    office.mail.answers = [UNKNOWN, UNKNOWN, ACCEPTED]

    for _ in range(30):
        await office.postman().once()
        office.clock.pass_by(minutes=2)

    assert len(office.mail.taken) == 2
    assert len(set(office.mail.keys)) == 1
    row = await office.row(un)
    assert (row.etat, row.motif, row.incertains) == ("echec", "incertain", 2)
    assert await office.tasks(un) == {"non_remise"}


async def test_a_provider_that_knows_our_key_is_asked_until_it_answers(office: Office) -> None:
    un = await office.convoke(courriel="")
    office.sms.idempotent = True
    office.sms.answers = [UNKNOWN] * 4

    for _ in range(60):
        await office.postman().once()
        office.clock.pass_by(minutes=2)

    assert len(office.sms.tries) == 5
    assert len(set(office.sms.keys)) == 1
    assert (await office.row(un, channel="sms")).etat == "envoye"


async def test_a_message_in_hand_is_nobody_elses_before_its_lease_ends(office: Office) -> None:
    un = await office.convoke(telephone="")
    held = await office.row(un)
    await office.change(
        held.id,
        etat="confie",
        porteur="another-server",
        bail=(MONDAY + timedelta(minutes=3)).isoformat(timespec="microseconds"),
        contenu=None,
    )

    await office.postman().once()
    assert not office.mail.tries
    office.clock.pass_by(minutes=3)
    await office.postman().once()

    row = await office.row(un)
    assert (row.etat, row.incertains, len(office.mail.taken)) == ("envoye", 1, 1)


# --- receipts -----------------------------------------------------------------------------------


@pytest.mark.row("CN-04")
async def test_a_receipt_says_delivered_once(office: Office) -> None:
    un = await office.convoke(telephone="")
    await office.postman().once()
    key = (await office.row(un)).id

    for _ in range(2):
        assert await office.receipts.receive(receipt(key, "delivered", office.clock()))

    assert (await office.row(un)).etat == "remis"
    assert (await office.facts(un)).count(("message_remis", "convocation")) == 1


@pytest.mark.row("CN-04")
async def test_a_receipt_is_found_by_the_providers_own_name(office: Office) -> None:
    un = await office.convoke(courriel="")
    await office.postman().once()
    reference = (await office.row(un, channel="sms")).reference

    known = Receipt(Canal.SMS, "", reference, "delivered", "", office.clock())
    assert await office.receipts.receive(known)
    elsewhere = Receipt(Canal.COURRIEL, "", reference, "failed", "", office.clock())
    assert not await office.receipts.receive(elsewhere)

    assert (await office.row(un, channel="sms")).etat == "remis"


@pytest.mark.row("CN-05")
async def test_bounces_on_both_channels_open_a_task(office: Office) -> None:
    un = await office.convoke()
    await office.postman().once()

    for channel in (Canal.COURRIEL, Canal.SMS):
        row = await office.row(un, channel=channel)
        await office.receipts.receive(receipt(row.id, "failed", office.clock(), channel))

    assert await office.states(un, CONVOCATION) == {"courriel": "echec", "sms": "echec"}
    assert await office.tasks(un) == {"non_remise"}


@pytest.mark.parametrize("order", [("delivered", "failed"), ("failed", "delivered")])
async def test_receipts_in_any_order_come_to_the_same(
    office: Office, order: tuple[str, str]
) -> None:
    un = await office.convoke(telephone="")
    await office.postman().once()
    key = (await office.row(un)).id

    for state in (*order, *order):
        await office.receipts.receive(receipt(key, state, office.clock()))

    assert (await office.row(un)).etat == "remis"


async def test_a_receipt_of_what_never_left_changes_nothing(office: Office) -> None:
    un = await office.convoke(telephone="")
    key = (await office.row(un)).id

    assert await office.receipts.receive(receipt(key, "delivered", office.clock()))
    assert not await office.receipts.receive(receipt("personne", "delivered", office.clock()))

    assert (await office.row(un)).etat == "prepare"
    assert not await office.facts(un)


async def test_a_receipt_that_is_quicker_than_our_note_is_not_undone(office: Office) -> None:
    un = await office.convoke(telephone="")

    class Quick(Provider):
        async def send(self, parcel):  # type: ignore[no-untyped-def]
            outcome = await super().send(parcel)
            await office.receipts.receive(receipt(parcel.key, "delivered", office.clock()))
            return outcome

    await office.postman(Quick(Canal.COURRIEL)).once()

    row = await office.row(un)
    assert (row.etat, row.reference) == ("remis", f"ref-{row.id}")
    told = [kind for kind, _ in await office.facts(un)]
    assert told == ["message_envoye", "message_remis"]


async def test_a_message_thought_lost_has_arrived_when_a_receipt_says_so(office: Office) -> None:
    un = await office.convoke(telephone="")
    office.mail.answers = [UNKNOWN, UNKNOWN]
    for _ in range(5):
        await office.postman().once()
        office.clock.pass_by(minutes=4)
    assert (await office.row(un)).etat == "echec"

    await office.receipts.receive(receipt((await office.row(un)).id, "delivered", office.clock()))

    assert (await office.row(un)).etat == "remis"


# --- codes --------------------------------------------------------------------------------------


async def test_a_code_goes_before_everything_else_and_is_not_kept(office: Office) -> None:
    first, second = await office.convoke(courriel=""), await office.convoke(courriel="")
    await office.postman().once()
    content = (await office.row(first, channel="sms")).contenu
    identifier = "00000000-0000-4000-8000-000000000001"
    async with office.registre.transaction() as unite:
        one = await sealed.person(unite.connection, first.assure)
        words = one.open_text("envoi", (await office.row(first, channel="sms")).id, content)
        other = await sealed.person(unite.connection, second.assure)
        due = Due(
            second.id,
            GenreEnvoi.CODE,
            Canal.SMS,
            "+33639980199",
            "fr",
            start=office.clock() + timedelta(minutes=1),
            until=office.clock() + timedelta(minutes=10),
            content=other.seal_text("envoi", identifier, words),
            version="v",
        )
        await outbox.put(unite.connection, due, office.clock(), identifier)
    late = await office.convoke(courriel="")

    office.clock.pass_by(minutes=2)
    await office.postman().once()

    assert office.sms.kinds()[2:] == ["code", "convocation"]
    assert (await office.row(second, GenreEnvoi.CODE, "sms")).contenu is None
    assert (await office.row(late, channel="sms")).contenu is not None


# --- how far it is ------------------------------------------------------------------------------


@pytest.mark.row("OPS-02")
async def test_progress_says_what_waits_and_what_left(office: Office) -> None:
    await office.convoke()
    await office.convoke(telephone="")
    office.mail.answers = [REFUSED]

    async def progress() -> tuple[int, int, int, datetime | None]:
        async with office.registre.lecture() as unite:
            now = await outbox.progress(unite.connection, office.clock())
        return now.waiting, now.sent, now.failed, now.oldest

    assert await progress() == (3, 0, 0, MONDAY)
    await office.postman().once()

    assert await progress() == (0, 2, 1, None)
