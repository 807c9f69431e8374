"""Retention: what was purged or erased, when, signed; whose télécontrôles are, by an index"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "purge",
        sa.Column("numero", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("genre", sa.String(length=16), nullable=False),
        sa.Column("debut", sa.String(length=32), nullable=False),
        sa.Column("fin", sa.String(length=32), nullable=True),
        sa.Column("porteur", sa.String(length=32), nullable=False),
        sa.Column("bail", sa.String(length=32), nullable=False),
        sa.Column("contenu", sa.Text(), nullable=False),
        sa.Column("cle", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("numero"),
    )
    op.create_index("telecontrole_de_l_assure", "telecontrole", ["assure"])


def downgrade() -> None:
    op.drop_index("telecontrole_de_l_assure", table_name="telecontrole")
    op.drop_table("purge")
