"""Keyed lines, and signed heads that leave for another place"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The lines of before have no mark here, where no key is known: the service marks them when it
    # makes its first head (server/evidence/beginning.py), which says how many they were.
    op.add_column("ligne", sa.Column("marque", sa.String(length=80), nullable=True))
    op.add_column("ligne", sa.Column("attestee", sa.Integer(), nullable=True))
    op.create_index(
        "ligne_a_attester",
        "ligne",
        ["telecontrole", "seq"],
        sqlite_where=sa.text("attestee IS NULL"),
        postgresql_where=sa.text("attestee IS NULL"),
    )
    op.create_table(
        "tete",
        sa.Column("numero", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("empreinte", sa.String(length=64), nullable=False),
        sa.Column("contenu", sa.Text(), nullable=False),
        sa.Column("changements", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("numero"),
    )
    op.create_table(
        "temoin",
        sa.Column("nom", sa.String(length=16), nullable=False),
        sa.Column("numero", sa.Integer(), nullable=False),
        sa.Column("instant", sa.String(length=32), nullable=True),
        sa.Column("essais", sa.Integer(), nullable=False),
        sa.Column("prochain", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("nom"),
    )
    op.create_table(
        "horodatage",
        sa.Column("numero", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("instant", sa.String(length=32), nullable=False),
        sa.Column("jeton", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("numero"),
    )
    op.create_table(
        "efface",
        sa.Column("telecontrole", sa.String(length=36), nullable=False),
        sa.Column("longueur", sa.Integer(), nullable=False),
        sa.Column("tete", sa.String(length=64), nullable=False),
        sa.Column("instant", sa.String(length=32), nullable=False),
        sa.Column("marque", sa.String(length=80), nullable=True),
        sa.Column("attestee", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("telecontrole"),
    )


def downgrade() -> None:
    for table in ("efface", "horodatage", "temoin", "tete"):
        op.drop_table(table)
    op.drop_index("ligne_a_attester", "ligne")
    with op.batch_alter_table("ligne") as ligne:
        ligne.drop_column("attestee")
        ligne.drop_column("marque")
