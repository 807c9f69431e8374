"""The médecin-conseil's console: login, the day, the checks, and nobody else's patients."""

from datetime import UTC, datetime, timedelta

import pytest
from doctor_scenes import justify
from server_people import MEDECINS, HandClock, SeatRefused, Service

from controle.telecontrole import Etat
from server import closing, keys
from server.pushes import Pushes
from signaling.protocol import Entry

IDENTITY = {"mode": "piece_montree", "verified": True}
ABSENT = {"qualification": "non_connecte", "conclusion": "controle_impossible"}
ROUTES = [
    ("GET", "", None),
    ("GET", "/releve", None),
    ("POST", "/salle", {}),
    ("POST", "/identite", IDENTITY),
    ("POST", "/examen-clinique", {}),
    ("POST", "/issue", ABSENT),
]


@pytest.mark.row("CA-01")
@pytest.mark.parametrize(("once", "statuses"), [(True, [201, 401]), (False, [201, 201])])
async def test_a_login_link_serves_once_or_lasts(
    service: Service, once: bool, statuses: list[int]
) -> None:
    login = {"login": await service.login_link(once=once)}

    answers = [await service.browser().post("/api/console/session", login) for _ in range(2)]

    assert [answer.status for answer in answers] == statuses
    assert answers[0].json["doctor"]["name"] == MEDECINS[0].nom


@pytest.mark.row("CA-01")
async def test_an_expired_or_unknown_login_opens_nothing(service: Service) -> None:
    expired = await service.login_link(expires=service.clock() - timedelta(seconds=1))

    answers = [
        await service.browser().post("/api/console/session", {"login": login})
        for login in (expired, "B" * 32)
    ]

    assert [(answer.status, answer.error["code"]) for answer in answers] == [(401, "session")] * 2


@pytest.mark.row("SP-12")
async def test_a_console_left_alone_for_half_an_hour_is_closed(service: Service) -> None:
    doctor = await service.doctor()

    service.clock.pass_by(29 * 60)
    awake = await doctor.get("/api/console/session")
    service.clock.pass_by(29 * 60)
    still = await doctor.get("/api/console/session")
    service.clock.pass_by(31 * 60)
    asleep = await doctor.get("/api/console/session")

    assert [answer.status for answer in (awake, still, asleep)] == [200, 200, 401]


@pytest.mark.row("CA-01")
async def test_who_is_in_a_call_is_not_logged_out_by_the_clock(service: Service) -> None:
    appointment = await service.appoint()
    doctor, other = await service.doctor(), await service.doctor("mc-2")
    await service.seat(await service.assure(appointment))
    seat = await service.seat(doctor, appointment)
    waiting = await service.seat(other, await service.appoint(medecin="mc-2"))
    await seat.done("admit")

    for _ in range(35):
        service.clock.pass_by(60)
        await closing.check(service.app, service.clock())

    # They talked for more than half an hour, and their page asked for nothing.
    detail = await doctor.get(f"/api/console/telecontroles/{appointment.id}")
    assert (detail.status, seat.cut) == (200, False)
    # Nobody was admitted there: it was left alone.
    assert ((await other.get("/api/console/session")).status, waiting.cut) == (401, False)
    await seat.done("end")
    for _ in range(32):
        service.clock.pass_by(60)
        await closing.check(service.app, service.clock())
    assert (await doctor.get("/api/console/session")).status == 401


@pytest.mark.row("SP-05")
async def test_what_a_page_asks_with_nobody_there_is_no_use_of_the_session(
    service: Service,
) -> None:
    agent, away = await service.agent(), await service.agent()
    alone = {"X-Unattended": "1"}

    for _ in range(31):
        service.clock.pass_by(60)
        await agent.get("/api/agent/progression")
        last = await away.get("/api/agent/progression", headers=alone)

    assert (await agent.get("/api/agent/session")).status == 200
    assert last.status == 401


@pytest.mark.row("SP-05")
async def test_that_a_session_is_used_is_written_once_a_minute_at_most(service: Service) -> None:
    doctor = await service.doctor()
    before = service.dump()

    service.clock.pass_by(30)
    await doctor.ok("/api/console/session", method="GET")
    soon = service.dump()
    service.clock.pass_by(31)
    await doctor.ok("/api/console/session", method="GET")

    assert soon == before
    assert service.dump() != before


