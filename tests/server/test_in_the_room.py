"""Who is in the room with whom, and an identity that is in doubt: what the record holds of it."""

from pathlib import Path
from typing import Any

import pytest
import stores
from server_people import Service

from controle.etats import ORIGINE_PAR_ETAT, Etat, OriginePresentiel
from server.web.messages import IdentityCheck

PAGE = "page-de-l-assure"


@pytest.mark.row("CO-09")
async def test_each_side_s_word_is_on_record_as_numbers_and_no_name(service: Service) -> None:
    appointment = await service.appoint()
    assure = await service.seat(await service.assure(appointment))
    doctor = await service.seat(await service.doctor(), appointment)

    await assure.done("company", {"others": ["proche", "interprete", "proche"]})
    await doctor.done("company", {"others": []})
    refused = await assure.call("company", {"others": ["Mme Durand"]})

    said = [f for f in await service.facts(appointment.id) if f.genre == "personnes_presentes"]
    assert [(f.role, str(f.source), dict(f.details)) for f in said] == [
        ("assure", "declaration", {"nombre": 3, "proche": 2, "interprete": 1}),
        ("medecin_conseil", "declaration", {"nombre": 0}),
    ]
    assert refused["code"] == "malformed"


@pytest.mark.row("CO-09")
async def test_the_console_shows_it_and_shows_that_nothing_was_said(service: Service) -> None:
    appointment = await service.appoint()
    console = await service.console(await service.doctor())
    assure = await service.seat(await service.assure(appointment))

    def company() -> Any:
        return console.entries[appointment.id]["assure"]["company"]

    await console.until(lambda: console.entries[appointment.id]["assure"]["presence"] == "present")
    before = company()
    await assure.done("company", {"others": ["soignant"]})
    await console.until(lambda: company() is not None)

    assert before is None
    assert company() == ["soignant"]


@stores.only_sqlite
@pytest.mark.row("CO-09")
async def test_after_a_restart_it_need_not_be_said_again(
    serve: Any, service: Service, tmp_path: Path
) -> None:
    appointment = await service.appoint()
    browser = await service.assure(appointment)
    assure = await service.seat(browser, instance=PAGE)
    doctor = await service.seat(await service.doctor(), appointment)
    await assure.done("company", {"others": ["interprete"]})
    await doctor.done("company", {"others": ["soignant"]})
    await doctor.done("leave")

    revived: Service = await serve(service.image(tmp_path / "crashed"), clock=service.clock)
    again = revived.browser()
    again.cookies = dict(browser.cookies)
    back = await revived.seat(again, instance=PAGE)

    assert back.state["assure"]["company"] == ["interprete"]
    assert back.state["medecin_conseil"]["company"] is None


# --- an identity that is in doubt ---------------------------------------------------------------


@pytest.mark.row("ID-06")
async def test_an_identity_in_doubt_leads_in_person_like_every_other_way_there(
    service: Service,
) -> None:
    appointment = await service.appoint()
    browser, doctor = await service.assure(appointment), await service.doctor()
    await service.seat(browser)
    path = f"/api/console/telecontroles/{appointment.id}"

    await doctor.ok(f"{path}/identite", {"mode": "piece_montree", "verified": False})
    absent = await doctor.post(
        f"{path}/issue",
        {"qualification": "absence_injustifiee", "conclusion": "controle_impossible"},
    )
    link = await browser.ok("/api/assure/lien", {"link": appointment.link})
    detail = await doctor.ok(path, method="GET")

    un = await service.stored(appointment.id)
    assert absent.status in (409, 422)
    assert un.presentiel is not None
    assert un.presentiel.origine is OriginePresentiel.IDENTITE
    assert set(ORIGINE_PAR_ETAT) > {Etat.IDENTITE_NON_CONFIRMEE}
    # Who holds the link alone learns what any in-person appointment says, and no more.
    assert (link["access"], link["in_person"]) == ("presentiel", True)
    assert "identit" not in str(link).lower()
    assert "absence" not in detail["proposal"]["qualification"]


@pytest.mark.row("ID-02")
def test_a_check_holds_how_and_whether_and_nothing_else() -> None:
    fields = IdentityCheck.__struct_fields__

    assert fields == ("mode", "verified")
    assert str(IdentityCheck.__annotations__["mode"]).count("'") == 6
