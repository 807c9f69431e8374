"""Alembic's entry: applies the versions to the database it is given, all of them or none."""

from typing import Any

from alembic import context
from sqlalchemy import Engine, create_engine, event, pool
from sqlalchemy.engine import Connection

from server.store.postgresql import take_turn
from server.store.schema import metadata


def run() -> None:
    url = context.config.get_main_option("sqlalchemy.url")
    if url is None:
        raise RuntimeError("sqlalchemy.url is not set")
    engine = create_engine(url, poolclass=pool.NullPool)
    if engine.dialect.name == "sqlite":
        whole(engine)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=True,
            transactional_ddl=True,
        )
        with context.begin_transaction():
            take_turn(connection)
            context.run_migrations()
    engine.dispose()


def whole(engine: Engine) -> None:
    """Tables too are made or changed within the transaction: Python's driver by itself begins it
    at the first row, and keeps each table that was made before. A machine that dies on the way, or
    a disk that is full, would leave a half of each, and no service would start on it again."""

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        # At once, as `take_turn` elsewhere: two processes that start migrate one after the other.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


run()
