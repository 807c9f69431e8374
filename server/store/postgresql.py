"""PostgreSQL as the store: what SQLite gives by itself, and the code counts on.

One writer at a time over all processes, a reading of one moment, a commit that waits for the disk.
"""

from typing import ClassVar

from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

#: The writer's turn: a number among those that programs on one database agree upon.
WRITER = 0x7E1EC0
#: Seconds to wait for it, and for whatever else somebody has locked.
PATIENCE = 5

#: Of each connection (libpq's own names): a machine that does not answer, or does no more, is away
#: after seconds, and not after the quarter of an hour that TCP would wait.
CONNECTING = {
    "connect_timeout": PATIENCE,
    "keepalives_idle": PATIENCE,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
#: Of a pool: a connection that was lost is made anew; one that is free is waited for no longer than
#: all else.
POOL = {"pool_pre_ping": True, "pool_timeout": PATIENCE}
#: How a transaction that writes begins.
TURN = f"SET LOCAL lock_timeout = '{PATIENCE}s'; SELECT pg_advisory_xact_lock({WRITER})"
#: Of an engine or a connection whose transactions see one moment, and write nothing.
ONE_MOMENT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_DURABLE = (
    "SELECT current_setting('fsync') <> 'off' AND current_setting('synchronous_commit') <> 'off'"
)


class NotDurable(Exception):
    """What this PostgreSQL has acknowledged, a power loss may undo."""

    message: ClassVar[str] = (
        "PostgreSQL perdrait à une coupure de courant ce qu'il a confirmé : "
        "fsync et synchronous_commit doivent être actifs"
    )

    def __init__(self) -> None:
        super().__init__(self.message)


def prepare(engine: Engine) -> None:
    """Transactions that write wait for their turn.

    A group of facts (ledger.py) reads the heads of chains before it writes behind them, a planning
    looks for a free hour before it takes it: with two writers at once each would be wrong.
    """

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        if connection.get_execution_options().get("writes"):
            connection.exec_driver_sql(TURN)


def take_turn(connection: Connection) -> None:
    """Until the end of this transaction: two processes that start make the tables one after the
    other."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER})")


async def check_durable(connection: AsyncConnection) -> None:
    """:raises NotDurable: PostgreSQL's settings say so."""
    if connection.dialect.name != "postgresql":
        return
    if not (await connection.exec_driver_sql(_DURABLE)).scalar():
        raise NotDurable