@pytest.mark.row("SP-01")
async def test_a_logout_closes_the_session_its_sockets_and_its_tokens(service: Service) -> None:
    appointment = await service.appoint()
    doctor = await service.doctor()
    console, seat = await service.console(doctor), await service.seat(doctor, appointment)
    spare = (await doctor.ok("/api/console/session", method="GET"))["token"]
    stolen = dict(doctor.cookies)

    await doctor.ok("/api/console/session", method="DELETE")
    for socket in (console, seat):
        await socket.until(lambda socket=socket: socket.cut)
    thief = service.browser()
    thief.cookies = stolen
    with pytest.raises(SeatRefused) as refused:
        await type(console).enter(service.base, spare, namespace="/console")

    assert str(refused.value) == "token_revoked"
    assert (await thief.get("/api/console/session")).status == 401
    assert doctor.cookies == {}


@pytest.mark.row("CA-01")
async def test_another_doctor_s_telecontrole_is_not_there(service: Service) -> None:
    appointment = await service.appoint(-20, medecin="mc-2")
    doctor = await service.doctor("mc-1")
    before = service.dump()

    for method, path, body in ROUTES:
        one = f"/api/console/telecontroles/{appointment.id}{path}"
        answer = await doctor.ask(method, one, body)
        assert (answer.status, answer.error["code"]) == (404, "telecontrole_inconnu"), path

    assert service.dump() == before


@pytest.mark.row("SP-06")
@pytest.mark.parametrize(
    "junk", ["1", "..", "%2e%2e", "0" * 36, "' OR 1=1", "%00", "é", "a" * 3000, "%ED%A0%80"]
)
async def test_a_junk_id_is_not_there_either(service: Service, junk: str) -> None:
    doctor = await service.doctor()

    for method, path, body in ROUTES:
        answer = await doctor.ask(method, f"/api/console/telecontroles/{junk}{path}", body)
        assert answer.status in (404, 405), (path, answer.status)


@pytest.mark.row("CA-01")
async def test_without_a_session_every_route_of_the_console_is_closed(service: Service) -> None:
    appointment = await service.appoint()
    assure = await service.assure(appointment)

    for method, path, body in [*ROUTES, ("GET", "/../../session", None)]:
        one = f"/api/console/telecontroles/{appointment.id}{path}"
        assert (await assure.ask(method, one, body)).status == 401, path


@pytest.mark.row("ID-02")
async def test_the_identity_is_checked_once_somebody_came(service: Service) -> None:
    appointment = await service.appoint()
    doctor = await service.doctor()
    path = f"/api/console/telecontroles/{appointment.id}/identite"

    nobody = await doctor.post(path, IDENTITY)
    await service.seat(await service.assure(appointment))
    entry = await doctor.ok(path, IDENTITY)

    assert nobody.status == 409
    assert entry["identity"] == "verified"
    assert (await service.facts(appointment.id))[-1].details == {
        "mode": "piece_montree",
        "verifiee": True,
    }


@pytest.mark.row("ID-02")
@pytest.mark.row("ID-06")
async def test_an_identity_not_confirmed_leads_to_in_person_and_closes_the_room(
    service: Service,
) -> None:
    appointment = await service.appoint()
    doctor = await service.doctor()
    assure = await service.seat(await service.assure(appointment))
    seat = await service.seat(doctor, appointment)
    await seat.done("admit")

    path = f"/api/console/telecontroles/{appointment.id}/identite"
    entry = await doctor.ok(path, {**IDENTITY, "verified": False})
    await assure.until(lambda: assure.state["phase"] == "ended")
    again = await doctor.ok(path, {**IDENTITY, "verified": False})

    assert (entry["identity"], entry["in_person"]) == ("not_confirmed", True)
    assert assure.state["ending"]["reason"] == "identity"
    assert again["ended_at"] == assure.state["ending"]["at"]
    assert (await service.kinds(appointment.id)).count("fin") == 1
    assert (await service.stored(appointment.id)).etat is Etat.IDENTITE_NON_CONFIRMEE


@pytest.mark.row("OP-06")
async def test_a_clinical_exam_said_twice_makes_one_request(service: Service) -> None:
    appointment = await service.appoint()
    doctor = await service.doctor()
    await service.seat(await service.assure(appointment))
    path = f"/api/console/telecontroles/{appointment.id}/examen-clinique"

    entries = [await doctor.ok(path) for _ in range(2)]

    assert [entry["clinical_exam"] for entry in entries] == [True, True]
    assert (await service.kinds(appointment.id)).count("examen_clinique") == 1
    assert service.dump().count('INSERT INTO "demande_presentiel"') == 1


