"""Links by which anyone who has one sees one version.

The step creates a table. Programs of before go on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "public_links",
        sa.Column("id", _ROW_ID, primary_key=True),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("signature_id", _ROW_ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("created_by", sa.Text()),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("revoked_at", _MOMENT),
        sa.ForeignKeyConstraint(
            ["signature_id", "version"],
            ["versions.signature_id", "versions.version"],
            ondelete="CASCADE",
            name="fk_public_links_versions",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_public_links_token_sha256", "public_links", ["token_sha256"], unique=True)
    op.create_index(
        "ix_public_links_signature_id_version", "public_links", ["signature_id", "version"]
    )


def downgrade() -> None:
    """Drop the table with all links, which lead nowhere then."""
    op.drop_table("public_links")
