"""What is sealed is asked for in the words of both databases: these statements compile for each."""

import pytest
from sqlalchemy import func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from server.identity.vault import BY_PERSON
from server.notify.outbox import ENVOI
from server.notify.shown import SENDS
from server.store import planned, sends
from server.store import schema as t
from server.store.resealing import SEALED
from server.store.sealed import under_person

DIALECTS = [postgresql.dialect(), sqlite.dialect()]


@pytest.mark.row("OP-07")
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.name)
def test_each_statement_is_written_for_both_databases(dialect: Dialect) -> None:
    column, key = t.requete.c.reponse, list(t.requete.primary_key.columns)
    statements = [
        planned._planned(),
        sends._sends(),
        SENDS,
        ENVOI,
        select(t.envoi.c.id).where(~under_person(t.envoi.c.contenu)),
        select(t.piece.c.taille).where(func.substr(t.piece.c.contenu, 1, 1) != BY_PERSON),
        select(*key).where(~column.startswith("k2."), tuple_(*key) > tuple_("a", "b")),
    ]

    written = [str(statement.compile(dialect=dialect)) for statement in statements]

    assert all(text.startswith("SELECT") for text in written)


def test_what_is_sealed_by_the_service_is_text_under_a_key_of_its_table() -> None:
    for one in SEALED:
        assert {*one.bound, one.column} <= set(one.table.columns.keys())
        assert one.table.c[one.column].type.python_type is str
        assert one.table.primary_key.columns
