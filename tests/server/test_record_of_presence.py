"""What the record says of a session, to the second, and that nobody can change it unseen."""

import asyncio
import copy
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import stores
from server_people import Appointment, Browser, Service

from certs.signing_keys import KeyRing
from controle.chaine import Ligne
from controle.intervalles import Presences, presences
from server import offline
from server.__main__ import main


async def scripted(service: Service, step: float = 0) -> tuple[Appointment, Browser]:
    """20 s of waiting, 30 s of talk, 10 s of cut, 40 s of talk; the wall clock may be set."""
    clock = service.clock
    appointment, doctor = await service.appoint(), await service.doctor()
    browser = await service.assure(appointment)
    assure = await service.seat(browser, instance="page-de-l-assure")
    spare = (await browser.ok("/api/assure/jeton"))["token"]
    clock.pass_by(20)
    seat = await service.seat(doctor, appointment)
    await seat.done("admit")
    for one in (assure, seat):
        await one.flowing()
    clock.pass_by(15)
    clock.step(step)
    clock.pass_by(15)
    await assure.drop()
    await seat.until(lambda: seat.state["assure"]["presence"] == "lost")
    clock.pass_by(10)
    again = await type(assure).enter(service.base, spare, "page-de-l-assure")
    service._open.append(again)
    await again.flowing()
    clock.pass_by(40)
    await seat.done("end")
    return appointment, doctor


async def exported(service: Service, appointment: Appointment, doctor: Browser) -> dict[str, Any]:
    path = f"/api/console/telecontroles/{appointment.id}/releve"
    record: dict[str, Any] = await doctor.ok(path, method="GET")
    return record


def read(record: dict[str, Any]) -> Presences:
    return presences([Ligne.depuis_dict(line).fait for line in record["lignes"]])


@pytest.mark.row("OP-01")
@pytest.mark.parametrize("step", [0, 3600, -3600])
async def test_the_presences_are_right_whatever_the_wall_clock_does(
    service: Service, step: float
) -> None:
    appointment, _ = await scripted(service, step)
    # An idle console is logged out by the same step.
    record = await exported(service, appointment, await service.doctor())

    there = read(record)

    kinds = [line["fait"]["genre"] for line in record["lignes"]]
    for kind in ("entree", "admission", "media_etabli", "perte", "retour", "fin"):
        assert kind in kinds
    assert there.attente == pytest.approx(20, abs=1)
    assert there.assure.duree == pytest.approx(90, abs=1)
    assert there.medecin_conseil.duree == pytest.approx(80, abs=1)
    assert there.duree_ensemble == pytest.approx(70, abs=1)
    assert there.interruptions == 1


@pytest.mark.row("OP-01")
async def test_what_still_goes_on_is_counted_on_the_same_time_line(service: Service) -> None:
    appointment = await service.appoint()
    await service.seat(await service.assure(appointment))
    path = f"/api/console/telecontroles/{appointment.id}"

    service.clock.pass_by(30)
    service.clock.step(3600)
    told = await (await service.doctor()).ok(path, method="GET")

    assert told["presence"]["waiting_seconds"] == pytest.approx(30, abs=1)


@pytest.mark.row("OP-01")
async def test_what_one_side_says_is_marked_as_its_word(service: Service) -> None:
    appointment, doctor = await scripted(service)

    record = await exported(service, appointment, doctor)

    sources = {(line["fait"]["genre"], line["fait"]["source"]) for line in record["lignes"]}
    assert {kind for kind, source in sources if source == "declaration"} == {
        "media_pret",
        "media_etabli",
    }


@pytest.mark.row("WR-05")
async def test_the_waiting_is_proved_even_if_the_doctor_never_comes(service: Service) -> None:
    appointment = await service.appoint()
    browser = await service.assure(appointment)
    assure = await service.seat(browser)
    arrived = service.clock()
    for _ in range(20):
        service.clock.pass_by(60)
        await service.beat()
    last = service.clock()

    record = await browser.ok("/api/assure/releve", method="GET")
    proposal = await service.doctor()
    path = f"/api/console/telecontroles/{appointment.id}"
    told = await proposal.ok(path, method="GET")

    there = read(record)
    beats = [line for line in record["lignes"] if line["fait"]["genre"] == "presence_constatee"]
    assert there.assure.premiere_arrivee == arrived
    assert len(beats) == 20
    assert datetime.fromisoformat(beats[-1]["fait"]["instant"]) == last
    assert told["presence"]["waiting_seconds"] == 1200
    assert told["proposal"]["qualification"] == "medecin_absent"
    assert assure.state["phase"] == "waiting"