@pytest.mark.row("WR-01")
@pytest.mark.row("CA-01")
async def test_an_arrival_is_pushed_to_the_console_of_that_doctor_alone(service: Service) -> None:
    appointment = await service.appoint()
    console = await service.console(await service.doctor("mc-1"))
    other = await service.console(await service.doctor("mc-2"))

    await service.seat(await service.assure(appointment))
    await console.until(lambda: console.entries[appointment.id]["assure"]["presence"] == "present")

    entry = console.entries[appointment.id]
    assert (entry["assure_name"], entry["status"]) == ("Mme Zwijnaarde", "en_attente")
    assert entry["arrived_at"] == service.clock().isoformat()
    assert [event for event, _ in other.heard] == ["day"]


@pytest.mark.row("WR-02")
async def test_a_delay_announced_reaches_who_waits_and_their_record(service: Service) -> None:
    appointment, later = await service.appoint(), await service.appoint(5)
    assure = await service.seat(await service.assure(appointment))
    console = await service.console(await service.doctor())
    await assure.until(lambda: assure.state["reception"]["doctor"] == "available")

    await console.done("announce_delay", {"minutes": 20})
    await assure.until(lambda: assure.state["reception"]["delay_minutes"] == 20)

    facts = [f for f in await service.facts(appointment.id) if f.genre == "retard_annonce"]
    assert [fait.details["minutes"] for fait in facts] == [20]
    assert await service.kinds(later.id) == []


@pytest.mark.row("WR-02")
async def test_a_delay_is_not_noted_of_a_call_that_goes_on_or_is_over(service: Service) -> None:
    appointment = await service.appoint()
    await service.seat(await service.assure(appointment))
    doctor = await service.doctor()
    seat, console = await service.seat(doctor, appointment), await service.console(doctor)

    await seat.done("admit")
    await console.done("announce_delay", {"minutes": 10})
    await seat.done("end")
    await console.done("announce_delay", {"minutes": 20})

    assert "retard_annonce" not in await service.kinds(appointment.id)


@pytest.mark.row("WR-02")
async def test_a_delay_of_yesterday_does_not_hold(service: Service) -> None:
    console = await service.console(await service.doctor())
    await console.done("announce_delay", {"minutes": 20})
    days = [payload for event, payload in console.heard if event == "day"]

    service.clock.pass_by(13 * 3600)
    tomorrow = await service.app[keys.DESK].day("mc-1")

    assert days[-1]["delay_minutes"] == 20
    assert tomorrow.delay_minutes == 0


@pytest.mark.row("WR-02")
async def test_who_waits_is_told_that_the_doctor_is_busy_with_no_word_of_whom(
    service: Service,
) -> None:
    first, second = await service.appoint(), await service.appoint(nom="Yvetot")
    doctor = await service.doctor()
    await service.console(doctor)
    await service.seat(await service.assure(first))
    waiting = await service.seat(await service.assure(second))
    seat = await service.seat(doctor, first)

    await seat.done("admit")
    await waiting.until(lambda: waiting.state["reception"]["doctor"] == "busy")

    assert "Zwijnaarde" not in str(waiting.heard)
    assert first.id not in str(waiting.heard)


@pytest.mark.row("WR-01")
async def test_a_doctor_is_in_one_conversation_at_a_time(service: Service) -> None:
    first, second = await service.appoint(), await service.appoint()
    doctor = await service.doctor()
    for appointment in (first, second):
        await service.seat(await service.assure(appointment))
    one, two = [await service.seat(doctor, appointment) for appointment in (first, second)]

    await one.done("admit")
    refused = await two.call("admit")
    await one.done("end")
    accepted = await two.call("admit")

    assert (refused["ok"], refused["code"]) == (False, "in_call")
    assert accepted["ok"]


@pytest.mark.row("ID-05")
async def test_the_assure_knows_the_doctor_s_name_and_function_before_media(
    service: Service,
) -> None:
    appointment = await service.appoint()
    browser = await service.assure(appointment)

    told = await browser.ok("/api/assure/lien", {"link": appointment.link})

    shown = told["visit"]["appointment"]
    assert (shown["doctor_name"], shown["doctor_function"]) == (MEDECINS[0].nom, "Médecin-conseil")
    assert shown["caisse"] == "CPAM de Bretagne"


class NightClock(HandClock):
    """Half past midnight in Brittany."""

    def __init__(self) -> None:
        super().__init__()
        self.wall = datetime(2026, 6, 10, 22, 30, tzinfo=UTC)


