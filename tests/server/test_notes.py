"""The médecin-conseil's notes: for the service médical alone, never lost, never overwritten."""

import asyncio
from typing import Any

import pytest
import stores
from note_scenes import CANARY, bytes_of, journal, note_path, read, rows, write
from server_people import Service
from sqlalchemy import update
from test_outcome import PRESENT, conversation, path

from server import keys
from server.store import schema as t


@pytest.mark.row("CO-16")
async def test_a_note_is_written_before_during_and_after_the_call(service: Service) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    assert (await read(doctor, appointment))["revision"] == 0

    first = await write(doctor, appointment, "avant")
    await service.seat(await service.assure(appointment))
    seat = await service.seat(doctor, appointment)
    await seat.done("admit")
    second = await write(doctor, appointment, "avant, pendant", first.json["revision"])
    await seat.done("end")
    third = await write(doctor, appointment, "avant, pendant, après", second.json["revision"])

    assert (third.status, third.json["revision"], third.json["version"]) == (200, 3, 1)
    told = await read(doctor, appointment)
    assert (told["text"], told["author"]) == ("avant, pendant, après", "Dr Claire Quemeneur")
    assert (told["sealed"], told["before"]) == (False, [])
    assert told["saved"] == service.clock().isoformat()


@pytest.mark.row("CO-16")
async def test_two_tabs_never_overwrite_one_another(service: Service) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    await write(doctor, appointment, "du premier onglet")

    refused = await write(doctor, appointment, "du second onglet", revision=0)
    told = await read(doctor, appointment)
    merged = await write(doctor, appointment, "des deux", told["revision"])

    assert (refused.status, refused.error["code"]) == (409, "note_concurrente")
    assert "premier" not in refused.raw.decode()
    assert told["text"] == "du premier onglet"
    assert merged.status == 200


@pytest.mark.row("CO-16")
async def test_of_many_saves_at_once_one_is_kept_and_the_others_are_told(
    service: Service,
) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()

    answers = await asyncio.gather(*(write(doctor, appointment, f"texte {n}") for n in range(8)))

    assert sorted(answer.status for answer in answers) == [200] + [409] * 7
    kept = next(answer.json["text"] for answer in answers if answer.status == 200)
    assert (await read(doctor, appointment))["text"] == kept


@pytest.mark.row("OP-08")
@pytest.mark.row("CO-16")
async def test_after_the_outcome_every_edit_is_a_version_of_its_own(service: Service) -> None:
    appointment, doctor = await conversation(service)
    await write(doctor, appointment, "avant la signature")
    await doctor.ok(path(appointment), PRESENT)

    sealed = await read(doctor, appointment)
    service.clock.pass_by(60)
    await write(doctor, appointment, "complétée", 1)
    service.clock.pass_by(60)
    last = (await write(doctor, appointment, "complétée encore", 2)).json
    former = [
        await doctor.ok(note_path(appointment, f"/versions/{one['version']}"), method="GET")
        for one in last["before"]
    ]

    assert sealed["sealed"]
    assert (last["version"], last["text"]) == (3, "complétée encore")
    assert [one["text"] for one in former] == ["avant la signature", "complétée"]
    hours = [*(one["at"] for one in former), last["saved"]]
    assert hours == sorted(set(hours))
    assert {one["author"] for one in former} == {"Dr Claire Quemeneur"}


@pytest.mark.row("OP-07")
@pytest.mark.row("CO-16")
async def test_nobody_else_reads_or_writes_a_note(service: Service) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    await write(doctor, appointment)
    strangers = [
        (await service.doctor("mc-2"), 404),
        (await service.agent(), 401),
        (await service.assure(appointment), 401),
        (service.browser(), 401),
    ]

    answers = [
        (await who.ask(method, note_path(appointment, rest), body), status)
        for who, status in strangers
        for method, rest, body in (
            ("GET", "", None),
            ("GET", "/versions/1", None),
            ("PUT", "", {"text": "à moi", "revision": 1}),
        )
    ]

    assert [answer.status for answer, _ in answers] == [status for _, status in answers]
    assert not [answer for answer, _ in answers if CANARY.encode() in answer.raw]
    assert (await read(doctor, appointment))["text"] == CANARY
    assert {line[0] for line in journal(service, appointment) if "note" in line[2]} == {"mc-1"}


@pytest.mark.row("OP-07")
@pytest.mark.row("SP-09")
async def test_whoever_the_telecontrole_is_given_to_reads_and_the_former_no_more(
    service: Service,
) -> None:
    appointment, former = await service.appoint(), await service.doctor()
    await write(former, appointment, "du premier médecin")
    async with service.registre.transaction() as unite:
        given = update(t.telecontrole).where(t.telecontrole.c.id == appointment.id)
        await unite.connection.execute(given.values(medecin_conseil="mc-2"))
    doctor = await service.doctor("mc-2")

    told = await read(doctor, appointment)
    added = (await write(doctor, appointment, "du second", told["revision"])).json

    assert told["text"] == "du premier médecin"
    assert (added["version"], added["author"]) == (2, "Dr Antoine Mercier")
    assert [one["author"] for one in added["before"]] == ["Dr Claire Quemeneur"]
    assert (await former.get(note_path(appointment))).status == 404
    assert journal(service, appointment) == [
        ("mc-1", "medecin_conseil", "note_ecrite", "1"),
        ("mc-2", "medecin_conseil", "note_lue", "1"),
        ("mc-2", "medecin_conseil", "note_ecrite", "2"),
    ]


