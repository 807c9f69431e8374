"""`telecontrole technique`: what real calls leave in the store, on the screen and in files."""

import asyncio
import csv
import json
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from server_people import Service

from server.config import ConfigurationError
from server.technical import command
from server.technical.figures import FEW, FEWEST

pytestmark = pytest.mark.row("ST-04")


async def calls(service: Service, count: int) -> None:
    """One after the other, each admitted, flowing on both sides, ended."""
    doctor = await service.doctor()
    for index in range(count):
        appointment = await service.appoint()
        seat = await service.seat(await service.assure(appointment))
        desk = await service.seat(doctor, appointment)
        await desk.done("admit")
        for side in (seat, desk):
            path = "relayed" if index % 2 else "direct"
            await side.done("media", {"state": "flowing", "path": path})
        service.clock.pass_by(6)
        await seat.done("media", {"state": "lost", "cause": "failed"})
        service.clock.pass_by(1)
        await desk.done("end")


async def report(service: Service, folder: Path) -> dict[str, Any]:
    """Of the days around now, read back from its file."""
    today = service.clock().astimezone(ZoneInfo("Europe/Paris")).date()
    days = ((today - timedelta(days=1)).isoformat(), (today + timedelta(days=1)).isoformat())
    files = (folder / "t.json", folder / "t.csv")
    await asyncio.to_thread(partial(command.run, service.config, *days, *files))
    found: dict[str, Any] = json.loads(files[0].read_text())
    return found


async def test_the_calls_of_a_period_are_counted_beside_the_running_server(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await calls(service, FEWEST)

    found = await report(service, tmp_path)

    assert (found["arrivees"], found["admis"], found["etablis"]) == (10, 10, 10)
    assert found["part_etablie_des_admis"] == 1.0
    assert found["chemins"] == {
        "direct": FEW, "relaye": FEW, "inconnu": FEW, "part_relayee": 0.5,
    }  # fmt: skip
    assert found["coupures"]["coupures"] == found["coupures"]["pertes_de_media"] == 10
    assert found["secondes_de_l_admission_au_media"]["assure"]["mesures"] == 10
    assert "part_relayee" in capsys.readouterr().out


async def test_of_the_browser_only_its_family_is_kept(service: Service, tmp_path: Path) -> None:
    await calls(service, FEWEST)

    found = await report(service, tmp_path)

    assert found["navigateurs"]["autre_ordinateur"] == 10
    assert found["navigateurs"]["chrome_mobile"] == FEW
    assert "autre_ordinateur" in service.dump()
    assert "aiohttp" not in service.dump()


async def test_few_calls_show_nothing_of_anybody(service: Service, tmp_path: Path) -> None:
    await calls(service, 2)

    found = await report(service, tmp_path)

    assert (found["arrivees"], found["part_etablie_des_admis"]) == (FEW, None)
    assert set(found["navigateurs"].values()) == {FEW}
    assert found["secondes_de_l_admission_au_media"]["assure"]["p50"] is None


async def test_the_table_opens_in_a_spreadsheet_and_agrees_with_the_json(
    service: Service, tmp_path: Path
) -> None:
    await calls(service, 1)

    found = await report(service, tmp_path)

    text = (tmp_path / "t.csv").read_text(encoding="utf-8-sig")
    lines = dict(list(csv.reader(text.splitlines(), delimiter=";"))[1:])
    assert lines["arrivees"] == FEW
    assert lines["chemins.part_relayee"] == "trop peu"
    assert lines["redemarrages_du_serveur"] == str(found["redemarrages_du_serveur"])


async def test_reading_changes_nothing_in_the_store(service: Service, tmp_path: Path) -> None:
    await calls(service, 1)
    before = service.dump()

    await report(service, tmp_path)

    assert service.dump() == before


@pytest.mark.parametrize(
    "days",
    [
        ("hier", "2026-11-30"),
        ("2026-11-30", "2026-11-01"),
        ("0001-01-01", "9999-12-31"),
        ("2026-11-01", "2026-11-31"),
        ("2026-11-01", "9999-12-31"),
    ],
)
def test_what_is_no_period_is_refused_by_the_name_of_its_option(days: tuple[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="de, a"):
        command.period(*days)


def test_a_day_is_a_day_of_the_caisse_when_clocks_change() -> None:
    since, until = command.period("2026-10-25", "2026-10-25")

    assert until.timestamp() - since.timestamp() == 25 * 3600


async def test_a_file_that_cannot_be_written_is_named(service: Service, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere"):
        await asyncio.to_thread(
            partial(
                command.run, service.config, "2026-11-01", "2026-11-02",
                tmp_path / "nowhere" / "t.json", None,
            )
        )  # fmt: skip
