"""Alembic's entry: applies the versions to the database it is given."""

from alembic import context
from sqlalchemy import create_engine, pool

from server.store.postgresql import take_turn
from server.store.schema import metadata


def run() -> None:
    url = context.config.get_main_option("sqlalchemy.url")
    if url is None:
        raise RuntimeError("sqlalchemy.url is not set")
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
        with context.begin_transaction():
            take_turn(connection)
            context.run_migrations()
    engine.dispose()


run()
