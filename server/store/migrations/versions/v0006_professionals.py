"""Professionals by OpenID Connect: who a subject of the identity provider is"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "professionnel",
        sa.Column("genre", sa.String(length=16), nullable=False),
        sa.Column("sujet", sa.String(length=36), nullable=False),
        sa.Column("identifiant", sa.String(length=64), nullable=True),
        sa.Column("totp", sa.Text(), nullable=True),
        sa.Column("totp_pas", sa.Integer(), server_default="0", nullable=False),
        sa.Column("essais", sa.Integer(), server_default="0", nullable=False),
        sa.Column("verrou", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("genre", "sujet"),
        sa.UniqueConstraint("genre", "identifiant", name="professionnel_identifiant"),
    )
    op.create_table(
        "connexion_en_cours",
        sa.Column("etat", sa.String(length=64), nullable=False),
        sa.Column("navigateur", sa.String(length=64), nullable=False),
        sa.Column("genre", sa.String(length=16), nullable=False),
        sa.Column("scelle", sa.Text(), nullable=False),
        sa.Column("remplace", sa.String(length=32), nullable=True),
        sa.Column("expire", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("etat"),
    )
    with op.batch_alter_table("connexion_en_cours", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_connexion_en_cours_expire"), ["expire"], unique=False)
    op.create_table(
        "session_fournisseur",
        sa.Column("reference", sa.String(length=32), nullable=False),
        sa.Column("scelle", sa.Text(), nullable=False),
        sa.Column("expire", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("reference"),
    )


def downgrade() -> None:
    op.drop_table("session_fournisseur")
    op.drop_table("connexion_en_cours")
    op.drop_table("professionnel")