# --- nobody changes it unseen -------------------------------------------------------------------


@pytest.fixture
async def record(service: Service) -> dict[str, Any]:
    appointment, doctor = await scripted(service)
    return await exported(service, appointment, doctor)


@pytest.fixture
async def published(service: Service, tmp_path: Path) -> Path:
    file = tmp_path / "sceaux.json"
    file.write_bytes((await service.browser().get("/.well-known/sceaux.json")).raw)
    return file


def verified(record: object, tmp_path: Path, *more: str) -> int:
    file = tmp_path / "releve.json"
    file.write_text(json.dumps(record))
    return main(["verify", str(file), *more])


@pytest.mark.row("OP-02")
async def test_a_record_as_exported_is_intact(
    record: dict[str, Any], published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verified(record, tmp_path) == 0
    assert "prise dans le fichier" in capsys.readouterr().out

    assert verified(record, tmp_path, "--keys", str(published)) == 0
    assert "Intact" in capsys.readouterr().out


def edit(lines: list[Any], index: int) -> None:
    lines[index]["fait"]["instant"] = "2026-01-01T00:00:00.000000Z"


def remove(lines: list[Any], index: int) -> None:
    del lines[index]


def swap(lines: list[Any], index: int) -> None:
    other = index + 1 if index + 1 < len(lines) else index - 1
    lines[index], lines[other] = lines[other], lines[index]


def truncate(lines: list[Any], index: int) -> None:
    del lines[index:]


@pytest.mark.row("OP-02")
@pytest.mark.parametrize("tamper", [edit, remove, swap, truncate])
async def test_any_line_tampered_with_is_named(
    record: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    tamper: Callable[[list[Any], int], None],
) -> None:
    for index in range(len(record["lignes"])):
        altered = copy.deepcopy(record)
        tamper(altered["lignes"], index)

        assert verified(altered, tmp_path) == 1, index

        first = index - 1 if tamper is swap and index == len(record["lignes"]) - 1 else index
        assert f"Ligne {first + 1} :" in capsys.readouterr().out


@pytest.mark.row("OP-02")
async def test_who_recomputes_the_whole_chain_lacks_the_key(
    record: dict[str, Any], published: Path, tmp_path: Path
) -> None:
    forger = KeyRing.open(tmp_path / "forger", datetime.now(UTC))
    altered = {**record, "cles": forger.jwks()}

    assert verified(altered, tmp_path) == 1
    assert verified(record, tmp_path, "--keys", str(tmp_path / "releve.json")) == 2
    (tmp_path / "others.json").write_text(json.dumps(forger.jwks()))
    assert verified(record, tmp_path, "--keys", str(tmp_path / "others.json")) == 1


@pytest.mark.row("OP-02")
@pytest.mark.row("SP-13")
async def test_a_key_rotated_between_seals_still_verifies(service: Service, tmp_path: Path) -> None:
    appointment, doctor = await scripted(service)
    form = {"qualification": "present", "conclusion": "arret_justifie"}
    path = f"/api/console/telecontroles/{appointment.id}"
    await doctor.ok(f"{path}/identite", {"mode": "connu", "verified": True})

    assert main(["keys", "rotate", "seals", "--data-dir", str(service.data)]) == 0
    await doctor.ok(f"{path}/issue", form)
    record = await exported(service, appointment, doctor)
    keys = await service.browser().get("/.well-known/sceaux.json")
    (tmp_path / "keys.json").write_bytes(keys.raw)

    assert len({seal["cle"] for seal in record["sceaux"]}) == 2
    assert verified(record, tmp_path, "--keys", str(tmp_path / "keys.json")) == 0


@pytest.mark.row("SP-13")
async def test_a_token_key_rotated_cuts_nobody_and_serves_at_once(service: Service) -> None:
    appointment = await service.appoint()
    browser = await service.assure(appointment)
    seat = await service.seat(browser)
    spare = (await browser.ok("/api/assure/jeton"))["token"]

    offline.rotate(service.data, "tokens", datetime.now(UTC))
    published = (await browser.get("/.well-known/jwks.json")).json["keys"]
    old = await type(seat).enter(service.base, spare)
    new = await service.seat(browser)
    await old.close()

    assert len(published) == 2
    assert new.state["assure"]["presence"] == "present"


@stores.only_sqlite
@pytest.mark.row("OP-02")
async def test_the_export_command_works_beside_the_running_server(
    service: Service, tmp_path: Path
) -> None:
    appointment, _ = await scripted(service)
    file = tmp_path / "export.json"
    data = ["--data-dir", str(service.data)]

    done = await asyncio.to_thread(main, ["export", appointment.id, str(file), *data])
    unknown = await asyncio.to_thread(main, ["export", "0" * 32, str(file), *data])
    junk = await asyncio.to_thread(main, ["export", "x", str(file), *data])

    assert (done, unknown, junk) == (0, 2, 2)
    assert main(["verify", str(file)]) == 0


@stores.only_sqlite
@pytest.mark.row("OP-02")
async def test_by_a_configuration_it_is_on_the_journal_that_is_named_there(
    service: Service, tmp_path: Path
) -> None:
    appointment, _ = await scripted(service)
    elsewhere = f"sqlite+aiosqlite:///{tmp_path / 'ailleurs.db'}"
    told = tmp_path / "telecontrole.toml"
    told.write_text(f'data_dir = "{service.data}"\njournal_database_url = "{elsewhere}"\n')

    done = await asyncio.to_thread(
        main, ["export", appointment.id, str(tmp_path / "e.json"), "--config", str(told)]
    )

    with closing(sqlite3.connect(tmp_path / "ailleurs.db")) as journal:
        lines = journal.execute("SELECT genre, telecontrole FROM acces").fetchall()
    assert (done, lines) == (0, [("releve_exporte", appointment.id)])


def edited(store: sqlite3.Connection, appointment: str) -> None:
    store.execute(
        "UPDATE ligne SET contenu = replace(contenu, 'admission', 'perte') WHERE telecontrole = ?",
        (appointment,),
    )


def cut(store: sqlite3.Connection, appointment: str) -> None:
    """The last facts go, and every seal that knew of them."""
    store.execute(
        "DELETE FROM ligne WHERE telecontrole = ? AND seq > "
        "(SELECT max(seq) - 2 FROM ligne WHERE telecontrole = ?)",
        (appointment, appointment),
    )
    store.execute("DELETE FROM sceau WHERE telecontrole = ?", (appointment,))


def spoiled(store: sqlite3.Connection, appointment: str) -> None:
    store.execute(
        "UPDATE ligne SET contenu = '{' WHERE telecontrole = ? AND seq = 2", (appointment,)
    )


@stores.only_sqlite
@pytest.mark.row("OP-02")
@pytest.mark.parametrize("tamper", [edited, cut, spoiled])
async def test_what_was_altered_in_the_store_is_exported_without_a_fresh_seal(
    service: Service, tmp_path: Path, tamper: Callable[[sqlite3.Connection, str], None]
) -> None:
    appointment, _ = await scripted(service)
    with sqlite3.connect(service.data / "telecontrole.db") as store:
        tamper(store, appointment.id)
    file = tmp_path / "export.json"

    done = await asyncio.to_thread(
        main, ["export", appointment.id, str(file), "--data-dir", str(service.data)]
    )

    assert done == 1
    assert main(["verify", str(file)]) == 1


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"cles": 1}', "[" * 100_000, "\x00"])
def test_what_is_no_record_is_called_unreadable(tmp_path: Path, content: str) -> None:
    file = tmp_path / "x.json"
    file.write_text(content)

    assert main(["verify", str(file)]) == 2
    assert main(["verify", str(tmp_path / "nothing")]) == 2
