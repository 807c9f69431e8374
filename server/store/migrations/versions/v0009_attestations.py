"""An outcome says whether its result was told, and when; attestations themselves are not kept"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("issue", sa.Column("annonce", sa.Boolean(), nullable=True))
    op.add_column("issue", sa.Column("annonce_instant", sa.String(length=32), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("issue") as issue:
        issue.drop_column("annonce_instant")
        issue.drop_column("annonce")