@pytest.mark.row("CO-16")
async def test_a_note_is_text_of_a_bounded_length(serve: Any) -> None:
    service: Service = await serve(note_characters=100, note_versions=2)
    appointment, doctor = await conversation(service)
    assert (await write(doctor, appointment, "é" * 100)).status == 200

    long = await write(doctor, appointment, "é" * 101, 1)
    bell = await write(doctor, appointment, "son\x07", 1)
    half = await doctor.ask(
        "PUT", note_path(appointment), data=b'{"text": "\\ud800", "revision": 1}'
    )
    await doctor.ok(path(appointment), PRESENT)
    await write(doctor, appointment, "deux", 1)
    many = await write(doctor, appointment, "trois", 2)

    assert (long.status, long.error["code"], long.error["field"]) == (
        422, "note_trop_longue", "text",
    )  # fmt: skip
    assert (bell.status, bell.error["code"]) == (422, "note_illisible")
    assert half.status == 422
    assert (many.status, many.error["code"]) == (409, "trop_de_versions")


@pytest.mark.row("CO-16")
@pytest.mark.parametrize("version", ["0", "2", "-1", "abc", "٣", "9" * 40])
async def test_a_version_that_is_not_there_is_not_found(service: Service, version: str) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    await write(doctor, appointment)

    answer = await doctor.get(note_path(appointment, f"/versions/{version}"))

    assert (answer.status, answer.error["code"]) == (404, "note_inconnue")


# --- at rest ------------------------------------------------------------------------------------


@stores.only_sqlite
@pytest.mark.row("OP-07")
async def test_a_stolen_medical_store_says_nothing(service: Service) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    await write(doctor, appointment, CANARY * 20)

    raw = bytes_of(service.data, "medical.db")

    assert raw
    assert not [word for word in CANARY.split() if word.encode() in raw]
    assert rows(service, "medical.db", "SELECT auteur FROM note") == [("mc-1",)]


@pytest.mark.row("OP-07")
async def test_a_rotation_wraps_every_key_anew_beside_the_service(service: Service) -> None:
    doctor = await service.doctor()
    appointments = [await service.appoint(n * 30) for n in range(5)]
    for one in appointments:
        await write(doctor, one, f"note de {one.id}")
    ring = service.config.medical_keys

    number, count = await service.app[keys.NOTES_STORE].rotate(batch=2)
    later = await write(doctor, appointments[0], "après la rotation", 1)

    assert (number, count) == (2, 5)
    assert [path.name for path in ring.glob("*.key")] == ["2.key"]
    assert {row[0] for row in rows(service, "medical.db", "SELECT cle FROM dossier")} == {2}
    assert later.status == 200
    assert (await read(doctor, appointments[4]))["text"] == f"note de {appointments[4].id}"


@pytest.mark.row("OP-07")
async def test_an_erased_note_is_in_no_file_and_opens_from_no_copy_of_its_content(
    service: Service,
) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    await write(doctor, appointment)
    [(wrapped,)] = rows(service, "medical.db", "SELECT enveloppe FROM dossier")

    assert await service.app[keys.NOTES_STORE].erase(appointment.id)

    assert wrapped not in bytes_of(service.data, "medical.db")
    assert (await read(doctor, appointment))["revision"] == 0


@pytest.mark.row("OP-07")
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE note SET auteur = 'mc-2'",
        "UPDATE note SET instant = '2020-01-01T00:00:00.000000+00:00'",
        "UPDATE note SET revision = 7",
        pytest.param("UPDATE note SET contenu = zeroblob(60)", marks=stores.only_sqlite),
        "UPDATE note SET contenu = (SELECT enveloppe FROM dossier)",
        pytest.param("UPDATE dossier SET enveloppe = zeroblob(60)", marks=stores.only_sqlite),
        "UPDATE dossier SET cle = 9",
    ],
)
async def test_what_was_altered_in_the_medical_store_is_not_shown(
    service: Service, change: str
) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    await write(doctor, appointment)

    rows(service, "medical.db", change)
    answer = await doctor.get(note_path(appointment))

    assert (answer.status, answer.error["code"]) == (503, "notes_illisibles")


@pytest.mark.row("OP-07")
async def test_a_note_moved_to_another_telecontrole_does_not_open(service: Service) -> None:
    doctor, one, other = await service.doctor(), await service.appoint(), await service.appoint(30)
    await write(doctor, one)
    await write(doctor, other, "autre")

    for change in (
        "DELETE FROM note WHERE telecontrole = ?",
        "UPDATE note SET telecontrole = ?",
        "DELETE FROM dossier WHERE telecontrole = ?",
        "UPDATE dossier SET telecontrole = ?",
    ):
        rows(service, "medical.db", change, other.id)

    assert (await doctor.get(note_path(other))).status == 503


@pytest.mark.row("CO-16")
async def test_without_the_medical_store_notes_are_refused_and_the_rest_goes_on(
    serve: Any,
) -> None:
    away = "sqlite+aiosqlite:////nowhere/at/all/medical.db"
    service: Service = await serve(medical_database_url=away)
    appointment, doctor = await service.appoint(), await service.doctor()

    refused = await write(doctor, appointment)
    other = await doctor.get(f"/api/console/telecontroles/{appointment.id}")

    assert (refused.status, refused.error["code"]) == (503, "notes_indisponibles")
    assert CANARY not in refused.raw.decode()
    assert other.status == 200
