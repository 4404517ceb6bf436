"""What signers and the office decided about links to sign: declined, revoked."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CODE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add a table, which is empty at first."""
    op.create_table(
        "package_decisions",
        sa.Column(
            "package_id",
            _ROW_ID,
            sa.ForeignKey("packages.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("signer", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("kind", _CODE, primary_key=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text()),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("package_decisions")
