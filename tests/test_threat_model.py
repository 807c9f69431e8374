"""docs/threat-model.md and docs/complaints.md name tests that are there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
MODEL = TESTS.parents[0] / "docs" / "threat-model.md"
COMPLAINTS = TESTS.parents[0] / "docs" / "complaints.md"
#: « server/test_x.py::test_y », « server/test_x.py », or « …::test_y » of the file before.
NAMED = re.compile(r"`((?:[a-z]+/)?test_\w+\.py|…)(?:::(\w+))?`")


def rows(document: Path = MODEL) -> list[tuple[str, str]]:
    """Each row's first cell and text."""
    lines = document.read_text().splitlines()
    return [(line.split("|")[1].strip(), line) for line in lines if line.startswith("| ")]


def held_by() -> list[tuple[str, str]]:
    """Every file and test that is named (the test empty: the whole file)."""
    named, file = [], ""
    for _, line in [*rows(), *rows(COMPLAINTS)]:
        for where, test in NAMED.findall(line):
            file = file if where == "…" else where
            named.append((file, test))
    return named


@cache
def names_in(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text())
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.row("SP-14")
@pytest.mark.parametrize("named", sorted(set(held_by())), ids="::".join)
def test_what_holds_a_threat_exists(named: tuple[str, str]) -> None:
    file, test = named

    assert (TESTS / file).is_file()
    assert not test or test in names_in(file)


@pytest.mark.row("SP-14")
def test_every_threat_has_a_test_or_says_that_it_has_none() -> None:
    threats = [
        (number, line) for number, line in rows() if re.fullmatch(r"F?\d+[a-z]?|\d+, \d+", number)
    ]

    bare = [n for n, line in threats if not NAMED.search(line) and "not yet" not in line.lower()]

    assert len(threats) > 50
    assert bare == []
