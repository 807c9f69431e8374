"""Third participants: their invitations"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tiers",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("telecontrole", sa.String(length=36), nullable=False),
        sa.Column("qualite", sa.String(length=24), nullable=False),
        sa.Column("par", sa.String(length=16), nullable=False),
        sa.Column("empreinte", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("cree", sa.String(length=32), nullable=False),
        sa.Column("revoque", sa.String(length=32), nullable=True),
        sa.Column("entre", sa.String(length=32), nullable=True),
        sa.Column("information", sa.String(length=16), nullable=False),
        sa.Column("siege", sa.String(length=8), nullable=False),
        sa.Column("essais", sa.Integer(), nullable=False),
        sa.Column("essais_en_tout", sa.Integer(), nullable=False),
        sa.Column("verrou", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["telecontrole"], ["telecontrole.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("empreinte", name="tiers_empreinte"),
    )
    op.create_index("ix_tiers_telecontrole", "tiers", ["telecontrole"])


def downgrade() -> None:
    op.drop_table("tiers")
