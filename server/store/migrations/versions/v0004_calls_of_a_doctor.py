"""What a médecin-conseil is doing now: an index, as it is asked at each join"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("telecontrole_du_medecin_par_etat", "telecontrole", ["medecin_conseil", "etat"])


def downgrade() -> None:
    op.drop_index("telecontrole_du_medecin_par_etat", "telecontrole")
