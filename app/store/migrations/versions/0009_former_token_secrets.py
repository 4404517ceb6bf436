"""The secret of a token before its last rotation, which may stay valid for some time."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("tokens", sa.Column("old_secret_sha256", sa.Text()))
    op.add_column("tokens", sa.Column("old_until", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Remove the columns: former secrets become invalid."""
    with op.batch_alter_table("tokens") as tokens:
        tokens.drop_column("old_until")
        tokens.drop_column("old_secret_sha256")
