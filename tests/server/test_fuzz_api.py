"""The caisse's API against what its own OpenAPI document allows and forbids (schemathesis).

A few dozen cases of each operation here; `make fuzz` tries hundreds.
"""

import asyncio
import os
from collections import Counter
from typing import Any

import pytest
import schemathesis
from caisse_people import Caisse, at, caisse, working_day
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from server_people import Service

REJECTED = "negative_data_rejection"
BROKEN = schemathesis.GenerationMode.NEGATIVE
#: Cases of each operation.
CASES = 400 if os.environ.get("TELECONTROLE_LONG") else 10

#: What each answer must hold to: never a 5xx, only statuses, types and shapes that the document
#: names; what it forbids is refused.
HELD = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_schema_conformance", REJECTED, "ignored_auth",
)  # fmt: skip


@pytest.mark.row("AI-03")
@pytest.mark.row("SP-06")
async def test_no_case_of_its_own_document_makes_the_api_fail(service: Service) -> None:
    system = await caisse(service)
    planned = await system.planned(at(working_day(service)))
    document = (await service.browser().get("/api/v1/openapi.json")).json

    statuses = await asyncio.to_thread(tried, document, service.base, system, planned)

    assert statuses.total() >= 8 * CASES
    assert not [status for status in statuses if status >= 500]
    assert sum(count for status, count in statuses.items() if 400 <= status < 500) > 0


def broken_parts(case: schemathesis.Case) -> set[str]:
    """Which parts of this request are not as the document says."""
    components = case.meta.components if case.meta else {}
    return {part.value for part, about in components.items() if about.mode is BROKEN}


def tried(
    document: dict[str, Any], base: str, system: Caisse, planned: dict[str, Any]
) -> Counter[int]:
    """Every operation, with valid and with broken input; the statuses that came back."""
    schema = schemathesis.openapi.from_dict(document)
    statuses: Counter[int] = Counter()
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation is None:
            raise AssertionError("the document does not describe itself")

        @given(case=operation.as_strategy() | operation.as_strategy(generation_mode=BROKEN))
        @settings(
            max_examples=CASES, deadline=None, database=None, derandomize=True,
            phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        def one(case: schemathesis.Case) -> None:
            broken = broken_parts(case)
            if "path" not in broken and case.path_parameters and case.path_parameters.get("id"):
                case.path_parameters["id"] = planned["id"]
            headers = {"Authorization": f"Bearer {system.secret}"}
            answer = case.call(base_url=base, headers=headers, timeout=30)
            statuses[answer.status_code] += 1
            # Who asks is always told, so a header that was left out is not missing any more.
            held = [name for name in HELD if name != REJECTED or broken & {"body", "query"}]
            case.validate_response(answer, checks=[CHECKS.get_one(name) for name in held])

        one()
    return statuses
