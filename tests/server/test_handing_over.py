"""An assuré is handed over to a colleague: same service, same wait, and the former one is out."""

from typing import Any

import pytest
from redis_server import until
from server_people import Appointment, Browser, Seat, SeatRefused, Service

from controle.telecontrole import Etat
from controle.transfert import LIBELLES_TRANSFERT
from server import keys
from server.store import people

pytestmark = pytest.mark.row("WR-07")

TWO = "Dr Antoine Mercier"
TO_TWO = {"doctor": "mc-2", "reason": "retard"}
ELSEWHERE = people.Caisse("caisse-2", "CPAM du Nord", "Europe/Paris", "3646")
STRANGER = people.Medecin("mc-9", "caisse-2", "Dr Odile Lens", "Médecin-conseil")


def path(appointment: Appointment, what: str = "transfert") -> str:
    return f"/api/console/telecontroles/{appointment.id}/{what}"


class Scene:
    """Somebody waits for mc-1, whose console is in the room; mc-2 has a console open too."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def set_up(self) -> "Scene":
        service = self.service
        self.appointment = await service.appoint()
        self.assure = await service.seat(await service.assure(self.appointment))
        self.one, self.two = await service.doctor("mc-1"), await service.doctor("mc-2")
        self.first, self.second = await service.console(self.one), await service.console(self.two)
        self.seat = await service.seat(self.one, self.appointment)
        return self

    async def handed_over(self) -> None:
        answer = await self.one.post(path(self.appointment), TO_TWO)
        assert answer.status == 204, answer.raw

    async def etat(self) -> tuple[Etat, str]:
        un = await self.service.stored(self.appointment.id)
        return un.etat, un.medecin_conseil


@pytest.fixture
async def scene(service: Service) -> Scene:
    return await Scene(service).set_up()


async def test_the_colleague_sees_at_once_who_waits_and_since_when(scene: Scene) -> None:
    arrived = scene.service.clock().isoformat()
    scene.service.clock.pass_by(600)

    await scene.handed_over()
    await scene.second.until(lambda: scene.appointment.id in scene.second.entries)
    await scene.first.until(lambda: scene.appointment.id not in scene.first.entries)

    entry = scene.second.entries[scene.appointment.id]
    assert entry["arrived_at"] == arrived
    assert (entry["status"], entry["assure"]["presence"]) == ("en_attente", "present")
    assert await scene.etat() == (Etat.EN_ATTENTE, "mc-2")


async def test_the_assure_is_told_who_receives_them_and_keeps_their_place(scene: Scene) -> None:
    before = scene.assure.state["assure"]

    await scene.handed_over()
    await scene.assure.until(lambda: scene.assure.state["reception"]["name"] == TWO)

    state = scene.assure.state
    assert state["reception"] == {
        "doctor": "available", "delay_minutes": 0, "name": TWO, "function": "Médecin-conseil",
    }  # fmt: skip
    assert (state["assure"], state["phase"]) == (before, "waiting")
    assert state["medecin_conseil"]["presence"] == "absent"


async def test_it_is_on_record_with_its_reason_and_the_wait_goes_on(scene: Scene) -> None:
    await scene.handed_over()
    seat = await scene.service.seat(scene.two, scene.appointment)
    await seat.done("admit")

    facts = await scene.service.facts(scene.appointment.id)
    given = [fait for fait in facts if fait.genre == "reaffecte"]
    assert [fait.role for fait in given] == ["medecin_conseil"]
    assert given[0].details == {"par": "mc-1", "de": "mc-1", "a": "mc-2", "motif": "retard"}
    moves = [(str(f.genre), f.role) for f in facts if f.genre in ("entree", "sortie", "perte")]
    assert moves == [
        ("entree", "assure"), ("entree", "medecin_conseil"),
        ("sortie", "medecin_conseil"), ("entree", "medecin_conseil"),
    ]  # fmt: skip
    assert await scene.etat() == (Etat.EN_COURS, "mc-2")


async def test_the_presence_of_the_assure_is_one_stretch(scene: Scene) -> None:
    start = scene.service.clock()
    scene.service.clock.pass_by(300)
    await scene.handed_over()
    scene.service.clock.pass_by(300)

    detail = await scene.two.ok(f"/api/console/telecontroles/{scene.appointment.id}", method="GET")

    assert [one["start"] for one in detail["presence"]["assure"]] == [start.isoformat()]
    assert detail["presence"]["interruptions"] == 0
    assert detail["presence"]["waiting_seconds"] == 600


async def test_the_former_one_is_put_out_and_none_of_their_ways_leads_back(scene: Scene) -> None:
    spare = (await scene.one.ok(path(scene.appointment, "salle")))["token"]

    await scene.handed_over()
    await scene.seat.until(lambda: scene.seat.cut)
    with pytest.raises(SeatRefused) as refused:
        await Seat.enter(scene.service.base, spare)
    doors = [
        await scene.one.ask(method, path(scene.appointment, what), body)
        for method, what, body in (
            ("POST", "salle", {}),
            ("GET", "transfert", None),
            ("POST", "transfert", TO_TWO),
            ("POST", "identite", {"mode": "connu", "verified": False}),
            ("POST", "issue", {"qualification": "present", "conclusion": "arret_justifie"}),
        )
    ]

    assert str(refused.value) == "closed"
    assert [(one.status, one.error["code"]) for one in doors] == [(404, "telecontrole_inconnu")] * 5
    assert await scene.etat() == (Etat.EN_ATTENTE, "mc-2")


async def test_what_the_former_one_asks_of_the_room_in_that_moment_is_refused(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The télécontrôle is the colleague's already, the seat not empty yet."""

    async def not_yet(*_: Any) -> None:
        pass

    monkeypatch.setattr(scene.service.rooms, "hand_over", not_yet)
    await scene.handed_over()

    answers = [await scene.seat.call(event) for event in ("admit", "end", "leave")]

    assert [answer["code"] for answer in answers] == ["closed"] * 3
    assert await scene.etat() == (Etat.EN_ATTENTE, "mc-2")


