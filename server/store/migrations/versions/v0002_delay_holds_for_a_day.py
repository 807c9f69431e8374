"""When a delay was announced, so that it does not hold for ever"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("medecin_conseil", schema=None) as batch_op:
        batch_op.add_column(sa.Column("retard_annonce", sa.String(length=32), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("medecin_conseil", schema=None) as batch_op:
        batch_op.drop_column("retard_annonce")
