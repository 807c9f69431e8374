"""Names and contacts sealed, each person under a key of their own

What is sealed by the service's own key alone (messages, documents) stays readable as it is, and is
sealed anew by the first `telecontrole coffre rotate`.
"""

from typing import Any

import sqlalchemy as sa
from alembic import context, op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COLUMNS = ("civilite", "nom", "courriel", "telephone", "adresse")
BATCH = 500


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        # What was in clear is written over, not only given free.
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
    with op.batch_alter_table("assure", schema=None) as batch_op:
        batch_op.add_column(sa.Column("cle", sa.Text(), server_default="", nullable=False))
        batch_op.alter_column("civilite", existing_type=sa.String(length=16), type_=sa.Text())
        batch_op.alter_column("telephone", existing_type=sa.String(length=32), type_=sa.Text())
    assure = table("assure", "id", "cle", *COLUMNS)
    while rows := some(connection, assure, assure.c.cle == ""):
        safe = context.config.attributes["safe"]()
        for row in rows:
            kept, person = safe.new(row.id)
            told = {
                name: person.seal_text(f"assure.{name}", row.id, getattr(row, name))
                for name in COLUMNS
            }
            change(connection, assure, row.id, cle=kept, **told)
            theirs(connection, row.id, person)
    answers(connection)


def theirs(connection: sa.Connection, identifier: str, person: Any) -> None:
    """What one person has declared, and where they were written to."""
    un = table("telecontrole", "id", "assure", "besoins")
    envoi = table("envoi", "id", "telecontrole", "destinataire")
    mine = connection.execute(sa.select(un).where(un.c.assure == identifier)).all()
    for row in mine:
        if row.besoins != "[]":
            sealed = person.seal_text("telecontrole.besoins", row.id, row.besoins)
            change(connection, un, row.id, besoins=sealed)
        sent = connection.execute(sa.select(envoi).where(envoi.c.telecontrole == row.id)).all()
        for one in sent:
            to = person.seal_text("envoi.destinataire", one.id, one.destinataire)
            change(connection, envoi, one.id, destinataire=to)


def answers(connection: sa.Connection) -> None:
    """What was answered to the caisses' systems; a day old at most."""
    requete = table("requete", "cle_api", "cle", "reponse")
    for row in connection.execute(sa.select(requete)).all():
        vault = context.config.attributes["safe"]().vault
        sealed = vault.seal_text("requete.reponse", f"{row.cle_api}\0{row.cle}", row.reponse)
        connection.execute(
            sa.update(requete)
            .where(requete.c.cle_api == row.cle_api, requete.c.cle == row.cle)
            .values(reponse=sealed)
        )


def table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *[sa.column(column, sa.Text()) for column in columns])


def some(connection: sa.Connection, of: sa.TableClause, where: Any) -> list[Any]:
    return list(connection.execute(sa.select(of).where(where).limit(BATCH)))


def change(connection: sa.Connection, of: sa.TableClause, row: str, **values: str) -> None:
    connection.execute(sa.update(of).where(of.c.id == row).values(values))


def downgrade() -> None:
    raise NotImplementedError("0005 is not undone: restore the backup made before it")
