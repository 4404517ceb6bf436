"""Trust anchors in the database, the same for every server that uses it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_CODE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add a table, which is empty at first."""
    op.create_table(
        "trust_certificates",
        sa.Column("sha256", _CODE, primary_key=True),
        sa.Column("role", _CODE, primary_key=True),
        sa.Column("pem", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text()),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("trust_certificates")
