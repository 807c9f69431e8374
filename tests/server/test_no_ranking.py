"""No figure of what became of people is told by médecin-conseil, anywhere (row ST-05)."""

import ast
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from server_people import MEDECINS, Service

import server
from controle.conclusion import Conclusion
from controle.telecontrole import Etat
from server.technical.reading import figures

pytestmark = pytest.mark.row("ST-05")

SOURCES = Path(server.__file__).parent
CONCLUSIONS = {str(one) for one in Conclusion}
DOCTORS = {text for one in MEDECINS for text in (one.id, one.nom)}
ABSENT = {"qualification": "non_connecte", "conclusion": "controle_impossible"}


async def concluded(service: Service) -> None:
    """An outcome of each médecin-conseil."""
    for medecin in ("mc-1", "mc-2"):
        appointment = await service.appoint(-60, medecin=medecin)
        doctor = await service.doctor(medecin)
        signed = await doctor.post(f"/api/console/telecontroles/{appointment.id}/issue", ABSENT)
        assert signed.status == 201, signed.raw


async def test_the_api_gives_no_outcome_with_a_doctor_and_asks_for_none(service: Service) -> None:
    document = (await service.browser().get("/api/v1/openapi.json")).json
    schemas = document["components"]["schemas"]

    told = sorted(schemas["Issue"]["properties"])
    asked = [
        one.get("name")
        for path, item in document["paths"].items()
        if "issue" in path
        for operation in item.values()
        for one in operation.get("parameters", [])
    ]

    assert told
    assert not [name for name in (*told, *asked) if names_a_doctor(str(name))]
    counts = [name for name in schemas if name.startswith(("Statistique", "Total", "Classement"))]
    assert counts == []


async def test_the_metrics_name_no_doctor_and_count_no_outcome(service: Service) -> None:
    await concluded(service)

    text = (await service.browser().get("/metrics")).raw.decode()

    assert "telecontrole_" in text
    assert not [word for word in DOCTORS | CONCLUSIONS if f'"{word}"' in text]


async def test_the_technical_report_names_no_doctor_and_no_conclusion(service: Service) -> None:
    await concluded(service)
    now = service.clock()

    async with service.registre.lecture() as unite:
        day = timedelta(days=1)
        found = (await figures(unite.connection, now - day, now + day)).shown()

    text = json.dumps(found, default=str)
    assert text
    assert not [word for word in DOCTORS | CONCLUSIONS if word in text]


async def test_what_a_colleague_is_shown_of_another_is_the_present_moment(
    service: Service,
) -> None:
    await concluded(service)
    appointment, doctor = await service.appoint(etat=Etat.EN_ATTENTE), await service.doctor()

    path = f"/api/console/telecontroles/{appointment.id}/transfert"
    choices = await doctor.ok(path, method="GET")

    (other,) = choices["colleagues"]
    assert sorted(other) == ["function", "id", "in_call", "name", "online", "waiting"]
    assert (other["in_call"], other["waiting"]) == (False, 0)


def test_no_statement_groups_outcomes_by_doctor() -> None:
    found = {
        f"{file.name}:{function.name}": source
        for file in SOURCES.rglob("*.py")
        for function, source in grouping(file)
    }

    ranking = [
        where
        for where, source in found.items()
        if names_a_doctor(source) and ("t.issue" in source or "qualification" in source)
    ]
    assert "colleagues.py:of_service" in found
    assert ranking == []


def grouping(file: Path) -> list[tuple[Any, str]]:
    """The functions of a file that group or count by a column, and their text."""
    text = file.read_text()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        (one, source)
        for one in ast.walk(ast.parse(text))
        if isinstance(one, kinds)
        and (source := ast.get_source_segment(text, one) or "")
        and any(word in source for word in ("group_by(", "GROUP BY", "Counter("))
    ]


def names_a_doctor(text: str) -> bool:
    return any(word in text.lower() for word in ("medecin", "doctor", "praticien"))
