"""Statements that are written once: for so many values at a time, and as the driver takes them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, cast

from sqlalchemy import BindParameter, ClauseElement, Insert, Select, Update, bindparam
from sqlalchemy.engine import Connection
from sqlalchemy.sql.compiler import SQLCompiler


def padded(values: Collection[str]) -> tuple[int, dict[str, str]]:
    """Their parameters for `wanted(size)`; at least one."""
    found = _padded(values)
    return len(found), dict(zip(_names(len(found)), found, strict=True))


def _padded(values: Collection[str]) -> list[str]:
    """To the next power of two, the last one repeated: groups of all sizes make few statements.
    (`bindparam(expanding=True)` is written anew each time, which costs several times what SQLite
    needs to answer.)"""
    found = list(values)
    size = 1 << (len(found) - 1).bit_length()
    return found + found[-1:] * (size - len(found))


@cache
def _names(size: int) -> Sequence[str]:
    return [f"wanted_{number}" for number in range(size)]


def wanted(size: int) -> Sequence[BindParameter[str]]:
    return [bindparam(name) for name in _names(size)]


# --- as the driver takes them ---------------------------------------------------------------------


class _Written(NamedTuple):
    """`names`: of its parameters, in their order. `own`: those that stand in it, at the end."""

    text: str
    names: Sequence[str]
    own: Sequence[object]


#: By the statement and the driver.
_WRITTEN: dict[tuple[object, str], _Written] = {}


def rows(
    connection: Connection, statement: Callable[[int], Select[Any]], values: Collection[str]
) -> Sequence[Sequence[Any]]:
    """What `statement(size)` finds for these (`wanted` are its first parameters), as the driver
    gives it: a boolean may be a number."""
    if not values:
        return ()
    if not connection.dialect.positional:
        size, named = padded(values)
        return connection.execute(statement(size), named).all()
    found = _padded(values)
    size = len(found)
    ready = _written(connection, (statement, size), lambda: statement(size))
    return connection.exec_driver_sql(ready.text, (*found, *ready.own)).all()


def write(
    connection: Connection, statement: Insert | Update, many: Sequence[Mapping[str, object]]
) -> None:
    """Once for each of these rows, which have the same fields."""
    if not many:
        return
    if not connection.dialect.positional:
        connection.execute(statement, many)
        return
    columns = sorted(many[0]) if isinstance(statement, Insert) else None
    ready = _written(connection, statement, lambda: statement, columns)
    parameters = [tuple([row[name] for name in ready.names]) for row in many]
    connection.exec_driver_sql(ready.text, parameters)


def _written(
    connection: Connection,
    which: object,
    statement: Callable[[], ClauseElement],
    columns: Sequence[str] | None = None,
) -> _Written:
    """For SQLite, where it matters: what SQLAlchemy does at each call (it looks the statement up,
    and puts the parameters of each row in order) costs as much as the statement itself.

    `columns`: those that an INSERT fills.
    """
    key = (which, connection.dialect.driver)
    if key not in _WRITTEN:
        made = statement().compile(dialect=connection.dialect, column_keys=columns)
        compiled = cast(SQLCompiler, made)
        order = compiled.positiontup or ()
        names = [name for name in order if compiled.binds[name].required]
        own = [compiled.binds[name].value for name in order[len(names) :]]
        _WRITTEN[key] = _Written(compiled.string, names, own)
    return _WRITTEN[key]
