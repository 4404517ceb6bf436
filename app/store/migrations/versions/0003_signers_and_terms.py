"""What each version's signers claim, digests of signature and content, and the search index.

`flask signers reindex` adds the rows of existing versions.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add two tables, and columns to the two existing ones."""
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    code = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    moment = sa.DateTime(timezone=True)

    op.add_column("signatures", sa.Column("claimed_signed_at", moment))
    op.add_column("versions", sa.Column("signature_sha256", sa.Text()))
    op.add_column("versions", sa.Column("content_sha256", sa.Text()))
    op.add_column("versions", sa.Column("terms", sa.JSON()))
    op.create_index(
        "ix_versions_unread",
        "versions",
        ["signature_id", "version"],
        postgresql_where=sa.text("terms IS NULL"),
        sqlite_where=sa.text("terms IS NULL"),
    )

    op.create_table(
        "signers",
        sa.Column("signature_id", row_id, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("claimed_iin", sa.Text()),
        sa.Column("claimed_bin", sa.Text()),
        sa.Column("claimed_name", sa.Text()),
        sa.Column("digest_algorithm", sa.Text(), nullable=False),
        sa.Column("message_digest", sa.Text()),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["signature_id", "version"],
            ["versions.signature_id", "versions.version"],
            ondelete="CASCADE",
            name="fk_signers_versions",
        ),
    )
    op.create_table(
        "signature_terms",
        sa.Column("term", code, primary_key=True),
        sa.Column("signature_id", row_id, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
