"""What is exported for a spreadsheet: whatever somebody typed stays a text in its own cell."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.caisse.tables import write_csv

FORMULAS = (
    '=HYPERLINK("https://exemple.invalid";"Cliquez")', "=cmd|' /C calc'!A0", "+1+1", "-2+3",
    "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "\u00a0=1+1", "\ufeff=1+1", "\0=1+1",
    "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20A1", "  \t @A1",
)  # fmt: skip
#: Cut off another cell, or another line.
BREAKERS = ("Le Goff;=1+1", 'Le Goff";=1+1;"', "Le Goff\n=1+1", "Le Goff\r\n=1+1;x", '"=1+1"', '""')


def read_back(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


def runs(cell: str) -> bool:
    """A spreadsheet takes this for a formula, at its most lenient."""
    return cell.lstrip("\0\ufeff \t\r\n\u00a0")[:1] in tuple("=+-@\uff1d\uff0b\uff0d\uff20")


@pytest.mark.row("SP-06")
@pytest.mark.parametrize("typed", FORMULAS, ids=repr)
def test_a_formula_is_a_text(typed: str) -> None:
    ((before, cell, after),) = read_back(write_csv([("a", typed, "z")]))

    assert cell == f"'{typed}"
    assert (before, after) == ("a", "z")


@pytest.mark.row("SP-06")
@pytest.mark.parametrize("typed", BREAKERS, ids=repr)
def test_nothing_leaves_its_cell(typed: str) -> None:
    assert read_back(write_csv([("a", typed, "z")])) == [["a", typed, "z"]]


@pytest.mark.row("SP-06")
@settings(max_examples=400, deadline=None, database=None)
@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
            | st.builds("".join, st.lists(st.sampled_from([*"=+-@;\"' \t\r\n", "a"]), max_size=8)),
            min_size=2,
            max_size=4,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_no_cell_of_any_table_would_run(rows: list[list[str]]) -> None:
    read = read_back(write_csv(rows))

    assert [len(row) for row in read] == [len(row) for row in rows]
    assert [cell for row in read for cell in row if runs(cell)] == []
    assert all(
        shown.removeprefix("'") == typed.removeprefix("'")
        for row, typed_row in zip(read, rows, strict=True)
        for shown, typed in zip(row, typed_row, strict=True)
    )