@pytest.mark.row("CA-01")
async def test_around_midnight_the_list_keeps_what_is_open_and_leaves_what_is_done(
    serve: object,
) -> None:
    service: Service = await serve(clock=NightClock())  # type: ignore[operator]
    wanted = {
        "yesterday, in course": await service.appoint(-90, etat=Etat.EN_COURS),
        "yesterday, to be signed": await service.appoint(-120, etat=Etat.TERMINE),
        "today": await service.appoint(60 * 9),
    }
    unwanted = [
        await service.appoint(-90, etat=Etat.CLOTURE),
        await service.appoint(60 * 24),
    ]

    day = await service.app[keys.DESK].day("mc-1")

    listed = {entry.id for entry in day.entries}
    assert day.date == "2026-06-11"
    assert {one.id for one in wanted.values()} <= listed
    assert not listed & {one.id for one in unwanted}


LONG_AGO = -60 * 36


@pytest.mark.row("CA-01", "OP-06")
async def test_what_is_still_to_be_signed_stays_on_the_list_whatever_the_day(
    service: Service,
) -> None:
    states = (Etat.TERMINE, Etat.RAPPELE, Etat.EN_ATTENTE, Etat.CONVERTI_PRESENTIEL)
    to_sign = [await service.appoint(LONG_AGO, etat=etat) for etat in states]
    for etat in (Etat.ANNULE_SERVICE, Etat.REPORTE, Etat.CLOTURE):
        await service.appoint(LONG_AGO, etat=etat)
    doctor = await service.doctor()

    listed = await listed_of(service)
    signed = await doctor.post(
        f"/api/console/telecontroles/{to_sign[1].id}/issue", ABSENT | {"early_reason": None}
    )
    after = await listed_of(service)

    assert listed == {one.id for one in to_sign}
    assert signed.status == 201
    assert after == listed - {to_sign[1].id}


@pytest.mark.row("CA-01")
async def test_a_call_that_nobody_ended_can_be_ended_the_next_day(service: Service) -> None:
    forgotten, now = await service.appoint(LONG_AGO, etat=Etat.EN_COURS), await service.appoint()
    await service.seat(await service.assure(now))
    doctor = await service.doctor()
    seat = await service.seat(doctor, now)
    refused = await seat.call("admit")

    listed = await listed_of(service)
    await (await service.seat(doctor, forgotten)).done("end")

    assert refused["code"] == "in_call"
    assert listed == {forgotten.id, now.id}
    await seat.done("admit")


@pytest.mark.row("CN-14")
async def test_a_reason_given_after_the_day_reaches_who_alone_may_read_it(
    service: Service,
) -> None:
    absent = await service.appoint(LONG_AGO)
    doctor = await service.doctor()
    await doctor.ok(f"/api/console/telecontroles/{absent.id}/issue", ABSENT)
    before = await listed_of(service)

    given = await justify(service.browser(), absent.link)

    assert (before, given.status < 300) == (set(), True)
    assert await listed_of(service) == {absent.id}


class Afternoon(HandClock):
    """Three in Brittany."""

    def __init__(self) -> None:
        super().__init__()
        self.wall = datetime(2026, 6, 10, 13, 0, tzinfo=UTC)


class Consoles:
    """They keep what is pushed to them."""

    def __init__(self) -> None:
        self.pushed: list[str] = []

    async def push(self, _: str, entry: Entry) -> None:
        self.pushed.append(entry.id)


@pytest.mark.row("CA-01")
async def test_what_happens_to_tomorrow_s_appointment_does_not_put_it_on_today_s_list(
    serve: object,
) -> None:
    service: Service = await serve(clock=Afternoon())  # type: ignore[operator]
    tomorrow, today = await service.appoint(60 * 19), await service.appoint(60)
    to_sign = await service.appoint(LONG_AGO, etat=Etat.TERMINE)
    consoles, app = Consoles(), service.app
    pushes = Pushes(
        service.clock,
        app[keys.REGISTRE],
        app[keys.WITNESS],
        app[keys.ROOMS],
        app[keys.DESK],
        consoles,  # type: ignore[arg-type]
        app[keys.METERS],
    )

    await pushes.entries([tomorrow.id, today.id, to_sign.id])

    assert sorted(consoles.pushed) == sorted([today.id, to_sign.id])


async def listed_of(service: Service, doctor: str = "mc-1") -> set[str]:
    return {entry.id for entry in (await service.app[keys.DESK].day(doctor)).entries}
