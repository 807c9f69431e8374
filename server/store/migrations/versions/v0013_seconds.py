"""Seconds since 1970 in eight octets on PostgreSQL; SQLite's numbers have as many as they need"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("jeton_utilise", "expire", type_=sa.BigInteger())


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("jeton_utilise", "expire", type_=sa.Integer())
