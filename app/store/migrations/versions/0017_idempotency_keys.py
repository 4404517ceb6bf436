"""Keys by which a repeated save is recognised.

The step creates a table only. Programs of before neither read nor write it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

#: Each row is deleted after a day, so that a vacuum pays often.
_VACUUM = """
ALTER TABLE idempotency_keys SET (
    autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000)
"""


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "idempotency_keys",
        sa.Column("key_sha256", sa.LargeBinary(), primary_key=True),
        sa.Column("request_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_VACUUM)


def downgrade() -> None:
    """Drop the table: a repeated save is then a second one."""
    op.drop_table("idempotency_keys")
