"""A third participant from the invitation to the record (row CO-08): a whole service."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
import stores
from server_people import SeatRefused, Service
from sqlalchemy import update
from third_scenes import answer, came, heard, ice, invite, offer, path, scene, seated

from server import keys
from server.store import schema as t

Serve = Callable[..., Awaitable[Service]]


@pytest.mark.row("CO-08")
async def test_a_third_is_invited_enters_by_link_and_code_and_is_let_in(service: Service) -> None:
    there = await scene(service)

    before = await there.doctor_seat.call("third_offer", offer("tiers1"))
    await there.doctor_seat.done("third_admit", {"seat": "tiers1"})
    await there.doctor_seat.done("third_offer", offer("tiers1"))
    await there.third_seat.until(lambda: bool(heard(there.third_seat, "third_signal")))
    await there.third_seat.done("third_answer", answer("medecin_conseil"))
    await there.third_seat.done("third_candidate", ice("medecin_conseil"))

    assert before["code"] == "not_admitted"
    you = heard(there.third_seat, "snapshot")[0]["you"]
    assert you == "tiers1"
    told = heard(there.third_seat, "third_signal")
    assert [(one["source"], one["kind"]) for one in told] == [("medecin_conseil", "offer")]
    await there.doctor_seat.until(lambda: len(heard(there.doctor_seat, "third_signal")) == 2)
    kinds = [one["kind"] for one in heard(there.doctor_seat, "third_signal")]
    assert kinds == ["answer", "candidate"]


@pytest.mark.row("CO-08")
async def test_the_record_holds_what_they_are_there_for_and_nothing_else(service: Service) -> None:
    there = await scene(service)
    await there.doctor_seat.done("third_admit", {"seat": "tiers1"})
    await there.third_seat.done("leave")

    facts = await service.facts(there.appointment.id)

    found = [
        (str(fact.genre), fact.role, dict(fact.details))
        for fact in facts
        if str(fact.genre).startswith("tiers_")
    ]
    seat = {"siege": "tiers1", "qualite": "interprete"}
    informed = dict(found[1][2])
    assert [one for one in found if one[0] != "tiers_informe"] == [
        ("tiers_invite", "medecin_conseil", {"qualite": "interprete"}),
        ("tiers_entre", "tiers", seat),
        ("tiers_admis", "medecin_conseil", seat),
        ("tiers_sorti", "tiers", seat),
    ]
    assert informed.keys() == {"qualite", "version", "empreinte"}
    assert there.invited.link not in service.dump()


@pytest.mark.row("CO-08")
async def test_the_assure_s_objection_shuts_the_third_out_until_it_is_taken_back(
    service: Service,
) -> None:
    there = await scene(service)
    await there.assure_seat.done("third_object", {"seat": "tiers1", "objects": True})

    refused = await there.doctor_seat.call("third_admit", {"seat": "tiers1"})
    await there.assure_seat.done("third_object", {"seat": "tiers1", "objects": False})
    await there.doctor_seat.done("third_admit", {"seat": "tiers1"})
    await there.assure_seat.done("third_object", {"seat": "tiers1", "objects": True})

    assert refused["code"] == "third_objected"
    await there.doctor_seat.until(lambda: there.doctor_seat.state["thirds"][0]["objected"])
    assert there.doctor_seat.state["thirds"][0]["admitted"] is False
    kinds = [kind for kind in await service.kinds(there.appointment.id) if "tiers" in kind]
    assert kinds[3:] == [
        "tiers_refuse", "tiers_accepte", "tiers_admis", "tiers_refuse", "tiers_remis_en_attente",
    ]  # fmt: skip


@pytest.mark.row("CO-08")
async def test_whoever_is_seen_out_cannot_come_back(service: Service) -> None:
    there = await scene(service)

    await there.doctor_seat.done("third_remove", {"seat": "tiers1"})
    await there.third_seat.until(lambda: there.third_seat.cut)
    again = await there.third.post("/api/tiers/jeton")
    link = await service.browser().ok("/api/tiers/lien", {"link": there.invited.link})

    assert heard(there.third_seat, "removed")
    assert there.doctor_seat.state["thirds"] == []
    assert again.status == 401
    assert link["access"] == "inconnu"
    assert "tiers_exclu" in await service.kinds(there.appointment.id)


@pytest.mark.row("CO-08")
async def test_an_invitation_that_is_taken_back_cuts_whoever_is_inside(service: Service) -> None:
    there = await scene(service)
    agent = await service.agent()

    gone = await agent.ask("DELETE", f"{path(there.appointment, 'agent')}/{there.invited.id}")
    twice = await agent.ask("DELETE", f"{path(there.appointment, 'agent')}/{there.invited.id}")
    await there.third_seat.until(lambda: there.third_seat.cut)

    assert (gone.status, twice.status) == (204, 204)
    await there.doctor_seat.until(lambda: there.doctor_seat.state["thirds"] == [])
    assert (await there.third.post("/api/tiers/jeton")).status == 401
    kinds = await service.kinds(there.appointment.id)
    assert kinds.count("tiers_retire") == 1


@pytest.mark.row("CO-08")
async def test_what_a_third_is_told_says_nothing_about_the_assure(service: Service) -> None:
    there = await scene(service)
    await there.assure_seat.done("company", {"others": ["proche"]})
    await there.doctor_seat.done("challenge")
    await there.third_seat.until(lambda: len(heard(there.third_seat, "state")) > 1)

    visit = await there.third.ok("/api/tiers/information", {"version": "2026-11"})
    state = there.third_seat.state

    assert there.appointment.assure.nom not in repr((visit, there.third_seat.heard))
    assert state["assure"]["company"] is None
    assert state["challenge"] is None
    assert state["in_person"] is None


@pytest.mark.row("CO-08")
async def test_a_third_has_no_act_of_the_two_others(service: Service) -> None:
    there = await scene(service)
    await there.doctor_seat.done("third_admit", {"seat": "tiers1"})

    asked: dict[str, dict[str, object]] = {
        "admit": {}, "send_back": {}, "end": {}, "challenge": {}, "framing": {"on": True},
        "company": {"others": []}, "media": {"state": "ready"}, "spoken_code": {"result": "shown"},
        "offer": {"sdp": "v=0", "negotiation": 1, "fresh": True},
        "third_admit": {"seat": "tiers1"}, "third_remove": {"seat": "tiers1"},
        "third_object": {"seat": "tiers1", "objects": True},
    }  # fmt: skip
    codes = {event: (await there.third_seat.call(event, asked[event]))["code"] for event in asked}

    assert set(codes.values()) == {"wrong_role"}


@pytest.mark.row("CO-08")
async def test_a_code_is_guessed_few_times_and_then_waits(serve: Serve) -> None:
    service = await serve(code_tries=2, code_tries_in_all=3, code_lock=timedelta(minutes=5))
    appointment = await service.appoint()
    invited = await invite(await service.doctor(), appointment)
    wrong = {"link": invited.link, "code": "000000" if invited.code != "000000" else "111111"}
    browser = service.browser()

    first = await browser.post("/api/tiers/session", wrong)
    second = await browser.post("/api/tiers/session", wrong)
    right = await browser.post("/api/tiers/session", {"link": invited.link, "code": invited.code})
    service.clock.pass_by(service.config.code_lock.total_seconds() + 1)
    last = await browser.post("/api/tiers/session", wrong)
    service.clock.pass_by(service.config.code_lock.total_seconds() + 1)
    never = await browser.post("/api/tiers/session", {"link": invited.link, "code": invited.code})

    assert [one.error["code"] for one in (first, second, right, last, never)] == [
        "code_faux", "verrouille", "verrouille", "verrouille", "verrouille",
    ]  # fmt: skip


@pytest.mark.row("CO-08")
async def test_a_right_code_opens_and_a_link_alone_names_nobody(service: Service) -> None:
    appointment = await service.appoint()
    invited = await invite(await service.doctor(), appointment, "interprete_lsf")
    state = await service.browser().ok("/api/tiers/lien", {"link": invited.link})
    unread = await came(service, invited, informed=False)

    with pytest.raises(SeatRefused) as refused:
        await seated(service, unread)

    assert (state["access"], state["kind"], state["visit"]) == ("ouvert", "interprete_lsf", None)
    assert "Zwijnaarde" not in repr(state)
    assert "Quemeneur" not in repr(state)
    assert str(refused.value) == "information"


@pytest.mark.row("CO-08")
async def test_nobody_is_invited_to_what_is_over_nor_more_than_may_be(serve: Serve) -> None:
    service = await serve(third_invitations=2)
    appointment = await service.appoint()
    doctor = await service.doctor()
    invited = await invite(doctor, appointment)
    await invite(doctor, appointment, "proche")

    third = await doctor.post(path(appointment), {"kind": "proche"})
    await doctor.ask("DELETE", f"{path(appointment)}/{invited.id}")
    again = await doctor.post(path(appointment), {"kind": "medecin_assistant"})
    listed = await doctor.ok(path(appointment), method="GET")
    service.clock.pass_by(3_600)
    late = await (await service.doctor()).post(path(appointment), {"kind": "proche"})

    assert third.error["code"] == "trop_de_tiers"
    assert again.status == 201
    assert (late.status, late.error["code"]) == (409, "trop_tard_pour_inviter")
    assert [one["revoked"] for one in listed["invitations"]].count(True) == 1


async def test_nobody_is_invited_by_who_has_handed_it_over_since_they_began_to_ask(
    service: Service,
) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    await invite(doctor, appointment)

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"kind":'
        await asyncio.sleep(0.3)
        async with service.registre.transaction() as unite:
            of = update(t.telecontrole).where(t.telecontrole.c.id == appointment.id)
            await unite.connection.execute(of.values(medecin_conseil="mc-2"))
        yield b'"proche"}'

    refused = await doctor.ask("POST", path(appointment), data=slowly())

    assert (refused.status, refused.error["code"]) == (404, "telecontrole_inconnu")
    assert len((await service.app[keys.INVITING].all(appointment.id)).invitations) == 1


@pytest.mark.row("CO-08")
async def test_before_the_hour_the_link_says_when_and_lets_nobody_in(service: Service) -> None:
    appointment = await service.appoint(minutes=120)
    invited = await invite(await service.doctor(), appointment)
    browser = service.browser()

    state = await browser.ok("/api/tiers/lien", {"link": invited.link})
    refused = await browser.post("/api/tiers/session", {"link": invited.link, "code": invited.code})

    assert state["access"] == "trop_tot"
    assert 0 < state["opens_in"] <= 7_200
    assert refused.error["code"] == "trop_tot"


@pytest.mark.row("CO-08")
async def test_the_console_sees_who_waits_and_which_need_was_announced(service: Service) -> None:
    appointment = await service.appoint()
    doctor = await service.doctor()
    await service.browser().ok(
        "/api/assure/besoins", {"link": appointment.link, "needs": ["lsf", "vue"]}
    )
    console = await service.console(doctor)
    invited = await invite(doctor, appointment, "interprete_lsf")

    await seated(service, await came(service, invited))
    await console.until(lambda: bool(console.entries[appointment.id]["thirds"]))

    shown = console.entries[appointment.id]["thirds"][0]
    assert (shown["kind"], shown["presence"]) == ("interprete_lsf", "present")
    assert (await doctor.ok(path(appointment), method="GET"))["needs"] == ["interprete_lsf"]


@stores.only_sqlite
@pytest.mark.row("CO-08")
async def test_after_a_crash_whoever_was_admitted_still_is_and_nobody_else_is(
    service: Service, serve: Serve, tmp_path: Path
) -> None:
    there = await scene(service)
    await there.doctor_seat.done("third_admit", {"seat": "tiers1"})
    other = await invite(there.doctor, there.appointment)
    image = service.image(tmp_path / "crashed")

    again = await serve(image, clock=service.clock)
    browsers = {"third": there.third, "doctor": there.doctor}
    for one in browsers.values():
        one.base = again.base
    stranger = await seated(again, await came(again, other))
    back = await seated(again, there.third, "page-of-third")

    thirds = {one["seat"]: one["admitted"] for one in back.state["thirds"]}
    assert heard(stranger, "snapshot")[0]["you"] == "tiers2"
    assert heard(back, "snapshot")[0]["you"] == "tiers1"
    assert thirds == {"tiers1": True, "tiers2": False}


@pytest.mark.row("CO-08")
async def test_the_outcome_shows_when_they_took_part(service: Service) -> None:
    there = await scene(service)
    service.clock.pass_by(60)
    await there.doctor_seat.done("third_admit", {"seat": "tiers1"})
    service.clock.pass_by(120)
    await there.doctor_seat.done("send_back")
    service.clock.pass_by(30)
    await there.third_seat.done("leave")

    url = f"/api/console/telecontroles/{there.appointment.id}"
    (third,) = (await there.doctor.ok(url, method="GET"))["presence"]["thirds"]

    assert third["label"] == "Interprète"
    assert len(third["connected"]) == len(third["took_part"]) == 1
    assert third["took_part"][0]["start"] > third["connected"][0]["start"]
    assert third["took_part"][0]["end"] < third["connected"][0]["end"]


@pytest.mark.row("CO-08")
async def test_when_both_seats_are_taken_one_is_told_at_the_door(service: Service) -> None:
    there = await scene(service)
    second = await came(service, await invite(there.doctor, there.appointment))
    last = await came(service, await invite(there.doctor, there.appointment))
    await seated(service, second)

    with pytest.raises(SeatRefused) as refused:
        await seated(service, last)

    assert str(refused.value) == "full"


@pytest.mark.row("CO-08")
async def test_a_closed_session_of_a_third_opens_no_room(service: Service) -> None:
    there = await scene(service)
    access = await there.third.ok("/api/tiers/jeton")

    out = await there.third.ask("DELETE", "/api/tiers/session")
    await there.third_seat.until(lambda: there.third_seat.cut)

    assert out.status == 204
    with pytest.raises(SeatRefused) as refused:
        await type(there.third_seat).enter(service.base, access["token"])
    assert str(refused.value) == "token_revoked"
