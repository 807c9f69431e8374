"""What is due is asked for in the words of both databases."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from server.config import Config
from server.keeping.erase import _to_come
from server.keeping.terms import Terms, rules, whole_due
from server.store import schema as t

NOW = datetime(2029, 1, 14, 9, tzinfo=UTC)
DIALECTS = [postgresql.dialect(), sqlite.dialect()]


def statements() -> list[object]:
    """As purge.py and erase.py ask them."""
    found: list[object] = [
        select(t.telecontrole.c.id).where(whole_due("2027-01-14")).limit(100),
        select(func.count()).select_from(t.telecontrole).where(whole_due("2027-01-14")),
        _to_come("as-1", NOW),
    ]
    for rule in rules(Terms.at(NOW, Config())):
        key = list(rule.table.primary_key.columns)
        row = tuple("x" for _ in key)
        ask = select(*key).where(rule.due, tuple_(*key) > tuple_(*row)).order_by(*key).limit(100)
        change = update(rule.table).values(rule.values) if rule.values else delete(rule.table)
        found += [ask, change.where(tuple_(*key).in_([row]))]
    return found


@pytest.mark.row("SP-10")
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.name)
def test_what_is_due_is_written_for_both_databases(dialect: Dialect) -> None:
    literal = {"literal_binds": True}

    written = [
        str(one.compile(dialect=dialect, compile_kwargs=literal))  # type: ignore[attr-defined]
        for one in statements()
    ]

    assert {text.split()[0] for text in written} == {"SELECT", "UPDATE", "DELETE"}
    assert len(written) > 20
