"""What an agent decides and books, and that no medical word reaches an agent."""

from datetime import timedelta
from typing import Any

import pytest
from planning_people import PLAN, Office, planned
from planning_people import agent_path as path
from server_people import Answer, Browser

from server.store import schema as t
from server.store.tasks import open_task

LIST = "/api/agent/telecontroles"
#: What no agent may read. « médecin-conseil » and « service médical » are roles, and allowed.
FORBIDDEN = (
    "maladie", "invalidit", "patholog", "diagnos", "sante", "santé", "examen", "clinique",
    "symptom", "traitement", "ordonnance", "arret_maladie", "at_mp", "consolid", "guéri",
    "conclusion", "apte", "accident", "handicap", "séquelle", "categorie",
)  # fmt: skip

# --- calls and justifications -------------------------------------------------------------------


@pytest.mark.row("OP-12")
async def test_a_call_is_on_record_with_its_result(console: Browser, office: Office) -> None:
    detail = await planned(console)
    identifier = detail["planned"]["id"]
    async with office.registre.transaction() as unite:
        await open_task(unite.connection, identifier, "rennes", "appeler", office.clock())

    told = await console.ok(path(detail, "/appels"), {"result": "sans_reponse"})
    wrong = await console.post(path(detail, "/appels"), {"result": "autre"})

    assert told["history"][0]["label"] == "Appel téléphonique tenté"
    assert told["history"][0]["detail"] == "Pas de réponse, Agathe Morin"
    assert told["planned"]["tasks"] == []
    assert wrong.status == 422
    assert (await office.kinds(identifier))[-1] == "appel_tente"


@pytest.mark.row("CN-14")
async def test_an_accepted_justification_asks_for_the_in_person_appointment(
    console: Browser, office: Office
) -> None:
    detail = await planned(console)
    given = await office.justify(detail["planned"]["id"])
    before = await console.ok(path(detail), method="GET")

    told = await decided(console, detail, given, "accepter")
    again = await console.post(
        path(detail, "/justification"), {"justification": given, "decision": "refuser"}
    )

    assert [one["kind"] for one in before["planned"]["tasks"]] == ["justification"]
    assert told["planned"]["state"] == "absence_justifiee"
    assert [one["kind"] for one in told["planned"]["tasks"]] == ["presentiel_a_fixer"]
    assert {one["state"] for one in told["messages"]} == {"retire"}
    assert (again.status, again.error["code"]) == (409, "deja_decide")


@pytest.mark.row("CN-14")
async def test_a_refused_justification_changes_nothing_else(
    console: Browser, office: Office
) -> None:
    detail = await planned(console)
    given = await office.justify(detail["planned"]["id"])

    told = await decided(console, detail, given, "refuser")

    assert told["planned"]["state"] == "convoque"
    assert told["planned"]["justification"] == "refusee"
    assert {one["state"] for one in told["messages"]} == {"prepare"}


@pytest.mark.row("CN-14")
async def test_what_belongs_to_the_service_medical_is_not_read_nor_decided(
    console: Browser, office: Office
) -> None:
    detail = await planned(console)
    given = await office.justify(detail["planned"]["id"], "sante", document=b"%PDF-1.7 secret")

    shown = (await console.ok(path(detail), method="GET"))["justifications"][0]
    refused = await console.post(
        path(detail, "/justification"), {"justification": given, "decision": "accepter"}
    )
    document = await console.get(path(detail, f"/justifications/{given}/document"))

    assert shown["reason"] == "Motif relevant du service médical"
    assert (shown["decidable"], shown["document"]) == (False, False)
    assert refused.error["code"] == "reserve_au_service_medical"
    assert document.status == 404
    assert (await console.ok(path(detail), method="GET"))["planned"]["tasks"] == []


@pytest.mark.row("CN-14")
async def test_a_decision_falls_upon_the_reason_that_was_read_and_no_other(
    console: Browser, office: Office
) -> None:
    detail = await planned(console)
    first = await office.justify(detail["planned"]["id"])
    second = await office.justify(detail["planned"]["id"], "convocation_officielle")

    await decided(console, detail, second, "refuser")
    told = await decided(console, detail, first, "refuser")
    third = await office.justify(detail["planned"]["id"], "deces_proche")
    late = await console.post(
        path(detail, "/justification"), {"justification": first, "decision": "refuser"}
    )
    after = await console.ok(path(detail), method="GET")

    assert [one["state"] for one in told["justifications"]] == ["refusee"] * 2
    assert (late.status, late.error["code"]) == (409, "deja_decide")
    assert [one["id"] for one in after["justifications"] if one["decidable"]] == [third]


