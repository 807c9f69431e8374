"""The conclusions as the caisse's own system receives them: administrative, in order, none lost."""

from datetime import timedelta
from typing import Any

import pytest
from caisse_people import API, LIST, caisse, reunion
from server_people import Browser, Service

ISSUES = f"{API}/issues"
NOBODY_CAME = {"qualification": "non_connecte", "conclusion": "controle_impossible"}
REASON = "situation_reexaminee"


async def signed(service: Service, doctor: Browser, times: int = 1) -> str:
    """A télécontrôle nobody came to, with so many versions of its conclusion."""
    un = await service.appoint(-40)
    for version in range(times):
        form: dict[str, Any] = dict(NOBODY_CAME)
        if version:
            form["correction_reason"] = REASON
        await doctor.ok(f"/api/console/telecontroles/{un.id}/issue", form)
        service.clock.pass_by(1)
    return un.id


@pytest.mark.row("AI-03")
async def test_a_signed_conclusion_is_given_without_a_word_that_is_free(service: Service) -> None:
    us, doctor = await caisse(service), await service.doctor()
    one = await signed(service, doctor, times=2)

    issue = (await us.get(f"{LIST}/{one}/issue")).json
    feed = await us.get(ISSUES)

    assert issue == feed.json["elements"][1]
    assert issue["version"] == 2
    assert issue["qualification"] == "non_connecte"
    assert issue["conclusion"] == "controle_impossible"
    assert issue["fonction_signataire"] == "Médecin-conseil"
    assert set(issue) == {
        "telecontrole", "reference", "version", "qualification", "conclusion", "libelle",
        "date_effet", "categorie", "signee", "fonction_signataire", "notification",
    }  # fmt: skip
    for word in (REASON, "Quemeneur", "Zwijnaarde"):
        assert word.encode() not in feed.raw


async def test_before_a_signature_there_is_no_conclusion(service: Service) -> None:
    us, appointment = await caisse(service), await service.appoint()

    answer = await us.get(f"{LIST}/{appointment.id}/issue")

    assert (answer.status, answer.json["code"]) == (404, "issue_absente")


@pytest.mark.row("AI-03")
async def test_nothing_is_lost_or_doubled_when_conclusions_come_between_pages(
    service: Service,
) -> None:
    us, doctor = await caisse(service), await service.doctor()
    written: list[tuple[str, int]] = []
    seen: list[tuple[str, int]] = []
    cursor = ""

    for arrivals in (3, 1, 2, 0, 1, 0, 0, 0, 0):
        for _ in range(arrivals):
            one = await signed(service, doctor, times=2)
            written += [(one, 1), (one, 2)]
        page = (await us.get(f"{ISSUES}?limite=2&curseur={cursor}")).json
        seen += [(issue["telecontrole"], issue["version"]) for issue in page["elements"]]
        assert page["encore"] == (len(seen) < len(written))
        cursor = page["curseur"]

    assert seen == written
    last = (await us.get(f"{ISSUES}?curseur={cursor}")).json
    assert last == {"elements": [], "curseur": cursor, "encore": False}


async def test_the_conclusions_of_another_caisse_are_not_in_the_feed(service: Service) -> None:
    them, doctor = await reunion(service), await service.doctor()
    await signed(service, doctor)

    feed = (await them.get(ISSUES)).json

    assert feed["elements"] == []


async def test_a_cursor_outlives_an_empty_feed(service: Service) -> None:
    us, doctor = await caisse(service), await service.doctor()
    empty = (await us.get(ISSUES)).json

    one = await signed(service, doctor)
    service.clock.pass_by(timedelta(days=1).total_seconds())
    later = (await us.get(f"{ISSUES}?curseur={empty['curseur']}")).json

    assert [issue["telecontrole"] for issue in later["elements"]] == [one]