async def test_not_during_the_call(scene: Scene) -> None:
    await scene.seat.done("admit")

    refused = await scene.one.post(path(scene.appointment), TO_TWO)
    await scene.seat.done("send_back")

    assert (refused.status, refused.error["code"]) == (409, "transfert_en_entretien")
    await scene.handed_over()


async def test_who_waits_is_not_handed_over_to_somebody_who_is_not_there(scene: Scene) -> None:
    await scene.second.close()
    await until(lambda: not scene.service.app[keys.CONSOLE_SOCKETS].online("mc-2"))

    refused = await scene.one.post(path(scene.appointment), TO_TWO)

    assert (refused.status, refused.error["code"]) == (409, "confrere_absent")
    assert await scene.etat() == (Etat.EN_ATTENTE, "mc-1")


async def test_the_colleague_may_hand_it_back(scene: Scene) -> None:
    await scene.handed_over()

    answer = await scene.two.post(
        path(scene.appointment), {"doctor": "mc-1", "reason": "competence"}
    )

    assert answer.status == 204
    assert await scene.etat() == (Etat.EN_ATTENTE, "mc-1")
    assert (await scene.service.kinds(scene.appointment.id)).count("reaffecte") == 2


# --- before anybody came ------------------------------------------------------------------------


async def test_before_the_hour_it_may_be_given_to_somebody_free_who_is_not_there(
    service: Service,
) -> None:
    appointment, doctor = await service.appoint(120), await service.doctor()

    answer = await doctor.post(path(appointment), TO_TWO)

    assert answer.status == 204
    assert (await service.stored(appointment.id)).medecin_conseil == "mc-2"


async def test_before_the_hour_it_is_not_given_to_somebody_who_is_taken_then(
    service: Service,
) -> None:
    appointment, doctor = await service.appoint(120), await service.doctor()
    await service.appoint(125, medecin="mc-2")

    refused = await doctor.post(path(appointment), TO_TWO)

    assert (refused.status, refused.error["code"]) == (409, "creneau_pris")
    assert (await service.stored(appointment.id)).medecin_conseil == "mc-1"


@pytest.mark.parametrize("etat", [Etat.TERMINE, Etat.CLOTURE, Etat.REFUSE, Etat.ANNULE_SERVICE])
async def test_what_is_over_is_nobody_else_s(service: Service, etat: Etat) -> None:
    appointment, doctor = await service.appoint(etat=etat), await service.doctor()

    refused = await doctor.post(path(appointment), TO_TWO)
    choices = await doctor.ok(path(appointment), method="GET")

    assert (refused.status, refused.error["code"]) == (409, "transition_impossible")
    assert choices["possible"] is False


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"doctor": "mc-9", "reason": "retard"}, "medecin_inconnu"),
        ({"doctor": "nobody", "reason": "retard"}, "medecin_inconnu"),
        ({"doctor": "mc-1", "reason": "retard"}, "meme_medecin"),
        ({"doctor": "mc-2", "reason": "il ment"}, "demande"),
        ({"doctor": "mc-2"}, "demande"),
    ],
)
async def test_only_of_the_same_service_and_only_for_a_reason_of_the_list(
    service: Service, form: dict[str, str], code: str
) -> None:
    async with service.registre.transaction() as unite:
        await people.add_caisse(unite.connection, ELSEWHERE)
        await people.add_medecin(unite.connection, STRANGER)
    appointment, doctor = await service.appoint(120), await service.doctor()

    refused = await doctor.post(path(appointment), form)

    assert (refused.status, refused.error["code"]) == (422, code)
    assert await service.kinds(appointment.id) == []


async def test_the_list_has_who_is_there_first_and_nobody_of_another_service(
    scene: Scene,
) -> None:
    async with scene.service.registre.transaction() as unite:
        await people.add_caisse(unite.connection, ELSEWHERE)
        await people.add_medecin(unite.connection, STRANGER)
        absent = people.Medecin("mc-0", "caisse-1", "Dr Anne Absente", "Médecin-conseil")
        await people.add_medecin(unite.connection, absent)
    await scene.service.appoint(etat=Etat.EN_ATTENTE, medecin="mc-2")

    choices = await scene.one.ok(path(scene.appointment), method="GET")

    assert [(one["id"], one["online"], one["waiting"]) for one in choices["colleagues"]] == [
        ("mc-2", True, 1),
        ("mc-0", False, 0),
    ]
    assert (choices["possible"], choices["online_only"]) == (True, True)
    assert [one["code"] for one in choices["reasons"]] == [str(one) for one in LIBELLES_TRANSFERT]


async def test_an_assure_and_another_doctor_hand_nothing_over(scene: Scene) -> None:
    stranger = await scene.service.doctor("mc-2")
    assure: Browser = await scene.service.assure(scene.appointment)

    other = await stranger.post(path(scene.appointment), TO_TWO)
    nobody = await assure.post(path(scene.appointment), TO_TWO)

    assert (other.status, nobody.status) == (404, 401)
    assert await scene.etat() == (Etat.EN_ATTENTE, "mc-1")