async def decided(console: Browser, detail: Any, given: str, decision: str) -> Any:
    form = {"justification": given, "decision": decision}
    return await console.ok(path(detail, "/justification"), form)


async def test_another_reason_comes_with_its_document(console: Browser, office: Office) -> None:
    detail = await planned(console)
    given = await office.justify(detail["planned"]["id"], document=b"%PDF-1.7 greve")

    document = await console.get(path(detail, f"/justifications/{given}/document"))

    assert document.raw.decode() == "%PDF-1.7 greve"
    assert document.headers["Content-Disposition"].startswith("attachment")


# --- in person ----------------------------------------------------------------------------------


@pytest.mark.row("IP-02")
async def test_the_in_person_appointment_is_booked_changed_and_cancelled(
    console: Browser, office: Office
) -> None:
    detail = await planned(console)
    async with office.changing(detail["planned"]["id"]) as (unite, un):
        un.refuser_visio(office.clock())
        await unite.enregistrer(un)
    form = {"site": "site-1", "start": "2027-01-18T10:00"}

    booked = await console.ok(path(detail, "/presentiel"), form)
    moved = await console.ok(path(detail, "/presentiel"), form | {"start": "2027-01-19T10:00"})
    cancelled = await console.ok(path(detail, "/presentiel"), method="DELETE")

    assert booked["planned"]["in_person"] == "fixe"
    assert booked["in_person"]["site"]["access"] == "De plain-pied"
    assert moved["in_person"]["start"] == "2027-01-19T09:00:00+00:00"
    assert cancelled["planned"]["in_person"] == "a_fixer"
    assert cancelled["in_person"]["appointment"] is None


async def test_an_appointment_that_nothing_asks_for_is_a_conflict(console: Browser) -> None:
    detail = await planned(console)

    answer = await console.post(
        path(detail, "/presentiel"), {"site": "site-1", "start": "2027-01-18T10:00"}
    )

    assert (answer.status, answer.error["code"]) == (409, "presentiel_sans_demande")


# --- no medical word ----------------------------------------------------------------------------


@pytest.mark.row("CA-03")
async def test_no_medical_word_is_in_any_answer_to_an_agent(
    console: Browser, office: Office
) -> None:
    answers = [await console.get("/api/agent/session")]
    for number, context in enumerate(("arret_de_travail", "risque_professionnel", "pension")):
        body = PLAN | {"context": context, "start": f"2027-01-14T{9 + number:02d}:00"}
        answers.append(await console.post(LIST, body | {"reference": f"D-{number}"}))
    details = [answer.json for answer in answers[1:]]
    await medical_past(office, *(one["planned"]["id"] for one in details))

    for detail in details:
        answers.append(await console.get(path(detail)))
        answers += [
            await console.get(path(detail, f"/messages/{one['id']}")) for one in detail["messages"]
        ]
    answers += [
        await console.get(told)
        for told in (
            LIST, f"{LIST}.csv", "/api/agent/envois", "/api/agent/envois.csv",
            "/api/agent/progression", "/api/agent/modele.csv", f"{LIST}?taches=1",
            "/api/agent/creneaux?medecin=mc-1",
        )
    ]  # fmt: skip

    assert {answer.status for answer in answers} <= {200, 201}
    for answer in answers:
        assert words_of(answer) == []


def words_of(answer: Answer) -> list[str]:
    """The caisse's name says what it insures, and is allowed to."""
    text = answer.raw.decode().lower().replace("assurance maladie", "")
    return [word for word in FORBIDDEN if word in text]


async def medical_past(office: Office, *identifiers: str) -> None:
    """An outcome, a clinical exam, a reason of health: all that a médecin-conseil may know."""
    for identifier in identifiers:
        await office.justify(identifier, "sante")
        async with office.changing(identifier) as (unite, un):
            un.entrer(un.debut)
            un.constater_examen_clinique(office.clock())
            await unite.enregistrer(un)
            await unite.connection.execute(
                t.issue.insert().values(
                    telecontrole=identifier,
                    version=1,
                    qualification="present",
                    conclusion="invalidite_categorie",
                    categorie=2,
                    sequelles=True,
                    signataire="mc-1",
                    instant=(office.clock() + timedelta(hours=1)).isoformat(),
                )
            )


@pytest.mark.row("CA-04")
async def test_a_name_that_is_a_formula_is_text_in_the_export(console: Browser) -> None:
    await planned(console, name='=HYPERLINK("https://exemple.invalid")')

    table = (await console.get(f"{LIST}.csv")).raw.decode("utf-8-sig")

    assert "'=HYPERLINK" not in table  # it follows « Mme » in its cell
    assert ";=" not in table
    assert "Mme =HYPERLINK" in table
