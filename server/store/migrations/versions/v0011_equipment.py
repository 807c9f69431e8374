"""The verdict of the equipment test"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "essai_materiel",
        sa.Column("telecontrole", sa.String(length=36), nullable=False),
        sa.Column("couleur", sa.String(length=16), nullable=False),
        sa.Column("parties", sa.Text(), nullable=False),
        sa.Column("mesures", sa.Text(), nullable=False),
        sa.Column("navigateur", sa.String(length=24), nullable=False),
        sa.Column("instant", sa.String(length=32), nullable=False),
        sa.Column("essais", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["telecontrole"], ["telecontrole.id"]),
        sa.PrimaryKeyConstraint("telecontrole"),
    )


def downgrade() -> None:
    op.drop_table("essai_materiel")
